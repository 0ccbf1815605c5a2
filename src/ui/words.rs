//! The words for AWS's facts: states, ages, numbers, failures.

pub mod gate;
pub mod journal;
pub mod operation;
pub mod preflight;
mod rule;
pub mod session;

use jiff::{SignedDuration, Timestamp};
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use crate::domain::alarm::{Alarm, AlarmState, MetricRule, Watches};
use crate::domain::ecs::{Service, Steadiness};
use crate::domain::environment::Kind;
use crate::domain::fetch::{Failure, FailureKind, Fetched, Panel, Phase};
use crate::domain::finding::Finding;
use crate::domain::queue::{Place, Severity, Trouble};
use crate::i18n::Texts;
use crate::state::State;
use crate::t;

use super::Ui;

pub use crate::runbook::words as runbook;

pub use preflight::{caution, obstacle};
pub use rule::{rule_kind, silence};

/// Returns an age in one unit: `<1m`, `12m`, `5h`, `3d`.
///
/// Nothing shorter than a minute is counted, so that an idle screen is not redrawn for a clock.
pub fn age(texts: Texts, age: SignedDuration) -> String {
    let minutes = age.as_mins();
    match minutes {
        ..1 => t!(texts, "common.age.now").to_owned(),
        1..60 => t!(texts, "common.age.minutes", n = minutes),
        60..2_880 => t!(texts, "common.age.hours", n = minutes / 60),
        _ => t!(texts, "common.age.days", n = minutes / 1_440),
    }
}

/// Returns how long ago something was, or a dash where that is not known or has not come yet.
///
/// AWS's clock may be a little ahead of ours: what is less than a minute in the future is now.
pub fn since(texts: Texts, now: Timestamp, at: Option<Timestamp>) -> String {
    at.filter(|at| at.duration_since(now) < SignedDuration::from_mins(1))
        .map_or_else(|| "-".to_owned(), |at| age(texts, now.duration_since(at)))
}

/// Returns time that is left, in two units where it matters: `5h12m`, `12m`.
pub fn left(texts: Texts, left: SignedDuration) -> String {
    let minutes = left.as_mins().max(0);
    if minutes >= 60 {
        t!(texts, "common.age.hours-minutes", h = minutes / 60, m = format!("{:02}", minutes % 60))
    } else {
        age(texts, left)
    }
}

impl Ui {
    /// Returns a time of day: `09:02`.
    pub fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }

    /// Returns a time of day with seconds, and the date where it is not today's: `09:02:11`, `11-21 09:02`.
    pub fn moment(&self, at: Timestamp, now: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let today = now.to_zoned(self.zone.clone()).date();
        let format = if zoned.date() == today { "%H:%M:%S" } else { "%m-%d %H:%M" };
        zoned.strftime(format).to_string()
    }

    /// Returns the zone's short name at a time: `JST`.
    pub fn zone_name(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Z").to_string()
    }

    /// Returns the style of an environment's badge.
    pub fn kind_style(&self, kind: Kind) -> Style {
        match kind {
            Kind::Prd => self.theme.environment.prd,
            Kind::Stg => self.theme.environment.stg,
            Kind::Dev => self.theme.environment.dev,
            Kind::Unknown => self.theme.environment.unknown,
        }
    }

    /// Returns the style of an environment's name within a row: its badge's colour as the colour of the text.
    ///
    /// A column of badges would shout louder than the rows that need a person.
    fn kind_text_style(&self, kind: Kind) -> Style {
        let badge = self.kind_style(kind);
        let plain = Style { bg: None, ..badge }.remove_modifier(Modifier::REVERSED);
        match badge.bg {
            Some(colour) => plain.fg(colour),
            None => plain,
        }
    }

    /// Returns an environment's name in its style.
    pub fn place(&self, state: &State, place: Place) -> Span<'static> {
        let name = place.environment.and_then(|index| state.environments.get(index));
        match name {
            Some(environment) => Span::styled(environment.name.clone(), self.kind_text_style(place.kind)),
            None => Span::styled(t!(self.texts, "screens.unassigned"), self.theme.dim),
        }
    }

    /// Returns mark and word for how a service fares.
    pub fn steadiness(&self, steadiness: Steadiness) -> (&'static str, &'static str, Style) {
        let (glyphs, theme) = (self.glyphs, &self.theme);
        match steadiness {
            Steadiness::Steady => (glyphs.ok, t!(self.texts, "screens.steadiness.steady"), theme.ok),
            Steadiness::Stopped => (glyphs.separator, t!(self.texts, "screens.steadiness.stopped"), theme.dim),
            Steadiness::Draining => (glyphs.separator, t!(self.texts, "screens.steadiness.draining"), theme.dim),
            Steadiness::Rolling => (glyphs.progress, t!(self.texts, "screens.steadiness.rolling"), theme.progress),
            Steadiness::Short => (glyphs.warning, t!(self.texts, "screens.steadiness.short"), theme.warning),
            Steadiness::Failing => (glyphs.critical, t!(self.texts, "screens.steadiness.failing"), theme.critical),
        }
    }

    /// Returns mark and word for the state of an alarm.
    pub fn alarm_state(&self, state: AlarmState) -> (&'static str, &'static str, Style) {
        match state {
            AlarmState::Ok => (self.glyphs.ok, t!(self.texts, "screens.alarm-state.ok"), self.theme.ok),
            AlarmState::InsufficientData => {
                (self.glyphs.unknown, t!(self.texts, "screens.alarm-state.no-data"), self.theme.unknown)
            }
            AlarmState::Alarm => {
                (self.glyphs.critical, t!(self.texts, "screens.alarm-state.alarm"), self.theme.critical)
            }
        }
    }

    /// Returns mark and word for a severity.
    pub fn severity(&self, severity: Severity) -> (&'static str, &'static str, Style) {
        match severity {
            Severity::Critical => {
                (self.glyphs.critical, t!(self.texts, "screens.severity.critical"), self.theme.critical)
            }
            Severity::High => (self.glyphs.critical, t!(self.texts, "screens.severity.high"), self.theme.warning),
            Severity::Medium => (self.glyphs.warning, t!(self.texts, "screens.severity.medium"), self.theme.warning),
            Severity::Low => (self.glyphs.notice, t!(self.texts, "screens.severity.low"), self.theme.dim),
        }
    }

    /// Returns the status of a panel, the most important first: what failed, whether it is stale, how old it is.
    pub fn freshness<T>(&self, state: &State, fetched: &Fetched<T>) -> Vec<Span<'static>> {
        let mut status = Vec::new();
        let age = fetched.at.map(|at| age(self.texts, state.now.duration_since(at)));
        match &fetched.phase {
            Phase::Failed(failure) => {
                let what = failure_line(self.texts, failure);
                status.push(Span::styled(format!("{} {what}", self.glyphs.denied), self.theme.warning));
                if let Some(age) = age {
                    let stale = t!(self.texts, "screens.stale", age = age);
                    status.push(Span::styled(format!("{} {stale}", self.glyphs.stale), self.theme.stale));
                }
            }
            Phase::Unasked | Phase::Refreshing if fetched.value.is_none() => {
                status.push(Span::styled(t!(self.texts, "screens.loading"), self.theme.dim));
            }
            _ => status.extend(age.map(|age| Span::styled(t!(self.texts, "screens.ago", age = age), self.theme.dim))),
        }
        status
    }
}

/// Returns the name of a panel within a sentence.
pub fn panel(texts: Texts, panel: Panel) -> &'static str {
    match panel {
        Panel::Identity => t!(texts, "screens.panel.identity"),
        Panel::Services => t!(texts, "screens.panel.services"),
        Panel::Tasks => t!(texts, "screens.panel.tasks"),
        Panel::Alarms => t!(texts, "screens.panel.alarms"),
        Panel::Metrics => t!(texts, "screens.panel.metrics"),
        Panel::Deployments => t!(texts, "screens.panel.deployments"),
        Panel::History => t!(texts, "screens.panel.history"),
        Panel::Waf => t!(texts, "screens.panel.waf"),
        Panel::WafRules => t!(texts, "screens.panel.waf-rules"),
        Panel::WafSamples => t!(texts, "screens.panel.waf-samples"),
        Panel::WafUse => t!(texts, "screens.panel.waf-use"),
        Panel::Findings => t!(texts, "screens.panel.findings"),
        Panel::FindingHistory => t!(texts, "screens.panel.finding-history"),
        Panel::Targets => t!(texts, "screens.panel.targets"),
        Panel::Log => t!(texts, "screens.panel.log"),
    }
}

/// Returns the two text keys of a failure: what happened, and what to do next.
fn failure_keys(kind: &FailureKind) -> (&'static str, &'static str) {
    match kind {
        FailureKind::Denied { .. } => ("aws.denied", "aws.denied-remedy"),
        FailureKind::NotSubscribed => ("aws.not-subscribed", "aws.not-subscribed-remedy"),
        FailureKind::NotEnabled => ("aws.not-enabled", "aws.not-enabled-remedy"),
        FailureKind::Throttled => ("aws.throttled", "aws.throttled-remedy"),
        FailureKind::Expired => ("aws.expired", "aws.expired-remedy"),
        FailureKind::NoRegion => ("aws.no-region", "aws.no-region-remedy"),
        FailureKind::NoCredentials => ("aws.no-credentials", "aws.no-credentials-remedy"),
        FailureKind::WrongAccount { .. } => ("aws.wrong-account", "aws.wrong-account-remedy"),
        FailureKind::WrongCaller { .. } => ("aws.wrong-caller", "aws.wrong-caller-remedy"),
        FailureKind::Refused => ("aws.refused", "aws.refused-remedy"),
        FailureKind::Unreachable { .. } => ("aws.unreachable", "aws.unreachable-remedy"),
        FailureKind::TimedOut => ("aws.timed-out", "aws.timed-out-remedy"),
        FailureKind::ServiceFault => ("aws.service-fault", "aws.service-fault-remedy"),
        FailureKind::Malformed => ("aws.malformed", "aws.malformed-remedy"),
        FailureKind::NotFound => ("aws.not-found", "aws.not-found-remedy"),
        FailureKind::Invalid => ("aws.invalid", "aws.invalid-remedy"),
    }
}

fn fill_failure(texts: Texts, key: &'static str, failure: &Failure, profile: &str) -> String {
    let mut values: Vec<(&str, &dyn std::fmt::Display)> =
        vec![("action", &failure.action), ("detail", &failure.detail), ("profile", &profile)];
    match &failure.kind {
        FailureKind::Denied { missing_action } => values[0] = ("action", missing_action),
        FailureKind::WrongAccount { expected, actual } | FailureKind::WrongCaller { expected, actual } => {
            values.push(("expected", expected));
            values.push(("actual", actual));
        }
        FailureKind::Unreachable { host } => values.push(("host", host)),
        _ => {}
    }
    texts.fill(key, &values)
}

/// Returns what happened, in one line.
pub fn failure_line(texts: Texts, failure: &Failure) -> String {
    fill_failure(texts, failure_keys(&failure.kind).0, failure, "")
}

/// Returns what to do about a failure of a source that reads with `profile`.
pub fn failure_remedy(texts: Texts, failure: &Failure, profile: &str) -> String {
    let profile = if profile.is_empty() { "default" } else { profile };
    fill_failure(texts, failure_keys(&failure.kind).1, failure, profile)
}

/// Returns what an alarm watches against its threshold: `5XX Sum > 10, 1 of 1 × 60 s`.
pub fn condition(texts: Texts, alarm: &Alarm) -> String {
    match &alarm.watches {
        Watches::Metric(rule) => metric_condition(texts, rule),
        Watches::Composite(rule) => rule.text.clone(),
    }
}

/// Returns the condition of a metric alarm.
pub fn metric_condition(texts: Texts, rule: &MetricRule) -> String {
    let what = match (&rule.expression, &rule.metric) {
        (Some(expression), _) => expression.clone(),
        (None, Some(metric)) => format!("{} {}", metric.name, rule.statistic),
        (None, None) => rule.statistic.clone(),
    };
    let threshold = rule.threshold.map_or_else(|| t!(texts, "screens.alarm.band").to_owned(), number);
    t!(
        texts,
        "screens.alarm.condition",
        what = what,
        sign = rule.sign(),
        threshold = threshold,
        m = rule.datapoints_to_alarm,
        n = rule.evaluation_periods,
        period = rule.period
    )
}

/// Returns a number with as many digits as help: `40`, `0.25`, `1.2k`.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "-".to_owned();
    }
    for (limit, unit) in [(1e9, "G"), (1e6, "M"), (1e4, "k")] {
        if size >= limit {
            let divisor = if unit == "k" { 1e3 } else { limit };
            return format!("{}{unit}", digits(value / divisor));
        }
    }
    digits(value)
}

fn digits(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.places$}")
}

/// Returns a share in whole percent: `71%`.
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}%"))
}

/// Returns one line that says what is wrong; a service is named with its cluster where its name alone is not enough.
pub fn trouble(texts: Texts, state: &State, place: Place, trouble: &Trouble) -> String {
    let now = state.now;
    let named = |service: &Service| {
        if state.overview.is_ambiguous(place, &service.key.service) {
            format!("{}/{}", service.key.cluster, service.key.service)
        } else {
            service.key.service.clone()
        }
    };
    match trouble {
        Trouble::Rollout { service, given_up } => {
            let failed = service.troubled_deployment().map_or(0, |deployment| deployment.failed);
            let (name, running, desired) = (named(service), service.running, service.desired);
            if *given_up {
                t!(texts, "screens.trouble.rollout-failed", name = name, running = running, desired = desired)
            } else {
                t!(
                    texts,
                    "screens.trouble.rollout-failing",
                    name = name,
                    running = running,
                    desired = desired,
                    failed = failed
                )
            }
        }
        Trouble::Short { service } if service.running == 0 => {
            t!(texts, "screens.trouble.none-running", name = named(service), desired = service.desired)
        }
        Trouble::Short { service } => t!(
            texts,
            "screens.trouble.short",
            name = named(service),
            running = service.running,
            desired = service.desired
        ),
        Trouble::LongRollout { service } => t!(
            texts,
            "screens.trouble.long-rollout",
            name = named(service),
            age = since(texts, now, service.unsteady_since())
        ),
        Trouble::Alarm { alarm } if alarm.description.is_empty() => {
            t!(texts, "screens.trouble.alarm", name = alarm.name)
        }
        Trouble::Alarm { alarm } => {
            t!(texts, "screens.trouble.alarm-described", name = alarm.name, description = alarm.description)
        }
        Trouble::WafSpike { acl, spike } => {
            let name = &acl.key.name;
            match spike.factor {
                Some(factor) => t!(texts, "screens.trouble.waf", name = name, factor = times(texts, factor)),
                None => t!(texts, "screens.trouble.waf-new", name = name, now = number(spike.now.round())),
            }
        }
        Trouble::Findings { finding, count: 1 } => finding_words(finding),
        Trouble::Findings { finding, count } => {
            t!(texts, "screens.trouble.findings", title = finding_words(finding), n = thousands(*count))
        }
        Trouble::Blind { panel: blind, failure } => {
            t!(texts, "screens.trouble.blind", panel = panel(texts, *blind), why = failure_line(texts, failure))
        }
        Trouble::Credentials { end } if *end <= now => t!(texts, "screens.trouble.credentials-ended").to_owned(),
        Trouble::Credentials { end } => {
            t!(texts, "screens.trouble.credentials-end", left = left(texts, end.duration_since(now)))
        }
    }
}

/// Returns a finding's title with who found it; what it is about, where it has none.
fn finding_words(finding: &Finding) -> String {
    let resource = || finding.resources.first().map_or(finding.key.id.as_str(), |resource| &resource.id);
    let title = if finding.title.is_empty() { resource() } else { &finding.title };
    let title: String = title.chars().take(400).collect();
    if finding.product.is_empty() { title } else { format!("{}: {title}", finding.product) }
}

/// Returns how many times the usual something is: `14×`.
pub fn times(texts: Texts, factor: f64) -> String {
    t!(texts, "screens.waf.times", factor = number(factor.round()))
}

/// Returns a count with its thousands apart: `12,345`.
pub fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Leaves out the words with which ECS begins every event of a service, `(service web)`: the row has said so.
pub fn event<'a>(message: &'a str, service: &str) -> &'a str {
    message
        .strip_prefix("(service ")
        .and_then(|rest| rest.strip_prefix(service))
        .and_then(|rest| rest.strip_prefix(") "))
        .unwrap_or(message)
}

/// Returns the revision alone where the family is the service's own, which the heading names.
pub fn revision<'a>(task_definition: &'a str, service: &Service) -> &'a str {
    let family = service.task_definition.split(':').next().unwrap_or_default();
    task_definition.strip_prefix(family).filter(|rest| rest.starts_with(':')).unwrap_or(task_definition)
}

/// Returns how the screen spells the stable names that rows are filtered by.
pub fn vocabulary(texts: Texts) -> Vec<(&'static str, &'static str)> {
    vec![
        ("steady", t!(texts, "screens.steadiness.steady")),
        ("stopped", t!(texts, "screens.steadiness.stopped")),
        ("draining", t!(texts, "screens.steadiness.draining")),
        ("rolling", t!(texts, "screens.steadiness.rolling")),
        ("short", t!(texts, "screens.steadiness.short")),
        ("failing", t!(texts, "screens.steadiness.failing")),
        ("OK", t!(texts, "screens.alarm-state.ok")),
        ("INSUFFICIENT_DATA", t!(texts, "screens.alarm-state.no-data")),
        ("ALARM", t!(texts, "screens.alarm-state.alarm")),
        ("unassigned", t!(texts, "screens.unassigned")),
    ]
}
