//! Connects for the first time, and again when a connection broke.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::core::Phase;
use super::life::{Life, Over};
use super::wire::{Broken, Wire};
use crate::domain::session::Link;
use crate::session::SessionError;
use crate::session::control::Ticket;
use crate::session::dial::{dial, is_empty};

/// The longest wait before the first new try.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// A connection that breaks sooner is no sign that things are well again.
const SHORT: Duration = Duration::from_secs(10);

/// How often a new session is dialled.
const FIRST_DIALS: u32 = 3;

impl Life {
    /// Connects a session that was just started; a few times, as its token holds for a while.
    pub(super) async fn first_dial(&mut self, ticket: &Ticket) -> Result<Wire, Over> {
        let mut attempt = 0;
        loop {
            let dialled = tokio::select! {
                biased;
                () = self.leash.cancelled() => return Err(Over::Given),
                dialled = dial(ticket, self.client_id, &*self.control, &self.options.endpoints) => dialled,
            };
            attempt += 1;
            match dialled {
                Ok(socket) => return Ok(Wire::new(socket)),
                Err(error) => {
                    let may_pass = attempt < FIRST_DIALS && self.begun.elapsed() < self.options.patience;
                    if !(may_pass && is_passing(&error)) {
                        return Err(Over::Failed(error));
                    }
                    self.pause(attempt).await?;
                }
            }
        }
    }

    /// Takes the session up on a new connection, for as long as it can live.
    pub(super) async fn take_up(&mut self, broken: Broken, up_since: Instant) -> Result<Wire, Over> {
        let (since, broken_at) = ((self.options.now)(), Instant::now());
        let mut why = broken.why;
        let mut attempt = 1_u32;
        let leash = self.leash.clone();
        self.short_lived = if up_since.elapsed() < SHORT { self.short_lived.saturating_add(1) } else { 0 };
        tracing::info!(session = %self.session_id, %why, "the link broke");
        loop {
            self.tell(Link::Lost { since, attempt, why: why.clone() });
            // What the service does every hour needs no thought; what went wrong, some.
            if attempt > 1 || !broken.is_routine || self.short_lived > 1 {
                self.pause(attempt.saturating_add(self.short_lived)).await?;
            }
            let tried = tokio::select! {
                biased;
                () = leash.cancelled() => return Err(Over::Given),
                tried = self.try_again(&why) => tried?,
            };
            match tried {
                Ok(wire) => {
                    self.core.reconnect(Instant::now(), broken.is_routine);
                    return Ok(wire);
                }
                Err(error) => why = error.to_string(),
            }
            if self.core.phase != Phase::Ready && self.begun.elapsed() >= self.options.patience {
                return Err(Over::Failed(SessionError::Dial { why }));
            }
            if broken_at.elapsed() >= self.options.resume_for {
                return Err(Over::Lost { why });
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// Tries once; the outer error ends the session, the inner one only this try.
    async fn try_again(&mut self, why: &str) -> Result<Result<Wire, SessionError>, Over> {
        let ticket = match self.control.resume(&self.session_id).await {
            Ok(Some(ticket)) if !is_empty(&ticket.token) => ticket,
            Ok(_) => return Err(Over::Lost { why: why.to_owned() }),
            Err(error) if error.is_passing => return Ok(Err(error.into())),
            Err(error) => return Err(Over::Lost { why: error.to_string() }),
        };
        match dial(&ticket, self.client_id, &*self.control, &self.options.endpoints).await {
            Ok(socket) => Ok(Ok(Wire::new(socket))),
            Err(error) if is_passing(&error) => Ok(Err(error)),
            Err(error) => Err(Over::Lost { why: error.to_string() }),
        }
    }

    /// Waits a random time, longer with each try, so that not all come back at once.
    async fn pause(&mut self, attempt: u32) -> Result<(), Over> {
        let longest = FIRST_BACKOFF * 2_u32.saturating_pow(attempt.saturating_sub(1).min(16));
        let wait = longest.min(self.options.longest_backoff).mul_f64(fastrand::f64());
        tokio::select! {
            biased;
            () = self.leash.cancelled() => Err(Over::Given),
            () = sleep(wait) => Ok(()),
        }
    }
}

/// Tells whether another try may help.
fn is_passing(error: &SessionError) -> bool {
    match error {
        SessionError::Dial { .. } => true,
        SessionError::Control(error) => error.is_passing,
        _ => false,
    }
}
