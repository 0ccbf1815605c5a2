//! Looks now and then whether the catalogues are still those that were loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::operate::Operator;

use super::host::HostEvent;

/// How often directories are looked at: their files are read and hashed, some dozens of small ones.
const FOLDERS: Duration = Duration::from_secs(10);

/// How often Parameter Store is: each look is a call for ten parameters.
const PARAMETERS: Duration = Duration::from_mins(5);

/// Tells which environments have another catalogue by now where theirs was read, whenever that changes.
pub(super) async fn watch(operator: Operator, events: mpsc::Sender<HostEvent>) {
    if operator.has_catalogues_elsewhere() {
        watch_every(FOLDERS, PARAMETERS, operator, events).await;
    }
}

async fn watch_every(folders: Duration, parameters: Duration, operator: Operator, events: mpsc::Sender<HostEvent>) {
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    let mut next = Instant::now() + parameters;
    let mut told = BTreeSet::new();
    loop {
        tokio::select! {
            () = events.closed() => return,
            () = sleep(folders) => {}
        }
        known.extend(operator.changed_folders().await);
        if Instant::now() >= next {
            // What cannot be read now is as it was last known to be.
            known.extend(operator.changed_parameters().await);
            next = Instant::now() + parameters;
        }
        let changed: BTreeSet<String> =
            known.iter().filter(|(_, changed)| **changed).map(|(name, _)| name.clone()).collect();
        if changed != told {
            told.clone_from(&changed);
            if events.send(HostEvent::CataloguesChanged(changed)).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::aws::{Now, Shared};
    use crate::config::{CredentialSource, EnvironmentConfig};
    use crate::domain::environment::Environment;
    use crate::i18n::{Lang, Texts};
    use crate::operate::Outfit;
    use crate::runbook::catalogue::Catalogue;
    use crate::runtime::clock::Clock;

    const PAUSE: Duration = Duration::from_millis(5);

    const ENTRY: &str = r#"
id = "finding-notified"
title = { ja = "通知済みにする", en = "Mark as notified" }
operation = "securityhub.workflow"
status = "NOTIFIED"
roles = ["operator"]
environments = ["prd"]
reason = true
"#;

    /// An operator whose environments share a catalogue.
    fn operator(folder: &Path, catalogue: Catalogue) -> Operator {
        let catalogue = Arc::new(catalogue);
        let names = ["prd", "stg"];
        let environment = |name: &str| EnvironmentConfig {
            environment: Environment { name: name.to_owned(), ..Environment::default() },
            credentials: CredentialSource::Current,
        };
        Operator::new(Outfit {
            environments: names.map(environment).into(),
            roles: Vec::new(),
            catalogues: names.map(|name| (name.to_owned(), Arc::clone(&catalogue))).into(),
            endpoint_url: None,
            shared: Shared::new(Now::default()),
            clock: Clock::real(),
            journal: folder.join("journal"),
            heads: None,
            recordings: folder.join("recordings"),
            host: "console-1".to_owned(),
            texts: Texts::of(Lang::En),
        })
    }

    fn names(event: Option<HostEvent>) -> Vec<String> {
        match event {
            Some(HostEvent::CataloguesChanged(names)) => names.into_iter().collect(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_directory_that_changes_is_told_and_so_is_one_that_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let entries = folder.path().join("entries");
        fs::create_dir(&entries).unwrap();
        fs::write(folder.path().join("bindings.toml"), "[prd]\n").unwrap();
        fs::write(entries.join("finding-notified.toml"), ENTRY).unwrap();
        let operator = operator(folder.path(), Catalogue::load(folder.path()).unwrap());
        assert!(operator.has_catalogues_elsewhere() && !operator.has_changed("prd").await);
        let (events, mut told) = mpsc::channel(4);
        let watching = tokio::spawn(watch_every(PAUSE, PAUSE, operator.clone(), events));

        fs::write(entries.join("finding-notified.toml"), ENTRY.replace("operator", "staff")).unwrap();
        assert_eq!(names(told.recv().await), ["prd", "stg"]);
        assert!(operator.has_changed("stg").await && !operator.has_changed("other").await);
        fs::write(entries.join("finding-notified.toml"), ENTRY).unwrap();
        assert_eq!(names(told.recv().await), [""; 0]);
        // One that is gone is another one as well.
        fs::remove_dir_all(&entries).unwrap();
        assert_eq!(names(told.recv().await), ["prd", "stg"]);
        // Nobody listens any more.
        drop(told);
        watching.await.unwrap();
    }

    #[tokio::test]
    async fn what_comes_with_the_program_does_not_change() {
        let folder = tempfile::tempdir().unwrap();
        let operator = operator(folder.path(), Catalogue::built_in());
        let (events, mut told) = mpsc::channel(4);
        watch(operator.clone(), events).await;
        assert!(told.recv().await.is_none() && !operator.has_changed("prd").await);
    }
}
