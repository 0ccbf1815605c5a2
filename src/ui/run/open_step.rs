//! The open step: what it asks, what it has, what is lacking, and the keys that do it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::command::{Command, Scope};
use crate::runbook::book::{Evidence, Step, StepId, StepKind};
use crate::runbook::query::Verdict;
use crate::runbook::report;
use crate::runbook::run::{Missing, Outcome, Visit, What};
use crate::state::State;
use crate::state::runbooks::RunView;
use crate::t;
use crate::ui::runbooks::step_name;
use crate::ui::widgets::menu::wrap_line;
use crate::ui::widgets::{cells, line_width, put_line};
use crate::ui::{Ui, words};

/// The keys of a run, in the order in which they are told, each with its words.
const KEYS: [(Command, &str); 9] = [
    (Command::GoOn, "runbooks.run.key.next"),
    (Command::Yes, "runbooks.step.yes"),
    (Command::No, "runbooks.step.no"),
    (Command::Told, "runbooks.run.key.told"),
    (Command::Answered, "runbooks.run.key.answered"),
    (Command::Look, "runbooks.run.key.look"),
    (Command::Write, "runbooks.run.key.write"),
    (Command::Skip, "runbooks.run.key.skip"),
    (Command::GiveUp, "runbooks.run.key.give-up"),
];

/// What is said of the open step, broken to a width.
pub(super) struct Told {
    said: Vec<Line<'static>>,
    keys: Vec<Line<'static>>,
}

impl Told {
    /// Says what the open step asks, what it has, and which keys do something.
    pub(super) fn of(state: &State, ui: &Ui, view: &RunView, room: usize) -> Self {
        let texts = ui.texts;
        let said: Vec<Line<'static>> = match view.step().zip(view.run.visit()) {
            Some((step, visit)) => {
                let prompt = step.prompt.as_ref().map(|prompt| words::runbook::text(texts, prompt).to_owned());
                let prompt = prompt.map(|prompt| Line::styled(prompt, ui.theme.text));
                prompt.into_iter().chain(of_kind(state, ui, view, step, visit)).collect()
            }
            None => vec![Line::styled(t!(texts, "runbooks.run.over", run = view.run.id), ui.theme.text)],
        };
        let said = said.iter().flat_map(|line| wrap_line(line, room)).collect();
        Self { said, keys: keys(state, ui, view, room) }
    }

    /// Returns how many rows it needs.
    pub(super) fn height(&self) -> usize {
        self.said.len() + self.keys.len()
    }
}

/// Draws the open step; its keys are seen however much it says.
pub(super) fn render(state: &State, ui: &Ui, view: &RunView, told: &Told, area: Rect, buf: &mut Buffer) {
    let (title, status) = match view.step() {
        Some(step) => {
            let number = view.run.runbook.number(&step.id).unwrap_or_default();
            let kind = words::runbook::kind(ui.texts, &step.kind);
            (format!("{number}. {}", step_name(state, ui, view.place.environment, step)), kind)
        }
        None => (view.run.id.to_string(), t!(ui.texts, "runbooks.outcome.done")),
    };
    let status = vec![Span::styled(status, ui.theme.dim)];
    let inner = super::ruled(ui, title, status, true, area, buf);
    let room = inner.width.saturating_sub(2);
    let above = inner.height.saturating_sub(cells(told.keys.len()));
    for (line, y) in told.said.iter().zip(inner.top()..inner.top() + above) {
        put_line(buf, inner.x + 1, y, line, room);
    }
    for (line, y) in told.keys.iter().zip(inner.top() + above..inner.bottom()) {
        put_line(buf, inner.x + 1, y, line, room);
    }
}

fn marked(mark: &str, text: &str, style: Style) -> Line<'static> {
    Line::styled(format!("{mark} {text}"), style)
}

fn of_kind(state: &State, ui: &Ui, view: &RunView, step: &Step, visit: &Visit) -> Vec<Line<'static>> {
    let texts = ui.texts;
    let dim = |text: String| Line::styled(text, ui.theme.dim);
    match &step.kind {
        StepKind::Check { query } => match visit.sight() {
            Some(sight) => {
                let (mark, style) = match sight.verdict {
                    Verdict::Clear => (ui.glyphs.ok, ui.theme.ok),
                    Verdict::Found => (ui.glyphs.warning, ui.theme.warning),
                    Verdict::Unknown => (ui.glyphs.unknown, ui.theme.unknown),
                };
                let at = ui.moment(sight.at, state.now);
                vec![
                    dim(words::runbook::query(texts, *query).to_owned()),
                    marked(mark, &report::seen(sight, texts), style),
                    dim(t!(texts, "runbooks.view.looked", at = at)),
                ]
            }
            None => {
                vec![
                    dim(words::runbook::query(texts, *query).to_owned()),
                    marked(ui.glyphs.progress, t!(texts, "runbooks.view.looking"), ui.theme.progress),
                ]
            }
        },
        StepKind::Note { evidence } => evidence.iter().map(|kind| kept(ui, visit, *kind)).collect(),
        StepKind::Decision { yes, no } => {
            let to = |id: &Option<StepId>| match id.as_ref().and_then(|id| view.run.runbook.step(id)) {
                Some(step) => step_name(state, ui, view.place.environment, step),
                None => t!(texts, "runbooks.step.end").to_owned(),
            };
            let arrow = ui.glyphs.arrow;
            vec![
                dim(format!("{} {arrow} {}", t!(texts, "runbooks.step.yes"), to(yes))),
                dim(format!("{} {arrow} {}", t!(texts, "runbooks.step.no"), to(no))),
            ]
        }
        StepKind::Operation { .. } => operation(state, ui, view, visit),
        StepKind::Escalate { chain, after } => {
            let minutes = dim(t!(texts, "runbooks.view.each", n = after.as_mins()));
            let people = chain.iter().enumerate().map(|(number, person)| {
                let name = words::runbook::text(texts, person);
                person_line(state, ui, view, number, name)
            });
            people.chain([minutes]).collect()
        }
        StepKind::Export => {
            let files = visit.deeds.iter().rev().find_map(|deed| match &deed.what {
                What::Exported(files) => Some(files),
                _ => None,
            });
            match files {
                Some(files) => files.iter().map(|file| marked(ui.glyphs.ok, file, ui.theme.text)).collect(),
                None => vec![marked(ui.glyphs.progress, t!(texts, "runbooks.view.writing"), ui.theme.progress)],
            }
        }
    }
}

/// Says whether a note has what it keeps.
fn kept(ui: &Ui, visit: &Visit, kind: Evidence) -> Line<'static> {
    let is_there = visit.deeds.iter().any(|deed| match kind {
        Evidence::Text => matches!(deed.what, What::Wrote(_)),
        Evidence::Snapshot => matches!(deed.what, What::Kept(_)),
    });
    let word = words::runbook::evidence(ui.texts, kind);
    if is_there { marked(ui.glyphs.ok, word, ui.theme.ok) } else { marked(ui.glyphs.notice, word, ui.theme.text) }
}

/// Says how the operation of a step stands: under way, or how it ended; before that, what it would be.
fn operation(state: &State, ui: &Ui, view: &RunView, visit: &Visit) -> Vec<Line<'static>> {
    let texts = ui.texts;
    if let Some(began) = visit.under_way() {
        let live = view.operation.and_then(|id| state.sessions.get(id));
        let standing = match live {
            Some(live) => {
                let (mark, word, style) = words::session::standing(ui, live, state.now);
                marked(mark, &word, style)
            }
            None => marked(ui.glyphs.progress, t!(texts, "runbooks.run.under-way"), ui.theme.progress),
        };
        return vec![Line::styled(began.entry.to_string(), ui.theme.title), standing];
    }
    let Some(came) = visit.outcome() else {
        return vec![Line::styled(t!(texts, "runbooks.view.preview"), ui.theme.dim)];
    };
    let (mark, style) = match came.result {
        Outcome::Done => (ui.glyphs.ok, ui.theme.ok),
        Outcome::Failed => (ui.glyphs.critical, ui.theme.critical),
        Outcome::Refused | Outcome::Cancelled => (ui.glyphs.denied, ui.theme.warning),
        Outcome::Unknown => (ui.glyphs.unknown, ui.theme.unknown),
    };
    let mut lines = vec![marked(
        mark,
        &t!(texts, "runbooks.report.operation-came", result = report::outcome(came.result, texts)),
        style,
    )];
    if !came.detail.is_empty() {
        lines.push(Line::styled(came.detail.clone(), ui.theme.text));
    }
    if came.result == Outcome::Unknown {
        lines.push(Line::styled(t!(texts, "operations.finish.unknown"), ui.theme.warning));
    }
    lines
}

/// Says of a person of a chain when they were told, or are to be.
fn person_line(state: &State, ui: &Ui, view: &RunView, number: usize, name: &str) -> Line<'static> {
    let texts = ui.texts;
    let Some(chain) = view.run.escalation(state.now) else { return Line::default() };
    let told = chain.told.get(number).map(|at| ui.moment(*at, state.now));
    let (mark, when, style) = match (told, chain.next) {
        _ if chain.answered == Some(number) => {
            (ui.glyphs.ok, t!(texts, "runbooks.run.has-answered").to_owned(), ui.theme.ok)
        }
        (Some(at), _) => (ui.glyphs.progress, t!(texts, "runbooks.run.was-told", at = at), ui.theme.text),
        (None, Some((next, _))) if next == number && chain.is_due => {
            (ui.glyphs.warning, t!(texts, "runbooks.run.tell-now").to_owned(), ui.theme.warning)
        }
        (None, Some((next, at))) if next == number => {
            let at = ui.moment(at, state.now);
            (ui.glyphs.notice, t!(texts, "runbooks.run.tell-at", at = at), ui.theme.text)
        }
        (None, _) => (" ", String::new(), ui.theme.dim),
    };
    marked(mark, format!("{}. {name}  {when}", number + 1).trim_end(), style)
}

/// Says which keys do something in the step, on as many lines as that needs.
fn keys(state: &State, ui: &Ui, view: &RunView, room: usize) -> Vec<Line<'static>> {
    let key = |command: Command| ui.keymap.chords(Scope::Run.chain(), command).into_iter().next();
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (command, text) in KEYS.into_iter().filter(|(command, _)| state.acts(*command)) {
        let Some(key) = key(command) else { continue };
        let text = if command == Command::GoOn { goes_on(view, state) } else { text };
        let pair = [Span::styled(key, ui.theme.key), Span::styled(format!(" {}  ", ui.texts.get(text)), ui.theme.dim)];
        let width = line_width(&Line::from(pair.to_vec()));
        match lines.last_mut().filter(|line| line_width(line) + width <= room + 2) {
            Some(line) => line.spans.extend(pair),
            None => lines.push(Line::from(pair.to_vec())),
        }
    }
    lines
}

/// Names what going on means now: what the step lacks next, or the next step.
fn goes_on(view: &RunView, state: &State) -> &'static str {
    match view.next_missing(state.now) {
        Some(Missing::Text) => "runbooks.run.key.write",
        Some(Missing::Sight) => "runbooks.run.key.look",
        Some(Missing::Operation) if view.is_acting() => "runbooks.run.key.show",
        Some(Missing::Operation) => "runbooks.run.key.operate",
        _ => "runbooks.run.key.next",
    }
}
