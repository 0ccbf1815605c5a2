//! One session or change: who wanted it, where it goes, how long still, and what it shows.

use std::{net::SocketAddr, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    database::{Database, Way, Wire},
    identity::Identity,
    preflight::Preflight,
    progress::{Progress, Stage},
    queue::Place,
    session::{End, Link, LiveId, TunnelStatus},
    target::Target,
};
use crate::journal::RunStep;
use crate::policy::Denial;
use crate::runbook::entry::{Entry, Operation};

use super::pane::Pane;

/// From when on the time that is left is said aloud.
pub const ENDING_SOON: SignedDuration = SignedDuration::from_mins(5);

/// Says why a session was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The gate said no.
    Denied(Denial),
    /// Something was found that would make it fail.
    Preflight(Arc<Preflight>),
    /// What is about to happen could not be written down; holds why.
    Journal(String),
    /// It could not be tried; holds why.
    Failed(String),
    /// It was taken back before it began.
    Withdrawn,
}

/// Names the person on whose behalf a session runs, and the place where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Where it belongs.
    pub place: Place,
    /// The environment's name.
    pub environment: String,
    /// The region of its calls.
    pub region: String,
    /// Who.
    pub identity: Arc<Identity>,
    /// In which role.
    pub role: String,
    /// The reason that was given.
    pub reason: Option<String>,
    /// The ticket that was given.
    pub ticket: Option<String>,
    /// The step of a run that it is done for.
    pub step: Option<RunStep>,
}

/// Holds a session, or a change that is followed.
#[derive(Debug)]
pub struct Live {
    /// Its number in this console.
    pub id: LiveId,
    /// The entry of the catalogue that allowed it.
    pub entry: Arc<Entry>,
    /// Who, where and why.
    pub origin: Origin,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Where it went, once that is known.
    pub target: Option<Target>,
    /// AWS's id of it, once it has one.
    pub session_id: Option<String>,
    /// When it ends at the latest.
    pub ends_at: Option<Timestamp>,
    /// Whether what is shown is recorded.
    pub recorded: bool,
    /// How its link stands.
    pub link: Link,
    /// How it ended, and when.
    pub end: Option<(End, Timestamp)>,
    /// Why it was not started, where it was not.
    pub refusal: Option<Refusal>,
    /// What the agent said when it was ready; empty for nothing.
    pub message: String,
    /// The screen of a shell or command.
    pub pane: Option<Pane>,
    /// How far a change has got.
    pub progress: Option<Arc<Progress>>,
    /// Where a tunnel listens.
    pub local: Option<SocketAddr>,
    /// What a tunnel last reported.
    pub tunnel: Option<Arc<TunnelStatus>>,
    /// The database that a tunnel leads to, once it was found.
    pub database: Option<Arc<Database>>,
    /// When something was last typed or shown.
    pub active_at: Timestamp,
    /// Whether it was told that the end is near.
    pub(super) warned: bool,
}

impl Live {
    /// Makes a session that was asked for and is not there yet; a shell or command has a screen of `size`.
    pub(super) fn new(id: LiveId, entry: Arc<Entry>, origin: Origin, now: Timestamp, size: (u16, u16)) -> Self {
        let has_pane = matches!(entry.operation, Operation::Shell { .. } | Operation::Exec { .. });
        Self {
            id,
            origin,
            asked_at: now,
            target: None,
            session_id: None,
            ends_at: None,
            recorded: entry.recorded && entry.operation.is_session(),
            link: Link::default(),
            end: None,
            refusal: None,
            message: String::new(),
            pane: has_pane.then(|| Pane::new(size.0, size.1)),
            progress: None,
            local: None,
            tunnel: None,
            database: None,
            active_at: now,
            warned: false,
            entry,
        }
    }

    /// Tells whether it is not over.
    pub fn is_open(&self) -> bool {
        self.end.is_none() && self.refusal.is_none()
    }

    /// Tells whether it is a session, and not a change.
    pub fn is_session(&self) -> bool {
        self.entry.operation.is_session()
    }

    /// Tells whether a change may still be stopped: what set a rollout off and is done cannot be.
    pub fn is_stoppable(&self) -> bool {
        let stage = self.progress.as_ref().map_or(Stage::Asked, |progress| progress.stage);
        self.is_open() && !matches!(stage, Stage::RollingOut | Stage::Cancelling)
    }

    /// Tells whether it is a tunnel.
    pub fn is_tunnel(&self) -> bool {
        matches!(self.entry.operation, Operation::PortForward { .. })
    }

    /// Returns how long it lasts still; nothing where there is no limit, or it is over.
    pub fn left(&self, now: Timestamp) -> Option<SignedDuration> {
        let left = self.ends_at.filter(|_| self.is_open())?.duration_since(now);
        Some(left.max(SignedDuration::ZERO))
    }

    /// Returns for how long nothing was typed or shown, from a minute on; nothing where it is not there yet, or over.
    pub fn idle(&self, now: Timestamp) -> Option<SignedDuration> {
        let idle = now.duration_since(self.active_at);
        (self.is_open() && self.session_id.is_some() && idle >= SignedDuration::from_mins(1)).then_some(idle)
    }

    /// Tells whether it ends within the next minutes.
    pub fn is_ending(&self, now: Timestamp) -> bool {
        self.left(now).is_some_and(|left| left <= ENDING_SOON)
    }

    /// Returns where it goes, in few words: what it reached, else what was asked for.
    pub fn goal(&self) -> String {
        match &self.entry.operation {
            Operation::PortForward { destination, .. } => format!("{}:{}", destination.host, destination.port),
            operation => self.target.as_ref().map_or_else(|| operation.goal(), ToString::to_string),
        }
    }

    /// Returns how a database client reaches what a tunnel leads to, where a database is known there.
    pub fn way(&self) -> Option<Way<'_>> {
        let Operation::PortForward { destination, .. } = &self.entry.operation else { return None };
        let known = self.database.as_deref();
        Some(Way {
            wire: self.wire()?,
            host: &destination.host,
            local: self.local?,
            user: destination.user.as_deref(),
            database: destination.database.as_deref().or_else(|| known?.database.as_deref()),
        })
    }

    /// Returns what a client is told to reach what a tunnel leads to; only the address where no database is known there.
    pub fn connection_string(&self) -> Option<String> {
        let told = self.way().map(|way| way.connection_string());
        told.or_else(|| self.local.filter(|_| self.is_tunnel()).map(|local| local.to_string()))
    }

    /// Returns what is spoken behind a tunnel, where that is known.
    pub fn wire(&self) -> Option<Wire> {
        match &self.entry.operation {
            Operation::PortForward { destination, .. } => {
                let known = self.database.as_deref().and_then(Database::wire);
                known.or_else(|| Wire::of_port(destination.port))
            }
            _ => None,
        }
    }

    /// Tells whether the entry names a user of the database behind a tunnel.
    pub fn has_user(&self) -> bool {
        matches!(&self.entry.operation, Operation::PortForward { destination, .. } if destination.user.is_some())
    }

    /// Tells whether a token may stand in for a password: where nobody could look, it is tried.
    pub fn takes_tokens(&self) -> bool {
        self.has_user() && self.database.as_ref().is_none_or(|database| database.iam_auth)
    }
}
