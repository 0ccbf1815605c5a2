//! The rules of `docs/architecture.md`, kept: who may name whom, and what no file may hold.

#[path = "architecture/acting.rs"]
mod acting;
#[path = "architecture/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use source::{Placed, Token, matching, names_after, read};

/// Each room, and the rooms that it may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("i18n", &[]),
    ("command", &[]),
    ("keymap", &["command", "i18n"]),
    ("config", &["domain", "i18n", "keymap"]),
    ("runbook", &["domain", "i18n"]),
    ("policy", &["domain", "runbook"]),
    ("journal", &["domain", "policy"]),
    ("state", &["domain", "command", "runbook", "policy", "journal"]),
    ("ui", &["state", "domain", "command", "keymap", "i18n", "runbook", "policy", "journal"]),
    ("aws", &["domain", "policy", "runbook", "session", "journal"]),
    ("simulator", &[]),
    ("session", &["domain", "i18n"]),
    ("operate", &["aws", "config", "domain", "i18n", "journal", "policy", "runbook", "runtime", "session"]),
    (
        "runtime",
        &[
            "aws", "config", "state", "domain", "command", "keymap", "ui", "i18n", "terminal", "runbook", "policy",
            "journal", "operate",
        ],
    ),
    ("terminal", &["domain"]),
    ("screenshot", &["domain"]),
    (
        "cli",
        &[
            "aws",
            "simulator",
            "runtime",
            "config",
            "state",
            "ui",
            "domain",
            "command",
            "keymap",
            "i18n",
            "runbook",
            "policy",
            "journal",
            "operate",
            "terminal",
            "screenshot",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// What a room names beyond that, and why it may.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("aws", "config", "a connection is opened from the `CredentialSource` that the configuration holds"),
    ("keymap", "config", "keymap files are read, and their faults placed, by `config::document`"),
    ("runbook", "config", "catalogues are read, and their faults placed, by `config::document`"),
];

/// What comes from outside the crate, and the rooms that may name it.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("aws_", &["aws"]),
    ("aws_lc_rs", &["session", "simulator"]),
    ("tokio", &["aws", "runtime", "simulator", "cli", "session", "journal", "operate"]),
    ("tokio_util", &["runtime", "simulator", "session", "aws", "operate"]),
    ("futures", &["aws", "runtime", "simulator", "cli", "session", "operate"]),
    ("axum", &["simulator"]),
    ("ciborium", &["simulator"]),
    ("ratatui", &["ui", "terminal", "runtime", "screenshot"]),
    ("tui_term", &["ui"]),
    ("vt100", &["domain", "state", "ui"]),
    ("crossterm", &["terminal", "runtime", "keymap", "ui"]),
    ("crokey", &["keymap", "runtime"]),
    ("clap", &["cli"]),
    ("tracing", &["aws", "runtime", "simulator", "cli", "session", "operate"]),
    ("tracing_subscriber", &["cli"]),
    ("std::fs", &["config", "runbook", "journal", "cli", "simulator"]),
    ("std::net", &["aws", "simulator", "cli", "session", "domain", "state", "journal"]),
    ("std::env", &["aws", "config", "i18n", "cli", "runtime", "terminal", "main", "simulator"]),
    ("std::process", &["cli", "main", "runtime", "simulator"]),
];

/// The most lines of a file.
const MOST_LINES: usize = 500;

/// Texts in two or more words that stand in the code and not in `locales/`, and why.
const PHRASES: &[(&str, &str, &str)] = &[
    ("src/aws/acting/start.rs", "not enabled", "words of ECS's errors, to recognise one by"),
    ("src/aws/credentials.rs", "", "words of the SDK's errors, to recognise them by"),
    ("src/aws/error.rs", "", "words of AWS's errors, to recognise them by"),
    ("src/cli/session/mod.rs", "runbook run", "the name of a command"),
    ("src/config/document.rs", "duplicate key", "a word of the TOML reader's errors, to recognise it by"),
    ("src/domain/ecs.rs", "has reached a steady state", "words of ECS's events, to recognise one by"),
    ("src/domain/environment.rs", "", "words in the names of environments, to guess their kind by"),
    ("src/journal/redact/rules.rs", "PRIVATE KEY", "the label of a PEM block"),
    ("src/domain/text/wrap.rs", "、。", "the characters that may not begin a line"),
    ("src/journal/ocsf.rs", "", "captions of the OCSF schema"),
    ("src/screenshot.rs", "monospace", "the fonts of a picture"),
    ("src/ui/theme.rs", "a colour: ", "a fault of a theme that comes with the program, which a test would show"),
];

/// A file of `src/` without its tests.
struct File {
    /// Its path from the root, `src/ui/header.rs`.
    path: String,
    room: String,
    text: String,
    tokens: Vec<Placed>,
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    paths.sort();
    let mut files = Vec::new();
    let mut tests = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (tokens, modules) = read(&text);
        let folder = match path.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") | None => path.parent().unwrap().to_path_buf(),
            Some(_) => path.with_extension(""),
        };
        tests.extend(modules.iter().flat_map(|name| [folder.join(format!("{name}.rs")), folder.join(name)]));
        let path = path.strip_prefix(root).unwrap().to_path_buf();
        let room = path.components().nth(1).unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        files.push(File { path: path.to_str().unwrap().to_owned(), room, text, tokens });
    }
    files.retain(|file| !tests.iter().any(|test| root.join(&file.path).starts_with(test)));
    assert!(files.len() > 50, "the files of src/ were not found");
    files
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

impl File {
    /// Lists the rooms that the file names, each with a line where it does.
    fn rooms(&self) -> BTreeMap<String, usize> {
        let mut rooms = BTreeMap::new();
        // `super` once for each level is the crate: `src/ui/mod.rs` and `src/terminal.rs` are on the first.
        let level = self.path.trim_end_matches("/mod.rs").matches('/').count();
        for (at, token) in self.tokens.iter().enumerate() {
            let begins_path = at == 0 || !self.tokens[at - 1].is("::");
            let separator = match token.word() {
                // The macro of texts is at the crate's root and belongs to the room of texts.
                Some("crate") => at + 1,
                Some("super") if begins_path => {
                    let supers = self.tokens[at..].chunks(2).take_while(|pair| {
                        pair[0].word() == Some("super") && pair.get(1).is_some_and(|next| next.is("::"))
                    });
                    let count = supers.count();
                    if count < level {
                        continue;
                    }
                    at + count * 2 - 1
                }
                Some("sekisho") if self.room == "main" => at + 1,
                _ => continue,
            };
            if !self.tokens.get(separator).is_some_and(|next| next.is("::")) {
                continue;
            }
            for name in names_after(&self.tokens, separator) {
                let room = if name == "t" { "i18n".to_owned() } else { name };
                let is_room = ROOMS.iter().any(|(known, _)| *known == room);
                assert!(is_room || token.word() == Some("super"), "{}:{}: no room {room}", self.path, token.line);
                if is_room && room != self.room {
                    rooms.entry(room).or_insert(token.line);
                }
            }
        }
        rooms
    }

    /// Lists what of [`OUTSIDE`] the file names, each with a line where it does.
    fn outside(&self) -> BTreeMap<&'static str, usize> {
        let mut found = BTreeMap::new();
        for (at, token) in self.tokens.iter().enumerate() {
            let Some(word) = token.word().filter(|_| at == 0 || !self.tokens[at - 1].is("::")) else { continue };
            let is_path = self.tokens.get(at + 1).is_some_and(|next| next.is("::"));
            if !is_path {
                continue;
            }
            let names = if word == "std" { names_after(&self.tokens, at + 1) } else { Vec::new() };
            for (known, _) in OUTSIDE {
                let named = match known.split_once("::") {
                    Some((_, module)) => names.iter().any(|name| name == module),
                    // The cryptography's name begins like the SDK's.
                    None if known.ends_with('_') => word.starts_with(known) && word != "aws_lc_rs",
                    None => word == *known,
                };
                if named {
                    found.entry(*known).or_insert(token.line);
                }
            }
        }
        found
    }
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_in_the_document() {
    let files = files();
    let there: BTreeSet<&str> = files.iter().map(|file| file.room.as_str()).collect();
    let known: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    assert_eq!(there, known);
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md")).unwrap();
    let missing: Vec<String> = known
        .iter()
        .filter(|room| !["lib", "main"].contains(*room))
        .filter(|room| !document.contains(&format!("`{room}`")))
        .map(|room| format!("docs/architecture.md does not speak of `{room}`"))
        .collect();
    report(&missing);
}

#[test]
fn rooms_name_only_whom_they_may() {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for file in files() {
        let (_, allowed) = ROOMS.iter().find(|(room, _)| *room == file.room).unwrap();
        for (named, line) in file.rooms() {
            used.insert((file.room.clone(), named.clone()));
            let excepted = EXCEPTIONS.iter().any(|(from, to, _)| *from == file.room && *to == named);
            if !allowed.contains(&named.as_str()) && !excepted {
                problems.push(format!("{}:{line}: {} must not name {named}", file.path, file.room));
            }
        }
    }
    let stale = EXCEPTIONS.iter().filter(|(from, to, _)| !used.contains(&((*from).to_owned(), (*to).to_owned())));
    problems.extend(stale.map(|(from, to, _)| format!("the exception {from} → {to} is not needed any more")));
    assert!(used.contains(&("ui".to_owned(), "state".to_owned())), "the reader finds nothing: {used:?}");
    report(&problems);
}

#[test]
fn what_comes_from_outside_stays_in_its_rooms() {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for file in files() {
        for (named, line) in file.outside() {
            used.insert(named);
            let (_, rooms) = OUTSIDE.iter().find(|(known, _)| *known == named).unwrap();
            if !rooms.contains(&file.room.as_str()) {
                problems.push(format!("{}:{line}: {} must not name {named}", file.path, file.room));
            }
        }
    }
    assert!(used.contains("aws_") && used.contains("ratatui"), "the reader finds nothing: {used:?}");
    report(&problems);
}

#[test]
fn only_main_ends_the_process_and_it_holds_no_logic() {
    let files = files();
    let main = files.iter().find(|file| file.path == "src/main.rs").unwrap();
    assert!(main.text.lines().count() < 20, "main calls; it holds no logic");
    let problems: Vec<String> = files
        .iter()
        .flat_map(|file| file.tokens.windows(3).map(move |window| (file, window)))
        .filter(|(_, window)| {
            window[0].word() == Some("process")
                && window[1].is("::")
                && ["exit", "abort"].contains(&window[2].word().unwrap_or_default())
        })
        .map(|(file, window)| format!("{}:{}: a process ends by returning from main", file.path, window[0].line))
        .collect();
    report(&problems);
}

#[test]
fn what_comes_from_outside_is_never_unwrapped() {
    let problems: Vec<String> = files()
        .iter()
        .filter(|file| file.room != "simulator")
        .flat_map(|file| {
            let calls = file.tokens.windows(3).filter(|window| {
                window[0].is(".")
                    && ["unwrap", "expect"].contains(&window[1].word().unwrap_or_default())
                    && window[2].is("(")
            });
            calls.map(|window| format!("{}:{}: unwrap or expect", file.path, window[0].line)).collect::<Vec<_>>()
        })
        .collect();
    report(&problems);
}

#[test]
fn files_are_short() {
    let problems: Vec<String> = files()
        .iter()
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > MOST_LINES).then(|| format!("{}: {lines} lines, at most {MOST_LINES}", file.path))
        })
        .collect();
    report(&problems);
}

/// Tells whether a text reads like a sentence or a title: two words of letters beside each other, or any Japanese.
fn is_phrase(text: &str) -> bool {
    let mut words = text.split(' ').map(|word| word.len() >= 2 && word.chars().all(|c| c.is_ascii_alphabetic()));
    let mut before = words.next().unwrap_or(false);
    let two_words = words.any(|word| std::mem::replace(&mut before, word) && word);
    two_words || text.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn what_a_person_reads_is_in_the_catalogues() {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for file in files().iter().filter(|file| file.room != "simulator") {
        for placed in without_log(&file.tokens) {
            let Token::Text(text) = &placed.token else { continue };
            if !is_phrase(text) {
                continue;
            }
            let excepted = PHRASES.iter().find(|(path, phrase, _)| *path == file.path && text.contains(phrase));
            match excepted {
                Some((path, ..)) => drop(used.insert(*path)),
                None => problems.push(format!("{}:{}: \"{text}\" belongs into locales/", file.path, placed.line)),
            }
        }
    }
    let stale = PHRASES.iter().filter(|(path, ..)| !used.contains(path));
    problems.extend(stale.map(|(path, ..)| format!("{path}: the exception is not needed any more")));
    report(&problems);
}

/// Leaves out what `tracing` is told: the log is in English, for whoever mends the program.
fn without_log(tokens: &[Placed]) -> Vec<&Placed> {
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at].word() == Some("tracing") && tokens.get(at + 3).is_some_and(|token| token.is("!")) {
            at = matching(tokens, at + 4);
        } else {
            kept.push(&tokens[at]);
            at += 1;
        }
    }
    kept
}

#[test]
fn a_phrase_is_told_from_a_name() {
    for phrase in ["No task runs.", "needs a person now", "見つかりません", "api {calls} calls made"] {
        assert!(is_phrase(phrase), "{phrase}");
    }
    for name in ["screens.alarm.history", "%H:%M", "{year} {month}", "ecs:ListServices", "", "a b", "--profile x"] {
        assert!(!is_phrase(name), "{name}");
    }
}
