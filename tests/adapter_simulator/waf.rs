//! Web ACLs, as they are read and as a poller tells of them.

use std::sync::Arc;

use jiff::SignedDuration;
use sekisho::{
    aws::{Connection, Now, Shared},
    domain::{
        fetch::{FailureKind, Panel},
        metric::Range,
        waf::{
            ALL_RULES, DEFAULT_ACTION, Logging, Outcome, RuleKind, RuleTraffic, Samples, Scope, WafSnapshot, WebAclKey,
            WebAclUse, lines, spike,
        },
    },
    runtime::poller::PollCommand,
    simulator::{Fault, FaultKind},
    state::event::Report,
};

use super::support::{Scene, failure, last, plan};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A web ACL before a balancer that is attacked from the start on, one more, and one before CloudFront.
const ATTACKED: &str = r#"
name = "attacked"
seed = 5
backfill = "72h"
[[environment]]
name = "prd"
kind = "prd"
account = "111122223333"
[[account]]
id = "111122223333"
name = "shop"
[[account.service]]
cluster = "shop"
name = "web"
desired = 1
image = "web:v1"
balancer = "front"
[[account.web_acl]]
name = "shop-waf"
metric = "shop-metrics"
requests = 1200
logging = "aws-waf-logs-shop"
resources = ["front"]
[[account.web_acl.rule]]
name = "Sql"
metric = "SqlMetric"
managed = "AWSManagedRulesSQLiRuleSet"
[[account.web_acl.rule]]
name = "Rate"
metric = "RateMetric"
rate = 1000
[[account.web_acl.rule]]
name = "Abroad"
outside = ["JP"]
action = "count"
usual = 20
[[account.web_acl.rule]]
name = "Never"
uri = "/never"
[[account.web_acl]]
name = "other"
[[account.web_acl]]
name = "cdn"
scope = "cloudfront"
requests = 600
[[account.web_acl.rule]]
name = "Sql"
managed = "AWSManagedRulesSQLiRuleSet"
usual = 2
[[step]]
at = "1m"
attack = { web_acl = "shop-waf", rules = ["Sql", "Rate"], requests = 3000, countries = ["CN"], addresses = ["203.0.113.9", "2001:db8::9"], uris = ["/login?id=1%27--"], agent = "sqlmap/1.9", over = "10s" }
[[step]]
at = "40m"
delete = { web_acl = "other" }
"#;

fn key(name: &str) -> WebAclKey {
    WebAclKey { scope: Scope::Regional, name: name.to_owned() }
}

fn snapshot(report: &Report) -> Option<Arc<WafSnapshot>> {
    if let Report::Waf(snapshot) = report { Some(Arc::clone(snapshot)) } else { None }
}

fn names(snapshot: &WafSnapshot) -> Vec<&str> {
    snapshot.acls.iter().map(|acl| acl.key.name.as_str()).collect()
}

#[tokio::test]
async fn both_scopes_are_read_with_their_rules_and_logs() {
    let scene = Scene::text(ATTACKED);
    let scene = scene.await;
    let connection = scene.connect().await;
    let read = connection.waf().await;
    assert_eq!(read.failures, []);
    assert_eq!(names(&read.value), ["other", "shop-waf", "cdn"]);
    let shop = read.value.find(&key("shop-waf")).unwrap();
    let detail = shop.detail.as_ref().unwrap();
    assert_eq!((detail.metric.as_str(), detail.default_action.as_str()), ("shop-metrics", "Allow"));
    let rules: Vec<_> = detail.rules.iter().map(|rule| (rule.name.as_str(), rule.action.as_str())).collect();
    assert_eq!(rules, [("Sql", "Group"), ("Rate", "Block"), ("Abroad", "Count"), ("Never", "Block")]);
    assert!(matches!(&detail.rules[0].kind, RuleKind::Managed { vendor, .. } if vendor == "AWS"));
    assert!(matches!(&detail.rules[1].kind, RuleKind::RateLimit { limit: 1_000, window: 300, by } if by == "IP"));
    assert!(matches!(&detail.rules[2].kind, RuleKind::Geo { except: true, .. }));
    assert!(matches!(&shop.logging, Logging::On(places) if places.len() == 1), "{:?}", shop.logging);
    assert_eq!(read.value.acls[0].logging, Logging::Off);
    let cdn = &read.value.acls[2];
    assert_eq!((cdn.key.scope, cdn.region.as_str()), (Scope::CloudFront, "us-east-1"));
    // Nothing changed: the lock tokens say so, and no rules are read again.
    let calls = scene.simulator.calls().of("wafv2:GetWebACL");
    assert_eq!(calls, 3);
    assert_eq!(connection.waf().await.value.acls.len(), 3);
    assert_eq!(scene.simulator.calls().of("wafv2:GetWebACL"), calls);
}

#[tokio::test]
async fn only_one_connection_reads_what_is_before_cloudfront() {
    let scene = Scene::text(ATTACKED).await;
    let plan = sekisho::aws::ConnectionPlan { cloudfront: false, ..plan(&scene.simulator) };
    let connection = Connection::open(plan, Shared::new(Now::default())).await.unwrap();
    assert_eq!(names(&connection.waf().await.value), ["other", "shop-waf"]);
}

#[tokio::test]
async fn a_web_acl_that_is_deleted_between_two_calls_is_a_row_without_rules() {
    let scene = Scene::text(ATTACKED).await;
    let connection = scene.connect().await;
    let listed = connection.web_acls(Scope::Regional).await.unwrap();
    assert_eq!(listed.unread.len(), 2);
    scene.advance(SignedDuration::from_mins(41));
    let read = connection.web_acl_details(&listed.unread).await;
    assert_eq!(read.failures, []);
    let detail = |name: &str| read.value.iter().find(|acl| acl.key.name == name).unwrap().detail.is_some();
    assert_eq!((detail("other"), detail("shop-waf")), (false, true));
    assert_eq!(connection.web_acls(Scope::Regional).await.unwrap().acls.items.len(), 1);
}

#[tokio::test]
async fn a_poller_tells_of_web_acls_and_of_what_it_may_not_read() {
    let mut scene = Scene::text(ATTACKED).await;
    scene.simulator.inject(Fault::new(FaultKind::Deny, "wafv2:GetWebACL"));
    let events = scene.rig().settle().await;
    let read = last(&events, snapshot).unwrap();
    assert_eq!(names(&read), ["other", "shop-waf", "cdn"]);
    assert!(read.acls.iter().all(|acl| acl.detail.is_none()));
    let denied = FailureKind::Denied { missing_action: "wafv2:GetWebACL".to_owned() };
    assert_eq!(failure(&events, Panel::Waf).map(|failure| failure.kind), Some(denied));
    let before = scene.simulator.calls().of("wafv2:GetWebACL");
    scene.pass(SignedDuration::from_mins(12), SECOND * 60).await;
    assert_eq!(scene.simulator.calls().of("wafv2:GetWebACL"), before);
    scene.simulator.clear_faults();
    scene.rig().commands.send(PollCommand::ForgetDenials).await.unwrap();
    let events = scene.rig().settle().await;
    assert!(last(&events, snapshot).unwrap().acls.iter().all(|acl| acl.detail.is_some()));
    assert_eq!(failure(&events, Panel::Waf), None);
}

#[tokio::test]
async fn a_scope_that_fails_leaves_the_other() {
    let mut scene = Scene::text(ATTACKED).await;
    let mut elsewhere = Fault::new(FaultKind::Deny, "wafv2:*");
    elsewhere.region = Some("us-east-1".to_owned());
    scene.simulator.inject(elsewhere);
    let events = scene.rig().settle().await;
    assert_eq!(names(&last(&events, snapshot).unwrap()), ["other", "shop-waf"]);
    assert_eq!(failure(&events, Panel::Waf).map(|failure| failure.kind.name()), Some("denied"));
    scene.simulator.clear_faults();
    scene.rig().commands.send(PollCommand::ForgetDenials).await.unwrap();
    let events = scene.rig().settle().await;
    assert_eq!(names(&last(&events, snapshot).unwrap()), ["other", "shop-waf", "cdn"]);
    let listed = scene.simulator.calls().of("wafv2:ListWebACLs");
    scene.pass(SignedDuration::from_mins(5), SECOND * 30).await;
    let again = scene.simulator.calls().of("wafv2:ListWebACLs") - listed;
    assert!((1..=2).contains(&again), "{again}");
}

#[tokio::test]
async fn an_attack_shows_as_a_spike_and_in_the_rules() {
    let mut scene = Scene::text(ATTACKED).await;
    scene.rig().settle().await;
    scene.rig().look(|interest| interest.open_web_acl = Some(key("shop-waf")));
    let events = scene.pass(SignedDuration::from_mins(12), SECOND * 20).await;
    let now = scene.now();
    let baselines = last(&events, |report| match report {
        Report::WafBaselines(baselines) => Some(baselines.clone()),
        _ => None,
    });
    let baselines = baselines.unwrap();
    // All three in one round, two of them from this region and one from us-east-1.
    assert_eq!(baselines.len(), 3);
    let series = &baselines.iter().find(|(acl, _)| *acl == key("shop-waf")).unwrap().1;
    let found = spike(&series.points, now - SignedDuration::from_hours(70), now).unwrap();
    assert!(found.now > 1_000.0 && found.factor.is_none_or(|factor| factor > 10.0), "{found:?}");
    assert!(now.duration_since(found.since) <= SignedDuration::from_mins(15) && found.days == 2, "{found:?}");
    let traffic: Arc<RuleTraffic> = last(&events, |report| match report {
        Report::WafRules(acl, traffic) if *acl == key("shop-waf") => Some(Arc::clone(traffic)),
        _ => None,
    })
    .unwrap();
    assert!(!traffic.partial);
    assert!(traffic.sum(ALL_RULES, Outcome::Blocked) > 5_000.0);
    assert!(traffic.sum(DEFAULT_ACTION, Outcome::Allowed) > 10_000.0);
    let acl = scene.connect().await.waf().await.value.find(&key("shop-waf")).cloned().unwrap();
    let detail = acl.detail.as_ref().unwrap();
    let shown = lines(detail, &traffic);
    assert!(shown[0].sum(Outcome::Blocked) > 0.0 && shown[0].share > Some(0.1), "{shown:?}");
    assert!(shown[2].sum(Outcome::Counted) > 0.0 && shown[3].silence.is_some());
    let samples: Arc<Samples> = last(&events, |report| match report {
        Report::WafSamples(_, samples) => Some(Arc::clone(samples)),
        _ => None,
    })
    .unwrap();
    // What counts nothing is not asked for samples.
    assert!(!samples.rules.iter().any(|rule| rule == "Never"), "{:?}", samples.rules);
    assert!(samples.requests.iter().any(|request| request.address == "203.0.113.9" && request.country == "CN"));
    assert!(samples.requests.windows(2).all(|pair| pair[0].at >= pair[1].at));
    assert!(samples.requests.len() <= 2_000 && samples.population > 0);
    assert!(
        samples
            .requests
            .iter()
            .any(|request| request.header("user-agent").is_some_and(|agent| agent.contains("sqlmap")))
    );
}

#[tokio::test]
async fn what_a_web_acl_protects_and_whom_it_blocks_is_read_while_it_is_open() {
    let mut scene = Scene::text(ATTACKED).await;
    scene.rig().settle().await;
    scene.pass(SignedDuration::from_mins(6), SECOND * 120).await;
    assert_eq!(scene.simulator.calls().of("wafv2:ListResourcesForWebACL"), 0);
    scene.rig().look(|interest| interest.open_web_acl = Some(key("shop-waf")));
    let mut events = scene.rig().settle().await;
    events.extend(scene.pass(SignedDuration::from_mins(5), SECOND * 30).await);
    let used: Arc<WebAclUse> = last(&events, |report| match report {
        Report::WafUse(_, used) => Some(Arc::clone(used)),
        _ => None,
    })
    .unwrap();
    let resources = used.resources.as_ref().unwrap();
    assert!(matches!(&resources[..], [arn] if arn.contains(":loadbalancer/app/front/")), "{resources:?}");
    let [limited] = &used.limited[..] else { panic!("{used:?}") };
    assert_eq!(limited.rule, "Rate");
    assert!(limited.addresses.iter().any(|address| address == "203.0.113.9/32"), "{limited:?}");
    let calls = scene.simulator.calls();
    assert_eq!(calls.of("wafv2:ListResourcesForWebACL"), Connection::waf_resource_kinds(Scope::Regional) as u64);
    assert!((4..=7).contains(&calls.of("wafv2:GetRateBasedStatementManagedKeys")), "{calls:?}");
}

#[tokio::test]
async fn a_rule_that_fails_does_not_hide_the_samples_of_others() {
    let scene = Scene::text(ATTACKED).await;
    scene.advance(SignedDuration::from_mins(10));
    let connection = scene.connect().await;
    let acl = connection.waf().await.value.find(&key("shop-waf")).cloned().unwrap();
    let rules = ["SqlMetric", "no-such-rule", "RateMetric"].map(str::to_owned);
    scene.simulator.inject(Fault::new(FaultKind::Status, "wafv2:GetSampledRequests").times(3));
    let read = connection.waf_samples(&acl, &rules, Range::Week).await;
    assert!(!read.failures.is_empty());
    assert!(!read.value.requests.is_empty(), "{:?}", read.failures);
    // Three hours are all that WAF keeps.
    let (from, to) = (read.value.from.unwrap(), read.value.to.unwrap());
    assert!(to.duration_since(from) <= SignedDuration::from_hours(3));
}
