//! A program that has the terminal for a while: the database's client through a tunnel.

use std::env;
use std::io;
use std::path::Path;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::SignalKind;
use tokio::task::spawn_blocking;

use crate::state::event::{Event, Notice, Secret};
use crate::terminal::Terminal;

use super::console::Console;
use super::event_loop::{Signals, Told};

/// Runs a program on the terminal until it ends, while sessions go on; returns the signal by which the system asked the
/// console itself to end meanwhile.
///
/// # Errors
/// When the terminal cannot be taken back.
pub(super) async fn run(
    program: &'static str,
    arguments: &[String],
    secret: Option<(&'static str, Secret)>,
    console: &mut Console,
    terminal: &mut Terminal,
    signals: &mut Signals,
) -> io::Result<Option<i32>> {
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some((variable, secret)) = &secret {
        // In the environment only its own user and root can read it; an argument could be read by everybody.
        command.env(variable, secret.expose());
    }
    lend(command, program, console, terminal, signals).await
}

/// Plays a recording by this program's own player, as `sekisho replay` does.
///
/// # Errors
/// When the terminal cannot be taken back, or this program cannot be found.
pub(super) async fn replay(
    path: &Path,
    console: &mut Console,
    terminal: &mut Terminal,
    signals: &mut Signals,
) -> io::Result<Option<i32>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("replay").arg(path);
    lend(command, "sekisho", console, terminal, signals).await
}

async fn lend(
    mut command: Command,
    program: &str,
    console: &mut Console,
    terminal: &mut Terminal,
    signals: &mut Signals,
) -> io::Result<Option<i32>> {
    terminal.lend();
    let ended = match command.spawn() {
        Ok(child) => until_end(child, console, signals).await,
        Err(error) => {
            let mut notice = Notice::with("sessions.notice.client-failed", "program", program);
            notice.arguments.push(("why", error.to_string()));
            console.apply(Event::Notice(notice));
            Ok(None)
        }
    };
    terminal.take_back()?;
    console.tick();
    ended
}

async fn until_end(mut child: Child, console: &mut Console, signals: &mut Signals) -> io::Result<Option<i32>> {
    let pid = Pid::from_child(&child);
    let mut waited = spawn_blocking(move || child.wait());
    let mut asked = None;
    loop {
        tokio::select! {
            ended = &mut waited => {
                ended.map_err(io::Error::other)??;
                return Ok(asked);
            }
            told = signals.next() => match told {
                // Ctrl-c and ctrl-\ are meant for the program that has the terminal, which gets them as well.
                Told::End(signal) if is_from_keyboard(signal) => {}
                Told::End(signal) => {
                    asked = Some(signal);
                    let _ = kill_process(pid, Signal::TERM);
                }
                Told::Continue => {}
            },
            // What would be done to the terminal waits for nobody: it is not ours now.
            _ = console.reported() => {}
        }
    }
}

fn is_from_keyboard(signal: i32) -> bool {
    [SignalKind::interrupt(), SignalKind::quit()].iter().any(|kind| kind.as_raw_value() == signal)
}
