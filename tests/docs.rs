//! The documents, held to the program: `docs/keys.md` is made from it, and what the others state is tried.
//!
//! `UPDATE_DOCS=1 cargo test --test docs` writes `docs/keys.md` anew.

#[path = "docs/json_page.rs"]
mod json_page;
#[path = "docs/keys_page.rs"]
mod keys_page;
#[path = "docs/markdown.rs"]
mod markdown;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sekisho::aws::Action;
use sekisho::cli::translate;
use sekisho::config::aws::{Form, Profiles};
use sekisho::config::{Config, ConfigProblem, Flags, Surroundings};
use sekisho::i18n::{Lang, Texts};
use sekisho::keymap::Keymap;
use sekisho::simulator::{Fault, GatewayOrder, Scenario};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    let path = root().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names the pages that people read: those at the root, and all of `docs/`.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = ["README.md", "README.ja.md", "CHANGELOG.md"].map(str::to_owned).to_vec();
    let names = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    pages.extend(names.map(|name| format!("docs/{name}")).filter(|page| is_page(page)));
    assert!(pages.len() > 8, "the pages of docs/ were not found");
    pages
}

/// Tells whether a path is that of a page in `docs/`.
fn is_page(path: &str) -> bool {
    path.starts_with("docs/") && Path::new(path).extension().is_some_and(|extension| extension == "md")
}

#[test]
fn the_page_of_keys_is_as_the_keymaps_are() {
    let (path, page) = (root().join("docs/keys.md"), keys_page::page());
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| !value.is_empty()) {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/keys.md is not up to date: UPDATE_DOCS=1 cargo test --test docs");
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let folder = root().join(&page).parent().unwrap().to_path_buf();
        for link in markdown::links(&document(&page)) {
            let target = link.split('#').next().unwrap_or_default();
            let outside = link.starts_with("https://") || target.is_empty();
            // Pictures are checked by those who draw them; a package without them still has its pages.
            let undrawn = target.starts_with("screenshots/") && !root().join("screenshots").exists();
            if !outside && !undrawn && !folder.join(target).exists() {
                dead.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "\n{}\n", dead.join("\n"));
}

#[test]
fn pages_that_are_named_are_there() {
    let mut named = BTreeSet::new();
    for page in pages() {
        for code in markdown::code(&document(&page)) {
            named.extend(is_page(&code).then_some((code, page.clone())));
        }
    }
    assert!(named.iter().any(|(page, _)| page == "docs/keys.md"), "no page is named: {named:?}");
    named.retain(|(page, _)| !root().join(page).exists());
    assert!(named.is_empty(), "pages that are not there, and where they are named: {named:?}");
}

#[test]
fn every_flag_and_variable_is_documented() {
    let page = document("docs/configuration.md");
    let command = translate::command(Texts::of(Lang::En));
    let mut missing = Vec::new();
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        for argument in command.get_arguments() {
            let flag = argument.get_long().map(|long| format!("--{long}"));
            let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            missing.extend(flag.into_iter().chain(variable).filter(|word| !page.contains(word.as_str())));
        }
    }
    assert!(missing.is_empty(), "docs/configuration.md lacks {missing:?}");
}

#[test]
fn every_command_is_in_both_readmes() {
    for page in ["README.md", "README.ja.md"] {
        let text = document(page);
        for command in translate::command(Texts::of(Lang::En)).get_subcommands() {
            assert!(text.contains(&format!("sekisho {}", command.get_name())), "{page}: {}", command.get_name());
        }
        for line in ["cargo run --locked -- demo", "tests/run", "cargo install --path . --locked"] {
            assert!(text.contains(line), "{page}: {line}");
        }
        assert!(text.contains(env!("CARGO_PKG_RUST_VERSION")), "{page}: the oldest Rust");
    }
    assert!(document("CHANGELOG.md").contains(&format!("## [{}]", env!("CARGO_PKG_VERSION"))));
}

fn around() -> Surroundings {
    let mut profiles = Profiles::default();
    profiles.add("[profile system-c]\nregion = ap-northeast-1\n", Form::Config);
    Surroundings { profiles, ..Surroundings::default() }
}

fn load(text: &str) -> Result<Config, Vec<ConfigProblem>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    let flags = Flags { config: Some(path), region: None, ..Flags::default() };
    Config::load_in(&flags, &around()).map_err(|errors| errors.into_iter().map(|error| error.problem).collect())
}

#[test]
fn configurations_in_the_documents_are_valid() {
    for page in ["docs/configuration.md", "README.md", "README.ja.md"] {
        let text = document(page);
        let blocks = markdown::blocks(&text, "toml");
        let configurations: Vec<_> = blocks.iter().filter(|block| block.contains("[[environment]]")).collect();
        assert!(!configurations.is_empty(), "{page} has no example");
        for block in configurations {
            let config = load(block).unwrap_or_else(|problems| panic!("{page}: {problems:#?}"));
            assert!(!config.environments.is_empty());
        }
        for block in blocks.iter().filter(|block| block.contains("[global]")) {
            let file: (&Path, String) = (Path::new("keymap.toml"), block.to_string());
            Keymap::load("default", Some(file)).unwrap_or_else(|errors| panic!("{page}: {errors:#?}"));
        }
    }
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    let page = document("docs/configuration.md");
    for text in ["zzz = 1", "[[environment]]\nname = \"x\"\nzzz = 1", "[[role]]\nname = \"x\"\nzzz = 1"] {
        let problems = load(text).unwrap_err();
        let known = problems.iter().find_map(|problem| match problem {
            ConfigProblem::UnknownKey { known, .. } => Some(*known),
            _ => None,
        });
        for key in known.expect("an unknown key tells the known ones") {
            assert!(page.contains(&format!("| `{key}` |")), "docs/configuration.md lacks {key}");
        }
    }
}

#[test]
fn the_policy_is_what_is_called() {
    let page = document("docs/operations.md");
    let called: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
    for action in &called {
        assert!(page.contains(&format!("| `{action}` |")), "docs/operations.md does not say why {action} is called");
    }
    let blocks = markdown::blocks(&page, "json");
    let policy: serde_json::Value = serde_json::from_str(blocks[0]).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let allowed: Vec<&str> = statements
        .iter()
        .flat_map(|statement| statement["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap())
        .collect();
    let needed: BTreeSet<&str> = called.into_iter().filter(|action| !action.starts_with("sts:")).collect();
    assert_eq!(allowed.iter().copied().collect::<BTreeSet<_>>(), needed);
    assert_eq!(allowed.len(), needed.len(), "an action is there twice");
}

#[test]
fn the_actions_of_the_journal_are_told() {
    let page = document("docs/operations.md");
    for action in Action::JOURNAL {
        let name = action.name();
        assert!(page.contains(&format!("| `{name}` |")), "docs/operations.md does not say why {name} is needed");
    }
}

#[test]
fn the_policy_of_sessions_is_what_sessions_need() {
    let page = document("docs/operations.md");
    // Neither is a call of this program: the one is judged when a data channel opens, the other by the database.
    let elsewhere = ["ssmmessages:OpenDataChannel", "rds-db:connect"];
    let needed: BTreeSet<&str> = Action::SESSIONS.iter().map(|action| action.name()).chain(elsewhere).collect();
    for action in &needed {
        assert!(page.contains(&format!("| `{action}` |")), "docs/operations.md does not say why {action} is needed");
    }
    let blocks = markdown::blocks(&page, "json");
    let policy: serde_json::Value = serde_json::from_str(blocks[1]).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let allowed = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    assert_eq!(allowed.map(|action| action.as_str().unwrap()).collect::<BTreeSet<_>>(), needed);
    // `Bool` would refuse a start by a document that is named, as the key is absent there.
    assert!(statements.iter().all(|statement| statement["Condition"].get("Bool").is_none()));
}

#[test]
fn the_scenario_and_the_faults_of_the_document_are_valid() {
    let page = document("docs/simulator.md");
    for name in Scenario::names() {
        assert!(page.contains(&format!("| `{name}` |")), "docs/simulator.md lacks the scenario {name}");
    }
    let blocks = markdown::blocks(&page, "toml");
    for block in &blocks {
        Scenario::parse(block).unwrap_or_else(|error| panic!("docs/simulator.md: {error}\n{block}"));
    }
    let bodies = |endpoint: &str| -> Vec<String> {
        let sent = format!("/_simulator/{endpoint} -d '");
        page.split(&sent).skip(1).filter_map(|rest| rest.split('\'').next()).map(str::to_owned).collect()
    };
    let faults: Vec<Fault> = bodies("faults").iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    let orders: Vec<GatewayOrder> = bodies("gateway").iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    assert!(!blocks.is_empty() && faults.len() >= 2 && orders.len() >= 2);
}

/// Texts that end in a word which the grammar does not have, each in another table: the error lists those it has.
const UNKNOWN_WORDS: [&str; 13] = [
    "",
    "[[environment]]\n",
    "[[account]]\n",
    "[[account]]\n[[account.cluster]]\n",
    "[[account]]\n[[account.service]]\n",
    "[[account]]\n[[account.metric]]\n",
    "[[account]]\n[[account.alarm]]\n",
    "[[step]]\n",
    "[[step]]\ndeploy.",
    "[[step]]\nscale.",
    "[[step]]\nstop.",
    "[[step]]\nmetric.",
    "[[fault]]\n",
];

#[test]
fn every_word_of_a_scenario_is_documented() {
    let page = document("docs/simulator.md");
    let mut missing = BTreeSet::new();
    for text in UNKNOWN_WORDS {
        let error = Scenario::parse(&format!("{text}zzz = 1\n")).unwrap_err();
        let (_, known) = error.message.split_once("expected one of").unwrap_or_else(|| panic!("{error}"));
        let words = known.split('`').skip(1).step_by(2);
        missing.extend(words.filter(|word| !page.contains(&format!("`{word}`"))).map(str::to_owned));
    }
    assert!(missing.is_empty(), "docs/simulator.md lacks {missing:?}");
}

#[test]
fn the_examples_of_json_are_of_their_shapes() {
    let shapes = json_page::Shapes::of(&document("docs/json.md"));
    let count = shapes.check_examples();
    assert_eq!(count, 9, "an envelope and an item of each view");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_get_prints_is_of_the_documented_shapes() {
    let shapes = json_page::Shapes::of(&document("docs/json.md"));
    json_page::check_program(&shapes).await;
}

/// Tells where the program under test is.
fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sekisho"))
}
