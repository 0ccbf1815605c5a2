//! The SSM Session Manager data channel: message, channel, handshake, encryption, shells and tunnels.
//!
//! It knows bytes, sockets and time, no screen: the console, the command line and the tests drive the same thing. What
//! it needs of AWS's control plane is the trait [`control::ControlPlane`], implemented outside.

pub mod conduit;
pub mod control;
