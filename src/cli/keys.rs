//! Prints the keys in force, or checks a keymap file.

use std::io::{self, Write};
use std::path::Path;

use unicode_width::UnicodeWidthStr as _;

use super::args::KeysArgs;
use super::{Exit, complain};
use crate::command::{Entry, Scope, entries};
use crate::config::Config;
use crate::config::document::{self, printable};
use crate::i18n::Texts;
use crate::keymap::{Keymap, KeymapError, KeymapProblem};
use crate::t;

/// One line of the table: chords, the command's name, its text.
type Row = (String, &'static str, &'static str);

/// Prints every binding by scope, or, with `--check`, every fault of a file.
///
/// The configuration need only hold preferences. Faults go to `faults`, and end in [`Exit::Usage`].
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn run(
    args: &KeysArgs,
    config: &Config,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let loaded = match &args.check {
        Some(path) => check(&config.keymap, path),
        None => Keymap::load_with_file(&config.keymap, config.keymap_file.as_deref()),
    };
    match (loaded, &args.check) {
        (Ok(_), Some(path)) => {
            let path = printable(&path.to_string_lossy());
            writeln!(out, "{}", t!(texts, "cli.keys.no-faults", path = path))?;
            Ok(Exit::Fine)
        }
        (Ok(keymap), None) => {
            print(&keymap, texts, out)?;
            Ok(Exit::Fine)
        }
        (Err(errors), _) => complain(errors.iter().map(|error| error.render(texts)), faults),
    }
}

/// Loads a file that must be there.
fn check(base: &str, path: &Path) -> Result<Keymap, Vec<KeymapError>> {
    match document::read(path) {
        Ok(text) => Keymap::load(base, Some((path, text))),
        Err((problem, place)) => Err(vec![KeymapError { place, problem: KeymapProblem::File(problem) }]),
    }
}

fn print(keymap: &Keymap, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    let mut sections: Vec<(String, Vec<Row>)> = Scope::ALL
        .into_iter()
        .map(|scope| (format!("{} [{}]", texts.get(scope.key()), scope.id()), rows(keymap, scope, texts)))
        .collect();
    let keyless = |entry: &&Entry| {
        entry.palette && Scope::ALL.iter().all(|scope| keymap.chords(&[*scope], entry.command).is_empty())
    };
    let in_palette = entries().iter().filter(keyless).map(|entry| (String::new(), entry.id, texts.get(entry.key)));
    sections.push((t!(texts, "cli.keys.palette-only").to_owned(), in_palette.collect()));
    sections.retain(|(_, rows)| !rows.is_empty());

    let widest =
        |cell: fn(&Row) -> usize| sections.iter().flat_map(|(_, rows)| rows).map(cell).max().unwrap_or_default();
    let (chords_width, id_width) = (widest(|row| row.0.width()), widest(|row| row.1.width()));
    for (index, (title, rows)) in sections.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{title}")?;
        for (chords, id, text) in rows {
            writeln!(out, "  {}  {}  {text}", padded(chords, chords_width), padded(id, id_width))?;
        }
    }
    Ok(())
}

/// Lists what one scope's own table binds, in the order of the table of commands.
fn rows(keymap: &Keymap, scope: Scope, texts: Texts) -> Vec<Row> {
    entries()
        .iter()
        .map(|entry| (keymap.chords(&[scope], entry.command).join(", "), entry.id, texts.get(entry.key)))
        .filter(|(chords, ..)| !chords.is_empty())
        .collect()
}

/// Fills a cell up to a width in terminal cells.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Surroundings};
    use crate::i18n::Lang;

    fn run_in(folder: &Path, check: Option<&str>, lang: Lang) -> (Exit, String, String) {
        let around = Surroundings { config_file: Some(folder.join("config.toml")), lang, ..Surroundings::default() };
        let config = Config::load_preferences(&Flags::default(), &around).unwrap();
        let args = KeysArgs { check: check.map(|name| folder.join(name)) };
        let (mut out, mut faults) = (Vec::new(), Vec::new());
        let exit = run(&args, &config, Texts::of(lang), &mut out, &mut faults).unwrap();
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(faults).unwrap())
    }

    #[test]
    fn the_table_shows_the_users_keys_and_stays_aligned() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keymap.toml"), "[list]\n\"z z\" = \"sort\"\n\"o\" = \"none\"\n").unwrap();
        let (exit, out, faults) = run_in(folder.path(), None, Lang::Ja);
        assert_eq!((exit, faults.as_str()), (Exit::Fine, ""));
        let line = |id: &str| out.lines().find(|line| line.contains(&format!("  {id}  "))).unwrap_or_default();
        assert!(line("sort").trim_start().starts_with("z z, s "));
        assert!(line("console-link").starts_with("      "), "it is left to the palette");
        // Every text begins in the same column of cells.
        let column_of = |entry: &Entry| {
            let text = Texts::of(Lang::Ja).get(entry.key);
            let line = out.lines().find(|line| line.starts_with("  ") && line.ends_with(text))?;
            Some(line.strip_suffix(text)?.width())
        };
        let columns: std::collections::HashSet<_> = entries().iter().filter_map(column_of).collect();
        assert_eq!(columns.len(), 1, "{out}");
    }

    #[test]
    fn every_fault_of_a_file_is_printed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("k.toml"), "[list]\n\"x\" = \"srot\"\n[nowhere]\n").unwrap();
        let (exit, out, faults) = run_in(folder.path(), Some("k.toml"), Lang::Ja);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert!(faults.contains("k.toml:2:7: 「srot」"), "{faults}");
        assert!(faults.contains("「sort」ではありませんか"), "{faults}");
        assert!(faults.contains("k.toml:3:"), "{faults}");
        let (exit, _, faults) = run_in(folder.path(), Some("none.toml"), Lang::En);
        assert_eq!(exit, Exit::Usage);
        assert!(faults.contains("no such file"));
    }

    #[test]
    fn a_file_without_faults_is_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("k.toml"), "").unwrap();
        let (exit, out, _) = run_in(folder.path(), Some("k.toml"), Lang::En);
        assert_eq!(exit, Exit::Fine);
        assert!(out.contains("no faults"));
    }
}
