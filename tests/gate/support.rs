//! Catalogues in temporary directories, environments and identities made by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho::domain::environment::{Environment, Kind};
use sekisho::domain::identity::Identity;
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::error::CatalogueError;

/// The bindings that every case of the corpus of entries has.
pub const BINDINGS: &str = r#"
[common]
db = "db.example.com"

[prd]
tunnel = "shop-prd/tunnel"
services = ["shop-prd/web", "shop-prd/api"]

[dev]
tunnel = "shop-dev/tunnel"
services = ["shop-dev/web"]

["本番"]
kind = "prd"
"#;

/// Returns the root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Lists the files of a directory, sorted.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Writes a catalogue of these files.
pub fn write(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for room in ["entries", "runbooks"] {
        fs::create_dir(folder.path().join(room)).unwrap();
    }
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Loads a catalogue of these files.
pub fn load(files: &[(&str, &str)]) -> Result<Catalogue, Vec<CatalogueError>> {
    Catalogue::load(write(files).path())
}

/// Names the faults without their places.
pub fn codes(errors: &[CatalogueError]) -> Vec<&'static str> {
    errors.iter().map(|error| error.problem.code()).collect()
}

/// Writes the faults as the corpora do: line, column and kind; all are in one file.
pub fn found(errors: &[CatalogueError], file: &str) -> Vec<String> {
    let mut found: Vec<String> = errors
        .iter()
        .map(|error| {
            let position = error.place.position.unwrap_or_else(|| panic!("no position: {error}"));
            assert!(error.place.file.as_ref().unwrap().ends_with(file), "{error}");
            format!("{}:{}: {}", position.line, position.column, error.problem.code())
        })
        .collect();
    found.sort();
    found
}

/// Reads the faults that a case of a corpus says that it has, from its first line.
pub fn expected(text: &str) -> Vec<String> {
    let mut expected: Vec<String> =
        text.lines().next().unwrap().trim_start_matches("# ").split(", ").map(str::to_owned).collect();
    expected.sort();
    expected
}

pub fn environment(name: &str, kind: Kind) -> Environment {
    Environment {
        name: name.to_owned(),
        kind,
        account: Some("111122223333".parse().unwrap()),
        regions: vec!["ap-northeast-1".to_owned()],
        ..Environment::default()
    }
}

pub fn identity(account: &str) -> Arc<Identity> {
    let arn = format!("arn:aws:sts::{account}:assumed-role/AWSReservedSSO_SekishoStaff_0123456789abcdef/op-0137");
    Arc::new(Identity::from_caller(account, &arn, "AROAEXAMPLE:op-0137").unwrap())
}
