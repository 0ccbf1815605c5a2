//! What is told of runs: taken in; and what a run does by itself.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::fetch::Panel;
use crate::domain::queue::Place;
use crate::runbook::book::StepKind;
use crate::runbook::query::Board;
use crate::runbook::run::{Run, RunId, What};

use super::{RunList, RunReport, RunView, RunWish, board, list, step};
use crate::state::{
    Screen, State,
    event::{Effect, Notice},
    sessions::{self, live::Refusal},
};

/// How long a check waits for what it looks at; then it says that it does not know.
const LONGEST_LOOK: SignedDuration = SignedDuration::from_secs(45);

/// Takes what is told of a run.
pub(in crate::state) fn take(state: &mut State, report: RunReport) -> Vec<Effect> {
    match report {
        RunReport::Listed(listed) => {
            self::listed(state, listed);
            Vec::new()
        }
        RunReport::Opened(Ok(run)) => opened(state, *run),
        RunReport::Opened(Err(why)) => {
            state.runbooks.pending = None;
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
    let pending = state.runbooks.pending.take();
    // One that is had already is as it is here, whatever the disk says of it.
    let is_had = state.runbooks.get(&id).is_some();
    // Who has gone elsewhere meanwhile is not taken away from there: it is on the list.
    let is_there = pending.as_ref().is_none_or(|pending| pending.screen == state.screen) && state.overlays.is_empty();
    if is_had && is_there {
        return list::bring(state, &id);
    }
    let refuse = |state: &mut State, notice: Notice| {
        state.notice = Some(notice);
        vec![Effect::Run(RunWish::Release(id.clone()))]
    };
    if !is_there {
        let release = if is_had { None } else { Some(Effect::Run(RunWish::Release(id.clone()))) };
        state.notice = Some(Notice::with("runbooks.notice.opened", "run", id.to_string()));
        return release.into_iter().chain([Effect::Run(RunWish::List)]).collect();
    }
    let name = &run.setting.environment;
    let Some(index) = state.environments.iter().position(|environment| environment.name == *name) else {
        return refuse(state, Notice::with("runbooks.run.other-environment", "name", name.clone()));
    };
    let place = Place { environment: Some(index), kind: state.environments[index].kind };
    let (is_over, now) = (run.is_over(), state.now);
    let catalogue = state.sessions.catalogues.get(name).map(|catalogue| catalogue.hash());
    let is_outdated = catalogue.is_some_and(|hash| hash != run.setting.catalogue);
    let about = pending.as_ref().and_then(|pending| pending.about.clone());
    let mut view = RunView::new(run, place, state.shown, about);
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
                    state.notice = Some(Notice::plain("runbooks.notice.recovered"));
                }
            }
            Ok(_) => {
                let account = view.run.setting.account.clone();
                return refuse(state, Notice::with("runbooks.run.other-account", "account", account));
            }
            Err(_) => return refuse(state, Notice::plain("runbooks.notice.not-allowed")),
        }
        effects.push(view.changed(now));
    }
    state.runbooks.held.push(view);
    let said = state.notice.take();
    effects.extend(list::bring(state, &id));
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
            if state.screen != Screen::Run {
                state.notice = Some(Notice::with("runbooks.notice.not-kept", "run", id.to_string()));
            }
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
    let mut effects = let_go(state);
    let Some(view) = state.runbooks.front().filter(|view| view.unkept.is_none()) else { return effects };
    if state.screen == Screen::Run && state.shown == view.place.environment {
        if is_to_look(state, view) {
            let seen = step::seen(state, view);
            let kept = seen.and_then(|what| step::record_quietly(state, what));
            if let Some(view) = state.runbooks.front_mut().filter(|_| kept.is_some()) {
                view.looking = None;
            }
            effects.extend(kept);
        }
        let is_read = is_all_read(state);
        effects.extend(state.runbooks.front_mut().and_then(|view| view.wants(is_read)));
    }
    effects
}

/// Tells whether a check looks and all that it looks at was read since it began, or cannot be, or takes too long.
fn is_to_look(state: &State, view: &RunView) -> bool {
    let (Some(step), Some(index), Some(since)) = (view.step(), view.place.environment, view.looking) else {
        return false;
    };
    let StepKind::Check { query } = &step.kind else { return false };
    let board = board::board(state, index, Some(since));
    // What failed before says nothing of the read that was asked for.
    let is_told = |panel: Panel| is_told(&board, panel, since);
    let waits = board.unread.iter().any(|panel| query.panels().contains(panel) && !is_told(*panel));
    !waits || state.now.duration_since(since) >= LONGEST_LOOK
}

/// Tells whether all that the dashboards of the run's environment show was read, or cannot be, or takes too long.
fn is_all_read(state: &State) -> bool {
    let Some(view) = state.runbooks.front() else { return false };
    let (Some(index), Some(visit)) = (view.place.environment, view.run.visit()) else { return false };
    let board = board::board(state, index, None);
    board.unread.iter().all(|panel| is_told(&board, *panel, Timestamp::MIN))
        || state.now.duration_since(visit.began_at) >= LONGEST_LOOK
}

/// Tells whether it is said, since a moment, why a panel was not read.
fn is_told(board: &Board<'_>, panel: Panel, since: Timestamp) -> bool {
    // What web ACLs usually block is told by the metrics.
    let is_about =
        |failed: Panel| [panel, Panel::Identity].contains(&failed) || (panel, failed) == (Panel::Waf, Panel::Metrics);
    board.failures.iter().any(|(failed, failure)| is_about(*failed) && failure.at >= since)
}

/// Lets go of runs that are not in front and have nothing under way, so that another console can take them up.
fn let_go(state: &mut State) -> Vec<Effect> {
    let front = state.runbooks.front.clone();
    let is_idle = |view: &RunView| Some(&view.run.id) != front.as_ref() && !view.is_acting() && view.is_kept();
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

/// Lets time go on: reminds of chains, and tries again what the disk did not take.
pub(in crate::state) fn tick(state: &mut State) -> Vec<Effect> {
    remind(state);
    state.runbooks.held.iter().filter(|view| view.unkept.is_some()).map(RunView::keep).collect()
}

/// Says once of each person of a chain that it is time to tell them.
fn remind(state: &mut State) {
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
