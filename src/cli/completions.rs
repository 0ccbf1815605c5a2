//! Prints completions for a shell.

use std::io::{self, Write};

use super::Exit;
use super::args::{CompletionsArgs, command};
use crate::i18n::Texts;

/// Writes the script that the shell reads; its descriptions are in the language of `texts`.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn run(args: CompletionsArgs, texts: Texts, out: &mut dyn Write) -> io::Result<Exit> {
    // The generator panics where it cannot write, and a pipe may be closed at any time: it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(texts), "sekisho", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Fine)
}
