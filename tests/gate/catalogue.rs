//! Loads catalogues as teams write them, right and wrong.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jiff::SignedDuration;
use proptest::prelude::*;
use rstest::rstest;
use sekisho::domain::environment::{Environment, Kind};
use sekisho::domain::fetch::{Failure, FailureKind};
use sekisho::domain::target::Selector;
use sekisho::i18n::{Lang, Texts};
use sekisho::runbook::catalogue::{Catalogue, Origin};
use sekisho::runbook::choice::{Catalogues, Contents, Shelf, Shelves, shelves};
use sekisho::runbook::entry::{Change, Confirmation, Entry, EntryId, Operation, WorkflowStatus};
use sekisho::runbook::parameters::Parameter;

use super::support::{BINDINGS, codes, environment, expected, files, found, load, root, write};

const ENTRY: &str = r#"
id = "look"
title = { ja = "調査", en = "Look" }
operation = "ecs.exec"
roles = ["staff"]
environments = ["prd", "dev"]
limit = "10m"
target = { ecs_service = "bind.services" }
command = "/bin/sh"
"#;

#[test]
fn every_faulty_entry_has_just_the_faults_that_it_says() {
    let cases = files("tests/catalogue/entries");
    assert!(cases.len() >= 80);
    let mut wrong = Vec::new();
    for case in cases {
        let text = fs::read_to_string(&case).unwrap();
        let errors =
            load(&[("bindings.toml", BINDINGS), ("entries/case.toml", &text)]).expect_err(&case.display().to_string());
        let (found, expected) = (found(&errors, "entries/case.toml"), expected(&text));
        if found != expected {
            wrong.push(format!("{}: {found:?} and not {expected:?}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_faulty_file_of_bindings_has_just_the_fault_that_it_says() {
    let entry = ENTRY.replace("\"bind.services\"", "\"bind.tunnel\"");
    let tunnel = entry
        .replace("ecs.exec", "ssm.port_forward")
        .replace("command = \"/bin/sh\"", "destination = { host = \"bind.db\", port = 1 }")
        .replace("[\"prd\", \"dev\"]", "[\"prd\"]");
    for case in files("tests/catalogue/bindings") {
        let text = fs::read_to_string(&case).unwrap();
        let errors = load(&[("bindings.toml", &text), ("entries/case.toml", &tunnel)]).expect_err("it is faulty");
        assert_eq!(found(&errors, "bindings.toml"), expected(&text), "{}", case.display());
    }
}

#[test]
fn every_fault_is_told_in_both_languages_with_its_mend() {
    for case in files("tests/catalogue/entries") {
        let text = fs::read_to_string(&case).unwrap();
        let errors = load(&[("bindings.toml", BINDINGS), ("entries/case.toml", &text)]).unwrap_err();
        for error in errors {
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
fn the_built_in_catalogue_is_the_directory_of_the_repository() {
    let built_in = Catalogue::built_in();
    let folder = root().join("runbooks");
    let loaded = Catalogue::load(&folder).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(built_in.entries(), loaded.entries());
    assert_eq!((built_in.hash(), built_in.origin()), (loaded.hash(), &Origin::BuiltIn));
    assert_eq!(loaded.origin(), &Origin::Folder(folder.clone()));
    assert_eq!(built_in.writable(), None);
}

#[test]
fn the_hash_is_what_sha256sum_says() {
    let folder = root().join("runbooks");
    let line = "LC_ALL=C sha256sum bindings.toml entries/*.toml runbooks/*.toml | sha256sum";
    let output = Command::new("sh").arg("-c").arg(line).current_dir(folder).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.split(' ').next(), Some(Catalogue::built_in().hash()));
}

/// The table of who may do what where, with what, and for how long.
#[rstest]
#[case("db-readonly", "prd", &["responder", "staff"], true, true, "type-environment", 60)]
#[case("db-readonly", "stg", &["responder", "staff"], true, false, "yes", 60)]
#[case("db-readwrite", "prd", &["staff"], true, true, "type-environment", 30)]
#[case("db-readwrite", "dev", &["staff"], true, true, "type-environment", 30)]
#[case("container-inspect/web", "prd", &["responder", "staff"], true, false, "yes", 10)]
#[case("container-shell/web", "prd", &["staff"], true, true, "type-service", 30)]
#[case("container-shell/api", "dev", &["staff"], true, false, "yes", 30)]
#[case("node-shell", "prd", &["staff"], true, true, "yes", 30)]
#[case("node-shell", "dev", &["staff"], true, false, "yes", 30)]
fn the_built_in_entries_are_as_the_table_says(
    #[case] id: &str,
    #[case] place: &str,
    #[case] roles: &[&str],
    #[case] reason: bool,
    #[case] ticket: bool,
    #[case] confirm: &str,
    #[case] minutes: i64,
) {
    let catalogue = Catalogue::built_in();
    let environment = environment(place, Kind::from_name(place).unwrap());
    let entry = catalogue.entry(&environment, &EntryId(id.to_owned())).unwrap_or_else(|| panic!("{id} in {place}"));
    assert_eq!(entry.roles, roles);
    assert_eq!((entry.reason, entry.ticket.is_some(), entry.confirmation.name()), (reason, ticket, confirm));
    assert_eq!(entry.limit, Some(SignedDuration::from_mins(minutes)));
    assert!(entry.recorded && entry.environment == place);
    assert!(entry.operation.goal().contains(place), "{:?}", entry.operation);
}

/// The same table, of what opens no session and so has no limit and no recording.
#[rstest]
#[case("finding-notified", "prd", &["operator", "responder", "staff"], false, "yes")]
#[case("finding-resolved", "prd", &["responder", "staff"], true, "yes")]
#[case("finding-resolved", "dev", &["responder", "staff"], false, "yes")]
#[case("finding-suppressed", "prd", &["responder", "staff"], true, "yes")]
#[case("finding-suppressed", "stg", &["responder", "staff"], false, "yes")]
#[case("service-redeploy/web", "prd", &["responder", "staff"], true, "type-service")]
#[case("service-redeploy/api", "dev", &["operator", "responder", "staff"], false, "yes")]
#[case("service-rollback/web", "prd", &["responder", "staff"], true, "type-service")]
#[case("service-rollback/web", "stg", &["responder", "staff"], false, "yes")]
#[case("service-scale/web", "prd", &["responder", "staff"], true, "type-service")]
#[case("service-scale/web", "dev", &["responder", "staff"], false, "yes")]
#[case("task-stop/claims", "prd", &["responder", "staff"], true, "type-service")]
#[case("task-stop/claims", "dev", &["responder", "staff"], false, "yes")]
fn the_built_in_operations_are_as_the_table_says(
    #[case] id: &str,
    #[case] place: &str,
    #[case] roles: &[&str],
    #[case] ticket: bool,
    #[case] confirm: &str,
) {
    let catalogue = Catalogue::built_in();
    let environment = environment(place, Kind::from_name(place).unwrap());
    let entry = catalogue.entry(&environment, &EntryId(id.to_owned())).unwrap_or_else(|| panic!("{id} in {place}"));
    assert_eq!(entry.roles, roles);
    assert_eq!((entry.reason, entry.ticket.is_some(), entry.confirmation.name()), (true, ticket, confirm));
    assert!(entry.limit.is_none() && !entry.recorded && !entry.operation.is_session());
}

#[test]
fn nothing_that_opens_a_session_is_built_in_for_operators_and_nothing_that_changes_production() {
    let of_operators = |entry: &&Arc<Entry>| entry.roles.contains(&"operator".to_owned());
    let built_in = Catalogue::built_in();
    for entry in built_in.entries().iter().filter(of_operators) {
        let is_notice = entry.operation == Operation::Workflow { status: WorkflowStatus::Notified };
        let is_change = matches!(entry.operation, Operation::ServiceChange { change: Change::Redeploy, .. });
        assert!(is_notice || (is_change && entry.environment != "prd"), "{} in {}", entry.id, entry.environment);
    }
    let ids: BTreeSet<&str> = built_in.entries().iter().map(|entry| entry.id.written()).collect();
    assert_eq!(ids.len(), 12, "{ids:?}");
}

fn by_id<'c>(catalogue: &'c Catalogue, place: &str, id: &str) -> &'c Entry {
    catalogue.entry(&environment(place, Kind::Prd), &EntryId(id.to_owned())).unwrap()
}

#[test]
fn an_entry_of_several_services_is_one_for_each() {
    let catalogue = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", ENTRY)]).unwrap();
    let ids: Vec<&str> = catalogue.entries().iter().map(|entry| entry.id.0.as_str()).collect();
    assert_eq!(ids, ["look/web", "look/api", "look/web"]);
    let service = Selector::EcsService { cluster: "shop-prd".into(), service: "api".into(), container: None };
    let expected = Operation::Exec { selector: service, command: "/bin/sh".to_owned() };
    assert_eq!(by_id(&catalogue, "prd", "look/api").operation, expected);
    assert_eq!(by_id(&catalogue, "prd", "look/api").confirmation, Confirmation::Yes);
    assert_eq!(catalogue.environments_of(&EntryId("look/web".into())), ["prd", "dev"]);
    assert_eq!(catalogue.entry(&environment("prd", Kind::Prd), &EntryId("look".into())), None);
}

#[test]
fn services_of_the_same_name_are_told_apart_by_their_clusters() {
    let entry = ENTRY.replace("\"bind.services\"", r#"["a/web", "b/web", "b/web/sidecar"]"#);
    let catalogue = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", &entry)]).unwrap();
    let ids: Vec<&str> = catalogue.entries().iter().take(3).map(|entry| entry.id.0.as_str()).collect();
    assert_eq!(ids, ["look/a/web", "look/b/web", "look/b/web/sidecar"]);
}

#[test]
fn documents_are_named_by_environment_and_entry() {
    let shell = r#"
id = "shell"
title = { ja = "シェル", en = "Shell" }
operation = "ssm.shell"
roles = ["staff"]
environments = ["dev"]
limit = "10m"
target = { node = ["i-0123456789abcdef0", "i-0123456789abcdef1"] }
"#;
    let document = |text: &str| {
        let catalogue = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", text)]).unwrap();
        match &catalogue.entries()[1].operation {
            Operation::Shell { document, .. } => document.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(document(shell), "Sekisho-dev-shell");
    assert_eq!(document(&format!("{shell}document = \"Team.Shell\"\n")), "Team.Shell");
}

#[test]
fn a_tunnel_has_one_session_unless_more_are_said() {
    let tunnel = ENTRY
        .replace("ecs.exec", "ssm.port_forward")
        .replace("command = \"/bin/sh\"", "destination = { host = \"bind.db\", port = 5432 }")
        .replace("bind.services", "bind.tunnel");
    let sessions = |text: &str| {
        let catalogue = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", text)]).unwrap();
        match by_id(&catalogue, "prd", "look").operation {
            Operation::PortForward { sessions, .. } => sessions,
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!((sessions(&tunnel), sessions(&format!("{tunnel}sessions = 8\n"))), (1, 8));
    let built_in = Catalogue::built_in();
    for (id, expected) in [("db-readonly", 4), ("db-readwrite", 1)] {
        let operation = &by_id(&built_in, "prd", id).operation;
        assert!(matches!(operation, Operation::PortForward { sessions, .. } if *sessions == expected), "{operation:?}");
    }
}

#[test]
fn what_differs_in_an_environment_is_said_there() {
    let entry = format!(
        "{ENTRY}reason = true\n[in.prd]\nroles = [\"lead\"]\nreason = false\nticket = 'T-\\d'\nconfirm = \"type-service\"\nlimit = \"1h\"\n"
    );
    let catalogue = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", &entry)]).unwrap();
    let (prd, dev) = (by_id(&catalogue, "prd", "look/web"), by_id(&catalogue, "dev", "look/web"));
    assert_eq!((prd.roles.as_slice(), dev.roles.as_slice()), (&["lead".to_owned()][..], &["staff".to_owned()][..]));
    assert_eq!((prd.reason, dev.reason), (false, true));
    assert_eq!((prd.ticket.as_deref(), dev.ticket.as_deref()), (Some(r"T-\d"), None));
    assert_eq!((prd.confirmation, dev.confirmation), (Confirmation::TypeService, Confirmation::Yes));
    assert_eq!((prd.limit, dev.limit), (Some(SignedDuration::from_hours(1)), Some(SignedDuration::from_mins(10))));
}

#[test]
fn an_entry_does_not_hold_where_its_cluster_is_anothers() {
    let catalogue = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", ENTRY)]).unwrap();
    let mut dev = environment("dev", Kind::Dev);
    assert_eq!(catalogue.entries_in(&dev).len(), 1);
    dev.clusters = vec!["other-*".to_owned()];
    assert_eq!(catalogue.entries_in(&dev), []);
    assert_eq!(catalogue.entry(&dev, &EntryId("look/web".into())), None);
    let errors = catalogue.check(&[dev], &["staff".to_owned()]);
    assert_eq!(codes(&errors), ["foreign-cluster"]);
}

#[test]
fn what_the_configuration_knows_better_is_checked_against_it() {
    let entry = ENTRY.replace("[\"staff\"]", "[\"staf\", \"operator\"]").replace("[\"prd\", \"dev\"]", "[\"dev\"]");
    let catalogue = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", &entry)]).unwrap();
    let roles = ["staff".to_owned(), "operator".to_owned()];
    // By its name it is a place for development; the configuration says otherwise.
    let errors = catalogue.check(&[environment("dev", Kind::Prd)], &roles);
    assert_eq!(codes(&errors), ["exec-for-operator", "unknown-role"]);
    assert!(errors[1].to_string().contains("Did you mean \"staff\"?"), "{}", errors[1]);
    assert!(errors[1].place.position.is_some());
    assert_eq!(codes(&catalogue.check(&[environment("dev", Kind::Dev)], &roles)), ["unknown-role"]);
    assert_eq!(Catalogue::built_in().check(&[environment("prd", Kind::Prd)], &[]), []);
}

#[test]
fn the_faults_of_all_files_are_told_at_once() {
    let errors = load(&[
        ("bindings.toml", "[prd]\nkind = 7\n"),
        ("entries/a.toml", "id = 1\n"),
        ("entries/b.toml", "nonsense"),
        ("stray.toml", ""),
    ]);
    // A stray file is told before anything is read.
    assert_eq!(codes(&errors.unwrap_err()), ["stray-file"]);
    let errors =
        load(&[("bindings.toml", "[prd]\nkind = 7\n"), ("entries/a.toml", "id = 1\n"), ("entries/b.toml", "nonsense")])
            .unwrap_err();
    let files: std::collections::BTreeSet<_> =
        errors.iter().map(|error| error.place.file.as_ref().unwrap().file_name().unwrap().to_owned()).collect();
    assert_eq!(files.len(), 3, "{errors:#?}");
}

#[test]
fn two_entries_of_one_name_are_a_fault_at_the_second() {
    let errors =
        load(&[("bindings.toml", BINDINGS), ("entries/a.toml", ENTRY), ("entries/b.toml", ENTRY)]).unwrap_err();
    assert_eq!(codes(&errors), ["duplicate-entry"]);
    let told = errors[0].to_string();
    assert!(told.contains("b.toml:2:6") && told.contains("a.toml:2:6"), "{told}");
}

#[test]
fn what_is_no_catalogue_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let load = |path: &Path| codes(&Catalogue::load(path).unwrap_err())[0];
    assert_eq!(load(&folder.path().join("nothing")), "no-folder");
    assert_eq!(load(folder.path()), "no-entries");
    fs::write(folder.path().join("bindings.toml"), "").unwrap();
    assert_eq!(load(&folder.path().join("bindings.toml")), "not-a-folder");
    fs::create_dir(folder.path().join("entries")).unwrap();
    assert_eq!(load(folder.path()), "no-entries");
    fs::write(folder.path().join("entries/a.toml"), b"\xff").unwrap();
    assert_eq!(load(folder.path()), "not-utf8");
    fs::write(folder.path().join("entries/a.toml"), vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert_eq!(load(folder.path()), "too-large");
    fs::write(folder.path().join("entries/a.toml"), ENTRY).unwrap();
    fs::remove_file(folder.path().join("bindings.toml")).unwrap();
    assert_eq!(load(folder.path()), "no-bindings-file");
}

#[test]
fn a_directory_of_very_many_files_is_not_read() {
    let folder = write(&[("bindings.toml", BINDINGS)]);
    for number in 0..=500 {
        fs::write(folder.path().join(format!("entries/{number}.toml")), "").unwrap();
    }
    assert_eq!(codes(&Catalogue::load(folder.path()).unwrap_err()), ["too-many-files"]);
}

#[test]
fn what_is_not_toml_does_not_count() {
    let plain = write(&[("bindings.toml", BINDINGS), ("entries/a.toml", ENTRY)]);
    let more = write(&[
        ("bindings.toml", BINDINGS),
        ("entries/a.toml", ENTRY),
        ("README.md", "x"),
        ("entries/.a.toml.swp", "x"),
        ("entries/.hidden.toml", "x"),
        ("entries/a.toml~", "x"),
    ]);
    let load = |folder: &tempfile::TempDir| Catalogue::load(folder.path()).unwrap();
    assert_eq!(load(&plain).hash(), load(&more).hash());
    assert_eq!(load(&plain).entries(), load(&more).entries());
}

#[test]
fn every_byte_and_every_name_is_in_the_hash() {
    let hash = |files: &[(&str, &str)]| load(files).unwrap().hash().to_owned();
    let first = hash(&[("bindings.toml", BINDINGS), ("entries/a.toml", ENTRY)]);
    assert_eq!(first.len(), 64);
    assert_ne!(first, hash(&[("bindings.toml", BINDINGS), ("entries/b.toml", ENTRY)]));
    assert_ne!(first, hash(&[("bindings.toml", BINDINGS), ("entries/a.toml", &format!("{ENTRY}\n"))]));
    assert_ne!(first, hash(&[("bindings.toml", &format!("{BINDINGS}#")), ("entries/a.toml", ENTRY)]));
}

#[test]
fn a_catalogue_that_its_reader_can_change_says_so() {
    let folder = write(&[("bindings.toml", BINDINGS), ("entries/a.toml", ENTRY)]);
    for name in ["bindings.toml", "entries/a.toml"] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o400)).unwrap();
    }
    // Its owner can give itself the right at any time.
    assert!(Catalogue::load(folder.path()).unwrap().writable().is_some());
}

#[test]
fn each_environment_has_its_own_catalogue_or_the_built_in_one() {
    let own = write(&[("bindings.toml", BINDINGS), ("entries/a.toml", ENTRY)]);
    let other = write(&[("bindings.toml", BINDINGS), ("entries/a.toml", &ENTRY.replace("look", "see"))]);
    let roles = ["staff".to_owned()];
    let at = |name: &str, folder: Option<&Path>| Environment {
        catalogue: folder.map(|path| path.to_str().unwrap().to_owned()),
        ..environment(name, Kind::from_name(name).unwrap())
    };
    let places = [at("prd", Some(own.path())), at("dev", Some(other.path())), at("stg", None)];
    let catalogues = Catalogues::load(None, &places, &roles, &Shelves::new()).unwrap();
    let first = |place: &Environment| catalogues.of(place).entries_in(place)[0].id.written().to_owned();
    assert_eq!((first(&places[0]).as_str(), first(&places[1]).as_str()), ("look", "see"));
    assert_eq!(catalogues.of(&places[2]).origin(), &Origin::BuiltIn);
    let flag = Catalogues::load(Some(own.path()), &places, &roles, &Shelves::new()).unwrap();
    assert!(places.iter().all(|place| flag.of(place).origin() == &Origin::Folder(own.path().to_path_buf())));
    let missing = [at("prd", Some(Path::new("/no/such"))), at("dev", Some(Path::new("/no/such")))];
    assert_eq!(codes(&Catalogues::load(None, &missing, &roles, &Shelves::new()).unwrap_err()), ["no-folder"]);
    assert_eq!(
        codes(&Catalogues::load(None, &places, &[], &Shelves::new()).unwrap_err()),
        ["unknown-role", "unknown-role"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_file_breaks_the_reader(
        line in 0usize..9,
        key in "(id|title|operation|roles|environments|limit|target|command|in|params|.{0,4})",
        value in r#"(.{0,12}|"bind\.[a-z]{0,4}"|\[\]|\{\}|-?[0-9]{0,20}|\[\[.*\]\])"#,
    ) {
        let mut lines: Vec<String> = ENTRY.lines().map(str::to_owned).collect();
        lines[line] = format!("{key} = {value}");
        let text = lines.join("\n");
        for files in [
            [("bindings.toml", BINDINGS), ("entries/a.toml", text.as_str())],
            [("bindings.toml", text.as_str()), ("entries/a.toml", ENTRY)],
        ] {
            if let Err(errors) = load(&files) {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(!error.render(Texts::of(Lang::Ja)).chars().any(|c| c.is_control() && c != '\n'));
                }
            }
        }
    }
}

/// Puts a catalogue into Parameter Store, its larger files in parts.
fn stored(path: &str, files: &[(&str, &str)]) -> Contents {
    let plain = |name: String, value: &str| Parameter { name, is_plain: true, value: value.to_owned() };
    let parameters = files.iter().flat_map(|(name, text)| {
        let (first, second) = text.split_at(text.len() / 2);
        [plain(format!("{path}/{name}.1"), first), plain(format!("{path}/{name}.2"), second)]
    });
    Contents { parameters: parameters.collect(), capped: false }
}

#[test]
fn a_catalogue_in_parameter_store_is_the_same_as_in_a_directory() {
    let files = [("bindings.toml", BINDINGS), ("entries/look.toml", ENTRY)];
    let mut prd = environment("prd", Kind::Prd);
    prd.catalogue = Some("ssm:/shop/prd".to_owned());
    let places = [prd, environment("dev", Kind::Dev)];
    let wanted = shelves(None, &places);
    assert_eq!(wanted, [Shelf { environment: "prd".into(), path: "/shop/prd".into() }]);
    let read = Shelves::from([(wanted[0].clone(), Ok(stored("/shop/prd", &files)))]);
    let catalogues = Catalogues::load(None, &places, &["staff".to_owned()], &read).unwrap();
    let catalogue = catalogues.of(&places[0]);
    assert_eq!(catalogue.hash(), load(&files).unwrap().hash());
    assert_eq!(catalogue.origin(), &Origin::Parameters("/shop/prd".into()));
    assert_eq!(catalogues.of(&places[1]).origin(), &Origin::BuiltIn);
    // With a flag every environment has its own account's.
    let flag = Path::new("ssm:/shop/prd");
    assert_eq!(shelves(Some(flag), &places).len(), 2);
}

#[test]
fn what_is_wrong_in_parameter_store_is_told_with_its_place_and_nothing_of_it_holds() {
    let mut prd = environment("prd", Kind::Prd);
    prd.catalogue = Some("ssm:/shop/prd".to_owned());
    let places = [prd];
    let told = |contents: Result<Contents, Failure>| {
        let read = Shelves::from([(shelves(None, &places)[0].clone(), contents)]);
        let errors = Catalogues::load(None, &places, &["staff".to_owned()], &read).unwrap_err();
        (codes(&errors), errors[0].render(Texts::of(Lang::En)))
    };
    let faulty = [("bindings.toml", BINDINGS), ("entries/look.toml", &ENTRY.replace("limit", "limt"))];
    let (found, text) = told(Ok(stored("/shop/prd", &faulty)));
    assert!(found.contains(&"unknown-key") && text.contains("ssm:/shop/prd/entries/look.toml:"), "{text}");
    let kind = FailureKind::Denied { missing_action: "ssm:GetParametersByPath".into() };
    let (action, detail) = ("ssm:GetParametersByPath".to_owned(), String::new());
    let denied = Failure { kind, action, detail, request_id: None, at: jiff::Timestamp::UNIX_EPOCH };
    let (found, text) = told(Err(denied));
    assert!(found == ["unread"] && text.contains("ssm:GetParametersByPath is denied"), "{text}");
    let capped = Contents { capped: true, ..stored("/shop/prd", &[("bindings.toml", BINDINGS)]) };
    assert_eq!(told(Ok(capped)).0, ["too-many-parameters"]);
    assert_eq!(codes(&Catalogues::load(None, &places, &[], &Shelves::new()).unwrap_err()), ["no-folder"]);
    let nowhere = Catalogues::load(Some(Path::new("ssm:shop")), &places, &[], &Shelves::new()).unwrap_err();
    assert_eq!(codes(&nowhere), ["not-a-path"]);
    for lang in Lang::ALL {
        assert!(!nowhere[0].render(Texts::of(lang)).contains("catalogue."));
    }
}

#[test]
fn a_directory_that_changes_is_noticed_and_what_was_loaded_holds() {
    let folder = write(&[("bindings.toml", BINDINGS), ("entries/look.toml", ENTRY)]);
    let catalogue = Catalogue::load(folder.path()).unwrap();
    let hash = catalogue.hash().to_owned();
    assert!(!catalogue.has_changed() && !Catalogue::built_in().has_changed());
    fs::write(folder.path().join("entries/look.toml"), ENTRY.replace("10m", "20m")).unwrap();
    assert!(catalogue.has_changed() && catalogue.hash() == hash);
    fs::write(folder.path().join("entries/look.toml"), ENTRY).unwrap();
    assert!(!catalogue.has_changed());
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(catalogue.has_changed());
}
