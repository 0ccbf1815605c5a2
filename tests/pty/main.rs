//! The real console in a real pseudo-terminal: what it shows, and that the terminal is as it was before, however it ends.

#[path = "../support/pty.rs"]
mod pty;

use std::env;
use std::io::{self, Read as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use pty::Pty;
use rstest::rstest;
use sekisho::cli::guarded;
use sekisho::i18n::{Lang, Texts};
use sekisho::terminal::{Options, Terminal};
use tempfile::TempDir;
use vt100::MouseProtocolMode;

/// Runs a program between two looks at the terminal's settings, and says with which code it ended. The last line
/// keeps the terminal open until it was read.
const SCRIPT: &str = "stty -g; \"$@\"; code=$?; stty -g; echo \"code $code\"; echo over; read -r";

/// The same as an interactive shell does it: the program has a process group of its own, the terminal gets the shell's
/// modes when it is stopped, and `fg` continues it, which a shell only does to a job that it knows to be stopped.
const JOB_SCRIPT: &str = "set -m; modes=$(stty -g); echo \"$modes\"; \"$@\"; stty \"$modes\"; echo stopped; read -r; \
                          until [[ $(jobs -s) ]]; do sleep 0.1; done; fg; code=$?; stty -g; echo \"code $code\"; \
                          echo over; read -r";

/// The same with the process's number told before it begins.
const NUMBERED: &str = "stty -g; bash -c 'echo \"number $$.\"; exec \"$@\"' bash \"$@\"; code=$?; stty -g; \
                        echo \"code $code\"; echo over; read -r";

/// Prepares a script around a program, in a home of its own.
fn around(script: &str, program: &str, arguments: &[&str], home: &TempDir) -> CommandBuilder {
    let mut command = CommandBuilder::new("bash");
    command.args(["-c", script, "bash", program]);
    command.args(arguments);
    command.env_clear();
    for (name, value) in [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", home.path().to_str().unwrap()),
        ("TERM", "xterm-256color"),
        ("LANG", "C.UTF-8"),
        ("TZ", "Asia/Tokyo"),
        ("RUST_BACKTRACE", "0"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        command.env(name, value);
    }
    command
}

/// Starts the console on the simulated account.
fn demo(script: &str, arguments: &[&str]) -> (Pty, TempDir) {
    let home = tempfile::tempdir().unwrap();
    let arguments = [&["demo", "--at", "3m"], arguments].concat();
    (Pty::start(around(script, env!("CARGO_BIN_EXE_sekisho"), &arguments, &home)), home)
}

/// Waits for the end, and checks the exit code and that the shell finds everything as it was.
#[track_caller]
fn assert_ended(pty: &mut Pty, code: i32) {
    pty.until_shown("over");
    pty.assert_modes_left();
    assert_settings_left(pty, code);
}

/// Checks the exit code and the terminal's settings, once the script is over.
#[track_caller]
fn assert_settings_left(pty: &mut Pty, code: i32) {
    let shown = pty.shown();
    assert!(shown.contains(&format!("code {code}")), "{shown}");
    let written = pty.written();
    let settings: Vec<&str> = written.lines().filter(|line| line.matches(':').count() > 20).map(str::trim).collect();
    assert_eq!(settings.len(), 2, "{written}");
    // What precedes the settings on their line are sequences of the console's own.
    let before = settings[0];
    assert!(settings[1].ends_with(before), "{settings:?}");
    pty.press("\n");
    assert!(pty.wait().success());
}

#[test]
fn the_console_takes_the_terminal_shows_the_account_and_gives_it_back() {
    let (mut pty, _home) = demo(SCRIPT, &[]);
    pty.until_shown("Needs a person");
    pty.until_shown("web: rollout failing");
    let screen = pty.screen();
    assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
    assert_ne!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
    assert_eq!(pty.wrote("\x1b]0;sekisho\x07"), 1);
    pty.press("2");
    pty.until_shown("contracts");
    pty.press("y");
    pty.until_shown("Copied: arn:aws:ecs:");
    assert_eq!(pty.wrote("\x1b]52;c;"), 1);
    pty.press("/web");
    pty.until_shown("Services  /web");
    assert!(!pty.screen().hide_cursor(), "where text is typed there is a cursor");
    pty.press("\rq");
    assert_ended(&mut pty, 0);
    assert!(!pty.shown().contains("contracts"), "nothing of it is left on the shell's screen");
}

#[test]
fn in_japanese_without_colours_and_without_the_mouse() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["demo", "--at", "3m", "--lang", "ja", "--no-mouse"];
    let mut command = around(SCRIPT, env!("CARGO_BIN_EXE_sekisho"), &arguments, &home);
    command.env("NO_COLOR", "1");
    let mut pty = Pty::start(command);
    pty.until_shown("対応が必要なもの");
    pty.until_shown("デプロイ異常");
    assert_eq!(pty.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    pty.press("q");
    assert_ended(&mut pty, 0);
    let written = pty.written();
    let coloured = written.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m')).map(|(codes, _)| codes);
    let coloured: Vec<&str> = coloured
        .filter(|codes| codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'))
        .filter(|codes| codes.split(';').any(|code| matches!(code.parse(), Ok(30..=38 | 40..=48 | 90..=107))))
        .collect();
    assert!(coloured.is_empty(), "{coloured:?}");
}

#[rstest]
#[case("TERM", 143)]
#[case("HUP", 129)]
#[case("INT", 130)]
#[case("QUIT", 131)]
fn a_signal_ends_it_as_shells_tell_it_with_the_terminal_as_it_was(#[case] name: &str, #[case] code: i32) {
    let (mut pty, _home) = demo(NUMBERED, &[]);
    pty.until_shown("web: rollout failing");
    kill(name, &number(&pty));
    assert_ended(&mut pty, code);
}

#[test]
fn a_closed_terminal_ends_it() {
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(["demo"]);
    command.env("HOME", home.path());
    command.env("TERM", "xterm-256color");
    let mut pty = Pty::start(command);
    pty.until_shown("Needs a person");
    let status = pty.close("?");
    assert_eq!(status.exit_code(), 129, "{status:?}");
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let (mut pty, _home) = demo(JOB_SCRIPT, &[]);
    pty.until_shown("web: rollout failing");
    pty.press("\x1a");
    pty.until_shown("stopped");
    pty.assert_modes_left();
    pty.press("\n");
    pty.until("taken back", |screen| screen.alternate_screen() && screen.contents().contains("web: rollout failing"));
    pty.press("2");
    pty.until_shown("contracts");
    pty.press("q");
    assert_ended(&mut pty, 0);
    assert_eq!(pty.wrote("\x1b[?1049h"), 2);
}

/// Finds the number that a program told of itself before it began.
fn number(pty: &Pty) -> String {
    let written = pty.written();
    let (number, _) = written.split_once("number ").and_then(|(_, rest)| rest.split_once('.')).unwrap();
    number.to_owned()
}

fn kill(signal: &str, number: &str) {
    assert!(Command::new("kill").args([&format!("-{signal}"), number]).status().unwrap().success());
}

/// Waits until a process is stopped, as `ps` has it.
#[track_caller]
fn until_stopped(number: &str) {
    let deadline = Instant::now() + pty::PATIENCE;
    loop {
        let output = Command::new("ps").args(["-o", "stat=", "-p", number]).output().unwrap();
        if output.stdout.trim_ascii_start().starts_with(b"T") {
            return;
        }
        assert!(Instant::now() < deadline, "it runs on in the background");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn stopped_from_outside_it_takes_the_terminal_back_when_it_is_continued() {
    let home = tempfile::tempdir().unwrap();
    let tell = "echo \"number $$.\"; exec \"$@\"";
    let arguments = ["-c", tell, "bash", env!("CARGO_BIN_EXE_sekisho"), "demo", "--at", "3m"];
    let mut pty = Pty::start(around(JOB_SCRIPT, "bash", &arguments, &home));
    pty.until_shown("web: rollout failing");
    let number = number(&pty);
    kill("TSTP", &number);
    // The shell writes over our screen, and sets the terminal to its own modes.
    pty.until_shown("stopped");
    // In the background it may not have the terminal, and stops once more.
    kill("CONT", &number);
    until_stopped(&number);
    pty.press("\n");
    pty.until("taken back", |screen| {
        let shown = screen.contents();
        screen.alternate_screen() && shown.contains("web: rollout failing") && !shown.contains("stopped")
    });
    pty.press("2");
    pty.until_shown("contracts");
    // Continued without a stop it only draws anew.
    let entered = pty.wrote("\x1b[?1049h");
    kill("CONT", &number);
    pty.press("4");
    pty.until_shown("▌Alarms");
    assert_eq!(pty.wrote("\x1b[?1049h"), entered);
    pty.press("q");
    assert_ended(&mut pty, 0);
}

#[test]
fn a_terminal_that_changes_its_size_is_drawn_anew() {
    let (mut pty, _home) = demo(SCRIPT, &[]);
    pty.until_shown("web: rollout failing");
    pty.resize(130, 40);
    pty.until("drawn at its new size", |screen| {
        let last = screen.rows(0, 130).last().unwrap_or_default();
        last.contains("1 Overview") && last.contains("? help") && last.len() > 100
    });
    pty.resize(20, 6);
    pty.until_shown("This console needs");
    // A key that comes with the new size is not lost over it.
    for (key, shows) in [("2", "▌Services"), ("4", "▌Alarms"), ("1", "Needs a person"), ("2", "▌Services")] {
        pty.resize(80, 24);
        pty.press(key);
        pty.until_shown(shows);
        pty.resize(100, 30);
    }
    pty.press("q");
    assert_ended(&mut pty, 0);
}

#[test]
fn the_first_frame_and_the_keys_wait_for_no_network() {
    // It takes every connection and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let arguments = ["--endpoint-url", &endpoint, "--region", "ap-northeast-1"];
    let mut command = around(SCRIPT, env!("CARGO_BIN_EXE_sekisho"), &arguments, &home);
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE");
    command.env("AWS_SECRET_ACCESS_KEY", "secret");
    let mut pty = Pty::sized(command, 120, 30);
    pty.until_shown("verifying identity");
    pty.until_shown(&endpoint["http://".len()..]);
    pty.press("2");
    pty.until_shown("▌Services");
    pty.press("/shop");
    pty.until_shown("Services  /shop");
    pty.press("\r?");
    pty.until_shown("Everywhere");
    pty.press("q:alarms\r");
    pty.until_shown("▌Alarms");
    pty.until_shown("verifying identity");
    pty.press("q");
    assert_ended(&mut pty, 0);
}

#[test]
fn a_shell_has_the_terminal_until_it_is_ended_from_here() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["shell", "node-shell", "--demo", "--as", "staff", "--env", "prd", "--ticket", "INC-204", "--yes"];
    let mut pty = Pty::start(around(SCRIPT, env!("CARGO_BIN_EXE_sekisho"), &arguments, &home));
    // What no flag says is asked for.
    pty.until_shown("Reason");
    pty.press("設定の確認\r");
    pty.until("a prompt", |screen| screen.contents().lines().any(|line| line.trim_end() == "#"));
    pty.press("echo 日本語\r");
    pty.until("an echo", |screen| screen.contents().trim_end().ends_with("\n日本語\n#"));
    pty.resize(100, 30);
    // The size goes its own way, and may come after what is typed: the far side waits for it.
    pty.press("while [ \"$(stty size)\" != '30 100' ]; do sleep 0.1; done; stty size\r");
    pty.until("the size", |screen| screen.contents().lines().any(|line| line.trim_end() == "30 100"));
    // What is typed before the prompt is there would be shown before it.
    let has_prompt = |screen: &vt100::Screen| screen.contents().trim_end().ends_with('#');
    pty.until("a prompt", has_prompt);
    // The interrupt is the far side's: it ends what runs there, and nothing here.
    // It says so itself once it runs: before that, the interrupt would meet the shell alone.
    pty.press("sh -c 'echo under\"\"way; sleep 1000'\r");
    pty.until_shown("underway");
    pty.press("\x03");
    pty.until("a prompt", has_prompt);
    pty.press("echo $((6*7))\r");
    pty.until("an answer", |screen| screen.contents().lines().any(|line| line.trim_end() == "42"));
    pty.press("\x1di");
    pty.until_shown("[sekisho]");
    pty.press("\x1d.");
    pty.until_shown("It was ended here.");
    pty.until_shown("over");
    // What the far side may have switched on is switched off, whether it did or not.
    let screen = pty.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
    assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
    assert_settings_left(&mut pty, 0);
    let journal = std::fs::read_to_string(home.path().join(".local/state/sekisho/demo/journal/journal.jsonl")).unwrap();
    assert!(journal.contains("設定の確認") && journal.contains("\"terminated\""), "{journal}");
}

/// Takes the terminal and panics while a frame is drawn. It is no test of its own.
#[test]
#[ignore = "the child of the test below"]
fn child() {
    let Ok(part) = env::var("SEKISHO_PTY_CHILD") else { return };
    let lang = Lang::from_code(&env::var("SEKISHO_LANG").unwrap_or_default()).unwrap_or_default();
    let code = guarded(Texts::of(lang), || {
        assert_ne!(part, "early", "a defect before the console");
        let mut terminal = Terminal::enter(Options { mouse: true }).unwrap();
        terminal.draw(|frame| frame.render_widget("ready", frame.area())).unwrap();
        let mut key = [0];
        let _ = io::stdin().read(&mut key);
        if part == "view" {
            terminal.draw(|_| panic!("a defect in a view")).unwrap();
        }
        0
    });
    std::process::exit(i32::from(code));
}

#[rstest]
#[case("en", "This is a defect of Sekisho. The terminal is as it was before, and the exit code is 70.")]
#[case("ja", "Sekishoの不具合です。端末は元の状態に戻しました(終了コード70)。")]
fn a_panic_in_a_pipe_has_no_colours_and_says_last_what_to_do(#[case] lang: &str, #[case] says: &str) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]);
    command.env("SEKISHO_PTY_CHILD", "early").env("SEKISHO_LANG", lang).env_remove("NO_COLOR");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(70));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("a defect before the console") && !told.contains('\u{1b}'), "{told}");
    assert!(told.trim_end().lines().last().unwrap().starts_with(says), "{told}");
}

#[rstest]
#[case("view", 70)]
#[case("nothing", 0)]
fn a_panic_inside_a_view_is_told_on_the_shells_screen_and_ends_in_70(#[case] part: &str, #[case] code: i32) {
    let home = tempfile::tempdir().unwrap();
    let this = env::current_exe().unwrap();
    let arguments = ["--exact", "child", "--ignored", "--nocapture"];
    let mut command = around(SCRIPT, this.to_str().unwrap(), &arguments, &home);
    command.env("SEKISHO_PTY_CHILD", part);
    let mut pty = Pty::start(command);
    pty.until_shown("ready");
    pty.press("q");
    assert_ended(&mut pty, code);
    assert_eq!(pty.shown().contains("a defect in a view"), part == "view", "{}", pty.shown());
    assert_eq!(pty.shown().contains("This is a defect of Sekisho."), part == "view", "{}", pty.shown());
}
