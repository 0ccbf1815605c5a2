//! What first, how bad, since when.
//!
//! ```text
//! ┌ queue ───────────────────┬ environments ──────────────┐
//! │ ▲ CRIT prd  web: …    4m │ prd  ▲ 1 failing  ✓ 9       │
//! │         └ 3 signals      ├ services ──────────────────┤
//! │ ◆ MED  stg  …            │ ▲ web  2/3 ▁▂▇ 71% v1.4.3   │
//! ├ the selected row ────────┤ ✓ api  4/4 ▁▁▁ 22% v2.0.1   │
//! │ its signals, its metric  │                             │
//! │   ╭──╮                   │                             │
//! └──────────────────────────┴─────────────────────────────┘
//! ```
//!
//! A narrow terminal has the queue above and the multiples below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::ecs::Service;
use crate::domain::fetch::{Failure, Panel as Read};
use crate::domain::queue::{Trouble, since as queue_since};
use crate::domain::text;
use crate::state::State;
use crate::state::interest::overview_rows;
use crate::state::overview::{EnvironmentLine, chart_subject};
use crate::state::source::Source;
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{fit, horizontal_rule, line_width, put, vertical_rule};
use super::{Drawn, Ui, charts, measure, queue, services, unread, words};

/// From this width on the multiples stand beside the queue.
const WIDE: u16 = 110;

/// The least height of the selected row's part: its signals and a chart that can be read.
const SELECTED_MIN: u16 = 13;

/// Draws the overview.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let lines = u16::try_from(state.overview.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let needed = queue::rows(state).saturating_add(1);
    if area.width >= WIDE {
        let left = Rect { width: area.width / 2, ..area };
        let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
        vertical_rule(Rect { x: left.right(), width: 1, ..area }, buf, ui.theme.border, ui.glyphs);
        let has_room = left.height >= SELECTED_MIN + 6 && !state.overview.items.is_empty();
        let selected = if has_room { left.height.saturating_sub(needed).clamp(SELECTED_MIN, 30) } else { 0 };
        let above = Rect { height: left.height - selected, ..left };
        queue::render(state, ui, above, buf, drawn);
        if selected > 0 {
            selected_item(state, ui, Rect { y: above.bottom(), height: selected, ..left }, buf);
        }
        multiples(state, ui, right, lines, buf);
    } else {
        // The queue has what it needs, at least a third; then the multiples, as far as there is room.
        let height = needed.saturating_add(1);
        let height = height.clamp(area.height / 3, (area.height * 3 / 5).max(area.height.saturating_sub(lines + 12)));
        let top = Rect { height: height.min(area.height), ..area };
        let bottom = Rect { y: top.bottom(), height: area.height - top.height, ..area };
        queue::render(state, ui, top, buf, drawn);
        multiples(state, ui, bottom, lines, buf);
    }
}

/// Draws the environments, then the services, each where there is room left.
fn multiples(state: &State, ui: &Ui, area: Rect, lines: u16, buf: &mut Buffer) {
    let top = Rect { height: lines.min(area.height), ..area };
    environments(state, ui, top, buf);
    let rest = Rect { y: top.bottom(), height: area.height - top.height, ..area };
    if rest.height >= 3 {
        first_services(state, ui, rest, buf);
    }
}

/// Draws all signals of the selected row, one a line, and its metric below.
fn selected_item(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let Some(item) = state.overview.selected() else { return };
    horizontal_rule(area, buf, ui.theme.border, ui.glyphs);
    let mut y = area.y + 1;
    let room = area.width.saturating_sub(2);
    for trouble in std::iter::once(&item.trouble).chain(&item.also).take(5) {
        let age = words::since(ui.texts, state.now, queue_since(trouble));
        let age = measure::age(ui.texts, &age);
        let text = format!("{age}  {}", words::trouble(ui.texts, state, item.place, trouble));
        put(buf, area.x + 1, y, &fit(&text, usize::from(room), ui.glyphs), room, ui.theme.text);
        y += 1;
    }
    let chart = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area };
    selected_chart(state, ui, chart, buf);
}

fn environments(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.overview.environments")),
        status: services::oldest(state, ui).into_iter().collect(),
        focused: false,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let room = usize::from(inner.width.saturating_sub(2));
    let table = [true, false].map(|in_words| Multiples::new(state, ui, in_words));
    let [full, short] = &table;
    // Words where they fit, else the marks alone.
    let multiples = if full.width() <= room { full } else { short };
    let columns = multiples.columns(ui);
    Table {
        columns: &columns,
        len: multiples.rows.len(),
        row: |index: usize| {
            let (place, services, alarms) = &multiples.rows[index];
            Row::Cells(vec![Cell::new(place.clone()), Cell::new(services.clone()), Cell::new(alarms.clone())])
        },
        selected: None,
        offset: 0,
        focused: false,
        empty: "",
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render_still(inner, buf);
}

/// The counts of all environments, in words or as marks alone.
struct Multiples {
    rows: Vec<(Span<'static>, Line<'static>, Line<'static>)>,
    /// The cells of each column's widest row, its title included.
    widths: [usize; 3],
}

/// A number with its mark, the word for it and its style.
type Count = (usize, &'static str, &'static str, Style);

impl Multiples {
    fn new(state: &State, ui: &Ui, in_words: bool) -> Self {
        let rows: Vec<_> = state.overview.lines.iter().map(|line| row(state, ui, line, in_words)).collect();
        let widest = |title: &str, cells: &dyn Fn(&(Span<'static>, Line<'static>, Line<'static>)) -> usize| {
            rows.iter().map(cells).max().unwrap_or(0).max(text::width(title))
        };
        let widths = [
            widest("", &|(place, ..)| text::width(&place.content)),
            widest(t!(ui.texts, "screens.services.title"), &|(_, services, _)| line_width(services)),
            widest(t!(ui.texts, "screens.alarms.title"), &|(.., alarms)| line_width(alarms)),
        ];
        Self { rows, widths }
    }

    fn width(&self) -> usize {
        self.widths.iter().sum::<usize>() + 2 * (self.widths.len() - 1)
    }

    fn columns(&self, ui: &Ui) -> [Column<'static>; 3] {
        let [place, services, alarms] = self.widths.map(|width| u16::try_from(width).unwrap_or(u16::MAX));
        [
            Column::new("", place.min(6), place),
            Column::new(t!(ui.texts, "screens.services.title"), services.min(14), services),
            Column::new(t!(ui.texts, "screens.alarms.title"), alarms.min(14), alarms).grows(),
        ]
    }
}

/// One environment: what is wrong comes first.
fn row(
    state: &State,
    ui: &Ui,
    line: &EnvironmentLine,
    in_words: bool,
) -> (Span<'static>, Line<'static>, Line<'static>) {
    let (services, alarms, theme) = (line.services, line.alarms, &ui.theme);
    let services = [
        (services.failing, ui.glyphs.critical, t!(ui.texts, "screens.steadiness.failing"), theme.critical),
        (services.short, ui.glyphs.warning, t!(ui.texts, "screens.steadiness.short"), theme.warning),
        (services.rolling, ui.glyphs.progress, t!(ui.texts, "screens.steadiness.rolling"), theme.progress),
        // What is well needs no word; the room is for what is not.
        (services.steady, ui.glyphs.ok, "", theme.ok),
    ];
    let alarms = [
        (alarms.alarm, ui.glyphs.critical, t!(ui.texts, "screens.alarm-state.alarm"), theme.critical),
        (alarms.no_data, ui.glyphs.unknown, t!(ui.texts, "screens.alarm-state.no-data"), theme.unknown),
        (alarms.ok, ui.glyphs.ok, "", theme.ok),
    ];
    let counts = |counts: &[Count], panel: Read| {
        let is_read = |source: &Source| match panel {
            Read::Alarms => source.alarms.value.is_some(),
            _ => source.services.value.is_some(),
        };
        let environment = line.place.environment;
        let mut unread =
            state.sources.iter().filter(|source| environment.is_some_and(|of| source.environments.contains(&of)));
        let missing = match unread.find(|source| !is_read(source)).map(|source| unread::failure(source, panel)) {
            None => Missing::Nothing,
            Some(None) => Missing::Awaited,
            Some(Some(failure)) => Missing::Failed(failure),
        };
        counted(ui, counts, in_words, &missing)
    };
    (ui.place(state, line.place), counts(&services, Read::Services), counts(&alarms, Read::Alarms))
}

/// Tells what is not among the counts of an environment.
enum Missing<'a> {
    Nothing,
    Awaited,
    Failed(&'a Failure),
}

/// Joins counts, and says where they are not all.
fn counted(ui: &Ui, counts: &[Count], in_words: bool, missing: &Missing<'_>) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (count, mark, word, style) in counts.iter().filter(|(count, ..)| *count > 0) {
        let gap = if spans.is_empty() { "" } else { "  " };
        let word = if in_words { *word } else { "" };
        spans.push(Span::styled(format!("{gap}{mark} {count} {word}").trim_end().to_owned(), *style));
    }
    match (missing, spans.is_empty()) {
        (Missing::Nothing, true) => spans.push(Span::styled("-", ui.theme.dim)),
        (Missing::Nothing, false) => {}
        (Missing::Awaited, true) => spans.push(Span::styled(t!(ui.texts, "screens.loading"), ui.theme.dim)),
        (Missing::Awaited, false) => spans.push(Span::styled(format!("  {}", ui.glyphs.ellipsis), ui.theme.dim)),
        (Missing::Failed(failure), true) => spans.push(unread::status(ui, failure)),
        (Missing::Failed(_), false) => spans.push(Span::styled(format!("  {}", ui.glyphs.denied), ui.theme.warning)),
    }
    Line::from(spans)
}

/// Draws the services that deserve a look first.
fn first_services(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let rows: Vec<_> = overview_rows(state).collect();
    let all = state.services.all().len();
    let shown = rows.len().min(usize::from(area.height.saturating_sub(1)));
    let count = if all > shown { t!(ui.texts, "screens.overview.count", n = shown, of = all) } else { all.to_string() };
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.overview.services")),
        status: std::iter::once(Span::styled(count, ui.theme.dim)).chain(services::oldest(state, ui)).collect(),
        focused: false,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let (least, environment) = measure::environments(state, ui, rows.iter().map(|row| row.place));
    let columns = [
        Column::new("", 1, 1),
        Column::new("", least, environment).rank(3),
        Column::new("", 10, 16).grows(),
        Column::new("", 7, 7).right(),
        Column::new("", 15, 15).rank(1),
        Column::new("", 6, 14).rank(2),
    ];
    Table {
        columns: &columns,
        len: rows.len(),
        row: |index: usize| {
            let row = rows[index];
            let (mark, _, style) = ui.steadiness(row.steadiness);
            Row::Cells(vec![
                Cell::new(Span::styled(mark, style)),
                Cell::new(ui.place(state, row.place)),
                Cell::new(Span::styled(row.id.key.service.clone(), ui.theme.text)),
                Cell::new(services::tasks_cell(ui, row)),
                Cell::new(services::metric_cell(state, ui, row, 0, 10)),
                Cell::new(services::version_cell(ui, row)),
            ])
        },
        selected: None,
        offset: 0,
        focused: false,
        empty: &services::empty(state, ui, Read::Services, "", 0),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render_still(inner, buf);
}

/// Draws the metric of the selected row: since when, and how bad against what.
fn selected_chart(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let Some(item) = state.overview.selected() else { return };
    let trouble = chart_subject(item);
    let source = match &item.subject {
        crate::domain::queue::Subject::Service(source, _)
        | crate::domain::queue::Subject::Alarm(source, _)
        | crate::domain::queue::Subject::Source(source, _) => *source,
    };
    let service = std::iter::once(&item.trouble).chain(&item.also).find_map(service_of);
    match trouble {
        Trouble::Alarm { alarm } => charts::alarm(state, ui, (source, alarm), service, area, buf),
        other => {
            if let Some(service) = service_of(other) {
                // Of a service's statistics only the average is asked for here: each costs.
                charts::utilization(state, ui, (source, service, "CPUUtilization"), &["Average"], area, buf);
            }
        }
    }
}

fn service_of(trouble: &Trouble) -> Option<&Service> {
    match trouble {
        Trouble::Rollout { service, .. } | Trouble::Short { service } | Trouble::LongRollout { service } => {
            Some(service)
        }
        Trouble::Alarm { .. } | Trouble::Blind { .. } | Trouble::Credentials { .. } => None,
    }
}
