//! How a session ends: the far side is told, AWS where that is needed, and everybody who watches.

use std::time::{Duration, Instant};

use tokio::time::{sleep_until, timeout};

use super::core::Phase;
use super::life::{Life, Over};
use super::wire::{Arrived, Wire};
use crate::domain::session::{End, Link};
use crate::session::SessionError;
use crate::session::conduit::{Flag, Kind, Version};

/// How long AWS may take to end a session.
const TERMINATE_WITHIN: Duration = Duration::from_secs(10);

impl Life {
    /// Ends the session by its channel, where the agent understands that.
    pub(super) async fn end_far_side(&mut self, wire: &mut Wire) -> Over {
        let understands = self.core.agent.as_ref().is_some_and(Version::understands_terminate);
        if !(understands && matches!(self.core.kind, Kind::Port(_)) && self.core.phase == Phase::Ready) {
            return Over::Given;
        }
        self.core.outgoing.clear();
        self.core.push_flag(Flag::TerminateSession);
        let farewell = async {
            let mut inbox = Vec::new();
            loop {
                let now = Instant::now();
                self.core.advance(now, true);
                let due = self.core.due(now).unwrap_or(now + self.options.end_within);
                let exchanged = tokio::select! {
                    exchanged = wire.exchange(&mut self.core, &mut inbox, true) => exchanged,
                    () = sleep_until(due.into()) => Ok(()),
                };
                for arrived in inbox.drain(..) {
                    if let Arrived::Frame(frame) = arrived {
                        self.core.arrived(&frame, now);
                    }
                }
                // What comes now comes too late for anybody.
                while self.core.take_staged().is_some() {}
                if exchanged.is_err() || self.core.closed.is_some() {
                    return;
                }
            }
        };
        match timeout(self.options.end_within, farewell).await {
            Ok(()) => Over::Obeyed,
            Err(_) => Over::Given,
        }
    }

    /// Tells everybody that the session is over, AWS first where it does not know.
    pub(super) async fn finish(mut self, over: Over) {
        let is_known = matches!(over, Over::Closed { .. } | Over::Obeyed);
        let end = match over {
            Over::Closed { output } => {
                self.give_up(SessionError::Closed { output: output.clone() });
                End::Closed { output }
            }
            Over::Given | Over::Obeyed => {
                self.give_up(SessionError::Cancelled);
                End::Terminated
            }
            Over::Lost { why } => {
                self.give_up(SessionError::Dial { why: why.clone() });
                End::Lost { why }
            }
            Over::Failed(error) => {
                let why = error.to_string();
                self.give_up(error);
                End::Failed { why }
            }
        };
        if !is_known {
            self.terminate().await;
        }
        self.tell(Link::Ended);
        self.end.send_replace(Some(end));
        let Some(from) = self.from.take() else { return };
        while let Some(item) = self.core.take_staged() {
            if from.send(item).await.is_err() {
                return;
            }
        }
    }

    /// Says why there is no session, where somebody still waits for one.
    fn give_up(&mut self, error: SessionError) {
        if let Some(ready) = self.ready.take() {
            let _ = ready.send(Err(error));
        }
    }

    async fn terminate(&self) {
        let ended = timeout(TERMINATE_WITHIN, self.control.terminate(&self.session_id)).await;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(session = %self.session_id, %error, "the session was not ended"),
            Err(_) => tracing::warn!(session = %self.session_id, "ending the session took too long"),
        }
    }
}
