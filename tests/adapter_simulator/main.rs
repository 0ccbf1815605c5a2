//! The AWS room and the pollers against the simulated account: real sockets, the real SDK, calls counted by the server.

mod acted;
#[path = "../support/agent.rs"]
mod agent;
mod catalogues;
mod changes;
mod connection;
mod fake;
mod faults;
mod findings;
mod fleet;
mod heads;
mod log;
mod odd;
mod operate;
mod parameters;
mod poller;
mod preflight;
mod profiles;
mod sessions;
mod support;
mod targets;
mod waf;
