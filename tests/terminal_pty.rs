//! The terminal in a real pseudo-terminal: what it changes, and that all of it comes back.
//!
//! Each test runs this very file again as a child in a pty (the ignored test `child`), reads what it writes with a
//! terminal emulator, and looks at the modes that are left behind.

#[path = "support/pty.rs"]
mod pty;

use std::env;
use std::io::{self, ErrorKind, Read as _};
use std::process::{Command, Stdio};
use std::thread;

use portable_pty::CommandBuilder;
use pty::Pty;
use sekisho::terminal::{COPY_LIMIT, CopyError, NotATerminal, Options, Terminal};
use vt100::MouseProtocolMode;

/// Runs the child, then says in what modes the shell finds the terminal. It stays until a last line comes: what a
/// pty was told right before its end may be lost.
const SCRIPT: &str = "\"$0\" --exact child --ignored --nocapture; stty -a; echo over; read -r";

/// The same with a process group of its own for the child, as an interactive shell gives it; `fg` continues it.
const JOB_SCRIPT: &str =
    "set -m; \"$0\" --exact child --ignored --nocapture; echo stopped; read -r; fg; stty -a; echo over; read -r";

/// Does what `SEKISHO_PTY_CHILD` names. It is no test of its own.
#[test]
#[ignore = "the child of the other tests"]
fn child() {
    let Ok(part) = env::var("SEKISHO_PTY_CHILD") else { return };
    let entered = Terminal::enter(Options { mouse: part != "no-mouse" });
    if part == "piped" {
        let error = entered.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<NotATerminal>());
        assert_eq!(inner, Some(&NotATerminal::Stdin));
        return;
    }
    let mut terminal = entered.unwrap();
    terminal.set_title("prd\u{1b}]0;owned\u{7}").unwrap();
    terminal.draw(|frame| frame.render_widget("関所 ready", frame.area())).unwrap();
    wait_for_key();
    match part.as_str() {
        "panic" => terminal.draw(|_| panic!("a defect")).unwrap(),
        "panic-elsewhere" => {
            assert!(thread::spawn(|| panic!("a defect")).join().is_err());
            let error = terminal.draw(|frame| frame.render_widget("litter", frame.area())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotConnected);
        }
        "twice" => {
            let again = Terminal::enter(Options { mouse: false });
            assert_eq!(again.err().map(|error| error.kind()), Some(ErrorKind::AlreadyExists));
            terminal.leave();
            Terminal::enter(Options { mouse: false }).unwrap().leave();
        }
        "copy" => {
            terminal.write_osc52("本番").unwrap();
            let long = "x".repeat(COPY_LIMIT + 1);
            assert!(matches!(terminal.write_osc52(&long), Err(CopyError::TooLong { .. })));
        }
        "suspend" => {
            terminal.suspend().unwrap();
            terminal.draw(|frame| frame.render_widget("again", frame.area())).unwrap();
            wait_for_key();
        }
        _ => {}
    }
}

/// Waits for a key, or for the terminal to go away.
fn wait_for_key() {
    let mut key = [0];
    let _ = io::stdin().read(&mut key);
}

/// Runs this file again in a pty, as the part of a test, within a script.
fn run(part: &str, script: &str) -> Pty {
    let mut command = CommandBuilder::new("bash");
    command.args(["-c", script]);
    command.arg(env::current_exe().unwrap());
    command.env("SEKISHO_PTY_CHILD", part);
    command.env("TERM", "xterm-256color");
    command.env("RUST_BACKTRACE", "0");
    Pty::start(command)
}

/// Waits for the end, and checks that the shell found everything as it was.
fn assert_restored(pty: &mut Pty) {
    pty.until_shown("over");
    pty.assert_modes_left();
    let shown = pty.shown();
    assert!(shown.contains(" icanon") && shown.contains(" echo "), "{shown}");
    pty.press("\n");
    pty.wait();
}

fn assert_child_passed(pty: &Pty) {
    let shown = pty.shown();
    assert!(shown.contains("test result: ok"), "{shown}");
}

#[test]
fn enters_draws_and_leaves() {
    let mut pty = run("plain", SCRIPT);
    pty.until_shown("関所 ready");
    let screen = pty.screen();
    assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
    assert_ne!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
    assert_eq!((pty.wrote("\x1b]0;prd\x07"), pty.wrote("owned")), (1, 0));
    pty.press("q");
    assert_restored(&mut pty);
    assert_child_passed(&pty);
    assert_eq!(pty.wrote("\x1b[?2026h"), 1);
    assert!(!pty.screen().contents().contains("ready"));
}

#[test]
fn leaves_the_mouse_alone() {
    let mut pty = run("no-mouse", SCRIPT);
    pty.until_shown("ready");
    assert_eq!(pty.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    pty.press("q");
    assert_restored(&mut pty);
}

#[test]
fn restores_before_a_panic_is_printed() {
    for part in ["panic", "panic-elsewhere"] {
        let mut pty = run(part, SCRIPT);
        pty.until_shown("ready");
        pty.press("q");
        assert_restored(&mut pty);
        let shown = pty.screen().contents();
        assert!(shown.contains("a defect") && !shown.contains("litter"), "{part}: {shown}");
        assert_eq!(pty.wrote("\x1b[?1049l"), 1, "{part}");
    }
}

#[test]
fn can_be_entered_once_at_a_time() {
    let mut pty = run("twice", SCRIPT);
    pty.until_shown("ready");
    pty.press("q");
    assert_restored(&mut pty);
    assert_child_passed(&pty);
    assert_eq!(pty.wrote("\x1b[?1049h"), 2);
}

#[test]
fn copies_across_the_terminal() {
    let mut pty = run("copy", SCRIPT);
    pty.until_shown("ready");
    pty.press("q");
    assert_restored(&mut pty);
    assert_child_passed(&pty);
    assert_eq!(pty.wrote("\x1b]52;c;5pys55Wq\x07"), 1);
}

#[test]
fn stops_and_goes_on() {
    let mut pty = run("suspend", JOB_SCRIPT);
    pty.until_shown("ready");
    pty.press("z");
    pty.until_shown("stopped");
    assert!(!pty.screen().alternate_screen() && !pty.screen().hide_cursor());
    pty.press("\n");
    pty.until_shown("again");
    assert!(pty.screen().alternate_screen() && pty.screen().hide_cursor());
    pty.press("q");
    assert_restored(&mut pty);
    assert_child_passed(&pty);
    assert_eq!(pty.wrote("\x1b[?1049h"), 2);
}

#[test]
fn refuses_what_is_no_terminal() {
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored"])
        .env("SEKISHO_PTY_CHILD", "piped")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_closed_terminal_is_no_defect() {
    let mut pty = run("plain", SCRIPT);
    pty.until_shown("ready");
    // It ends, which is all that can be asked: the shell around it is hung up.
    pty.close("q");
}
