//! Every word of the tables for web ACLs, Security Hub, sessions and their steps is documented.

use std::collections::BTreeSet;

use sekisho::simulator::Scenario;

/// Texts that end in a word which the grammar does not have, each in another table: the error lists those it has.
const UNKNOWN: [&str; 16] = [
    "[[account]]\n[[account.web_acl]]\n",
    "[[account]]\n[[account.web_acl]]\n[[account.web_acl.rule]]\n",
    "[[account]]\n[account.hub]\n",
    "[[account]]\n[[account.finding]]\n",
    "[[account]]\n[[account.cluster]]\n",
    "[[account]]\n[[account.service]]\n",
    "[[account]]\n[[account.node]]\n",
    "[[account]]\n[[account.document]]\n",
    "[[account]]\n[[account.key]]\n",
    "[[account]]\n[[account.database]]\n",
    "[[account]]\n[[account.destination]]\n",
    "[[step]]\n",
    "[[step]]\nattack.",
    "[[step]]\ndelete.",
    "[[step]]\nfinding.",
    "[[step]]\nlog.",
];

#[test]
fn every_word_is_documented() {
    let page = include_str!("../../docs/simulator.md");
    let mut missing = BTreeSet::new();
    for text in UNKNOWN {
        let error = Scenario::parse(&format!("{text}zzz = 1\n")).unwrap_err();
        let (_, known) = error.message.split_once("expected ").unwrap_or_else(|| panic!("{error}"));
        let words = known.split('`').skip(1).step_by(2);
        missing.extend(words.filter(|word| !page.contains(&format!("`{word}`"))).map(str::to_owned));
    }
    assert!(missing.is_empty(), "docs/simulator.md lacks {missing:?}");
}
