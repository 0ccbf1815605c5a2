//! The environments side by side: one row an environment, one cell a concern, worst first.

use std::cmp::Reverse;

use crate::domain::queue::{Item, Severity};

use super::{Screen, State, lines::EnvironmentLine, list::ListView};

/// Names what an environment is looked at for, in the order of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Concern {
    /// Everything that needs a person.
    #[default]
    Queue,
    /// Its services.
    Services,
    /// Its alarms.
    Alarms,
    /// Its web ACLs.
    Waf,
    /// Its findings.
    Findings,
}

impl Concern {
    /// Lists the concerns from left to right.
    pub const ALL: [Self; 5] = [Self::Queue, Self::Services, Self::Alarms, Self::Waf, Self::Findings];

    /// Returns the screen that shows it.
    pub fn screen(self) -> Screen {
        match self {
            Self::Queue => Screen::Overview,
            Self::Services => Screen::Services,
            Self::Alarms => Screen::Alarms,
            Self::Waf => Screen::Waf,
            Self::Findings => Screen::Findings,
        }
    }
}

/// Holds one environment's row.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetRow {
    /// The counts.
    pub line: EnvironmentLine,
    /// The worst row of the queue that it has.
    pub worst: Option<Severity>,
    /// How many rows of the queue it has.
    pub items: usize,
}

/// Holds the environments as they are shown.
#[derive(Debug, Default)]
pub struct Fleet {
    /// The rows, worst first.
    pub rows: Vec<FleetRow>,
    /// The selection, by environment.
    pub list: ListView<Option<usize>>,
    /// The concern that the cursor is on.
    pub concern: Concern,
    keys: Vec<Option<usize>>,
}

impl Fleet {
    /// Returns the selected row.
    pub fn selected(&self) -> Option<&FleetRow> {
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

    /// Moves the cursor to another concern.
    pub fn turn(&mut self, by: isize) {
        let index = Concern::ALL.iter().position(|concern| *concern == self.concern).unwrap_or(0);
        let len = Concern::ALL.len().cast_signed();
        self.concern = Concern::ALL[(index.cast_signed() + by).rem_euclid(len).cast_unsigned()];
    }

    /// Brings the window to a page of another size.
    pub fn repage(&mut self, page: usize) {
        self.list.scroll(self.rows.len(), page);
    }
}

/// Makes the rows anew from the counts of all environments and the whole queue.
///
/// Worst first: by the worst row of the queue, then by how many rows there are, then by kind and in the order of the
/// configuration.
pub fn derive(state: &mut State, lines: &[EnvironmentLine], items: &[Item]) {
    let mut rows: Vec<FleetRow> = lines
        .iter()
        .map(|line| {
            let own = || items.iter().filter(|item| item.place.environment == line.place.environment);
            FleetRow { line: *line, worst: own().map(|item| item.severity).max(), items: own().count() }
        })
        .collect();
    rows.sort_by_key(|row| {
        let order = row.line.place.environment.unwrap_or(usize::MAX);
        (Reverse(row.worst), Reverse(row.items), row.line.place.kind.rank(), order)
    });
    let fleet = &mut state.fleet;
    fleet.keys = rows.iter().map(|row| row.line.place.environment).collect();
    fleet.rows = rows;
    fleet.list.follow(&fleet.keys, state.page);
}
