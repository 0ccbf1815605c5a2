//! Policies that somebody else wrote, read as far as they are compared: everything in them is hostile.

use serde_json::{Map, Value};

use super::statement::{Conditions, Effect};

/// The longest text that is read: a managed policy is 6,144 characters, and an export may hold hundreds of them.
pub const LONGEST: usize = 4 * 1024 * 1024;

/// Policies as they were found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foreign {
    /// All of their statements.
    pub(super) statements: Vec<ForeignStatement>,
}

impl Foreign {
    /// Adds those of another policy: whoever has both may what either of them allows, and may not what either denies.
    ///
    /// Its statements are told apart by the name of the file that it is from, where one is given.
    pub fn add(&mut self, other: Self, file: Option<&str>) {
        self.statements.extend(other.statements.into_iter().map(|statement| match file {
            Some(file) => ForeignStatement { name: format!("{file} {}", statement.name), ..statement },
            None => statement,
        }));
    }
}

/// A statement that somebody else wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ForeignStatement {
    /// Its `Sid`, or else its number.
    pub(super) name: String,
    pub(super) effect: Effect,
    pub(super) actions: Named,
    pub(super) resources: Named,
    pub(super) conditions: Conditions,
}

/// What a statement is about: these, or all but these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    These(Vec<String>),
    AllBut(Vec<String>),
}

/// Says why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAPolicy {
    /// It is longer than what is read.
    TooLong,
    /// It is no JSON.
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It holds no statements.
    NoStatements,
    /// A statement is none.
    Malformed {
        /// Which, from 1.
        number: usize,
        /// The element that is at fault.
        element: &'static str,
    },
}

/// Reads a policy, or what holds several: what `sekisho policy` prints, or a list.
///
/// # Errors
/// Why it is none.
pub fn parse(text: &str) -> Result<Foreign, NotAPolicy> {
    if text.len() > LONGEST {
        return Err(NotAPolicy::TooLong);
    }
    let json: Value = serde_json::from_str(text)
        .map_err(|error| NotAPolicy::NotJson { line: error.line(), column: error.column() })?;
    let mut raw = Vec::new();
    collect(&json, &mut raw);
    if raw.is_empty() {
        return Err(NotAPolicy::NoStatements);
    }
    let read = |(index, value): (usize, &Value)| {
        statement(value, index + 1).map_err(|element| NotAPolicy::Malformed { number: index + 1, element })
    };
    let statements = raw.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(Foreign { statements })
}

/// The members that hold a policy or several.
const HOLDERS: [&str; 7] =
    ["policies", "document", "InlinePolicy", "CustomerManagedPolicies", "PolicyDocument", "PolicyVersion", "Document"];

/// Finds the statements of a policy, or of all that a document holds; serde's own limit bounds how deep that may go.
fn collect<'v>(json: &'v Value, found: &mut Vec<&'v Value>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => match members.get("Statement") {
            Some(Value::Array(statements)) => found.extend(statements),
            Some(one) => found.push(one),
            None => HOLDERS.iter().filter_map(|name| members.get(*name)).for_each(|held| collect(held, found)),
        },
        _ => {}
    }
}

/// Reads a statement, or names the element that is at fault.
fn statement(json: &Value, number: usize) -> Result<ForeignStatement, &'static str> {
    let members = json.as_object().ok_or("Statement")?;
    let effect = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err("Effect"),
    };
    let name = members.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
    Ok(ForeignStatement {
        name: name.map_or_else(|| format!("#{number}"), str::to_owned),
        effect,
        actions: named(members, "Action", "NotAction")?,
        resources: named(members, "Resource", "NotResource")?,
        conditions: conditions(members.get("Condition"))?,
    })
}

fn named(members: &Map<String, Value>, these: &'static str, all_but: &'static str) -> Result<Named, &'static str> {
    match (members.get(these), members.get(all_but)) {
        (Some(value), None) => texts(value).map(Named::These).ok_or(these),
        (None, Some(value)) => texts(value).map(Named::AllBut).ok_or(all_but),
        _ => Err(these),
    }
}

/// Reads one text or several.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Reads conditions; numbers and booleans are the texts that IAM takes them for.
fn conditions(value: Option<&Value>) -> Result<Conditions, &'static str> {
    let mut conditions = Conditions::new();
    let Some(value) = value else { return Ok(conditions) };
    for (operator, keys) in value.as_object().ok_or("Condition")? {
        for (key, values) in keys.as_object().ok_or("Condition")? {
            let items: Vec<&Value> = values.as_array().map_or_else(|| vec![values], |items| items.iter().collect());
            let plain = |item: &Value| match item {
                Value::String(text) => Some(text.clone()),
                Value::Bool(_) | Value::Number(_) => Some(item.to_string()),
                _ => None,
            };
            let values = items.into_iter().map(plain).collect::<Option<Vec<_>>>().ok_or("Condition")?;
            conditions.entry(operator.clone()).or_default().insert(key.clone(), values);
        }
    }
    Ok(conditions)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const STATEMENT: &str = r#"{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Bool":{"k":true}}}"#;

    #[test]
    fn a_policy_is_found_in_whatever_holds_it() {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{STATEMENT}]}}"#);
        for text in [
            policy.clone(),
            format!(r#"{{"Statement":{STATEMENT}}}"#),
            format!("[{policy}]"),
            format!(r#"{{"policies":[{{"name":"x","document":{policy}}}]}}"#),
            format!(r#"{{"PolicyVersion":{{"Document":{policy}}}}}"#),
            format!(r#"{{"InlinePolicy":{policy},"CustomerManagedPolicies":[]}}"#),
        ] {
            let found = parse(&text).unwrap();
            assert_eq!(found.statements.len(), 1, "{text}");
            assert_eq!(found.statements[0].name, "#1");
            assert_eq!(found.statements[0].conditions["Bool"]["k"], ["true"]);
        }
    }

    #[rstest]
    #[case("{", NotAPolicy::NotJson { line: 1, column: 1 })]
    #[case("{}", NotAPolicy::NoStatements)]
    #[case("[]", NotAPolicy::NoStatements)]
    #[case(r#"{"Statement":[]}"#, NotAPolicy::NoStatements)]
    #[case(r#"{"Statement":[1]}"#, NotAPolicy::Malformed { number: 1, element: "Statement" })]
    #[case(r#"{"Statement":{"Effect":"Maybe"}}"#, NotAPolicy::Malformed { number: 1, element: "Effect" })]
    #[case(r#"{"Statement":{"Effect":"Deny"}}"#, NotAPolicy::Malformed { number: 1, element: "Action" })]
    #[case(r#"{"Statement":{"Effect":"Deny","Action":[1]}}"#, NotAPolicy::Malformed { number: 1, element: "Action" })]
    #[case(r#"{"Statement":{"Effect":"Deny","Action":"*","NotResource":7}}"#, NotAPolicy::Malformed { number: 1, element: "NotResource" })]
    #[case(r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":[]}}"#, NotAPolicy::Malformed { number: 1, element: "Condition" })]
    fn what_is_no_policy_is_told(#[case] text: &str, #[case] why: NotAPolicy) {
        assert_eq!(parse(text).unwrap_err(), why);
    }

    #[test]
    fn nothing_is_too_deep_or_too_long() {
        assert!(matches!(parse(&"[".repeat(100_000)), Err(NotAPolicy::NotJson { .. })));
        assert_eq!(parse(&" ".repeat(LONGEST + 1)), Err(NotAPolicy::TooLong));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in r#"[\[\]{}":,a-zA-Z*1 ]{0,60}"#) {
            let _ = parse(&text);
        }
    }
}
