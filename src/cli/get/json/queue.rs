//! What needs a person, as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::fetch::Panel;
use crate::domain::queue::{Item, Trouble};
use crate::state::State;

use super::environment;

#[derive(Serialize)]
struct QueueItem<'a> {
    severity: &'static str,
    environment: Option<&'a str>,
    kind: &'static str,
    trouble: &'static str,
    subject: Subject<'a>,
    since: Option<Timestamp>,
    signals: usize,
    also: Vec<Signal<'a>>,
}

#[derive(Serialize)]
struct Signal<'a> {
    trouble: &'static str,
    subject: Subject<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Subject<'a> {
    Service { cluster: &'a str, service: &'a str },
    Alarm { name: &'a str },
    WebAcl { scope: &'static str, web_acl: &'a str },
    Findings { finding: &'a str, product: &'a str, title: &'a str, account: &'a str, count: usize },
    Source { panel: &'static str, state: &'static str },
    Credentials { end: Timestamp },
}

/// Returns the items of `queue`.
pub fn items(state: &State) -> Vec<impl Serialize> {
    state.overview.items.iter().map(|item| queue_item(state, item)).collect()
}

fn queue_item<'a>(state: &'a State, item: &'a Item) -> QueueItem<'a> {
    QueueItem {
        severity: item.severity.name(),
        environment: environment(state, item.place),
        kind: item.place.kind.as_str(),
        trouble: trouble_name(&item.trouble),
        subject: subject(&item.trouble),
        since: item.since,
        signals: item.also.len() + 1,
        also: item
            .also
            .iter()
            .map(|trouble| Signal { trouble: trouble_name(trouble), subject: subject(trouble) })
            .collect(),
    }
}

/// Returns the stable name of a trouble.
pub fn trouble_name(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Rollout { given_up: true, .. } => "rollout-failed",
        Trouble::Rollout { given_up: false, .. } => "rollout-failing",
        Trouble::Short { service } if service.running == 0 => "none-running",
        Trouble::Short { .. } => "short",
        Trouble::LongRollout { .. } => "long-rollout",
        Trouble::Alarm { .. } => "alarm",
        Trouble::WafSpike { .. } => "waf-spike",
        Trouble::Findings { .. } => "findings",
        Trouble::Blind { .. } => "blind",
        Trouble::Credentials { .. } => "credentials",
    }
}

fn subject(trouble: &Trouble) -> Subject<'_> {
    match trouble {
        Trouble::Rollout { service, .. } | Trouble::Short { service } | Trouble::LongRollout { service } => {
            Subject::Service { cluster: &service.key.cluster, service: &service.key.service }
        }
        Trouble::Alarm { alarm } => Subject::Alarm { name: &alarm.name },
        Trouble::WafSpike { acl, .. } => Subject::WebAcl { scope: acl.key.scope.as_str(), web_acl: &acl.key.name },
        Trouble::Findings { finding, count } => Subject::Findings {
            finding: &finding.key.id,
            product: &finding.product,
            title: &finding.title,
            account: &finding.account,
            count: *count,
        },
        Trouble::Blind { panel, failure } => Subject::Source { panel: panel_name(*panel), state: failure.kind.name() },
        Trouble::Credentials { end } => Subject::Credentials { end: *end },
    }
}

fn panel_name(panel: Panel) -> &'static str {
    match panel {
        Panel::Identity => "identity",
        Panel::Services => "services",
        Panel::Tasks => "tasks",
        Panel::Alarms => "alarms",
        Panel::Metrics => "metrics",
        Panel::Deployments => "deployments",
        Panel::History => "history",
        Panel::Waf => "waf",
        Panel::WafRules => "waf-rules",
        Panel::WafSamples => "waf-samples",
        Panel::WafUse => "waf-use",
        Panel::Findings => "findings",
        Panel::FindingHistory => "finding-history",
        Panel::Targets => "targets",
        Panel::Log => "log",
    }
}
