//! The metrics of a scenario: what AWS publishes of its services, and what its applications publish themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Builder, pairs};
use crate::simulator::clock::{MINUTE, Millis};
use crate::simulator::random::stable_hash;
use crate::simulator::scenario::{MetricFile, ShiftFile};
use crate::simulator::world::plan::TargetGroup;
use crate::simulator::world::series::{Custom, Series, Shift, Source};
use crate::simulator::world::{Region, ServicePlan};

impl Builder<'_> {
    /// Makes an application's own metric.
    pub fn custom(&self, account: &str, one: &MetricFile) -> Series {
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
    pub fn shift(&self, account: &str, region: &mut Region) {
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

/// The dimensions of what ECS publishes of a service.
pub fn service_dimensions(plan: &ServicePlan) -> Vec<(String, String)> {
    vec![("ClusterName".to_owned(), plan.cluster.clone()), ("ServiceName".to_owned(), plan.name.clone())]
}

/// The dimensions of what a load balancer publishes of a target group.
pub fn balancer_dimensions(group: &TargetGroup) -> Vec<(String, String)> {
    vec![
        ("LoadBalancer".to_owned(), group.balancer_dimension.clone()),
        ("TargetGroup".to_owned(), group.dimension.clone()),
    ]
}

impl Region {
    /// Adds what AWS publishes of each service, and of the balancers before them.
    pub fn add_service_metrics(&mut self, seed: u64) {
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
            let hosts =
                [("HealthyHostCount", Source::Healthy(index)), ("UnHealthyHostCount", Source::Unhealthy(index))];
            for (name, source) in hosts {
                self.add_metric(seed, "AWS/ApplicationELB", name, balancer_dimensions(group), "Count", source);
            }
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
