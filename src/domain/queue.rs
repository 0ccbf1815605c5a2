//! The one queue of what needs a person, over all sources and environments.
//!
//! [`rank`] is pure. It takes what was seen, puts signals of the same trouble into one item, and orders the items:
//!
//! 1. severity, worst first: what is seen, weighed by the kind of environment ([`weigh`]);
//! 2. kind of environment: prd, stg, unknown, dev;
//! 3. age, newest first: what began a minute ago has been seen by nobody, what began yesterday has;
//! 4. breadth: more signals first, findings of one cause counted each;
//! 5. name, so that equal items do not change places.
//!
//! Signals are of the same trouble where an alarm watches a service (its dimensions name the cluster and service, or one
//! of the service's target groups) or a web ACL, where a composite alarm reads other alarms, and where findings have one
//! cause in one account: a control that fails for forty resources, or the same finding read from two accounts.
//!
//! A row that a person has marked as seen gives way to those that nobody has seen ([`sink`]); it rises again when its
//! trouble begins anew or grows worse.

mod groups;
mod joins;
mod marks;
mod trouble;

use std::{cmp::Reverse, collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    alarm::{Alarm, AlarmState},
    ecs::{Service, ServiceKey},
    environment::Kind,
    fetch::{Failure, Panel, SourceId},
    finding::Finding,
    waf::{Spike, WebAcl, WebAclKey},
};
use groups::Groups;

pub use marks::{Mark, Marks, sink};
pub use trouble::{Trouble, since, weigh};

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

    /// Reads the stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High, Self::Critical].into_iter().find(|severity| severity.name() == name)
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
    /// A web ACL, with the spike that it has, if it has one.
    WebAcl(&'a Arc<WebAcl>, Option<Spike>),
    /// A finding, to do or not. One that several sources see counts once, for the first of them.
    Finding(&'a Arc<Finding>),
    /// A panel that could not be read.
    Failure(Panel, &'a Failure),
    /// The end of the credentials.
    Credentials(Timestamp),
}

/// Names the object that an item opens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A service.
    Service(SourceId, ServiceKey),
    /// An alarm, by name.
    Alarm(SourceId, String),
    /// A web ACL.
    WebAcl(SourceId, WebAclKey),
    /// The findings of one cause in an account: its twelve digits, and the cause.
    Findings(SourceId, String, String),
    /// A source as a whole, with the panel that is blind.
    Source(SourceId, Panel),
}

impl Subject {
    /// Returns the source that it was read from.
    pub fn source(&self) -> SourceId {
        match self {
            Self::Service(source, _)
            | Self::Alarm(source, _)
            | Self::WebAcl(source, _)
            | Self::Findings(source, ..)
            | Self::Source(source, _) => *source,
        }
    }

    /// Returns its name, by which equal items are ordered.
    fn name(&self) -> String {
        match self {
            Self::Service(_, key) => format!("{}/{}", key.cluster, key.service),
            Self::Alarm(_, name) => name.clone(),
            Self::WebAcl(_, key) => key.name.clone(),
            Self::Findings(_, account, cause) => format!("{cause} {account}"),
            Self::Source(_, panel) => format!("{panel:?}"),
        }
    }
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

impl Item {
    /// Returns how many signals it stands for.
    pub fn breadth(&self) -> usize {
        std::iter::once(&self.trouble).chain(&self.also).map(trouble::breadth).sum()
    }
}

/// Puts what was seen into the order in which a person should look at it.
pub fn rank<'a>(sightings: impl IntoIterator<Item = Sighting<'a>>, now: Timestamp) -> Vec<Item> {
    let mut groups = Groups::default();
    let mut alarms = Vec::new();
    let mut findings = HashSet::new();
    for sighting in sightings {
        match sighting.seen {
            Seen::Service(service) => groups.service(&sighting, service, now),
            Seen::Alarm(alarm) => {
                if alarm.state == AlarmState::Alarm {
                    alarms.push((sighting, alarm));
                }
            }
            Seen::WebAcl(acl, spike) => groups.web_acl(&sighting, acl, spike),
            Seen::Finding(finding) if finding.is_to_do() && findings.insert(&finding.key) => {
                groups.finding(&sighting, finding);
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
            Seen::Finding(_) | Seen::Credentials(_) => {}
        }
    }
    groups.alarms(&alarms);
    let mut items = groups.items(now);
    items.sort_by_cached_key(|item| {
        (
            Reverse(item.severity),
            item.place.kind.rank(),
            Reverse(item.since),
            Reverse(item.breadth()),
            (item.subject.name(), item.subject.source()),
        )
    });
    items
}
