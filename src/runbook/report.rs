//! The report of a run: as Markdown, as HTML, and as JSON.
//!
//! What people and AWS wrote stands in it as text: nothing of it becomes a heading, a link or a script.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::run::{Deed, How, Outcome, Run, Visit, What};
use super::words;
use crate::i18n::Texts;
use crate::runbook::book::StepKind;
use crate::runbook::query::{Sight, Verdict};
use crate::t;

mod html;
mod markdown;

pub use html::html;
pub use markdown::markdown;

/// The schema of the JSON.
const SCHEMA: &str = "sekisho/run/1";

/// Writes a run as JSON: its schema, and the run as it is kept.
///
/// # Errors
/// Where a value is none of JSON, which does not happen.
pub fn json(run: &Run) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Document<'r> {
        schema: &'static str,
        #[serde(flatten)]
        run: &'r Run,
    }
    serde_json::to_string_pretty(&Document { schema: SCHEMA, run })
}

/// What a report says, in the order in which it is read.
struct Report {
    title: String,
    facts: Vec<(&'static str, String)>,
    sections: Vec<Section>,
}

/// A step that was come to.
struct Section {
    title: String,
    when: String,
    prompt: Option<String>,
    lines: Vec<Line>,
}

/// A thing that is said of a step.
enum Line {
    /// Words of ours, with what they are about.
    Said(String),
    /// Words of a person, or what a dashboard showed, as they are.
    Quoted(String, String),
}

/// What is told of something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Words of ours.
    Said(String),
    /// What is quoted, in words of ours or none, and the words of a person or what a dashboard showed, as they are.
    Quoted(&'static str, String),
}

impl Report {
    fn of(run: &Run, texts: Texts) -> Self {
        let title = format!("{} — {}", words::text(texts, &run.runbook.title), run.id);
        let ended = match &run.ended {
            None => t!(texts, "runbooks.report.open").to_owned(),
            Some(end) => match &end.given_up {
                None => time(end.at),
                Some(why) => format!("{} ({}: {why})", time(end.at), t!(texts, "runbooks.report.given-up")),
            },
        };
        let people: Vec<String> = run
            .shifts
            .iter()
            .map(|shift| format!("{} ({}) {}", shift.actor.arn, shift.actor.role, time(shift.at)))
            .collect();
        let facts = vec![
            (t!(texts, "runbooks.report.environment"), run.setting.environment.clone()),
            (t!(texts, "runbooks.report.account"), run.setting.account.clone()),
            (t!(texts, "runbooks.report.began"), time(run.began_at())),
            (t!(texts, "runbooks.report.ended"), ended),
            (t!(texts, "runbooks.report.people"), people.join("; ")),
            (t!(texts, "runbooks.report.catalogue"), run.setting.catalogue.clone()),
        ];
        let sections = run.visits.iter().map(|visit| Section::of(run, visit, texts)).collect();
        Self { title, facts, sections }
    }
}

impl Section {
    fn of(run: &Run, visit: &Visit, texts: Texts) -> Self {
        let step = run.runbook.step(&visit.step);
        let name = step.map_or_else(|| visit.step.to_string(), |step| words::name(texts, step));
        let number = run.runbook.number(&visit.step).unwrap_or_default();
        let kind = step.map_or("", |step| words::kind(texts, &step.kind));
        let left = visit.left.as_ref().map(|left| time(left.at));
        let mut lines: Vec<Line> =
            visit.deeds.iter().map(|deed| line(deed, step.map(|step| &step.kind), texts)).collect();
        lines.extend(visit.left.as_ref().and_then(|left| leaving(&left.how, texts)).map(Line::Said));
        Self {
            title: format!("{number}. {name} [{kind}]"),
            when: format!("{} – {}", time(visit.began_at), left.unwrap_or_default()).trim_end().to_owned(),
            prompt: step.and_then(|step| step.prompt.as_ref()).map(|prompt| words::text(texts, prompt).to_owned()),
            lines,
        }
    }
}

/// Says what was done, when and by whom.
fn line(deed: &Deed, kind: Option<&StepKind>, texts: Texts) -> Line {
    let who = deed.by.rsplit('/').next().unwrap_or(&deed.by);
    let head = format!("{} {who}", time(deed.at));
    match told(deed, kind, texts) {
        Told::Said(said) => Line::Said(format!("{head}: {said}")),
        Told::Quoted("", text) => Line::Quoted(head, text),
        Told::Quoted(about, text) => Line::Quoted(format!("{head}: {about}"), text),
    }
}

/// Says what was done in a step of a kind.
pub fn told(deed: &Deed, kind: Option<&StepKind>, texts: Texts) -> Told {
    let person = |number: usize| match kind {
        Some(StepKind::Escalate { chain, .. }) => chain.get(number).map_or("", |person| words::text(texts, person)),
        _ => "",
    };
    Told::Said(match &deed.what {
        What::Wrote(text) => return Told::Quoted("", text.clone()),
        What::Kept(text) => return Told::Quoted(t!(texts, "runbooks.report.kept"), text.clone()),
        What::Saw(sight) => seen(sight, texts),
        What::Began(began) => t!(texts, "runbooks.report.operation-began", entry = began.entry),
        What::Came(came) => {
            let result = outcome(came.result, texts);
            let detail = if came.detail.is_empty() { String::new() } else { format!(": {}", came.detail) };
            format!("{}{detail}", t!(texts, "runbooks.report.operation-came", result = result))
        }
        What::Told(number) => t!(texts, "runbooks.report.told", person = person(*number)),
        What::Answered(number) => t!(texts, "runbooks.report.answered", person = person(*number)),
        What::Exported(files) => t!(texts, "runbooks.report.exported", files = files.join(" ")),
    })
}

/// Says what a check saw.
pub fn seen(sight: &Sight, texts: Texts) -> String {
    let mut text = match sight.verdict {
        Verdict::Clear => t!(texts, "runbooks.sight.clear").to_owned(),
        Verdict::Found => t!(texts, "runbooks.sight.found", n = sight.found.len() + sight.more),
        Verdict::Unknown => t!(texts, "runbooks.sight.unknown").to_owned(),
    };
    for name in &sight.found {
        let _ = write!(text, " · {name}");
    }
    if sight.more > 0 {
        let _ = write!(text, " · … (+{})", sight.more);
    }
    if !sight.why.is_empty() {
        let _ = write!(text, " ({})", t!(texts, "runbooks.sight.why", why = sight.why.join(", ")));
    }
    text
}

/// Returns the word for how an operation ended.
pub fn outcome(outcome: Outcome, texts: Texts) -> &'static str {
    match outcome {
        Outcome::Done => t!(texts, "runbooks.outcome.done"),
        Outcome::Refused => t!(texts, "runbooks.outcome.refused"),
        Outcome::Cancelled => t!(texts, "runbooks.outcome.cancelled"),
        Outcome::Failed => t!(texts, "runbooks.outcome.failed"),
        Outcome::Unknown => t!(texts, "runbooks.outcome.unknown"),
    }
}

/// Says how a step was left, where that is more than done.
pub fn leaving(how: &How, texts: Texts) -> Option<String> {
    match how {
        How::Done => None,
        How::Yes => Some(t!(texts, "runbooks.step.yes").to_owned()),
        How::No => Some(t!(texts, "runbooks.step.no").to_owned()),
        How::Skipped(why) => Some(t!(texts, "runbooks.report.skipped", why = why)),
    }
}

/// Writes a time as UTC, to the second.
pub fn time(at: Timestamp) -> String {
    let second = Timestamp::from_second(at.as_second()).unwrap_or(at);
    second.to_string()
}
