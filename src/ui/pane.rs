//! A shell in front: its screen untouched, and below it one line of ours.
//!
//! ```text
//! ▌prd web/app 0f0f0f0f · responder op-0137              12:04 left · ● rec · ✓ link ok 18 ms · ctrl-] menu
//! ```

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_term::widget::{Cursor, PseudoTerminal};

use crate::domain::session::Link;
use crate::state::State;
use crate::state::sessions::live::Live;
use crate::state::sessions::pane::Pane;
use crate::t;

use super::widgets::menu::wrap_line;
use super::widgets::{clear, fit_line, line_width, put_line};
use super::{Drawn, Ui, words};

/// Draws the pane in front over the whole area.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(live) = state.sessions.front() else { return };
    let screen = Rect { height: area.height.saturating_sub(1), ..area };
    if let Some(pane) = &live.pane {
        draw_screen(pane, screen, buf);
        let is_in_front = state.overlays.is_empty() && live.is_open();
        drawn.cursor = cursor(pane, screen).filter(|_| is_in_front);
    }
    if !live.is_open() {
        epitaph(state, ui, live, screen, buf);
    }
    if area.height > 0 {
        status(state, ui, live, Rect { y: area.bottom() - 1, height: 1, ..area }, buf);
    }
}

/// Draws the cells of the emulator; what no terminal should be given is left out.
fn draw_screen(pane: &Pane, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    PseudoTerminal::new(pane.screen()).cursor(Cursor::default().visibility(false)).render(area, buf);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let cell = &mut buf[(x, y)];
            let reaches_out = x + cell.cell_width().max(1) > area.right();
            if reaches_out || cell.symbol().chars().any(char::is_control) {
                cell.set_symbol(" ");
            }
        }
    }
}

/// Returns where the far side's cursor stands, where it is shown.
fn cursor(pane: &Pane, area: Rect) -> Option<Position> {
    let screen = pane.screen();
    if screen.hide_cursor() || pane.scrolled() > 0 {
        return None;
    }
    let (row, column) = screen.cursor_position();
    let x = area.x.checked_add(column)?.min(area.right().checked_sub(1)?);
    let position = Position { x, y: area.y.checked_add(row)? };
    area.contains(position).then_some(position)
}

/// Draws the one line of ours.
fn status(state: &State, ui: &Ui, live: &Live, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, ui.theme.text);
    let width = usize::from(area.width);
    // Which environment this is stands there however narrow it is; the rest gives way to it.
    let badge = line_width(&Line::from(badge(ui, live))) + 2;
    let (mut line, style) = facts(state, ui, live, false);
    if line_width(&line) + badge > width {
        line = facts(state, ui, live, true).0;
    }
    let line = fit_line(&line, width.saturating_sub(badge), ui.glyphs);
    let taken = line_width(&line);
    let left = match &state.notice {
        Some(notice) => {
            let values: Vec<(&str, &dyn std::fmt::Display)> =
                notice.arguments.iter().map(|(name, value)| (*name, value as &dyn std::fmt::Display)).collect();
            Line::styled(format!(" {}", ui.texts.fill(notice.key, &values)), ui.theme.accent)
        }
        None => who(ui, live),
    };
    let left = fit_line(&left, width.saturating_sub(taken + 2), ui.glyphs);
    put_line(buf, area.x, area.y, &left, area.width);
    let taken = u16::try_from(taken).unwrap_or(area.width).min(area.width);
    put_line(buf, area.right() - taken, area.y, &line, taken);
    if let Some(style) = style {
        buf.set_style(area, style);
    }
}

fn badge(ui: &Ui, live: &Live) -> Span<'static> {
    Span::styled(format!(" {} ", live.origin.environment), ui.kind_style(live.origin.place.kind))
}

/// Where, what, and under whose name.
fn who(ui: &Ui, live: &Live) -> Line<'static> {
    let origin = &live.origin;
    Line::from(vec![
        badge(ui, live),
        Span::styled(format!(" {}", live.goal()), ui.theme.text),
        Span::styled(format!(" {} {} {}", ui.glyphs.separator, origin.role, origin.identity.short()), ui.theme.dim),
    ])
}

/// How long still, for how long nothing happened, whether it is recorded, how the link stands, and how to our menu; and a style for all of the line
/// where it must be seen. A short line says the time without words, and leaves idleness and
/// the recording out.
fn facts(state: &State, ui: &Ui, live: &Live, is_short: bool) -> (Line<'static>, Option<Style>) {
    let separator = || Span::styled(format!(" {} ", ui.glyphs.separator), ui.theme.dim);
    let mut spans = Vec::new();
    let is_ending = live.is_ending(state.now);
    if let Some(left) = live.left(state.now) {
        let countdown = words::session::countdown(left);
        let text = if is_short && is_ending {
            format!("{} {countdown}", ui.glyphs.warning)
        } else if is_short {
            countdown
        } else if is_ending {
            format!("{} {}", ui.glyphs.warning, t!(ui.texts, "sessions.left-soon", left = countdown))
        } else {
            t!(ui.texts, "sessions.left", left = countdown)
        };
        spans.extend([Span::styled(text, if is_ending { ui.theme.warning } else { ui.theme.text }), separator()]);
    }
    if let Some(idle) = live.idle(state.now).filter(|_| !is_short) {
        let idle = t!(ui.texts, "sessions.idle", age = words::age(ui.texts, idle));
        spans.extend([Span::styled(idle, ui.theme.dim), separator()]);
    }
    if live.is_open() && !is_short {
        spans.extend([recording(ui, live), separator()]);
    }
    let (mark, text, style) = words::session::standing(ui, live, state.now);
    spans.extend([Span::styled(format!("{mark} {text}"), style), separator()]);
    let lines = live.pane.as_ref().map_or(0, Pane::scrolled);
    let hint = if !live.is_open() {
        t!(ui.texts, "sessions.pane.leave").to_owned()
    } else if lines > 0 {
        format!("{} {}", ui.glyphs.above, t!(ui.texts, "sessions.pane.scrolled", n = lines))
    } else {
        t!(ui.texts, "sessions.pane.menu").to_owned()
    };
    spans.push(Span::styled(format!("{hint} "), ui.theme.key));
    let emphasis = match (&live.link, is_ending) {
        _ if !live.is_open() => None,
        (Link::Lost { .. }, _) => Some(ui.theme.critical),
        (Link::Paused, _) | (_, true) => Some(ui.theme.warning),
        _ => None,
    };
    (Line::from(spans), emphasis)
}

/// Returns whether what is shown is recorded.
pub fn recording(ui: &Ui, live: &Live) -> Span<'static> {
    if live.recorded {
        Span::styled(format!("{} {}", ui.glyphs.recording, t!(ui.texts, "sessions.recorded")), ui.theme.critical)
    } else {
        Span::styled(t!(ui.texts, "sessions.not-recorded"), ui.theme.dim)
    }
}

/// Says at the foot of the screen how the session ended, or why it was not started.
fn epitaph(state: &State, ui: &Ui, live: &Live, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let lines: Vec<Line<'static>> = ended_lines(state, ui, live)
        .into_iter()
        .flat_map(|line| wrap_line(&Line::styled(line, ui.theme.text), room))
        .collect();
    let height = u16::try_from(lines.len()).unwrap_or(area.height).saturating_add(1).min(area.height);
    let box_area = clear(Rect { y: area.bottom() - height, height, ..area }, buf);
    super::widgets::horizontal_rule(box_area, buf, ui.theme.border, ui.glyphs);
    for (line, y) in lines.iter().zip(box_area.top() + 1..box_area.bottom()) {
        put_line(buf, box_area.x + 1, y, line, box_area.width.saturating_sub(2));
    }
}

/// Returns how a session ended, or why it was not started, in sentences.
pub fn ended_lines(state: &State, ui: &Ui, live: &Live) -> Vec<String> {
    if let Some(refusal) = &live.refusal {
        return words::session::refusal(ui.texts, refusal, state.now);
    }
    let Some((end, at)) = &live.end else { return Vec::new() };
    let (sentence, said) = words::session::end(ui.texts, end);
    let mut lines = vec![format!("{} {sentence}", ui.moment(*at, state.now))];
    if !said.is_empty() {
        lines.push(said.to_owned());
    }
    lines
}
