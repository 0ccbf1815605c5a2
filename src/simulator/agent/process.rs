//! What all processes of a session share: a clean environment, a home of their own, and an end.

use std::io::Read;

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::sync::mpsc;

use super::Event;
use super::home::Home;

/// The shell that runs everything.
pub const SHELL: &str = "/bin/sh";

/// The only variables that a session's processes see.
pub fn environment(home: &Home) -> [(&'static str, String); 8] {
    [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("HOME", home.path().display().to_string()),
        ("PWD", home.path().display().to_string()),
        ("SHELL", SHELL.to_owned()),
        ("USER", "root".to_owned()),
        ("TERM", "xterm-256color".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("PS1", "# ".to_owned()),
    ]
}

/// A process that leads a group, or a whole session of its own; it ends with this.
#[derive(Debug)]
pub struct Leader(Option<Pid>);

impl Leader {
    /// Takes a process by its id.
    pub fn new(id: Option<u32>) -> Self {
        Self(id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// Sends the process itself a signal; one that has ended gets none.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.0 {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        let Some(pid) = self.0 else { return };
        let _ = kill_process_group(pid, Signal::HUP);
        let _ = kill_process_group(pid, Signal::KILL);
        for one in of_session(pid) {
            let _ = kill_process(one, Signal::KILL);
        }
    }
}

/// Finds what a shell has put into groups of their own: the processes of its session, where the system lists them.
fn of_session(leader: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let wanted = leader.as_raw_nonzero().get();
    let member = |entry: std::fs::DirEntry| {
        let id: i32 = entry.file_name().to_str()?.parse().ok()?;
        let status = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name in parentheses: state, parent, group, session.
        let session: i32 = status.rsplit_once(')')?.1.split_whitespace().nth(3)?.parse().ok()?;
        (session == wanted).then(|| Pid::from_raw(id)).flatten()
    };
    entries.flatten().filter_map(member).collect()
}

/// Reads until the end and hands on what came; blocks.
pub fn pump(
    mut from: impl Read,
    events: &mpsc::Sender<Event>,
    size: usize,
    mut event: impl FnMut(&[u8]) -> Option<Event>,
) {
    let mut buffer = vec![0; size];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let Some(event) = event(buffer.get(..read).unwrap_or_default()) else { continue };
        if events.blocking_send(event).is_err() {
            return;
        }
    }
}

/// Makes an event of output, where there is any.
pub fn output(bytes: Bytes, make: fn(Bytes) -> Event) -> Option<Event> {
    (!bytes.is_empty()).then(|| make(bytes))
}
