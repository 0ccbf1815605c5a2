//! What the simulated account is given of the catalogue: the documents that change something, and what their roles may.

use std::collections::BTreeMap;

use crate::domain::environment::Environment;
use crate::policy::compile::{self, Compiled, DocumentKind, Options};
use crate::runbook::catalogue::Catalogue;
use crate::simulator::{DocumentText, PolicyTexts};

/// Compiles the Automation documents of the built-in catalogue, and the policies of the roles that they run under.
///
/// Session documents are the scenario's own: what is amiss with one of them is part of its story.
pub fn changes(environments: &[Environment]) -> (Vec<DocumentText>, PolicyTexts) {
    let catalogue = Catalogue::built_in();
    let roles: std::collections::BTreeSet<&String> =
        catalogue.entries().iter().flat_map(|entry| &entry.roles).collect();
    let (mut documents, mut policies) = (BTreeMap::new(), PolicyTexts::default());
    for role in roles {
        let compiled: Compiled = compile::compile(&catalogue, role, environments, &Options::default());
        for document in compiled.documents.into_iter().filter(|one| one.kind == DocumentKind::Automation) {
            let text = DocumentText {
                account: document.account.clone(),
                region: None,
                name: document.name.clone(),
                kind: document.kind.name().to_owned(),
                content: document.content.to_string(),
            };
            documents.insert((document.account, document.name), text);
        }
        for own in compiled.roles {
            let policy = serde_json::to_string(&own.policy).unwrap_or_default();
            policies.roles.insert(own.arn, vec![policy]);
        }
    }
    (documents.into_values().collect(), policies)
}
