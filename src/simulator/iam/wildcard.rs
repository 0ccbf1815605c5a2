//! Patterns with `*` and `?`, and the policy variables in them.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::context::Context;

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// This character and no other.
    Literal(char),
    /// `?`: one character.
    One,
    /// `*`: any characters, or none.
    Any,
}

/// A pattern whose variables have their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

impl Pattern {
    /// Reads a pattern, with variables where the policy's version has them; `None` where one of them has no value.
    pub fn read(text: &str, variables: Option<&Context>) -> Option<Self> {
        let mut parts = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let inside = rest.strip_prefix("${").filter(|_| variables.is_some());
            if let Some((name, after)) = inside.and_then(|inside| inside.split_once('}')) {
                // What a variable stands for is literal, whatever characters it has.
                parts.extend(value(name, variables?)?.chars().map(Part::Literal));
                rest = after;
                continue;
            }
            parts.push(match c {
                '*' => Part::Any,
                '?' => Part::One,
                c => Part::Literal(c),
            });
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        Some(Self(parts))
    }

    /// Reads a text without wildcards, with variables as above, as what it stands for.
    pub fn literal(text: &str, variables: Option<&Context>) -> Option<String> {
        let character = |part: Part| match part {
            Part::Literal(c) => c,
            Part::One => '?',
            Part::Any => '*',
        };
        Self::read(text, variables).map(|pattern| pattern.0.into_iter().map(character).collect())
    }

    /// Whether a text is what the pattern says, from its beginning to its end.
    pub fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut part) = (0, 0);
        // Where the last `*` stands, and how far its match has come.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match (self.0.get(part), text.get(at)) {
                (Some(Part::Any), _) => {
                    star = Some((part, at));
                    part += 1;
                }
                (Some(Part::One), _) => (at, part) = (at + 1, part + 1),
                (Some(Part::Literal(wanted)), Some(c)) if wanted == c => (at, part) = (at + 1, part + 1),
                _ => match star {
                    None => return false,
                    Some((place, reached)) => {
                        star = Some((place, reached + 1));
                        (at, part) = (reached + 1, place + 1);
                    }
                },
            }
        }
        self.0.get(part..).unwrap_or_default().iter().all(|part| *part == Part::Any)
    }
}

/// Whether an action's name is what a pattern says, whatever the case.
pub fn action_fits(pattern: &str, action: &str) -> bool {
    // Most patterns name one action, and every call is compared with all of them.
    if !pattern.contains(['*', '?']) {
        return pattern.eq_ignore_ascii_case(action);
    }
    Pattern::read(&pattern.to_ascii_lowercase(), None).is_some_and(|one| one.fits(&action.to_ascii_lowercase()))
}

/// Takes a variable's value: a key of the request, with what stands for it where it is not there, or a character.
fn value(name: &str, context: &Context) -> Option<String> {
    if let "*" | "?" | "$" = name {
        return Some(name.to_owned());
    }
    let (key, usual) = match name.split_once(',') {
        None => (name, None),
        Some((key, usual)) => (key, usual.trim().strip_prefix('\'').and_then(|usual| usual.strip_suffix('\''))),
    };
    match context.get(key.trim()) {
        // A key with several values cannot stand in a text.
        Some([one]) => Some(one.clone()),
        Some(_) => None,
        None => usual.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("*", "", true)]
    #[case("*", "anything", true)]
    #[case("a*", "abc", true)]
    #[case("a*c", "abbbc", true)]
    #[case("a*c", "abbbcd", false)]
    #[case("a?c", "abc", true)]
    #[case("a?c", "ac", false)]
    #[case("*a*b*", "xxaxxbxx", true)]
    #[case("*aab", "aaaaab", true)]
    #[case("", "", true)]
    #[case("", "a", false)]
    #[case("目*", "目黒", true)]
    #[case("arn:aws:ecs:*:1:service/shop/*", "arn:aws:ecs:ap-northeast-1:1:service/shop/web", true)]
    #[case("Web", "web", false)]
    fn patterns_fit(#[case] pattern: &str, #[case] text: &str, #[case] fits: bool) {
        assert_eq!(Pattern::read(pattern, None).unwrap().fits(text), fits);
    }

    #[test]
    fn a_pattern_of_many_stars_is_answered_in_time() {
        let pattern = Pattern::read(&"*a".repeat(500), None).unwrap();
        assert!(!pattern.fits(&"a".repeat(499)));
        assert!(pattern.fits(&"a".repeat(500)));
    }

    #[test]
    fn actions_have_no_case() {
        assert!(action_fits("ECS:list*", "ecs:ListServices") && !action_fits("ecs:List", "ecs:ListServices"));
        assert!(
            action_fits("ECS:LISTSERVICES", "ecs:ListServices") && action_fits("ecs:ListService?", "ecs:ListServices")
        );
    }

    #[test]
    fn variables_stand_for_what_the_request_has() {
        let mut context = Context::default();
        context.set("aws:userid", "AROAX:a*b");
        context.set("aws:PrincipalTag/team", "shop");
        let read = |text: &str| Pattern::literal(text, Some(&context));
        assert_eq!(read("x/${aws:userid}/y").as_deref(), Some("x/AROAX:a*b/y"));
        assert_eq!(read("${AWS:UserId}").as_deref(), Some("AROAX:a*b"), "keys have no case");
        assert_eq!(read("${aws:username}"), None);
        assert_eq!(read("${aws:username, 'nobody'}").as_deref(), Some("nobody"));
        assert_eq!(read("${*}${?}${$}").as_deref(), Some("*?$"));
        let pattern = Pattern::read("session/${aws:userid}", Some(&context)).unwrap();
        assert!(pattern.fits("session/AROAX:a*b") && !pattern.fits("session/AROAX:aXb"), "a value has no wildcards");
        assert!(Pattern::read("${*}", Some(&context)).unwrap().fits("*"));
        assert!(!Pattern::read("${*}", Some(&context)).unwrap().fits("a"));
        let old = Pattern::read("${aws:userid}", None).unwrap();
        assert!(old.fits("${aws:userid}"), "the version of 2008 has no variables");
    }
}
