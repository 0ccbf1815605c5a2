//! How words and numbers from AWS become ours: cleaned, bounded, clamped.

use jiff::Timestamp;

use crate::domain::text::clean;

/// The most characters that a name keeps.
pub(super) const NAME: usize = 512;
/// The most characters that a message keeps.
pub(super) const MESSAGE: usize = 4_096;

/// Cleans a name; an absent one is empty.
pub(super) fn name(raw: Option<impl AsRef<str>>) -> String {
    raw.map(|raw| clean(raw.as_ref(), NAME)).unwrap_or_default()
}

/// Cleans a message; an absent one is empty.
pub(super) fn message(raw: Option<impl AsRef<str>>) -> String {
    raw.map(|raw| clean(raw.as_ref(), MESSAGE)).unwrap_or_default()
}

/// Clamps a count; AWS's counts are signed and never negative.
pub(super) fn count(raw: i32) -> u32 {
    u32::try_from(raw).unwrap_or(0)
}

/// Takes a time; one that no calendar has is absent.
pub(super) fn time(raw: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    let raw = raw?;
    let nanosecond = i32::try_from(raw.subsec_nanos()).ok()?;
    Timestamp::new(raw.secs(), nanosecond).ok()
}

/// Returns what follows the last `/` of an ARN: `web:42`, `shop-prd`, a task's id.
pub(super) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Tells whether a word can be a region's name, and so part of a host's.
pub(super) fn is_region(word: &str) -> bool {
    word.len() <= 32 && word.contains('-') && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn words_are_bounded_and_carry_no_control() {
        assert_eq!(name(None::<&str>), "");
        assert_eq!(name(Some("a".repeat(10_000))).chars().count(), NAME);
        assert!(!message(Some("\u{1b}[31mred\u{1b}[0m")).contains('\u{1b}'));
    }

    #[test]
    fn numbers_and_times_that_cannot_be_are_tolerated() {
        assert_eq!(count(-3), 0);
        assert_eq!(count(7), 7);
        assert_eq!(time(None), None);
        assert_eq!(time(Some(&DateTime::from_secs(i64::MAX))), None);
        assert_eq!(time(Some(&DateTime::from_secs(60))), Timestamp::from_second(60).ok());
    }

    #[test]
    fn a_region_is_a_word_that_leads_nowhere_else() {
        assert!(is_region("ap-northeast-1") && is_region("us-gov-west-1"));
        for word in ["", "global", "evil.example/-", "a-\u{200b}", "us-east-1:80"] {
            assert!(!is_region(word), "{word}");
        }
    }

    #[test]
    fn the_last_part_of_an_arn_is_its_name() {
        assert_eq!(last_part("arn:aws:ecs:x:1:task-definition/web:42"), "web:42");
        assert_eq!(last_part("arn:aws:ecs:x:1:service/shop/web"), "web");
        assert_eq!(last_part("web"), "web");
        assert_eq!(last_part(""), "");
    }
}
