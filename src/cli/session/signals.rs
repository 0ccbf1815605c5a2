//! The signals that may come while a session is open: none of them may take the program away before the outcome is written.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The terminal has another size.
    Size,
    /// Somebody pressed ctrl-c or ctrl-\ where the terminal is not raw.
    Keyboard(SignalKind),
    /// The program is to end.
    End(SignalKind),
}

/// Takes the signals from the moment that it is made, until the program is gone.
#[derive(Debug)]
pub struct Signals {
    size: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes them over.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            size: signal(SignalKind::window_change())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one; giving up the wait loses none.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.size.recv() => Told::Size,
            _ = self.interrupt.recv() => Told::Keyboard(SignalKind::interrupt()),
            _ = self.quit.recv() => Told::Keyboard(SignalKind::quit()),
            _ = self.terminate.recv() => Told::End(SignalKind::terminate()),
            _ = self.hangup.recv() => Told::End(SignalKind::hangup()),
        }
    }

    /// Waits for one that ends a program, from the keyboard or not.
    pub async fn end(&mut self) -> SignalKind {
        loop {
            match self.next().await {
                Told::Size => {}
                Told::Keyboard(kind) | Told::End(kind) => return kind,
            }
        }
    }
}
