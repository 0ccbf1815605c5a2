//! A shell or command without a terminal: what comes goes to standard output, what is given there goes to it.

use std::io::{self, IsTerminal, Read, Write};

use bytes::Bytes;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::domain::session::SessionReport;
use crate::operate::Input;

use super::Stayed;

/// The end of what is typed, as a terminal tells its program (`ctrl-d`).
const END_OF_INPUT: u8 = 0x04;

/// Passes a session's output on until it ends; standard input goes to it, where that is no terminal.
///
/// # Errors
/// Where standard output cannot be written to.
pub async fn stay(input: &mpsc::Sender<Input>, told: &mut mpsc::Receiver<SessionReport>) -> io::Result<Stayed> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut begun = false;
    loop {
        let report = tokio::select! {
            report = told.recv() => report,
            _ = terminate.recv() => return Ok(Stayed::Signal(SignalKind::terminate().as_raw_value())),
            _ = interrupt.recv() => return Ok(Stayed::Signal(SignalKind::interrupt().as_raw_value())),
        };
        match report {
            Some(SessionReport::Output(bytes)) => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&bytes)?;
                stdout.flush()?;
                // A shell that is not there yet would lose what comes before it is.
                if !std::mem::replace(&mut begun, true) && !io::stdin().is_terminal() {
                    feed(input.clone());
                }
            }
            Some(SessionReport::Ended(_)) | None => return Ok(Stayed::Ended),
            Some(_) => {}
        }
    }
}

/// Reads standard input to its end, in a thread of its own.
fn feed(input: mpsc::Sender<Input>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut stdin = io::stdin().lock();
        while let Ok(count @ 1..) = stdin.read(&mut buffer) {
            if input.blocking_send(Input::Bytes(Bytes::copy_from_slice(&buffer[..count]))).is_err() {
                return;
            }
        }
        let _ = input.blocking_send(Input::Bytes(Bytes::from_static(&[END_OF_INPUT])));
    });
}
