//! A recording as it plays: the screen that was recorded, where one is in it, and the keys.
//!
//! ```text
//! 20261122T075500123Z-4f1c2a9b.cast  node-shell prd i-0abc…
//! ┌ the recorded screen ─────────────────────────────┐
//! │                                                  │
//! └──────────────────────────────────────────────────┘
//! ▶ 01:23 / 04:56  ×2  ━━━━━━━╸─────────  step 1
//! space pause  ←→ 5 s  +- speed  m marker  / search …
//! ```

use std::time::Duration;

use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;
use tui_term::widget::{Cursor, PseudoTerminal};

use crate::domain::screen::Screen;
use crate::domain::text::{self, clean};
use crate::journal::recording::player::Found;
use crate::state::replay::Replay;
use crate::t;

use super::Ui;
use super::theme::Theme;
use super::widgets::input::Prompt;
use super::widgets::{clear, fit_line, line_width, put_line};

/// The keys of the player, as they are shown: what is pressed, and the text of what it does.
const KEYS: [(&str, &str); 9] = [
    ("space", "journal.replay.key.pause"),
    ("q", "journal.replay.key.quit"),
    ("h/l", "journal.replay.key.seek"),
    ("+/-", "journal.replay.key.speed"),
    ("m/M", "journal.replay.key.marker"),
    ("/", "journal.replay.key.search"),
    ("n/N", "journal.replay.key.match"),
    ("i", "journal.replay.key.idle"),
    (".", "journal.replay.key.step"),
];

/// Draws a recording into an area, and returns where the cursor belongs, if something is being typed.
pub fn render(replay: &Replay, ui: &Ui, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let area = clear(area, buf);
    buf.set_style(area, ui.theme.text);
    if area.height < 4 || area.width < 8 {
        return None;
    }
    put(buf, area, area.y, &title(replay, ui), ui);
    let middle = Rect { y: area.y + 1, height: area.height - 3, ..area };
    screen(replay.player.screen(), &ui.theme, middle, buf);
    highlight(replay.player.search_text(), ui, middle, buf);
    put(buf, area, area.bottom() - 2, &progress(replay, ui, area.width), ui);
    let last = Rect { y: area.bottom() - 1, height: 1, ..area };
    if let Some(input) = &replay.prompt {
        let hint = t!(ui.texts, "journal.replay.search-hint");
        return Prompt { label: "/", input, hint, theme: &ui.theme, glyphs: ui.glyphs }.render(last, buf);
    }
    put(buf, area, last.y, &keys(ui, usize::from(area.width)), ui);
    None
}

/// Draws the cells of a screen in memory from the top left, as far as there is room; all of it is made safe.
pub fn screen(screen: &Screen, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = clear(area, buf);
    let (columns, rows) = screen.size();
    let height = area.height.min(rows);
    // Where there is less room than rows, those around the cursor are what matters.
    let cursor_row = screen.cells().cursor_position().0;
    let hidden = (cursor_row + 1).saturating_sub(height);
    let mut whole = Buffer::empty(Rect { x: 0, y: 0, width: columns, height: rows });
    let cursor = Cursor::default().overlay_style(theme.text.add_modifier(Modifier::REVERSED)).symbol("_");
    PseudoTerminal::new(screen.cells()).cursor(cursor).render(whole.area, &mut whole);
    let is_plain = *theme == Theme::no_color();
    for y in 0..height {
        // A half-width sound mark is drawn in a cell of its own, but has none in memory: what follows moves along.
        let (mut x, mut from) = (0, 0);
        while x < area.width && from < columns {
            let mut cell = whole[(from, y + hidden)].clone();
            let is_wide = screen.cells().cell(y + hidden, from).is_some_and(vt100::Cell::is_wide);
            let safe = safe(cell.symbol());
            cell.set_symbol(&safe);
            let wide = cell.cell_width().max(1);
            if x + wide > area.width {
                cell.set_symbol(" ");
            }
            if is_plain {
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
            }
            buf[(area.x + x, area.y + y)] = cell;
            x += wide;
            from += if is_wide { 2 } else { 1 };
        }
    }
}

/// Returns the symbol of a cell without what is obeyed or not seen.
fn safe(symbol: &str) -> String {
    if symbol.len() == 1 && symbol.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return symbol.to_owned();
    }
    let safe = clean(symbol, 16);
    if text::width(&safe) == 0 { " ".to_owned() } else { safe }
}

/// Marks what is looked for, where it stands on one row.
fn highlight(search: &str, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let wanted = search.to_lowercase();
    if wanted.is_empty() {
        return;
    }
    for y in area.top()..area.bottom() {
        let (mut row, mut places, mut x) = (String::new(), Vec::new(), area.left());
        while x < area.right() {
            let symbol = buf[(x, y)].symbol().to_lowercase();
            places.extend(std::iter::repeat_n(x, symbol.len()));
            row.push_str(&symbol);
            x += buf[(x, y)].cell_width().max(1);
        }
        for (at, found) in row.match_indices(&wanted) {
            for x in places[at..at + found.len()].iter().copied() {
                buf[(x, y)].set_style(ui.theme.matched.add_modifier(Modifier::REVERSED));
            }
        }
    }
}

fn title(replay: &Replay, ui: &Ui) -> Line<'static> {
    let cast = replay.player.cast();
    let mut spans = vec![Span::styled(format!("{}  ", clean(&replay.name, 200)), ui.theme.title)];
    let facts = match &cast.about {
        Some(about) => [&about.entry, &about.environment, &about.target, &about.actor].map(String::as_str).to_vec(),
        None => vec![cast.title.as_str()],
    };
    let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    spans.push(Span::styled(facts.join(&format!(" {} ", ui.glyphs.separator)), ui.theme.dim));
    Line::from(spans)
}

fn progress(replay: &Replay, ui: &Ui, width: u16) -> Line<'static> {
    let player = &replay.player;
    let state = match (player.is_over(), player.is_playing()) {
        (true, _) => t!(ui.texts, "journal.replay.over"),
        (_, true) => t!(ui.texts, "journal.replay.playing"),
        (_, false) => t!(ui.texts, "journal.replay.paused"),
    };
    let mut left = vec![
        Span::styled(format!("{state} "), ui.theme.accent),
        Span::raw(format!("{} / {}  ", clock(player.position()), clock(player.length()))),
        Span::styled(format!("{}{}  ", ui.glyphs.times, player.speed()), ui.theme.dim),
    ];
    let mut right = Vec::new();
    if player.idle_limit().is_some() {
        right.push(Span::styled(format!("  {}", t!(ui.texts, "journal.replay.shortened")), ui.theme.dim));
    }
    if let Some(marker) = player.marker().filter(|marker| !marker.is_empty()) {
        right.push(Span::styled(format!("  [{}]", text::truncate(marker, 24)), ui.theme.text));
    }
    if player.cast().is_torn {
        right.push(Span::styled(format!("  {}", t!(ui.texts, "journal.replay.torn")), ui.theme.warning));
    }
    let found = match player.found() {
        Found::Nothing | Found::Here => "",
        Found::Around => t!(ui.texts, "journal.replay.around"),
        Found::Nowhere => t!(ui.texts, "journal.replay.nowhere"),
    };
    if !found.is_empty() {
        right.push(Span::styled(format!("  {found}"), ui.theme.warning));
    }
    let used = line_width(&Line::from(left.clone())) + line_width(&Line::from(right.clone()));
    let room = usize::from(width).saturating_sub(used);
    let (done, all) = (player.position().as_millis(), player.length().as_millis().max(1));
    let full = usize::try_from(done * room as u128 / all).unwrap_or(room).min(room);
    left.push(Span::styled(ui.glyphs.bar_full.repeat(full), ui.theme.progress));
    left.push(Span::styled(ui.glyphs.bar_empty.repeat(room - full), ui.theme.dim));
    left.extend(right);
    Line::from(left)
}

fn keys(ui: &Ui, room: usize) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (key, text) in KEYS {
        let pair = [Span::styled(key, ui.theme.key), Span::styled(format!(" {}  ", ui.texts.get(text)), ui.theme.dim)];
        if line_width(&Line::from(spans.clone())) + line_width(&Line::from(pair.to_vec())) > room {
            break;
        }
        spans.extend(pair);
    }
    Line::from(spans)
}

/// Writes a time as `1:02:03` or `02:03`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

fn put(buf: &mut Buffer, area: Rect, y: u16, line: &Line<'_>, ui: &Ui) {
    put_line(buf, area.x, y, &fit_line(line, usize::from(area.width), ui.glyphs), area.width);
}

#[cfg(test)]
mod tests;
