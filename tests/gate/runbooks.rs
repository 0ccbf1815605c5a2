//! Runbooks as teams write them, right and wrong, and the built-in ones.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rstest::rstest;
use sekisho::domain::alarm::{Alarm, AlarmState, CompositeRule, Watches};
use sekisho::domain::environment::Kind;
use sekisho::domain::fetch::{Failure, FailureKind, Panel, SourceId};
use sekisho::domain::queue::{Item, Place, Severity, Subject, Trouble};
use sekisho::i18n::{Lang, Texts};
use sekisho::runbook::book::{Evidence, Query, Runbook, RunbookId, Signal, StepId, StepKind};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::entry::EntryId;
use sekisho::runbook::error::CatalogueError;
use sekisho::runbook::query::{Board, Verdict};

use super::support::{BINDINGS, codes, environment, expected, files, found, load, root};

/// The one entry that every case of the corpus has.
pub const LOOK: &str = r#"
id = "look"
title = { ja = "調査", en = "Look" }
operation = "ecs.exec"
roles = ["staff"]
environments = ["prd", "dev"]
limit = "10m"
target = { ecs_service = "bind.services" }
command = "/bin/sh"
"#;

const STUCK: &str = r#"
id = "stuck"
title = { ja = "不調", en = "Stuck" }
roles = ["staff", "responder"]
environments = ["prd", "dev"]
answers = ["service:short", "alarm:5xx"]
[[step]]
id = "see"
kind = "check"
query = "services.unsteady"
[[step]]
id = "write"
kind = "note"
title = { ja = "範囲", en = "Scope" }
prompt = { ja = "何が", en = "What?" }
evidence = ["snapshot", "text"]
[[step]]
id = "go"
kind = "decision"
prompt = { ja = "続けるか", en = "Go on?" }
yes = "look"
no = "see"
[[step]]
id = "look"
kind = "operation"
entry = "look"
[[step]]
id = "tell"
kind = "escalate"
chain = [{ ja = "リーダー", en = "Leader" }, { ja = "責任者", en = "Officer" }]
after = "15m"
next = "end"
"#;

fn with(runbook: &str) -> Result<Catalogue, Vec<CatalogueError>> {
    load(&[("bindings.toml", BINDINGS), ("entries/look.toml", LOOK), ("runbooks/case.toml", runbook)])
}

fn stuck() -> Arc<Runbook> {
    let catalogue = with(STUCK).unwrap_or_else(|errors| panic!("{errors:#?}"));
    Arc::clone(catalogue.runbook(&environment("prd", Kind::Prd), &RunbookId("stuck".into())).unwrap())
}

#[test]
fn every_faulty_runbook_has_just_the_faults_that_it_says() {
    let cases = files("tests/catalogue/runbooks");
    assert!(cases.len() >= 50);
    let mut wrong = Vec::new();
    for case in cases {
        let text = fs::read_to_string(&case).unwrap();
        let errors = with(&text).expect_err(&case.display().to_string());
        let (found, expected) = (found(&errors, "runbooks/case.toml"), expected(&text));
        if found != expected {
            wrong.push(format!("{}: {found:?} and not {expected:?}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_fault_of_a_runbook_is_told_in_both_languages_with_its_mend() {
    for case in files("tests/catalogue/runbooks") {
        let text = fs::read_to_string(&case).unwrap();
        for error in with(&text).unwrap_err() {
            let code = error.problem.code();
            for lang in Lang::ALL {
                let told = error.render(Texts::of(lang));
                let (problem, advice) = told.split_once("\n    ").unwrap_or_else(|| panic!("{code}: {told}"));
                let sentence = problem.rsplit(": ").next().unwrap();
                assert!(sentence != code && !sentence.is_empty() && !advice.is_empty(), "{code}: {told}");
                assert!(!told.contains("catalogue.") && !told.contains('\u{1b}'), "{code}: {told}");
                let is_japanese = told.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c));
                assert!(lang == Lang::En || is_japanese, "{told}");
            }
        }
    }
}

#[test]
fn a_runbook_is_read_with_its_ways() {
    let runbook = stuck();
    let next = |id: &str| runbook.step(&StepId(id.into())).unwrap().next.as_ref().map(|next| next.0.clone());
    assert_eq!((next("see").as_deref(), next("write").as_deref()), (Some("write"), Some("go")));
    assert_eq!((next("look").as_deref(), next("tell")), (Some("tell"), None));
    let kind = |id: &str| runbook.step(&StepId(id.into())).unwrap().kind.clone();
    assert_eq!(kind("see"), StepKind::Check { query: Query::ServicesUnsteady });
    assert_eq!(kind("write"), StepKind::Note { evidence: vec![Evidence::Snapshot, Evidence::Text] });
    let ways = StepKind::Decision { yes: Some(StepId("look".into())), no: Some(StepId("see".into())) };
    assert_eq!(kind("go"), ways);
    assert_eq!(kind("look"), StepKind::Operation { entry: EntryId("look".into()) });
    let StepKind::Escalate { chain, after } = kind("tell") else { panic!() };
    assert_eq!((chain[1].en.as_str(), after), ("Officer", SignedDuration::from_mins(15)));
    assert_eq!(runbook.answers, [Signal::ServiceShort, Signal::Alarm(Some("5xx".into()))]);
    assert_eq!(runbook.number(&StepId("go".into())), Some(3));
}

#[test]
fn a_runbook_is_there_where_it_is_for_and_its_entries_are_found() {
    let catalogue = with(STUCK).unwrap();
    let (prd, dev, stg) = (environment("prd", Kind::Prd), environment("dev", Kind::Dev), environment("stg", Kind::Stg));
    assert_eq!((catalogue.runbooks_in(&prd).len(), catalogue.runbooks_in(&dev).len()), (1, 1));
    assert!(catalogue.runbooks_in(&stg).is_empty() && catalogue.runbook(&stg, &RunbookId("stuck".into())).is_none());
    let named = |place| catalogue.entries_named(place, &EntryId("look".into())).len();
    assert_eq!((named(&prd), named(&dev), named(&stg)), (2, 1, 0));
}

#[test]
fn the_hash_is_of_runbooks_too() {
    let hash = |runbook: &str| with(runbook).unwrap().hash().to_owned();
    assert_ne!(hash(STUCK), hash(&STUCK.replace("15m", "16m")));
    assert_ne!(hash(STUCK), load(&[("bindings.toml", BINDINGS), ("entries/look.toml", LOOK)]).unwrap().hash());
}

#[test]
fn a_runbook_is_there_once_and_needs_an_entry_without_fault_of_its_own() {
    let other = STUCK.replace("不調", "別");
    let files = [
        ("bindings.toml", BINDINGS),
        ("entries/look.toml", LOOK),
        ("runbooks/a.toml", STUCK),
        ("runbooks/b.toml", other.as_str()),
    ];
    assert_eq!(codes(&load(&files).unwrap_err()), ["duplicate-runbook"]);
    // The entry is at fault, which is told once; the runbook that names it is not.
    let broken = LOOK.replace("/bin/sh", "{{ x }}");
    let files = [("bindings.toml", BINDINGS), ("entries/look.toml", &broken), ("runbooks/a.toml", STUCK)];
    assert_eq!(codes(&load(&files).unwrap_err()), ["free-form"]);
}

#[test]
fn a_role_that_the_configuration_lacks_is_found_in_runbooks() {
    let catalogue = with(STUCK).unwrap();
    let errors = catalogue.check(&[environment("prd", Kind::Prd)], &["staff".to_owned()]);
    assert_eq!(codes(&errors), ["unknown-role"]);
    assert!(errors[0].place.to_string().contains("runbooks/case.toml"), "{}", errors[0]);
}

#[test]
fn every_built_in_runbook_serves_its_roles_to_the_end() {
    let catalogue = Catalogue::built_in();
    let ids: BTreeSet<&str> = catalogue.runbooks().iter().map(|runbook| runbook.id.0.as_str()).collect();
    let wanted =
        ["daily-check", "db-investigation", "idc-outage", "inc-5xx", "inc-leaked-key", "inc-waf", "stuck-task"];
    assert_eq!(ids, BTreeSet::from(wanted));
    for runbook in catalogue.runbooks() {
        assert_eq!(runbook.environments, ["prd", "stg", "dev"], "{}", runbook.id);
        assert_eq!(runbook.steps.last().unwrap().kind, StepKind::Export, "{}", runbook.id);
        for step in &runbook.steps {
            for text in step.title.iter().chain(&step.prompt) {
                let is_japanese = !text.ja.is_ascii();
                let is_name = text.ja == text.en;
                assert!((is_japanese || is_name) && text.en.is_ascii(), "{} {}: {text:?}", runbook.id, step.id);
            }
        }
    }
    let loaded = Catalogue::load(&root().join("runbooks")).unwrap();
    assert_eq!(loaded.runbooks(), catalogue.runbooks());
}

fn alarm(name: &str) -> Trouble {
    Trouble::Alarm {
        alarm: Arc::new(Alarm {
            name: name.to_owned(),
            arn: String::new(),
            description: String::new(),
            state: AlarmState::Alarm,
            reason: String::new(),
            since: None,
            actions_enabled: true,
            alarm_actions: 0,
            suppressed: None,
            watches: Watches::Composite(CompositeRule { text: String::new(), children: Vec::new() }),
            as_of: Timestamp::UNIX_EPOCH,
        }),
    }
}

fn failure(kind: FailureKind) -> Failure {
    let (action, detail) = ("cloudwatch:DescribeAlarms".to_owned(), String::new());
    Failure { kind, action, detail, request_id: None, at: Timestamp::UNIX_EPOCH }
}

fn item(trouble: Trouble, also: Vec<Trouble>) -> Item {
    Item {
        severity: Severity::High,
        place: Place { environment: Some(0), kind: Kind::Prd },
        subject: Subject::Alarm(SourceId(0), "x".into()),
        trouble,
        since: None,
        also,
    }
}

#[rstest]
#[case("alarm", true)]
#[case("alarm:5xx", true)]
#[case("alarm:5XX-Web", true)]
#[case("alarm:waf", false)]
#[case("service:unsteady", false)]
#[case("finding", false)]
fn a_signal_names_its_troubles(#[case] signal: &str, #[case] is_of: bool) {
    assert_eq!(Signal::parse(signal).unwrap().is_of(&alarm("shop-prd-5xx-web")), is_of);
}

#[test]
fn runbooks_that_answer_what_a_row_is_about_stand_first() {
    let other =
        STUCK.replace("\"stuck\"", "\"other\"").replace("[\"service:short\", \"alarm:5xx\"]", "[\"alarm:waf\"]");
    let files = [
        ("bindings.toml", BINDINGS),
        ("entries/look.toml", LOOK),
        ("runbooks/a.toml", STUCK),
        ("runbooks/b.toml", other.as_str()),
    ];
    let catalogue = load(&files).unwrap();
    let answering = |item: &Item, place: &str| -> Vec<String> {
        let found = catalogue.answering(&environment(place, Kind::Prd), item);
        found.iter().map(|runbook| runbook.id.0.clone()).collect()
    };
    assert_eq!(answering(&item(alarm("waf-blocks"), vec![alarm("web-5xx")]), "prd"), ["other", "stuck"]);
    assert_eq!(answering(&item(alarm("web-5xx"), vec![]), "prd"), ["stuck"]);
    assert!(answering(&item(alarm("disk"), vec![]), "prd").is_empty());
    assert!(answering(&item(alarm("web-5xx"), vec![]), "stg").is_empty());
}

#[test]
fn a_check_that_could_not_look_never_passes() {
    let at = Timestamp::UNIX_EPOCH;
    let firing = item(alarm("web-5xx"), vec![alarm("web-5xx"), alarm("web-latency")]);
    let denied = failure(FailureKind::Denied { missing_action: "cloudwatch:DescribeAlarms".into() });
    let nothing = Board::default();
    assert_eq!(Query::AlarmsFiring.look(&nothing, at).verdict, Verdict::Clear);
    let blind = Board { failures: vec![(Panel::Alarms, &denied)], ..Board::default() };
    let sight = Query::AlarmsFiring.look(&blind, at);
    assert_eq!((sight.verdict, sight.why), (Verdict::Unknown, vec!["cloudwatch:DescribeAlarms".to_owned()]));
    assert_eq!(Query::FindingsNew.look(&blind, at).verdict, Verdict::Clear);
    let unread = Board { unread: vec![Panel::Findings], ..Board::default() };
    assert_eq!(Query::FindingsNew.look(&unread, at).verdict, Verdict::Unknown);
    assert_eq!(Query::AlarmsFiring.look(&unread, at).verdict, Verdict::Clear);
    let both = Board { items: vec![&firing], failures: vec![(Panel::Identity, &denied)], ..Board::default() };
    let sight = Query::AlarmsFiring.look(&both, at);
    assert_eq!((sight.verdict, sight.found), (Verdict::Found, vec!["web-5xx".to_owned(), "web-latency".to_owned()]));
    assert_eq!(sight.why.len(), 1);
}

#[test]
fn of_very_many_things_a_check_names_some_and_counts_the_others() {
    let many: Vec<Trouble> = (0..1_000).map(|number| alarm(&format!("\u{1b}[31m障害{number}"))).collect();
    let item = item(alarm("first"), many);
    let board = Board { items: vec![&item], ..Board::default() };
    let sight = Query::AlarmsFiring.look(&board, Timestamp::UNIX_EPOCH);
    assert_eq!((sight.found.len(), sight.more), (50, 951));
    assert!(sight.found.iter().all(|name| !name.contains('\u{1b}')));
}

/// Writes a runbook of decisions that lead anywhere.
fn any_ways() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..6_usize, 0..6_usize), 1..5)
}

fn wide(ways: &[(usize, usize)]) -> String {
    use std::fmt::Write as _;

    let name = |to: usize| if to < ways.len() { format!("s{to}") } else { "end".to_owned() };
    let head = "id = \"x\"\ntitle = { ja = \"あ\", en = \"x\" }\nroles = [\"staff\"]\nenvironments = [\"prd\"]\n";
    ways.iter().enumerate().fold(head.to_owned(), |mut text, (index, (yes, no))| {
        let _ = write!(
            text,
            "[[step]]\nid = \"s{index}\"\nkind = \"decision\"\nprompt = {{ ja = \"あ\", en = \"x\" }}\nyes = \"{}\"\nno = \"{}\"\n",
            name(*yes),
            name(*no)
        );
        text
    })
}

/// Says, by walking, whether a runbook of decisions is sound: each step is reached, and an end from each.
fn is_sound(ways: &[(usize, usize)]) -> bool {
    let from = |start: usize| {
        let (mut seen, mut ends, mut open) = (BTreeSet::new(), false, vec![start]);
        while let Some(step) = open.pop() {
            match ways.get(step) {
                None => ends = true,
                Some((yes, no)) if seen.insert(step) => open.extend([*yes, *no]),
                Some(_) => {}
            }
        }
        (seen, ends)
    };
    from(0).0.len() == ways.len() && (0..ways.len()).all(|step| from(step).1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn only_runbooks_without_dead_steps_and_endless_rounds_are_taken(ways in any_ways()) {
        let answer = with(&wide(&ways));
        prop_assert_eq!(answer.is_ok(), is_sound(&ways), "{:?} {:?}", ways, answer.map_err(|errors| codes(&errors)));
    }

    #[test]
    fn no_runbook_breaks_the_reader(text in r#"(id|kind|next|\[\[step\]\]|\[|\]|=|"|\{|\}|a|\n| ){0,60}"#) {
        let _ = with(&text);
    }
}
