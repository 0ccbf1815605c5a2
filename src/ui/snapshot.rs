//! What the dashboards show, as text: the evidence of a run.

use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::Rect;

use crate::runbook::book::{Query, Runbook, StepKind};
use crate::state::State;
use crate::t;

use super::widgets::cells;
use super::{Drawn, Ui, alarms, findings, queue, services, waf};

/// The columns of the text: as many as a report's page has room for.
const WIDTH: u16 = 132;

/// The most rows of a panel; of more, the first in the order of attention.
const MOST_ROWS: u16 = 100;

/// The rows of a panel that has more than its list: counts above it, a preview below.
const BESIDE: usize = 16;

/// Writes down what needs a person, how the services stand, and what else the checks of a runbook look at, as it is now.
pub fn text(state: &State, ui: &Ui, runbook: &Runbook) -> String {
    let looks_at = |wanted: Query| {
        let is_one = |kind: &StepKind| matches!(kind, StepKind::Check { query } if *query == wanted);
        runbook.steps.iter().any(|step| is_one(&step.kind))
    };
    let needed = usize::from(queue::rows(state)) + 4;
    let mut lines = panel(ui, (needed, MOST_ROWS), |area, buf, drawn| queue::render(state, ui, area, buf, drawn));
    let mut add = |more: Vec<String>| {
        lines.push(String::new());
        lines.extend(more);
    };
    let needed = state.services.rows.len() + 2;
    add(panel(ui, (needed, MOST_ROWS), |area, buf, drawn| services::render(state, ui, area, buf, drawn)));
    if looks_at(Query::AlarmsFiring) {
        let needed = state.alarms.rows.len() + 2;
        // Lower than what has a chart below the list.
        let most = alarms::TALL - 1;
        add(panel(ui, (needed, most), |area, buf, drawn| alarms::render(state, ui, area, buf, drawn)));
    }
    if looks_at(Query::WafSpike) {
        let needed = state.waf.rows.len() + BESIDE;
        add(panel(ui, (needed, MOST_ROWS), |area, buf, drawn| waf::render(state, ui, area, buf, drawn)));
    }
    if looks_at(Query::FindingsNew) {
        let needed = state.findings.rows.len() + BESIDE;
        add(panel(ui, (needed, MOST_ROWS), |area, buf, drawn| findings::render(state, ui, area, buf, drawn)));
    }
    lines.join("\n")
}

/// Draws a panel off the screen, and returns its rows without what is empty below; where there is more, that is said.
fn panel(ui: &Ui, (needed, most): (usize, u16), render: impl FnOnce(Rect, &mut Buffer, &mut Drawn)) -> Vec<String> {
    let height = cells(needed).clamp(3, most);
    let mut buf = Buffer::empty(Rect::new(0, 0, WIDTH, height));
    render(buf.area, &mut buf, &mut Drawn::default());
    let mut rows: Vec<String> = (buf.area.top()..buf.area.bottom()).map(|y| row(&buf, y)).collect();
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    let more = needed.saturating_sub(usize::from(height));
    if more > 0 {
        rows.push(format!(" {}", t!(ui.texts, "runbooks.view.more", n = more)));
    }
    rows
}

fn row(buf: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut x = buf.area.left();
    while x < buf.area.right() {
        text.push_str(buf[(x, y)].symbol());
        // What a wide character covers is no character of its own.
        x += buf[(x, y)].cell_width().max(1);
    }
    text.trim_end().to_owned()
}
