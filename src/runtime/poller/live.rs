//! The log that comes by itself, beside the jobs: it is never done, and nobody waits for it.

use jiff::SignedDuration;

use crate::{
    aws::{LiveTail, LogRead},
    domain::{
        fetch::Failure,
        log::{Follow, LogTail},
    },
    state::event::Report,
};

use super::{
    Poller,
    plan::{self, Job},
};

/// How long after it ended a log is only asked for, before it is tried to have it sent again.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// How long after it could not be had.
const AGAIN_IF_REFUSED: SignedDuration = SignedDuration::from_mins(5);
/// US dollars for an hour of a stream ("Amazon CloudWatch pricing": Live Tail, $0.01 a minute beyond what is free).
const DOLLARS_AN_HOUR: f64 = 0.6;

/// Holds a log that is being sent.
#[derive(Debug)]
pub(super) struct Live {
    tail: LogTail,
    stream: LiveTail,
}

/// Waits for the next lines; for ever where no log is being sent. Nothing comes once the stream has ended.
pub(super) async fn next(live: Option<&mut Live>) -> Option<LogRead> {
    match live {
        Some(live) => live.stream.next().await,
        None => std::future::pending().await,
    }
}

/// Returns what a log that is being sent costs an hour.
pub(super) fn dollars_per_hour(live: Option<&Live>) -> f64 {
    if live.is_some() { DOLLARS_AN_HOUR } else { 0.0 }
}

impl Poller {
    /// Ends a stream of which nobody wants to see anything any more.
    pub(super) fn stop_other_log(&mut self) {
        let wanted = self.interest.log_tail.as_ref();
        if self.live.as_ref().is_some_and(|live| Some(&live.tail) != wanted) {
            self.live = None;
        }
        if self.book.tail.as_ref().is_some_and(|book| Some(&book.tail) != wanted) {
            self.book.tail = None;
        }
    }

    /// Takes a stream that was opened, or why it was not: then the log goes on being asked for.
    pub(super) fn took_live_tail(&mut self, job: &Job, read: Result<LiveTail, Failure>) -> Vec<Failure> {
        let now = self.clock.now();
        let Job::LiveTail(tail) = job else { return Vec::new() };
        let Some(book) = self.book.tail.as_mut().filter(|book| book.tail == *tail) else { return Vec::new() };
        match read {
            Ok(stream) => {
                book.follow = Follow::Live;
                book.bridged = false;
                self.live = Some(Live { tail: tail.clone(), stream });
                Vec::new()
            }
            Err(failure) => {
                book.live_from = plan::after(now, AGAIN_IF_REFUSED);
                // What is wrong with the credentials concerns everything.
                Some(failure).filter(|failure| failure.kind.is_about_credentials()).into_iter().collect()
            }
        }
    }

    /// Takes lines that came by themselves, or that no more will.
    pub(super) async fn took_live(&mut self, read: Option<LogRead>) {
        let now = self.clock.now();
        let Some(book) = self.book.tail.as_mut() else {
            self.live = None;
            return;
        };
        match read {
            Some(read) => {
                let chunk = book.take_live(read);
                if !chunk.lines.is_empty() || chunk.sampled {
                    self.tell(Report::Log(chunk)).await;
                }
            }
            None => {
                book.follow = Follow::Polling;
                book.live_from = plan::after(now, AGAIN);
                self.live = None;
                self.tell_usage().await;
            }
        }
    }
}
