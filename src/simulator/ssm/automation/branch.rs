//! `aws:branch`: which way to go.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-branch.html>

use serde_json::Value as Json;

use crate::simulator::ssm::documents::declared::written;

/// Chooses the step whose condition holds first, or the usual one; `None` where there is neither.
pub fn choose(inputs: &Json) -> Result<Option<String>, String> {
    let choices = inputs.get("Choices").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    for choice in choices {
        if holds(choice)? {
            return Ok(choice.get("NextStep").and_then(Json::as_str).map(str::to_owned));
        }
    }
    Ok(inputs.get("Default").and_then(Json::as_str).map(str::to_owned))
}

fn holds(choice: &Json) -> Result<bool, String> {
    let all = |json: &Json| {
        json.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(holds).collect::<Result<Vec<_>, _>>()
    };
    if let Some(items) = choice.get("And") {
        return Ok(all(items)?.into_iter().all(|one| one));
    }
    if let Some(items) = choice.get("Or") {
        return Ok(all(items)?.into_iter().any(|one| one));
    }
    if let Some(item) = choice.get("Not") {
        return holds(item).map(|one| !one);
    }
    let variable = choice.get("Variable").ok_or("a choice needs a Variable")?;
    let members = choice.as_object().into_iter().flatten();
    let mut operators = members.filter(|(name, _)| !["Variable", "NextStep"].contains(&name.as_str()));
    let (operator, wanted) = operators.next().ok_or("a choice needs an operator")?;
    compare(operator, variable, wanted)
}

fn compare(operator: &str, variable: &Json, wanted: &Json) -> Result<bool, String> {
    let (value, wanted) = (written(variable), written(wanted));
    let numbers = || value.parse::<f64>().ok().zip(wanted.parse::<f64>().ok());
    let ordered = |fits: fn(f64, f64) -> bool| numbers().is_some_and(|(value, wanted)| fits(value, wanted));
    Ok(match operator {
        "StringEquals" => value == wanted,
        "EqualsIgnoreCase" => value.to_lowercase() == wanted.to_lowercase(),
        "StartsWith" => value.starts_with(&wanted),
        "EndsWith" => value.ends_with(&wanted),
        "Contains" => value.contains(&wanted),
        "NumericEquals" => ordered(|value, wanted| (value - wanted).abs() < f64::EPSILON),
        "NumericGreater" => ordered(|value, wanted| value > wanted),
        "NumericLesser" => ordered(|value, wanted| value < wanted),
        "NumericGreaterOrEquals" => ordered(|value, wanted| value >= wanted),
        "NumericLesserOrEquals" => ordered(|value, wanted| value <= wanted),
        "BooleanEquals" => value.eq_ignore_ascii_case(&wanted),
        _ => return Err(format!("the operator {operator} is not supported")),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"Variable": "web", "StringEquals": "web"}), true)]
    #[case(json!({"Variable": "Web", "EqualsIgnoreCase": "web"}), true)]
    #[case(json!({"Variable": 3, "NumericGreater": 2}), true)]
    #[case(json!({"Variable": "3", "NumericLesserOrEquals": 2}), false)]
    #[case(json!({"Variable": true, "BooleanEquals": true}), true)]
    #[case(json!({"Not": {"Variable": "web", "StartsWith": "w"}}), false)]
    #[case(json!({"And": [{"Variable": "web", "EndsWith": "b"}, {"Variable": "web", "Contains": "x"}]}), false)]
    #[case(json!({"Or": [{"Variable": "web", "EndsWith": "b"}, {"Variable": "web", "Contains": "x"}]}), true)]
    fn a_choice_holds(#[case] mut choice: Json, #[case] expected: bool) {
        choice["NextStep"] = "there".into();
        let chosen = choose(&json!({"Choices": [choice], "Default": "elsewhere"})).unwrap();
        assert_eq!(chosen.as_deref(), Some(if expected { "there" } else { "elsewhere" }));
    }

    #[test]
    fn an_unknown_operator_is_an_error() {
        assert!(choose(&json!({"Choices": [{"NextStep": "a", "Variable": "x", "Like": "y"}]})).is_err());
        assert_eq!(choose(&json!({"Choices": [{"NextStep": "a", "Variable": "x", "StringEquals": "y"}]})), Ok(None));
    }
}
