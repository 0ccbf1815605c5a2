//! Reading the lines of several streams in the order of their times, forwards or backwards, a page at a time.

use super::{LogLine, LogStream};
use crate::simulator::clock::{Millis, SECOND};

/// How many seconds of streams are looked at together.
const WINDOW: Millis = 10 * SECOND;
/// How many seconds of streams one call may look at.
const BUDGET: i64 = 20_000;

/// A line's place among all: its time, its stream's name, and its number within the window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogKey {
    pub at: Millis,
    pub stream: String,
    pub number: u32,
}

/// The lines of some streams, from one time until another (which is not included).
#[derive(Debug)]
pub struct LogScan<'a> {
    pub streams: Vec<&'a LogStream>,
    pub from: Millis,
    pub until: Millis,
}

/// What a reader says of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Go on.
    Next,
    /// The page is full: the line was not taken.
    Full,
}

impl LogScan<'_> {
    /// Shows the lines after (or, backwards, before) a place to a reader, in order, until it has enough.
    ///
    /// Answers the last place that was looked at where there may be more.
    pub fn read(
        &self,
        backwards: bool,
        after: Option<&LogKey>,
        mut visit: impl FnMut(&LogStream, &LogLine, &LogKey) -> Step,
    ) -> Option<LogKey> {
        let mut passed = after.cloned();
        let mut left = BUDGET;
        let mut window = self.first_window(backwards, after);
        while let Some(start) = window {
            for (stream, line, key) in self.window(start, backwards) {
                let seen = passed.as_ref().is_some_and(|last| if backwards { key >= *last } else { key <= *last });
                if seen {
                    continue;
                }
                if visit(stream, &line, &key) == Step::Full {
                    return passed;
                }
                passed = Some(key);
            }
            left -= (WINDOW / SECOND) * i64::try_from(self.alive(start).count()).unwrap_or(BUDGET).max(1);
            window = self.next_window(start, backwards);
            if left <= 0 && window.is_some() {
                // No stream has an empty name: such a key stands before all lines of its time.
                let at = if backwards { start } else { start + WINDOW };
                return Some(LogKey { at, stream: String::new(), number: 0 });
            }
        }
        None
    }

    fn first_window(&self, backwards: bool, after: Option<&LogKey>) -> Option<Millis> {
        let (from, until) = self.bounds()?;
        let floor = |at: Millis| at.div_euclid(WINDOW) * WINDOW;
        let start = match (after, backwards) {
            (None, false) => floor(from),
            (None, true) => floor(until - 1),
            (Some(key), false) => floor(key.at.max(from)),
            (Some(key), true) if key.stream.is_empty() => floor((key.at - 1).min(until - 1)),
            (Some(key), true) => floor(key.at.min(until - 1)),
        };
        (start < until && start + WINDOW > from).then_some(start)
    }

    /// The window that follows; where nothing was written for long, the next one in which something was.
    fn next_window(&self, start: Millis, backwards: bool) -> Option<Millis> {
        let (from, until) = self.bounds()?;
        let line = if backwards {
            self.streams.iter().filter_map(|stream| stream.last_before(start)).max()
        } else {
            self.streams.iter().filter_map(|stream| stream.first_from(start + WINDOW)).min()
        };
        let next = line.map(|at| at.div_euclid(WINDOW) * WINDOW);
        next.filter(|at| *at < until && at + WINDOW > from)
    }

    /// The times between which there is anything; none where there is nothing.
    fn bounds(&self) -> Option<(Millis, Millis)> {
        let first = self.streams.iter().map(|stream| stream.from).min()?;
        let last = self.streams.iter().map(|stream| stream.until).max()?;
        let (from, until) = (self.from.max(first), self.until.min(last + 1));
        (from < until).then_some((from, until))
    }

    /// The streams that wrote within a window.
    fn alive(&self, start: Millis) -> impl Iterator<Item = &LogStream> {
        let wrote = move |stream: &&&LogStream| stream.first_from(start).is_some_and(|at| at < start + WINDOW);
        self.streams.iter().filter(wrote).copied()
    }

    /// A window's lines, in order.
    fn window(&self, start: Millis, backwards: bool) -> Vec<(&LogStream, LogLine, LogKey)> {
        let mut lines = Vec::new();
        for stream in self.alive(start) {
            for (number, line) in stream.lines(start, start + WINDOW).into_iter().enumerate() {
                if (self.from..self.until).contains(&line.at) {
                    let number = u32::try_from(number).unwrap_or(u32::MAX);
                    let key = LogKey { at: line.at, stream: stream.name.clone(), number };
                    lines.push((stream, line, key));
                }
            }
        }
        lines.sort_by(|one, other| one.2.cmp(&other.2));
        if backwards {
            lines.reverse();
        }
        lines
    }
}
