//! What a policy allows beyond a role's need, and what it lacks of it.
//!
//! Patterns are compared with patterns: one covers another if whatever fits the second fits the first. A policy that allows
//! the same in other words, by several narrower patterns say, may therefore be told to lack it; one that allows more is
//! never told to fit.

use std::collections::BTreeSet;

use super::foreign::{Foreign, ForeignStatement, Named};
use super::patterns::{Case, covers, overlaps};
use super::statement::{Conditions, Effect, Statement};

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// What is allowed beyond the need.
    pub excess: Vec<Excess>,
    /// What is needed and not allowed.
    pub lacking: Vec<Lack>,
    /// The denials that are not there.
    pub unguarded: Vec<Lack>,
}

/// Something that is allowed beyond the need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// The statement, by its `Sid` or its number.
    pub statement: String,
    /// The action, as it is written.
    pub action: String,
    /// Why it is more than is needed.
    pub why: Beyond,
}

/// Why something is beyond the need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beyond {
    /// The action is not needed.
    Unneeded,
    /// The pattern allows other actions beside those that are needed.
    MoreActions {
        /// Those that are needed.
        needed: Vec<String>,
    },
    /// All actions but some are allowed.
    AllActionsBut,
    /// The action is needed, on other resources.
    MoreResources {
        /// The resource that is too much, as it is written.
        resource: String,
    },
    /// The action is needed under conditions that are not there.
    NoCondition {
        /// The resource, as it is written.
        resource: String,
        /// The keys of the conditions that would bind it.
        keys: Vec<String>,
    },
}

/// Something that a policy lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The compiled statement that has it.
    pub statement: String,
    /// The entries that it is for, as they are written.
    pub entries: Vec<String>,
    /// The actions.
    pub actions: Vec<String>,
    /// The resources on which they are lacking.
    pub resources: Vec<String>,
}

impl Comparison {
    /// Tells whether the policy allows what is needed, and nothing else.
    pub fn fits(&self) -> bool {
        self.excess.is_empty() && self.lacking.is_empty() && self.unguarded.is_empty()
    }
}

/// Compares policies with what a role needs.
pub fn compare(found: &Foreign, needed: &[Statement]) -> Comparison {
    let of = |effect: Effect| needed.iter().filter(move |statement| statement.effect == effect);
    let mut excess = Vec::new();
    for statement in found.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        for one in beyond(statement, found, &of(Effect::Allow).collect::<Vec<_>>()) {
            if !excess.contains(&one) {
                excess.push(one);
            }
        }
    }
    let lacking = of(Effect::Allow).filter_map(|statement| {
        lack(statement, |action, resource| {
            allows(found, action, resource, &statement.conditions) && !is_denied(found, action, resource)
        })
    });
    let unguarded = of(Effect::Deny).filter_map(|statement| {
        lack(statement, |action, resource| {
            let mut denials = found.statements.iter().filter(|one| one.effect == Effect::Deny);
            denials.any(|one| {
                one.actions.has(action, Case::Any)
                    && one.resources.has(resource, Case::Own)
                    && implies(&statement.conditions, &one.conditions)
            })
        })
    });
    Comparison { excess, lacking: lacking.collect(), unguarded: unguarded.collect() }
}

/// Lists what a statement allows beyond the need.
fn beyond(statement: &ForeignStatement, found: &Foreign, needed: &[&Statement]) -> Vec<Excess> {
    let excess = |action: &str, why| Excess { statement: statement.name.clone(), action: action.to_owned(), why };
    let Named::These(actions) = &statement.actions else {
        let Named::AllBut(but) = &statement.actions else { return Vec::new() };
        return vec![excess(&but.join(" "), Beyond::AllActionsBut)];
    };
    let known: BTreeSet<&str> = needed.iter().flat_map(|one| &one.actions).map(String::as_str).collect();
    let mut all = Vec::new();
    for action in actions {
        let covered: Vec<&str> = known.iter().copied().filter(|one| covers(action, one, Case::Any)).collect();
        if action.contains(['*', '?']) {
            if !denied_everywhere(found, action) {
                let needed = covered.iter().map(|&one| one.to_owned()).collect();
                all.push(excess(action, Beyond::MoreActions { needed }));
            }
        } else if covered.is_empty() && !denied_everywhere(found, action) {
            all.push(excess(action, Beyond::Unneeded));
        }
        for one in covered {
            all.extend(wider(statement, found, needed, one).into_iter().map(|why| excess(one, why)));
        }
    }
    all
}

/// Lists on what a statement allows an action that is needed elsewhere, or otherwise.
fn wider(statement: &ForeignStatement, found: &Foreign, needed: &[&Statement], action: &str) -> Vec<Beyond> {
    let resources = match &statement.resources {
        Named::These(resources) => resources.clone(),
        Named::AllBut(_) => vec!["*".to_owned()],
    };
    let mut all = Vec::new();
    for resource in resources.into_iter().filter(|resource| !is_denied(found, action, resource)) {
        let of_action = |one: &&&Statement| one.actions.iter().any(|known| known.eq_ignore_ascii_case(action));
        let on_it: Vec<&Statement> = needed
            .iter()
            .filter(of_action)
            .filter(|one| one.resources.iter().any(|known| covers(known, &resource, Case::Own)))
            .copied()
            .collect();
        if on_it.is_empty() {
            all.push(Beyond::MoreResources { resource });
        } else if !on_it.iter().any(|one| implies(&statement.conditions, &one.conditions)) {
            let keys: BTreeSet<&String> =
                on_it.iter().flat_map(|one| missing(&statement.conditions, &one.conditions)).collect();
            all.push(Beyond::NoCondition { resource, keys: keys.into_iter().cloned().collect() });
        }
    }
    all
}

/// Finds what of a compiled statement does not hold.
fn lack(statement: &Statement, holds: impl Fn(&str, &str) -> bool) -> Option<Lack> {
    let (mut actions, mut resources) = (BTreeSet::new(), BTreeSet::new());
    for action in &statement.actions {
        for resource in statement.resources.iter().filter(|resource| !holds(action, resource)) {
            actions.insert(action.clone());
            resources.insert(resource.clone());
        }
    }
    let (statement, entries) = (statement.sid.clone(), statement.entries.clone());
    let (actions, resources) = (Vec::from_iter(actions), Vec::from_iter(resources));
    (!actions.is_empty()).then_some(Lack { statement, entries, actions, resources })
}

/// Tells whether an action is allowed on all that a pattern covers, wherever the need's conditions hold.
fn allows(found: &Foreign, action: &str, resource: &str, under: &Conditions) -> bool {
    let mut allowing = found.statements.iter().filter(|one| one.effect == Effect::Allow);
    allowing.any(|one| {
        one.actions.has(action, Case::Any) && one.resources.has(resource, Case::Own) && implies(under, &one.conditions)
    })
}

/// Tells whether an action is denied on all that a pattern covers, under no condition.
fn is_denied(found: &Foreign, action: &str, resource: &str) -> bool {
    let mut denying = found.statements.iter().filter(|one| one.effect == Effect::Deny && one.conditions.is_empty());
    denying.any(|one| one.actions.has(action, Case::Any) && one.resources.has(resource, Case::Own))
}

fn denied_everywhere(found: &Foreign, action: &str) -> bool {
    is_denied(found, action, "*")
}

impl Named {
    /// Tells whether all that a pattern covers is among what is named.
    fn has(&self, pattern: &str, case: Case) -> bool {
        match self {
            Self::These(these) => these.iter().any(|one| covers(one, pattern, case)),
            Self::AllBut(but) => !but.iter().any(|one| overlaps(one, pattern, case)),
        }
    }
}

/// Tells whether conditions that hold make others hold: each of these is among them, with no further value.
fn implies(held: &Conditions, wanted: &Conditions) -> bool {
    missing(held, wanted).next().is_none()
}

/// Lists the keys of the conditions that do not follow from those that hold.
fn missing<'c>(held: &'c Conditions, wanted: &'c Conditions) -> impl Iterator<Item = &'c String> {
    let all = wanted.iter().flat_map(|(operator, keys)| keys.iter().map(move |(key, values)| (operator, key, values)));
    let follows = |operator: &str, key: &str, values: &[String]| {
        let same = held.iter().filter(|(own, _)| own.eq_ignore_ascii_case(operator)).flat_map(|(_, keys)| keys);
        let mut same = same.filter(|(own, _)| own.eq_ignore_ascii_case(key));
        same.any(|(_, own)| !own.is_empty() && own.iter().all(|value| values.contains(value)))
    };
    all.filter(move |(operator, key, values)| !follows(operator, key, values)).map(|(_, key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::super::foreign::parse;
    use super::*;

    fn needed() -> Vec<Statement> {
        let tag = "ssm:resourceTag/Environment";
        let start = Statement::allow(["ssm:StartSession"], ["arn:aws:ec2:*:1:instance/*".to_owned()]);
        let mut all = vec![
            Statement::allow(["ecs:ListClusters"], ["*".to_owned()]),
            Statement::allow(["ecs:DescribeClusters"], ["arn:aws:ecs:x:1:cluster/shop-*".to_owned()]),
            start.when("StringEquals", tag, ["prd"]),
            Statement::deny(["ssm:SendCommand"], ["*".to_owned()]),
        ];
        for (number, statement) in all.iter_mut().enumerate() {
            statement.sid = format!("S{number}");
        }
        all
    }

    fn compared(policy: &str) -> Comparison {
        compare(&parse(policy).unwrap(), &needed())
    }

    #[test]
    fn what_was_compiled_fits_itself() {
        let needed = needed();
        let text = serde_json::json!({ "Statement": needed }).to_string();
        let found = compared(&text);
        assert!(found.fits(), "{found:#?}");
    }

    #[test]
    fn what_is_more_is_told_and_why() {
        let found = compared(
            r#"{"Statement":[
                {"Sid":"All","Effect":"Allow","Action":"ecs:*","Resource":"arn:aws:ecs:x:1:cluster/*"},
                {"Effect":"Allow","Action":["ssm:StartSession"],"Resource":"arn:aws:ec2:*:1:instance/*"},
                {"Effect":"Allow","Action":"iam:CreateUser","Resource":"*"},
                {"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}"#,
        );
        let why: Vec<(&str, &str, &Beyond)> =
            found.excess.iter().map(|one| (one.statement.as_str(), one.action.as_str(), &one.why)).collect();
        let all = "arn:aws:ecs:x:1:cluster/*".to_owned();
        let needed = vec!["ecs:DescribeClusters".to_owned(), "ecs:ListClusters".to_owned()];
        let node = "arn:aws:ec2:*:1:instance/*".to_owned();
        let keys = vec!["ssm:resourceTag/Environment".to_owned()];
        assert_eq!(
            why,
            [
                ("All", "ecs:*", &Beyond::MoreActions { needed }),
                ("All", "ecs:DescribeClusters", &Beyond::MoreResources { resource: all }),
                ("#2", "ssm:StartSession", &Beyond::NoCondition { resource: node, keys }),
                ("#3", "iam:CreateUser", &Beyond::Unneeded),
                ("#4", "iam:*", &Beyond::AllActionsBut),
            ]
        );
    }

    #[test]
    fn what_is_denied_again_is_no_excess_and_is_lacking() {
        let found = compared(
            r#"{"Statement":[
                {"Effect":"Allow","Action":["iam:CreateUser","ecs:ListClusters"],"Resource":"*"},
                {"Effect":"Deny","Action":["iam:*","ecs:List*"],"Resource":"*"}]}"#,
        );
        assert_eq!(found.excess, []);
        let lacking: Vec<&str> = found.lacking.iter().map(|one| one.statement.as_str()).collect();
        assert_eq!(lacking, ["S0", "S1", "S2"]);
        assert_eq!(found.unguarded.len(), 1);
    }

    #[test]
    fn what_was_split_is_judged_together() {
        let needed = needed();
        let mut whole = Foreign::default();
        let parts = needed.chunks(1).map(|part| parse(&serde_json::json!({ "Statement": part }).to_string()).unwrap());
        for (number, part) in parts.enumerate() {
            assert!(!compare(&part, &needed).fits());
            whole.add(part, Some(&format!("{number}.json")));
        }
        assert!(compare(&whole, &needed).fits());
        let more = parse(r#"{"Statement":{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*"}}"#).unwrap();
        whole.add(more, Some("more.json"));
        assert_eq!(compare(&whole, &needed).excess[0].statement, "more.json #1");
        // What one part allows another one denies.
        let denial = parse(r#"{"Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#).unwrap();
        whole.add(denial, Some("deny.json"));
        assert_eq!(compare(&whole, &needed).excess, []);
    }

    #[test]
    fn a_condition_that_is_not_needed_may_not_hold() {
        let found = compared(
            r#"{"Statement":[
                {"Effect":"Allow","Action":"ecs:ListClusters","Resource":"*",
                 "Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},
                {"Effect":"Allow","Action":"ssm:StartSession","Resource":"*",
                 "Condition":{"stringequals":{"ssm:resourcetag/environment":["prd","stg"]}}}]}"#,
        );
        let lacking: Vec<&str> = found.lacking.iter().map(|one| one.statement.as_str()).collect();
        assert_eq!(lacking, ["S0", "S1"]);
    }
}
