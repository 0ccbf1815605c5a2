//! The console's state and the one function that changes it.

pub mod event;
