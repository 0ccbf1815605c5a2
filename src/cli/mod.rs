//! The command line: one file a subcommand, each thin.

pub mod account;
pub mod args;
pub mod catalogue;
pub mod completions;
pub mod console;
mod defect;
pub mod demo;
mod denials;
pub mod doctor;
pub mod get;
pub mod init;
pub mod journal;
pub mod keys;
pub mod log;
pub mod man;
mod outfit;
pub mod policy;
mod remedy;
pub mod replay;
pub mod runbook;
mod seen;
pub mod session;
pub mod simulated;
pub mod translate;
pub mod usage;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::aws::Profiles;
use crate::config::{self, Config, Surroundings};
use crate::i18n::Texts;
use crate::t;

use account::Account;
use args::{Args, Subcommand};

pub use defect::guarded;

/// Tells whether colours are unwanted on every stream.
///
/// Source: <https://no-color.org>: set and not empty, whatever its value.
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// How the program ends, as scripts see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Exit {
    /// All is well.
    Fine = 0,
    /// Something needs a person's attention; only commands that look for that end so.
    Attention = 1,
    /// The command line or the configuration is at fault.
    Usage = 2,
    /// A source failed, or AWS denied it; what was read was still printed.
    Source = 3,
    /// Our own gate refused.
    Refused = 4,
    /// A defect of the program itself; 70 is `EX_SOFTWARE` of BSD's `sysexits.h`.
    Defect = 70,
}

impl Exit {
    /// Gives the number that the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Runs the program with the arguments of the process, its name first, and returns the number that the shell sees.
///
/// A panic anywhere ends in [`Exit::Defect`], with the terminal as it was.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let texts = args::early_texts(&arguments);
    guarded(texts, || run_arguments(arguments, texts))
}

/// Writes what is at fault with the command line or the configuration, and returns how that ends.
fn complain(sentences: impl IntoIterator<Item = String>, faults: &mut dyn Write) -> io::Result<Exit> {
    for sentence in sentences {
        writeln!(faults, "{sentence}")?;
    }
    Ok(Exit::Usage)
}

fn run_arguments(arguments: Vec<OsString>, texts: Texts) -> u8 {
    let args = match args::parse(arguments, texts) {
        Ok(parsed) => parsed,
        Err(early) => {
            // Nobody listens where neither stream can be written to.
            let _ = if early.exit == Exit::Fine {
                io::stdout().write_all(early.text.as_bytes())
            } else {
                io::stderr().write_all(early.text.as_bytes())
            };
            return early.exit.code();
        }
    };
    let mut faults = io::stderr();
    match run_args(&args, texts, &mut faults) {
        Ok(code) => code,
        // Whoever read our output has read enough: `sekisho get services | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine.code(),
        Err(error) => {
            let _ = writeln!(faults, "{}", t!(texts, "cli.error.output", why = error));
            Exit::Source.code()
        }
    }
}

fn run_args(args: &Args, texts: Texts, faults: &mut dyn Write) -> io::Result<u8> {
    let mut out = io::BufWriter::new(io::stdout());
    if let Some(Subcommand::Runbook(wanted)) = &args.command
        && let Some(exit) = runbook::without_account(wanted, texts, &mut out, faults)?
    {
        out.flush()?;
        return Ok(exit.code());
    }
    let exit = match &args.command {
        Some(Subcommand::Completions(shell)) => completions::run(*shell, texts, &mut out)?,
        Some(Subcommand::Man) => man::run(texts, &mut out)?,
        Some(Subcommand::Init(wanted)) => {
            let path = args.global.config.clone().or_else(config::default_file);
            init::run(wanted, path.as_deref(), &Profiles::of_process(), texts, &mut out, faults)?
        }
        Some(Subcommand::Keys(wanted)) => match Config::load_preferences(&args.flags(), &Surroundings::of_process()) {
            Ok(config) => keys::run(wanted, &config, Texts::of(config.lang), &mut out, faults)?,
            Err(errors) => complain(errors.iter().map(|error| error.render(texts)), faults)?,
        },
        Some(Subcommand::Journal(wanted)) => journal::run(wanted, args, texts, &mut out, faults)?,
        Some(Subcommand::Replay(wanted)) => {
            match Config::load_preferences(&args.flags(), &Surroundings::of_process()) {
                Ok(config) => return replay::run(wanted, &config, &mut out, faults),
                Err(errors) => complain(errors.iter().map(|error| error.render(texts)), faults)?,
            }
        }
        None
        | Some(
            Subcommand::Demo(_)
            | Subcommand::Get(_)
            | Subcommand::Runbook(_)
            | Subcommand::Doctor(_)
            | Subcommand::Policy(_)
            | Subcommand::Shell(_)
            | Subcommand::Exec(_)
            | Subcommand::Tunnel(_),
        ) => {
            return with_runtime(args, texts, &mut out, faults);
        }
    };
    out.flush()?;
    Ok(exit.code())
}

/// Runs what needs the network. The console's own thread draws and reads keys; two others talk to AWS.
fn with_runtime(args: &Args, texts: Texts, out: &mut dyn Write, faults: &mut dyn Write) -> io::Result<u8> {
    let _log = match log::start(args.global.log_level) {
        Ok(log) => log,
        Err(fault) => return Ok(complain([fault.render(texts)], faults)?.code()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async {
        let account = match Account::open(args, texts, faults).await? {
            Ok(account) => account,
            Err(exit) => return Ok(exit.code()),
        };
        let texts = Texts::of(account.config.lang);
        if let Some(wanted) = args.command.as_ref().and_then(session::Wanted::of) {
            return session::run(wanted, &account, texts, faults).await;
        }
        if let Some(wanted) = args.command.as_ref().and_then(runbook::wants_run) {
            return Box::pin(runbook::run::run(wanted, &account, texts, faults)).await;
        }
        let exit = match (&args.command, account.simulator()) {
            (Some(Subcommand::Get(wanted)), _) => get::run(wanted, &account, texts, out, faults).await?,
            (Some(Subcommand::Runbook(wanted)), _) => runbook::with_account(wanted, &account, texts, out, faults)?,
            (Some(Subcommand::Doctor(wanted)), _) => doctor::run(wanted, &account, texts, out, faults).await?,
            (Some(Subcommand::Policy(wanted)), _) => policy::run(wanted, &account, texts, out, faults)?,
            (Some(Subcommand::Demo(demo)), Some(simulator)) if demo.listen.is_some() => {
                demo::serve(simulator, texts, out, faults).await?
            }
            // The console writes to its terminal by itself, and that may be gone when it ends.
            _ => return console::run(&account, texts, faults).await,
        };
        out.flush()?;
        Ok(exit.code())
    });
    // A call that AWS does not answer must not keep the shell waiting.
    runtime.shutdown_background();
    ended
}
