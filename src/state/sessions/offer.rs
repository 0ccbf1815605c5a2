//! What may be done about what the cursor is on: every entry that fits it, those that may not be used with the reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{ecs::ServiceKey, queue::Place, queue::Subject, queue::Trouble, target::Selector};
use crate::journal::RunStep;
use crate::runbook::entry::Title;
use crate::runbook::entry::{Change, Entry, FINDING, Operation, TASK};
use crate::state::{
    Screen, State,
    event::{Effect, Notice},
    overlay::Overlay,
    runbooks::{self, RunRow, RunbookRow},
    service::ServicePanel,
};

use super::{
    form::Occasion,
    keys,
    target::{TargetRow, Verdict, row_of},
};

/// Names what something may be done about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A service.
    Service(ServiceKey),
    /// A task of a service, by its id.
    Task(ServiceKey, String),
    /// A finding, by its id.
    Finding(String),
    /// Nothing that an entry names: what belongs to the environment as a whole.
    Environment,
    /// A runbook.
    Runbook(Title),
    /// A step of a run, and what the row was about from which that was begun.
    Step(RunStep, Option<Box<Self>>),
}

/// Names something that may be done.
#[derive(Debug, Clone)]
pub enum Offer {
    /// A run is gone on with, by whoever may run its runbook.
    GoOn(RunRow, Verdict),
    /// A run of a runbook is begun.
    Begin(RunbookRow),
    /// An entry of the catalogue is used.
    Use(TargetRow),
}

impl Offer {
    /// Tells whether it may be done, before anything is typed.
    pub fn verdict(&self) -> &Verdict {
        match self {
            Self::GoOn(_, verdict) => verdict,
            Self::Begin(row) => &row.verdict,
            Self::Use(row) => &row.verdict,
        }
    }
}

/// Holds what may be done about something.
#[derive(Debug, Clone)]
pub struct Offers {
    /// Where it belongs.
    pub place: Place,
    /// What it is about.
    pub about: About,
    /// What fits, what may be done first.
    pub rows: Vec<Offer>,
    /// The selected one.
    pub selected: usize,
}

impl Offers {
    /// Moves the selection, stopping at the ends.
    pub fn step(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.rows.len().saturating_sub(1));
    }

    /// Returns what the form of an entry is opened from.
    fn occasion(&self, entry: &Entry) -> Occasion {
        let step = match &self.about {
            About::Step(step, _) => Some(step.clone()),
            _ => None,
        };
        Occasion { given: self.given(entry), task: self.task().map(str::to_owned), step }
    }

    /// Returns what an entry is given of what it is about, so that nobody has to type it.
    pub fn given(&self, entry: &Entry) -> BTreeMap<String, String> {
        let about = match &self.about {
            About::Step(_, Some(about)) => about,
            about => about,
        };
        let given = match (about, &entry.operation) {
            (About::Task(_, task), Operation::ServiceChange { change: Change::StopTask, .. }) => Some((TASK, task)),
            (About::Finding(finding), Operation::Workflow { .. }) => Some((FINDING, finding)),
            _ => None,
        };
        given.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// Returns the task that a session should go to, where one is what this is about.
    pub fn task(&self) -> Option<&str> {
        match &self.about {
            About::Task(_, task) => Some(task),
            _ => None,
        }
    }
}

/// Shows what may be done about what the cursor is on, or says why nothing is offered.
pub(super) fn offer(state: &mut State) {
    let notice = match subject(state) {
        None => "operations.notice.nothing-here",
        Some((Place { environment: None, .. }, _)) => "operations.notice.no-environment",
        Some((place @ Place { environment: Some(index), .. }, about)) => {
            let mut rows = runbooks(state, index, place);
            rows.extend(entries(state, index, place, &about));
            // What answers the trouble comes first; what may not be done comes last.
            rows.sort_by_key(|offer| *offer.verdict() != Verdict::Allowed);
            if !rows.is_empty() {
                return show(state, Offers { place, about, rows, selected: 0 });
            }
            "operations.notice.nothing-here"
        }
    };
    state.notice = Some(Notice::plain(notice));
}

/// Shows what can be done with a runbook: its runs to go on with, and to begin another.
pub(in crate::state) fn offer_runbook(state: &mut State, row: RunbookRow) {
    let (place, about) = (row.place, About::Runbook(row.runbook.title.clone()));
    let rows = with_runs(state, row);
    show(state, Offers { place, about, rows, selected: 0 });
}

/// Opens the form of a step's entry; where it has several targets, they are shown to choose from.
pub(in crate::state) fn offer_step(
    state: &mut State,
    place: Place,
    index: usize,
    (step, about): (RunStep, Option<About>),
    entries: Vec<Arc<Entry>>,
) -> Vec<Effect> {
    let rows: Vec<Offer> = entries.into_iter().map(|entry| Offer::Use(row_of(state, place, index, entry))).collect();
    let is_alone = rows.len() == 1;
    // Of several targets, the one is chosen that the row was about.
    let selected = about.as_ref().and_then(|about| {
        rows.iter().position(|offer| matches!(offer, Offer::Use(row) if fits(&row.entry.operation, about)))
    });
    let about = About::Step(step, about.map(Box::new));
    let offers = Offers { place, about, rows, selected: selected.unwrap_or(0) };
    if is_alone {
        return choose(state, &offers);
    }
    show(state, offers);
    Vec::new()
}

fn show(state: &mut State, offers: Offers) {
    state.overlays.retain(|overlay| !matches!(overlay, Overlay::Offers(_)));
    state.overlays.push(Overlay::Offers(offers));
}

/// Does what was chosen: begins or goes on with a run, or opens the form of an entry; of what may not be done, all that
/// there is to know is shown.
pub(in crate::state) fn choose(state: &mut State, offers: &Offers) -> Vec<Effect> {
    match offers.rows.get(offers.selected).cloned() {
        Some(Offer::GoOn(run, Verdict::Allowed)) => runbooks::go_on(state, &run.id),
        Some(Offer::GoOn(..)) => {
            state.notice = Some(Notice::plain("runbooks.notice.not-allowed"));
            Vec::new()
        }
        Some(Offer::Begin(row)) => {
            let about = Some(offers.about.clone()).filter(|about| !matches!(about, About::Runbook(_)));
            runbooks::begin(state, row, about)
        }
        Some(Offer::Use(row)) => {
            let occasion = offers.occasion(&row.entry);
            keys::open_row(state, row, occasion)
        }
        None => Vec::new(),
    }
}

/// Tells whether something may be done about what is on the screen.
pub(super) fn is_offered(state: &State) -> bool {
    subject(state).is_some()
}

/// Returns what the cursor is on, and where it belongs.
fn subject(state: &State) -> Option<(Place, About)> {
    match state.screen {
        Screen::Overview => {
            let item = state.overview.selected()?;
            let about = match (&item.subject, &item.trouble) {
                (Subject::Service(_, key), _) => About::Service(key.clone()),
                (Subject::Findings(..), Trouble::Findings { finding, count: 1 }) => {
                    About::Finding(finding.key.id.clone())
                }
                _ => About::Environment,
            };
            Some((item.place, about))
        }
        Screen::Services => {
            let row = state.services.selected()?;
            Some((row.place, About::Service(row.id.key.clone())))
        }
        Screen::Service => {
            let view = state.service.as_ref()?;
            let place = view.row.as_ref()?.place;
            let task = view.tasks.get(view.task_list.selected()).filter(|_| view.panel == ServicePanel::Tasks);
            let key = view.id.key.clone();
            let about = match task {
                Some(task) => About::Task(key, task.id.clone()),
                None => About::Service(key),
            };
            Some((place, about))
        }
        Screen::Findings if state.findings.group.is_none() => {
            let row = state.findings.selected()?;
            Some((row.place, About::Finding(row.finding.key.id.clone())))
        }
        Screen::Finding => {
            let row = state.finding.as_ref()?.row.as_ref()?;
            Some((row.place, About::Finding(row.finding.key.id.clone())))
        }
        _ => None,
    }
}

/// Lists the runbooks that answer the row of the queue that the cursor is on, each below its runs to go on with.
fn runbooks(state: &State, index: usize, place: Place) -> Vec<Offer> {
    let item = state.overview.selected().filter(|_| state.screen == Screen::Overview);
    let (Some(item), Some(environment)) = (item, state.environments.get(index)) else { return Vec::new() };
    let Some(catalogue) = state.sessions.catalogues.get(&environment.name) else { return Vec::new() };
    let answering = catalogue.answering(environment, item).into_iter();
    answering.flat_map(|runbook| with_runs(state, runbooks::row(state, place, index, runbook))).collect()
}

fn with_runs(state: &State, row: RunbookRow) -> Vec<Offer> {
    let mut offers: Vec<Offer> =
        runbooks::open_runs(state, &row).map(|run| Offer::GoOn(run.clone(), row.verdict.clone())).collect();
    offers.push(Offer::Begin(row));
    offers
}

/// Lists the entries of an environment that fit, those that may be used first.
fn entries(state: &State, index: usize, place: Place, about: &About) -> Vec<Offer> {
    let Some(environment) = state.environments.get(index) else { return Vec::new() };
    let Some(catalogue) = state.sessions.catalogues.get(&environment.name) else { return Vec::new() };
    let fitting = catalogue.entries_in(environment).into_iter().filter(|entry| fits(&entry.operation, about));
    let mut rows: Vec<TargetRow> = fitting.map(|entry: Arc<Entry>| row_of(state, place, index, entry)).collect();
    rows.sort_by_key(|row| (row.verdict != Verdict::Allowed, row.entry.operation.is_session(), row.id.clone()));
    rows.into_iter().map(Offer::Use).collect()
}

/// Tells whether an operation is one about this.
fn fits(operation: &Operation, about: &About) -> bool {
    match (operation, about) {
        (Operation::Workflow { .. }, About::Finding(_)) | (Operation::Automation { .. }, _) => true,
        (operation, About::Service(key) | About::Task(key, _)) => match operation.selector() {
            Some(Selector::EcsService { cluster, service, .. }) => *cluster == key.cluster && *service == key.service,
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::entry::WorkflowStatus;

    #[test]
    fn what_fits_is_about_the_same_service_finding_or_environment() {
        let service = |service: &str| Selector::EcsService {
            cluster: "shop-prd".to_owned(),
            service: service.to_owned(),
            container: None,
        };
        let key = ServiceKey { cluster: "shop-prd".to_owned(), service: "web".to_owned() };
        let (web, task) = (About::Service(key.clone()), About::Task(key, "0af7".to_owned()));
        let finding = About::Finding("arn".to_owned());
        let of = |name: &str| Operation::ServiceChange {
            change: Change::Redeploy,
            service: service(name),
            document: String::new(),
        };
        let exec = Operation::Exec { selector: service("web"), command: "/bin/sh".to_owned() };
        let workflow = Operation::Workflow { status: WorkflowStatus::Resolved };
        let document = Operation::Automation { document: "Team-Restart".to_owned(), inputs: BTreeMap::new() };
        let node =
            Operation::Shell { selector: Selector::ManagedNode { id: "i-1".to_owned() }, document: String::new() };
        for (operation, on_service, on_finding) in [
            (of("web"), true, false),
            (of("api"), false, false),
            (exec, true, false),
            (workflow, false, true),
            (document, true, true),
            (node, false, false),
        ] {
            assert_eq!(fits(&operation, &web), on_service, "{operation:?}");
            assert_eq!(fits(&operation, &task), on_service, "{operation:?}");
            assert_eq!(fits(&operation, &finding), on_finding, "{operation:?}");
        }
    }
}
