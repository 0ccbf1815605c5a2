//! A shell or a command in a pseudo-terminal.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::Event;
use super::budget::Budget;
use super::home::Home;
use super::process::{self, Leader};
use super::text::Cutter;
use super::work::Taken;

/// How much may wait to be typed.
const UNTYPED: usize = 64 * 1024;
/// How much of a terminal's output is read at a time.
const READ: usize = 1_024;

/// A terminal in which something runs; it ends with this.
pub struct Terminal {
    // The order is that of their ends: what runs, the terminal, and its directory at last.
    _leader: Leader,
    typed: mpsc::UnboundedSender<Bytes>,
    master: Box<dyn MasterPty + Send>,
    pub budget: Arc<Budget>,
    _home: Home,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}

/// A terminal's size, as a client says it.
#[derive(Debug, Deserialize)]
struct Size {
    cols: u16,
    rows: u16,
}

/// Starts a shell, or a command where one is given; blocks. The terminal comes as an event, and then its output.
pub fn start(command: Option<&str>, settling: Duration, events: &mpsc::Sender<Event>) -> Result<(), String> {
    let failed = |error: &dyn fmt::Display| format!("Unable to start command: {error}");
    let home = Home::new().map_err(|error| failed(&error))?;
    let pair = native_pty_system().openpty(PtySize::default()).map_err(|error| failed(&error))?;
    let mut builder = CommandBuilder::new(process::SHELL);
    if let Some(command) = command {
        builder.args(["-c", command]);
    }
    builder.env_clear();
    for (name, value) in process::environment(&home) {
        builder.env(name, value);
    }
    builder.cwd(home.path());
    let mut child = pair.slave.spawn_command(builder).map_err(|error| failed(&error))?;
    let leader = Leader::new(child.process_id());
    let reader = pair.master.try_clone_reader().map_err(|error| failed(&error))?;
    let mut writer = pair.master.take_writer().map_err(|error| failed(&error))?;
    let budget = Arc::new(Budget::new(UNTYPED));
    let (typed, mut to_type) = mpsc::unbounded_channel::<Bytes>();
    let room = Arc::clone(&budget);
    thread::spawn(move || {
        while let Some(bytes) = to_type.blocking_recv() {
            let wrote = writer.write_all(&bytes).and_then(|()| writer.flush());
            room.release(bytes.len());
            if wrote.is_err() {
                break;
            }
        }
    });
    let terminal = Terminal { _leader: leader, typed, master: pair.master, budget, _home: home };
    if events.blocking_send(Event::Terminal(Box::new(terminal))).is_err() {
        return Ok(());
    }
    let events = events.clone();
    thread::spawn(move || {
        thread::sleep(settling);
        let mut cutter = Cutter::default();
        process::pump(reader, &events, READ, |bytes| process::output(cutter.cut(bytes), Event::Output));
        let _ = child.wait();
        let _ = events.blocking_send(Event::Exited(None));
    });
    Ok(())
}

impl Terminal {
    /// Types.
    pub fn bytes(&mut self, bytes: &Bytes) -> Taken {
        self.budget.charge(bytes.len());
        if self.typed.send(bytes.clone()).is_ok() {
            return Taken::Yes;
        }
        self.budget.release(bytes.len());
        Taken::No
    }

    /// Takes another size; what is no size is not taken.
    pub fn size(&mut self, payload: &[u8]) -> Taken {
        let Ok(Size { cols, rows }) = serde_json::from_slice(payload) else { return Taken::No };
        let size = PtySize { cols, rows, ..PtySize::default() };
        if self.master.resize(size).is_ok() { Taken::Yes } else { Taken::No }
    }
}
