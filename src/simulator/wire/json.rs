//! AWS JSON 1.0 and 1.1: timestamps are seconds since the epoch, as numbers.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::value::Value;
use crate::simulator::clock::seconds;

/// Writes a value.
pub fn encode(value: &Value) -> Vec<u8> {
    // Only a map key that is no string could fail here, and ours are strings.
    serde_json::to_vec(&Written(value)).unwrap_or_default()
}

/// Reads a value; an empty body is an empty structure.
pub fn decode(body: &[u8]) -> Option<Value> {
    if body.is_empty() {
        return Some(Value::Map(Vec::new()));
    }
    serde_json::from_slice::<serde_json::Value>(body).ok().map(read)
}

/// Takes over a value that was read otherwise.
pub fn read(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(value) => Value::Int(value),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(read).collect()),
        serde_json::Value::Object(members) => {
            Value::Map(members.into_iter().map(|(key, value)| (key.into(), read(value))).collect())
        }
    }
}

/// Hands a value over, as its JSON would be read again.
pub fn hand_over(value: &Value) -> serde_json::Value {
    serde_json::to_value(Written(value)).unwrap_or_default()
}

struct Written<'a>(&'a Value);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            // JSON has no word for these numbers; the protocol writes them as strings.
            Value::Float(value) if value.is_nan() => serializer.serialize_str("NaN"),
            Value::Float(value) if value.is_infinite() => {
                serializer.serialize_str(if *value > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Raw(text) => serializer.serialize_str(text),
            Value::Time(at) if at % 1_000 == 0 => serializer.serialize_i64(at / 1_000),
            Value::Time(at) => serializer.serialize_f64(seconds(*at)),
            Value::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(&Written(item))?;
                }
                seq.end()
            }
            Value::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key.as_ref(), &Written(value))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::{list, object};
    use super::*;

    #[test]
    fn writes_times_as_seconds_and_leaves_absent_members_out() {
        let value = object()
            .with("name", "目黒")
            .with("gone", None::<String>)
            .time("whole", 1_000)
            .time("part", 1_500)
            .time("never", None)
            .with("list", list([1_u32, 2]))
            .into();
        assert_eq!(String::from_utf8(encode(&value)).unwrap(), r#"{"name":"目黒","whole":1,"part":1.5,"list":[1,2]}"#);
    }

    #[test]
    fn reads_what_it_writes_and_refuses_what_is_none() {
        assert_eq!(decode(b""), Some(Value::Map(vec![])));
        assert_eq!(
            decode(br#"{"a":[1,2.5,null,true,"x"]}"#).and_then(|v| v.get("a").cloned()),
            Some(list([Value::Int(1), Value::Float(2.5), Value::Null, Value::Bool(true), Value::from("x"),]))
        );
        assert_eq!(decode(b"{"), None);
        assert_eq!(decode(b"\xff"), None);
    }
}
