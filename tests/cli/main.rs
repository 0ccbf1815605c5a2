//! The command line as scripts and people meet it: the real binary, its exit codes, its two streams, its two languages.

mod account;
mod bad_days;
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
