//! Plain types and rules in AWS's own words, without IO.

pub mod environment;
pub mod identity;
