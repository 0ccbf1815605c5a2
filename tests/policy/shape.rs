//! What the compiled policies look like: names, lengths, which actions, and that nothing is left to chance.

use std::collections::BTreeSet;

use sekisho::aws::Action;
use sekisho::domain::environment::{Environment, Kind};
use sekisho::policy::compile::compare::compare;
use sekisho::policy::compile::{
    Effect, MANAGED, Note, Options, compile, dashboard_actions, documents_json, iam_json, parse, permission_set,
    permission_set_json,
};

use super::support::{CATALOGUE, ROLES, compiled, environment, environments, options};

#[test]
fn the_dashboards_are_what_the_screens_are_read_with() {
    let called: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
    let needed: BTreeSet<&str> = dashboard_actions().chain(["sts:GetCallerIdentity"]).collect();
    assert_eq!(needed, called);
    for role in ROLES {
        let statements = compiled(role).statements;
        let allowed: BTreeSet<&str> = statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow)
            .flat_map(|statement| statement.actions.iter().map(String::as_str))
            .collect();
        assert!(dashboard_actions().all(|action| allowed.contains(action)), "{role}");
        assert!(allowed.iter().all(|action| !action.contains('*')), "{role}: no action is a pattern");
    }
}

#[test]
fn every_call_that_the_program_makes_is_allowed_to_whoever_needs_it() {
    let allowed = |role: &str| -> BTreeSet<String> {
        compiled(role).statements.iter().flat_map(|statement| statement.actions.clone()).collect()
    };
    let staff = allowed("staff");
    for action in Action::SESSIONS.into_iter().chain(Action::CHANGES).chain(Action::JOURNAL) {
        assert!(staff.contains(action.name()), "{}", action.name());
    }
    let operator = compiled("operator").statements;
    let allows = |wanted: &str| {
        operator.iter().any(|one| one.effect == Effect::Allow && one.actions.iter().any(|action| action == wanted))
    };
    for action in ["ssm:StartSession", "ecs:ExecuteCommand", "rds-db:connect", "kms:GenerateDataKey"] {
        assert!(!allows(action), "an operator has no {action}");
    }
}

#[test]
fn every_statement_has_a_name_of_its_own_that_says_what_it_is_for() {
    for role in ROLES {
        let made = compiled(role);
        let sids: Vec<&str> =
            made.policies.iter().flat_map(|policy| &policy.statements).map(|one| one.sid.as_str()).collect();
        assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), sids.len(), "{role}: {sids:?}");
        assert!(sids.iter().all(|sid| !sid.is_empty() && sid.chars().all(|c| c.is_ascii_alphanumeric())), "{sids:?}");
        for statement in &made.statements {
            for entry in &statement.entries {
                let word: String = entry.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect();
                assert!(statement.sid.contains(&word), "{} is for {entry}", statement.sid);
            }
        }
    }
    let staff = compiled("staff").statements;
    assert!(staff.iter().any(|one| one.sid == "PrdExecTaskWebContainerInspectContainerShell"));
    assert!(staff.iter().any(|one| one.sid == "PrdPassRoleServiceRedeploy" && one.entries == ["service-redeploy"]));
}

#[test]
fn no_policy_is_longer_than_iam_takes() {
    for role in ROLES {
        let made = compiled(role);
        assert!(made.policies.iter().all(|policy| policy.characters() <= MANAGED), "{role}");
        let kept: usize = made.policies.iter().map(|policy| policy.statements.len()).sum();
        assert_eq!(kept, made.statements.len(), "{role}");
        let set = permission_set(&made);
        assert!(set.managed.is_empty() && set.inline.statements == made.statements, "{role}");
        let is_split = made.notes.iter().any(|note| matches!(note, Note::Split { .. }));
        assert_eq!(is_split, made.policies.len() > 1, "{role}");
    }
}

#[test]
fn sixty_environments_fit_into_a_permission_set_and_what_it_names() {
    let many: Vec<Environment> = (0..60)
        .map(|number| Environment {
            account: Some(format!("1111222233{number:02}").parse().unwrap()),
            clusters: vec![format!("shop-prd-{number}")],
            ..environment("prd")
        })
        .collect();
    let made = compile(&CATALOGUE, "staff", &many, &Options::default());
    let set = permission_set(&made);
    assert!(set.inline.characters() <= 32_768 && !set.managed.is_empty());
    assert!(set.managed.iter().chain(&made.policies).all(|policy| policy.characters() <= MANAGED));
}

#[test]
fn the_same_catalogue_gives_the_same_text() {
    for role in ROLES {
        let (one, other) = (compiled(role), compiled(role));
        assert_eq!(iam_json(&one), iam_json(&other));
        assert_eq!(documents_json(&one), documents_json(&other));
        assert_eq!(permission_set_json(&permission_set(&one)), permission_set_json(&permission_set(&other)));
    }
}

#[test]
fn what_is_printed_fits_the_need_when_it_is_read_again() {
    for role in ROLES {
        let made = compiled(role);
        for text in [iam_json(&made), permission_set_json(&permission_set(&made))] {
            let found = compare(&parse(&text).unwrap(), &made.statements);
            assert!(found.fits(), "{role}: {found:#?}");
        }
    }
    // An operator with the policy of the staff has more, and one of the staff with the operator's lacks it.
    let (operator, staff) = (compiled("operator"), compiled("staff"));
    let found = compare(&parse(&iam_json(&staff)).unwrap(), &operator.statements);
    assert!(found.excess.iter().any(|one| one.action == "ecs:ExecuteCommand") && found.lacking.is_empty());
    let found = compare(&parse(&iam_json(&operator)).unwrap(), &staff.statements);
    assert!(found.lacking.iter().any(|one| one.entries == ["db-readwrite"]));
}

#[test]
fn what_cannot_be_pinned_is_not_compiled() {
    let unpinned = [
        Environment { account: None, ..environment("prd") },
        Environment { regions: Vec::new(), ..environment("stg") },
        Environment { regions: vec![String::new()], ..environment("dev") },
    ];
    let made = compile(&CATALOGUE, "staff", &unpinned, &options());
    assert_eq!(made.notes.iter().filter(|note| note.is_fault()).count(), 3);
    assert!(made.statements.iter().all(|statement| statement.effect == Effect::Deny));
    assert!(made.documents.is_empty() && made.roles.is_empty());
}

#[test]
fn where_the_kind_is_unknown_one_only_looks() {
    let unknown = [Environment { kind: Kind::Unknown, ..environment("prd") }];
    let made = compile(&CATALOGUE, "staff", &unknown, &options());
    assert!(made.notes.contains(&Note::UnknownKind { environment: "prd".to_owned() }));
    let actions: BTreeSet<&str> = made
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
        .flat_map(|statement| statement.actions.iter().map(String::as_str))
        .collect();
    assert!(!actions.contains("ssm:StartSession") && actions.contains("ecs:DescribeServices"));
}

#[test]
fn a_catalogue_in_parameter_store_is_read_and_not_written() {
    let places: Vec<Environment> = environments()
        .into_iter()
        .map(|place| Environment { catalogue: Some("ssm:/shop/sekisho/".to_owned()), ..place })
        .collect();
    let made = compile(&CATALOGUE, "operator", &places, &options());
    let of = |sid: &str| made.statements.iter().find(|statement| statement.sid == sid).unwrap();
    let own = "arn:aws:ssm:ap-northeast-1:111122223333:parameter/shop/sekisho".to_owned();
    assert!(of("Catalogue").resources.contains(&own));
    assert!(of("NoTamperCatalogue").resources.contains(&own) && of("NoTamperCatalogue").effect == Effect::Deny);
    for action in Action::CATALOGUE {
        assert!(of("Catalogue").actions.iter().any(|known| known == action.name()), "{}", action.name());
    }
    assert!(!compiled("operator").statements.iter().any(|statement| statement.sid.contains("Catalogue")));
}

#[test]
fn another_partition_has_its_own_arns_and_no_cloudfront() {
    let china = [Environment { regions: vec!["cn-north-1".to_owned()], ..environment("prd") }];
    let text = iam_json(&compile(&CATALOGUE, "staff", &china, &Options::default()));
    assert!(text.contains("arn:aws-cn:ecs:cn-north-1:") && !text.contains("us-east-1") && !text.contains("arn:aws:"));
}
