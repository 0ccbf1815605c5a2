//! Groups and streams that were made by calls, and what was put into them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Lines, LogLine, LogStream};
use crate::simulator::clock::Millis;
use crate::simulator::world::{Region, Service};

/// The groups of a region that were made, and the streams that were added to those of services.
#[derive(Debug, Default)]
pub struct WrittenLogs(Mutex<BTreeMap<String, WrittenGroup>>);

/// A group.
#[derive(Debug, Default, Clone)]
pub struct WrittenGroup {
    pub created: Millis,
    pub class: &'static str,
    pub streams: BTreeMap<String, WrittenStream>,
}

/// A stream.
#[derive(Debug, Default, Clone)]
pub struct WrittenStream {
    pub created: Millis,
    /// When something was last put into it.
    ingested: Option<Millis>,
    /// In the order of their times.
    lines: Arc<Vec<LogLine>>,
}

impl WrittenStream {
    /// Makes a stream in which nothing is yet.
    pub fn new(created: Millis) -> Self {
        Self { created, ..Self::default() }
    }

    /// Puts lines into the stream; those of one time stay in the order in which they came.
    pub fn put(&mut self, lines: impl IntoIterator<Item = (Millis, String)>, now: Millis) {
        let all = Arc::make_mut(&mut self.lines);
        all.extend(lines.into_iter().map(|(at, text)| LogLine { at, text }));
        all.sort_by_key(|line| line.at);
        self.ingested = Some(now);
    }
}

impl WrittenLogs {
    /// Looks at the groups, or changes them, with nobody in between.
    pub fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<String, WrittenGroup>) -> T) -> T {
        look(&mut self.lock())
    }

    /// Adds groups to a region that begins, with nothing in them.
    pub fn add_groups(&self, names: &[String], created: Millis) {
        let group = || WrittenGroup { created, class: "STANDARD", ..WrittenGroup::default() };
        self.lock().extend(names.iter().map(|name| (name.clone(), group())));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, WrittenGroup>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A group that can be read: a service's, one that was made, or both.
#[derive(Debug, Clone, Copy)]
pub struct LogGroup<'a> {
    pub name: &'a str,
    pub service: Option<&'a Service>,
    written: &'a WrittenLogs,
}

impl<'a> LogGroup<'a> {
    /// Finds a group by its name.
    pub fn find(region: &'a Region, name: &'a str) -> Option<Self> {
        let service = region.log_group(name);
        let written = &region.written;
        let there = service.is_some() || written.with(|groups| groups.contains_key(name));
        there.then_some(Self { name, service, written })
    }

    /// The streams that there are, by their names.
    pub fn streams(&self, now: Millis) -> Vec<LogStream> {
        let mut streams = self.service.map(|service| service.log_streams(now)).unwrap_or_default();
        let written = self.written.with(|groups| {
            let streams = groups.get(self.name).map(|group| group.streams.clone());
            streams.unwrap_or_default()
        });
        streams.extend(written.into_iter().map(|(name, stream)| LogStream {
            name,
            from: stream.lines.first().map_or(stream.created, |line| line.at),
            until: stream.lines.last().map_or(stream.created, |line| line.at),
            created: stream.created,
            ingested: stream.ingested,
            lines: Lines::Written(stream.lines),
        }));
        streams.sort_by(|one, other| one.name.cmp(&other.name));
        streams
    }
}
