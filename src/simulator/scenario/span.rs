//! Durations as a scenario writes them: `10s`, `1.5s`, `1h30m`, `-20h`, `3d`, `250ms`.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::simulator::clock::{DAY, HOUR, MINUTE, Millis, SECOND, millis};

/// The longest duration that is taken: a year.
const LONGEST: Millis = 366 * DAY;

/// A duration in a scenario or a fault, negative where it reaches back before the story.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Millis);

impl Span {
    /// Makes a span of milliseconds.
    pub const fn from_millis(millis: Millis) -> Self {
        Self(millis)
    }

    /// Says how many milliseconds it is.
    pub const fn millis(self) -> Millis {
        self.0
    }
}

impl From<SignedDuration> for Span {
    fn from(duration: SignedDuration) -> Self {
        Self(millis(duration))
    }
}

impl From<std::time::Duration> for Span {
    fn from(duration: std::time::Duration) -> Self {
        Self(Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX))
    }
}

/// The text was no duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a duration: write a number and a unit, as in 10s, 1.5s, 1h30m, 3d or -20h")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || SpanError(text.to_owned());
        let (sign, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        if rest.is_empty() {
            return Err(error());
        }
        let mut total: Millis = 0;
        while !rest.is_empty() {
            let (part, after) = one_part(rest).ok_or_else(error)?;
            total = total.checked_add(part).ok_or_else(error)?;
            rest = after;
        }
        // What lies further away than this is a slip of the pen, and would take long to play.
        if total > LONGEST {
            return Err(error());
        }
        Ok(Self(sign * total))
    }
}

/// Reads one number with its unit and gives back what follows.
fn one_part(text: &str) -> Option<(Millis, &str)> {
    let number_ends = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at_checked(number_ends)?;
    let unit_ends = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, after) = rest.split_at_checked(unit_ends)?;
    let scale = match unit {
        "ms" => 1,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.is_empty() || fraction.len() > 6 {
        return None;
    }
    let denominator = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let value = whole.parse::<Millis>().ok()?.checked_mul(scale)?;
    let part = fraction.parse::<Millis>().ok()?.checked_mul(scale)? / denominator;
    Some((value.checked_add(part)?, after))
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"10s\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10s", 10_000)]
    #[case("1.5s", 1_500)]
    #[case("1h30m", 5_400_000)]
    #[case("-20h", -72_000_000)]
    #[case("3d", 259_200_000)]
    #[case("250ms", 250)]
    #[case("0s", 0)]
    fn reads(#[case] text: &str, #[case] millis: Millis) {
        assert_eq!(text.parse(), Ok(Span::from_millis(millis)));
    }

    #[rstest]
    #[case("")]
    #[case("-")]
    #[case("10")]
    #[case("s")]
    #[case("10 s")]
    #[case("1w")]
    #[case("1.s")]
    #[case("十秒")]
    #[case("99999999999999999999d")]
    #[case("9223372036854775807s")]
    #[case("1..5s")]
    #[case("367d")]
    fn refuses(#[case] text: &str) {
        assert_eq!(text.parse::<Span>(), Err(SpanError(text.to_owned())));
    }
}
