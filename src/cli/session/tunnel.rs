//! A tunnel from the command line: how to connect, who is connected, keys for what one may want, or a client at once.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use rustix::process::{Pid, Signal as Sent, kill_process};
use secrecy::ExposeSecret as _;
use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::domain::database::{Database, Way, Wire};
use crate::domain::session::{Link, SessionReport, TunnelStatus};
use crate::domain::text::truncate;
use crate::operate::{Live, Look, Operator};
use crate::runbook::entry::{Destination, Operation};
use crate::t;
use crate::terminal::{self, Raw};
use crate::ui::{Ui, words};

use super::signals::Told;
use super::{Scene, Stayed, attach};
use crate::cli::Exit;

/// Shows a tunnel until it ends, or runs the database's client through it.
///
/// # Errors
/// Where `faults` or the terminal cannot be written to.
pub(super) async fn stay(
    client: bool,
    operator: &Operator,
    look: Option<&Look>,
    scene: &mut Scene<'_>,
    faults: &mut dyn Write,
) -> io::Result<Stayed> {
    let ui = scene.ui;
    let Some(look) = look else { return Ok(Stayed::Ended) };
    let Operation::PortForward { destination, .. } = &look.entry.operation else { return Ok(Stayed::Ended) };
    let opened = tokio::select! {
        opened = opened(scene.told) => opened,
        kind = scene.signals.end() => return Ok(ended_by(kind)),
    };
    let Some((local, ends_at)) = opened else { return Ok(Stayed::Ended) };
    let database = tokio::select! {
        found = operator.database(&look.entry.environment, &destination.host) => found.ok().flatten(),
        kind = scene.signals.end() => return Ok(ended_by(kind)),
    };
    let mut desk = Desk { ui, destination, database, local, ends_at, status: None, lost: false, shown: false };
    if client {
        return desk.run_client(scene, faults).await;
    }
    writeln!(faults, "{}", t!(ui.texts, "cli.session.listening", local = local))?;
    writeln!(io::stdout(), "{}", desk.connection_string())?;
    io::stdout().flush()?;
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        desk.with_keys(scene).await
    } else {
        desk.without_keys(scene, faults).await
    }
}

/// Waits until the tunnel listens; nothing where it ends before.
async fn opened(told: &mut mpsc::Receiver<SessionReport>) -> Option<(SocketAddr, Option<Timestamp>)> {
    loop {
        match told.recv().await? {
            SessionReport::Opened { local: Some(local), ends_at, .. } => return Some((local, ends_at)),
            SessionReport::Ended(_) => return None,
            _ => {}
        }
    }
}

/// What is known of the tunnel.
struct Desk<'a> {
    ui: &'a Ui,
    destination: &'a Destination,
    database: Option<Database>,
    local: SocketAddr,
    ends_at: Option<Timestamp>,
    status: Option<Arc<TunnelStatus>>,
    /// Whether a session under it has lost its link.
    lost: bool,
    /// Whether the line of the status is the last one on the terminal.
    shown: bool,
}

impl Desk<'_> {
    /// Says how a client reaches the database; nothing where it is not known what is spoken there.
    fn way(&self) -> Option<Way<'_>> {
        let known = self.database.as_ref();
        let wire = known.and_then(Database::wire).or_else(|| Wire::of_port(self.destination.port))?;
        Some(Way {
            wire,
            host: &self.destination.host,
            local: self.local,
            user: self.destination.user.as_deref(),
            database: self.destination.database.as_deref().or_else(|| known?.database.as_deref()),
        })
    }

    fn connection_string(&self) -> String {
        self.way().map_or_else(|| self.local.to_string(), |way| way.connection_string())
    }

    /// Tells whether a token may stand in for a password: where nobody could look, it is tried.
    fn takes_tokens(&self) -> bool {
        self.destination.user.is_some() && self.database.as_ref().is_none_or(|database| database.iam_auth)
    }

    async fn without_keys(&mut self, scene: &mut Scene<'_>, faults: &mut dyn Write) -> io::Result<Stayed> {
        loop {
            tokio::select! {
                report = scene.told.recv() => match report {
                    Some(SessionReport::Ended(_)) | None => return Ok(Stayed::Ended),
                    Some(report) => {
                        for sentence in self.news(report) {
                            writeln!(faults, "{sentence}")?;
                        }
                    }
                },
                kind = scene.signals.end() => return Ok(ended_by(kind)),
            }
        }
    }

    /// Shows a line that changes with the tunnel, and takes keys.
    async fn with_keys(&mut self, scene: &mut Scene<'_>) -> io::Result<Stayed> {
        let raw = Raw::enter()?;
        let mut keys = attach::keys();
        let mut second = tokio::time::interval(std::time::Duration::from_secs(1));
        self.say(t!(self.ui.texts, "cli.session.tunnel-keys"))?;
        let stayed = loop {
            tokio::select! {
                biased;
                typed = keys.recv() => match typed {
                    Some(bytes) if self.typed(&bytes, scene.live).await? => {}
                    _ => break Stayed::Ended,
                },
                kind = scene.signals.end() => break ended_by(kind),
                report = scene.told.recv() => match report {
                    Some(SessionReport::Ended(_)) | None => break Stayed::Ended,
                    Some(report) => {
                        for sentence in self.news(report) {
                            self.say(&sentence)?;
                        }
                        self.show()?;
                    }
                },
                _ = second.tick() => self.show()?,
            }
        };
        if self.shown {
            io::stdout().write_all(b"\r\n")?;
        }
        drop(raw);
        Ok(stayed)
    }

    /// Does what keys ask for; returns whether to stay.
    async fn typed(&mut self, bytes: &Bytes, live: &Live) -> io::Result<bool> {
        for byte in bytes {
            match byte {
                b'q' | 0x03 | 0x04 => return Ok(false),
                b'y' => {
                    let text = self.connection_string();
                    self.copy(&text, t!(self.ui.texts, "cli.session.copied"))?;
                }
                b't' => match self.token(live).await {
                    Ok(token) => self.copy(token.expose_secret(), t!(self.ui.texts, "sessions.notice.token-copied"))?,
                    Err(why) => self.say(&why)?,
                },
                _ => self.say(t!(self.ui.texts, "cli.session.tunnel-keys"))?,
            }
        }
        Ok(true)
    }

    /// Makes a token, or says why there is none.
    async fn token(&self, live: &Live) -> Result<secrecy::SecretString, String> {
        let texts = self.ui.texts;
        if !self.takes_tokens() {
            return Err(match self.database.as_ref().filter(|_| self.destination.user.is_some()) {
                Some(database) => t!(texts, "sessions.notice.no-iam", name = database.identifier),
                None => t!(texts, "sessions.notice.no-token").to_owned(),
            });
        }
        match live.token().await {
            Ok(Some(token)) => Ok(token),
            Ok(None) => Err(t!(texts, "sessions.notice.no-token").to_owned()),
            Err(failure) => Err(words::failure_line(texts, &failure)),
        }
    }

    /// Takes a report, and returns what of it must be said.
    fn news(&mut self, report: SessionReport) -> Vec<String> {
        match report {
            SessionReport::Tunnel(status) => {
                let mut news = Vec::new();
                let lost = status.sessions.iter().find(|session| matches!(session.link, Link::Lost { .. }));
                if lost.is_some() != self.lost {
                    self.lost = lost.is_some();
                    let link = lost.or_else(|| status.sessions.first()).map(|session| &session.link);
                    news.extend(link.map(|link| words::session::link(self.ui, link, Timestamp::now()).1));
                }
                self.status = Some(status);
                news
            }
            SessionReport::Warning { left } => {
                let left = words::session::countdown(left);
                vec![t!(self.ui.texts, "cli.session.ends-soon", left = left)]
            }
            _ => Vec::new(),
        }
    }

    /// Writes the line of the tunnel over the one before.
    fn show(&mut self) -> io::Result<()> {
        let Some(status) = &self.status else { return Ok(()) };
        let now = Timestamp::now();
        let totals = t!(
            self.ui.texts,
            "sessions.view.totals",
            open = status.connections.len(),
            accepted = status.accepted,
            refused = status.refused,
            sent = words::session::bytes(status.sent),
            received = words::session::bytes(status.received)
        );
        let health = words::session::health(self.ui, &status.health, now).1;
        let left = self.ends_at.map(|end| words::session::countdown(end.duration_since(now))).unwrap_or_default();
        let columns = terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        let line = format!("{totals}  {health}  {left}");
        write!(io::stdout(), "\r\x1b[2K{}", truncate(&line, columns.saturating_sub(1)))?;
        self.shown = true;
        io::stdout().flush()
    }

    /// Says something in a line of its own.
    fn say(&mut self, sentence: &str) -> io::Result<()> {
        write!(io::stdout(), "\r\x1b[2K{sentence}\r\n")?;
        self.shown = false;
        self.show()?;
        io::stdout().flush()
    }

    fn copy(&mut self, text: &str, done: &str) -> io::Result<()> {
        match terminal::copy_sequence(text) {
            Some(sequence) => {
                io::stdout().write_all(sequence.as_bytes())?;
                self.say(done)
            }
            None => self.say(t!(self.ui.texts, "screens.notice.too-long")),
        }
    }

    /// Runs the client that comes with the database; the tunnel ends with it.
    async fn run_client(&mut self, scene: &mut Scene<'_>, faults: &mut dyn Write) -> io::Result<Stayed> {
        let Some(call) = self.way().map(|way| way.client()) else {
            writeln!(faults, "{}", t!(self.ui.texts, "sessions.notice.no-client"))?;
            return Ok(Stayed::Refused(Exit::Usage));
        };
        let mut command = Command::new(call.program);
        command.args(&call.arguments);
        if self.takes_tokens() {
            match self.token(scene.live).await {
                // In the environment only its own user and root can read it; an argument could be read by everybody.
                Ok(token) => drop(command.env(call.password, token.expose_secret())),
                Err(why) => writeln!(faults, "{why}")?,
            }
        }
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let why = t!(self.ui.texts, "cli.session.client-failed", program = call.program, why = error);
                writeln!(faults, "{why}")?;
                return Ok(Stayed::Refused(Exit::Usage));
            }
        };
        drop(command);
        let (pid, mut ended) = waited(child);
        let mut over = false;
        loop {
            tokio::select! {
                code = &mut ended => return Ok(Stayed::Client(code.unwrap_or(Ok(1))?)),
                report = scene.told.recv(), if !over => over = matches!(report, Some(SessionReport::Ended(_)) | None),
                // What the keyboard sends, the client has got itself.
                told = scene.signals.next() => if matches!(told, Told::End(_)) {
                    let _ = kill_process(pid, Sent::TERM);
                },
            }
        }
    }
}

/// Waits for a child in a thread of its own; tells its code, or 128 and the signal that ended it.
fn waited(mut child: Child) -> (Pid, JoinHandle<io::Result<u8>>) {
    let pid = Pid::from_child(&child);
    let code = move || {
        let status = child.wait()?;
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        let code = status.code().or_else(|| signal.map(|signal| 128 + signal)).unwrap_or(1);
        Ok(u8::try_from(code).unwrap_or(u8::MAX))
    };
    (pid, spawn_blocking(code))
}

/// A person's ctrl-c ends a tunnel as it should end; other signals are told to the shell.
fn ended_by(signal: SignalKind) -> Stayed {
    if signal == SignalKind::interrupt() { Stayed::Ended } else { Stayed::Signal(signal.as_raw_value()) }
}
