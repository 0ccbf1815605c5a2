//! Sampled requests, what is most frequent among them, and what the web ACL protects.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::fetch::Panel as Read;
use crate::domain::text;
use crate::domain::waf::{SampledRequest, Tally};
use crate::state::State;
use crate::state::event::Target;
use crate::state::waf::{WafPanel, WebAclView};
use crate::t;
use crate::ui::widgets::panel::Panel;
use crate::ui::widgets::table::{Cell, Column, Row, Table};
use crate::ui::{Drawn, Ui, services, unread, words};

/// What a panel is drawn from: what it is called, what is to be known of it, and the rows that it has.
struct Listing<'a, F: Fn(usize) -> Row<'static>> {
    panel: WafPanel,
    title: Line<'a>,
    status: Vec<Span<'a>>,
    columns: &'a [Column<'a>],
    len: usize,
    row: F,
    empty: &'a str,
}

impl<F: Fn(usize) -> Row<'static>> Listing<'_, F> {
    fn render(self, ui: &Ui, view: &WebAclView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
        drawn.hits.push((area, Target::Panel(self.panel as usize)));
        let focused = view.panel == self.panel;
        let panel = Panel { title: self.title, status: self.status, focused, theme: &ui.theme, glyphs: ui.glyphs };
        let inner = panel.render(area, buf);
        let at = view.scrolls[self.panel as usize].0.min(self.len.saturating_sub(1));
        let areas = Table {
            columns: self.columns,
            len: self.len,
            row: self.row,
            selected: focused.then_some(at),
            offset: 0,
            focused,
            empty: self.empty,
            theme: &ui.theme,
            glyphs: ui.glyphs,
        }
        .render(inner, buf);
        if focused {
            drawn.take_rows(&areas);
        }
    }
}

/// Says how many sampled requests there are, how many they stand for, and how old they are.
fn sampled_status(state: &State, ui: &Ui, view: &WebAclView) -> Vec<Span<'static>> {
    let source = state.source(view.id.source);
    let mut status = Vec::new();
    if let Some(failure) = source.and_then(|source| source.failure(Read::WafSamples)) {
        status.push(unread::status(ui, failure));
    }
    if let Some(sampled) = &view.sampled {
        #[expect(clippy::cast_precision_loss, reason = "a count that is shown with two digits")]
        let population = words::number(sampled.population as f64);
        let text = t!(ui.texts, "screens.waf.sample-of", n = view.samples.len(), of = population);
        status.push(Span::styled(text, ui.theme.dim));
    }
    let fetched = source.and_then(|source| source.waf_samples.get(&view.id.key));
    status.extend(fetched.map(|fetched| ui.freshness(state, fetched)).unwrap_or_default());
    status
}

fn sampled_empty(state: &State, ui: &Ui, view: &WebAclView) -> String {
    let none =
        if view.filter.is_empty() { t!(ui.texts, "screens.waf.no-samples") } else { t!(ui.texts, "screens.no-match") };
    unread::unread(ui, state.source(view.id.source), Read::WafSamples, view.sampled.is_some(), none)
}

/// Draws the sampled requests, newest first.
pub fn samples(state: &State, ui: &Ui, view: &WebAclView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let texts = ui.texts;
    let columns = [
        Column::new(t!(texts, "screens.column.at"), 8, 11),
        Column::new(t!(texts, "screens.column.action"), 9, 9).rank(1),
        Column::new("", 2, 2),
        Column::new(t!(texts, "screens.column.address"), 15, 26).rank(2),
        Column::new(t!(texts, "screens.column.weight"), 5, 6).right().rank(4),
        Column::new(t!(texts, "screens.column.uri"), 16, 50).grows(),
        Column::new(t!(texts, "screens.column.rule"), 18, 30).rank(3),
    ];
    let row = |index: usize| Row::Cells(sample(state, ui, &view.samples[index]));
    Listing {
        panel: WafPanel::Samples,
        title: services::title(ui, t!(texts, "screens.waf.samples"), &view.filter),
        status: sampled_status(state, ui, view),
        columns: &columns,
        len: view.samples.len(),
        row,
        empty: &sampled_empty(state, ui, view),
    }
    .render(ui, view, area, buf, drawn);
}

fn sample(state: &State, ui: &Ui, request: &SampledRequest) -> Vec<Cell<'static>> {
    let rule = request.rule_within_group.as_deref().unwrap_or(&request.rule);
    let rule = rule.rsplit('#').next().unwrap_or(rule);
    vec![
        Cell::new(Span::styled(ui.moment(request.at, state.now), ui.theme.dim)),
        Cell::new(Span::styled(request.action.clone(), action_style(ui, &request.action))),
        Cell::new(Span::styled(request.country.clone(), ui.theme.text)),
        Cell::new(Span::styled(request.address.clone(), ui.theme.text)),
        Cell::new(Span::styled(format!("{}{}", ui.glyphs.times, request.weight), ui.theme.dim)),
        Cell::new(Span::styled(format!("{} {}", request.method, request.uri), ui.theme.text)),
        Cell::new(Span::styled(rule.to_owned(), ui.theme.dim)),
    ]
}

fn action_style(ui: &Ui, action: &str) -> Style {
    match action {
        "BLOCK" => ui.theme.critical,
        "COUNT" | "CAPTCHA" | "CHALLENGE" => ui.theme.warning,
        _ => ui.theme.text,
    }
}

/// Draws what is most frequent among the sampled requests: countries, addresses, paths.
pub fn top(state: &State, ui: &Ui, view: &WebAclView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let texts = ui.texts;
    let columns = [
        Column::new(t!(texts, "screens.waf.countries"), 9, 10),
        Column::new(t!(texts, "screens.waf.addresses"), 19, 26).rank(1),
        Column::new(t!(texts, "screens.waf.paths"), 12, 30).grows(),
    ];
    let lists = [&view.top.countries, &view.top.addresses, &view.top.paths];
    let row = |index: usize| {
        let cell = |list: &Vec<Tally>| Cell::new(tally(ui, list.get(index)));
        Row::Cells(lists.into_iter().map(cell).collect())
    };
    Listing {
        panel: WafPanel::Top,
        title: Line::raw(t!(texts, "screens.waf.top")),
        status: sampled_status(state, ui, view),
        columns: &columns,
        len: view.top.rows(),
        row,
        empty: &sampled_empty(state, ui, view),
    }
    .render(ui, view, area, buf, drawn);
}

fn tally(ui: &Ui, tally: Option<&Tally>) -> Line<'static> {
    let Some(tally) = tally else { return Line::default() };
    #[expect(clippy::cast_precision_loss, reason = "a count that is shown with two digits")]
    let requests = words::number(tally.requests as f64);
    let value = if tally.value.is_empty() { ui.glyphs.unknown.to_owned() } else { tally.value.clone() };
    Line::from(vec![
        Span::styled(format!("{} ", text::pad_left(&requests, 5)), ui.theme.dim),
        Span::styled(value, ui.theme.text),
    ])
}

/// Draws what the web ACL protects, and the addresses that its rate limits block now.
pub fn uses(state: &State, ui: &Ui, view: &WebAclView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let texts = ui.texts;
    let source = state.source(view.id.source);
    let used = state.web_acl_use();
    let mut rows: Vec<(String, String)> = Vec::new();
    for limited in used.iter().flat_map(|used| &used.limited) {
        let rule = t!(texts, "screens.waf.limited-by", rule = limited.rule);
        rows.extend(limited.addresses.iter().map(|address| (rule.clone(), address.clone())));
    }
    let resources = used.and_then(|used| used.resources.as_ref());
    rows.extend(
        resources.into_iter().flatten().map(|arn| (t!(texts, "screens.waf.protected").to_owned(), arn.clone())),
    );
    let fetched = source.and_then(|source| source.waf_use.get(&view.id.key));
    let mut status = fetched.map(|fetched| ui.freshness(state, fetched)).unwrap_or_default();
    if let Some(failure) = source.and_then(|source| source.failure(Read::WafUse)) {
        status.insert(0, unread::status(ui, failure));
    }
    let columns = [Column::new("", 16, 36), Column::new("", 20, 80).grows()];
    let row = |index: usize| {
        let (what, value) = &rows[index];
        Row::Cells(vec![
            Cell::new(Span::styled(what.clone(), ui.theme.dim)),
            Cell::new(Span::styled(value.clone(), ui.theme.text)),
        ])
    };
    Listing {
        panel: WafPanel::Use,
        title: Line::raw(t!(texts, "screens.waf.use")),
        status,
        columns: &columns,
        len: rows.len(),
        row,
        empty: &unread::unread(ui, source, Read::WafUse, used.is_some(), t!(texts, "screens.nothing")),
    }
    .render(ui, view, area, buf, drawn);
}

/// Returns the name of a protected resource, with what it is: `app/shop-prd` of a load balancer's ARN.
pub fn resource(arn: &str) -> String {
    let name = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    name.strip_prefix("loadbalancer/").map_or_else(
        || name.to_owned(),
        |balancer| balancer.rsplit_once('/').map_or_else(|| balancer.to_owned(), |(name, _)| name.to_owned()),
    )
}
