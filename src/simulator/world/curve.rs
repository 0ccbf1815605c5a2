//! How a service's signals run: the day's curve, noise, the tasks that carry the load, and the trouble a bad deployment
//! makes.

use std::sync::{Arc, LazyLock};

use super::plan::ServicePlan;
use super::point::Point;
use super::task::Task;
use super::timeline::Timeline;
use crate::simulator::clock::{MINUTE, Millis, SECOND};
use crate::simulator::random::{mix, stable_hash, unit};
use crate::simulator::scenario::Fails;

/// The estate works by Japanese business hours.
const JST_MINUTES: i64 = 9 * 60;
const DAY_MINUTES: i64 = 24 * 60;
/// How long the worst of a bad deployment takes to build up.
const BUILD_UP: Millis = 3 * MINUTE;
/// How long its last errors take to die away.
const DIE_AWAY: Millis = 75 * SECOND;
/// The part of the requests that a bad deployment fails at its worst.
const FAILING: f64 = 0.09;

/// The day's curve, -1 at night to 1 in the early afternoon, minute by minute.
static DAY_CURVE: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (0..1_440_u32)
        .map(|minute| {
            let phase = (f64::from(minute) / 60.0 - 14.0) / 24.0 * std::f64::consts::TAU;
            // A second harmonic makes the morning rise steep and the afternoon broad.
            (0.85 * phase.cos() + 0.15 * (2.0 * phase).cos()).clamp(-1.0, 1.0)
        })
        .collect()
});

/// Reads the day's curve at a minute since the epoch.
pub fn daily(minute: i64) -> f64 {
    let index = (minute + JST_MINUTES).rem_euclid(DAY_MINUTES);
    usize::try_from(index).ok().and_then(|index| DAY_CURVE.get(index)).copied().unwrap_or(0.0)
}

/// Draws repeatable noise, -1 to 1: half of it drifts over ten minutes, half is new each minute.
#[expect(clippy::cast_precision_loss, reason = "a remainder below ten is exact")]
pub fn noise(hash: u64, minute: i64) -> f64 {
    let at = |n: i64| unit(mix(hash ^ n.unsigned_abs().wrapping_mul(0x9e37_79b9))) * 2.0 - 1.0;
    let (lattice, part) = (minute.div_euclid(10), minute.rem_euclid(10) as f64 / 10.0);
    let drift = at(lattice) * (1.0 - part) + at(lattice + 1) * part;
    0.5 * drift + 0.5 * at(minute ^ 0x5555_5555)
}

/// Draws repeatable chance, 0 to 1, for a minute.
pub fn chance(hash: u64, minute: i64) -> f64 {
    unit(mix(hash.rotate_left(17) ^ minute.unsigned_abs()))
}

/// Trouble that a deployment's failing tasks make for those who ask the service.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    from: Millis,
    until: Millis,
    weight: f64,
}

impl Trouble {
    fn at(&self, at: Millis) -> f64 {
        if at < self.from {
            return 0.0;
        }
        let build_up = part(at.min(self.until) - self.from, BUILD_UP);
        let dying = if at > self.until { 1.0 - part(at - self.until, DIE_AWAY) } else { 1.0 };
        self.weight * (0.6 + 0.4 * build_up) * dying
    }
}

/// The part that one duration is of another, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 milliseconds")]
pub fn part(of: Millis, whole: Millis) -> f64 {
    if whole <= 0 { 1.0 } else { (of as f64 / whole as f64).clamp(0.0, 1.0) }
}

/// A service's signals, taken from its timeline as far as that has been told.
#[derive(Debug)]
pub struct ServiceCurve {
    plan: Arc<ServicePlan>,
    hash: u64,
    /// How many tasks run from a time on.
    running: Vec<(Millis, u32)>,
    desired: Vec<(Millis, u32)>,
    /// How many targets are healthy, and how many are not, from a time on.
    healthy: Vec<(Millis, u32)>,
    unhealthy: Vec<(Millis, u32)>,
    troubles: Vec<Trouble>,
}

/// Counts how many spans hold a time, from each time on at which that changes.
fn counted(spans: impl Iterator<Item = (Millis, Millis)>) -> Vec<(Millis, u32)> {
    let mut changes: Vec<(Millis, i64)> = Vec::new();
    for (from, until) in spans.filter(|(from, until)| from < until) {
        changes.push((from, 1));
        if until < Millis::MAX {
            changes.push((until, -1));
        }
    }
    changes.sort_unstable();
    let mut count = 0_i64;
    let steps = changes.into_iter().map(|(at, change)| {
        count += change;
        (at, u32::try_from(count).unwrap_or(0))
    });
    steps.collect()
}

impl ServiceCurve {
    /// Takes the signals from a timeline.
    pub fn new(timeline: &Timeline) -> Self {
        let plan = Arc::clone(timeline.plan());
        let running = counted(timeline.tasks().iter().filter_map(Task::running_span));
        let stopped = |task: &Task| task.stop.as_ref().map_or(Millis::MAX, |(at, _)| *at);
        let healthy = timeline.tasks().iter().filter_map(|task| Some((task.healthy?, stopped(task))));
        let failing =
            |task: &&Task| timeline.deployment(task.deployment).and_then(|one| one.fails) == Some(Fails::HealthCheck);
        let unhealthy = timeline.tasks().iter().filter(failing);
        let unhealthy = unhealthy.filter_map(|task| Some((task.running_span()?.0, stopped(task))));
        let (healthy, unhealthy) = (counted(healthy), counted(unhealthy));
        let troubles = timeline
            .deployments
            .iter()
            .filter_map(|one| {
                let weight = match one.fails? {
                    Fails::HealthCheck => 1.0,
                    Fails::Crash => 0.7,
                    Fails::Image => return None,
                };
                let until = one.ended().or_else(|| one.finished_at(Millis::MAX)).unwrap_or(Millis::MAX);
                Some(Trouble { from: one.created + SECOND, until, weight })
            })
            .collect();
        let hash = stable_hash(plan.seed, &[&plan.account, &plan.region, &plan.cluster, &plan.name, "curve"]);
        Self { hash, running, desired: timeline.desired.clone(), healthy, unhealthy, troubles, plan }
    }

    /// How many tasks run at a time.
    fn running_at(&self, at: Millis) -> u32 {
        step_at(&self.running, at)
    }

    /// The trouble within a minute, 0 to 1, on its average.
    fn trouble(&self, minute: i64) -> f64 {
        let start = minute * MINUTE;
        let near = |one: &&Trouble| one.from < start + MINUTE && one.until.saturating_add(DIE_AWAY) > start;
        self.troubles
            .iter()
            .filter(near)
            .map(|one| (0..12_i32).map(|n| one.at(start + Millis::from(n) * 5 * SECOND + 2_500)).sum::<f64>() / 12.0)
            .sum()
    }

    /// How much is asked of the service in a minute, about 1.
    fn load(minute: i64) -> f64 {
        1.0 + 0.4 * daily(minute)
    }

    /// CPU utilisation in percent; nothing where no task runs.
    pub fn cpu(&self, minute: i64) -> Option<Point> {
        let middle = minute * MINUTE + 30 * SECOND;
        let running = self.running_at(middle);
        if running == 0 {
            return None;
        }
        let wanted = step_at(&self.desired, middle);
        let share = (f64::from(wanted) / f64::from(running)).clamp(0.5, 3.0);
        let level = self.plan.cpu * Self::load(minute) * share * (1.0 + 0.12 * noise(self.hash, minute));
        let average = (level + 6.0 * self.trouble(minute)).clamp(0.05, 98.0);
        let spread = 0.25 + 0.15 * chance(self.hash, minute);
        Some(Point::gauge(average, average * (1.0 - spread), (average * (1.0 + spread)).min(100.0), f64::from(running)))
    }

    /// Memory utilisation in percent; nothing where no task runs.
    pub fn memory(&self, minute: i64) -> Option<Point> {
        let running = self.running_at(minute * MINUTE + 30 * SECOND);
        if running == 0 {
            return None;
        }
        let drift = noise(self.hash.rotate_left(8), minute.div_euclid(15));
        let average = (self.plan.memory * (1.0 + 0.03 * drift)).clamp(0.5, 99.0);
        Some(Point::gauge(average, average * 0.96, (average * 1.05).min(100.0), f64::from(running)))
    }

    /// Healthy targets, as the load balancer's checks see them.
    pub fn healthy_hosts(&self, minute: i64) -> Point {
        hosts(&self.healthy, minute)
    }

    /// Targets that fail their checks.
    pub fn unhealthy_hosts(&self, minute: i64) -> Point {
        hosts(&self.unhealthy, minute)
    }

    /// Requests in a minute; nothing where there were none.
    pub fn requests(&self, minute: i64) -> Option<Point> {
        let sum = self.plan.requests * Self::load(minute) * (1.0 + 0.06 * noise(self.hash.rotate_left(16), minute));
        (sum >= 1.0).then(|| Point::counted(sum.round()))
    }

    /// 5xx answers in a minute; nothing where there were none, as load balancers publish no zero.
    pub fn errors(&self, minute: i64) -> Option<Point> {
        let load = Self::load(minute);
        let expected = self.plan.errors * load + self.plan.requests * load * FAILING * self.trouble(minute);
        let sum = (expected + chance(self.hash.rotate_left(24), minute)).floor();
        (sum >= 1.0).then(|| Point::counted(sum))
    }

    /// Response time in seconds; nothing where nothing was asked.
    pub fn latency(&self, minute: i64) -> Option<Point> {
        let requests = self.requests(minute)?;
        let noise = noise(self.hash.rotate_left(32), minute);
        let slower = 1.0 + 0.14 * daily(minute) + 2.2 * self.trouble(minute);
        let average = self.plan.latency * slower * (1.0 + 0.12 * noise);
        Some(Point::gauge(average, average * 0.35, average * (4.0 + noise), requests.count))
    }
}

/// Counts targets within a minute: every ten seconds once.
fn hosts(steps: &[(Millis, u32)], minute: i64) -> Point {
    let count = |n: i64| f64::from(step_at(steps, minute * MINUTE + n * 10 * SECOND + 5 * SECOND));
    let samples = (0..6).map(|n| Point { sum: count(n), min: count(n), max: count(n), count: 1.0 });
    samples.reduce(Point::merge).unwrap_or(Point { sum: 0.0, min: 0.0, max: 0.0, count: 1.0 })
}

/// Reads a step function.
fn step_at(steps: &[(Millis, u32)], at: Millis) -> u32 {
    let after = steps.partition_point(|(when, _)| *when <= at);
    after.checked_sub(1).and_then(|index| steps.get(index)).map_or(0, |(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_busy_in_japan_by_day() {
        // 14:00 JST is 05:00 UTC.
        assert!(daily(5 * 60) > 0.95);
        assert!(daily(17 * 60) < -0.6);
        assert!((daily(5 * 60) - daily(5 * 60 + 1_440)).abs() < f64::EPSILON);
        assert!(daily(-1).abs() <= 1.0);
    }

    #[test]
    fn noise_stays_in_its_bounds_and_repeats() {
        let values: Vec<f64> = (-500..500).map(|minute| noise(42, minute)).collect();
        assert!(values.iter().all(|value| (-1.0..=1.0).contains(value)));
        assert!((values.iter().sum::<f64>() / 1_000.0).abs() < 0.1);
        assert!((noise(42, 7) - noise(42, 7)).abs() < f64::EPSILON);
        assert!((noise(42, 7) - noise(43, 7)).abs() > f64::EPSILON);
    }

    #[test]
    fn trouble_builds_up_and_dies_away() {
        let trouble = Trouble { from: 0, until: 10 * MINUTE, weight: 1.0 };
        assert!(trouble.at(-1).abs() < f64::EPSILON);
        assert!((trouble.at(0) - 0.6).abs() < f64::EPSILON);
        assert!((trouble.at(5 * MINUTE) - 1.0).abs() < f64::EPSILON);
        assert!(trouble.at(10 * MINUTE + DIE_AWAY).abs() < f64::EPSILON);
    }

    #[test]
    fn a_step_function_is_zero_before_its_first_step() {
        let steps = [(10, 1), (20, 3)];
        assert_eq!([9, 10, 19, 20, 99].map(|at| step_at(&steps, at)), [0, 1, 1, 3, 3]);
    }
}
