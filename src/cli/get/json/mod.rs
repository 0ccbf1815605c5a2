//! The stable, documented JSON of `get`: `docs/json.md`.
//!
//! Names and types of what is here do not change within a schema's number; members may be added.

mod findings;
mod fleet;
mod queue;
mod waf;

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::args::View;
use crate::domain::alarm::{Alarm, Watches};
use crate::domain::ecs::{Image, Service, Task};
use crate::domain::fetch::{Failure, FailureKind};
use crate::domain::queue::Place;
use crate::state::State;
use crate::state::source::Source as StateSource;

use super::ask::Ask;
use super::read::needs;

/// The envelope of every view.
#[derive(Serialize)]
struct View1<'a, T> {
    schema: String,
    as_of: Timestamp,
    capped: bool,
    sources: Vec<Source<'a>>,
    items: Vec<T>,
}

#[derive(Serialize)]
struct Source<'a> {
    environment: &'a str,
    account: Option<&'a str>,
    region: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct ServiceItem<'a> {
    environment: Option<&'a str>,
    account: Option<&'a str>,
    region: &'a str,
    cluster: &'a str,
    service: &'a str,
    arn: &'a str,
    status: &'static str,
    desired: u32,
    running: u32,
    pending: u32,
    rollout: Option<&'a str>,
    rollout_reason: Option<&'a str>,
    failed_tasks: u32,
    task_definition: &'a str,
    image: Option<&'a str>,
    version: Option<&'a str>,
    spot: bool,
    exec_enabled: bool,
    last_event: Option<EventItem<'a>>,
}

#[derive(Serialize)]
struct EventItem<'a> {
    at: Timestamp,
    message: &'a str,
}

#[derive(Serialize)]
struct TaskItem<'a> {
    environment: Option<&'a str>,
    account: Option<&'a str>,
    region: &'a str,
    cluster: &'a str,
    service: Option<&'a str>,
    task: &'a str,
    arn: &'a str,
    last_status: &'a str,
    desired_status: &'a str,
    health: &'a str,
    task_definition: &'a str,
    capacity: &'a str,
    zone: &'a str,
    started_at: Option<Timestamp>,
    stopped_reason: Option<&'a str>,
    exec_ready: bool,
    containers: Vec<ContainerItem<'a>>,
}

#[derive(Serialize)]
struct ContainerItem<'a> {
    name: &'a str,
    image: &'a str,
    digest: Option<&'a str>,
    last_status: &'a str,
    health: &'a str,
    exit_code: Option<i32>,
}

#[derive(Serialize)]
struct AlarmItem<'a> {
    environment: Option<&'a str>,
    account: Option<&'a str>,
    region: &'a str,
    alarm: &'a str,
    arn: &'a str,
    kind: &'static str,
    state: &'static str,
    since: Option<Timestamp>,
    reason: &'a str,
    description: &'a str,
    actions_enabled: bool,
    alarm_actions: usize,
    suppressed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
}

/// Prints a view as one JSON document and a line end.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn print(state: &State, ask: &Ask, out: &mut dyn Write) -> io::Result<()> {
    match ask.view {
        View::Services => write(state, ask.view, services(state), out),
        View::Tasks => write(state, ask.view, tasks(state), out),
        View::Waf => write(state, ask.view, waf::items(state, ask), out),
        View::Alarms => write(state, ask.view, alarms(state), out),
        View::Findings => write(state, ask.view, findings::items(state, ask), out),
        View::Queue => write(state, ask.view, queue::items(state), out),
        View::Fleet => write(state, ask.view, fleet::items(state), out),
        // They are of the catalogue as much as of the state.
        View::Targets => Ok(()),
    }
}

/// Prints items in the envelope of a view, and a line end.
///
/// # Errors
/// Where `out` cannot be written to.
pub(super) fn write<T: Serialize>(state: &State, view: View, items: Vec<T>, out: &mut dyn Write) -> io::Result<()> {
    let envelope = View1 {
        schema: format!("sekisho/{}/1", view.name()),
        as_of: whole_seconds(state.now),
        capped: is_capped(state, view),
        sources: sources(state, view),
        items,
    };
    serde_json::to_writer(&mut *out, &envelope)?;
    writeln!(out)
}

/// Tells whether AWS has more than was read of what a view is drawn from.
fn is_capped(state: &State, view: View) -> bool {
    use crate::domain::fetch::Panel;
    let is_capped = |source: &StateSource| {
        let services = source.services.value.as_ref().is_some_and(|snapshot| snapshot.capped);
        let tasks = source.tasks.value.as_ref().is_some_and(|snapshot| snapshot.capped);
        let alarms = source.alarms.value.as_ref().is_some_and(|snapshot| snapshot.capped);
        let waf = source.waf.value.as_ref().is_some_and(|snapshot| snapshot.capped);
        let findings = source.findings.value.as_ref().is_some_and(|snapshot| snapshot.capped);
        services || tasks || alarms || waf || (findings && needs(view, Panel::Findings))
    };
    state.sources.iter().any(is_capped)
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn environment(state: &State, place: Place) -> Option<&str> {
    place.environment.and_then(|index| state.environments.get(index)).map(|environment| environment.name.as_str())
}

pub(super) fn account(source: &StateSource) -> Option<&str> {
    let verified = source.identity.value.as_ref().map(|identity| identity.account.as_str());
    verified.or_else(|| source.account.as_ref().map(crate::domain::environment::AccountId::as_str))
}

fn sources(state: &State, view: View) -> Vec<Source<'_>> {
    let mut sources = Vec::new();
    for source in &state.sources {
        let failure: Option<&Failure> =
            source.failures().find(|(panel, _)| needs(view, *panel)).map(|(_, failure)| failure);
        for environment in source.environments.iter().filter_map(|index| state.environments.get(*index)) {
            sources.push(Source {
                environment: &environment.name,
                account: account(source),
                region: &source.region,
                state: failure.map_or("ok", |failure| failure.kind.name()),
                missing_action: failure.and_then(|failure| match &failure.kind {
                    FailureKind::Denied { missing_action } => Some(missing_action.as_str()),
                    _ => None,
                }),
                action: failure.map(|failure| failure.action.as_str()).filter(|action| !action.is_empty()),
                detail: failure.map(|failure| failure.detail.as_str()).filter(|detail| !detail.is_empty()),
            });
        }
    }
    sources
}

fn services(state: &State) -> Vec<ServiceItem<'_>> {
    state
        .services
        .rows
        .iter()
        .filter_map(|row| {
            let source = state.source(row.id.source)?;
            let service: &Service = &row.service;
            let primary = service.primary();
            Some(ServiceItem {
                environment: environment(state, row.place),
                account: account(source),
                region: &source.region,
                cluster: &row.id.key.cluster,
                service: &row.id.key.service,
                arn: &service.arn,
                status: row.steadiness.name(),
                desired: service.desired,
                running: service.running,
                pending: service.pending,
                rollout: primary.map(|primary| primary.rollout.as_str()).filter(|word| !word.is_empty()),
                rollout_reason: primary.map(|primary| primary.reason.as_str()).filter(|reason| !reason.is_empty()),
                failed_tasks: service.deployments.iter().map(|deployment| deployment.failed).sum(),
                task_definition: &service.task_definition,
                image: row.image.as_ref().map(|image| image.name.as_str()),
                version: row.image.as_ref().map(Image::version),
                spot: service.uses_spot(),
                exec_enabled: service.exec_enabled,
                last_event: service.events.first().map(|event| EventItem { at: event.at, message: &event.message }),
            })
        })
        .collect()
}

/// Returns the tasks of the shown environments with the source and the place of each.
pub fn shown_tasks(state: &State) -> impl Iterator<Item = (&StateSource, Place, &Task)> {
    state.sources.iter().flat_map(move |source| {
        let tasks = source.tasks.value.iter().flat_map(|snapshot| &snapshot.tasks);
        tasks.filter_map(move |task| {
            let place = state.place_of_cluster(source, &task.cluster);
            state.shows(place).then_some((source, place, task.as_ref()))
        })
    })
}

fn tasks(state: &State) -> Vec<TaskItem<'_>> {
    shown_tasks(state)
        .map(|(source, place, task)| TaskItem {
            environment: environment(state, place),
            account: account(source),
            region: &source.region,
            cluster: &task.cluster,
            service: task.service.as_deref(),
            task: &task.id,
            arn: &task.arn,
            last_status: &task.last_status,
            desired_status: &task.desired_status,
            health: &task.health,
            task_definition: &task.task_definition,
            capacity: &task.capacity,
            zone: &task.zone,
            started_at: task.started_at,
            stopped_reason: Some(task.stopped_reason.as_str()).filter(|reason| !reason.is_empty()),
            exec_ready: task.exec_ready(),
            containers: task
                .containers
                .iter()
                .map(|container| ContainerItem {
                    name: &container.name,
                    image: &container.image.name,
                    digest: Some(container.image.digest.as_str()).filter(|digest| !digest.is_empty()),
                    last_status: &container.last_status,
                    health: &container.health,
                    exit_code: container.exit_code,
                })
                .collect(),
        })
        .collect()
}

fn alarms(state: &State) -> Vec<AlarmItem<'_>> {
    state
        .alarms
        .rows
        .iter()
        .filter_map(|row| {
            let source = state.source(row.id.source)?;
            let alarm: &Alarm = &row.alarm;
            let (rule, composite) = match &alarm.watches {
                Watches::Metric(rule) => (Some(rule), None),
                Watches::Composite(rule) => (None, Some(rule)),
            };
            let metric = rule.and_then(|rule| rule.metric.as_ref());
            Some(AlarmItem {
                environment: environment(state, row.place),
                account: account(source),
                region: &source.region,
                alarm: &alarm.name,
                arn: &alarm.arn,
                kind: if composite.is_some() { "composite" } else { "metric" },
                state: alarm.state.as_str(),
                since: alarm.since,
                reason: &alarm.reason,
                description: &alarm.description,
                actions_enabled: alarm.actions_enabled,
                alarm_actions: alarm.alarm_actions,
                suppressed: alarm.suppressed.is_some(),
                namespace: metric.map(|metric| metric.namespace.as_str()),
                metric: metric.map(|metric| metric.name.as_str()),
                threshold: rule.and_then(|rule| rule.threshold),
                rule: composite.map(|rule| rule.text.as_str()),
            })
        })
        .collect()
}
