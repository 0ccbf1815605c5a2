//! One connection of a port session, between its destination and the channel.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Event;
use super::budget::Budget;
use super::destination::{Connection, Route, dial};
use super::smux::LARGEST;

/// A connection's ends.
pub struct Pipe {
    pub id: u32,
    pub route: Option<Route>,
    /// What is to be written; its end is the end of the connection. The budget bounds it.
    pub from: mpsc::UnboundedReceiver<Bytes>,
    pub budget: Arc<Budget>,
    pub events: mpsc::Sender<Event>,
    pub cancel: CancellationToken,
}

impl Pipe {
    /// Connects, and carries bytes both ways until either side ends: that ends both, as the official agent has it.
    pub async fn run(mut self) {
        let carried = self.cancel.clone().run_until_cancelled_owned(self.carry()).await;
        if let Some(event) = carried {
            let _ = self.events.send(event).await;
        }
        self.from.close();
        while let Ok(bytes) = self.from.try_recv() {
            self.budget.release(bytes.len());
        }
    }

    async fn carry(&mut self) -> Event {
        let stream = match dial(self.route).await {
            Ok(stream) => stream,
            Err(error) => return Event::Refused(self.id, error.to_string()),
        };
        let (read, write) = tokio::io::split(stream);
        tokio::select! {
            () = taken(self.id, read, &self.events) => {}
            () = written(write, &mut self.from, &self.budget) => {}
        }
        Event::Closed(self.id)
    }
}

async fn taken(id: u32, mut read: tokio::io::ReadHalf<Box<dyn Connection>>, events: &mpsc::Sender<Event>) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(LARGEST);
        match (&mut read).take(LARGEST as u64).read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                if events.send(Event::Data(id, buffer.split().freeze())).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn written(
    mut write: tokio::io::WriteHalf<Box<dyn Connection>>,
    from: &mut mpsc::UnboundedReceiver<Bytes>,
    budget: &Budget,
) {
    while let Some(bytes) = from.recv().await {
        let wrote = write.write_all(&bytes).await;
        budget.release(bytes.len());
        if wrote.is_err() {
            return;
        }
    }
    let _ = write.flush().await;
}
