//! Looks whether the destination answers, where no connection shows it.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use super::{
    connection::Far as _,
    fleet::Fleet,
    inbox::{Batch, StreamEnd},
    mux::Stream,
    session::{Session, Way},
    stats::Stats,
};

/// The request of Postgres for an encrypted connection, to which every server answers with one byte.
///
/// Source: Postgres, "Message Formats", `SSLRequest`: its length 8 and the code 80877103.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// How long a connection must stand to show that it was not refused.
const STANDS_AFTER: Duration = Duration::from_secs(2);

/// How to find out whether the destination answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Probe {
    /// Not at all: connections show it.
    #[default]
    Off,
    /// A connection is opened and closed.
    Connect,
    /// A connection is opened, asked the first thing that Postgres is asked, and closed.
    Postgres,
}

/// Says what a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Reached,
    NotReached,
    /// The session ended, or has no room for a probe.
    Nothing,
}

/// Probes at once and then now and again, as long as no connection shows what it would; runs until it is dropped.
pub async fn watch(probe: Probe, every: Duration, patience: Duration, fleet: &Fleet, stats: &Stats) {
    if probe == Probe::Off {
        return std::future::pending().await;
    }
    loop {
        let seen = stats.total_received();
        if let Some(session) = fleet.any() {
            match once(probe, patience, &session).await {
                Found::Reached => {
                    session.answered();
                    stats.reached();
                }
                Found::NotReached => fleet.refuse(&session),
                Found::Nothing => {}
            }
        }
        sleep(every).await;
        let mut before = seen;
        while stats.total_received() != before {
            before = stats.total_received();
            stats.reached();
            sleep(every).await;
        }
    }
}

async fn once(probe: Probe, patience: Duration, session: &Arc<Session>) -> Found {
    // Without streams a probe would take the place of a connection.
    let Way::Streams(mux) = &session.way else { return Found::Nothing };
    let Some(mut stream) = mux.open().await else { return Found::Nothing };
    let patience = match probe {
        Probe::Off => return Found::Nothing,
        Probe::Connect => STANDS_AFTER.min(patience),
        Probe::Postgres => patience,
    };
    if probe == Probe::Postgres && stream.send(&SSL_REQUEST).await.is_none() {
        return Found::Nothing;
    }
    match (probe, timeout(patience, first_byte(&mut stream)).await) {
        (_, Ok(Err(StreamEnd::Lost | StreamEnd::Overrun))) => Found::Nothing,
        // Who closes without a word was there, and so was who says what Postgres would not.
        (_, Ok(Ok(_) | Err(StreamEnd::Finished))) | (Probe::Connect | Probe::Off, Err(_)) => Found::Reached,
        (_, Ok(Err(StreamEnd::Refused))) | (Probe::Postgres, Err(_)) => Found::NotReached,
    }
}

async fn first_byte(stream: &mut Stream) -> Result<u8, StreamEnd> {
    let mut batch = Batch::default();
    stream.next(&mut batch).await?;
    Ok(bytes::Buf::chunk(&batch).first().copied().unwrap_or_default())
}
