//! The rows of findings, what they sum up to, and the one that is open.

mod places;

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    fetch::SourceId,
    finding::{Finding, FindingKey, FindingSeverity, FindingsWanted, Workflow},
    queue::Place,
};

use crate::runbook::entry::WorkflowStatus;

use super::{
    State,
    list::{ListView, Scroll},
    services::{environment_words, words},
};

use places::Places;

/// What is this young is new since yesterday.
const NEW: SignedDuration = SignedDuration::from_hours(24);

/// How long a status that was given is told as pending: Security Hub shows it after some minutes.
const PENDING: SignedDuration = SignedDuration::from_hours(1);

/// Rows that are read beyond those one has scrolled to.
const AHEAD: usize = 200;

/// Names a finding among all sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingRef {
    /// The source that read it.
    pub source: SourceId,
    /// Its id.
    pub key: FindingKey,
}

/// Holds a row of the list of findings.
#[derive(Debug)]
pub struct FindingRow {
    /// Which finding it is.
    pub id: FindingRef,
    /// Where it belongs.
    pub place: Place,
    /// The finding itself.
    pub finding: Arc<Finding>,
    haystack: String,
}

impl PartialEq for FindingRow {
    /// Rows are the same where they are of the same finding, whatever became of it.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Names the columns that findings can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FindingSort {
    /// Worst first, and within a severity the newest.
    #[default]
    Severity,
    /// What the product changed last first.
    Updated,
    /// What was seen first last: the oldest at the top.
    Age,
    /// By title.
    Title,
}

impl FindingSort {
    /// Returns the order that follows when one cycles through them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Severity => Self::Updated,
            Self::Updated => Self::Age,
            Self::Age => Self::Title,
            Self::Title => Self::Severity,
        }
    }
}

/// Names the columns of the list of findings, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingColumn {
    /// How bad it is.
    Severity,
    /// How far people have got with it.
    Workflow,
    /// Since when it has been there.
    Age,
    /// The environment.
    Environment,
    /// The account.
    Account,
    /// Who found it.
    Product,
    /// The product's title.
    Title,
    /// What it is about.
    Resource,
}

impl FindingColumn {
    /// Lists the columns from left to right.
    pub const ALL: [Self; 8] = [
        Self::Severity,
        Self::Workflow,
        Self::Age,
        Self::Environment,
        Self::Account,
        Self::Product,
        Self::Title,
        Self::Resource,
    ];

    /// Returns the order that the column stands for.
    pub fn sort(self) -> Option<FindingSort> {
        match self {
            Self::Severity => Some(FindingSort::Severity),
            Self::Age => Some(FindingSort::Age),
            Self::Title => Some(FindingSort::Title),
            _ => None,
        }
    }
}

/// Names what findings can be counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// By the product that found them.
    #[default]
    Product,
    /// By account.
    Account,
    /// By the control that they are checks of.
    Control,
}

impl Grouping {
    /// Returns the grouping that follows when one cycles through them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Product => Self::Account,
            Self::Account => Self::Control,
            Self::Control => Self::Product,
        }
    }

    fn of(self, finding: &Finding) -> &str {
        match self {
            Self::Product => &finding.product,
            Self::Account => &finding.account,
            Self::Control => &finding.control,
        }
    }
}

/// Severities of the matrix, its rows: AWS's, worst first, and any other word.
pub const SEVERITIES: usize = FindingSeverity::ALL.len() + 1;
/// Workflow states of the matrix, its columns: AWS's, and any other word.
pub const WORKFLOWS: usize = Workflow::ALL.len() + 1;

/// Counts findings by severity and workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Matrix(pub [[usize; WORKFLOWS]; SEVERITIES]);

impl Matrix {
    fn add(&mut self, finding: &Finding) {
        let row = FindingSeverity::ALL.iter().position(|one| *one == finding.severity).unwrap_or(SEVERITIES - 1);
        let column = Workflow::ALL.iter().position(|one| *one == finding.workflow).unwrap_or(WORKFLOWS - 1);
        self.0[row][column] += 1;
    }
}

/// Holds the list of findings as it is shown.
#[derive(Debug, Default)]
pub struct Findings {
    /// The rows that pass the filter, sorted.
    pub rows: Vec<Arc<FindingRow>>,
    /// The rows that the filter was applied to.
    pub total: usize,
    /// Whether there may be more than was read: not everything asked for has come, or AWS has more than is kept.
    pub partial: bool,
    /// Whether what is not to do is shown as well.
    pub everything: bool,
    /// The rows by severity and workflow.
    pub matrix: Matrix,
    /// How many were first seen within a day.
    pub new: usize,
    /// What the rows are counted by.
    pub grouping: Grouping,
    /// The counts, the greatest first.
    pub groups: Vec<(String, usize)>,
    /// The position in the counts while they have the keys; `None` while the list has them.
    pub group: Option<Scroll>,
    /// The selection.
    pub list: ListView<Arc<FindingRow>>,
    /// The filter; empty for none.
    pub filter: String,
    /// The order.
    pub sort: FindingSort,
    /// Whether the order is turned around.
    pub reversed: bool,
    /// The status that was given to findings here and that Security Hub does not show yet, by their ids, and when.
    pub pending: HashMap<String, (WorkflowStatus, Timestamp)>,
    all: Vec<Arc<FindingRow>>,
    to_do: Vec<Arc<FindingRow>>,
    /// Where findings belonged when the rows were made.
    places: Places,
}

impl Findings {
    /// Returns the selected row.
    pub fn selected(&self) -> Option<&Arc<FindingRow>> {
        self.rows.get(self.list.selected())
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize, page: usize) {
        self.list.step(by, &self.rows, page);
    }

    /// Selects a row by its index.
    pub fn select(&mut self, index: usize, page: usize) {
        self.list.select(index, &self.rows, page);
    }

    /// Returns every row of what is to do, of all environments.
    pub fn to_do(&self) -> &[Arc<FindingRow>] {
        &self.to_do
    }

    /// Returns the status that a finding was given here and that Security Hub does not show yet.
    pub fn pending(&self, finding: &Finding) -> Option<WorkflowStatus> {
        let (status, _) = self.pending.get(&finding.key.id)?;
        (finding.workflow.as_str() != status.name()).then_some(*status)
    }

    /// Returns every row before the filter.
    pub fn all(&self) -> &[Arc<FindingRow>] {
        &self.all
    }

    /// Brings the window to a page of another size.
    pub fn repage(&mut self, page: usize) {
        self.list.scroll(self.rows.len(), page);
    }

    /// Says how much the sources should read: as far as one has scrolled; everything while a filter looks for something.
    pub fn wanted(&self, page: usize) -> FindingsWanted {
        let rows = if !self.everything {
            0
        } else if self.filter.is_empty() {
            // Steps, so that not every key asks for another number.
            (self.list.offset() + page).next_multiple_of(AHEAD) + AHEAD
        } else {
            usize::MAX
        };
        FindingsWanted { everything: self.everything, rows }
    }
}

/// Holds the open finding.
#[derive(Debug, Clone)]
pub struct FindingView {
    /// Which finding it is.
    pub id: FindingRef,
    /// The finding as last read, also when it vanished since.
    pub row: Option<Arc<FindingRow>>,
    /// Whether it was there in the last snapshot.
    pub exists: bool,
    /// The position in its text.
    pub scroll: Scroll,
}

/// Makes all rows anew from what the sources hold.
///
/// A finding that two sources see, one of the account and one of the organisation's administrator, is one row.
pub fn derive(state: &mut State) {
    let places = Places::new(state);
    // Rows of findings that did not change stay as they are: a page more must not cost as much as all pages.
    let is_same = places == state.findings.places;
    let rows = state.findings.to_do.drain(..).chain(state.findings.all.drain(..));
    let before: HashMap<(usize, *const Finding), Arc<FindingRow>> =
        rows.filter(|_| is_same).map(|row| ((row.id.source.0, Arc::as_ptr(&row.finding)), row)).collect();
    let (mut all, mut to_do) = (Vec::new(), Vec::new());
    let is_alone = state.sources.iter().filter(|source| source.findings.value.is_some()).count() < 2;
    let mut seen: HashSet<&FindingKey> = HashSet::new();
    let mut partial = false;
    let everything = state.findings.everything;
    for (index, source) in state.sources.iter().enumerate() {
        let Some(snapshot) = &source.findings.value else { continue };
        let is_shown = state.shown.is_none_or(|shown| source.environments.contains(&shown));
        let whole = if everything { snapshot.complete } else { snapshot.to_do_complete };
        partial |= is_shown && !snapshot.read_elsewhere && (!whole || snapshot.capped);
        for finding in snapshot.findings.iter().filter(|finding| is_alone || seen.insert(&finding.key)) {
            let is_to_do = finding.is_to_do();
            if !everything && !is_to_do {
                continue;
            }
            let row = if let Some(row) = before.get(&(index, Arc::as_ptr(finding))) {
                Arc::clone(row)
            } else {
                let place = places.of(state, source, finding);
                let id = FindingRef { source: SourceId(index), key: finding.key.clone() };
                Arc::new(row(state, id, place, finding))
            };
            let is_listed = state.shows(row.place);
            if is_to_do {
                to_do.push(Arc::clone(&row));
            }
            if is_listed {
                all.push(row);
            }
        }
    }
    settle(state);
    state.findings.all = all;
    state.findings.to_do = to_do;
    state.findings.partial = partial;
    state.findings.places = places;
    summarise(state);
    arrange(state);
    derive_open(state);
}

/// Forgets what was pending and is seen, or was not seen for so long that it will not be.
fn settle(state: &mut State) {
    if state.findings.pending.is_empty() {
        return;
    }
    let now = state.now;
    let read: Vec<_> = state.sources.iter().filter_map(|source| source.findings.value.clone()).collect();
    let is_seen = |id: &String, status: WorkflowStatus| {
        let mut found = read.iter().flat_map(|snapshot| &snapshot.findings).filter(|finding| finding.key.id == *id);
        found.any(|finding| finding.workflow.as_str() == status.name())
    };
    let is_young = |at: &Timestamp| now.duration_since(*at) < PENDING;
    state.findings.pending.retain(|id, (status, at)| is_young(at) && !is_seen(id, *status));
}

/// Counts the rows by severity and workflow, by what they are grouped by, and those that are new.
pub fn summarise(state: &mut State) {
    let since = state.now - NEW;
    let findings = &mut state.findings;
    let mut matrix = Matrix::default();
    let mut groups: HashMap<&str, usize> = HashMap::new();
    let mut new = 0;
    for row in &findings.all {
        matrix.add(&row.finding);
        new += usize::from(row.finding.began().is_some_and(|began| began >= since));
        let group = findings.grouping.of(&row.finding);
        if !group.is_empty() {
            *groups.entry(group).or_default() += 1;
        }
    }
    let mut groups: Vec<(String, usize)> = groups.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    findings.matrix = matrix;
    findings.new = new;
    findings.groups = groups;
}

fn row(state: &State, id: FindingRef, place: Place, finding: &Arc<Finding>) -> FindingRow {
    let mut haystack = format!(
        "{} {} {} {} {} {} {} {} {}",
        environment_words(state, place),
        finding.severity.as_str(),
        state.word(finding.severity.as_str()),
        finding.workflow.as_str(),
        finding.product,
        finding.account,
        finding.control,
        finding.region,
        finding.title,
    );
    for resource in finding.resources.iter().take(3) {
        haystack.push(' ');
        haystack.push_str(&resource.id);
    }
    FindingRow { id, place, finding: Arc::clone(finding), haystack: haystack.to_lowercase() }
}

/// Applies filter and order to the rows that there are.
pub fn arrange(state: &mut State) {
    let findings = &mut state.findings;
    let words = words(&findings.filter);
    let mut rows: Vec<Arc<FindingRow>> =
        findings.all.iter().filter(|row| words.iter().all(|word| row.haystack.contains(word))).cloned().collect();
    match findings.sort {
        FindingSort::Severity => rows.sort_by_key(|row| {
            let finding = &row.finding;
            (Reverse(finding.severity.rank()), finding.workflow.is_done(), Reverse(finding.began()))
        }),
        FindingSort::Updated => rows.sort_by_key(|row| Reverse(row.finding.updated_at)),
        FindingSort::Age => rows.sort_by_key(|row| (row.finding.began().is_none(), row.finding.began())),
        FindingSort::Title => rows.sort_by(|a, b| a.finding.title.cmp(&b.finding.title)),
    }
    if findings.reversed {
        rows.reverse();
    }
    findings.total = findings.all.len();
    findings.rows = rows;
    findings.list.follow(&findings.rows, state.page);
}

/// Brings the open finding up to date with the rows.
pub fn derive_open(state: &mut State) {
    let Some(mut view) = state.finding.take() else {
        return;
    };
    let found = state.findings.all.iter().chain(&state.findings.to_do).find(|row| row.id == view.id).cloned();
    view.exists = found.is_some();
    view.row = found.or(view.row);
    state.finding = Some(view);
}

/// Shows what needs nothing as well, or only what is to be done.
pub(super) fn everything(state: &mut State) {
    state.findings.everything = !state.findings.everything;
    derive(state);
}

/// Counts the findings by something else.
pub(super) fn group_by(state: &mut State) {
    state.findings.grouping = state.findings.grouping.next();
    state.findings.group = state.findings.group.map(|_| Scroll::default());
    summarise(state);
}
