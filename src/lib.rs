//! Sekisho, a terminal operations console for AWS.

pub mod aws;
pub mod cli;
pub mod command;
pub mod config;
pub mod domain;
pub mod i18n;
pub mod journal;
pub mod keymap;
pub mod operate;
pub mod policy;
pub mod runbook;
pub mod runtime;
pub mod screenshot;
pub mod session;
pub mod simulator;
pub mod state;
pub mod terminal;
pub mod ui;
