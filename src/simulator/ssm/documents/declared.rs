//! The parameters that a document declares, and the values that it takes for them.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html>

use std::collections::BTreeMap;

use regex_lite::{Regex, RegexBuilder};
use serde_json::Value as Json;

/// How much memory a compiled pattern may take.
const LARGEST_PATTERN: usize = 2 * 1024 * 1024;

/// The type of a parameter or of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    String,
    StringList,
    Integer,
    Boolean,
    StringMap,
    MapList,
}

impl Kind {
    /// Reads a type; AWS's own, such as `AWS::IAM::Role::Arn` and lists of them, are texts.
    pub fn read(text: &str) -> Option<Self> {
        Some(match text {
            "String" => Self::String,
            "StringList" => Self::StringList,
            "Integer" => Self::Integer,
            "Boolean" => Self::Boolean,
            "StringMap" => Self::StringMap,
            "MapList" => Self::MapList,
            text if text.starts_with("AWS::") => Self::String,
            text if text.starts_with("List<") && text.ends_with('>') => Self::StringList,
            _ => return None,
        })
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::Integer => "Integer",
            Self::Boolean => "Boolean",
            Self::StringMap => "StringMap",
            Self::MapList => "MapList",
        }
    }
}

/// A parameter of a document.
#[derive(Debug, Clone)]
pub struct Declared {
    pub name: String,
    pub kind: Kind,
    pub description: Option<String>,
    pub default: Option<Json>,
    allowed_values: Option<Vec<String>>,
    allowed_pattern: Option<(String, Regex)>,
    shortest: Option<usize>,
    longest: Option<usize>,
}

/// Reads what a document declares; `Err` says what is wrong.
pub fn read_all(json: Option<&Json>) -> Result<Vec<Declared>, String> {
    let Some(json) = json else { return Ok(Vec::new()) };
    let members = json.as_object().ok_or("The parameters element must be an object.")?;
    members.iter().map(|(name, json)| Declared::read(name, json)).collect()
}

impl Declared {
    fn read(name: &str, json: &Json) -> Result<Self, String> {
        const KNOWN: [&str; 10] = [
            "type",
            "description",
            "default",
            "allowedValues",
            "allowedPattern",
            "minChars",
            "maxChars",
            "minItems",
            "maxItems",
            "displayType",
        ];
        let members = json.as_object().ok_or_else(|| format!("Parameter \"{name}\" must be an object."))?;
        if let Some(odd) = members.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(format!("Parameter \"{name}\" has the unknown element \"{odd}\"."));
        }
        let kind = members.get("type").and_then(Json::as_str).and_then(Kind::read);
        let kind = kind.ok_or_else(|| format!("Parameter \"{name}\" has no type that is supported."))?;
        let allowed_values = match members.get("allowedValues") {
            None => None,
            Some(Json::Array(values)) if !values.is_empty() => Some(values.iter().map(written).collect()),
            Some(_) => return Err(format!("Parameter \"{name}\": allowedValues must be a list that is not empty.")),
        };
        let allowed_pattern = match members.get("allowedPattern") {
            None => None,
            Some(Json::String(text)) => {
                let whole = RegexBuilder::new(&format!("^(?:{text})$")).size_limit(LARGEST_PATTERN).build();
                let whole =
                    whole.map_err(|_| format!("Parameter \"{name}\": allowedPattern is no regular expression."))?;
                Some((text.clone(), whole))
            }
            Some(_) => return Err(format!("Parameter \"{name}\": allowedPattern must be a string.")),
        };
        let size = |key: &str| members.get(key).and_then(Json::as_u64).and_then(|size| usize::try_from(size).ok());
        let declared = Self {
            name: name.to_owned(),
            kind,
            description: members.get("description").and_then(Json::as_str).map(str::to_owned),
            default: members.get("default").cloned(),
            allowed_values,
            allowed_pattern,
            shortest: size("minChars"),
            longest: size("maxChars"),
        };
        if let Some(default) = &declared.default {
            let texts: Vec<String> = match default {
                Json::Array(items) if kind != Kind::MapList => items.iter().map(written).collect(),
                one => vec![written(one)],
            };
            // An empty default says that nothing need be given.
            if texts.iter().any(|text| !text.is_empty()) {
                declared.value(&texts)?;
            }
        }
        Ok(declared)
    }

    /// What the default is written as, for descriptions.
    pub fn default_text(&self) -> Option<String> {
        self.default.as_ref().map(written)
    }

    /// Takes the value that was given as texts; `Err` says what is wrong with it.
    pub fn value(&self, given: &[String]) -> Result<Json, String> {
        let name = &self.name;
        for value in given {
            self.check(value)?;
        }
        let single = || match given {
            [one] => Ok(one.as_str()),
            _ => Err(format!("Parameter \"{name}\" must have exactly one value.")),
        };
        let wrong =
            |text: &str| format!("Parameter \"{name}\" has value \"{text}\" that is not of type {}.", self.kind.word());
        Ok(match self.kind {
            Kind::String => single()?.into(),
            Kind::StringList => given.into(),
            Kind::Integer => {
                let text = single()?;
                text.parse::<i64>().map_err(|_| wrong(text))?.into()
            }
            Kind::Boolean => {
                let text = single()?;
                text.parse::<bool>().map_err(|_| wrong(text))?.into()
            }
            Kind::StringMap => {
                let text = single()?;
                serde_json::from_str::<Json>(text).ok().filter(Json::is_object).ok_or_else(|| wrong(text))?
            }
            Kind::MapList => {
                let read = |text: &String| {
                    serde_json::from_str::<Json>(text).ok().filter(Json::is_object).ok_or_else(|| wrong(text))
                };
                given.iter().map(read).collect::<Result<Vec<_>, _>>()?.into()
            }
        })
    }

    fn check(&self, value: &str) -> Result<(), String> {
        let name = &self.name;
        let length = value.chars().count();
        if self.shortest.is_some_and(|least| length < least) || self.longest.is_some_and(|most| length > most) {
            return Err(format!("Parameter \"{name}\" has {length} characters, which is not within its limits."));
        }
        if let Some(allowed) = self.allowed_values.as_ref().filter(|allowed| !allowed.iter().any(|one| one == value)) {
            return Err(format!("Parameter \"{name}\" has value \"{value}\" not found in [{}].", allowed.join(", ")));
        }
        match self.allowed_pattern.as_ref().filter(|(_, pattern)| !pattern.is_match(value)) {
            None => Ok(()),
            Some((text, _)) => Err(format!("Parameter \"{name}\" has value \"{value}\" not matching {text}.")),
        }
    }
}

/// Takes the values of all parameters: those given, and defaults; `Err` says what is wrong.
pub fn values(declared: &[Declared], given: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, Json>, String> {
    if let Some(name) = given.keys().find(|name| !declared.iter().any(|one| one.name == **name)) {
        return Err(format!("Parameter \"{name}\" is not defined in the document."));
    }
    let mut values = BTreeMap::new();
    for one in declared {
        let value = match (given.get(&one.name), &one.default) {
            (Some(given), _) => one.value(given)?,
            (None, Some(default)) => typed(one.kind, default),
            (None, None) => return Err(format!("Missing required parameter: {} in user inputs.", one.name)),
        };
        values.insert(one.name.clone(), value);
    }
    Ok(values)
}

/// A default as a value of its parameter's type: some write numbers as texts.
fn typed(kind: Kind, default: &Json) -> Json {
    let text = written(default);
    match kind {
        Kind::Integer => text.parse::<i64>().map_or_else(|_| default.clone(), Json::from),
        Kind::Boolean => text.parse::<bool>().map_or_else(|_| default.clone(), Json::from),
        _ => default.clone(),
    }
}

/// How a value is written where a text is wanted: a text as it is, anything else as JSON.
pub fn written(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn given(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        pairs.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect()
    }

    fn declared() -> Vec<Declared> {
        read_all(Some(&json!({
            "Service": { "type": "String", "allowedValues": ["web", "api"] },
            "Desired": { "type": "Integer", "allowedValues": [1, 2, 3], "default": 2 },
            "Task": { "type": "String", "allowedPattern": "[0-9a-f]{32}", "default": "" },
            "Reasons": { "type": "StringList", "default": [] },
        })))
        .unwrap()
    }

    #[test]
    fn values_have_their_types() {
        let values = values(&declared(), &given(&[("Service", &["web"]), ("Desired", &["3"])])).unwrap();
        assert_eq!(values["Service"], json!("web"));
        assert_eq!(values["Desired"], json!(3));
        assert_eq!(values["Task"], json!(""));
        assert_eq!(values["Reasons"], json!([]));
    }

    #[rstest]
    #[case(&[("Service", &["db"][..])], "Parameter \"Service\" has value \"db\" not found in [web, api].")]
    #[case(&[], "Missing required parameter: Service in user inputs.")]
    #[case(&[("Service", &["web"][..]), ("Cluster", &["x"][..])], "Parameter \"Cluster\" is not defined")]
    #[case(&[("Service", &["web"][..]), ("Desired", &["4"][..])], "not found in [1, 2, 3]")]
    #[case(&[("Service", &["web", "api"][..])], "exactly one value")]
    #[case(&[("Service", &["web"][..]), ("Task", &["xyz"][..])], "not matching [0-9a-f]{32}")]
    #[case(&[("Service", &["web"][..]), ("Task", &["0123456789abcdef0123456789abcdef\n"][..])], "not matching")]
    #[case(&[("Service", &["Web"][..])], "not found")]
    #[case(&[("Service", &["web,api"][..])], "not found")]
    fn refuses(#[case] pairs: &[(&str, &[&str])], #[case] why: &str) {
        let error = values(&declared(), &given(pairs)).unwrap_err();
        assert!(error.contains(why), "{error}");
    }

    #[rstest]
    #[case(json!({"A": {"type": "Text"}}))]
    #[case(json!({"A": {"type": "String", "allowedValues": []}}))]
    #[case(json!({"A": {"type": "String", "allowedPattern": "("}}))]
    #[case(json!({"A": {"type": "String", "allowedPattern": "[a-z]+", "default": "X"}}))]
    #[case(json!({"A": {"type": "String", "values": []}}))]
    #[case(json!([]))]
    fn declarations_are_checked(#[case] parameters: Json) {
        assert!(read_all(Some(&parameters)).is_err());
    }
}
