//! The handle of an operation that is under way.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    aws::Acting,
    domain::{fetch::Failure, session::End},
};

/// What a person gives to a session.
#[derive(Clone, PartialEq, Eq)]
pub enum Input {
    /// Keys, as bytes for the far side; nothing to a tunnel.
    Bytes(Bytes),
    /// The terminal's new size, columns and rows; nothing to a tunnel.
    Size(u16, u16),
    /// The end.
    End,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What is typed may be a password.
            Self::Bytes(bytes) => f.debug_tuple("Bytes").field(&bytes.len()).finish(),
            Self::Size(columns, rows) => f.debug_tuple("Size").field(columns).field(rows).finish(),
            Self::End => f.write_str("End"),
        }
    }
}

/// An operation that is under way; whoever drops it ends it, if it is a session.
#[derive(Debug)]
pub struct Live {
    /// Takes what a person gives to it. A session that takes no more holds this up; [`Live::end`] passes it.
    pub input: mpsc::Sender<Input>,
    /// Tells how it ended, once its outcome was written down.
    pub ended: watch::Receiver<Option<End>>,
    pub(super) stop: CancellationToken,
    pub(super) acting: Arc<Acting>,
}

impl Live {
    /// Ends it, however much input waits; of a change, asks AWS to stop it.
    pub fn end(&self) {
        self.stop.cancel();
    }

    /// Waits until it has ended and its outcome was written down.
    pub async fn wait(&mut self) -> End {
        match self.ended.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(End::Terminated),
            // Only with the runtime does the task go that holds the other end.
            Err(_) => End::Terminated,
        }
    }

    /// Makes a token that stands in for the password of the database user whom the catalogue names; none where it names
    /// nobody, or the operation is no tunnel. It is made anew each time and kept nowhere.
    ///
    /// # Errors
    /// A [`Failure`] where there are no credentials, or they are somebody else's.
    pub async fn token(&self) -> Result<Option<SecretString>, Failure> {
        self.acting.auth_token().await
    }

    /// Returns what makes such tokens, for who cannot hold the handle.
    pub fn tokens(&self) -> Tokens {
        Tokens(Arc::clone(&self.acting))
    }
}

/// Makes tokens for the database behind a tunnel.
#[derive(Debug, Clone)]
pub struct Tokens(Arc<Acting>);

impl Tokens {
    /// Does what [`Live::token`] does.
    ///
    /// # Errors
    /// As there.
    pub async fn make(&self) -> Result<Option<SecretString>, Failure> {
        self.0.auth_token().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_by_accident_what_was_typed() {
        assert_eq!(format!("{:?}", Input::Bytes(Bytes::from_static(b"hunter2"))), "Bytes(7)");
        assert_eq!(format!("{:?}", Input::Size(80, 24)), "Size(80, 24)");
    }
}
