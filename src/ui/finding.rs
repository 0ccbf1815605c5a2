//! One finding in full: what, where, since when, what to do, and what became of it so far.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::fetch::Panel as Read;
use crate::domain::finding::Finding;
use crate::domain::text;
use crate::state::State;
use crate::state::findings::{FindingRow, FindingView};
use crate::t;

use super::findings::{severity_words, title};
use super::widgets::panel::Panel;
use super::widgets::{put, put_line, wrap_within};
use super::{Drawn, Ui, unread, words};

/// Resources that are listed; AWS gives up to 32 a finding.
const MOST_RESOURCES: usize = 32;
/// Rows that one paragraph takes at most.
const PARAGRAPH: usize = 200;

/// Draws the open finding.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(view) = &state.finding else { return };
    let Some(row) = &view.row else {
        let source = state.source(view.id.source);
        let was_read = source.is_some_and(|source| source.findings.value.is_some());
        let text = unread::unread(ui, source, Read::Findings, was_read, t!(ui.texts, "screens.gone"));
        put(buf, area.x + 1, area.y, &text, area.width.saturating_sub(2), ui.theme.dim);
        return;
    };
    let (mark, word, style) = severity_words(ui, &row.finding.severity);
    let mut status = Vec::new();
    if !view.exists {
        status.push(Span::styled(t!(ui.texts, "screens.gone"), ui.theme.warning));
    }
    let source = state.source(view.id.source);
    status.extend(source.map(|source| ui.freshness(state, &source.findings)).unwrap_or_default());
    let panel = Panel {
        title: Line::from(vec![
            Span::styled(format!("{mark} {word} "), style),
            workflow(state, ui, &row.finding),
            ui.place(state, row.place),
        ]),
        status,
        focused: true,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let room = inner.width.saturating_sub(2);
    let lines = Sheet::new(state, ui, usize::from(room)).of(view, row);
    let page = usize::from(inner.height);
    drawn.page = page;
    drawn.end = lines.len().saturating_sub(page);
    let offset = view.scroll.0.min(drawn.end);
    for (line, y) in lines.iter().skip(offset).zip(inner.y..inner.bottom()) {
        put_line(buf, inner.x + 1, y, line, room);
    }
}

/// Returns how far people have got with a finding, with what was done here and is not seen yet.
fn workflow(state: &State, ui: &Ui, finding: &Finding) -> Span<'static> {
    let now = finding.workflow.as_str();
    match state.findings.pending(finding) {
        Some(status) => {
            let (arrow, to) = (ui.glyphs.arrow, status.name());
            let pending = t!(ui.texts, "operations.pending", from = now, arrow = arrow, to = to);
            Span::styled(format!("{} {pending}  ", ui.glyphs.progress), ui.theme.progress)
        }
        None => Span::styled(format!("{now}  "), ui.theme.text),
    }
}

/// Writes a finding down, wrapped to a width.
struct Sheet<'a> {
    state: &'a State,
    ui: &'a Ui,
    room: usize,
    lines: Vec<Line<'static>>,
}

impl<'a> Sheet<'a> {
    fn new(state: &'a State, ui: &'a Ui, room: usize) -> Self {
        Self { state, ui, room, lines: Vec::new() }
    }

    fn of(mut self, view: &FindingView, row: &FindingRow) -> Vec<Line<'static>> {
        let (texts, finding) = (self.ui.texts, &row.finding);
        self.paragraph(&title(self.ui, &finding.title), self.ui.theme.title);
        self.paragraph(&finding.description, self.ui.theme.text);
        if !finding.remediation.text.is_empty() || !finding.remediation.url.is_empty() {
            self.heading(t!(texts, "screens.finding.remediation"));
            self.paragraph(&finding.remediation.text, self.ui.theme.text);
            self.paragraph(&finding.remediation.url, self.ui.theme.accent);
        }
        self.heading(t!(texts, "screens.finding.facts"));
        self.facts(finding);
        if !finding.resources.is_empty() {
            self.heading(t!(texts, "screens.finding.resources"));
        }
        for resource in finding.resources.iter().take(MOST_RESOURCES) {
            let text = format!("{}  {}  {}", resource.kind, resource.id, resource.region);
            self.paragraph(text.trim(), self.ui.theme.text);
        }
        if !finding.note.is_empty() {
            self.heading(t!(texts, "screens.finding.note"));
            self.paragraph(&finding.note, self.ui.theme.text);
        }
        self.heading(t!(texts, "screens.finding.history"));
        self.history(view);
        self.lines
    }

    fn facts(&mut self, finding: &Finding) {
        let texts = self.ui.texts;
        let facts = [
            (t!(texts, "screens.column.account"), finding.account.clone()),
            (t!(texts, "screens.finding.region"), finding.region.clone()),
            (t!(texts, "screens.column.product"), finding.product.clone()),
            (t!(texts, "screens.finding.control"), finding.control.clone()),
            (t!(texts, "screens.finding.compliance"), finding.compliance.clone()),
            (t!(texts, "screens.finding.types"), finding.types.join(", ")),
            (t!(texts, "screens.finding.generator"), finding.generator.clone()),
            (t!(texts, "screens.finding.first-seen"), self.moment(finding.first_seen)),
            (t!(texts, "screens.finding.last-seen"), self.moment(finding.last_seen)),
            (t!(texts, "screens.finding.created"), self.moment(finding.created_at)),
            (t!(texts, "screens.finding.updated"), self.moment(finding.updated_at)),
            (t!(texts, "screens.finding.id"), finding.key.id.clone()),
        ];
        let width = facts.iter().map(|(name, _)| text::width(name)).max().unwrap_or(0);
        for (name, value) in facts {
            // What the finding does not say is told as that: half of ASFF's fields are optional.
            let value = if value.is_empty() { "-".to_owned() } else { value };
            let rows = text::wrap(&value, self.room.saturating_sub(width + 2).max(8));
            for (index, row) in rows.into_iter().enumerate() {
                let name = if index == 0 { name } else { "" };
                self.lines.push(Line::from(vec![
                    Span::styled(format!("{}  ", text::pad(name, width)), self.ui.theme.dim),
                    Span::styled(row.to_owned(), self.ui.theme.text),
                ]));
            }
        }
    }

    fn moment(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(String::new, |at| {
            let zoned = at.to_zoned(self.ui.zone.clone()).strftime("%Y-%m-%d %H:%M");
            let age = words::since(self.ui.texts, self.state.now, Some(at));
            format!("{zoned} {} {}", self.ui.glyphs.separator, t!(self.ui.texts, "screens.ago", age = age))
        })
    }

    fn history(&mut self, view: &FindingView) {
        let source = self.state.source(view.id.source);
        let fetched = source.and_then(|source| source.finding_histories.get(&view.id.key));
        let changes = fetched.and_then(|fetched| fetched.value.clone());
        let Some(changes) = changes.filter(|changes| !changes.is_empty()) else {
            let was_read = fetched.is_some_and(|fetched| fetched.value.is_some());
            let none = t!(self.ui.texts, "screens.finding.no-history");
            let text = unread::unread(self.ui, source, Read::FindingHistory, was_read, none);
            return self.paragraph(&text, self.ui.theme.dim);
        };
        for change in changes.iter() {
            let what = if change.created { t!(self.ui.texts, "screens.finding.was-created") } else { "" };
            let fields = change.fields.iter().map(|(name, old, new)| {
                let arrow = self.ui.glyphs.arrow;
                if old.is_empty() { format!("{name} {new}") } else { format!("{name} {old} {arrow} {new}") }
            });
            let fields = std::iter::once(what.to_owned()).chain(fields).filter(|text| !text.is_empty());
            let fields = fields.collect::<Vec<_>>().join(", ");
            let at = self.ui.moment(change.at, self.state.now);
            self.paragraph(&format!("{at}  {fields}  {}", change.by), self.ui.theme.text);
        }
    }

    fn heading(&mut self, heading: &'static str) {
        self.lines.push(Line::default());
        self.lines.push(Line::styled(heading, self.ui.theme.header));
    }

    /// Adds a text, wrapped; nothing where there is none.
    fn paragraph(&mut self, text: &str, style: ratatui::style::Style) {
        for part in text.split('\n').filter(|part| !part.is_empty()) {
            let line = Line::styled(part.to_owned(), style);
            let wrapped = wrap_within(&line, self.room, PARAGRAPH, self.ui.glyphs);
            let owned = wrapped.into_iter().map(|line| {
                let spans: Vec<Span<'static>> =
                    line.spans.into_iter().map(|span| Span::styled(span.content.into_owned(), span.style)).collect();
                Line::from(spans).style(style)
            });
            self.lines.extend(owned.collect::<Vec<_>>());
        }
    }
}
