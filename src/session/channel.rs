//! A session's data channel: one connection at a time, taken up again when it breaks, until the session ends.
//!
//! [`open`] starts one task. In it, a core of plain state turns frames into bytes in order and bytes into frames; the
//! task carries the frames, keeps time and dials.

mod core;
mod ending;
mod life;
mod outgoing;
mod resume;
mod wire;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{core::Core, life::Life};
use super::conduit::{Conduit, Leash};
use super::control::{ControlPlane, Ticket};
use super::{Options, SessionError};
use crate::domain::session::Link;

/// How many items wait in each direction between the channel and whoever uses it.
const QUEUE: usize = 128;

/// Opens the data channel of a session that was started, and returns once the session is ready.
///
/// A session that does not come about is ended at AWS too, and so is one whose future is dropped before it is ready.
///
/// # Errors
///
/// Where the address is not AWS's, the service cannot be reached or closes the session, the agent asks for what cannot
/// be, or the far side says nothing within [`Options::patience`].
pub async fn open(ticket: Ticket, control: Arc<dyn ControlPlane>, options: Options) -> Result<Conduit, SessionError> {
    let leash = CancellationToken::new();
    let guard = leash.clone().drop_guard();
    let (to, outgoing) = mpsc::channel(QUEUE);
    let (incoming, from) = mpsc::channel(QUEUE);
    let (link_sender, link) = watch::channel(Link::Connecting);
    let (end_sender, end) = watch::channel(None);
    let (ready_sender, ready) = oneshot::channel();
    let session_id = ticket.session_id.clone();
    let life = Life {
        core: Core::new(&session_id, control.target(), &options),
        session_id: session_id.clone(),
        control,
        options,
        client_id: Uuid::new_v4(),
        begun: Instant::now(),
        link: link_sender,
        end: end_sender,
        to: Some(outgoing),
        from: Some(incoming),
        ready: Some(ready_sender),
        leash,
        key: None.into(),
        short_lived: 0,
    };
    tokio::spawn(life.run(ticket));
    let ready = ready.await.unwrap_or(Err(SessionError::Cancelled))?;
    Ok(Conduit {
        session_id,
        kind: ready.kind,
        agent: ready.agent,
        message: ready.message,
        to,
        from,
        link,
        end,
        leash: Leash(guard),
    })
}
