//! The counts of an environment, a cell a concern: what is wrong comes first, and what could not be read is told.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::fetch::{Failure, FailureKind, Panel as Read};
use crate::domain::queue::Place;
use crate::state::State;
use crate::state::lines::EnvironmentLine;
use crate::t;

use super::{Ui, unread, words};

/// One environment, drawn.
pub struct Multiple {
    /// Its name.
    pub place: Span<'static>,
    /// Its services by how they fare.
    pub services: Line<'static>,
    /// Its alarms by state.
    pub alarms: Line<'static>,
    /// Its web ACLs: those that block far more than usual.
    pub waf: Line<'static>,
    /// Its findings to do.
    pub findings: Line<'static>,
}

/// A number with its mark, the word for it and its style.
type Count = (String, &'static str, &'static str, Style);

impl Multiple {
    /// Draws an environment's counts, with words or as marks alone.
    pub fn new(state: &State, ui: &Ui, line: &EnvironmentLine, in_words: bool) -> Self {
        let (services, alarms, findings) = (line.services, line.alarms, line.findings);
        let (theme, glyphs, texts) = (&ui.theme, ui.glyphs, ui.texts);
        let number = |n: usize| if n > 0 { words::thousands(n) } else { String::new() };
        let cell = |counts: &[Count], panel| counted(ui, counts, in_words, &missing(state, line.place, panel));
        let plus = if findings.partial { "+" } else { "" };
        let many = |n: usize| if n > 0 { format!("{}{plus}", words::thousands(n)) } else { String::new() };
        let spikes = match line.waf.factor {
            Some(factor) if line.waf.spikes > 0 => words::times(texts, factor),
            _ => number(line.waf.spikes),
        };
        Self {
            place: ui.place(state, line.place),
            services: cell(
                &[
                    (
                        number(services.failing),
                        glyphs.critical,
                        t!(texts, "screens.steadiness.failing"),
                        theme.critical,
                    ),
                    (number(services.short), glyphs.warning, t!(texts, "screens.steadiness.short"), theme.warning),
                    (
                        number(services.rolling),
                        glyphs.progress,
                        t!(texts, "screens.steadiness.rolling"),
                        theme.progress,
                    ),
                    // What is well needs no word; the room is for what is not.
                    (number(services.steady), glyphs.ok, "", theme.ok),
                ],
                Read::Services,
            ),
            alarms: cell(
                &[
                    (number(alarms.alarm), glyphs.critical, t!(texts, "screens.alarm-state.alarm"), theme.critical),
                    (number(alarms.no_data), glyphs.unknown, t!(texts, "screens.alarm-state.no-data"), theme.unknown),
                    (number(alarms.ok), glyphs.ok, "", theme.ok),
                ],
                Read::Alarms,
            ),
            waf: cell(
                &[
                    (spikes, glyphs.critical, t!(texts, "screens.waf.spike"), theme.critical),
                    (number(line.waf.acls - line.waf.spikes), glyphs.ok, "", theme.ok),
                ],
                Read::Waf,
            ),
            findings: cell(
                &[
                    (many(findings.critical), glyphs.critical, "CRITICAL", theme.critical),
                    (many(findings.high), glyphs.warning, "HIGH", theme.warning),
                    (quiet(findings.critical + findings.high, findings.partial), glyphs.ok, "", theme.ok),
                ],
                Read::Findings,
            ),
        }
    }
}

/// Says that nothing is to do, once everything has been read.
fn quiet(to_do: usize, partial: bool) -> String {
    if to_do == 0 && !partial { "0".to_owned() } else { String::new() }
}

/// Tells what is not among the counts of an environment.
enum Missing<'a> {
    Nothing,
    Awaited,
    Failed(&'a Failure),
}

/// Finds out what of a panel was not read for an environment.
fn missing(state: &State, place: Place, panel: Read) -> Missing<'_> {
    let is_own = |of: usize| state.sources.iter().filter(move |source| source.environments.contains(&of));
    let mut unread = place.environment.into_iter().flat_map(is_own).filter(|source| source.read_at(panel).is_none());
    match unread.next().map(|source| unread::failure(source, panel)) {
        None => Missing::Nothing,
        Some(None) => Missing::Awaited,
        Some(Some(failure)) => Missing::Failed(failure),
    }
}

/// Joins counts, and says where they are not all.
fn counted(ui: &Ui, counts: &[Count], in_words: bool, missing: &Missing<'_>) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let is_read = matches!(missing, Missing::Nothing);
    // A zero is a statement, and only about what was read.
    for (count, mark, word, style) in counts.iter().filter(|(count, ..)| !count.is_empty() && (is_read || count != "0"))
    {
        let gap = if spans.is_empty() { "" } else { "  " };
        let word = if in_words { *word } else { "" };
        spans.push(Span::styled(format!("{gap}{mark} {count} {word}").trim_end().to_owned(), *style));
    }
    let off = |failure: &Failure| matches!(failure.kind, FailureKind::NotEnabled | FailureKind::NotSubscribed);
    match (missing, spans.is_empty()) {
        (Missing::Nothing, true) => spans.push(Span::styled("-", ui.theme.dim)),
        (Missing::Nothing, false) => {}
        (Missing::Awaited, true) => spans.push(Span::styled(t!(ui.texts, "screens.loading"), ui.theme.dim)),
        (Missing::Awaited, false) => spans.push(Span::styled(format!("  {}", ui.glyphs.ellipsis), ui.theme.dim)),
        (Missing::Failed(failure), true) if off(failure) => {
            spans.push(Span::styled(t!(ui.texts, "screens.off"), ui.theme.unknown));
        }
        (Missing::Failed(failure), true) => spans.push(unread::status(ui, failure)),
        (Missing::Failed(_), false) => spans.push(Span::styled(format!("  {}", ui.glyphs.denied), ui.theme.warning)),
    }
    Line::from(spans)
}
