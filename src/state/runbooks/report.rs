//! What is told of runs: taken in; and what a run does by itself.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::fetch::Panel;
use crate::domain::queue::Place;
use crate::runbook::book::StepKind;
use crate::runbook::run::{Run, RunId, What};

use super::{RunList, RunReport, RunView, RunWish, board, list, step};
use crate::state::{
    Screen, State,
    event::{Effect, Notice},
    sessions::{self, live::Refusal},
};

/// Takes what is told of a run.
pub(in crate::state) fn take(state: &mut State, report: RunReport) -> Vec<Effect> {
    match report {
        RunReport::Listed(listed) => {
            self::listed(state, listed);
            Vec::new()
        }
        RunReport::Opened(Ok(run)) => opened(state, *run),
        RunReport::Opened(Err(why)) => {
            state.notice = Some(Notice::with("runbooks.notice.not-opened", "why", why));
            Vec::new()
        }
        RunReport::Kept { id, revision, done } => kept(state, &id, revision, done),
        RunReport::Exported { id, files: Ok(files) } => step::note(state, &id, What::Exported(files)),
        RunReport::Exported { files: Err(why), .. } => {
            state.notice = Some(Notice::with("runbooks.notice.not-written", "why", why));
            Vec::new()
        }
    }
}

/// Takes the runs that were listed.
pub(in crate::state) fn listed(state: &mut State, listed: Result<RunList, String>) {
    let page = state.page;
    let runbooks = &mut state.runbooks;
    runbooks.runs = Some(listed);
    runbooks.run_keys = runbooks.listed().iter().map(|row| row.id.clone()).collect();
    runbooks.run_list.follow(&runbooks.run_keys, page);
}

/// Shows a run that was begun, taken up or read; one that whoever is here may not go on with is let go.
fn opened(state: &mut State, run: Run) -> Vec<Effect> {
    let id = run.id.clone();
    let refuse = |state: &mut State, notice: Notice| {
        state.notice = Some(notice);
        vec![Effect::Run(RunWish::Release(id.clone()))]
    };
    let name = &run.setting.environment;
    let Some(index) = state.environments.iter().position(|environment| environment.name == *name) else {
        return refuse(state, Notice::with("runbooks.run.other-environment", "name", name.clone()));
    };
    let place = Place { environment: Some(index), kind: state.environments[index].kind };
    let (is_over, now) = (run.is_over(), state.now);
    let catalogue = state.sessions.catalogues.get(name).map(|catalogue| catalogue.hash());
    let is_outdated = catalogue.is_some_and(|hash| hash != run.setting.catalogue);
    let mut view = RunView::new(run, place, state.shown);
    view.is_outdated = is_outdated && !is_over;
    let mut effects = Vec::new();
    if is_over {
        view.evidence.0 = 0;
    } else {
        match board::actor(state, index, &view.run.runbook.roles) {
            Ok((actor, account)) if account == view.run.setting.account => {
                let run = Arc::make_mut(&mut view.run);
                run.take_over(actor, now);
                if run.recover(now) {
                    state.notice = Some(Notice::plain("runbooks.run.recovered"));
                }
            }
            Ok(_) => {
                let account = view.run.setting.account.clone();
                return refuse(state, Notice::with("runbooks.run.other-account", "account", account));
            }
            Err(_) => return refuse(state, Notice::plain("runbooks.notice.not-allowed")),
        }
        effects.push(view.changed());
    }
    state.runbooks.held.retain(|held| held.run.id != id);
    state.runbooks.held.push(view);
    let said = state.notice.take();
    list::bring(state, &id);
    state.notice = said.or(state.notice.take());
    effects
}

/// Takes whether a run is on the disk; what waited for that begins, or does not.
fn kept(state: &mut State, id: &RunId, revision: u64, done: Result<(), String>) -> Vec<Effect> {
    let Some(view) = state.runbooks.get_mut(id) else { return Vec::new() };
    let due = view.start.take_if(|(wanted, _)| *wanted <= revision).map(|(_, start)| start);
    match done {
        Ok(()) => {
            view.kept = view.kept.max(revision);
            if view.is_kept() {
                view.unkept = None;
            }
            due.into_iter().collect()
        }
        Err(why) => {
            view.unkept = Some(why.clone());
            let live = view.operation;
            match (due, live) {
                // What is not written down does not happen.
                (Some(_), Some(live)) => sessions::refused(state, live, Refusal::Journal(why)),
                _ => Vec::new(),
            }
        }
    }
}

/// Takes what the dashboards showed, for the evidence.
pub(in crate::state) fn snapshot(state: &mut State, id: &RunId, text: String) -> Vec<Effect> {
    step::note(state, id, What::Kept(text))
}

/// Does what runs want done by themselves: a check looks, a note keeps what the dashboards show, a report is written; and
/// lets go of those that nobody looks at.
pub(in crate::state) fn attend(state: &mut State) -> Vec<Effect> {
    if state.runbooks.held.is_empty() {
        return Vec::new();
    }
    step::leave(state);
    let mut effects = let_go(state);
    let Some(view) = state.runbooks.front().filter(|view| view.unkept.is_none()) else { return effects };
    if state.screen == Screen::Run && state.shown == view.place.environment {
        if is_to_look(state, view) {
            let seen = step::seen(state, view);
            effects.extend(seen.and_then(|what| step::record_quietly(state, what)));
        }
        effects.extend(state.runbooks.front_mut().and_then(RunView::wants));
    }
    effects
}

/// Tells whether a check has not looked yet and all that it looks at was read, or cannot be.
fn is_to_look(state: &State, view: &RunView) -> bool {
    let (Some(step), Some(visit), Some(index)) = (view.step(), view.run.visit(), view.place.environment) else {
        return false;
    };
    let StepKind::Check { query } = &step.kind else { return false };
    if visit.sight().is_some() {
        return false;
    }
    let board = board::board(state, index);
    let has_failed = |panel: Panel| board.failures.iter().any(|(failed, _)| [panel, Panel::Identity].contains(failed));
    !board.unread.iter().any(|panel| query.panels().contains(panel) && !has_failed(*panel))
}

/// Lets go of runs that are not in front and have nothing under way, so that another console can take them up.
fn let_go(state: &mut State) -> Vec<Effect> {
    let front = state.runbooks.front.clone();
    let is_idle = |view: &RunView| {
        Some(&view.run.id) != front.as_ref() && !view.is_acting() && (view.is_kept() || view.run.is_over())
    };
    let mut effects = Vec::new();
    state.runbooks.held.retain(|view| {
        let is_idle = is_idle(view);
        if is_idle {
            effects.push(Effect::Run(RunWish::Release(view.run.id.clone())));
        }
        !is_idle
    });
    if !effects.is_empty() {
        effects.push(Effect::Run(RunWish::List));
    }
    effects
}

/// Says once of each person of a chain that it is time to tell them.
pub(in crate::state) fn warn(state: &mut State) {
    let now: Timestamp = state.now;
    for view in &mut state.runbooks.held {
        let Some((person, _)) = view.run.escalation(now).filter(|chain| chain.is_due).and_then(|chain| chain.next)
        else {
            continue;
        };
        // The first is told on coming to the step: that is said by the step itself.
        let turn = (view.run.visits.len(), person);
        if person > 0 && view.reminded.replace(turn) != Some(turn) {
            state.notice = Some(Notice::with("runbooks.notice.tell-next", "run", view.run.id.to_string()));
        }
    }
}
