//! From a scenario to an estate.

mod alarms;
mod findings;
mod metrics;
pub mod sessions;
mod waf;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::{Breaker, Order, ServicePlan, TargetGroup};
use super::{Account, ExecConfiguration, Region, Service, World};
use crate::simulator::clock::{DAY, HOUR, MINUTE, Millis, SECOND, seconds};
use crate::simulator::random::Dice;
use crate::simulator::scenario::{
    AccountFile, GLOBAL_REGION, Place, ScenarioFile, ServiceFile, Span, StepFile, WafScope, find_service,
};

impl World {
    /// Builds the estate of a scenario whose story begins at a time.
    pub fn new(file: &ScenarioFile, start: Millis) -> Self {
        let history_from = start.saturating_sub(file.backfill.millis());
        let builder = Builder { file, start, history_from };
        let accounts = file.account.iter().enumerate().map(|(index, account)| {
            let account = account.get_ref();
            (account.id.clone(), builder.account(index, account))
        });
        Self { accounts: accounts.collect(), history_from }
    }
}

struct Builder<'a> {
    file: &'a ScenarioFile,
    start: Millis,
    history_from: Millis,
}

impl Builder<'_> {
    fn account(&self, index: usize, account: &AccountFile) -> Account {
        // What guards CloudFront lives in one region, whether or not anything else does.
        let global = account.web_acl.iter().any(|one| one.get_ref().scope == WafScope::Cloudfront);
        let mut regions: BTreeMap<String, Region> = account
            .regions
            .iter()
            .map(String::as_str)
            .chain(global.then_some(GLOBAL_REGION))
            .map(|name| {
                let region = Region {
                    account: account.id.clone(),
                    name: name.to_owned(),
                    history_from: self.history_from,
                    ..Region::default()
                };
                (name.to_owned(), region)
            })
            .collect();
        let home = account.regions.first().cloned().unwrap_or_default();
        let name = |region: &Option<String>| region.clone().unwrap_or_else(|| home.clone());
        let orders = self.orders(index, account.service.len());
        for (place, (service, orders)) in account.service.iter().zip(orders).enumerate() {
            let service = service.get_ref();
            let region_name = name(&service.region);
            if let Some(region) = regions.get_mut(&region_name) {
                let mut plan = self.plan(&account.id, &region_name, service, orders);
                plan.said = self.said(Place { account: index, service: place });
                region.add_service(plan);
            }
        }
        for cluster in account.cluster.iter().map(toml::Spanned::get_ref) {
            if let Some(region) = regions.get_mut(&name(&cluster.region)) {
                let key = cluster
                    .exec_key
                    .as_deref()
                    .map(|alias| sessions::key_arn(self.file.seed, &region.account, &region.name, alias));
                let exec = ExecConfiguration::of(cluster, key);
                let known = region.clusters.entry(cluster.name.clone()).or_default();
                (known.tags, known.exec) = (pairs(&cluster.tags), exec);
            }
        }
        for metric in account.metric.iter().map(toml::Spanned::get_ref) {
            if let Some(region) = regions.get_mut(&name(&metric.region)) {
                region.metrics.add(self.custom(&account.id, metric));
            }
        }
        for region in regions.values_mut() {
            region.add_service_metrics(self.file.seed);
        }
        for (place, acl) in account.web_acl.iter().map(toml::Spanned::get_ref).enumerate() {
            if let Some(region) = regions.get_mut(waf::region_of(acl, &home)) {
                self.web_acl((index, place), account, acl, region);
            }
        }
        for region in regions.values_mut() {
            self.shift(&account.id, region);
            region.web_acls.sort_by(|one, other| one.name.cmp(&other.name));
        }
        for alarm in account.alarm.iter().map(toml::Spanned::get_ref) {
            if let Some(region) = regions.get_mut(&name(&alarm.region)) {
                self.alarm(account, alarm, region);
            }
        }
        for region in regions.values_mut() {
            region.metric_alarms.sort_by(|one, other| one.common.name.cmp(&other.common.name));
            alarms::sort_composites(&mut region.composite_alarms);
        }
        for region in regions.values_mut() {
            self.sessions(account, &home, region);
        }
        let findings = self.findings(index, account);
        Account { regions, findings }
    }

    fn at(&self, step: &StepFile) -> Millis {
        self.start.saturating_add(step.at.millis())
    }

    /// The orders for each of an account's services, in the order of their times.
    fn orders(&self, account: usize, services: usize) -> Vec<Vec<(Millis, Order)>> {
        let mut all = vec![Vec::new(); services];
        for step in self.file.step.iter().map(toml::Spanned::get_ref) {
            let Some((id, cluster, service, order)) = order(step) else { continue };
            let place = find_service(self.file, id.as_deref(), cluster.as_deref(), service);
            let Ok(place) = place else { continue };
            if let Some(orders) = all.get_mut(place.service).filter(|_| place.account == account) {
                orders.push((self.at(step), order));
            }
        }
        for orders in &mut all {
            orders.sort_by_key(|(at, _)| *at);
        }
        all
    }

    /// What steps make a service's tasks write to their logs.
    fn said(&self, place: Place) -> Vec<(Millis, String)> {
        let steps = self.file.step.iter().map(toml::Spanned::get_ref);
        let lines = steps.filter_map(|step| {
            let one = step.log.as_ref()?;
            let meant = find_service(self.file, one.account.as_deref(), one.cluster.as_deref(), &one.service);
            (meant == Ok(place)).then(|| (self.at(step), one.text.repeat(one.times as usize)))
        });
        lines.collect()
    }

    fn plan(&self, account: &str, region: &str, one: &ServiceFile, orders: Vec<(Millis, Order)>) -> ServicePlan {
        let seed = self.file.seed;
        let mut dice = Dice::new(seed, &["service", account, region, &one.cluster, &one.name]);
        let (days, hours) = (dice.between(1, 8), dice.between(2, 22));
        let usual = self.start - days * DAY - hours * HOUR - dice.between(0, 59) * MINUTE;
        let first_order = orders.first().map_or(Millis::MAX, |(at, _)| *at);
        let deployed = one.deployed.map_or(usual, |span| self.start.saturating_sub(span.millis()));
        let image = |image: &str| full_image(account, region, image);
        let orders = orders
            .into_iter()
            .map(|(at, order)| match order {
                Order::Deploy { image: short, fails, reason } => {
                    (at, Order::Deploy { image: image(&short), fails, reason })
                }
                other => (at, other),
            })
            .collect();
        let (tenths, revision) = (dice.between(6, 14), dice.between(4, 60));
        ServicePlan {
            seed,
            account: account.to_owned(),
            region: region.to_owned(),
            cluster: one.cluster.clone(),
            name: one.name.clone(),
            desired: one.desired,
            image: image(&one.image),
            sidecar: one.sidecar.as_deref().map(image),
            cpu_units: one.cpu_units,
            memory_mib: one.memory_mib,
            cpu: one.cpu * f64::from(i32::try_from(tenths).unwrap_or(10)) / 10.0,
            memory: one.memory,
            spot: one.spot,
            exec: one.exec,
            exec_agent: one.exec_agent,
            platform: one.platform.clone(),
            readonly_root: one.readonly_root.unwrap_or(!one.exec),
            controller: one.controller,
            breaker: match (one.circuit_breaker, one.rollback) {
                (false, _) => Breaker::Off,
                (true, false) => Breaker::Stop,
                (true, true) => Breaker::Rollback,
            },
            bake: one.bake.millis(),
            min_healthy: one.min_healthy,
            max_percent: one.max_percent,
            pull: one.pull.map_or(13 * SECOND, Span::millis),
            health: one.health.map_or(18 * SECOND, Span::millis),
            port: one.port,
            target_group: one
                .balancer
                .as_deref()
                .map(|balancer| TargetGroup::new(seed, account, region, balancer, &one.cluster, &one.name)),
            requests: one.requests,
            errors: one.errors,
            latency: one.latency.map_or(0.12, |span| seconds(span.millis())),
            // Whatever the scenario does to it, it was there an hour before.
            deployed: deployed.min(first_order.saturating_sub(HOUR)),
            revision: one.revision.unwrap_or_else(|| u32::try_from(revision).unwrap_or(1)),
            tags: pairs(&one.tags),
            orders,
            said: Vec::new(),
        }
    }
}

/// Takes the order out of a step that is one for a service: account, cluster, service and what to do.
fn order(step: &StepFile) -> Option<(&Option<String>, &Option<String>, &str, Order)> {
    if let Some(one) = &step.deploy {
        let order = Order::Deploy { image: one.image.clone(), fails: one.fails, reason: one.reason.clone() };
        return Some((&one.account, &one.cluster, &one.service, order));
    }
    if let Some(one) = &step.scale {
        return Some((&one.account, &one.cluster, &one.service, Order::Scale(one.desired)));
    }
    if let Some(one) = &step.stop {
        let order = Order::Stop { tasks: one.tasks, spot: one.spot, reason: one.reason.clone() };
        return Some((&one.account, &one.cluster, &one.service, order));
    }
    let one = step.event.as_ref()?;
    Some((&one.account, &one.cluster, &one.service, Order::Say(one.text.clone())))
}

/// Takes a table's pairs, in the order of their keys.
fn pairs(map: &BTreeMap<String, String>) -> Vec<(String, String)> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Puts the account's own registry before an image that names none.
fn full_image(account: &str, region: &str, image: &str) -> String {
    if image.contains('/') { image.to_owned() } else { format!("{account}.dkr.ecr.{region}.amazonaws.com/{image}") }
}

impl Region {
    fn add_service(&mut self, plan: ServicePlan) {
        let index = self.services.len();
        self.clusters.entry(plan.cluster.clone()).or_default().services.insert(plan.name.clone(), index);
        self.families.insert(plan.family(), index);
        self.services.push(Service::new(Arc::new(plan)));
    }
}
