//! JSON in a line of a log, broken so that it can be read.

use serde::de::IgnoredAny;

/// Spaces by which what lies deeper stands further in.
const INDENT: usize = 2;

/// What lies deeper is left as it is: it would stand beyond any screen.
const DEEPEST: usize = 32;

/// Returns a line that is JSON, or ends with it, in lines: what stands before it, then a line a field.
///
/// Nothing of it is read and written anew: numbers, escapes and the order of the fields stay as they are.
pub fn lines(line: &str) -> Option<Vec<String>> {
    let start = line.find(['{', '['])?;
    let (before, json) = line.split_at(start);
    let json = json.trim_end();
    serde_json::from_str::<IgnoredAny>(json).ok()?;
    let before = before.trim_end();
    let mut lines: Vec<String> = Some(before.to_owned()).filter(|before| !before.is_empty()).into_iter().collect();
    lines.extend(broken(json)?);
    Some(lines)
}

/// Breaks what is known to be JSON; none where it is too deep.
fn broken(json: &str) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut depth = 0;
    let mut rest = json.trim_start();
    while let Some(c) = rest.chars().next() {
        let token = if c == '"' { string(rest) } else { &rest[..c.len_utf8()] };
        rest = &rest[token.len()..];
        // Between tokens spaces mean nothing; within a number or a word there are none.
        let after = rest.trim_start();
        match c {
            '{' | '[' if after.starts_with(['}', ']']) => {
                line.push(c);
                line.push_str(&after[..1]);
                rest = &after[1..];
            }
            '{' | '[' => {
                line.push(c);
                depth += 1;
                if depth > DEEPEST {
                    return None;
                }
                next_line(&mut lines, &mut line, depth);
            }
            '}' | ']' => {
                depth -= 1;
                next_line(&mut lines, &mut line, depth);
                line.push(c);
            }
            ',' => {
                line.push(c);
                next_line(&mut lines, &mut line, depth);
            }
            ':' => line.push_str(": "),
            _ => line.push_str(token),
        }
        rest = rest.trim_start();
    }
    lines.push(line);
    Some(lines)
}

fn next_line(lines: &mut Vec<String>, line: &mut String, depth: usize) {
    lines.push(std::mem::replace(line, " ".repeat(depth * INDENT)));
}

/// Returns the string that a text begins with, its quotes included.
fn string(text: &str) -> &str {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        is_end
    });
    end.map_or(text, |(at, _)| &text[..=at])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r#"{"level":"error","n":1.50e2,"名前":"関所"}"#, &["{", r#"  "level": "error","#, r#"  "n": 1.50e2,"#, r#"  "名前": "関所""#, "}"])]
    #[case(r#"INFO request {"a":[1, {"b":{}} ,[]]} "#, &["INFO request", "{", r#"  "a": ["#, "    1,", "    {", r#"      "b": {}"#, "    },", "    []", "  ]", "}"])]
    #[case(r#"[ "a\"b\\" , "{x,y:z}" ]"#, &["[", r#"  "a\"b\\","#, r#"  "{x,y:z}""#, "]"])]
    #[case("[ ]", &["[]"])]
    fn a_line_a_field(#[case] line: &str, #[case] expected: &[&str]) {
        assert_eq!(lines(line).unwrap(), expected);
    }

    #[rstest]
    #[case("no json here")]
    #[case("")]
    #[case(r#"{"cut":"of"#)]
    #[case("[error] 29#29: upstream")]
    #[case("{a:1}")]
    #[case(r#"{"a":1} and more"#)]
    fn what_is_no_json_stays_as_it_is(#[case] line: &str) {
        assert_eq!(lines(line), None);
    }

    #[test]
    fn what_lies_too_deep_is_left_as_it_is() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(lines(&nested(10_000)), None);
        assert_eq!(lines(&nested(DEEPEST)).map(|lines| lines.len()), Some(2 * DEEPEST - 1));
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "\\PC{0,8}|[\"\\\\ {},:]{0,6}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec(("[a-z\" ]{0,4}", inner), 0..4)
                    .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_broken_is_the_same_json(value in any_json()) {
            let whole = serde_json::Value::Array(vec![value]);
            let broken = lines(&whole.to_string()).unwrap().join("\n");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&broken).unwrap(), whole);
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,40}|[\\[\\]{}\",:0-9 \\\\]{0,24}") {
            let _ = lines(&text);
        }
    }
}
