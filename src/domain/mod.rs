//! Plain types and rules in AWS's own words, without IO.
//!
//! Everything here can be made by hand in a test. What came from AWS has been cleaned by [`text::clean`] before it
//! gets here, so that no value of these types can carry an escape sequence to a terminal.

pub mod alarm;
pub mod database;
pub mod denied;
pub mod ecs;
pub mod elb;
pub mod endpoint;
pub mod environment;
pub mod fetch;
pub mod finding;
pub mod identity;
pub mod log;
pub mod metric;
pub mod preflight;
pub mod progress;
pub mod queue;
pub mod screen;
pub mod session;
pub mod target;
pub mod text;
pub mod waf;
