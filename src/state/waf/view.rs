//! The web ACL that is open: its rules with their counts, and what the sample says.

use std::sync::Arc;

use crate::domain::waf::{self, RuleLine, RuleTraffic, SampledRequest, Samples, Tally, WebAclUse};

use super::{WebAclRef, WebAclRow, row};
use crate::state::{State, list::Scroll, services::words};

/// Names the panels of an open web ACL that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WafPanel {
    /// Its rules with their counts.
    #[default]
    Rules,
    /// Sampled requests.
    Samples,
    /// The countries, addresses and paths of the sample.
    Top,
    /// What it protects, and whom its rate limits block now.
    Use,
}

impl WafPanel {
    /// Lists the panels in the order of the tabulator key.
    pub const ALL: [Self; 4] = [Self::Rules, Self::Samples, Self::Top, Self::Use];

    /// Returns the panel so many steps further.
    #[must_use]
    pub fn step(self, by: isize) -> Self {
        let index = Self::ALL.iter().position(|panel| *panel == self).unwrap_or(0);
        let len = Self::ALL.len().cast_signed();
        Self::ALL[(index.cast_signed() + by).rem_euclid(len).cast_unsigned()]
    }
}

/// Holds the most frequent values of the sampled requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopLists {
    /// Countries of origin.
    pub countries: Vec<Tally>,
    /// Addresses.
    pub addresses: Vec<Tally>,
    /// Paths, without their queries.
    pub paths: Vec<Tally>,
}

impl TopLists {
    /// Returns how many rows the longest list has.
    pub fn rows(&self) -> usize {
        self.countries.len().max(self.addresses.len()).max(self.paths.len())
    }
}

/// Holds the open web ACL.
#[derive(Debug, Clone)]
pub struct WebAclView {
    /// Which web ACL it is.
    pub id: WebAclRef,
    /// The web ACL as last read, also when it vanished since.
    pub row: Option<WebAclRow>,
    /// Whether it was there in the last snapshot.
    pub exists: bool,
    /// The panel with the focus.
    pub panel: WafPanel,
    /// What was counted; `None` while it was not read, or was read for another range.
    pub traffic: Option<Arc<RuleTraffic>>,
    /// Its rules with their counts, in the order in which they are tried.
    pub lines: Vec<RuleLine>,
    /// Metric names under which something was counted that no rule has.
    pub strangers: Vec<String>,
    /// The sampled requests that pass the filter, newest first.
    pub samples: Vec<Arc<SampledRequest>>,
    /// The sample that they are of.
    pub sampled: Option<Arc<Samples>>,
    /// What is most frequent among those that pass the filter.
    pub top: TopLists,
    /// The filter of the samples; empty for none.
    pub filter: String,
    /// The positions in the panels, in the order of [`WafPanel::ALL`].
    pub scrolls: [Scroll; WafPanel::ALL.len()],
}

impl WebAclView {
    /// Opens a web ACL.
    pub fn new(id: WebAclRef) -> Self {
        Self {
            id,
            row: None,
            exists: false,
            panel: WafPanel::default(),
            traffic: None,
            lines: Vec::new(),
            strangers: Vec::new(),
            samples: Vec::new(),
            sampled: None,
            top: TopLists::default(),
            filter: String::new(),
            scrolls: Default::default(),
        }
    }

    /// Returns the position in the panel with the focus.
    pub fn scroll(&self) -> Scroll {
        self.scrolls[self.panel as usize]
    }

    /// Returns the position in the panel with the focus, to be moved.
    pub fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scrolls[self.panel as usize]
    }
}

/// Brings the open web ACL up to date with what was read.
pub fn derive_open(state: &mut State) {
    let Some(mut view) = state.web_acl.take() else {
        return;
    };
    if let Some(source) = state.source(view.id.source) {
        let found = source.waf.value.as_ref().and_then(|snapshot| snapshot.find(&view.id.key));
        view.exists = found.is_some();
        if let Some(acl) = found {
            let place = state.place_of_web_acl(source, &acl.key.name);
            view.row = Some(row(state, view.id.source, source, place, acl));
        }
        let traffic = source.waf_rules.get(&view.id.key).and_then(|fetched| fetched.value.clone());
        view.traffic = traffic.filter(|traffic| traffic.range == state.range);
        view.sampled = source.waf_samples.get(&view.id.key).and_then(|fetched| fetched.value.clone());
    }
    let detail = view.row.as_ref().and_then(|row| row.acl.detail.as_ref());
    if let (Some(detail), Some(traffic)) = (detail, &view.traffic) {
        view.lines = waf::lines(detail, traffic);
        view.strangers = waf::strangers(detail, traffic).into_iter().map(str::to_owned).collect();
    } else {
        view.lines.clear();
        view.strangers.clear();
    }
    filter_samples(&mut view);
    state.web_acl = Some(view);
}

/// Applies the filter to the sampled requests.
pub fn filter_samples(view: &mut WebAclView) {
    let words = words(&view.filter);
    let passes = |request: &&Arc<SampledRequest>| {
        let text = format!(
            "{} {} {} {} {} {} {}",
            request.action,
            request.country,
            request.address,
            request.method,
            request.uri,
            request.rule,
            request.rule_within_group.as_deref().unwrap_or_default()
        )
        .to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    view.samples =
        view.sampled.iter().flat_map(|sampled| &sampled.requests).filter(|one| passes(one)).cloned().collect();
    view.top = TopLists {
        countries: waf::tally(&view.samples, |request| &request.country),
        addresses: waf::tally(&view.samples, |request| &request.address),
        paths: waf::tally(&view.samples, SampledRequest::path),
    };
}

impl State {
    /// Returns how many rows the panel of the open web ACL that has the keys has.
    pub(in crate::state) fn web_acl_rows(&self) -> usize {
        let Some(view) = &self.web_acl else { return 0 };
        match view.panel {
            WafPanel::Rules => {
                view.row.as_ref().and_then(|row| row.acl.detail.as_ref()).map_or(0, |one| one.rules.len())
            }
            WafPanel::Samples => view.samples.len(),
            WafPanel::Top => view.top.rows(),
            WafPanel::Use => self.web_acl_use().map_or(0, |used| {
                used.resources.as_ref().map_or(0, Vec::len)
                    + used.limited.iter().map(|limited| limited.addresses.len()).sum::<usize>()
            }),
        }
    }

    /// Returns what the open web ACL protects, and whom it blocks; nothing while that was not read.
    pub fn web_acl_use(&self) -> Option<&WebAclUse> {
        let view = self.web_acl.as_ref()?;
        self.source(view.id.source)?.waf_use.get(&view.id.key)?.value.as_deref()
    }
}
