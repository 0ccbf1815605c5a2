//! parliament judges what was compiled: unknown actions, wrong ARNs, keys that do not belong.
//!
//! It needs Python with `tests/strangers/requirements.txt` installed, in `.venv` or where `SEKISHO_PYTHON` says.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sekisho::domain::environment::Environment;
use sekisho::policy::compile::{compile, pretty};

use super::support::{CATALOGUE, ROLES, environments, options, root};

#[test]
fn parliament_finds_nothing_that_is_not_refuted() {
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<PathBuf> = Vec::new();
    let with_catalogue = |place| Environment { catalogue: Some("ssm:/shop/sekisho".to_owned()), ..place };
    let places: Vec<Environment> = environments().into_iter().map(with_catalogue).collect();
    for role in ROLES {
        let made = compile(&CATALOGUE, role, &places, &options());
        for policy in made.policies.iter().chain(made.roles.iter().map(|role| &role.policy)) {
            let path = folder.path().join(format!("{role}-{}.json", policy.name));
            fs::write(&path, pretty(policy)).unwrap();
            files.push(path);
        }
    }
    let python = std::env::var_os("SEKISHO_PYTHON").map_or_else(|| root().join(".venv/bin/python"), PathBuf::from);
    let mut judge = Command::new(python);
    judge.arg(root().join("tests/strangers/parliament_judge.py")).args(&files);
    let judged = judge.env("PYTHONUTF8", "1").env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&judged.stdout), String::from_utf8_lossy(&judged.stderr));
    assert!(
        judged.status.success() && out.lines().last().is_some_and(|line| line.ends_with(" 0 failed")),
        "{out}\n{err}"
    );
}
