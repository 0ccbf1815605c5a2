//! Identity and Access Management: policies, what they say of each call, and `SimulatePrincipalPolicy`.
//!
//! An identity that was given policies may do what they allow and nothing else; one that was given none may do
//! everything, as an administrator's policy would have it.

mod condition;
mod context;
mod demands;
mod evaluate;
mod policy;
mod simulate;
mod wildcard;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use super::auth::{Persona, Principal, role_of};
use super::call::Call;
use super::clock::timestamp;
use super::wire::{ApiError, Input, Service, Value};
use context::Context;
pub use evaluate::Demand;
use evaluate::{Decision, evaluate};
use policy::Policy;
pub use policy::PolicyError;

/// The policies of identities, as JSON texts.
#[derive(Debug, Clone, Default)]
pub struct PolicyTexts {
    /// A persona's, in every account.
    pub personas: BTreeMap<Persona, Vec<String>>,
    /// A role's by its ARN, such as that of an Automation document.
    pub roles: BTreeMap<String, Vec<String>>,
}

/// A text that is no policy, and whose it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy of {whose} is wrong: {error}")]
pub struct WrongPolicy {
    whose: String,
    error: PolicyError,
}

/// The operations that there are.
pub const OPERATIONS: [&str; 1] = ["SimulatePrincipalPolicy"];

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "SimulatePrincipalPolicy" => simulate::simulate_principal_policy(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The policies that are enforced.
#[derive(Debug, Default)]
pub struct Policies(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    /// By the name of a persona's role, whatever the account.
    personas: HashMap<String, Arc<Vec<Policy>>>,
    /// By account and name.
    roles: HashMap<(String, String), Arc<Vec<Policy>>>,
}

impl Policies {
    /// Reads policies.
    pub fn read(texts: &PolicyTexts) -> Result<Self, WrongPolicy> {
        let policies = Self::default();
        policies.replace(texts)?;
        Ok(policies)
    }

    /// Takes other policies in place of those that there are; all stay where one of the texts is wrong.
    pub fn replace(&self, texts: &PolicyTexts) -> Result<(), WrongPolicy> {
        let mut held = Held::default();
        for (persona, texts) in &texts.personas {
            held.personas.insert(persona.role_name().to_owned(), Arc::new(read_all(persona.role_name(), texts)?));
        }
        for (arn, texts) in &texts.roles {
            let Some((account, role)) = role_of(arn) else {
                return Err(WrongPolicy { whose: arn.clone(), error: policy::wrong("that is no role's ARN") });
            };
            held.roles.insert((account.to_owned(), role.to_owned()), Arc::new(read_all(arn, texts)?));
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(())
    }

    /// The policies of a role; `None` where it was given none and may do everything.
    fn of(&self, account: &str, role: &str) -> Option<Arc<Vec<Policy>>> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let own = held.roles.get(&(account.to_owned(), role.to_owned()));
        own.or_else(|| held.personas.get(role)).cloned()
    }

    /// Whether a role can be assumed: where roles were given, there are no others.
    pub fn has_role(&self, account: &str, role: &str) -> bool {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.roles.is_empty() || held.roles.contains_key(&(account.to_owned(), role.to_owned()))
    }
}

fn read_all(whose: &str, texts: &[String]) -> Result<Vec<Policy>, WrongPolicy> {
    let name = whose.rsplit('/').next().unwrap_or(whose);
    let read = |(index, text): (usize, &String)| {
        let policy = Policy::read(format!("{name}-{}", index + 1), text);
        policy.map_err(|error| WrongPolicy { whose: whose.to_owned(), error })
    };
    texts.iter().enumerate().map(read).collect()
}

/// Lets an operation through, or refuses it as AWS does, where the caller's policies do not allow it.
pub fn authorise(call: &Call<'_>, service: Service, operation: &str, input: Input<'_>) -> Result<(), ApiError> {
    let Some(policies) = call.principal.role().and_then(|role| call.policies.of(&call.principal.account, role)) else {
        return Ok(());
    };
    let asker = asker(call);
    let mut refusal = Ok(());
    for way in demands::of(call, service, operation, input) {
        refusal = way.iter().try_for_each(|demand| check(call, &policies, demand, &asker));
        if refusal.is_ok() {
            return Ok(());
        }
    }
    refusal
}

/// The same for a single demand.
pub fn require(call: &Call<'_>, demand: &Demand) -> Result<(), ApiError> {
    match call.principal.role().and_then(|role| call.policies.of(&call.principal.account, role)) {
        None => Ok(()),
        Some(policies) => check(call, &policies, demand, &asker(call)),
    }
}

fn check(call: &Call<'_>, policies: &[Policy], demand: &Demand, asker: &Context) -> Result<(), ApiError> {
    let who = &call.principal.arn;
    match evaluate(policies, demand, asker).decision {
        Decision::Allowed => Ok(()),
        Decision::ExplicitDeny => Err(ApiError::forbidden(who, &demand.action, &demand.resource)),
        Decision::ImplicitDeny => Err(ApiError::denied(who, &demand.action, &demand.resource)),
    }
}

/// The keys that every request has, whatever it asks for.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn asker(call: &Call<'_>) -> Context {
    let mut context = Context::default();
    let Principal { account, user_id, .. } = call.principal;
    context.set("aws:userid", user_id.clone());
    if let Some(role) = call.principal.role() {
        context.set("aws:PrincipalArn", format!("arn:aws:iam::{account}:role/{role}"));
    }
    context.set("aws:PrincipalAccount", account.clone());
    context.set("aws:PrincipalType", "AssumedRole");
    context.set("aws:RequestedRegion", call.region);
    context.set("aws:ResourceAccount", account.clone());
    context.set("aws:SourceIp", "127.0.0.1");
    // The loopback has no TLS; the endpoints that it stands for take nothing else.
    context.set("aws:SecureTransport", "true");
    context.set("aws:ViaAWSService", "false");
    context.set("aws:CurrentTime", timestamp(call.now).to_string());
    context.set("aws:EpochTime", (call.now / 1_000).to_string());
    context
}
