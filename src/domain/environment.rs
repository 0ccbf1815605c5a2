//! Says what an environment is: an account, its regions, and what in them belongs to it.
//!
//! It is not an account: two environments may share one, in different VPCs. The gate, the header and the compiled
//! IAM go by environment.

use std::fmt;
use std::str::FromStr;

/// The number of an AWS account: twelve digits, of which the first may be zero.
///
/// Source: AWS Account Management Reference, "View AWS account identifiers".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// Gives the twelve digits as text.
    pub fn as_str(&self) -> &str {
        // Only `from_str` makes one, from ASCII digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Gives the number as the AWS console writes it: `1111-2222-3333`.
    pub fn hyphenated(&self) -> String {
        let digits = self.as_str();
        format!("{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..])
    }
}

/// Says that a text is not an account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account number has twelve digits")]
pub struct BadAccountId;

impl FromStr for AccountId {
    type Err = BadAccountId;

    /// Reads twelve ASCII digits, plain (`111122223333`) or as the AWS console writes them (`1111-2222-3333`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = match text.split('-').collect::<Vec<_>>()[..] {
            [whole] => whole.to_owned(),
            [a, b, c] if [a, b, c].iter().all(|part| part.len() == 4) => [a, b, c].concat(),
            _ => return Err(BadAccountId),
        };
        let digits: [u8; 12] = plain.into_bytes().try_into().map_err(|_| BadAccountId)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(AccountId(digits)) } else { Err(BadAccountId) }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({})", self.as_str())
    }
}

/// How much care an environment wants: it decides colour, confirmation and posture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Default)]
pub enum Kind {
    /// Development.
    Dev,
    /// Staging.
    Stg,
    /// Production.
    Prd,
    /// Nobody said: nothing is done here, only looked at.
    #[default]
    Unknown,
}

impl Kind {
    /// Orders the kinds by how much depends on them: production first, what nobody has named before development.
    pub const fn rank(self) -> u8 {
        match self {
            Kind::Prd => 0,
            Kind::Stg => 1,
            Kind::Unknown => 2,
            Kind::Dev => 3,
        }
    }

    /// Lists the kinds that a configuration can name.
    pub const NAMED: [Kind; 3] = [Kind::Dev, Kind::Stg, Kind::Prd];

    /// Names the kind as the configuration does.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Dev => "dev",
            Kind::Stg => "stg",
            Kind::Prd => "prd",
            Kind::Unknown => "unknown",
        }
    }

    /// Reads a kind that a configuration can name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::NAMED.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Guesses the kind from a name such as `shop-production`, by its words; unknown where none tells, or two disagree.
    pub fn guess(name: &str) -> Kind {
        let lower = name.to_lowercase();
        let mut guesses = lower.split(|c: char| !c.is_alphanumeric()).filter_map(|word| {
            match word.trim_end_matches(|c: char| c.is_ascii_digit()) {
                "prd" | "prod" | "production" | "live" | "本番" => Some(Kind::Prd),
                "stg" | "stage" | "staging" | "ステージング" | "検証" => Some(Kind::Stg),
                "dev" | "devel" | "develop" | "development" | "sandbox" | "開発" => Some(Kind::Dev),
                _ => None,
            }
        });
        let Some(first) = guesses.next() else {
            return Kind::Unknown;
        };
        if guesses.all(|other| other == first) { first } else { Kind::Unknown }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Tells whether a whole name fits a pattern in the syntax of IAM's `StringLike`: `*` is any run of characters, `?`
/// is any one.
///
/// Everything else is itself, brackets and braces too, because names of alarms hold them; `*` crosses slashes,
/// because names of alarms hold those too. Letters match in their own case, as AWS's names do. It costs at most the
/// product of both lengths.
///
/// Source: IAM User Guide, "IAM JSON policy elements: Condition operators", `StringLike`.
pub fn name_matches(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut rest) = (pattern.chars(), name.chars());
    // Where to go on when the last star took too little: behind it, one character of the name further on.
    let mut retry = None;
    loop {
        let before = rest.clone();
        match (pattern.next(), rest.next()) {
            (Some('*'), _) => {
                rest = before;
                retry = Some((pattern.clone(), rest.clone()));
            }
            (Some('?'), Some(_)) => {}
            (Some(expected), Some(found)) if expected == found => {}
            (None, None) => return true,
            _ => {
                let Some((after_star, mut longer)) = retry else {
                    return false;
                };
                if longer.next().is_none() {
                    return false;
                }
                retry = Some((after_star.clone(), longer.clone()));
                (pattern, rest) = (after_star, longer);
            }
        }
    }
}

/// A named part of the operator's world: an account, its regions, and what in them belongs to it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    /// Its name, unique in a configuration.
    pub name: String,
    /// How much care it wants.
    pub kind: Kind,
    /// The account it must be in: where STS says otherwise, nothing is shown. `None` takes what STS says.
    pub account: Option<AccountId>,
    /// Its regions, for instance `ap-northeast-1`; never empty in a validated configuration.
    pub regions: Vec<String>,
    /// Which ECS clusters belong to it, as [patterns](name_matches) of names; none means all.
    pub clusters: Vec<String>,
    /// Which `CloudWatch` alarms belong to it, by name; none means all.
    pub alarms: Vec<String>,
    /// Which WAF web ACLs belong to it, by name; none means all.
    pub web_acls: Vec<String>,
    /// Where the team's own catalogue of runbooks is: `ssm:/path` or a directory.
    pub catalogue: Option<String>,
}

impl Environment {
    /// Tells whether an ECS cluster of that name (not ARN) belongs to this environment.
    pub fn owns_cluster(&self, name: &str) -> bool {
        owns(&self.clusters, name)
    }

    /// Tells whether a `CloudWatch` alarm of that name belongs to this environment.
    pub fn owns_alarm(&self, name: &str) -> bool {
        owns(&self.alarms, name)
    }

    /// Tells whether a web ACL of that name belongs to this environment.
    pub fn owns_web_acl(&self, name: &str) -> bool {
        owns(&self.web_acls, name)
    }
}

fn owns(patterns: &[String], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| name_matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn an_account_is_twelve_digits_either_way() {
        let account: AccountId = "012345678901".parse().unwrap();
        assert_eq!(account.as_str(), "012345678901");
        assert_eq!(account.hyphenated(), "0123-4567-8901");
        assert_eq!("0123-4567-8901".parse(), Ok(account));
        assert_eq!(format!("{account:>14}"), "  012345678901");
    }

    #[rstest]
    #[case("")]
    #[case("11112222333")]
    #[case("1111222233334")]
    #[case("11112222333a")]
    #[case("111-122223333")]
    #[case("1111-2222-3333-")]
    #[case("11112-222-3333")]
    #[case("１１１１２２２２３３３３")]
    fn anything_else_is_no_account(#[case] text: &str) {
        assert_eq!(text.parse::<AccountId>(), Err(BadAccountId));
    }

    #[rstest]
    #[case("shop-prd", Kind::Prd)]
    #[case("Shop_Production", Kind::Prd)]
    #[case("prod2", Kind::Prd)]
    #[case("product-team", Kind::Unknown)]
    #[case("stg.shop", Kind::Stg)]
    #[case("システムC-本番", Kind::Prd)]
    #[case("dev-to-prod", Kind::Unknown)]
    #[case("", Kind::Unknown)]
    fn the_kind_is_guessed_from_whole_words(#[case] name: &str, #[case] kind: Kind) {
        assert_eq!(Kind::guess(name), kind);
    }

    #[rstest]
    #[case("shop-prd-*", "shop-prd-web", true)]
    #[case("shop-prd-*", "shop-prd-", true)]
    #[case("shop-prd-*", "shop-prd", false)]
    #[case("*", "", true)]
    #[case("*", "TargetTracking-service/shop/web-AlarmHigh", true)]
    #[case("*web*", "TargetTracking-service/shop/web-AlarmHigh", true)]
    #[case("a*b*c", "abbbxc", true)]
    #[case("a*b*c", "abbbx", false)]
    #[case("[prd] *", "[prd] 5xx", true)]
    #[case("[prd] *", "p 5xx", false)]
    #[case("{a,b}", "a", false)]
    #[case("{a,b}", "{a,b}", true)]
    #[case("!x", "!x", true)]
    #[case("本番-?", "本番-あ", true)]
    #[case("本番-?", "本番-ああ", false)]
    #[case("Shop", "shop", false)]
    #[case("", "", true)]
    #[case("", "a", false)]
    fn patterns_are_iams(#[case] pattern: &str, #[case] name: &str, #[case] fits: bool) {
        assert_eq!(name_matches(pattern, name), fits);
    }

    #[test]
    fn no_pattern_owns_everything_and_any_pattern_narrows() {
        let mut environment = Environment::default();
        assert!(environment.owns_cluster("x") && environment.owns_alarm("y") && environment.owns_web_acl("z"));
        environment.clusters = vec!["a-*".to_owned(), "b".to_owned()];
        assert!(environment.owns_cluster("a-1") && environment.owns_cluster("b"));
        assert!(!environment.owns_cluster("c") && environment.owns_alarm("c"));
    }

    /// Matches as plainly as can be, to compare with.
    fn matches_plainly(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((&'*', rest)), _) => {
                matches_plainly(rest, name) || (!name.is_empty() && matches_plainly(pattern, &name[1..]))
            }
            (Some((p, rest)), Some((n, tail))) => (*p == '?' || p == n) && matches_plainly(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_plain_definition(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(name_matches(&pattern, &name), matches_plainly(&chars(&pattern), &chars(&name)));
        }

        #[test]
        fn a_name_without_wildcards_matches_itself(name in "[^*?]*") {
            prop_assert!(name_matches(&name, &name));
        }

        #[test]
        fn an_account_survives_hyphens(digits in "[0-9]{12}") {
            let account: AccountId = digits.parse().unwrap();
            prop_assert_eq!(account.hyphenated().parse::<AccountId>().unwrap(), account);
        }

        #[test]
        fn no_text_breaks_the_account_reader(text in ".*") {
            let _ = text.parse::<AccountId>();
        }
    }
}
