//! What a record holds.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::redact;
use crate::domain::environment::{AccountId, Environment};
use crate::domain::identity::{Identity, RoleResolution};
use crate::domain::target::Target;
use crate::domain::text::clean;
use crate::policy::{Authorized, Denial, Op, Request};

/// The longest text of a record, in characters: what a refused request held may be anything.
const LONGEST: usize = 2_000;

/// The most sessions that an outcome names, the oldest; with all of them a record has room in a line.
const MOST_SESSIONS: usize = 256;

/// The longest id of a session that an outcome names; AWS's have 96 characters at most.
const LONGEST_ID: usize = 200;

/// What an outcome says went wrong where the console ended before it could write one.
pub const CONSOLE_ENDED: &str = "console-ended";

/// The most parameters of a record.
const MOST_PARAMETERS: usize = 32;

/// What an operation is about beyond what was authorized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The machine that the console runs on.
    pub host: String,
    /// Where the operation goes.
    pub target: Target,
    /// The account that it is in.
    pub account: AccountId,
    /// The region that it is in.
    pub region: String,
    /// The run of a runbook that it is a step of.
    pub run: Option<RunStep>,
    /// When.
    pub at: Timestamp,
}

/// A step of a run of a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStep {
    /// The run, such as `inc-5xx/7`.
    pub run: String,
    /// The step's id.
    pub step: String,
}

/// A request that the gate did not let through.
#[derive(Debug, Clone, Copy)]
pub struct Denied<'a> {
    /// What was asked for.
    pub request: &'a Request,
    /// Why not.
    pub denial: &'a Denial,
    /// Who; nothing where nobody could be verified.
    pub identity: Option<&'a Identity>,
    /// Why not, where that was not to be found out.
    pub unverified: Option<&'a str>,
    /// The role, or why there is none.
    pub role: &'a RoleResolution,
    /// Where.
    pub environment: &'a Environment,
    /// The catalogue's SHA-256, in hex.
    pub catalogue: &'a str,
    /// The machine that the console runs on.
    pub host: &'a str,
    /// The run of a runbook that it was to be a step of.
    pub run: Option<&'a RunStep>,
    /// When.
    pub at: Timestamp,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The far side ended it, as it should.
    Done,
    /// A person here ended it.
    Terminated,
    /// Its time limit ended it.
    LimitReached,
    /// The link was lost for good.
    Lost,
    /// Something was in the way before it began; nothing was called.
    NotStarted,
    /// It failed.
    Failed,
    /// AWS's answer never came: it may or may not have happened.
    Unknown,
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub result: Ending,
    /// AWS's ids of the sessions that there were, the oldest first: a tunnel may have had several.
    pub session_ids: Vec<String>,
    /// AWS's id of the request, where there was one.
    pub request_id: Option<String>,
    /// AWS's id of the Automation execution, where there was one.
    pub execution_id: Option<String>,
    /// How long it took.
    pub duration: SignedDuration,
    /// What went wrong.
    pub error: Option<String>,
    /// The recording's SHA-256 in hex, where it was recorded.
    pub recording_sha256: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Who acted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The ARN that STS confirmed.
    pub arn: String,
    /// The user, or the session's name.
    pub user: String,
    /// The unique id.
    pub user_id: String,
}

/// What kind of record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The gate refused.
    Denied,
    /// Before an operation.
    Intent,
    /// After an operation.
    Outcome,
    /// A line that was torn off was taken out of the file, and is kept here.
    Recovered,
}

/// One record. What does not apply to its kind is not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of this form.
    pub version: u32,
    /// Its number, from one, without gaps.
    pub seq: u64,
    /// When, in UTC.
    pub time: Timestamp,
    /// What kind of record it is.
    pub kind: Kind,
    /// Who, and where from and where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// Which rule refused, of a denial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denial: Option<String>,
    /// Which record an outcome belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Ending>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// AWS's id of the session, or of the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// AWS's ids of all sessions where there were several, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub session_ids: Vec<String>,
    /// AWS's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// AWS's id of the Automation execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// The program that an intent belongs to until its outcome is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
    /// The recording's SHA-256, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_sha256: Option<String>,
    /// The line that was torn off, as far as it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<Torn>,
    /// How many secrets were taken out of its texts.
    #[serde(skip_serializing_if = "is_zero")]
    #[serde(default)]
    pub redacted: usize,
    /// The hash of the record before, 64 zeros for the first.
    pub prev: String,
    /// The SHA-256 in hex of the canonical JSON (RFC 8785) of this record without this member.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
}

/// Who wanted to do what, where and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Who.
    pub actor: Actor,
    /// The role; several where the configuration is at fault, with commas between them; empty where there is none.
    pub role: String,
    /// The machine that the console ran on.
    pub host: String,
    /// The environment.
    pub environment: String,
    /// The account.
    pub account: String,
    /// The region, of what was let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The catalogue entry.
    pub entry: String,
    /// The operation, of what was let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The catalogue's SHA-256, in hex.
    pub catalogue: String,
    /// The parameters.
    pub parameters: BTreeMap<String, String>,
    /// The target, as people name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The target's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_arn: Option<String>,
    /// The reason that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The ticket that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The run of a runbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The step of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// A program that had operations under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Its mark: the name of the file in `processes` that it held locked as long as it lived.
    pub id: String,
    /// The number that the operating system gave it, for whoever looks through other logs.
    pub pid: u32,
}

/// What was left of a line that was not written to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Torn {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256, in hex.
    pub sha256: String,
    /// Their beginning, as text.
    pub text: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Makes texts fit for the journal, and counts the secrets in them.
#[derive(Default)]
struct Scribe {
    redacted: usize,
}

impl Scribe {
    /// Returns a text of a person's or of AWS's: without secrets, on one line, bounded.
    fn text(&mut self, text: &str) -> String {
        // Bounded first: what comes after is linear in it.
        let (text, secrets) = redact::text(&clean(text, LONGEST));
        self.redacted += secrets;
        text
    }

    fn maybe(&mut self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.text(text))
    }

    fn parameters(&mut self, parameters: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let bounded = parameters.iter().take(MOST_PARAMETERS);
        bounded
            .map(|(name, value)| {
                // `NAME=value` is what a secret is known by, when its name is here and its value there.
                let whole = self.text(&format!("{name}={value}"));
                match whole.split_once('=') {
                    Some((name, value)) => (name.to_owned(), value.to_owned()),
                    None => (self.text(name), whole),
                }
            })
            .collect()
    }
}

impl Record {
    /// The version of the form that is written.
    pub const VERSION: u32 = 1;

    /// Makes a record of which the chain is yet to be filled in.
    fn new(kind: Kind, time: Timestamp) -> Self {
        Self {
            version: Self::VERSION,
            seq: 0,
            time,
            kind,
            act: None,
            denial: None,
            intent: None,
            result: None,
            error: None,
            duration_ms: None,
            session_id: None,
            session_ids: Vec::new(),
            request_id: None,
            execution_id: None,
            process: None,
            recording_sha256: None,
            torn: None,
            redacted: 0,
            prev: String::new(),
            hash: String::new(),
        }
    }

    pub(super) fn denied(denied: &Denied<'_>) -> Self {
        let mut scribe = Scribe::default();
        let request = denied.request;
        let account = denied.identity.map(|identity| identity.account).or(denied.environment.account);
        let act = Act {
            actor: denied.identity.map(Actor::of).unwrap_or_default(),
            role: match denied.role {
                RoleResolution::None => String::new(),
                RoleResolution::One(role) => role.clone(),
                RoleResolution::Ambiguous(roles) => roles.join(","),
            },
            host: clean(denied.host, LONGEST),
            environment: scribe.text(&request.environment),
            account: account.map(|account| account.to_string()).unwrap_or_default(),
            region: None,
            entry: scribe.text(&request.entry.0),
            operation: None,
            catalogue: denied.catalogue.to_owned(),
            parameters: scribe.parameters(&request.parameters),
            target: None,
            target_arn: None,
            reason: scribe.maybe(request.reason.as_ref()),
            ticket: scribe.maybe(request.ticket.as_ref()),
            run: denied.run.map(|part| clean(&part.run, LONGEST)),
            step: denied.run.map(|part| clean(&part.step, LONGEST)),
        };
        let denial = Some(denied.denial.code().to_owned());
        let error = denied.unverified.map(|why| scribe.text(why));
        Self { act: Some(act), denial, error, redacted: scribe.redacted, ..Self::new(Kind::Denied, denied.at) }
    }

    pub(super) fn intent(authorized: &Authorized<Op>, about: &About, process: Option<Process>) -> Self {
        let mut scribe = Scribe::default();
        let grant = authorized.grant();
        let act = Act {
            actor: Actor::of(&grant.identity),
            role: grant.role.clone(),
            host: clean(&about.host, LONGEST),
            environment: grant.environment.name.clone(),
            account: about.account.to_string(),
            region: Some(about.region.clone()),
            entry: grant.entry.0.clone(),
            operation: Some(authorized.operation().name().to_owned()),
            catalogue: grant.catalogue.clone(),
            parameters: scribe.parameters(&grant.parameters),
            target: Some(clean(&about.target.to_string(), LONGEST)),
            target_arn: Some(clean(&arn(&grant.identity, about), LONGEST)),
            reason: scribe.maybe(grant.reason.as_ref()),
            ticket: scribe.maybe(grant.ticket.as_ref()),
            run: about.run.as_ref().map(|part| clean(&part.run, LONGEST)),
            step: about.run.as_ref().map(|part| clean(&part.step, LONGEST)),
        };
        Self { act: Some(act), process, redacted: scribe.redacted, ..Self::new(Kind::Intent, about.at) }
    }

    /// Makes the record of an outcome, with all that its intent says: whoever reads one need not look for the other.
    pub(super) fn outcome(intent: &Self, outcome: &Outcome) -> Self {
        let mut scribe = Scribe::default();
        let error = scribe.maybe(outcome.error.as_ref());
        let ids = outcome.session_ids.iter().take(MOST_SESSIONS);
        let session_ids: Vec<String> = ids.map(|id| clean(id, LONGEST_ID)).collect();
        Self {
            act: intent.act.clone(),
            intent: Some(intent.seq),
            result: Some(outcome.result),
            error,
            duration_ms: u64::try_from(outcome.duration.as_millis()).ok().or(Some(0)),
            session_id: session_ids.first().cloned(),
            session_ids: if session_ids.len() > 1 { session_ids } else { Vec::new() },
            request_id: outcome.request_id.as_deref().map(|id| clean(id, LONGEST)),
            execution_id: outcome.execution_id.as_deref().map(|id| clean(id, LONGEST_ID)),
            recording_sha256: outcome.recording_sha256.as_deref().map(|hash| clean(hash, LONGEST)),
            redacted: intent.redacted + scribe.redacted,
            ..Self::new(Kind::Outcome, outcome.at)
        }
    }

    /// Makes the outcome of an intent whose program ended before it wrote one: nobody knows what came of it.
    pub(super) fn abandoned(intent: &Self, at: Timestamp) -> Self {
        Self {
            act: intent.act.clone(),
            intent: Some(intent.seq),
            result: Some(Ending::Unknown),
            error: Some(CONSOLE_ENDED.to_owned()),
            redacted: intent.redacted,
            ..Self::new(Kind::Outcome, at)
        }
    }

    /// Makes the record of a torn line.
    pub(super) fn recovered(torn: Torn, at: Timestamp) -> Self {
        Self { torn: Some(torn), ..Self::new(Kind::Recovered, at) }
    }
}

impl Actor {
    fn of(identity: &Identity) -> Self {
        Self {
            arn: clean(&identity.arn, LONGEST),
            user: clean(identity.short(), LONGEST),
            user_id: clean(&identity.user_id, LONGEST),
        }
    }
}

/// Returns the target's ARN, in the partition that the caller is in.
///
/// Source: Service Authorization Reference, resource types of Amazon ECS (`task`, `service`), Amazon EC2 (`instance`) and
/// AWS Systems Manager (`managed-instance`, `document`); a finding's id is its ARN.
fn arn(identity: &Identity, about: &About) -> String {
    let partition = identity.arn.split(':').nth(1).unwrap_or("aws");
    let (region, account) = (&about.region, about.account);
    match &about.target {
        Target::Container { cluster, task, .. } | Target::Task { cluster, task, .. } => {
            format!("arn:{partition}:ecs:{region}:{account}:task/{cluster}/{task}")
        }
        Target::Node { id, .. } if id.starts_with("mi-") => {
            format!("arn:{partition}:ssm:{region}:{account}:managed-instance/{id}")
        }
        Target::Node { id, .. } => format!("arn:{partition}:ec2:{region}:{account}:instance/{id}"),
        Target::Service { cluster, service } => {
            format!("arn:{partition}:ecs:{region}:{account}:service/{cluster}/{service}")
        }
        Target::Finding { id, .. } => id.clone(),
        // AWS's own documents have no account.
        Target::Document { name } if name.starts_with("AWS-") => {
            format!("arn:{partition}:ssm:{region}::document/{name}")
        }
        Target::Document { name } => format!("arn:{partition}:ssm:{region}:{account}:document/{name}"),
    }
}
