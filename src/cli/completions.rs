//! Prints completions for a shell.

use std::io::{self, Write};

use super::Exit;
use super::args::CompletionsArgs;
use super::translate::command;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use clap::ValueEnum as _;
    use clap_complete::Shell;

    #[test]
    fn every_shell_gets_the_subcommands() {
        for shell in Shell::value_variants() {
            let mut out = Vec::new();
            let args = CompletionsArgs { shell: *shell };
            assert_eq!(run(args, Texts::of(Lang::Ja), &mut out).unwrap(), Exit::Fine);
            let script = String::from_utf8(out).unwrap();
            assert!(script.contains("completions") && script.contains("endpoint-url"), "{shell}");
        }
    }

    #[test]
    fn a_closed_pipe_is_an_error_and_no_panic() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let args = CompletionsArgs { shell: Shell::Bash };
        assert!(run(args, Texts::of(Lang::En), &mut Closed).is_err());
    }
}
