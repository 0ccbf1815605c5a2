//! `StartAutomationExecution` and `StopAutomationExecution`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Automations;
use super::definition::Definition;
use super::execution::{Due, Execution, Status, Step};
use crate::simulator::auth::{Principal, role_of as parts_of};
use crate::simulator::call::Call;
use crate::simulator::clock::Millis;
use crate::simulator::random::Dice;
use crate::simulator::ssm::documents::declared::{self, written};
use crate::simulator::ssm::documents::{Body, Content, find};
use crate::simulator::ssm::prepare::lists;
use crate::simulator::ssm::{error, template};
use crate::simulator::wire::{ApiError, Input, Value, object};

/// How long it takes until an execution's first step begins.
const FIRST: Millis = 600;
/// The longest value of a parameter.
const LONGEST_VALUE: usize = 512;
/// How many executions of an account may run at once.
///
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
const MOST_AT_ONCE: usize = 100;

fn invalid(message: impl Into<String>) -> ApiError {
    error("InvalidAutomationExecutionParametersException", message)
}

/// Starts an execution.
pub fn start_automation_execution(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.required("DocumentName")?;
    let token = token(input)?;
    // Rate control and other accounts are not played.
    let played = ["DocumentName", "DocumentVersion", "Parameters", "ClientToken", "Mode", "Tags"];
    if let Value::Map(members) = input.0
        && let Some((odd, _)) = members.iter().find(|(member, _)| !played.contains(&member.as_ref()))
    {
        return Err(invalid(format!("The simulated account does not take {odd}.")));
    }
    if input.text("Mode")?.is_some_and(|mode| mode != "Auto") {
        return Err(invalid("The simulated account runs executions in the mode Auto only."));
    }
    let given = lists(input.members("Parameters")?)?;
    bounded(&given)?;
    let mut all = call.automations.lock();
    let known = |one: &&Execution| token.is_some() && one.token == token && one.account == call.principal.account;
    if let Some(known) = all.iter().find(known) {
        if known.document != short(name) || known.given != given {
            let message = "The ClientToken was already used with other parameters.";
            return Err(error("IdempotentParameterMismatch", message));
        }
        return Ok(object().with("AutomationExecutionId", &known.id).into());
    }
    let running = all.iter().filter(|one| one.account == call.principal.account && one.ended.is_none()).count();
    if running >= MOST_AT_ONCE {
        let message = "The number of simultaneously running Automation executions exceeded the allowable limit.";
        return Err(error("AutomationExecutionLimitExceededException", message));
    }
    let execution = prepared(call, name, input.text("DocumentVersion")?.unwrap_or("$DEFAULT"), given, token)?;
    let id = execution.id.clone();
    Automations::remember(&mut all, execution);
    Ok(object().with("AutomationExecutionId", id).into())
}

/// Values are from 1 to 512 characters long, whatever the document says.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartAutomationExecution.html>
fn bounded(given: &BTreeMap<String, Vec<String>>) -> Result<(), ApiError> {
    let lengths = given.values().flatten().map(|value| (value, value.chars().count()));
    for (value, length) in lengths {
        let rule = match length {
            0 => "Member must have length greater than or equal to 1",
            1..=LONGEST_VALUE => continue,
            _ => "Member must have length less than or equal to 512",
        };
        let shown: String = value.chars().take(LONGEST_VALUE).collect();
        return Err(ApiError::constraint(&shown, "Parameters", rule));
    }
    Ok(())
}

fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Reads the client's token, which is a UUID in whatever case.
fn token(input: Input<'_>) -> Result<Option<String>, ApiError> {
    let Some(text) = input.text("ClientToken")? else { return Ok(None) };
    match uuid::Uuid::try_parse(text).ok().filter(|_| text.len() == 36) {
        Some(token) => Ok(Some(token.to_string())),
        None => {
            let rule = "Member must satisfy regular expression pattern: \
                        [a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}";
            Err(ApiError::constraint(text, "ClientToken", rule))
        }
    }
}

/// Makes an execution ready to begin.
fn prepared(
    call: &Call<'_>,
    name: &str,
    version: &str,
    given: BTreeMap<String, Vec<String>>,
    token: Option<String>,
) -> Result<Execution, ApiError> {
    let not_found =
        || error("AutomationDefinitionNotFoundException", format!("Automation definition with name {name} not found."));
    let document = find(call, name).filter(|document| document.kind == "Automation").ok_or_else(not_found)?;
    let version = document.version(version).ok_or_else(|| {
        let message = format!("Automation definition {name} with version {version} not found.");
        error("AutomationDefinitionVersionNotFoundException", message)
    })?;
    let content = Content::read(&document.kind, &version.content)?;
    let Body::Automation(definition) = content.body else { return Err(not_found()) };
    let values = declared::values(&content.parameters, &given).map_err(invalid)?;
    let mut dice = Dice::new(fastrand::u64(..), &["automation"]);
    let id = dice.uuid();
    let principal = match assumed(&definition, &values) {
        None => call.principal.clone(),
        Some(arn) => {
            let known = parts_of(&arn)
                .filter(|(account, role)| *account == call.principal.account && call.policies.has_role(account, role));
            let (account, role) = known.ok_or_else(|| invalid("The defined assume role is unable to be assumed."))?;
            Principal::assumed(account, role, &format!("Automation-{id}"))
        }
    };
    let steps = definition.steps.iter().map(|_| Step {
        id: dice.uuid(),
        status: Status::Pending,
        started: None,
        ended: None,
        tries: 0,
        inputs: BTreeMap::new(),
        outputs: BTreeMap::new(),
        failure: None,
        next: None,
    });
    Ok(Execution {
        steps: steps.collect(),
        account: call.principal.account.clone(),
        region: call.region.to_owned(),
        document: document.name.clone(),
        version: version.number,
        given,
        values,
        by: call.principal.arn.clone(),
        principal,
        token,
        started: call.now,
        ended: None,
        status: Status::InProgress,
        failure: None,
        outputs: BTreeMap::new(),
        due: Due::Enter(0, call.now + FIRST),
        flawed: false,
        completing: false,
        definition,
        id,
    })
}

/// The role that a document runs under with these values, where it has one.
fn assumed(definition: &Definition, values: &BTreeMap<String, Json>) -> Option<String> {
    let role = Json::from(definition.assume_role.clone()?);
    let filled = template::fill(&role, &|name: &str| values.get(name).cloned()).ok()?;
    Some(written(&filled)).filter(|arn| !arn.is_empty())
}

/// The role that a document would run under, for `iam:PassRole`; nothing where it would not start.
pub fn role_of(call: &Call<'_>, name: &str, version: &str, input: Input<'_>) -> Option<String> {
    let document = find(call, name).filter(|document| document.kind == "Automation")?;
    let content = Content::read(&document.kind, &document.version(version)?.content).ok()?;
    let Body::Automation(definition) = &content.body else { return None };
    let given = lists(input.members("Parameters").ok()?).ok()?;
    assumed(definition, &declared::values(&content.parameters, &given).ok()?)
}

/// Stops an execution: at once, or after the step that runs.
pub fn stop_automation_execution(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = input.required("AutomationExecutionId")?;
    let complete = match input.text("Type")? {
        None | Some("Cancel") => false,
        Some("Complete") => true,
        Some(word) => {
            let rule = "Member must satisfy enum value set: [Complete, Cancel]";
            return Err(ApiError::constraint(word, "Type", rule));
        }
    };
    let mut all = call.automations.lock();
    let execution = all.iter_mut().find(|one| one.is_of(call, id)).ok_or_else(|| unknown(id))?;
    if execution.status != Status::InProgress {
        let message = format!("Automation execution {id} is in the status {}.", execution.status.word());
        return Err(error("InvalidAutomationStatusUpdateException", message));
    }
    if complete {
        execution.completing = true;
    } else {
        execution.cancel(call.now);
    }
    Ok(object().into())
}

impl Execution {
    /// Whether it is the one that a caller names.
    pub fn is_of(&self, call: &Call<'_>, id: &str) -> bool {
        self.id == id && self.account == call.principal.account && self.region == call.region
    }
}

/// There is no such execution.
pub fn unknown(id: &str) -> ApiError {
    error("AutomationExecutionNotFoundException", format!("Automation Execution with ID {id} doesn't exist."))
}
