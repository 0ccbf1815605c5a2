//! The command line: one file a subcommand, each thin.

pub mod args;
pub mod completions;
pub mod init;
pub mod keys;
pub mod man;
pub mod translate;
pub mod usage;

use std::process::ExitCode;

/// How the program ends, as scripts see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Exit {
    /// All is well.
    Fine = 0,
    /// Something needs a person's attention; only commands that look for that end so.
    Attention = 1,
    /// The command line or the configuration is at fault.
    Usage = 2,
    /// A source failed, or AWS denied it; what was read was still printed.
    Source = 3,
    /// Our own gate refused.
    Refused = 4,
    /// A defect of the program itself; 70 is `EX_SOFTWARE` of BSD's `sysexits.h`.
    Defect = 70,
}

impl Exit {
    /// Gives the number that the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
