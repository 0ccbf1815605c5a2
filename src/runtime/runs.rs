//! Does for the console what runs of runbooks want of the disk, one wish after the other.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::i18n::Texts;
use crate::runbook::run::{Run, RunId};
use crate::runbook::store::{Held, RunError, RunStore};
use crate::runbook::words;
use crate::state::runbooks::{RunList, RunReport, RunRow, RunWish};

use super::host::HostEvent;

/// Wishes that may wait; the console says so where there are more.
const WAITING: usize = 64;

/// The line to whoever has the runs.
pub(super) struct Runs {
    wishes: Option<mpsc::Sender<RunWish>>,
    task: Option<JoinHandle<()>>,
    events: mpsc::Sender<HostEvent>,
    texts: Texts,
    /// The runs that could not be let go of at once; that is not told to anybody, and is done with the next wish.
    late: Vec<RunId>,
}

impl Runs {
    /// Takes runs from a store. Must be called within a tokio runtime.
    pub(super) fn new(store: RunStore, texts: Texts, events: mpsc::Sender<HostEvent>) -> Self {
        let (wishes, received) = mpsc::channel(WAITING);
        let task = tokio::spawn(attend(Keeper { store, texts, held: BTreeMap::new() }, received, events.clone()));
        Self { wishes: Some(wishes), task: Some(task), events, texts, late: Vec::new() }
    }

    /// Asks for something; what cannot even be asked for is answered as not done.
    pub(super) fn ask(&mut self, wish: RunWish) {
        let Some(wishes) = &self.wishes else { return };
        self.late.retain(|id| wishes.try_send(RunWish::Release(id.clone())).is_err());
        if let Err(mpsc::error::TrySendError::Full(wish) | mpsc::error::TrySendError::Closed(wish)) =
            wishes.try_send(wish)
        {
            if let RunWish::Release(id) = &wish {
                self.late.push(id.clone());
            }
            let why = self.texts.get("runbooks.notice.busy").to_owned();
            let events = self.events.clone();
            if let Some(report) = failed(wish, why) {
                // Nobody listens any more once the console is gone.
                tokio::spawn(async move { events.send(HostEvent::Run(report)).await });
            }
        }
    }

    /// Takes no more wishes, and returns what ends once all of them were done.
    pub(super) fn close(&mut self) -> Option<JoinHandle<()>> {
        self.wishes = None;
        self.task.take()
    }
}

/// Answers a wish that was not done; nothing where nobody waits for an answer.
fn failed(wish: RunWish, why: String) -> Option<RunReport> {
    match wish {
        RunWish::List => Some(RunReport::Listed(Err(why))),
        RunWish::Begin { .. } | RunWish::Open(_) => Some(RunReport::Opened(Err(why))),
        RunWish::Keep { run, revision } => Some(RunReport::Kept { id: run.id.clone(), revision, done: Err(why) }),
        RunWish::Export(run) => Some(RunReport::Exported { id: run.id.clone(), files: Err(why) }),
        RunWish::Release(_) => None,
    }
}

async fn attend(mut keeper: Keeper, mut wishes: mpsc::Receiver<RunWish>, events: mpsc::Sender<HostEvent>) {
    while let Some(wish) = wishes.recv().await {
        let done = spawn_blocking(move || {
            let report = keeper.carry_out(wish);
            (keeper, report)
        });
        let report;
        (keeper, report) = match done.await {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        if let Some(report) = report {
            // What was kept stays kept, whoever listens.
            let _ = events.send(HostEvent::Run(report)).await;
        }
    }
}

/// Has the runs of this console.
struct Keeper {
    store: RunStore,
    texts: Texts,
    held: BTreeMap<RunId, Held>,
}

impl Keeper {
    /// Does what is wished. This waits for the disk.
    fn carry_out(&mut self, wish: RunWish) -> Option<RunReport> {
        Some(match wish {
            RunWish::List => RunReport::Listed(self.list()),
            RunWish::Begin { setting, runbook, actor, at } => {
                let begun = self.store.begin(setting, &runbook, actor, at);
                RunReport::Opened(self.hold(begun))
            }
            RunWish::Open(id) => RunReport::Opened(self.open(&id)),
            RunWish::Keep { run, revision } => {
                let id = run.id.clone();
                let done = self.keep(Run::clone(&run)).map_err(|error| self.word(&error));
                RunReport::Kept { id, revision, done }
            }
            RunWish::Export(run) => RunReport::Exported { id: run.id.clone(), files: self.export(&run) },
            RunWish::Release(id) => {
                self.held.remove(&id);
                return None;
            }
        })
    }

    fn word(&self, error: &RunError) -> String {
        words::run_error(self.texts, error)
    }

    fn list(&self) -> Result<RunList, String> {
        let (runs, broken) = self.store.list().map_err(|error| self.word(&error))?;
        Ok(RunList { rows: runs.iter().map(RunRow::of).collect(), broken })
    }

    fn hold(&mut self, opened: Result<Held, RunError>) -> Result<Box<Run>, String> {
        let held = opened.map_err(|error| self.word(&error))?;
        let run = Box::new(held.run.clone());
        self.held.insert(run.id.clone(), held);
        Ok(run)
    }

    /// Takes a run up; one that is over needs not be had to be read.
    fn open(&mut self, id: &RunId) -> Result<Box<Run>, String> {
        if let Some(held) = self.held.get(id) {
            return Ok(Box::new(held.run.clone()));
        }
        match self.store.read(id) {
            Ok(run) if run.is_over() => Ok(Box::new(run)),
            _ => {
                let opened = self.store.open(id);
                self.hold(opened)
            }
        }
    }

    fn keep(&mut self, run: Run) -> Result<(), RunError> {
        let held = self.held.get_mut(&run.id).ok_or_else(|| RunError::NotThere(run.id.clone()))?;
        held.run = run;
        held.save()
    }

    fn export(&self, run: &Run) -> Result<Vec<String>, String> {
        self.store.export(run, self.texts).map_err(|error| self.word(&error))
    }
}
