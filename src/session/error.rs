//! Says why a session did not come about.

use std::time::Duration;

use super::control::ControlError;
use crate::{i18n::Texts, t};

/// Why [`super::channel::open`] has no session to hand out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The address of the data channel is not AWS's; the token did not go there.
    #[error("endpoint: {host}")]
    Endpoint {
        /// The host that the address names, cleaned.
        host: String,
    },
    /// The data channel could not be connected to.
    #[error("dial: {why}")]
    Dial {
        /// Why, in the words of the system or the service, cleaned.
        why: String,
    },
    /// AWS did not do what the session needs.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The service closed the session before it was ready.
    #[error("closed: {output}")]
    Closed {
        /// What the service said, cleaned; may be empty.
        output: String,
    },
    /// The agent asked for something that cannot be.
    #[error("handshake: {what}")]
    Handshake {
        /// What was wrong: the name of a message, or of an action.
        what: String,
    },
    /// The far side said nothing for too long.
    #[error("silent: {}s", after.as_secs())]
    Silent {
        /// How long was waited.
        after: Duration,
    },
    /// The session was given up before it was ready.
    #[error("cancelled")]
    Cancelled,
}

impl SessionError {
    /// Says what happened and what to do, in the operator's language.
    pub fn describe(&self, texts: Texts) -> String {
        match self {
            Self::Endpoint { host } => t!(texts, "sessions.channel.endpoint", host = host),
            Self::Dial { why } => t!(texts, "sessions.channel.dial", why = why),
            Self::Control(error) => t!(texts, "sessions.channel.control", action = error.action, why = error.why),
            Self::Closed { output } if output.is_empty() => t!(texts, "sessions.channel.closed").to_owned(),
            Self::Closed { output } => t!(texts, "sessions.channel.closed-because", output = output),
            Self::Handshake { what } => t!(texts, "sessions.channel.handshake", what = what),
            Self::Silent { after } => t!(texts, "sessions.channel.silent", seconds = after.as_secs()),
            Self::Cancelled => t!(texts, "sessions.channel.cancelled").to_owned(),
        }
    }
}
