//! A composite alarm's rule: `ALARM("a") AND (OK(b) OR NOT INSUFFICIENT_DATA(c))`.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>

use super::evaluate::AlarmState;

/// How deep parentheses and NOT may go.
const DEEPEST: usize = 64;

/// A rule, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// TRUE or FALSE.
    Always(bool),
    /// Whether an alarm is in a state.
    Is(AlarmState, String),
    Not(Box<Rule>),
    And(Vec<Rule>),
    Or(Vec<Rule>),
}

/// The text was no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the alarm rule cannot be read at character {at}: {problem}")]
pub struct RuleError {
    at: usize,
    problem: &'static str,
}

impl Rule {
    /// Reads a rule.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let mut reader = Reader { chars: text.chars().collect(), at: 0, depth: 0 };
        let rule = reader.any()?;
        reader.skip_space();
        if reader.at < reader.chars.len() { Err(reader.error("something follows the rule")) } else { Ok(rule) }
    }

    /// Decides, given each alarm's state.
    pub fn holds(&self, state: &impl Fn(&str) -> AlarmState) -> bool {
        match self {
            Self::Always(value) => *value,
            Self::Is(wanted, name) => state(name) == *wanted,
            Self::Not(rule) => !rule.holds(state),
            Self::And(rules) => rules.iter().all(|rule| rule.holds(state)),
            Self::Or(rules) => rules.iter().any(|rule| rule.holds(state)),
        }
    }

    /// Collects the names of the alarms that it looks at.
    pub fn children(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.collect(&mut names);
        names
    }

    fn collect<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Always(_) => {}
            Self::Is(_, name) => {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            Self::Not(rule) => rule.collect(names),
            Self::And(rules) | Self::Or(rules) => rules.iter().for_each(|rule| rule.collect(names)),
        }
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    /// `all { OR all }`
    fn any(&mut self) -> Result<Rule, RuleError> {
        let mut rules = vec![self.all()?];
        while self.word("OR") {
            rules.push(self.all()?);
        }
        Ok(if rules.len() == 1 { rules.swap_remove(0) } else { Rule::Or(rules) })
    }

    /// `one { AND one }`
    fn all(&mut self) -> Result<Rule, RuleError> {
        let mut rules = vec![self.one()?];
        while self.word("AND") {
            rules.push(self.one()?);
        }
        Ok(if rules.len() == 1 { rules.swap_remove(0) } else { Rule::And(rules) })
    }

    fn one(&mut self) -> Result<Rule, RuleError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("it is nested too deeply"));
        }
        let rule = self.one_inside();
        self.depth -= 1;
        rule
    }

    fn one_inside(&mut self) -> Result<Rule, RuleError> {
        if self.word("NOT") {
            return Ok(Rule::Not(Box::new(self.one()?)));
        }
        if self.sign('(') {
            let rule = self.any()?;
            return if self.sign(')') { Ok(rule) } else { Err(self.error("a parenthesis is not closed")) };
        }
        for (word, value) in [("TRUE", true), ("FALSE", false)] {
            if self.word(word) {
                return Ok(Rule::Always(value));
            }
        }
        let states = [AlarmState::Alarm, AlarmState::Ok, AlarmState::InsufficientData];
        for state in states {
            if self.word(state.word()) {
                return Ok(Rule::Is(state, self.name()?));
            }
        }
        Err(self.error("a state such as ALARM(name) was expected"))
    }

    /// `( name )`, the name quoted or bare, or an alarm's ARN.
    fn name(&mut self) -> Result<String, RuleError> {
        if !self.sign('(') {
            return Err(self.error("a name in parentheses was expected"));
        }
        self.skip_space();
        let mut name = String::new();
        if self.chars.get(self.at) == Some(&'"') {
            self.at += 1;
            loop {
                match self.chars.get(self.at) {
                    Some('"') => break,
                    Some('\\') => {
                        self.at += 1;
                        name.extend(self.chars.get(self.at));
                    }
                    Some(c) => name.push(*c),
                    None => return Err(self.error("a quote is not closed")),
                }
                self.at += 1;
            }
            self.at += 1;
        } else {
            while let Some(c) = self.chars.get(self.at).filter(|c| **c != ')') {
                name.push(*c);
                self.at += 1;
            }
        }
        if !self.sign(')') {
            return Err(self.error("a parenthesis is not closed"));
        }
        let name = name.trim();
        let name = if name.starts_with("arn:") { name.splitn(7, ':').nth(6).unwrap_or(name) } else { name };
        if name.is_empty() { Err(self.error("the alarm's name is empty")) } else { Ok(name.to_owned()) }
    }

    /// Takes a word that is not part of a longer one.
    fn word(&mut self, word: &str) -> bool {
        self.skip_space();
        let end = self.at + word.chars().count();
        let matches = self.chars.get(self.at..end).is_some_and(|slice| slice.iter().copied().eq(word.chars()));
        let whole = self.chars.get(end).is_none_or(|c| !c.is_alphanumeric() && *c != '_');
        if matches && whole {
            self.at = end;
        }
        matches && whole
    }

    fn sign(&mut self, sign: char) -> bool {
        self.skip_space();
        let found = self.chars.get(self.at) == Some(&sign);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    const fn error(&self, problem: &'static str) -> RuleError {
        RuleError { at: self.at, problem }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn state(name: &str) -> AlarmState {
        match name {
            "a" | "決済 5xx" => AlarmState::Alarm,
            "i" => AlarmState::InsufficientData,
            _ => AlarmState::Ok,
        }
    }

    #[rstest]
    #[case("ALARM(a)", true)]
    #[case("ALARM(o)", false)]
    #[case("OK(o) AND INSUFFICIENT_DATA(i)", true)]
    #[case("NOT ALARM(a)", false)]
    #[case("NOT ALARM(o) AND ALARM(a)", true)]
    #[case("ALARM(o) AND ALARM(o) OR ALARM(a)", true)]
    #[case("ALARM(o) AND (ALARM(o) OR ALARM(a))", false)]
    #[case("NOT (ALARM(o) OR FALSE) AND TRUE", true)]
    #[case("ALARM(\"決済 5xx\")", true)]
    #[case("  ALARM ( a )  ", true)]
    #[case("ALARM(arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:a)", true)]
    #[case("NOT NOT NOT OK(o)", false)]
    fn holds(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(Rule::parse(text).unwrap().holds(&state), expected, "{text}");
    }

    #[rstest]
    #[case("")]
    #[case("ALARM")]
    #[case("ALARM()")]
    #[case("ALARM(\"a)")]
    #[case("ALARM(a")]
    #[case("(ALARM(a)")]
    #[case("ALARM(a) ALARM(b)")]
    #[case("ALARM(a) AND")]
    #[case("alarm(a)")]
    #[case("TRUEISH")]
    fn refuses(#[case] text: &str) {
        assert!(Rule::parse(text).is_err(), "{text}");
    }

    #[test]
    fn refuses_to_be_buried() {
        assert!(Rule::parse(&format!("{}ALARM(a)", "NOT ".repeat(10_000))).is_err());
        assert!(Rule::parse(&"(".repeat(10_000)).is_err());
    }

    #[test]
    fn names_its_children_once() {
        let rule = Rule::parse("ALARM(a) OR ALARM(b) AND NOT OK(a)").unwrap();
        assert_eq!(rule.children(), ["a", "b"]);
    }
}
