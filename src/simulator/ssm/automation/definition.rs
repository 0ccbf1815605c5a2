//! What an Automation document says, read and checked.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html>

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::selector::Selector;
use crate::simulator::ssm::documents::declared::{Declared, Kind};
use crate::simulator::ssm::template;

/// The most steps of a document.
const MOST_STEPS: usize = 100;

/// An Automation document.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The role that it runs under: an ARN, or a parameter in braces.
    pub assume_role: Option<String>,
    pub steps: Vec<StepSpec>,
    /// `step.Output`.
    pub outputs: Vec<String>,
}

/// A step.
#[derive(Debug, Clone)]
pub struct StepSpec {
    pub name: String,
    pub action: Action,
    pub inputs: Map<String, Json>,
    pub outputs: Vec<OutputSpec>,
    pub timeout: Option<u32>,
    pub attempts: u32,
    pub on_failure: OnFailure,
    pub next: Option<String>,
    pub is_end: bool,
    pub is_critical: Option<bool>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Call,
    WaitFor,
    Assert,
    Branch,
    Sleep,
}

/// What becomes of an execution whose step has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnFailure {
    Abort,
    Continue,
    Step(String),
}

/// What a step takes out of an answer.
#[derive(Debug, Clone)]
pub struct OutputSpec {
    pub name: String,
    pub selector: Selector,
    pub kind: Kind,
}

impl Action {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "aws:executeAwsApi" => Self::Call,
            "aws:waitForAwsResourceProperty" => Self::WaitFor,
            "aws:assertAwsResourceProperty" => Self::Assert,
            "aws:branch" => Self::Branch,
            "aws:sleep" => Self::Sleep,
            _ => return None,
        })
    }

    /// AWS's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Call => "aws:executeAwsApi",
            Self::WaitFor => "aws:waitForAwsResourceProperty",
            Self::Assert => "aws:assertAwsResourceProperty",
            Self::Branch => "aws:branch",
            Self::Sleep => "aws:sleep",
        }
    }

    /// The inputs without which it does nothing.
    const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Call => &["Service", "Api"],
            Self::WaitFor | Self::Assert => &["Service", "Api", "PropertySelector", "DesiredValues"],
            Self::Branch => &["Choices"],
            Self::Sleep => &[],
        }
    }
}

impl OnFailure {
    /// AWS's word for it.
    pub fn word(&self) -> String {
        match self {
            Self::Abort => "Abort".to_owned(),
            Self::Continue => "Continue".to_owned(),
            Self::Step(name) => format!("step:{name}"),
        }
    }
}

impl Definition {
    /// Reads a document's members; `Err` says what is wrong.
    pub fn read(members: &Map<String, Json>, parameters: &[Declared]) -> Result<Self, String> {
        let known =
            ["schemaVersion", "description", "assumeRole", "parameters", "mainSteps", "outputs", "variables", "files"];
        if let Some(odd) = members.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("The element {odd} is not supported in an Automation document."));
        }
        let steps = members.get("mainSteps").and_then(Json::as_array).filter(|steps| !steps.is_empty());
        let steps = steps.ok_or("The document must have at least one step in mainSteps.")?;
        if steps.len() > MOST_STEPS {
            return Err(format!("A document has {MOST_STEPS} steps at most."));
        }
        let steps = steps.iter().map(StepSpec::read).collect::<Result<Vec<_>, _>>()?;
        let outputs = match members.get("outputs") {
            None => Vec::new(),
            Some(json) => texts(json).ok_or("outputs must be a list of strings.")?,
        };
        let assume_role = match members.get("assumeRole") {
            None => None,
            Some(Json::String(text)) => Some(text.clone()).filter(|text| !text.is_empty()),
            Some(_) => return Err("assumeRole must be a string.".to_owned()),
        };
        let definition = Self { assume_role, steps, outputs };
        definition.check(parameters)?;
        Ok(definition)
    }

    /// Each step is known once, and whatever is named is there.
    fn check(&self, parameters: &[Declared]) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for step in &self.steps {
            if !names.insert(step.name.as_str()) {
                return Err(format!("The step name {} is not unique.", step.name));
            }
        }
        let there = |name: &String| {
            if names.contains(name.as_str()) { Ok(()) } else { Err(format!("There is no step {name}.")) }
        };
        let mut before: BTreeSet<String> = parameters.iter().map(|one| one.name.clone()).collect();
        let resolves = |name: &String, before: &BTreeSet<String>| {
            let own = name.starts_with("global:") || name.starts_with("automation:");
            if own || before.contains(name) { Ok(()) } else { Err(format!("The variable {name} is not defined.")) }
        };
        // Steps may be gone to in any order: what any of them gives is defined.
        for step in &self.steps {
            before.extend(step.outputs.iter().map(|output| format!("{}.{}", step.name, output.name)));
            before.insert(format!("{}.Output", step.name));
        }
        for step in &self.steps {
            step.next.iter().try_for_each(there)?;
            if let OnFailure::Step(name) = &step.on_failure {
                there(name)?;
            }
            step.targets().iter().try_for_each(there)?;
            let inputs = Json::Object(step.inputs.clone());
            template::names(&inputs).iter().try_for_each(|name| resolves(name, &before))?;
        }
        let role = Json::from(self.assume_role.clone().unwrap_or_default());
        template::names(&role).iter().try_for_each(|name| resolves(name, &before))?;
        self.outputs.iter().try_for_each(|name| resolves(name, &before))
    }
}

impl StepSpec {
    fn read(json: &Json) -> Result<Self, String> {
        const KNOWN: [&str; 14] = [
            "name",
            "action",
            "inputs",
            "outputs",
            "timeoutSeconds",
            "maxAttempts",
            "onFailure",
            "onCancel",
            "nextStep",
            "isEnd",
            "isCritical",
            "description",
            "isolate",
            "precondition",
        ];
        let members = json.as_object().ok_or("A step must be an object.")?;
        let name = members.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !(3..=128).contains(&name.len()) || !name.chars().all(letter) {
            return Err(format!("The step name \"{name}\" must match ^[a-zA-Z0-9_]{{3,128}}$."));
        }
        let at = |what: &str| format!("Step {name}: {what}");
        if let Some(odd) = members.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(at(&format!("the element {odd} is not supported.")));
        }
        let word = members.get("action").and_then(Json::as_str).unwrap_or_default();
        let action = Action::read(word);
        let action =
            action.ok_or_else(|| at(&format!("the action \"{word}\" is not supported by the simulated account.")))?;
        let inputs = match members.get("inputs") {
            None => Map::new(),
            Some(Json::Object(inputs)) => inputs.clone(),
            Some(_) => return Err(at("inputs must be an object.")),
        };
        if let Some(missing) = action.needs().iter().find(|name| !inputs.contains_key(**name)) {
            return Err(at(&format!("the input {missing} is required.")));
        }
        check_inputs(action, &inputs).map_err(|why| at(&why))?;
        let outputs = members.get("outputs").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let outputs = outputs
            .iter()
            .map(|json| OutputSpec::read(json).ok_or_else(|| at("an output needs Name, Selector and Type.")));
        let number = |key: &str| members.get(key).and_then(Json::as_u64).and_then(|number| u32::try_from(number).ok());
        let on_failure = match members.get("onFailure").map(|json| json.as_str().unwrap_or_default()) {
            None | Some("Abort") => OnFailure::Abort,
            Some("Continue") => OnFailure::Continue,
            Some(text) => {
                OnFailure::Step(text.strip_prefix("step:").ok_or_else(|| at("onFailure is not valid."))?.to_owned())
            }
        };
        Ok(Self {
            action,
            inputs,
            outputs: outputs.collect::<Result<_, _>>()?,
            timeout: number("timeoutSeconds").filter(|seconds| *seconds > 0),
            attempts: number("maxAttempts").unwrap_or(1).clamp(1, 10),
            on_failure,
            next: members.get("nextStep").and_then(Json::as_str).map(str::to_owned),
            is_end: members.get("isEnd").and_then(Json::as_bool).unwrap_or(false),
            is_critical: members.get("isCritical").and_then(Json::as_bool),
            name: name.clone(),
        })
    }

    /// The steps that a branch may go to.
    fn targets(&self) -> Vec<String> {
        let choices = self.inputs.get("Choices").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let next = choices.iter().filter_map(|choice| choice.get("NextStep"));
        let usual = self.inputs.get("Default").filter(|_| self.action == Action::Branch);
        next.chain(usual).filter_map(Json::as_str).map(str::to_owned).collect()
    }
}

fn check_inputs(action: Action, inputs: &Map<String, Json>) -> Result<(), String> {
    match action {
        Action::Call => Ok(()),
        Action::WaitFor | Action::Assert => {
            let selector = inputs.get("PropertySelector").and_then(Json::as_str).and_then(Selector::read);
            let desired = inputs.get("DesiredValues").and_then(Json::as_array).is_some_and(|values| !values.is_empty());
            if selector.is_some() && desired {
                Ok(())
            } else {
                Err("PropertySelector must be a JSONPath, DesiredValues a list that is not empty.".to_owned())
            }
        }
        Action::Branch => {
            let choices = inputs.get("Choices").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let complete = choices.iter().all(|choice| choice.get("NextStep").is_some_and(Json::is_string));
            if !choices.is_empty() && complete {
                Ok(())
            } else {
                Err("each of the Choices needs a NextStep.".to_owned())
            }
        }
        Action::Sleep => match (inputs.get("Duration"), inputs.get("Timestamp")) {
            (Some(Json::String(_)), None) | (None, Some(Json::String(_))) => Ok(()),
            _ => Err("either Duration or Timestamp is required.".to_owned()),
        },
    }
}

impl OutputSpec {
    fn read(json: &Json) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Json::as_str);
        let kind = text("Type").map_or(Some(Kind::String), Kind::read)?;
        Some(Self { name: text("Name")?.to_owned(), selector: Selector::read(text("Selector")?)?, kind })
    }
}

fn texts(json: &Json) -> Option<Vec<String>> {
    json.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn read(steps: &Json) -> Result<Definition, String> {
        let document = json!({ "schemaVersion": "0.3", "mainSteps": steps });
        Definition::read(document.as_object().unwrap(), &[])
    }

    fn step(name: &str, more: &Json) -> Json {
        let mut step = json!({ "name": name, "action": "aws:executeAwsApi", "inputs": { "Service": "ecs", "Api": "ListClusters" } });
        for (key, value) in more.as_object().unwrap() {
            step[key.as_str()] = value.clone();
        }
        step
    }

    #[test]
    fn a_document_is_read() {
        let out = json!({ "outputs": [{ "Name": "Arn", "Selector": "$.clusterArns[0]", "Type": "String" }], "nextStep": "second" });
        let used = json!({ "inputs": { "Service": "ecs", "Api": "DescribeClusters", "clusters": ["{{ first.Arn }}"] }, "isEnd": true });
        let definition = read(&json!([step("first", &out), step("second", &used)])).unwrap();
        assert_eq!(definition.steps[1].attempts, 1);
        assert_eq!(definition.steps[0].outputs[0].kind, Kind::String);
    }

    #[rstest]
    #[case(json!([]), "at least one step")]
    #[case(json!([step("ab", &json!({}))]), "must match")]
    #[case(json!([step("one", &json!({})), step("one", &json!({}))]), "not unique")]
    #[case(json!([step("one", &json!({ "action": "aws:approve" }))]), "aws:approve")]
    #[case(json!([step("one", &json!({ "nextStep": "two" }))]), "no step two")]
    #[case(json!([step("one", &json!({ "onFailure": "step:two" }))]), "no step two")]
    #[case(json!([step("one", &json!({ "onFailure": "Ignore" }))]), "onFailure")]
    #[case(json!([step("one", &json!({ "inputs": { "Service": "ecs" } }))]), "Api")]
    #[case(json!([step("one", &json!({ "inputs": { "Service": "ecs", "Api": "{{ Nobody }}" } }))]), "Nobody")]
    #[case(json!([step("one", &json!({ "outputs": [{ "Name": "A", "Selector": "a" }] }))]), "output")]
    #[case(json!([step("one", &json!({ "action": "aws:sleep", "inputs": {} }))]), "Duration")]
    #[case(json!([step("one", &json!({ "action": "aws:branch", "inputs": { "Choices": [] } }))]), "NextStep")]
    #[case(json!([step("one", &json!({ "retries": 1 }))]), "retries")]
    fn refuses(#[case] steps: Json, #[case] why: &str) {
        let error = read(&steps).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
