//! What a scenario must keep to beyond its grammar; each problem names its place.

mod security;
mod sessions;

use std::collections::{HashMap, HashSet};

use toml::Spanned;

use super::find_alarm;
use super::find_service;
use super::model::{AccountFile, AlarmFile, MetricFile, ScenarioFile, ServiceFile, StepFile, WafScope};
use super::span::Span;
use crate::simulator::clock::MINUTE;
use crate::simulator::world::{Comparison, Rule, Statistic, TreatMissingData};
pub use security::GLOBAL_REGION;

/// Something that is wrong, at a byte of the text.
#[derive(Debug)]
pub struct Problem {
    pub at: usize,
    pub message: String,
}

type Checked = Result<(), Problem>;

/// Fails with a message at a place unless something holds.
fn must(holds: bool, at: usize, message: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Problem { at, message: message() }) }
}

/// Checks a whole scenario.
pub fn check(file: &ScenarioFile) -> Checked {
    must(!file.account.is_empty(), 0, || "a scenario needs at least one [[account]]".to_owned())?;
    must(file.backfill.millis() >= 0, 0, || "`backfill` must not be negative".to_owned())?;
    let mut ids = HashSet::new();
    for account in &file.account {
        let (at, account) = (account.span().start, account.get_ref());
        let digits = account.id.len() == 12 && account.id.bytes().all(|byte| byte.is_ascii_digit());
        must(digits, at, || format!("`{}` is no account id: it has twelve digits", account.id))?;
        must(ids.insert(&account.id), at, || format!("the account {} is there twice", account.id))?;
        check_account(account, at)?;
    }
    for step in &file.step {
        check_step(file, step.get_ref(), step.span().start)?;
    }
    file.fault.iter().try_for_each(|fault| match fault.problem() {
        Some(message) => Err(Problem { at: 0, message }),
        None => Ok(()),
    })
}

fn check_account(account: &AccountFile, at: usize) -> Checked {
    must(!account.regions.is_empty(), at, || "`regions` must name at least one".to_owned())?;
    security::check_account(account, at)?;
    sessions::check_account(account)?;
    // An account whose distributions are guarded has something in the region where that is done.
    let global = account.web_acl.iter().any(|one| one.get_ref().scope == WafScope::Cloudfront);
    let region_known = |region: Option<&String>, at: usize| {
        let known = |region: &String| account.regions.contains(region) || (global && region == GLOBAL_REGION);
        must(region.is_none_or(known), at, || {
            format!("the region {} is not one of the account's", region.map_or("", String::as_str))
        })
    };
    let mut names = HashSet::new();
    for service in &account.service {
        let (at, one) = (service.span().start, service.get_ref());
        region_known(one.region.as_ref(), at)?;
        check_service(one, at)?;
        let fresh = names.insert((one.region.as_ref(), &one.cluster, &one.name));
        must(fresh, at, || format!("the service `{}` is there twice in {}", one.name, one.cluster))?;
    }
    for cluster in &account.cluster {
        region_known(cluster.get_ref().region.as_ref(), cluster.span().start)?;
    }
    for metric in &account.metric {
        region_known(metric.get_ref().region.as_ref(), metric.span().start)?;
        check_metric(metric.get_ref(), metric.span().start)?;
    }
    let mut alarms = HashMap::new();
    for alarm in &account.alarm {
        let (at, one) = (alarm.span().start, alarm.get_ref());
        region_known(one.region.as_ref(), at)?;
        let fresh = alarms.insert((one.region.as_ref(), one.name.as_str()), alarm).is_none();
        must(fresh, at, || format!("the alarm `{}` is there twice", one.name))?;
        if one.rule.is_none() {
            check_metric_alarm(account, one, at)?;
        }
    }
    account
        .alarm
        .iter()
        .filter(|alarm| alarm.get_ref().rule.is_some())
        .try_for_each(|alarm| check_composite(account, alarm))
}

fn check_service(one: &ServiceFile, at: usize) -> Checked {
    let bake = one.bake.millis();
    must(!one.name.is_empty() && !one.cluster.is_empty(), at, || "a service needs a name and a cluster".to_owned())?;
    must(one.name.chars().count() <= 255, at, || "a service's name has 255 characters at most".to_owned())?;
    must(!one.image.is_empty(), at, || "`image` must not be empty".to_owned())?;
    must(bake >= 0 && bake % MINUTE == 0, at, || "`bake` must be whole minutes".to_owned())?;
    must(one.max_percent >= 100 && one.min_healthy <= 100, at, || {
        "`min_healthy` is 100 at most, `max_percent` at least".to_owned()
    })?;
    let room = one.max_percent > 100 || one.min_healthy < 100;
    must(room, at, || "with `min_healthy` and `max_percent` both 100 no deployment can ever begin".to_owned())?;
    let positive = |span: Option<Span>| span.is_none_or(|span| span.millis() >= 0);
    let spans = positive(one.pull) && positive(one.health) && positive(one.latency) && positive(one.deployed);
    must(spans, at, || "a service's durations must not be negative".to_owned())?;
    let levels = [one.cpu, one.memory, one.requests, one.errors];
    must(levels.iter().all(|level| level.is_finite() && *level >= 0.0), at, || {
        "a level must not be negative".to_owned()
    })
}

fn check_metric(one: &MetricFile, at: usize) -> Checked {
    let numbers = [one.base, one.daily, one.noise];
    must(numbers.iter().all(|number| number.is_finite()), at, || {
        "`base`, `daily` and `noise` must be numbers".to_owned()
    })?;
    let whole = one.every.is_none_or(|every| every.millis() >= MINUTE && every.millis() % MINUTE == 0);
    must(whole, at, || "`every` must be whole minutes".to_owned())
}

fn check_metric_alarm(account: &AccountFile, one: &AlarmFile, at: usize) -> Checked {
    let named = |what: &str| format!("the alarm `{}` needs `{what}`", one.name);
    must(one.metric.is_some(), at, || named("metric"))?;
    must(one.threshold.is_some_and(f64::is_finite), at, || named("threshold"))?;
    must(one.namespace.is_some() || one.service.is_some(), at, || named("namespace` or `service"))?;
    if let Some(service) = &one.service {
        let found = account.service.iter().filter(|known| {
            known.get_ref().name == *service
                && one.cluster.as_ref().is_none_or(|cluster| *cluster == known.get_ref().cluster)
        });
        let count = found.count();
        must(count == 1, at, || {
            format!("the alarm `{}` must name one service: {count} are called `{service}`", one.name)
        })?;
    }
    if let Some(word) = &one.statistic {
        word.parse::<Statistic>().map_err(|error| Problem { at, message: error.to_string() })?;
    }
    let sign = one.compare.as_deref().is_none_or(|sign| Comparison::from_sign(sign).is_some());
    must(sign, at, || "`compare` is one of >, >=, <, <=".to_owned())?;
    let word = one.missing.as_deref().is_none_or(|word| TreatMissingData::from_word(word).is_some());
    must(word, at, || "`missing` is one of missing, ignore, breaching, notBreaching".to_owned())?;
    let period = one.period.is_none_or(|period| period.millis() >= MINUTE && period.millis() % MINUTE == 0);
    must(period, at, || "`period` must be whole minutes".to_owned())?;
    let (m, n) = (one.datapoints.or(one.evaluate).unwrap_or(1), one.evaluate.unwrap_or(1));
    must((1..=n).contains(&m) && n <= 100, at, || {
        "`datapoints` must be from 1 to `evaluate`, and that 100 at most".to_owned()
    })
}

fn check_composite(account: &AccountFile, alarm: &Spanned<AlarmFile>) -> Checked {
    let (at, one) = (alarm.span().start, alarm.get_ref());
    let rule = |one: &AlarmFile| one.rule.as_deref().map(Rule::parse).transpose();
    let known = |name: &str| {
        account.alarm.iter().map(Spanned::get_ref).find(|alarm| alarm.name == name && alarm.region == one.region)
    };
    rule(one).map_err(|error| Problem { at, message: error.to_string() })?;
    // Whatever it reaches must not reach back.
    let mut reached: Vec<String> = vec![one.name.clone()];
    let mut next = 0;
    while let Some(name) = reached.get(next).cloned() {
        next += 1;
        let Some(alarm) = known(&name) else {
            return Err(Problem {
                at,
                message: format!("the alarm `{}` speaks of `{name}`, which is not there", one.name),
            });
        };
        let Ok(Some(rule)) = rule(alarm) else { continue };
        for child in rule.children() {
            must(child != one.name, at, || format!("the alarm `{}` depends on itself", one.name))?;
            if !reached.iter().any(|known| known == child) {
                reached.push(child.to_owned());
            }
        }
    }
    let suppressor = one.suppressor.as_deref().is_none_or(|name| known(name).is_some());
    must(suppressor, at, || format!("the suppressor of `{}` is not there", one.name))
}

fn check_step(file: &ScenarioFile, step: &StepFile, at: usize) -> Checked {
    let service = |account: &Option<String>, cluster: &Option<String>, name: &str| {
        find_service(file, account.as_deref(), cluster.as_deref(), name)
            .map(|_| ())
            .map_err(|message| Problem { at, message })
    };
    let kinds = [
        step.deploy.is_some(),
        step.scale.is_some(),
        step.stop.is_some(),
        step.event.is_some(),
        step.metric.is_some(),
        step.alarm.is_some(),
        step.attack.is_some(),
        step.delete.is_some(),
        step.finding.is_some(),
        step.log.is_some(),
    ];
    must(kinds.iter().filter(|there| **there).count() == 1, at, || {
        "a step does exactly one of deploy, scale, stop, event, log, metric, alarm, attack, delete, finding".to_owned()
    })?;
    if let Some(one) = &step.deploy {
        service(&one.account, &one.cluster, &one.service)?;
    }
    if let Some(one) = &step.scale {
        service(&one.account, &one.cluster, &one.service)?;
    }
    if let Some(one) = &step.stop {
        service(&one.account, &one.cluster, &one.service)?;
    }
    if let Some(one) = &step.event {
        service(&one.account, &one.cluster, &one.service)?;
    }
    if let Some(one) = &step.log {
        service(&one.account, &one.cluster, &one.service)?;
        must(!one.text.is_empty() && one.times >= 1, at, || "a line has a text, once at least".to_owned())?;
    }
    if let Some(one) = &step.metric {
        must(one.to.is_finite() && one.over.millis() >= 0, at, || {
            "`to` must be a number and `over` not negative".to_owned()
        })?;
        if let Some(name) = &one.service {
            service(&one.account, &one.cluster, name)?;
        }
    }
    if let Some(one) = &step.alarm {
        must(find_alarm(file, one.account.as_deref(), &one.name), at, || format!("there is no alarm `{}`", one.name))?;
    }
    security::check_step(file, step, at)
}
