//! A row of an open object in full: everything that AWS says of it, a fact a line, nothing cut.

mod journal;
mod runbook;
mod session;
mod waf;

use jiff::Timestamp;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::alarm::HistoryItem;
use crate::domain::ecs::{Container, Deployment, ServiceDeployment, ServiceEvent, Task};
use crate::domain::elb::{Target, TargetGroup};
use crate::domain::log::LogLine;
use crate::domain::text;
use crate::state::State;
use crate::state::detail::Detail;
use crate::t;

use super::{Ui, alarm, deployments, log, targets, tasks, words};

/// Returns the title of what is read.
pub fn title(ui: &Ui, detail: &Detail) -> &'static str {
    match detail {
        Detail::Task(_) => t!(ui.texts, "screens.detail.task"),
        Detail::Deployment(_) => t!(ui.texts, "screens.detail.deployment"),
        Detail::ServiceDeployment(_) => t!(ui.texts, "screens.detail.service-deployment"),
        Detail::Target(_) => t!(ui.texts, "screens.detail.target"),
        Detail::Event(_) => t!(ui.texts, "screens.detail.event"),
        Detail::LogLine(_) => t!(ui.texts, "log.line"),
        Detail::Alarm(_) => t!(ui.texts, "screens.detail.alarm"),
        Detail::Rule(_) => t!(ui.texts, "screens.detail.rule"),
        Detail::Sample(_) => t!(ui.texts, "screens.detail.sample"),
        Detail::Entry(_) => t!(ui.texts, "sessions.detail.entry"),
        Detail::Connection(_) => t!(ui.texts, "sessions.detail.connection"),
        Detail::UnderTunnel(_) => t!(ui.texts, "sessions.detail.session"),
        Detail::Step(_) => t!(ui.texts, "operations.detail.step"),
        Detail::Record(_) => t!(ui.texts, "journal.record"),
        Detail::Runbook(_) => t!(ui.texts, "runbooks.detail"),
    }
}

/// Returns the lines of what is read, as AWS told it last; what AWS has forgotten is shown as it was.
pub fn lines(state: &State, ui: &Ui, detail: &Detail) -> Vec<Line<'static>> {
    let mut sheet = Sheet { state, ui, entries: Vec::new() };
    let service = state.service.as_ref();
    match detail {
        Detail::Task(held) => {
            let now = service.and_then(|view| view.tasks.iter().find(|task| task.arn == held.arn));
            sheet.task(now.unwrap_or(held));
        }
        Detail::Deployment(held) => {
            let deployments = service.and_then(|view| view.row.as_ref()).map(|row| &row.service.deployments);
            let now = deployments.and_then(|all| all.iter().find(|deployment| deployment.id == held.id));
            let deployment = now.unwrap_or(held);
            sheet.deployment(deployment);
            let brings_it_up = |attempt: &&ServiceDeployment| attempt.target_revision == deployment.task_definition;
            if let Some(attempt) = state.service_deployments().iter().find(brings_it_up) {
                sheet.heading(t!(ui.texts, "screens.detail.service-deployment").to_owned());
                sheet.service_deployment(attempt);
            }
        }
        Detail::ServiceDeployment(held) => {
            let now = state.service_deployments().iter().find(|attempt| attempt.arn == held.arn);
            sheet.service_deployment(now.unwrap_or(held));
        }
        Detail::Target(held) => {
            let (group, target) = &**held;
            let same = |(now_in, now): &(&TargetGroup, &Target)| {
                now_in.arn == group.arn && (&now.id, now.port) == (&target.id, target.port)
            };
            let (group, target) = state.targets().find(same).unwrap_or((group, target));
            sheet.target(group, target);
        }
        Detail::Event(event) => sheet.event(event),
        Detail::LogLine(line) => sheet.log_line(line),
        Detail::Alarm(item) => sheet.alarm(item.as_ref()),
        Detail::Rule(rule) => sheet.rule(rule),
        Detail::Sample(request) => sheet.sample(request),
        Detail::Entry(row) => sheet.entry(row),
        Detail::Connection(held) => sheet.connection(&held.0, &held.1),
        Detail::UnderTunnel(one) => sheet.under_tunnel(one),
        Detail::Step(held) => {
            let now = state.sessions.steps().iter().find(|step| step.name == held.name);
            sheet.step(now.unwrap_or(held));
        }
        Detail::Record(row) => sheet.record(row),
        Detail::Runbook(row) => sheet.runbook(row),
    }
    sheet.lines()
}

enum Entry {
    Fact(&'static str, Span<'static>),
    Line(Line<'static>),
}

/// Collects facts, whose names are then as wide as the widest of them.
struct Sheet<'a> {
    state: &'a State,
    ui: &'a Ui,
    entries: Vec<Entry>,
}

impl Sheet<'_> {
    /// Adds a heading, apart from what stands above.
    fn heading(&mut self, heading: String) {
        if !self.entries.is_empty() {
            self.entries.push(Entry::Line(Line::default()));
        }
        self.entries.push(Entry::Line(Line::styled(heading, self.ui.theme.title)));
    }

    /// Adds a sentence of AWS's as a line of its own.
    fn sentence(&mut self, sentence: &str) {
        self.entries.push(Entry::Line(Line::styled(sentence.to_owned(), self.ui.theme.text)));
    }

    /// Adds a fact that AWS tells; nothing where it does not.
    fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        self.styled(name, value, self.ui.theme.text);
    }

    fn styled(&mut self, name: &'static str, value: impl Into<String>, style: Style) {
        let value = value.into();
        if !value.is_empty() {
            self.entries.push(Entry::Fact(name, Span::styled(value, style)));
        }
    }

    /// Adds a moment with its age.
    fn moment(&mut self, name: &'static str, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        let age = words::since(self.ui.texts, self.state.now, Some(at));
        let age = t!(self.ui.texts, "screens.ago", age = age);
        let moment = self.ui.moment(at, self.state.now);
        self.fact(name, format!("{moment} {} {age}", self.ui.glyphs.separator));
    }

    fn lines(self) -> Vec<Line<'static>> {
        let names = self.entries.iter().filter_map(|entry| match entry {
            Entry::Fact(name, _) => Some(text::width(name)),
            Entry::Line(_) => None,
        });
        let width = names.max().unwrap_or(0);
        let dim = self.ui.theme.dim;
        self.entries
            .into_iter()
            .map(|entry| match entry {
                Entry::Fact(name, value) => {
                    Line::from(vec![Span::styled(format!("{}  ", text::pad(name, width)), dim), value])
                }
                Entry::Line(line) => line,
            })
            .collect()
    }

    fn task(&mut self, task: &Task) {
        let (ui, texts) = (self.ui, self.ui.texts);
        let (mark, style) = tasks::task_style(ui, task);
        let status = if task.desired_status == task.last_status || task.desired_status.is_empty() {
            format!("{mark} {}", task.last_status)
        } else {
            format!("{mark} {} {} {}", task.last_status, ui.glyphs.arrow, task.desired_status)
        };
        self.styled(t!(texts, "screens.detail.status"), status, style);
        self.styled(t!(texts, "screens.detail.stop-code"), task.stop_code.clone(), ui.theme.warning);
        self.styled(t!(texts, "screens.detail.reason"), task.stopped_reason.clone(), ui.theme.warning);
        let health = tasks::health_style(ui, &task.health);
        self.styled(t!(texts, "screens.detail.health"), task.health.clone(), health);
        self.fact(t!(texts, "screens.detail.id"), task.id.clone());
        self.fact(t!(texts, "screens.detail.definition"), task.task_definition.clone());
        self.moment(t!(texts, "screens.detail.created"), task.created_at);
        self.moment(t!(texts, "screens.detail.started"), task.started_at);
        self.moment(t!(texts, "screens.detail.stopped"), task.stopped_at);
        self.fact(t!(texts, "screens.detail.capacity"), task.capacity.clone());
        self.fact(t!(texts, "screens.detail.zone"), task.zone.clone());
        if let (Ok(cpu), Ok(memory)) = (task.cpu.parse::<f64>(), task.memory.parse::<f64>()) {
            let (cpu, memory) = (cpu / 1_024.0, memory / 1_024.0);
            self.fact(
                t!(texts, "screens.detail.size"),
                t!(texts, "screens.detail.size-value", cpu = cpu, memory = memory),
            );
        }
        let exec = match (task.exec_ready(), task.exec_enabled) {
            (true, _) => t!(texts, "screens.detail.exec-ready"),
            (false, true) => t!(texts, "screens.detail.exec-waiting"),
            (false, false) => t!(texts, "screens.detail.exec-off"),
        };
        self.fact(t!(texts, "screens.detail.exec"), exec);
        self.fact(t!(texts, "screens.detail.arn"), task.arn.clone());
        for container in &task.containers {
            self.container(container);
        }
    }

    fn container(&mut self, container: &Container) {
        let (ui, texts) = (self.ui, self.ui.texts);
        self.heading(t!(texts, "screens.detail.container", name = container.name));
        self.fact(t!(texts, "screens.detail.status"), container.last_status.clone());
        if let Some(code) = container.exit_code {
            let style = if code == 0 { ui.theme.text } else { ui.theme.warning };
            self.styled(t!(texts, "screens.detail.exit-code"), code.to_string(), style);
        }
        self.styled(t!(texts, "screens.detail.reason"), container.reason.clone(), ui.theme.warning);
        let health = tasks::health_style(ui, &container.health);
        self.styled(t!(texts, "screens.detail.health"), container.health.clone(), health);
        self.fact(t!(texts, "screens.detail.image"), container.image.name.clone());
        self.fact(t!(texts, "screens.detail.digest"), container.image.digest.clone());
        self.fact(t!(texts, "screens.detail.runtime-id"), container.runtime_id.clone());
        self.fact(t!(texts, "screens.detail.exec-agent"), container.exec_agent.clone().unwrap_or_default());
    }

    fn deployment(&mut self, deployment: &Deployment) {
        let (ui, texts) = (self.ui, self.ui.texts);
        let (mark, style) = deployments::rollout_style(ui, deployment);
        self.fact(t!(texts, "screens.detail.status"), deployment.status.clone());
        let rollout = format!("{mark} {}", deployment.rollout.as_str());
        self.styled(t!(texts, "screens.detail.rollout"), rollout, style);
        self.fact(t!(texts, "screens.detail.reason"), deployment.reason.clone());
        self.fact(t!(texts, "screens.detail.definition"), deployment.task_definition.clone());
        self.counts(deployment.desired, deployment.running, deployment.pending);
        if deployment.failed > 0 {
            let failed = t!(texts, "screens.detail.failed-tasks");
            self.styled(failed, deployment.failed.to_string(), ui.theme.critical);
        }
        self.moment(t!(texts, "screens.detail.created"), deployment.created_at);
        self.moment(t!(texts, "screens.detail.updated"), deployment.updated_at);
        self.fact(t!(texts, "screens.detail.id"), deployment.id.clone());
    }

    fn counts(&mut self, desired: u32, running: u32, pending: u32) {
        let texts = self.ui.texts;
        let counts = t!(texts, "screens.detail.tasks-value", running = running, desired = desired, pending = pending);
        self.fact(t!(texts, "screens.detail.tasks"), counts);
    }

    fn service_deployment(&mut self, attempt: &ServiceDeployment) {
        let texts = self.ui.texts;
        self.fact(t!(texts, "screens.detail.status"), attempt.status.clone());
        self.fact(t!(texts, "screens.detail.reason"), attempt.reason.clone());
        // A service deployment that was rolled back often says why in both places.
        if attempt.rollback_reason != attempt.reason {
            self.fact(t!(texts, "screens.detail.rollback-reason"), attempt.rollback_reason.clone());
        }
        self.fact(t!(texts, "screens.detail.stage"), attempt.lifecycle_stage.clone());
        if let Some(minutes) = attempt.bake_minutes {
            self.fact(t!(texts, "screens.detail.bake"), t!(texts, "screens.detail.bake-value", minutes = minutes));
        }
        if let Some(breaker) = &attempt.breaker {
            let counted = t!(
                texts,
                "screens.detail.breaker-value",
                failures = breaker.failures,
                threshold = breaker.threshold,
                status = breaker.status
            );
            self.fact(t!(texts, "screens.detail.breaker"), counted);
        }
        self.fact(t!(texts, "screens.detail.definition"), attempt.target_revision.clone());
        if let Some((desired, running, pending)) = attempt.target_tasks {
            self.counts(desired, running, pending);
        }
        self.moment(t!(texts, "screens.detail.created"), attempt.created_at);
        self.moment(t!(texts, "screens.detail.started"), attempt.started_at);
        self.moment(t!(texts, "screens.detail.finished"), attempt.finished_at);
        self.fact(t!(texts, "screens.detail.arn"), attempt.arn.clone());
    }

    fn target(&mut self, group: &TargetGroup, target: &Target) {
        let (ui, texts) = (self.ui, self.ui.texts);
        let (mark, style) = targets::health_style(ui, &target.health);
        self.styled(t!(texts, "screens.detail.health"), format!("{mark} {}", target.health.as_str()), style);
        self.styled(t!(texts, "screens.detail.reason"), target.reason.clone(), ui.theme.warning);
        self.fact(t!(texts, "screens.detail.description"), target.description.clone());
        self.fact(t!(texts, "screens.detail.address"), targets::address(target));
        self.fact(t!(texts, "screens.detail.zone"), target.zone.clone());
        self.heading(t!(texts, "screens.detail.target-group", name = group.name));
        self.fact(t!(texts, "screens.detail.health-check"), group.health_check.clone());
        for balancer in &group.balancers {
            self.fact(t!(texts, "screens.detail.balancer"), balancer.clone());
        }
        self.fact(t!(texts, "screens.detail.arn"), group.arn.clone());
    }

    fn event(&mut self, event: &ServiceEvent) {
        let texts = self.ui.texts;
        self.moment(t!(texts, "screens.detail.at"), Some(event.at));
        self.fact(t!(texts, "screens.detail.id"), event.id.clone());
        self.entries.push(Entry::Line(Line::default()));
        self.sentence(&event.message);
    }

    fn log_line(&mut self, line: &LogLine) {
        let (ui, texts) = (self.ui, self.ui.texts);
        let at = line.at.to_zoned(ui.zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f %Z").to_string();
        self.fact(t!(texts, "screens.detail.at"), at);
        self.fact(t!(texts, "log.stream"), line.stream.clone());
        self.fact(t!(texts, "screens.detail.id"), line.id.clone());
        if line.cut > 0 {
            self.styled(t!(texts, "log.cut"), t!(texts, "log.cut-value", n = line.cut), ui.theme.warning);
        }
        self.entries.push(Entry::Line(Line::default()));
        let broken = log::json::lines(&line.message).unwrap_or_else(|| vec![line.message.clone()]);
        for part in &broken {
            self.sentence(part);
        }
    }

    /// A line of the history, and what the alarm says of itself now.
    fn alarm(&mut self, item: Option<&HistoryItem>) {
        let (ui, texts) = (self.ui, self.ui.texts);
        if let Some(item) = item {
            self.moment(t!(texts, "screens.detail.at"), Some(item.at));
            self.fact(t!(texts, "screens.detail.kind"), alarm::history_kind(ui, &item.kind));
            self.entries.push(Entry::Line(Line::default()));
            self.sentence(&item.summary);
        }
        let Some(row) = self.state.alarm.as_ref().and_then(|view| view.row.as_ref()) else { return };
        self.heading(row.alarm.name.clone());
        let (mark, word, style) = ui.alarm_state(row.alarm.state);
        self.styled(t!(texts, "screens.detail.state"), format!("{mark} {word}"), style);
        self.fact(t!(texts, "screens.detail.reason"), row.alarm.reason.clone());
        self.fact(t!(texts, "screens.detail.description"), row.alarm.description.clone());
        self.fact(t!(texts, "screens.detail.condition"), alarm::full_condition(ui, row));
        self.fact(t!(texts, "screens.detail.suppressed"), row.alarm.suppressed.clone().unwrap_or_default());
        self.fact(t!(texts, "screens.detail.arn"), row.alarm.arn.clone());
    }
}
