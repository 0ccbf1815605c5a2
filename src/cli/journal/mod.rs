//! `sekisho journal`: what was done, whether that is as it was written, and for other programs.

pub mod args;
mod export;
mod list;
mod verify;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::runtime::Builder;

use crate::config::document::printable;
use crate::config::{Config, ConfigError, Surroundings};
use crate::i18n::Texts;
use crate::journal::chain::Why;
use crate::journal::query::Query;
use crate::journal::record::Record;
use crate::journal::{FILE, lines::Lines};
use crate::t;

use super::account::Account;
use super::args::Args;
use super::{Exit, complain, outfit};

use args::{JournalAction, JournalArgs, Which};

/// What all of the subcommands need.
struct Desk<'a> {
    args: &'a Args,
    config: Config,
    texts: Texts,
    zone: TimeZone,
    now: Timestamp,
}

/// Runs a subcommand of `journal`.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn run(
    wanted: &JournalArgs,
    args: &Args,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let around = Surroundings::of_process();
    // Only whoever verifies needs to know where heads are kept; a journal is read without any account.
    let verifies = matches!(wanted.action, JournalAction::Verify(_));
    if verifies && args.is_demo() {
        return with_played(wanted, args, texts, out, faults);
    }
    let load = if verifies { Config::load_journal } else { Config::load_preferences };
    match load(&args.flags(), &around) {
        Ok(config) => run_with(config, wanted, args, out, faults),
        Err(errors) => complain(errors.iter().map(|error: &ConfigError| error.render(texts)), faults),
    }
}

/// Runs a subcommand beside the simulated account, which keeps heads as AWS does. It is a new one each time, and what an
/// earlier one kept is gone with it.
fn with_played(
    wanted: &JournalArgs,
    args: &Args,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ended = match runtime.block_on(Account::open(args, texts, faults))? {
        Ok(account) => run_with(account.config.clone(), wanted, args, out, faults),
        Err(exit) => Ok(exit),
    };
    runtime.shutdown_background();
    ended
}

fn run_with(
    config: Config,
    wanted: &JournalArgs,
    args: &Args,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let texts = Texts::of(config.lang);
    let zone = if config.utc { TimeZone::UTC } else { TimeZone::system() };
    let desk = Desk { args, config, texts, zone, now: Timestamp::now() };
    match &wanted.action {
        JournalAction::List(wanted) => list::run(&desk, wanted, out, faults),
        JournalAction::Export(wanted) => export::run(&desk, wanted, out, faults),
        JournalAction::Verify(wanted) => verify::run(&desk, wanted, out, faults),
    }
}

impl Desk<'_> {
    /// Finds the journal: the file that is named, else that of this machine.
    fn path(&self, file: Option<&Path>) -> Option<PathBuf> {
        match file {
            Some(file) => Some(file.to_owned()),
            None => Some(outfit::journal_folder(self.args.is_demo())?.join(FILE)),
        }
    }

    /// Opens the journal; what stands in the way is written to `faults`, and nothing returned for one that is not there yet.
    fn open(&self, file: Option<&Path>, faults: &mut dyn Write) -> io::Result<Result<(PathBuf, Option<Lines>), Exit>> {
        let Some(path) = self.path(file) else {
            return complain([t!(self.texts, "cli.session.no-home").to_owned()], faults).map(Err);
        };
        let shown = printable(&path.to_string_lossy());
        match Lines::open(&path) {
            Ok(lines) => Ok(Ok((path, Some(lines)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && file.is_none() => {
                writeln!(faults, "{}", t!(self.texts, "journal.cli.none", path = shown))?;
                Ok(Ok((path, None)))
            }
            Err(error) => {
                writeln!(faults, "{}", t!(self.texts, "journal.cli.not-read", path = shown, why = error))?;
                Ok(Err(if file.is_some() { Exit::Usage } else { Exit::Source }))
            }
        }
    }

    /// Returns what is looked for.
    fn query(&self, which: &Which) -> Query {
        Query {
            since: which.since.map(|since| since.at(&self.zone, self.now)),
            until: which.until.map(|until| until.at(&self.zone, self.now)),
            entry: which.entry.clone(),
            actor: which.actor.clone(),
            result: which.result.clone(),
            ticket: which.ticket.clone(),
            run: which.run.clone(),
            ..Query::default()
        }
    }

    /// Tells whether a record is of an environment that was chosen by a flag.
    fn is_chosen(&self, record: &Record) -> bool {
        let chosen = &self.args.global.env;
        chosen.is_empty() || record.act.as_ref().is_some_and(|act| chosen.contains(&act.environment))
    }

    /// Writes a moment in the zone in which times are shown.
    fn moment(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Says where a journal breaks.
    fn broken(&self, path: &Path, line: u64, why: &Why) -> String {
        let what = crate::ui::words::journal::why(self.texts, why);
        let path = printable(&path.to_string_lossy());
        t!(self.texts, "journal.verify.broken", path = path, line = line, why = what)
    }
}
