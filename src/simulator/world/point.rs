//! A period's statistics, and the words CloudWatch has for them.

use std::str::FromStr;

/// What was measured in a minute, or in a longer period: CloudWatch's statistic set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    pub count: f64,
}

impl Point {
    /// Makes the point of a gauge from its average and extremes.
    pub fn gauge(average: f64, min: f64, max: f64, count: f64) -> Self {
        Self { sum: average * count, min: min.min(average), max: max.max(average), count }
    }

    /// Makes the point of a count, each sample of which is one, as load balancers count requests.
    pub fn counted(sum: f64) -> Self {
        Self { sum, min: 1.0, max: 1.0, count: sum }
    }

    /// The mean of the samples.
    pub fn average(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    /// Joins another period's samples.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            count: self.count + other.count,
        }
    }

    /// The value below which a part of the samples lies.
    ///
    /// The samples themselves are not kept: they are taken to lie along `min + (max - min)·q^k`, with the `k` that
    /// gives them their mean, so that percentiles, mean and extremes always agree with each other.
    fn quantile(&self, part: f64) -> f64 {
        let (spread, above) = (self.max - self.min, self.average() - self.min);
        if spread <= f64::EPSILON || above <= f64::EPSILON {
            return self.min;
        }
        let k = (spread / above - 1.0).max(0.0);
        self.min + spread * part.powf(k)
    }

    /// Reads a statistic off the point.
    pub fn read(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::Average => self.average(),
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.min,
            Statistic::Maximum => self.max,
            Statistic::SampleCount => self.count,
            Statistic::Percentile(percent) => self.quantile(percent / 100.0),
        }
    }
}

/// A statistic of CloudWatch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    Average,
    Sum,
    Minimum,
    Maximum,
    SampleCount,
    /// `p95`: 0 to 100.
    Percentile(f64),
}

/// The text was no statistic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no statistic: there are Average, Sum, Minimum, Maximum, SampleCount and percentiles such as p95")]
pub struct UnknownStatistic(String);

impl FromStr for Statistic {
    type Err = UnknownStatistic;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Average" => Ok(Self::Average),
            "Sum" => Ok(Self::Sum),
            "Minimum" => Ok(Self::Minimum),
            "Maximum" => Ok(Self::Maximum),
            "SampleCount" => Ok(Self::SampleCount),
            _ => text
                .strip_prefix('p')
                .filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
                .and_then(|digits| digits.parse::<f64>().ok())
                .filter(|percent| (0.0..=100.0).contains(percent))
                .map(Self::Percentile)
                .ok_or_else(|| UnknownStatistic(text.to_owned())),
        }
    }
}

impl Statistic {
    /// CloudWatch's word for it.
    pub fn word(self) -> String {
        match self {
            Self::Average => "Average".to_owned(),
            Self::Sum => "Sum".to_owned(),
            Self::Minimum => "Minimum".to_owned(),
            Self::Maximum => "Maximum".to_owned(),
            Self::SampleCount => "SampleCount".to_owned(),
            Self::Percentile(percent) => format!("p{percent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn statistics_agree_with_each_other() {
        let point = Point::gauge(20.0, 10.0, 60.0, 4.0);
        assert!((point.read(Statistic::Sum) - 80.0).abs() < 1e-9);
        assert!((point.read(Statistic::Percentile(0.0)) - 10.0).abs() < 1e-9);
        assert!((point.read(Statistic::Percentile(100.0)) - 60.0).abs() < 1e-9);
        let mean: f64 =
            (0..10_000).map(|n| point.read(Statistic::Percentile(f64::from(n) / 100.0))).sum::<f64>() / 10_000.0;
        assert!((mean - 20.0).abs() < 0.1, "{mean}");
        let (p50, p90, p99) = (point.quantile(0.5), point.quantile(0.9), point.quantile(0.99));
        assert!(p50 < p90 && p90 < p99);
    }

    #[test]
    fn merging_keeps_every_sample() {
        let both = Point::gauge(10.0, 5.0, 15.0, 1.0).merge(Point::gauge(40.0, 30.0, 50.0, 2.0));
        assert_eq!((both.min, both.max, both.count), (5.0, 50.0, 3.0));
        assert!((both.average() - 30.0).abs() < 1e-9);
    }

    #[rstest]
    #[case("Average", Some(Statistic::Average))]
    #[case("p99.9", Some(Statistic::Percentile(99.9)))]
    #[case("p0", Some(Statistic::Percentile(0.0)))]
    #[case("p101", None)]
    #[case("p-1", None)]
    #[case("pinf", None)]
    #[case("average", None)]
    #[case("", None)]
    fn reads_statistics(#[case] text: &str, #[case] statistic: Option<Statistic>) {
        assert_eq!(text.parse().ok(), statistic);
    }
}
