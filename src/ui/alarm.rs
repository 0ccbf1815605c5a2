//! One alarm: its state and since when, what it watches against what, its children if it is a composite, its history.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::alarm::Watches;
use crate::domain::fetch::Panel as Read;
use crate::domain::text;
use crate::state::State;
use crate::state::alarms::{AlarmRow, AlarmView, Branch};
use crate::state::event::Target;
use crate::t;

use super::alarms::{flags, line};
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{put, wrap_within};
use super::{Drawn, Ui, charts, measure, unread, words};

/// Rows that CloudWatch's reason takes at most; `Enter` shows it whole.
const REASON_ROWS: usize = 4;

/// Draws the open alarm.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(view) = &state.alarm else { return };
    let Some(row) = &view.row else {
        let source = state.source(view.id.source);
        let was_read = source.is_some_and(|source| source.alarms.value.is_some());
        let text = unread::unread(ui, source, Read::Alarms, was_read, t!(ui.texts, "screens.gone"));
        put(buf, area.x + 1, area.y, &text, area.width.saturating_sub(2), ui.theme.dim);
        return;
    };
    let rest = heading(state, ui, view, row, area, buf);
    let history_height = (rest.height * 2 / 5).max(5).min(rest.height);
    let upper = Rect { height: rest.height - history_height, ..rest };
    let lower = Rect { y: upper.bottom(), height: history_height, ..rest };
    match &row.alarm.watches {
        Watches::Metric(_) => charts::alarm(state, ui, (row.id.source, &row.alarm), None, upper, buf),
        Watches::Composite(_) => tree(state, ui, view, upper, buf, drawn),
    }
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
    for wrapped in wrap_within(&Line::styled(alarm.reason.clone(), ui.theme.dim), room, REASON_ROWS, ui.glyphs) {
        rest = line(&wrapped, ui, rest, buf);
    }
    rest
}

/// Returns what an alarm watches against what, and how it takes missing data.
pub fn full_condition(ui: &Ui, row: &AlarmRow) -> String {
    let condition = words::condition(ui.texts, &row.alarm);
    match &row.alarm.watches {
        Watches::Metric(rule) if !rule.missing_data.is_empty() => {
            let missing = t!(ui.texts, "screens.alarm.missing", treatment = rule.missing_data);
            format!("{condition} {} {missing}", ui.glyphs.separator)
        }
        _ => condition,
    }
}

/// Draws the alarms that a composite reads; while it has the keys, one of them is selected.
fn tree(state: &State, ui: &Ui, view: &AlarmView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let focused = view.child.is_some();
    drawn.hits.push((area, Target::Panel(0)));
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.alarm.children")),
        status: vec![Span::styled(view.tree.len().to_string(), ui.theme.dim)],
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let last = view.tree.len().saturating_sub(1);
    let areas = branches(state, ui, &view.tree, view.child.map(|child| child.0.min(last))).render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}

/// Returns the table of a composite's tree.
pub fn branches<'a>(
    state: &'a State,
    ui: &'a Ui,
    tree: &'a [Branch],
    selected: Option<usize>,
) -> Table<'a, impl Fn(usize) -> Row<'static>> {
    Table {
        columns: &[],
        len: tree.len(),
        row: move |index: usize| Row::Line(branch_line(state, ui, &tree[index])),
        selected,
        offset: 0,
        focused: selected.is_some(),
        empty: t!(ui.texts, "screens.nothing"),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
}

/// One alarm of the tree: states and ages stand below each other on each level.
fn branch_line(state: &State, ui: &Ui, branch: &Branch) -> Line<'static> {
    let twig = if branch.last { ui.glyphs.tree.last } else { ui.glyphs.tree.branch };
    let indent = "   ".repeat(branch.depth.saturating_sub(1));
    let start = Span::styled(format!("{indent}{twig} "), ui.theme.border);
    let states = usize::from(measure::alarm_states(ui));
    match &branch.alarm {
        Some(alarm) => {
            let (mark, word, style) = ui.alarm_state(alarm.state);
            let age = measure::age(ui.texts, &words::since(ui.texts, state.now, alarm.since));
            Line::from(vec![
                start,
                Span::styled(format!("{} ", text::pad(&format!("{mark} {word}"), states)), style),
                Span::styled(format!("{age}  "), ui.theme.dim),
                Span::styled(format!("{}  ", branch.name), ui.theme.text),
                Span::styled(alarm.description.clone(), ui.theme.dim),
            ])
        }
        None => {
            let before = states + 1 + usize::from(measure::ages(ui.texts));
            Line::from(vec![
                start,
                Span::styled(format!("{}  ", text::pad(ui.glyphs.unknown, before)), ui.theme.unknown),
                Span::styled(format!("{}  ", branch.name), ui.theme.unknown),
                Span::styled(t!(ui.texts, "screens.alarm.unreadable-child"), ui.theme.dim),
            ])
        }
    }
}

/// Returns the word for a kind of history, and AWS's own where there is none
/// (source: "`HistoryItemType`" of `AlarmHistoryItem`).
pub fn history_kind(ui: &Ui, kind: &str) -> String {
    match kind {
        "StateUpdate" => t!(ui.texts, "screens.history.state-update").to_owned(),
        "ConfigurationUpdate" => t!(ui.texts, "screens.history.configuration").to_owned(),
        "Action" => t!(ui.texts, "screens.history.action").to_owned(),
        other => other.to_owned(),
    }
}

fn history(state: &State, ui: &Ui, view: &AlarmView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let focused = view.child.is_none();
    drawn.hits.push((area, Target::Panel(1)));
    let source = state.source(view.id.source);
    let fetched = source.and_then(|source| source.histories.get(&view.id.name));
    let items = state.history();
    let mut status = fetched.map(|fetched| ui.freshness(state, fetched)).unwrap_or_default();
    if let Some(failure) = source.and_then(|source| source.failure(Read::History)) {
        status.insert(0, unread::status(ui, failure));
    }
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.alarm.history")),
        status,
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let was_read = fetched.is_some_and(|fetched| fetched.value.is_some());
    let kinds = measure::widest(items.iter().map(|item| history_kind(ui, &item.kind)));
    let columns = [Column::new("", 8, 11), Column::new("", kinds, kinds).rank(1), Column::new("", 20, 60).grows()];
    let areas = Table {
        columns: &columns,
        len: items.len(),
        row: |index: usize| {
            let item = &items[index];
            Row::Cells(vec![
                Cell::new(Span::styled(ui.moment(item.at, state.now), ui.theme.dim)),
                Cell::new(Span::styled(history_kind(ui, &item.kind), ui.theme.dim)),
                Cell::new(Span::styled(item.summary.clone(), ui.theme.text)),
            ])
        },
        selected: focused.then_some(view.history.0.min(items.len().saturating_sub(1))),
        offset: 0,
        focused,
        empty: &unread::unread(ui, source, Read::History, was_read, t!(ui.texts, "screens.nothing")),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}
