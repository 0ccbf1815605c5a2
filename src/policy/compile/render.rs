//! What was compiled, as JSON that tools take.

use serde::Serialize;
use serde_json::Value;

use super::documents::Document;
use super::split::{INLINE, MANAGED, Policy, named, pack};
use super::words::word;
use super::{Compiled, ServiceRole};
use crate::policy::preview::by_hand::quoted;

#[derive(Serialize)]
struct Iam<'c> {
    schema: &'static str,
    role: &'c str,
    policies: Vec<Named<'c>>,
}

#[derive(Serialize)]
struct Named<'c> {
    name: &'c str,
    document: &'c Policy,
}

impl<'c> Named<'c> {
    fn of(policy: &'c Policy) -> Self {
        Self { name: &policy.name, document: policy }
    }
}

/// Writes the policies that IAM takes as managed ones.
pub fn iam_json(compiled: &Compiled) -> String {
    let policies = compiled.policies.iter().map(Named::of).collect();
    pretty(&Iam { schema: "sekisho/iam/1", role: &compiled.role, policies })
}

/// What IAM Identity Center takes for a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionSet {
    /// Its name.
    pub name: String,
    /// The policy that it holds itself.
    pub inline: Policy,
    /// What does not fit into that: policies that must be in each account under these names.
    pub managed: Vec<Policy>,
}

/// Puts what was compiled into a permission set: what fits into its inline policy, and the rest.
pub fn permission_set(compiled: &Compiled) -> PermissionSet {
    let name = named(&compiled.role);
    let mut lots = pack(&compiled.statements, INLINE, MANAGED).into_iter();
    let inline = Policy { name: name.clone(), statements: lots.next().unwrap_or_default() };
    let managed =
        lots.enumerate().map(|(number, statements)| Policy { name: format!("{name}-{}", number + 1), statements });
    PermissionSet { name: format!("Sekisho{}", word(&compiled.role)), inline, managed: managed.collect() }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PermissionSetFile<'c> {
    #[serde(rename = "schema")]
    schema: &'static str,
    name: &'c str,
    inline_policy: &'c Policy,
    customer_managed_policies: Vec<Managed<'c>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Managed<'c> {
    name: &'c str,
    path: &'static str,
    policy_document: &'c Policy,
}

/// Writes a permission set.
pub fn permission_set_json(set: &PermissionSet) -> String {
    let managed = set.managed.iter().map(|policy| Managed { name: &policy.name, path: "/", policy_document: policy });
    pretty(&PermissionSetFile {
        schema: "sekisho/permission-set/1",
        name: &set.name,
        inline_policy: &set.inline,
        customer_managed_policies: managed.collect(),
    })
}

#[derive(Serialize)]
struct DocumentsFile<'c> {
    schema: &'static str,
    role: &'c str,
    documents: Vec<DocumentFile<'c>>,
    roles: Vec<RoleFile<'c>>,
}

#[derive(Serialize)]
struct DocumentFile<'c> {
    name: &'c str,
    #[serde(rename = "type")]
    kind: &'static str,
    account: &'c str,
    regions: &'c [String],
    entries: &'c [String],
    create: Vec<String>,
    content: &'c Value,
}

#[derive(Serialize)]
struct RoleFile<'c> {
    name: &'c str,
    arn: &'c str,
    entries: &'c [String],
    create: Vec<String>,
    trust: &'c Value,
    policy: &'c Policy,
}

/// Writes the documents, and the roles that they run under.
pub fn documents_json(compiled: &Compiled) -> String {
    let documents = compiled.documents.iter().map(|document| DocumentFile {
        name: &document.name,
        kind: document.kind.name(),
        account: &document.account,
        regions: &document.regions,
        entries: &document.entries,
        create: document.create(&compiled.documents),
        content: &document.content,
    });
    let roles = compiled.roles.iter().map(|role| RoleFile {
        name: &role.name,
        arn: &role.arn,
        entries: &role.entries,
        create: role.create(),
        trust: &role.trust,
        policy: &role.policy,
    });
    pretty(&DocumentsFile {
        schema: "sekisho/documents/1",
        role: &compiled.role,
        documents: documents.collect(),
        roles: roles.collect(),
    })
}

impl Document {
    /// Names the file that it is written to; where the regions differ, with the first of its own.
    pub fn file_name(&self, among: &[Self]) -> String {
        let is_alone = among.iter().filter(|other| other.name == self.name).count() <= 1;
        let region = self.regions.first().filter(|_| !is_alone);
        match region {
            Some(region) => format!("{}.{}.{region}.json", self.name, self.account),
            None => format!("{}.json", self.name),
        }
    }

    /// Writes the lines of the AWS CLI that create it, one for each region.
    pub fn create(&self, among: &[Self]) -> Vec<String> {
        let file = format!("file://{}", self.file_name(among));
        let line = |region: &String| {
            let of = ["--document-type", self.kind.name(), "--document-format", "JSON", "--content", &file];
            words(&["aws", "ssm", "create-document", "--region", region, "--name", &self.name], &of)
        };
        self.regions.iter().map(line).collect()
    }
}

impl Policy {
    /// Writes the line of the AWS CLI that creates it, from the file of its name.
    pub fn create(&self) -> String {
        let file = format!("file://{}.json", self.name);
        words(&["aws", "iam", "create-policy"], &["--policy-name", &self.name, "--policy-document", &file])
    }
}

impl ServiceRole {
    /// Names the files of its trust and of its policy.
    pub fn file_names(&self) -> [String; 2] {
        ["trust", "policy"].map(|part| format!("{}.{part}.json", self.name))
    }

    /// Writes the lines of the AWS CLI that create it, with its policy.
    pub fn create(&self) -> Vec<String> {
        let [trust, policy] = self.file_names().map(|file| format!("file://{file}"));
        let name = ["--role-name", &self.name];
        vec![
            words(&["aws", "iam", "create-role"], &[name[0], name[1], "--assume-role-policy-document", &trust]),
            words(
                &["aws", "iam", "put-role-policy"],
                &[name[0], name[1], "--policy-name", &self.policy.name, "--policy-document", &policy],
            ),
        ]
    }
}

/// Writes words as a line that a POSIX shell takes back.
fn words(command: &[&str], rest: &[&str]) -> String {
    command.iter().chain(rest).map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// Writes JSON for people and tools, with a line end.
pub fn pretty(value: &impl Serialize) -> String {
    // A map whose keys are texts, and nothing else, can always be written.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
