//! What a session needs of AWS beside its data channel, as a trait.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin};

use secrecy::SecretString;

/// A future that a [`ControlPlane`] returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ControlError>> + Send + 'a>>;

/// What `ssm:StartSession`, `ecs:ExecuteCommand` and `ssm:ResumeSession` answer: the way to a data channel.
#[derive(Clone)]
pub struct Ticket {
    /// AWS's id of the session.
    pub session_id: String,
    /// The channel's address, to be used word for word.
    pub stream_url: String,
    /// What opens it; whoever has it is in.
    pub token: SecretString,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address is left out too: what its query holds is nobody's business.
        f.debug_struct("Ticket").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// A data key for one session: 64 bytes, once in the clear and once as KMS encrypted it.
pub struct DataKey {
    /// The key; it encrypts the session.
    pub plaintext: secrecy::SecretBox<[u8; 64]>,
    /// The key as only KMS can read it, for the agent.
    pub ciphertext: Vec<u8>,
}

/// Reaches the services beside the data channel, always with the credentials of now.
pub trait ControlPlane: Send + Sync + 'static {
    /// Starts another session of the same kind, to the same destination.
    fn start(&self) -> Answer<'_, Ticket>;

    /// Takes a session up again (`ssm:ResumeSession`); `None` where the session is over.
    fn resume<'a>(&'a self, session_id: &'a str) -> Answer<'a, Option<Ticket>>;

    /// Ends a session (`ssm:TerminateSession`).
    fn terminate<'a>(&'a self, session_id: &'a str) -> Answer<'a, ()>;

    /// Signs the upgrade request of the data channel (Signature Version 4, service `ssmmessages`, empty body) and
    /// returns the headers to add.
    fn sign<'a>(&'a self, stream_url: &'a str) -> Answer<'a, Vec<(String, String)>>;

    /// Makes a data key (`kms:GenerateDataKey`, 64 bytes) in an encryption context.
    fn data_key<'a>(&'a self, key_id: &'a str, context: &'a BTreeMap<String, String>) -> Answer<'a, DataKey>;

    /// Returns the target of the session as KMS's encryption context has it, `i-…` or `ecs:…`.
    fn target(&self) -> &str;
}

/// Says why the control plane did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action}: {why}")]
pub struct ControlError {
    /// The IAM action, such as `ssm:StartSession`.
    pub action: &'static str,
    /// Why, cleaned and bounded.
    pub why: String,
    /// Whether asking again may help: the network, throttling, a fault of the service, credentials that were renewed.
    pub is_passing: bool,
}
