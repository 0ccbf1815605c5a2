//! The console's state and the one function that changes it.
//!
//! [`State`] holds what the screens show, derived and ready: the rows, sorted and filtered, the queue, the counts.
//! [`update::update`] is the only mutator; it answers with [`event::Effect`]s for what has to be done outside.
//! A file a screen: [`overview`], [`services`], [`waf`], [`alarms`], [`findings`], [`sessions`], [`runbooks`], [`journal`],
//! [`fleet`]; what lies over them is in [`overlay`].

mod acts;
pub mod alarms;
mod click;
pub mod copy;
pub mod detail;
pub mod errors;
pub mod event;
pub mod findings;
pub mod fleet;
pub mod interest;
pub mod journal;
pub mod lines;
pub mod list;
pub mod log;
mod open;
pub mod overlay;
pub mod overview;
mod page;
mod prompt;
pub mod replay;
mod report;
pub mod runbooks;
pub mod service;
pub mod services;
pub mod sessions;
pub mod source;
pub mod update;
pub mod waf;
mod walk;

use jiff::Timestamp;

use crate::command::{Command, Scope};
use crate::domain::{
    environment::{Environment, Kind},
    fetch::{Phase, SourceId},
    identity::{self, RoleMapping, RoleResolution},
    metric::Range,
    queue::{Marks, Place},
};

use alarms::{AlarmView, Alarms};
use errors::ErrorLog;
use event::Notice;
use findings::{FindingView, Findings};
use fleet::Fleet;
use journal::JournalScreen;
use log::LogView;
use overlay::Overlay;
use overview::Overview;
use runbooks::Runbooks;
use service::ServiceView;
use services::Services;
use sessions::Sessions;
use source::Source;
use waf::{Waf, WebAclView};

/// Names the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Screen {
    /// The queue of what needs a person, and small multiples beside it.
    #[default]
    Overview,
    /// All services.
    Services,
    /// One service.
    Service,
    /// The log of a service.
    Log,
    /// All alarms.
    Alarms,
    /// One alarm.
    Alarm,
    /// All web ACLs.
    Waf,
    /// One web ACL.
    WebAcl,
    /// All findings.
    Findings,
    /// One finding.
    Finding,
    /// Sessions: what may be opened, and what is open.
    Sessions,
    /// The form before a session is started.
    Form,
    /// The screen of a shell or command.
    Pane,
    /// One tunnel.
    Tunnel,
    /// A change under way, or over, with its steps.
    Operation,
    /// The runbooks and their runs.
    Runbooks,
    /// A run of a runbook.
    Run,
    /// The journal.
    Journal,
    /// All environments side by side.
    Fleet,
}

impl Screen {
    /// Returns the scope in which keys are looked up on this screen.
    pub fn scope(self) -> Scope {
        match self {
            Self::Overview => Scope::Overview,
            Self::Services => Scope::Services,
            Self::Service => Scope::Service,
            Self::Log => Scope::Log,
            Self::Alarms => Scope::Alarms,
            Self::Alarm => Scope::Alarm,
            Self::Waf => Scope::Waf,
            Self::WebAcl => Scope::WebAcl,
            Self::Findings => Scope::Findings,
            Self::Finding => Scope::Finding,
            Self::Sessions => Scope::Sessions,
            Self::Form => Scope::Form,
            Self::Pane => Scope::Pane,
            Self::Tunnel => Scope::Tunnel,
            Self::Operation => Scope::Operation,
            Self::Runbooks => Scope::Runbooks,
            Self::Run => Scope::Run,
            Self::Journal => Scope::Journal,
            Self::Fleet => Scope::Fleet,
        }
    }

    /// Tells whether it shows one object that was opened.
    pub fn is_object(self) -> bool {
        matches!(self, Self::Service | Self::Log | Self::Alarm | Self::WebAcl | Self::Finding)
    }

    /// Returns the command that leads to this screen, or to the list that it was opened from.
    pub fn command(self) -> Command {
        match self {
            Self::Overview => Command::Overview,
            Self::Services | Self::Service | Self::Log => Command::Services,
            Self::Alarms | Self::Alarm => Command::Alarms,
            Self::Waf | Self::WebAcl => Command::Waf,
            Self::Findings | Self::Finding => Command::Findings,
            Self::Sessions | Self::Form | Self::Pane | Self::Tunnel | Self::Operation => Command::Sessions,
            Self::Runbooks | Self::Run => Command::Runbooks,
            Self::Journal => Command::Journal,
            Self::Fleet => Command::Fleet,
        }
    }
}

/// Holds all that the screens show.
#[derive(Debug)]
pub struct State {
    /// The time by the injected clock, as of the last tick.
    pub now: Timestamp,
    /// The configured environments.
    pub environments: Vec<Environment>,
    /// Whom the configuration takes for whom.
    pub roles: Vec<RoleMapping>,
    /// The sources that the environments read from.
    pub sources: Vec<Source>,
    /// The environment whose rows are shown; `None` for all of them.
    pub shown: Option<usize>,
    /// Whether what belongs to no environment is shown among all of them.
    pub unassigned: bool,
    /// The screen.
    pub screen: Screen,
    /// The screens that lie behind an opened object, for going back.
    pub trail: Vec<Screen>,
    /// What lies over the screen, the topmost last.
    pub overlays: Vec<Overlay>,
    /// The queue and the counts.
    pub overview: Overview,
    /// The rows of services.
    pub services: Services,
    /// The service that is open.
    pub service: Option<ServiceView>,
    /// The log that is open.
    pub log: Option<LogView>,
    /// The rows of alarms.
    pub alarms: Alarms,
    /// The alarm that is open.
    pub alarm: Option<AlarmView>,
    /// The rows of web ACLs.
    pub waf: Waf,
    /// The web ACL that is open.
    pub web_acl: Option<WebAclView>,
    /// The rows of findings.
    pub findings: Findings,
    /// The finding that is open.
    pub finding: Option<FindingView>,
    /// Sessions.
    pub sessions: Sessions,
    /// Runbooks.
    pub runbooks: Runbooks,
    /// The journal.
    pub journal: JournalScreen,
    /// The environments side by side.
    pub fleet: Fleet,
    /// The rows of the queue that a person has seen.
    pub marks: Marks,
    /// What went wrong lately.
    pub errors: ErrorLog,
    /// What the footer says until the next key.
    pub notice: Option<Notice>,
    /// What may follow the keys pressed so far.
    pub pending: Vec<(String, Command)>,
    /// How far back charts go.
    pub range: Range,
    /// Whether the terminal has the focus.
    pub focused: bool,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// The terminal's size: columns, rows.
    pub size: (u16, u16),
    /// Rows of the focused list that the last frame had room for.
    pub page: usize,
    /// When a person last did something.
    pub touched_at: Timestamp,
    /// What each command says of itself in the chosen language, for the palette to search in.
    pub labels: Vec<(Command, &'static str)>,
    /// How the screen spells states and the like, by their stable names, for the filter to find what is read.
    pub vocabulary: Vec<(&'static str, &'static str)>,
}

impl State {
    /// Makes the state of a console that has read nothing yet.
    pub fn new(environments: Vec<Environment>, roles: Vec<RoleMapping>, sources: Vec<Source>, now: Timestamp) -> Self {
        let shown = (environments.len() == 1).then_some(0);
        let mut state = Self {
            now,
            environments,
            roles,
            sources,
            shown,
            unassigned: true,
            screen: Screen::default(),
            trail: Vec::new(),
            overlays: Vec::new(),
            overview: Overview::default(),
            services: Services::default(),
            service: None,
            log: None,
            alarms: Alarms::default(),
            alarm: None,
            waf: Waf::default(),
            web_acl: None,
            findings: Findings::default(),
            finding: None,
            sessions: Sessions::default(),
            runbooks: Runbooks::default(),
            journal: JournalScreen::default(),
            fleet: Fleet::default(),
            marks: Marks::default(),
            errors: ErrorLog::default(),
            notice: None,
            pending: Vec::new(),
            range: Range::default(),
            focused: true,
            mouse: true,
            size: (80, 24),
            page: 10,
            touched_at: now,
            labels: Vec::new(),
            vocabulary: Vec::new(),
        };
        overview::derive(&mut state);
        state
    }

    /// Returns the source with that id; a source that is not configured cannot report.
    pub fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0)
    }

    /// Returns the word by which the screen spells a stable name; the name itself where it has none.
    pub fn word<'a>(&self, name: &'a str) -> &'a str {
        self.vocabulary.iter().find(|(known, _)| *known == name).map_or(name, |(_, word)| word)
    }

    /// Iterates over the sources that the shown environment reads from.
    pub fn shown_sources(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources
            .iter()
            .enumerate()
            .filter(|(_, source)| self.shown.is_none_or(|shown| source.environments.contains(&shown)))
            .map(|(index, source)| (SourceId(index), source))
    }

    /// Returns the environment to which a cluster of a source belongs.
    pub fn place_of_cluster(&self, source: &Source, cluster: &str) -> Place {
        self.place(
            source,
            |environment| environment.owns_cluster(cluster),
            |environment| !environment.clusters.is_empty(),
        )
    }

    /// Returns the environment to which an alarm of a source belongs.
    pub fn place_of_alarm(&self, source: &Source, name: &str) -> Place {
        self.place(source, |environment| environment.owns_alarm(name), |environment| !environment.alarms.is_empty())
    }

    /// Returns the environment to which a web ACL of a source belongs.
    pub fn place_of_web_acl(&self, source: &Source, name: &str) -> Place {
        self.place(source, |environment| environment.owns_web_acl(name), |environment| !environment.web_acls.is_empty())
    }

    /// Finds the owner among a source's environments: one whose patterns match, before one that takes everything.
    fn place(
        &self,
        source: &Source,
        owns: impl Fn(&Environment) -> bool,
        is_narrow: impl Fn(&Environment) -> bool,
    ) -> Place {
        let owners = || {
            source
                .environments
                .iter()
                .filter_map(|index| self.environments.get(*index).map(|environment| (*index, environment)))
                .filter(|(_, environment)| owns(environment))
        };
        let owner = owners().find(|(_, environment)| is_narrow(environment)).or_else(|| owners().next());
        match owner {
            Some((index, environment)) => Place { environment: Some(index), kind: environment.kind },
            None => Place { environment: None, kind: Kind::Unknown },
        }
    }

    /// Returns the environment that a whole source stands for: the one that is shown, else its gravest.
    pub fn place_of_source(&self, source: &Source) -> Place {
        if let Some(shown) = self.shown.filter(|shown| source.environments.contains(shown)) {
            let kind = self.environments.get(shown).map_or(Kind::Unknown, |environment| environment.kind);
            return Place { environment: Some(shown), kind };
        }
        source
            .environments
            .iter()
            .filter_map(|index| self.environments.get(*index).map(|environment| (*index, environment.kind)))
            .min_by_key(|(_, kind)| kind.rank())
            .map_or(Place { environment: None, kind: Kind::Unknown }, |(index, kind)| Place {
                environment: Some(index),
                kind,
            })
    }

    /// Tells whether something at that place is among what is shown.
    pub fn shows(&self, place: Place) -> bool {
        match self.shown {
            Some(shown) => place.environment == Some(shown),
            None => self.unassigned || place.environment.is_some(),
        }
    }

    /// Returns the source of the object that a screen shows, if one is open there.
    pub fn opened_from(&self, screen: Screen) -> Option<SourceId> {
        match screen {
            Screen::Service => self.service.as_ref().map(|view| view.id.source),
            Screen::Log => self.log.as_ref().map(|view| view.id.source),
            Screen::Alarm => self.alarm.as_ref().map(|view| view.id.source),
            Screen::WebAcl => self.web_acl.as_ref().map(|view| view.id.source),
            Screen::Finding => self.finding.as_ref().map(|view| view.id.source),
            _ => None,
        }
    }

    /// Returns the role that the configuration gives to a source's verified identity.
    pub fn role_of(&self, source: &Source) -> RoleResolution {
        match &source.identity.value {
            Some(identity) => identity::resolve(&self.roles, identity),
            None => RoleResolution::None,
        }
    }

    /// Returns the scope in which keys are looked up now.
    pub fn scope(&self) -> Scope {
        self.overlays.last().map_or_else(|| self.screen.scope(), Overlay::scope)
    }

    /// Returns how many people of the chain of the open step were told.
    pub fn told(&self) -> usize {
        let chain = self.runbooks.front().and_then(|view| view.run.escalation(self.now));
        chain.map_or(0, |chain| chain.told.len())
    }

    /// Tells whether the keys move through a list that is shown: beside a run lists are only looked at.
    pub fn lists_have_keys(&self) -> bool {
        self.screen != Screen::Run
    }

    /// Tells whether keys that are no chord are text.
    pub fn takes_text(&self) -> bool {
        self.overlays.last().map_or(self.screen == Screen::Form, Overlay::takes_text)
    }

    /// Tells whether any of the shown sources is still waiting for its first answer.
    pub fn is_loading(&self) -> bool {
        self.shown_sources().any(|(_, source)| {
            [&source.identity.phase, &source.services.phase, &source.alarms.phase]
                .into_iter()
                .any(|phase| matches!(phase, Phase::Unasked | Phase::Refreshing))
                && (source.services.value.is_none() || source.alarms.value.is_none())
                && !matches!(source.identity.phase, Phase::Failed(_))
        })
    }
}
