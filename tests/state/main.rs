//! The state and the one function that changes it, as tables: no AWS, no terminal, no clock.

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod gate;
mod interest;
mod journal;
mod lists;
mod log;
mod operations;
mod queue;
mod random;
mod runbooks;
mod security;
mod sessions;
mod sound;
mod sources;
