//! What runs: the event loop, the pollers behind it, the clock.

mod catalogues;
mod client;
pub mod clock;
pub mod console;
pub mod event_loop;
pub mod host;
mod input;
mod journal;
mod keys;
pub mod operator;
pub mod pane_keys;
mod panes;
pub mod poller;
pub mod replay;
mod runs;
pub mod sources;
