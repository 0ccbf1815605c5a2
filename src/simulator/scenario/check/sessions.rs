//! What an account's nodes, documents, keys, databases and destinations must keep to.

use std::collections::HashSet;

use super::{Checked, Problem, must};
use crate::simulator::scenario::model::{AccountFile, DocumentFile, DocumentType, ExecLogging, NodeFile};
use crate::simulator::ssm;

/// Checks what the account has for sessions.
pub fn check_account(account: &AccountFile) -> Checked {
    let region_known = |region: Option<&String>, at: usize| {
        must(region.is_none_or(|region| account.regions.contains(region)), at, || {
            format!("the region {} is not one of the account's", region.map_or("", String::as_str))
        })
    };
    let key_known = |alias: Option<&String>, at: usize| {
        let known = |alias: &String| account.key.iter().any(|key| key.get_ref().alias == *alias);
        must(alias.is_none_or(known), at, || format!("there is no key `{}`", alias.map_or("", String::as_str)))
    };
    for key in &account.key {
        let (at, one) = (key.span().start, key.get_ref());
        region_known(one.region.as_ref(), at)?;
        must(one.alias.starts_with("alias/"), at, || "a key's `alias` begins with alias/".to_owned())?;
    }
    unique(&account.node, "node", |one| &one.id)?;
    for node in &account.node {
        region_known(node.get_ref().region.as_ref(), node.span().start)?;
        check_node(node.get_ref(), node.span().start)?;
    }
    unique(&account.document, "document", |one| &one.name)?;
    for document in &account.document {
        let (at, one) = (document.span().start, document.get_ref());
        region_known(one.region.as_ref(), at)?;
        key_known(one.key.as_ref(), at)?;
        check_document(one, at)?;
    }
    unique(&account.database, "database", |one| &one.id)?;
    for database in &account.database {
        let (at, one) = (database.span().start, database.get_ref());
        region_known(one.region.as_ref(), at)?;
        must(!one.id.is_empty() && one.readers <= 15, at, || {
            "a database has an id, and 15 readers at most".to_owned()
        })?;
    }
    for destination in &account.destination {
        let (at, one) = (destination.span().start, destination.get_ref());
        must(ssm::route(&one.to).is_some(), at, || {
            format!("`{}` is neither a loopback address nor one of postgresql, echo and refuse", one.to)
        })?;
    }
    for cluster in &account.cluster {
        let (at, one) = (cluster.span().start, cluster.get_ref());
        key_known(one.exec_key.as_ref(), at)?;
        let own = one.exec_logging == Some(ExecLogging::Override);
        must(own == one.exec_log_group.is_some(), at, || {
            "`exec_log_group` goes with `exec_logging = \"override\"`".to_owned()
        })?;
    }
    Ok(())
}

/// Each must be there once.
fn unique<T>(all: &[toml::Spanned<T>], what: &str, name: impl Fn(&T) -> &String) -> Checked {
    let mut names = HashSet::new();
    all.iter().try_for_each(|one| {
        let known = name(one.get_ref());
        must(names.insert(known), one.span().start, || format!("the {what} `{known}` is there twice"))
    })
}

/// Numbers with dots, as versions are.
fn is_version(text: &str) -> bool {
    let parts = text.split('.');
    let numbers = parts.clone().all(|part| (1..=6).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_digit()));
    numbers && (3..=4).contains(&parts.count())
}

fn check_node(one: &NodeFile, at: usize) -> Checked {
    let digits = |rest: &str, lengths: &[usize]| {
        lengths.contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let known = match one.id.strip_prefix("mi-") {
        Some(rest) => digits(rest, &[17]),
        None => one.id.strip_prefix("i-").is_some_and(|rest| digits(rest, &[8, 17])),
    };
    must(known, at, || format!("`{}` is no node's id: i- with 8 or 17 characters, or mi- with 17", one.id))?;
    must(is_version(&one.agent), at, || format!("`{}` is no version", one.agent))?;
    must(one.offline.is_none_or(|span| span.millis() >= 0), at, || "`offline` must not be negative".to_owned())
}

fn check_document(one: &DocumentFile, at: usize) -> Checked {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let named = (3..=128).contains(&one.name.len()) && one.name.chars().all(letter);
    must(named, at, || format!("`{}` is no document's name", one.name))?;
    let port = one.kind == DocumentType::Port;
    must(port == one.port.is_some() && (port || one.host.is_none()), at, || {
        "a document of the type port has a `port`, and no other has a `host` or a `port`".to_owned()
    })?;
    let runs = matches!(one.kind, DocumentType::Interactive | DocumentType::Command);
    let fits = one.command.is_some() || !runs;
    must(fits && (one.command.is_none() || !port), at, || {
        "a document of the type interactive or command has a `command`, one of the type port has none".to_owned()
    })?;
    let positive = [one.limit, one.idle].into_iter().flatten().all(|span| span.millis() > 0);
    if positive {
        Ok(())
    } else {
        Err(Problem { at, message: "`limit` and `idle` are longer than nothing".to_owned() })
    }
}
