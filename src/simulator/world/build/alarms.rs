//! The alarms of a scenario.

use super::metrics::{balancer_dimensions, service_dimensions};
use super::{Builder, pairs};
use crate::simulator::clock::{DAY, MINUTE, SECOND};
use crate::simulator::random::Dice;
use crate::simulator::scenario::{AccountFile, AlarmFile, Span};
use crate::simulator::world::alarm::{AlarmCommon, CompositeAlarm, MetricAlarm, Suppressor};
use crate::simulator::world::evaluate::{Comparison, Criteria, TreatMissingData};
use crate::simulator::world::{Region, Rule, ServicePlan, Statistic};

impl Builder<'_> {
    /// Adds an alarm of either kind to its region.
    pub fn alarm(&self, account: &AccountFile, one: &AlarmFile, region: &mut Region) {
        let mut dice = Dice::new(self.file.seed, &["alarm", &account.id, &one.name]);
        let usual = dice.between(20, 300) * DAY + dice.between(0, 86_399) * SECOND;
        let configured = self.start.saturating_sub(one.configured.map_or(usual, Span::millis));
        let mut switched = vec![(configured, one.actions_enabled)];
        for step in self.file.step.iter().map(toml::Spanned::get_ref) {
            let toggle = step.alarm.as_ref().filter(|toggle| toggle.name == one.name);
            if let Some(toggle) = toggle.filter(|toggle| toggle.account.as_deref().is_none_or(|id| id == account.id)) {
                switched.push((self.at(step), toggle.enabled));
            }
        }
        switched.sort_by_key(|(at, _)| *at);
        let topic = |action: &String| {
            let own = format!("arn:aws:sns:{}:{}:{action}", region.name, account.id);
            if action.starts_with("arn:") { action.clone() } else { own }
        };
        let common = AlarmCommon {
            name: one.name.clone(),
            arn: format!("arn:aws:cloudwatch:{}:{}:alarm:{}", region.name, account.id, one.name),
            description: one.description.clone(),
            actions: one.actions.iter().map(topic).collect(),
            ok_actions: one.ok_actions.iter().map(topic).collect(),
            configured,
            switched,
        };
        match one.rule.as_deref().map(Rule::parse) {
            Some(Ok(rule)) => region.composite_alarms.push(CompositeAlarm {
                common,
                text: one.rule.clone().unwrap_or_default(),
                rule,
                suppressor: one.suppressor.as_ref().map(|alarm| Suppressor {
                    alarm: alarm.clone(),
                    wait: one.suppressor_wait.unwrap_or_default().millis(),
                    extension: one.suppressor_extension.unwrap_or_default().millis(),
                }),
            }),
            Some(Err(_)) => {}
            None => {
                let alarm = metric_alarm(common, one, region);
                region.metric_alarms.push(alarm);
            }
        }
    }
}

fn metric_alarm(common: AlarmCommon, one: &AlarmFile, region: &Region) -> MetricAlarm {
    let metric = one.metric.clone().unwrap_or_default();
    let service = one.service.as_ref().and_then(|name| {
        let matches = |plan: &ServicePlan| {
            plan.name == *name && one.cluster.as_ref().is_none_or(|cluster| *cluster == plan.cluster)
        };
        region.services.iter().map(|service| &service.plan).find(|plan| matches(plan))
    });
    let group = service.and_then(|plan| plan.target_group.as_ref()).filter(|_| is_balancer_metric(&metric));
    let (namespace, mut dimensions) = match (service, group) {
        (_, Some(group)) => ("AWS/ApplicationELB", balancer_dimensions(group)),
        (Some(plan), None) => ("AWS/ECS", service_dimensions(plan)),
        (None, None) => ("", Vec::new()),
    };
    dimensions.extend(pairs(&one.dimensions));
    let periods = one.evaluate.unwrap_or(1);
    let counts = metric.ends_with("Count") && !metric.ends_with("HostCount");
    let usual = if counts { Statistic::Sum } else { Statistic::Average };
    let sign = one.compare.as_deref().and_then(Comparison::from_sign);
    MetricAlarm {
        common,
        namespace: one.namespace.clone().unwrap_or_else(|| namespace.to_owned()),
        metric,
        dimensions,
        statistic: one.statistic.as_deref().and_then(|word| word.parse().ok()).unwrap_or(usual),
        period: one.period.map_or(1, |period| period.millis() / MINUTE),
        criteria: Criteria {
            comparison: sign.unwrap_or(Comparison::GreaterOrEqual),
            threshold: one.threshold.unwrap_or_default(),
            periods: periods as usize,
            to_alarm: one.datapoints.unwrap_or(periods) as usize,
            missing: one.missing.as_deref().and_then(TreatMissingData::from_word).unwrap_or(TreatMissingData::Missing),
        },
    }
}

fn is_balancer_metric(name: &str) -> bool {
    matches!(
        name,
        "RequestCount" | "HTTPCode_Target_5XX_Count" | "TargetResponseTime" | "HealthyHostCount" | "UnHealthyHostCount"
    )
}

/// Puts children before their parents; a scenario's rules have no circle.
pub fn sort_composites(composites: &mut Vec<CompositeAlarm>) {
    composites.sort_by(|one, other| one.common.name.cmp(&other.common.name));
    let mut sorted: Vec<CompositeAlarm> = Vec::with_capacity(composites.len());
    while !composites.is_empty() {
        let waits_for = |one: &CompositeAlarm| {
            one.rule.children().iter().any(|child| composites.iter().any(|c| c.common.name == *child))
        };
        let ready = composites.iter().position(|one| !waits_for(one)).unwrap_or(0);
        sorted.push(composites.remove(ready));
    }
    *composites = sorted;
}
