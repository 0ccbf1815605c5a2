//! Smithy RPC v2 CBOR: timestamps are epoch seconds under tag 1.
//!
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>, RFC 8949 section 3.4.2.

use ciborium::tag::Required;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::value::Value;
use crate::simulator::clock::seconds;

/// The tag of an epoch-based date and time.
const EPOCH: u64 = 1;

/// Writes a value.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = ciborium::into_writer(&Written(value), &mut bytes);
    bytes
}

/// Reads a value; an empty body is an empty structure.
pub fn decode(body: &[u8]) -> Option<Value> {
    if body.is_empty() {
        return Some(Value::Map(Vec::new()));
    }
    let mut rest = body;
    let value: ciborium::Value = ciborium::from_reader(&mut rest).ok()?;
    if rest.is_empty() { read(value) } else { None }
}

fn read(cbor: ciborium::Value) -> Option<Value> {
    Some(match cbor {
        ciborium::Value::Null => Value::Null,
        ciborium::Value::Bool(value) => Value::Bool(value),
        ciborium::Value::Integer(number) => Value::Int(i64::try_from(number).ok()?),
        ciborium::Value::Float(number) => Value::Float(number),
        ciborium::Value::Text(text) => Value::from(text),
        ciborium::Value::Tag(EPOCH, inner) => Value::Time(super::input::epoch_millis(&read(*inner)?)?),
        ciborium::Value::Array(items) => Value::List(items.into_iter().map(read).collect::<Option<_>>()?),
        ciborium::Value::Map(members) => Value::Map(
            members
                .into_iter()
                .map(|(key, value)| Some((key.into_text().ok()?.into(), read(value)?)))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

struct Written<'a>(&'a Value);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Raw(text) => serializer.serialize_str(text),
            Value::Time(at) if at % 1_000 == 0 => Required::<i64, EPOCH>(at / 1_000).serialize(serializer),
            Value::Time(at) => Required::<f64, EPOCH>(seconds(*at)).serialize(serializer),
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
    fn reads_what_it_writes() {
        let value: Value = object()
            .with("Name", "目黒")
            .time("Whole", 1_795_310_823_000)
            .time("Part", 1_795_310_823_125)
            .with("List", list([1.5, 2.5]))
            .with("Yes", true)
            .into();
        assert_eq!(decode(&encode(&value)), Some(value));
    }

    #[test]
    fn times_carry_tag_one() {
        assert_eq!(encode(&Value::Time(1_000)), [0xc1, 0x01]);
    }

    #[test]
    fn refuses_what_is_none() {
        assert_eq!(decode(&[0xff]), None);
        assert_eq!(decode(&[0xa1, 0x01, 0x02]), None, "a key must be a string");
        assert_eq!(decode(&[0xa0, 0x00]), None, "something follows");
    }
}
