//! The journal, screen 9: a window on its records, whether they are as they were written, the timeline of an incident.

use std::sync::Arc;

use crate::command::Command;
use crate::domain::fetch::Failure;
use crate::journal::query::Query;
use crate::journal::reader::{Page, Row, Standing};
use crate::journal::record::Record;
use crate::journal::ship::Shipping;

use super::{
    Screen, State,
    detail::Detail,
    event::{Effect, Notice},
    list::Scroll,
    overlay::Overlay,
};

/// Pages that are asked for: the one that is seen, and those above and below it.
const PAGES: usize = 3;

/// What belongs together, from its beginning on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thread {
    /// All that was done under a ticket.
    Ticket(String),
    /// All that was done in a run of a runbook.
    Run(String),
}

/// Says what is to be read of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalWanted {
    /// What is looked for.
    pub query: Query,
    /// The first row.
    pub from: usize,
    /// How many rows.
    pub count: usize,
    /// Whether the oldest comes first.
    pub oldest_first: bool,
    /// How often it was asked to verify all of it anew.
    pub round: u64,
}

/// What became of the heads that are kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HeadsRead {
    /// None are kept anywhere.
    #[default]
    NotKept,
    /// They are being read.
    Reading,
    /// They were read, and are compared.
    Read,
    /// They could not be read.
    Failed(Failure),
}

/// What was read of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalReport {
    /// What it was read for.
    pub query: Query,
    /// What is known of the journal as a whole.
    pub standing: Standing,
    /// The rows.
    pub page: Page,
    /// What became of the heads.
    pub heads: HeadsRead,
}

/// Holds screen 9.
#[derive(Debug, Default)]
pub struct JournalScreen {
    /// What was read last; nothing while nothing was.
    pub read: Option<JournalReport>,
    /// How the bringing of heads stands, where they are kept anywhere.
    pub shipping: Option<Shipping>,
    /// The filter; empty for none.
    pub filter: String,
    /// The timeline that is shown.
    pub thread: Option<Thread>,
    selected: usize,
    offset: usize,
    /// The line of the selected row, where a person chose it.
    key: Option<u64>,
    round: u64,
    /// Where the cursor was before the timeline.
    before: (usize, usize),
}

impl JournalScreen {
    /// Returns the page, where it is of what is looked for now.
    pub fn page(&self) -> Option<&Page> {
        self.read.as_ref().filter(|read| read.query == self.query()).map(|read| &read.page)
    }

    /// Returns what is looked for.
    pub fn query(&self) -> Query {
        let mut query = Query::of(&self.filter);
        match &self.thread {
            Some(Thread::Ticket(ticket)) => query.ticket = Some(ticket.clone()),
            Some(Thread::Run(run)) => query.run = Some(run.clone()),
            None => {}
        }
        query
    }

    /// Returns how many rows there are.
    pub fn rows(&self) -> usize {
        self.page().map_or(0, |page| page.matched)
    }

    /// Returns the row of a place in the list, where it was read.
    pub fn row(&self, index: usize) -> Option<&Arc<Row>> {
        let page = self.page()?;
        page.rows.get(index.checked_sub(page.from)?)
    }

    /// Returns the place of the cursor.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Returns the place of the first visible row.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the record that the cursor is on.
    pub fn record(&self) -> Option<&Arc<Record>> {
        self.row(self.selected)?.record.as_ref().ok()
    }

    /// Tells whether heads wait and cannot be brought.
    pub fn is_unshipped(&self) -> bool {
        self.shipping.as_ref().is_some_and(|shipping| shipping.failure.is_some())
    }

    /// Moves the cursor.
    pub(in crate::state) fn step(&mut self, by: isize, page: usize) {
        self.select(self.selected.saturating_add_signed(by), page);
    }

    /// Puts the cursor on a row.
    pub(in crate::state) fn select(&mut self, row: usize, page: usize) {
        self.selected = row.min(self.rows().saturating_sub(1));
        // Who is on the first row sees what comes in; who chose another one stays on it.
        self.key = if self.selected == 0 { None } else { self.row(self.selected).map(|row| row.line) };
        self.scroll(page);
    }

    /// Fits the window to the page.
    pub(in crate::state) fn scroll(&mut self, page: usize) {
        let (page, rows) = (page.max(1), self.rows());
        self.offset =
            self.offset.min(self.selected).max((self.selected + 1).saturating_sub(page)).min(rows.saturating_sub(page));
    }

    /// Takes what was read; the cursor stays with its record, wherever that is now.
    fn take(&mut self, report: JournalReport, page: usize) {
        self.read = Some(report);
        let Some(read) = self.page() else { return };
        let found = self.key.and_then(|key| read.rows.iter().position(|row| row.line == key)).map(|at| read.from + at);
        let rows = read.matched;
        match found {
            Some(place) => {
                // What came in above moves the window along, so that nothing moves on the screen.
                let distance = self.selected.saturating_sub(self.offset);
                self.selected = place;
                self.offset = place.saturating_sub(distance);
            }
            None => self.selected = self.selected.min(rows.saturating_sub(1)),
        }
        if self.key.is_none() && self.selected > 0 {
            self.key = self.row(self.selected).map(|row| row.line);
        }
        self.scroll(page);
    }

    /// Begins at the first row, of another list.
    fn begin(&mut self) {
        (self.selected, self.offset, self.key) = (0, 0, None);
    }

    /// Looks for something else.
    pub(in crate::state) fn set_filter(&mut self, text: &str) {
        text.clone_into(&mut self.filter);
        self.begin();
    }
}

/// Says what is to be read of the journal; nothing while nobody looks at it.
pub fn wanted(state: &State) -> Option<JournalWanted> {
    if state.screen != Screen::Journal {
        return None;
    }
    let journal = &state.journal;
    let page = state.page.max(1);
    Some(JournalWanted {
        query: journal.query(),
        from: journal.offset.saturating_sub(page),
        count: page * PAGES,
        oldest_first: journal.thread.is_some(),
        round: journal.round,
    })
}

/// Takes what was read of the journal.
pub(in crate::state) fn take(state: &mut State, report: JournalReport) -> Vec<Effect> {
    let page = state.page;
    state.journal.take(report, page);
    Vec::new()
}

/// Takes how the bringing of heads stands.
pub(in crate::state) fn shipping(state: &mut State, shipping: Shipping) -> Vec<Effect> {
    state.journal.shipping = Some(shipping);
    Vec::new()
}

/// Does what a command means on screen 9 alone; tells whether it did.
pub(in crate::state) fn run(state: &mut State, command: Command) -> bool {
    if state.screen != Screen::Journal || !state.overlays.is_empty() {
        return false;
    }
    match command {
        Command::Timeline => timeline(state),
        Command::Back if state.journal.thread.is_some() => leave(state),
        _ => return false,
    }
    true
}

/// Has all of the journal verified anew.
pub(in crate::state) fn refresh(state: &mut State) -> Vec<Effect> {
    state.journal.round += 1;
    state.notice = Some(Notice::plain("journal.notice.verifying"));
    Vec::new()
}

/// Shows what belongs to the same incident as the record that the cursor is on, from its beginning.
fn timeline(state: &mut State) {
    if state.journal.thread.is_some() {
        return leave(state);
    }
    let act = state.journal.record().and_then(|record| record.act.as_ref());
    let thread = act.and_then(|act| {
        let run = act.run.clone().map(Thread::Run);
        run.or_else(|| act.ticket.clone().map(Thread::Ticket))
    });
    match thread {
        Some(thread) => {
            let journal = &mut state.journal;
            journal.before = (journal.selected, journal.offset);
            journal.thread = Some(thread);
            journal.begin();
        }
        None => state.notice = Some(Notice::plain("journal.notice.no-thread")),
    }
}

fn leave(state: &mut State) {
    let journal = &mut state.journal;
    journal.thread = None;
    journal.begin();
    (journal.selected, journal.offset) = journal.before;
}

/// Opens the record that the cursor is on.
pub(in crate::state) fn open(state: &mut State) {
    let row = state.journal.row(state.journal.selected).map(Arc::clone);
    state.overlays.extend(row.map(|row| Overlay::Detail(Detail::Record(row), Scroll::default())));
}
