//! How a session ends: the far side is told, AWS where that is needed, and everybody who watches.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep_until, timeout};

use super::core::Phase;
use super::life::{Life, Over};
use super::wire::{Arrived, Wire};
use crate::domain::session::{End, Link};
use crate::session::SessionError;
use crate::session::conduit::{Flag, Kind, Version};
use crate::session::control::ControlPlane;

/// How long AWS may take to end a session.
const TERMINATE_WITHIN: Duration = Duration::from_secs(10);

/// For how long of that whoever waits for a session is not told that there is none.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

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
    ///
    /// A program may exit with what it is told, and is to leave nothing behind. Of a link that was lost those who
    /// watch hear at once: AWS is hardly to be reached then.
    pub(super) async fn finish(mut self, over: Over) {
        let is_known = matches!(over, Over::Closed { .. } | Over::Obeyed);
        let is_lost = matches!(over, Over::Lost { .. });
        let (error, end) = match over {
            Over::Closed { output } => (SessionError::Closed { output: output.clone() }, End::Closed { output }),
            Over::Given | Over::Obeyed => (SessionError::Cancelled, End::Terminated),
            Over::Lost { why } => (SessionError::Dial { why: why.clone() }, End::Lost { why }),
            Over::Failed(error) => {
                let why = error.to_string();
                (error, End::Failed { why })
            }
        };
        let mut terminated = pin!(terminate(Arc::clone(&self.control), self.session_id.clone()));
        let mut is_done = is_known;
        if let Some(ready) = self.ready.take() {
            is_done = is_done || timeout(TOLD_WITHIN, &mut terminated).await.is_ok();
            let _ = ready.send(Err(error));
        }
        let terminated = async {
            if !is_done {
                terminated.await;
            }
        };
        if is_lost {
            self.mark(end);
            futures::join!(terminated, self.hand_over_rest());
        } else {
            terminated.await;
            self.mark(end);
            self.hand_over_rest().await;
        }
    }

    fn mark(&self, end: End) {
        self.tell(Link::Ended);
        self.end.send_replace(Some(end));
    }

    /// Hands over what came before the end, and then that there is no more.
    async fn hand_over_rest(&mut self) {
        let Some(from) = self.from.take() else { return };
        while let Some(item) = self.core.take_staged() {
            if from.send(item).await.is_err() {
                return;
            }
        }
    }
}

async fn terminate(control: Arc<dyn ControlPlane>, session: String) {
    match timeout(TERMINATE_WITHIN, control.terminate(&session)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%session, %error, "the session was not ended"),
        Err(_) => tracing::warn!(%session, "ending the session took too long"),
    }
}
