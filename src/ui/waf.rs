//! All web ACLs: what they let through and what they stop, and which of them stop far more than usual.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::fetch::Panel as Read;
use crate::domain::metric::Query;
use crate::domain::waf::{Logging, Scope, Spike, WebAcl};
use crate::state::State;
use crate::state::waf::{WafColumn, WafSort, WebAclRow, row_queries};
use crate::t;

use super::widgets::horizontal_rule;
use super::widgets::panel::Panel;
use super::widgets::sparkline::{Scale, sparkline};
use super::widgets::table::{Cell, Column, Row, Sorted, Table};
use super::{Drawn, Ui, charts, measure, services, words};

/// From this height on the selected web ACL's chart stands below the list.
const TALL: u16 = 20;
/// The cells of a sparkline.
const SPARK: usize = 10;

/// Draws the web ACLs.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let waf = &state.waf;
    let preview = if area.height >= TALL && !waf.rows.is_empty() { (area.height / 2).min(18) } else { 0 };
    let list = Rect { height: area.height - preview, ..area };
    let count = services::count((waf.rows.len(), waf.total), waf.capped);
    let panel = Panel {
        title: services::title(ui, t!(ui.texts, "screens.waf.title"), &waf.filter),
        status: services::list_status(state, ui, Read::Waf, count),
        focused: state.lists_have_keys(),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(list, buf);
    let columns: Vec<Column<'_>> = WafColumn::ALL.into_iter().map(|column| self::column(state, ui, column)).collect();
    let areas = Table {
        columns: &columns,
        len: waf.rows.len(),
        row: |index: usize| {
            let row = &waf.rows[index];
            Row::Cells(WafColumn::ALL.into_iter().map(|column| cell(state, ui, row, column)).collect())
        },
        selected: Some(waf.list.selected()),
        offset: waf.list.offset(),
        focused: state.lists_have_keys(),
        empty: &services::empty(state, ui, Read::Waf, &waf.filter, waf.total),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    drawn.take_rows(&areas);
    drawn.take_headers(&areas);
    if let Some(row) = waf.selected().filter(|_| preview > 0) {
        let below = Rect { y: list.bottom(), height: preview, ..area };
        horizontal_rule(below, buf, ui.theme.border, ui.glyphs);
        let below = Rect { y: below.y + 1, height: below.height - 1, ..below };
        let line = Line::styled(spike_words(ui, row), spike_style(ui, row));
        let below = super::alarms::line(&line, ui, below, buf);
        charts::web_acls(state, ui, std::slice::from_ref(row), &row.id.key.name, below, buf);
    }
}

fn column<'a>(state: &State, ui: &Ui, column: WafColumn) -> Column<'a> {
    let texts = ui.texts;
    let several = state.shown.is_none() && state.environments.len() > 1;
    let made = match column {
        WafColumn::Status => {
            let words = [t!(texts, "screens.waf.spike"), t!(texts, "screens.waf.usual"), t!(texts, "screens.no-data")];
            let title = t!(texts, "screens.column.status");
            let cells = (measure::widest(words) + 2).max(measure::title(title));
            Column::new(title, cells, cells + 5)
        }
        WafColumn::Environment if several => {
            let places = state.waf.all().iter().map(|row| row.place);
            let (least, cells) = measure::environments(state, ui, places);
            Column::new(t!(texts, "screens.column.environment"), least, cells).rank(1)
        }
        WafColumn::Environment => Column::new("", 0, 0).rank(9),
        WafColumn::Scope => Column::new(t!(texts, "screens.column.scope"), 10, 10).rank(3),
        WafColumn::Name => Column::new(t!(texts, "screens.column.web-acl"), 16, 32),
        WafColumn::Allowed => Column::new(t!(texts, "screens.column.allowed"), 16, 16).right().rank(2),
        WafColumn::Blocked => Column::new(t!(texts, "screens.column.blocked"), 16, 16).right(),
        WafColumn::Rules => {
            let title = t!(texts, "screens.column.rules");
            let cells = measure::widest([title]).max(4);
            Column::new(title, cells, cells).right().rank(5)
        }
        WafColumn::Logging => {
            let title = t!(texts, "screens.column.logging");
            let cells = measure::widest([title, t!(texts, "screens.waf.logging-off")]) + 2;
            Column::new(title, cells, cells).rank(4)
        }
        WafColumn::Description => Column::new(t!(texts, "screens.column.description"), 16, 30).rank(6).grows(),
    };
    let sorted = (column.sort() == Some(state.waf.sort)).then(|| {
        let down = matches!(state.waf.sort, WafSort::Attention | WafSort::Blocked);
        if down == state.waf.reversed { Sorted::Ascending } else { Sorted::Descending }
    });
    made.sorted(sorted)
}

fn cell(state: &State, ui: &Ui, row: &WebAclRow, column: WafColumn) -> Cell<'static> {
    let acl = &row.acl;
    match column {
        WafColumn::Status => {
            let (mark, word, style) = status(ui, row);
            Cell::new(Span::styled(format!("{mark} {word}"), style))
        }
        WafColumn::Environment => Cell::new(ui.place(state, row.place)),
        WafColumn::Scope => Cell::new(Span::styled(acl.key.scope.as_str(), ui.theme.dim)),
        WafColumn::Name => Cell::new(Span::styled(acl.key.name.clone(), ui.theme.text)),
        WafColumn::Allowed => Cell::new(requests_cell(state, ui, row, 0, ui.theme.text)),
        WafColumn::Blocked => Cell::new(requests_cell(state, ui, row, 1, spike_style(ui, row))),
        WafColumn::Rules => {
            let rules = acl.detail.as_ref().map_or_else(|| "-".to_owned(), |detail| detail.rules.len().to_string());
            Cell::new(Span::styled(rules, ui.theme.text))
        }
        WafColumn::Logging => {
            let (text, style) = logging(ui, acl);
            Cell::new(Span::styled(text, style))
        }
        WafColumn::Description => Cell::new(Span::styled(acl.description.clone(), ui.theme.dim)),
    }
}

/// Returns how a web ACL fares: a spike with its factor, as usual, or not known.
fn status(ui: &Ui, row: &WebAclRow) -> (&'static str, String, Style) {
    let known = row.acl.detail.as_ref().is_some_and(|detail| detail.metrics_enabled) && row.blocked.is_some();
    match &row.spike {
        Some(spike) => (ui.glyphs.critical, factor(ui, spike), ui.theme.critical),
        None if known => (ui.glyphs.ok, t!(ui.texts, "screens.waf.usual").to_owned(), ui.theme.ok),
        None => (ui.glyphs.unknown, t!(ui.texts, "screens.no-data").to_owned(), ui.theme.unknown),
    }
}

/// Returns the factor of a spike: `14×`; a word where usually nothing at all is blocked.
pub fn factor(ui: &Ui, spike: &Spike) -> String {
    match spike.factor {
        Some(factor) => words::times(ui.texts, factor),
        None => t!(ui.texts, "screens.waf.spike").to_owned(),
    }
}

/// Returns what is said of a web ACL's blocks against the same hours of earlier days.
pub fn spike_words(ui: &Ui, row: &WebAclRow) -> String {
    match &row.spike {
        Some(spike) => {
            let (now, usual) = (words::number(spike.now.round()), words::number((spike.usual * 10.0).round() / 10.0));
            t!(
                ui.texts,
                "screens.waf.spike-told",
                factor = factor(ui, spike),
                now = now,
                usual = usual,
                days = spike.days
            )
        }
        None => match row.blocked {
            Some(blocked) => t!(ui.texts, "screens.waf.usual-told", blocked = words::number(blocked)),
            None => match row.acl.detail.as_ref() {
                Some(detail) if !detail.metrics_enabled => t!(ui.texts, "screens.waf.metrics-off").to_owned(),
                _ => t!(ui.texts, "screens.waf.not-compared").to_owned(),
            },
        },
    }
}

/// Returns the style of what a web ACL blocks.
pub fn spike_style(ui: &Ui, row: &WebAclRow) -> Style {
    if row.spike.is_some() { ui.theme.critical } else { ui.theme.text }
}

/// Returns whether a web ACL's requests are logged, and where: the names of the destinations.
pub fn logging(ui: &Ui, acl: &WebAcl) -> (String, Style) {
    match &acl.logging {
        Logging::On(places) => {
            let kind = places.first().map_or("", |arn| arn.split(':').nth(2).unwrap_or_default());
            let kind = match kind {
                "firehose" => "Firehose",
                "s3" => "S3",
                "logs" => "Logs",
                other => other,
            };
            (format!("{} {kind}", ui.glyphs.ok), ui.theme.ok)
        }
        Logging::Off => {
            (format!("{} {}", ui.glyphs.warning, t!(ui.texts, "screens.waf.logging-off")), ui.theme.warning)
        }
        Logging::Unknown => (ui.glyphs.unknown.to_owned(), ui.theme.unknown),
    }
}

/// Returns the words for what a web ACL protects by its scope.
pub fn scope_words(ui: &Ui, acl: &WebAcl) -> String {
    match acl.key.scope {
        Scope::Regional => format!("REGIONAL {}", acl.region),
        Scope::CloudFront => "CLOUDFRONT".to_owned(),
    }
    .replace(' ', &format!(" {} ", ui.glyphs.separator))
}

/// Requests let through (0) or stopped (1) as a sparkline, and how many in the newest minute or period.
fn requests_cell(state: &State, ui: &Ui, row: &WebAclRow, index: usize, style: Style) -> Line<'static> {
    let queries = row_queries(&row.acl, state.range.period());
    let values = queries.map(|queries| requests(state, row, &queries[index])).unwrap_or_default();
    let latest = values.iter().rev().find_map(|value| *value);
    let line = sparkline(&values, SPARK, Scale::Auto, ui.glyphs);
    let number = latest.map_or_else(|| "-".to_owned(), words::number);
    Line::from(vec![Span::styled(line, style), Span::styled(format!(" {number:>5}"), style)])
}

/// Returns what was counted, one slot a period: WAF publishes nothing where there was nothing, so a gap is a zero.
pub fn requests(state: &State, row: &WebAclRow, query: &Query) -> Vec<Option<f64>> {
    let points = charts::points(state, row.id.source, query);
    points.into_iter().map(|(_, value)| Some(value.unwrap_or(0.0))).collect()
}
