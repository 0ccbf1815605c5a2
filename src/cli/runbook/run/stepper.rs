//! Walks a run on the terminal: says where one is, asks what to do, and keeps what was done before it asks again.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::cli::Exit;
use crate::cli::account::Account;
use crate::cli::outfit::Ready;
use crate::config::EnvironmentConfig;
use crate::domain::text::clean;
use crate::i18n::Texts;
use crate::runbook::book::{Step, StepKind};
use crate::runbook::run::{Improper, Missing, Way, What};
use crate::runbook::store::{Held, RunStore};
use crate::runbook::{report, words};
use crate::state::runbooks::redacted;
use crate::t;
use crate::ui::Ui;

use super::super::args::RunArgs;
use super::super::runs::refuse;
use super::ask;
use super::board::Watched;

/// A run on the terminal.
pub struct Stepper<'a> {
    /// What was said of its operations.
    pub args: &'a RunArgs,
    /// The run.
    pub held: Held,
    /// Where runs are kept.
    pub store: RunStore,
    /// The account.
    pub account: &'a Account,
    /// The environment.
    pub configured: &'a EnvironmentConfig,
    /// What operations are carried out with.
    pub ready: Ready,
    /// What they are shown with.
    pub ui: Ui,
    /// What was read last.
    pub watched: Watched,
}

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// To go on.
    Next,
    /// To say yes.
    Yes,
    /// To say no.
    No,
    /// To look at the dashboards again.
    Look,
    /// To write something down.
    Write,
    /// To carry out the operation.
    Operate,
    /// To say that the next of the chain was told.
    Told,
    /// To say that somebody of the chain answered.
    Answered,
    /// To leave the step undone.
    Skip,
    /// To give the run up.
    GiveUp,
    /// To leave the run as it is.
    Quit,
}

/// How a turn ended.
pub(super) enum Turn {
    /// The next thing is asked.
    Again,
    /// The run is left as it is, or over.
    Leave(u8),
}

impl Key {
    const ALL: [(&'static str, Self); 11] = [
        ("", Self::Next),
        ("y", Self::Yes),
        ("n", Self::No),
        ("l", Self::Look),
        ("w", Self::Write),
        ("o", Self::Operate),
        ("t", Self::Told),
        ("a", Self::Answered),
        ("s", Self::Skip),
        ("!", Self::GiveUp),
        ("q", Self::Quit),
    ];

    /// Lists what can be wanted in a step.
    fn of(step: &Step) -> Vec<Self> {
        let own: &[Self] = match step.kind {
            StepKind::Check { .. } => &[Self::Next, Self::Look],
            StepKind::Note { .. } | StepKind::Export => &[Self::Next],
            StepKind::Decision { .. } => &[Self::Yes, Self::No],
            StepKind::Operation { .. } => &[Self::Operate, Self::Next],
            StepKind::Escalate { .. } => &[Self::Told, Self::Answered, Self::Next],
        };
        let skip = (!matches!(step.kind, StepKind::Decision { .. })).then_some(Self::Skip);
        own.iter().copied().chain([Self::Write]).chain(skip).chain([Self::GiveUp, Self::Quit]).collect()
    }

    fn word(self, texts: Texts) -> &'static str {
        match self {
            Self::Next => t!(texts, "runbooks.run.key.next"),
            Self::Yes => t!(texts, "runbooks.step.yes"),
            Self::No => t!(texts, "runbooks.step.no"),
            Self::Look => t!(texts, "runbooks.run.key.look"),
            Self::Write => t!(texts, "runbooks.run.key.write"),
            Self::Operate => t!(texts, "runbooks.run.key.operate"),
            Self::Told => t!(texts, "runbooks.run.key.told"),
            Self::Answered => t!(texts, "runbooks.run.key.answered"),
            Self::Skip => t!(texts, "runbooks.run.key.skip"),
            Self::GiveUp => t!(texts, "runbooks.run.key.give-up"),
            Self::Quit => t!(texts, "runbooks.run.key.quit"),
        }
    }
}

impl Stepper<'_> {
    /// Walks on until the run is over or left.
    ///
    /// # Errors
    /// Where the terminal cannot be read or `out` written to.
    pub async fn run(mut self, out: &mut dyn Write) -> io::Result<u8> {
        let texts = self.ui.texts;
        let name = words::text(texts, &self.held.run.runbook.title).to_owned();
        let place = &self.held.run.setting.environment;
        writeln!(out, "{}  {name}  {place}", self.held.run.id)?;
        let code = self.walk(out).await;
        // Whatever became of the walk: nothing that was begun is left without its outcome.
        self.ready.operator.shutdown().await;
        code
    }

    async fn walk(&mut self, out: &mut dyn Write) -> io::Result<u8> {
        let mut announced = 0;
        loop {
            let Some(step) = self.held.run.step().cloned() else { return self.farewell(out) };
            if announced != self.held.run.visits.len() {
                announced = self.held.run.visits.len();
                self.announce(&step, out)?;
                if let Err(code) = self.arrive(&step, out).await? {
                    return Ok(code);
                }
            }
            let keys = Key::of(&step);
            let Some(key) = self.ask(&keys, out)? else { return self.farewell(out) };
            match self.turn(&step, key, out).await? {
                Turn::Again => {}
                Turn::Leave(code) => return Ok(code),
            }
        }
    }

    /// Says where one is.
    fn announce(&self, step: &Step, out: &mut dyn Write) -> io::Result<()> {
        let (texts, run) = (self.ui.texts, &self.held.run);
        let number = run.runbook.number(&step.id).unwrap_or_default();
        let (name, kind) = (words::name(texts, step), words::kind(texts, &step.kind));
        writeln!(out, "\n{number}/{}  {name} [{kind}]", run.runbook.steps.len())?;
        if let Some(prompt) = &step.prompt {
            writeln!(out, "    {}", words::text(texts, prompt))?;
        }
        Ok(())
    }

    /// Says how a run is left: over, or as it is, to be taken up again.
    fn farewell(&self, out: &mut dyn Write) -> io::Result<u8> {
        let (texts, run) = (self.ui.texts, &self.held.run);
        if run.is_over() {
            // What was written before the end does not tell of it, and who gave up wants a report as well.
            if let Err(error) = self.store.export(run, texts) {
                return refuse(&error, texts, out).map(Exit::code);
            }
            writeln!(out, "\n{}", t!(texts, "runbooks.run.over", run = run.id))?;
        } else {
            writeln!(out, "\n{}", t!(texts, "runbooks.run.left", run = run.id))?;
        }
        Ok(Exit::Fine.code())
    }

    /// Asks what to do until it is one of what can be done; nothing where the input has ended.
    fn ask(&self, keys: &[Key], out: &mut dyn Write) -> io::Result<Option<Key>> {
        let texts = self.ui.texts;
        let named = |key: &Key| {
            let (letter, _) = Key::ALL.iter().find(|(_, known)| known == key)?;
            let letter = if letter.is_empty() { "enter" } else { letter };
            Some(format!("{letter} {}", key.word(texts)))
        };
        let menu: Vec<String> = keys.iter().filter_map(named).collect();
        loop {
            let Some(answer) = ask::line(&format!("  {}: ", menu.join(" · ")), out)? else { return Ok(None) };
            let answer = answer.to_lowercase();
            let found = Key::ALL.iter().find(|(letter, _)| *letter == answer).map(|(_, key)| *key);
            match found.filter(|key| keys.contains(key)) {
                Some(key) => return Ok(Some(key)),
                None => writeln!(out, "  {}", t!(texts, "runbooks.run.not-a-key"))?,
            }
        }
    }

    async fn turn(&mut self, step: &Step, key: Key, out: &mut dyn Write) -> io::Result<Turn> {
        match key {
            Key::Quit => return self.farewell(out).map(Turn::Leave),
            Key::Operate => return self.operate(step, out).await,
            Key::Next => self.move_on(Way::Next, out)?,
            Key::Yes => self.move_on(Way::Yes, out)?,
            Key::No => self.move_on(Way::No, out)?,
            Key::Look => self.look(step, out).await?,
            Key::Write => self.write(out)?,
            Key::Told => self.told(out)?,
            Key::Answered => self.answered(out)?,
            Key::Skip | Key::GiveUp => self.leave(key, out)?,
        }
        self.save(out)
    }

    /// Keeps the run; where the disk takes nothing, nothing goes on.
    pub(super) fn save(&self, out: &mut dyn Write) -> io::Result<Turn> {
        match self.held.save() {
            Ok(()) => Ok(Turn::Again),
            Err(error) => refuse(&error, self.ui.texts, out).map(|exit| Turn::Leave(exit.code())),
        }
    }

    fn move_on(&mut self, way: Way, out: &mut dyn Write) -> io::Result<()> {
        let done = self.held.run.go_on(way, Timestamp::now());
        self.complain(done, out)
    }

    fn leave(&mut self, key: Key, out: &mut dyn Write) -> io::Result<()> {
        let question = format!("  {}: ", t!(self.ui.texts, "runbooks.run.why"));
        let Some(why) = ask::line(&question, out)? else { return Ok(()) };
        let (why, now) = (crate::journal::redact::text(&why).0, Timestamp::now());
        let run = &mut self.held.run;
        let done = if key == Key::Skip { run.skip(&why, now) } else { run.give_up(&why, now) };
        self.complain(done, out)
    }

    fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let text = ask::lines(&format!("  {}", t!(self.ui.texts, "runbooks.run.write")), out)?;
        self.record(What::Wrote(text), out)
    }

    /// Reads the dashboards anew; whoever acts may be somebody else by now.
    pub(super) async fn read(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.watched = Watched::read(self.account, self.configured).await;
        match self.watched.actor(&self.held.run.runbook.roles, self.ui.texts) {
            Ok(actor) => self.held.run.take_over(actor, Timestamp::now()),
            Err((sentences, _)) => sentences.iter().try_for_each(|sentence| writeln!(out, "  {sentence}"))?,
        }
        Ok(())
    }

    pub(super) async fn look(&mut self, step: &Step, out: &mut dyn Write) -> io::Result<()> {
        let StepKind::Check { query } = step.kind else { return Ok(()) };
        self.read(out).await?;
        let sight = self.watched.look(query, Timestamp::now());
        writeln!(out, "    {}: {}", words::query(self.ui.texts, query), report::seen(&sight, self.ui.texts))?;
        self.record(What::Saw(sight), out)
    }

    /// Keeps what the dashboards show.
    pub(super) async fn keep(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.read(out).await?;
        let text = self.watched.snapshot(&self.ui, &self.held.run.runbook);
        self.record(What::Kept(text), out)?;
        writeln!(out, "    {}", t!(self.ui.texts, "runbooks.run.kept"))
    }

    /// Writes something down in the run, without its secrets.
    pub(super) fn record(&mut self, what: What, out: &mut dyn Write) -> io::Result<()> {
        let done = self.held.run.record(redacted(what), Timestamp::now());
        self.complain(done, out)
    }

    /// Says why something was not done.
    fn complain(&self, done: Result<(), Improper>, out: &mut dyn Write) -> io::Result<()> {
        let texts = self.ui.texts;
        let sentence = match done {
            Ok(()) => return Ok(()),
            Err(Improper::Lacking(missing)) => {
                let lacking: Vec<&str> = missing.into_iter().map(|what| lacking(what, texts)).collect();
                t!(texts, "runbooks.run.lacking", what = lacking.join(words_comma(texts)))
            }
            Err(Improper::UnderWay) => t!(texts, "runbooks.run.under-way").to_owned(),
            Err(Improper::Empty) => t!(texts, "runbooks.run.empty").to_owned(),
            Err(Improper::TooMuch) => t!(texts, "runbooks.run.too-much").to_owned(),
            Err(Improper::Over | Improper::NotHere) => t!(texts, "runbooks.run.not-here").to_owned(),
        };
        writeln!(out, "  {}", clean(&sentence, 500))
    }
}

fn words_comma(texts: Texts) -> &'static str {
    crate::ui::words::session::comma(texts)
}

fn lacking(missing: Missing, texts: Texts) -> &'static str {
    match missing {
        Missing::Sight => t!(texts, "runbooks.lacking.sight"),
        Missing::Text => t!(texts, "runbooks.lacking.text"),
        Missing::Snapshot => t!(texts, "runbooks.lacking.snapshot"),
        Missing::Answer => t!(texts, "runbooks.lacking.answer"),
        Missing::Operation => t!(texts, "runbooks.lacking.operation"),
        Missing::Reply => t!(texts, "runbooks.lacking.reply"),
        Missing::Report => t!(texts, "runbooks.lacking.report"),
    }
}
