//! `doctor`: what was denied lately, beside what is tried out now.

use std::fs;

use rstest::rstest;
use sekisho::simulator::{Fault, FaultKind};

use super::account::Account;
use super::home::{Home, Ran};

/// Where denials are kept.
const KEPT: &str = ".local/state/sekisho/denials.jsonl";

fn denied(account: &Account, action: &str) {
    account.simulator.inject(Fault::new(FaultKind::Deny, action));
}

/// Has a responder meet a denial in an operation, and leaves the account as if the right had been given since.
fn met(account: &Account) -> Home {
    let home = account.home();
    denied(account, "ecs:ExecuteCommand");
    let exec = ["exec", "container-inspect/web", "--env", "prd", "--yes", "--reason", "調査"];
    for _ in 0..2 {
        let ran = Ran::of(&home.command(&exec).output().unwrap());
        assert_ne!(ran.code, 0, "{} {}", ran.out, ran.err);
    }
    account.simulator.clear_faults();
    home
}

#[rstest]
#[case(
    "en",
    "  Denied lately\n",
    "    ecs:ExecuteCommand  times: 2, last 20",
    "met by container-inspect/web",
    "The role responder needs it ("
)]
#[case(
    "ja",
    "  最近の拒否\n",
    "    ecs:ExecuteCommand  2回、最後は20",
    "container-inspect/webの実行時",
    "ロールresponderに必要です("
)]
fn what_an_operation_was_denied_is_told_with_its_mend_until_it_is_allowed(
    #[case] lang: &str,
    #[case] title: &str,
    #[case] line: &str,
    #[case] by: &str,
    #[case] mend: &str,
) {
    let account = Account::of("bad-deploy", "3m");
    let home = met(&account);
    // Nobody can tell whether it was given: what was met is what is known.
    denied(&account, "iam:SimulatePrincipalPolicy");
    let doctor = format!("doctor --lang {lang}");
    let ran = home.run(&doctor).exits(1).says(title).says(line).says(mend);
    assert!(ran.out.contains(by) && !ran.out.contains('\u{1b}'), "{}", ran.out);
    // IAM says that it is allowed by now.
    account.simulator.clear_faults();
    let ran = home.run(&doctor).exits(0);
    assert!(!ran.out.contains(title.trim_end()), "{}", ran.out);
    // What works once is no longer remembered, and the journal says that it was done.
    denied(&account, "iam:SimulatePrincipalPolicy");
    let exec = ["exec", "container-inspect/web", "--env", "prd", "--yes", "--reason", "調査"];
    Ran::of(&home.command(&exec).output().unwrap()).exits(0);
    let ran = home.run(&doctor).exits(0);
    assert!(!ran.out.contains(title.trim_end()), "{}", ran.out);
}

#[test]
fn what_a_dashboard_was_denied_is_remembered_until_it_works() {
    let account = Account::of("bad-deploy", "3m").with_fault(FaultKind::Deny, "cloudwatch:DescribeAlarms");
    let home = account.home();
    home.run("get alarms").exits(3);
    let kept = fs::read_to_string(home.path(KEPT)).unwrap();
    assert!(kept.contains("\"action\":\"cloudwatch:DescribeAlarms\"") && kept.contains("111122223333"), "{kept}");
    // It is told once, where it is tried.
    let ran = home.run("doctor").exits(1);
    assert!(!ran.out.contains("Denied lately"), "{}", ran.out);
    account.simulator.clear_faults();
    home.run("get alarms").exits(0);
    assert_eq!(fs::read_to_string(home.path(KEPT)).unwrap(), "");
    home.run("doctor").exits(0);
}

#[test]
fn what_the_role_does_not_need_is_told_as_that_and_others_denials_not_at_all() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    let who = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SekishoResponder_0123456789abcdef";
    let now = jiff::Timestamp::now();
    let line = |who: &str, action: &str, at: jiff::Timestamp| {
        let old = "\"account\":\"111122223333\",\"region\":\"ap-northeast-1\"";
        format!(
            "{{{old},\"who\":\"{who}\",\"action\":\"{action}\",\"first\":\"{at}\",\"last\":\"{at}\",\"times\":3}}\n"
        )
    };
    let old = now - jiff::SignedDuration::from_hours(31 * 24);
    let text =
        [line(who, "s3:Get\\u001b[31m", now), line("arn:other", "s3:Put", now), line(who, "s3:Old", old)].concat();
    let home = home.file(KEPT, &text);
    let ran = home.run("doctor").exits(0).says("    s3:Get  times: 3, last ");
    assert!(ran.out.contains("The role responder does not need it by its catalogue."), "{}", ran.out);
    assert!(!ran.out.contains("s3:Put") && !ran.out.contains("s3:Old"), "{}", ran.out);
}
