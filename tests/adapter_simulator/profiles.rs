//! Profiles: found as the AWS CLI finds them, and never past the endpoint that was given.
//!
//! They are found by environment variables, which a test cannot change for itself alone: each test runs itself again
//! in a process of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use sekisho::{
    aws::{Connection, ConnectionPlan, Now, Shared},
    config::CredentialSource,
    domain::fetch::{FailureKind, Panel},
    runtime::poller::PollCommand,
    simulator::{Options, Scenario, Simulator},
    state::event::{Generation, Report},
};

use super::support::{Rig, failure, last, plan, simulate, start};

const CHILD: &str = "SEKISHO_TEST_CHILD";

/// Runs the test of that name in a process with an environment of its own; tells the child that it is the child.
fn in_child(name: &str, more: &[(&str, &str)]) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(CHILD) {
        return Some(folder.into());
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("profiles::{name}"), "--nocapture"]).env_clear();
    command.env(CHILD, folder.path()).env("HOME", folder.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_CONFIG_FILE", folder.path().join("config"));
    command.env("AWS_SHARED_CREDENTIALS_FILE", folder.path().join("credentials"));
    command.envs(more.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    None
}

/// Writes a profile `base` with the simulated account's keys, and whatever follows.
fn write(folder: &Path, simulator: &Simulator, more: &str) {
    let keys = format!(
        "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        simulator.access_key_id(),
        simulator.secret_access_key()
    );
    std::fs::write(folder.join("credentials"), keys).unwrap();
    std::fs::write(folder.join("config"), more).unwrap();
}

fn with_profile(simulator: &Simulator, name: &str) -> ConnectionPlan {
    ConnectionPlan { credentials: CredentialSource::Profile(name.to_owned()), region: None, ..plan(simulator) }
}

async fn open(plan: ConnectionPlan) -> Result<Connection, FailureKind> {
    Connection::open(plan, Shared::new(Now::default())).await.map_err(|failure| failure.kind)
}

/// A host that must not be called; tells whether it was.
struct Trap(std::net::TcpListener);

impl Trap {
    fn set() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    fn was_sprung(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[tokio::test]
async fn a_profile_takes_its_role_at_the_endpoint_whatever_else_it_says() {
    let wrong_keys = [("AWS_ACCESS_KEY_ID", "AKIAWRONG"), ("AWS_SECRET_ACCESS_KEY", "wrong")];
    let Some(folder) = in_child("a_profile_takes_its_role_at_the_endpoint_whatever_else_it_says", &wrong_keys) else {
        return;
    };
    let simulator = simulate("quiet").await;
    let trap = Trap::set();
    let config = format!(
        "[profile stg]\nrole_arn = arn:aws:iam::444455556666:role/reader\nsource_profile = base\n\
         region = ap-northeast-1\nservices = real\nendpoint_url = http://{0}\n\
         [services real]\nsts =\n  endpoint_url = http://{0}\necs =\n  endpoint_url = http://{0}\n",
        trap.address()
    );
    write(&folder, &simulator, &config);
    let connection = open(with_profile(&simulator, "stg")).await.unwrap();
    assert_eq!(connection.identity().account.as_str(), "444455556666");
    assert_eq!(connection.region(), "ap-northeast-1");
    assert_eq!(connection.services().await.failures, []);
    assert_eq!(simulator.calls().of("sts:AssumeRole"), 1);
    assert!(!trap.was_sprung());
}

#[tokio::test]
async fn an_endpoint_in_the_environment_is_not_called_past_the_one_that_was_given() {
    let trap = Trap::set();
    let address = format!("http://{}", trap.address());
    let name = "an_endpoint_in_the_environment_is_not_called_past_the_one_that_was_given";
    let Some(folder) = in_child(name, &[("AWS_ENDPOINT_URL_STS", &address)]) else {
        assert!(!trap.was_sprung());
        return;
    };
    let simulator = simulate("quiet").await;
    let config = "[profile stg]\nrole_arn = arn:aws:iam::444455556666:role/reader\nsource_profile = base\nregion = ap-northeast-1\n";
    write(&folder, &simulator, config);
    let elsewhere = std::env::var("AWS_ENDPOINT_URL_STS").unwrap().replace("http://", "");
    let failure = open(with_profile(&simulator, "stg")).await.unwrap_err();
    assert_eq!(failure, FailureKind::Unreachable { host: elsewhere });
    // The same keys without a role need no provider to call anybody: what is given wins for the services themselves.
    let connection =
        open(ConnectionPlan { region: Some("ap-northeast-1".to_owned()), ..with_profile(&simulator, "base") });
    assert_eq!(connection.await.unwrap().identity().account.as_str(), "111122223333");
}

#[tokio::test]
async fn the_environment_is_read_as_the_aws_cli_does() {
    let Some(folder) = in_child("the_environment_is_read_as_the_aws_cli_does", &[("AWS_PROFILE", "shop")]) else {
        return;
    };
    let simulator = simulate("quiet").await;
    let config = format!(
        "[profile shop]\nrole_arn = arn:aws:iam::444455556666:role/reader\nsource_profile = base\n\
         region = ap-northeast-1\nendpoint_url = {}\n[profile nowhere]\nregion = ap-northeast-1\n",
        simulator.endpoint()
    );
    write(&folder, &simulator, &config);
    let current = ConnectionPlan {
        credentials: CredentialSource::Current,
        region: None,
        endpoint_url: None,
        account: Some("444455556666".parse().unwrap()),
        cloudfront: true,
    };
    let connection = open(current.clone()).await.unwrap();
    assert_eq!(connection.identity().account.as_str(), "444455556666");
    assert_eq!(connection.endpoint(), simulator.endpoint().strip_prefix("http://"));
    for (profile, kind) in [("nowhere", FailureKind::NoCredentials), ("base", FailureKind::NoRegion)] {
        let plan = ConnectionPlan { credentials: CredentialSource::Profile(profile.to_owned()), ..current.clone() };
        assert_eq!(open(plan).await.unwrap_err(), kind, "{profile}");
    }
}

#[tokio::test]
async fn a_program_that_makes_credentials_is_asked_and_its_end_is_told() {
    let Some(folder) = in_child("a_program_that_makes_credentials_is_asked_and_its_end_is_told", &[]) else {
        return;
    };
    let simulator = simulate("quiet").await;
    let answer = |expires: &str| {
        format!(
            r#"{{"Version": 1, "AccessKeyId": "{}", "SecretAccessKey": "{}", "Expiration": "{expires}"}}"#,
            simulator.access_key_id(),
            simulator.secret_access_key()
        )
    };
    let config = "[profile tool]\nregion = ap-northeast-1\ncredential_process = /bin/cat \"FOLDER/answer\"\n\
                  [profile broken]\nregion = ap-northeast-1\ncredential_process = /bin/false\n";
    write(&folder, &simulator, &config.replace("FOLDER", folder.to_str().unwrap()));
    std::fs::write(folder.join("answer"), answer("2999-01-01T00:00:00Z")).unwrap();
    let connection = open(with_profile(&simulator, "tool")).await.unwrap();
    assert_eq!(connection.expires(), Some("2999-01-01T00:00:00Z".parse().unwrap()));
    std::fs::write(folder.join("answer"), answer("2001-01-01T00:00:00Z")).unwrap();
    assert_eq!(open(with_profile(&simulator, "tool")).await.unwrap_err(), FailureKind::Expired);
    assert_eq!(open(with_profile(&simulator, "broken")).await.unwrap_err(), FailureKind::NoCredentials);
}

#[tokio::test]
async fn another_identity_begins_another_generation() {
    let Some(folder) = in_child("another_identity_begins_another_generation", &[]) else { return };
    let simulator = simulate("quiet").await;
    let role = |account: &str| {
        format!(
            "[profile shop]\nregion = ap-northeast-1\nrole_arn = arn:aws:iam::{account}:role/reader\nsource_profile = base\n"
        )
    };
    write(&folder, &simulator, &role("111122223333"));
    let mut rig = Rig::start(with_profile(&simulator, "shop"));
    let before = rig.settle().await;
    assert!(
        before.iter().any(|event| event.generation == Generation(1) && matches!(event.report, Report::Services(_)))
    );
    rig.commands.send(PollCommand::Reconnect).await.unwrap();
    let same = rig.settle().await;
    assert!(same.iter().all(|event| event.generation == Generation(1)));
    write(&folder, &simulator, &role("444455556666"));
    rig.commands.send(PollCommand::Reconnect).await.unwrap();
    let after = rig.settle().await;
    let services = last(&after, |report| match report {
        Report::Services(services) => Some(services.clone()),
        _ => None,
    });
    assert!(services.unwrap().clusters.iter().all(|cluster| cluster.arn.contains(":444455556666:")));
    let second = after.iter().skip_while(|event| event.generation == Generation(1));
    assert!(second.clone().count() > 3);
    assert!(second.clone().all(|event| event.generation == Generation(2)));
    // Credentials that cannot be found any more leave what was read, and say so.
    std::fs::write(folder.join("config"), "").unwrap();
    rig.commands.send(PollCommand::Reconnect).await.unwrap();
    let gone = rig.settle().await;
    assert!(failure(&gone, Panel::Identity).is_some());
    assert!(gone.iter().all(|event| event.generation == Generation(2)));
}

#[tokio::test]
async fn another_region_begins_another_generation() {
    let Some(folder) = in_child("another_region_begins_another_generation", &[]) else { return };
    let simulator = simulate("quiet").await;
    let profile = |region: &str| format!("[profile base]\nregion = {region}\n");
    write(&folder, &simulator, &profile("ap-northeast-1"));
    let mut rig = Rig::start(with_profile(&simulator, "base"));
    let clusters = |events: &[sekisho::state::event::SourceEvent], generation: u64| {
        let of = events.iter().filter(|event| event.generation == Generation(generation)).cloned().collect::<Vec<_>>();
        last(&of, |report| match report {
            Report::Services(services) => Some(services.clusters.len()),
            _ => None,
        })
    };
    assert!(clusters(&rig.settle().await, 1).unwrap() > 0);
    write(&folder, &simulator, &profile("us-east-1"));
    rig.commands.send(PollCommand::Reconnect).await.unwrap();
    let after = rig.settle().await;
    assert_eq!(clusters(&after, 1), None);
    assert_eq!(clusters(&after, 2), Some(0));
}

#[tokio::test]
async fn a_program_that_hangs_is_not_started_again_before_a_person_asks() {
    let Some(folder) = in_child("a_program_that_hangs_is_not_started_again_before_a_person_asks", &[]) else {
        return;
    };
    let simulator = simulate("quiet").await;
    let starts = folder.join("starts");
    let program = folder.join("program");
    std::fs::write(&program, format!("echo started >> {}\nexec sleep 30\n", starts.display())).unwrap();
    let config =
        format!("[profile tool]\nregion = ap-northeast-1\ncredential_process = /bin/sh {}\n", program.display());
    write(&folder, &simulator, &config);
    let started = || std::fs::read_to_string(&starts).unwrap_or_default().lines().count();
    let mut rig = Rig::start_with(with_profile(&simulator, "tool"), |shared| {
        shared.with_patience(std::time::Duration::from_secs(1))
    });
    let told = failure(&rig.settle().await, Panel::Identity).unwrap();
    assert_eq!((told.kind, told.action.as_str(), started()), (FailureKind::TimedOut, "", 1));
    rig.pass(jiff::SignedDuration::from_hours(1), jiff::SignedDuration::from_mins(5)).await;
    assert_eq!(started(), 1);
    for (asked, command) in [PollCommand::Refresh, PollCommand::Reconnect].into_iter().enumerate() {
        rig.commands.send(command).await.unwrap();
        assert!(failure(&rig.settle().await, Panel::Identity).is_some());
        assert_eq!(started(), asked + 2);
    }
}

#[tokio::test]
async fn a_session_of_identity_center_that_is_not_there_wants_a_login() {
    let Some(folder) = in_child("a_session_of_identity_center_that_is_not_there_wants_a_login", &[]) else { return };
    let simulator = simulate("quiet").await;
    let config = "[profile sso]\nregion = ap-northeast-1\nsso_session = corp\nsso_account_id = 111122223333\n\
                  sso_role_name = ReadOnly\n[sso-session corp]\nsso_region = ap-northeast-1\n\
                  sso_start_url = https://corp.awsapps.com/start\n";
    write(&folder, &simulator, config);
    assert_eq!(open(with_profile(&simulator, "sso")).await.unwrap_err(), FailureKind::Expired);
    assert_eq!(simulator.calls().total, 0);
}

#[tokio::test]
async fn a_metadata_service_that_is_silent_costs_little_time() {
    let silent = Trap::set();
    let address = format!("http://{}", silent.address());
    let more = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", address.as_str())];
    if in_child("a_metadata_service_that_is_silent_costs_little_time", &more).is_none() {
        return;
    }
    let nothing = ConnectionPlan {
        credentials: CredentialSource::Current,
        region: Some("ap-northeast-1".to_owned()),
        endpoint_url: None,
        account: None,
        cloudfront: true,
    };
    let begun = std::time::Instant::now();
    assert_eq!(open(nothing).await.unwrap_err(), FailureKind::NoCredentials);
    assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_proxy_does_not_stand_between_this_machine_and_itself() {
    let proxy = Trap::set();
    let address = format!("http://{}", proxy.address());
    let name = "a_proxy_does_not_stand_between_this_machine_and_itself";
    let more = [("HTTP_PROXY", address.as_str()), ("HTTPS_PROXY", &address), ("http_proxy", &address)];
    if in_child(name, &more).is_none() {
        assert!(!proxy.was_sprung());
        return;
    }
    let simulator = simulate("quiet").await;
    open(plan(&simulator)).await.unwrap();
}

#[tokio::test]
async fn no_proxy_stands_between_either_where_a_profile_names_the_endpoint() {
    let proxy = Trap::set();
    let address = format!("http://{}", proxy.address());
    let name = "no_proxy_stands_between_either_where_a_profile_names_the_endpoint";
    let more = [("HTTP_PROXY", address.as_str()), ("HTTPS_PROXY", &address), ("http_proxy", &address)];
    let Some(folder) = in_child(name, &more) else {
        assert!(!proxy.was_sprung());
        return;
    };
    let simulator = simulate("quiet").await;
    let config = format!(
        "[profile stg]\nrole_arn = arn:aws:iam::444455556666:role/reader\nsource_profile = base\n\
         region = ap-northeast-1\nendpoint_url = {}\n",
        simulator.endpoint()
    );
    write(&folder, &simulator, &config);
    let connection = open(ConnectionPlan { endpoint_url: None, ..with_profile(&simulator, "stg") }).await.unwrap();
    assert_eq!(connection.identity().account.as_str(), "444455556666");
    assert_eq!(connection.services().await.failures, []);
}

#[tokio::test]
async fn a_profile_takes_its_role_at_an_address_of_ipv6_too() {
    let Some(folder) = in_child("a_profile_takes_its_role_at_an_address_of_ipv6_too", &[]) else { return };
    let options = Options { listen: (std::net::Ipv6Addr::LOCALHOST, 0).into(), ..Options::default() };
    let simulator = start(Scenario::builtin("quiet").unwrap(), options).await;
    assert!(simulator.endpoint().starts_with("http://[::1]:"), "{}", simulator.endpoint());
    let config = "[profile stg]\nrole_arn = arn:aws:iam::444455556666:role/reader\nsource_profile = base\nregion = ap-northeast-1\n";
    write(&folder, &simulator, config);
    let connection = open(with_profile(&simulator, "stg")).await.unwrap();
    assert_eq!(connection.identity().account.as_str(), "444455556666");
    assert_eq!(connection.endpoint(), simulator.endpoint().strip_prefix("http://"));
}
