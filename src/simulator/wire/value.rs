//! The value model between the operations and the protocols.
//!
//! An operation answers one [`Value`]; JSON, CBOR and XML differ only in how they write it, above all its times.

use std::borrow::Cow;

use crate::simulator::clock::Millis;

/// A member's name.
pub type Key = Cow<'static, str>;

/// Anything that AWS's protocols can carry and the simulator uses.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: an absent member.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer or a long.
    Int(i64),
    /// A double.
    Float(f64),
    /// A string.
    Text(Cow<'static, str>),
    /// Text from a form, a path or a query string, whose type only the operation knows.
    Raw(String),
    /// A timestamp.
    Time(Millis),
    /// A list.
    List(Vec<Value>),
    /// A structure or a map, in the order it is written.
    Map(Vec<(Key, Value)>),
}

impl Value {
    /// Finds a member of a structure.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Map(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// Starts a structure.
pub fn object() -> Object {
    Object(Vec::new())
}

/// Makes a list of anything that is a value.
pub fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::List(items.into_iter().map(Into::into).collect())
}

/// Makes a map whose keys are not known beforehand.
pub fn map<T: Into<Value>>(items: impl IntoIterator<Item = (String, T)>) -> Value {
    Value::Map(items.into_iter().map(|(key, value)| (Cow::Owned(key), value.into())).collect())
}

/// A structure under construction.
#[derive(Debug, Clone)]
pub struct Object(Vec<(Key, Value)>);

impl Object {
    /// Adds a member; [`Value::Null`] adds none, for AWS leaves absent members out.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if value != Value::Null {
            self.0.push((Cow::Borrowed(key), value));
        }
        self
    }

    /// Adds a timestamp, where there is one.
    #[must_use]
    pub fn time(self, key: &'static str, at: impl Into<Option<Millis>>) -> Self {
        self.with(key, at.into().map_or(Value::Null, Value::Time))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Map(object.0)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<u16> for Value {
    fn from(value: u16) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}
impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}
impl From<Cow<'static, str>> for Value {
    fn from(value: Cow<'static, str>) -> Self {
        Self::Text(value)
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Cow::Owned(value.clone()))
    }
}
impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::List(value)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
