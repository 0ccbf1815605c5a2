//! CloudWatch metrics: what to ask for and what came.

use jiff::{SignedDuration, Timestamp};

/// Names a metric: namespace, name and dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Metric {
    /// The namespace, such as `AWS/ECS`.
    pub namespace: String,
    /// The metric's name, such as `CPUUtilization`.
    pub name: String,
    /// Names and values of the dimensions, sorted by name.
    pub dimensions: Vec<(String, String)>,
}

impl Metric {
    /// Returns the value of a dimension.
    pub fn dimension(&self, name: &str) -> Option<&str> {
        self.dimensions.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Asks for one metric as a statistic over periods.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Query {
    /// The metric.
    pub metric: Metric,
    /// The statistic as CloudWatch spells it: `Average`, `Maximum`, `Sum`, `p99`.
    pub statistic: String,
    /// The length of one period in seconds.
    pub period: u32,
}

/// Holds what CloudWatch answered to a [`Query`].
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What was asked.
    pub query: Query,
    /// The start of the span that was asked for.
    pub from: Timestamp,
    /// The end of the span that was asked for.
    pub to: Timestamp,
    /// The points that there are, oldest first: start of the period in Unix seconds, value. A period without data has none.
    pub points: Vec<(i64, f64)>,
    /// Whether CloudWatch gave only a part.
    pub partial: bool,
}

impl Series {
    /// Returns the value of the newest period that has data.
    pub fn latest(&self) -> Option<f64> {
        self.points.last().map(|(_, value)| *value)
    }

    /// Returns one slot a period over the whole span, `None` where there is no data.
    ///
    /// The number of slots is bounded by CloudWatch's own limit of 100,800 points a call.
    pub fn slots(&self) -> Vec<(i64, Option<f64>)> {
        let period = i64::from(self.query.period.max(1));
        let first = self.from.as_second().div_euclid(period) * period;
        let count = ((self.to.as_second() - first).max(0) / period).min(100_800);
        let mut points = self.points.iter().peekable();
        (0..count)
            .map(|slot| {
                let start = first + slot * period;
                while points.next_if(|(at, _)| *at < start).is_some() {}
                let value = points.next_if(|(at, _)| *at < start + period).map(|(_, value)| *value);
                (start, value)
            })
            .collect()
    }
}

/// Names the time ranges that can be pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Range {
    /// One hour.
    #[default]
    Hour,
    /// Three hours.
    ThreeHours,
    /// One day.
    Day,
    /// One week.
    Week,
}

impl Range {
    /// Lists the ranges, shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::ThreeHours, Self::Day, Self::Week];

    /// Returns the short name: `1h`, `3h`, `1d`, `1w`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::ThreeHours => "3h",
            Self::Day => "1d",
            Self::Week => "1w",
        }
    }

    /// Returns how far back the range goes.
    pub fn span(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            Self::Hour => 1,
            Self::ThreeHours => 3,
            Self::Day => 24,
            Self::Week => 24 * 7,
        })
    }

    /// Returns the period, in seconds, that gives a chart enough points and no more.
    pub fn period(self) -> u32 {
        match self {
            Self::Hour | Self::ThreeHours => 60,
            Self::Day => 300,
            Self::Week => 3_600,
        }
    }
}

/// Returns the query for a service's CPU or memory, in percent of what its tasks reserve.
///
/// Source: "Amazon ECS CloudWatch metrics", dimensions `ClusterName` and `ServiceName`, one point a minute.
pub fn ecs_utilization(key: &super::ecs::ServiceKey, name: &str, statistic: &str, period: u32) -> Query {
    Query {
        metric: Metric {
            namespace: "AWS/ECS".to_owned(),
            name: name.to_owned(),
            dimensions: vec![
                ("ClusterName".to_owned(), key.cluster.clone()),
                ("ServiceName".to_owned(), key.service.clone()),
            ],
        },
        statistic: statistic.to_owned(),
        period,
    }
}
