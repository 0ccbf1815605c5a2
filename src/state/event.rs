//! What can happen to the console, and what it asks to be done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tui_input::InputRequest;

use crate::command::Command;
use crate::domain::{
    alarm::{AlarmsSnapshot, HistoryItem},
    database::Database,
    ecs::{ServiceDeployment, ServiceKey, ServicesSnapshot, TasksSnapshot},
    elb::TargetGroup,
    fetch::{Failure, Panel, SourceId},
    finding::{FindingChange, FindingKey, FindingsSnapshot, FindingsWanted},
    identity::Identity,
    log::{LogChunk, LogPlace, LogTail},
    metric::{Query, Range, Series},
    queue::{Mark, Marks},
    session::{LiveId, SessionReport},
    target::Target as SessionTarget,
    waf::{RuleTraffic, Samples, WafSnapshot, WebAclKey, WebAclUse},
};
use crate::journal::RunStep;
use crate::journal::ship::Shipping;
use crate::policy::Request;
use crate::runbook::{catalogue::Catalogue, entry::EntryId, run::RunId};

use super::journal::JournalReport;
use super::runbooks::{RunReport, RunWish};
use super::sessions::{Recordings, live::Refusal};

/// Counts the identities that a source has had; what was asked under an earlier one is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Generation(pub u64);

/// Reports what a poller saw.
#[derive(Debug, Clone)]
pub enum Report {
    /// A request for a panel went out.
    Asked(Panel),
    /// The identity was verified; holds the end of its credentials where they end.
    Connected {
        /// Whom STS says we are.
        identity: Arc<Identity>,
        /// When the credentials end.
        expires: Option<Timestamp>,
        /// Host and port of an endpoint that stands in for AWS's, where one does.
        endpoint: Option<String>,
    },
    /// A panel could not be read; nothing that was there is lost.
    Failed(Panel, Failure),
    /// All services, with those that were not asked for this time as they were.
    Services(Arc<ServicesSnapshot>),
    /// All tasks.
    Tasks(Arc<TasksSnapshot>),
    /// All alarms.
    Alarms(Arc<AlarmsSnapshot>),
    /// Metrics, for the queries that were asked together.
    Series(Vec<Arc<Series>>),
    /// Service deployments of one service, newest first.
    Deployments(ServiceKey, Arc<Vec<ServiceDeployment>>),
    /// History of one alarm, newest first.
    History(String, Arc<Vec<HistoryItem>>),
    /// All web ACLs.
    Waf(Arc<WafSnapshot>),
    /// What web ACLs blocked in the last eight days, by periods of [`crate::domain::waf::BASELINE_PERIOD`].
    WafBaselines(Vec<(WebAclKey, Arc<Series>)>),
    /// What the rules of a web ACL counted.
    WafRules(WebAclKey, Arc<RuleTraffic>),
    /// Sampled requests of a web ACL.
    WafSamples(WebAclKey, Arc<Samples>),
    /// What a web ACL protects, and whom its rate limits block.
    WafUse(WebAclKey, Arc<WebAclUse>),
    /// The findings that were read so far.
    Findings(Arc<FindingsSnapshot>),
    /// History of one finding, newest first.
    FindingHistory(FindingKey, Arc<Vec<FindingChange>>),
    /// Target groups of one service.
    Targets(ServiceKey, Arc<Vec<TargetGroup>>),
    /// Where the containers of a task definition, named by its ARN, log to.
    LogPlaces(String, Arc<Vec<LogPlace>>),
    /// Lines of the log that is tailed.
    Log(LogChunk),
    /// What was spent; sent when a number that is shown changes.
    Usage(Usage),
}

/// Counts what a source spends.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// API calls in the last 60 seconds.
    pub calls_per_minute: u32,
    /// Estimated US dollars an hour, from the metrics requested in the last ten minutes at $0.01 a thousand
    /// (source: "Amazon CloudWatch pricing", `GetMetricData`).
    pub dollars_per_hour: f64,
    /// Whether AWS throttled us in the last 60 seconds.
    pub throttled: bool,
}

/// Tells a poller what is looked at, so that it asks for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interest {
    /// Whether the terminal has the focus; metrics rest while it has not.
    pub focused: bool,
    /// Whether nobody has touched the console for a while; metrics are read less often then.
    pub idle: bool,
    /// Services whose rows are on the screen.
    pub visible_services: Vec<ServiceKey>,
    /// The service that is open, and whether its rollout is under way.
    pub open_service: Option<(ServiceKey, bool)>,
    /// The alarm that is open.
    pub open_alarm: Option<String>,
    /// The target groups of the open service, by ARN.
    pub target_groups: Vec<String>,
    /// The open service's task definition, by ARN, while its log is looked for.
    pub log_places: Option<String>,
    /// The log that is tailed, while it is not held still.
    pub log_tail: Option<LogTail>,
    /// The web ACL that is open.
    pub open_web_acl: Option<WebAclKey>,
    /// Which findings are wanted beyond those to do.
    pub findings: FindingsWanted,
    /// The finding that is open.
    pub open_finding: Option<FindingKey>,
    /// Metrics that are on the screen.
    pub queries: Vec<Query>,
    /// How far back they go.
    pub range: Range,
}

/// Carries a report with the source and the identity that it was asked under.
#[derive(Debug, Clone)]
pub struct SourceEvent {
    /// The source.
    pub source: SourceId,
    /// The identity's generation at the time of asking.
    pub generation: Generation,
    /// When it was read, by the injected clock.
    pub at: Timestamp,
    /// What it was.
    pub report: Report,
}

/// Names what can be clicked or scrolled on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A row of the list that has the focus, by its index.
    Row(usize),
    /// The title of a column, by its index in the full table.
    Column(usize),
    /// A panel of a screen with several.
    Panel(usize),
    /// A screen's name in the footer.
    Screen(Command),
    /// A row of the overlay on top.
    OverlayRow(usize),
}

/// Tells everything that can happen.
#[derive(Debug, Clone)]
pub enum Event {
    /// A chord named a command.
    Command(Command),
    /// A key edited the text of the prompt that is open.
    Edit(InputRequest),
    /// Text was pasted.
    Paste(String),
    /// The mouse pressed on something.
    Click(Target),
    /// The wheel turned by so many lines, down being positive.
    Scroll(isize),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// The terminal window got or lost the focus.
    Focus(bool),
    /// Time went on.
    Tick(Timestamp),
    /// The frame that was drawn has room for so many rows of the list.
    Drawn {
        /// Rows of the list that has the focus.
        page: usize,
        /// The last row that a text on top can be scrolled to.
        end: usize,
    },
    /// The first keys of a longer chord were pressed; holds what may follow.
    Pending(Vec<(String, Command)>),
    /// A source reports.
    Source(SourceEvent),
    /// What a person has marked as seen in earlier runs.
    Marks(Marks),
    /// Something that was asked for outside was done, or not.
    Notice(Notice),
    /// The catalogue that holds in an environment, named here, was read.
    Catalogue(String, Arc<Catalogue>),
    /// The catalogues of these environments are others by now where they were read; those of all others are not.
    CataloguesChanged(BTreeSet<String>),
    /// A session reports.
    Session(LiveId, SessionReport),
    /// A session was not started, or nothing could be looked up for it.
    Refused(LiveId, Refusal),
    /// The database that the tunnel of a session leads to was found.
    Database(LiveId, Arc<Database>),
    /// The recordings were listed, or could not be; then it says why.
    Recordings(Result<Recordings, String>),
    /// Something was told of runs.
    Run(RunReport),
    /// What the dashboards of a run's environment showed, as text.
    Snapshot(RunId, String),
    /// The journal was read.
    Journal(Box<JournalReport>),
    /// The bringing of the journal's heads stands otherwise.
    Shipping(Shipping),
    /// A token was minted, for this use.
    Token(LiveId, TokenUse, Secret),
    /// The escape was pressed in a pane: our menu.
    Escape,
    /// Bytes for the far side of the pane in front: keys, a paste, the mouse, the focus.
    Typed(Vec<u8>),
    /// The view of the pane in front is moved by so many lines, up being negative.
    ScrollPane(isize),
}

/// Tells what a database token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// It goes to the clipboard, unseen.
    Copy,
    /// It is shown, because a person asked for just that.
    Show,
    /// It is the password of a client that is started.
    Client,
}

/// Holds what nobody may read in passing: it is in no log and in no `Debug`.
#[derive(Debug, Clone)]
pub struct Secret(Arc<SecretString>);

impl Secret {
    /// Takes a secret.
    pub fn new(secret: SecretString) -> Self {
        Self(Arc::new(secret))
    }

    /// Returns the secret itself, for the one place where it goes.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    /// Tells whether both are the same one; what they hold is not compared.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Secret {}

/// Says something short in the footer, as a key of the text catalogue and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The text's key.
    pub key: &'static str,
    /// The placeholders and what stands in them.
    pub arguments: Vec<(&'static str, String)>,
}

impl Notice {
    /// Makes a notice without arguments.
    pub fn plain(key: &'static str) -> Self {
        Self { key, arguments: Vec::new() }
    }

    /// Makes a notice with one argument.
    pub fn with(key: &'static str, name: &'static str, value: impl Into<String>) -> Self {
        Self { key, arguments: vec![(name, value.into())] }
    }
}

/// Names what [`super::update::update`] asks to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Leave the console.
    Quit,
    /// Ask these sources anew, also for what was denied.
    Refresh(Vec<SourceId>),
    /// Put text on the clipboard of the terminal.
    Copy {
        /// The text.
        text: String,
        /// What to say once it was done.
        done: Notice,
    },
    /// Keep what a person has marked as seen, newest first, for the next run.
    KeepMarks(Vec<Mark>),
    /// Switch mouse reports on or off.
    Mouse(bool),
    /// Draw everything anew, whatever the terminal shows.
    Redraw,
    /// Stop the process until it is continued, as ctrl-z does.
    Suspend,
    /// Look up what would keep an operation from being done; the answer is a report under this number.
    Preflight {
        /// The number that the operation would have.
        id: LiveId,
        /// The environment's name.
        environment: String,
        /// The entry of the catalogue.
        entry: EntryId,
        /// Its parameters, as far as they are chosen.
        parameters: BTreeMap<String, String>,
    },
    /// Ask the gate, and start the session if it lets it through.
    Start {
        /// The session's number.
        id: LiveId,
        /// What is asked of the gate.
        request: Box<Request>,
        /// Where to, of those that were found.
        target: Option<SessionTarget>,
        /// Columns and rows of its screen, where it has one.
        size: Option<(u16, u16)>,
        /// The step of a run that it is done for.
        step: Option<RunStep>,
    },
    /// Send bytes to the far side of a session.
    Input {
        /// The session's number.
        id: LiveId,
        /// The bytes, as they are.
        bytes: Vec<u8>,
    },
    /// Tell the far side of a session its size.
    Size {
        /// The session's number.
        id: LiveId,
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// End a session, or have a change stopped.
    End {
        /// The session's number.
        id: LiveId,
    },
    /// Mint a token for the database behind a tunnel.
    Token {
        /// The tunnel's number.
        id: LiveId,
        /// What for.
        then: TokenUse,
    },
    /// Put a secret on the clipboard of the terminal.
    CopySecret {
        /// The secret.
        secret: Secret,
        /// What to say once it was done.
        done: Notice,
    },
    /// Do something about runs that waits for the disk.
    Run(RunWish),
    /// Write down as text what the dashboards show, for a run.
    Snapshot(RunId),
    /// List the recordings.
    Recordings,
    /// Play a recording on the terminal.
    Replay(PathBuf),
    /// Hand the terminal to a program until it ends.
    Client {
        /// The program's name, looked up in the path.
        program: &'static str,
        /// Its arguments.
        arguments: Vec<String>,
        /// The variable of its environment that holds its password, and the password.
        secret: Option<(&'static str, Secret)>,
    },
}
