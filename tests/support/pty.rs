//! A program in a real pseudo-terminal, and an emulator of what it shows.

#![allow(dead_code, reason = "each test binary uses its own part of the support")]

use std::io::{Read, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use vt100::{MouseProtocolMode, Screen};

/// How long anything may take before the test gives up: a bound, and never a wait.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A child in a pty.
pub struct Pty {
    emulator: vt100::Parser,
    raw: Vec<u8>,
    output: Receiver<Vec<u8>>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Pty {
    /// Starts a command in a terminal of 80 columns and 24 rows.
    pub fn start(command: CommandBuilder) -> Self {
        Self::sized(command, 80, 24)
    }

    pub fn sized(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pty = native_pty_system().openpty(size(columns, rows)).unwrap();
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let input = pty.master.take_writer().unwrap();
        let emulator = vt100::Parser::new(rows, columns, 0);
        Self { emulator, raw: Vec::new(), output, input, child, master: pty.master }
    }

    pub fn screen(&self) -> &Screen {
        self.emulator.screen()
    }

    pub fn shown(&self) -> String {
        self.screen().contents()
    }

    /// Reads until something holds of the screen.
    #[track_caller]
    pub fn until(&mut self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.output.recv_timeout(left) else { panic!("never {what}:\n{}", self.shown()) };
            self.emulator.process(&bytes);
            self.raw.extend_from_slice(&bytes);
        }
    }

    #[track_caller]
    pub fn until_shown(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    pub fn press(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Gives the terminal another size, which the child is told by SIGWINCH.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).unwrap();
        self.emulator.screen_mut().set_size(rows, columns);
    }

    /// Returns how often a sequence was written.
    pub fn wrote(&self, sequence: &str) -> usize {
        self.raw.windows(sequence.len()).filter(|window| *window == sequence.as_bytes()).count()
    }

    /// Returns everything that was written, as text.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// Checks that the emulator's modes are those of a shell, and that what was entered was left as often.
    #[track_caller]
    pub fn assert_modes_left(&self) {
        let screen = self.screen();
        let shown = self.shown();
        assert!(!screen.alternate_screen() && !screen.hide_cursor(), "{shown}");
        assert!(!screen.bracketed_paste(), "{shown}");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None, "{shown}");
        // The alternate screen, reports of the focus, the saved title: none of them is left behind.
        for (enter, leave) in
            [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?1004h", "\x1b[?1004l"), ("\x1b[22;0t", "\x1b[23;0t")]
        {
            assert_eq!(self.wrote(enter), self.wrote(leave), "{enter:?} and {leave:?}");
        }
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Closes the terminal under the child, and returns how the child ended.
    ///
    /// The thread that reads holds the terminal, too, until there is something to read that nobody wants: `key` must
    /// make the child write.
    pub fn close(self, key: &str) -> ExitStatus {
        let Self { mut input, master, output, mut child, .. } = self;
        drop(output);
        input.write_all(key.as_bytes()).unwrap();
        input.flush().unwrap();
        drop((input, master));
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the child outlives its terminal");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, ..PtySize::default() }
}
