//! The log of a service: the lines that are kept, where one is in them, and what of it is read.

pub mod places;
pub mod ring;
pub mod search;

mod keys;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    ecs::Service,
    fetch::{Panel, SourceId},
    log::{Follow, LogChunk, LogLine, LogTail},
};

use super::{Screen, State, overlay::Overlay, services::ServiceRef};

use places::Choice;
use ring::Ring;
use search::Needles;

pub(super) use keys::{click, click_line, open_prompt, run, typed};

/// How far back a log is read when it is opened; the time ranges read further.
const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// Names the ways in which a line's time is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    /// The time of day.
    #[default]
    Clock,
    /// Day and time.
    Date,
    /// How long ago it was.
    Age,
    /// Not at all.
    Hidden,
}

impl Times {
    /// Returns the way that follows when one goes through them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Clock => Self::Date,
            Self::Date => Self::Age,
            Self::Age => Self::Hidden,
            Self::Hidden => Self::Clock,
        }
    }
}

/// Says where one stands in a log that does not follow its end, by the numbers of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The line that the cursor is on.
    pub cursor: usize,
    /// The first line that is seen.
    pub top: usize,
    /// Lines that came since.
    pub unseen: usize,
}

/// Holds the log that is open.
#[derive(Debug, Clone)]
pub struct LogView {
    /// The service that it is of.
    pub id: ServiceRef,
    /// The ARN of the task definition that says where its containers log to, once it is known.
    pub definition: Option<String>,
    /// What can be tailed; nothing until the definition was read, or where no container logs to CloudWatch Logs.
    pub choices: Vec<Choice>,
    /// Which of them is tailed.
    pub chosen: usize,
    /// What CloudWatch Logs filters by; empty for nothing.
    pub pattern: String,
    /// The filter while it is typed.
    pub typed: Option<String>,
    /// What is looked for in the lines that are there; empty for nothing.
    pub search: String,
    /// The oldest line that is wanted of what is tailed.
    pub since: Timestamp,
    /// Whether reading rests.
    pub paused: bool,
    /// Whether long lines are broken.
    pub wrap: bool,
    /// How times are shown.
    pub times: Times,
    /// How many cells of the lines are scrolled out at the left.
    pub left: usize,
    /// How far they can be.
    pub left_end: usize,
    /// The lines.
    pub ring: Ring,
    /// Where one stands; none while the end is followed.
    pub held: Option<Held>,
    /// When the log was last read.
    pub at: Option<Timestamp>,
    /// How it is followed.
    pub follow: Option<Follow>,
    /// Whether lines were left out by CloudWatch Logs, or came faster than they can be read.
    pub sampled: bool,
    /// The oldest line that is asked for: later than `since` where what lies before is here already.
    from: Timestamp,
    /// How far back it reads.
    back: SignedDuration,
}

impl LogView {
    fn new(id: ServiceRef, now: Timestamp) -> Self {
        let since = now - RECENT;
        Self {
            id,
            definition: None,
            choices: Vec::new(),
            chosen: 0,
            pattern: String::new(),
            typed: None,
            search: String::new(),
            since,
            paused: false,
            wrap: false,
            times: Times::default(),
            left: 0,
            left_end: 0,
            ring: Ring::default(),
            held: None,
            at: None,
            follow: None,
            sampled: false,
            from: since,
            back: RECENT,
        }
    }

    /// Returns what is tailed.
    pub fn choice(&self) -> Option<&Choice> {
        self.choices.get(self.chosen)
    }

    /// Returns the tail as the poller is told of it.
    pub fn tail(&self) -> Option<LogTail> {
        let place = self.choice()?.place.clone();
        Some(LogTail { place, pattern: self.pattern.clone(), from: self.from.as_millisecond() })
    }

    /// Returns what is picked out of the lines: what is searched for, else the words of the filter.
    pub fn needles(&self) -> Needles {
        if self.search.is_empty() {
            Needles::of_pattern(self.typed.as_deref().unwrap_or(&self.pattern))
        } else {
            Needles::of_search(&self.search)
        }
    }

    /// Returns where the line that the cursor is on stands; while the end is followed that is the newest.
    pub fn cursor(&self) -> Option<usize> {
        let newest = self.ring.len().checked_sub(1)?;
        Some(self.held.and_then(|held| self.ring.position(held.cursor)).unwrap_or(newest))
    }

    /// Returns where the first line that is seen stands, and the one that the cursor is on; none while the end is followed.
    pub fn window(&self) -> Option<(usize, usize)> {
        let held = self.held?;
        let cursor = self.ring.position(held.cursor)?;
        Some((self.ring.position(held.top).unwrap_or(0).min(cursor), cursor))
    }

    /// Returns the line that the cursor is on.
    pub fn line(&self) -> Option<&Arc<LogLine>> {
        self.cursor().and_then(|index| self.ring.get(index)).map(|entry| &entry.line)
    }

    /// Follows the end again.
    fn follow_end(&mut self) {
        self.held = None;
    }

    /// Puts the cursor on a line and holds the log still; what is seen moves no further than it must.
    fn hold(&mut self, index: usize, page: usize) {
        let page = page.max(1);
        let Some(newest) = self.ring.len().checked_sub(1) else { return };
        let index = index.min(newest);
        let top = self.window().map_or((newest + 1).saturating_sub(page), |(top, _)| top);
        let top = top.min(index).max((index + 1).saturating_sub(page));
        let number = |index| self.ring.get(index).map(|entry| entry.number);
        if let (Some(cursor), Some(top)) = (number(index), number(top)) {
            self.held = Some(Held { cursor, top, unseen: self.held.map_or(0, |held| held.unseen) });
        }
    }

    /// Moves the cursor by so many lines; down to the newest, the end is followed.
    fn step(&mut self, by: isize, page: usize) {
        let Some(cursor) = self.cursor() else { return };
        let index = cursor.saturating_add_signed(by);
        if by > 0 && index + 1 >= self.ring.len() {
            self.follow_end();
        } else {
            self.hold(index, page);
        }
    }

    /// Brings what is seen to a page of another size.
    fn repage(&mut self, page: usize) {
        if let Some((_, cursor)) = self.window() {
            self.hold(cursor, page);
        }
    }

    /// Reads anew from so far back: another place, another filter, another time.
    fn restart(&mut self, now: Timestamp) {
        self.since = now - self.back;
        self.from = self.since;
        self.ring = Ring::default();
        self.held = None;
        self.left = 0;
        self.at = None;
        self.sampled = false;
    }

    /// Rests, or goes on from the newest line: what lies before it is here.
    fn pause(&mut self) {
        self.paused = !self.paused;
        if let Some(newest) = self.ring.last().filter(|_| !self.paused) {
            self.from = self.from.max(newest.line.at);
        }
    }

    /// Takes lines that came, unless they are of what is no longer tailed.
    fn take(&mut self, chunk: LogChunk, at: Timestamp) {
        if self.tail().as_ref() != Some(&chunk.tail) {
            return;
        }
        self.at = Some(at);
        self.follow = Some(chunk.follow);
        self.sampled |= chunk.sampled;
        for line in chunk.lines {
            if self.choice().is_some_and(|choice| choice.container_of(&line).is_some()) && self.ring.insert(line) {
                self.held = self.held.map(|held| Held { unseen: held.unseen + 1, ..held });
            }
        }
        self.keep_place();
    }

    /// Stays near where one was when the lines there had to give way: on the oldest that is left.
    fn keep_place(&mut self) {
        let Some(held) = &mut self.held else { return };
        let Some(oldest) = self.ring.get(0).map(|entry| entry.number) else {
            self.held = None;
            return;
        };
        for number in [&mut held.cursor, &mut held.top] {
            if self.ring.position(*number).is_none() {
                *number = oldest;
            }
        }
    }

    /// Takes what can be tailed; what was tailed stays so where it is still there.
    fn take_choices(&mut self, choices: Vec<Choice>, now: Timestamp) {
        if self.choices == choices {
            return;
        }
        let before = self.choice().cloned();
        let same = before.as_ref().and_then(|before| choices.iter().position(|choice| choice == before));
        let main = choices.iter().position(|choice| choice.containers().eq([self.id.key.service.as_str()]));
        self.chosen = same.or(main).unwrap_or(0);
        self.choices = choices;
        if same.is_none() && before.is_some() {
            self.restart(now);
        }
    }
}

/// Opens the log of the open service.
pub(super) fn open(state: &mut State) {
    let Some(view) = state.service.as_ref().filter(|view| state.screen == Screen::Service && view.row.is_some()) else {
        return;
    };
    let id = view.id.clone();
    if let Some(source) = state.sources.get_mut(id.source.0) {
        source.reopen(Panel::Log);
    }
    state.log = Some(LogView::new(id, state.now));
    derive(state);
    super::open::go_deeper(state, Screen::Log);
}

/// Brings the open log up to date with what its service's task definition says.
pub(super) fn derive(state: &mut State) {
    let Some(mut view) = state.log.take() else { return };
    if let Some(source) = state.source(view.id.source) {
        let services = source.services.value.as_ref();
        let found = services.and_then(|snapshot| snapshot.services.iter().find(|service| service.key == view.id.key));
        if let Some(definition) = found.and_then(|service| definition(state, &view, service)) {
            view.definition = Some(definition);
        }
        let places = view.definition.as_ref().and_then(|definition| source.log_places.get(definition));
        if let Some(places) = places {
            view.take_choices(places::choices(places), state.now);
        }
    }
    state.log = Some(view);
}

/// Returns the ARN of a service's task definition: its own, or what its newest task runs where others deploy it.
fn definition(state: &State, view: &LogView, service: &Service) -> Option<String> {
    let tasks = state.source(view.id.source).and_then(|source| source.tasks.value.as_ref());
    let newest = tasks.and_then(|tasks| tasks.of(&view.id.key).max_by_key(|task| task.created_at));
    let own = Some(service.task_definition.as_str()).filter(|name| !name.is_empty());
    let name = own.or(newest.map(|task| task.task_definition.as_str())).filter(|name| !name.is_empty())?;
    if name.starts_with("arn:") {
        return Some(name.to_owned());
    }
    // A service and its task definition are of the same partition, region and account.
    let parts: Vec<&str> = service.arn.splitn(6, ':').collect();
    match parts[..] {
        [arn, partition, ecs, region, account, _] => {
            Some(format!("{arn}:{partition}:{ecs}:{region}:{account}:task-definition/{name}"))
        }
        _ => None,
    }
}

/// Takes lines that a source read.
pub(super) fn take(state: &mut State, source: SourceId, chunk: LogChunk, at: Timestamp) {
    if let Some(view) = state.log.as_mut().filter(|view| view.id.source == source) {
        view.take(chunk, at);
    }
}

/// Reads as far back as the pinned range goes.
pub(super) fn look_back(state: &mut State) {
    let (now, back) = (state.now, state.range.span());
    if let Some(view) = state.log.as_mut().filter(|_| state.screen == Screen::Log) {
        view.back = back;
        view.restart(now);
    }
}

/// Brings what is seen to a page of another size, and the lines no further left than there is something to see.
pub(super) fn drawn(state: &mut State, page: usize, end: usize) {
    // What lies over the log has another page, and moves nothing below.
    let is_in_front = state.screen == Screen::Log && state.overlays.iter().all(Overlay::takes_text);
    if let Some(view) = state.log.as_mut().filter(|_| is_in_front) {
        view.repage(page);
        view.left_end = end;
    }
}

/// Moves the cursor by so many lines.
pub(super) fn step(state: &mut State, by: isize) {
    let page = state.page;
    if let Some(view) = &mut state.log {
        view.step(by, page);
    }
}
