//! Web ACLs, findings, the fleet, and the queue over all of them.

use std::sync::Arc;

use rstest::rstest;
use sekisho::command::Command;
use sekisho::domain::alarm::AlarmState;
use sekisho::domain::environment::Kind;
use sekisho::domain::fetch::{FailureKind, Panel, SourceId};
use sekisho::domain::finding::{Finding, FindingsSnapshot};
use sekisho::domain::metric::Range;
use sekisho::domain::queue::{Item, Place, Seen, Severity, Sighting, Subject, Trouble, rank};
use sekisho::domain::waf::{Logging, Scope, Silence, Spike, WafSnapshot};
use sekisho::state::event::{Effect, Event, Report};
use sekisho::state::findings::Grouping;
use sekisho::state::fleet::Concern;
use sekisho::state::interest::interest;
use sekisho::state::update::update;
use sekisho::state::waf::MOST_CHARTED;
use sekisho::state::{Screen, State};

use super::support::security::{self, baseline, finding, web_acl};
use super::support::{ago, alarm, alarms, bad_morning, besieged, empty, failure, identity, metric, now, report};

fn press(state: &mut State, commands: &[Command]) -> Vec<Effect> {
    commands.iter().flat_map(|command| update(state, Event::Command(*command))).collect()
}

fn place(kind: Kind) -> Place {
    Place { environment: None, kind }
}

fn ranked<'a>(seen: impl IntoIterator<Item = (usize, Kind, Seen<'a>)>) -> Vec<Item> {
    let sighting = |(source, kind, seen)| Sighting { source: SourceId(source), place: place(kind), seen };
    rank(seen.into_iter().map(sighting), now())
}

fn spike(minutes: i64) -> Spike {
    Spike { now: 140.0, usual: 10.0, factor: Some(14.0), days: 7, since: ago(minutes) }
}

fn found(number: usize, severity: &str, workflow: &str) -> Arc<Finding> {
    Arc::new(finding(number, severity, workflow, "GuardDuty", &format!("Title {number}")))
}

#[rstest]
#[case("CRITICAL", "NEW", Kind::Prd, Some(Severity::Critical))]
#[case("CRITICAL", "NEW", Kind::Stg, Some(Severity::High))]
#[case("CRITICAL", "NOTIFIED", Kind::Prd, Some(Severity::High))]
#[case("HIGH", "NEW", Kind::Prd, Some(Severity::High))]
#[case("HIGH", "NOTIFIED", Kind::Prd, Some(Severity::Medium))]
#[case("HIGH", "NEW", Kind::Dev, Some(Severity::Low))]
#[case("EMERGENCY", "ESCALATED", Kind::Prd, Some(Severity::High))]
#[case("MEDIUM", "NEW", Kind::Prd, None)]
#[case("CRITICAL", "RESOLVED", Kind::Prd, None)]
#[case("CRITICAL", "SUPPRESSED", Kind::Prd, None)]
fn a_finding_weighs_by_severity_workflow_and_kind(
    #[case] severity: &str,
    #[case] workflow: &str,
    #[case] kind: Kind,
    #[case] weight: Option<Severity>,
) {
    let one = found(1, severity, workflow);
    let items = ranked([(0, kind, Seen::Finding(&one))]);
    assert_eq!(items.first().map(|item| item.severity), weight);
}

#[test]
fn an_archived_finding_needs_nobody() {
    let mut one = finding(1, "CRITICAL", "NEW", "GuardDuty", "gone");
    one.active = false;
    assert!(ranked([(0, Kind::Prd, Seen::Finding(&Arc::new(one)))]).is_empty());
}

#[test]
fn the_same_finding_of_two_accounts_is_one_row_and_a_cause_gathers_its_findings() {
    let control = |number| {
        let mut one = finding(number, "HIGH", "NEW", "Security Hub", "Buckets");
        "S3.8".clone_into(&mut one.control);
        Arc::new(one)
    };
    let (one, two, three) = (control(1), control(2), control(3));
    let seen = [(0, &one), (1, &one), (0, &two), (0, &three)];
    let items = ranked(seen.map(|(source, finding)| (source, Kind::Prd, Seen::Finding(finding))));
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].breadth(), 3);
    let Trouble::Findings { finding, count } = &items[0].trouble else { panic!("{items:?}") };
    assert_eq!((finding.key == one.key, *count), (true, 3), "the newest of them stands for all");
}

#[test]
fn an_alarm_on_the_web_acl_is_of_the_same_trouble_as_its_spike() {
    let acl = Arc::new(web_acl(Scope::Regional, "shop-prd", Logging::Off));
    let watches = |acl: &str| {
        let mut watches = metric("BlockedRequests", &[("WebACL", acl), ("Rule", "ALL")]);
        "AWS/WAFV2".clone_into(&mut watches.namespace);
        watches
    };
    let own = Arc::new(alarm("blocks", AlarmState::Alarm, 5, watches("shop-prd-waf")));
    let other = Arc::new(alarm("other", AlarmState::Alarm, 5, watches("another")));
    let items = ranked([
        (0, Kind::Prd, Seen::Alarm(&own)),
        (0, Kind::Prd, Seen::Alarm(&other)),
        (0, Kind::Prd, Seen::WebAcl(&acl, Some(spike(9)))),
    ]);
    let told: Vec<_> = items.iter().map(|item| (matches!(item.subject, Subject::WebAcl(..)), item.breadth())).collect();
    assert_eq!(told, [(false, 1), (true, 2)], "what began later stands first");
    assert!(ranked([(0, Kind::Prd, Seen::WebAcl(&acl, None))]).is_empty());
}

#[test]
fn the_queue_opens_each_row_at_its_object() {
    let mut state = besieged();
    let subjects: Vec<_> = state.overview.items.iter().map(|item| item.subject.clone()).collect();
    for (index, subject) in subjects.iter().enumerate() {
        press(&mut state, &[Command::Overview, Command::Top]);
        press(&mut state, &vec![Command::Down; index]);
        press(&mut state, &[Command::Open]);
        let expected = match subject {
            Subject::Service(..) => Screen::Service,
            Subject::Alarm(..) => Screen::Alarm,
            Subject::WebAcl(..) => Screen::WebAcl,
            Subject::Findings(_, _, cause) if cause == "S3.8" => Screen::Findings,
            Subject::Findings(..) => Screen::Finding,
            Subject::Source(..) => Screen::Overview,
        };
        assert_eq!(state.screen, expected, "{subject:?}");
        press(&mut state, &[Command::Back, Command::Back]);
    }
    assert!(subjects.iter().any(|subject| matches!(subject, Subject::WebAcl(..))));
}

#[test]
fn a_row_of_several_findings_opens_the_list_with_these_alone() {
    let mut state = besieged();
    let index = state.overview.items.iter().position(|item| item.breadth() == 3 && item.also.is_empty()).unwrap();
    press(&mut state, &[Command::Top]);
    press(&mut state, &vec![Command::Down; index]);
    press(&mut state, &[Command::Open]);
    assert_eq!((state.findings.rows.len(), state.findings.total), (3, 6));
    press(&mut state, &[Command::Back]);
    assert_eq!((state.screen, state.findings.rows.len()), (Screen::Findings, 6));
    press(&mut state, &[Command::Back]);
    assert_eq!(state.screen, Screen::Overview);
}

#[test]
fn a_service_that_nobody_switched_on_is_no_trouble_of_this_morning() {
    let mut state = empty();
    report(&mut state, 0, identity("111122223333"));
    for kind in [FailureKind::NotEnabled, FailureKind::NotSubscribed] {
        report(&mut state, 0, Report::Failed(Panel::Findings, failure(kind, "securityhub:GetFindings")));
        assert!(state.overview.items.is_empty());
    }
    let denied = FailureKind::Denied { missing_action: "securityhub:GetFindings".to_owned() };
    report(&mut state, 0, Report::Failed(Panel::Findings, failure(denied, "securityhub:GetFindings")));
    assert_eq!(state.overview.items.len(), 1);
}

#[test]
fn a_marked_row_sinks_is_kept_and_rises_when_it_begins_anew() {
    let mut state = besieged();
    let first = state.overview.items[0].subject.clone();
    let effects = press(&mut state, &[Command::MarkSeen]);
    let Some(Effect::KeepMarks(marks)) = effects.first() else { panic!("{effects:?}") };
    assert_eq!(marks.len(), 1);
    assert_eq!(state.overview.items.last().unwrap().subject, first);
    // Another run, told what was kept.
    let mut next = besieged();
    update(&mut next, Event::Marks(state.marks.clone()));
    assert_eq!(next.overview.items.last().unwrap().subject, first);
    // The same alarm and service, some minutes later anew.
    let mut again = bad_morning();
    update(&mut again, Event::Marks(state.marks.clone()));
    report(&mut again, 0, alarms(vec![alarm("late", AlarmState::Alarm, 1, metric("Logins", &[]))]));
    assert_ne!(again.overview.items[0].subject, first);
    press(&mut state, &[Command::Bottom, Command::MarkSeen]);
    assert_eq!(state.overview.items[0].subject, first);
}

#[test]
fn there_is_nothing_to_mark_where_there_is_nothing() {
    let mut state = empty();
    assert!(press(&mut state, &[Command::MarkSeen]).is_empty());
    assert_eq!(state.notice.unwrap().key, "screens.notice.nothing-to-mark");
}

#[test]
fn web_acls_come_with_the_spike_first_and_are_found_by_name() {
    let mut state = besieged();
    press(&mut state, &[Command::Waf]);
    let names = |state: &State| state.waf.rows.iter().map(|row| row.id.key.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&state), ["shop-prd", "shop-prd-cdn", "shop-dev"]);
    assert_eq!(state.waf.rows[0].spike.and_then(|spike| spike.factor).map(f64::round), Some(14.0));
    press(&mut state, &[Command::Sort]);
    assert_eq!(names(&state), ["shop-dev", "shop-prd", "shop-prd-cdn"]);
    press(&mut state, &[Command::Filter]);
    update(&mut state, Event::Paste("cloudfront".to_owned()));
    assert_eq!(names(&state), ["shop-prd-cdn"]);
}

#[test]
fn an_open_web_acl_tells_silences_apart_and_forgets_counts_of_another_range() {
    let mut state = besieged();
    press(&mut state, &[Command::Waf, Command::Open]);
    let key = security::key(Scope::Regional, "shop-prd");
    report(&mut state, 0, Report::WafRules(key.clone(), Arc::new(security::traffic())));
    report(&mut state, 0, Report::WafSamples(key, Arc::new(security::samples())));
    let view = state.web_acl.as_ref().unwrap();
    let silences: Vec<_> = view.lines.iter().map(|line| line.silence).collect();
    let (nothing, off) = (Some(Silence::Nothing), Some(Silence::MetricsOff));
    assert_eq!(silences, [nothing, None, None, nothing, None, off, None]);
    assert_eq!(view.strangers, ["OldRuleMetric"]);
    assert_eq!((view.top.countries[0].value.as_str(), view.top.countries[0].requests), ("RU", 20));
    press(&mut state, &[Command::NextPanel, Command::Filter]);
    update(&mut state, Event::Paste("drop table".to_owned()));
    let view = state.web_acl.as_ref().unwrap();
    assert_eq!((view.samples.len(), view.top.countries.len()), (1, 1));
    press(&mut state, &[Command::Accept, Command::Range1d]);
    let view = state.web_acl.as_ref().unwrap();
    assert!(view.traffic.is_none() && view.lines.is_empty());
    assert_eq!(state.range, Range::Day);
}

#[test]
fn a_web_acl_that_is_deleted_while_it_is_open_stays_readable_and_is_told() {
    let mut state = besieged();
    press(&mut state, &[Command::Waf, Command::Open]);
    report(&mut state, 0, Report::Waf(Arc::new(WafSnapshot::default())));
    let view = state.web_acl.as_ref().unwrap();
    assert!(view.row.is_some() && !view.exists);
    assert!(state.waf.rows.is_empty() && state.sources[0].waf_baselines.is_empty());
}

#[test]
fn no_more_web_acls_are_charted_than_are_paid_for() {
    let mut state = empty();
    report(&mut state, 0, identity("111122223333"));
    let acls = (0..40).map(|number| Arc::new(web_acl(Scope::Regional, &format!("shop-prd-{number:02}"), Logging::Off)));
    report(&mut state, 0, Report::Waf(Arc::new(WafSnapshot { acls: acls.collect(), capped: false })));
    update(&mut state, Event::Resize(200, 60));
    update(&mut state, Event::Drawn { page: 40, end: 0 });
    for command in [Command::Waf, Command::Overview] {
        press(&mut state, &[command]);
        assert_eq!(interest(&state, SourceId(0)).queries.len(), MOST_CHARTED * 2, "{command:?}");
    }
}

#[test]
fn findings_are_those_to_do_until_everything_is_asked_for() {
    let mut state = besieged();
    press(&mut state, &[Command::Findings]);
    assert_eq!((state.findings.total, state.findings.partial), (6, false));
    assert!(!interest(&state, SourceId(0)).findings.everything);
    press(&mut state, &[Command::Everything]);
    assert_eq!((state.findings.total, state.findings.partial), (9, true));
    let wanted = interest(&state, SourceId(0)).findings;
    assert!(wanted.everything && (200..=600).contains(&wanted.rows), "{wanted:?}");
    press(&mut state, &[Command::Filter]);
    update(&mut state, Event::Paste("root account".to_owned()));
    assert_eq!(state.findings.rows.len(), 1);
    assert_eq!(interest(&state, SourceId(0)).findings.rows, usize::MAX, "a filter looks among all there are");
    // By severity and workflow: NEW, NOTIFIED, RESOLVED, SUPPRESSED, other.
    assert_eq!(state.findings.matrix.0[0], [1, 0, 1, 0, 0]);
    assert_eq!(state.findings.matrix.0[5], [0, 0, 0, 0, 1]);
}

#[test]
fn findings_are_counted_by_what_one_likes_and_a_count_narrows_the_list() {
    let mut state = besieged();
    press(&mut state, &[Command::Findings]);
    assert_eq!(state.findings.groups[0], ("Security Hub".to_owned(), 3));
    press(&mut state, &[Command::GroupBy, Command::GroupBy]);
    assert_eq!(
        (state.findings.grouping, state.findings.groups.as_slice()),
        (Grouping::Control, &[("S3.8".to_owned(), 3)][..])
    );
    press(&mut state, &[Command::NextPanel, Command::Open]);
    assert_eq!((state.findings.rows.len(), state.findings.filter.as_str()), (3, "S3.8"));
    assert!(state.findings.group.is_none());
}

#[test]
fn a_finding_belongs_to_the_environment_that_its_resource_names_or_to_the_gravest() {
    let mut state = besieged();
    press(&mut state, &[Command::Findings]);
    let kinds = |state: &State, name: &str| {
        let row = state.findings.rows.iter().find(|row| row.finding.resources[0].id.contains(name)).unwrap();
        row.place.kind
    };
    assert_eq!(kinds(&state, "shop-dev-scratch"), Kind::Dev);
    assert_eq!(kinds(&state, "shop-prd-assets"), Kind::Prd);
    assert_eq!(kinds(&state, "deploy-bot"), Kind::Prd);
}

#[test]
fn a_finding_read_from_two_sources_is_one_row() {
    let mut state = besieged();
    report(&mut state, 1, Report::Findings(Arc::new(security::findings())));
    press(&mut state, &[Command::Findings]);
    assert_eq!(state.findings.total, 6);
    let nothing = FindingsSnapshot { read_elsewhere: true, ..FindingsSnapshot::default() };
    report(&mut state, 1, Report::Findings(Arc::new(nothing)));
    assert_eq!((state.findings.total, state.findings.partial), (6, false));
}

#[test]
fn an_open_finding_that_was_resolved_elsewhere_stays_readable() {
    let mut state = besieged();
    press(&mut state, &[Command::Findings, Command::Open]);
    let title = state.finding.as_ref().unwrap().row.as_ref().unwrap().finding.title.clone();
    report(&mut state, 0, Report::Findings(Arc::new(FindingsSnapshot::default())));
    let view = state.finding.as_ref().unwrap();
    assert!(!view.exists);
    assert_eq!(view.row.as_ref().unwrap().finding.title, title);
}

#[test]
fn the_fleet_stands_worst_first_and_drills_into_the_cell() {
    let mut state = besieged();
    press(&mut state, &[Command::Fleet]);
    let order: Vec<_> = state.fleet.rows.iter().map(|row| row.line.place.environment).collect();
    assert_eq!(order, [Some(0), Some(2), Some(1), None]);
    assert_eq!(state.fleet.rows[0].worst, Some(Severity::Critical));
    assert_eq!(state.fleet.rows[0].line.waf.spikes, 1);
    press(&mut state, &[Command::Right, Command::Right, Command::Right, Command::Right]);
    assert_eq!(state.fleet.concern, Concern::Findings);
    press(&mut state, &[Command::Open]);
    assert_eq!((state.screen, state.shown), (Screen::Findings, Some(0)));
    assert!(state.findings.rows.iter().all(|row| row.place.environment == Some(0)));
    press(&mut state, &[Command::Back]);
    assert_eq!(state.screen, Screen::Fleet);
    assert_eq!(state.fleet.rows.len(), 4, "the fleet has all of them, whichever is shown");
}

#[test]
fn one_denied_environment_of_thirty_leaves_the_others_as_they_are() {
    let mut state = besieged();
    let denied = FailureKind::Denied { missing_action: "wafv2:ListWebACLs".to_owned() };
    report(&mut state, 1, Report::Failed(Panel::Waf, failure(denied, "wafv2:ListWebACLs")));
    assert_eq!(state.waf.all().len(), 3);
    assert_eq!(state.overview.lines[0].waf.acls, 2);
    assert!(state.overview.items.iter().any(|item| matches!(item.trouble, Trouble::Blind { panel: Panel::Waf, .. })));
}

#[test]
fn what_an_earlier_identity_opened_is_closed() {
    let mut state = besieged();
    press(&mut state, &[Command::Waf, Command::Open]);
    let key = baseline("shop-prd", Scope::Regional, 1.0, 1.0, 0).0;
    super::support::report_at(
        &mut state,
        0,
        sekisho::state::event::Generation(1),
        now(),
        Report::Asked(Panel::Identity),
    );
    assert!(state.web_acl.is_none() && !state.sources[0].waf_baselines.contains_key(&key));
    assert_eq!(state.screen, Screen::Waf);
    assert!(state.waf.rows.is_empty() && state.findings.rows.is_empty());
}
