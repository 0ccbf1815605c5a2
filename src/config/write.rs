//! Writes a configuration as a file that reads back the same.

use std::fmt::Write as _;

use super::{Config, CredentialSource, EnvironmentConfig};
use crate::domain::environment::Kind;

/// Writes a text as TOML does, in quotes, with what must be escaped escaped.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Writes the configuration as TOML that [`Config::load`] reads back the same, without what came from flags.
///
/// Static keys have no place in a file: such an environment is written without its credentials.
pub fn to_toml(config: &Config) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(text, "lang = {}", quoted(config.lang.code()));
    let _ = writeln!(text, "keymap = {}", quoted(&config.keymap));
    let _ = writeln!(text, "theme = {}", quoted(&config.theme));
    let _ = writeln!(text, "glyphs = {}", quoted(config.glyphs.as_str()));
    let _ = writeln!(text, "mouse = {}", config.mouse);
    let _ = writeln!(text, "utc = {}", config.utc);
    if let Some(journal) = &config.journal {
        let _ = writeln!(text, "\n[journal]\nlog_group = {}", quoted(&journal.log_group));
        if let Some(home) = &journal.home {
            let _ = writeln!(text, "environment = {}", quoted(&home.environment.name));
        }
    }
    for environment in &config.environments {
        text.push_str("\n[[environment]]\n");
        text.push_str(&environment_rows(environment));
    }
    for role in &config.roles {
        let patterns: Vec<String> = role.patterns.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "\n[[role]]\nname = {}\nmatch = {}", quoted(&role.name), list(&patterns));
    }
    text
}

fn environment_rows(config: &EnvironmentConfig) -> String {
    let environment = &config.environment;
    let mut rows = vec![("name", quoted(&environment.name))];
    if environment.kind != Kind::Unknown {
        rows.push(("kind", quoted(environment.kind.as_str())));
    }
    match &config.credentials {
        CredentialSource::Profile(name) => rows.push(("profile", quoted(name))),
        CredentialSource::AssumeRole { role_arn, source } => {
            rows.push(("role_arn", quoted(role_arn)));
            if let CredentialSource::Profile(name) = source.as_ref() {
                rows.push(("source_profile", quoted(name)));
            }
        }
        CredentialSource::Current | CredentialSource::Static { .. } => {}
    }
    rows.extend(environment.account.iter().map(|account| ("account", quoted(account.as_str()))));
    rows.push(("regions", list(&environment.regions)));
    let patterns =
        [("clusters", &environment.clusters), ("alarms", &environment.alarms), ("web_acls", &environment.web_acls)];
    rows.extend(patterns.into_iter().filter(|(_, texts)| !texts.is_empty()).map(|(key, texts)| (key, list(texts))));
    rows.extend(environment.catalogue.iter().map(|catalogue| ("catalogue", quoted(catalogue))));
    rows.into_iter().fold(String::new(), |mut text, (key, value)| {
        let _ = writeln!(text, "{key} = {value}");
        text
    })
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}
