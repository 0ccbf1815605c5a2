//! A session's shell on an emulated terminal.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sekisho::domain::session::End;
use sekisho::session::conduit::{Conduit, FromFarSide, Leash, ToFarSide};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use vt100::Screen;

use crate::stage::{PATIENCE, soon};

/// A shell, and what it shows.
pub struct Terminal {
    emulator: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    changes: watch::Receiver<u64>,
    to: mpsc::Sender<ToFarSide>,
    end: watch::Receiver<Option<End>>,
    _leash: Leash,
}

impl Terminal {
    /// Puts a session on a terminal of that size.
    pub async fn of(conduit: Conduit, columns: u16, rows: u16) -> Self {
        let Conduit { to, mut from, end, leash, .. } = conduit;
        let emulator = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let (changed, changes) = watch::channel(0);
        let terminal = Self { emulator, raw, changes, to, end, _leash: leash };
        let (emulator, raw) = (Arc::clone(&terminal.emulator), Arc::clone(&terminal.raw));
        tokio::spawn(async move {
            while let Some(message) = from.recv().await {
                let FromFarSide::Data(bytes) = message else { continue };
                emulator.lock().unwrap().process(&bytes);
                raw.lock().unwrap().extend_from_slice(&bytes);
                changed.send_modify(|count| *count += 1);
            }
        });
        terminal.resize(columns, rows).await;
        terminal
    }

    /// Types.
    pub async fn press(&self, keys: &str) {
        let keys = Bytes::copy_from_slice(keys.as_bytes());
        soon("typing", self.to.send(ToFarSide::Data(keys))).await.expect("a session that lives");
    }

    /// Types a line.
    pub async fn enter(&self, line: &str) {
        self.press(&format!("{line}\r")).await;
    }

    /// Gives the terminal another size.
    pub async fn resize(&self, columns: u16, rows: u16) {
        self.emulator.lock().unwrap().screen_mut().set_size(rows, columns);
        soon("a new size", self.to.send(ToFarSide::Size { columns, rows })).await.expect("a session that lives");
    }

    /// Waits until something holds of the screen.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let emulator = Arc::clone(&self.emulator);
        self.until_it(what, || holds(emulator.lock().unwrap().screen())).await;
    }

    /// Waits until a text is shown.
    pub async fn until_shown(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text)).await;
    }

    /// Waits until a text has come, whether it is still shown or not.
    pub async fn until_written(&mut self, text: &str) {
        let raw = Arc::clone(&self.raw);
        let has_come = || raw.lock().unwrap().windows(text.len()).any(|window| window == text.as_bytes());
        self.until_it(text, has_come).await;
    }

    async fn until_it(&mut self, what: &str, holds: impl Fn() -> bool) {
        let came = timeout(PATIENCE, async {
            loop {
                self.changes.borrow_and_update();
                if holds() {
                    return true;
                }
                if self.changes.changed().await.is_err() {
                    return false;
                }
            }
        });
        let came = came.await;
        assert_eq!(came, Ok(true), "never {what}:\n{}", self.look(Screen::contents));
    }

    /// Looks at the screen.
    pub fn look<T>(&self, at: impl FnOnce(&Screen) -> T) -> T {
        at(self.emulator.lock().unwrap().screen())
    }

    /// Returns everything that came, as it came.
    pub fn written(&self) -> Vec<u8> {
        self.raw.lock().unwrap().clone()
    }

    /// Waits for the end.
    pub async fn end(mut self) -> End {
        let ended = soon("the end", self.end.wait_for(Option::is_some)).await;
        ended.expect("a session that says how it ended").clone().expect("an end")
    }
}
