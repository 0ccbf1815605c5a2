//! The metrics that there are, and their values minute by minute.

use std::collections::HashMap;
use std::sync::Arc;

use super::curve::{ServiceCurve, chance, daily, noise, part};
use super::point::Point;
use super::waf::{Metered, WebAcl};
use crate::simulator::clock::{MINUTE, Millis, SECOND};

/// A metric: a namespace, a name and dimensions in the order of their names.
#[derive(Debug)]
pub struct Series {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
    pub unit: String,
    pub source: Source,
    /// Its own chance.
    pub hash: u64,
    /// When something moves it, in the order of the times.
    pub shifts: Vec<Shift>,
}

/// Where a metric's values come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// AWS/ECS `CPUUtilization` of a service.
    Cpu(usize),
    /// AWS/ECS `MemoryUtilization` of a service.
    Memory(usize),
    /// AWS/ApplicationELB `RequestCount`.
    Requests(Vec<usize>),
    /// AWS/ApplicationELB `HTTPCode_Target_5XX_Count`.
    Errors(Vec<usize>),
    /// AWS/ApplicationELB `TargetResponseTime`.
    Latency(Vec<usize>),
    /// AWS/ApplicationELB `HealthyHostCount`.
    Healthy(usize),
    /// AWS/ApplicationELB `UnHealthyHostCount`.
    Unhealthy(usize),
    /// AWS/WAFV2, of a web ACL.
    Waf(Arc<WebAcl>, Metered),
    /// What an application publishes.
    Custom(Custom),
}

/// An application's own metric.
#[derive(Debug, Clone)]
pub struct Custom {
    pub base: f64,
    pub daily: f64,
    pub noise: f64,
    pub count: bool,
    pub sparse: bool,
    /// Published once in so many minutes.
    pub every: i64,
    /// From when on it is silent.
    pub until: Millis,
}

/// A metric goes to another level.
#[derive(Debug, Clone, Copy)]
pub struct Shift {
    pub at: Millis,
    pub to: f64,
    pub over: Millis,
    /// When it begins to come back.
    pub until: Millis,
}

impl Shift {
    /// How much of the way it has gone, 0 to 1.
    fn weight(&self, at: Millis) -> f64 {
        if at < self.at {
            return 0.0;
        }
        let there = part(at - self.at, self.over);
        if at > self.until { there * (1.0 - part(at - self.until, self.over)) } else { there }
    }
}

impl Source {
    /// Whether it may have been published by a time: what AWS counts for a web ACL is not there before its first count.
    pub fn has_begun(&self, now: Millis) -> bool {
        match self {
            Self::Waf(acl, metered) => acl.has_published(*metered, now),
            _ => true,
        }
    }

    /// The services whose curves it needs.
    pub fn services(&self) -> &[usize] {
        match self {
            Self::Cpu(service) | Self::Memory(service) | Self::Healthy(service) | Self::Unhealthy(service) => {
                std::slice::from_ref(service)
            }
            Self::Requests(services) | Self::Errors(services) | Self::Latency(services) => services,
            Self::Waf(..) | Self::Custom(_) => &[],
        }
    }

    const fn is_count(&self) -> bool {
        match self {
            Self::Requests(_) | Self::Errors(_) | Self::Waf(..) => true,
            Self::Custom(custom) => custom.count,
            _ => false,
        }
    }

    const fn hides_zero(&self) -> bool {
        match self {
            Self::Requests(_) | Self::Errors(_) | Self::Waf(..) => true,
            Self::Custom(custom) => custom.sparse,
            _ => false,
        }
    }
}

/// A series with the curves that it needs, ready to be read.
#[derive(Debug)]
pub struct Reader<'a> {
    series: &'a Series,
    curves: Vec<Arc<ServiceCurve>>,
}

impl<'a> Reader<'a> {
    /// Joins a series with its services' curves.
    pub fn new(series: &'a Series, curves: Vec<Arc<ServiceCurve>>) -> Self {
        Self { series, curves }
    }

    /// Reads a minute since the epoch; `None` where nothing was published.
    pub fn minute(&self, minute: i64) -> Option<Point> {
        let point = match &self.series.source {
            Source::Cpu(_) => self.curves.first().and_then(|curve| curve.cpu(minute)),
            Source::Memory(_) => self.curves.first().and_then(|curve| curve.memory(minute)),
            Source::Healthy(_) => self.curves.first().map(|curve| curve.healthy_hosts(minute)),
            Source::Unhealthy(_) => self.curves.first().map(|curve| curve.unhealthy_hosts(minute)),
            Source::Requests(_) => self.merged(|curve| curve.requests(minute)),
            Source::Errors(_) => self.merged(|curve| curve.errors(minute)),
            Source::Latency(_) => self.merged(|curve| curve.latency(minute)),
            Source::Waf(acl, metered) => Some(acl.read(*metered, minute)).filter(|sum| *sum > 0.0).map(Point::counted),
            Source::Custom(custom) => self.custom(custom, minute),
        };
        if self.series.shifts.is_empty() { point } else { self.shifted(point, minute) }
    }

    /// Reads a period that begins at a minute.
    pub fn period(&self, first: i64, minutes: i64) -> Option<Point> {
        (first..first + minutes).filter_map(|minute| self.minute(minute)).reduce(Point::merge)
    }

    fn merged(&self, read: impl Fn(&ServiceCurve) -> Option<Point>) -> Option<Point> {
        self.curves.iter().filter_map(|curve| read(curve)).reduce(Point::merge)
    }

    fn custom(&self, custom: &Custom, minute: i64) -> Option<Point> {
        if minute * MINUTE >= custom.until || minute.rem_euclid(custom.every.max(1)) != 0 {
            return None;
        }
        let hash = self.series.hash;
        let level = custom.base * (1.0 + custom.daily * daily(minute)) * (1.0 + custom.noise * noise(hash, minute));
        if custom.count {
            let sum = (level.max(0.0) + chance(hash, minute)).floor();
            return (sum > 0.0 || !custom.sparse).then_some(Point { sum, min: sum, max: sum, count: 1.0 });
        }
        Some(Point::gauge(level, level * 0.9, level * 1.1, 1.0))
    }

    /// Moves a minute's point by the shifts in force.
    fn shifted(&self, point: Option<Point>, minute: i64) -> Option<Point> {
        let middle = minute * MINUTE + 30 * SECOND;
        let source = &self.series.source;
        let silent = matches!(source, Source::Custom(custom) if custom.until <= middle || minute.rem_euclid(custom.every.max(1)) != 0);
        if silent {
            return None;
        }
        let mut moved = point;
        for shift in &self.series.shifts {
            let weight = shift.weight(middle);
            if weight <= 0.0 {
                continue;
            }
            // The noise goes along, so that a plateau does not look drawn with a ruler.
            let target = shift.to * (1.0 + 0.05 * noise(self.series.hash, minute));
            let base = moved.unwrap_or(Point { sum: 0.0, min: 0.0, max: 0.0, count: 0.0 });
            moved = if source.is_count() {
                let sum = (base.sum * (1.0 - weight) + target * weight).round().max(0.0);
                Some(Point {
                    sum,
                    ..if base.count > 0.0 { Point { count: base.count.max(1.0), ..base } } else { Point::counted(sum) }
                })
            } else {
                let average = base.average() * (1.0 - weight) + target * weight;
                Some(Point::gauge(average, average * 0.8, average * 1.3, base.count.max(1.0)))
            };
        }
        moved.filter(|point| point.sum > 0.0 || !source.hides_zero())
    }
}

/// Every metric of a region.
#[derive(Debug, Default)]
pub struct Catalogue {
    series: Vec<Series>,
    index: HashMap<String, usize>,
}

impl Catalogue {
    /// Adds a metric; one that is there already stays as it is.
    pub fn add(&mut self, mut series: Series) {
        series.dimensions.sort();
        let key = key(&series.namespace, &series.name, &series.dimensions);
        if let std::collections::hash_map::Entry::Vacant(place) = self.index.entry(key) {
            place.insert(self.series.len());
            self.series.push(series);
        }
    }

    /// Finds a metric by all of its dimensions, whatever their order.
    pub fn find(&self, namespace: &str, name: &str, dimensions: &[(String, String)]) -> Option<&Series> {
        let mut sorted = dimensions.to_vec();
        sorted.sort();
        self.index.get(&key(namespace, name, &sorted)).and_then(|index| self.series.get(*index))
    }

    /// Every metric, in a fixed order.
    pub fn all(&self) -> &[Series] {
        &self.series
    }

    /// Every metric, to be moved.
    pub fn all_mut(&mut self) -> &mut [Series] {
        &mut self.series
    }
}

fn key(namespace: &str, name: &str, dimensions: &[(String, String)]) -> String {
    let mut key = format!("{namespace}\u{0}{name}");
    for (name, value) in dimensions {
        key.push('\u{0}');
        key.push_str(name);
        key.push('\u{1}');
        key.push_str(value);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(count: bool, sparse: bool, base: f64, shifts: Vec<Shift>) -> Series {
        let custom = Custom { base, daily: 0.0, noise: 0.0, count, sparse, every: 1, until: Millis::MAX };
        Series {
            namespace: "Shop".into(),
            name: "Logins".into(),
            dimensions: vec![],
            unit: "Count".into(),
            source: Source::Custom(custom),
            hash: 3,
            shifts,
        }
    }

    #[test]
    fn a_shift_goes_there_and_comes_back() {
        let shift = Shift { at: 10 * MINUTE, to: 100.0, over: 2 * MINUTE, until: 20 * MINUTE };
        let series = custom(false, false, 10.0, vec![shift]);
        let reader = Reader::new(&series, vec![]);
        let at = |minute| reader.minute(minute).map_or(0.0, |point| point.average());
        assert!((at(5) - 10.0).abs() < 1e-9);
        assert!(at(10) > 20.0 && at(10) < 50.0, "{}", at(10));
        assert!(at(15) > 90.0);
        assert!((at(30) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_sparse_count_publishes_no_zero() {
        let series = custom(true, true, 0.0, vec![]);
        assert_eq!(Reader::new(&series, vec![]).minute(7), None);
        let series = custom(true, false, 0.0, vec![]);
        assert_eq!(Reader::new(&series, vec![]).minute(7).map(|point| point.sum), Some(0.0));
    }

    #[test]
    fn a_metric_is_found_by_all_its_dimensions_only() {
        let mut catalogue = Catalogue::default();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let dimensions = vec![pair("B", "2"), pair("A", "1")];
        catalogue.add(Series { dimensions, ..custom(true, true, 1.0, vec![]) });
        assert!(catalogue.find("Shop", "Logins", &[pair("A", "1"), pair("B", "2")]).is_some());
        assert!(catalogue.find("Shop", "Logins", &[pair("A", "1")]).is_none());
        assert!(catalogue.find("Shop", "Logins", &[]).is_none());
    }
}
