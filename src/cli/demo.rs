//! `sekisho demo --listen`: the simulated account for others than ourselves.

use std::io::{self, Write};

use tokio::signal::unix::{SignalKind, signal};

use crate::i18n::Texts;
use crate::simulator::Simulator;
use crate::t;

use super::Exit;

/// Says how to reach the account, a line each, and serves it until it is told to end.
///
/// # Errors
/// Where `out` cannot be written to or signals cannot be waited for.
pub async fn serve(
    simulator: &Simulator,
    texts: Texts,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> io::Result<Exit> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    writeln!(out, "AWS_ENDPOINT_URL={}", simulator.endpoint())?;
    writeln!(out, "AWS_ACCESS_KEY_ID={}", simulator.access_key_id())?;
    writeln!(out, "AWS_SECRET_ACCESS_KEY={}", simulator.secret_access_key())?;
    if let Some(token) = simulator.session_token() {
        writeln!(out, "AWS_SESSION_TOKEN={token}")?;
    }
    writeln!(out, "AWS_REGION={}", simulator.region())?;
    out.flush()?;
    writeln!(notes, "{}", t!(texts, "cli.demo.serving"))?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(Exit::Fine)
}
