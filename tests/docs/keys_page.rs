//! Makes `docs/keys.md` from the table of commands, the keymaps and the catalogues.

use std::fmt::Write as _;

use sekisho::command::{Entry, Scope, entries};
use sekisho::i18n::{Lang, Texts};
use sekisho::keymap::{Keymap, builtin_names};

const HEAD: &str = "# Keys

Made from the table of commands, `keymaps/` and `locales/` by `UPDATE_DOCS=1 cargo test --test docs`; do not edit it here.

`sekisho keys` prints the keys in force, with your own. How to change them is in [configuration.md](configuration.md#keymaps).
What is bound in `global` holds everywhere except where text is typed, what is bound in `list` wherever rows are walked
through. The palette (`:`) finds commands by name.
";

/// Writes the page.
pub fn page() -> String {
    let keymaps: Vec<(&str, Keymap)> =
        builtin_names().map(|name| (name, Keymap::load(name, None).expect("a keymap of ours"))).collect();
    let mut page = HEAD.to_owned();
    for scope in Scope::ALL {
        let rows: Vec<&Entry> = entries()
            .iter()
            .filter(|entry| keymaps.iter().any(|(_, keymap)| !keymap.chords(&[scope], entry.command).is_empty()))
            .collect();
        if rows.is_empty() {
            continue;
        }
        let titles = Lang::ALL.map(|lang| Texts::of(lang).get(scope.key()));
        writeln!(page, "\n## {} / {} (`{}`)\n", titles[0], titles[1], scope.id()).unwrap();
        head(&mut page, keymaps.iter().map(|(name, _)| *name));
        for entry in rows {
            let chords = keymaps.iter().map(|(_, keymap)| shown(&keymap.chords(&[scope], entry.command)));
            row(&mut page, entry, chords);
        }
    }
    let keyless = entries().iter().filter(|entry| {
        let bound =
            |keymap: &Keymap| Scope::ALL.iter().any(|scope| !keymap.chords(&[*scope], entry.command).is_empty());
        entry.palette && !keymaps.iter().any(|(_, keymap)| bound(keymap))
    });
    writeln!(page, "\n## Without a key, in the palette / パレットのみ\n").unwrap();
    head(&mut page, std::iter::empty());
    for entry in keyless {
        row(&mut page, entry, std::iter::empty());
    }
    page
}

fn head<'n>(page: &mut String, keymaps: impl Iterator<Item = &'n str>) {
    let names: Vec<String> = keymaps.map(|name| format!(" {name} |")).collect();
    writeln!(page, "| command |{} what it does | 説明 |", names.concat()).unwrap();
    writeln!(page, "| --- |{} --- | --- |", " --- |".repeat(names.len())).unwrap();
}

fn row(page: &mut String, entry: &Entry, chords: impl Iterator<Item = String>) {
    let chords: Vec<String> = chords.map(|chords| format!(" {chords} |")).collect();
    let [english, japanese] = Lang::ALL.map(|lang| Texts::of(lang).get(entry.key));
    writeln!(page, "| `{}` |{} {english} | {japanese} |", entry.id, chords.concat()).unwrap();
}

fn shown(chords: &[String]) -> String {
    chords.iter().map(|chord| format!("`{}`", chord.replace('|', "\\|"))).collect::<Vec<_>>().join(" ")
}
