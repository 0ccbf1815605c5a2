//! The rules of a web ACL in the order in which they are tried, each with what was counted of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::fetch::Panel as Read;
use crate::domain::waf::{Outcome, Rule, RuleLine, RuleTraffic, Silence};
use crate::state::State;
use crate::state::event::Target;
use crate::state::waf::{WafPanel, WebAclView};
use crate::t;
use crate::ui::widgets::panel::Panel;
use crate::ui::widgets::sparkline::{Scale, sparkline};
use crate::ui::widgets::table::{Cell, Column, Row, Table};
use crate::ui::{Drawn, Ui, charts, measure, unread, words};

/// Draws the rules.
pub fn render(state: &State, ui: &Ui, view: &WebAclView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    drawn.hits.push((area, Target::Panel(WafPanel::Rules as usize)));
    let focused = view.panel == WafPanel::Rules;
    let source = state.source(view.id.source);
    let detail = view.row.as_ref().and_then(|row| row.acl.detail.as_ref());
    let rules = detail.map_or(&[][..], |detail| detail.rules.as_slice());
    let fetched = source.and_then(|source| source.waf_rules.get(&view.id.key));
    let mut status = fetched.map(|fetched| ui.freshness(state, fetched)).unwrap_or_default();
    if let Some(failure) = source.and_then(|source| source.failure(Read::WafRules)) {
        status.insert(0, unread::status(ui, failure));
    }
    if !view.strangers.is_empty() {
        let names = view.strangers.join(", ");
        let text = t!(ui.texts, "screens.waf.strangers", names = names);
        status.insert(0, Span::styled(format!("{} {text}", ui.glyphs.warning), ui.theme.warning));
    }
    status.push(Span::styled(t!(ui.texts, "screens.charts-of", range = state.range.name()), ui.theme.dim));
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.waf.rules", n = rules.len())),
        status,
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = columns(ui, rules);
    let was_read = detail.is_some();
    let areas = Table {
        columns: &columns,
        len: rules.len(),
        row: |index: usize| Row::Cells(cells(ui, view, index, &rules[index])),
        selected: focused.then_some(view.scrolls[WafPanel::Rules as usize].0.min(rules.len().saturating_sub(1))),
        offset: 0,
        focused,
        empty: &unread::unread(ui, source, Read::Waf, was_read, t!(ui.texts, "screens.waf.no-rules")),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}

fn columns(ui: &Ui, rules: &[Rule]) -> Vec<Column<'static>> {
    let texts = ui.texts;
    let silences = [Silence::MetricsOff, Silence::UnderItsName, Silence::Nothing];
    let silence = measure::widest(silences.map(|silence| words::silence(ui.texts, silence)));
    let names = measure::widest(rules.iter().map(|rule| &rule.name)).clamp(12, 40);
    vec![
        Column::new("#", 3, 3).right().rank(5),
        Column::new(t!(texts, "screens.column.rule"), names.min(20), names),
        Column::new(t!(texts, "screens.column.action"), 9, 9).rank(2),
        Column::new(t!(texts, "screens.column.blocked"), 8, 8).right(),
        Column::new(t!(texts, "screens.column.share"), 6, 6).right().rank(1),
        Column::new(t!(texts, "screens.column.counted"), 8, 8).right().rank(4),
        Column::new(t!(texts, "screens.column.trend"), silence.max(12), silence.max(12)).rank(3),
        Column::new(t!(texts, "screens.column.what"), 20, 40).rank(6).grows(),
    ]
}

fn cells(ui: &Ui, view: &WebAclView, index: usize, rule: &Rule) -> Vec<Cell<'static>> {
    let line = view.lines.get(index);
    let number = |outcome| line.map_or_else(|| "-".to_owned(), |line| words::number(line.sum(outcome)));
    let blocked = line.map_or(0.0, |line| line.sum(Outcome::Blocked));
    let style = if blocked > 0.0 { ui.theme.text } else { ui.theme.dim };
    let silence = line.and_then(|line| line.silence);
    let share = line.and_then(|line| line.share).map_or_else(String::new, |share| words::percent(Some(share * 100.0)));
    let (blocked, share, counted) = match silence {
        // A rule that publishes nothing has not blocked nothing: it has said nothing.
        Some(_) => ("-".to_owned(), String::new(), "-".to_owned()),
        None => (number(Outcome::Blocked), share, number(Outcome::Counted)),
    };
    let trend = match (silence, &view.traffic) {
        (Some(silence), _) => Line::styled(words::silence(ui.texts, silence), ui.theme.warning),
        (None, Some(traffic)) => Line::styled(trend(ui, traffic, rule), style),
        (None, None) => Line::default(),
    };
    let trend = if silence == Some(Silence::Nothing) { trend.style(ui.theme.dim) } else { trend };
    vec![
        Cell::new(Span::styled(rule.priority.to_string(), ui.theme.dim)),
        Cell::new(Span::styled(rule.name.clone(), ui.theme.text)),
        Cell::new(Span::styled(rule.action.clone(), ui.theme.dim)),
        Cell::new(Span::styled(blocked, style)),
        Cell::new(Span::styled(share, style)),
        Cell::new(Span::styled(counted, ui.theme.dim)),
        Cell::new(trend),
        Cell::new(Span::styled(words::rule_kind(ui.texts, &rule.kind), ui.theme.dim)),
    ]
}

/// The rule's blocks, or where it blocks none its other outcomes, as a sparkline.
fn trend(ui: &Ui, traffic: &RuleTraffic, rule: &Rule) -> String {
    let counted = Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Passed);
    let most = counted.max_by(|a, b| {
        let weight = |outcome: Outcome| (outcome == Outcome::Blocked, traffic.sum(&rule.metric, outcome));
        let (a, b) = (weight(*a), weight(*b));
        (a.1 > 0.0 && a.0).cmp(&(b.1 > 0.0 && b.0)).then(a.1.total_cmp(&b.1))
    });
    let values = most.map(|outcome| charts::counts(traffic, &rule.metric, outcome)).unwrap_or_default();
    let values: Vec<Option<f64>> = values.into_iter().map(|(_, value)| value).collect();
    sparkline(&values, 12, Scale::Auto, ui.glyphs)
}

/// Returns the counts of a rule, an outcome with its requests each; nothing where none was counted.
pub fn sums(line: &RuleLine) -> Vec<(Outcome, f64)> {
    let counted = Outcome::ALL.into_iter().map(|outcome| (outcome, line.sum(outcome)));
    counted.filter(|(_, sum)| *sum > 0.0).collect()
}
