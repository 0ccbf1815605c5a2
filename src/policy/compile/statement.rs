//! Statements of IAM policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::patterns::{Case, covers};
use super::place::Place;
use super::words::word;

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

impl Effect {
    /// Returns the word that IAM has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// What must hold, by operator and key; a value of several is enough.
pub type Conditions = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// A statement of an IAM policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its name, which says for which entries it is there.
    pub sid: String,
    /// The catalogue entries that it is for, as they are written; none where it is for all.
    pub entries: Vec<String>,
    /// What it does.
    pub effect: Effect,
    /// The actions.
    pub actions: Vec<String>,
    /// The resources, as patterns of ARNs.
    pub resources: Vec<String>,
    /// What must hold.
    pub conditions: Conditions,
}

impl Statement {
    /// Tells whether it allows an action on a resource, leaving aside what must hold; of all resources where none is given.
    pub fn allows(&self, action: &str, resource: Option<&str>) -> bool {
        self.effect == Effect::Allow
            && self.actions.iter().any(|own| covers(own, action, Case::Any))
            && resource.is_none_or(|one| self.resources.iter().any(|own| covers(own, one, Case::Own)))
    }

    /// Makes a statement that allows.
    pub(super) fn allow<A: Into<String>>(
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = String>,
    ) -> Self {
        Self::new(Effect::Allow, actions, resources)
    }

    /// Makes a statement that denies.
    pub(super) fn deny<A: Into<String>>(
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = String>,
    ) -> Self {
        Self::new(Effect::Deny, actions, resources)
    }

    fn new<A: Into<String>>(
        effect: Effect,
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = String>,
    ) -> Self {
        let in_order = |texts: BTreeSet<String>| texts.into_iter().collect();
        Self {
            sid: String::new(),
            entries: Vec::new(),
            effect,
            actions: in_order(actions.into_iter().map(Into::into).collect()),
            resources: in_order(resources.into_iter().collect()),
            conditions: Conditions::new(),
        }
    }

    /// Adds what must hold.
    pub(super) fn when<V: Into<String>>(
        mut self,
        operator: &str,
        key: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values: BTreeSet<String> = values.into_iter().map(Into::into).collect();
        let keys = self.conditions.entry(operator.to_owned()).or_default();
        keys.entry(key.into()).or_default().extend(values);
        self
    }

    /// Tells whether two statements say the same, whatever they are called.
    fn says_the_same(&self, other: &Self) -> bool {
        self.effect == other.effect
            && self.actions == other.actions
            && self.resources == other.resources
            && self.conditions == other.conditions
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let has_conditions = !self.conditions.is_empty();
        let mut statement = serializer.serialize_struct("Statement", 4 + usize::from(has_conditions))?;
        statement.serialize_field("Sid", &self.sid)?;
        statement.serialize_field("Effect", self.effect.name())?;
        statement.serialize_field("Action", &self.actions)?;
        statement.serialize_field("Resource", &self.resources)?;
        if has_conditions {
            statement.serialize_field("Condition", &written(&self.conditions))?;
        }
        statement.end()
    }
}

/// A condition's values: one is written without a list, as everybody writes it.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Values<'c> {
    One(&'c str),
    Several(&'c [String]),
}

fn written(conditions: &Conditions) -> BTreeMap<&str, BTreeMap<&str, Values<'_>>> {
    conditions.iter().map(|(operator, keys)| (operator.as_str(), written_keys(keys))).collect()
}

fn written_keys(keys: &BTreeMap<String, Vec<String>>) -> BTreeMap<&str, Values<'_>> {
    let mut all = BTreeMap::new();
    for (key, values) in keys {
        let values = match &values[..] {
            [one] => Values::One(one),
            several => Values::Several(several),
        };
        all.insert(key.as_str(), values);
    }
    all
}

/// Statements on their way to a policy: two that say the same for several entries become one.
#[derive(Default)]
pub(super) struct Drafts {
    drafts: Vec<Draft>,
}

struct Draft {
    /// How its `Sid` begins.
    head: String,
    entries: BTreeSet<String>,
    statement: Statement,
}

impl Drafts {
    /// Adds a statement that is for no entry alone. One without actions or resources says nothing, and is left out.
    pub(super) fn add(&mut self, head: &str, statement: Statement) {
        self.push(head.to_owned(), None, statement);
    }

    /// Adds a statement that an entry needs, wherever it holds.
    pub(super) fn add_entry(&mut self, head: &str, entry: &str, statement: Statement) {
        self.push(head.to_owned(), Some(entry), statement);
    }

    /// Adds a statement that an entry needs in a place.
    pub(super) fn add_for(&mut self, place: &Place<'_>, head: &str, entry: &str, statement: Statement) {
        self.push(format!("{}{head}", place.word), Some(entry), statement);
    }

    fn push(&mut self, head: String, entry: Option<&str>, statement: Statement) {
        if statement.actions.is_empty() || statement.resources.is_empty() {
            return;
        }
        let same = |draft: &&mut Draft| draft.head == head && draft.statement.says_the_same(&statement);
        match self.drafts.iter_mut().find(same) {
            Some(draft) => draft.entries.extend(entry.map(str::to_owned)),
            None => {
                let entries = entry.map(str::to_owned).into_iter().collect();
                self.drafts.push(Draft { head, entries, statement });
            }
        }
    }

    /// Names the statements, each otherwise.
    pub(super) fn finish(self) -> Vec<Statement> {
        let mut names = BTreeMap::<String, usize>::new();
        let mut statements = Vec::new();
        for draft in self.drafts {
            let entries: String = draft.entries.iter().map(|entry| word(entry)).collect();
            let name = format!("{}{entries}", draft.head);
            let uses = names.entry(name.clone()).or_default();
            *uses += 1;
            let sid = if *uses == 1 { name } else { format!("{name}N{uses}") };
            statements.push(Statement { sid, entries: draft.entries.into_iter().collect(), ..draft.statement });
        }
        statements
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(resource: &str) -> Statement {
        Statement::allow(["a:B"], [resource.to_owned()])
    }

    #[test]
    fn what_says_the_same_is_said_once_and_every_name_is_another() {
        let mut drafts = Drafts::default();
        drafts.push("Prd".to_owned(), Some("shell-a"), statement("x"));
        drafts.push("Prd".to_owned(), Some("b"), statement("x"));
        drafts.push("Prd".to_owned(), Some("c"), statement("y"));
        drafts.push("Prd".to_owned(), Some("c"), statement("z"));
        drafts.push("Prd".to_owned(), Some("none"), Statement::allow(["a:B"], []));
        let made = drafts.finish();
        let sids: Vec<&str> = made.iter().map(|statement| statement.sid.as_str()).collect();
        assert_eq!(sids, ["PrdBShellA", "PrdC", "PrdCN2"]);
        assert_eq!(made[0].entries, ["b", "shell-a"]);
    }

    #[test]
    fn a_statement_is_written_as_iam_reads_it() {
        let made = Statement::deny(["b:C", "a:B"], ["*".to_owned()]).when("Null", "k", ["false"]);
        let text = serde_json::to_string(&Statement { sid: "S".to_owned(), ..made }).unwrap();
        assert_eq!(
            text,
            r#"{"Sid":"S","Effect":"Deny","Action":["a:B","b:C"],"Resource":["*"],"Condition":{"Null":{"k":"false"}}}"#
        );
    }
}
