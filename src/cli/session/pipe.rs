//! A shell or command without a terminal: what comes goes to standard output, what is given there goes to it.

use std::io::{self, IsTerminal, Read, Write};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::domain::session::SessionReport;
use crate::operate::Input;

use super::{Scene, Stayed};

/// The end of what is typed, as a terminal tells its program (`ctrl-d`).
const END_OF_INPUT: u8 = 0x04;

/// Passes a session's output on until it ends; standard input goes to it, where that is no terminal.
///
/// # Errors
/// Where standard output cannot be written to.
pub(super) async fn stay(scene: &mut Scene<'_>) -> io::Result<Stayed> {
    loop {
        let report = tokio::select! {
            report = scene.told.recv() => report,
            kind = scene.signals.end() => return Ok(Stayed::Signal(kind.as_raw_value())),
        };
        match report {
            Some(SessionReport::Opened { .. }) if !io::stdin().is_terminal() => feed(scene.live.input.clone()),
            Some(SessionReport::Output(bytes)) => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&bytes)?;
                stdout.flush()?;
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
        let mut last = b'\n';
        while let Ok(count @ 1..) = stdin.read(&mut buffer) {
            last = buffer[count - 1];
            if input.blocking_send(Input::Bytes(Bytes::copy_from_slice(&buffer[..count]))).is_err() {
                return;
            }
        }
        // In the middle of a line the first one only hands over what there is of it.
        let end: &'static [u8] = if last == b'\n' { &[END_OF_INPUT] } else { &[END_OF_INPUT, END_OF_INPUT] };
        let _ = input.blocking_send(Input::Bytes(Bytes::from_static(end)));
    });
}
