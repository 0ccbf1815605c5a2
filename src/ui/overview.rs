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
use ratatui::text::{Line, Span};

use crate::domain::ecs::Service;
use crate::domain::fetch::Panel as Read;
use crate::domain::queue::{Trouble, since as queue_since};
use crate::domain::text;
use crate::state::State;
use crate::state::interest::{charted_web_acls, overview_rows, shows_waf_chart};
use crate::state::overview::chart_subject;
use crate::t;

use super::multiples::Multiple;
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{fit, horizontal_rule, line_width, put, vertical_rule};
use super::{Drawn, Ui, charts, findings, measure, queue, services, words};

/// From this width on the multiples stand beside the queue.
const WIDE: u16 = 110;

/// The least height of the selected row's part: its signals and a chart that can be read.
const SELECTED_MIN: u16 = 13;

/// The height of the chart of all web ACLs.
const WAF_CHART: u16 = 11;

/// So many environments are shown in the order of the configuration; more of them worst first.
const MOST_IN_ORDER: usize = 8;

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

/// Draws the environments, the requests of all web ACLs, then the services, each where there is room left.
fn multiples(state: &State, ui: &Ui, area: Rect, lines: u16, buf: &mut Buffer) {
    let most = (area.height / 2).max(5);
    let top = Rect { height: lines.min(most).min(area.height), ..area };
    environments(state, ui, top, buf);
    let mut rest = Rect { y: top.bottom(), height: area.height - top.height, ..area };
    if shows_waf_chart(state) && rest.height >= WAF_CHART * 2 {
        let chart = Rect { y: rest.bottom() - WAF_CHART, height: WAF_CHART, ..rest };
        charts::web_acls(state, ui, charted_web_acls(state), t!(ui.texts, "screens.overview.requests"), chart, buf);
        rest.height -= WAF_CHART;
    }
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
    let all = state.overview.lines.len();
    let shown = all.min(usize::from(area.height.saturating_sub(2)).max(1));
    let mut status: Vec<Span<'static>> = services::oldest(state, ui).into_iter().collect();
    if shown < all {
        let text = t!(ui.texts, "screens.overview.count", n = shown, of = all);
        status.insert(0, Span::styled(text, ui.theme.dim));
    }
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.overview.environments")),
        status,
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
            let row = &multiples.rows[index];
            Row::Cells(vec![
                Cell::new(row.place.clone()),
                Cell::new(row.services.clone()),
                Cell::new(row.alarms.clone()),
                Cell::new(row.waf.clone()),
                Cell::new(row.findings.clone()),
            ])
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
    rows: Vec<Multiple>,
    /// The cells of each column's widest row, its title included.
    widths: [usize; 5],
}

impl Multiples {
    fn new(state: &State, ui: &Ui, in_words: bool) -> Self {
        // In the order of the fleet: what does not fit is what is well.
        let shown = state.fleet.rows.iter().filter(|row| state.shows(row.line.place));
        let rows: Vec<Multiple> = if state.overview.lines.len() > MOST_IN_ORDER {
            shown.map(|row| Multiple::new(state, ui, &row.line, in_words)).collect()
        } else {
            state.overview.lines.iter().map(|line| Multiple::new(state, ui, line, in_words)).collect()
        };
        let titles = Self::titles(ui);
        let widest = |index: usize, cells: &dyn Fn(&Multiple) -> usize| {
            rows.iter().map(cells).max().unwrap_or(0).max(text::width(titles[index]))
        };
        let widths = [
            widest(0, &|row| text::width(&row.place.content)),
            widest(1, &|row| line_width(&row.services)),
            widest(2, &|row| line_width(&row.alarms)),
            widest(3, &|row| line_width(&row.waf)),
            widest(4, &|row| line_width(&row.findings)),
        ];
        Self { rows, widths }
    }

    fn titles(ui: &Ui) -> [&'static str; 5] {
        [
            "",
            t!(ui.texts, "screens.services.title"),
            t!(ui.texts, "screens.alarms.title"),
            t!(ui.texts, "screens.waf.short"),
            t!(ui.texts, "screens.findings.title"),
        ]
    }

    fn width(&self) -> usize {
        self.widths.iter().sum::<usize>() + 2 * (self.widths.len() - 1)
    }

    fn columns(&self, ui: &Ui) -> [Column<'static>; 5] {
        let [place, services, alarms, waf, findings] =
            self.widths.map(|width| u16::try_from(width).unwrap_or(u16::MAX));
        let [_, services_title, alarms_title, waf_title, findings_title] = Self::titles(ui);
        [
            Column::new("", place.min(6), place),
            Column::new(services_title, services.min(9), services),
            Column::new(alarms_title, alarms.min(9), alarms),
            Column::new(waf_title, waf.min(5), waf).rank(1),
            Column::new(findings_title, findings.min(8), findings).grows(),
        ]
    }
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
    let source = item.subject.source();
    let service = std::iter::once(&item.trouble).chain(&item.also).find_map(service_of);
    match trouble {
        Trouble::Alarm { alarm } => charts::alarm(state, ui, (source, alarm), service, area, buf),
        Trouble::WafSpike { acl, .. } => {
            let row = state.waf.all().iter().find(|row| row.id.source == source && row.acl.key == acl.key);
            if let Some(row) = row {
                charts::web_acls(state, ui, std::slice::from_ref(row), &acl.key.name, area, buf);
            }
        }
        Trouble::Findings { finding, .. } => findings::advice(ui, finding, area, buf),
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
        _ => None,
    }
}
