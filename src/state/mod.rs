//! The console's state and the one function that changes it.
//!
//! [`State`] holds what the screens show, derived and ready: the rows, sorted and filtered, the queue, the counts.
//! [`update::update`] is the only mutator; it answers with [`event::Effect`]s for what has to be done outside.
//! A file a screen: [`overview`], [`services`], [`alarms`]; what lies over them is in [`overlay`].

mod acts;
pub mod alarms;
mod click;
pub mod copy;
pub mod detail;
pub mod errors;
pub mod event;
pub mod interest;
pub mod list;
pub mod log;
mod open;
pub mod overlay;
pub mod overview;
pub mod service;
pub mod services;
pub mod source;
pub mod update;

use jiff::Timestamp;

use crate::command::{Command, Scope};
use crate::domain::{
    environment::{Environment, Kind},
    fetch::{Phase, SourceId},
    identity::{self, RoleMapping, RoleResolution},
    metric::Range,
    queue::Place,
};

use alarms::{AlarmView, Alarms};
use errors::ErrorLog;
use event::Notice;
use log::LogView;
use overlay::Overlay;
use overview::Overview;
use service::ServiceView;
use services::Services;
use source::Source;

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
        }
    }

    /// Returns the command that leads to this screen, or to the list that it was opened from.
    pub fn command(self) -> Command {
        match self {
            Self::Overview => Command::Overview,
            Self::Services | Self::Service | Self::Log => Command::Services,
            Self::Alarms | Self::Alarm => Command::Alarms,
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

    /// Tells whether keys that are no chord are text.
    pub fn takes_text(&self) -> bool {
        self.overlays.last().is_some_and(Overlay::takes_text)
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
