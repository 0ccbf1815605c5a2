//! What runs: the event loop, the pollers behind it, the clock.

pub mod clock;
pub mod console;
pub mod event_loop;
mod input;
mod keys;
pub mod poller;
pub mod replay;
pub mod sources;
