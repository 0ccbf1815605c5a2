//! The service that is open: its row, its tasks, its targets, the alarms that watch it.

use std::sync::Arc;

use crate::domain::{
    alarm::{Alarm, MetricRule, Watches},
    ecs::Task,
    elb::{Target, TargetGroup},
    fetch::Fetched,
    metric::Query,
};

use super::{
    State,
    list::{ListView, Scroll},
    services::{self, ServiceRef, ServiceRow},
    source::Source,
};

/// Names the panels of an open service that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServicePanel {
    /// The tasks and their containers.
    #[default]
    Tasks,
    /// The deployments.
    Deployments,
    /// The target groups and how their targets fare; not there where the service has none.
    Targets,
    /// The events.
    Events,
}

impl ServicePanel {
    /// Lists the panels in the order of the tabulator key.
    pub const ALL: [Self; 4] = [Self::Tasks, Self::Deployments, Self::Targets, Self::Events];

    /// Returns the panel's number, by which a click names it.
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|panel| *panel == self).unwrap_or(0)
    }
}

/// Holds the open service.
#[derive(Debug, Clone)]
pub struct ServiceView {
    /// Which service it is.
    pub id: ServiceRef,
    /// The service as last read, also when it vanished since.
    pub row: Option<ServiceRow>,
    /// Whether it was there in the last snapshot.
    pub exists: bool,
    /// The panel with the focus.
    pub panel: ServicePanel,
    /// Its tasks, those that are not well first.
    pub tasks: Vec<Arc<Task>>,
    /// The selected task.
    pub task_list: ListView<String>,
    /// The position in the deployments.
    pub deployments: Scroll,
    /// The position among the targets.
    pub targets: Scroll,
    /// The position in the events.
    pub events: Scroll,
    /// The alarms that watch it, as metric and threshold for its charts.
    pub alarms: Vec<Arc<Alarm>>,
}

impl ServiceView {
    /// Opens a service.
    pub fn new(id: ServiceRef) -> Self {
        Self {
            id,
            row: None,
            exists: false,
            panel: ServicePanel::default(),
            tasks: Vec::new(),
            task_list: ListView::default(),
            deployments: Scroll::default(),
            targets: Scroll::default(),
            events: Scroll::default(),
            alarms: Vec::new(),
        }
    }

    /// Returns the task keys, for the selection.
    pub fn task_keys(&self) -> Vec<String> {
        self.tasks.iter().map(|task| task.arn.clone()).collect()
    }

    /// Returns the ARNs of the service's target groups; none where it has none.
    pub fn target_groups(&self) -> &[String] {
        self.row.as_ref().map_or(&[], |row| &row.service.target_groups)
    }

    /// Iterates over the panels that there are, in the order of the tabulator key.
    pub fn panels(&self) -> impl Iterator<Item = ServicePanel> {
        let has_targets = !self.target_groups().is_empty();
        ServicePanel::ALL.into_iter().filter(move |panel| *panel != ServicePanel::Targets || has_targets)
    }

    /// Gives the keys to the panel so many steps further.
    pub fn step_panel(&mut self, by: isize) {
        let panels: Vec<ServicePanel> = self.panels().collect();
        let index = panels.iter().position(|panel| *panel == self.panel).unwrap_or(0);
        let next = (index.cast_signed() + by).rem_euclid(panels.len().max(1).cast_signed()).cast_unsigned();
        self.panel = panels.get(next).copied().unwrap_or_default();
    }

    /// Moves the cursor of the panel with the focus, which has so many rows.
    pub fn step(&mut self, by: isize, rows: usize, page: usize) {
        match self.position() {
            Some(position) => position.step(by, rows),
            None => {
                let keys = self.task_keys();
                self.task_list.step(by, &keys, page);
            }
        }
    }

    /// Puts the cursor of the panel with the focus, which has so many rows, on a row.
    pub fn select(&mut self, row: usize, rows: usize, page: usize) {
        match self.position() {
            Some(position) => *position = Scroll(row.min(rows.saturating_sub(1))),
            None => {
                let keys = self.task_keys();
                self.task_list.select(row, &keys, page);
            }
        }
    }

    /// Returns the row that the cursor of the panel with the focus is on; it may be beyond the last.
    pub fn cursor(&self) -> usize {
        match self.panel {
            ServicePanel::Tasks => self.task_list.selected(),
            ServicePanel::Deployments => self.deployments.0,
            ServicePanel::Targets => self.targets.0,
            ServicePanel::Events => self.events.0,
        }
    }

    /// Returns the position in the panel with the focus; none for the tasks, which are followed by their keys.
    fn position(&mut self) -> Option<&mut Scroll> {
        match self.panel {
            ServicePanel::Tasks => None,
            ServicePanel::Deployments => Some(&mut self.deployments),
            ServicePanel::Targets => Some(&mut self.targets),
            ServicePanel::Events => Some(&mut self.events),
        }
    }

    /// Gives the keys to a panel that is there.
    pub fn focus_panel(&mut self, index: usize) {
        let wanted = ServicePanel::ALL.get(index).copied();
        if let Some(panel) = wanted.filter(|wanted| self.panels().any(|panel| panel == *wanted)) {
            self.panel = panel;
        }
    }
}

/// Names what a service's target groups count for each of their application balancers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Requests that were sent to a target.
    Requests,
    /// Answers of the targets with a status of 500 to 599.
    Faults,
}

impl Traffic {
    /// Lists what is counted, in the order of the charts.
    pub const ALL: [Self; 2] = [Self::Requests, Self::Faults];

    /// Returns the metric's name.
    ///
    /// Source: "CloudWatch metrics for your Application Load Balancer".
    pub fn metric(self) -> &'static str {
        match self {
            Self::Requests => "RequestCount",
            Self::Faults => "HTTPCode_Target_5XX_Count",
        }
    }
}

impl State {
    /// Returns what was read of the open service's target groups.
    pub fn fetched_targets(&self) -> Option<&Fetched<Vec<TargetGroup>>> {
        let view = self.service.as_ref()?;
        self.source(view.id.source)?.targets.get(&view.id.key)
    }

    /// Returns the target groups of the open service that it still has; none while they were not read.
    pub fn target_groups(&self) -> impl Iterator<Item = &TargetGroup> {
        let wanted = self.service.as_ref().map_or(&[][..], ServiceView::target_groups);
        let read = self.fetched_targets().and_then(|fetched| fetched.value.as_ref());
        read.into_iter().flat_map(|groups| groups.iter()).filter(|group| wanted.contains(&group.arn))
    }

    /// Iterates over the targets of the open service with their groups, as the cursor counts them.
    pub fn targets(&self) -> impl Iterator<Item = (&TargetGroup, &Target)> {
        self.target_groups().flat_map(|group| group.targets.iter().map(move |target| (group, target)))
    }

    /// Returns the queries for what the open service's target groups count, a sum a period.
    pub fn traffic_queries(&self, period: u32) -> impl Iterator<Item = Query> {
        self.target_groups().flat_map(move |group| group.queries(period))
    }
}

/// Brings the open service up to date with the rows.
pub fn derive_open(state: &mut State) {
    let Some(mut view) = state.service.take() else {
        return;
    };
    if let Some(source) = state.source(view.id.source) {
        let found = source
            .services
            .value
            .as_ref()
            .and_then(|snapshot| snapshot.services.iter().find(|service| service.key == view.id.key));
        view.exists = found.is_some();
        if let Some(row) = found.and_then(|service| services::row_of(state, view.id.source, service)) {
            view.row = Some(row);
        }
        if let Some(tasks) = &source.tasks.value {
            view.tasks = tasks.of(&view.id.key).cloned().collect();
            view.tasks.sort_by_key(|task| (task_order(task), std::cmp::Reverse(task.created_at), task.id.clone()));
        }
        view.alarms = alarms_watching(source, &view);
    }
    let keys = view.task_keys();
    view.task_list.follow(&keys, state.page);
    view.focus_panel(view.panel.index());
    state.service = Some(view);
}

/// What is not well comes first, what has stopped last.
fn task_order(task: &Task) -> u8 {
    match (task.last_status.as_str(), task.health.as_str()) {
        ("STOPPED" | "DEPROVISIONING", _) => 3,
        (_, "UNHEALTHY") => 0,
        ("RUNNING", _) => 2,
        _ => 1,
    }
}

/// Finds the alarms whose metric is the service's, or one of its target groups'.
fn alarms_watching(source: &Source, view: &ServiceView) -> Vec<Arc<Alarm>> {
    let groups: Vec<&str> = view.row.iter().flat_map(|row| row.service.target_group_dimensions()).collect();
    let watches = |rule: &MetricRule| {
        rule.metric.as_ref().is_some_and(|metric| {
            let own = metric.dimension("ClusterName") == Some(&view.id.key.cluster)
                && metric.dimension("ServiceName") == Some(&view.id.key.service);
            own || metric.dimension("TargetGroup").is_some_and(|group| groups.contains(&group))
        })
    };
    let watches = |alarm: &Alarm| match &alarm.watches {
        Watches::Metric(rule) => watches(rule),
        Watches::Composite(_) => false,
    };
    source.alarms.value.iter().flat_map(|snapshot| &snapshot.alarms).filter(|alarm| watches(alarm)).cloned().collect()
}
