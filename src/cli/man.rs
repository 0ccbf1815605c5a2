//! Prints the manual page.

use std::io::{self, Write};

use super::Exit;
use super::translate::command;
use crate::i18n::Texts;

/// Writes the page as roff, one for the program and one after it for each subcommand.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn run(texts: Texts, out: &mut dyn Write) -> io::Result<Exit> {
    let command = command(texts);
    let below: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    clap_mangen::Man::new(command).render(out)?;
    for subcommand in below {
        let name = format!("sekisho-{}", subcommand.get_name());
        clap_mangen::Man::new(subcommand.name(name)).render(out)?;
    }
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn every_subcommand_has_a_page() {
        let mut out = Vec::new();
        assert_eq!(run(Texts::of(Lang::Ja), &mut out).unwrap(), Exit::Fine);
        let page = String::from_utf8(out).unwrap();
        for command in command(Texts::of(Lang::Ja)).get_subcommands() {
            assert!(page.contains(&format!(".TH sekisho-{} 1", command.get_name())), "{}", command.get_name());
        }
        assert!(page.contains("共通オプション"));
    }
}
