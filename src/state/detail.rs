//! What can be read in full: a row of an open object whose line is too short for all that AWS says of it.

use std::sync::Arc;

use crate::domain::{
    alarm::HistoryItem,
    ecs::{Deployment, ServiceDeployment, ServiceEvent, Task},
    elb::{Target, TargetGroup},
    log::LogLine,
    progress::Step,
    session::{TunnelConnection, TunnelSession},
    waf::{Rule, RuleLine, SampledRequest, Tally, tally},
};

use crate::journal::reader::Row;

use super::{
    State,
    runbooks::RunbookRow,
    service::ServicePanel,
    sessions::{target::TargetRow, tunnel::TunnelPanel},
    waf::WafPanel,
};

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
    /// A rule of a web ACL with its counts, where they were read, and what the sample says of a group's rules.
    Rule(Box<RuleDetail>),
    /// A sampled request.
    Sample(Arc<SampledRequest>),
    /// The open alarm, with the line of its history that the cursor was on.
    Alarm(Option<HistoryItem>),
    /// An entry of the catalogue that may not be opened, and why.
    Entry(Box<TargetRow>),
    /// A runbook that may not be run, and why.
    Runbook(Box<RunbookRow>),
    /// A connection through a tunnel, with AWS's id of its session.
    Connection(Box<(TunnelConnection, String)>),
    /// A session under a tunnel.
    UnderTunnel(Box<TunnelSession>),
    /// A step of an execution.
    Step(Box<Step>),
    /// A record of the journal.
    Record(Arc<Row>),
}

/// Holds what is read of a rule.
#[derive(Debug, Clone)]
pub struct RuleDetail {
    /// The rule.
    pub rule: Rule,
    /// Its counts, where they were read.
    pub line: Option<RuleLine>,
    /// The rules within a group that matched the sampled requests, weighted.
    pub within: Vec<Tally>,
}

impl State {
    /// Returns what the cursor of the open web ACL is on.
    pub(super) fn web_acl_detail(&self) -> Option<Detail> {
        let view = self.web_acl.as_ref()?;
        let index = view.scroll().0;
        match view.panel {
            WafPanel::Rules => {
                let rules = &view.row.as_ref()?.acl.detail.as_ref()?.rules;
                let rule = rules.get(index.min(rules.len().saturating_sub(1)))?.clone();
                let of_rule = view.samples.iter().filter(|request| request.rule == rule.metric);
                let within = tally(of_rule, |request| request.rule_within_group.as_deref().unwrap_or_default());
                let within = within.into_iter().filter(|one| !one.value.is_empty()).collect();
                let line = view.lines.iter().find(|line| line.rule == rule).cloned();
                Some(Detail::Rule(Box::new(RuleDetail { rule, line, within })))
            }
            WafPanel::Samples => {
                let last = view.samples.len().checked_sub(1)?;
                Some(Detail::Sample(Arc::clone(&view.samples[index.min(last)])))
            }
            WafPanel::Top | WafPanel::Use => None,
        }
    }

    /// Returns what the cursor of the tunnel in front is on.
    pub(super) fn tunnel_detail(&self) -> Option<Detail> {
        let sessions = &self.sessions;
        let panel = sessions.tunnel.panel;
        let index = sessions.tunnel.scroll(panel).0;
        match panel {
            TunnelPanel::Connections => {
                let all = sessions.connections();
                let connection = all.get(index.min(all.len().checked_sub(1)?))?.clone();
                let id =
                    sessions.under().get(connection.session).map_or_else(String::new, |one| one.session_id.clone());
                Some(Detail::Connection(Box::new((connection, id))))
            }
            TunnelPanel::Sessions => {
                let all = sessions.under();
                let one = all.get(index.min(all.len().checked_sub(1)?))?.clone();
                Some(Detail::UnderTunnel(Box::new(one)))
            }
        }
    }

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
