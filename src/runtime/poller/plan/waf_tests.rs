use std::sync::Arc;

use super::{
    super::{
        book::{RulesRead, ScopeRead},
        samples::{at, failure, web_acl},
    },
    tests::{connected, job},
    *,
};
use crate::{
    aws::{LoggingOf, Paged, WebAcls},
    domain::{
        fetch::FailureKind,
        waf::{Logging, Scope, WebAclKey},
    },
};

fn listed(scope: Scope, names: &[&str]) -> ScopeRead {
    let acls = names.iter().map(|name| Arc::new(web_acl(scope, name, at(0)))).collect();
    let acls = WebAcls { scope, acls: Paged { items: acls, capped: false }, unread: Vec::new() };
    ScopeRead { scope, acls: Some(acls), failures: Vec::new(), logging: Some(Ok(LoggingOf::new())) }
}

/// A book of both scopes, with web ACLs of these names in the regional one.
fn reading(names: &[&str]) -> Book {
    let mut book = connected();
    book.waf.reads(&Scope::ALL);
    book.waf.take(listed(Scope::Regional, names), at(0));
    book.waf.take(listed(Scope::CloudFront, &[]), at(0));
    book
}

fn key(name: &str) -> WebAclKey {
    WebAclKey { scope: Scope::Regional, name: name.to_owned() }
}

fn looking_at(name: &str) -> Interest {
    Interest { focused: true, open_web_acl: Some(key(name)), ..Interest::default() }
}

fn scopes(book: &Book, second: i64) -> Vec<(Scope, bool)> {
    match job(book, &Interest::default(), second, Lane::Waf) {
        Some(Job::Waf(scopes)) => scopes,
        _ => Vec::new(),
    }
}

#[test]
fn scopes_are_listed_every_five_minutes_and_empty_ones_rarely() {
    let mut book = connected();
    assert!(scopes(&book, 0).is_empty());
    book.waf.reads(&Scope::ALL);
    assert_eq!(scopes(&book, 0), [(Scope::Regional, true), (Scope::CloudFront, true)]);
    let book = reading(&["shop"]);
    assert!(scopes(&book, 250).is_empty());
    assert_eq!(scopes(&book, 331), [(Scope::Regional, false)]);
    assert_eq!(scopes(&book, 1_981), [(Scope::Regional, true), (Scope::CloudFront, true)]);
}

#[test]
fn a_new_web_acl_is_asked_where_it_logs_to() {
    let mut book = reading(&["shop"]);
    book.waf.take(ScopeRead { logging: None, ..listed(Scope::Regional, &["shop", "new"]) }, at(300));
    assert_eq!(scopes(&book, 631), [(Scope::Regional, true)]);
}

#[test]
fn a_scope_that_fails_keeps_what_it_had_and_the_other_goes_on() {
    let mut book = reading(&["shop"]);
    let failed = |kind| ScopeRead { scope: Scope::Regional, acls: None, failures: vec![failure(kind)], logging: None };
    book.waf.take(failed(FailureKind::Throttled), at(300));
    book.waf.take(listed(Scope::CloudFront, &["cdn"]), at(300));
    let names: Vec<_> = book.waf.snapshot().acls.iter().map(|acl| acl.key.name.clone()).collect();
    assert_eq!(names, ["shop", "cdn"]);
    assert_eq!(book.waf.failures().len(), 1);
    // What failed in passing is due; what is denied is not, until it would be.
    assert_eq!(scopes(&book, 331), [(Scope::Regional, false)]);
    book.waf.take(failed(FailureKind::NotSubscribed), at(331));
    assert!(scopes(&book, 400).is_empty());
    assert_eq!(book.waf.failures()[0].kind, FailureKind::NotSubscribed);
}

#[test]
fn what_did_not_change_is_the_very_same_snapshot() {
    let mut book = reading(&["shop"]);
    let first = book.waf.snapshot();
    book.waf.take(listed(Scope::Regional, &["shop"]), at(30));
    assert!(Arc::ptr_eq(&first, &book.waf.snapshot()));
    assert_eq!(first.acls[0].logging, Logging::Off);
    book.waf.take(listed(Scope::Regional, &[]), at(40));
    assert!(book.waf.snapshot().acls.is_empty());
}

#[test]
fn rules_are_read_ten_at_a_time_and_what_fails_in_passing_again() {
    let mut book = reading(&[]);
    let names: Vec<String> = (0..15).map(|number| format!("acl-{number:02}")).collect();
    let mut read = listed(Scope::Regional, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let without = |acl: &Arc<WebAcl>| Arc::new(WebAcl { detail: None, ..(**acl).clone() });
    let acls = read.acls.as_mut().unwrap();
    acls.acls.items = acls.acls.items.iter().map(without).collect();
    acls.unread = acls.acls.items.clone();
    book.waf.take(read, at(0));
    let due = |book: &Book| match job(book, &Interest::default(), 0, Lane::Waf) {
        Some(Job::WafDetails(acls)) => acls,
        _ => Vec::new(),
    };
    let first = due(&book);
    assert_eq!(first.len(), 10);
    book.waf.take_details(&first, vec![failure(FailureKind::Throttled)]);
    assert_eq!(due(&book), first);
    let denied = failure(FailureKind::Denied { missing_action: "wafv2:GetWebACL".to_owned() });
    book.waf.take_details(&first, vec![denied]);
    let rest = due(&book);
    assert_eq!(rest.len(), 5);
    let full: Vec<_> = rest.iter().map(|acl| Arc::new(web_acl(Scope::Regional, &acl.key.name, at(0)))).collect();
    book.waf.take_details(&full, Vec::new());
    assert!(due(&book).is_empty());
    let read = book.waf.snapshot().acls.iter().filter(|acl| acl.detail.is_some()).count();
    assert_eq!(read, 5);
}

#[test]
fn baselines_are_read_ten_at_a_time_and_the_unknown_ones_at_once() {
    let names: Vec<String> = (0..25).map(|number| format!("acl-{number:02}")).collect();
    let mut book = reading(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let interest = Interest { focused: true, ..Interest::default() };
    let due = |book: &Book, second| match job(book, &interest, second, Lane::WafBaselines) {
        Some(Job::WafBaselines(acls)) => acls,
        _ => Vec::new(),
    };
    let mut counts = Vec::new();
    for _ in 0..3 {
        let acls = due(&book, 0);
        counts.push(acls.len());
        book.waf.baselines.extend(acls.iter().map(|acl| (acl.key.clone(), at(0))));
        book.lane_mut(Lane::WafBaselines).asked_at = Some(at(0));
    }
    assert_eq!(counts, [10, 10, 5]);
    assert!(due(&book, 250).is_empty());
    assert_eq!(due(&book, 331).len(), 10);
    assert_eq!(job(&book, &Interest::default(), 331, Lane::WafBaselines), None);
}

#[test]
fn the_open_web_acl_is_counted_first_and_then_sampled() {
    let mut book = reading(&["shop"]);
    let interest = looking_at("shop");
    assert_eq!(job(&book, &looking_at("gone"), 0, Lane::WafRules), None);
    assert!(matches!(job(&book, &interest, 0, Lane::WafRules), Some(Job::WafRules(..))));
    assert_eq!(job(&book, &interest, 0, Lane::WafSamples), None);
    book.waf.rules = Some(RulesRead { key: key("shop"), range: interest.range, at: at(0), traffic: None });
    assert_eq!(job(&book, &interest, 1, Lane::WafRules), None);
    let Some(Job::WafSamples(_, rules, _)) = job(&book, &interest, 1, Lane::WafSamples) else { panic!() };
    assert_eq!(rules, ["limit-metric"]);
    book.waf.samples = Some((key("shop"), interest.range, at(1)));
    assert_eq!(job(&book, &interest, 60, Lane::WafSamples), None);
    assert!(job(&book, &interest, 61, Lane::WafSamples).is_some());
    let unfocused = Interest { focused: false, ..interest };
    for lane in [Lane::WafRules, Lane::WafSamples, Lane::WafUse] {
        assert_eq!(job(&book, &unfocused, 600, lane), None);
    }
}

#[test]
fn what_is_protected_is_read_kind_by_kind_and_seldom() {
    let mut book = reading(&["shop"]);
    let interest = looking_at("shop");
    assert!(matches!(job(&book, &interest, 0, Lane::WafUse), Some(Job::WafLimited(_))));
    book.waf.used_mut(&key("shop")).take_limited(Vec::new(), None, at(0));
    let denied = failure(FailureKind::Denied { missing_action: "apprunner:X".to_owned() });
    for kind in 0..crate::aws::Connection::waf_resource_kinds(Scope::Regional) {
        let Some(Job::WafResources(_, asked)) = job(&book, &interest, 1, Lane::WafUse) else { panic!("{kind}") };
        assert_eq!(asked, kind);
        let used = book.waf.used_mut(&key("shop"));
        used.begin_kind(kind, at(1));
        // Before all were asked for, nothing found is not nothing there.
        assert_eq!(used.value().resources.is_some(), kind > 1);
        used.take_resources(kind, if kind == 1 { Ok(vec!["arn".to_owned()]) } else { Err(denied.clone()) });
    }
    let used = book.waf.used_mut(&key("shop"));
    assert_eq!((used.value().resources, used.failures().len()), (Some(vec!["arn".to_owned()]), 1));
    assert!(matches!(job(&book, &interest, 60, Lane::WafUse), Some(Job::WafLimited(_))));
    book.waf.used_mut(&key("shop")).take_limited(Vec::new(), None, at(600));
    assert!(matches!(job(&book, &interest, 601, Lane::WafUse), Some(Job::WafResources(_, 0))));
}
