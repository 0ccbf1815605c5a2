//! Whether policies let something be done.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::BTreeSet;

use super::context::Context;
use super::policy::{Policy, Statement};
use super::wildcard::{Pattern, action_fits};

/// One thing that must be allowed: an action on a resource, and what the request says of it.
#[derive(Debug, Clone)]
pub struct Demand {
    pub action: String,
    pub resource: String,
    pub context: Context,
}

impl Demand {
    /// Demands an action on a resource.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: Context::default() }
    }

    /// Adds a key of the request, where it has a value.
    #[must_use]
    pub fn with<T: Into<String>>(mut self, key: &str, value: impl Into<Option<T>>) -> Self {
        if let Some(value) = value.into() {
            self.context.set(key, value);
        }
        self
    }

    /// Adds the resource's tags.
    #[must_use]
    pub fn tagged(mut self, service: Option<&str>, tags: &[(String, String)]) -> Self {
        for (key, value) in tags {
            self.context.set(&format!("aws:ResourceTag/{key}"), value.clone());
            if let Some(service) = service {
                self.context.set(&format!("{service}:resourceTag/{key}"), value.clone());
            }
        }
        self
    }
}

/// What policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
}

/// What policies say, and why.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub decision: Decision,
    /// The names of the policies whose statements decided it.
    pub matched: Vec<String>,
    /// Keys that conditions name and the request does not have.
    pub missing: BTreeSet<String>,
}

/// Evaluates what policies say of a demand, in the context of who asks: a denial wins, and nothing is allowed by itself.
pub fn evaluate(policies: &[Policy], demand: &Demand, asker: &Context) -> Verdict {
    let mut context = asker.clone();
    context.extend(&demand.context);
    let (mut allows, mut denies) = (Vec::new(), Vec::new());
    let mut missing = BTreeSet::new();
    for policy in policies {
        for statement in &policy.statements {
            if !speaks_of(statement, policy.has_variables, demand, &context) {
                continue;
            }
            let keys = statement.conditions.iter().map(|condition| &condition.key);
            missing.extend(keys.filter(|key| context.get(key).is_none()).cloned());
            if statement.conditions.iter().all(|condition| condition.holds(&context, policy.has_variables)) {
                if statement.denies { &mut denies } else { &mut allows }.push(policy.name.clone());
            }
        }
    }
    let (decision, matched) = match (denies.is_empty(), allows.is_empty()) {
        (false, _) => (Decision::ExplicitDeny, denies),
        (true, false) => (Decision::Allowed, allows),
        (true, true) => (Decision::ImplicitDeny, Vec::new()),
    };
    Verdict { decision, matched, missing }
}

/// Whether a statement is about this action on this resource, whatever its conditions.
fn speaks_of(statement: &Statement, has_variables: bool, demand: &Demand, context: &Context) -> bool {
    let variables = has_variables.then_some(context);
    statement.actions.name(|pattern| action_fits(pattern, &demand.action))
        && statement
            .resources
            .name(|text| Pattern::read(text, variables).is_some_and(|pattern| pattern.fits(&demand.resource)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const WEB: &str = "arn:aws:ecs:ap-northeast-1:1:service/shop/web";

    fn decide(statements: &str, demand: &Demand) -> Decision {
        let policy = Policy::read("p", &format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
        let mut asker = Context::default();
        asker.set("aws:userid", "AROAX:op-0137");
        evaluate(&[policy], demand, &asker).decision
    }

    const ALLOW_ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

    #[rstest]
    #[case(
        r#"{"Effect":"Allow","Action":"ecs:Update*","Resource":"arn:aws:ecs:*:1:service/shop/*"}"#,
        Decision::Allowed
    )]
    #[case(
        r#"{"Effect":"Allow","Action":"ecs:Update*","Resource":"arn:aws:ecs:*:1:service/other/*"}"#,
        Decision::ImplicitDeny
    )]
    #[case(r#"{"Effect":"Allow","Action":"ecs:List*","Resource":"*"}"#, Decision::ImplicitDeny)]
    #[case(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#, Decision::Allowed)]
    #[case(r#"{"Effect":"Allow","NotAction":"ecs:*","Resource":"*"}"#, Decision::ImplicitDeny)]
    #[case(r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:ecs:*:*:service/shop/*"}"#, Decision::ImplicitDeny)]
    #[case(r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:ecs:*:*:service/other/*"}"#, Decision::Allowed)]
    fn a_statement_speaks(#[case] statement: &str, #[case] decision: Decision) {
        assert_eq!(decide(statement, &Demand::new("ecs:UpdateService", WEB)), decision);
    }

    #[test]
    fn a_denial_wins_and_silence_denies() {
        let demand = Demand::new("ecs:UpdateService", WEB);
        let deny = r#"{"Effect":"Deny","Action":"ecs:UpdateService","Resource":"*"}"#;
        assert_eq!(decide(&format!("{ALLOW_ALL},{deny}"), &demand), Decision::ExplicitDeny);
        assert_eq!(decide(&format!("{deny},{ALLOW_ALL}"), &demand), Decision::ExplicitDeny);
        assert_eq!(decide(deny, &Demand::new("ecs:ListServices", "*")), Decision::ImplicitDeny);
        let asker = Context::default();
        assert_eq!(evaluate(&[], &demand, &asker).decision, Decision::ImplicitDeny);
    }

    /// Keys in one `Null` are joined by and: a denial that lists several fields meets only who gives all of them.
    #[test]
    fn conditions_of_one_statement_must_all_hold() {
        let deny = |fields: &str| {
            format!(
                r#"{ALLOW_ALL},{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"Null":{{{fields}}}}}}}"#
            )
        };
        let severity = Demand::new("securityhub:BatchUpdateFindings", "*")
            .with("securityhub:ASFFSyntaxPath/Severity.Label", "LOW");
        let both = r#""securityhub:ASFFSyntaxPath/Severity.Label":"false","securityhub:ASFFSyntaxPath/Types":"false""#;
        assert_eq!(decide(&deny(both), &severity), Decision::Allowed);
        let one = r#""securityhub:ASFFSyntaxPath/Severity.Label":"false""#;
        assert_eq!(decide(&deny(one), &severity), Decision::ExplicitDeny);
    }

    #[test]
    fn what_was_not_known_is_told() {
        let statement =
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"ecs:cluster":"c"}}}"#;
        let policy = Policy::read("p", &format!(r#"{{"Statement":{statement}}}"#)).unwrap();
        let verdict = evaluate(&[policy], &Demand::new("ecs:ListServices", "*"), &Context::default());
        assert_eq!(verdict.decision, Decision::ImplicitDeny);
        assert_eq!(verdict.missing.into_iter().collect::<Vec<_>>(), ["ecs:cluster"]);
    }

    #[test]
    fn own_sessions_are_known_by_a_variable() {
        let statement = r#"{"Effect":"Allow","Action":"ssm:TerminateSession","Resource":"arn:aws:ssm:*:*:session/*",
            "Condition":{"StringEquals":{"ssm:resourceTag/aws:ssmmessages:session-id":"${aws:userid}"}}}"#;
        let session = |owner: &str| {
            Demand::new("ssm:TerminateSession", "arn:aws:ssm:a:1:session/s-1")
                .with("ssm:resourceTag/aws:ssmmessages:session-id", owner)
        };
        assert_eq!(decide(statement, &session("AROAX:op-0137")), Decision::Allowed);
        assert_eq!(decide(statement, &session("AROAY:someone")), Decision::ImplicitDeny);
    }
}
