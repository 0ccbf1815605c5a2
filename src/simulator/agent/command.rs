//! A command without a terminal: output, standard error where it is wanted apart, and an exit code.

use std::fs::File;
use std::io::Seek as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::thread;

use rustix::process::Signal;
use tokio::sync::mpsc;

use super::Event;
use super::home::Home;
use super::process::{self, Leader};
use super::text::Cutter;

/// How much of the output is read at a time.
const READ: usize = 1_024;

/// A command that runs; it ends with this.
#[derive(Debug)]
pub struct Running {
    leader: Leader,
    _home: Home,
}

/// Starts a command; blocks. It comes as an event, and then its output and its end.
///
/// Kept apart, its streams are sent as they come. Together they go into a file first, and follow once it has ended.
pub fn start(command: &str, separate: bool, events: &mpsc::Sender<Event>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("Unable to start command: {error}");
    let home = Home::new().map_err(failed)?;
    let file = if separate { None } else { Some(together().map_err(failed)?) };
    let (out, error) = match &file {
        None => (Stdio::piped(), Stdio::piped()),
        Some(file) => (file.try_clone().map_err(failed)?.into(), file.try_clone().map_err(failed)?.into()),
    };
    let mut child = Command::new(process::SHELL)
        .args(["-c", command])
        .env_clear()
        .envs(process::environment(&home))
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(error)
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let leader = Leader::new(Some(child.id()));
    if events.blocking_send(Event::Command(Box::new(Running { leader, _home: home }))).is_err() {
        return Ok(());
    }
    let events = events.clone();
    thread::spawn(move || {
        apart(child.stdout.take(), child.stderr.take(), &events);
        // A command that a signal ended has no code; the official agent tells -1.
        let code = child.wait().map_or(1, |status| status.code().or(status.signal().map(|_| -1)).unwrap_or(1));
        if let Some(mut file) = file
            && file.rewind().is_ok()
        {
            let mut cutter = Cutter::default();
            process::pump(file, &events, READ, |bytes| process::output(cutter.cut(bytes), Event::Output));
        }
        let _ = events.blocking_send(Event::Exited(Some(code)));
    });
    Ok(())
}

/// Makes a file for both streams that has no name any more.
fn together() -> std::io::Result<File> {
    let path = std::env::temp_dir().join(format!("sekisho-output-{}-{:016x}", std::process::id(), fastrand::u64(..)));
    let file = File::options().read(true).append(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Hands on both streams as they come, until both have ended.
fn apart(out: Option<ChildStdout>, error: Option<ChildStderr>, events: &mpsc::Sender<Event>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut cutter = Cutter::default();
            if let Some(out) = out {
                process::pump(out, events, READ, |bytes| process::output(cutter.cut(bytes), Event::Output));
            }
        });
        let mut cutter = Cutter::default();
        if let Some(error) = error {
            process::pump(error, events, READ, |bytes| process::output(cutter.cut(bytes), Event::StandardError));
        }
    });
}

impl Running {
    /// Passes on the signals that control characters stand for; everything else that is typed is left out.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let signal = bytes.iter().find_map(|byte| match byte {
            0x03 => Some(Signal::INT),
            0x1c => Some(Signal::QUIT),
            _ => None,
        });
        if let Some(signal) = signal {
            self.leader.signal(signal);
        }
    }
}
