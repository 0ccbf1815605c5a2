//! The words for a rule of a web ACL.

use jiff::SignedDuration;

use crate::domain::waf::{RuleKind, Silence};
use crate::i18n::Texts;
use crate::t;

use super::age;

/// Returns why nothing was counted of a rule.
pub fn silence(texts: Texts, silence: Silence) -> &'static str {
    match silence {
        Silence::MetricsOff => t!(texts, "screens.waf.silence-off"),
        Silence::UnderItsName => t!(texts, "screens.waf.silence-name"),
        Silence::Nothing => t!(texts, "screens.waf.silence"),
    }
}

/// Returns what a rule looks at.
pub fn rule_kind(texts: Texts, kind: &RuleKind) -> String {
    match kind {
        RuleKind::Managed { vendor, name } => format!("{vendor} {name}"),
        RuleKind::Group(name) => t!(texts, "screens.waf.kind-group", name = name),
        RuleKind::RateLimit { limit, window, by } => {
            let window = age(texts, SignedDuration::from_secs(i64::from(*window)));
            t!(texts, "screens.waf.kind-rate", limit = limit, window = window, by = by)
        }
        RuleKind::Geo { countries, except: false } => {
            t!(texts, "screens.waf.kind-geo", countries = countries.join(" "))
        }
        RuleKind::Geo { countries, except: true } => {
            t!(texts, "screens.waf.kind-geo-except", countries = countries.join(" "))
        }
        RuleKind::IpSet(name) => t!(texts, "screens.waf.kind-ip-set", name = name),
        RuleKind::Other(name) => name.clone(),
    }
}
