//! What to do about a failure, for whoever runs a command: there is no key to press and nobody keeps trying.

use crate::domain::fetch::{Failure, FailureKind};
use crate::i18n::Texts;
use crate::t;
use crate::ui::words;

/// Returns what to do about a failure of a source that reads with `profile`.
pub fn remedy(texts: Texts, failure: &Failure, profile: &str) -> String {
    let text = match &failure.kind {
        FailureKind::Denied { missing_action } => return t!(texts, "cli.remedy.denied", action = missing_action),
        FailureKind::NotSubscribed => t!(texts, "cli.remedy.not-subscribed"),
        FailureKind::NotEnabled => t!(texts, "cli.remedy.not-enabled"),
        FailureKind::Throttled => t!(texts, "cli.remedy.throttled"),
        FailureKind::Refused => t!(texts, "cli.remedy.refused"),
        FailureKind::Unreachable { .. } => t!(texts, "cli.remedy.unreachable"),
        FailureKind::TimedOut => t!(texts, "cli.remedy.timed-out"),
        FailureKind::ServiceFault => t!(texts, "cli.remedy.service-fault"),
        FailureKind::Malformed => t!(texts, "cli.remedy.malformed"),
        FailureKind::NotFound => t!(texts, "cli.remedy.not-found"),
        FailureKind::Expired
        | FailureKind::NoCredentials
        | FailureKind::NoRegion
        | FailureKind::WrongAccount { .. }
        | FailureKind::WrongCaller { .. }
        | FailureKind::Invalid => return words::failure_remedy(texts, failure, profile),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn no_remedy_speaks_of_a_console_that_is_not_there() {
        let (action, host) = ("ecs:ListServices".to_owned(), "ecs.example".to_owned());
        let (expected, actual) = ("111122223333".to_owned(), "444455556666".to_owned());
        for kind in [
            FailureKind::Denied { missing_action: action.clone() },
            FailureKind::NotSubscribed,
            FailureKind::NotEnabled,
            FailureKind::Throttled,
            FailureKind::Expired,
            FailureKind::NoCredentials,
            FailureKind::NoRegion,
            FailureKind::WrongAccount { expected: expected.clone(), actual: actual.clone() },
            FailureKind::WrongCaller { expected, actual },
            FailureKind::Refused,
            FailureKind::Unreachable { host },
            FailureKind::TimedOut,
            FailureKind::ServiceFault,
            FailureKind::Malformed,
            FailureKind::NotFound,
            FailureKind::Invalid,
        ] {
            let (detail, at) = (String::new(), Timestamp::UNIX_EPOCH);
            let failure = Failure { kind, action: action.clone(), detail, request_id: None, at };
            for lang in Lang::ALL {
                let said = remedy(Texts::of(lang), &failure, "prd");
                assert!(!said.is_empty() && !said.contains('{'), "{said}");
                for of_the_console in
                    ["console", "refresh", "reconnect", "full read", "更新", "再試行", "再接続", "全件取得"]
                {
                    assert!(!said.contains(of_the_console), "{said}");
                }
            }
        }
    }
}
