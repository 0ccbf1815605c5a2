//! Web ACLs, findings and the fleet as tables.

use crate::cli::get::ask::Ask;
use crate::cli::get::read::requests;
use crate::domain::environment::AccountId;
use crate::domain::finding::Finding;
use crate::domain::waf::{Logging, Outcome, RuleLine, lines};
use crate::i18n::Texts;
use crate::state::State;
use crate::state::waf::WebAclRow;
use crate::t;
use crate::ui::words;

use super::{Columns, environment, severity};

/// Makes the table of web ACLs.
pub fn web_acls(state: &State, ask: &Ask, texts: Texts) -> Columns {
    let titles = vec![
        t!(texts, "screens.column.status"),
        t!(texts, "screens.column.environment"),
        t!(texts, "screens.column.scope"),
        t!(texts, "screens.column.web-acl"),
        t!(texts, "screens.column.allowed"),
        t!(texts, "screens.column.blocked"),
        t!(texts, "screens.column.rules"),
        t!(texts, "screens.column.logging"),
    ];
    let rows = state.waf.rows.iter().map(|row| {
        vec![
            status(texts, row),
            environment(state, row.place, texts),
            row.id.key.scope.as_str().to_owned(),
            row.id.key.name.clone(),
            sum(state, ask, row, Outcome::Allowed),
            sum(state, ask, row, Outcome::Blocked),
            row.acl.detail.as_ref().map_or_else(|| "-".to_owned(), |detail| detail.rules.len().to_string()),
            match &row.acl.logging {
                Logging::On(_) => t!(texts, "screens.waf.logging").to_owned(),
                Logging::Off => t!(texts, "screens.waf.logging-off").to_owned(),
                Logging::Unknown => "-".to_owned(),
            },
        ]
    });
    (titles, rows.collect())
}

/// Returns whether far more is blocked than usual.
fn status(texts: Texts, row: &WebAclRow) -> String {
    match &row.spike {
        Some(spike) => {
            spike.factor.map_or_else(|| t!(texts, "screens.waf.spike").to_owned(), |factor| words::times(texts, factor))
        }
        None if row.blocked.is_some() => t!(texts, "screens.waf.usual").to_owned(),
        None => "-".to_owned(),
    }
}

/// Returns the requests of the range; a dash where they are not known.
fn sum(state: &State, ask: &Ask, row: &WebAclRow, outcome: Outcome) -> String {
    let query = requests(&row.acl, outcome, ask);
    let series = query.and_then(|query| state.source(row.id.source)?.series(&query));
    series.map_or_else(|| "-".to_owned(), |series| words::number(series.points.iter().map(|(_, value)| value).sum()))
}

/// Makes the table of the rules of the web ACL that was named, or of those of the name.
pub fn rules(state: &State, ask: &Ask, texts: Texts) -> Columns {
    let titles = vec![
        t!(texts, "screens.column.environment"),
        t!(texts, "screens.column.scope"),
        t!(texts, "screens.column.rule"),
        t!(texts, "screens.column.action"),
        t!(texts, "screens.column.blocked"),
        t!(texts, "screens.column.counted"),
        t!(texts, "screens.column.share"),
        t!(texts, "screens.column.what"),
    ];
    let named = state.waf.rows.iter().filter(|row| ask.acl.as_ref() == Some(&row.id.key.name));
    let rows = named.flat_map(|row| {
        let detail = row.acl.detail.as_ref();
        let read = state.source(row.id.source).and_then(|source| source.waf_rules.get(&row.id.key));
        let traffic = read.and_then(|read| read.value.as_deref());
        let counted = detail.zip(traffic).map(|(detail, traffic)| lines(detail, traffic)).unwrap_or_default();
        let rules = detail.map_or(&[][..], |detail| &detail.rules).iter().enumerate();
        rules
            .map(|(index, rule)| {
                let line = counted.get(index);
                vec![
                    environment(state, row.place, texts),
                    row.id.key.scope.as_str().to_owned(),
                    rule.name.clone(),
                    rule.action.clone(),
                    count(texts, line, Outcome::Blocked),
                    count(texts, line, Outcome::Counted),
                    words::percent(line.and_then(|line| line.share).map(|share| share * 100.0)),
                    words::rule_kind(texts, &rule.kind),
                ]
            })
            .collect::<Vec<_>>()
    });
    (titles, rows.collect())
}

/// Returns the requests of a rule; why there are none, where it is silent.
fn count(texts: Texts, line: Option<&RuleLine>, outcome: Outcome) -> String {
    match line {
        None => "-".to_owned(),
        Some(line) => match line.silence {
            Some(silence) if outcome == Outcome::Blocked => words::silence(texts, silence).to_owned(),
            _ => words::number(line.sum(outcome)),
        },
    }
}

/// Makes the table of findings.
pub fn findings(state: &State, ask: &Ask, texts: Texts) -> Columns {
    let titles = vec![
        t!(texts, "screens.column.severity"),
        t!(texts, "screens.column.workflow"),
        t!(texts, "screens.column.age"),
        t!(texts, "screens.column.environment"),
        t!(texts, "screens.column.account"),
        t!(texts, "screens.column.product"),
        t!(texts, "screens.column.resource"),
        t!(texts, "screens.column.title"),
    ];
    let wanted = state.findings.rows.iter().filter(|row| ask.wants(&row.finding));
    let rows = wanted.map(|row| {
        let finding: &Finding = &row.finding;
        vec![
            finding.severity.as_str().to_owned(),
            finding.workflow.as_str().to_owned(),
            words::since(texts, state.now, finding.began()),
            environment(state, row.place, texts),
            finding.account.clone(),
            finding.product.clone(),
            finding.resources.first().map_or_else(|| "-".to_owned(), |resource| resource.id.clone()),
            finding.title.clone(),
        ]
    });
    (titles, rows.collect())
}

/// Makes the table of the environments.
pub fn fleet(state: &State, texts: Texts) -> Columns {
    let titles = vec![
        t!(texts, "screens.column.environment"),
        t!(texts, "screens.column.account"),
        t!(texts, "screens.overview.queue"),
        t!(texts, "screens.services.title"),
        t!(texts, "screens.alarms.title"),
        t!(texts, "screens.waf.short"),
        t!(texts, "screens.findings.title"),
    ];
    let rows = state.fleet.rows.iter().map(|row| {
        let line = &row.line;
        let configured = line.place.environment.and_then(|index| state.environments.get(index));
        let account = configured.and_then(|environment| environment.account.as_ref()).map(AccountId::hyphenated);
        let worst =
            row.worst.map_or_else(|| "-".to_owned(), |worst| format!("{} {}", severity(texts, worst), row.items));
        let more = if line.findings.partial { "+" } else { "" };
        vec![
            environment(state, line.place, texts),
            account.unwrap_or_else(|| "-".to_owned()),
            worst,
            parts(&[
                (t!(texts, "screens.steadiness.failing"), line.services.failing),
                (t!(texts, "screens.steadiness.short"), line.services.short),
                (t!(texts, "screens.steadiness.rolling"), line.services.rolling),
                (t!(texts, "screens.steadiness.steady"), line.services.steady),
            ]),
            parts(&[
                (t!(texts, "screens.alarm-state.alarm"), line.alarms.alarm),
                (t!(texts, "screens.alarm-state.no-data"), line.alarms.no_data),
                (t!(texts, "screens.alarm-state.ok"), line.alarms.ok),
            ]),
            parts(&[
                (t!(texts, "screens.waf.spike"), line.waf.spikes),
                (t!(texts, "screens.waf.usual"), line.waf.acls - line.waf.spikes),
            ]),
            parts(&[
                (t!(texts, "screens.severity.critical"), line.findings.critical),
                (t!(texts, "screens.severity.high"), line.findings.high),
            ]) + more,
        ]
    });
    (titles, rows.collect())
}

/// Returns counts with their words, those of nothing left out; a dash where all are.
fn parts(counts: &[(&str, usize)]) -> String {
    let some: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect();
    if some.is_empty() { "-".to_owned() } else { some.join(" ") }
}
