//! `runbook show`: a runbook, step by step, as a person would read it.

use std::io::{self, Write};
use std::sync::Arc;

use crate::cli::{Exit, complain};
use crate::config::document::{nearest, printable};
use crate::domain::environment::Environment;
use crate::i18n::Texts;
use crate::runbook::book::{Runbook, RunbookId, Step, StepId, StepKind};
use crate::runbook::catalogue::Catalogue;
use crate::runbook::choice::Catalogues;
use crate::t;
use crate::ui::words;

use super::places;

/// Prints the runbook of each environment once.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn run(
    id: &str,
    environments: &[&Environment],
    catalogues: &Catalogues,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let places = places(environments, catalogues);
    let wanted = RunbookId(id.to_owned());
    let mut shown: Vec<Arc<Runbook>> = Vec::new();
    for (environment, catalogue) in &places {
        let Some(runbook) = catalogue.runbook(environment, &wanted) else { continue };
        if !shown.contains(runbook) {
            let there: Vec<(&Environment, &Catalogue)> = places
                .iter()
                .filter(|(environment, catalogue)| catalogue.runbook(environment, &wanted) == Some(runbook))
                .map(|(environment, catalogue)| (*environment, catalogue.as_ref()))
                .collect();
            write(runbook, &there, texts, out)?;
            shown.push(Arc::clone(runbook));
        }
    }
    if shown.is_empty() {
        return complain([unknown(id, &places, texts)], faults);
    }
    Ok(Exit::Fine)
}

/// Says that there is no such runbook here, and which was likely meant.
fn unknown(id: &str, places: &[(&Environment, Arc<Catalogue>)], texts: Texts) -> String {
    let own = places.iter().flat_map(|(environment, catalogue)| catalogue.runbooks_in(environment));
    let ids: Vec<String> = own.map(|runbook| runbook.id.0.clone()).collect();
    let sentence = t!(texts, "runbooks.unknown", id = printable(id));
    match nearest(id, ids.iter().map(String::as_str)) {
        Some(word) => format!("{sentence}\n    {}", t!(texts, "common.did-you-mean", word = word)),
        None => sentence,
    }
}

fn write(
    runbook: &Runbook,
    places: &[(&Environment, &Catalogue)],
    texts: Texts,
    out: &mut dyn Write,
) -> io::Result<()> {
    let names: Vec<&str> = places.iter().map(|(environment, _)| environment.name.as_str()).collect();
    let answers: Vec<String> = runbook.answers.iter().map(ToString::to_string).collect();
    writeln!(out, "{} ({})", words::runbook::text(texts, &runbook.title), runbook.id)?;
    writeln!(out, "{}: {}", t!(texts, "screens.column.environment"), names.join(" "))?;
    writeln!(out, "{}: {}", t!(texts, "runbooks.column.roles"), runbook.roles.join(" "))?;
    if !answers.is_empty() {
        writeln!(out, "{}: {}", t!(texts, "runbooks.column.answers"), answers.join(" "))?;
    }
    for (index, step) in runbook.steps.iter().enumerate() {
        let kind = words::runbook::kind(texts, &step.kind);
        writeln!(out, "\n{}. {} [{kind}] ({})", index + 1, words::runbook::name(texts, step), step.id)?;
        if let Some(prompt) = &step.prompt {
            writeln!(out, "   {}", words::runbook::text(texts, prompt))?;
        }
        for line in details(step, places, texts) {
            writeln!(out, "   {line}")?;
        }
        for line in ways(runbook, index, texts) {
            writeln!(out, "   {line}")?;
        }
    }
    Ok(())
}

/// Says what a step looks at, keeps, does, or whom it tells.
fn details(step: &Step, places: &[(&Environment, &Catalogue)], texts: Texts) -> Vec<String> {
    match &step.kind {
        StepKind::Check { query } => vec![format!("{}: {}", words::runbook::query(texts, *query), query.name())],
        StepKind::Note { evidence } => {
            let kept: Vec<&str> = evidence.iter().map(|kind| words::runbook::evidence(texts, *kind)).collect();
            vec![t!(texts, "runbooks.step.keeps", what = kept.join(words::session::comma(texts)))]
        }
        StepKind::Decision { .. } | StepKind::Export => Vec::new(),
        StepKind::Operation { entry } => {
            let asks = |(environment, catalogue): &(&Environment, &Catalogue)| {
                let first = catalogue.entries_named(environment, entry).into_iter().next()?;
                let asked = words::gate::asks(texts, &first);
                Some(format!("{}: {entry} {} ({asked})", environment.name, first.operation.name()))
            };
            places.iter().filter_map(asks).collect()
        }
        StepKind::Escalate { chain, after } => {
            let people: Vec<&str> = chain.iter().map(|person| words::runbook::text(texts, person)).collect();
            vec![t!(texts, "runbooks.step.chain", chain = people.join(" → "), n = after.as_mins())]
        }
    }
}

/// Says where a step leads, where that is not the one below it.
fn ways(runbook: &Runbook, index: usize, texts: Texts) -> Vec<String> {
    let to = |way: &Option<StepId>| match way {
        Some(id) => format!("{} {id}", runbook.number(id).unwrap_or_default()),
        None => t!(texts, "runbooks.step.end").to_owned(),
    };
    let Some(step) = runbook.steps.get(index) else { return Vec::new() };
    match &step.kind {
        StepKind::Decision { yes, no } => vec![
            format!("{} → {}", t!(texts, "runbooks.step.yes"), to(yes)),
            format!("{} → {}", t!(texts, "runbooks.step.no"), to(no)),
        ],
        _ if step.next.as_ref() == runbook.steps.get(index + 1).map(|below| &below.id) => Vec::new(),
        _ => vec![format!("→ {}", to(&step.next))],
    }
}
