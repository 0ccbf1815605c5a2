//! The one queue of what needs a person, over all sources and environments.
//!
//! [`rank`] is pure. It takes what was seen, puts signals of the same trouble into one item, and orders the items:
//!
//! 1. severity, worst first: what is seen, weighed by the kind of environment ([`weigh`]);
//! 2. kind of environment: prd, stg, unknown, dev;
//! 3. age, newest first: what began a minute ago has been seen by nobody, what began yesterday has;
//! 4. breadth: more signals first;
//! 5. name, so that equal items do not change places.
//!
//! Signals are of the same trouble where an alarm watches a service (its dimensions name the cluster and service, or one
//! of the service's target groups), or where a composite alarm reads other alarms.

mod joins;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    alarm::{Alarm, AlarmState, Watches},
    ecs::{Rollout, Service, ServiceKey, Steadiness},
    environment::Kind,
    fetch::{Failure, Panel, SourceId},
};
use joins::{Firing, Joins};

/// A rollout without a failed task is a person's business only when it takes longer than this.
pub const LONG_ROLLOUT: SignedDuration = SignedDuration::from_mins(30);

/// Credentials that end within this time are named in the queue: enough to finish what one is doing and log in again.
pub const ENDING_SOON: SignedDuration = SignedDuration::from_mins(15);

/// Tells how bad something is, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// To be known.
    Low,
    /// To be done today.
    Medium,
    /// To be done now.
    High,
    /// To be done before anything else.
    Critical,
}

impl Severity {
    /// Returns the stable name, as the command line's JSON spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    fn lowered(self, steps: u8) -> Self {
        (0..steps).fold(self, |severity, _| match severity {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        })
    }
}

/// Tells which environment something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The environment's index in the configuration; `None` where no environment's patterns match.
    pub environment: Option<usize>,
    /// The environment's kind.
    pub kind: Kind,
}

/// Holds one thing that was seen, with where.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// The source that saw it.
    pub source: SourceId,
    /// The environment that it belongs to.
    pub place: Place,
    /// What was seen.
    pub seen: Seen<'a>,
}

/// Names what can be seen.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// A service, in trouble or not.
    Service(&'a Arc<Service>),
    /// An alarm, in whatever state.
    Alarm(&'a Arc<Alarm>),
    /// A panel that could not be read.
    Failure(Panel, &'a Failure),
    /// The end of the credentials.
    Credentials(Timestamp),
}

/// Names the trouble that an item or one of its signals tells of.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// A rollout failed, or its tasks keep failing.
    Rollout {
        /// The service.
        service: Arc<Service>,
        /// Whether ECS has given it up.
        given_up: bool,
    },
    /// None of the wanted tasks runs, or fewer than wanted.
    Short {
        /// The service.
        service: Arc<Service>,
    },
    /// A rollout takes longer than [`LONG_ROLLOUT`].
    LongRollout {
        /// The service.
        service: Arc<Service>,
    },
    /// An alarm is in the state ALARM.
    Alarm {
        /// The alarm.
        alarm: Arc<Alarm>,
    },
    /// Something could not be read, so that what it would show is unknown.
    Blind {
        /// What could not be read.
        panel: Panel,
        /// Why.
        failure: Failure,
    },
    /// The credentials end soon, or ended.
    Credentials {
        /// When.
        end: Timestamp,
    },
}

/// Names the object that an item opens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A service.
    Service(SourceId, ServiceKey),
    /// An alarm, by name.
    Alarm(SourceId, String),
    /// A source as a whole, with the panel that is blind.
    Source(SourceId, Panel),
}

/// Holds one row of the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What it opens.
    pub subject: Subject,
    /// The worst of its signals.
    pub trouble: Trouble,
    /// When that began, where it is known.
    pub since: Option<Timestamp>,
    /// The other signals of the same trouble.
    pub also: Vec<Trouble>,
}

/// Weighs a trouble in a kind of environment.
///
/// | trouble | prd | stg, unknown | dev |
/// | --- | --- | --- | --- |
/// | a failing rollout, nothing runs, nothing at all can be read | critical | high | medium |
/// | fewer tasks than wanted, an alarm, services or alarms cannot be read, credentials ended | high | medium | low |
/// | a rollout that takes long, something else cannot be read | medium | low | low |
/// | an alarm whose actions are off, credentials that end soon | medium | low | low |
///
/// What cannot be read weighs in an environment of unknown kind as in prd: what is not seen may be anything.
pub fn weigh(trouble: &Trouble, kind: Kind, now: Timestamp) -> Severity {
    let in_production = match trouble {
        Trouble::Rollout { .. } | Trouble::Blind { panel: Panel::Identity, .. } => Severity::Critical,
        Trouble::Short { service } if service.running == 0 => Severity::Critical,
        Trouble::Short { .. } | Trouble::Blind { panel: Panel::Services | Panel::Alarms, .. } => Severity::High,
        Trouble::Alarm { alarm } if alarm.actions_enabled && alarm.suppressed.is_none() => Severity::High,
        Trouble::Credentials { end } if *end <= now => Severity::High,
        Trouble::Alarm { .. } | Trouble::LongRollout { .. } | Trouble::Blind { .. } | Trouble::Credentials { .. } => {
            Severity::Medium
        }
    };
    in_production.lowered(match kind {
        Kind::Prd => 0,
        Kind::Unknown if matches!(trouble, Trouble::Blind { .. }) => 0,
        Kind::Stg | Kind::Unknown => 1,
        Kind::Dev => 2,
    })
}

/// Puts what was seen into the order in which a person should look at it.
pub fn rank<'a>(sightings: impl IntoIterator<Item = Sighting<'a>>, now: Timestamp) -> Vec<Item> {
    let mut groups = Groups::default();
    let mut alarms = Vec::new();
    for sighting in sightings {
        match sighting.seen {
            Seen::Service(service) => groups.service(&sighting, service, now),
            Seen::Alarm(alarm) => {
                if alarm.state == AlarmState::Alarm {
                    alarms.push((sighting, alarm));
                }
            }
            Seen::Failure(panel, failure) => groups.add(
                Subject::Source(sighting.source, panel),
                sighting.place,
                Trouble::Blind { panel, failure: failure.clone() },
            ),
            Seen::Credentials(end) if end.duration_since(now) <= ENDING_SOON => groups.add(
                Subject::Source(sighting.source, Panel::Identity),
                sighting.place,
                Trouble::Credentials { end },
            ),
            Seen::Credentials(_) => {}
        }
    }
    groups.alarms(&alarms);
    let mut items: Vec<Item> = groups.found.into_iter().map(|group| group.item(now)).collect();
    items.sort_by_cached_key(|item| {
        (
            Reverse(item.severity),
            item.place.kind.rank(),
            Reverse(item.since),
            Reverse(item.also.len()),
            subject_name(&item.subject),
        )
    });
    items
}

fn subject_name(subject: &Subject) -> (String, usize) {
    match subject {
        Subject::Service(source, key) => (format!("{}/{}", key.cluster, key.service), source.0),
        Subject::Alarm(source, name) => (name.clone(), source.0),
        Subject::Source(source, panel) => (format!("{panel:?}"), source.0),
    }
}

/// Signals of one trouble while they are being gathered.
struct Group {
    subject: Subject,
    place: Place,
    troubles: Vec<Trouble>,
}

impl Group {
    fn item(mut self, now: Timestamp) -> Item {
        let kind = self.place.kind;
        self.troubles.sort_by_key(|trouble| (Reverse(weigh(trouble, kind, now)), order_in_group(trouble)));
        let also = self.troubles.split_off(1);
        let trouble = self.troubles.remove(0);
        Item {
            severity: weigh(&trouble, kind, now),
            since: since(&trouble),
            place: self.place,
            subject: self.subject,
            trouble,
            also,
        }
    }
}

/// What explains more stands before what it explains.
fn order_in_group(trouble: &Trouble) -> u8 {
    match trouble {
        Trouble::Rollout { .. } | Trouble::Short { .. } | Trouble::LongRollout { .. } => 0,
        Trouble::Alarm { alarm } if matches!(alarm.watches, Watches::Composite(_)) => 1,
        Trouble::Alarm { .. } => 2,
        Trouble::Credentials { .. } => 3,
        Trouble::Blind { .. } => 4,
    }
}

/// Returns when a trouble began, where that is known.
pub fn since(trouble: &Trouble) -> Option<Timestamp> {
    match trouble {
        Trouble::Rollout { service, .. } | Trouble::Short { service } | Trouble::LongRollout { service } => {
            service.unsteady_since()
        }
        Trouble::Alarm { alarm } => alarm.since,
        Trouble::Blind { failure, .. } => Some(failure.at),
        // Before the end there is no age: the words say what is left.
        Trouble::Credentials { end } => Some(*end),
    }
}

#[derive(Default)]
struct Groups {
    found: Vec<Group>,
    by_subject: HashMap<Subject, usize>,
    /// Services by the target groups they register with, as the ELB dimension `TargetGroup` writes them.
    by_target_group: HashMap<(SourceId, String), (ServiceKey, Place)>,
    places: HashMap<(SourceId, ServiceKey), Place>,
}

impl Groups {
    fn add(&mut self, subject: Subject, place: Place, trouble: Trouble) {
        let next = self.found.len();
        let index = *self.by_subject.entry(subject.clone()).or_insert(next);
        if index == next {
            self.found.push(Group { subject, place, troubles: Vec::new() });
        }
        self.found[index].troubles.push(trouble);
    }

    fn service(&mut self, sighting: &Sighting<'_>, service: &Arc<Service>, now: Timestamp) {
        let place = sighting.place;
        self.places.insert((sighting.source, service.key.clone()), place);
        for dimension in service.target_group_dimensions() {
            self.by_target_group.insert((sighting.source, dimension.to_owned()), (service.key.clone(), place));
        }
        if let Some(trouble) = service_trouble(service, now) {
            self.add(Subject::Service(sighting.source, service.key.clone()), place, trouble);
        }
    }

    /// Returns the service that an alarm watches, if it watches one that we know.
    fn watched_service(&self, source: SourceId, alarm: &Alarm) -> Option<(ServiceKey, Place)> {
        let Watches::Metric(rule) = &alarm.watches else {
            return None;
        };
        let metric = rule.metric.as_ref()?;
        if let (Some(cluster), Some(service)) = (metric.dimension("ClusterName"), metric.dimension("ServiceName")) {
            let key = ServiceKey { cluster: cluster.to_owned(), service: service.to_owned() };
            return self.places.get(&(source, key.clone())).map(|place| (key, *place));
        }
        let group = metric.dimension("TargetGroup")?;
        self.by_target_group.get(&(source, group.to_owned())).cloned()
    }

    fn alarms(&mut self, alarms: &[(Sighting<'_>, &Arc<Alarm>)]) {
        let mut by_source: BTreeMap<SourceId, Vec<Firing<'_>>> = BTreeMap::new();
        for (sighting, alarm) in alarms {
            let service = self.watched_service(sighting.source, alarm);
            let service = service.map(|(key, place)| (Subject::Service(sighting.source, key), place));
            let children = match &alarm.watches {
                Watches::Composite(rule) => rule.children.as_slice(),
                Watches::Metric(_) => &[],
            };
            let firing = Firing { name: &alarm.name, place: sighting.place, service, children };
            by_source.entry(sighting.source).or_default().push(firing);
        }
        let subjects: BTreeMap<SourceId, BTreeMap<&str, (Subject, Place)>> =
            by_source.into_iter().map(|(source, firing)| (source, Joins::new(source, firing).subjects())).collect();
        for (sighting, alarm) in alarms {
            let belongs_to = subjects.get(&sighting.source).and_then(|subjects| subjects.get(alarm.name.as_str()));
            if let Some((subject, place)) = belongs_to.cloned() {
                self.add(subject, place, Trouble::Alarm { alarm: Arc::clone(alarm) });
            }
        }
    }
}

fn service_trouble(service: &Arc<Service>, now: Timestamp) -> Option<Trouble> {
    let shared = || Arc::clone(service);
    match service.steadiness() {
        Steadiness::Steady | Steadiness::Stopped | Steadiness::Draining => None,
        Steadiness::Failing => Some(match service.troubled_deployment() {
            Some(deployment) => Trouble::Rollout { service: shared(), given_up: deployment.rollout == Rollout::Failed },
            None => Trouble::Short { service: shared() },
        }),
        Steadiness::Short => Some(Trouble::Short { service: shared() }),
        Steadiness::Rolling => service
            .unsteady_since()
            .filter(|began| now.duration_since(*began) > LONG_ROLLOUT)
            .map(|_| Trouble::LongRollout { service: shared() }),
    }
}
