//! Carries out what the gate let through: the journal before, AWS in between, the journal after.
//!
//! ```text
//! request ── identity ── role ── gate ── preflight ── journal: intent ─┬─ start ── session ──┬─ journal: outcome
//!                                  │         │                         └─ change ── steps ───┘
//!                               denial    obstacle                        reports, recording, time limit
//! ```
//!
//! Nothing is called that changes anything before the intent is on the disk, and whatever has an intent gets its outcome:
//! also when nobody waits for it any more, and when this program ends.

mod begin;
mod change;
mod changed;
mod desk;
mod events;
mod follow;
mod heads;
mod intake;
mod limit;
mod live;
mod look;
mod run;
mod shell;
mod tape;
mod tunnel;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    aws::{ConnectionPlan, Shared, Standing},
    config::{EnvironmentConfig, JournalConfig},
    domain::{
        database::Database, fetch::Failure, identity::RoleMapping, preflight::Preflight, session::SessionReport,
        target::Target,
    },
    i18n::Texts,
    journal::{self, Journal, JournalError, RunStep},
    policy::{Denial, Request},
    runbook::{
        catalogue::Catalogue,
        entry::{EntryId, Operation},
    },
    runtime::clock::Clock,
};

pub use heads::Heads;
pub use live::{Input, Live};
pub use look::Look;

/// How long sessions may take to end when the program does.
const FAREWELL: Duration = Duration::from_secs(20);

/// What an operator works with.
#[derive(Debug, Clone)]
pub struct Outfit {
    /// The environments, with where their credentials come from.
    pub environments: Vec<EnvironmentConfig>,
    /// Who has which role.
    pub roles: Vec<RoleMapping>,
    /// The catalogue of each environment, by its name.
    pub catalogues: BTreeMap<String, Arc<Catalogue>>,
    /// An endpoint that stands in for AWS's.
    pub endpoint_url: Option<String>,
    /// What all connections of the program share.
    pub shared: Shared,
    /// The clock.
    pub clock: Clock,
    /// The folder of the journal.
    pub journal: PathBuf,
    /// Where the journal's heads are kept.
    pub heads: Option<JournalConfig>,
    /// The folder of the recordings.
    pub recordings: PathBuf,
    /// The machine's name, for the journal.
    pub host: String,
    /// The language in which a person is told why something ended.
    pub texts: Texts,
}

/// Says why nothing was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no environment of that name.
    NoEnvironment(String),
    /// Nobody knows who asks, or AWS cannot be asked.
    Source(Failure),
    /// The gate said no.
    Denied(Denial),
    /// Something was found that would make it fail.
    Preflight(Arc<Preflight>),
    /// The target that was chosen is not there any more.
    TargetGone(Target),
    /// What is about to happen cannot be written down.
    Journal {
        /// Why, in the words of the system.
        why: String,
    },
    /// The program is about to end.
    Ending,
}

/// Starts operations and sees them to their end; cheap to clone.
#[derive(Debug, Clone)]
pub struct Operator {
    inner: Arc<Inner>,
}

/// What the operations of a program share.
#[derive(Debug)]
struct Inner {
    outfit: Outfit,
    standings: BTreeMap<String, Arc<Standing>>,
    journal: Mutex<Option<Arc<Journal>>>,
    heads: Option<Heads>,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// When this was made, of what had just been loaded.
    begun: Timestamp,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Operator {
    /// Takes up work; nothing is asked of anybody yet.
    pub fn new(outfit: Outfit) -> Self {
        let standing = |configured: &EnvironmentConfig| {
            (configured.environment.name.clone(), Arc::new(standing(configured, &outfit)))
        };
        let standings: BTreeMap<_, _> = outfit.environments.iter().map(standing).collect();
        let heads = Heads::of(&outfit, &standings);
        let (journal, tasks, stop) = (Mutex::default(), TaskTracker::new(), CancellationToken::new());
        let begun = outfit.clock.now();
        Self { inner: Arc::new(Inner { outfit, standings, journal, heads, tasks, stop, begun }) }
    }

    /// Looks up what an entry's operation would meet in an environment, with the parameters as far as they are known;
    /// nothing is started, and nothing written down.
    ///
    /// # Errors
    /// [`Refused`], where the entry may not be used here at all or nobody knows who asks.
    pub async fn look(
        &self,
        environment: &str,
        entry: &EntryId,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Look, Refused> {
        self.inner.look(environment, entry, parameters).await
    }

    /// Starts an operation, and returns once what is about to happen was written down.
    ///
    /// `size` is the terminal's, columns and rows; `target` is one of those that were looked up, none takes the best.
    /// What happens from then on is told to `reports`; who stops listening ends the session. Giving up the wait does not undo
    /// what was begun: its session is ended as soon as it is there. A change is AWS's once it was asked for: it is followed
    /// to its end whoever listens, and stopped only by [`Live::end`].
    ///
    /// # Errors
    /// [`Refused`]; nothing was started then.
    pub async fn start(
        &self,
        request: Request,
        size: Option<(u16, u16)>,
        target: Option<Target>,
        reports: mpsc::Sender<SessionReport>,
    ) -> Result<Live, Refused> {
        self.start_asked(begin::Asked { request, size, target, reports, run: None }).await
    }

    /// Starts the operation of a step of a runbook's run, which is on its records.
    ///
    /// # Errors
    /// As [`Operator::start`].
    pub async fn start_step(
        &self,
        run: RunStep,
        request: Request,
        size: Option<(u16, u16)>,
        target: Option<Target>,
        reports: mpsc::Sender<SessionReport>,
    ) -> Result<Live, Refused> {
        self.start_asked(begin::Asked { request, size, target, reports, run: Some(run) }).await
    }

    /// Asks the gate alone: what it does not let through is written down, and so is who cannot be verified. Nothing is
    /// started.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn ask(&self, request: Request, run: Option<RunStep>) -> Result<(), Refused> {
        let (reports, _) = mpsc::channel(1);
        begin::ask(&self.inner, &begin::Asked { request, size: None, target: None, reports, run }).await
    }

    async fn start_asked(&self, asked: begin::Asked) -> Result<Live, Refused> {
        if self.inner.stop.is_cancelled() {
            return Err(Refused::Ending);
        }
        let (tell, told) = oneshot::channel();
        self.inner.tasks.spawn(begin::begin(Arc::clone(&self.inner), asked, tell));
        told.await.unwrap_or(Err(Refused::Ending))
    }

    /// Finds the database cluster that a host is an endpoint of.
    ///
    /// # Errors
    /// [`Refused`], where AWS cannot be asked or denies it.
    pub async fn database(&self, environment: &str, host: &str) -> Result<Option<Database>, Refused> {
        let connection = self.inner.standing(environment)?.connection().await.map_err(Refused::Source)?;
        connection.database_of(host).await.map_err(Refused::Source)
    }

    /// Finds the database cluster that the tunnel of a request leads to; none where it is no tunnel, or to something else.
    ///
    /// # Errors
    /// As [`Operator::database`].
    pub async fn database_behind(&self, environment: &str, entry: &EntryId) -> Result<Option<Database>, Refused> {
        let configured = self.inner.configured(environment)?;
        let catalogue = self.inner.outfit.catalogues.get(environment);
        let entry = catalogue.and_then(|catalogue| catalogue.entry(&configured.environment, entry));
        match entry.map(|entry| &entry.operation) {
            Some(Operation::PortForward { destination, .. }) => self.database(environment, &destination.host).await,
            _ => Ok(None),
        }
    }

    /// Counts the operations that are under way.
    pub fn under_way(&self) -> usize {
        self.inner.tasks.len()
    }

    /// Opens the journal, tells what was left behind in it, and begins to have its heads brought to where they are kept.
    ///
    /// Where it cannot be opened, whoever wants to do something is told.
    pub async fn attend(&self) {
        let inner = Arc::clone(&self.inner);
        if let Ok(Err(refused)) = tokio::task::spawn_blocking(move || inner.journal().map(drop)).await {
            tracing::warn!(?refused, "the journal was not opened");
        }
    }

    /// Returns where the file of the journal is.
    pub fn journal_file(&self) -> PathBuf {
        self.inner.outfit.journal.join(journal::FILE)
    }

    /// Returns where the journal's heads are kept, if anywhere, and how bringing them there stands.
    pub fn heads(&self) -> Option<&Heads> {
        self.inner.heads.as_ref()
    }

    /// Ends all sessions, follows changes no further, and waits until all outcomes are written; not for ever.
    ///
    /// Nothing can be started any more. Returns whether all of them came to their end.
    pub async fn shutdown(&self) -> bool {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        let ended = tokio::time::timeout(FAREWELL, self.inner.tasks.wait()).await.is_ok();
        if let Some(heads) = &self.inner.heads {
            heads.farewell(&self.inner.outfit.clock).await;
        }
        ended
    }
}

/// Makes the credentials of an environment stand, in its first region.
fn standing(configured: &EnvironmentConfig, outfit: &Outfit) -> Standing {
    let environment = &configured.environment;
    let plan = ConnectionPlan {
        credentials: configured.credentials.clone(),
        region: environment.regions.first().cloned(),
        endpoint_url: outfit.endpoint_url.clone(),
        account: environment.account,
        cloudfront: false,
    };
    Standing::new(plan, outfit.shared.clone())
}

impl Inner {
    fn configured(&self, environment: &str) -> Result<&EnvironmentConfig, Refused> {
        let mut all = self.outfit.environments.iter();
        all.find(|configured| configured.environment.name == environment)
            .ok_or_else(|| Refused::NoEnvironment(environment.to_owned()))
    }

    fn standing(&self, environment: &str) -> Result<&Arc<Standing>, Refused> {
        self.standings.get(environment).ok_or_else(|| Refused::NoEnvironment(environment.to_owned()))
    }

    /// Returns the journal, which is opened when it is first needed. This waits for the disk.
    fn journal(&self) -> Result<Arc<Journal>, Refused> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(journal) = journal.as_ref() {
            return Ok(Arc::clone(journal));
        }
        let unwritten = |error: JournalError| Refused::Journal { why: error.to_string() };
        let opened = Journal::open(&self.outfit.journal).map_err(unwritten)?;
        opened.recover(self.outfit.clock.now()).map_err(unwritten)?;
        if let Some(heads) = &self.heads {
            heads.begin(&opened, &self.outfit, &self.stop);
        }
        Ok(Arc::clone(journal.insert(Arc::new(opened))))
    }
}
