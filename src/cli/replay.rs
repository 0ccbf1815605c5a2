//! `sekisho replay`: plays the recording of a shell, prints that of a tunnel.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account;
use super::args::ReplayArgs;
use super::{Exit, complain};
use crate::config::Config;
use crate::config::document::printable;
use crate::domain::text::{clean, pad, pad_left};
use crate::i18n::Texts;
use crate::journal::recording::About;
use crate::journal::recording::load::{Cast, LoadError, Loaded, Total, TunnelEvent, TunnelLog, load};
use crate::journal::recording::player::{Player, plain};
use crate::runtime::event_loop::End;
use crate::runtime::replay as playing;
use crate::state::replay::Replay;
use crate::t;
use crate::terminal::{Options, Terminal};
use crate::ui::Ui;

/// Plays or prints a recording, and returns the number that the shell sees.
///
/// Where standard output is no terminal, the text is printed.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn run(args: &ReplayArgs, config: &Config, out: &mut dyn Write, faults: &mut dyn Write) -> io::Result<u8> {
    let texts = Texts::of(config.lang);
    let ui = match account::ui(config, None, faults)? {
        Ok(ui) => ui,
        Err(exit) => return Ok(exit.code()),
    };
    let path = place(&args.file);
    let loaded = match load(&path) {
        Ok(loaded) => loaded,
        Err(error) => return Ok(complain([explain(&error, &path, texts)], faults)?.code()),
    };
    match loaded {
        Loaded::Tunnel(log) => tunnel(&log, &ui, out)?,
        Loaded::Cast(cast) if args.dump || !io::stdout().is_terminal() => dump(&cast, texts, out)?,
        Loaded::Cast(cast) => return play(args, cast, &path, config, &ui, faults),
    }
    out.flush()?;
    Ok(Exit::Fine.code())
}

/// Returns the folder of recordings, `~/.local/state/sekisho/recordings/`.
pub fn folder() -> Option<PathBuf> {
    super::log::folder().map(|folder| folder.join("recordings"))
}

/// Finds a recording: a bare name that is no file here may be one in the folder of recordings.
fn place(file: &Path) -> PathBuf {
    let is_bare = file.components().count() == 1 && !file.exists();
    match folder().map(|folder| folder.join(file)) {
        Some(path) if is_bare && path.exists() => path,
        _ => file.to_owned(),
    }
}

fn explain(error: &LoadError, path: &Path, texts: Texts) -> String {
    let path = printable(&path.to_string_lossy());
    match error {
        LoadError::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            t!(texts, "journal.replay.no-file", path = path)
        }
        LoadError::Io(error) => t!(texts, "journal.replay.not-read", path = path, why = error),
        LoadError::NoFile => t!(texts, "journal.replay.not-regular", path = path),
        LoadError::TooLarge => t!(texts, "journal.replay.too-large", path = path),
        LoadError::NoRecording => t!(texts, "journal.replay.no-recording", path = path),
        LoadError::Malformed { line } => t!(texts, "journal.replay.malformed", path = path, line = line),
    }
}

fn play(
    args: &ReplayArgs,
    cast: Cast,
    path: &Path,
    config: &Config,
    ui: &Ui,
    faults: &mut dyn Write,
) -> io::Result<u8> {
    let mut player = Player::new(Arc::new(cast));
    if let Some(speed) = args.speed.as_ref().and_then(|speed| speed.parse().ok()) {
        player.set_speed(speed);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut replay = Replay::new(name, player);
    let mut terminal = match Terminal::enter(Options { mouse: false }) {
        Ok(terminal) => terminal,
        Err(error) => {
            let sentence = super::console::explain(&error, Texts::of(config.lang));
            return Ok(complain([sentence], faults)?.code());
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(playing::run(&mut replay, ui, &mut terminal));
    runtime.shutdown_background();
    terminal.leave();
    match ended? {
        End::Quit => Ok(Exit::Fine.code()),
        End::Signal(signal) => Ok(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
    }
}

/// Prints what was written, without what a terminal would obey.
fn dump(cast: &Cast, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    for piece in plain(cast) {
        out.write_all(piece.as_bytes())?;
    }
    writeln!(out)?;
    if cast.is_torn {
        writeln!(out, "{}", t!(texts, "journal.replay.torn"))?;
    }
    Ok(())
}

/// Prints a tunnel's recording as a table.
fn tunnel(log: &TunnelLog, ui: &Ui, out: &mut dyn Write) -> io::Result<()> {
    let texts = ui.texts;
    for (name, value) in facts(&log.about, texts).into_iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{}  {value}", pad(name, 14))?;
    }
    writeln!(out)?;
    let (sent, received) = (t!(texts, "journal.tunnel.sent"), t!(texts, "journal.tunnel.received"));
    let head = [pad(t!(texts, "journal.tunnel.time"), 23), pad(t!(texts, "journal.tunnel.event"), 20)].join("  ");
    let numbers = [pad_left("#", 6), pad_left(sent, 14), pad_left(received, 14)].join("  ");
    writeln!(out, "{head}  {numbers}  {}", t!(texts, "journal.tunnel.peer"))?;
    for line in &log.lines {
        let time = line.at.to_zoned(ui.zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
        let (name, id, bytes, about) = row(&line.event, texts);
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        let (sent, received) =
            bytes.map_or_else(Default::default, |(sent, received)| (sent.to_string(), received.to_string()));
        let numbers = [pad_left(&id, 6), pad_left(&sent, 14), pad_left(&received, 14)].join("  ");
        let row = format!("{}  {}  {numbers}  {about}", pad(&time, 23), pad(name, 20));
        writeln!(out, "{}", row.trim_end())?;
    }
    if log.is_torn {
        writeln!(out, "{}", t!(texts, "journal.replay.torn"))?;
    }
    Ok(())
}

fn facts(about: &About, texts: Texts) -> [(&'static str, String); 7] {
    let reason = [about.reason.as_deref(), about.ticket.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    [
        (t!(texts, "journal.about.entry"), about.entry.clone()),
        (t!(texts, "journal.about.environment"), about.environment.clone()),
        (t!(texts, "journal.about.account"), format!("{} {}", about.account, about.region).trim().to_owned()),
        (t!(texts, "journal.about.target"), about.target.clone()),
        (t!(texts, "journal.about.session"), about.session_id.clone()),
        (t!(texts, "journal.about.actor"), about.actor.clone()),
        (t!(texts, "journal.about.reason"), reason),
    ]
}

/// One line of the table: what happened, the connection, bytes each way, and what else there is to say.
type Row = (&'static str, Option<u64>, Option<(u64, u64)>, String);

fn row(event: &TunnelEvent, texts: Texts) -> Row {
    let counted =
        |total: &Total| t!(texts, "journal.tunnel.counted", accepted = total.accepted, refused = total.refused);
    let bytes = |total: &Total| Some((total.sent, total.received));
    match event {
        TunnelEvent::Listening { local } => (t!(texts, "journal.tunnel.listening"), None, None, local.to_string()),
        TunnelEvent::Opened { connection, peer } => {
            (t!(texts, "journal.tunnel.opened"), Some(*connection), None, peer.to_string())
        }
        TunnelEvent::Closed { connection, session_id, sent, received } => {
            let session_id = session_id.clone().unwrap_or_default();
            (t!(texts, "journal.tunnel.closed"), Some(*connection), Some((*sent, *received)), session_id)
        }
        TunnelEvent::Destination { reachable: true } => {
            (t!(texts, "journal.tunnel.reachable"), None, None, String::new())
        }
        TunnelEvent::Destination { reachable: false } => {
            (t!(texts, "journal.tunnel.refused"), None, None, String::new())
        }
        TunnelEvent::Total(total) => (t!(texts, "journal.tunnel.total"), None, bytes(total), counted(total)),
        TunnelEvent::End(total) => (t!(texts, "journal.tunnel.end"), None, bytes(total), counted(total)),
        TunnelEvent::Full(total) => (t!(texts, "journal.tunnel.full"), None, bytes(total), counted(total)),
        TunnelEvent::Marker { label } => (t!(texts, "journal.tunnel.marker"), None, None, clean(label, 200)),
    }
}
