//! Reads the table `[journal]` of the configuration file.

use toml::de::DeValue;

use super::error::{ConfigProblem, Type};
use super::file::{Reader, Value, unknown_value};
use super::{EnvironmentConfig, JournalConfig};

/// The name of the table, as faults give it.
const TABLE: &str = "[journal]";

/// The keys of the table.
const KEYS: &[&str] = &["log_group", "environment"];

/// The longest name of a log group, in characters.
const LONGEST: usize = 512;

/// Reads the table; where it names no environment, the first one of the file is taken.
pub(super) fn read(
    reader: &mut Reader<'_>,
    value: Value<'_, '_>,
    environments: &[EnvironmentConfig],
) -> Option<JournalConfig> {
    let DeValue::Table(table) = value.get_ref() else {
        return reader.wrong_type("journal", value, Type::Table);
    };
    let mut log_group = None;
    let mut home = environments.first().cloned();
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "log_group" => log_group = self::log_group(reader, value),
            "environment" => {
                let Some(name) = reader.text("environment", value) else { continue };
                home = environments.iter().find(|one| one.environment.name == name).cloned();
                if home.is_none() {
                    let known: Vec<&str> = environments.iter().map(|one| one.environment.name.as_str()).collect();
                    reader.error(&value.span(), unknown_value("environment", name, &known));
                }
            }
            _ => reader.unknown_key(key, TABLE, KEYS),
        }
    }
    reader.require(table, &value.span(), TABLE, "log_group");
    Some(JournalConfig { log_group: log_group?, home })
}

/// Reads the name of a log group.
///
/// Source: Amazon CloudWatch Logs API Reference, `CreateLogGroup`.
fn log_group(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<String> {
    let name = reader.text("log_group", value)?;
    let is_name =
        (1..=LONGEST).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/#".contains(c));
    if is_name {
        return Some(name);
    }
    reader.error(&value.span(), ConfigProblem::BadLogGroup { value: name });
    None
}
