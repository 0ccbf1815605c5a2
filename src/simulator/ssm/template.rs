//! Texts with names in double braces: `{{ Service }}`, `{{ find.DeploymentArn }}`.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-variables.html>

use serde_json::Value as Json;

/// Puts values in the place of names; a text that is nothing but a name becomes the value with its type.
///
/// `Err` is the first name that has no value.
pub fn fill(json: &Json, known: &impl Fn(&str) -> Option<Json>) -> Result<Json, String> {
    Ok(match json {
        Json::String(text) => fill_text(text, known)?,
        Json::Array(items) => Json::Array(items.iter().map(|item| fill(item, known)).collect::<Result<_, _>>()?),
        Json::Object(members) => {
            let filled = members.iter().map(|(name, value)| Ok((name.clone(), fill(value, known)?)));
            Json::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

fn fill_text(text: &str, known: &impl Fn(&str) -> Option<Json>) -> Result<Json, String> {
    let value = |name: &str| known(name).ok_or_else(|| name.to_owned());
    if let Some(name) = whole(text) {
        return value(name);
    }
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((name, after)) = inside.split_once("}}") else { break };
        filled.push_str(before);
        match value(name.trim())? {
            Json::String(text) => filled.push_str(&text),
            other => filled.push_str(&other.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled.into())
}

/// The name that a text is nothing but.
fn whole(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    (!name.contains("{{") && !name.contains("}}")).then_some(name)
}

/// Lists the names in a value.
pub fn names(json: &Json) -> Vec<String> {
    let found = std::cell::RefCell::new(Vec::new());
    // Every name has a value here, so that all of them are come across.
    let _ = fill(json, &|name: &str| {
        found.borrow_mut().push(name.to_owned());
        Some(Json::Null)
    });
    found.into_inner()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_alone_keeps_its_type() {
        let known = |name: &str| match name {
            "Desired" => Some(json!(3)),
            "find.Arns" => Some(json!(["a", "b"])),
            "Service" => Some(json!("web\"{{ Desired }}")),
            _ => None,
        };
        let filled = fill(
            &json!({"a": "{{ Desired }}", "b": ["{{find.Arns}}"], "c": "x-{{ Service }}-{{Desired}}", "d": 4}),
            &known,
        );
        let expected = json!({"a": 3, "b": [["a", "b"]], "c": "x-web\"{{ Desired }}-3", "d": 4});
        assert_eq!(filled, Ok(expected), "what is put in is not read again");
        assert_eq!(fill(&json!("{{ nobody }}"), &known), Err("nobody".to_owned()));
        assert_eq!(fill(&json!("{{ open"), &known), Ok(json!("{{ open")));
        assert_eq!(names(&json!({"a": "{{ x }}", "b": ["{{y.Z}} {{ w }}"]})), ["x", "y.Z", "w"]);
    }
}
