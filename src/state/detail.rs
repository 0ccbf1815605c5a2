//! What can be read in full: a row of an open object whose line is too short for all that AWS says of it.

use std::sync::Arc;

use crate::domain::{
    alarm::HistoryItem,
    ecs::{Deployment, ServiceDeployment, ServiceEvent, Task},
    elb::{Target, TargetGroup},
    log::LogLine,
};

use super::{State, service::ServicePanel};

/// Holds what is read, as it was when it was opened: it stays readable when AWS has forgotten it.
#[derive(Debug, Clone)]
pub enum Detail {
    /// A task with its containers.
    Task(Arc<Task>),
    /// A deployment, with the service deployment that brings it up.
    Deployment(Box<Deployment>),
    /// A service deployment.
    ServiceDeployment(Box<ServiceDeployment>),
    /// A target, with the group that it is registered in.
    Target(Box<(TargetGroup, Target)>),
    /// An event of a service.
    Event(ServiceEvent),
    /// A line of a log.
    LogLine(Arc<LogLine>),
    /// The open alarm, with the line of its history that the cursor was on.
    Alarm(Option<HistoryItem>),
}

impl State {
    /// Returns the service deployments of the open service, newest first; none while they were not read.
    pub fn service_deployments(&self) -> &[ServiceDeployment] {
        self.service
            .as_ref()
            .and_then(|view| self.source(view.id.source)?.deployments.get(&view.id.key)?.value.as_deref())
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the history of the open alarm, newest first; nothing while it was not read.
    pub fn history(&self) -> &[HistoryItem] {
        self.alarm
            .as_ref()
            .and_then(|view| self.source(view.id.source)?.histories.get(&view.id.name)?.value.as_deref())
            .map_or(&[], Vec::as_slice)
    }

    /// Returns what the cursor of the open service is on.
    pub(super) fn service_detail(&self) -> Option<Detail> {
        let view = self.service.as_ref()?;
        let service = &view.row.as_ref()?.service;
        match view.panel {
            ServicePanel::Tasks => view.tasks.get(view.task_list.selected()).map(|task| Detail::Task(Arc::clone(task))),
            ServicePanel::Deployments => {
                let index = view.deployments.0.min(self.rows().saturating_sub(1));
                match service.deployments.get(index) {
                    Some(deployment) => Some(Detail::Deployment(Box::new(deployment.clone()))),
                    None => self
                        .service_deployments()
                        .get(index - service.deployments.len())
                        .map(|attempt| Detail::ServiceDeployment(Box::new(attempt.clone()))),
                }
            }
            ServicePanel::Targets => {
                let index = view.targets.0.min(self.rows().saturating_sub(1));
                let found = self.targets().nth(index);
                found.map(|(group, target)| Detail::Target(Box::new((group.clone(), target.clone()))))
            }
            ServicePanel::Events => {
                let index = view.events.0.min(service.events.len().saturating_sub(1));
                service.events.get(index).map(|event| Detail::Event(event.clone()))
            }
        }
    }

    /// Returns the open alarm with the line of its history that the cursor is on.
    pub(super) fn alarm_detail(&self) -> Option<Detail> {
        let view = self.alarm.as_ref().filter(|view| view.row.is_some())?;
        let history = self.history();
        Some(Detail::Alarm(history.get(view.history.0.min(history.len().saturating_sub(1))).cloned()))
    }
}
