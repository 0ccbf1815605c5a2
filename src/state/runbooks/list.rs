//! The lists of screen 8: what may be run, what was run, and how a run is begun or taken up again.

use crate::domain::queue::Place;
use crate::runbook::book::StepKind;
use crate::runbook::run::{RunId, Setting};

use super::{Pending, RunRow, RunWish, RunbookKey, RunbookRow, RunbooksPanel, board, step};
use crate::state::{
    Screen, State, alarms,
    detail::Detail,
    event::{Effect, Notice},
    findings,
    list::Scroll,
    open::go_deeper,
    overlay::Overlay,
    services::{self, environment_words, words},
    sessions::{
        offer::{self, About},
        target::Verdict,
    },
    update::{self, show_environment},
    waf,
};

/// Makes the rows of runbooks anew: those that may be run first, then production first.
pub fn derive(state: &mut State) {
    let mut all = Vec::new();
    for (index, environment) in state.environments.iter().enumerate() {
        let place = Place { environment: Some(index), kind: environment.kind };
        let Some(catalogue) = state.sessions.catalogues.get(&environment.name).filter(|_| state.shows(place)) else {
            continue;
        };
        all.extend(catalogue.runbooks_in(environment).into_iter().map(|runbook| row(state, place, index, runbook)));
    }
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key)));
    state.runbooks.all = all;
    arrange(state);
}

/// Makes the row of a runbook in an environment, with whether this role may run it.
pub(in crate::state) fn row(
    state: &State,
    place: Place,
    index: usize,
    runbook: std::sync::Arc<crate::runbook::book::Runbook>,
) -> RunbookRow {
    let verdict = board::actor(state, index, &runbook.roles).err().unwrap_or(Verdict::Allowed);
    let environment = environment_words(state, place);
    let answers: Vec<String> = runbook.answers.iter().map(ToString::to_string).collect();
    let (title, answers) = (&runbook.title, answers.join(" "));
    let haystack = format!("{environment} {} {} {} {answers}", runbook.id, title.en, title.ja).to_lowercase();
    RunbookRow {
        key: RunbookKey { environment: index, runbook: runbook.id.clone() },
        place,
        runbook,
        verdict,
        haystack,
    }
}

/// Returns where a row stands among others, before its name counts.
fn rank(row: &RunbookRow) -> (u8, u8) {
    let rank = match row.verdict {
        Verdict::Allowed => 0,
        Verdict::Unverified => 1,
        Verdict::Denied(_) => 2,
    };
    (rank, row.place.kind.rank())
}

/// Applies the filter to the runbooks that there are.
pub fn arrange(state: &mut State) {
    let runbooks = &mut state.runbooks;
    let words = words(&runbooks.filter);
    runbooks.rows =
        runbooks.all.iter().filter(|row| words.iter().all(|word| row.haystack.contains(word))).cloned().collect();
    runbooks.total = runbooks.all.len();
    runbooks.keys = runbooks.rows.iter().map(|row| row.key.clone()).collect();
    runbooks.list.follow(&runbooks.keys, state.page);
}

/// Opens what the cursor is on: what can be done with a runbook, or a run.
pub(in crate::state) fn open(state: &mut State) -> Vec<Effect> {
    match state.runbooks.panel {
        RunbooksPanel::Runbooks => {
            if let Some(row) = state.runbooks.selected().cloned() {
                offer::offer_runbook(state, row);
            }
            Vec::new()
        }
        RunbooksPanel::Runs => match state.runbooks.selected_run().map(|row| row.id.clone()) {
            Some(id) => go_on(state, &id),
            None => Vec::new(),
        },
    }
}

/// Returns the runs of a runbook in an environment that are still to be gone on with, the newest first.
pub(in crate::state) fn open_runs<'s>(state: &'s State, row: &RunbookRow) -> impl Iterator<Item = &'s RunRow> {
    let runbook = row.key.runbook.clone();
    let environment = state.environments.get(row.key.environment).map(|environment| environment.name.clone());
    state
        .runbooks
        .listed()
        .iter()
        .filter(move |run| run.is_open() && run.id.runbook == runbook && Some(&run.environment) == environment.as_ref())
}

/// Shows the run that a person is in; from there, or where there is none, the list.
pub(in crate::state) fn show(state: &mut State) -> Vec<Effect> {
    let front = state.runbooks.front.clone().filter(|_| state.screen != Screen::Run);
    update::show(state, Screen::Runbooks);
    let mut effects = front.map(|id| bring(state, &id)).unwrap_or_default();
    effects.push(Effect::Run(RunWish::List));
    effects
}

/// Begins a run; of a runbook that this role may not run, all that there is to know is shown.
pub(in crate::state) fn begin(state: &mut State, row: RunbookRow, about: Option<About>) -> Vec<Effect> {
    let index = row.key.environment;
    let (Ok((actor, account)), Some(environment)) =
        (board::actor(state, index, &row.runbook.roles), state.environments.get(index))
    else {
        state.overlays.retain(|overlay| !matches!(overlay, Overlay::Detail(..)));
        state.overlays.push(Overlay::Detail(Detail::Runbook(Box::new(row)), Scroll::default()));
        return Vec::new();
    };
    let Some(catalogue) = state.sessions.catalogues.get(&environment.name) else { return Vec::new() };
    let setting = Setting { environment: environment.name.clone(), account, catalogue: catalogue.hash().to_owned() };
    let wish = RunWish::Begin { setting, runbook: row.runbook, actor, at: state.now };
    ask(state, wish, about)
}

/// Asks for a run; of two that are asked for at once the second waits for nobody.
fn ask(state: &mut State, wish: RunWish, about: Option<About>) -> Vec<Effect> {
    if state.runbooks.pending.is_some() {
        return Vec::new();
    }
    state.runbooks.pending = Some(Pending { screen: state.screen, about });
    vec![Effect::Run(wish)]
}

/// Shows a run that this console has, or asks for one that it has not.
pub(in crate::state) fn go_on(state: &mut State, id: &RunId) -> Vec<Effect> {
    match state.runbooks.get(id) {
        Some(_) => bring(state, id),
        None => ask(state, RunWish::Open(id.clone()), None),
    }
}

/// Takes the filters off the lists: beside a run they show all of its environment, and cannot be filtered there.
fn show_all_rows(state: &mut State) {
    for filter in
        [&mut state.services.filter, &mut state.alarms.filter, &mut state.waf.filter, &mut state.findings.filter]
    {
        filter.clear();
    }
    services::arrange(state);
    alarms::arrange(state);
    waf::arrange(state);
    findings::arrange(state);
}

/// Brings a run that this console has to the front, and shows its environment alone; a check that has not looked begins to.
pub(super) fn bring(state: &mut State, id: &RunId) -> Vec<Effect> {
    let (shown, now) = (state.shown, state.now);
    let Some(view) = state.runbooks.get_mut(id) else { return Vec::new() };
    let is_check = view.step().is_some_and(|step| matches!(step.kind, StepKind::Check { .. }));
    let looks = is_check && view.run.visit().is_some_and(|visit| visit.sight().is_none());
    view.looking = looks.then_some(now).or(view.looking);
    let environment = view.place.environment;
    if shown != environment {
        view.shown_before = shown;
        // Of several environments only one is meant from here on; the header says which.
        state.trail.clear();
        state.screen = Screen::Runbooks;
        show_environment(state, environment);
        let name = environment.and_then(|index| state.environments.get(index)).map(|one| one.name.clone());
        state.notice = Some(Notice::with("runbooks.notice.environment", "name", name.unwrap_or_default()));
    }
    state.runbooks.front = Some(id.clone());
    state.overlays.clear();
    show_all_rows(state);
    go_deeper(state, Screen::Run);
    // All that is shown beside it is read anew: who comes back wants to see what is.
    step::read_anew(state)
}
