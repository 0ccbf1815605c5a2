//! The catalogue: what may be done, by whom, where, and what is asked first. TOML to typed entries.
//!
//! A directory holds `entries/*.toml`, one operation each, `runbooks/*.toml`, what is done step by step, and
//! `bindings.toml`, what differs between environments. Reading is strict and finds every fault at once; what was read is one
//! [`entry::Entry`] for each entry, environment and target, and one [`book::Runbook`] for each runbook.

mod bindings;
pub mod book;
mod builtin;
pub mod catalogue;
mod check;
pub mod choice;
mod documents;
mod draft;
pub mod entry;
pub mod error;
mod folder;
mod forms;
pub mod operation;
pub mod parameters;
pub mod pattern;
pub mod query;
mod reader;
pub mod report;
mod resolve;
pub mod run;
pub mod signal;
pub mod store;
mod template;
pub mod words;
