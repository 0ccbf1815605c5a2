//! What a session may be told beside its ticket.

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;

pub use super::endpoint::Endpoints;

/// Says what time it is.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a session is held. The durations are those of the wall, whatever [`Options::now`] says.
#[derive(Clone)]
pub struct Options {
    /// The addresses that the token may go to.
    pub endpoints: Endpoints,
    /// What time it is; messages and states bear it.
    pub now: Now,
    /// The terminal's size at first, columns and rows; for shells.
    pub size: Option<(u16, u16)>,
    /// The most bytes of data in one message; reached only where larger ones have been seen to arrive.
    pub largest_chunk: usize,
    /// The most messages on their way.
    pub window_messages: usize,
    /// The most bytes on their way.
    pub window_bytes: usize,
    /// How long the far side may take until the session is ready.
    pub patience: Duration,
    /// For how long a session may say nothing at all, once its connection stands, until it counts as a shell that is
    /// ready: a command without output has no other sign. `None` waits for a sign, as whoever opens a port must.
    pub quiet: Option<Duration>,
    /// How often the link is tried when nothing comes.
    pub ping_every: Duration,
    /// How long an answer to that may take.
    pub pong_within: Duration,
    /// How long what is sent is held back at most when the service asks for it.
    pub longest_pause: Duration,
    /// How long a broken link is taken up again and again.
    pub resume_for: Duration,
    /// The longest wait between two tries.
    pub longest_backoff: Duration,
    /// How long the far side may take to end by itself.
    pub end_within: Duration,
}

impl Options {
    /// Takes the usual values.
    pub fn new(now: Now) -> Self {
        Self {
            endpoints: Endpoints::AwsOnly,
            now,
            size: None,
            largest_chunk: 16 * 1024,
            window_messages: 1_024,
            window_bytes: 4 << 20,
            patience: Duration::from_mins(1),
            quiet: Some(Duration::from_secs(15)),
            // The service's own agents ping every 54 s and give up after 60.
            ping_every: Duration::from_secs(30),
            pong_within: Duration::from_secs(20),
            longest_pause: Duration::from_secs(30),
            // No session is idle for longer than an hour.
            resume_for: Duration::from_hours(1),
            longest_backoff: Duration::from_secs(20),
            end_within: Duration::from_secs(2),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("endpoints", &self.endpoints)
            .field("size", &self.size)
            .field("largest_chunk", &self.largest_chunk)
            .finish_non_exhaustive()
    }
}
