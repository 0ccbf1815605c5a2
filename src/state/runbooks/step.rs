//! What a person does in a run: goes on, decides, writes, tells, leaves undone, gives up.

use std::sync::Arc;

use jiff::Timestamp;

use crate::command::Command;
use crate::domain::fetch::SourceId;
use crate::runbook::book::{Step, StepKind};
use crate::runbook::run::{Improper, Missing, Run, RunId, Way, What};

use super::{Purpose, RunPanel, RunView, RunWish, board, operation, prompt, redacted};
use crate::state::{
    Screen, State,
    event::{Effect, Notice},
    overlay::{Menu, MenuKind, Overlay},
    update::show_environment,
};

/// Does what a command means in the run in front; nothing where it means nothing there.
pub(in crate::state) fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    if state.screen != Screen::Run || !state.overlays.is_empty() {
        return None;
    }
    let effects = match command {
        Command::GoOn => go_on(state),
        Command::Yes => turn(state, Way::Yes),
        Command::No => turn(state, Way::No),
        Command::Look => look(state),
        Command::Told => tell(state, false),
        Command::Answered => tell(state, true),
        Command::Write => ask(state, Purpose::Write),
        Command::Skip => ask(state, Purpose::Skip),
        Command::GiveUp => ask(state, Purpose::GiveUp),
        Command::Actions => operation::operate(state),
        Command::NextPanel | Command::PreviousPanel => {
            if let Some(view) = state.runbooks.front_mut() {
                view.panel = match view.panel {
                    RunPanel::Dashboard => RunPanel::Evidence,
                    RunPanel::Evidence => RunPanel::Dashboard,
                };
            }
            Vec::new()
        }
        _ => return None,
    };
    Some(effects)
}

/// Tells whether a command does something in the run in front.
pub(in crate::state) fn acts(state: &State, command: Command) -> bool {
    let Some(view) = state.runbooks.front().filter(|_| state.screen == Screen::Run) else { return false };
    let Some(step) = view.step() else { return false };
    match command {
        Command::Yes | Command::No => matches!(step.kind, StepKind::Decision { .. }),
        Command::Look => !matches!(step.kind, StepKind::Decision { .. }),
        Command::Told | Command::Answered => matches!(step.kind, StepKind::Escalate { .. }),
        Command::Actions => matches!(step.kind, StepKind::Operation { .. }),
        Command::Skip => !matches!(step.kind, StepKind::Decision { .. }) && !view.is_acting(),
        Command::GiveUp => !view.is_acting(),
        Command::GoOn => !matches!(step.kind, StepKind::Decision { .. }),
        Command::Write => true,
        _ => false,
    }
}

/// Does what the open step lacks next, and goes on once nothing is lacking.
fn go_on(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(view) = state.runbooks.front() else { return Vec::new() };
    if view.run.is_over() {
        state.notice = Some(Notice::with("runbooks.notice.over", "run", view.run.id.to_string()));
        return Vec::new();
    }
    match view.next_missing(now) {
        None => turn(state, Way::Next),
        Some(Missing::Sight) => look(state),
        Some(Missing::Text) => ask(state, Purpose::Write),
        Some(Missing::Snapshot) => vec![Effect::Snapshot(view.run.id.clone())],
        Some(Missing::Operation) => operation::operate(state),
        Some(Missing::Report) => vec![Effect::Run(RunWish::Export(Arc::clone(&view.run)))],
        Some(missing @ (Missing::Answer | Missing::Reply)) => {
            state.notice = Some(improper(&Improper::Lacking(vec![missing])));
            Vec::new()
        }
    }
}

fn turn(state: &mut State, way: Way) -> Vec<Effect> {
    let effects = change(state, |run, now| run.go_on(way, now));
    if effects.is_empty() { effects } else { came_to(state, effects) }
}

/// Shows the step that was come to with its dashboard; a run that is over with what was collected, and has its report
/// written, which tells of the end then. A check reads anew what it looks at.
pub(super) fn came_to(state: &mut State, mut effects: Vec<Effect>) -> Vec<Effect> {
    let now = state.now;
    let Some(view) = state.runbooks.front_mut() else { return effects };
    view.panel = if view.run.is_over() { RunPanel::Evidence } else { RunPanel::Dashboard };
    view.looking = None;
    if view.run.is_over() {
        effects.push(Effect::Run(RunWish::Export(Arc::clone(&view.run))));
    } else if view.step().is_some_and(|step| matches!(step.kind, StepKind::Check { .. })) {
        view.looking = Some(now);
        effects.extend(read_anew(state));
    }
    effects
}

/// Has the open check look once all that it looks at was read anew; in other steps, keeps what the dashboards show.
fn look(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(view) = state.runbooks.front_mut() else { return Vec::new() };
    match view.step().map(|step| &step.kind) {
        Some(StepKind::Check { .. }) => {
            view.looking = Some(now);
            read_anew(state)
        }
        Some(_) => vec![Effect::Snapshot(view.run.id.clone())],
        None => Vec::new(),
    }
}

/// Has all of the environment's sources read anew.
pub(super) fn read_anew(state: &State) -> Vec<Effect> {
    let Some(index) = state.runbooks.front().and_then(|view| view.place.environment) else { return Vec::new() };
    let all = state.sources.iter().enumerate();
    let own = all.filter(|(_, source)| source.environments.contains(&index)).map(|(id, _)| SourceId(id));
    vec![Effect::Refresh(own.collect())]
}

/// Returns what the dashboards show to the open check, of what was read since it began to look.
pub(super) fn seen(state: &State, view: &RunView) -> Option<What> {
    let Step { kind: StepKind::Check { query }, .. } = view.step()? else { return None };
    Some(What::Saw(query.look(&board::board(state, view.place.environment?, view.looking), state.now)))
}

/// Writes down that the next of the chain was told, or that somebody who was told answered.
fn tell(state: &mut State, is_answer: bool) -> Vec<Effect> {
    let chain = state.runbooks.front().and_then(|view| view.run.escalation(state.now));
    let Some(chain) = chain else {
        state.notice = Some(improper(&Improper::NotHere));
        return Vec::new();
    };
    let what = match (is_answer, chain.told.len(), chain.next) {
        (true, 0, _) => {
            state.notice = Some(Notice::plain("runbooks.run.nobody-told"));
            return Vec::new();
        }
        (true, 1, _) => What::Answered(0),
        // Of several who were told anybody may have called back.
        (true, ..) => {
            state.overlays.push(Overlay::Menu(Menu::new(MenuKind::Answered, state)));
            return Vec::new();
        }
        (false, _, Some((next, _))) => What::Told(next),
        (false, _, None) => {
            state.notice = Some(Notice::plain("runbooks.notice.all-told"));
            return Vec::new();
        }
    };
    change(state, |run, now| run.record(what, now))
}

/// Writes down that somebody of the chain answered.
pub(in crate::state) fn answered(state: &mut State, person: usize) -> Vec<Effect> {
    change(state, |run, now| run.record(What::Answered(person), now))
}

/// Opens the prompt for words, where they can be taken.
fn ask(state: &mut State, purpose: Purpose) -> Vec<Effect> {
    let command = match purpose {
        Purpose::Write => Command::Write,
        Purpose::Skip => Command::Skip,
        Purpose::GiveUp => Command::GiveUp,
    };
    if acts(state, command) {
        prompt::open(state, purpose);
    } else {
        let is_acting = state.runbooks.front().is_some_and(RunView::is_acting);
        state.notice = Some(improper(if is_acting { &Improper::UnderWay } else { &Improper::NotHere }));
    }
    Vec::new()
}

/// Changes the run in front by whoever acts now; returns what keeps it, or says why it was not changed.
pub(super) fn change(state: &mut State, by: impl FnOnce(&mut Run, Timestamp) -> Result<(), Improper>) -> Vec<Effect> {
    let Some(id) = state.runbooks.front.clone() else { return Vec::new() };
    match try_change(state, &id, by) {
        Ok(effect) => vec![effect],
        Err(notice) => {
            state.notice = Some(notice);
            Vec::new()
        }
    }
}

/// Changes a run by whoever acts now.
///
/// # Errors
/// Why it was not changed, which leaves it as it was, and whoever acted before.
pub(super) fn try_change(
    state: &mut State,
    id: &RunId,
    by: impl FnOnce(&mut Run, Timestamp) -> Result<(), Improper>,
) -> Result<Effect, Notice> {
    let now = state.now;
    let nowhere = || improper(&Improper::NotHere);
    let view = state.runbooks.get(id).ok_or_else(nowhere)?;
    if view.unkept.is_some() {
        return Err(Notice::plain("runbooks.notice.unkept"));
    }
    if view.is_late(now) {
        return Err(Notice::plain("runbooks.notice.late"));
    }
    let index = view.place.environment.ok_or_else(nowhere)?;
    let (actor, account) = board::actor(state, index, &view.run.runbook.roles)
        .map_err(|_| Notice::plain("runbooks.notice.not-allowed"))?;
    if account != view.run.setting.account {
        return Err(Notice::with("runbooks.run.other-account", "account", view.run.setting.account.clone()));
    }
    let mut changed = Run::clone(&view.run);
    changed.take_over(actor, now);
    by(&mut changed, now).map_err(|problem| improper(&problem))?;
    let view = state.runbooks.get_mut(id).ok_or_else(nowhere)?;
    view.run = Arc::new(changed);
    Ok(view.changed(now))
}

/// Writes down what a run does by itself, in the name of whoever acts now; where nobody may, it waits.
pub(super) fn record_quietly(state: &mut State, what: What) -> Option<Effect> {
    let id = state.runbooks.front.clone()?;
    try_change(state, &id, |run, now| run.record(what, now)).ok()
}

/// Writes down what happened to a run, whoever acts: a fact is not to be refused.
pub(super) fn note(state: &mut State, id: &RunId, what: What) -> Vec<Effect> {
    let now = state.now;
    let Some(view) = state.runbooks.get_mut(id) else { return Vec::new() };
    match Arc::make_mut(&mut view.run).record(redacted(what), now) {
        Ok(()) => vec![view.changed(now)],
        Err(_) => Vec::new(),
    }
}

/// Moves through the evidence by so many lines.
pub(in crate::state) fn scroll(state: &mut State, by: isize) {
    if let Some(view) = state.runbooks.front_mut() {
        // How many lines there are is known once they were drawn, which brings it back.
        view.evidence.step(by, usize::from(u16::MAX));
    }
}

/// Keeps the run in front again, where it could not be kept; nothing where it is kept.
pub(in crate::state) fn retry(state: &State) -> Option<Effect> {
    let view = state.runbooks.front().filter(|view| view.unkept.is_some())?;
    Some(view.keep())
}

/// Leaves the run on the screen on purpose; what was shown before it is shown again, and that is said.
pub(in crate::state) fn leave(state: &mut State) {
    if state.screen != Screen::Run {
        return;
    }
    let front = state.runbooks.front.take();
    let Some(view) = front.and_then(|id| state.runbooks.get(&id)) else { return };
    let (environment, before) = (view.place.environment, view.shown_before);
    if state.shown == environment && before != environment {
        state.screen = Screen::Runbooks;
        show_environment(state, before);
        let name = before.and_then(|index| state.environments.get(index)).map(|one| one.name.clone());
        state.notice = Some(match name {
            Some(name) => Notice::with("runbooks.notice.back-to", "name", name),
            None => Notice::plain("runbooks.notice.back-to-all"),
        });
    }
}

/// Says why something cannot be done in a run.
fn improper(problem: &Improper) -> Notice {
    Notice::plain(match problem {
        Improper::Over | Improper::NotHere => "runbooks.run.not-here",
        Improper::UnderWay => "runbooks.run.under-way",
        Improper::Empty => "runbooks.run.empty",
        Improper::TooMuch => "runbooks.run.too-much",
        Improper::Lacking(missing) => match missing.first() {
            Some(Missing::Answer) => "runbooks.notice.answer",
            Some(Missing::Reply) => "runbooks.notice.reply",
            Some(Missing::Operation) => "runbooks.notice.operation",
            Some(Missing::Sight | Missing::Text | Missing::Snapshot | Missing::Report) | None => {
                "runbooks.notice.evidence"
            }
        },
    })
}
