//! The last row: the screens, the keys that help, or what is being typed or was just said.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::command::Command;
use crate::state::event::Target;
use crate::state::overlay::{Overlay, Purpose};
use crate::state::{Screen, State};
use crate::t;

use super::widgets::input::Prompt;
use super::widgets::{fit_line, line_width, put_line};
use super::{Drawn, Ui};

/// The screens that the footer names, in the order of their numbers.
const SCREENS: [(Command, &str); 9] = [
    (Command::Overview, "screens.overview.title"),
    (Command::Services, "screens.services.title"),
    (Command::Waf, "screens.waf.short"),
    (Command::Alarms, "screens.alarms.title"),
    (Command::Findings, "screens.findings.title"),
    (Command::Sessions, "sessions.title"),
    (Command::Runbooks, "runbooks.title"),
    (Command::Journal, "journal.title"),
    (Command::Fleet, "screens.fleet.title"),
];

/// The keys that the footer reminds of, most needed first; those that do nothing on a screen are left out there.
const HINTS: [(Command, &str); 19] = [
    (Command::Errors, "screens.hint.errors"),
    (Command::Help, "screens.hint.help"),
    (Command::Palette, "screens.hint.palette"),
    (Command::Client, "sessions.hint.client"),
    (Command::Token, "sessions.hint.token"),
    (Command::EndSession, "sessions.hint.end"),
    (Command::NextSession, "sessions.hint.next"),
    (Command::Actions, "operations.hint.actions"),
    (Command::Timeline, "journal.hint.timeline"),
    (Command::Log, "log.hint.log"),
    (Command::Pause, "log.hint.pause"),
    (Command::NextPanel, "screens.hint.panel"),
    (Command::Filter, "screens.hint.filter"),
    (Command::Search, "log.hint.search"),
    (Command::Wrap, "log.hint.wrap"),
    (Command::Range, "screens.hint.range"),
    (Command::Environment, "screens.hint.environment"),
    (Command::Refresh, "screens.hint.refresh"),
    (Command::Quit, "screens.hint.quit"),
];

/// Draws the footer.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    if let Some(Overlay::Filter(prompt)) = state.overlays.last() {
        let label = match prompt.purpose {
            Purpose::Filter => "/".to_owned(),
            Purpose::Search => format!("{} ", t!(ui.texts, "log.search-label")),
        };
        let prompt = Prompt {
            label: &label,
            input: &prompt.input,
            hint: match (state.screen, prompt.purpose) {
                (Screen::Log, Purpose::Filter) => t!(ui.texts, "log.filter-hint"),
                (Screen::Journal, _) => t!(ui.texts, "journal.filter-hint"),
                (Screen::Log, Purpose::Search) => t!(ui.texts, "log.search-hint"),
                _ => t!(ui.texts, "screens.filter-hint"),
            },
            theme: &ui.theme,
            glyphs: ui.glyphs,
        };
        drawn.cursor = prompt.render(area, buf);
    } else if !state.pending.is_empty() {
        let line = pending(state, ui);
        put_line(buf, area.x, area.y, &fit_line(&line, usize::from(area.width), ui.glyphs), area.width);
    } else if let Some(notice) = &state.notice {
        let values: Vec<(&str, &dyn std::fmt::Display)> =
            notice.arguments.iter().map(|(name, value)| (*name, value as &dyn std::fmt::Display)).collect();
        let line = Line::styled(format!(" {}", ui.texts.fill(notice.key, &values)), ui.theme.accent);
        put_line(buf, area.x, area.y, &fit_line(&line, usize::from(area.width), ui.glyphs), area.width);
    } else {
        screens_and_hints(state, ui, area, buf, drawn);
    }
}

/// Says what may follow the keys that were pressed.
fn pending(state: &State, ui: &Ui) -> Line<'static> {
    let mut spans = Vec::new();
    for (keys, command) in &state.pending {
        spans.push(Span::styled(format!(" {keys} "), ui.theme.key));
        spans.push(Span::styled(format!("{}  ", ui.texts.get(command.entry().key)), ui.theme.dim));
    }
    Line::from(spans)
}

fn screens_and_hints(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let scopes = state.screen.scope().chain();
    let key = |command: Command| ui.keymap.chords(scopes, command).into_iter().next();
    let mut x = area.x + 1;
    for (command, title) in SCREENS {
        let current = state.screen.command() == command;
        let mut spans = Vec::new();
        if let Some(key) = key(command) {
            spans.push(Span::styled(format!("{key} "), ui.theme.key));
        }
        let style = if current { ui.theme.accent } else { ui.theme.dim };
        spans.push(Span::styled(ui.texts.get(title), style));
        let line = Line::from(spans);
        let width = u16::try_from(line_width(&line)).unwrap_or(u16::MAX);
        if x.saturating_add(width) >= area.right() {
            return;
        }
        put_line(buf, x, area.y, &line, width);
        drawn.hits.push((Rect { x, width, ..area }, Target::Screen(command)));
        x += width + 2;
    }
    let mut hints: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    // Errors can always be listed; the footer reminds of them while there are some that nobody has seen.
    let is_due = |command: Command| state.acts(command) && (command != Command::Errors || state.errors.unseen > 0);
    for (command, text) in HINTS.into_iter().filter(|(command, _)| is_due(*command)) {
        let Some(key) = key(command) else { continue };
        let pair = [Span::styled(key, ui.theme.key), Span::styled(format!(" {}  ", ui.texts.get(text)), ui.theme.dim)];
        let width = line_width(&Line::from(pair.to_vec()));
        if used + width > usize::from(area.right().saturating_sub(x)) {
            break;
        }
        used += width;
        hints.extend(pair);
    }
    let width = u16::try_from(used).unwrap_or(0);
    put_line(buf, area.right() - width, area.y, &Line::from(hints), width);
}
