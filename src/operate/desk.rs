//! The journal of one operation: its intent, and the outcome that it gets whatever happens.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    domain::{fetch::Failure, identity::RoleResolution, progress::Finish, session::End, target::Target},
    journal::{About, Denied, Ending, Intent, Journal, Outcome, RunStep},
    policy::{Authorized, Denial, Op},
};

use super::{Inner, Refused, begin::Asked, look::Asker};

/// An intent that is written down, and where its outcome goes.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    journal: Arc<Journal>,
    intent: Intent,
    /// When the intent was written.
    pub(super) at: Timestamp,
}

/// How an operation ended, for the journal.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    pub(super) end: End,
    /// How that counts.
    pub(super) result: Ending,
    pub(super) session_ids: Vec<String>,
    pub(super) request_id: Option<String>,
    pub(super) execution_id: Option<String>,
    pub(super) recording_sha256: Option<String>,
}

impl Closing {
    /// Makes it of an end alone, which counts as its words say.
    pub(super) fn of(end: End) -> Self {
        let result = match &end {
            End::Closed { .. } | End::Finished(Finish::Done) => Ending::Done,
            End::Terminated | End::Finished(Finish::Cancelled) => Ending::Terminated,
            End::LimitReached => Ending::LimitReached,
            End::Lost { .. } => Ending::Lost,
            End::Unrecorded { .. } | End::Failed { .. } | End::Finished(Finish::Failed { .. }) => Ending::Failed,
            End::Unknown { .. } | End::Finished(Finish::Unknown { .. }) => Ending::Unknown,
        };
        let (session_ids, recording_sha256) = (Vec::new(), None);
        Self { end, result, session_ids, request_id: None, execution_id: None, recording_sha256 }
    }

    /// Returns what went wrong, where something did.
    fn error(&self) -> Option<String> {
        let text = match &self.end {
            End::Closed { output } => output,
            End::Unrecorded { why }
            | End::Lost { why }
            | End::Failed { why }
            | End::Unknown { why }
            | End::Finished(Finish::Failed { why } | Finish::Unknown { why }) => why,
            End::Terminated | End::LimitReached | End::Finished(Finish::Done | Finish::Cancelled) => return None,
        };
        (!text.is_empty()).then(|| text.clone())
    }
}

impl Desk {
    /// Writes down what is about to happen.
    ///
    /// # Errors
    /// [`Refused::Journal`]; nothing may be done then.
    pub(super) async fn open(
        inner: &Arc<Inner>,
        asker: &Asker,
        authorized: &Authorized<Op>,
        target: &Target,
        run: Option<RunStep>,
    ) -> Result<Self, Refused> {
        let at = inner.outfit.clock.now();
        let about = About {
            host: inner.outfit.host.clone(),
            target: target.clone(),
            account: asker.connection.identity().account,
            region: asker.connection.region().to_owned(),
            run,
            at,
        };
        let authorized = authorized.clone();
        blocking(inner, move |journal| {
            let intent = journal.intent(&authorized, &about)?;
            Ok(Self { journal: Arc::clone(journal), intent, at })
        })
        .await
    }

    /// Writes down what came of it.
    ///
    /// # Errors
    /// Why it could not be written, in the words of the system.
    pub(super) async fn close(&self, closing: &Closing, now: Timestamp) -> Result<(), String> {
        let outcome = Outcome {
            result: closing.result,
            session_ids: closing.session_ids.clone(),
            request_id: closing.request_id.clone(),
            execution_id: closing.execution_id.clone(),
            duration: now.duration_since(self.at),
            error: closing.error(),
            recording_sha256: closing.recording_sha256.clone(),
            at: now,
        };
        let (journal, intent) = (Arc::clone(&self.journal), self.intent.clone());
        let written = tokio::task::spawn_blocking(move || journal.outcome(&intent, &outcome).map(drop)).await;
        let written =
            written.map_err(|error| error.to_string()).and_then(|done| done.map_err(|error| error.to_string()));
        if let Err(why) = &written {
            tracing::error!(%why, "an outcome was not written to the journal");
        }
        written
    }
}

/// Writes down what the gate did not let through.
///
/// # Errors
/// [`Refused::Journal`].
pub(super) async fn denied(inner: &Arc<Inner>, asker: &Asker, asked: &Asked, denial: Denial) -> Result<(), Refused> {
    let (request, run) = (asked.request.clone(), asked.run.clone());
    let (asker, host, at) = (asker.clone(), inner.outfit.host.clone(), inner.outfit.clock.now());
    blocking(inner, move |journal| {
        let denied = Denied {
            request: &request,
            denial: &denial,
            identity: Some(asker.connection.identity()),
            unverified: None,
            role: &asker.role,
            environment: &asker.environment,
            catalogue: asker.catalogue.hash(),
            host: &host,
            run: run.as_ref(),
            at,
        };
        journal.denied(&denied).map(drop)
    })
    .await
}

/// Writes down what nobody was let do, since nobody could find out who asks.
///
/// # Errors
/// [`Refused::Journal`].
pub(super) async fn unverified(inner: &Arc<Inner>, asked: &Asked, failure: &Failure) -> Result<(), Refused> {
    let (request, run) = (asked.request.clone(), asked.run.clone());
    let environment = inner.configured(&request.environment)?.environment.clone();
    let catalogue = inner.outfit.catalogues.get(&environment.name);
    let catalogue = catalogue.map(|catalogue| catalogue.hash().to_owned()).unwrap_or_default();
    let (host, at) = (inner.outfit.host.clone(), inner.outfit.clock.now());
    let why = format!("{} {}: {}", failure.action, failure.kind.name(), failure.detail);
    blocking(inner, move |journal| {
        let denied = Denied {
            request: &request,
            denial: &Denial::NotVerified,
            identity: None,
            unverified: Some(&why),
            role: &RoleResolution::None,
            environment: &environment,
            catalogue: &catalogue,
            host: &host,
            run: run.as_ref(),
            at,
        };
        journal.denied(&denied).map(drop)
    })
    .await
}

/// Does work on the journal on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    inner: &Arc<Inner>,
    work: impl FnOnce(&Arc<Journal>) -> Result<T, crate::journal::JournalError> + Send + 'static,
) -> Result<T, Refused> {
    let inner = Arc::clone(inner);
    let done = tokio::task::spawn_blocking(move || {
        let journal = inner.journal()?;
        work(&journal).map_err(|error| Refused::Journal { why: error.to_string() })
    });
    done.await.unwrap_or_else(|error| Err(Refused::Journal { why: error.to_string() }))
}
