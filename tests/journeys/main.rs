//! Journeys: a person at the keys, the whole console, and a simulated account behind real sockets.
//!
//! A journey presses keys, waits for the console to be idle, and reads the frame. It never sleeps: the clock of the
//! account and of the console is one that the journey moves.

#[path = "../support/journey.rs"]
mod journey;
#[path = "../support/witness.rs"]
mod witness;

mod alarms;
mod any_keys;
mod bad_days;
mod carrying;
mod changes;
mod crowd;
mod desk;
mod finding;
mod go_between;
mod hostile;
mod identity;
mod keys;
mod live_sessions;
mod log;
mod mouse;
mod reading;
mod runs;
mod security;
mod sessions;
mod slow;
mod story;
