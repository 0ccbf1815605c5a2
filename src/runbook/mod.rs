//! The catalogue: what may be done, by whom, where, and what is asked first. TOML to typed entries.
//!
//! A directory holds `entries/*.toml`, one operation each, and `bindings.toml`, what differs between environments. Reading
//! is strict and finds every fault at once; what was read is one [`entry::Entry`] for each entry, environment and target.

mod bindings;
mod builtin;
pub mod catalogue;
mod check;
pub mod choice;
mod documents;
pub mod entry;
pub mod error;
mod folder;
mod forms;
pub mod operation;
pub mod pattern;
mod reader;
mod resolve;
mod template;
