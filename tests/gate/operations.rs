//! Changes of services, statuses of findings and documents of a team's own: as entries, and before the gate.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rstest::rstest;
use sekisho::domain::environment::{Environment, Kind};
use sekisho::domain::identity::RoleResolution;
use sekisho::domain::target::Selector;
use sekisho::policy::{self, Denial, Request, authorize};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::entry::{Change, Confirmation, EntryId, Input, Operation, WorkflowStatus};

use super::support::{codes, environment, identity, load};

const BINDINGS: &str = r#"
[prd]
services = ["shop-prd/web/app", "shop-prd/api/app"]
mode = "full"
[dev]
services = "shop-dev/web"
mode = "quick"
"#;

const FINDING: &str = "arn:aws:securityhub:ap-northeast-1:111122223333:subscription/x/v/1.0.0/EC2.18/finding/0af7";

fn entry(id: &str, operation: &str, rest: &str) -> String {
    format!(
        "id = \"{id}\"\ntitle = {{ ja = \"{id}\", en = \"{id}\" }}\noperation = \"{operation}\"\nroles = [\"staff\"]\n\
         environments = [\"prd\", \"dev\"]\nconfirm = \"none\"\n{rest}\n"
    )
}

fn catalogue() -> Catalogue {
    let target = "target = { ecs_service = \"bind.services\" }";
    let entries = [
        entry("redeploy", "ecs.redeploy", &format!("{target}\nreason = true")),
        entry("rollback", "ecs.rollback", &format!("{target}\ndocument = \"Shop-Rollback\"")),
        entry("scale", "ecs.scale", &format!("{target}\n[params.desired]\ntype = \"integer\"\nrange = [1, 6]")),
        entry("stop", "ecs.stop_task", target),
        entry("resolve", "securityhub.workflow", "status = \"RESOLVED\""),
        entry(
            "restart",
            "ssm.automation",
            "document = \"Team-Restart\"\ninputs = { Mode = \"bind.mode\", Count = \"param.count\", Kind = \"all\" }\n\
             [params.count]\ntype = \"integer\"\nrange = [1, 2]",
        ),
    ];
    let names: Vec<String> = (0..entries.len()).map(|index| format!("entries/{index}.toml")).collect();
    let files = names.iter().zip(&entries).map(|(name, text)| (name.as_str(), text.as_str()));
    let files: Vec<(&str, &str)> = std::iter::once(("bindings.toml", BINDINGS)).chain(files).collect();
    load(&files).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn operation(catalogue: &Catalogue, environment_name: &str, id: &str) -> Operation {
    let place = environment(environment_name, Kind::Dev);
    catalogue.entry(&place, &EntryId(id.into())).unwrap_or_else(|| panic!("no {id}")).operation.clone()
}

fn service(cluster: &str, name: &str) -> Selector {
    Selector::EcsService { cluster: cluster.into(), service: name.into(), container: None }
}

#[test]
fn a_change_is_one_entry_for_each_service_and_one_document_for_all() {
    let catalogue = catalogue();
    for name in ["web", "api"] {
        let id = format!("redeploy/{name}");
        let (change, service) = (Change::Redeploy, service("shop-prd", name));
        let document = "Sekisho-prd-redeploy".to_owned();
        assert_eq!(operation(&catalogue, "prd", &id), Operation::ServiceChange { change, service, document });
    }
    let (change, service) = (Change::Redeploy, service("shop-dev", "web"));
    let document = "Sekisho-dev-redeploy".to_owned();
    assert_eq!(operation(&catalogue, "dev", "redeploy"), Operation::ServiceChange { change, service, document });
    assert_eq!(operation(&catalogue, "prd", "rollback/web").document(), Some("Shop-Rollback"));
    let entry = catalogue.entry(&environment("prd", Kind::Prd), &EntryId("redeploy/web".into())).unwrap().clone();
    assert!(entry.limit.is_none() && !entry.recorded && entry.parameters.is_empty());
}

#[test]
fn a_document_of_the_team_is_given_what_is_bound_and_what_is_chosen() {
    let Operation::Automation { document, inputs } = operation(&catalogue(), "dev", "restart") else { panic!() };
    let expected = BTreeMap::from([
        ("Count".to_owned(), Input::Chosen("count".to_owned())),
        ("Kind".to_owned(), Input::Fixed("all".to_owned())),
        ("Mode".to_owned(), Input::Fixed("quick".to_owned())),
    ]);
    assert_eq!((document.as_str(), inputs), ("Team-Restart", expected));
    let status = WorkflowStatus::Resolved;
    assert_eq!(operation(&catalogue(), "prd", "resolve"), Operation::Workflow { status });
}

fn ask(id: &str, place: &Environment, parameters: &[(&str, &str)], typed: Option<&str>) -> Result<(), Denial> {
    let request = Request {
        entry: EntryId(id.into()),
        environment: place.name.clone(),
        parameters: parameters.iter().map(|&(name, value)| (name.into(), value.into())).collect(),
        reason: Some("遅い".into()),
        ticket: None,
        confirmation: typed.map(str::to_owned),
    };
    let role = RoleResolution::One("staff".into());
    authorize(&catalogue(), &identity("111122223333"), &role, place, &request, Timestamp::UNIX_EPOCH).map(drop)
}

#[rstest]
#[case("scale/web", &[("desired", "6")], "")]
#[case("scale/web", &[("desired", "7")], "parameter-invalid")]
#[case("scale/web", &[("desired", "-1")], "parameter-invalid")]
#[case("scale/web", &[], "parameter-missing")]
#[case("scale/other", &[("desired", "2")], "no-entry")]
#[case("stop/web", &[("task", "0af70af70af70af70af70af70af70af7")], "")]
#[case("stop/web", &[("task", "0af7")], "parameter-invalid")]
#[case("stop/web", &[("task", "0af70af70af70af70af70af70af70af7 --force")], "parameter-invalid")]
#[case("stop/web", &[], "parameter-missing")]
#[case("redeploy/web", &[("desired", "2")], "no-parameter")]
#[case("resolve", &[("finding", FINDING)], "")]
#[case("resolve", &[], "parameter-missing")]
#[case("resolve", &[("finding", "EC2.18")], "parameter-invalid")]
#[case("resolve", &[("finding", FINDING), ("status", "NEW")], "no-parameter")]
#[case("resolve", &[("finding", "arn:aws:securityhub:ap-northeast-1:444455556666:subscription/x/finding/0")], "parameter-invalid")]
#[case("resolve", &[("finding", "arn:aws:securityhub:ap-northeast-1:111122223333:x\n111122223333")], "parameter-invalid")]
#[case("restart", &[("count", "2")], "")]
#[case("restart", &[("count", "3")], "parameter-invalid")]
#[case("restart", &[("count", "2"), ("Mode", "x")], "no-parameter")]
fn parameters_are_what_the_operation_takes(#[case] id: &str, #[case] given: &[(&str, &str)], #[case] rule: &str) {
    let answer = ask(id, &environment("prd", Kind::Prd), given, Some("yes"));
    assert_eq!(answer.map_or_else(|denial| denial.code(), |()| ""), rule);
}

#[test]
fn a_finding_of_a_member_account_names_the_account_that_it_would_need() {
    let other = FINDING.replace("111122223333", "444455556666");
    let denial = ask("resolve", &environment("prd", Kind::Prd), &[("finding", &other)], Some("yes")).unwrap_err();
    let Denial::ParameterInvalid { name, allowed } = denial else { panic!("{denial:?}") };
    assert_eq!((name.as_str(), allowed.as_str()), ("finding", "arn:…:111122223333:…"));
}

#[test]
fn a_long_arn_of_a_finding_is_taken_up_to_what_aws_gives() {
    let prd = environment("prd", Kind::Prd);
    let long = |letters: usize| format!("{FINDING}{}", "a".repeat(letters));
    assert_eq!(ask("resolve", &prd, &[("finding", &long(300))], Some("yes")), Ok(()));
    assert!(ask("resolve", &prd, &[("finding", &long(64 * 1024))], Some("yes")).is_err());
}

#[test]
fn what_needs_no_confirmation_needs_a_yes_in_production() {
    let not_confirmed = Err(Denial::NotConfirmed { confirmation: Confirmation::Yes, expected: policy::YES.to_owned() });
    for kind in [Kind::Dev, Kind::Stg, Kind::Prd] {
        let place = environment("prd", kind);
        let expected = if kind == Kind::Prd { not_confirmed.clone() } else { Ok(()) };
        assert_eq!(ask("redeploy/web", &place, &[], None), expected, "{kind:?}");
        assert_eq!(ask("redeploy/web", &place, &[], Some("")), expected, "{kind:?}");
        assert_eq!(ask("redeploy/web", &place, &[], Some("yes")), Ok(()), "{kind:?}");
    }
}

#[test]
fn two_entries_do_not_share_a_document_that_each_needs_for_itself() {
    let target = "target = { ecs_service = \"shop-prd/web\" }";
    let named = "document = \"Shop-X\"";
    let pair = |first: &str, second: &str| {
        let bindings = "[prd]\n[dev]\n[prd-a]\n";
        let second = second.replace("[\"prd\", \"dev\"]", "[\"prd-a\"]");
        let files = [("bindings.toml", bindings), ("entries/a.toml", first), ("entries/b.toml", second.as_str())];
        load(&files).map(drop).map_err(|errors| codes(&errors))
    };
    let redeploy = |id: &str, rest: &str| entry(id, "ecs.redeploy", &format!("{target}\n{rest}"));
    let rollback = |id: &str, rest: &str| entry(id, "ecs.rollback", &format!("{target}\n{rest}"));
    // `a-b` in `prd` and `b` in `prd-a` would be called the same.
    assert_eq!(pair(&redeploy("a-b", ""), &redeploy("b", "")), Err(vec!["shared-document"]));
    assert_eq!(pair(&redeploy("a", ""), &redeploy("b", "")), Ok(()));
    assert_eq!(pair(&redeploy("a", named), &redeploy("b", named)), Ok(()));
    assert_eq!(pair(&redeploy("a", named), &rollback("b", named)), Err(vec!["shared-document"]));
    let taken = "document = \"Sekisho-prd-a\"";
    assert_eq!(pair(&redeploy("a", ""), &redeploy("b", taken)), Err(vec!["shared-document"]));
}
