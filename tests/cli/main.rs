//! The command line as scripts and people meet it: the real binary, its exit codes, its two streams, its two languages.

mod account;
mod acting_days;
mod any_line;
mod bad_days;
mod changes;
mod demo;
mod doctor;
mod get;
mod home;
mod journal;
mod json;
mod local;
mod policy;
mod runbooks;
mod sessions;
mod streams;
mod targets;
#[path = "../support/witness.rs"]
mod witness;
