//! The simulated account, met by the real SDK.

mod alarms;
mod auth;
mod calls;
mod channel;
mod faults;
mod findings;
mod logs;
mod metrics;
mod scenarios;
mod search;
mod sessions;
mod story;
mod support;
mod targets;
mod waf;
mod words;
