//! Which troubles a runbook answers: `alarm:5xx`, `service:unsteady`, `waf:spike`, `finding:GuardDuty`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::alarm::{Alarm, Watches};
use crate::domain::fetch::Panel;
use crate::domain::finding::Finding;
use crate::domain::queue::{Item, Trouble};

/// The longest word of a signal, in characters.
const LONGEST_WORD: usize = 60;

/// A trouble that a runbook answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Signal {
    /// An alarm in the state ALARM; with a word, only one whose name or metric holds it.
    Alarm(Option<String>),
    /// A service whose rollout fails or takes long, or that runs fewer tasks than it should.
    ServiceUnsteady,
    /// A service whose rollout fails or takes long.
    ServiceRollout,
    /// A service that runs fewer tasks than it should.
    ServiceShort,
    /// A web ACL that blocks far more than usual.
    WafSpike,
    /// A finding that is to be dealt with; with a word, only one whose product, control, types, resources or title hold it.
    Finding(Option<String>),
    /// Nobody can say who is asking: the identity cannot be verified, or its credentials end.
    Identity,
}

impl Signal {
    /// Lists how a signal is written, with `WORD` for a word of one's own.
    pub const FORMS: [&'static str; 9] = [
        "alarm",
        "alarm:WORD",
        "service:unsteady",
        "service:rollout",
        "service:short",
        "waf:spike",
        "finding",
        "finding:WORD",
        "identity",
    ];

    /// Reads a signal as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let word = |word: &str| {
            let is_word = !word.is_empty()
                && word.trim() == word
                && word.chars().count() <= LONGEST_WORD
                && crate::domain::text::clean(word, LONGEST_WORD) == word;
            is_word.then(|| Some(word.to_owned()))
        };
        match text.split_once(':') {
            None => match text {
                "alarm" => Some(Self::Alarm(None)),
                "finding" => Some(Self::Finding(None)),
                "identity" => Some(Self::Identity),
                _ => None,
            },
            Some(("alarm", rest)) => word(rest).map(Self::Alarm),
            Some(("finding", rest)) => word(rest).map(Self::Finding),
            Some(("service", "unsteady")) => Some(Self::ServiceUnsteady),
            Some(("service", "rollout")) => Some(Self::ServiceRollout),
            Some(("service", "short")) => Some(Self::ServiceShort),
            Some(("waf", "spike")) => Some(Self::WafSpike),
            Some(_) => None,
        }
    }

    /// Tells whether a trouble is one that it names.
    pub fn is_of(&self, trouble: &Trouble) -> bool {
        match (self, trouble) {
            (Self::Alarm(word), Trouble::Alarm { alarm }) => word.as_ref().is_none_or(|word| speaks_of(alarm, word)),
            (Self::ServiceUnsteady | Self::ServiceRollout, Trouble::Rollout { .. } | Trouble::LongRollout { .. })
            | (Self::ServiceUnsteady | Self::ServiceShort, Trouble::Short { .. })
            | (Self::WafSpike, Trouble::WafSpike { .. })
            | (Self::Identity, Trouble::Blind { panel: Panel::Identity, .. } | Trouble::Credentials { .. }) => true,
            (Self::Finding(word), Trouble::Findings { finding, .. }) => {
                word.as_ref().is_none_or(|word| is_about(finding, word))
            }
            _ => false,
        }
    }
}

/// Says that a text is no signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no trouble is called so")]
pub struct NoSignal;

impl TryFrom<String> for Signal {
    type Error = NoSignal;

    fn try_from(text: String) -> Result<Self, NoSignal> {
        Self::parse(&text).ok_or(NoSignal)
    }
}

impl From<Signal> for String {
    fn from(signal: Signal) -> String {
        signal.to_string()
    }
}

impl fmt::Display for Signal {
    /// Writes it as it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm(None) => f.write_str("alarm"),
            Self::Alarm(Some(word)) => write!(f, "alarm:{word}"),
            Self::ServiceUnsteady => f.write_str("service:unsteady"),
            Self::ServiceRollout => f.write_str("service:rollout"),
            Self::ServiceShort => f.write_str("service:short"),
            Self::WafSpike => f.write_str("waf:spike"),
            Self::Finding(None) => f.write_str("finding"),
            Self::Finding(Some(word)) => write!(f, "finding:{word}"),
            Self::Identity => f.write_str("identity"),
        }
    }
}

/// Says how well signals answer a row of the queue: by what it is about best, then by what else it holds.
pub(super) fn fit(signals: &[Signal], item: &Item) -> Option<usize> {
    let of = |trouble: &Trouble| signals.iter().any(|signal| signal.is_of(trouble));
    std::iter::once(&item.trouble).chain(&item.also).position(of)
}

/// Tells whether an alarm's name or metric holds a word, however it is written.
fn speaks_of(alarm: &Alarm, word: &str) -> bool {
    let metric = match &alarm.watches {
        Watches::Metric(rule) => rule.metric.as_ref().map(|metric| metric.name.as_str()),
        Watches::Composite(_) => None,
    };
    holds(std::iter::once(alarm.name.as_str()).chain(metric), word)
}

fn is_about(finding: &Finding, word: &str) -> bool {
    let own = [finding.product.as_str(), &finding.control, &finding.title, &finding.generator];
    let kinds = finding.resources.iter().map(|resource| resource.kind.as_str());
    holds(own.into_iter().chain(finding.types.iter().map(String::as_str)).chain(kinds), word)
}

fn holds<'t>(texts: impl IntoIterator<Item = &'t str>, word: &str) -> bool {
    let word = word.to_lowercase();
    texts.into_iter().any(|text| text.to_lowercase().contains(&word))
}
