//! All alarms by state, and what the selected one watches.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::alarm::{Alarm, Watches};
use crate::domain::fetch::Panel as Read;
use crate::state::State;
use crate::state::alarms::{AlarmColumn, AlarmRow, AlarmSort};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Sorted, Table};
use super::widgets::{horizontal_rule, put_line};
use super::{Drawn, Ui, alarm, charts, measure, services, words};

/// From this height on the selected alarm's chart stands below the list.
pub const TALL: u16 = 30;

/// Draws the alarms.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let alarms = &state.alarms;
    let preview = if area.height >= TALL { (area.height * 2 / 5).min(18) } else { 0 };
    let list = Rect { height: area.height - preview, ..area };
    let panel = Panel {
        title: title(state, ui),
        status: services::list_status(
            state,
            ui,
            Read::Alarms,
            services::count((alarms.rows.len(), alarms.total), alarms.capped),
        ),
        focused: state.lists_have_keys(),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(list, buf);
    let columns: Vec<Column<'_>> = AlarmColumn::ALL.into_iter().map(|column| self::column(state, ui, column)).collect();
    let areas = Table {
        columns: &columns,
        len: alarms.rows.len(),
        row: |index: usize| {
            let row = &alarms.rows[index];
            Row::Cells(AlarmColumn::ALL.into_iter().map(|column| cell(state, ui, row, column)).collect())
        },
        selected: Some(alarms.list.selected()),
        offset: alarms.list.offset(),
        focused: state.lists_have_keys(),
        empty: &services::empty(state, ui, Read::Alarms, &alarms.filter, alarms.total),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    drawn.take_rows(&areas);
    drawn.take_headers(&areas);
    if preview > 0
        && let Some(row) = alarms.selected()
    {
        let below = Rect { y: list.bottom(), height: preview, ..area };
        horizontal_rule(below, buf, ui.theme.border, ui.glyphs);
        let below = Rect { y: below.y + 1, height: below.height - 1, ..below };
        selected_alarm(state, ui, row, below, buf);
    }
}

/// Draws what the selected alarm says of itself and what it watches: its metric as a chart, or its children as a tree.
fn selected_alarm(state: &State, ui: &Ui, row: &AlarmRow, area: Rect, buf: &mut Buffer) {
    let below = line(&Line::styled(row.alarm.description.clone(), ui.theme.text), ui, area, buf);
    match &row.alarm.watches {
        Watches::Metric(_) => charts::alarm(state, ui, (row.id.source, &row.alarm), None, below, buf),
        Watches::Composite(rule) => {
            let below = line(&Line::styled(rule.text.clone(), ui.theme.dim), ui, below, buf);
            let tree = crate::state::alarms::tree_of(state, &row.id);
            alarm::branches(state, ui, &tree, None).render_still(below, buf);
        }
    }
}

/// The screen's title with the number of alarms in each state.
fn title(state: &State, ui: &Ui) -> Line<'static> {
    let counts = state.alarms.counts;
    let mut line = services::title(ui, t!(ui.texts, "screens.alarms.title"), &state.alarms.filter);
    for (count, alarm_state) in [
        (counts.alarm, crate::domain::alarm::AlarmState::Alarm),
        (counts.no_data, crate::domain::alarm::AlarmState::InsufficientData),
        (counts.ok, crate::domain::alarm::AlarmState::Ok),
    ] {
        if count > 0 {
            let (mark, word, style) = ui.alarm_state(alarm_state);
            line.spans.push(Span::styled(format!("  {mark} {count} {word}"), style));
        }
    }
    if counts.muted > 0 {
        let muted = t!(ui.texts, "screens.alarms.muted", n = counts.muted);
        line.spans.push(Span::styled(format!("  {muted}"), ui.theme.dim));
    }
    line
}

fn column<'a>(state: &State, ui: &Ui, column: AlarmColumn) -> Column<'a> {
    let texts = ui.texts;
    let several = state.shown.is_none() && state.environments.len() > 1;
    let made = match column {
        AlarmColumn::State => {
            let title = t!(texts, "screens.column.state");
            let cells = measure::alarm_states(ui).max(measure::title(title));
            Column::new(title, cells, cells)
        }
        AlarmColumn::Since => {
            let title = t!(texts, "screens.column.since");
            let cells = measure::ages(texts).max(measure::title(title));
            Column::new(title, cells, cells).right()
        }
        AlarmColumn::Environment if several => {
            let places = state.alarms.all().iter().map(|row| row.place);
            let (least, cells) = measure::environments(state, ui, places);
            Column::new(t!(texts, "screens.column.environment"), least, cells).rank(1)
        }
        AlarmColumn::Environment => Column::new("", 0, 0).rank(9),
        AlarmColumn::Name => Column::new(t!(texts, "screens.column.alarm"), 20, 34),
        AlarmColumn::Condition => Column::new(t!(texts, "screens.column.condition"), 24, 54).rank(2),
        AlarmColumn::Flags => {
            let cells = measure::widest([
                t!(texts, "screens.flag.actions-off"),
                t!(texts, "screens.flag.no-action"),
                t!(texts, "screens.flag.suppressed"),
            ]);
            let composite = measure::widest([t!(texts, "screens.flag.composite")]);
            Column::new(t!(texts, "screens.column.flags"), cells, cells + composite + 1).rank(4)
        }
        AlarmColumn::Description => Column::new(t!(texts, "screens.column.description"), 24, 40).rank(3).grows(),
    };
    let sorted = (column.sort() == Some(state.alarms.sort)).then(|| {
        let down = matches!(state.alarms.sort, AlarmSort::State);
        if down == state.alarms.reversed { Sorted::Ascending } else { Sorted::Descending }
    });
    made.sorted(sorted)
}

fn cell(state: &State, ui: &Ui, row: &AlarmRow, column: AlarmColumn) -> Cell<'static> {
    let alarm = &row.alarm;
    match column {
        AlarmColumn::State => {
            let (mark, word, style) = ui.alarm_state(alarm.state);
            Cell::new(Span::styled(format!("{mark} {word}"), style))
        }
        AlarmColumn::Since => Cell::new(Span::styled(words::since(ui.texts, state.now, alarm.since), ui.theme.text)),
        AlarmColumn::Environment => Cell::new(ui.place(state, row.place)),
        AlarmColumn::Name => Cell::new(Span::styled(alarm.name.clone(), ui.theme.text)),
        AlarmColumn::Condition => Cell::new(Span::styled(words::condition(ui.texts, alarm), ui.theme.dim)),
        AlarmColumn::Flags => Cell::new(Span::styled(flags(ui, alarm), ui.theme.warning)),
        AlarmColumn::Description => Cell::new(Span::styled(alarm.description.clone(), ui.theme.dim)),
    }
}

/// What makes an alarm less than it seems: its actions are off, it has none, or it is suppressed; and composites.
pub fn flags(ui: &Ui, alarm: &Alarm) -> String {
    let mut flags = Vec::new();
    if matches!(alarm.watches, Watches::Composite(_)) {
        flags.push(t!(ui.texts, "screens.flag.composite"));
    }
    if !alarm.actions_enabled {
        flags.push(t!(ui.texts, "screens.flag.actions-off"));
    } else if alarm.alarm_actions == 0 {
        flags.push(t!(ui.texts, "screens.flag.no-action"));
    }
    if alarm.suppressed.is_some() {
        flags.push(t!(ui.texts, "screens.flag.suppressed"));
    }
    flags.join(" ")
}

/// Draws one line at the left edge of an area and returns what is below it.
pub fn line(line: &Line<'_>, ui: &Ui, area: Rect, buf: &mut Buffer) -> Rect {
    if area.height == 0 {
        return area;
    }
    let room = area.width.saturating_sub(2);
    let fitted = super::widgets::fit_line(line, usize::from(room), ui.glyphs);
    put_line(buf, area.x + 1, area.y, &fitted, room);
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}
