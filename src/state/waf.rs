//! The rows of web ACLs, and the one that is open.

mod view;

use std::{cmp::Reverse, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    fetch::SourceId,
    metric::Query,
    queue::Place,
    waf::{self, ALL_RULES, BASELINE_DAYS, BASELINE_PERIOD, Outcome, Spike, WebAcl, WebAclKey},
};

use super::{
    State,
    list::ListView,
    services::{environment_words, words},
    source::Source,
};

pub use view::{TopLists, WafPanel, WebAclView, derive_open, filter_samples};

/// Web ACLs whose requests are charted in a list: each costs two metrics a minute.
pub const MOST_CHARTED: usize = 10;

/// Names a web ACL among all sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebAclRef {
    /// The source that read it.
    pub source: SourceId,
    /// Its scope and name.
    pub key: WebAclKey,
}

/// Holds a row of the list of web ACLs.
#[derive(Debug, Clone)]
pub struct WebAclRow {
    /// Which web ACL it is.
    pub id: WebAclRef,
    /// Where it belongs.
    pub place: Place,
    /// The web ACL itself.
    pub acl: Arc<WebAcl>,
    /// Whether far more is blocked than usual.
    pub spike: Option<Spike>,
    /// Requests blocked in the last hour; `None` while that is not known.
    pub blocked: Option<f64>,
    haystack: String,
}

/// Names the columns that web ACLs can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WafSort {
    /// Spikes first, then by kind of environment.
    #[default]
    Attention,
    /// By name.
    Name,
    /// By what was blocked in the last hour.
    Blocked,
}

impl WafSort {
    /// Returns the order that follows when one cycles through them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Attention => Self::Name,
            Self::Name => Self::Blocked,
            Self::Blocked => Self::Attention,
        }
    }
}

/// Names the columns of the list of web ACLs, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WafColumn {
    /// Whether it blocks far more than usual.
    Status,
    /// The environment.
    Environment,
    /// Regional, or CloudFront's.
    Scope,
    /// Its name.
    Name,
    /// Requests let through.
    Allowed,
    /// Requests stopped.
    Blocked,
    /// How many rules it has.
    Rules,
    /// Whether its requests are logged.
    Logging,
    /// What its author wrote about it.
    Description,
}

impl WafColumn {
    /// Lists the columns from left to right.
    pub const ALL: [Self; 9] = [
        Self::Status,
        Self::Environment,
        Self::Scope,
        Self::Name,
        Self::Allowed,
        Self::Blocked,
        Self::Rules,
        Self::Logging,
        Self::Description,
    ];

    /// Returns the order that the column stands for.
    pub fn sort(self) -> Option<WafSort> {
        match self {
            Self::Status => Some(WafSort::Attention),
            Self::Name => Some(WafSort::Name),
            Self::Blocked => Some(WafSort::Blocked),
            _ => None,
        }
    }
}

/// Holds the list of web ACLs as it is shown.
#[derive(Debug, Default)]
pub struct Waf {
    /// The rows that pass the filter, sorted.
    pub rows: Vec<WebAclRow>,
    /// The rows that the filter was applied to.
    pub total: usize,
    /// Whether AWS has more than was read.
    pub capped: bool,
    /// The selection.
    pub list: ListView<WebAclRef>,
    /// The filter; empty for none.
    pub filter: String,
    /// The order.
    pub sort: WafSort,
    /// Whether the order is turned around.
    pub reversed: bool,
    all: Vec<WebAclRow>,
    keys: Vec<WebAclRef>,
}

impl Waf {
    /// Returns the selected row.
    pub fn selected(&self) -> Option<&WebAclRow> {
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

    /// Returns every row before the filter, worst first.
    pub fn all(&self) -> &[WebAclRow] {
        &self.all
    }

    /// Brings the window to a page of another size.
    pub fn repage(&mut self, page: usize) {
        self.list.scroll(self.rows.len(), page);
    }
}

/// Returns the queries that chart a web ACL in a list: what it allowed and what it blocked.
pub fn row_queries(acl: &WebAcl, period: u32) -> Option<[Query; 2]> {
    let query = |outcome| acl.query(outcome, ALL_RULES, period);
    Some([query(Outcome::Allowed)?, query(Outcome::Blocked)?])
}

/// Makes all rows anew from what the sources hold.
pub fn derive(state: &mut State) {
    let mut all = Vec::new();
    let mut capped = false;
    for (id, source) in state.shown_sources() {
        let Some(snapshot) = &source.waf.value else {
            continue;
        };
        capped |= snapshot.capped;
        for acl in &snapshot.acls {
            let place = state.place_of_web_acl(source, &acl.key.name);
            if state.shows(place) {
                all.push(row(state, id, source, place, acl));
            }
        }
    }
    all.sort_by(|a, b| attention(a).cmp(&attention(b)).then_with(|| a.id.cmp(&b.id)));
    state.waf.all = all;
    state.waf.capped = capped;
    arrange(state);
    derive_open(state);
}

/// Tells whether a web ACL blocks far more than usual, as far as that is known.
pub fn spike_of(source: &Source, key: &WebAclKey, now: Timestamp) -> Option<Spike> {
    let baseline = source.waf_baselines.get(key)?;
    // CloudWatch publishes nothing where nothing was blocked: the first point tells since when it has watched at the
    // latest, and a week without any block is a usual of nothing.
    let asked_from = baseline.from;
    let span = SignedDuration::from_hours(24 * (BASELINE_DAYS + 1));
    waf::spike(&baseline.points, asked_from.max(now - span), now)
}

fn row(state: &State, source_id: SourceId, source: &Source, place: Place, acl: &Arc<WebAcl>) -> WebAclRow {
    let scope = acl.key.scope.as_str();
    let haystack =
        format!("{} {} {} {scope} {}", environment_words(state, place), acl.key.name, acl.description, acl.region);
    let hour_ago = state.now.as_second() - 3_600;
    let blocked = source.waf_baselines.get(&acl.key).map(|baseline| {
        let last_hour = baseline.points.iter().rev().take_while(|(at, _)| at + i64::from(BASELINE_PERIOD) > hour_ago);
        last_hour.map(|(_, requests)| requests).sum()
    });
    WebAclRow {
        id: WebAclRef { source: source_id, key: acl.key.clone() },
        place,
        acl: Arc::clone(acl),
        spike: spike_of(source, &acl.key, state.now),
        blocked,
        haystack: haystack.to_lowercase(),
    }
}

fn attention(row: &WebAclRow) -> (bool, u8) {
    (row.spike.is_none(), row.place.kind.rank())
}

/// Applies filter and order to the rows that there are.
pub fn arrange(state: &mut State) {
    let waf = &mut state.waf;
    let words = words(&waf.filter);
    let mut rows: Vec<WebAclRow> =
        waf.all.iter().filter(|row| words.iter().all(|word| row.haystack.contains(word))).cloned().collect();
    match waf.sort {
        WafSort::Attention => {}
        WafSort::Name => rows.sort_by(|a, b| a.id.key.name.cmp(&b.id.key.name).then_with(|| a.id.cmp(&b.id))),
        // Requests are whole; what is not known comes last.
        #[expect(clippy::cast_possible_truncation, reason = "a saturating cast of a count")]
        WafSort::Blocked => rows.sort_by_key(|row| Reverse(row.blocked.map_or(-1, |blocked| blocked as i64))),
    }
    if waf.reversed {
        rows.reverse();
    }
    waf.total = waf.all.len();
    waf.keys = rows.iter().map(|row| row.id.clone()).collect();
    waf.rows = rows;
    waf.list.follow(&waf.keys, state.page);
}
