//! Where am I, who am I, for how long, and what does looking cost.
//!
//! ```text
//! ▌prd  1111-2222-3333 system-c  ap-northeast-1     op-0137 · responder  creds 5h12m  api 34/min ~$0.03/h  09:02 JST
//! ```
//!
//! Where one row is too narrow for all of it there are two: place and time above, person and cost below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::environment::{AccountId, Kind};
use crate::domain::fetch::Panel;
use crate::domain::identity::RoleResolution;
use crate::state::State;
use crate::state::event::Usage;
use crate::t;

use super::widgets::{fit_line, horizontal_rule, line_width, put_line};
use super::{Ui, words};

/// Draws the header into the top of an area, and returns how many rows it took.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) -> u16 {
    let place = join(place(state, ui));
    let person = join(person(state, ui));
    let cost = join(cost(state, ui));
    let clock = Line::styled(format!("{} {} ", ui.time(state.now), ui.zone_name(state.now)), ui.theme.text);
    let room = usize::from(area.width);
    let all = [&place, &person, &cost, &clock].into_iter().map(line_width).sum::<usize>();
    let row = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    if all + 8 <= room {
        let mut right = person;
        for part in [cost, clock] {
            right.spans.push(Span::raw("   "));
            right.spans.extend(part.spans);
        }
        split(ui, row(0), &place, &right, buf);
        horizontal_rule(row(1), buf, ui.theme.border, ui.glyphs);
        return 2;
    }
    split(ui, row(0), &place, &clock, buf);
    let mut left = person;
    left.spans.insert(0, Span::raw(" "));
    let mut right = cost;
    right.spans.push(Span::raw(" "));
    split(ui, row(1), &left, &right, buf);
    horizontal_rule(row(2), buf, ui.theme.border, ui.glyphs);
    3
}

/// Draws one part at the left and one at the right; where both do not fit, the left one is cut.
fn split(ui: &Ui, area: Rect, left: &Line<'_>, right: &Line<'_>, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let right = fit_line(right, width, ui.glyphs);
    let taken = line_width(&right);
    let left = fit_line(left, width.saturating_sub(taken + 1), ui.glyphs);
    put_line(buf, area.x, area.y, &left, area.width);
    let taken = u16::try_from(taken).unwrap_or(area.width).min(area.width);
    put_line(buf, area.right() - taken, area.y, &right, taken);
}

fn join(parts: Vec<Vec<Span<'static>>>) -> Line<'static> {
    let mut spans = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.extend(part);
    }
    Line::from(spans)
}

/// The environment, the account with its name, the region, and an endpoint that is not AWS's.
fn place(state: &State, ui: &Ui) -> Vec<Vec<Span<'static>>> {
    let mut parts = vec![environment(state, ui)];
    let mut accounts: Vec<(String, String)> = state
        .shown_sources()
        .filter_map(|(_, source)| {
            let verified = source.identity.value.as_ref().map(|identity| identity.account.hyphenated());
            let account = verified.or_else(|| source.account.as_ref().map(AccountId::hyphenated))?;
            Some((account, source.profile.clone()))
        })
        .collect();
    accounts.sort();
    accounts.dedup_by(|a, b| a.0 == b.0);
    parts.push(match accounts.as_slice() {
        [] => Vec::new(),
        [(account, name)] => vec![
            Span::styled(account.clone(), ui.theme.text),
            Span::styled(if name.is_empty() { String::new() } else { format!(" {name}") }, ui.theme.dim),
        ],
        several => vec![Span::styled(t!(ui.texts, "screens.header.accounts", n = several.len()), ui.theme.text)],
    });
    let mut regions: Vec<&str> = state.shown_sources().map(|(_, source)| source.region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    parts.push(match regions.as_slice() {
        [] => Vec::new(),
        [region] => vec![Span::styled((*region).to_owned(), ui.theme.text)],
        several => vec![Span::styled(t!(ui.texts, "screens.header.regions", n = several.len()), ui.theme.text)],
    });
    let found = state.shown_sources().find_map(|(_, source)| source.endpoint.as_ref());
    if let Some(endpoint) = ui.endpoint.as_ref().or(found) {
        // Right after the environment: where there is little room, the rest is cut before it.
        parts.insert(1, vec![Span::styled(format!("{} {endpoint}", ui.glyphs.arrow), ui.theme.warning)]);
    }
    parts
}

fn environment(state: &State, ui: &Ui) -> Vec<Span<'static>> {
    let badge = |name: &str, kind: Kind| Span::styled(format!(" {name} "), ui.kind_style(kind));
    match state.shown.and_then(|shown| state.environments.get(shown)) {
        Some(environment) => vec![badge(&environment.name, environment.kind)],
        None => {
            const NAMED: usize = 4;
            let mut spans: Vec<Span<'static>> = state
                .environments
                .iter()
                .take(NAMED)
                .map(|environment| badge(&environment.name, environment.kind))
                .collect();
            if state.environments.len() > NAMED {
                let more = state.environments.len() - NAMED;
                spans.push(Span::styled(format!(" +{more}"), ui.theme.dim));
            }
            spans
        }
    }
}

/// The verified identity, its role, and how long its credentials last.
///
/// Where the shown sources have several identities, the first is named and the others are counted, and so are those that
/// could not be verified: one name must not speak for all.
fn person(state: &State, ui: &Ui) -> Vec<Vec<Span<'static>>> {
    let mut parts = Vec::new();
    let mut known: Vec<(String, RoleResolution)> = Vec::new();
    for (_, source) in state.shown_sources() {
        if let Some(identity) = &source.identity.value {
            let person = (identity.short().to_owned(), state.role_of(source));
            if !known.contains(&person) {
                known.push(person);
            }
        }
    }
    let failed = state.shown_sources().filter(|(_, source)| source.failure(Panel::Identity).is_some()).count();
    if let Some((name, role)) = known.first() {
        let role = match role {
            RoleResolution::One(role) => Span::styled(role.clone(), ui.theme.text),
            RoleResolution::None => Span::styled(t!(ui.texts, "screens.header.no-role"), ui.theme.dim),
            RoleResolution::Ambiguous(_) => {
                Span::styled(t!(ui.texts, "screens.header.ambiguous-role"), ui.theme.warning)
            }
        };
        let separator = Span::styled(format!(" {} ", ui.glyphs.separator), ui.theme.dim);
        let mut person = vec![Span::styled(name.clone(), ui.theme.text), separator, role];
        if known.len() > 1 {
            person.push(Span::styled(format!(" +{}", known.len() - 1), ui.theme.dim));
        }
        parts.push(person);
        if failed > 0 {
            let text = t!(ui.texts, "screens.header.unverified", n = failed);
            parts.push(vec![Span::styled(format!("{} {text}", ui.glyphs.critical), ui.theme.critical)]);
        }
    } else if failed > 0 {
        parts.push(vec![Span::styled(t!(ui.texts, "screens.header.not-verified"), ui.theme.critical)]);
    } else {
        parts.push(vec![Span::styled(t!(ui.texts, "screens.header.verifying"), ui.theme.dim)]);
    }
    parts.extend(credentials(state, ui));
    parts
}

/// How long the first of the credentials to end still last.
fn credentials(state: &State, ui: &Ui) -> Option<Vec<Span<'static>>> {
    let end = state.shown_sources().filter_map(|(_, source)| source.expires).min()?;
    let left = end.duration_since(state.now);
    if left.is_negative() || left.is_zero() {
        return Some(vec![Span::styled(t!(ui.texts, "screens.header.credentials-ended"), ui.theme.critical)]);
    }
    let style = if left <= crate::domain::queue::ENDING_SOON { ui.theme.warning } else { ui.theme.text };
    let text = t!(ui.texts, "screens.header.credentials", left = words::left(ui.texts, left));
    Some(vec![Span::styled(text, style)])
}

/// How many sessions are open; what looking costs: calls a minute and dollars an hour; and how many errors nobody has
/// looked at.
fn cost(state: &State, ui: &Ui) -> Vec<Vec<Span<'static>>> {
    let total = state.shown_sources().fold(Usage::default(), |sum, (_, source)| Usage {
        calls_per_minute: sum.calls_per_minute + source.usage.calls_per_minute,
        dollars_per_hour: sum.dollars_per_hour + source.usage.dollars_per_hour,
        throttled: sum.throttled || source.usage.throttled,
    });
    let text = t!(
        ui.texts,
        "screens.header.usage",
        calls = total.calls_per_minute,
        dollars = format!("{:.2}", total.dollars_per_hour)
    );
    let mut parts: Vec<Vec<Span<'static>>> = [super::sessions::count(state, ui), super::sessions::acting(state, ui)]
        .into_iter()
        .flatten()
        .map(|count| vec![count])
        .collect();
    parts.extend(catalogue(state, ui));
    if state.journal.is_unshipped() {
        let text = t!(ui.texts, "journal.header.unshipped");
        parts.push(vec![Span::styled(format!("{} {text}", ui.glyphs.warning), ui.theme.warning)]);
    }
    if state.errors.unseen > 0 {
        let errors = t!(ui.texts, "screens.header.errors", n = state.errors.unseen);
        parts.push(vec![Span::styled(format!("{} {errors}", ui.glyphs.warning), ui.theme.warning)]);
    }
    if total.throttled {
        parts.push(vec![Span::styled(t!(ui.texts, "screens.header.throttled"), ui.theme.warning)]);
    }
    parts.push(vec![Span::styled(text, ui.theme.dim)]);
    parts
}

/// What about the catalogues in use a person must know: that they are not those that lie where they were read, or that
/// whoever they restrict may change them.
fn catalogue(state: &State, ui: &Ui) -> Option<Vec<Span<'static>>> {
    let shown = state.shown.and_then(|shown| state.environments.get(shown)).map(|environment| &environment.name);
    let is_shown = |name: &String| shown.is_none_or(|shown| shown == name);
    let sessions = &state.sessions;
    let is_writable = || sessions.catalogues.iter().any(|(name, one)| is_shown(name) && one.writable().is_some());
    let text = if sessions.changed.iter().any(is_shown) {
        t!(ui.texts, "catalogue.header.changed")
    } else if is_writable() {
        t!(ui.texts, "catalogue.header.writable")
    } else {
        return None;
    };
    Some(vec![Span::styled(format!("{} {text}", ui.glyphs.warning), ui.theme.warning)])
}
