//! Plays the recording of a shell: what is on its screen at a time, how fast time goes, and what is looked for.
//!
//! It knows no clock and no terminal. What was recorded is drawn on a screen in memory; nothing of it is obeyed by the
//! terminal that shows it.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::screen::{Screen, Snapshot};
use crate::journal::redact::{Item, Lexer};

use super::load::{Cast, What};

/// The speeds that there are.
pub const SPEEDS: [f64; 6] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0];

/// How long nothing happens at most, unless it is said otherwise.
pub const IDLE_LIMIT: Duration = Duration::from_secs(2);

/// How far one goes with [`Act::Back`] and [`Act::Forward`].
const STEP: Duration = Duration::from_secs(5);

/// How far one goes with [`Act::FarBack`] and [`Act::FarForward`].
const FAR: Duration = Duration::from_mins(1);

/// How much is played at least between two screens that are kept for going back.
const BETWEEN_SCREENS: usize = 256 * 1024;

/// The most screens that are kept.
const MOST_SCREENS: usize = 128;

/// The longest text that is looked for.
pub const LONGEST_SEARCH: usize = 200;

/// What may be done to a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Stops, or goes on; from the end, it begins anew.
    Pause,
    /// Takes the next higher speed.
    Faster,
    /// Takes the next lower speed.
    Slower,
    /// Goes five seconds back.
    Back,
    /// Goes five seconds on.
    Forward,
    /// Goes a minute back.
    FarBack,
    /// Goes a minute on.
    FarForward,
    /// Goes to the beginning.
    Start,
    /// Goes to the end.
    End,
    /// Stops, and goes to the next event.
    Step,
    /// Goes to the next marker.
    NextMarker,
    /// Goes to the marker before.
    PreviousMarker,
    /// Goes to the next place that has what is looked for.
    NextMatch,
    /// Goes to the place before that has it.
    PreviousMatch,
    /// Plays pauses at their length, or shortens them again.
    Idle,
}

/// Tells what became of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Found {
    /// Nothing was looked for.
    #[default]
    Nothing,
    /// It is on the screen.
    Here,
    /// It was found beyond the end, from the beginning, or the other way round.
    Around,
    /// It is nowhere.
    Nowhere,
}

/// A screen, and which event comes next.
struct Kept {
    next: usize,
    screen: Snapshot,
}

/// Plays one recording.
pub struct Player {
    cast: Arc<Cast>,
    /// When each event is played; pauses may be shortened.
    times: Vec<Duration>,
    idle_limit: Option<Duration>,
    at: Duration,
    /// The index of the event that comes next.
    next: usize,
    terminal: Screen,
    kept: Vec<Kept>,
    /// How many bytes were played since a screen was kept.
    unkept: usize,
    /// The indices of the markers.
    markers: Vec<usize>,
    speed: usize,
    is_playing: bool,
    search: String,
    found: Found,
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Player").field("at", &self.at).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Player {
    /// Begins to play, from the beginning, with pauses shortened to [`IDLE_LIMIT`].
    pub fn new(cast: Arc<Cast>) -> Self {
        let terminal = Screen::new(cast.columns, cast.rows, 0);
        let is_marker = |index: &usize| matches!(cast.events[*index].what, What::Marker(_));
        let markers = (0..cast.events.len()).filter(is_marker).collect();
        let mut player = Self {
            cast,
            times: Vec::new(),
            idle_limit: Some(IDLE_LIMIT),
            at: Duration::ZERO,
            next: 0,
            terminal,
            kept: Vec::new(),
            unkept: 0,
            markers,
            speed: 1,
            is_playing: true,
            search: String::new(),
            found: Found::Nothing,
        };
        player.lay_out();
        player.play_to(Duration::ZERO);
        player
    }

    /// Returns the recording.
    pub fn cast(&self) -> &Arc<Cast> {
        &self.cast
    }

    /// Returns what is on the screen.
    pub fn screen(&self) -> &Screen {
        &self.terminal
    }

    /// Returns how far it is, pauses as they are played.
    pub fn position(&self) -> Duration {
        self.at
    }

    /// Returns when in the session that was: pauses at their length.
    pub fn recorded_position(&self) -> Duration {
        let Some(last) = self.next.checked_sub(1) else { return self.at };
        let within = self.at.saturating_sub(self.times[last]);
        let recorded = self.cast.events[last].at + within;
        self.cast.events.get(self.next).map_or(recorded, |next| recorded.min(next.at))
    }

    /// Returns how long it plays.
    pub fn length(&self) -> Duration {
        self.times.last().copied().unwrap_or_default()
    }

    /// Returns how fast time goes.
    pub fn speed(&self) -> f64 {
        SPEEDS[self.speed]
    }

    /// Takes the speed nearest to one that is wanted.
    pub fn set_speed(&mut self, speed: f64) {
        let distance = |index: &usize| (SPEEDS[*index] - speed).abs();
        self.speed = (0..SPEEDS.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(1);
    }

    /// Tells whether it plays: it has not been stopped, and there is more to come.
    pub fn is_playing(&self) -> bool {
        self.is_playing && self.next < self.times.len()
    }

    /// Tells whether nothing more comes.
    pub fn is_over(&self) -> bool {
        self.next >= self.times.len()
    }

    /// Returns to what pauses are shortened; nothing where they are played at their length.
    pub fn idle_limit(&self) -> Option<Duration> {
        self.idle_limit
    }

    /// Shortens pauses to a limit, or not at all, and stays where it is.
    pub fn set_idle_limit(&mut self, limit: Option<Duration>) {
        let within = self.next.checked_sub(1).map_or(self.at, |last| self.at.saturating_sub(self.times[last]));
        self.idle_limit = limit;
        self.lay_out();
        let last = self.next.checked_sub(1).map_or(Duration::ZERO, |last| self.times[last]);
        let before_next = self.times.get(self.next).map_or(last, |next| next.saturating_sub(Duration::from_nanos(1)));
        self.at = (last + within).min(before_next.max(last));
    }

    /// Returns the marker that was passed last; may be empty.
    pub fn marker(&self) -> Option<&str> {
        let passed = self.markers.partition_point(|index| *index < self.next);
        match &self.cast.events[*self.markers.get(passed.checked_sub(1)?)?].what {
            What::Marker(label) => Some(label),
            _ => None,
        }
    }

    /// Returns what is looked for; empty where nothing is.
    pub fn search_text(&self) -> &str {
        &self.search
    }

    /// Tells what became of the last search.
    pub fn found(&self) -> Found {
        self.found
    }

    /// Returns how long until the screen changes, in real time; nothing where it does not.
    pub fn due(&self) -> Option<Duration> {
        let next = self.times.get(self.next).filter(|_| self.is_playing)?;
        Some(next.saturating_sub(self.at).div_f64(self.speed()))
    }

    /// Lets real time pass; returns whether the screen may have changed.
    pub fn pass(&mut self, elapsed: Duration) -> bool {
        if !self.is_playing() {
            return false;
        }
        let before = self.next;
        let to = (self.at + elapsed.mul_f64(self.speed())).min(self.length());
        self.play_to(to);
        self.next != before
    }

    /// Does what a person asks for.
    pub fn act(&mut self, act: Act) {
        match act {
            Act::Pause if self.is_over() => {
                self.seek(Duration::ZERO);
                self.is_playing = true;
            }
            Act::Pause => self.is_playing = !self.is_playing,
            Act::Faster => self.speed = (self.speed + 1).min(SPEEDS.len() - 1),
            Act::Slower => self.speed = self.speed.saturating_sub(1),
            Act::Back => self.seek(self.at.saturating_sub(STEP)),
            Act::Forward => self.seek(self.at + STEP),
            Act::FarBack => self.seek(self.at.saturating_sub(FAR)),
            Act::FarForward => self.seek(self.at + FAR),
            Act::Start => self.seek(Duration::ZERO),
            Act::End => self.seek(Duration::MAX),
            Act::Step => {
                self.is_playing = false;
                self.go_behind(self.next);
            }
            Act::NextMarker => {
                let passed = self.markers.partition_point(|index| *index < self.next);
                match self.markers.get(passed).copied() {
                    Some(index) => self.go_behind(index),
                    None => self.seek(Duration::MAX),
                }
            }
            Act::PreviousMarker => {
                // The one that has just been passed is where one is.
                let here = self.next.saturating_sub(1);
                let passed = self.markers.partition_point(|index| *index < here);
                match passed.checked_sub(1).and_then(|last| self.markers.get(last)).copied() {
                    Some(index) => self.go_behind(index),
                    None => self.seek(Duration::ZERO),
                }
            }
            Act::NextMatch => self.find(true),
            Act::PreviousMatch => self.find(false),
            Act::Idle => self.set_idle_limit(if self.idle_limit.is_some() { None } else { Some(IDLE_LIMIT) }),
        }
    }

    /// Looks for a text, from here on, and stops where it is; upper and lower case are one.
    pub fn search(&mut self, text: &str) {
        self.search = text.chars().take(LONGEST_SEARCH).collect();
        self.found = Found::Nothing;
        self.find(true);
    }

    /// Goes to a time, pauses as they are played.
    pub fn seek(&mut self, to: Duration) {
        let to = to.min(self.length());
        if to < self.at {
            let next = self.times.partition_point(|time| *time <= to);
            self.return_to(next);
        }
        self.play_to(to);
    }

    /// Goes to where an event has just happened.
    fn go_behind(&mut self, index: usize) {
        let Some(at) = self.times.get(index).copied() else { return };
        if index < self.next {
            self.return_to(index + 1);
        }
        while self.next <= index {
            self.play_next();
        }
        self.at = at;
    }

    /// Works out when each event is played.
    fn lay_out(&mut self) {
        let (mut played, mut recorded) = (Duration::ZERO, Duration::ZERO);
        self.times.clear();
        for event in &self.cast.events {
            let pause = event.at.saturating_sub(recorded);
            played += self.idle_limit.map_or(pause, |limit| pause.min(limit));
            recorded = event.at;
            self.times.push(played);
        }
    }

    fn play_to(&mut self, to: Duration) {
        while self.times.get(self.next).is_some_and(|time| *time <= to) {
            self.play_next();
        }
        self.at = to;
    }

    fn play_next(&mut self) {
        self.keep();
        match self.cast.events.get(self.next).map(|event| &event.what) {
            Some(What::Output(text)) => {
                self.terminal.write(text.as_bytes());
                self.unkept += text.len();
            }
            Some(What::Resize(columns, rows)) => {
                self.terminal.resize(*columns, *rows);
            }
            Some(What::Marker(_)) | None => {}
        }
        self.next += 1;
    }

    /// Keeps a screen now and then, so that going back does not play everything again.
    fn keep(&mut self) {
        let last = self.kept.last().map_or(0, |kept| kept.next);
        if self.unkept > BETWEEN_SCREENS && self.kept.len() < MOST_SCREENS && self.next > last {
            self.kept.push(Kept { next: self.next, screen: self.terminal.snapshot() });
            self.unkept = 0;
        }
    }

    /// Goes back to before an event.
    fn return_to(&mut self, next: usize) {
        let index = self.kept.partition_point(|kept| kept.next <= next);
        self.terminal = Screen::new(self.cast.columns, self.cast.rows, 0);
        self.next = 0;
        if let Some(kept) = index.checked_sub(1).and_then(|index| self.kept.get(index)) {
            self.terminal.restore(kept.screen.clone());
            self.next = kept.next;
        }
        while self.next < next {
            self.play_next();
        }
    }

    fn find(&mut self, is_forward: bool) {
        if self.search.is_empty() {
            return;
        }
        let places = places(&self.cast, &self.search);
        let here = self.next.saturating_sub(1);
        // What is on the screen when one begins to look for it counts.
        let is_first = self.found == Found::Nothing && self.next > 0;
        let ahead = places.iter().find(|place| **place > here || (is_first && **place == here));
        let (direct, around) = if is_forward {
            (ahead, places.first())
        } else {
            (places.iter().rev().find(|place| **place < here), places.last())
        };
        self.found = match (direct, around) {
            (Some(place), _) => {
                self.go_behind(*place);
                Found::Here
            }
            (None, Some(place)) => {
                self.go_behind(*place);
                Found::Around
            }
            (None, None) => Found::Nowhere,
        };
        self.is_playing &= self.found == Found::Nowhere;
    }
}

/// Returns the events with which a text was written to its end, in whatever pieces.
fn places(cast: &Cast, search: &str) -> Vec<usize> {
    let wanted: Vec<char> = search.chars().flat_map(char::to_lowercase).collect();
    let failures = failures(&wanted);
    let (mut places, mut matched, mut lexer) = (Vec::new(), 0, Lexer::default());
    for (index, event) in cast.events.iter().enumerate() {
        let What::Output(text) = &event.what else { continue };
        let mut take = |c: char| {
            for c in c.to_lowercase() {
                while matched > 0 && wanted[matched] != c {
                    matched = failures[matched - 1];
                }
                matched += usize::from(wanted[matched] == c);
                if matched == wanted.len() {
                    matched = failures[matched - 1];
                    if places.last() != Some(&index) {
                        places.push(index);
                    }
                }
            }
        };
        let mut each = |item: Item| {
            if let Some(c) = item.visible() {
                take(c);
            }
        };
        lexer.push(text.as_bytes(), &mut each);
        if search.ends_with(' ') {
            lexer.release_blank(&mut each);
        }
    }
    places
}

/// Returns, for each beginning of a text, how much of it is again a beginning (Knuth, Morris and Pratt).
fn failures(wanted: &[char]) -> Vec<usize> {
    let mut failures = vec![0; wanted.len()];
    let mut matched = 0;
    for index in 1..wanted.len() {
        while matched > 0 && wanted[matched] != wanted[index] {
            matched = failures[matched - 1];
        }
        matched += usize::from(wanted[matched] == wanted[index]);
        failures[index] = matched;
    }
    failures
}

/// Returns the recording as text: what was written, without what a terminal obeys, a line for each marker.
///
/// What overwrites a line (a progress bar) is a line of its own.
pub fn plain(cast: &Cast) -> impl Iterator<Item = String> + '_ {
    let mut lexer = Lexer::default();
    let mut has_return = false;
    cast.events.iter().filter_map(move |event| match &event.what {
        What::Output(text) => {
            let mut piece = String::new();
            lexer.push(text.as_bytes(), &mut |item| {
                let Some(c) = item.visible() else { return };
                if std::mem::replace(&mut has_return, c == '\r') && !matches!(c, '\n' | '\r') {
                    piece.push('\n');
                }
                if c != '\r' {
                    piece.push(c);
                }
            });
            Some(piece)
        }
        What::Marker(label) => {
            let mut piece = String::new();
            lexer.release_blank(&mut |item| piece.extend(item.visible()));
            has_return = false;
            Some(format!("{piece}\n[{label}]\n"))
        }
        What::Resize(..) => None,
    })
}
