//! What the simulated account is given of the built-in catalogue: what IAM allows whom, the documents that change something,
//! and what their roles may.

use std::collections::BTreeMap;

use crate::domain::environment::Environment;
use crate::policy::compile::{Compiled, DocumentKind, JournalGroup, Options, compile, pretty};
use crate::runbook::catalogue::Catalogue;
use crate::simulator::{DocumentText, Persona, PolicyTexts};

/// Compiles the built-in catalogue for everybody who can be played.
///
/// Session documents are the scenario's own: what is amiss with one of them is part of its story.
pub(super) fn granted(
    environments: &[Environment],
    keys: Vec<String>,
    journal: Option<JournalGroup>,
) -> (Vec<DocumentText>, PolicyTexts) {
    let catalogue = Catalogue::built_in();
    let options = Options { journal, keys, ..Options::default() };
    let of = |(persona, role): (Persona, &str)| (persona, compile(&catalogue, role, environments, &options));
    let personas = [(Persona::Operator, "operator"), (Persona::Responder, "responder"), (Persona::Staff, "staff")];
    let all: Vec<(Persona, Compiled)> = personas.map(of).into();
    let mut policies = PolicyTexts::default();
    let mut documents = BTreeMap::new();
    for (persona, compiled) in all {
        policies.personas.insert(persona, compiled.policies.iter().map(pretty).collect());
        for role in &compiled.roles {
            policies.roles.insert(role.arn.clone(), vec![pretty(&role.policy)]);
        }
        for document in compiled.documents.iter().filter(|one| one.kind == DocumentKind::Automation) {
            for region in &document.regions {
                let place = (document.account.clone(), region.clone(), document.name.clone());
                documents.insert(place, (document.kind.name(), pretty(&document.content)));
            }
        }
    }
    let text = |((account, region, name), (kind, content)): ((String, String, String), (&str, String))| DocumentText {
        account,
        region: Some(region),
        name,
        kind: kind.to_owned(),
        content,
    };
    (documents.into_iter().map(text).collect(), policies)
}
