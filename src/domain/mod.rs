//! Plain types and rules in AWS's own words, without IO.

pub mod text;
