//! What was compiled, as files: a policy, a document or a trust each, as the AWS CLI takes them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::config::document::printable;
use crate::i18n::Texts;
use crate::policy::compile::{Compiled, Policy, permission_set, permission_set_json, pretty};
use crate::t;

use super::super::{Exit, complain};
use super::Form;

/// Writes files into a folder, over those of an earlier time, and prints the lines that put them into AWS.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub(super) fn write(
    compiled: &Compiled,
    form: Form,
    folder: &Path,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let (files, lines) = match form {
        Form::Iam => policies(compiled),
        Form::PermissionSet => {
            let set = permission_set(compiled);
            (vec![(format!("{}.json", set.name), permission_set_json(&set))], Vec::new())
        }
        Form::Documents => documents(compiled),
    };
    if let Err((path, why)) = write_all(folder, &files) {
        return complain([t!(texts, "policy.not-written", path = printable(&path), why = why)], faults);
    }
    for line in lines {
        writeln!(out, "{line}")?;
    }
    writeln!(
        faults,
        "{}",
        t!(texts, "policy.written", count = files.len(), path = printable(&folder.to_string_lossy()))
    )?;
    Ok(Exit::Fine)
}

/// Names and texts of files, and the lines that go with them.
type Files = (Vec<(String, String)>, Vec<String>);

fn policies(compiled: &Compiled) -> Files {
    let file = |policy: &Policy| (format!("{}.json", policy.name), pretty(policy));
    let lines = compiled.policies.iter().map(Policy::create);
    (compiled.policies.iter().map(file).collect(), lines.collect())
}

fn documents(compiled: &Compiled) -> Files {
    let (mut files, mut lines) = (Vec::new(), Vec::new());
    for role in &compiled.roles {
        let [trust, policy] = role.file_names();
        files.extend([(trust, pretty(&role.trust)), (policy, pretty(&role.policy))]);
        lines.extend(role.create());
    }
    for document in &compiled.documents {
        files.push((document.file_name(&compiled.documents), pretty(&document.content)));
        lines.extend(document.create(&compiled.documents));
    }
    (files, lines)
}

/// Writes files, or returns which one cannot be written and why.
fn write_all(folder: &Path, files: &[(String, String)]) -> Result<(), (String, io::Error)> {
    let named = |path: &Path, why| (path.to_string_lossy().into_owned(), why);
    fs::create_dir_all(folder).map_err(|why| named(folder, why))?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|why| named(&path, why))?;
    }
    Ok(())
}
