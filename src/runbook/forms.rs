//! The forms that texts of a catalogue must have, each by the rules of whom the text is for.

use super::book::END;
use super::signal::Signal;
use crate::domain::session::MOST_SESSIONS;
use crate::domain::target::Selector;
use crate::domain::text::clean;

/// The longest title, in characters: it stands in a table.
const LONGEST_TITLE: usize = 60;

/// The longest prompt of a step, in characters.
const LONGEST_PROMPT: usize = 500;

/// The longest command, in characters.
const LONGEST_COMMAND: usize = 500;

/// The pattern of a task's id.
///
/// Source: Amazon ECS Developer Guide, "Amazon Resource Names (ARNs) and IDs": the long form, the only one since 2021.
pub(super) const TASK_ID: &str = "[0-9a-f]{32}";

/// The pattern of a finding's ARN; of which account it is, the gate looks at.
///
/// Source: AWS Security Hub User Guide, "Required top-level ASFF attributes", `Id`, and the ARNs of the products that AWS
/// integrates. No quotes and no braces: it stands in a command line.
pub(super) const FINDING_ARN: &str = r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{12}:[A-Za-z0-9_.:/=@+-]{1,400}";

/// The longest name of an environment or a role, in characters, as in the configuration.
const LONGEST_NAME: usize = 40;

/// A form that a text must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// An entry's or a parameter's name.
    Id,
    /// A title for people.
    Title,
    /// What a step asks of people, or tells them.
    Prompt,
    /// A step's name.
    Step,
    /// A trouble that a runbook answers.
    Signal,
    /// The name of an environment or a role.
    Name,
    /// The name of a binding or a parameter.
    Word,
    /// `cluster/service` or `cluster/service/container`.
    Service,
    /// A managed node's id.
    Node,
    /// `key=value`.
    Tag,
    /// A host's name or address.
    Host,
    /// The name of a user or a database.
    User,
    /// A command line.
    Command,
    /// The name of an SSM document.
    Document,
    /// The name of a parameter of an SSM document.
    DocumentParameter,
    /// A length of time from one minute to a day.
    Limit,
    /// A port from 1 to 65535.
    Port,
    /// A number of sessions under a tunnel, from 1 to [`MOST_SESSIONS`].
    Sessions,
}

impl Form {
    /// Tells whether a text has the form.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Id => is_id(text),
            Self::Title => is_line(text, LONGEST_TITLE),
            Self::Prompt => is_line(text, LONGEST_PROMPT),
            Self::Step => is_id(text) && text != END,
            Self::Signal => Signal::parse(text).is_some(),
            Self::Name => is_line(text, LONGEST_NAME),
            Self::Word => is_word(text),
            Self::Service => service(text).is_some(),
            Self::Node => is_node(text),
            Self::Tag => tag(text).is_some(),
            Self::Host => is_host(text),
            Self::User => is_user(text),
            Self::Command => is_line(text, LONGEST_COMMAND),
            Self::Document => is_document(text),
            Self::DocumentParameter => is_document_parameter(text),
            Self::Limit => limit(text).is_some(),
            Self::Port => text.parse::<u16>().is_ok_and(|port| port > 0),
            Self::Sessions => text.parse().is_ok_and(|sessions| (1..=MOST_SESSIONS).contains(&sessions)),
        }
    }
}

/// Tells whether a text is one visible line, the same when cleaned and trimmed.
fn is_line(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.trim() == text && text.chars().count() <= longest && clean(text, longest) == text
}

fn is_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=60).contains(&text.len()) && text.chars().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_word(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=60).contains(&text.len()) && text.chars().all(allowed) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Reads `cluster/service` or `cluster/service/container`.
///
/// Source: Amazon ECS API Reference, `CreateCluster` and `CreateService`: names hold up to 255 letters, numbers,
/// underscores and hyphens.
pub(super) fn service(text: &str) -> Option<Selector> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let parts: Vec<&str> = text.split('/').collect();
    if !parts.iter().all(|part| (1..=255).contains(&part.len()) && part.chars().all(allowed)) {
        return None;
    }
    let (cluster, service, container) = match parts[..] {
        [cluster, service] => (cluster, service, None),
        [cluster, service, container] => (cluster, service, Some(container.to_owned())),
        _ => return None,
    };
    Some(Selector::EcsService { cluster: cluster.to_owned(), service: service.to_owned(), container })
}

/// Tells whether a text is the id of a managed node.
///
/// Source: AWS Systems Manager API Reference, `InstanceInformation`, `InstanceId`.
fn is_node(text: &str) -> bool {
    let digits = |rest: &str, lengths: &[usize]| {
        lengths.contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
    };
    match text.strip_prefix("mi-") {
        Some(rest) => digits(rest, &[17]),
        None => text.strip_prefix("i-").is_some_and(|rest| digits(rest, &[8, 17])),
    }
}

/// Reads `key=value`; the value may be empty and may hold `=`.
///
/// Source: Tagging AWS Resources User Guide, "Tag naming limits and requirements".
pub(super) fn tag(text: &str) -> Option<Selector> {
    let (key, value) = text.split_once('=')?;
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    let valid = (1..=128).contains(&key.chars().count())
        && value.chars().count() <= 256
        && text.chars().all(allowed)
        && !key.starts_with("aws:");
    valid.then(|| Selector::TaggedNodes { key: key.to_owned(), value: value.to_owned() })
}

/// Tells whether a text is the name of a host, or an IPv4 address.
///
/// Source: RFC 1123, section 2.1.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Tells whether a text can stand in a connection string without quotes.
fn is_user(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=63).contains(&text.len()) && text.chars().all(allowed)
}

/// Tells whether a text is the name of an SSM document of one's own.
///
/// Source: AWS Systems Manager API Reference, `CreateDocument`, `Name`.
pub(super) fn is_document(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (3..=128).contains(&text.len()) && text.chars().all(allowed)
}

/// Tells whether a text is the name of a parameter of an Automation document.
///
/// Source: AWS Systems Manager API Reference, `StartAutomationExecution`, `Parameters`: keys of 1 to 50 characters; a
/// document refers to them as `{{ name }}`, so that a name has neither spaces nor braces.
fn is_document_parameter(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=50).contains(&text.len()) && text.chars().all(allowed) && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Tells whether a document is one that anybody can give any parameters: AWS's own, and the one of all preferences.
pub(super) fn is_generic(document: &str) -> bool {
    let lower = document.to_ascii_lowercase();
    ["aws-", "amazon", "amzn"].iter().any(|prefix| lower.starts_with(prefix)) || lower == "ssm-sessionmanagerrunshell"
}

/// Reads a length of time from one minute to a day, which is what a Session document can limit a session to.
///
/// Source: AWS Systems Manager User Guide, "Session document schema", `maxSessionDuration`: 1 to 1,440 minutes.
pub(super) fn limit(text: &str) -> Option<jiff::SignedDuration> {
    let limit: jiff::SignedDuration = text.parse().ok()?;
    let whole = limit.as_secs() % 60 == 0 && limit.subsec_nanos() == 0;
    (whole && (1..=1_440).contains(&limit.as_mins())).then_some(limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Form::Id, &["db-readonly", "a", "x1"], &["", "-a", "a-", "A", "a_b", "a/b", "日本"])]
    #[case(Form::Title, &["DB調査(読み取り)", "Inspect"], &["", " a", "a\nb", "\u{1b}[31mred", "a\u{202e}b"])]
    #[case(Form::Prompt, &["直前のデプロイが原因か", "Is it?"], &["", " a", "a\nb"])]
    #[case(Form::Step, &["go", "a1"], &["", "end", "A", "a b"])]
    #[case(Form::Signal, &["alarm", "alarm:5xx", "service:unsteady", "waf:spike", "finding:GuardDuty", "finding:不正"], &["", "alarm:", "service", "service:slow", "waf", "alarm: x", "alarm:a\u{1b}b"])]
    #[case(Form::Name, &["prd", "システムC-本番"], &["", "a ", "\u{200b}"])]
    #[case(Form::Word, &["db_reader", "a1"], &["", "_a", "1a", "db-reader", "A"])]
    #[case(Form::Service, &["shop/web", "a/b/c"], &["web", "a/b/c/d", "/b", "a/", "a/b c", "a/日本", "a/*"])]
    #[case(Form::Node, &["i-0123456789abcdef0", "i-01234567", "mi-0123456789abcdef0"], &["i-", "i-0123", "web", "mi-01234567", "i-0123456789ABCDEF0"])]
    #[case(Form::Tag, &["Role=bastion", "a=", "a=b=c", "役割=保守"], &["a", "=b", "aws:x=y", "a=\u{7}"])]
    #[case(Form::Host, &["db.example.com", "10.0.0.1", "localhost"], &["", "a b", "*.x", "-a.b", "a..b", "{{ host }}", "h:1"])]
    #[case(Form::User, &["ops_ro"], &["", "a b", "a'b", "a\\"])]
    #[case(Form::Document, &["Sekisho-prd-x"], &["ab", "a b", "Sekisho-本番-x"])]
    #[case(Form::DocumentParameter, &["Mode", "instance_id", "a"], &["", "1a", "a b", "{{x}}", "日本"])]
    #[case(Form::Limit, &["60m", "1h", "24h", "1h30m"], &["", "0m", "25h", "90", "30s", "-5m", "1d12h"])]
    #[case(Form::Port, &["1", "65535"], &["0", "65536", "-1", "x"])]
    #[case(Form::Sessions, &["1", "8"], &["0", "9", "-1", "x"])]
    fn forms_are_as_those_want_them_whom_they_are_for(#[case] form: Form, #[case] good: &[&str], #[case] bad: &[&str]) {
        for text in good {
            assert!(form.fits(text), "{form:?} {text:?}");
        }
        for text in bad {
            assert!(!form.fits(text), "{form:?} {text:?}");
        }
    }

    #[test]
    fn documents_that_take_any_parameter_are_known() {
        for name in ["AWS-StartPortForwardingSessionToRemoteHost", "aws-x", "SSM-SessionManagerRunShell", "AmazonECS-X"]
        {
            assert!(is_generic(name), "{name}");
        }
        assert!(!is_generic("Sekisho-prd-db-readonly"));
    }

    #[rstest]
    #[case(TASK_ID, "0af70af70af70af70af70af70af70af7", true)]
    #[case(TASK_ID, "0AF70af70af70af70af70af70af70af7", false)]
    #[case(TASK_ID, "0af7", false)]
    #[case(FINDING_ARN, "arn:aws:securityhub:ap-northeast-1:111122223333:security-control/IAM.1/finding/0a-f7", true)]
    #[case(FINDING_ARN, "arn:aws:guardduty:ap-northeast-1:111122223333:detector/0af7/finding/0af7", true)]
    #[case(FINDING_ARN, "arn:aws:iam::111122223333:finding/0af7", true)]
    #[case(FINDING_ARN, "arn:aws:securityhub:ap-northeast-1:111122223333:finding/0a'; rm -rf /", false)]
    #[case(FINDING_ARN, "arn:aws:securityhub:ap-northeast-1:1111:finding/0a", false)]
    #[case(FINDING_ARN, "finding/0a", false)]
    fn ids_of_aws_are_known_by_their_patterns(#[case] pattern: &str, #[case] text: &str, #[case] fits: bool) {
        assert_eq!(crate::runbook::pattern::fits(pattern, text), fits, "{text}");
    }

    proptest! {
        #[test]
        fn a_selector_is_written_as_it_was_read(text in "[a-z]{1,4}(/[a-z]{1,4}){1,2}") {
            prop_assert_eq!(service(&text).unwrap().to_string(), text);
        }

        #[test]
        fn no_text_breaks_a_form(text in ".*") {
            let _ = (service(&text), tag(&text), limit(&text), is_host(&text));
        }
    }
}
