//! Selectors into an answer: `$.services[0].deployments[*].id`.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeawsapi.html>

use serde_json::Value as Json;

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Member(String),
    Item(usize),
    /// Counted from the end.
    Last(usize),
    All,
}

/// A selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(Vec<Part>);

impl Selector {
    /// Reads a selector; `None` where it is none that is known here.
    pub fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim().strip_prefix('$')?;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, left) = after.split_at(end);
                parts.push(match name {
                    "" => return None,
                    "*" => Part::All,
                    name => Part::Member(name.to_owned()),
                });
                rest = left;
                continue;
            }
            let (inside, left) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = |mark: char| inside.strip_prefix(mark)?.strip_suffix(mark).map(str::to_owned);
            parts.push(match (quoted('\''), quoted('"'), inside.strip_prefix('-')) {
                (Some(name), ..) | (None, Some(name), _) => Part::Member(name),
                (None, None, Some(back)) => Part::Last(back.parse().ok().filter(|back| *back > 0)?),
                (None, None, None) if inside == "*" => Part::All,
                (None, None, None) => Part::Item(inside.parse().ok()?),
            });
            rest = left;
        }
        Some(Self(parts))
    }

    /// Takes what it selects: a value, or the list of all that it selects where it says `*`; `None` where there is nothing.
    pub fn select(&self, value: &Json) -> Option<Json> {
        let mut found = vec![value];
        for part in &self.0 {
            found = found.into_iter().flat_map(|value| part.of(value)).collect();
        }
        if self.0.contains(&Part::All) {
            return Some(found.into_iter().cloned().collect());
        }
        found.first().map(|value| (*value).clone()).filter(|value| !value.is_null())
    }
}

impl Part {
    fn of<'a>(&self, value: &'a Json) -> Vec<&'a Json> {
        match self {
            Self::Member(name) => value.get(name).into_iter().collect(),
            Self::Item(index) => value.get(*index).into_iter().collect(),
            Self::Last(back) => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                items.len().checked_sub(*back).and_then(|index| items.get(index)).into_iter().collect()
            }
            Self::All => match value {
                Json::Array(items) => items.iter().collect(),
                Json::Object(members) => members.values().collect(),
                _ => Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("$", Some(json!({"a": [{"b": 1, "c d": "x"}, {"b": 2}], "n": null})))]
    #[case("$.a[0].b", Some(json!(1)))]
    #[case("$.a[-1].b", Some(json!(2)))]
    #[case("$.a[0]['c d']", Some(json!("x")))]
    #[case("$['a'][1][\"b\"]", Some(json!(2)))]
    #[case("$.a[*].b", Some(json!([1, 2])))]
    #[case("$.z[*].b", Some(json!([])))]
    #[case("$.a[2].b", None)]
    #[case("$.a[-3]", None)]
    #[case("$.n", None)]
    #[case("$.a.b", None)]
    fn selects(#[case] text: &str, #[case] expected: Option<Json>) {
        let value = json!({"a": [{"b": 1, "c d": "x"}, {"b": 2}], "n": null});
        assert_eq!(Selector::read(text).unwrap().select(&value), expected);
    }

    #[rstest]
    #[case("a.b")]
    #[case("$.")]
    #[case("$..a")]
    #[case("$.a[")]
    #[case("$.a[x]")]
    #[case("$.a[?(@.b)]")]
    #[case("$.a[-0]")]
    fn refuses(#[case] text: &str) {
        assert_eq!(Selector::read(text), None);
    }
}
