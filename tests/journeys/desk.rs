//! A console that acts, with everything real but AWS: the gate, the journal, the recordings, and the simulated account.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sekisho::aws::{Now, Shared};
use sekisho::i18n::{Lang, Texts};
use sekisho::journal::{self, chain};
use sekisho::operate::{Operator, Outfit};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::store::RunStore;
use sekisho::runtime::operator::OperatorHost;
use sekisho::simulator::Persona;
use sekisho::state::Screen;
use sekisho::state::overlay::Overlay;
use sekisho::state::sessions::SessionsPanel;
use sekisho::state::sessions::form::Lookup;
use sekisho::state::sessions::live::Live;
use sekisho::state::sessions::offer::Offer;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::journey::{Journey, PATIENCE, Start};

/// A console that acts.
pub struct Desk {
    pub journey: Journey,
    pub operator: Operator,
    pub folder: TempDir,
}

impl Desk {
    /// Sits down as somebody, with the built-in catalogue and a journal of one's own, on screen 7.
    pub async fn of(persona: Persona, lang: Lang) -> Self {
        let journey = Start::of("bad-deploy").persona(persona).lang(lang).go().await;
        let mut desk = Self::sit(journey, lang, tempfile::tempdir().unwrap());
        desk.journey.go("7").await;
        desk
    }

    /// Sits down at a console, with a folder for its journal and its recordings.
    pub fn sit(mut journey: Journey, lang: Lang, folder: TempDir) -> Self {
        let watch = journey.watch.clone();
        let catalogue = Arc::new(Catalogue::built_in());
        let named = |name: &String| (name.clone(), Arc::clone(&catalogue));
        let names: Vec<String> = watch.environments.iter().map(|one| one.environment.name.clone()).collect();
        let catalogues: BTreeMap<_, _> = names.iter().map(named).collect();
        let recordings = folder.path().join("recordings");
        let operator = Operator::new(Outfit {
            environments: watch.environments,
            roles: watch.roles,
            catalogues: catalogues.clone(),
            endpoint_url: watch.endpoint_url,
            // Signatures are checked by the time that it is, whatever time the story has.
            shared: Shared::new(Now::default()),
            clock: watch.clock,
            journal: folder.path().to_owned(),
            heads: None,
            recordings: recordings.clone(),
            host: "console-1".to_owned(),
            texts: Texts::of(lang),
        });
        let store = RunStore::within(folder.path());
        journey.console.keep_host(OperatorHost::hosted(operator.clone(), Texts::of(lang), recordings, store));
        journey.console.keep_catalogues(catalogues);
        Self { journey, operator, folder }
    }

    /// Puts the keys into a panel of screen 7.
    pub fn panel(&mut self, panel: SessionsPanel) {
        while self.journey.console.state().sessions.panel != panel {
            self.journey.press("tab");
        }
    }

    /// Opens what a filter leaves of the targets.
    pub fn choose(&mut self, filter: &str) {
        self.panel(SessionsPanel::Targets);
        self.journey.press("/");
        self.journey.write(filter);
        self.journey.press("enter enter");
    }

    /// Opens the form of a target, and waits until its target was looked up.
    pub async fn form(&mut self, filter: &str) {
        self.choose(filter);
        assert_eq!(self.journey.console.state().screen, Screen::Form, "{}", self.journey.text());
        let is_found = |journey: &Journey| {
            let form = journey.console.state().sessions.form.as_ref().unwrap();
            matches!(&form.preflight, Lookup::Done(preflight) if preflight.is_clear())
        };
        self.journey.until("looked up", is_found).await;
    }

    /// Types a text and Enter: in the form that goes on to the next field, and starts it from the last.
    pub fn enter(&mut self, text: &str) {
        self.journey.write(text);
        self.journey.press("enter");
    }

    /// Fills in the fields one after the other, and starts.
    pub fn fill(&mut self, fields: &[&str]) {
        for field in fields {
            self.enter(field);
        }
        assert!(self.journey.console.state().sessions.form.is_none(), "{}", self.journey.text());
    }

    /// Takes something of what may be done about the row that the cursor is on, and waits until it was looked up.
    pub async fn offered(&mut self, entry: &str) {
        self.journey.press("x");
        self.pick(entry);
        assert_eq!(self.journey.console.state().screen, Screen::Form, "{}", self.journey.text());
        let is_looked_up = |journey: &Journey| {
            let form = journey.console.state().sessions.form.as_ref().unwrap();
            !matches!(form.preflight, Lookup::Asked)
        };
        self.journey.until("looked up", is_looked_up).await;
    }

    /// Puts the cursor on an entry, a runbook or a run that is offered, and takes it.
    pub fn pick(&mut self, entry: &str) {
        let Some(Overlay::Offers(offers)) = self.journey.console.state().overlays.last() else {
            panic!("nothing is offered:\n{}", self.journey.text());
        };
        let named = |offer: &Offer| match offer {
            Offer::GoOn(run, _) => run.id.to_string(),
            Offer::Begin(row) => row.runbook.id.0.clone(),
            Offer::Use(row) => row.entry.id.0.clone(),
        };
        let row = offers.rows.iter().position(|offer| named(offer) == entry);
        let row = row.unwrap_or_else(|| panic!("{entry} is not offered:\n{}", self.journey.text()));
        (0..row).for_each(|_| drop(self.journey.press("j")));
        self.journey.press("enter");
    }

    /// Lets time go on until the change in front has come to its end.
    pub async fn carried_out(&mut self) {
        let begun = Instant::now();
        while self.journey.console.state().sessions.acting() > 0 {
            assert!(begun.elapsed() < 2 * PATIENCE, "never over:\n{}", self.journey.text());
            self.journey.let_time_pass("5s");
            self.hear().await;
        }
    }

    /// Takes what is told until nothing was for a moment.
    pub async fn hear(&mut self) {
        while timeout(Duration::from_millis(50), self.journey.console.reported()).await.is_ok() {}
        self.journey.draw();
    }

    pub fn live(&self) -> &Live {
        live(&self.journey)
    }

    /// Waits until the session in front shows a line.
    pub async fn line(&mut self, line: &str) {
        let is_there = |journey: &Journey| journey.lines().iter().any(|shown| shown.trim_end() == line);
        self.journey.until(line, is_there).await;
    }

    /// Waits until the session has ended and its recording is listed.
    pub async fn ended(&mut self) {
        let is_over = |journey: &Journey| {
            let sessions = &journey.console.state().sessions;
            sessions.open() == 0 && !sessions.recorded().is_empty()
        };
        self.journey.until("ended and listed", is_over).await;
    }

    /// Ends the session in front: the question comes first, and its first answer leaves it open.
    pub async fn end(&mut self, keys: &str, question: &str) {
        self.journey.press(keys);
        self.journey.shows(question);
        self.journey.press("enter");
        assert!(self.live().is_open());
        self.journey.press(keys);
        self.journey.press("j enter");
        self.ended().await;
    }

    /// Returns the records of the journal, once its chain was found whole; none where none was written.
    pub fn records(&self) -> Vec<Value> {
        let path = self.folder.path().join(journal::FILE);
        let Ok(text) = fs::read_to_string(&path) else { return Vec::new() };
        let verified = chain::verify(&path).unwrap();
        let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(usize::try_from(verified.records).unwrap(), records.len());
        records
    }

    /// Returns kinds, entries and results of the journal, once its chain was found whole.
    pub fn journal(&self) -> Vec<(String, String, String)> {
        let records = self.records();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let row = |record: &Value| (word(&record["kind"]), word(&record["act"]["entry"]), word(&record["result"]));
        records.iter().map(row).collect()
    }

    /// Returns the text of the only recording.
    pub fn recording(&self) -> String {
        let listed = self.journey.console.state().sessions.recorded();
        assert_eq!(listed.len(), 1, "{listed:?}");
        fs::read_to_string(&listed[0].path).unwrap()
    }

    /// Checks that the journal holds this one operation from its intent to its outcome.
    #[track_caller]
    pub fn assert_journal(&self, entry: &str, result: &str) {
        let expected = [("intent", entry, ""), ("outcome", entry, result)];
        let expected = expected.map(|(kind, entry, result)| (kind.to_owned(), entry.to_owned(), result.to_owned()));
        assert_eq!(self.journal(), expected);
    }
}

pub fn live(journey: &Journey) -> &Live {
    journey.console.state().sessions.live.first().unwrap()
}
