//! What a step does by itself when it is come to, and what its own keys do.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::session::{self, Stage, StepOf, Wanted, command_of};
use crate::journal::RunStep;
use crate::policy::Request;
use crate::runbook::book::{Evidence, Step, StepKind};
use crate::runbook::entry::Entry;
use crate::runbook::run::{Began, Came, Outcome, What};
use crate::runbook::words;
use crate::state::runbooks::{came, redacted};
use crate::t;

use super::ask;
use super::stepper::{Stepper, Turn};

impl Stepper<'_> {
    /// Does what a step does by itself; or returns how the run is left.
    pub(super) async fn arrive(&mut self, step: &Step, out: &mut dyn Write) -> io::Result<Result<(), u8>> {
        match &step.kind {
            StepKind::Check { .. } => self.look(step, out).await?,
            StepKind::Note { evidence } if evidence.contains(&Evidence::Snapshot) => self.keep(out).await?,
            StepKind::Escalate { .. } => self.chain(out)?,
            StepKind::Export => self.export(out)?,
            StepKind::Note { .. } | StepKind::Decision { .. } | StepKind::Operation { .. } => {}
        }
        Ok(match self.save(out)? {
            Turn::Again => Ok(()),
            Turn::Leave(code) => Err(code),
        })
    }

    /// Says who of the chain is next, and since when or from when on.
    fn chain(&self, out: &mut dyn Write) -> io::Result<()> {
        let texts = self.ui.texts;
        let now = Timestamp::now();
        let (Some(StepKind::Escalate { chain, .. }), Some(state)) =
            (self.held.run.step().map(|step| &step.kind), self.held.run.escalation(now))
        else {
            return Ok(());
        };
        for (number, person) in chain.iter().enumerate() {
            let person = words::text(texts, person);
            let told = state.told.get(number).map(|at| self.ui.moment(*at, now));
            let when = match (told, state.next) {
                (_, _) if state.answered == Some(number) => t!(texts, "runbooks.run.has-answered").to_owned(),
                (Some(at), _) => t!(texts, "runbooks.run.was-told", at = at),
                (None, Some((next, _))) if next == number && state.is_due => {
                    t!(texts, "runbooks.run.tell-now").to_owned()
                }
                (None, Some((next, at))) if next == number => {
                    t!(texts, "runbooks.run.tell-at", at = self.ui.moment(at, now))
                }
                (None, _) => String::new(),
            };
            writeln!(out, "    {}. {person}  {when}", number + 1)?;
        }
        Ok(())
    }

    /// Writes down that the next of the chain was told.
    pub(super) fn told(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if let Some((next, _)) = self.held.run.escalation(Timestamp::now()).and_then(|state| state.next) {
            self.record(What::Told(next), out)?;
        }
        self.chain(out)
    }

    /// Writes down that the last who was told answered.
    pub(super) fn answered(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let told = self.held.run.escalation(Timestamp::now()).map_or(0, |state| state.told.len());
        match told.checked_sub(1) {
            Some(last) => self.record(What::Answered(last), out)?,
            None => writeln!(out, "  {}", t!(self.ui.texts, "runbooks.run.nobody-told"))?,
        }
        self.chain(out)
    }

    /// Writes the report, and says where.
    fn export(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let files = match self.store.export(&self.held.run, self.ui.texts) {
            Ok(files) => files,
            Err(error) => return super::refuse(&error, self.ui.texts, out).map(drop),
        };
        for file in &files {
            writeln!(out, "    {file}")?;
        }
        self.record(What::Exported(files), out)
    }

    /// Carries out the operation of a step, and writes down that it began before it does, and how it ended.
    pub(super) async fn operate(&mut self, step: &Step, out: &mut dyn Write) -> io::Result<Turn> {
        let Some(entry) = self.entry(step, out)? else { return Ok(Turn::Again) };
        let mut args = self.args.of_entry(&entry.id.0);
        // What was said for one operation of the runbook need not be for another.
        args.answers.param.retain(|(name, _)| entry.parameters.contains_key(name));
        let wanted = Wanted { entry: &args, client: false, command: command_of(&entry.operation) };
        let held = &mut self.held;
        let step = RunStep { run: held.run.id.to_string(), step: step.id.0.clone() };
        let mut begins = |request: &Request| {
            let began = Began { entry: request.entry.clone(), parameters: request.parameters.clone() };
            let began = redacted(What::Began(began));
            held.run.record(began, Timestamp::now()).map_err(|improper| format!("{improper:?}"))?;
            held.save().map_err(|error| error.to_string())
        };
        let stage = Stage {
            ready: &self.ready,
            environments: std::slice::from_ref(self.configured),
            ui: &self.ui,
            step: Some(StepOf { step, begins: &mut begins }),
        };
        let carried = session::carry_out(wanted, stage, out).await;
        let is_begun = self.held.run.visit().is_some_and(|visit| visit.under_way().is_some());
        let came = match &carried {
            Ok(carried) => carried.end.as_ref().map(came),
            Err(error) => Some(Came { result: Outcome::Unknown, detail: error.to_string() }),
        };
        let refused = Came { result: Outcome::Refused, detail: String::new() };
        if is_begun || came.is_none() {
            self.record(What::Came(came.unwrap_or(refused)), out)?;
        }
        let turn = self.save(out)?;
        let carried = carried?;
        Ok(if carried.is_leaving { Turn::Leave(carried.code) } else { turn })
    }

    /// Finds the entry of a step; where it has several targets, a person chooses.
    fn entry(&self, step: &Step, out: &mut dyn Write) -> io::Result<Option<Arc<Entry>>> {
        let texts = self.ui.texts;
        let StepKind::Operation { entry } = &step.kind else { return Ok(None) };
        let environment = &self.configured.environment;
        let entries = self.ready.catalogues.of(environment).entries_named(environment, entry);
        match &entries[..] {
            [] => {
                writeln!(out, "  {}", t!(texts, "runbooks.run.no-entry", entry = entry))?;
                Ok(None)
            }
            [one] => Ok(Some(Arc::clone(one))),
            several => {
                for (number, entry) in several.iter().enumerate() {
                    writeln!(out, "    {}. {}  {}", number + 1, entry.id, entry.operation.goal())?;
                }
                let question = format!("  {} ", t!(texts, "runbooks.run.which"));
                let answer = ask::line(&question, out)?.unwrap_or_default();
                let chosen = answer.parse::<usize>().ok().and_then(|number| several.get(number.checked_sub(1)?));
                Ok(chosen.cloned())
            }
        }
    }
}
