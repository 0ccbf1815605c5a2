//! The simulated account, met by the real SDK.

mod alarms;
mod auth;
mod calls;
mod faults;
mod findings;
mod metrics;
mod scenarios;
mod story;
mod support;
mod waf;
