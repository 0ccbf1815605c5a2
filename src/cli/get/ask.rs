//! What `get` is asked for beyond a view: which severities, which web ACL, since when.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::cli::args::{GetArgs, View};
use crate::domain::finding::{Finding, FindingSeverity};
use crate::domain::metric::Range;
use crate::i18n::Texts;
use crate::t;

/// Since when something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long ago: `24h`, `90m`, `7d`, `1w`.
    Ago(SignedDuration),
    /// The beginning of a day: `2026-11-22`.
    Day(Date),
    /// A moment: `2026-11-22T09:00:00+09:00`.
    At(Timestamp),
}

/// Says that a text is no value for its flag; what is wrong is told where the language is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a value for the flag")]
pub struct NoValue;

impl FromStr for Since {
    type Err = NoValue;

    fn from_str(text: &str) -> Result<Self, NoValue> {
        if let Some(ago) = ago(text) {
            return Ok(Self::Ago(ago));
        }
        let day = text.parse().map(Self::Day).ok().filter(|_| text.len() == "2026-11-22".len());
        day.or_else(|| text.parse().map(Self::At).ok()).ok_or(NoValue)
    }
}

/// Reads a length of time: a number and its unit.
fn ago(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    // Ten years are longer than AWS keeps anything that is asked for here, and short of every bound of time.
    let minutes = number.parse::<i64>().ok()?.checked_mul(minutes)?;
    (1..=10 * 366 * 24 * 60).contains(&minutes).then(|| SignedDuration::from_mins(minutes))
}

impl Since {
    /// Returns the moment that it names; a day begins in the zone in which times are shown.
    ///
    /// What lies beyond all time is its beginning.
    pub fn at(self, zone: &TimeZone, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
            Self::Day(day) => day.to_zoned(zone.clone()).map_or(Timestamp::MIN, |zoned| zoned.timestamp()),
            Self::At(at) => at,
        }
    }

    /// Returns the time range of that length, where there is one: counts are charted over these.
    fn range(self) -> Option<Range> {
        Range::ALL.into_iter().find(|range| Self::Ago(range.span()) == self)
    }
}

/// Which findings are wanted, by severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Severities(Vec<FindingSeverity>);

impl Default for Severities {
    /// Takes those that must be dealt with.
    fn default() -> Self {
        Self(vec![FindingSeverity::Critical, FindingSeverity::High])
    }
}

impl FromStr for Severities {
    type Err = NoValue;

    /// Reads AWS's words in whatever case, with commas between them; or `all`.
    fn from_str(text: &str) -> Result<Self, NoValue> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self(FindingSeverity::ALL.to_vec()));
        }
        let one = |word: &str| {
            let known = FindingSeverity::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(word.trim()));
            known.ok_or(NoValue)
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl Severities {
    /// Tells whether a severity is among them; one that nobody knows counts as HIGH.
    fn have(&self, severity: &FindingSeverity) -> bool {
        let known = if matches!(severity, FindingSeverity::Other(_)) { &FindingSeverity::High } else { severity };
        self.0.contains(known)
    }

    /// Tells whether there are none but those that must be dealt with, which are read first.
    pub fn are_to_do(&self) -> bool {
        self.0.iter().all(|severity| severity.rank() >= FindingSeverity::High.rank())
    }
}

/// Holds what is asked for, checked and with every default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What to print.
    pub view: View,
    /// The web ACL whose rules are wanted, by name.
    pub acl: Option<String>,
    /// How far back requests are counted.
    pub range: Range,
    /// Which findings.
    pub severities: Severities,
    /// Since when findings were there.
    pub since: Option<Timestamp>,
}

impl Ask {
    /// Takes the arguments.
    pub fn of(args: &GetArgs, zone: &TimeZone, now: Timestamp) -> Self {
        Self {
            view: args.view,
            acl: args.acl.clone(),
            range: args.since.and_then(Since::range).unwrap_or_default(),
            severities: args.severity.clone().unwrap_or_default(),
            since: args.since.map(|since| since.at(zone, now)),
        }
    }

    /// Tells whether a finding is wanted: active, and nobody is done with it.
    pub fn wants(&self, finding: &Finding) -> bool {
        let began = finding.began().or(finding.updated_at);
        // One that says nothing of its age may be of today.
        let is_late = self.since.is_none_or(|since| began.is_none_or(|began| began >= since));
        finding.active && !finding.workflow.is_done() && self.severities.have(&finding.severity) && is_late
    }
}

/// Says what is wrong with the flags of a view, in the reader's language: one that means nothing for it, or a time that
/// is none of its ranges.
pub fn fault(args: &GetArgs, texts: Texts) -> Option<String> {
    let not_for = |flag: &str, views: &[View]| {
        let names: Vec<&str> = views.iter().map(|view| view.name()).collect();
        (!views.contains(&args.view)).then(|| t!(texts, "cli.error.not-for-view", arg = flag, views = names.join(", ")))
    };
    let misplaced = [
        args.acl.is_some().then(|| not_for("--acl", &[View::Waf])),
        args.severity.is_some().then(|| not_for("--severity", &[View::Findings])),
        args.since.is_some().then(|| not_for("--since", &[View::Waf, View::Findings])),
    ];
    let ranges = || Range::ALL.map(Range::name).join(", ");
    let bad_range = (args.view == View::Waf && args.since.is_some_and(|since| since.range().is_none()))
        .then(|| t!(texts, "cli.error.bad-range", ranges = ranges()));
    misplaced.into_iter().flatten().flatten().next().or(bad_range)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("24h", Some(Since::Ago(SignedDuration::from_hours(24))))]
    #[case("90m", Some(Since::Ago(SignedDuration::from_mins(90))))]
    #[case("1w", Some(Since::Ago(SignedDuration::from_hours(168))))]
    #[case("2026-11-22", Some(Since::Day(jiff::civil::date(2026, 11, 22))))]
    #[case("2026-11-22T09:00:00+09:00", "2026-11-22T00:00:00Z".parse().ok().map(Since::At))]
    #[case("", None)]
    #[case("h", None)]
    #[case("0h", None)]
    #[case("-1h", None)]
    #[case("24", None)]
    #[case("yesterday", None)]
    #[case("2026-13-01", None)]
    #[case("99999999999999999999d", None)]
    #[case("9223372036854775807w", None)]
    fn a_time_is_a_length_a_day_or_a_moment(#[case] text: &str, #[case] since: Option<Since>) {
        assert_eq!(text.parse().ok(), since);
    }

    #[test]
    fn a_day_begins_where_one_is() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let tokyo = TimeZone::posix("JST-9").unwrap();
        let since: Since = "2026-11-22".parse().unwrap();
        assert_eq!(since.at(&tokyo, now).to_string(), "2026-11-21T15:00:00Z");
        assert_eq!(since.at(&TimeZone::UTC, now).to_string(), "2026-11-22T00:00:00Z");
        let since: Since = "24h".parse().unwrap();
        assert_eq!(since.at(&tokyo, now).to_string(), "2026-11-21T12:00:00Z");
        assert_eq!((since.range(), "2h".parse::<Since>().unwrap().range()), (Some(Range::Day), None));
    }

    #[rstest]
    #[case("critical", &["CRITICAL"])]
    #[case("High,LOW", &["HIGH", "LOW"])]
    #[case("all", &["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"])]
    fn severities_are_awss_words(#[case] text: &str, #[case] expected: &[&str]) {
        let severities: Severities = text.parse().unwrap();
        assert_eq!(severities.0.iter().map(FindingSeverity::as_str).collect::<Vec<_>>(), expected);
        let other = FindingSeverity::Other("EMERGENCY".to_owned());
        assert_eq!(severities.have(&other), expected.contains(&"HIGH"));
    }

    #[rstest]
    #[case("")]
    #[case("worst")]
    #[case("high,")]
    #[case("all,high")]
    fn other_words_are_no_severities(#[case] text: &str) {
        assert_eq!(text.parse::<Severities>(), Err(NoValue));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in ".{0,24}|[0-9]{0,24}[mhdw]?") {
            if let Ok(since) = text.parse::<Since>() {
                since.at(&TimeZone::UTC, Timestamp::UNIX_EPOCH);
            }
            let _ = text.parse::<Severities>();
        }
    }
}
