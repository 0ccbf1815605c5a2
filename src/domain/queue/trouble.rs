//! What can be wrong, how bad that is, and since when it is.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{
    alarm::{Alarm, Watches},
    ecs::{Rollout, Service, Steadiness},
    environment::Kind,
    fetch::{Failure, Panel},
    finding::{Finding, FindingSeverity, Workflow},
    waf::{Spike, WebAcl},
};

use super::{LONG_ROLLOUT, Severity};

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
    /// A web ACL blocks far more than at the same hours of earlier days.
    WafSpike {
        /// The web ACL.
        acl: Arc<WebAcl>,
        /// How much more.
        spike: Spike,
    },
    /// Findings that must always be dealt with, all of one cause in one account.
    Findings {
        /// The worst of them, and of those the newest.
        finding: Arc<Finding>,
        /// How many they are.
        count: usize,
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

/// Weighs a trouble in a kind of environment.
///
/// | trouble | prd | stg, unknown | dev |
/// | --- | --- | --- | --- |
/// | a failing rollout, nothing runs, a CRITICAL finding, nothing at all can be read | critical | high | medium |
/// | fewer tasks than wanted, an alarm, a spike of blocks, another finding, services or alarms cannot be read, credentials ended | high | medium | low |
/// | a rollout that takes long, something else cannot be read | medium | low | low |
/// | an alarm whose actions are off, credentials that end soon | medium | low | low |
///
/// Findings of which somebody was told weigh a step less: they are in somebody's hands.
///
/// What cannot be read weighs in an environment of unknown kind as in prd: what is not seen may be anything.
pub fn weigh(trouble: &Trouble, kind: Kind, now: Timestamp) -> Severity {
    let in_production = match trouble {
        Trouble::Rollout { .. } | Trouble::Blind { panel: Panel::Identity, .. } => Severity::Critical,
        Trouble::Short { service } if service.running == 0 => Severity::Critical,
        Trouble::Findings { finding, .. } if finding.severity == FindingSeverity::Critical => Severity::Critical,
        Trouble::Short { .. }
        | Trouble::WafSpike { .. }
        | Trouble::Findings { .. }
        | Trouble::Blind { panel: Panel::Services | Panel::Alarms, .. } => Severity::High,
        Trouble::Alarm { alarm } if alarm.actions_enabled && alarm.suppressed.is_none() => Severity::High,
        Trouble::Credentials { end } if *end <= now => Severity::High,
        Trouble::Alarm { .. } | Trouble::LongRollout { .. } | Trouble::Blind { .. } | Trouble::Credentials { .. } => {
            Severity::Medium
        }
    };
    let in_hand = matches!(trouble, Trouble::Findings { finding, .. } if finding.workflow == Workflow::Notified);
    in_production.lowered(u8::from(in_hand)).lowered(match kind {
        Kind::Prd => 0,
        Kind::Unknown if matches!(trouble, Trouble::Blind { .. }) => 0,
        Kind::Stg | Kind::Unknown => 1,
        Kind::Dev => 2,
    })
}

/// Returns how many signals one trouble stands for.
pub(super) fn breadth(trouble: &Trouble) -> usize {
    match trouble {
        Trouble::Findings { count, .. } => *count,
        _ => 1,
    }
}

/// What explains more stands before what it explains.
pub(super) fn order_in_group(trouble: &Trouble) -> u8 {
    match trouble {
        Trouble::Rollout { .. }
        | Trouble::Short { .. }
        | Trouble::LongRollout { .. }
        | Trouble::WafSpike { .. }
        | Trouble::Findings { .. } => 0,
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
        Trouble::WafSpike { spike, .. } => Some(spike.since),
        Trouble::Findings { finding, .. } => finding.began(),
        Trouble::Blind { failure, .. } => Some(failure.at),
        // Before the end there is no age: the words say what is left.
        Trouble::Credentials { end } => Some(*end),
    }
}

pub(super) fn service_trouble(service: &Arc<Service>, now: Timestamp) -> Option<Trouble> {
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
