//! The gate against rules written down a second time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use rstest::rstest;
use sekisho::domain::environment::{Environment, Kind};
use sekisho::domain::identity::RoleResolution;
use sekisho::i18n::{Lang, Texts};
use sekisho::policy::{Denial, Request, assess, authorize};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::entry::{Confirmation, EntryId, Operation};
use sekisho::ui::words;

use super::support::{environment, identity, load};

const BINDINGS: &str = r#"
[prd]
kind = "prd"
service = "shop-prd/web"
[dev]
kind = "dev"
service = "shop-dev/web"
"#;

const SHELL: &str = r#"
id = "shell"
title = { ja = "シェル", en = "Shell" }
operation = "ecs.exec"
roles = ["staff", "responder"]
environments = ["prd", "dev"]
reason = true
ticket = '^INC-\d+$'
confirm = "type-service"
limit = "30m"
target = { ecs_service = "bind.service" }
command = "/bin/sh"
[in.dev]
roles = ["operator", "staff"]
reason = false
confirm = "none"
"#;

const TUNNEL: &str = r#"
id = "tunnel"
title = { ja = "トンネル", en = "Tunnel" }
operation = "ssm.port_forward"
roles = ["operator", "responder"]
environments = ["prd"]
confirm = "type-environment"
limit = "30m"
target = { ecs_service = "bind.service" }
destination = { host = "db", port = 5432 }
[params.local_port]
type = "integer"
range = [15432, 15499]
default = 15432
"#;

const PLAIN: &str = r#"
id = "plain"
title = { ja = "ふつう", en = "Plain" }
operation = "ssm.port_forward"
roles = ["staff"]
environments = ["dev"]
confirm = "yes"
limit = "30m"
target = { node_tag = "Role=x" }
destination = { host = "db", port = 5432 }
[params.local_port]
type = "integer"
range = [15432, 15432]
"#;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let files =
        [("bindings.toml", BINDINGS), ("entries/a.toml", SHELL), ("entries/b.toml", TUNNEL), ("entries/c.toml", PLAIN)];
    load(&files).unwrap_or_else(|errors| panic!("{errors:#?}"))
});

fn at() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

fn request(entry: &str, place: &str) -> Request {
    Request {
        entry: EntryId(entry.to_owned()),
        environment: place.to_owned(),
        parameters: BTreeMap::new(),
        reason: Some("調査のため".to_owned()),
        ticket: Some("INC-42".to_owned()),
        confirmation: Some("web".to_owned()),
    }
}

fn one(role: &str) -> RoleResolution {
    RoleResolution::One(role.to_owned())
}

fn ask(role: &RoleResolution, place: &Environment, request: &Request) -> Result<(), Denial> {
    authorize(&CATALOGUE, &identity("111122223333"), role, place, request, at()).map(drop)
}

#[test]
fn what_was_let_through_says_on_what_grounds() {
    let prd = environment("prd", Kind::Prd);
    let who = identity("111122223333");
    let mut request = request("shell", "prd");
    request.reason = Some("  調査のため ".to_owned());
    let authorized = authorize(&CATALOGUE, &who, &one("staff"), &prd, &request, at()).unwrap();
    let grant = authorized.grant();
    assert_eq!(authorized.operation().name(), "ecs.exec");
    assert_eq!((grant.entry.0.as_str(), grant.role.as_str()), ("shell", "staff"));
    assert_eq!((grant.reason.as_deref(), grant.ticket.as_deref()), (Some("調査のため"), Some("INC-42")));
    assert_eq!((&grant.identity, &grant.environment, grant.at), (&who, &prd, at()));
    assert_eq!(grant.catalogue, CATALOGUE.hash());
    assert!(grant.recorded && grant.limit.is_some());
}

#[test]
fn defaults_are_filled_in_and_numbers_written_one_way() {
    let prd = environment("prd", Kind::Prd);
    let ports = |port: Option<&str>| {
        let mut request = request("tunnel", "prd");
        request.confirmation = Some("prd".to_owned());
        request.parameters.extend(port.map(|port| ("local_port".to_owned(), port.to_owned())));
        authorize(&CATALOGUE, &identity("111122223333"), &one("operator"), &prd, &request, at())
            .map(|authorized| authorized.grant().parameters["local_port"].clone())
    };
    assert_eq!(ports(None).unwrap(), "15432");
    assert_eq!(ports(Some("+015440")).unwrap(), "15440");
    for bad in ["", "80", "15500", "15432 ", "0x3c50", "１５４３２", "15432; rm", &"1".repeat(100_000)] {
        let denial = ports(Some(bad)).unwrap_err();
        let allowed = "15432–15499".to_owned();
        assert_eq!(denial, Denial::ParameterInvalid { name: "local_port".to_owned(), allowed }, "{bad:.20}");
    }
}

#[rstest]
#[case(RoleResolution::None, "no-role")]
#[case(RoleResolution::Ambiguous(vec!["a".into(), "staff".into()]), "several-roles")]
#[case(one("operator"), "not-for-role")]
#[case(one(""), "not-for-role")]
#[case(one("STAFF"), "not-for-role")]
fn who_has_not_the_role_is_refused(#[case] role: RoleResolution, #[case] rule: &str) {
    let prd = environment("prd", Kind::Prd);
    assert_eq!(ask(&role, &prd, &request("shell", "prd")).unwrap_err().code(), rule);
    let assessed = assess(&CATALOGUE, &identity("111122223333"), &role, &prd, &EntryId("shell".into()));
    assert_eq!(assessed.unwrap_err().code(), rule);
}

#[test]
fn where_it_is_not_for_is_refused() {
    let role = one("staff");
    let code = |place: &Environment, asked: &Request| ask(&role, place, asked).unwrap_err().code();
    let prd = environment("prd", Kind::Prd);
    assert_eq!(code(&prd, &request("nothing", "prd")), "no-entry");
    assert_eq!(code(&prd, &request("plain", "prd")), "not-here");
    // What was asked for is not what it is asked in.
    assert_eq!(code(&prd, &request("shell", "dev")), "not-here");
    let elsewhere = Environment { clusters: vec!["other-*".to_owned()], ..prd.clone() };
    assert_eq!(code(&elsewhere, &request("shell", "prd")), "not-here");
    let other = Environment { account: Some("444455556666".parse().unwrap()), ..prd.clone() };
    assert_eq!(code(&other, &request("shell", "prd")), "wrong-account");
    let unknown = Environment { kind: Kind::Unknown, ..prd };
    assert_eq!(code(&unknown, &request("shell", "prd")), "unknown-kind");
}

#[test]
fn an_operator_gets_no_command_in_production_whatever_the_catalogue_says() {
    // The catalogue takes `dev` for a place for development; here it is production.
    let dev = environment("dev", Kind::Dev);
    let mut asked = request("shell", "dev");
    asked.confirmation = None;
    assert_eq!(ask(&one("operator"), &dev, &asked), Ok(()));
    let production = Environment { kind: Kind::Prd, ..dev };
    let denial = ask(&one("operator"), &production, &asked).unwrap_err();
    assert_eq!(denial, Denial::NotForRole { role: "operator".to_owned(), allowed: vec!["staff".to_owned()] });
    let unconfirmed = ask(&one("staff"), &production, &asked).unwrap_err();
    assert_eq!(unconfirmed, Denial::NotConfirmed { confirmation: Confirmation::Yes, expected: "yes".to_owned() });
    asked.confirmation = Some("yes".to_owned());
    assert_eq!(ask(&one("staff"), &production, &asked), Ok(()));
}

#[rstest]
#[case(None, Some("INC-42"), Some("web"), "reason-missing")]
#[case(Some(" \u{3000}\t"), Some("INC-42"), Some("web"), "reason-missing")]
#[case(Some("x"), None, Some("web"), "ticket-missing")]
#[case(Some("x"), Some(" "), Some("web"), "ticket-missing")]
#[case(Some("x"), Some("INC-"), Some("web"), "ticket-invalid")]
#[case(Some("x"), Some("INC-１"), Some("web"), "ticket-invalid")]
#[case(Some("x"), Some("INC-1\nINC-2"), Some("web"), "ticket-invalid")]
#[case(Some("x"), Some("INC-1"), None, "not-confirmed")]
#[case(Some("x"), Some("INC-1"), Some("yes"), "not-confirmed")]
#[case(Some("x"), Some("INC-1"), Some("Web"), "not-confirmed")]
#[case(Some("x"), Some("INC-1"), Some("web "), "not-confirmed")]
#[case(Some("a\nb"), Some("INC-1"), Some("web"), "unprintable")]
#[case(Some("a\u{1b}[2Jb"), Some("INC-1"), Some("web"), "unprintable")]
#[case(Some("a\u{202e}b"), Some("INC-1"), Some("web"), "unprintable")]
fn what_is_asked_for_must_be_given(
    #[case] reason: Option<&str>,
    #[case] ticket: Option<&str>,
    #[case] confirmation: Option<&str>,
    #[case] rule: &str,
) {
    let mut asked = request("shell", "prd");
    asked.reason = reason.map(str::to_owned);
    asked.ticket = ticket.map(str::to_owned);
    asked.confirmation = confirmation.map(str::to_owned);
    assert_eq!(ask(&one("staff"), &environment("prd", Kind::Prd), &asked).unwrap_err().code(), rule);
}

#[test]
fn texts_are_bounded() {
    let prd = environment("prd", Kind::Prd);
    let mut asked = request("shell", "prd");
    asked.reason = Some("あ".repeat(1_000));
    assert_eq!(ask(&one("staff"), &prd, &asked), Ok(()));
    asked.reason = Some("あ".repeat(1_001));
    assert_eq!(ask(&one("staff"), &prd, &asked), Err(Denial::Unprintable { name: "reason".to_owned() }));
    asked = request("shell", "prd");
    asked.ticket = Some(format!("INC-{}", "1".repeat(500)));
    assert_eq!(ask(&one("staff"), &prd, &asked).unwrap_err().code(), "unprintable");
    asked.ticket = Some(format!("INC-{}", "1".repeat(1_000_000)));
    assert_eq!(ask(&one("staff"), &prd, &asked).unwrap_err().code(), "ticket-invalid");
}

#[test]
fn parameters_that_there_are_not_are_refused() {
    let mut asked = request("shell", "prd");
    asked.parameters.insert("command".to_owned(), "/bin/bash".to_owned());
    let denial = ask(&one("staff"), &environment("prd", Kind::Prd), &asked).unwrap_err();
    assert_eq!(denial, Denial::NoParameter { name: "command".to_owned() });
    let mut asked = request("plain", "dev");
    asked.confirmation = Some("yes".to_owned());
    let dev = environment("dev", Kind::Dev);
    assert_eq!(ask(&one("staff"), &dev, &asked), Err(Denial::ParameterMissing { name: "local_port".to_owned() }));
    asked.parameters.insert("local_port".to_owned(), "15432".to_owned());
    assert_eq!(ask(&one("staff"), &dev, &asked), Ok(()));
}

/// Says, by itself, whether every rule holds. It knows the entries of this file by heart.
fn every_rule_holds(role: &RoleResolution, account: &str, place: &Environment, asked: &Request) -> bool {
    let RoleResolution::One(role) = role else { return false };
    let (places, roles, needs_reason, needs_ticket, typed): (&[&str], &[&str], bool, bool, &str) =
        match (asked.entry.0.as_str(), asked.environment.as_str()) {
            ("shell", "prd") => (&["prd"], &["staff", "responder"], true, true, "web"),
            // In production nothing happens without a yes.
            ("shell", _) if place.kind == Kind::Prd => (&["dev"], &["operator", "staff"], false, true, "yes"),
            ("shell", _) => (&["dev"], &["operator", "staff"], false, true, ""),
            ("tunnel", _) => (&["prd"], &["operator", "responder"], false, false, "prd"),
            ("plain", _) => (&["dev"], &["staff"], false, false, "yes"),
            _ => return false,
        };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let clean = |text: &str| text.chars().all(|c| !c.is_control() && c != '\u{202e}');
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let ticket = given(&asked.ticket);
    let good_ticket = ticket.as_deref().is_some_and(|text| text.strip_prefix("INC-").is_some_and(digits));
    let port = asked.parameters.get("local_port").map(String::as_str);
    let good_port = match asked.entry.0.as_str() {
        "tunnel" => port.is_none_or(|port| port.parse::<u32>().is_ok_and(|port| (15432..=15499).contains(&port))),
        "plain" => port.is_some_and(|port| port.parse::<u32>() == Ok(15432)),
        _ => port.is_none(),
    };
    let is_exec = asked.entry.0 == "shell";
    places.contains(&place.name.as_str())
        && place.name == asked.environment
        && (asked.entry.0 == "plain"
            || place.clusters.is_empty()
            || place.clusters.contains(&format!("shop-{}", place.name)))
        && roles.contains(&role.as_str())
        && !(is_exec && place.kind == Kind::Prd && role == "operator")
        && place.kind != Kind::Unknown
        && place.account.is_none_or(|wanted| wanted.as_str() == account)
        && (!needs_reason || given(&asked.reason).is_some())
        && given(&asked.reason).is_none_or(|text| clean(&text) && text.chars().count() <= 1_000)
        && (!needs_ticket || good_ticket)
        && ticket.is_none_or(|text| clean(&text))
        && asked.parameters.keys().all(|name| name == "local_port")
        && good_port
        && (typed.is_empty() || asked.confirmation.as_deref() == Some(typed))
}

fn pick(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(words).prop_map(str::to_owned)
}

fn any_request() -> impl Strategy<Value = Request> {
    let maybe = |words| prop::option::weighted(0.9, pick(words));
    let parameters = prop::collection::btree_map(
        pick(&["local_port", "local_port", "local_port", "host"]),
        pick(&["15432", "15499", "80", "x"]),
        0..2,
    );
    (
        pick(&["shell", "shell", "tunnel", "plain", "other"]),
        pick(&["prd", "dev"]),
        parameters,
        maybe(&["because", "障害", " ", "a\nb", "\u{1b}[2J"]),
        maybe(&["INC-1", "INC-20", "INC-", "x", "INC-1\n2"]),
        maybe(&["web", "prd", "yes", "dev", ""]),
    )
        .prop_map(|(entry, environment, parameters, reason, ticket, confirmation)| Request {
            entry: EntryId(entry),
            environment,
            parameters,
            reason,
            ticket,
            confirmation,
        })
}

fn any_place() -> impl Strategy<Value = Environment> {
    let kinds = prop::sample::select(vec![Kind::Prd, Kind::Dev, Kind::Stg, Kind::Unknown]);
    let accounts = prop::sample::select(vec![None, Some("111122223333"), Some("444455556666")]);
    let clusters = prop::sample::select(vec![vec![], vec![], vec!["shop-prd"], vec!["shop-dev"]]);
    (pick(&["prd", "dev"]), kinds, accounts, clusters).prop_map(|(name, kind, account, clusters)| Environment {
        account: account.map(|account| account.parse().unwrap()),
        clusters: clusters.into_iter().map(str::to_owned).collect(),
        ..environment(&name, kind)
    })
}

fn any_role() -> impl Strategy<Value = RoleResolution> {
    prop_oneof![
        8 => pick(&["staff", "responder", "operator", "guest"]).prop_map(RoleResolution::One),
        1 => Just(RoleResolution::None),
        1 => Just(RoleResolution::Ambiguous(vec!["staff".to_owned(), "responder".to_owned()])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn nothing_passes_unless_every_rule_holds(
        role in any_role(),
        account in prop_oneof![4 => Just("111122223333"), 1 => Just("444455556666")],
        place in any_place(),
        mut asked in any_request(),
        same in prop::bool::weighted(0.8),
    ) {
        if same {
            asked.environment.clone_from(&place.name);
        }
        let who = identity(account);
        let answer = authorize(&CATALOGUE, &who, &role, &place, &asked, at());
        prop_assert_eq!(answer.is_ok(), every_rule_holds(&role, account, &place, &asked), "{:?}", answer);
        let assessed = assess(&CATALOGUE, &who, &role, &place, &asked.entry);
        match answer {
            Ok(authorized) => {
                prop_assert_eq!(assessed, Ok(()));
                let entry = CATALOGUE.entry(&place, &asked.entry).unwrap();
                prop_assert_eq!(authorized.operation(), &entry.operation);
            }
            // What is refused before anything is typed is refused for the same reason with everything typed.
            Err(denial) if asked.environment == place.name => {
                prop_assert!(assessed.is_ok() || assessed == Err(denial));
            }
            Err(_) => {}
        }
    }
}

#[test]
fn most_rules_are_met_by_random_requests() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..20_000 {
        let role = any_role().new_tree(&mut runner).unwrap().current();
        let place = any_place().new_tree(&mut runner).unwrap().current();
        let mut asked = any_request().new_tree(&mut runner).unwrap().current();
        asked.environment.clone_from(&place.name);
        let code = ask(&role, &place, &asked).map_or_else(|denial| denial.code(), |()| "passed");
        *seen.entry(code).or_default() += 1;
    }
    assert_eq!(seen.len(), 16, "a rule that is never met is not tested: {seen:?}");
}

#[test]
fn every_denial_is_told_in_both_languages() {
    let list = || vec!["staff".to_owned()];
    let text = || "^INC-\\d+$".to_owned();
    let denials = [
        Denial::NotVerified,
        Denial::NoRole,
        Denial::SeveralRoles(list()),
        Denial::NoEntry(EntryId("x".into())),
        Denial::NotHere { environment: "prd".into(), allowed: list() },
        Denial::WrongAccount,
        Denial::UnknownKind,
        Denial::NotForRole { role: "operator".into(), allowed: list() },
        Denial::NotForRole { role: "operator".into(), allowed: vec![] },
        Denial::ReasonMissing,
        Denial::TicketMissing { pattern: text() },
        Denial::TicketInvalid { pattern: text() },
        Denial::NoParameter { name: "p".into() },
        Denial::ParameterMissing { name: "p".into() },
        Denial::ParameterInvalid { name: "p".into(), allowed: "1–2".into() },
        Denial::NotConfirmed { confirmation: Confirmation::TypeService, expected: "web".into() },
        Denial::Unprintable { name: "reason".into() },
    ];
    let mut told = Vec::new();
    for denial in &denials {
        for lang in Lang::ALL {
            let (problem, need) = words::gate::denial(Texts::of(lang), denial);
            assert!(
                !problem.contains("gate.") && !need.contains("gate.") && !problem.contains('{'),
                "{problem} {need}"
            );
            told.push((problem, need));
        }
    }
    let count = told.len();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), count, "two denials are told alike");
    let (_, need) = words::gate::denial(Texts::of(Lang::En), &denials[15]);
    assert!(need.contains("web"));
}

#[test]
fn an_operation_is_never_what_somebody_typed() {
    let prd = environment("prd", Kind::Prd);
    let who = identity("111122223333");
    let authorized = authorize(&CATALOGUE, &who, &one("staff"), &prd, &request("shell", "prd"), at()).unwrap();
    let Operation::Exec { command, .. } = authorized.operation() else { panic!("another operation") };
    assert_eq!(command, "/bin/sh");
}
