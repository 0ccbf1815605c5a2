//! Patterns of IAM against patterns: which covers which, and which have something in common.

/// Whether letters match in their own case: those of ARNs do, those of actions match in any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Own,
    Any,
}

fn letters(text: &str, case: Case) -> Vec<char> {
    let lower = |c: char| if case == Case::Any { c.to_ascii_lowercase() } else { c };
    let mut letters: Vec<char> = Vec::new();
    for letter in text.chars().map(lower) {
        // Several stars in a row say what one does.
        if letter != '*' || letters.last() != Some(&'*') {
            letters.push(letter);
        }
    }
    letters
}

/// Tells whether whatever fits one pattern of IAM's fits another, wider one; at the cost of the product of their lengths.
///
/// Of two patterns with several stars it may say no where yes would be true, never yes where no would be.
pub(super) fn covers(wide: &str, narrow: &str, case: Case) -> bool {
    let (wide, narrow) = (letters(wide, case), letters(narrow, case));
    // Which beginnings of the narrow one the beginning of the wide one covers.
    let mut reached = vec![false; narrow.len() + 1];
    reached[0] = true;
    for letter in wide {
        let mut next = vec![false; narrow.len() + 1];
        if letter == '*' {
            let mut any = false;
            for (place, reached) in reached.iter().enumerate() {
                any |= reached;
                next[place] = any;
            }
        } else {
            for (place, &found) in narrow.iter().enumerate() {
                // What a star stands for is covered by a star alone.
                let fits = found != '*' && (letter == '?' || letter == found);
                next[place + 1] = reached[place] && fits;
            }
        }
        reached = next;
    }
    reached[narrow.len()]
}

/// Tells whether some text fits both of two patterns.
pub(super) fn overlaps(one: &str, other: &str, case: Case) -> bool {
    let (one, other) = (letters(one, case), letters(other, case));
    // What is left of both may be fitted by one text.
    let mut row: Vec<bool> = vec![false; other.len() + 1];
    row[other.len()] = true;
    for place in (0..other.len()).rev() {
        row[place] = other[place] == '*' && row[place + 1];
    }
    for letter in one.into_iter().rev() {
        let mut next = vec![false; other.len() + 1];
        next[other.len()] = letter == '*' && row[other.len()];
        for place in (0..other.len()).rev() {
            let found = other[place];
            next[place] = if letter == '*' || found == '*' {
                row[place] || next[place + 1]
            } else {
                (letter == found || letter == '?' || found == '?') && row[place + 1]
            };
        }
        row = next;
    }
    row[0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::environment::name_matches;

    #[rstest]
    #[case("*", "*", true)]
    #[case("*", "a?b*", true)]
    #[case("a*", "ab*", true)]
    #[case("ab*", "a*", false)]
    #[case("a?", "ab", true)]
    #[case("a?", "a?", true)]
    #[case("ab", "a?", false)]
    #[case("a?", "a*", false)]
    #[case("cluster/shop-*", "cluster/shop-prd", true)]
    #[case("*:document/Sekisho-*", "arn:aws:ssm:*:*:document/Sekisho-prd-*", true)]
    #[case("", "", true)]
    #[case("", "*", false)]
    fn one_pattern_covers_another(#[case] wide: &str, #[case] narrow: &str, #[case] expected: bool) {
        assert_eq!(covers(wide, narrow, Case::Own), expected);
    }

    #[test]
    fn actions_match_in_any_case_and_resources_in_their_own() {
        assert!(covers("SSM:Get*", "ssm:getDocument", Case::Any));
        assert!(!covers("A*", "ab", Case::Own));
    }

    proptest! {
        #[test]
        fn what_is_covered_is_matched(wide in "[ab*?]{0,6}", narrow in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            if covers(&wide, &narrow, Case::Own) && name_matches(&narrow, &text) {
                prop_assert!(name_matches(&wide, &text));
            }
        }

        #[test]
        fn a_text_covers_as_it_matches(wide in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            prop_assert_eq!(covers(&wide, &text, Case::Own), name_matches(&wide, &text));
            prop_assert_eq!(overlaps(&wide, &text, Case::Own), name_matches(&wide, &text));
        }

        #[test]
        fn what_fits_both_makes_them_overlap(one in "[ab*?]{0,6}", other in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            if name_matches(&one, &text) && name_matches(&other, &text) {
                prop_assert!(overlaps(&one, &other, Case::Own));
            }
        }
    }
}
