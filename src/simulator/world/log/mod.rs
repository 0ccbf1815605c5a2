//! What the services' tasks write to their logs.
//!
//! A line is a function of its stream and its second, so that a log reads the same whenever and from wherever it is read.

mod line;
mod scan;
mod written;

use std::sync::Arc;

pub use scan::{LogKey, LogScan, Step};
pub use written::{LogGroup, WrittenGroup, WrittenLogs, WrittenStream};

use super::plan::ServicePlan;
use super::task::{StopCause, Task};
use super::timeline::Timeline;
use super::{Region, Service};
use crate::simulator::clock::{DAY, Millis};
use crate::simulator::random::stable_hash;
use crate::simulator::scenario::Fails;

/// How long lines are kept.
pub const KEPT_DAYS: i64 = 30;
/// How long it takes until a line can be read.
pub const INGESTION: Millis = 400;

/// A stream.
#[derive(Debug, Clone)]
pub struct LogStream {
    /// `PREFIX/CONTAINER/TASK` where it is a container's.
    pub name: String,
    /// The time of its first line, or a little before.
    pub from: Millis,
    /// The last time that can be read.
    pub until: Millis,
    /// When it was made.
    pub created: Millis,
    /// When something was last written to it, if anything was.
    pub ingested: Option<Millis>,
    lines: Lines,
}

/// Where a stream's lines come from.
#[derive(Debug, Clone)]
enum Lines {
    /// A container's own words.
    Container(Arc<Container>),
    /// What was put into it, in the order of its times.
    Written(Arc<Vec<LogLine>>),
}

impl LogStream {
    /// Makes the stream of a container.
    fn of_container(container: Container) -> Self {
        let (name, from, until) = (container.name.clone(), container.from, container.until);
        let ingested = Some(until + INGESTION);
        Self { name, from, until, created: from, ingested, lines: Lines::Container(Arc::new(container)) }
    }

    /// The first time from another on at which there may be a line.
    fn first_from(&self, at: Millis) -> Option<Millis> {
        match &self.lines {
            Lines::Container(_) => Some(at.max(self.from)).filter(|at| *at <= self.until),
            Lines::Written(lines) => lines.get(lines.partition_point(|line| line.at < at)).map(|line| line.at),
        }
    }

    /// The last time before another at which there may be a line.
    fn last_before(&self, at: Millis) -> Option<Millis> {
        match &self.lines {
            Lines::Container(_) => Some((at - 1).min(self.until)).filter(|at| *at >= self.from),
            Lines::Written(lines) => {
                let place = lines.partition_point(|line| line.at < at).checked_sub(1)?;
                lines.get(place).map(|line| line.at)
            }
        }
    }

    /// The lines that it holds from a time until another, in order.
    fn lines(&self, from: Millis, until: Millis) -> Vec<LogLine> {
        match &self.lines {
            Lines::Container(container) => container.lines(from, until),
            Lines::Written(lines) => {
                let start = lines.partition_point(|line| line.at < from);
                let end = lines.partition_point(|line| line.at < until.min(self.until.saturating_add(1)));
                lines.get(start..end).unwrap_or_default().to_vec()
            }
        }
    }
}

/// What one container of a task writes.
#[derive(Debug, Clone)]
struct Container {
    name: String,
    /// When it started.
    from: Millis,
    /// When it ended, or the last that can be read.
    until: Millis,
    plan: Arc<ServicePlan>,
    image: String,
    address: String,
    sidecar: bool,
    fails: Option<Fails>,
    /// When it was asked to stop.
    stopping: Option<Millis>,
    hash: u64,
}

/// A line of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub at: Millis,
    pub text: String,
}

impl ServicePlan {
    /// The group that the service's tasks write to.
    pub fn log_group(&self) -> String {
        format!("/ecs/{}", self.family())
    }

    /// What stands before the container's name in its streams.
    pub fn log_prefix(&self, sidecar: bool) -> &str {
        if sidecar { "sidecar" } else { &self.name }
    }
}

impl Region {
    /// Finds the service that writes to a group.
    pub fn log_group(&self, name: &str) -> Option<&Service> {
        self.families.get(name.strip_prefix("/ecs/")?).and_then(|index| self.services.get(*index))
    }
}

impl Service {
    /// The streams of the service's group that have lines to read at a time, by their names.
    pub fn log_streams(&self, now: Millis) -> Vec<LogStream> {
        let oldest = now - KEPT_DAYS * DAY;
        let mut streams: Vec<LogStream> = self.at(now, |story| {
            let written = story.tasks().iter().filter_map(|task| streams(story, task, now));
            written.flatten().filter(|stream| stream.until > oldest && stream.from < now - INGESTION).collect()
        });
        streams.sort_by(|one, other| one.name.cmp(&other.name));
        streams
    }
}

/// The streams of a task that ran.
fn streams(story: &Timeline, task: &Task, now: Millis) -> Option<impl Iterator<Item = LogStream>> {
    let (from, until) = task.running_span()?;
    let plan = Arc::clone(story.plan());
    let deployment = story.deployment(task.deployment);
    let own_end = match task.stopped_by(now) {
        // A container that ends by itself does so at once; the others have until their task is taken down.
        Some(StopCause::Exited { .. }) | None => until,
        Some(_) => task.entered(super::TaskStatus::Deprovisioning, now).unwrap_or(Millis::MAX),
    };
    let containers = std::iter::once(false).chain(plan.sidecar.as_ref().map(|_| true));
    let stream = Container {
        name: String::new(),
        from,
        until: own_end.min(now - INGESTION),
        image: deployment.map_or_else(String::new, |one| one.image.clone()),
        address: task.place(&plan).address,
        sidecar: false,
        fails: deployment.and_then(|one| one.fails),
        stopping: task.stop.as_ref().map(|(at, _)| *at).filter(|at| *at <= now),
        hash: 0,
        plan,
    };
    let id = task.id.clone();
    Some(containers.map(move |sidecar| {
        let container = if sidecar { "sidecar" } else { &stream.plan.name };
        let name = format!("{}/{container}/{id}", stream.plan.log_prefix(sidecar));
        let hash = stable_hash(stream.plan.seed, &["log", &name]);
        LogStream::of_container(Container { name, sidecar, hash, ..stream.clone() })
    }))
}
