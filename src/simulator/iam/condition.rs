//! Conditions: an operator, a key and values.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use super::context::Context;
use super::policy::{PolicyError, wrong};
use super::wildcard::Pattern;

/// A condition of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    set: Option<Set>,
    operator: Operator,
    /// A negated operator holds where none of the values fits.
    negated: bool,
    /// `…IfExists`: it holds where the key is not there.
    if_exists: bool,
    /// The key as it is written.
    pub key: String,
    values: Vec<String>,
}

/// What is asked of a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// Each of them must hold.
    All,
    /// One of them must hold.
    Any,
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    EqualsIgnoreCase,
    Like,
    Number(Order),
    Date(Order),
    Bool,
    Ip,
    Arn,
    Null,
}

/// How two numbers or times stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Same,
    Less,
    LessOrSame,
    Greater,
    GreaterOrSame,
}

impl Order {
    fn holds<T: PartialOrd>(self, one: &T, other: &T) -> bool {
        match self {
            Self::Same => one == other,
            Self::Less => one < other,
            Self::LessOrSame => one <= other,
            Self::Greater => one > other,
            Self::GreaterOrSame => one >= other,
        }
    }
}

impl Operator {
    /// Reads an operator's name, and whether it is negated.
    fn read(name: &str) -> Option<(Self, bool)> {
        let ordered = |rest: &str| {
            Some(match rest {
                "Equals" => (Order::Same, false),
                "NotEquals" => (Order::Same, true),
                "LessThan" => (Order::Less, false),
                "LessThanEquals" => (Order::LessOrSame, false),
                "GreaterThan" => (Order::Greater, false),
                "GreaterThanEquals" => (Order::GreaterOrSame, false),
                _ => return None,
            })
        };
        if let Some(rest) = name.strip_prefix("Numeric") {
            return ordered(rest).map(|(order, negated)| (Self::Number(order), negated));
        }
        if let Some(rest) = name.strip_prefix("Date") {
            return ordered(rest).map(|(order, negated)| (Self::Date(order), negated));
        }
        Some(match name {
            "StringEquals" | "BinaryEquals" => (Self::Equals, false),
            "StringNotEquals" => (Self::Equals, true),
            "StringEqualsIgnoreCase" => (Self::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Self::EqualsIgnoreCase, true),
            "StringLike" => (Self::Like, false),
            "StringNotLike" => (Self::Like, true),
            "Bool" => (Self::Bool, false),
            "IpAddress" => (Self::Ip, false),
            "NotIpAddress" => (Self::Ip, true),
            // The two of each pair do the same.
            "ArnEquals" | "ArnLike" => (Self::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Self::Arn, true),
            "Null" => (Self::Null, false),
            _ => return None,
        })
    }

    /// Whether a value of the request is what a value of the policy says.
    fn fits(self, wanted: &str, value: &str, variables: Option<&Context>) -> bool {
        let literal = || Pattern::literal(wanted, variables);
        match self {
            Self::Equals => literal().is_some_and(|wanted| wanted == value),
            Self::EqualsIgnoreCase => literal().is_some_and(|wanted| wanted.to_lowercase() == value.to_lowercase()),
            Self::Like => Pattern::read(wanted, variables).is_some_and(|pattern| pattern.fits(value)),
            Self::Number(order) => {
                let both = number(value).zip(literal().as_deref().and_then(number));
                both.is_some_and(|(value, wanted)| order.holds(&value, &wanted))
            }
            Self::Date(order) => {
                let both = moment(value).zip(literal().as_deref().and_then(moment));
                both.is_some_and(|(value, wanted)| order.holds(&value, &wanted))
            }
            Self::Bool => wanted.eq_ignore_ascii_case(value),
            Self::Ip => in_block(value, wanted).unwrap_or(false),
            Self::Arn => arn_fits(wanted, value, variables),
            // Whether the key is there is not a matter of its values.
            Self::Null => false,
        }
    }
}

impl Condition {
    /// Reads a condition.
    pub fn read(operator: &str, key: &str, values: Vec<String>) -> Result<Self, PolicyError> {
        let (set, rest) = match operator.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            _ => (None, operator),
        };
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let known = Operator::read(name).filter(|(operator, _)| !(if_exists && *operator == Operator::Null));
        let Some((operator, negated)) = known else {
            return Err(wrong(format!("{operator} is no condition operator")));
        };
        if operator == Operator::Ip
            && let Some(odd) = values.iter().find(|value| in_block("192.0.2.1", value).is_none())
        {
            return Err(wrong(format!("{odd} is no block of addresses")));
        }
        Ok(Self { set, operator, negated, if_exists, key: key.to_owned(), values })
    }

    /// Whether it holds for a request.
    pub fn holds(&self, context: &Context, has_variables: bool) -> bool {
        let there = context.get(&self.key).filter(|values| !values.is_empty());
        if self.operator == Operator::Null {
            return self.values.iter().any(|value| value.eq_ignore_ascii_case("true") == there.is_none());
        }
        let Some(values) = there else {
            return match self.set {
                Some(Set::All) => true,
                Some(Set::Any) => self.if_exists,
                None => self.if_exists || self.negated,
            };
        };
        let variables = has_variables.then_some(context);
        let fits = |value: &String| {
            self.values.iter().any(|wanted| self.operator.fits(wanted, value, variables)) != self.negated
        };
        // Without a word for sets, a negated operator must hold for every value that there is.
        let all = self.set == Some(Set::All) || (self.set.is_none() && self.negated);
        if all { values.iter().all(fits) } else { values.iter().any(fits) }
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Reads a time in ISO 8601 or as seconds since 1970, in milliseconds.
fn moment(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1_000);
    }
    let time = text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond);
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    time.ok().or_else(|| day().map(|day| day.timestamp().as_millisecond()))
}

/// Whether an address is in a block; `None` where either is none.
fn in_block(address: &str, block: &str) -> Option<bool> {
    let address: IpAddr = address.parse().ok()?;
    let (network, length) = match block.split_once('/') {
        None => (block, None),
        Some((network, length)) => (network, Some(length.parse::<u32>().ok()?)),
    };
    let bits = |one: IpAddr| match one {
        IpAddr::V4(one) => (u128::from(one.to_bits()), 32_u32),
        IpAddr::V6(one) => (one.to_bits(), 128),
    };
    let ((address, width), (network, other)) = (bits(address), bits(network.parse().ok()?));
    let length = length.unwrap_or(other);
    if length > other {
        return None;
    }
    // An address of one kind is in no block of the other.
    let shift = other - length;
    Some(width == other && (shift >= 128 || address >> shift == network >> shift))
}

/// Whether an ARN is what a pattern says, each of its six parts by itself.
fn arn_fits(pattern: &str, arn: &str, variables: Option<&Context>) -> bool {
    // Variables may hold colons: they are put in after the parts are taken apart.
    let (patterns, parts): (Vec<&str>, Vec<&str>) = (arn_parts(pattern), arn.splitn(6, ':').collect());
    let fits =
        |(pattern, part): (&&str, &&str)| Pattern::read(pattern, variables).is_some_and(|pattern| pattern.fits(part));
    patterns.len() == 6 && parts.len() == 6 && patterns.iter().zip(&parts).all(fits)
}

/// Takes an ARN's pattern apart at the colons that stand outside of variables.
fn arn_parts(pattern: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, c) in pattern.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && parts.len() < 5 => {
                parts.extend(pattern.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(pattern.get(from..));
    parts
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
