//! The table of `get`, for people: aligned by display width, whatever the script.

mod security;

use std::io::{self, Write};

use crate::cli::args::View;
use crate::domain::queue::{Place, Severity};
use crate::domain::text;
use crate::i18n::Texts;
use crate::state::State;
use crate::t;
use crate::ui::words;

use super::ask::Ask;
use super::json::shown_tasks;

/// The titles of a table, and its rows.
pub type Columns = (Vec<&'static str>, Vec<Vec<String>>);

/// Prints a view as a table.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn print(state: &State, ask: &Ask, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    let (titles, rows): Columns = match ask.view {
        View::Services => services(state, texts),
        View::Tasks => tasks(state, texts),
        View::Waf if ask.acl.is_some() => security::rules(state, ask, texts),
        View::Waf => security::web_acls(state, ask, texts),
        View::Alarms => alarms(state, texts),
        View::Findings => security::findings(state, ask, texts),
        View::Queue => queue(state, texts),
        View::Fleet => security::fleet(state, texts),
        // They are of the catalogue as much as of the state.
        View::Targets => return Ok(()),
    };
    if rows.is_empty() {
        let key = if ask.view == View::Queue { "cli.get.quiet" } else { "cli.get.nothing" };
        return writeln!(out, "{}", texts.get(key));
    }
    write((titles, rows), out)
}

/// Prints columns, aligned.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn write((titles, rows): Columns, out: &mut dyn Write) -> io::Result<()> {
    let widths: Vec<usize> = (0..titles.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| text::width(cell));
            cells.max().unwrap_or(0).max(text::width(titles[column]))
        })
        .collect();
    let titles: Vec<String> = titles.into_iter().map(str::to_owned).collect();
    for row in std::iter::once(&titles).chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&text::pad(cell, *width));
            line.push_str("  ");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn environment(state: &State, place: Place, texts: Texts) -> String {
    place
        .environment
        .and_then(|index| state.environments.get(index))
        .map_or_else(|| t!(texts, "screens.unassigned").to_owned(), |environment| environment.name.clone())
}

fn services(state: &State, texts: Texts) -> Columns {
    let titles = vec![
        t!(texts, "screens.column.status"),
        t!(texts, "screens.column.environment"),
        t!(texts, "screens.column.cluster"),
        t!(texts, "screens.column.service"),
        t!(texts, "screens.column.tasks"),
        t!(texts, "screens.column.version"),
    ];
    let rows = state.services.rows.iter().map(|row| {
        vec![
            steadiness(texts, row.steadiness).to_owned(),
            environment(state, row.place, texts),
            row.id.key.cluster.clone(),
            row.id.key.service.clone(),
            format!("{}/{}", row.service.running, row.service.desired),
            row.image.as_ref().map_or("-", |image| image.version()).to_owned(),
        ]
    });
    (titles, rows.collect())
}

fn steadiness(texts: Texts, steadiness: crate::domain::ecs::Steadiness) -> &'static str {
    use crate::domain::ecs::Steadiness;
    match steadiness {
        Steadiness::Steady => t!(texts, "screens.steadiness.steady"),
        Steadiness::Stopped => t!(texts, "screens.steadiness.stopped"),
        Steadiness::Draining => t!(texts, "screens.steadiness.draining"),
        Steadiness::Rolling => t!(texts, "screens.steadiness.rolling"),
        Steadiness::Short => t!(texts, "screens.steadiness.short"),
        Steadiness::Failing => t!(texts, "screens.steadiness.failing"),
    }
}

fn tasks(state: &State, texts: Texts) -> Columns {
    let titles = vec![
        t!(texts, "screens.column.status"),
        t!(texts, "screens.column.environment"),
        t!(texts, "screens.column.cluster"),
        t!(texts, "screens.column.service"),
        t!(texts, "screens.column.task"),
        t!(texts, "screens.column.health"),
        t!(texts, "screens.column.age"),
        t!(texts, "screens.column.image"),
    ];
    let rows = shown_tasks(state).map(|(_, place, task)| {
        let image = task.containers.first().map_or_else(String::new, |container| {
            format!("{}:{}", container.image.repository(), container.image.version())
        });
        vec![
            task.last_status.clone(),
            environment(state, place, texts),
            task.cluster.clone(),
            task.service.clone().unwrap_or_else(|| "-".to_owned()),
            task.id.clone(),
            task.health.clone(),
            words::since(texts, state.now, task.started_at.or(task.created_at)),
            image,
        ]
    });
    (titles, rows.collect())
}

fn alarms(state: &State, texts: Texts) -> Columns {
    let titles = vec![
        t!(texts, "screens.column.state"),
        t!(texts, "screens.column.since"),
        t!(texts, "screens.column.environment"),
        t!(texts, "screens.column.alarm"),
        t!(texts, "screens.column.condition"),
    ];
    let rows = state.alarms.rows.iter().map(|row| {
        vec![
            row.alarm.state.as_str().to_owned(),
            words::since(texts, state.now, row.alarm.since),
            environment(state, row.place, texts),
            row.alarm.name.clone(),
            words::condition(texts, &row.alarm),
        ]
    });
    (titles, rows.collect())
}

fn queue(state: &State, texts: Texts) -> Columns {
    let titles = vec![
        t!(texts, "screens.column.severity"),
        t!(texts, "screens.column.environment"),
        t!(texts, "screens.column.since"),
        t!(texts, "screens.overview.queue"),
    ];
    let rows = state.overview.items.iter().map(|item| {
        vec![
            severity(texts, item.severity).to_owned(),
            environment(state, item.place, texts),
            words::since(texts, state.now, item.since),
            words::trouble(texts, state, item.place, &item.trouble),
        ]
    });
    (titles, rows.collect())
}

fn severity(texts: Texts, severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => t!(texts, "screens.severity.critical"),
        Severity::High => t!(texts, "screens.severity.high"),
        Severity::Medium => t!(texts, "screens.severity.medium"),
        Severity::Low => t!(texts, "screens.severity.low"),
    }
}
