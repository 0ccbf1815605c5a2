//! What a service is and what will happen to it: read once from the scenario, never changed.

use crate::simulator::clock::Millis;
use crate::simulator::random::Dice;
use crate::simulator::scenario::{Controller, ExecAgent, Fails};

/// A service's fixed facts, and the orders that its story holds.
#[derive(Debug)]
pub struct ServicePlan {
    pub seed: u64,
    pub account: String,
    pub region: String,
    pub cluster: String,
    pub name: String,
    pub desired: u32,
    /// The image of the first deployment, with its registry.
    pub image: String,
    pub sidecar: Option<String>,
    pub cpu_units: u32,
    pub memory_mib: u32,
    /// Usual CPU utilisation, percent.
    pub cpu: f64,
    /// Usual memory utilisation, percent.
    pub memory: f64,
    pub spot: bool,
    pub exec: bool,
    /// How the agent of ECS Exec stands.
    pub exec_agent: ExecAgent,
    /// The version of Fargate's platform.
    pub platform: String,
    /// Whether containers cannot write to their own file system.
    pub readonly_root: bool,
    pub controller: Controller,
    pub breaker: Breaker,
    pub bake: Millis,
    pub min_healthy: u32,
    pub max_percent: u32,
    pub pull: Millis,
    pub health: Millis,
    pub port: u16,
    pub target_group: Option<TargetGroup>,
    /// Usual requests a minute.
    pub requests: f64,
    /// Usual 5xx answers a minute.
    pub errors: f64,
    /// Usual response time in seconds.
    pub latency: f64,
    /// When the first deployment began.
    pub deployed: Millis,
    /// The task definition's revision of the first deployment.
    pub revision: u32,
    pub tags: Vec<(String, String)>,
    /// In the order of their times.
    pub orders: Vec<(Millis, Order)>,
    /// What its tasks write to their logs besides.
    pub said: Vec<(Millis, String)>,
}

/// What the deployment circuit breaker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// It is off.
    Off,
    /// It fails a deployment, and leaves it there.
    Stop,
    /// It fails a deployment and rolls back to the last that completed.
    Rollback,
}

/// Something that is done to a service.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// A new task definition goes out.
    Deploy { image: String, fails: Option<Fails>, reason: Option<String> },
    /// Another number of tasks is wanted.
    Scale(u32),
    /// Running tasks are stopped from outside.
    Stop { tasks: u32, spot: bool, reason: Option<String> },
    /// The service says something.
    Say(String),
}

/// A target group behind an Application Load Balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// The balancer's name.
    pub balancer: String,
    /// `targetgroup/NAME/ID`, as the metric's dimension has it.
    pub dimension: String,
    /// `app/NAME/ID`, as the metric's dimension has it.
    pub balancer_dimension: String,
    /// The target group's ARN.
    pub arn: String,
    /// The balancer's ARN.
    pub balancer_arn: String,
}

/// `app/NAME/ID` of an Application Load Balancer.
fn balancer_dimension(seed: u64, account: &str, region: &str, balancer: &str) -> String {
    let id = Dice::new(seed, &["balancer", account, region, balancer]).hex(16);
    format!("app/{balancer}/{id}")
}

/// The ARN of an Application Load Balancer.
pub fn balancer_arn(seed: u64, account: &str, region: &str, balancer: &str) -> String {
    let dimension = balancer_dimension(seed, account, region, balancer);
    format!("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{dimension}")
}

impl TargetGroup {
    /// Makes the target group of a service behind a balancer.
    pub fn new(seed: u64, account: &str, region: &str, balancer: &str, cluster: &str, service: &str) -> Self {
        // A target group's name has 32 characters at most.
        let name: String = format!("{cluster}-{service}").chars().take(32).collect();
        let id = Dice::new(seed, &["target-group", account, region, cluster, service]).hex(16);
        let dimension = format!("targetgroup/{name}/{id}");
        Self {
            balancer: balancer.to_owned(),
            balancer_dimension: balancer_dimension(seed, account, region, balancer),
            arn: format!("arn:aws:elasticloadbalancing:{region}:{account}:{dimension}"),
            balancer_arn: balancer_arn(seed, account, region, balancer),
            dimension,
        }
    }
}

impl ServicePlan {
    /// Draws repeatable chance for a thing of this service.
    pub fn dice(&self, what: &str, number: usize) -> Dice {
        Dice::new(self.seed, &[&self.account, &self.region, &self.cluster, &self.name, what, &number.to_string()])
    }

    /// The task definition's family.
    pub fn family(&self) -> String {
        format!("{}-{}", self.cluster, self.name)
    }

    /// `arn:aws:ecs:REGION:ACCOUNT:`.
    pub fn arn_prefix(&self) -> String {
        format!("arn:aws:ecs:{}:{}:", self.region, self.account)
    }

    /// The service's ARN.
    pub fn arn(&self) -> String {
        format!("{}service/{}/{}", self.arn_prefix(), self.cluster, self.name)
    }

    /// The tags of its tasks: its own, which they take over, and those that ECS gives them.
    ///
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html#managed-tags>
    pub fn task_tags(&self) -> Vec<(String, String)> {
        let managed = [("aws:ecs:clusterName", &self.cluster), ("aws:ecs:serviceName", &self.name)];
        let managed = managed.into_iter().map(|(key, value)| (key.to_owned(), value.clone()));
        self.tags.iter().cloned().chain(managed).collect()
    }

    /// The cluster's ARN.
    pub fn cluster_arn(&self) -> String {
        format!("{}cluster/{}", self.arn_prefix(), self.cluster)
    }

    /// How many tasks must stay healthy during a deployment: rounded up, as ECS does.
    pub fn lower_limit(&self, desired: u32) -> usize {
        let limit = (u64::from(desired) * u64::from(self.min_healthy)).div_ceil(100);
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    /// How many tasks may exist during a deployment: rounded down, as ECS does.
    pub fn upper_limit(&self, desired: u32) -> usize {
        let limit = u64::from(desired) * u64::from(self.max_percent) / 100;
        usize::try_from(limit).unwrap_or(usize::MAX)
    }
}

/// After how many failed tasks the circuit breaker trips: half of what is wanted, from 3 to 200.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>
pub fn breaker_threshold(desired: u32) -> u32 {
    desired.div_ceil(2).clamp(3, 200)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, 3)]
    #[case(1, 3)]
    #[case(6, 3)]
    #[case(7, 4)]
    #[case(25, 13)]
    #[case(1_000, 200)]
    fn the_breaker_trips_at(#[case] desired: u32, #[case] failures: u32) {
        assert_eq!(breaker_threshold(desired), failures);
    }
}
