//! The catalogue, the gate and the journal, from outside.

#[path = "gate/catalogue.rs"]
mod catalogue;
#[path = "gate/journal.rs"]
mod journal;
#[path = "gate/journal_days.rs"]
mod journal_days;
#[path = "gate/journal_heads.rs"]
mod journal_heads;
#[path = "gate/journal_reader.rs"]
mod journal_reader;
#[path = "gate/ocsf.rs"]
mod ocsf;
#[path = "gate/operations.rs"]
mod operations;
#[path = "gate/policy.rs"]
mod policy;
#[path = "gate/runbooks.rs"]
mod runbooks;
#[path = "gate/runs.rs"]
mod runs;
#[path = "gate/schema.rs"]
mod schema;
#[path = "gate/support.rs"]
mod support;
