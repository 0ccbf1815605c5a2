//! All environments on one screen: one row an environment, one cell a concern, worst first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::state::State;
use crate::state::fleet::{Concern, FleetRow};
use crate::t;

use super::multiples::Multiple;
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::{Drawn, Ui, measure, services, words};

/// Draws the environments.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let fleet = &state.fleet;
    let troubled = fleet.rows.iter().filter(|row| row.worst.is_some()).count();
    let count = t!(ui.texts, "screens.fleet.count", n = troubled, of = fleet.rows.len());
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.fleet.title")),
        status: std::iter::once(Span::styled(count, ui.theme.dim)).chain(services::oldest(state, ui)).collect(),
        focused: true,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = columns(state, ui);
    let selected = fleet.list.selected();
    let areas = Table {
        columns: &columns,
        len: fleet.rows.len(),
        row: |index: usize| Row::Cells(cells(state, ui, &fleet.rows[index], index == selected)),
        selected: Some(selected),
        offset: fleet.list.offset(),
        focused: true,
        empty: t!(ui.texts, "screens.loading"),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    drawn.take_rows(&areas);
}

fn columns(state: &State, ui: &Ui) -> Vec<Column<'static>> {
    let texts = ui.texts;
    let places = state.fleet.rows.iter().map(|row| ui.place(state, row.line.place).content);
    let names = measure::widest(places).clamp(6, 24);
    let title = |concern: Concern| match concern {
        Concern::Queue => t!(texts, "screens.overview.queue"),
        Concern::Services => t!(texts, "screens.services.title"),
        Concern::Alarms => t!(texts, "screens.alarms.title"),
        Concern::Waf => t!(texts, "screens.waf.short"),
        Concern::Findings => t!(texts, "screens.findings.title"),
    };
    let mut columns = vec![
        Column::new(t!(texts, "screens.column.environment"), names.min(12), names),
        Column::new(t!(texts, "screens.column.account"), 12, 14).rank(1),
    ];
    let cells = [(10, 12), (10, 22), (10, 20), (8, 12), (10, 20)];
    columns.extend(Concern::ALL.into_iter().zip(cells).map(|(concern, (least, cells))| {
        let least = measure::widest([title(concern)]).max(least);
        Column::new(title(concern), least, cells.max(least))
    }));
    columns
}

fn cells(state: &State, ui: &Ui, row: &FleetRow, is_selected: bool) -> Vec<Cell<'static>> {
    let environment = row.line.place.environment.and_then(|index| state.environments.get(index));
    let account = environment.and_then(|environment| environment.account.as_ref());
    let account = account.map_or_else(String::new, crate::domain::environment::AccountId::hyphenated);
    let queue = match row.worst {
        Some(worst) => {
            let (mark, word, style) = ui.severity(worst);
            Line::from(vec![
                Span::styled(format!("{mark} {word}"), style),
                Span::styled(format!(" {}{}", ui.glyphs.times, words::thousands(row.items)), ui.theme.dim),
            ])
        }
        None => Line::styled(ui.glyphs.ok, ui.theme.ok),
    };
    let multiple = Multiple::new(state, ui, &row.line, false);
    let concerns = [queue, multiple.services, multiple.alarms, multiple.waf, multiple.findings];
    let mut cells = vec![Cell::new(multiple.place), Cell::new(Span::styled(account, ui.theme.dim))];
    cells.extend(Concern::ALL.into_iter().zip(concerns).map(|(concern, line)| {
        // The cell that Enter drills into stands out of the selected row, in shape as in colour.
        let chosen = is_selected && concern == state.fleet.concern;
        Cell::new(if chosen { underlined(line, ui) } else { line })
    }));
    cells
}

fn underlined(line: Line<'static>, ui: &Ui) -> Line<'static> {
    let mut spans = vec![Span::styled(ui.glyphs.selected, ui.theme.accent)];
    spans.extend(line.spans.into_iter().map(|span| {
        let style = span.style.add_modifier(Modifier::UNDERLINED);
        span.style(style)
    }));
    Line::from(spans)
}
