//! Elastic Load Balancing: the target groups in front of a service.

use super::metric::{Metric, Query};

/// Describes a target group with its targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The CloudWatch dimension `LoadBalancer` of each balancer that sends to it: `app/NAME/ID`.
    pub balancers: Vec<String>,
    /// How its health is checked, such as `HTTP /health`; empty where that could not be read.
    pub health_check: String,
    /// Its targets; those that are not well first.
    pub targets: Vec<Target>,
}

/// Describes a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// An address or instance id.
    pub id: String,
    /// The port.
    pub port: Option<i32>,
    /// The availability zone.
    pub zone: String,
    /// How it fares.
    pub health: TargetHealth,
    /// AWS's word for why, such as `Target.FailedHealthChecks`; empty where it is healthy.
    pub reason: String,
    /// AWS's words for why.
    pub description: String,
}

/// Tells how a target fares, worst first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TargetHealth {
    /// It fails its health checks.
    Unhealthy,
    /// Another word of AWS's, `unavailable` and `unused` among them.
    Other(String),
    /// It is being registered.
    Initial,
    /// It is being deregistered.
    Draining,
    /// It gets requests.
    Healthy,
}

impl TargetHealth {
    /// Reads AWS's word.
    pub fn from_aws(word: &str) -> Self {
        match word {
            "unhealthy" | "unhealthy.draining" => Self::Unhealthy,
            "initial" => Self::Initial,
            "draining" => Self::Draining,
            "healthy" => Self::Healthy,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns AWS's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unhealthy => "unhealthy",
            Self::Initial => "initial",
            Self::Draining => "draining",
            Self::Healthy => "healthy",
            Self::Other(word) => word,
        }
    }

    /// Orders them, worst first.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Unhealthy => 0,
            Self::Other(_) => 1,
            Self::Initial => 2,
            Self::Draining => 3,
            Self::Healthy => 4,
        }
    }
}

impl TargetGroup {
    /// Returns its CloudWatch dimension `TargetGroup`: `targetgroup/NAME/ID`.
    pub fn dimension(&self) -> &str {
        self.arn.find("targetgroup/").map_or("", |start| &self.arn[start..])
    }

    /// Returns how many targets are healthy.
    pub fn healthy(&self) -> usize {
        self.targets.iter().filter(|target| target.health == TargetHealth::Healthy).count()
    }

    /// Returns the queries for its requests and its targets' 5xx answers, a sum a period, over all its balancers.
    ///
    /// Source: "CloudWatch metrics for your Application Load Balancer", dimensions `LoadBalancer` and `TargetGroup`.
    pub fn queries(&self, period: u32) -> impl Iterator<Item = Query> {
        let names = ["RequestCount", "HTTPCode_Target_5XX_Count"];
        self.balancers.iter().filter(|balancer| balancer.starts_with("app/")).flat_map(move |balancer| {
            names.into_iter().map(move |name| Query {
                metric: Metric {
                    namespace: "AWS/ApplicationELB".to_owned(),
                    name: name.to_owned(),
                    dimensions: vec![
                        ("LoadBalancer".to_owned(), balancer.clone()),
                        ("TargetGroup".to_owned(), self.dimension().to_owned()),
                    ],
                },
                statistic: "Sum".to_owned(),
                period,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_asks_for_requests_and_faults_of_each_application_balancer() {
        let group = TargetGroup {
            arn: "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/web/0123456789abcdef".to_owned(),
            name: "web".to_owned(),
            balancers: vec!["app/shop-prd/50dc6c495c0c9188".to_owned(), "net/shop/1".to_owned()],
            health_check: String::new(),
            targets: Vec::new(),
        };
        let queries: Vec<Query> = group.queries(60).collect();
        assert_eq!(queries.len(), 2);
        assert_eq!(queries[1].metric.name, "HTTPCode_Target_5XX_Count");
        assert_eq!(queries[1].metric.dimension("TargetGroup"), Some("targetgroup/web/0123456789abcdef"));
        assert_eq!(queries[1].metric.dimension("LoadBalancer"), Some("app/shop-prd/50dc6c495c0c9188"));
    }

    #[test]
    fn health_is_read_and_kept() {
        for word in ["unhealthy", "initial", "draining", "healthy", "unused", "unavailable", "sleepy"] {
            assert_eq!(TargetHealth::from_aws(word).as_str(), word);
        }
        assert!(TargetHealth::Unhealthy.rank() < TargetHealth::Healthy.rank());
    }
}
