//! Knows what the name of an AWS Region can be.

/// Regions as of 2026, to suggest from; a newer one is none the worse for not being here.
///
/// Source: AWS General Reference, "AWS Regions", and the pages of the China, `GovCloud` and European Sovereign partitions.
pub const KNOWN: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// Tells whether a text can name a Region: words of small letters, then a small number, with hyphens between them.
pub fn is_plausible(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let [words @ .., number] = parts.as_slice() else {
        return false;
    };
    let word = |part: &&str| (2..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let number_is_small = matches!(number.len(), 1 | 2) && number.bytes().all(|byte| byte.is_ascii_digit());
    (2..=4).contains(&words.len()) && words.iter().all(word) && number_is_small
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_regions_are_plausible_and_in_order() {
        assert!(KNOWN.iter().all(|name| is_plausible(name)));
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn other_names_of_places_are_not() {
        for name in ["", "tokyo", "ap_northeast_1", "AP-NORTHEAST-1", "ap-northeast-1a", "ap-northeast", "us-1", "東京"]
        {
            assert!(!is_plausible(name), "{name}");
        }
        assert!(is_plausible("xx-newplace-1"));
    }
}
