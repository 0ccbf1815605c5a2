//! What IAM denied lately, from the denials that are kept and from the journal: what was tried, and not by `doctor`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::aws::{Connection, Sentence, sentence};
use crate::cli::denials::DenialStore;
use crate::domain::denied::{Denied, Whom};
use crate::domain::text::clean;
use crate::i18n::Texts;
use crate::journal::recent::recent;
use crate::journal::record::{Act, Ending, Kind, Record};
use crate::policy::compile::Compiled;
use crate::t;

/// The longest text that is shown, in characters.
const LONGEST: usize = 2_048;

/// What is remembered, of all accounts.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    kept: Vec<Denied>,
    recorded: Vec<Recorded>,
}

/// A denial that an operation of the journal met.
#[derive(Debug, Clone)]
struct Recorded {
    denied: Denied,
    entry: String,
    environment: String,
    /// Whom AWS says that it denied it; empty where it does not say.
    who: String,
}

/// A denial, with all that is known of it.
#[derive(Debug)]
struct Known {
    denied: Denied,
    /// The entries whose operations met it.
    entries: BTreeSet<String>,
    /// The role that a document runs under, where it was denied to that.
    role: Option<String>,
}

/// What is known of an account beside what is remembered.
pub(super) struct Now<'a> {
    /// The connection to it.
    pub connection: &'a Connection,
    /// The role of whoever asks, compiled; none where there is no one role.
    pub compiled: Option<&'a Compiled>,
    /// The actions that were tried just now, and work on something.
    pub working: BTreeSet<String>,
    /// The actions that IAM says are allowed, wherever the role needs them.
    pub allowed: BTreeSet<String>,
    /// The actions that were found to be missing just now: they have been told.
    pub told: BTreeSet<String>,
}

impl Remembered {
    /// Reads what is remembered; what cannot be read says nothing.
    pub(super) fn read(store: Option<&DenialStore>, journal: Option<&Path>, now: Timestamp) -> Self {
        let mut kept = store.map(DenialStore::load).unwrap_or_default();
        kept.retain(|denied| !denied.is_over(now));
        let mut recorded = Vec::new();
        if let Some(journal) = journal
            && let Err(error) = recent(journal, |record| take(record, &mut recorded))
        {
            tracing::warn!(%error, "the journal was not read");
        }
        recorded.retain(|one| !one.denied.is_over(now));
        Self { kept, recorded }
    }

    /// Finds what concerns an account and region as it is read, and is not known to work by now.
    fn here(&self, now: &Now<'_>) -> Vec<Known> {
        let whom = now.connection.whom();
        let mut all: Vec<Known> = Vec::new();
        let own = self.kept.iter().filter(|denied| denied.whom == whom);
        all.extend(own.map(|denied| Known { denied: denied.clone(), entries: BTreeSet::new(), role: None }));
        for one in self.recorded.iter().filter(|one| one.denied.whom == whom) {
            let role = assumed_role(&one.who).filter(|role| Some(role.as_str()) != assumed_role(&whom.who).as_deref());
            let same = |known: &&mut Known| {
                known.role == role
                    && known.denied.action == one.denied.action
                    && known.denied.resource == one.denied.resource
            };
            match all.iter_mut().find(same) {
                Some(known) => {
                    known.denied.last = known.denied.last.max(one.denied.last);
                    // Each of them knows of what both met.
                    known.denied.times = known.denied.times.max(one.denied.times);
                    known.entries.insert(one.entry.clone());
                }
                None => {
                    let entries = BTreeSet::from([one.entry.clone()]);
                    all.push(Known { denied: one.denied.clone(), entries, role });
                }
            }
        }
        all.retain(|known| known.role.is_some() || !now.settles(&known.denied));
        all.sort_by_key(|known| std::cmp::Reverse(known.denied.last));
        all
    }
}

impl Now<'_> {
    /// Tells whether what was looked at just now says all that there is to say of a denial.
    fn settles(&self, denied: &Denied) -> bool {
        let is_told = self.told.contains(&denied.action);
        let is_allowed = self.allowed.contains(&denied.action);
        // What is allowed on one resource says nothing of another.
        let works = denied.resource.is_none() && (is_allowed || self.working.contains(&denied.action));
        is_told || works
    }

    /// Names the statement of the role's policy that allows just what was denied.
    fn needs(&self, denied: &Denied) -> Option<&str> {
        let statements = &self.compiled?.statements;
        let needed = statements.iter().find(|one| one.allows(&denied.action, denied.resource.as_deref()));
        needed.map(|statement| statement.sid.as_str())
    }
}

/// Takes a record: an outcome that AWS's denial is in, or one after which that is over.
fn take(record: &Record, recorded: &mut Vec<Recorded>) {
    let (Kind::Outcome, Some(act), Some(result)) = (record.kind, &record.act, record.result) else { return };
    if result == Ending::Done {
        let by = whom(act);
        recorded.retain(|one| one.entry != act.entry || one.environment != act.environment || one.denied.whom != by);
    }
    let Some(Sentence { who, action, resource }) = record.error.as_deref().and_then(sentence) else { return };
    let at = record.time;
    let denied = Denied::once(whom(act), &clean(&action, LONGEST), resource.as_deref(), at);
    let found = Recorded { denied, entry: act.entry.clone(), environment: act.environment.clone(), who };
    let same = |one: &&mut Recorded| {
        one.denied.is_as(&found.denied)
            && (&one.entry, &one.environment, &one.who) == (&found.entry, &found.environment, &found.who)
    };
    match recorded.iter_mut().find(same) {
        Some(one) => {
            one.denied.last = at;
            one.denied.times = one.denied.times.saturating_add(1);
        }
        None => recorded.push(found),
    }
}

/// Says for whom an act was done.
fn whom(act: &Act) -> Whom {
    let arn = &act.actor.arn;
    let is_session = arn.contains(":assumed-role/");
    let who = if is_session { arn.rsplit_once('/').map_or(arn.as_str(), |(role, _)| role) } else { arn };
    Whom { account: act.account.clone(), region: act.region.clone().unwrap_or_default(), who: who.to_owned() }
}

/// Returns the name of the role that an ARN of STS is of.
fn assumed_role(arn: &str) -> Option<String> {
    let (_, rest) = arn.split_once(":assumed-role/")?;
    rest.split('/').next().map(str::to_owned)
}

/// Prints what was denied lately here; returns whether none of it is needed.
pub(super) fn print(
    remembered: &Remembered,
    now: &Now<'_>,
    zone: &TimeZone,
    texts: Texts,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let here = remembered.here(now);
    if here.is_empty() {
        return Ok(true);
    }
    writeln!(out, "  {}", t!(texts, "cli.doctor.remembered"))?;
    let mut is_sound = true;
    for known in &here {
        let denied = &known.denied;
        let last = denied.last.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let met = t!(texts, "cli.doctor.met", last = last, n = denied.times);
        writeln!(out, "    {}  {met}", clean(&denied.action, LONGEST))?;
        if let Some(resource) = &denied.resource {
            writeln!(out, "      {}", clean(resource, LONGEST))?;
        }
        if !known.entries.is_empty() {
            let entries = known.entries.iter().map(|entry| clean(entry, LONGEST)).collect::<Vec<_>>().join(", ");
            writeln!(out, "      {}", t!(texts, "cli.doctor.met-by", entries = entries))?;
        }
        let (mend, is_needed) = mend(known, now, texts);
        is_sound &= !is_needed;
        writeln!(out, "      {mend}")?;
    }
    Ok(is_sound)
}

/// Says what to do about a denial, and whether something is to be done.
fn mend(known: &Known, now: &Now<'_>, texts: Texts) -> (String, bool) {
    let action = clean(&known.denied.action, LONGEST);
    let own = now.compiled.map(|compiled| compiled.role.as_str());
    match (&known.role, own, now.needs(&known.denied)) {
        (Some(document), Some(role), _) => {
            let document = clean(document, LONGEST);
            (t!(texts, "cli.doctor.mend-document", document = document, role = role), true)
        }
        (_, Some(role), Some(statement)) => (t!(texts, "cli.doctor.mend", role = role, statement = statement), true),
        (None, Some(role), None) => (t!(texts, "cli.doctor.not-needed", role = role), false),
        (_, None, _) => (t!(texts, "cli.remedy.denied", action = action), true),
    }
}
