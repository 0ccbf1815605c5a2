//! From a scenario to an estate.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::alarm::{AlarmCommon, CompositeAlarm, MetricAlarm, Suppressor};
use super::evaluate::{Comparison, Criteria, Missing};
use super::plan::{Order, ServicePlan, TargetGroup};
use super::point::Statistic;
use super::rule::Rule;
use super::series::{Custom, Series, Shift, Source};
use super::{Account, Region, Service, World};
use crate::simulator::clock::{DAY, HOUR, MINUTE, Millis, SECOND, seconds};
use crate::simulator::random::{Dice, stable_hash};
use crate::simulator::scenario::{
    AccountFile, AlarmFile, MetricFile, ScenarioFile, ServiceFile, ShiftFile, StepFile, find_service,
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
        let mut regions: BTreeMap<String, Region> = account
            .regions
            .iter()
            .map(|name| {
                let region = Region {
                    account: account.id.clone(),
                    name: name.clone(),
                    history_from: self.history_from,
                    ..Region::default()
                };
                (name.clone(), region)
            })
            .collect();
        let home = account.regions.first().cloned().unwrap_or_default();
        let name = |region: &Option<String>| region.clone().unwrap_or_else(|| home.clone());
        let orders = self.orders(index, account.service.len());
        for (service, orders) in account.service.iter().zip(orders) {
            let service = service.get_ref();
            let region_name = name(&service.region);
            if let Some(region) = regions.get_mut(&region_name) {
                region.add_service(self.plan(&account.id, &region_name, service, orders));
            }
        }
        for cluster in account.cluster.iter().map(toml::Spanned::get_ref) {
            if let Some(region) = regions.get_mut(&name(&cluster.region)) {
                region.clusters.entry(cluster.name.clone()).or_default().tags = pairs(&cluster.tags);
            }
        }
        for metric in account.metric.iter().map(toml::Spanned::get_ref) {
            if let Some(region) = regions.get_mut(&name(&metric.region)) {
                region.metrics.add(self.custom(&account.id, metric));
            }
        }
        for region in regions.values_mut() {
            region.add_service_metrics(self.file.seed);
            self.shift(&account.id, region);
        }
        for alarm in account.alarm.iter().map(toml::Spanned::get_ref) {
            if let Some(region) = regions.get_mut(&name(&alarm.region)) {
                self.alarm(account, alarm, region);
            }
        }
        for region in regions.values_mut() {
            region.metric_alarms.sort_by(|one, other| one.common.name.cmp(&other.common.name));
            sort_composites(&mut region.composite_alarms);
        }
        Account { regions }
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
            circuit_breaker: one.circuit_breaker,
            rollback: one.rollback,
            bake: one.bake.millis(),
            min_healthy: one.min_healthy,
            max_percent: one.max_percent,
            pull: one.pull.map_or(13 * SECOND, |span| span.millis()),
            health: one.health.map_or(18 * SECOND, |span| span.millis()),
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
        }
    }

    fn custom(&self, account: &str, one: &MetricFile) -> Series {
        let until = one.until.map_or(Millis::MAX, |span| self.start.saturating_add(span.millis()));
        let custom = Custom {
            base: one.base,
            daily: one.daily,
            noise: one.noise,
            count: one.count,
            sparse: one.sparse,
            every: one.every.map_or(1, |every| every.millis() / MINUTE),
            until,
        };
        let unit = one.unit.clone().unwrap_or_else(|| if one.count { "Count" } else { "None" }.to_owned());
        Series {
            namespace: one.namespace.clone(),
            name: one.name.clone(),
            hash: stable_hash(self.file.seed, &["metric", account, &one.namespace, &one.name]),
            dimensions: pairs(&one.dimensions),
            unit,
            source: Source::Custom(custom),
            shifts: Vec::new(),
        }
    }

    /// Moves a region's metrics as the story's steps say.
    fn shift(&self, account: &str, region: &mut Region) {
        for step in self.file.step.iter().map(toml::Spanned::get_ref) {
            let Some(one) = step.metric.as_ref().filter(|one| one.account.as_deref().is_none_or(|id| id == account))
            else {
                continue;
            };
            let at = self.at(step);
            let over = one.over.millis();
            let until = one.lasts.map_or(Millis::MAX, |lasts| at.saturating_add(over).saturating_add(lasts.millis()));
            let wanted: Vec<bool> = region.metrics.all().iter().map(|series| is_meant(one, series, region)).collect();
            for (series, _) in region.metrics.all_mut().iter_mut().zip(wanted).filter(|(_, wanted)| *wanted) {
                series.shifts.push(Shift { at, to: one.to, over, until });
                series.shifts.sort_by_key(|shift| shift.at);
            }
        }
    }

    fn alarm(&self, account: &AccountFile, one: &AlarmFile, region: &mut Region) {
        let mut dice = Dice::new(self.file.seed, &["alarm", &account.id, &one.name]);
        let usual = dice.between(20, 300) * DAY + dice.between(0, 86_399) * SECOND;
        let configured = self.start.saturating_sub(one.configured.map_or(usual, |span| span.millis()));
        let mut switched = vec![(configured, one.actions_enabled)];
        for step in self.file.step.iter().map(toml::Spanned::get_ref) {
            let toggle = step.alarm.as_ref().filter(|toggle| toggle.name == one.name);
            if let Some(toggle) = toggle.filter(|toggle| toggle.account.as_deref().is_none_or(|id| id == account.id)) {
                switched.push((self.at(step), toggle.enabled));
            }
        }
        switched.sort_by_key(|(at, _)| *at);
        let topic = |action: &String| match action.starts_with("arn:") {
            true => action.clone(),
            false => format!("arn:aws:sns:{}:{}:{action}", region.name, account.id),
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

/// Takes the order out of a step that is one for a service: account, cluster, service and what to do.
#[expect(clippy::type_complexity, reason = "the parts of one address, taken apart at once by the only caller")]
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

/// Whether a step's shift is meant for a metric.
fn is_meant(one: &ShiftFile, series: &Series, region: &Region) -> bool {
    let of_service = |name: &String| {
        series.source.services().iter().filter_map(|index| region.services.get(*index)).any(|service| {
            service.plan.name == *name && one.cluster.as_ref().is_none_or(|cluster| *cluster == service.plan.cluster)
        })
    };
    series.name == one.name
        && one.namespace.as_ref().is_none_or(|namespace| *namespace == series.namespace)
        && one.dimensions.iter().all(|pair| series.dimensions.iter().any(|(name, value)| (name, value) == pair))
        && one.service.as_ref().is_none_or(of_service)
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
    let usual = if metric.ends_with("Count") { Statistic::Sum } else { Statistic::Average };
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
            missing: one.missing.as_deref().and_then(Missing::from_word).unwrap_or(Missing::Missing),
        },
    }
}

fn is_balancer_metric(name: &str) -> bool {
    matches!(name, "RequestCount" | "HTTPCode_Target_5XX_Count" | "TargetResponseTime")
}

fn service_dimensions(plan: &ServicePlan) -> Vec<(String, String)> {
    vec![("ClusterName".to_owned(), plan.cluster.clone()), ("ServiceName".to_owned(), plan.name.clone())]
}

fn balancer_dimensions(group: &TargetGroup) -> Vec<(String, String)> {
    vec![
        ("LoadBalancer".to_owned(), group.balancer_dimension.clone()),
        ("TargetGroup".to_owned(), group.dimension.clone()),
    ]
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<(String, String)> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Puts the account's own registry before an image that names none.
fn full_image(account: &str, region: &str, image: &str) -> String {
    if image.contains('/') { image.to_owned() } else { format!("{account}.dkr.ecr.{region}.amazonaws.com/{image}") }
}

/// Puts children before their parents; a scenario's rules have no circle.
fn sort_composites(composites: &mut Vec<CompositeAlarm>) {
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

impl Region {
    fn add_service(&mut self, plan: ServicePlan) {
        let index = self.services.len();
        self.clusters.entry(plan.cluster.clone()).or_default().services.insert(plan.name.clone(), index);
        self.families.insert(plan.family(), index);
        self.services.push(Service::new(Arc::new(plan)));
    }

    /// Adds what AWS publishes of each service, and of the balancers before them.
    fn add_service_metrics(&mut self, seed: u64) {
        let mut balancers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let plans: Vec<Arc<ServicePlan>> = self.services.iter().map(|service| Arc::clone(&service.plan)).collect();
        for (index, plan) in plans.iter().enumerate() {
            for (name, source) in [("CPUUtilization", Source::Cpu(index)), ("MemoryUtilization", Source::Memory(index))]
            {
                self.add_metric(seed, "AWS/ECS", name, service_dimensions(plan), "Percent", source);
            }
            let Some(group) = &plan.target_group else { continue };
            balancers.entry(group.balancer_dimension.clone()).or_default().push(index);
            self.add_balancer_metrics(seed, &balancer_dimensions(group), &[index]);
        }
        for (balancer, services) in balancers {
            self.add_balancer_metrics(seed, &[("LoadBalancer".to_owned(), balancer)], &services);
        }
    }

    fn add_balancer_metrics(&mut self, seed: u64, dimensions: &[(String, String)], services: &[usize]) {
        let of = services.to_vec();
        let metrics = [
            ("RequestCount", "Count", Source::Requests(of.clone())),
            ("HTTPCode_Target_5XX_Count", "Count", Source::Errors(of.clone())),
            ("TargetResponseTime", "Seconds", Source::Latency(of)),
        ];
        for (name, unit, source) in metrics {
            self.add_metric(seed, "AWS/ApplicationELB", name, dimensions.to_vec(), unit, source);
        }
    }

    fn add_metric(
        &mut self,
        seed: u64,
        namespace: &str,
        name: &str,
        dimensions: Vec<(String, String)>,
        unit: &str,
        source: Source,
    ) {
        let mut parts = vec![self.account.as_str(), self.name.as_str(), namespace, name];
        parts.extend(dimensions.iter().map(|(_, value)| value.as_str()));
        let hash = stable_hash(seed, &parts);
        self.metrics.add(Series {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions,
            unit: unit.to_owned(),
            source,
            hash,
            shifts: Vec::new(),
        });
    }
}
