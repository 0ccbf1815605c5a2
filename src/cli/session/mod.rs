//! `sekisho shell`, `exec` and `tunnel`: a catalogue entry of that kind, opened from the command line; and a change, which
//! `sekisho runbook run` makes.
//!
//! The same gate, journal and recording as in the console. What the gate wants and no flag says is asked for on the
//! terminal; where there is none, the gate refuses and says what it wants.

pub mod args;
mod ask;
mod attach;
mod escape;
mod follow;
mod pipe;
mod signals;
mod tunnel;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::config::EnvironmentConfig;
use crate::domain::progress::Finish;
use crate::domain::session::{End, SessionReport};
use crate::domain::target::Target;
use crate::i18n::Texts;
use crate::journal::RunStep;
use crate::operate::{Live, Look, Operator, Refused};
use crate::policy::Request;
use crate::runbook::choice::Catalogues;
use crate::runbook::entry::{Entry, EntryId, Operation};
use crate::t;
use crate::ui::{Ui, words};

use super::account::Account;
use super::args::Subcommand;
use super::console::explain;
use super::outfit::{self, Ready};
use super::{Exit, complain, remedy};
use args::EntryArgs;
use signals::Signals;

/// Reports that may wait for whoever shows them; the session waits then.
const WAITING: usize = 16;

/// What was asked for on the command line.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The entry, and what was said of it.
    pub entry: &'a EntryArgs,
    /// Whether the database's client is to be started through a tunnel.
    pub client: bool,
    /// The operation's kind, by the name of the command.
    pub command: &'static str,
}

impl<'a> Wanted<'a> {
    /// Finds what was asked for, where it is one of these.
    pub fn of(command: &'a Subcommand) -> Option<Self> {
        match command {
            Subcommand::Shell(entry) => Some(Self { entry, client: false, command: "shell" }),
            Subcommand::Exec(entry) => Some(Self { entry, client: false, command: "exec" }),
            Subcommand::Tunnel(tunnel) => Some(Self { entry: &tunnel.entry, client: tunnel.client, command: "tunnel" }),
            _ => None,
        }
    }
}

/// The command that makes a change.
pub const RUN: &str = "runbook run";

/// Names the command that carries out an operation.
pub const fn command_of(operation: &Operation) -> &'static str {
    match operation {
        Operation::Shell { .. } => "shell",
        Operation::Exec { .. } => "exec",
        Operation::PortForward { .. } => "tunnel",
        Operation::ServiceChange { .. } | Operation::Workflow { .. } | Operation::Automation { .. } => RUN,
    }
}

/// Opens the entry and stays until it has ended; returns the number that the shell sees.
///
/// # Errors
/// Where `faults` cannot be written to, or the terminal is lost.
pub async fn run(wanted: Wanted<'_>, account: &Account, texts: Texts, faults: &mut dyn Write) -> io::Result<u8> {
    let ready = match outfit::ready(account, texts, faults)? {
        Ok(ready) => ready,
        Err(exit) => return Ok(exit.code()),
    };
    run_with(wanted, account, &ready, faults).await
}

/// Does the same with what was made ready before.
///
/// # Errors
/// As [`run`].
pub async fn run_with(wanted: Wanted<'_>, account: &Account, ready: &Ready, faults: &mut dyn Write) -> io::Result<u8> {
    let ui = match account.ui(faults)? {
        Ok(ui) => ui,
        Err(exit) => return Ok(exit.code()),
    };
    let stage = Stage { ready, environments: &account.config.environments, ui: &ui, step: None };
    let carried = carry_out(wanted, stage, faults).await;
    ready.operator.shutdown().await;
    carried.map(|carried| carried.code)
}

/// Says why what is about to begin was not written down.
pub type Unwritten = String;

/// A step of a run, and who writes down that its operation begins.
pub struct StepOf<'a> {
    /// The step.
    pub step: RunStep,
    /// Writes down that the operation is about to begin; where that fails, it does not.
    pub begins: &'a mut (dyn FnMut(&Request) -> Result<(), Unwritten> + Send),
}

/// What an entry is carried out with.
pub struct Stage<'a> {
    /// The operator and the catalogues.
    pub ready: &'a Ready,
    /// The environments that come into question.
    pub environments: &'a [EnvironmentConfig],
    /// What it is shown with.
    pub ui: &'a Ui,
    /// The step of a run that it is.
    pub step: Option<StepOf<'a>>,
}

/// How carrying out an entry went.
#[derive(Debug)]
pub struct Carried {
    /// The number that the shell sees.
    pub code: u8,
    /// How it ended; nothing where it did not begin.
    pub end: Option<End>,
    /// Whether the program was asked to end meanwhile.
    pub is_leaving: bool,
}

impl From<u8> for Carried {
    /// Makes it of something that did not begin.
    fn from(code: u8) -> Self {
        Self { code, end: None, is_leaving: false }
    }
}

/// Carries out an entry and stays until it has ended.
///
/// # Errors
/// Where `faults` cannot be written to, or the terminal is lost.
pub async fn carry_out(wanted: Wanted<'_>, stage: Stage<'_>, faults: &mut dyn Write) -> io::Result<Carried> {
    let Stage { ready: Ready { operator, catalogues, .. }, environments, ui, step } = stage;
    let texts = ui.texts;
    let (configured, entry) = match choose(wanted, environments, catalogues, texts) {
        Ok(chosen) => chosen,
        Err(sentence) => return Ok(complain([sentence], faults)?.code().into()),
    };
    let mut request = request(wanted.entry, &configured.environment.name);
    let place = Place { operator, ui, configured };
    let (look, target) = match prepare(wanted, &place, entry.as_ref(), &mut request, faults).await? {
        Ok(prepared) => prepared,
        Err(code) => return Ok(code.into()),
    };
    if look.is_none() {
        let run = step.map(|step| step.step);
        return Ok(unseen(operator, request, run, texts, faults).await?.into());
    }
    // From here on nothing takes the program away before what was begun has its outcome.
    let mut signals = Signals::new()?;
    let (reports, mut told) = mpsc::channel(WAITING);
    let size = terminal_size().filter(|_| matches!(wanted.command, "shell" | "exec"));
    let started = match step {
        Some(StepOf { step, begins }) => {
            if let Err(why) = begins(&request) {
                return Ok(complain([why], faults)?.code().into());
            }
            operator.start_step(step, request, size, target, reports).await
        }
        None => operator.start(request, size, target, reports).await,
    };
    let mut live = match started {
        Ok(live) => live,
        Err(refused) => return Ok(refuse(&refused, texts, faults)?.into()),
    };
    let mut scene = Scene { live: &live, told: &mut told, signals: &mut signals, ui };
    let ended = stay(wanted, operator, look.as_ref(), &mut scene, faults).await;
    // The outcome is on the disk before this program goes, however the session was left. A change that goes on is AWS's.
    let mut unwritten = None;
    let drained = async {
        while let Some(report) = told.recv().await {
            if let SessionReport::Unwritten { why } = report {
                unwritten = Some(why);
            }
        }
    };
    match &ended {
        Ok(Stayed::Ended) if wanted.command == RUN => drained.await,
        _ if wanted.command == RUN => drop(futures::join!(operator.shutdown(), drained)),
        _ => {
            live.end();
            drained.await;
        }
    }
    let end = live.wait().await;
    let (code, is_leaving) = match ended? {
        Stayed::Signal(signal) => (u8::try_from(128 + signal).unwrap_or(u8::MAX), true),
        Stayed::Client(code) if matches!(end, End::Terminated | End::LimitReached) => (code, false),
        Stayed::Refused(exit) => (exit.code(), false),
        Stayed::Ended | Stayed::Client(_) => (tell(&end, texts, faults)?.code(), false),
    };
    let Some(why) = unwritten else { return Ok(Carried { code, end: Some(end), is_leaving }) };
    writeln!(faults, "{}", t!(texts, "sessions.notice.unwritten", why = why))?;
    Ok(Carried { code: Exit::Source.code(), end: Some(end), is_leaving })
}

/// Has the gate refuse what nobody could look at, on the record; were it to let it through by now, nothing is started all the
/// same: nobody has seen what it would be.
async fn unseen(
    operator: &Operator,
    request: Request,
    run: Option<RunStep>,
    texts: Texts,
    faults: &mut dyn Write,
) -> io::Result<u8> {
    match operator.ask(request, run).await {
        Err(refused) => refuse(&refused, texts, faults),
        Ok(()) => {
            complain([t!(texts, "sessions.refused.look-again").to_owned()], faults)?;
            Ok(Exit::Source.code())
        }
    }
}

/// Where an entry is about to be carried out.
struct Place<'a> {
    operator: &'a Operator,
    ui: &'a Ui,
    configured: &'a EnvironmentConfig,
}

/// Shows what is about to happen and asks for what is lacking; or returns the number that the shell sees.
async fn prepare(
    wanted: Wanted<'_>,
    place: &Place<'_>,
    entry: Option<&Arc<Entry>>,
    request: &mut Request,
    faults: &mut dyn Write,
) -> io::Result<Result<(Option<Look>, Option<Target>), u8>> {
    let Place { operator, ui, configured } = place;
    let texts = ui.texts;
    if let Some(entry) = entry {
        ask::defaults(entry, request);
    }
    // What a change is about may be one of its parameters.
    let is_told = match entry.filter(|entry| !entry.operation.is_session()) {
        Some(entry) => ask::parameters(entry, request, faults)?,
        None => true,
    };
    // Whom the gate does not let in gets its answer, and the journal its record, before anything else is asked; so does who
    // cannot be verified, and what is none of what is allowed.
    let is_told = is_told && entry.is_none_or(|entry| ask::are_allowed(entry, request));
    let look = match operator.look(&request.environment, &request.entry, &request.parameters).await {
        Ok(look) => Some(look).filter(|_| is_told),
        Err(Refused::Denied(_) | Refused::Source(_)) => None,
        Err(refused) => return Ok(Err(refuse(&refused, texts, faults)?)),
    };
    let mut target = None;
    if operator.has_changed(&request.environment).await {
        writeln!(faults, "{}", t!(texts, "catalogue.changed"))?;
    }
    if let Some(look) = look.as_ref().filter(|_| entry.is_some()) {
        ask::show(ui, look, &configured.environment, request, faults)?;
        target = match ask::target(look, wanted.entry.target.as_deref(), texts, faults)? {
            Ok(target) => target,
            Err(exit) => return Ok(Err(exit.code())),
        };
        if !look.preflight.is_clear() {
            return Ok(Err(Exit::Source.code()));
        }
        ask::rest((look, &configured.environment), target.as_ref(), request, texts, faults)?;
    }
    Ok(Ok((look, target)))
}

/// How a session was left.
enum Stayed {
    /// It ended, or we ended it.
    Ended,
    /// The program that was started through it ended, with this code.
    Client(u8),
    /// The system asked us to end, with this signal.
    Signal(i32),
    /// It could not be shown.
    Refused(Exit),
}

/// What a session is shown with.
struct Scene<'a> {
    live: &'a Live,
    told: &'a mut mpsc::Receiver<SessionReport>,
    signals: &'a mut Signals,
    ui: &'a Ui,
}

async fn stay(
    wanted: Wanted<'_>,
    operator: &Operator,
    look: Option<&Look>,
    scene: &mut Scene<'_>,
    faults: &mut dyn Write,
) -> io::Result<Stayed> {
    if wanted.command == RUN {
        return follow::stay(scene, faults).await;
    }
    if wanted.command == "tunnel" {
        return tunnel::stay(wanted.client, operator, look, scene, faults).await;
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return pipe::stay(scene).await;
    }
    match attach::attach(scene).await {
        Ok(stayed) => Ok(stayed),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            writeln!(faults, "{}", explain(&error, scene.ui.texts))?;
            Ok(Stayed::Refused(Exit::Usage))
        }
        Err(error) => Err(error),
    }
}

/// Finds the one environment that has the entry, or says what is missing.
///
/// An entry that none has goes to the gate all the same: it is the gate that refuses, and writes it down.
fn choose<'a>(
    wanted: Wanted<'_>,
    environments: &'a [EnvironmentConfig],
    catalogues: &Catalogues,
    texts: Texts,
) -> Result<(&'a EnvironmentConfig, Option<Arc<Entry>>), String> {
    let id = EntryId(wanted.entry.entry.clone());
    let having: Vec<_> = environments
        .iter()
        .filter_map(|configured| {
            let entry = catalogues.of(&configured.environment).entry(&configured.environment, &id)?;
            Some((configured, Arc::clone(entry)))
        })
        .collect();
    match &having[..] {
        [] => {
            let first = environments.first().ok_or_else(|| t!(texts, "cli.session.no-environment").to_owned())?;
            Ok((first, None))
        }
        [(configured, entry)] => match command_of(&entry.operation) {
            command if command == wanted.command => Ok((*configured, Some(Arc::clone(entry)))),
            command => Err(t!(texts, "cli.session.other-kind", entry = id, command = command)),
        },
        several => {
            let names: Vec<_> = several.iter().map(|(one, _)| one.environment.name.as_str()).collect();
            Err(t!(texts, "cli.session.which-environment", entry = id, names = names.join(" ")))
        }
    }
}

/// Puts together what the flags say.
fn request(args: &EntryArgs, environment: &str) -> Request {
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let answers = &args.answers;
    Request {
        entry: EntryId(args.entry.clone()),
        environment: environment.to_owned(),
        parameters: answers.param.iter().cloned().collect(),
        reason: said(&answers.reason),
        ticket: said(&answers.ticket),
        confirmation: said(&answers.confirm).or_else(|| answers.yes.then(|| crate::policy::YES.to_owned())),
    }
}

/// Says why nothing was started.
fn refuse(refused: &Refused, texts: Texts, faults: &mut dyn Write) -> io::Result<u8> {
    let now = Timestamp::now();
    let (sentences, exit) = match refused {
        Refused::Denied(denial) => {
            let (problem, need) = words::gate::denial(texts, denial);
            (vec![problem, format!("    {need}")], Exit::Refused)
        }
        Refused::Preflight(preflight) => {
            let lines = preflight.obstacles.iter().flat_map(|obstacle| {
                let (problem, mend) = words::obstacle(texts, obstacle, now);
                [problem, format!("    {mend}")]
            });
            (lines.collect(), Exit::Source)
        }
        Refused::Source(failure) => {
            (vec![words::failure_line(texts, failure), remedy::remedy(texts, failure, "")], Exit::Source)
        }
        Refused::Journal { why } => (vec![t!(texts, "sessions.refused.journal", why = why)], Exit::Source),
        Refused::TargetGone(target) => (vec![t!(texts, "sessions.refused.target-gone", target = target)], Exit::Source),
        Refused::NoEnvironment(_) => (vec![t!(texts, "cli.session.no-environment").to_owned()], Exit::Usage),
        Refused::Ending => (vec![t!(texts, "sessions.refused.ending").to_owned()], Exit::Source),
    };
    complain(sentences, faults)?;
    Ok(exit.code())
}

/// Says how a session ended.
fn tell(end: &End, texts: Texts, faults: &mut dyn Write) -> io::Result<Exit> {
    let (sentence, why) = words::session::end(texts, end);
    if why.is_empty() {
        writeln!(faults, "{sentence}")?;
    } else {
        writeln!(faults, "{sentence} {why}")?;
    }
    Ok(match end {
        End::Closed { .. } | End::Terminated | End::LimitReached | End::Finished(Finish::Done) => Exit::Fine,
        End::Unrecorded { .. }
        | End::Lost { .. }
        | End::Failed { .. }
        | End::Unknown { .. }
        | End::Finished(Finish::Cancelled | Finish::Failed { .. } | Finish::Unknown { .. }) => Exit::Source,
    })
}

/// Returns columns and rows of the terminal, where there is one.
fn terminal_size() -> Option<(u16, u16)> {
    if !io::stdout().is_terminal() {
        return None;
    }
    crate::terminal::size().ok()
}
