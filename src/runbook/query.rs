//! What a check looks for on the dashboards, and what it saw there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::fetch::{Failure, FailureKind, Panel};
use crate::domain::finding::Workflow;
use crate::domain::queue::{Item, Trouble};
use crate::domain::text::clean;

/// The most things that are named of what a check saw; the others are counted.
const MOST_NAMED: usize = 50;

/// The longest name of a thing that a check saw, in characters.
const LONGEST_NAME: usize = 200;

/// What a check looks for; it passes where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Query {
    /// Alarms in the state ALARM.
    #[serde(rename = "alarms.firing")]
    AlarmsFiring,
    /// Services that are not steady.
    #[serde(rename = "services.unsteady")]
    ServicesUnsteady,
    /// CRITICAL and HIGH findings of which nobody was told yet.
    #[serde(rename = "findings.new")]
    FindingsNew,
    /// Web ACLs that block far more than usual.
    #[serde(rename = "waf.spike")]
    WafSpike,
}

/// What the dashboards show of one environment.
#[derive(Debug, Clone, Default)]
pub struct Board<'a> {
    /// The rows of its queue.
    pub items: Vec<&'a Item>,
    /// What could not be read, and why.
    pub failures: Vec<(Panel, &'a Failure)>,
    /// What was not read yet.
    pub unread: Vec<Panel>,
}

/// What a check saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// What it looked for.
    pub query: Query,
    /// When it looked.
    pub at: Timestamp,
    /// How that went.
    pub verdict: Verdict,
    /// The things that it saw, by name; of many only the first.
    pub found: Vec<String>,
    /// How many more it saw.
    pub more: usize,
    /// Why it could not look: kinds of failures, or the IAM action that is missing.
    pub why: Vec<String>,
}

/// Tells how a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// There was nothing.
    Clear,
    /// There was something.
    Found,
    /// It could not be looked everywhere, and nothing was found where it could: never a pass.
    Unknown,
}

impl Query {
    /// Lists every query.
    pub const ALL: [Self; 4] = [Self::AlarmsFiring, Self::ServicesUnsteady, Self::FindingsNew, Self::WafSpike];

    /// Returns the name that the catalogue has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlarmsFiring => "alarms.firing",
            Self::ServicesUnsteady => "services.unsteady",
            Self::FindingsNew => "findings.new",
            Self::WafSpike => "waf.spike",
        }
    }

    /// Lists the panels that it is answered from.
    pub const fn panels(self) -> &'static [Panel] {
        match self {
            Self::AlarmsFiring => &[Panel::Identity, Panel::Alarms],
            Self::ServicesUnsteady => &[Panel::Identity, Panel::Services],
            Self::FindingsNew => &[Panel::Identity, Panel::Findings],
            // What is usual is told by the metrics.
            Self::WafSpike => &[Panel::Identity, Panel::Waf, Panel::Metrics],
        }
    }

    /// Looks at the dashboards.
    pub fn look(self, board: &Board<'_>, at: Timestamp) -> Sight {
        let troubles = board.items.iter().flat_map(|item| std::iter::once(&item.trouble).chain(&item.also));
        let mut found: Vec<String> = troubles.filter_map(|trouble| self.name_of(trouble)).collect();
        found.dedup();
        let more = found.len().saturating_sub(MOST_NAMED);
        found.truncate(MOST_NAMED);
        let why = self.obstacles(board);
        let verdict = match (found.is_empty(), why.is_empty()) {
            (false, _) => Verdict::Found,
            (true, true) => Verdict::Clear,
            (true, false) => Verdict::Unknown,
        };
        Sight { query: self, at, verdict, found, more, why }
    }

    /// Names a trouble, where it is what is looked for.
    fn name_of(self, trouble: &Trouble) -> Option<String> {
        let name = match (self, trouble) {
            (Self::AlarmsFiring, Trouble::Alarm { alarm }) => alarm.name.clone(),
            (
                Self::ServicesUnsteady,
                Trouble::Rollout { service, .. } | Trouble::Short { service } | Trouble::LongRollout { service },
            ) => format!("{}/{}  {}/{}", service.key.cluster, service.key.service, service.running, service.desired),
            (Self::FindingsNew, Trouble::Findings { finding, count }) if finding.workflow == Workflow::New => {
                let times = if *count > 1 { format!("  ×{count}") } else { String::new() };
                format!("{} {}{times}", finding.severity.as_str(), finding.title)
            }
            (Self::WafSpike, Trouble::WafSpike { acl, spike }) => {
                let factor = spike.factor.map(|factor| format!("  ×{factor:.0}")).unwrap_or_default();
                format!("{}{factor}", acl.key.name)
            }
            _ => return None,
        };
        Some(clean(&name, LONGEST_NAME))
    }

    /// Says why it cannot be looked everywhere.
    fn obstacles(self, board: &Board<'_>) -> Vec<String> {
        let is_needed = |panel: &Panel| self.panels().contains(panel);
        let told = |(_, failure): &(Panel, &Failure)| match &failure.kind {
            FailureKind::Denied { missing_action } => clean(missing_action, LONGEST_NAME),
            kind => format!("{} {}", kind.name(), failure.action).trim_end().to_owned(),
        };
        let mut why: Vec<String> = board.failures.iter().filter(|(panel, _)| is_needed(panel)).map(told).collect();
        // What was denied was not read either, and that is said.
        let is_told = |panel: &Panel| board.failures.iter().any(|(failed, _)| failed == panel);
        if board.unread.iter().any(|panel| is_needed(panel) && !is_told(panel)) {
            why.push("unread".to_owned());
        }
        why.sort();
        why.dedup();
        why
    }
}
