//! Reads the names of the profiles in the AWS configuration files; the credentials in them are left alone.
//!
//! The form is that of the AWS SDKs and Tools Reference Guide, "Shared config and credentials files".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::document::{self, FileProblem, Place};
use crate::domain::environment::AccountId;

/// What a profile says that matters here.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// Its region.
    pub region: Option<String>,
    /// The account that Identity Center signs in to: `sso_account_id`.
    pub sso_account_id: Option<AccountId>,
    /// The role that it assumes: `role_arn`.
    pub role_arn: Option<String>,
}

impl Profile {
    /// Gives the account that the profile's credentials act in, where the file says.
    pub fn account(&self) -> Option<AccountId> {
        match &self.role_arn {
            Some(arn) => arn.split(':').nth(4).and_then(|account| account.parse().ok()),
            None => self.sso_account_id,
        }
    }
}

/// The profiles of the AWS configuration files, by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profiles {
    /// The profiles, in the order of their names.
    pub profiles: BTreeMap<String, Profile>,
    /// The files that are there but could not be read, and why.
    pub unreadable: Vec<(FileProblem, Place)>,
}

/// Which of the two files is read: they name their sections differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `~/.aws/config`: `[default]` and `[profile NAME]`, among sections of other kinds.
    Config,
    /// `~/.aws/credentials`: `[NAME]`.
    Credentials,
}

impl Profiles {
    /// Reads the files of this process: `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, or those in `~/.aws`.
    pub fn of_process() -> Profiles {
        let home = etcetera::home_dir().ok();
        let file = |variable: &str, name: &str| {
            let home = home.as_deref();
            match std::env::var_os(variable).filter(|value| !value.is_empty()) {
                Some(path) => Some(expand_home(Path::new(&path), home)),
                None => home.map(|home| home.join(".aws").join(name)),
            }
        };
        let config = file("AWS_CONFIG_FILE", "config");
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        Profiles::read(config.as_deref(), credentials.as_deref())
    }

    /// Reads given files; one that is not there has no profiles.
    pub fn read(config: Option<&Path>, credentials: Option<&Path>) -> Profiles {
        let mut profiles = Profiles::default();
        for (path, form) in [(credentials, Form::Credentials), (config, Form::Config)] {
            let Some(path) = path else { continue };
            match document::read(path) {
                Ok(text) => profiles.add(&text, form),
                Err((FileProblem::NoFile, _)) => {}
                Err(fault) => profiles.unreadable.push(fault),
            }
        }
        profiles
    }

    /// Adds what one file says; where a profile is there already, what is newly said wins.
    pub fn add(&mut self, text: &str, form: Form) {
        let mut section: Option<String> = None;
        for line in text.trim_start_matches('\u{feff}').lines() {
            // An indented line belongs to the value above it: a nested setting, of which none matters here.
            let nested = line.starts_with([' ', '\t']);
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) || nested {
                continue;
            }
            if let Some(header) = line.strip_prefix('[') {
                section = header.split_once(']').and_then(|(name, _)| profile_name(name, form));
                if let Some(name) = &section {
                    self.profiles.entry(name.clone()).or_default();
                }
            } else if let (Some(name), Some((key, value))) = (&section, line.split_once('=')) {
                let profile = self.profiles.entry(name.clone()).or_default();
                profile.set(key.trim(), without_comment(value));
            }
        }
    }

    /// Gives the profile of that name.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// Lists the names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }
}

impl Profile {
    fn set(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        match key {
            "region" => self.region = Some(value.to_owned()),
            "sso_account_id" => self.sso_account_id = value.parse().ok(),
            "role_arn" => self.role_arn = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// Reads a section's header; nothing for sections that are no profile, such as `[sso-session x]`.
fn profile_name(header: &str, form: Form) -> Option<String> {
    let header = header.trim();
    let name = match form {
        Form::Credentials => header,
        Form::Config if header == "default" => header,
        Form::Config => header.strip_prefix("profile").filter(|rest| rest.starts_with(char::is_whitespace))?,
    };
    let name = name.trim().trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// Takes a value up to a comment, which begins with `#` or `;` after a space.
fn without_comment(value: &str) -> &str {
    let comment = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min();
    value[..comment.unwrap_or(value.len())].trim()
}

fn expand_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONFIG: &str = "\u{feff}# a comment
[default]
region = us-east-1
[profile system-c] ; another
sso_session = corp
sso_account_id = 111122223333
region = ap-northeast-1 # Tokyo
s3 =
  region = not-this
[profile \"with space\"]
role_arn=arn:aws:iam::444455556666:role/ops
sso_account_id = 111122223333
region =
[sso-session corp]
region = eu-west-1
[profiles x]
[profile 本番]
= nothing
no equals sign
";

    #[test]
    fn profiles_are_read_and_nothing_else() {
        let mut profiles = Profiles::default();
        profiles
            .add("[default]\nregion = eu-west-1\n[only-keys]\naws_access_key_id = AKIDEXAMPLE\n", Form::Credentials);
        profiles.add(CONFIG, Form::Config);
        let names: Vec<_> = profiles.names().collect();
        assert_eq!(names, ["default", "only-keys", "system-c", "with space", "本番"]);
        assert_eq!(profiles.get("default").unwrap().region.as_deref(), Some("us-east-1"));
        let system = profiles.get("system-c").unwrap();
        assert_eq!(system.region.as_deref(), Some("ap-northeast-1"));
        assert_eq!(system.account().unwrap().as_str(), "111122223333");
        let assuming = profiles.get("with space").unwrap();
        assert_eq!(assuming.account().unwrap().as_str(), "444455556666");
        assert_eq!(assuming.region, None);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::read(Some(folder.path()), Some(&folder.path().join("none")));
        let (problem, place) = &profiles.unreadable[0];
        assert_eq!(problem.code(), "unreadable");
        assert_eq!(place.file.as_deref(), Some(folder.path()));
        assert!(profiles.profiles.is_empty());
    }

    #[test]
    fn a_tilde_is_the_home_folder() {
        assert_eq!(expand_home(Path::new("~/x"), Some(Path::new("/home/a"))), Path::new("/home/a/x"));
        assert_eq!(expand_home(Path::new("/x/~"), Some(Path::new("/home/a"))), Path::new("/x/~"));
    }

    proptest! {
        #[test]
        fn no_file_breaks_the_reader(text in "(?s)[\\[\\]=# \na-z\u{3042}]*") {
            for form in [Form::Config, Form::Credentials] {
                let mut profiles = Profiles::default();
                profiles.add(&text, form);
            }
        }
    }
}
