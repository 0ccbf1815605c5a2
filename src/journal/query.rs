//! What is looked for in a journal.

use jiff::Timestamp;

use crate::domain::environment::name_matches;

use super::record::{Ending, Kind, Record};

/// What a record must be to be shown; nothing lets all of them through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Not newer than this.
    pub until: Option<Timestamp>,
    /// The catalogue entry.
    pub entry: Option<String>,
    /// The user, or the ARN.
    pub actor: Option<String>,
    /// What came of it: a name of [`verdict`].
    pub result: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// The ticket, exactly.
    pub ticket: Option<String>,
    /// The run of a runbook, exactly.
    pub run: Option<String>,
    /// Words that must all stand somewhere in it, in lower case.
    pub words: Vec<String>,
}

/// The names that [`verdict`] gives, in the order in which help lists them.
pub const VERDICTS: [&str; 10] =
    ["begun", "done", "terminated", "limit-reached", "lost", "not-started", "failed", "unknown", "denied", "recovered"];

/// Names what a record says came of something: the result of an outcome, else what kind of record it is.
pub fn verdict(record: &Record) -> &'static str {
    match (record.kind, record.result) {
        (Kind::Denied, _) => "denied",
        (Kind::Intent, _) | (Kind::Outcome, None) => "begun",
        (Kind::Recovered, _) => "recovered",
        (Kind::Outcome, Some(ending)) => match ending {
            Ending::Done => "done",
            Ending::Terminated => "terminated",
            Ending::LimitReached => "limit-reached",
            Ending::Lost => "lost",
            Ending::NotStarted => "not-started",
            Ending::Failed => "failed",
            Ending::Unknown => "unknown",
        },
    }
}

impl Query {
    /// Reads what a person typed: words, and `entry:`, `actor:`, `result:`, `env:`, `ticket:` and `run:` before one.
    pub fn of(text: &str) -> Self {
        let mut query = Self::default();
        for word in text.split_whitespace() {
            let part = word.split_once(':').filter(|(_, value)| !value.is_empty());
            let place = match part.map(|(name, _)| name) {
                Some("entry") => &mut query.entry,
                Some("actor") => &mut query.actor,
                Some("result") => &mut query.result,
                Some("env") => &mut query.environment,
                Some("ticket") => &mut query.ticket,
                Some("run") => &mut query.run,
                _ => {
                    query.words.push(word.to_lowercase());
                    continue;
                }
            };
            *place = part.map(|(_, value)| value.to_owned());
        }
        query
    }

    /// Tells whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tells whether a record is what is looked for.
    pub fn matches(&self, record: &Record) -> bool {
        let act = record.act.as_ref();
        let has = |wanted: &Option<String>, found: &[Option<&str>]| {
            wanted.as_ref().is_none_or(|wanted| found.iter().flatten().any(|found| fits(wanted, found)))
        };
        let is = |wanted: &Option<String>, found: Option<&String>| wanted.is_none() || wanted.as_ref() == found;
        self.since.is_none_or(|since| record.time >= since)
            && self.until.is_none_or(|until| record.time <= until)
            && has(&self.entry, &[act.map(|act| act.entry.as_str())])
            && has(&self.actor, &[act.map(|act| act.actor.user.as_str()), act.map(|act| act.actor.arn.as_str())])
            && has(&self.result, &[Some(verdict(record))])
            && has(&self.environment, &[act.map(|act| act.environment.as_str())])
            && is(&self.ticket, act.and_then(|act| act.ticket.as_ref()))
            && is(&self.run, act.and_then(|act| act.run.as_ref()))
            && self.says(record)
    }

    /// Tells whether all words stand in the record.
    fn says(&self, record: &Record) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let text = haystack(record);
        self.words.iter().all(|word| text.contains(word.as_str()))
    }
}

/// Tells whether a name fits: with `*` or `?` as a whole, as in IAM, else where it stands in it.
fn fits(wanted: &str, name: &str) -> bool {
    if wanted.contains(['*', '?']) {
        name_matches(wanted, name)
    } else {
        name.to_lowercase().contains(&wanted.to_lowercase())
    }
}

/// Returns what a record says, as it is searched: in lower case.
fn haystack(record: &Record) -> String {
    let mut texts: Vec<&str> = vec![verdict(record)];
    let seq = format!("#{}", record.seq);
    texts.push(&seq);
    if let Some(act) = &record.act {
        let always =
            [&act.actor.user, &act.actor.arn, &act.role, &act.host, &act.environment, &act.account, &act.entry];
        texts.extend(always.into_iter().map(String::as_str));
        let may_be =
            [&act.region, &act.operation, &act.target, &act.target_arn, &act.reason, &act.ticket, &act.run, &act.step];
        texts.extend(may_be.into_iter().flatten().map(String::as_str));
        texts.extend(act.parameters.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
    }
    let own = [&record.denial, &record.error, &record.session_id, &record.request_id, &record.execution_id];
    texts.extend(own.into_iter().flatten().map(String::as_str));
    texts.extend(record.session_ids.iter().map(String::as_str));
    texts.extend(record.torn.as_ref().map(|torn| torn.text.as_str()));
    texts.join("\n").to_lowercase()
}
