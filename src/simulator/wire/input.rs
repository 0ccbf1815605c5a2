//! Typed reading of an operation's input.

use std::collections::BTreeMap;

use super::error::ApiError;
use super::value::{Key, Value};
use crate::simulator::clock::{Millis, millis};

/// An operation's input, read member by member; a member of the wrong type is refused as AWS refuses it.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a>(pub &'a Value);

impl<'a> Input<'a> {
    /// Reads a string.
    pub fn text(self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.as_ref())),
            Some(Value::Raw(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "a string")),
        }
    }

    /// Reads a boolean.
    pub fn boolean(self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::Raw(text)) => text.parse().map(Some).map_err(|_| wrong(name, "a boolean")),
            Some(_) => Err(wrong(name, "a boolean")),
        }
    }

    /// Reads an integer.
    pub fn integer(self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Raw(text)) => text.parse().map(Some).map_err(|_| wrong(name, "an integer")),
            Some(_) => Err(wrong(name, "an integer")),
        }
    }

    /// Reads an integer that must lie within bounds.
    pub fn within(self, name: &str, low: i64, high: i64) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.integer(name)? else { return Ok(None) };
        let rule = match () {
            () if value < low => format!("Member must have value greater than or equal to {low}"),
            () if value > high => format!("Member must have value less than or equal to {high}"),
            () => return Ok(Some(value)),
        };
        Err(ApiError::constraint(&value.to_string(), name, &rule))
    }

    /// Reads a page's size that must lie within bounds, or takes the usual one.
    pub fn page_size(self, name: &str, most: i64, usual: usize) -> Result<usize, ApiError> {
        let size = self.within(name, 1, most)?;
        Ok(size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usual))
    }

    /// Reads a string that must be there.
    pub fn required(self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::absent(name))
    }

    /// Reads a number, whole or not.
    #[expect(clippy::cast_precision_loss, reason = "AWS reads it as a double as well")]
    pub fn number(self, name: &str) -> Result<Option<f64>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::Int(value)) => Ok(Some(*value as f64)),
            Some(Value::Float(value)) => Ok(Some(*value)),
            Some(_) => Err(wrong(name, "a number")),
        }
    }

    /// Reads a timestamp: tagged, as epoch seconds, or as text where the protocol writes it so.
    pub fn time(self, name: &str) -> Result<Option<Millis>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(value) => epoch_millis(value).map(Some).ok_or_else(|| wrong(name, "a timestamp")),
        }
    }

    /// Reads a list of strings; an absent one is `None`.
    pub fn texts(self, name: &str) -> Result<Option<Vec<&'a str>>, ApiError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        items
            .iter()
            .map(|item| match item {
                Value::Text(text) => Ok(text.as_ref()),
                Value::Raw(text) => Ok(text.as_str()),
                _ => Err(wrong(name, "a list of strings")),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Reads a list of structures; an absent one is empty.
    pub fn structures(self, name: &str) -> Result<Vec<Input<'a>>, ApiError> {
        let Some(items) = self.list(name)? else { return Ok(Vec::new()) };
        items
            .iter()
            .map(|item| match item {
                Value::Map(_) => Ok(Input(item)),
                _ => Err(wrong(name, "a list of structures")),
            })
            .collect()
    }

    /// Reads a structure.
    pub fn structure(self, name: &str) -> Result<Option<Input<'a>>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(value @ Value::Map(_)) => Ok(Some(Input(value))),
            Some(_) => Err(wrong(name, "a structure")),
        }
    }

    /// Reads a map of texts; an absent one is empty.
    pub fn pairs(self, name: &str) -> Result<BTreeMap<String, String>, ApiError> {
        let pair = |(key, value): &(Key, Value)| match value {
            Value::Text(text) => Ok((key.to_string(), text.to_string())),
            _ => Err(wrong(name, "a map of strings")),
        };
        self.members(name)?.iter().map(pair).collect()
    }

    /// Reads the members of a structure or a map, in their order; an absent one is empty.
    pub fn members(self, name: &str) -> Result<&'a [(Key, Value)], ApiError> {
        match self.member(name) {
            None => Ok(&[]),
            Some(Value::Map(members)) => Ok(members),
            Some(_) => Err(wrong(name, "a structure")),
        }
    }

    /// Whether the member is there.
    pub fn has(self, name: &str) -> bool {
        self.member(name).is_some()
    }

    fn list(self, name: &str) -> Result<Option<&'a [Value]>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::List(items)) => Ok(Some(items)),
            Some(_) => Err(wrong(name, "a list")),
        }
    }

    fn member(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| **value != Value::Null)
    }
}

/// Reads epoch seconds (or a time) as milliseconds, or RFC 3339; `None` where it is no time.
pub fn epoch_millis(value: &Value) -> Option<Millis> {
    match value {
        Value::Time(at) => Some(*at),
        Value::Int(seconds) => seconds.checked_mul(1_000),
        Value::Float(seconds) => jiff::SignedDuration::try_from_secs_f64(*seconds).ok().map(millis),
        Value::Text(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        _ => None,
    }
}

fn wrong(name: &str, wanted: &str) -> ApiError {
    ApiError::serialization(format!("The member {name} must be {wanted}"))
}
