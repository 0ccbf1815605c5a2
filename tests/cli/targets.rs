//! `get targets`: what may be done, where, by whoever asks.

use rstest::rstest;
use sekisho::simulator::FaultKind;
use serde_json::Value;

use super::account::Account;
use super::home::Home;
use super::json;

fn items(home: &Home, arguments: &str) -> Vec<Value> {
    let ran = home.run(&format!("get targets -o json {arguments}")).exits(0).quietly();
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    json::check("targets", &document);
    document["items"].as_array().unwrap().clone()
}

fn verdicts<'i>(items: &'i [Value], environment: &str) -> Vec<(&'i str, &'i str)> {
    let own = items.iter().filter(|item| item["environment"] == environment);
    own.map(|item| (item["entry"].as_str().unwrap(), item["verdict"].as_str().unwrap())).collect()
}

#[rstest]
#[case("operator", 1, 5)]
#[case("responder", 24, 24)]
#[case("staff", 30, 30)]
fn each_role_is_told_what_it_may_do(#[case] role: &str, #[case] in_production: usize, #[case] elsewhere: usize) {
    let items = items(&Home::new(), &format!("--demo --as {role}"));
    for environment in ["prd", "stg", "dev"] {
        let verdicts = verdicts(&items, environment);
        let allowed = if environment == "prd" { in_production } else { elsewhere };
        assert_eq!(verdicts.len(), 30, "{environment}: {verdicts:?}");
        let count = verdicts.iter().take_while(|(_, verdict)| *verdict == "allowed").count();
        assert_eq!(count, allowed, "{environment}: {verdicts:?}");
        assert!(verdicts[count..].iter().all(|(_, verdict)| *verdict == "denied"), "{verdicts:?}");
    }
    let denied = items.iter().filter(|item| item["verdict"] == "denied");
    assert!(denied.into_iter().all(|item| item["rule"] == "not-for-role"));
}

#[test]
fn the_table_says_why_not_and_what_is_asked_for() {
    let home = Home::new();
    let ran = home.run("get targets --demo --as responder --env prd").exits(0).quietly();
    assert!(ran.out.contains("allowed") && ran.out.contains("Inspect the database, read-only"), "{}", ran.out);
    assert!(ran.out.contains("reason, ticket, the environment's name"), "{}", ran.out);
    assert!(ran.out.contains("This is not for the role responder."), "{}", ran.out);
    let ran = home.run("get targets --demo --as responder --lang ja").exits(0).quietly();
    assert!(ran.out.contains("DB調査(読み取り)") && ran.out.contains("ロールresponderでは使えません。"), "{}", ran.out);
}

const ENTRY: &str = r#"
id = "look"
title = { ja = "調査", en = "Look" }
operation = "ecs.exec"
roles = ["staff"]
environments = ["prd"]
limit = "10m"
target = { ecs_service = "shop-prd/web" }
command = "/bin/sh -c uptime"
"#;

#[test]
fn a_catalogue_of_ones_own_takes_the_place_of_the_built_in_one() {
    let home = Home::new().file("own/bindings.toml", "[prd]\n").file("own/entries/look.toml", ENTRY);
    let folder = home.path("own");
    let items = items(&home, &format!("--demo --as staff --catalogue {}", folder.display()));
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["entry"], &items[0]["verdict"]), (&"look".into(), &"allowed".into()));
    assert_eq!(items[0]["origin"], folder.to_str().unwrap());
}

#[test]
fn a_faulty_catalogue_is_told_where_and_how_to_mend_it() {
    let faulty = ENTRY.replace("limit", "limt");
    let home = Home::new().file("own/bindings.toml", "[prd]\n").file("own/entries/look.toml", &faulty);
    let folder = home.path("own");
    let ran = home.run(&format!("get targets --demo --catalogue {}", folder.display())).exits(2);
    assert_eq!(ran.out, "");
    ran.complains("entries/look.toml:7:1: \"limt\" is no key of an entry.").complains("Did you mean \"limit\"?");
    home.run("get targets --demo --catalogue ssm:shop").exits(2).complains("no path of Parameter Store");
    home.run("get targets --demo --catalogue /no/such").exits(2).complains("There is no such directory.");
}

#[test]
fn environments_may_have_catalogues_of_their_own() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    let text = std::fs::read_to_string(home.path(".config/sekisho/config.toml")).unwrap();
    let text = text.replacen("name = \"prd\"\n", "name = \"prd\"\ncatalogue = \"own\"\n", 1);
    let role = "[[role]]\nname = \"staff\"\nmatch = [\"permission-set:SekishoStaff\"]\n";
    let home = home
        .config(&format!("{text}\n{role}"))
        .file(".config/sekisho/own/bindings.toml", "[prd]\n")
        .file(".config/sekisho/own/entries/look.toml", ENTRY);
    let items = items(&home, "");
    assert_eq!(verdicts(&items, "prd").iter().map(|(entry, _)| *entry).collect::<Vec<_>>(), ["look"]);
    assert!(verdicts(&items, "dev").iter().any(|(entry, _)| *entry == "db-readonly"));
}

#[test]
fn who_is_not_known_is_not_refused_but_unknown() {
    let account = Account::of("bad-deploy", "3m").with_fault(FaultKind::Deny, "sts:GetCallerIdentity");
    let ran = account.home().run("get targets -o json").exits(3);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    json::check("targets", &document);
    assert!(document["items"].as_array().unwrap().iter().all(|item| item["verdict"] == "unknown"));
}
