//! What was collected in a run, the oldest first: what checks saw, what people wrote and decided, what operations came to.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::text;
use crate::runbook::query::Verdict;
use crate::runbook::report::{self, Told};
use crate::runbook::run::{Outcome, What};
use crate::state::State;
use crate::state::event::Target;
use crate::state::runbooks::{RunPanel, RunView};
use crate::t;
use crate::ui::runbooks::step_name;
use crate::ui::widgets::menu::wrap_line;
use crate::ui::widgets::{put_line, scrolled};
use crate::ui::{Drawn, Ui};

/// Rows of what the dashboards showed that are shown where there is little room.
const FEW_ROWS: usize = 2;

/// Draws what was collected, the newest in sight unless a person has moved away.
pub(super) fn render(state: &State, ui: &Ui, view: &RunView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    drawn.hits.push((area, Target::Panel(1)));
    let focused = view.panel == RunPanel::Evidence;
    let count: usize = view.run.visits.iter().map(|visit| visit.deeds.len()).sum();
    let status = vec![Span::styled(t!(ui.texts, "runbooks.view.collected", n = count), ui.theme.dim)];
    let title = t!(ui.texts, "runbooks.view.evidence").to_owned();
    let inner = super::ruled(ui, title, status, focused, area, buf);
    let lines = lines(state, ui, view, usize::from(inner.width.saturating_sub(2)).max(1), focused);
    let page = usize::from(inner.height);
    let offset = scrolled(view.evidence.0, None, page, lines.len());
    drawn.page = page;
    drawn.end = lines.len().saturating_sub(page);
    for (line, y) in lines.iter().skip(offset).zip(inner.top()..inner.bottom()) {
        put_line(buf, inner.x + 1, y, line, inner.width.saturating_sub(2));
    }
}

fn lines(state: &State, ui: &Ui, view: &RunView, room: usize, is_whole: bool) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for visit in &view.run.visits {
        let step = view.run.runbook.step(&visit.step);
        let name = step.map(|step| step_name(state, ui, view.place.environment, step));
        let name = name.unwrap_or_else(|| visit.step.to_string());
        let number = view.run.runbook.number(&visit.step).unwrap_or_default();
        let title = format!("{number}. {name}  {}", ui.moment(visit.began_at, state.now));
        lines.push(Line::styled(title, ui.theme.title));
        for deed in &visit.deeds {
            let who = deed.by.rsplit('/').next().unwrap_or(&deed.by);
            let head = format!("  {} {who}", ui.moment(deed.at, state.now));
            match report::told(deed, step.map(|step| &step.kind), ui.texts) {
                Told::Said(said) => {
                    let line = Line::from(vec![
                        Span::styled(format!("{head}  "), ui.theme.dim),
                        Span::styled(said, style(ui, &deed.what)),
                    ]);
                    lines.extend(wrap_line(&line, room));
                }
                Told::Quoted(about, quoted) => {
                    lines.push(Line::styled(format!("{head}  {about}").trim_end().to_owned(), ui.theme.dim));
                    let is_shown = matches!(deed.what, What::Kept(_));
                    lines.extend(quote(ui, &quoted, room, is_shown, is_whole));
                }
            }
        }
        let left = visit.left.as_ref().and_then(|left| report::leaving(&left.how, ui.texts));
        lines.extend(left.map(|left| Line::styled(format!("  {left}"), ui.theme.accent)));
    }
    lines
}

/// Returns a person's words wrapped; of what the dashboards showed the lines as they were, all of them or a few.
fn quote(ui: &Ui, quoted: &str, room: usize, is_shown: bool, is_whole: bool) -> Vec<Line<'static>> {
    if !is_shown {
        let lines = quoted.lines().map(|line| Line::styled(format!("    {line}"), ui.theme.text));
        return lines.flat_map(|line| wrap_line(&line, room)).collect();
    }
    let most = if is_whole { usize::MAX } else { FEW_ROWS };
    let cut = |line: &str| text::truncate_with(line, room.saturating_sub(4), ui.glyphs.ellipsis).into_owned();
    let mut lines: Vec<Line<'static>> =
        quoted.lines().take(most).map(|line| Line::styled(format!("    {}", cut(line)), ui.theme.dim)).collect();
    let more = quoted.lines().count().saturating_sub(lines.len());
    if more > 0 {
        lines.push(Line::styled(format!("    {}", t!(ui.texts, "runbooks.view.more", n = more)), ui.theme.dim));
    }
    lines
}

fn style(ui: &Ui, what: &What) -> Style {
    match what {
        What::Saw(sight) => match sight.verdict {
            Verdict::Clear => ui.theme.ok,
            Verdict::Found => ui.theme.warning,
            Verdict::Unknown => ui.theme.unknown,
        },
        What::Came(came) => match came.result {
            Outcome::Done => ui.theme.ok,
            Outcome::Failed => ui.theme.critical,
            Outcome::Refused | Outcome::Cancelled => ui.theme.warning,
            Outcome::Unknown => ui.theme.unknown,
        },
        _ => ui.theme.text,
    }
}
