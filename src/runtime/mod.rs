//! What runs: clocks, pollers, and the loop that joins them to the screen.

pub mod clock;
pub mod poller;
