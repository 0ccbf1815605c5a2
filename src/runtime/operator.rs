//! The host of the console's sessions that really carries them out.

mod lines;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use crate::domain::session::{LiveId, SessionReport};
use crate::i18n::Texts;
use crate::journal::recording::recordings;
use crate::operate::{Input, Live, Operator, Refused};
use crate::runbook::entry::EntryId;
use crate::runbook::store::RunStore;
use crate::state::event::TokenUse;
use crate::state::journal::JournalWanted;
use crate::state::runbooks::RunWish;
use crate::state::sessions::Recordings;
use crate::state::sessions::live::Refusal;
use crate::ui::words;

use self::lines::Lines;
use super::host::{Asked, Done, HostEvent, Hosted, SessionHost, WAITING_EVENTS};
use super::runs::Runs;

/// Reports of one session that may wait to be handed on.
const WAITING_REPORTS: usize = 16;

/// Recordings that are listed.
const MOST_RECORDINGS: usize = 500;

/// Joins the console and the operator.
pub struct OperatorHost {
    operator: Operator,
    texts: Texts,
    recordings: PathBuf,
    events: mpsc::Sender<HostEvent>,
    journal: watch::Sender<Option<JournalWanted>>,
    runs: Runs,
    lines: Lines<Live>,
}

impl OperatorHost {
    /// Makes a host of an operator, with the line from it; `recordings` is the folder where it keeps them, `store` where
    /// runs are kept. What it does goes on in the tokio runtime that the console runs in.
    pub fn hosted(operator: Operator, texts: Texts, recordings: PathBuf, store: RunStore) -> Hosted {
        let (events, received) = mpsc::channel(WAITING_EVENTS);
        let (journal, wanted) = watch::channel(None);
        tokio::spawn(super::catalogues::watch(operator.clone(), events.clone()));
        tokio::spawn(super::journal::attend(operator.clone(), events.clone()));
        tokio::spawn(super::journal::read(operator.clone(), wanted, events.clone()));
        let (runs, lines) = (Runs::new(store, texts, events.clone()), Lines::default());
        Hosted::new(Box::new(Self { operator, texts, recordings, events, journal, runs, lines }), received)
    }
}

impl SessionHost for OperatorHost {
    fn preflight(&mut self, id: LiveId, environment: String, entry: EntryId, parameters: BTreeMap<String, String>) {
        let (operator, events, texts) = (self.operator.clone(), self.events.clone(), self.texts);
        tokio::spawn(async move {
            let event = match operator.look(&environment, &entry, &parameters).await {
                Ok(look) => HostEvent::Report(id, SessionReport::Preflight(look.preflight)),
                Err(refused) => HostEvent::Refused(id, refusal(refused, texts)),
            };
            // Nobody listens any more once the console is gone.
            let _ = events.send(event).await;
        });
    }

    fn start(&mut self, id: LiveId, Asked { request, target, size, step }: Asked) {
        let (operator, events, texts) = (self.operator.clone(), self.events.clone(), self.texts);
        let lines = self.lines.clone();
        lines.open(id);
        let asked = (request.environment.clone(), request.entry.clone());
        tokio::spawn(async move {
            let (reports, mut told) = mpsc::channel(WAITING_REPORTS);
            let started = match step {
                Some(step) => operator.start_step(step, request, size, target, reports).await,
                None => operator.start(request, size, target, reports).await,
            };
            match started {
                Ok(live) => lines.join(id, live),
                Err(refused) => {
                    lines.close(id);
                    let _ = events.send(HostEvent::Refused(id, refusal(refused, texts))).await;
                    return;
                }
            }
            while let Some(report) = told.recv().await {
                let is_tunnel = matches!(report, SessionReport::Opened { local: Some(_), .. });
                if events.send(HostEvent::Report(id, report)).await.is_err() {
                    break;
                }
                if is_tunnel {
                    tokio::spawn(tell_database(id, asked.clone(), operator.clone(), events.clone()));
                }
            }
            lines.close(id);
        });
    }

    fn input(&mut self, id: LiveId, bytes: Vec<u8>) -> bool {
        self.lines.far(id).is_some_and(|live| live.input.try_send(Input::Bytes(Bytes::from(bytes))).is_ok())
    }

    fn size(&mut self, id: LiveId, columns: u16, rows: u16) {
        self.lines.size(id, columns, rows);
    }

    fn end(&mut self, id: LiveId) {
        self.lines.end(id);
    }

    fn token(&mut self, id: LiveId, then: TokenUse) {
        let Some(tokens) = self.lines.far(id).map(|live| live.tokens()) else { return };
        let (events, texts) = (self.events.clone(), self.texts);
        tokio::spawn(async move {
            let made = match tokens.make().await {
                Ok(Some(token)) => Ok(token),
                Ok(None) => Err(texts.get("sessions.notice.no-token").to_owned()),
                Err(failure) => Err(words::failure_line(texts, &failure)),
            };
            let _ = events.send(HostEvent::Token(id, then, made)).await;
        });
    }

    fn recordings(&mut self) {
        let (events, folder) = (self.events.clone(), self.recordings.clone());
        tokio::spawn(async move {
            // The list waits for the disk.
            let listed = spawn_blocking(move || recordings(&folder, MOST_RECORDINGS)).await;
            let listed = match listed {
                Ok(Ok((list, more))) => Ok(Recordings { list, more }),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            let _ = events.send(HostEvent::Recordings(listed)).await;
        });
    }

    fn run(&mut self, wish: RunWish) {
        self.runs.ask(wish);
    }

    fn journal(&mut self, wanted: Option<JournalWanted>) {
        self.journal.send_replace(wanted);
    }

    fn shutdown(&mut self) -> Done {
        let operator = self.operator.clone();
        let kept = self.runs.close();
        Box::pin(async move {
            operator.shutdown().await;
            if let Some(kept) = kept {
                // What was written down last is on the disk before the program ends.
                let _ = kept.await;
            }
        })
    }
}

/// Looks up which database a tunnel leads to, and tells the console; without an answer it goes on as if nobody knew.
async fn tell_database(
    id: LiveId,
    (environment, entry): (String, EntryId),
    operator: Operator,
    events: mpsc::Sender<HostEvent>,
) {
    if let Ok(Some(database)) = operator.database_behind(&environment, &entry).await {
        let _ = events.send(HostEvent::Database(id, Arc::new(database))).await;
    }
}

/// Tells the console why nothing was started, in its words.
fn refusal(refused: Refused, texts: Texts) -> Refusal {
    match refused {
        Refused::Denied(denial) => Refusal::Denied(denial),
        Refused::Preflight(preflight) => Refusal::Preflight(preflight),
        Refused::Journal { why } => Refusal::Journal(why),
        Refused::Source(failure) => Refusal::Failed(words::failure_line(texts, &failure)),
        Refused::NoEnvironment(name) => Refusal::Failed(name),
        Refused::TargetGone(target) => {
            Refusal::Failed(texts.fill("sessions.refused.target-gone", &[("target", &target)]))
        }
        Refused::Ending => Refusal::Failed(texts.get("sessions.refused.ending").to_owned()),
    }
}
