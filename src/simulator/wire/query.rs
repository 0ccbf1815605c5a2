//! The Query protocol of STS and ELB: form fields in, XML out, times in ISO 8601.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

use super::value::Value;
use crate::simulator::clock::timestamp;

/// Reads form fields into a structure of texts: `Targets.member.1.Id=x` becomes a list of structures.
pub fn decode(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?;
    let mut root = Branch::default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = unescape(key)?;
        root.insert(key.split('.'), unescape(value)?);
    }
    Some(root.grown())
}

/// The fields below a name.
#[derive(Default)]
struct Branch {
    text: Option<String>,
    below: Vec<(String, Branch)>,
}

/// How deep a field's name may go; no operation comes near it.
const DEEPEST: usize = 16;

impl Branch {
    fn insert<'a>(&mut self, path: impl Iterator<Item = &'a str>, text: String) {
        let mut branch = self;
        for name in path.take(DEEPEST) {
            let index = branch.below.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                branch.below.push((name.to_owned(), Branch::default()));
                branch.below.len() - 1
            });
            let Some((_, next)) = branch.below.get_mut(index) else { return };
            branch = next;
        }
        branch.text = Some(text);
    }

    /// Makes a value of it: a list where there is nothing below it but `member.N`.
    fn grown(self) -> Value {
        let Self { text, mut below } = self;
        if let Some(text) = text {
            return Value::Raw(text);
        }
        match &mut below[..] {
            [(name, items)] if name == "member" && items.text.is_none() => {
                let mut items = std::mem::take(&mut items.below);
                items.sort_by_key(|(number, _)| number.parse::<u32>().unwrap_or(u32::MAX));
                Value::List(items.into_iter().map(|(_, item)| item.grown()).collect())
            }
            _ => Value::Map(below.into_iter().map(|(name, one)| (name.into(), one.grown())).collect()),
        }
    }
}

fn unescape(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Writes an operation's answer.
pub fn encode(operation: &str, namespace: &str, result: &Value, request_id: &str) -> Vec<u8> {
    let mut xml = format!("<{operation}Response xmlns=\"{namespace}\">\n<{operation}Result>");
    element_content(&mut xml, result);
    let _ = write!(
        xml,
        "</{operation}Result>\n<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\n</{operation}Response>\n"
    );
    xml.into_bytes()
}

/// Writes an error.
pub fn encode_error(namespace: &str, code: &str, message: &str, sender: bool, request_id: &str) -> Vec<u8> {
    let kind = if sender { "Sender" } else { "Receiver" };
    let mut xml =
        format!("<ErrorResponse xmlns=\"{namespace}\">\n<Error><Type>{kind}</Type><Code>{code}</Code><Message>");
    escape(&mut xml, message);
    let _ = write!(xml, "</Message></Error>\n<RequestId>{request_id}</RequestId>\n</ErrorResponse>\n");
    xml.into_bytes()
}

fn element_content(xml: &mut String, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(value) => xml.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => xml.push_str(&value.to_string()),
        Value::Float(value) => xml.push_str(&value.to_string()),
        Value::Text(text) => escape(xml, text),
        Value::Raw(text) => escape(xml, text),
        Value::Time(at) => xml.push_str(&timestamp(*at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        Value::List(items) => items.iter().for_each(|item| element(xml, "member", item)),
        Value::Map(members) => members.iter().for_each(|(key, value)| element(xml, key, value)),
    }
}

fn element(xml: &mut String, name: &str, value: &Value) {
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    element_content(xml, value);
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            // XML 1.0 has no way to carry the other control characters.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::object;
    use super::*;

    #[test]
    fn reads_a_form() {
        let value = decode(b"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam&Text=a+b%E7%9B%AE").unwrap();
        assert_eq!(value.get("RoleArn"), Some(&Value::Raw("arn:aws:iam".to_owned())));
        assert_eq!(value.get("Text"), Some(&Value::Raw("a b目".to_owned())));
        assert_eq!(decode(b"a=%ff"), None);
    }

    #[test]
    fn reads_lists_and_structures_in_a_form() {
        let form =
            b"Targets.member.10.Id=j&Targets.member.2.Id=b&Targets.member.2.Port=80&Names.member.1=x&Page.Size=3";
        let value = decode(form).unwrap();
        let raw = |text: &str| Value::Raw(text.to_owned());
        let Some(Value::List(targets)) = value.get("Targets") else { panic!("{value:?}") };
        assert_eq!(targets.iter().map(|one| one.get("Id")).collect::<Vec<_>>(), [Some(&raw("b")), Some(&raw("j"))]);
        assert_eq!(targets[0].get("Port"), Some(&raw("80")));
        assert_eq!(value.get("Names"), Some(&Value::List(vec![raw("x")])));
        assert_eq!(value.get("Page").and_then(|page| page.get("Size")), Some(&raw("3")));
        let deep = format!("{}=1", vec!["a"; 10_000].join("."));
        assert!(decode(deep.as_bytes()).is_some());
    }

    #[test]
    fn writes_xml_that_stays_xml() {
        let value = object().with("Arn", "<&\"\u{1b}").time("Expiration", 1_795_310_823_999).into();
        let xml = String::from_utf8(encode("Do", "https://x/", &value, "id")).unwrap();
        assert!(
            xml.contains("<Arn>&lt;&amp;&quot;\u{fffd}</Arn><Expiration>2026-11-22T01:27:03Z</Expiration>"),
            "{xml}"
        );
    }
}
