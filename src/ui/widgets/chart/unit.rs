//! Numbers as an axis or a cell shows them: short, and with their unit.

/// What values are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things: `12`, `1.2k`, `3.4M`.
    Count,
    /// Shares of a hundred: `71%`.
    Percent,
    /// Bytes, in steps of 1,024: `1.5MiB`.
    Bytes,
    /// Durations given in milliseconds: `80ms`, `1.2s`.
    Milliseconds,
    /// Durations given in seconds: `80ms`, `1.2s`.
    Seconds,
}

impl Unit {
    /// Returns a value with its unit, to three digits at most.
    ///
    /// A value that is no number is a defect of whoever asks, and is shown as `?` rather than as a number.
    pub fn format(self, value: f64) -> String {
        if !value.is_finite() {
            return "?".to_owned();
        }
        match self {
            Self::Count => scaled(value, 1000.0, &["", "k", "M", "G", "T", "P", "E"]),
            Self::Percent => format!("{}%", short(value)),
            Self::Bytes => scaled(value, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]),
            Self::Milliseconds => scaled(value, 1000.0, &["ms", "s"]),
            Self::Seconds if value != 0.0 && value.abs() < 1.0 => {
                format!("{}ms", short(value * 1000.0))
            }
            Self::Seconds => format!("{}s", short(value)),
        }
    }

    /// Returns by what the next greater unit is greater: what round numbers of this unit are round in.
    pub(super) fn base(self) -> f64 {
        match self {
            Self::Bytes => 1024.0,
            Self::Count | Self::Percent | Self::Milliseconds | Self::Seconds => 1000.0,
        }
    }
}

/// Returns a value in the greatest unit in which it is at least one, as it will be rounded.
fn scaled(value: f64, base: f64, units: &[&str]) -> String {
    let mut rest = value;
    let mut at = 0;
    while rest.abs() >= base - 0.5 && at + 1 < units.len() {
        rest /= base;
        at += 1;
    }
    format!("{}{}", short(rest), units[at])
}

/// Returns a number to three digits, without zeros at its end.
fn short(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.995 => 2,
        _ if size >= 0.0001 => 4,
        0.0 => return "0".to_owned(),
        _ => return format!("{value:.0e}"),
    };
    let number = format!("{value:.decimals$}");
    if decimals == 0 {
        return number;
    }
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Unit::Count, 0.0, "0")]
    #[case(Unit::Count, 7.0, "7")]
    #[case(Unit::Count, 0.05, "0.05")]
    #[case(Unit::Count, 12.34, "12.3")]
    #[case(Unit::Count, 999.0, "999")]
    #[case(Unit::Count, 999.6, "1k")]
    #[case(Unit::Count, 1234.0, "1.23k")]
    #[case(Unit::Count, 120_000.0, "120k")]
    #[case(Unit::Count, 3.4e6, "3.4M")]
    #[case(Unit::Count, 1e21, "1000E")]
    #[case(Unit::Count, -1500.0, "-1.5k")]
    #[case(Unit::Count, 0.000_012, "1e-5")]
    #[case(Unit::Count, f64::NAN, "?")]
    #[case(Unit::Percent, 71.26, "71.3%")]
    #[case(Unit::Percent, 100.0, "100%")]
    #[case(Unit::Bytes, 512.0, "512B")]
    #[case(Unit::Bytes, 1_572_864.0, "1.5MiB")]
    #[case(Unit::Milliseconds, 80.0, "80ms")]
    #[case(Unit::Milliseconds, 1200.0, "1.2s")]
    #[case(Unit::Milliseconds, 90_000.0, "90s")]
    #[case(Unit::Seconds, 0.08, "80ms")]
    #[case(Unit::Seconds, 1.25, "1.25s")]
    fn shows(#[case] unit: Unit, #[case] value: f64, #[case] shown: &str) {
        assert_eq!(unit.format(value), shown);
    }
}
