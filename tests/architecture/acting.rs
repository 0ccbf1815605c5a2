//! Every call of AWS that changes something stands where an `Authorized` operation is held, and nowhere else.
//!
//! Which calls there are is read from the SDK's own crates: one that is new there, or that somebody begins to use, is
//! judged without anybody having to think of it.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use super::source::{Placed, matching, read};
use super::{File, files, report};

/// What the names of operations begin with that only read.
const READING: [&str; 4] = ["describe_", "filter_", "get_", "list_"];

/// Operations that only read, whatever they are called.
const READING_TOO: [&str; 1] = ["start_live_tail"];

/// Where an operation is called that changes something and is none of the catalogue's, and why.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("src/aws/heads.rs", "create_log_stream", "the journal's own heads: what was done is told, nothing is done"),
    ("src/aws/heads.rs", "put_log_events", "the same"),
];

/// Who may sign something with the caller's credentials, beside the SDK.
const SIGNING: [(&str, &str); 4] = [
    ("src/aws/sign.rs", "it is made here"),
    ("src/aws/acting/upgrade.rs", "the data channel of an operation that was let through"),
    ("src/aws/rds/token.rs", "a token for a database, which only the acting half asks for"),
    ("src/aws/simulate.rs", "IAM is asked about the caller, and does nothing"),
];

/// Those who hold the operation that was let through.
const HOLDERS: [&str; 2] = ["Act", "Acting"];

/// Lists the operations of all the SDK's crates that this program is built with, as their clients name them.
fn operations() -> BTreeSet<String> {
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap().iter();
    let crates = packages.filter(|package| package["name"].as_str().unwrap().starts_with("aws-sdk-"));
    let folders = crates.map(|package| {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        manifest.parent().unwrap().join("src/operation")
    });
    let names = folders.flat_map(|folder| {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    });
    let is_rust = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "rs");
    names.filter(is_rust).map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn only_reads(operation: &str) -> bool {
    READING.iter().any(|verb| operation.starts_with(verb)) || READING_TOO.contains(&operation)
}

/// A block: what it belongs to, and the tokens between its braces.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    name: String,
    /// Of a function: whether it is somebody's own, and what types its parameters name.
    has_self: bool,
    parameters: Vec<String>,
    body: Range<usize>,
}

/// Finds the blocks that begin with a keyword: those of `impl`, with the type that they are of, or of `fn`.
fn blocks(tokens: &[Placed], keyword: &str) -> Vec<Block> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        // `impl Trait` in a signature is no block.
        let begins = at == 0 || ["}", ";", "{"].iter().any(|sign| tokens[at - 1].is(sign));
        if token.word() != Some(keyword) || (keyword == "impl" && !begins) {
            continue;
        }
        let Some(open) = (at..tokens.len()).find(|index| tokens[*index].is("{") || tokens[*index].is(";")) else {
            break;
        };
        if tokens[open].is(";") {
            continue;
        }
        let words: Vec<&str> = tokens[at + 1..open].iter().filter_map(Placed::word).collect();
        let of = words.iter().position(|word| *word == "for").map_or(0, |at| at + 1);
        found.push(Block {
            name: words.get(of).copied().unwrap_or_default().to_owned(),
            has_self: words.contains(&"self"),
            parameters: words.iter().map(|&word| word.to_owned()).collect(),
            body: open..matching(tokens, open),
        });
    }
    found
}

/// Finds the innermost block around a place.
fn around(blocks: &[Block], at: usize) -> Option<&Block> {
    blocks.iter().filter(|block| block.body.contains(&at)).max_by_key(|block| block.body.start)
}

/// Finds the places at which an operation of the SDK is called: `.start_session()`, which takes no arguments.
fn calls<'t>(tokens: &'t [Placed], operations: &'t BTreeSet<String>) -> impl Iterator<Item = (usize, &'t str)> {
    tokens.windows(4).enumerate().filter_map(|(at, window)| {
        let name = window[1].word().filter(|name| operations.contains(*name))?;
        (window[0].is(".") && window[2].is("(") && window[3].is(")")).then_some((at + 1, name))
    })
}

/// Says what is wrong with where an operation is called that changes something; nothing where it may be.
fn misplaced(file: &File, at: usize, operation: &str) -> Option<String> {
    let place = format!("{}:{}: {operation}", file.path, file.tokens[at].line);
    if EXCEPTIONS.iter().any(|(path, name, _)| *path == file.path && *name == operation) {
        return None;
    }
    if !file.path.starts_with("src/aws/acting/") {
        return Some(format!("{place} changes something, and is not in the acting half"));
    }
    let (impls, functions) = (blocks(&file.tokens, "impl"), blocks(&file.tokens, "fn"));
    let is_held = around(&impls, at).is_some_and(|block| HOLDERS.contains(&block.name.as_str()));
    // In a task that `Acting` spawns it is its `Act` that calls.
    let is_own = around(&functions, at).is_some_and(|function| function.has_self);
    (!(is_held && is_own)).then(|| format!("{place} is called where no authorized operation is held"))
}

#[test]
fn whatever_changes_something_in_aws_holds_an_authorized_operation() {
    let operations = operations();
    assert!(operations.len() > 500 && operations.contains("start_session"), "{}", operations.len());
    let (mut problems, mut changing, mut reading) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    // No other room names the SDK, and so none can call it: another test sees to that.
    for file in files().iter().filter(|file| file.room == "aws") {
        for (at, operation) in calls(&file.tokens, &operations) {
            if only_reads(operation) {
                reading.insert(operation.to_owned());
                continue;
            }
            changing.insert((file.path.clone(), operation.to_owned()));
            problems.extend(misplaced(file, at, operation));
        }
    }
    let stale =
        EXCEPTIONS.iter().filter(|(path, name, _)| !changing.contains(&((*path).to_owned(), (*name).to_owned())));
    problems.extend(stale.map(|(path, name, _)| format!("{path}: the exception {name} is not needed any more")));
    report(&problems);
    // What the operations of the catalogue are made of; were one of them not found, the reader would be blind.
    let found: BTreeSet<&str> = changing.iter().map(|(_, operation)| operation.as_str()).collect();
    for needed in [
        "start_session",
        "resume_session",
        "terminate_session",
        "execute_command",
        "generate_data_key",
        "start_automation_execution",
        "stop_automation_execution",
        "batch_update_findings",
    ] {
        assert!(found.contains(needed), "{needed} is called nowhere: {found:?}");
    }
    assert!(reading.contains("describe_services") && reading.contains("get_parameters_by_path"), "{reading:?}");
}

#[test]
fn who_acts_is_made_of_an_authorized_operation_alone() {
    let files = files();
    let file = files.iter().find(|file| file.path == "src/aws/acting/mod.rs").unwrap();
    let words: Vec<&str> = file.tokens.iter().filter_map(Placed::word).collect();
    let at = words.windows(2).position(|pair| pair == ["struct", "Act"]).unwrap();
    assert_eq!(words[at + 2..at + 5], ["authorized", "Authorized", "Op"], "what acts holds what was let through");
    let functions = blocks(&file.tokens, "fn");
    let mut made = 0;
    for own in files.iter().filter(|file| file.room == "aws") {
        for (at, pair) in
            own.tokens.windows(2).enumerate().filter(|(_, pair)| pair[0].word() == Some("Act") && pair[1].is("{"))
        {
            let before = own.tokens[..at].last().and_then(Placed::word);
            if matches!(before, Some("struct" | "impl" | "for")) {
                continue;
            }
            made += 1;
            assert_eq!(own.path, file.path, "{}: somebody else makes one", pair[0].line);
            let maker = around(&functions, at).unwrap();
            assert_eq!(maker.name, "new");
            assert!(maker.parameters.iter().any(|word| word == "Authorized"), "{maker:?}");
        }
    }
    assert_eq!(made, 1, "it is made at one place");
}

#[test]
fn clients_that_act_and_signatures_stay_where_they_are() {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for file in files() {
        let is_acting = file.path.starts_with("src/aws/acting/");
        for (at, token) in file.tokens.iter().enumerate() {
            let is_call =
                at > 0 && file.tokens[at - 1].is(".") && file.tokens.get(at + 1).is_some_and(|next| next.is("("));
            match token.word() {
                Some("Hands") if !is_acting => problems.push(format!("{}:{}: Hands act", file.path, token.line)),
                // What is authorized makes one without being told for whom.
                Some("auth_token") if is_call && !file.tokens[at + 2].is(")") && !is_acting => {
                    problems.push(format!("{}:{}: a token without an operation", file.path, token.line));
                }
                Some("Signer") => {
                    used.insert(file.path.clone());
                    if !SIGNING.iter().any(|(path, _)| *path == file.path) {
                        problems.push(format!("{}:{}: it signs", file.path, token.line));
                    }
                }
                _ => {}
            }
        }
    }
    let stale = SIGNING.iter().filter(|(path, _)| !used.contains(*path));
    problems.extend(stale.map(|(path, _)| format!("{path}: the exception is not needed any more")));
    report(&problems);
}

#[test]
fn a_call_that_is_misplaced_is_found() {
    let known = BTreeSet::from(["start_session".to_owned(), "delete_cluster".to_owned()]);
    let judge = |path: &str, text: &str| {
        let (tokens, _) = read(text);
        let file = File { path: path.to_owned(), room: "aws".to_owned(), text: text.to_owned(), tokens };
        let found: Vec<(usize, String)> =
            calls(&file.tokens, &known).map(|(at, operation)| (at, operation.to_owned())).collect();
        assert_eq!(found.len(), 1, "{text}");
        misplaced(&file, found[0].0, &found[0].1).is_some()
    };
    let held = "impl Act { async fn go(&self) { self.x(|| c.start_session().a(1).send()).await } }";
    assert!(!judge("src/aws/acting/start.rs", held));
    assert!(judge("src/aws/ecs.rs", held), "outside of the acting half");
    let of_nobody = "impl Act { fn a(&self) {} } fn free(c: &Client) { c.delete_cluster().send(); }";
    assert!(judge("src/aws/acting/start.rs", of_nobody));
    assert!(judge("src/aws/acting/start.rs", "impl Hands { fn a(&self) { self.ssm.start_session().send() } }"));
    assert!(judge("src/aws/acting/start.rs", "impl Act { fn a(c: &Client) { c.start_session().send() } }"));
    assert!(only_reads("describe_services") && only_reads("start_live_tail"));
    assert!(!only_reads("generate_data_key") && !only_reads("batch_update_findings"));
}
