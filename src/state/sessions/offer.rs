//! What may be done about what the cursor is on: every entry that fits it, those that may not be used with the reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{ecs::ServiceKey, queue::Place, queue::Subject, queue::Trouble, target::Selector};
use crate::runbook::entry::{Change, Entry, FINDING, Operation, TASK};
use crate::state::{
    Screen, State,
    event::{Effect, Notice},
    overlay::Overlay,
    service::ServicePanel,
};

use super::{
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
}

/// Holds what may be done about something.
#[derive(Debug, Clone)]
pub struct Offers {
    /// Where it belongs.
    pub place: Place,
    /// What it is about.
    pub about: About,
    /// The entries that fit, those that may be used first.
    pub rows: Vec<TargetRow>,
    /// The selected one.
    pub selected: usize,
}

impl Offers {
    /// Moves the selection, stopping at the ends.
    pub fn step(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.rows.len().saturating_sub(1));
    }

    /// Returns what an entry is given of what it is about, so that nobody has to type it.
    pub fn given(&self, entry: &Entry) -> BTreeMap<String, String> {
        let given = match (&self.about, &entry.operation) {
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
            let rows = rows(state, index, place, &about);
            if !rows.is_empty() {
                state.overlays.retain(|overlay| !matches!(overlay, Overlay::Offers(_)));
                state.overlays.push(Overlay::Offers(Offers { place, about, rows, selected: 0 }));
                return;
            }
            "operations.notice.nothing-here"
        }
    };
    state.notice = Some(Notice::plain(notice));
}

/// Opens the form of the entry that was chosen; of one that may not be used, all that there is to know.
pub(in crate::state) fn choose(state: &mut State, offers: &Offers) -> Vec<Effect> {
    let Some(row) = offers.rows.get(offers.selected).cloned() else { return Vec::new() };
    let (given, task) = (offers.given(&row.entry), offers.task().map(str::to_owned));
    keys::open_row(state, row, given, task)
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

/// Lists the entries of an environment that fit, those that may be used first.
fn rows(state: &State, index: usize, place: Place, about: &About) -> Vec<TargetRow> {
    let Some(environment) = state.environments.get(index) else { return Vec::new() };
    let Some(catalogue) = state.sessions.catalogues.get(&environment.name) else { return Vec::new() };
    let fitting = catalogue.entries_in(environment).into_iter().filter(|entry| fits(&entry.operation, about));
    let mut rows: Vec<TargetRow> = fitting.map(|entry: Arc<Entry>| row_of(state, place, index, entry)).collect();
    rows.sort_by_key(|row| (row.verdict != Verdict::Allowed, row.entry.operation.is_session(), row.id.clone()));
    rows
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
