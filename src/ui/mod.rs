//! The screen: `render` draws the state into a buffer.
//!
//! Nothing here waits, asks or works out what [`crate::state`] should hold. A screen is a file; what they are made of is
//! in [`widgets`], what it is drawn with in [`theme`] and [`glyphs`], and the words for AWS's facts are in [`words`].
//!
//! ```text
//! ┌──────────────────────────────────────────────┐
//! │ header: where am I, who am I, how long       │ 1 or 2 rows
//! ├──────────────────────────────────────────────┤
//! │                                              │
//! │ the screen, with overlays over it            │
//! │                                              │
//! ├──────────────────────────────────────────────┤
//! │ footer: screens, keys, notice or prompt      │ 1 row
//! └──────────────────────────────────────────────┘
//! ```

mod alarm;
mod alarms;
mod charts;
mod deployments;
mod detail;
mod finding;
mod findings;
mod fleet;
mod footer;
mod form;
pub mod glyphs;
mod header;
mod journal;
mod log;
mod measure;
mod multiples;
mod operation;
mod overlays;
mod overview;
mod pane;
mod queue;
pub mod replay;
mod run;
mod runbooks;
mod service;
mod services;
mod sessions;
pub mod snapshot;
mod targets;
mod tasks;
pub mod theme;
mod tunnel;
mod unread;
mod waf;
mod web_acl;
pub mod widgets;
pub mod words;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::i18n::Texts;
use crate::keymap::Keymap;
use crate::state::event::Target;
use crate::state::overlay::Overlay;
use crate::state::{Screen, State};
use crate::t;

use self::glyphs::Glyphs;
use self::theme::Theme;
use self::widgets::put;
use self::widgets::table::TableAreas;

/// The smallest terminal that a screen is laid out for; below it the console asks for more room.
pub const SMALLEST: (u16, u16) = (60, 20);

/// Holds what drawing needs beside the state: the words, the colours, the characters, the keys, the time zone.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The texts of the chosen language.
    pub texts: Texts,
    /// The styles.
    pub theme: Theme,
    /// The characters.
    pub glyphs: &'static Glyphs,
    /// The keys, for help and hints.
    pub keymap: Keymap,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// The host of an overridden endpoint, which the header must name.
    pub endpoint: Option<String>,
}

/// Holds where things were drawn.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// What can be hit with the mouse; later entries lie over earlier ones.
    pub hits: Vec<(Rect, Target)>,
    /// Rows that the list with the focus has room for.
    pub page: usize,
    /// The last row that a text on top can be scrolled to.
    pub end: usize,
    /// Where the cursor belongs, if something is being typed.
    pub cursor: Option<Position>,
}

impl Drawn {
    /// Returns what lies at a position.
    pub fn hit(&self, position: Position) -> Option<Target> {
        self.hits.iter().rev().find(|(area, _)| area.contains(position)).map(|(_, target)| *target)
    }

    /// Notes where the rows of the list with the focus lie, and for how many there is room.
    fn take_rows(&mut self, areas: &TableAreas) {
        self.page = areas.page;
        self.hits.extend(areas.rows.iter().map(|(index, area)| (*area, Target::Row(*index))));
    }

    /// Notes where the headers of its columns lie.
    fn take_headers(&mut self, areas: &TableAreas) {
        self.hits.extend(areas.headers.iter().map(|(index, area)| (*area, Target::Column(*index))));
    }
}

/// Draws the whole state into a buffer.
pub fn render(state: &State, ui: &Ui, buf: &mut Buffer) -> Drawn {
    let area = buf.area;
    buf.set_style(area, ui.theme.text);
    let mut drawn = Drawn { page: state.page, ..Drawn::default() };
    if state.screen == Screen::Pane {
        // The far side has all of the terminal but one line, however small it is.
        pane::render(state, ui, area, buf, &mut drawn);
        let body = Rect { height: area.height.saturating_sub(1), ..area };
        for overlay in &state.overlays {
            overlays::render(overlay, state, ui, body, buf, &mut drawn);
        }
        return drawn;
    }
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(ui, area, buf);
        return drawn;
    }
    let header_height = header::render(state, ui, area, buf);
    let footer_area = Rect { y: area.bottom() - 1, height: 1, ..area };
    let body = Rect { y: area.y + header_height, height: area.height - header_height - 1, ..area };
    match state.screen {
        Screen::Overview => overview::render(state, ui, body, buf, &mut drawn),
        Screen::Services => services::render(state, ui, body, buf, &mut drawn),
        Screen::Service => service::render(state, ui, body, buf, &mut drawn),
        Screen::Log => log::render(state, ui, body, buf, &mut drawn),
        Screen::Alarms => alarms::render(state, ui, body, buf, &mut drawn),
        Screen::Alarm => alarm::render(state, ui, body, buf, &mut drawn),
        Screen::Waf => waf::render(state, ui, body, buf, &mut drawn),
        Screen::WebAcl => web_acl::render(state, ui, body, buf, &mut drawn),
        Screen::Findings => findings::render(state, ui, body, buf, &mut drawn),
        Screen::Finding => finding::render(state, ui, body, buf, &mut drawn),
        Screen::Sessions => sessions::render(state, ui, body, buf, &mut drawn),
        Screen::Form => form::render(state, ui, body, buf, &mut drawn),
        Screen::Tunnel => tunnel::render(state, ui, body, buf, &mut drawn),
        Screen::Operation => operation::render(state, ui, body, buf, &mut drawn),
        Screen::Pane => {}
        Screen::Runbooks => runbooks::render(state, ui, body, buf, &mut drawn),
        Screen::Run => run::render(state, ui, body, buf, &mut drawn),
        Screen::Journal => journal::render(state, ui, body, buf, &mut drawn),
        Screen::Fleet => fleet::render(state, ui, body, buf, &mut drawn),
    }
    footer::render(state, ui, footer_area, buf, &mut drawn);
    for overlay in &state.overlays {
        if !matches!(overlay, Overlay::Filter(_)) {
            // What lies under an overlay is seen and not touched.
            drawn.hits.clear();
            overlays::render(overlay, state, ui, body, buf, &mut drawn);
        }
    }
    drawn
}

/// Says that the terminal is too small, in whatever room there is.
fn too_small(ui: &Ui, area: Rect, buf: &mut Buffer) {
    let (columns, rows) = SMALLEST;
    let lines = [
        t!(ui.texts, "screens.too-small", columns = columns, rows = rows),
        t!(ui.texts, "screens.too-small-now", columns = area.width, rows = area.height),
    ];
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        put(buf, area.x, y, line, area.width, ui.theme.warning);
    }
}
