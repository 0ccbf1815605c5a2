//! Shells and commands in containers: what is typed goes there, what is shown comes back and is recorded.

use std::{io, sync::Arc};

use bytes::{Buf as _, Bytes};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use crate::{
    domain::session::{End, Link, SessionReport},
    session::{
        SessionError, channel,
        conduit::{Conduit, FromFarSide, Kind, Leash},
        control::{ControlPlane, Ticket},
    },
};

use super::{
    desk::Closing,
    limit::Limit,
    run::{GRACE, Run},
    tape::{Links, Tape},
};

/// How much is recorded at once, which the recording takes whole or not at all.
const PIECE: usize = 16 * 1024;

/// What ended the passing to and fro.
enum Turn {
    /// The far side said all that it had to say.
    Over,
    /// We ended it.
    Ours(End),
}

impl Run {
    /// Starts a session, passes on what is typed and shown, and returns how it ended.
    pub(super) async fn shell(&mut self) -> Closing {
        // Waited for to its end: a session whose ticket nobody took would go on for a while.
        let ticket = match self.acting.start().await {
            Ok(ticket) => ticket,
            Err(error) => {
                let why = SessionError::Control(error).describe(self.inner.outfit.texts);
                return self.not_started(why).await;
            }
        };
        let limit = Limit::new(self.inner.outfit.clock.clone(), self.acting.authorized().grant().limit);
        let session_id = ticket.session_id.clone();
        let tape = match Tape::start(self, &session_id).await {
            Ok(tape) => tape,
            Err(error) => {
                self.terminate(&session_id).await;
                return Closing::of(End::Unrecorded { why: error.to_string() });
            }
        };
        let end = match self.open(ticket, &limit).await {
            Ok(conduit) => self.hold(conduit, &tape, &limit).await,
            Err(end) => {
                if end == End::LimitReached {
                    tape.limit_reached().await;
                }
                end
            }
        };
        self.finish(tape, end).await
    }

    /// Opens the data channel; one that nobody wants any more ends its session by itself.
    async fn open(&mut self, ticket: Ticket, limit: &Limit) -> Result<Conduit, End> {
        let control: Arc<dyn ControlPlane> = Arc::clone(&self.acting) as _;
        let session_id = ticket.session_id.clone();
        let opened = channel::open(ticket, control, self.options());
        let opened = tokio::select! {
            opened = opened => opened,
            () = self.unwanted() => Err(SessionError::Cancelled),
            () = limit.reached() => Err(SessionError::Cancelled),
        };
        match opened {
            Ok(conduit) if conduit.kind == Kind::Shell => Ok(conduit),
            Ok(conduit) => {
                drop(conduit.leash);
                self.terminate(&session_id).await;
                let error = SessionError::Handshake { what: "SessionType".to_owned() };
                Err(End::Failed { why: error.describe(self.inner.outfit.texts) })
            }
            Err(SessionError::Cancelled) => {
                self.terminate(&session_id).await;
                Err(if limit.is_reached() { End::LimitReached } else { End::Terminated })
            }
            Err(error) => Err(End::Failed { why: error.describe(self.inner.outfit.texts) }),
        }
    }

    /// Passes on what is typed and shown until either side ends it, the limit is reached, or it cannot be recorded.
    async fn hold(&mut self, conduit: Conduit, tape: &Tape, limit: &Limit) -> End {
        let Conduit { session_id, message, to, mut from, link, end, leash, .. } = conduit;
        let opened = SessionReport::Opened {
            session_id: session_id.clone(),
            target: self.acting.destination().clone(),
            ends_at: limit.ends_at,
            recorded: tape.is_on(),
            local: None,
        };
        let message = (!message.is_empty()).then_some(SessionReport::Message(message));
        for report in [opened].into_iter().chain(message) {
            let _ = self.reports.send(report).await;
        }
        let mut pending = Bytes::new();
        let Self { intake, stop, reports, .. } = self;
        let turn = tokio::select! {
            turn = show(&mut from, &mut pending, tape, reports) => turn,
            () = intake.feed(&to, tape) => Turn::Ours(End::Terminated),
            () = stop.cancelled() => Turn::Ours(End::Terminated),
            () = reports.closed() => Turn::Ours(End::Terminated),
            () = limit.reached() => Turn::Ours(End::LimitReached),
            why = tape.broken() => Turn::Ours(End::Unrecorded { why }),
            () = tell_link(link, tape, reports) => Turn::Over,
            () = limit.warn(reports, tape) => Turn::Over,
        };
        match turn {
            Turn::Over => self.ended(end, leash, &session_id).await,
            Turn::Ours(ours) => {
                drop(leash);
                if ours == End::LimitReached {
                    tape.limit_reached().await;
                }
                let last = drain(&mut from, pending, tape, &self.reports);
                let over = async { futures::join!(over(end), last).0 };
                if timeout(GRACE, over).await.ok().flatten().is_none() {
                    self.terminate(&session_id).await;
                }
                ours
            }
        }
    }

    /// Waits for the word on how a session ended that says nothing more.
    async fn ended(&self, end: watch::Receiver<Option<End>>, leash: Leash, session_id: &str) -> End {
        if let Some(end) = timeout(GRACE, over(end)).await.ok().flatten() {
            if matches!(end, End::Closed { .. }) {
                self.acting.note_over(session_id);
            }
            return end;
        }
        drop(leash);
        self.terminate(session_id).await;
        End::Lost { why: String::new() }
    }
}

/// Waits until the end of a session is known; nothing where whoever knows is gone.
async fn over(mut end: watch::Receiver<Option<End>>) -> Option<End> {
    end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone())
}

/// Records and shows what comes, in this order, until nothing more does.
///
/// May be given up while it waits: what came and is not recorded yet is left in `pending`.
async fn show(
    from: &mut mpsc::Receiver<FromFarSide>,
    pending: &mut Bytes,
    tape: &Tape,
    reports: &mpsc::Sender<SessionReport>,
) -> Turn {
    while let Some(next) = from.recv().await {
        let (FromFarSide::Data(bytes) | FromFarSide::StandardError(bytes)) = next else { continue };
        pending.clone_from(&bytes);
        if let Err(error) = record(pending, tape).await {
            return Turn::Ours(End::Unrecorded { why: error.to_string() });
        }
        if reports.send(SessionReport::Output(Arc::from(&bytes[..]))).await.is_err() {
            return Turn::Ours(End::Terminated);
        }
    }
    Turn::Over
}

/// Records what still comes of a session that is being ended, what is pending first, and shows it where there is room.
async fn drain(
    from: &mut mpsc::Receiver<FromFarSide>,
    mut pending: Bytes,
    tape: &Tape,
    reports: &mpsc::Sender<SessionReport>,
) {
    loop {
        let bytes = pending.clone();
        if !bytes.is_empty() && record(&mut pending, tape).await.is_ok() {
            let _ = reports.try_send(SessionReport::Output(Arc::from(&bytes[..])));
        }
        pending = match from.recv().await {
            Some(FromFarSide::Data(bytes) | FromFarSide::StandardError(bytes)) => bytes,
            Some(_) => Bytes::new(),
            None => return,
        };
    }
}

/// Records what is pending; what is left of it then is not recorded, however this ends.
///
/// # Errors
/// Where the recording cannot go on.
async fn record(pending: &mut Bytes, tape: &Tape) -> io::Result<()> {
    while !pending.is_empty() {
        let piece = pending.len().min(PIECE);
        tape.output(&pending[..piece]).await?;
        pending.advance(piece);
    }
    Ok(())
}

/// Tells how the link stands each time that it changes, records when it is lost and back, and never returns.
async fn tell_link(mut link: watch::Receiver<Link>, tape: &Tape, reports: &mpsc::Sender<SessionReport>) {
    link.mark_changed();
    let mut links = Links::default();
    while link.changed().await.is_ok() {
        let now = link.borrow_and_update().clone();
        if let Some(is_lost) = links.change([&now].into_iter()) {
            tape.link(is_lost).await;
        }
        if reports.send(SessionReport::Link(now)).await.is_err() {
            break;
        }
    }
    std::future::pending::<()>().await;
}
