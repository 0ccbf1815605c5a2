//! What web ACLs, Security Hub and its findings must keep to.

use std::collections::HashSet;

use toml::Spanned;

use super::{Checked, Problem, must};
use crate::simulator::clock::{MINUTE, SECOND};
use crate::simulator::scenario::model::{
    AccountFile, AttackFile, FindingFile, RuleAction, ScenarioFile, StepFile, WafRuleFile, WafScope, WebAclFile,
};
use crate::simulator::scenario::{find_finding, find_web_acl};
use crate::simulator::world::{ASFF_MEMBERS, known_control, managed_group};

/// Where web ACLs for CloudFront live.
pub const GLOBAL_REGION: &str = "us-east-1";

/// Checks an account's web ACLs, hub and findings.
pub fn check_account(account: &AccountFile, at: usize) -> Checked {
    let known = |region: &Option<String>| {
        region.as_ref().is_none_or(|region| account.regions.contains(region) || region == GLOBAL_REGION)
    };
    let mut names = HashSet::new();
    for acl in &account.web_acl {
        let (at, one) = (acl.span().start, acl.get_ref());
        must(known(&one.region), at, || "a web ACL's region must be one of the account's".to_owned())?;
        must(one.region.is_none() || one.scope == WafScope::Regional, at, || {
            format!("a web ACL for CloudFront lives in {GLOBAL_REGION} and names no region")
        })?;
        must(names.insert(&one.name), at, || format!("the web ACL `{}` is there twice", one.name))?;
        check_web_acl(one, at)?;
    }
    let linked = account.hub.linked.iter().chain(&account.hub.aggregation);
    let there = linked.into_iter().all(|region| known(&Some(region.clone())));
    must(there, at, || "the hub's `aggregation` and `linked` must be regions of the account".to_owned())?;
    let mut names = HashSet::new();
    for finding in &account.finding {
        let (at, one) = (finding.span().start, finding.get_ref());
        must(known(&one.region), at, || "a finding's region must be one of the account's".to_owned())?;
        let fresh = one.name.as_ref().is_none_or(|name| names.insert(name));
        must(fresh, at, || format!("there are two findings `{}`", one.name.clone().unwrap_or_default()))?;
        check_finding(one, at)?;
    }
    Ok(())
}

fn check_web_acl(one: &WebAclFile, at: usize) -> Checked {
    // <https://docs.aws.amazon.com/waf/latest/APIReference/API_WebACL.html>
    let word = |text: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=128).contains(&text.len()) && text.chars().all(good)
    };
    must(word(&one.name), at, || format!("`{}` is no name of a web ACL: it has letters, digits, - and _", one.name))?;
    must(one.requests.is_finite() && one.requests >= 0.0, at, || "`requests` must not be negative".to_owned())?;
    let (mut names, mut priorities) = (HashSet::new(), HashSet::new());
    for (place, rule) in one.rule.iter().enumerate() {
        let (at, rule) = (rule.span().start, rule.get_ref());
        must(word(&rule.name), at, || format!("`{}` is no name of a rule", rule.name))?;
        must(names.insert(&rule.name), at, || format!("the rule `{}` is there twice", rule.name))?;
        let priority = rule.priority.map_or(place, |priority| priority as usize);
        must(priorities.insert(priority), at, || format!("two rules have the priority {priority}"))?;
        check_rule(rule, at)?;
    }
    Ok(())
}

fn check_rule(rule: &WafRuleFile, at: usize) -> Checked {
    let kinds = [
        rule.managed.is_some(),
        rule.rate.is_some(),
        !rule.geo.is_empty(),
        !rule.outside.is_empty(),
        rule.ip_set.is_some(),
        rule.uri.is_some(),
    ];
    must(kinds.iter().filter(|there| **there).count() == 1, at, || {
        format!("the rule `{}` needs exactly one of managed, rate, geo, outside, ip_set, uri", rule.name)
    })?;
    if let Some(name) = &rule.managed {
        must(managed_group(name).is_some(), at, || format!("there is no managed group `{name}` here"))?;
        must(matches!(rule.action, RuleAction::Block | RuleAction::Count), at, || {
            "a managed group does what its rules do, or only counts: `action` is block or count".to_owned()
        })?;
    }
    must(rule.rate.is_none_or(|limit| (10..=2_000_000_000).contains(&limit)), at, || {
        "`rate` must be from 10 to 2000000000".to_owned()
    })?;
    let window = rule.window.is_none_or(|window| [1, 2, 5, 10].map(|n| n * MINUTE).contains(&window.millis()));
    must(window, at, || "`window` is one of 1m, 2m, 5m and 10m".to_owned())?;
    must(rule.rate.is_some() || (rule.window.is_none() && rule.path.is_none()), at, || {
        "only a rule with a `rate` has a `window` and a `path`".to_owned()
    })?;
    must(rule.managed.is_some() || rule.version.is_none(), at, || "only a managed group has a `version`".to_owned())?;
    let countries = rule.geo.iter().chain(&rule.outside);
    must(countries.into_iter().all(|code| is_country(code)), at, || "a country has two capital letters".to_owned())?;
    must(rule.usual.is_finite() && rule.usual >= 0.0, at, || "`usual` must not be negative".to_owned())
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn check_finding(one: &FindingFile, at: usize) -> Checked {
    let known = one.control.as_deref().is_some_and(|control| known_control(control).is_some());
    must(known || one.title.as_ref().is_some_and(|title| !title.is_empty()), at, || {
        "a finding needs a `title`, or a `control` that is known".to_owned()
    })?;
    let unknown = one.omit.iter().find(|name| !ASFF_MEMBERS.contains(&name.as_str()));
    must(unknown.is_none(), at, || {
        format!("`{}` is no member of a finding that can be left out", unknown.cloned().unwrap_or_default())
    })?;
    must(one.times >= 1 && one.count != Some(0), at, || "`times` and `count` are 1 at least".to_owned())?;
    must(one.normalized.is_none_or(|number| (0..=100).contains(&number)), at, || {
        "`normalized` must be from 0 to 100".to_owned()
    })?;
    must(one.seen.is_none_or(|seen| seen.millis() >= SECOND), at, || "`seen` is at least 1s".to_owned())
}

/// Checks the steps that have to do with them.
pub fn check_step(file: &ScenarioFile, step: &StepFile, at: usize) -> Checked {
    let place = |found: Result<(usize, usize), String>| found.map_err(|message| Problem { at, message });
    if let Some(one) = &step.attack {
        let (account, acl) = place(find_web_acl(file, one.account.as_deref(), &one.web_acl))?;
        let acl = file.account.get(account).and_then(|account| account.get_ref().web_acl.get(acl));
        check_attack(one, acl.map(Spanned::get_ref), at)?;
    }
    if let Some(one) = &step.delete {
        place(find_web_acl(file, one.account.as_deref(), &one.web_acl))?;
    }
    if let Some(one) = &step.finding {
        place(find_finding(file, one.account.as_deref(), &one.name))?;
        must(one.appears || one.resolved || one.workflow.is_some() || one.severity.is_some(), at, || {
            "a finding appears, is resolved, or has another workflow or severity".to_owned()
        })?;
    }
    Ok(())
}

fn check_attack(one: &AttackFile, acl: Option<&WebAclFile>, at: usize) -> Checked {
    must(!one.rules.is_empty(), at, || "an attack needs `rules` that match it".to_owned())?;
    let has = |name: &str| acl.is_some_and(|acl| acl.rule.iter().any(|rule| rule.get_ref().name == name));
    let unknown = one.rules.iter().find(|name| !has(name));
    must(unknown.is_none(), at, || {
        format!("the web ACL `{}` has no rule `{}`", one.web_acl, unknown.cloned().unwrap_or_default())
    })?;
    must(one.requests.is_finite() && one.requests > 0.0, at, || "`requests` must be more than 0".to_owned())?;
    must(one.over.millis() >= 0 && one.lasts.is_none_or(|lasts| lasts.millis() >= 0), at, || {
        "`over` and `for` must not be negative".to_owned()
    })?;
    must(one.countries.iter().all(|code| is_country(code)), at, || "a country has two capital letters".to_owned())?;
    let address = |text: &String| text.parse::<std::net::IpAddr>().is_ok();
    must(one.addresses.iter().all(address), at, || "`addresses` are IP addresses".to_owned())
}
