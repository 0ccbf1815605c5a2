//! The operation of a step: asked for in the form, begun once the run says so on the disk, and what came of it.

use crate::domain::progress::Finish;
use crate::domain::queue::Place;
use crate::domain::session::{End, LiveId};
use crate::journal::RunStep;
use crate::policy::Request;
use crate::runbook::book::StepKind;
use crate::runbook::run::{Began, Came, Outcome, RunId, What};

use super::{RunView, redacted, step};
use crate::state::{
    State,
    event::{Effect, Notice},
    sessions::{self, live::Refusal, offer},
};

/// Opens the form of the open step's operation; where its entry has several targets, a person chooses; one that is under
/// way is shown.
pub(super) fn operate(state: &mut State) -> Vec<Effect> {
    let Some(view) = state.runbooks.front() else { return Vec::new() };
    let (Some(step), Some(index)) = (view.step(), view.place.environment) else { return Vec::new() };
    let StepKind::Operation { entry } = &step.kind else {
        state.notice = Some(Notice::plain("runbooks.run.not-here"));
        return Vec::new();
    };
    if let Some(id) = view.operation.filter(|_| view.is_acting()) {
        return sessions::attach(state, id);
    }
    let place: Place = view.place;
    let run = RunStep { run: view.run.id.to_string(), step: step.id.0.clone() };
    let written = entry.clone();
    let Some(environment) = state.environments.get(index) else { return Vec::new() };
    let catalogue = state.sessions.catalogues.get(&environment.name);
    let entries = catalogue.map(|catalogue| catalogue.entries_named(environment, &written)).unwrap_or_default();
    if entries.is_empty() {
        state.notice = Some(Notice::with("runbooks.run.no-entry", "entry", written.to_string()));
        return Vec::new();
    }
    let about = view.about.clone();
    offer::offer_step(state, place, index, (run, about), entries)
}

/// Notes in its run that an operation is about to begin; returns what keeps that. It starts once that is done.
///
/// # Errors
/// Why it may not begin; the run is as it was.
pub(in crate::state) fn begins(
    state: &mut State,
    of: &RunStep,
    id: LiveId,
    request: &Request,
    start: Effect,
) -> Result<Effect, Notice> {
    let not_here = || Notice::plain("runbooks.run.not-here");
    let run: RunId = of.run.parse().map_err(|_| not_here())?;
    let is_open = state.runbooks.get(&run).and_then(|view| view.step()).is_some_and(|step| step.id.0 == of.step);
    if !is_open {
        return Err(not_here());
    }
    let began = Began { entry: request.entry.clone(), parameters: request.parameters.clone() };
    let began = redacted(What::Began(began));
    let keep = step::try_change(state, &run, |run, now| run.record(began, now))?;
    if let Some(view) = state.runbooks.get_mut(&run) {
        view.operation = Some(id);
        view.start = Some((view.revision, start));
    }
    Ok(keep)
}

/// Takes back an operation that waits for its run to be on the disk; tells whether there was one.
pub(in crate::state) fn withdraw(state: &mut State, id: LiveId) -> bool {
    let waits = |view: &&mut RunView| matches!(&view.start, Some((_, Effect::Start { id: start, .. })) if *start == id);
    state.runbooks.held.iter_mut().find(waits).is_some_and(|view| view.start.take().is_some())
}

/// Notes in its run how an operation ended.
pub(in crate::state) fn ended(state: &mut State, of: &RunStep, end: &End) -> Vec<Effect> {
    note(state, of, came(end))
}

/// Notes in its run that an operation was not begun.
pub(in crate::state) fn not_begun(state: &mut State, of: &RunStep, refusal: &Refusal) -> Vec<Effect> {
    let detail = match refusal {
        Refusal::Denied(denial) => denial.code().to_owned(),
        Refusal::Preflight(_) | Refusal::Withdrawn => String::new(),
        Refusal::Journal(why) | Refusal::Failed(why) => why.clone(),
    };
    note(state, of, Came { result: Outcome::Refused, detail })
}

fn note(state: &mut State, of: &RunStep, came: Came) -> Vec<Effect> {
    let run: Option<RunId> = of.run.parse().ok();
    run.map(|run| step::note(state, &run, What::Came(came))).unwrap_or_default()
}

/// Says how the end of an operation counts in a run.
pub fn came(end: &End) -> Came {
    let (result, detail) = match end {
        End::Closed { output } => (Outcome::Done, output.clone()),
        End::Terminated | End::LimitReached | End::Finished(Finish::Done) => (Outcome::Done, String::new()),
        End::Finished(Finish::Cancelled) => (Outcome::Cancelled, String::new()),
        End::Unrecorded { why }
        | End::Lost { why }
        | End::Failed { why }
        | End::Finished(Finish::Failed { why, .. }) => (Outcome::Failed, why.clone()),
        End::Unknown { why } | End::Finished(Finish::Unknown { why, .. }) => (Outcome::Unknown, why.clone()),
    };
    Came { result, detail }
}
