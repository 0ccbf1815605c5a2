//! What can be made to go wrong between a client and its agent.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::simulator::scenario::Span;

/// What happens to frames of one direction; parts are in per cent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineFaults {
    /// So many of a hundred are lost.
    pub drop: f64,
    /// So many of a hundred come twice.
    pub repeat: f64,
    /// So many of a hundred come some frames later.
    pub reorder: f64,
    /// So many of a hundred are changed on the way, so that their digest is wrong.
    pub corrupt: f64,
    /// How late every frame comes.
    #[serde(deserialize_with = "duration")]
    pub delay: Duration,
    /// How much later at most, at random; the order stays.
    #[serde(deserialize_with = "duration")]
    pub jitter: Duration,
    /// How many frames come in a second at most; 0 is no bound.
    pub throttle: f64,
}

/// What becomes of a message that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oversize {
    /// The connection is closed (1009).
    #[default]
    Close,
    /// It is lost, and nobody says so.
    Drop,
}

/// Everything that can be wrong with the gateway; the default is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayFaults {
    /// From the client to the agent.
    pub up: LineFaults,
    /// From the agent to the client.
    pub down: LineFaults,
    /// `ssm:ResumeSession` answers without a token, as if the session were over.
    pub refuse_resume: bool,
    /// Clients need not sign when they connect.
    pub accept_unsigned: bool,
    /// The longest message that is taken, in bytes with its head.
    pub largest: Option<usize>,
    /// What becomes of a longer one.
    pub oversize: Oversize,
}

impl LineFaults {
    /// Says what is wrong with it, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        let parts =
            [("drop", self.drop), ("repeat", self.repeat), ("reorder", self.reorder), ("corrupt", self.corrupt)];
        if let Some((name, _)) = parts.iter().find(|(_, part)| !(0.0..=100.0).contains(part)) {
            return Some(format!("`{name}` is a part in per cent, from 0 to 100"));
        }
        let rate = self.throttle.is_finite() && self.throttle >= 0.0;
        (!rate).then(|| "`throttle` is a number of frames a second".to_owned())
    }
}

/// Reads a duration as the other faults have it, `25ms`.
fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let span = Span::deserialize(from)?;
    u64::try_from(span.millis())
        .map(Duration::from_millis)
        .map_err(|_| serde::de::Error::custom("it must not be negative"))
}
