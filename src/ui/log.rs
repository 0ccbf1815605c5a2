//! The log of a service: its lines, and above them what is read of it and how.
//!
//! ```text
//! ▌Log web  shop-prd  prd                         live · newest line <1m ago
//!  web  datadog-agent  all       /ecs/shop-prd-web · since 08:52
//!  09:02:11.123 1a2b3c4d INFO GET / 200
//! ```

pub mod json;
mod lines;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::command::Command;
use crate::domain::fetch::{Failure, FailureKind, Panel as Read};
use crate::domain::log::Follow;
use crate::domain::text;
use crate::state::State;
use crate::state::event::Target;
use crate::state::log::LogView;
use crate::state::log::places::Choice;
use crate::state::source::Source;
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::{cells, fit_line, line_width, put, put_line};
use super::{Drawn, Ui, unread, words};

/// Draws the open log.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(view) = &state.log else { return };
    let panel = Panel {
        title: title(state, ui, view),
        status: status(state, ui, view),
        focused: true,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let row = Rect { height: 1, ..inner };
    let end = choices(ui, view, row, buf, drawn);
    let facts = fit_line(&facts(ui, view), usize::from(row.right().saturating_sub(end + 1)), ui.glyphs);
    let width = cells(line_width(&facts));
    put_line(buf, row.right().saturating_sub(width + 1), row.y, &facts, width);
    let rest = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    if view.ring.is_empty() {
        drawn.page = usize::from(rest.height);
        let room = rest.width.saturating_sub(2);
        let text = empty(state, ui, view);
        for (line, y) in text::wrap(&text, usize::from(room)).into_iter().zip(rest.top()..rest.bottom()) {
            put(buf, rest.x + 1, y, line, room, ui.theme.dim);
        }
        return;
    }
    lines::render(state, ui, view, rest, buf, drawn);
}

fn title(state: &State, ui: &Ui, view: &LogView) -> Line<'static> {
    let key = &view.id.key;
    let mut spans = vec![
        Span::raw(format!("{} ", t!(ui.texts, "log.title"))),
        Span::styled(key.service.clone(), ui.theme.title),
        Span::styled(format!("  {}  ", key.cluster), ui.theme.dim),
    ];
    if let Some(source) = state.source(view.id.source) {
        spans.push(ui.place(state, state.place_of_cluster(source, &key.cluster)));
    }
    Line::from(spans)
}

/// Says how the log is followed, the most important first: why not, whether it rests, what is missing, how old it is.
fn status(state: &State, ui: &Ui, view: &LogView) -> Vec<Span<'static>> {
    let texts = ui.texts;
    let mut status = Vec::new();
    // Where there is no line, the reason is told there in full.
    if let Some(failure) = failure(state, view).filter(|_| !view.ring.is_empty()) {
        status.push(unread::status(ui, failure));
    }
    if view.paused {
        status.push(Span::styled(t!(texts, "log.paused"), ui.theme.warning));
    }
    if let Some(held) = view.held.filter(|held| held.unseen > 0) {
        status.push(Span::styled(t!(texts, "log.unseen", n = held.unseen), ui.theme.accent));
    }
    if view.sampled {
        let text = format!("{} {}", ui.glyphs.warning, t!(texts, "log.sampled"));
        status.push(Span::styled(text, ui.theme.warning));
    }
    let follow = view.follow.filter(|_| !view.paused).map(|follow| match follow {
        Follow::Live => t!(texts, "log.live"),
        Follow::Polling => t!(texts, "log.polling"),
    });
    status.extend(follow.map(|follow| Span::styled(follow, ui.theme.dim)));
    // The age of the log is that of its newest line: a log that is read without a pause may be silent.
    if let Some(newest) = view.ring.last() {
        let age = words::age(texts, state.now.duration_since(newest.line.at));
        status.push(Span::styled(t!(texts, "log.newest", age = age), ui.theme.dim));
    }
    if view.ring.overflowed {
        status.push(Span::styled(t!(texts, "log.overflowed"), ui.theme.dim));
    }
    status
}

/// Returns why the log cannot be read now.
fn failure<'s>(state: &'s State, view: &LogView) -> Option<&'s Failure> {
    state.source(view.id.source).and_then(|source| unread::failure(source, Read::Log))
}

/// Draws the names of what can be tailed, and returns the column behind them.
fn choices(ui: &Ui, view: &LogView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) -> u16 {
    let mut x = area.x + 1;
    for (index, choice) in view.choices.iter().enumerate() {
        let name = choice_name(ui, view, choice);
        let style = if index == view.chosen { ui.theme.accent } else { ui.theme.dim };
        let end = put(buf, x, area.y, &name, area.right().saturating_sub(x), style);
        drawn.hits.push((Rect { x, width: end - x, ..area }, Target::Panel(index)));
        x = end.saturating_add(2);
    }
    x
}

/// Names a container, or all of them; of those of one group among several, each.
fn choice_name(ui: &Ui, view: &LogView, choice: &Choice) -> String {
    if !choice.is_of_several() {
        return choice.place.container.clone();
    }
    let is_only = view.choices.iter().filter(|choice| choice.is_of_several()).count() == 1;
    let is_all = choice.containers().count() == view.choices.iter().filter(|choice| !choice.is_of_several()).count();
    if is_only && is_all {
        t!(ui.texts, "log.all").to_owned()
    } else {
        choice.containers().collect::<Vec<_>>().join("+")
    }
}

/// Says what narrows the lines, and where they are from.
fn facts(ui: &Ui, view: &LogView) -> Line<'static> {
    let texts = ui.texts;
    let mut facts = Vec::new();
    if !view.pattern.is_empty() {
        facts.push(Span::styled(t!(texts, "log.filter", pattern = view.pattern), ui.theme.accent));
    }
    if !view.search.is_empty() {
        facts.push(Span::styled(t!(texts, "log.search", text = view.search), ui.theme.accent));
    }
    if let Some(choice) = view.choice() {
        facts.push(Span::styled(t!(texts, "log.since", time = ui.time(view.since)), ui.theme.dim));
        facts.push(Span::styled(choice.place.group.clone(), ui.theme.dim));
    }
    let separator = Span::styled(format!(" {} ", ui.glyphs.separator), ui.theme.dim);
    let mut spans = Vec::new();
    for fact in facts {
        if !spans.is_empty() {
            spans.push(separator.clone());
        }
        spans.push(fact);
    }
    Line::from(spans)
}

/// Says why there is no line, and what to do.
fn empty(state: &State, ui: &Ui, view: &LogView) -> String {
    let texts = ui.texts;
    let source = state.source(view.id.source);
    let loading = || t!(texts, "screens.loading").to_owned();
    if let (Some(failure), Some(source)) = (failure(state, view), source) {
        return failed(ui, view, source, failure);
    }
    let Some(definition) = &view.definition else {
        let was_read = source.is_some_and(|source| source.services.value.is_some());
        return unread::unread(ui, source, Read::Services, was_read, t!(texts, "log.no-definition"));
    };
    if view.choices.is_empty() {
        let is_known = source.is_some_and(|source| source.log_places.contains_key(definition));
        let name = definition.rsplit('/').next().unwrap_or(definition);
        return if is_known { t!(texts, "log.no-driver", definition = name) } else { loading() };
    }
    if view.at.is_none() {
        return loading();
    }
    let time = ui.time(view.since);
    let scopes = state.screen.scope().chain();
    let key = ui.keymap.chords(scopes, Command::Range).into_iter().next().unwrap_or_default();
    if view.pattern.is_empty() {
        t!(texts, "log.empty", time = time, key = key)
    } else {
        t!(texts, "log.empty-filtered", time = time, pattern = view.pattern, key = key)
    }
}

/// Says what went wrong with the log, in its own words where a failure means something of its own here.
fn failed(ui: &Ui, view: &LogView, source: &Source, failure: &Failure) -> String {
    let texts = ui.texts;
    let group = view.choice().map(|choice| choice.place.group.as_str());
    match (&failure.kind, group) {
        (FailureKind::NotFound, Some(group)) => t!(texts, "log.no-group", group = group),
        (FailureKind::Invalid, Some(_)) if !view.pattern.is_empty() => {
            t!(texts, "log.bad-filter", pattern = view.pattern, detail = failure.detail)
        }
        _ => format!("{} {}", unread::line(ui, failure), words::failure_remedy(texts, failure, &source.profile)),
    }
}
