//! Typed reading of an operation's input.

use super::error::ApiError;
use super::value::Value;
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
            Some(_) => Err(wrong(name, "a string")),
        }
    }

    /// Reads a boolean.
    pub fn boolean(self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(wrong(name, "a boolean")),
        }
    }

    /// Reads an integer.
    pub fn integer(self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(_) => Err(wrong(name, "an integer")),
        }
    }

    /// Reads a timestamp, tagged or as epoch seconds.
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

/// Reads epoch seconds (or a time) as milliseconds; `None` where it is no time.
pub fn epoch_millis(value: &Value) -> Option<Millis> {
    match value {
        Value::Time(at) => Some(*at),
        Value::Int(seconds) => seconds.checked_mul(1_000),
        Value::Float(seconds) => jiff::SignedDuration::try_from_secs_f64(*seconds).ok().map(millis),
        _ => None,
    }
}

fn wrong(name: &str, wanted: &str) -> ApiError {
    ApiError::serialization(format!("The member {name} must be {wanted}"))
}
