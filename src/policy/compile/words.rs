//! Words of names put together for `Sid`, which takes letters and digits alone.

/// Writes a name as one word that begins with a capital: `service-redeploy` becomes `ServiceRedeploy`.
///
/// Source: IAM User Guide, "IAM JSON policy elements: Sid": ASCII letters and digits.
pub(super) fn word(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    parts.map(capitalised).collect()
}

fn capitalised(part: &str) -> String {
    let mut letters = part.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::word;

    #[rstest]
    #[case("service-redeploy", "ServiceRedeploy")]
    #[case("prd", "Prd")]
    #[case("shop_stg.2", "ShopStg2")]
    #[case("本番", "")]
    #[case("", "")]
    fn names_become_words(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(word(name), expected);
    }
}
