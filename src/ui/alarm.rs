//! One alarm: its state and since when, what it watches against what, its children if it is a composite, its history.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::alarm::{HistoryItem, Watches};
use crate::domain::ecs::Deployment;
use crate::state::State;
use crate::state::alarms::{AlarmRow, AlarmView, Branch};
use crate::t;

use super::alarms::{flags, line};
use super::widgets::menu::wrap_line;
use super::widgets::panel::Panel;
use super::widgets::put;
use super::widgets::table::{Cell, Column, Row, Table};
use super::{Drawn, Ui, charts, words};

/// Draws the open alarm.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(view) = &state.alarm else { return };
    let Some(row) = &view.row else {
        let text = if state.is_loading() { t!(ui.texts, "screens.loading") } else { t!(ui.texts, "screens.gone") };
        put(buf, area.x + 1, area.y, text, area.width, ui.theme.dim);
        return;
    };
    let rest = heading(state, ui, view, row, area, buf);
    let history_height = (rest.height * 2 / 5).max(5).min(rest.height);
    let upper = Rect { height: rest.height - history_height, ..rest };
    let lower = Rect { y: upper.bottom(), height: history_height, ..rest };
    watched(state, ui, row, &view.tree, upper, buf);
    history(state, ui, view, lower, buf, drawn);
}

/// State, name, description, condition and CloudWatch's reason.
fn heading(state: &State, ui: &Ui, view: &AlarmView, row: &AlarmRow, area: Rect, buf: &mut Buffer) -> Rect {
    let alarm = &row.alarm;
    let (mark, word, style) = ui.alarm_state(alarm.state);
    let age = words::since(ui.texts, state.now, alarm.since);
    let mut title = vec![
        Span::styled(format!("{mark} {word} "), style),
        Span::styled(format!("{age}  "), ui.theme.text),
        Span::styled(format!("{}  ", alarm.name), ui.theme.title),
        ui.place(state, row.place),
        Span::styled(format!("  {}", flags(ui, alarm)), ui.theme.warning),
    ];
    if !view.exists {
        title.push(Span::styled(format!("  {}", t!(ui.texts, "screens.gone")), ui.theme.warning));
    }
    let mut rest = line(&Line::from(title), ui, area, buf);
    if !alarm.description.is_empty() {
        rest = line(&Line::styled(alarm.description.clone(), ui.theme.text), ui, rest, buf);
    }
    rest = line(&Line::styled(full_condition(ui, row), ui.theme.dim), ui, rest, buf);
    if let Some(suppressed) = &alarm.suppressed {
        rest = line(&Line::styled(suppressed.clone(), ui.theme.warning), ui, rest, buf);
    }
    let room = usize::from(rest.width.saturating_sub(2));
    for wrapped in wrap_line(&Line::styled(alarm.reason.clone(), ui.theme.dim), room).iter().take(2) {
        rest = line(wrapped, ui, rest, buf);
    }
    rest
}

fn full_condition(ui: &Ui, row: &AlarmRow) -> String {
    let condition = words::condition(ui.texts, &row.alarm);
    match &row.alarm.watches {
        Watches::Metric(rule) if !rule.missing_data.is_empty() => {
            let missing = t!(ui.texts, "screens.alarm.missing", treatment = rule.missing_data);
            format!("{condition} {} {missing}", ui.glyphs.separator)
        }
        _ => condition,
    }
}

/// Draws what an alarm watches: its metric as a chart, or its children as a tree.
pub fn watched(state: &State, ui: &Ui, row: &AlarmRow, tree: &[Branch], area: Rect, buf: &mut Buffer) {
    match &row.alarm.watches {
        Watches::Metric(_) => {
            let deployments: &[Deployment] = &[];
            charts::alarm(state, ui, (row.id.source, &row.alarm), deployments, area, buf);
        }
        Watches::Composite(rule) => {
            let mut rest = line(&Line::styled(rule.text.clone(), ui.theme.dim), ui, area, buf);
            for branch in tree {
                rest = line(&branch_line(state, ui, branch), ui, rest, buf);
            }
        }
    }
}

fn branch_line(state: &State, ui: &Ui, branch: &Branch) -> Line<'static> {
    let twig = if branch.last { ui.glyphs.tree.last } else { ui.glyphs.tree.branch };
    let indent = "   ".repeat(branch.depth.saturating_sub(1));
    let start = Span::styled(format!("{indent}{twig} "), ui.theme.border);
    match &branch.alarm {
        Some(alarm) => {
            let (mark, word, style) = ui.alarm_state(alarm.state);
            let age = words::since(ui.texts, state.now, alarm.since);
            Line::from(vec![
                start,
                Span::styled(format!("{mark} {word} "), style),
                Span::styled(format!("{age:>4}  "), ui.theme.dim),
                Span::styled(format!("{}  ", branch.name), ui.theme.text),
                Span::styled(alarm.description.clone(), ui.theme.dim),
            ])
        }
        None => Line::from(vec![
            start,
            Span::styled(format!("{} {}  ", ui.glyphs.unknown, branch.name), ui.theme.unknown),
            Span::styled(t!(ui.texts, "screens.alarm.unreadable-child"), ui.theme.dim),
        ]),
    }
}

fn history(state: &State, ui: &Ui, view: &AlarmView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let fetched = state.source(view.id.source).and_then(|source| source.histories.get(&view.id.name));
    let none: &[HistoryItem] = &[];
    let items = fetched.and_then(|fetched| fetched.value.as_ref()).map_or(none, |items| items.as_slice());
    let source = state.source(view.id.source);
    let failed = source.map(|source| source.phase(crate::domain::fetch::Panel::History));
    let mut status = fetched.map(|fetched| ui.freshness(state, fetched)).unwrap_or_default();
    if let Some(crate::domain::fetch::Phase::Failed(failure)) = failed {
        let text = format!("{} {}", ui.glyphs.denied, words::failure_line(ui.texts, failure));
        status.insert(0, Span::styled(text, ui.theme.warning));
    }
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.alarm.history")),
        status,
        focused: true,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = [Column::new("", 8, 11), Column::new("", 10, 20).rank(1), Column::new("", 20, 60).grows()];
    let areas = Table {
        columns: &columns,
        len: items.len(),
        row: |index: usize| {
            let item = &items[index];
            Row::Cells(vec![
                Cell::new(Span::styled(ui.moment(item.at, state.now), ui.theme.dim)),
                Cell::new(Span::styled(item.kind.clone(), ui.theme.dim)),
                Cell::new(Span::styled(item.summary.clone(), ui.theme.text)),
            ])
        },
        selected: Some(view.history.0),
        offset: 0,
        focused: true,
        empty: if fetched.is_none_or(|fetched| fetched.value.is_none()) {
            t!(ui.texts, "screens.loading")
        } else {
            t!(ui.texts, "screens.nothing")
        },
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    drawn.page = areas.page;
}
