//! Bad days of the command line: what failed is told with its remedy, what was read is printed all the same.

use std::net::TcpListener;

use rstest::rstest;
use sekisho::simulator::FaultKind;
use serde_json::Value;

use super::account::Account;
use super::home::Home;
use super::json;

#[test]
fn a_denied_action_is_named_and_the_rest_is_printed() {
    let account = Account::of("bad-deploy", "3m").with_fault(FaultKind::Deny, "ecs:ListServices");
    let home = account.home();
    let ran = home.run("get queue -o json").exits(3);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    json::check("queue", &document);
    assert_eq!(document["sources"][0]["state"], "denied");
    assert_eq!(document["sources"][0]["missing_action"], "ecs:ListServices");
    let items = document["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["subject"]["alarm"]["name"] == "shop-prd-customer-impact"), "{items:#?}");
    assert!(items.iter().any(|item| item["trouble"] == "blind"), "{items:#?}");
    assert!(ran.err.contains("prd dev ap-northeast-1: services: IAM denies ecs:ListServices."), "{}", ran.err);
    assert!(ran.err.contains("for ecs:ListServices, then run the command again.\n"), "{}", ran.err);
    home.run("get services --lang ja")
        .exits(3)
        .complains("ecs:ListServices が IAM で拒否されました。")
        .complains("アカウントの管理者に ecs:ListServices の許可を依頼し");
    home.run("get alarms").exits(0).quietly().says("shop-prd-決済5xx");
}

#[rstest]
#[case::garbage(FaultKind::Malformed, "malformed", "The answer to cloudwatch:DescribeAlarms cannot be read.")]
#[case::fault(FaultKind::Status, "service-fault", "AWS reports a fault of its own in cloudwatch:DescribeAlarms.")]
#[case::throttled(FaultKind::Throttle, "throttled", "AWS throttles cloudwatch:DescribeAlarms.")]
#[case::expired(FaultKind::Expire, "expired", "The credentials have ended.")]
fn what_breaks_has_a_name_in_the_document_and_words_beside_it(
    #[case] kind: FaultKind,
    #[case] state: &str,
    #[case] says: &str,
) {
    let account = Account::of("bad-deploy", "3m").with_fault(kind, "cloudwatch:DescribeAlarms");
    let ran = account.home().run("get alarms -o json").exits(3).complains(says);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    json::check("alarms", &document);
    assert_eq!(document["sources"][0]["state"], state);
    assert_eq!(document["sources"][0]["action"], "cloudwatch:DescribeAlarms");
}

/// Returns an address of this machine at which nobody listens.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn with_keys(home: Home) -> Home {
    home.set("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").set("AWS_SECRET_ACCESS_KEY", "secret").set("AWS_REGION", "eu-west-1")
}

#[test]
fn no_network_is_told_with_the_host_that_was_called() {
    let nobody = nobody();
    let home = with_keys(Home::new());
    let says = format!("{nobody} cannot be reached.");
    home.run(&format!("get services --endpoint-url http://{nobody}")).exits(3).complains(&says).says("Nothing found.");
    home.run(&format!("get services --endpoint-url http://{nobody} --lang ja"))
        .exits(3)
        .complains("に接続できません。")
        .complains("ネットワーク、VPN、プロキシ");
    let home = home.set("AWS_ENDPOINT_URL", format!("http://{nobody}"));
    home.run("doctor").exits(1).says(&says);
}

#[test]
fn a_region_that_does_not_exist_is_told_by_its_host() {
    // No name is looked up: a proxy that is not there stands between this machine and every host.
    let home = with_keys(Home::new()).set("HTTPS_PROXY", format!("http://{}", nobody()));
    let ran = home.run("get alarms --region eu-nowhere-9").exits(3);
    assert!(ran.err.contains("eu-nowhere-9"), "{}", ran.err);
    assert!(ran.err.contains("cannot be reached."), "{}", ran.err);
    home.run("get alarms --region tokyo").exits(2).complains("\"tokyo\" cannot be a region.");
    home.run("get alarms --region tokyo --lang ja").exits(2).complains("tokyo");
}

#[test]
fn no_region_at_all_is_a_fault_of_the_configuration() {
    Home::new().run("get alarms").exits(2).complains("It is not said which region.").complains("--region");
}

const SSO: &str = "[profile corp-prd]\nregion = ap-northeast-1\nsso_session = corp\nsso_account_id = 111122223333\n\
                   sso_role_name = Viewer\n[sso-session corp]\nsso_region = ap-northeast-1\n\
                   sso_start_url = https://corp.awsapps.com/start\nsso_registration_scopes = sso:account:access\n";

/// The token that `aws sso login` left behind; its file is named after the SHA-1 of the session's name.
const ENDED: &str = r#"{"startUrl": "https://corp.awsapps.com/start", "region": "ap-northeast-1",
    "accessToken": "was-once-good", "expiresAt": "2020-01-01T00:00:00Z"}"#;

#[test]
fn an_sso_session_that_ended_is_told_with_the_login_that_mends_it() {
    let cache = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
    for home in [Home::new().file(".aws/config", SSO), Home::new().file(".aws/config", SSO).file(cache, ENDED)] {
        let home = home.set("HTTPS_PROXY", format!("http://{}", nobody()));
        home.run("get services --profile corp-prd")
            .exits(3)
            .complains("The credentials have ended.")
            .complains("aws sso login --profile corp-prd");
        let ran = home.run("get services --profile corp-prd -o json --lang ja").exits(3);
        let ran = ran.complains("認証情報の有効期限が切れました。").complains("aws sso login --profile corp-prd");
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(document["sources"][0]["state"], "expired");
        assert!(!ran.out.contains("was-once-good") && !ran.err.contains("was-once-good"));
    }
}

#[test]
fn a_profile_that_is_not_there_is_a_fault_of_the_configuration() {
    let home = Home::new().file(".aws/config", SSO);
    home.run("get services --profile corp-prod")
        .exits(2)
        .complains("There is no profile \"corp-prod\" in the AWS configuration files.")
        .complains("corp-prd");
}

#[test]
fn no_credentials_at_all_are_told() {
    let home = Home::new().set("AWS_REGION", "eu-west-1").set("HTTPS_PROXY", format!("http://{}", nobody()));
    home.run("get services").exits(3).complains("No credentials were found.").complains("aws sso login");
}

#[test]
fn credentials_of_another_account_read_nothing() {
    let account = Account::of("bad-deploy", "3m");
    let config = super::account::TWO.replace("111122223333", "999988887777");
    let ran = account.keys(Home::new()).config(&config).run("get services").exits(3);
    let ran = ran.complains("These credentials belong to account 111122223333; the configuration says 999988887777.");
    assert!(!ran.out.contains("shop"), "{}", ran.out);
    assert_eq!(account.simulator.calls().total, account.simulator.calls().of("sts:GetCallerIdentity"));
}

#[test]
fn keys_that_the_account_does_not_know_are_refused() {
    let account = Account::of("bad-deploy", "3m");
    let home = with_keys(Home::new()).set("AWS_ENDPOINT_URL", account.simulator.endpoint());
    home.run("get services").exits(3).complains("AWS refuses the key or the signature.");
}

#[test]
fn doctor_says_what_works_and_names_what_is_denied() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    let ran = home.run("doctor").exits(0).quietly();
    let ran = ran.says("Everything that the console needs works.").says("op-0137").says("responder");
    assert!(!ran.out.contains("FAILED"), "{}", ran.out);
    let account = account.with_fault(FaultKind::Deny, "cloudwatch:DescribeAlarmHistory");
    let ran = home.run("doctor").exits(1).says("Something is missing: see above.");
    let failed: Vec<&str> = ran.out.lines().filter(|line| line.contains("FAILED")).collect();
    assert_eq!(failed, ["    FAILED  cloudwatch:DescribeAlarmHistory"]);
    assert!(ran.out.contains("IAM denies cloudwatch:DescribeAlarmHistory."), "{}", ran.out);
    home.run("doctor --lang ja").exits(1).says("cloudwatch:DescribeAlarmHistory が IAM で拒否されました。");
    drop(account);
    home.run("doctor").exits(1).says("cannot be reached.");
}

#[test]
fn doctor_says_once_what_is_missing_and_what_it_could_not_try_for_it() {
    let account = Account::of("bad-deploy", "3m")
        .with_fault(FaultKind::Deny, "ecs:ListClusters")
        .with_fault(FaultKind::Deny, "cloudwatch:DescribeAlarms");
    let home = account.home();
    let ran = home.run("doctor").exits(1);
    for denied in ["ecs:ListClusters", "cloudwatch:DescribeAlarms"] {
        assert_eq!(ran.out.matches(&format!("IAM denies {denied}.")).count(), 1, "{}", ran.out);
    }
    let failed: Vec<&str> = ran.out.lines().filter_map(|line| line.strip_prefix("    FAILED  ")).collect();
    assert_eq!(failed, ["ecs:ListClusters", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarms"]);
    for (action, needs) in [
        ("ecs:ListServices", "ecs:ListClusters"),
        ("ecs:DescribeServices", "ecs:ListClusters"),
        ("ecs:DescribeTasks", "ecs:ListClusters"),
        ("ecs:DescribeServiceRevisions", "ecs:ListClusters"),
        ("cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"),
    ] {
        let line = format!("    -       {action}  not checked: needs {needs}");
        assert_eq!(ran.out.lines().filter(|known| *known == line).count(), 1, "{line}\n{}", ran.out);
    }
    assert_eq!(account.simulator.calls().of("ecs:ListClusters"), 1, "what is denied is not asked again");
    home.run("doctor --lang ja").exits(1).says("ecs:ListServices  未確認(ecs:ListClusters が必要)");
    // A list further down.
    let account = Account::of("bad-deploy", "3m").with_fault(FaultKind::Deny, "ecs:ListTasks");
    let ran = account.home().run("doctor").exits(1).says("-       ecs:DescribeTasks  not checked: needs ecs:ListTasks");
    assert_eq!(ran.out.matches("not checked").count(), 1, "{}", ran.out);
}
