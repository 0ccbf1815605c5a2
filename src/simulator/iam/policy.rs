//! Policy documents, read.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use serde_json::Value as Json;

use super::condition::Condition;

/// A policy of an identity.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What it is called where it is cited.
    pub name: String,
    /// Whether it has policy variables: since the version of 2012.
    pub has_variables: bool,
    /// In their order.
    pub statements: Vec<Statement>,
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Whether it denies.
    pub denies: bool,
    /// What it is about.
    pub actions: Names,
    /// On what.
    pub resources: Names,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

/// Patterns, or all but what they fit.
#[derive(Debug, Clone)]
pub struct Names {
    pub patterns: Vec<String>,
    pub is_not: bool,
}

impl Names {
    /// Whether something is named, by what tells whether a pattern fits.
    pub fn name(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| fits(pattern)) != self.is_not
    }
}

/// The text was no policy of an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(String);

/// Makes the error that says something.
pub fn wrong(what: impl Into<String>) -> PolicyError {
    PolicyError(what.into())
}

impl Policy {
    /// Reads a policy as it is written.
    pub fn read(name: impl Into<String>, text: &str) -> Result<Self, PolicyError> {
        let json: Json = serde_json::from_str(text).map_err(|error| wrong(format!("no JSON: {error}")))?;
        let members = json.as_object().ok_or_else(|| wrong("a policy is an object"))?;
        known(members.keys(), &["Version", "Id", "Statement"])?;
        let has_variables = match members.get("Version").map(Json::as_str) {
            Some(Some("2012-10-17")) => true,
            None | Some(Some("2008-10-17")) => false,
            _ => return Err(wrong("Version must be 2012-10-17 or 2008-10-17")),
        };
        let statements = match members.get("Statement") {
            Some(Json::Array(all)) if !all.is_empty() => all.iter().map(Statement::read).collect::<Result<_, _>>()?,
            Some(one @ Json::Object(_)) => vec![Statement::read(one)?],
            _ => return Err(wrong("a policy has at least one Statement")),
        };
        Ok(Self { name: name.into(), has_variables, statements })
    }
}

impl Statement {
    fn read(json: &Json) -> Result<Self, PolicyError> {
        let members = json.as_object().ok_or_else(|| wrong("a Statement is an object"))?;
        let words = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        known(members.keys(), &words)?;
        let denies = match members.get("Effect").and_then(Json::as_str) {
            Some("Allow") => false,
            Some("Deny") => true,
            _ => return Err(wrong("Effect must be Allow or Deny")),
        };
        let names = |plain: &str, not: &str| match (members.get(plain), members.get(not)) {
            (Some(one), None) => Ok(Names { patterns: texts(plain, one)?, is_not: false }),
            (None, Some(one)) => Ok(Names { patterns: texts(not, one)?, is_not: true }),
            _ => Err(wrong(format!("a Statement has either {plain} or {not}"))),
        };
        let (actions, resources) = (names("Action", "NotAction")?, names("Resource", "NotResource")?);
        let is_action =
            |text: &String| text == "*" || text.split_once(':').is_some_and(|(service, _)| !service.is_empty());
        if let Some(odd) = actions.patterns.iter().find(|text| !is_action(text)) {
            return Err(wrong(format!("{odd} is no action: actions have a vendor before a colon")));
        }
        let is_resource = |text: &String| text == "*" || text.splitn(6, ':').count() == 6;
        if let Some(odd) = resources.patterns.iter().find(|text| !is_resource(text)) {
            return Err(wrong(format!("{odd} is no resource: resources are ARNs or *")));
        }
        let conditions = match members.get("Condition") {
            None => Vec::new(),
            Some(Json::Object(operators)) => {
                let mut conditions = Vec::new();
                for (operator, keys) in operators {
                    let keys = keys.as_object().ok_or_else(|| wrong(format!("{operator} has an object of keys")))?;
                    for (key, values) in keys {
                        conditions.push(Condition::read(operator, key, texts(key, values)?)?);
                    }
                }
                conditions
            }
            Some(_) => return Err(wrong("Condition is an object")),
        };
        Ok(Self { denies, actions, resources, conditions })
    }
}

fn known<'a>(mut keys: impl Iterator<Item = &'a String>, words: &[&str]) -> Result<(), PolicyError> {
    match keys.find(|key| !words.contains(&key.as_str())) {
        Some(key) => Err(wrong(format!("{key} is no word of the grammar"))),
        None => Ok(()),
    }
}

/// Reads one text or a list of them; booleans and numbers count as what they are written as.
fn texts(name: &str, json: &Json) -> Result<Vec<String>, PolicyError> {
    let one = |json: &Json| match json {
        Json::String(text) => Ok(text.clone()),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Number(number) => Ok(number.to_string()),
        _ => Err(wrong(format!("{name} holds texts"))),
    };
    match json {
        Json::Array(all) if !all.is_empty() => all.iter().map(one).collect(),
        Json::Array(_) => Err(wrong(format!("{name} must not be empty"))),
        json => one(json).map(|text| vec![text]),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("{", "no JSON")]
    #[case("[]", "an object")]
    #[case(r#"{"Version":"2012-10-17"}"#, "at least one Statement")]
    #[case(r#"{"Version":"2013-01-01","Statement":[]}"#, "Version")]
    #[case(r#"{"Statement":{"Effect":"Permit","Action":"*","Resource":"*"}}"#, "Allow or Deny")]
    #[case(r#"{"Statement":{"Effect":"Allow","Action":"ecs","Resource":"*"}}"#, "vendor")]
    #[case(r#"{"Statement":{"Effect":"Allow","Action":"ecs:*","Resource":"web"}}"#, "ARNs")]
    #[case(r#"{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}}"#, "either")]
    #[case(r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#, "either Resource")]
    #[case(r#"{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}"#, "empty")]
    #[case(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}"#, "Principal")]
    #[case(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Like":{"a:b":"c"}}}}"#, "Like")]
    fn refuses(#[case] text: &str, #[case] why: &str) {
        let error = Policy::read("p", text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
