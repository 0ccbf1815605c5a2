//! Screen 7: what is open now, under whose name and how long still; what this role may open.

mod recordings;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::fetch::Panel as Read;
use crate::domain::identity::RoleResolution;
use crate::domain::text;
use crate::runbook::entry::{Entry, Operation};
use crate::state::State;
use crate::state::event::Target;
use crate::state::sessions::SessionsPanel;
use crate::state::sessions::live::Live;
use crate::state::sessions::target::{TargetRow, Verdict};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{cells, horizontal_rule};
use super::{Drawn, Ui, measure, services, words};

/// Draws the screen: what is open above, as high as it needs and half of it at most, and the targets below.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let sessions = &state.sessions;
    let wanted = cells(sessions.live.len().max(1)).saturating_add(2);
    let upper = Rect { height: wanted.min(area.height / 2), ..area };
    let recorded = match (sessions.panel, cells(sessions.recorded().len())) {
        (SessionsPanel::Recordings, _) => area.height / 3,
        (_, 0) => 0,
        (_, rows) => rows.saturating_add(3).min(area.height / 4),
    };
    let lower = Rect { y: upper.bottom(), height: area.height - upper.height - recorded, ..area };
    if recorded > 0 {
        let last = Rect { y: lower.bottom(), height: recorded, ..area };
        horizontal_rule(last, buf, ui.theme.border, ui.glyphs);
        recordings::render(state, ui, Rect { y: last.y + 1, height: last.height - 1, ..last }, buf, drawn);
    }
    live(state, ui, upper, buf, drawn);
    horizontal_rule(lower, buf, ui.theme.border, ui.glyphs);
    let lower = Rect { y: lower.y + 1, height: lower.height.saturating_sub(1), ..lower };
    targets(state, ui, lower, buf, drawn);
}

fn live(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let sessions = &state.sessions;
    let focused = sessions.panel == SessionsPanel::Live;
    drawn.hits.push((area, Target::Panel(0)));
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "sessions.live.title")),
        status: vec![Span::styled(t!(ui.texts, "sessions.live.count", n = sessions.open()), ui.theme.text)],
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = live_columns(state, ui);
    let areas = Table {
        columns: &columns,
        len: sessions.live.len(),
        row: |index: usize| Row::Cells(live_cells(state, ui, &sessions.live[index])),
        selected: focused.then_some(sessions.live_list.selected()).filter(|_| !sessions.live.is_empty()),
        offset: if focused { sessions.live_list.offset() } else { 0 },
        focused,
        empty: t!(ui.texts, "sessions.live.none"),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}

fn live_columns<'a>(state: &State, ui: &Ui) -> Vec<Column<'a>> {
    let texts = ui.texts;
    let (least, environment) = measure::environments(state, ui, std::iter::empty());
    let title = |key: &'static str, cells: u16| {
        let title = texts.get(key);
        (title, cells.max(measure::widest([title])))
    };
    let entry = measure::widest(state.sessions.live.iter().map(|live| &live.entry.id.0)).clamp(12, 32);
    let (left, left_cells) = title("sessions.column.left", 7);
    let (local, local_cells) = title("sessions.column.local", 15);
    let (connections, connections_cells) = title("sessions.column.connections", 4);
    vec![
        Column::new(t!(texts, "sessions.column.link"), 14, 24),
        Column::new(t!(texts, "screens.column.environment"), least, environment),
        Column::new(t!(texts, "sessions.column.entry"), 12, entry),
        Column::new(left, left_cells, left_cells).right(),
        Column::new(t!(texts, "sessions.column.who"), 9, 20).rank(2),
        Column::new(t!(texts, "sessions.column.goal"), 12, 28).rank(1).grows(),
        Column::new(local, local_cells, local_cells).rank(3),
        Column::new(connections, connections_cells, connections_cells).right().rank(5),
        Column::new(t!(texts, "sessions.column.traffic"), 18, 26).right().rank(6),
        Column::new(t!(texts, "sessions.column.recording"), 8, 10).rank(4),
    ]
}

fn live_cells(state: &State, ui: &Ui, live: &Live) -> Vec<Cell<'static>> {
    let text = |text: String| Cell::new(Span::styled(text, ui.theme.text));
    let (mark, word, style) = words::session::standing(ui, live, state.now);
    let left = match live.left(state.now) {
        Some(left) if live.is_ending(state.now) => {
            Span::styled(format!("{} {}", ui.glyphs.warning, words::session::countdown(left)), ui.theme.warning)
        }
        Some(left) => Span::styled(words::session::countdown(left), ui.theme.text),
        None => Span::styled("-", ui.theme.dim),
    };
    let status = live.tunnel.as_deref();
    let connections = status.map_or_else(String::new, |status| status.connections.len().to_string());
    let traffic = status.map_or_else(String::new, |status| {
        let rate: u64 = status.connections.iter().map(|one| one.send_rate + one.receive_rate).sum();
        let total = words::session::bytes(status.sent.saturating_add(status.received));
        format!("{total} {} {}", ui.glyphs.separator, words::session::rate(rate))
    });
    let recording = if live.is_open() && live.is_session() { super::pane::recording(ui, live) } else { Span::raw("") };
    vec![
        Cell::new(Span::styled(format!("{mark} {word}"), style)),
        Cell::new(ui.place(state, live.origin.place)),
        Cell::cut_middle(Span::styled(live.entry.id.to_string(), ui.theme.text)),
        Cell::new(left),
        text(format!("{} {}", live.origin.role, live.origin.identity.short())),
        text(live.goal()),
        text(live.local.map_or_else(String::new, |local| local.to_string())),
        text(connections),
        text(traffic),
        Cell::new(recording),
    ]
}

fn targets(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let sessions = &state.sessions;
    let focused = sessions.panel == SessionsPanel::Targets;
    drawn.hits.push((area, Target::Panel(1)));
    let allowed = sessions.targets.iter().filter(|row| row.verdict == Verdict::Allowed).count();
    let mut status =
        vec![Span::styled(t!(ui.texts, "sessions.targets.count", n = allowed, of = sessions.total), ui.theme.dim)];
    let is_writable = sessions.catalogues.values().any(|catalogue| catalogue.writable().is_some());
    if is_writable {
        let text = format!("{} {}", ui.glyphs.warning, t!(ui.texts, "sessions.targets.writable"));
        status.insert(0, Span::styled(text, ui.theme.warning));
    }
    if let Some(at) = sessions.loaded_at.filter(|_| !sessions.changed.is_empty()) {
        let text = t!(ui.texts, "sessions.targets.changed", at = ui.time(at));
        status.insert(0, Span::styled(format!("{} {text}", ui.glyphs.warning), ui.theme.warning));
    }
    let panel = Panel {
        title: services::title(ui, t!(ui.texts, "sessions.targets.title"), &sessions.filter),
        status,
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = target_columns(state, ui);
    let areas = Table {
        columns: &columns,
        len: sessions.targets.len(),
        row: |index: usize| Row::Cells(target_cells(state, ui, &sessions.targets[index])),
        selected: focused.then_some(sessions.target_list.selected()).filter(|_| !sessions.targets.is_empty()),
        offset: if focused { sessions.target_list.offset() } else { 0 },
        focused,
        empty: &empty(state, ui),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}

fn target_columns<'a>(state: &State, ui: &Ui) -> Vec<Column<'a>> {
    let texts = ui.texts;
    let places = state.sessions.targets.iter().map(|row| row.place);
    let (least, environment) = measure::environments(state, ui, places);
    let kinds = [
        t!(texts, "sessions.kind.shell"),
        t!(texts, "sessions.kind.tunnel"),
        t!(texts, "sessions.kind.exec"),
        t!(texts, "sessions.column.kind"),
    ];
    let kind = measure::widest(kinds);
    let entry = measure::widest(state.sessions.targets.iter().map(|row| &row.entry.id.0)).clamp(14, 32);
    let limits = state.sessions.targets.iter().map(|row| cells(text::width(&limit(ui, &row.entry))));
    let limit = limits.max().unwrap_or(0).max(measure::widest([limit_title(ui)]));
    vec![
        Column::new("", 1, 1),
        Column::new(t!(texts, "screens.column.environment"), least, environment),
        Column::new(t!(texts, "sessions.column.entry"), 14, entry),
        Column::new(t!(texts, "sessions.column.kind"), kind, kind).rank(4),
        Column::new(t!(texts, "sessions.column.goal"), 12, 28).rank(2),
        Column::new(limit_title(ui), limit, limit).right().rank(5),
        Column::new(t!(texts, "sessions.column.asks"), 10, 44).rank(3),
        Column::new(t!(texts, "sessions.column.title"), 12, 30).rank(1).grows(),
    ]
}

fn limit_title(ui: &Ui) -> &'static str {
    t!(ui.texts, "sessions.column.limit")
}

/// Says how long it may last; a dash where nothing ends it.
fn limit(ui: &Ui, entry: &Entry) -> String {
    entry.limit.map_or_else(|| "-".to_owned(), |limit| words::left(ui.texts, limit))
}

fn target_cells(state: &State, ui: &Ui, row: &TargetRow) -> Vec<Cell<'static>> {
    let is_allowed = row.verdict == Verdict::Allowed;
    let style = if is_allowed { ui.theme.text } else { ui.theme.dim };
    let text = |text: String| Cell::new(Span::styled(text, style));
    let (mark, mark_style) = verdict(ui, &row.verdict);
    // Where it may not be opened, why stands where its title would: that is what one wants to know then.
    let last = match &row.verdict {
        Verdict::Denied(denial) => words::session::denial(ui.texts, denial),
        Verdict::Unverified => t!(ui.texts, "sessions.targets.unverified").to_owned(),
        Verdict::Allowed => words::session::title(ui.texts, &row.entry).to_owned(),
    };
    let entry = &row.entry;
    vec![
        Cell::new(Span::styled(mark, mark_style)),
        Cell::new(ui.place(state, row.place)),
        // The end of a long name says which of several it is.
        Cell::cut_middle(Span::styled(entry.id.to_string(), style)),
        text(words::session::kind(ui.texts, &entry.operation).to_owned()),
        text(goal(entry)),
        text(limit(ui, entry)),
        text(words::gate::asks(ui.texts, entry)),
        text(last),
    ]
}

fn verdict(ui: &Ui, verdict: &Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Allowed => (ui.glyphs.ok, ui.theme.ok),
        Verdict::Denied(_) => (ui.glyphs.denied, ui.theme.dim),
        Verdict::Unverified => (ui.glyphs.unknown, ui.theme.unknown),
    }
}

/// Returns where an entry leads: what it selects, or for a tunnel the far end.
fn goal(entry: &Entry) -> String {
    match &entry.operation {
        Operation::PortForward { destination, .. } => {
            // Database endpoints are long, and their first label says which one it is.
            let host = destination.host.split('.').next().unwrap_or_default();
            format!("{host}:{}", destination.port)
        }
        operation => operation.goal(),
    }
}

/// Says why there is no target: nothing matches, nothing was read, or the catalogue has nothing for here.
fn empty(state: &State, ui: &Ui) -> String {
    let sessions = &state.sessions;
    if !sessions.filter.is_empty() && sessions.total > 0 {
        return t!(ui.texts, "screens.no-match").to_owned();
    }
    if sessions.catalogues.is_empty() {
        return t!(ui.texts, "sessions.targets.no-catalogue").to_owned();
    }
    let role = state.shown_sources().find_map(|(_, source)| match state.role_of(source) {
        RoleResolution::One(role) => Some(role),
        _ => None,
    });
    match role {
        Some(role) => t!(ui.texts, "sessions.targets.none", role = role),
        None if state.shown_sources().any(|(_, source)| source.failure(Read::Identity).is_some()) => {
            t!(ui.texts, "screens.header.not-verified").to_owned()
        }
        None => t!(ui.texts, "sessions.targets.no-role").to_owned(),
    }
}

/// Returns how many sessions are open, for the header; nothing where none is.
pub fn count(state: &State, ui: &Ui) -> Option<Span<'static>> {
    let open = state.sessions.open();
    let is_troubled = state
        .sessions
        .live
        .iter()
        .any(|live| live.is_ending(state.now) || matches!(live.link, crate::domain::session::Link::Lost { .. }));
    (open > 0).then(|| {
        let mark = if is_troubled { format!("{} ", ui.glyphs.warning) } else { String::new() };
        let style = if is_troubled { ui.theme.warning } else { ui.theme.accent };
        Span::styled(format!("{mark}{}", t!(ui.texts, "sessions.live.header", n = open)), style)
    })
}

/// Returns how many changes are under way, for the header; nothing where none is.
pub fn acting(state: &State, ui: &Ui) -> Option<Span<'static>> {
    let acting = state.sessions.acting();
    (acting > 0).then(|| Span::styled(t!(ui.texts, "operations.header", n = acting), ui.theme.progress))
}

/// Returns a heading of the menu over a pane: which session, and where.
pub fn menu_title(live: &Live) -> String {
    text::clean(&format!("{} {}", live.entry.id, live.goal()), 120)
}
