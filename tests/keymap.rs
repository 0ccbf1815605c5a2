//! Loads keymaps as users write them, and types on them.

use std::path::Path;
use std::sync::LazyLock;

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use rstest::rstest;
use sekisho::command::{Command, Scope, entries};
use sekisho::i18n::{Lang, Texts};
use sekisho::keymap::{Chord, Keymap, KeymapError, Lookup, builtin_names, builtin_text};

fn over(base: &str, text: &str) -> Result<Keymap, Vec<KeymapError>> {
    Keymap::load(base, Some((Path::new("keys.toml"), text.to_owned())))
}

/// Lists faults as `line:column code`.
fn faults(text: &str) -> Vec<String> {
    let errors = over("default", text).unwrap_err();
    errors
        .iter()
        .map(|error| {
            assert_eq!(error.place.file.as_deref(), Some(Path::new("keys.toml")));
            let position = error.place.position.unwrap();
            format!("{}:{} {}", position.line, position.column, error.problem.code())
        })
        .collect()
}

fn press(keymap: &Keymap, scope: Scope, chord: &str) -> Lookup {
    keymap.lookup(scope.chain(), chord.parse::<Chord>().unwrap().keys())
}

#[test]
fn what_comes_with_the_program_is_without_faults() {
    for name in builtin_names() {
        let keymap = Keymap::load(name, None).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        for scope in Scope::ALL {
            assert!(!keymap.bindings(scope.chain()).is_empty(), "{name}: nothing to press in {}", scope.id());
        }
        // The same file as a user's own has no faults either.
        assert_eq!(
            over(name, builtin_text(name).unwrap()).unwrap().bindings(&Scope::ALL).len(),
            keymap.bindings(&Scope::ALL).len()
        );
    }
}

#[test]
fn every_command_that_the_palette_lacks_has_a_key() {
    for name in builtin_names() {
        let keymap = Keymap::load(name, None).unwrap();
        for entry in entries().iter().filter(|entry| !entry.palette) {
            let bound = Scope::ALL.iter().any(|scope| !keymap.chords(scope.chain(), entry.command).is_empty());
            assert!(bound, "{name}: {}", entry.id);
        }
    }
}

#[rstest]
#[case(Scope::Services, "j", Command::Down)]
#[case(Scope::Services, "g", Command::Top)]
#[case(Scope::Services, "G", Command::Bottom)]
#[case(Scope::Alarms, "ctrl-d", Command::HalfPageDown)]
#[case(Scope::Overview, "q", Command::Quit)]
#[case(Scope::Help, "q", Command::Back)]
#[case(Scope::Service, "esc", Command::Back)]
#[case(Scope::Global, "4", Command::Alarms)]
#[case(Scope::Palette, "shift-tab", Command::PreviousEntry)]
#[case(Scope::Palette, "tab", Command::Complete)]
#[case(Scope::Prompt, "enter", Command::Accept)]
fn hands_that_know_k9s_find_their_keys(#[case] scope: Scope, #[case] chord: &str, #[case] command: Command) {
    let keymap = Keymap::load("default", None).unwrap();
    assert_eq!(press(&keymap, scope, chord), Lookup::Command(command));
}

#[rstest]
#[case(Scope::Services, "ctrl-n", Command::Down)]
#[case(Scope::Services, "ctrl-p", Command::Up)]
#[case(Scope::Services, "ctrl-v", Command::PageDown)]
#[case(Scope::Services, "alt-v", Command::PageUp)]
#[case(Scope::Alarms, "alt-<", Command::Top)]
#[case(Scope::Alarms, "alt->", Command::Bottom)]
#[case(Scope::Alarms, "ctrl-s", Command::Filter)]
#[case(Scope::Prompt, "ctrl-s", Command::NextEntry)]
#[case(Scope::Prompt, "ctrl-g", Command::Cancel)]
#[case(Scope::Palette, "ctrl-g", Command::Cancel)]
#[case(Scope::Service, "ctrl-g", Command::Back)]
#[case(Scope::Service, "ctrl-x o", Command::NextPanel)]
#[case(Scope::Overview, "alt-x", Command::Palette)]
#[case(Scope::Overview, "ctrl-x ctrl-c", Command::Quit)]
#[case(Scope::Overview, "g", Command::Refresh)]
#[case(Scope::Service, "alt-w", Command::Copy)]
fn hands_that_know_emacs_find_their_keys(#[case] scope: Scope, #[case] chord: &str, #[case] command: Command) {
    let keymap = Keymap::load("emacs", None).unwrap();
    assert_eq!(press(&keymap, scope, chord), Lookup::Command(command));
}

#[test]
fn meta_reaches_the_ends_as_terminals_send_it() {
    let keymap = Keymap::load("emacs", None).unwrap();
    for (typed, command) in [('<', Command::Top), ('>', Command::Bottom), ('x', Command::Palette)] {
        // Some say that shift was held for it, some do not.
        for modifiers in [KeyModifiers::ALT, KeyModifiers::ALT | KeyModifiers::SHIFT] {
            let modifiers = if typed == 'x' { KeyModifiers::ALT } else { modifiers };
            let key = KeyCombination::from(KeyEvent::new(KeyCode::Char(typed), modifiers));
            assert_eq!(keymap.lookup(Scope::Services.chain(), &[key]), Lookup::Command(command), "{typed}");
        }
    }
}

#[test]
fn letters_are_letters_where_text_is_typed() {
    for name in builtin_names() {
        let keymap = Keymap::load(name, None).unwrap();
        for letter in ('!'..='~').filter(|c| *c != '-') {
            assert_eq!(press(&keymap, Scope::Prompt, &letter.to_string()), Lookup::None, "{name} {letter}");
            assert_eq!(press(&keymap, Scope::Palette, &letter.to_string()), Lookup::None, "{name} {letter}");
        }
    }
}

#[test]
fn the_number_of_a_screen_to_come_is_not_taken() {
    for name in builtin_names() {
        let keymap = Keymap::load(name, None).unwrap();
        assert_eq!(press(&keymap, Scope::Overview, "6"), Lookup::None, "{name}");
    }
}

#[test]
fn a_chord_waits_for_its_next_key() {
    let keymap = Keymap::load("vim", None).unwrap();
    let Lookup::Pending(next) = press(&keymap, Scope::Services, "g") else { panic!("g waits in vim") };
    assert!(next.contains(&("g".to_owned(), Command::Top)), "{next:?}");
    assert!(next.contains(&("s".to_owned(), Command::Services)), "{next:?}");
    assert_eq!(press(&keymap, Scope::Services, "g g"), Lookup::Command(Command::Top));
    assert_eq!(press(&keymap, Scope::Services, "g z"), Lookup::None);
    assert_eq!(keymap.lookup(Scope::Services.chain(), &[]), Lookup::None);
}

#[test]
fn keys_typed_with_an_input_method_on_are_the_same_keys() {
    let keymap = Keymap::load("default", None).unwrap();
    for (typed, command) in
        [('／', Command::Filter), ('？', Command::Help), ('：', Command::Palette), ('Ｇ', Command::Bottom)]
    {
        let key = KeyCombination::from(KeyEvent::new(KeyCode::Char(typed), KeyModifiers::NONE));
        assert_eq!(keymap.lookup(Scope::Services.chain(), &[key]), Lookup::Command(command));
    }
    // A terminal that reports more says that `?` came with shift.
    let key = KeyCombination::from(KeyEvent::new(KeyCode::Char('?'), KeyModifiers::SHIFT));
    assert_eq!(keymap.lookup(Scope::Services.chain(), &[key]), Lookup::Command(Command::Help));
}

#[test]
fn a_users_file_goes_over_the_base_chord_by_chord() {
    let keymap = over(
        "default",
        "[services]\n\"g g\" = \"top\"\n\"s\" = \"none\"\n[list]\n\"z\" = \"sort\"\n\"S\" = \"copy\"\n",
    )
    .unwrap();
    let press = |scope, chord| press(&keymap, scope, chord);
    assert_eq!(press(Scope::Services, "g g"), Lookup::Command(Command::Top), "the example of the documentation works");
    assert!(matches!(press(Scope::Services, "g"), Lookup::Pending(_)));
    assert_eq!(press(Scope::Alarms, "g"), Lookup::Command(Command::Top));
    assert_eq!(press(Scope::Services, "s"), Lookup::None);
    assert_eq!(press(Scope::Alarms, "s"), Lookup::Command(Command::Sort));
    assert_eq!(press(Scope::Alarms, "S"), Lookup::Command(Command::Copy));
    assert_eq!(keymap.chords(Scope::Alarms.chain(), Command::Sort), ["z", "s"], "the user's own come first");
    assert_eq!(keymap.chords(Scope::Services.chain(), Command::Sort), ["z"]);
    assert_eq!(keymap.chords(Scope::Alarms.chain(), Command::ReverseSort), [""; 0]);
}

#[test]
fn a_longer_chord_takes_the_place_of_the_built_in_one_that_it_begins_with() {
    let keymap = over("default", "[list]\n\"g g\" = \"top\"\n\"g e\" = \"bottom\"\n").unwrap();
    assert!(matches!(press(&keymap, Scope::Alarms, "g"), Lookup::Pending(next) if next.len() == 2));
    let keymap = over("vim", "[list]\n\"y\" = \"copy\"\n").unwrap();
    assert_eq!(press(&keymap, Scope::Alarms, "y"), Lookup::Command(Command::Copy));
}

#[test]
fn every_fault_is_found_with_its_place() {
    let text = r#"
[servces]
"x" = "sort"
[list]
"x" = "srot"
"ctrl-" = "sort"
"shift-/" = "sort"
"z" = 1
"q" = "accept"
"ctrl-m" = "open"
"enter" = "open"
"v" = "sort"
"v v" = "sort"
"#;
    assert_eq!(
        faults(text),
        [
            "2:2 unknown-scope",
            "5:7 unknown-command",
            "6:1 bad-chord",
            "7:1 bad-chord",
            "8:7 not-a-command",
            "9:7 unavailable",
            "11:1 conflict",
            "13:1 unreachable",
        ]
    );
}

#[rstest]
#[case("services = 1", "1:1 not-a-table")]
#[case("[list]\n\"x\" = \"sort\"\n\"x\" = \"copy\"", "3:1 repeated")]
#[case("[list]\n[list]", "2:2 repeated")]
#[case("[list]\n\"x\" = sort", "2:7 syntax")]
#[case("[list\n", "1:6 syntax")]
#[case("[global]\n\"x\" = \"sort\"", "2:7 unavailable")]
#[case("[prompt]\n\"x\" = \"quit\"", "2:7 unavailable")]
#[case("[overview]\n\"x\" = \"accept\"", "2:7 unavailable")]
#[case("[services]\n\"x x\" = \"sort\"\n[global]\n\"x\" = \"quit\"", "4:1 unreachable")]
#[case("[global]\n\"s x\" = \"quit\"", "2:1 unreachable")]
fn each_fault_has_its_name(#[case] text: &str, #[case] fault: &str) {
    assert_eq!(faults(text), [fault]);
}

#[test]
fn faults_are_told_in_both_languages_with_what_to_do() {
    let errors = over("default", "[list]\n\"x\" = \"srot\"\n[global]\n\"s x\" = \"quit\"").unwrap_err();
    let told: Vec<String> = errors.iter().map(|error| error.render(Texts::of(Lang::Ja))).collect();
    assert!(told[0].starts_with("keys.toml:2:7: 「srot」") && told[0].contains("「sort」ではありませんか"), "{told:?}");
    assert!(told[1].contains("[list]に\"s\" = \"none\""), "{told:?}");
    assert!(errors[0].to_string().contains("Did you mean \"sort\"?"), "{}", errors[0]);
}

#[test]
fn a_built_in_chord_in_the_way_can_be_given_up() {
    let keymap = over("default", "[list]\n\"S\" = \"none\"\n[global]\n\"S x\" = \"quit\"").unwrap();
    assert_eq!(press(&keymap, Scope::Services, "S x"), Lookup::Command(Command::Quit));
}

#[test]
fn an_unknown_keymap_is_refused() {
    let errors = Keymap::load("emacz", None).unwrap_err();
    assert_eq!(errors[0].problem.code(), "unknown-keymap");
    assert!(errors[0].to_string().contains("default, vim, emacs"));
}

#[test]
fn a_users_file_need_not_be_there_but_must_be_readable() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Keymap::load_with_file("default", Some(&folder.path().join("none.toml"))).is_ok());
    assert!(Keymap::load_with_file("default", None).is_ok());
    let errors = Keymap::load_with_file("default", Some(folder.path())).unwrap_err();
    assert_eq!(errors[0].problem.code(), "unreadable");
}

fn any_key() -> impl Strategy<Value = KeyCombination> {
    let named = prop::sample::select(vec![
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::Insert,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
    ]);
    let code = prop_oneof![
        named,
        (1u8..=24).prop_map(KeyCode::F),
        proptest::char::range(' ', '~').prop_map(KeyCode::Char),
        prop::sample::select("／？：Ｇｊ　ーöあ".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
    ];
    (code, 0u8..16).prop_map(|(code, bits)| {
        let all = [KeyModifiers::CONTROL, KeyModifiers::ALT, KeyModifiers::SHIFT, KeyModifiers::SUPER];
        let chosen = all.into_iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
        KeyCombination::one_key(code, chosen.fold(KeyModifiers::NONE, |sum, (_, one)| sum | one))
    })
}

fn any_row() -> impl Strategy<Value = String> {
    let scopes = Scope::ALL.map(Scope::id).to_vec();
    let mut ids: Vec<&str> = entries().iter().map(|entry| entry.id).collect();
    ids.push("none");
    (prop::sample::select(scopes), prop::collection::vec("[gsxz]|ctrl-[dx]|enter", 1..3), prop::sample::select(ids))
        .prop_map(|(scope, keys, id)| format!("{scope}.\"{}\" = \"{id}\"\n", keys.join(" ")))
}

proptest! {
    #[test]
    fn a_chord_is_read_as_it_is_shown(keys in prop::collection::vec(any_key(), 1..4)) {
        let chord = Chord::new(keys);
        prop_assert_eq!(chord.to_string().parse::<Chord>().unwrap(), chord);
    }

    #[test]
    fn what_is_shown_stays_as_it_is(keys in prop::collection::vec(any_key(), 1..4)) {
        let shown = Chord::new(keys).to_string();
        prop_assert_eq!(shown.parse::<Chord>().unwrap().to_string(), shown);
    }

    #[test]
    fn no_text_breaks_the_chord_reader(text in ".{0,20}") {
        let _ = text.parse::<Chord>();
    }

    #[test]
    fn no_keys_break_the_lookup(
        keys in prop::collection::vec(any_key(), 0..5),
        scopes in prop::collection::vec(prop::sample::select(Scope::ALL.to_vec()), 0..4),
    ) {
        static KEYMAPS: LazyLock<Vec<Keymap>> =
            LazyLock::new(|| builtin_names().map(|name| Keymap::load(name, None).unwrap()).collect());
        for keymap in KEYMAPS.iter() {
            match keymap.lookup(&scopes, &keys) {
                Lookup::Pending(next) => prop_assert!(!next.is_empty()),
                Lookup::Command(command) => prop_assert!(!keymap.chords(&scopes, command).is_empty()),
                Lookup::None => {}
            }
        }
    }

    #[test]
    fn a_loaded_keymap_has_no_chord_that_begins_with_another(rows in prop::collection::vec(any_row(), 0..8)) {
        for name in builtin_names() {
            let Ok(keymap) = over(name, &rows.concat()) else { continue };
            for scope in Scope::ALL {
                let bindings = keymap.bindings(scope.chain());
                for (index, one) in bindings.iter().enumerate() {
                    prop_assert_eq!(keymap.lookup(scope.chain(), one.chord.keys()), Lookup::Command(one.command));
                    prop_assert!(bindings[index + 1..].iter().all(|other| !one.chord.clashes_with(&other.chord)));
                }
            }
        }
    }

    #[test]
    fn no_file_breaks_the_loader(text in "(\\[[a-z]{0,8}\\]|\"[a-z -]{0,6}\"|=| |\n|\"[a-z]{0,6}\"|.){0,20}") {
        if let Err(errors) = over("default", &text) {
            prop_assert!(!errors.is_empty());
            for error in errors {
                let told = error.render(Texts::of(Lang::Ja));
                prop_assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", told);
            }
        }
    }
}
