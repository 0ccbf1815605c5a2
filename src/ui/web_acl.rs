//! One web ACL: what it stops now against the usual, its rules with their counts, and what the sample says of who asks.
//!
//! ```text
//! ┌ name, scope, logging, what it protects ──────────────────┐
//! │ 14× the usual: 140 a minute against 10                    │
//! ├ allowed ────────────────────┬ blocked, counted, … ────────┤
//! │ ╭──╮                        │      ╭───                    │
//! ├ rules ──────────────────────┴─────────────────────────────┤
//! │ 1 AWSManagedRulesCommonRuleSet  Group   1.2k  75%  ▁▂▇     │
//! ├ sampled requests ───────────┬ countries, addresses, paths ┤
//! └─────────────────────────────┴─────────────────────────────┘
//! ```
//!
//! Where there is no room for all, the panel with the keys is the one below the charts.

mod panels;
pub(super) mod rules;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::fetch::Panel as Read;
use crate::domain::waf::{Outcome, Scope};
use crate::state::State;
use crate::state::waf::{WafPanel, WebAclRow, WebAclView};
use crate::t;

use super::alarms::line;
use super::widgets::put;
use super::{Drawn, Ui, charts, unread, waf, words};

/// From this height on rules and samples stand below each other, with the lists beside the samples.
const TALL: u16 = 34;
/// From this width on charts and panels stand side by side.
const WIDE: u16 = 100;

/// Draws the open web ACL.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(view) = &state.web_acl else { return };
    let Some(row) = &view.row else {
        let source = state.source(view.id.source);
        let was_read = source.is_some_and(|source| source.waf.value.is_some());
        let text = unread::unread(ui, source, Read::Waf, was_read, t!(ui.texts, "screens.gone"));
        put(buf, area.x + 1, area.y, &text, area.width.saturating_sub(2), ui.theme.dim);
        return;
    };
    let rest = heading(state, ui, view, row, area, buf);
    let charts = (rest.height / 3).clamp(6, 14).min(rest.height);
    let top = Rect { height: charts, ..rest };
    let rest = Rect { y: top.bottom(), height: rest.height - charts, ..rest };
    traffic(state, ui, view, top, buf);
    if area.height < TALL {
        return panel(state, ui, view, view.panel, rest, buf, drawn);
    }
    let rules = u16::try_from(row.acl.detail.as_ref().map_or(1, |detail| detail.rules.len())).unwrap_or(u16::MAX);
    let rules = rules.saturating_add(2 + u16::try_from(view.strangers.len()).unwrap_or(0)).clamp(4, rest.height / 2);
    let above = Rect { height: rules, ..rest };
    let below = Rect { y: above.bottom(), height: rest.height - rules, ..rest };
    panel(state, ui, view, WafPanel::Rules, above, buf, drawn);
    let beside = if area.width >= WIDE { below.width * 2 / 5 } else { 0 };
    let left = Rect { width: below.width - beside, ..below };
    let lower = match view.panel {
        WafPanel::Use => WafPanel::Use,
        WafPanel::Top if beside == 0 => WafPanel::Top,
        _ => WafPanel::Samples,
    };
    panel(state, ui, view, lower, left, buf, drawn);
    if beside > 0 {
        let right = Rect { x: left.right() + 1, width: beside - 1, ..below };
        panel(state, ui, view, WafPanel::Top, right, buf, drawn);
    }
}

/// Draws one panel.
fn panel(state: &State, ui: &Ui, view: &WebAclView, panel: WafPanel, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    match panel {
        WafPanel::Rules => rules::render(state, ui, view, area, buf, drawn),
        WafPanel::Samples => panels::samples(state, ui, view, area, buf, drawn),
        WafPanel::Top => panels::top(state, ui, view, area, buf, drawn),
        WafPanel::Use => panels::uses(state, ui, view, area, buf, drawn),
    }
}

/// Name, scope, default action, logging; the spike; what it protects and whom it blocks now.
fn heading(state: &State, ui: &Ui, view: &WebAclView, row: &WebAclRow, area: Rect, buf: &mut Buffer) -> Rect {
    let acl = &row.acl;
    let (logging, logging_style) = waf::logging(ui, acl);
    let mut title = vec![
        Span::styled(format!("{}  ", acl.key.name), ui.theme.title),
        ui.place(state, row.place),
        Span::styled(format!("  {}", waf::scope_words(ui, acl)), ui.theme.dim),
    ];
    if let Some(detail) = &acl.detail {
        let default = t!(ui.texts, "screens.waf.default-action", action = detail.default_action);
        title.push(Span::styled(format!("  {default}"), ui.theme.text));
    }
    title.push(Span::styled(format!("  {}: ", t!(ui.texts, "screens.waf.logging")), ui.theme.dim));
    title.push(Span::styled(logging, logging_style));
    if !view.exists {
        title.push(Span::styled(format!("  {}", t!(ui.texts, "screens.gone")), ui.theme.warning));
    }
    let rest = line(&Line::from(title), ui, area, buf);
    let mut told = vec![Span::styled(waf::spike_words(ui, row), waf::spike_style(ui, row))];
    if let Some(spike) = &row.spike {
        let age = words::since(ui.texts, state.now, Some(spike.since));
        told.push(Span::styled(format!("  {}", t!(ui.texts, "screens.waf.for", age = age)), ui.theme.text));
    }
    let rest = line(&Line::from(told), ui, rest, buf);
    line(&protects(state, ui, row), ui, rest, buf)
}

/// What it protects, and how many addresses its rate limits block now.
fn protects(state: &State, ui: &Ui, row: &WebAclRow) -> Line<'static> {
    let used = state.web_acl_use();
    let mut spans = vec![match (row.acl.key.scope, used.and_then(|used| used.resources.as_ref())) {
        (Scope::CloudFront, _) => Span::styled(t!(ui.texts, "screens.waf.cloudfront"), ui.theme.dim),
        (Scope::Regional, Some(resources)) if resources.is_empty() => {
            Span::styled(t!(ui.texts, "screens.waf.protects-nothing"), ui.theme.warning)
        }
        (Scope::Regional, Some(resources)) => {
            let names: Vec<String> = resources.iter().take(3).map(|arn| panels::resource(arn)).collect();
            let more = resources.len().saturating_sub(names.len());
            let more = if more > 0 { format!(" +{more}") } else { String::new() };
            let names = format!("{}{more}", names.join(", "));
            Span::styled(t!(ui.texts, "screens.waf.protects", names = names), ui.theme.text)
        }
        (Scope::Regional, None) => {
            let source = state.source(row.id.source);
            Span::styled(unread::unread(ui, source, Read::WafUse, false, ""), ui.theme.dim)
        }
    }];
    let limited: usize = used.map_or(0, |used| used.limited.iter().map(|one| one.addresses.len()).sum());
    if limited > 0 {
        let text = t!(ui.texts, "screens.waf.limited", n = limited);
        spans.push(Span::styled(format!("  {} {text}", ui.glyphs.warning), ui.theme.warning));
    }
    Line::from(spans)
}

/// Draws what was let through beside what was not.
fn traffic(state: &State, ui: &Ui, view: &WebAclView, area: Rect, buf: &mut Buffer) {
    let stopped = [Outcome::Blocked, Outcome::Counted, Outcome::Captcha, Outcome::Challenge];
    if area.width >= WIDE {
        let left = Rect { width: area.width / 2, ..area };
        let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
        charts::web_acl(state, ui, view, t!(ui.texts, "screens.waf.allowed"), &[Outcome::Allowed], left, buf);
        charts::web_acl(state, ui, view, t!(ui.texts, "screens.waf.stopped"), &stopped, right, buf);
    } else {
        charts::web_acl(state, ui, view, t!(ui.texts, "screens.waf.stopped"), &stopped, area, buf);
    }
}
