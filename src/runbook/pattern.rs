//! Patterns of tickets and parameters: regular expressions that must describe the whole of a text.

use regex_lite::{Regex, RegexBuilder};

/// The longest pattern, in bytes.
pub const LONGEST: usize = 500;

/// The most memory that a pattern may compile to, in bytes: `(a{999}){999}` is short, and it is not small.
const LARGEST: usize = 64 * 1024;

/// How deep groups may nest.
const DEEPEST: u32 = 16;

/// Compiles a pattern so that it must match the whole of a text.
///
/// Matching takes time linear in the text. `\d` and `\w` mean ASCII alone: a ticket in full-width digits is none.
///
/// # Errors
/// What is wrong with it, in the words of the compiler, which are English.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST {
        return Err(format!("{} > {LONGEST}", pattern.len()));
    }
    let build = |text: &str| {
        let mut builder = RegexBuilder::new(text);
        builder.size_limit(LARGEST).nest_limit(DEEPEST).build().map_err(|error| error.to_string())
    };
    // By itself first: `a)|(?:b` would be a pattern only between the anchors, and would slip out of them.
    build(pattern)?;
    build(&format!(r"\A(?:{pattern})\z"))
}

/// Tells whether a pattern describes the whole of a text; a pattern that is none describes nothing.
pub fn fits(pattern: &str, text: &str) -> bool {
    compile(pattern).is_ok_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r"^INC-\d+$", "INC-42", true)]
    #[case(r"INC-\d+", "INC-42", true)]
    #[case(r"INC-\d+", "see INC-42", false)]
    #[case(r"INC-\d+", "INC-42\n", false)]
    #[case(r"^INC-\d+$", "INC-４２", false)]
    #[case(r"a|b", "ab", false)]
    #[case(r"a|ab", "ab", true)]
    #[case(r"a)|(?:b", "b", false)]
    #[case(r"(?x)a # b", "a", false)]
    #[case(r"障害-\d{4}", "障害-0042", true)]
    #[case(r"(a{999}){999}", "a", false)]
    #[case(r"(", "(", false)]
    fn a_pattern_describes_the_whole_text(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(fits(pattern, text), expected);
    }

    proptest! {
        #[test]
        fn no_pattern_breaks_the_compiler(pattern in r"[\\()\[\]{}|*+?^$.a-c0-9x#\n -]{0,40}|.{0,40}", text in ".{0,20}") {
            let _ = fits(&pattern, &text);
        }

        #[test]
        fn a_plain_text_describes_itself_alone(text in "[a-z]{0,8}", other in "[a-z]{0,8}") {
            prop_assert_eq!(fits(&text, &other), text == other);
        }
    }
}
