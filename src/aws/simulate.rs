//! `iam:SimulatePrincipalPolicy`: what IAM itself makes of the caller's policies, without anything being done.
//!
//! The SDK's client for IAM is large, and this is one call of it: its form is written and signed by hand.
//!
//! Source: IAM API Reference, `SimulatePrincipalPolicy`; "Making query requests".

use std::fmt::Write as _;
use std::time::SystemTime;

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::{
    orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
    result::SdkError,
};
use aws_smithy_types::{body::SdkBody, error::metadata::ErrorMetadata};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{
    fetch::{Failure, FailureKind},
    identity::Principal,
};

use super::{
    Connection,
    error::{Attempt, classify},
    sign::{FORM, Signer},
};

/// What is called.
const ACTION: &str = "iam:SimulatePrincipalPolicy";

/// The longest answer that is read: a hundred results of a few hundred characters.
const LONGEST: usize = 1024 * 1024;

/// What somebody wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The actions, at least one.
    pub actions: Vec<String>,
    /// The resource, without patterns; `*` where the actions know none.
    pub resource: String,
    /// The keys of the request with their values.
    pub context: Vec<(String, Vec<String>)>,
}

/// Asks IAM about the caller of a connection.
#[derive(Debug)]
pub struct Simulation<'c> {
    connection: &'c Connection,
    /// What the caller's role or user may be called; the first that is known, once that was found.
    sources: Vec<String>,
}

impl Connection {
    /// Begins to ask IAM what the caller may do.
    pub fn simulation(&self) -> Simulation<'_> {
        Simulation { connection: self, sources: sources(self) }
    }
}

/// Lists what the caller's role or user may be called: STS leaves out the path of a role, and IAM wants it.
///
/// Source: IAM Identity Center User Guide, "Referencing permission sets": `aws-reserved/sso.amazonaws.com`, with the region
/// of the instance unless that is us-east-1.
fn sources(connection: &Connection) -> Vec<String> {
    let identity = connection.identity();
    match &identity.principal {
        Principal::User { .. } => vec![identity.arn.clone()],
        Principal::AssumedRole { role, permission_set, .. } => {
            let partition = identity.arn.split(':').nth(1).unwrap_or("aws");
            let named = |path: &str| format!("arn:{partition}:iam::{}:role/{path}{role}", identity.account);
            let plain = named("");
            if permission_set.is_none() {
                return vec![plain];
            }
            let reserved = "aws-reserved/sso.amazonaws.com/";
            vec![named(&format!("{reserved}{}/", connection.region())), named(reserved), plain]
        }
        Principal::Root | Principal::Federated { .. } | Principal::Other => Vec::new(),
    }
}

impl Simulation<'_> {
    /// Asks whether actions are allowed; each is told with the answer.
    ///
    /// # Errors
    /// A [`Failure`] where IAM does not say, mostly because asking is denied.
    pub async fn ask(&mut self, asked: &Asked) -> Result<Vec<(String, bool)>, Failure> {
        let attempt = Attempt { action: ACTION, host: "", at: self.connection.home.caller.now.get() };
        loop {
            let Some(source) = self.sources.first() else {
                return Err(attempt.failed(FailureKind::NotFound, ""));
            };
            let answer = self.connection.send_form(&form(source, asked), attempt).await;
            match answer {
                Err(failure) if failure.kind == FailureKind::NotFound => drop(self.sources.remove(0)),
                Err(failure) => return Err(failure),
                Ok(text) => return read(&text).ok_or_else(|| attempt.failed(FailureKind::Malformed, "")),
            }
        }
    }
}

impl Connection {
    /// Sends a form to IAM, which is of no region, and returns what it answers.
    async fn send_form(&self, form: &str, attempt: Attempt<'_>) -> Result<String, Failure> {
        let config = self.sites.config();
        let site = site(self.region());
        let url = config.endpoint_url().unwrap_or(site.url);
        let credentials = self.credentials().await?;
        let (region, service) = (site.region, "iam");
        let signer = Signer { credentials: &credentials, region, service, time: SystemTime::from(attempt.at) };
        let malformed = |why: String| attempt.failed(FailureKind::Malformed, &why);
        let signed = signer.sign_form(url, form).map_err(malformed)?;
        let mut headers = vec![("content-type".to_owned(), FORM.to_owned())];
        headers.extend(signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let http = config.http_client().ok_or_else(|| malformed(String::new()))?;
        let mut operation = Operation::builder().service_name("iam").operation_name("SimulatePrincipalPolicy");
        operation = operation.http_client(http).endpoint_url(url).no_auth().no_retry();
        if let Some(timeouts) = config.timeout_config() {
            operation = operation.timeout_config(timeouts.clone());
        }
        if let Some(sleep) = config.sleep_impl() {
            operation = operation.sleep_impl(sleep);
        }
        let operation = operation.serializer(request).deserializer(response).build();
        let answer = operation.invoke(Form { headers, body: form.to_owned() }).await;
        answer.map_err(|error: SdkError<Refused, HttpResponse>| classify(&error, attempt))
    }
}

/// Where IAM is in a partition, and by which region it is signed for.
struct Place {
    url: &'static str,
    region: &'static str,
}

/// Returns where IAM is in the partition of a region.
///
/// Source: AWS General Reference, "IAM endpoints and quotas".
fn site(region: &str) -> Place {
    match region {
        china if china.starts_with("cn-") => {
            Place { url: "https://iam.cn-north-1.amazonaws.com.cn", region: "cn-north-1" }
        }
        government if government.starts_with("us-gov-") => {
            Place { url: "https://iam.us-gov.amazonaws.com", region: "us-gov-west-1" }
        }
        _ => Place { url: "https://iam.amazonaws.com", region: "us-east-1" },
    }
}

/// A form with the headers that sign it, which nobody sees by accident.
struct Form {
    headers: Vec<(String, String)>,
    body: String,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").finish_non_exhaustive()
    }
}

/// Says why IAM does not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(ErrorMetadata);

impl aws_smithy_types::error::metadata::ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

fn request(form: Form) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(form.body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    for (name, value) in form.headers {
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

fn response(response: &HttpResponse) -> Result<String, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST)]).into_owned();
    if response.status().is_success() {
        return Ok(text);
    }
    let of = |tag: &str| elements(&text, tag).next().map(unescaped);
    let error = ErrorMetadata::builder();
    let error = if let Some(code) = of("Code") { error.code(code) } else { error };
    let error = if let Some(message) = of("Message") { error.message(message) } else { error };
    Err(OrchestratorError::operation(Refused(error.build())))
}

/// Writes the form of a question.
fn form(source: &str, asked: &Asked) -> String {
    let mut form = String::from("Action=SimulatePrincipalPolicy&Version=2010-05-08");
    let mut give = |name: &str, value: &str| {
        // Writing to a String does not fail.
        let _ = write!(form, "&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    };
    give("PolicySourceArn", source);
    for (number, action) in asked.actions.iter().enumerate() {
        give(&format!("ActionNames.member.{}", number + 1), action);
    }
    give("ResourceArns.member.1", &asked.resource);
    for (number, (key, values)) in asked.context.iter().enumerate() {
        let entry = format!("ContextEntries.member.{}", number + 1);
        give(&format!("{entry}.ContextKeyName"), key);
        give(&format!("{entry}.ContextKeyType"), if values.len() == 1 { "string" } else { "stringList" });
        for (number, value) in values.iter().enumerate() {
            give(&format!("{entry}.ContextKeyValues.member.{}", number + 1), value);
        }
    }
    form
}

/// Reads the answer: each result has one action and one decision, in whichever order.
fn read(text: &str) -> Option<Vec<(String, bool)>> {
    let actions: Vec<String> = elements(text, "EvalActionName").map(unescaped).collect();
    let decisions: Vec<bool> = elements(text, "EvalDecision").map(|decision| decision == "allowed").collect();
    let is_whole = !actions.is_empty() && actions.len() == decisions.len();
    is_whole.then(|| actions.into_iter().zip(decisions).collect())
}

/// Finds the texts of the elements of a name, which hold no others.
fn elements<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let from = rest.find(&open)? + open.len();
        let until = from + rest[from..].find(&close)?;
        let found = &rest[from..until];
        rest = &rest[until + close.len()..];
        Some(found.trim())
    })
}

/// Puts the five characters back that XML writes by name.
fn unescaped(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (name, character)| text.replace(name, character))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANSWER: &str = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>
        <member><EvalResourceName>*</EvalResourceName><EvalDecision>allowed</EvalDecision>
        <EvalActionName>ssm:StartSession</EvalActionName></member>
        <member><EvalActionName>ecs:StopTask</EvalActionName><EvalDecision>implicitDeny</EvalDecision></member>
        <member><EvalActionName>ssm:SendCommand</EvalActionName><EvalDecision>explicitDeny</EvalDecision></member>
        </EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";

    #[test]
    fn every_action_is_told_with_its_answer() {
        let told = read(ANSWER).unwrap();
        let expected = [("ssm:StartSession", true), ("ecs:StopTask", false), ("ssm:SendCommand", false)];
        assert_eq!(told, expected.map(|(action, allowed)| (action.to_owned(), allowed)));
        for nothing in ["", "<EvalActionName>a</EvalActionName>", "<EvalDecision>allowed</EvalDecision>"] {
            assert_eq!(read(nothing), None);
        }
    }

    #[test]
    fn a_question_is_written_so_that_nothing_breaks_out_of_it() {
        let asked = Asked {
            actions: vec!["a:B".to_owned()],
            resource: "arn:x&Action=Delete".to_owned(),
            context: vec![("aws:ResourceTag/名".to_owned(), vec!["a=b".to_owned(), "c".to_owned()])],
        };
        let form = form("arn:aws:iam::111122223333:role/x", &asked);
        assert_eq!(form.matches("Action=").count(), 1, "{form}");
        assert!(form.contains("&ResourceArns.member.1=arn%3Ax%26Action%3DDelete"));
        assert!(form.contains("&ContextEntries.member.1.ContextKeyType=stringList"));
        assert!(form.ends_with("&ContextEntries.member.1.ContextKeyValues.member.2=c"));
    }

    #[test]
    fn what_xml_writes_by_name_is_put_back_once() {
        assert_eq!(unescaped("&lt;a&gt; &amp;lt; &quot;b&quot;"), "<a> &lt; \"b\"");
    }

    proptest! {
        #[test]
        fn no_answer_breaks_the_reader(text in "(<(/)?EvalActionName>|<(/)?EvalDecision>|[a-zあ<>&;]){0,30}") {
            let _ = read(&text);
        }
    }
}
