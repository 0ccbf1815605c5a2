//! Sessions: the targets that may be opened, what is open, and what was recorded.

pub mod form;
mod keys;
pub mod live;
pub mod offer;
pub mod pane;
mod report;
pub mod target;
pub mod tunnel;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use jiff::Timestamp;

use crate::domain::{progress::Step, session::LiveId};
use crate::journal::recording::RecordingInfo;
use crate::runbook::catalogue::Catalogue;

use super::{
    Screen, State,
    event::Effect,
    list::{ListView, Scroll},
    services::words,
};

use form::Form;
use live::Live;
use target::{TargetId, TargetRow};
use tunnel::TunnelView;

pub(in crate::state) use keys::{acts, attach, minted, open, scroll};
pub use keys::{end_asked, front_pane, resize, run, typed};
pub use report::{catalogue, changed, found, take};
pub(in crate::state) use report::{check_form, refused, warn};
pub use target::derive;

/// Sessions that may be open at once: each keeps its screen and the lines above it.
pub const MOST_OPEN: usize = 16;

/// Sessions that are over and still listed; the oldest of them give way.
const MOST_ENDED: usize = 20;

/// Names the panels of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionsPanel {
    /// What is open now, and what ended lately.
    Live,
    /// What may be opened.
    #[default]
    Targets,
    /// What was recorded.
    Recordings,
}

impl SessionsPanel {
    /// Lists the panels from top to bottom.
    pub const ALL: [Self; 3] = [Self::Live, Self::Targets, Self::Recordings];

    /// Returns the panel so many steps further.
    #[must_use]
    pub fn step(self, by: isize) -> Self {
        let index = Self::ALL.iter().position(|panel| *panel == self).unwrap_or(0);
        let len = Self::ALL.len().cast_signed();
        Self::ALL[(index.cast_signed() + by).rem_euclid(len).cast_unsigned()]
    }
}

/// Holds the recordings that were listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recordings {
    /// The newest first.
    pub list: Vec<RecordingInfo>,
    /// Whether there are more.
    pub more: bool,
}

/// Holds screen 7, what is opened from it, and the changes that are under way.
#[derive(Debug, Default)]
pub struct Sessions {
    /// The catalogue of each environment, by its name, once it was read.
    pub catalogues: BTreeMap<String, Arc<Catalogue>>,
    /// When they were read.
    pub loaded_at: Option<Timestamp>,
    /// The environments whose catalogues are others by now where they were read: what was read holds all the same.
    pub changed: BTreeSet<String>,
    /// The rows of targets that pass the filter.
    pub targets: Vec<TargetRow>,
    /// Targets without the filter.
    pub total: usize,
    /// The filter of the targets; empty for none.
    pub filter: String,
    /// The position among the targets.
    pub target_list: ListView<TargetId>,
    /// The sessions and changes, the newest first.
    pub live: Vec<Live>,
    /// The position among the sessions.
    pub live_list: ListView<LiveId>,
    /// The panel that has the keys.
    pub panel: SessionsPanel,
    /// The form before a start, while it is open.
    pub form: Option<Form>,
    /// The session whose pane or tunnel is in front.
    pub front: Option<LiveId>,
    /// The tunnel's view.
    pub tunnel: TunnelView,
    /// The position among the steps of the change in front.
    pub steps: Scroll,
    /// The recordings, the newest first; nothing while they were not listed, or why they cannot be.
    pub recordings: Option<Result<Recordings, String>>,
    /// The position among the recordings.
    pub recording_list: ListView<PathBuf>,
    recording_keys: Vec<PathBuf>,
    all: Vec<TargetRow>,
    target_keys: Vec<TargetId>,
    live_keys: Vec<LiveId>,
    next: u32,
}

impl Sessions {
    /// Returns the session with that number.
    pub fn get(&self, id: LiveId) -> Option<&Live> {
        self.live.iter().find(|live| live.id == id)
    }

    /// Returns the session with that number, to be changed.
    pub(in crate::state) fn get_mut(&mut self, id: LiveId) -> Option<&mut Live> {
        self.live.iter_mut().find(|live| live.id == id)
    }

    /// Returns the session whose pane or tunnel is in front.
    pub fn front(&self) -> Option<&Live> {
        self.get(self.front?)
    }

    /// Returns how many sessions are not over.
    pub fn open(&self) -> usize {
        self.live.iter().filter(|live| live.is_open() && live.is_session()).count()
    }

    /// Returns how many changes are not over.
    pub fn acting(&self) -> usize {
        self.live.iter().filter(|live| live.is_open() && !live.is_session()).count()
    }

    /// Returns the steps of the change in front, as far as they are known.
    pub fn steps(&self) -> &[Step] {
        let progress = self.front().and_then(|live| live.progress.as_deref());
        progress.and_then(|progress| progress.execution.as_ref()).map_or(&[], |execution| &execution.steps)
    }

    /// Returns the target that the cursor is on.
    pub fn selected_target(&self) -> Option<&TargetRow> {
        self.targets.get(self.target_list.selected())
    }

    /// Returns the session that the cursor is on.
    pub fn selected_live(&self) -> Option<&Live> {
        self.live.get(self.live_list.selected())
    }

    /// Returns the recordings that were listed.
    pub fn recorded(&self) -> &[RecordingInfo] {
        self.recordings.as_ref().and_then(|listed| listed.as_ref().ok()).map_or(&[], |listed| &listed.list)
    }

    /// Returns the recording that the cursor is on.
    pub fn selected_recording(&self) -> Option<&RecordingInfo> {
        self.recorded().get(self.recording_list.selected())
    }

    /// Takes the recordings that were listed.
    pub(in crate::state) fn list_recordings(&mut self, listed: Result<Recordings, String>, page: usize) {
        self.recordings = Some(listed);
        self.recording_keys = self.recorded().iter().map(|one| one.path.clone()).collect();
        self.recording_list.follow(&self.recording_keys, page);
    }

    /// Takes the next number.
    fn number(&mut self) -> LiveId {
        self.next += 1;
        LiveId(self.next)
    }

    /// Adds a session on top, and lets the oldest that are over go.
    fn add(&mut self, live: Live, page: usize) {
        self.live.insert(0, live);
        let mut ended = 0;
        let front = self.front;
        self.live.retain(|live| {
            ended += usize::from(!live.is_open());
            live.is_open() || ended <= MOST_ENDED || Some(live.id) == front
        });
        self.relist(page);
    }

    /// Takes a session that is over off the list.
    fn remove(&mut self, id: LiveId, page: usize) {
        self.live.retain(|live| live.id != id);
        self.relist(page);
    }

    fn relist(&mut self, page: usize) {
        self.live_keys = self.live.iter().map(|live| live.id).collect();
        self.live_list.follow(&self.live_keys, page);
    }

    /// Returns how many rows the panel with the keys has.
    pub(in crate::state) fn rows(&self) -> usize {
        match self.panel {
            SessionsPanel::Live => self.live.len(),
            SessionsPanel::Targets => self.targets.len(),
            SessionsPanel::Recordings => self.recorded().len(),
        }
    }

    /// Returns the row that the cursor is on in the panel with the keys.
    pub(in crate::state) fn cursor(&self) -> usize {
        match self.panel {
            SessionsPanel::Live => self.live_list.selected(),
            SessionsPanel::Targets => self.target_list.selected(),
            SessionsPanel::Recordings => self.recording_list.selected(),
        }
    }

    /// Moves the cursor of the panel with the keys.
    pub(in crate::state) fn step(&mut self, by: isize, page: usize) {
        match self.panel {
            SessionsPanel::Live => self.live_list.step(by, &self.live_keys, page),
            SessionsPanel::Targets => self.target_list.step(by, &self.target_keys, page),
            SessionsPanel::Recordings => self.recording_list.step(by, &self.recording_keys, page),
        }
    }

    /// Puts the cursor of the panel with the keys on a row.
    pub(in crate::state) fn select(&mut self, row: usize, page: usize) {
        match self.panel {
            SessionsPanel::Live => self.live_list.select(row, &self.live_keys, page),
            SessionsPanel::Targets => self.target_list.select(row, &self.target_keys, page),
            SessionsPanel::Recordings => self.recording_list.select(row, &self.recording_keys, page),
        }
    }

    /// Fits the windows of the lists to the page.
    pub(in crate::state) fn repage(&mut self, page: usize) {
        self.live_list.scroll(self.live.len(), page);
        self.target_list.scroll(self.targets.len(), page);
        self.recording_list.scroll(self.recorded().len(), page);
    }
}

/// Takes the recordings that were listed.
pub(in crate::state) fn listed(state: &mut State, listed: Result<Recordings, String>) -> Vec<Effect> {
    let page = state.page;
    state.sessions.list_recordings(listed, page);
    Vec::new()
}

/// Applies the filter to the targets that there are.
pub fn arrange(state: &mut State) {
    let sessions = &mut state.sessions;
    let words = words(&sessions.filter);
    sessions.targets =
        sessions.all.iter().filter(|row| words.iter().all(|word| row.haystack.contains(word))).cloned().collect();
    sessions.total = sessions.all.len();
    sessions.target_keys = sessions.targets.iter().map(|row| row.id.clone()).collect();
    sessions.target_list.follow(&sessions.target_keys, state.page);
}

/// Tells whether the screen is one that shows a session or a change in front.
pub(in crate::state) fn is_front(screen: Screen) -> bool {
    matches!(screen, Screen::Pane | Screen::Tunnel | Screen::Operation)
}
