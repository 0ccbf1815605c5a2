//! The SSM Session Manager data channel: message, channel, handshake, encryption, shells and tunnels.
//!
//! It knows bytes, sockets and time, no screen: the console, the command line and the tests drive the same thing. What
//! it needs of AWS's control plane is the trait [`control::ControlPlane`], implemented outside.

pub mod channel;
mod chunk;
pub mod conduit;
pub mod control;
mod dial;
pub mod encryption;
mod endpoint;
mod error;
pub mod handshake;
pub mod message;
mod options;
pub mod reliability;
pub mod tunnel;
pub mod version;

pub use error::SessionError;
pub use options::{Endpoints, Now, Options};
