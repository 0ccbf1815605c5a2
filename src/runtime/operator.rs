//! The host of the console's sessions that really carries them out.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::domain::session::{LiveId, SessionReport};
use crate::domain::target::Target;
use crate::i18n::Texts;
use crate::journal::recording::recordings;
use crate::operate::{Input, Live, Operator, Refused};
use crate::policy::Request;
use crate::runbook::entry::EntryId;
use crate::state::event::TokenUse;
use crate::state::sessions::Recordings;
use crate::state::sessions::live::Refusal;
use crate::ui::words;

use super::host::{Done, HostEvent, Hosted, SessionHost, WAITING_EVENTS};

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
    lines: Arc<Mutex<HashMap<LiveId, Live>>>,
}

impl OperatorHost {
    /// Makes a host of an operator, with the line from it; `recordings` is the folder where it keeps them. What it does
    /// goes on in the tokio runtime that the console runs in.
    pub fn hosted(operator: Operator, texts: Texts, recordings: PathBuf) -> Hosted {
        let (events, received) = mpsc::channel(WAITING_EVENTS);
        Hosted::new(Box::new(Self { operator, texts, recordings, events, lines: Arc::default() }), received)
    }

    fn with<T>(&self, id: LiveId, act: impl FnOnce(&Live) -> T) -> Option<T> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).get(&id).map(act)
    }
}

impl SessionHost for OperatorHost {
    fn preflight(&mut self, id: LiveId, environment: String, entry: EntryId) {
        let (operator, events, texts) = (self.operator.clone(), self.events.clone(), self.texts);
        tokio::spawn(async move {
            let event = match operator.look(&environment, &entry).await {
                Ok(look) => HostEvent::Report(id, SessionReport::Preflight(look.preflight)),
                Err(refused) => HostEvent::Refused(id, refusal(refused, texts)),
            };
            // Nobody listens any more once the console is gone.
            let _ = events.send(event).await;
        });
    }

    fn start(&mut self, id: LiveId, request: Request, target: Option<Target>, size: Option<(u16, u16)>) {
        let (operator, events, texts) = (self.operator.clone(), self.events.clone(), self.texts);
        let lines = Arc::clone(&self.lines);
        tokio::spawn(async move {
            let (reports, mut told) = mpsc::channel(WAITING_REPORTS);
            let started = operator.start(request, size, target, reports).await;
            match started {
                Ok(live) => lines.lock().unwrap_or_else(PoisonError::into_inner).insert(id, live),
                Err(refused) => {
                    let _ = events.send(HostEvent::Refused(id, refusal(refused, texts))).await;
                    return;
                }
            };
            while let Some(report) = told.recv().await {
                if events.send(HostEvent::Report(id, report)).await.is_err() {
                    break;
                }
            }
            lines.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        });
    }

    fn input(&mut self, id: LiveId, bytes: Vec<u8>) -> bool {
        self.with(id, |live| live.input.try_send(Input::Bytes(Bytes::from(bytes))).is_ok()).unwrap_or(false)
    }

    fn size(&mut self, id: LiveId, columns: u16, rows: u16) {
        if let Some(input) = self.with(id, |live| live.input.clone()) {
            // A size must not be lost where keys are waiting.
            tokio::spawn(async move {
                let _ = input.send(Input::Size(columns, rows)).await;
            });
        }
    }

    fn end(&mut self, id: LiveId) {
        self.with(id, Live::end);
    }

    fn token(&mut self, id: LiveId, then: TokenUse) {
        let Some(tokens) = self.with(id, Live::tokens) else { return };
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

    fn shutdown(&mut self) -> Done {
        let operator = self.operator.clone();
        Box::pin(async move {
            operator.shutdown().await;
        })
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
