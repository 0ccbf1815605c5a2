//! The form before a start: what is about to happen, in full, and what is asked for.
//!
//! ```text
//!  You are about to     Inspect the database, read-only (db-readonly)
//!  Account, region      1111-2222-3333 system-c · ap-northeast-1
//!  What will be called  ssm:StartSession  Sekisho-prd-db-readonly
//!  By hand it would be  aws ssm start-session --target …
//!  AWS enforces         role, target, document · not the reason
//! ─────────────────────────────────────────────────────────────
//! ▸ Reason              looking at INC-204▏                   ✓
//!   Ticket                                       must fit ^INC…
//!   Type  prd
//!  Enter goes on · Esc leaves
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::environment::AccountId;
use crate::domain::preflight::Effect;
use crate::domain::text;
use crate::policy::Denial;
use crate::policy::preview::{Preview, preview};
use crate::runbook::entry::{DESIRED, Parameter};
use crate::state::State;
use crate::state::event::Target;
use crate::state::sessions::form::{Field, FieldKind, Form, Lookup};
use crate::t;

use super::widgets::input::Prompt;
use super::widgets::menu::wrap_line;
use super::widgets::{cells, fit_line, horizontal_rule, line_width, put, put_line, scrolled};
use super::{Drawn, Ui, words};

/// Where what a change leads from and to stands among the facts: below the target.
const AFTER_TARGET: usize = 4;

/// Draws the form over the whole body.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(form) = &state.sessions.form else { return };
    let asked: Vec<(usize, &Field)> = form.asked().collect();
    // The fields, a rule above them, and what to do below them.
    let bottom = cells(asked.len()).saturating_add(2).min(area.height);
    let above = Rect { height: area.height - bottom, ..area };
    told(state, ui, form, above, buf, drawn);
    let below = Rect { y: above.bottom(), height: bottom, ..area };
    horizontal_rule(below, buf, ui.theme.border, ui.glyphs);
    let label = asked.iter().map(|(_, field)| text::width(&label(ui, field))).max().unwrap_or(0);
    for ((place, field), y) in asked.iter().zip(below.y + 1..below.bottom()) {
        let row = Rect { y, height: 1, ..below };
        drawn.hits.push((row, Target::Row(*place)));
        render_field(ui, form, (*place, field), label, row, buf, drawn);
    }
    if below.height > 1 {
        let row = Rect { y: below.bottom() - 1, height: 1, ..below };
        let line = fit_line(&advice(ui, form), usize::from(row.width.saturating_sub(2)), ui.glyphs);
        put_line(buf, row.x + 1, row.y, &line, row.width.saturating_sub(2));
    }
}

/// Draws what is about to happen; more than fits is scrolled.
fn told(state: &State, ui: &Ui, form: &Form, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let room = usize::from(area.width.saturating_sub(3)).max(20);
    let lines = lines(state, ui, form, room);
    let page = usize::from(area.height);
    let offset = scrolled(form.scroll.0, None, page, lines.len());
    drawn.page = page;
    drawn.end = lines.len().saturating_sub(page);
    for (line, y) in lines.iter().skip(offset).zip(area.top()..area.bottom()) {
        put_line(buf, area.x + 1, y, line, area.width.saturating_sub(2));
    }
    let more = lines.len().saturating_sub(offset + page);
    if more > 0 && area.height > 0 {
        let note = format!("  {}", t!(ui.texts, "sessions.form.more", n = more));
        let width = cells(text::width(&note));
        put(buf, area.right().saturating_sub(width + 1), area.bottom() - 1, &note, width, ui.theme.key);
    }
}

fn lines(state: &State, ui: &Ui, form: &Form, room: usize) -> Vec<Line<'static>> {
    let request = form.request();
    let told = preview(&form.entry.operation, &form.region, form.target(), &request);
    let facts = facts(ui, form, &told, request.parameters.get(DESIRED));
    let width = facts.iter().map(|(name, _)| text::width(name)).max().unwrap_or(0);
    let mut lines: Vec<Line<'static>> = aged(state, ui, form).iter().flat_map(|line| wrap_line(line, room)).collect();
    for (name, value) in facts {
        let indent = " ".repeat(width + 2);
        for (index, part) in wrap_line(&value, room.saturating_sub(width + 2).max(16)).into_iter().enumerate() {
            let head = if index == 0 { format!("{}  ", text::pad(&name, width)) } else { indent.clone() };
            let mut spans = vec![Span::styled(head, ui.theme.dim)];
            spans.extend(part.spans);
            lines.push(Line::from(spans));
        }
    }
    for line in found(state, ui, form) {
        lines.extend(wrap_line(&line, room));
    }
    lines
}

fn facts(ui: &Ui, form: &Form, told: &Preview, desired: Option<&String>) -> Vec<(String, Line<'static>)> {
    let texts = ui.texts;
    let text = |text: String| Line::styled(text, ui.theme.text);
    let account = form.environment.account.as_ref().unwrap_or(&form.identity.account);
    let separator = ui.glyphs.separator;
    let profile = if form.profile.is_empty() { String::new() } else { format!(" {}", form.profile) };
    let title = words::session::title(texts, &form.entry);
    let mut facts = vec![
        (
            t!(texts, "sessions.form.about"),
            Line::from(vec![
                Span::styled(title.to_owned(), ui.theme.title),
                Span::styled(format!(" ({})", form.entry.id), ui.theme.dim),
            ]),
        ),
        (
            t!(texts, "sessions.form.environment"),
            Line::from(vec![
                Span::styled(format!(" {} ", form.environment.name), ui.kind_style(form.environment.kind)),
                Span::styled(
                    format!("  {}{profile} {separator} {}", AccountId::hyphenated(account), form.region),
                    ui.theme.text,
                ),
            ]),
        ),
        (t!(texts, "sessions.form.who"), text(format!("{} {separator} {}", form.role, form.identity.short()))),
        (t!(texts, "sessions.form.target"), text(told.target.clone())),
        (t!(texts, "sessions.form.called"), text(format!("{}  {}", told.action, words::session::pinned(told)))),
        (t!(texts, "sessions.form.by-hand"), text(told.by_hand.clone())),
        (t!(texts, "sessions.form.enforced"), text(words::session::bounds(texts, &told.enforced))),
        (t!(texts, "sessions.form.ours"), Line::styled(words::session::bounds(texts, &told.ours), ui.theme.warning)),
    ];
    let limit = form
        .entry
        .limit
        .map_or_else(|| t!(texts, "sessions.form.no-limit").to_owned(), |limit| words::left(texts, limit));
    facts.push((t!(texts, "sessions.form.limit"), text(limit)));
    let mut recorded = words::session::recorded(texts, &form.entry).to_owned();
    if let Some(step) = &form.step {
        let of_run = t!(texts, "runbooks.form.step", run = step.run, step = step.step);
        recorded = format!("{recorded}{}{of_run}", words::session::comma(texts));
    }
    facts.push((t!(texts, "sessions.form.recorded"), text(recorded)));
    let mut facts: Vec<_> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if let Lookup::Done(preflight) = &form.preflight
        && let Some(Effect { from, to }) = &preflight.effect
    {
        let to = desired.or(Some(to).filter(|to| !to.is_empty())).map_or("-", String::as_str);
        let name = t!(texts, "operations.from-to", arrow = ui.glyphs.arrow);
        facts.insert(AFTER_TARGET, (name, text(format!("{from} {} {to}", ui.glyphs.arrow))));
    }
    facts
}

/// Says that the catalogue is another one by now, where it is.
fn aged(state: &State, ui: &Ui, form: &Form) -> Option<Line<'static>> {
    let at = state.sessions.loaded_at.filter(|_| state.sessions.changed.contains(&form.environment.name))?;
    let text = t!(ui.texts, "catalogue.as-of", at = ui.time(at));
    Some(Line::styled(format!("{} {text}", ui.glyphs.warning), ui.theme.warning))
}

/// What was looked up: what stands in the way, and what to know.
fn found(state: &State, ui: &Ui, form: &Form) -> Vec<Line<'static>> {
    let texts = ui.texts;
    let marked = |mark: &str, text: String, style: Style| Line::styled(format!("{mark} {text}"), style);
    let below = |text: String| Line::styled(format!("  {text}"), ui.theme.text);
    match &form.preflight {
        Lookup::Asked => {
            vec![marked(ui.glyphs.progress, t!(texts, "sessions.form.looking-up").to_owned(), ui.theme.progress)]
        }
        Lookup::Failed(refusal) => {
            let mut sentences = words::session::refusal(texts, refusal, state.now).into_iter();
            let first = sentences.next().map(|first| marked(ui.glyphs.critical, first, ui.theme.critical));
            first.into_iter().chain(sentences.map(below)).collect()
        }
        Lookup::Done(preflight) => {
            let mut lines = Vec::new();
            for obstacle in &preflight.obstacles {
                let (problem, mend) = words::preflight::obstacle(texts, obstacle, state.now);
                lines.extend([marked(ui.glyphs.critical, problem, ui.theme.critical), below(mend)]);
            }
            for caution in &preflight.cautions {
                let (what, mend) = words::preflight::caution(texts, caution);
                lines.extend([marked(ui.glyphs.warning, what, ui.theme.warning), below(mend)]);
            }
            for failure in &preflight.unknown {
                let line = t!(texts, "sessions.form.unknown", why = words::failure_line(texts, failure));
                lines.push(marked(ui.glyphs.unknown, line, ui.theme.unknown));
            }
            if preflight.is_clear() && lines.is_empty() {
                lines.push(marked(ui.glyphs.ok, t!(texts, "sessions.form.clear").to_owned(), ui.theme.ok));
            }
            if preflight.targets.is_empty() && preflight.obstacles.is_empty() {
                lines.push(marked(
                    ui.glyphs.critical,
                    t!(texts, "sessions.form.no-target").to_owned(),
                    ui.theme.critical,
                ));
            }
            lines
        }
    }
}

fn label(ui: &Ui, field: &Field) -> String {
    match &field.kind {
        FieldKind::Target => t!(ui.texts, "sessions.form.choose-target").to_owned(),
        FieldKind::Parameter(name, _) => name.clone(),
        FieldKind::Reason => t!(ui.texts, "sessions.form.reason").to_owned(),
        FieldKind::Ticket(_) => t!(ui.texts, "sessions.form.ticket").to_owned(),
        FieldKind::Confirmation(expected) => t!(ui.texts, "sessions.form.type", expected = expected),
    }
}

/// What stands in an empty field: what it takes.
fn hint(ui: &Ui, field: &Field) -> String {
    match &field.kind {
        FieldKind::Parameter(_, parameter) => parameter.allowed(),
        FieldKind::Ticket(pattern) => t!(ui.texts, "sessions.form.pattern", pattern = pattern),
        FieldKind::Reason => t!(ui.texts, "sessions.form.reason-hint").to_owned(),
        FieldKind::Target | FieldKind::Confirmation(_) => String::new(),
    }
}

fn render_field(
    ui: &Ui,
    form: &Form,
    (place, field): (usize, &Field),
    label_width: usize,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let focused = form.focus == place;
    if focused {
        put(buf, area.x, area.y, ui.glyphs.selected, 1, ui.theme.accent);
    }
    let label = text::pad(&label(ui, field), label_width);
    let style = if focused { ui.theme.accent } else { ui.theme.text };
    let start = put(buf, area.x + 2, area.y, &label, area.width.saturating_sub(2), style) + 2;
    let verdict = verdict(ui, form, place, field);
    let room = usize::from(area.right().saturating_sub(start + 1));
    let verdict = fit_line(&verdict, room * 3 / 5, ui.glyphs);
    let taken = cells(line_width(&verdict));
    put_line(buf, area.right().saturating_sub(taken + 1), area.y, &verdict, taken);
    let value = Rect { x: start, width: area.right().saturating_sub(start + taken + 2), ..area };
    if let Some(chosen) = chosen(form, field) {
        let text = format!("{} {chosen} {}", ui.glyphs.more_left, ui.glyphs.more_right);
        put(buf, value.x, value.y, &text, value.width, ui.theme.text);
    } else {
        let hint = hint(ui, field);
        let shown = if field.value().is_empty() { hint.as_str() } else { "" };
        let prompt = Prompt { label: "", input: &field.input, hint: shown, theme: &ui.theme, glyphs: ui.glyphs };
        let cursor = prompt.render(value, buf);
        if focused {
            drawn.cursor = cursor;
        }
    }
}

/// Returns what is chosen of a list; nothing where the field is typed.
fn chosen(form: &Form, field: &Field) -> Option<String> {
    match &field.kind {
        FieldKind::Target => Some(form.target().map_or_else(String::new, ToString::to_string)),
        FieldKind::Parameter(_, Parameter::Choice { .. }) => Some(field.value().to_owned()),
        _ => None,
    }
}

/// Tells what the gate says of a field: its rules are tried in the order of the fields.
fn verdict(ui: &Ui, form: &Form, place: usize, field: &Field) -> Line<'static> {
    let about = form.denial.as_ref().and_then(|denial| form.place_of(denial).map(|about| (denial, about)));
    match about {
        Some((denial, about)) if about == place && (form.tried || !is_missing(denial)) => Line::styled(
            format!("{} {}", ui.glyphs.critical, words::gate::denial(ui.texts, denial).1),
            ui.theme.critical,
        ),
        Some((_, about)) if about > place && !field.value().is_empty() => Line::styled(ui.glyphs.ok, ui.theme.ok),
        None if form.denial.is_none() => Line::styled(ui.glyphs.ok, ui.theme.ok),
        _ => Line::default(),
    }
}

/// Tells whether a denial only says that something has not been typed yet.
fn is_missing(denial: &Denial) -> bool {
    matches!(
        denial,
        Denial::ReasonMissing
            | Denial::TicketMissing { .. }
            | Denial::ParameterMissing { .. }
            | Denial::NotConfirmed { .. }
    )
}

/// Says what the keys do now, or why nothing can be started.
fn advice(ui: &Ui, form: &Form) -> Line<'static> {
    if let Some(denial) = form.denial.as_ref().filter(|denial| form.place_of(denial).is_none()) {
        return Line::styled(
            format!("{} {}", ui.glyphs.denied, words::session::denial(ui.texts, denial)),
            ui.theme.critical,
        );
    }
    let key = match &form.preflight {
        Lookup::Done(preflight) if !preflight.is_clear() => "sessions.form.keys-blocked",
        Lookup::Failed(_) => "sessions.form.keys-blocked",
        _ if form.denial.is_none() && form.is_at_end() => "sessions.form.keys-start",
        _ => "sessions.form.keys-next",
    };
    Line::styled(ui.texts.get(key), ui.theme.key)
}
