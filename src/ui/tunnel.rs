//! One tunnel: how a client reaches its end, the sessions under it, and who is connected.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::session::{TunnelConnection, TunnelSession, TunnelStatus};
use crate::state::State;
use crate::state::event::Target;
use crate::state::sessions::live::Live;
use crate::state::sessions::tunnel::TunnelPanel;
use crate::t;

use super::widgets::menu::wrap_line;
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{cells, fit_line, horizontal_rule, put_line};
use super::{Drawn, Ui, measure, pane, words};

/// Draws the tunnel in front.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(live) = state.sessions.front() else { return };
    let facts = facts(state, ui, live);
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let lines: Vec<Line<'static>> = facts.iter().flat_map(|line| wrap_line(line, room)).collect();
    let height = cells(lines.len()).min(area.height / 2);
    for (line, y) in lines.iter().zip(area.top()..area.top() + height) {
        put_line(buf, area.x + 1, y, &fit_line(line, room, ui.glyphs), area.width.saturating_sub(2));
    }
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    horizontal_rule(rest, buf, ui.theme.border, ui.glyphs);
    let rest = Rect { y: rest.y + 1, height: rest.height.saturating_sub(1), ..rest };
    let under = cells(state.sessions.under().len().max(1)).saturating_add(2).min(rest.height / 3);
    let (above, below) =
        (Rect { height: rest.height - under, ..rest }, Rect { y: rest.bottom() - under, height: under, ..rest });
    connections(state, ui, above, buf, drawn);
    sessions(state, ui, below, buf, drawn);
}

/// What it is, how to reach it, how it fares.
fn facts(state: &State, ui: &Ui, live: &Live) -> Vec<Line<'static>> {
    let separator = || Span::styled(format!(" {} ", ui.glyphs.separator), ui.theme.dim);
    let origin = &live.origin;
    let mut first = vec![
        Span::styled(format!(" {} ", origin.environment), ui.kind_style(origin.place.kind)),
        Span::styled(format!(" {}", live.entry.id), ui.theme.title),
        Span::styled(format!(" {} {}", ui.glyphs.arrow, live.goal()), ui.theme.text),
        separator(),
        Span::styled(format!("{} {}", origin.role, origin.identity.short()), ui.theme.dim),
    ];
    if let Some(left) = live.left(state.now) {
        let countdown = words::session::countdown(left);
        let (text, style) = if live.is_ending(state.now) {
            (
                format!("{} {}", ui.glyphs.warning, t!(ui.texts, "sessions.left-soon", left = countdown)),
                ui.theme.warning,
            )
        } else {
            (t!(ui.texts, "sessions.left", left = countdown), ui.theme.text)
        };
        first.extend([separator(), Span::styled(text, style)]);
    }
    let (mark, text, style) = words::session::standing(ui, live, state.now);
    let mut second = vec![Span::styled(format!("{mark} {text}"), style)];
    if live.is_open() {
        second.extend([separator(), pane::recording(ui, live)]);
    }
    if let Some(status) = &live.tunnel {
        let (mark, text, style) = words::session::health(ui, &status.health, state.now);
        second.extend([separator(), Span::styled(format!("{mark} {text}"), style)]);
        second.extend([separator(), Span::styled(totals(ui, status), ui.theme.text)]);
    }
    let mut lines = vec![Line::from(first), Line::from(second)];
    if let Some((mark, text, style)) =
        live.tunnel.as_ref().and_then(|status| words::session::trouble(ui, &status.troubles, state.now))
    {
        lines.push(Line::styled(format!("{mark} {text}"), style));
    }
    if let Some(connection) = live.connection_string().filter(|_| live.is_open()) {
        lines.push(Line::from(vec![
            Span::styled(format!("{} ", t!(ui.texts, "sessions.view.connect")), ui.theme.dim),
            Span::styled(connection, ui.theme.accent),
        ]));
    }
    lines.extend(pane::ended_lines(state, ui, live).into_iter().map(|line| Line::styled(line, ui.theme.text)));
    lines
}

fn totals(ui: &Ui, status: &TunnelStatus) -> String {
    t!(
        ui.texts,
        "sessions.view.totals",
        open = status.connections.len(),
        accepted = status.accepted,
        refused = status.refused,
        sent = words::session::bytes(status.sent),
        received = words::session::bytes(status.received)
    )
}

fn connections(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let all = state.sessions.connections();
    let texts = ui.texts;
    let number = |key: &'static str, cells: u16| {
        let title = texts.get(key);
        let cells = cells.max(measure::widest([title]));
        Column::new(title, cells, cells).right()
    };
    let columns = [
        number("sessions.column.number", 3).rank(5),
        Column::new(t!(texts, "sessions.column.peer"), 15, 21).grows(),
        number("sessions.column.age", measure::ages(texts)),
        Column::new(t!(texts, "sessions.column.state"), 10, 14),
        number("sessions.column.sent", 7),
        number("sessions.column.send-rate", 9).rank(2),
        number("sessions.column.received", 7),
        number("sessions.column.receive-rate", 9).rank(1),
        number("sessions.column.session", 3).rank(4),
    ];
    let row = |index: usize| Row::Cells(connection_cells(state, ui, &all[index]));
    let title = t!(texts, "sessions.view.connections");
    let empty = t!(texts, "sessions.view.no-connections");
    table(state, ui, (TunnelPanel::Connections, title, empty), &columns, all.len(), row, area, buf, drawn);
}

fn connection_cells(state: &State, ui: &Ui, one: &TunnelConnection) -> Vec<Cell<'static>> {
    let text = |text: String| Cell::new(Span::styled(text, ui.theme.text));
    let (mark, word, style) = words::session::connection(ui, one.state);
    vec![
        text(one.id.to_string()),
        text(one.peer.to_string()),
        text(words::since(ui.texts, state.now, Some(one.opened_at))),
        Cell::new(Span::styled(format!("{mark} {word}"), style)),
        text(words::session::bytes(one.sent)),
        text(words::session::rate(one.send_rate)),
        text(words::session::bytes(one.received)),
        text(words::session::rate(one.receive_rate)),
        text((one.session + 1).to_string()),
    ]
}

fn sessions(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let all = state.sessions.under();
    let texts = ui.texts;
    let number = measure::widest([t!(texts, "sessions.column.number")]).max(3);
    let connected = measure::widest([t!(texts, "sessions.column.connections")]);
    let columns = [
        Column::new(t!(texts, "sessions.column.number"), number, number).right(),
        Column::new(t!(texts, "sessions.column.link"), 14, 24),
        Column::new(t!(texts, "sessions.column.connections"), connected, connected).right(),
        Column::new(t!(texts, "sessions.column.agent"), 10, 12).rank(2),
        Column::new(t!(texts, "sessions.column.session-id"), 12, 40).rank(1).grows(),
    ];
    let row = |index: usize| Row::Cells(session_cells(state, ui, index, &all[index]));
    let title = t!(texts, "sessions.view.sessions");
    let empty = t!(texts, "sessions.view.no-sessions");
    table(state, ui, (TunnelPanel::Sessions, title, empty), &columns, all.len(), row, area, buf, drawn);
}

fn session_cells(state: &State, ui: &Ui, index: usize, one: &TunnelSession) -> Vec<Cell<'static>> {
    let (mark, text, style) = words::session::link(ui, &one.link, state.now);
    vec![
        Cell::new(Span::styled((index + 1).to_string(), ui.theme.text)),
        Cell::new(Span::styled(format!("{mark} {text}"), style)),
        Cell::new(Span::styled(one.connections.to_string(), ui.theme.text)),
        Cell::new(Span::styled(one.agent.clone().unwrap_or_else(|| "-".to_owned()), ui.theme.dim)),
        Cell::cut_middle(Span::styled(one.session_id.clone(), ui.theme.dim)),
    ]
}

#[expect(clippy::too_many_arguments, reason = "what a panel of rows shows, and where it is drawn")]
fn table<'r>(
    state: &State,
    ui: &Ui,
    (of, title, empty): (TunnelPanel, &str, &str),
    columns: &[Column<'_>],
    len: usize,
    row: impl Fn(usize) -> Row<'r>,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let view = &state.sessions.tunnel;
    let focused = view.panel == of;
    drawn.hits.push((area, Target::Panel(of as usize)));
    let panel = Panel {
        title: Line::raw(title.to_owned()),
        status: vec![Span::styled(len.to_string(), ui.theme.dim)],
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let selected = view.scroll(of).0.min(len.saturating_sub(1));
    let areas = Table {
        columns,
        len,
        row,
        selected: (focused && len > 0).then_some(selected),
        offset: 0,
        focused,
        empty,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}
