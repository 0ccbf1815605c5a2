//! Strangers judge the simulated account: boto3 with botocore's shapes, and the AWS CLI.
//!
//! They need Python with `tests/strangers/requirements.txt` installed, in `.venv` or where `SEKISHO_PYTHON` says.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use sekisho::aws::{Connection, ConnectionPlan, Now, Shared};
use sekisho::config::CredentialSource;
use sekisho::simulator::{Options, Scenario, Simulator, start};

fn python() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("SEKISHO_PYTHON").map_or_else(|| here.join(".venv/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "there is no Python at {}: make one with `python3 -m venv .venv && .venv/bin/pip install -r \
         tests/strangers/requirements.txt`, or name it in SEKISHO_PYTHON",
        python.display()
    );
    python
}

async fn story(at: &str) -> Simulator {
    let at: SignedDuration = at.parse().expect("a duration");
    let scenario = Scenario::builtin("bad-deploy").expect("the default scenario");
    start(scenario, Options { at, ..Options::default() }).await.expect("a loopback port")
}

async fn run(simulator: &Simulator, script: &str) -> Output {
    let mut command = std::process::Command::new(python());
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers").join(script))
        .env("AWS_ENDPOINT_URL", simulator.endpoint())
        .env("AWS_ACCESS_KEY_ID", simulator.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", simulator.secret_access_key())
        .env("AWS_REGION", simulator.region())
        .env("AWS_DEFAULT_REGION", simulator.region())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("SEKISHO_OTHER_ACCOUNT", "444455556666")
        .env("PYTHONUTF8", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE");
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    ran.expect("the wait is not cut short").expect("the script runs")
}

fn judge(output: &Output) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{out}");
    assert!(output.status.success(), "{out}\n{err}");
    assert!(passed(&out), "{out}\n{err}");
}

/// Tells whether the last line says that something was looked at, and all of it passed.
fn passed(out: &str) -> bool {
    let verdict = out.lines().last().and_then(|line| line.split_once(" passed, "));
    verdict.is_some_and(|(passed, failed)| failed == "0 failed" && passed.parse().is_ok_and(|count: u32| count > 0))
}

#[test]
fn a_verdict_without_anything_looked_at_is_none() {
    assert!(passed("12 values in 3 operations were compared\n10 passed, 0 failed\n"));
    for none in ["", "0 passed, 0 failed", "10 passed, 10 failed", "10 passed, 0 failed\nand then it broke", "passed"] {
        assert!(!passed(none), "{none}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_finds_every_answer_in_its_shape() {
    // In the middle of the bad deployment, and after it was rolled back.
    for at in ["4m", "15m"] {
        let simulator = story(at).await;
        judge(&run(&simulator, "shapes.py").await);
        simulator.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_aws_cli_understands_every_protocol() {
    let simulator = story("4m").await;
    judge(&run(&simulator, "cli.py").await);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_makes_the_same_token_for_a_database() {
    let host = "shop-prd.cluster-abcdefghijkl.ap-northeast-1.rds.amazonaws.com";
    let at = Timestamp::from_second(1_800_000_000).expect("a time");
    for user in ["ops_ro", "山田 & co"] {
        let simulator = story("0s").await;
        let plan = ConnectionPlan {
            credentials: CredentialSource::Static {
                access_key_id: simulator.access_key_id().to_owned(),
                secret: simulator.secret_access_key().to_owned(),
                token: simulator.session_token().map(str::to_owned),
                expires: None,
            },
            region: Some(simulator.region().to_owned()),
            endpoint_url: Some(simulator.endpoint()),
            account: None,
            cloudfront: false,
        };
        let connection = Connection::open(plan, Shared::new(Now::new(move || at))).await.expect("a connection");
        let ours = connection.auth_token(host, 5432, user).await.expect("a token");
        let mut script = std::process::Command::new(python());
        script.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/database_token.py"));
        script.args([host, "5432", user, simulator.region(), &at.as_second().to_string()]);
        script.env("AWS_ACCESS_KEY_ID", simulator.access_key_id());
        script.env("AWS_SECRET_ACCESS_KEY", simulator.secret_access_key());
        script.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        script.env("PYTHONUTF8", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        match simulator.session_token() {
            Some(token) => script.env("AWS_SESSION_TOKEN", token),
            None => script.env_remove("AWS_SESSION_TOKEN"),
        };
        script.env_remove("AWS_PROFILE").env_remove("AWS_ENDPOINT_URL");
        let mut asked =
            script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("Python");
        asked.stdin.take().expect("a pipe").write_all(ours.expose_secret().as_bytes()).expect("somebody who reads");
        judge(&asked.wait_with_output().expect("an end"));
        simulator.shutdown().await;
    }
}
