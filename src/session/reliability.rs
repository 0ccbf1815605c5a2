//! Makes one ordered stream out of messages that may be lost, repeated, late and out of order.
//!
//! Nothing here reads a clock or a socket: the caller says what time it is, and carries the frames. Each direction
//! numbers its messages from 0; each message is acknowledged by itself. A [`Sender`] keeps what is not acknowledged,
//! within a window, and sends it again; a [`Receiver`] puts in order what arrives, within a bound.

mod receiver;
mod round_trip;
mod sender;
mod window;

pub use receiver::{Receiver, Verdict};
pub use round_trip::RoundTrip;
pub use sender::Sender;
pub use window::Window;
