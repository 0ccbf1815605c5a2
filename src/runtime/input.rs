//! What the terminal says, read apart from the event loop.
//!
//! A terminal that was hung up can keep crossterm's reader spinning within one poll: it takes an end of file or an
//! input/output error for "nothing yet". In a task of its own that costs nothing but the moment until the process ends; in
//! the event loop it would keep the signal that tells of the hang-up from being seen.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream, poll};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Events that may wait: what a person types while a frame is drawn, and a paste beside it.
const WAITING: usize = 64;

/// Reads the terminal until it is dropped.
#[derive(Debug)]
pub struct Input {
    events: mpsc::Receiver<io::Result<Event>>,
    task: JoinHandle<()>,
}

impl Input {
    /// Begins to read; must be called within a tokio runtime.
    pub fn start() -> Self {
        let (sender, events) = mpsc::channel(WAITING);
        let task = tokio::spawn(async move {
            // Of a terminal that is gone already no stream can be made: crossterm would panic over it, and says so here.
            if poll(Duration::ZERO).is_err() {
                return;
            }
            let mut stream = EventStream::new();
            while let Some(event) = stream.next().await {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        Self { events, task }
    }

    /// Returns the next event; nothing once the terminal was closed.
    pub async fn next(&mut self) -> Option<io::Result<Event>> {
        self.events.recv().await
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.task.abort();
    }
}
