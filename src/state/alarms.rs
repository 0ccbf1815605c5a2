//! The rows of alarms, and the one that is open.

use std::{cmp::Reverse, sync::Arc};

use jiff::SignedDuration;

use crate::domain::{
    alarm::{Alarm, AlarmState, MetricRule, Watches},
    fetch::SourceId,
    metric::{Query, Range},
    queue::Place,
};

use super::{
    State,
    list::{ListView, Scroll},
    services::{environment_words, words},
    source::Source,
};

/// Names an alarm among all sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlarmRef {
    /// The source that read it.
    pub source: SourceId,
    /// Its name.
    pub name: String,
}

/// Holds a row of the list of alarms.
#[derive(Debug, Clone)]
pub struct AlarmRow {
    /// Which alarm it is.
    pub id: AlarmRef,
    /// Where it belongs.
    pub place: Place,
    /// The alarm itself.
    pub alarm: Arc<Alarm>,
    haystack: String,
}

/// Names the columns that alarms can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlarmSort {
    /// By state, worst first, and within it what changed last.
    #[default]
    State,
    /// By name.
    Name,
    /// What changed last first.
    Since,
}

impl AlarmSort {
    /// Returns the order that follows when one cycles through them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::State => Self::Name,
            Self::Name => Self::Since,
            Self::Since => Self::State,
        }
    }
}

/// Names the columns of the list of alarms, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmColumn {
    /// The state.
    State,
    /// How long in it.
    Since,
    /// The environment.
    Environment,
    /// The alarm's name.
    Name,
    /// What it watches, against its threshold.
    Condition,
    /// Actions off, none, or suppressed.
    Flags,
    /// What its author wrote about it.
    Description,
}

impl AlarmColumn {
    /// Lists the columns from left to right.
    pub const ALL: [Self; 7] =
        [Self::State, Self::Since, Self::Environment, Self::Name, Self::Condition, Self::Flags, Self::Description];

    /// Returns the order that the column stands for.
    pub fn sort(self) -> Option<AlarmSort> {
        match self {
            Self::State => Some(AlarmSort::State),
            Self::Since => Some(AlarmSort::Since),
            Self::Name => Some(AlarmSort::Name),
            Self::Environment | Self::Condition | Self::Flags | Self::Description => None,
        }
    }
}

/// Counts alarms by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlarmCounts {
    /// In the state ALARM.
    pub alarm: usize,
    /// In the state `INSUFFICIENT_DATA`.
    pub no_data: usize,
    /// In the state OK.
    pub ok: usize,
    /// With their actions switched off.
    pub muted: usize,
}

impl AlarmCounts {
    /// Counts one alarm.
    pub fn add(&mut self, alarm: &Alarm) {
        match alarm.state {
            AlarmState::Alarm => self.alarm += 1,
            AlarmState::InsufficientData => self.no_data += 1,
            AlarmState::Ok => self.ok += 1,
        }
        self.muted += usize::from(!alarm.actions_enabled);
    }
}

/// Holds the list of alarms as it is shown.
#[derive(Debug, Default)]
pub struct Alarms {
    /// The rows that pass the filter, sorted.
    pub rows: Vec<AlarmRow>,
    /// The rows that the filter was applied to.
    pub total: usize,
    /// Whether AWS has more than was read.
    pub capped: bool,
    /// All rows by state.
    pub counts: AlarmCounts,
    /// The selection.
    pub list: ListView<AlarmRef>,
    /// The filter; empty for none.
    pub filter: String,
    /// The order.
    pub sort: AlarmSort,
    /// Whether the order is turned around.
    pub reversed: bool,
    all: Vec<AlarmRow>,
    keys: Vec<AlarmRef>,
}

impl Alarms {
    /// Returns the selected row.
    pub fn selected(&self) -> Option<&AlarmRow> {
        self.rows.get(self.list.selected())
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize, page: usize) {
        self.list.step(by, &self.keys, page);
    }

    /// Selects a row by its index.
    pub fn select(&mut self, index: usize, page: usize) {
        self.list.select(index, &self.keys, page);
    }

    /// Returns every row before the filter.
    pub fn all(&self) -> &[AlarmRow] {
        &self.all
    }

    /// Brings the window to a page of another size.
    pub fn repage(&mut self, page: usize) {
        self.list.scroll(self.rows.len(), page);
    }
}

/// Holds a line of a composite alarm's tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// How deep it lies; the alarm itself is at 0.
    pub depth: usize,
    /// Whether it is the last of its siblings.
    pub last: bool,
    /// The name by which the rule reads it.
    pub name: String,
    /// The alarm, where it could be read.
    pub alarm: Option<Arc<Alarm>>,
}

/// Holds the open alarm.
#[derive(Debug, Clone)]
pub struct AlarmView {
    /// Which alarm it is.
    pub id: AlarmRef,
    /// The alarm as last read, also when it vanished since.
    pub row: Option<AlarmRow>,
    /// Whether it was there in the last snapshot.
    pub exists: bool,
    /// The alarms that a composite reads, as a tree; empty for a metric alarm.
    pub tree: Vec<Branch>,
    /// The position in the history.
    pub history: Scroll,
}

impl AlarmView {
    /// Opens an alarm.
    pub fn new(id: AlarmRef) -> Self {
        Self { id, row: None, exists: false, tree: Vec::new(), history: Scroll::default() }
    }
}

/// High-resolution data is kept for three hours, then by the minute
/// (source: "`GetMetricData`", retention of metrics).
const FINE_RANGE: SignedDuration = SignedDuration::from_hours(3);

/// Returns the query that charts what an alarm watches, at the alarm's own statistic and period.
///
/// Another period would make a sum look beyond the threshold that it is held against. An expression has no metric of
/// its own to chart.
pub fn chart_query(rule: &MetricRule, range: Range) -> Option<Query> {
    if rule.expression.is_some() {
        return None;
    }
    let metric = rule.metric.clone()?;
    let finest = if range.span() > FINE_RANGE { 60 } else { 1 };
    Some(Query { metric, statistic: rule.statistic.clone(), period: rule.period.max(finest) })
}

/// Makes all rows anew from what the sources hold.
pub fn derive(state: &mut State) {
    let mut all = Vec::new();
    let mut capped = false;
    for (id, source) in state.shown_sources() {
        let Some(snapshot) = &source.alarms.value else {
            continue;
        };
        capped |= snapshot.capped;
        for alarm in &snapshot.alarms {
            let place = state.place_of_alarm(source, &alarm.name);
            if state.shows(place) {
                all.push(row(state, id, place, alarm));
            }
        }
    }
    let mut counts = AlarmCounts::default();
    for row in &all {
        counts.add(&row.alarm);
    }
    state.alarms.all = all;
    state.alarms.capped = capped;
    state.alarms.counts = counts;
    arrange(state);
    derive_open(state);
}

fn row(state: &State, source: SourceId, place: Place, alarm: &Arc<Alarm>) -> AlarmRow {
    AlarmRow {
        id: AlarmRef { source, name: alarm.name.clone() },
        place,
        haystack: format!(
            "{} {} {} {} {}",
            environment_words(state, place),
            alarm.name,
            alarm.state.as_str(),
            state.word(alarm.state.as_str()),
            alarm.description
        )
        .to_lowercase(),
        alarm: Arc::clone(alarm),
    }
}

/// Applies filter and order to the rows that there are.
pub fn arrange(state: &mut State) {
    let alarms = &mut state.alarms;
    let words = words(&alarms.filter);
    let mut rows: Vec<AlarmRow> =
        alarms.all.iter().filter(|row| words.iter().all(|word| row.haystack.contains(word))).cloned().collect();
    match alarms.sort {
        AlarmSort::State => rows.sort_by(|a, b| {
            (b.alarm.state, b.alarm.since).cmp(&(a.alarm.state, a.alarm.since)).then_with(|| a.id.cmp(&b.id))
        }),
        AlarmSort::Name => rows.sort_by(|a, b| a.id.name.cmp(&b.id.name).then_with(|| a.id.cmp(&b.id))),
        AlarmSort::Since => {
            rows.sort_by(|a, b| Reverse(a.alarm.since).cmp(&Reverse(b.alarm.since)).then_with(|| a.id.cmp(&b.id)));
        }
    }
    if alarms.reversed {
        rows.reverse();
    }
    alarms.total = alarms.all.len();
    alarms.keys = rows.iter().map(|row| row.id.clone()).collect();
    alarms.rows = rows;
    alarms.list.follow(&alarms.keys, state.page);
}

/// Brings the open alarm up to date with the rows.
pub fn derive_open(state: &mut State) {
    let Some(mut view) = state.alarm.take() else {
        return;
    };
    if let Some(source) = state.source(view.id.source) {
        let found = find(source, &view.id.name);
        view.exists = found.is_some();
        if let Some(alarm) = found {
            let place = state.place_of_alarm(source, &alarm.name);
            view.row = Some(row(state, view.id.source, place, alarm));
            view.tree = tree(alarm, &|name| find(source, name));
        }
    }
    state.alarm = Some(view);
}

fn find<'a>(source: &'a Source, name: &str) -> Option<&'a Arc<Alarm>> {
    source.alarms.value.as_ref().and_then(|snapshot| snapshot.alarms.iter().find(|alarm| alarm.name == name))
}

/// Returns the tree of the alarms that a composite reads; empty for a metric alarm.
pub fn tree_of(state: &State, id: &AlarmRef) -> Vec<Branch> {
    let Some(source) = state.source(id.source) else {
        return Vec::new();
    };
    find(source, &id.name).map(|alarm| tree(alarm, &|name| find(source, name))).unwrap_or_default()
}

/// Draws a composite's tree; a composite that reads itself through others is cut where it would repeat.
fn tree<'a>(alarm: &Arc<Alarm>, find: &impl Fn(&str) -> Option<&'a Arc<Alarm>>) -> Vec<Branch> {
    fn grow<'a>(
        alarm: &Alarm,
        depth: usize,
        path: &mut Vec<String>,
        find: &impl Fn(&str) -> Option<&'a Arc<Alarm>>,
        out: &mut Vec<Branch>,
    ) {
        let Watches::Composite(rule) = &alarm.watches else {
            return;
        };
        path.push(alarm.name.clone());
        for (index, name) in rule.children.iter().enumerate() {
            let child = find(name);
            out.push(Branch {
                depth: depth + 1,
                last: index + 1 == rule.children.len(),
                name: name.clone(),
                alarm: child.cloned(),
            });
            if let Some(child) = child
                && !path.contains(name)
                && depth < 8
            {
                grow(child, depth + 1, path, find, out);
            }
        }
        path.pop();
    }
    let mut out = Vec::new();
    grow(alarm, 0, &mut Vec::new(), find, &mut out);
    out
}
