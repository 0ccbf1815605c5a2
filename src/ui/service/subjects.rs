//! What the charts of an open service show, and in which order.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::alarm::{Alarm, AlarmState, Watches};
use crate::domain::ecs::Service;
use crate::state::State;
use crate::state::service::{ServiceView, Traffic};
use crate::ui::{Ui, charts};

/// The rows that a chart needs to be read.
const CHART_HEIGHT: u16 = 7;

/// What ECS measures of every service.
const OWN: [&str; 2] = ["CPUUtilization", "MemoryUtilization"];

/// What a chart of the stack shows.
enum Subject<'a> {
    /// A metric that ECS has of every service.
    Own(&'static str),
    /// What the service's target groups count.
    Traffic(Traffic),
    /// What an alarm watches that is none of those.
    Alarm(&'a Alarm),
}

/// Returns what the open service's target groups count, where they were read and have an application balancer.
fn traffic(state: &State) -> impl Iterator<Item = Traffic> {
    let has_balancer = state.traffic_queries(60).next().is_some();
    Traffic::ALL.into_iter().filter(move |_| has_balancer)
}

/// Tells whether an alarm watches a metric that is none of ECS's own.
fn is_other(alarm: &Alarm) -> bool {
    match &alarm.watches {
        Watches::Metric(rule) => {
            rule.expression.is_some() || rule.metric.as_ref().is_some_and(|metric| !OWN.contains(&metric.name.as_str()))
        }
        Watches::Composite(_) => false,
    }
}

/// Returns which of the target groups' charts an alarm's own would repeat.
fn repeated(state: &State, alarm: &Alarm) -> Option<Traffic> {
    traffic(state).find(|traffic| charts::threshold_of_traffic(state, *traffic, alarm).is_some())
}

/// Returns the charts of a service in their order: what is in ALARM, CPU, memory, requests and faults, what else its
/// alarms watch.
fn subjects<'a>(state: &State, view: &'a ServiceView) -> Vec<Subject<'a>> {
    let is_shown =
        |alarm: &&Alarm| is_other(alarm) && (alarm.state == AlarmState::Alarm || repeated(state, alarm).is_none());
    let mut others: Vec<&Alarm> = view.alarms.iter().map(AsRef::as_ref).filter(is_shown).collect();
    others.sort_by_key(|alarm| (std::cmp::Reverse(alarm.state), alarm.name.clone()));
    // What is in ALARM comes first: it is why one looks.
    let firing = others.iter().filter(|alarm| alarm.state == AlarmState::Alarm).count();
    let (firing, quiet) = others.split_at(firing);
    let shown: Vec<Traffic> = firing.iter().filter_map(|alarm| repeated(state, alarm)).collect();
    let traffic = traffic(state).filter(|traffic| !shown.contains(traffic)).map(Subject::Traffic);
    let own = OWN.into_iter().map(Subject::Own).chain(traffic);
    let (firing, quiet) =
        (firing.iter().map(|alarm| Subject::Alarm(alarm)), quiet.iter().map(|alarm| Subject::Alarm(alarm)));
    firing.chain(own).chain(quiet).collect()
}

fn chart(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    service: &Service,
    subject: &Subject<'_>,
    area: Rect,
    buf: &mut Buffer,
) {
    let source = view.id.source;
    match subject {
        Subject::Own(name) => {
            charts::utilization(state, ui, (source, service, name), &["Average", "Maximum"], area, buf);
        }
        Subject::Traffic(traffic) => charts::traffic(state, ui, view, (service, *traffic), area, buf),
        Subject::Alarm(alarm) => charts::alarm(state, ui, (source, alarm), Some(service), area, buf),
    }
}

/// Draws one chart above the other, as many as there is room for.
pub fn stack(state: &State, ui: &Ui, view: &ServiceView, service: &Service, area: Rect, buf: &mut Buffer) {
    let subjects = subjects(state, view);
    let count = (area.height / CHART_HEIGHT).clamp(1, u16::try_from(subjects.len()).unwrap_or(u16::MAX));
    let height = area.height / count;
    for (subject, index) in subjects.iter().zip(0..count) {
        let y = area.y + height * index;
        let height = if index + 1 == count { area.bottom() - y } else { height };
        chart(state, ui, view, service, subject, Rect { y, height, ..area }, buf);
    }
}

/// Draws the first charts beside each other.
pub fn row(state: &State, ui: &Ui, view: &ServiceView, service: &Service, areas: [Rect; 2], buf: &mut Buffer) {
    for (subject, area) in subjects(state, view).iter().zip(areas) {
        chart(state, ui, view, service, subject, area, buf);
    }
}
