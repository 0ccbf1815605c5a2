//! What carries out sessions for the console: asked by effects, answering with reports.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::domain::database::Database;
use crate::domain::session::{LiveId, SessionReport};
use crate::domain::target::Target;
use crate::journal::RunStep;
use crate::journal::ship::Shipping;
use crate::policy::Request;
use crate::runbook::catalogue::Catalogue;
use crate::runbook::entry::EntryId;
use crate::state::event::TokenUse;
use crate::state::journal::{JournalReport, JournalWanted};
use crate::state::runbooks::{RunReport, RunWish};
use crate::state::sessions::Recordings;
use crate::state::sessions::live::Refusal;

/// Events of the host that may wait to be taken; a session with more to say waits.
pub const WAITING_EVENTS: usize = 64;

/// What the host tells.
#[derive(Debug)]
pub enum HostEvent {
    /// The catalogue that holds in an environment, named here, was read.
    Catalogue(String, Arc<Catalogue>),
    /// The catalogues of these environments are others by now where they were read; those of all others are not.
    CataloguesChanged(BTreeSet<String>),
    /// A session reports, or what was looked up for one.
    Report(LiveId, SessionReport),
    /// A session was not started, or nothing could be looked up for it.
    Refused(LiveId, Refusal),
    /// The database that the tunnel of a session leads to was found.
    Database(LiveId, Arc<Database>),
    /// The recordings were listed, or could not be; then it says why.
    Recordings(Result<Recordings, String>),
    /// Something was told of runs of runbooks.
    Run(RunReport),
    /// The journal was read.
    Journal(Box<JournalReport>),
    /// The bringing of the journal's heads stands otherwise.
    Shipping(Shipping),
    /// A token was minted, or could not be; then it says why.
    Token(LiveId, TokenUse, Result<SecretString, String>),
}

/// What a person asks to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What the gate is asked.
    pub request: Request,
    /// Where to, of those that were found; none takes the best.
    pub target: Option<Target>,
    /// Columns and rows of its screen, where it is a shell.
    pub size: Option<(u16, u16)>,
    /// The step of a run that it is done for.
    pub step: Option<RunStep>,
}

/// A future that a host returns.
pub type Done = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Carries out sessions.
///
/// No call waits: what takes time goes on by itself, and its answer comes as a [`HostEvent`] through the channel that the
/// console was given with the host.
pub trait SessionHost: Send {
    /// Looks up what would keep an operation with these parameters from being done; answered by
    /// [`SessionReport::Preflight`] or a refusal.
    fn preflight(&mut self, id: LiveId, environment: String, entry: EntryId, parameters: BTreeMap<String, String>);

    /// Asks the gate and starts an operation; answered by a refusal, or by its reports, the last of them
    /// [`SessionReport::Ended`].
    fn start(&mut self, id: LiveId, asked: Asked);

    /// Sends bytes to the far side; returns whether they were taken. All of them are, or none.
    fn input(&mut self, id: LiveId, bytes: Vec<u8>) -> bool;

    /// Tells the far side the size of its screen; the latest one counts.
    fn size(&mut self, id: LiveId, columns: u16, rows: u16);

    /// Ends a session, or asks AWS to stop a change.
    fn end(&mut self, id: LiveId);

    /// Mints a token for the database behind a tunnel; answered by [`HostEvent::Token`].
    fn token(&mut self, id: LiveId, then: TokenUse);

    /// Does something about runs of runbooks; answered by [`HostEvent::Run`], the wishes one after the other.
    ///
    /// A host that keeps none has nothing to do.
    fn run(&mut self, wish: RunWish) {
        drop(wish);
    }

    /// Lists the recordings, the newest first; answered by [`HostEvent::Recordings`].
    fn recordings(&mut self);

    /// Reads the journal as it is looked at, until told otherwise; answered by [`HostEvent::Journal`] whenever it changes.
    ///
    /// A host that keeps none has nothing to read.
    fn journal(&mut self, wanted: Option<JournalWanted>) {
        drop(wanted);
    }

    /// Ends all sessions, and is done when they have ended and that was written down, or after a while that is bounded.
    fn shutdown(&mut self) -> Done;
}

/// A host with the line from it.
pub struct Hosted {
    pub(super) host: Box<dyn SessionHost>,
    pub(super) events: mpsc::Receiver<HostEvent>,
}

impl Hosted {
    /// Joins a host and the events that it sends.
    pub fn new(host: Box<dyn SessionHost>, events: mpsc::Receiver<HostEvent>) -> Self {
        Self { host, events }
    }
}
