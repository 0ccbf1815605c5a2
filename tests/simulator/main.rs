//! The simulated account, met by the real SDK.

mod alarms;
mod auth;
mod automation;
mod calls;
mod changes;
mod channel;
mod documents;
mod faults;
mod findings;
mod logs;
mod metrics;
mod parameters;
mod policies;
mod scenarios;
mod search;
mod sessions;
mod story;
mod support;
mod targets;
mod waf;
mod words;
