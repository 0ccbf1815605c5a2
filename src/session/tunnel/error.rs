//! Says why a tunnel does not stand.

use std::io;

use crate::{i18n::Texts, session::SessionError, t};

/// Says why a tunnel, or a session under it, could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TunnelError {
    /// Somebody else listens on the port.
    #[error("127.0.0.1:{port}: EADDRINUSE")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The system does not let this user listen on the port.
    #[error("127.0.0.1:{port}: EACCES")]
    PortForbidden {
        /// The port.
        port: u16,
    },
    /// The port cannot be listened on for another reason.
    #[error("127.0.0.1:{port}: {why}")]
    Listen {
        /// The port.
        port: u16,
        /// Why, in the system's words.
        why: String,
    },
    /// The session leads to a shell or a command and not to a port.
    #[error("{session_id}: !Port")]
    NotAPort {
        /// AWS's id of the session.
        session_id: String,
    },
    /// A session did not come about.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The tunnel was closed meanwhile.
    #[error("closed")]
    Closed,
}

impl TunnelError {
    /// Names what keeps a port from being listened on.
    pub(super) fn listening(port: u16, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::PortInUse { port },
            io::ErrorKind::PermissionDenied => Self::PortForbidden { port },
            _ => Self::Listen { port, why: error.to_string() },
        }
    }

    /// Tells whether trying again may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Session(SessionError::Control(error)) => error.is_passing,
            Self::Session(error) => {
                matches!(error, SessionError::Dial { .. } | SessionError::Closed { .. } | SessionError::Silent { .. })
            }
            _ => false,
        }
    }

    /// Says what happened and what to do, in the operator's language.
    pub fn describe(&self, texts: Texts) -> String {
        match self {
            Self::PortInUse { port } => t!(texts, "sessions.tunnel.port-in-use", port = port),
            Self::PortForbidden { port } => t!(texts, "sessions.tunnel.port-forbidden", port = port),
            Self::Listen { port, why } => t!(texts, "sessions.tunnel.listen", port = port, why = why),
            Self::NotAPort { session_id } => t!(texts, "sessions.tunnel.not-a-port", session_id = session_id),
            Self::Session(error) => error.describe(texts),
            Self::Closed => t!(texts, "sessions.tunnel.closed").to_owned(),
        }
    }
}
