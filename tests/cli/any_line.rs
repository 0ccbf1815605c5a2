//! Whatever is written on the command line, by whomever: nothing acts in AWS that the gate did not let through for exactly that
//! entry and that was not written down before.
//!
//! IAM allows everything here, so that nothing but the gate stands before the account.

use std::ffi::OsString;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rstest::rstest;
use sekisho::cli::Exit;
use sekisho::cli::args::parse;
use sekisho::i18n::{Lang, Texts};
use sekisho::simulator::Persona;

use super::account::{ACTING, Account};
use super::home::Home;
use super::witness::Witness;

/// How many lines are tried of each of those who write them; each runs the program.
const LINES: u32 = 12;

/// How long the program may go on: a tunnel or a change would for longer.
const LONGEST: Duration = Duration::from_secs(4);

const ENTRIES: [&str; 16] = [
    "finding-notified",
    "finding-resolved",
    "service-redeploy/api",
    "service-redeploy/web",
    "service-rollback/web",
    "service-scale/api",
    "task-stop/api",
    "db-readonly",
    "db-readwrite",
    "container-inspect/api",
    "container-shell/web",
    "node-shell",
    "inc-5xx",
    "inc-5xx/1",
    "no-such",
    "../../etc/passwd",
];

const COMMANDS: [&str; 4] = ["shell", "exec", "tunnel", "runbook run"];

/// The command that carries out an entry; most lines are written with it.
fn command_of(entry: &str) -> &'static str {
    match entry.split(['/', '-']).next() {
        Some("db") => "tunnel",
        Some("container") => "exec",
        Some("node") => "shell",
        _ => "runbook run",
    }
}

fn flag(
    name: &'static str,
    right: &'static str,
    others: &'static [&'static str],
) -> impl Strategy<Value = Vec<String>> {
    let written = move |value: &str| vec![name.to_owned(), value.to_owned()];
    prop_oneof![
        8 => Just(written(right)),
        1 => prop::sample::select(others).prop_map(written),
        1 => Just(Vec::new()),
    ]
}

/// A line that may be meant, with some of it wrong, lacking or hostile.
fn line() -> impl Strategy<Value = Vec<String>> {
    let entry = prop::sample::select(ENTRIES.as_slice());
    let command = prop_oneof![5 => Just(None), 1 => prop::sample::select(COMMANDS.as_slice()).prop_map(Some)];
    let confirmation = prop::sample::select(["prd", "dev", "api", "web", "yes", "--yes"].as_slice());
    let parameters = prop::sample::subsequence(
        vec![
            "desired=3",
            "desired=99",
            "local_port=15480",
            "local_port=22",
            "task=0af7",
            "finding=x",
            "command=sh",
            "=",
            "x",
        ],
        0..3,
    );
    let flags = (
        flag("--env", "dev", &["prd", "stg", ""]),
        flag("--reason", "調査", &["", " ", "\u{1b}[2J", "a\nb", "$(reboot)"]),
        flag("--ticket", "INC-7", &["INC-", "x", "INC-7; ls"]),
        flag("--target", "", &["i-0c3d", "0af7", "-"]),
    );
    (entry, command, confirmation, parameters, flags).prop_map(|(entry, command, confirm, parameters, flags)| {
        let (environment, reason, ticket, target) = flags;
        let mut words: Vec<String> =
            command.unwrap_or_else(|| command_of(entry)).split(' ').map(str::to_owned).collect();
        words.push(entry.to_owned());
        words.extend(environment);
        words.extend(reason);
        words.extend(ticket);
        words.extend(target.into_iter().filter(|_| !words.contains(&"run".to_owned())).collect::<Vec<_>>());
        match confirm {
            "--yes" => words.push("--yes".to_owned()),
            word => words.extend(["--confirm".to_owned(), word.to_owned()]),
        }
        words.extend(parameters.into_iter().flat_map(|text| ["--param".to_owned(), text.to_owned()]));
        // Not the ports that an entry has without that: other tests need them.
        let port = [("db-readonly", "local_port=15481"), ("db-readwrite", "local_port=15590")];
        if !words.iter().any(|word| word.starts_with("local_port")) {
            let port = port.iter().filter(|(of, _)| *of == entry);
            words.extend(port.flat_map(|(_, text)| ["--param".to_owned(), (*text).to_owned()]));
        }
        // Where no target is meant, none is said.
        while let Some(at) = words.iter().position(|word| word == "--target").filter(|at| words[at + 1].is_empty()) {
            words.drain(at..at + 2);
        }
        words
    })
}

/// Waits for the end of the program, and asks it to end where it does not.
fn wait(mut child: Child) -> Option<i32> {
    let begun = Instant::now();
    let mut is_asked = false;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "the program does not end");
        if begun.elapsed() > LONGEST && !is_asked {
            is_asked = true;
            assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An account that allows everything, a home from which it is called, and a witness between them.
fn sit(persona: Persona, is_nobody: bool) -> (Account, Home, Witness) {
    let account = Account::acting("bad-deploy", "3m", persona, false);
    let config = if is_nobody { ACTING.split("[[role]]").next().unwrap() } else { ACTING };
    let home = account.keys(Home::new()).config(config);
    let journal = home.path(".local/state/sekisho/journal").join(sekisho::journal::FILE);
    let within = account.runtime.enter();
    let (witness, address) = Witness::before(&account.simulator.endpoint(), &journal);
    drop(within);
    let home = home.set("AWS_ENDPOINT_URL", address);
    (account, home, witness)
}

fn run(home: &Home, words: &[String]) -> Option<i32> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = home.command(&words);
    wait(command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap())
}

#[rstest]
#[case::operator(Persona::Operator, "operator")]
#[case::responder(Persona::Responder, "responder")]
#[case::staff(Persona::Staff, "staff")]
#[case::nobody(Persona::Staff, "")]
fn no_line_reaches_aws_past_the_gate(#[case] persona: Persona, #[case] role: &str) {
    let (account, home, witness) = sit(persona, role.is_empty());
    let mut runner = TestRunner::new(Config { cases: LINES, max_shrink_iters: 10, ..Config::default() });
    let tried = runner.run(&line(), |words| {
        let code = run(&home, &words);
        // Fine, at fault, a source, refused, or ended by the signal that asked it to.
        prop_assert!(matches!(code, Some(0 | 2 | 3 | 4 | 143)), "{code:?}");
        witness.verdict(role, &account.simulator.calls()).map_err(TestCaseError::fail)
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

/// What the witness would miss, were it blind.
#[rstest]
#[case::operator(
    Persona::Operator,
    "operator",
    "runbook run service-redeploy/api --env dev --yes --reason x",
    "StartAutomationExecution"
)]
#[case::responder(
    Persona::Responder,
    "responder",
    "exec container-inspect/api --env prd --yes --reason x",
    "ExecuteCommand"
)]
#[case::staff(Persona::Staff, "staff", "shell node-shell --env prd --yes --reason x --ticket INC-7", "StartSession")]
fn what_is_let_through_is_seen_to_act(
    #[case] persona: Persona,
    #[case] role: &str,
    #[case] line: &str,
    #[case] call: &str,
) {
    let (account, home, witness) = sit(persona, false);
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    run(&home, &words);
    assert!(witness.acted().iter().any(|acted| acted == call), "{:?}", witness.acted());
    witness.verdict(role, &account.simulator.calls()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Reading a line does nothing and always ends: it is understood, or at fault.
    #[test]
    fn any_words_are_read_or_said_to_be_at_fault(words in prop::collection::vec(word(), 0..9), is_ja in any::<bool>()) {
        let texts = Texts::of(if is_ja { Lang::Ja } else { Lang::En });
        let arguments = std::iter::once("sekisho".to_owned()).chain(words).map(OsString::from);
        if let Err(early) = parse(arguments, texts) {
            prop_assert!(matches!(early.exit, Exit::Fine | Exit::Usage), "{:?}", early.exit);
            prop_assert!(!early.text.is_empty());
            prop_assert!(!early.text.chars().any(|c| c == '\u{1b}' || c == '\u{7}'), "{:?}", early.text);
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(
        [
            "exec",
            "shell",
            "tunnel",
            "runbook",
            "run",
            "get",
            "demo",
            "journal",
            "policy",
            "--demo",
            "--env",
            "prd",
            "--as",
            "staff",
            "--yes",
            "--confirm",
            "--param",
            "a=b",
            "--reason",
            "--ticket",
            "--target",
            "--client",
            "--lang",
            "ja",
            "--",
            "-h",
            "--help",
            "-o",
            "json",
            "db-readonly",
            "--catalogue",
            "ssm:/a",
            "--region",
        ]
        .as_slice(),
    );
    prop_oneof![6 => known.prop_map(str::to_owned), 1 => ".{0,20}", 1 => "--[a-z]{1,8}", 1 => "\u{1b}\\[[0-9]{1,3}[a-zA-Z]"]
}

/// Whoever went past the gate would be seen: the same call without an intent, and with one for something else.
#[test]
fn a_call_that_nobody_was_let_make_is_an_offence() {
    use aws_sdk_ssm::config::{BehaviorVersion, Credentials, Region};

    let (account, home, witness) = sit(Persona::Staff, false);
    let (id, secret) = (account.simulator.access_key_id(), account.simulator.secret_access_key());
    let config = aws_sdk_ssm::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(witness.address())
        .region(Region::new(account.simulator.region().to_owned()))
        .credentials_provider(Credentials::new(id, secret, None, None, "test"));
    let ssm = aws_sdk_ssm::Client::from_conf(config.build());
    let start = || {
        let request = ssm.start_automation_execution().document_name("Sekisho-prd-service-redeploy");
        account.runtime.block_on(request.parameters("Service", vec!["api".to_owned()]).send()).is_ok()
    };
    start();
    let judged = witness.verdict("staff", &account.simulator.calls()).unwrap_err();
    assert!(judged.contains("StartAutomationExecution"), "{judged}");
    // What was let through before is over, and lets nothing else through.
    let line = "exec container-inspect/api --env prd --yes --reason x";
    run(&home, &line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    let before = witness.offences();
    start();
    assert_eq!(witness.offences(), before + 1);
}
