//! What becomes of what was read around the open service: its targets and its log.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    aws::LogRead,
    domain::{fetch::Failure, log::LogPlace},
    state::event::Report,
};

use super::{
    super::{Poller, jobs::Targets, lane::Lane, plan::Job},
    is_denied,
};

impl Poller {
    pub(super) async fn took_targets(&mut self, job: &Job, read: Targets, at: Timestamp) -> Vec<Failure> {
        let Job::Targets(key, arns, known) = job else { return Vec::new() };
        let got_any = read.failures.is_empty() || !read.groups.is_empty();
        if !got_any && !is_denied(&read.failures) {
            return read.failures;
        }
        let before = self.book.targets.as_ref().and_then(|read| read.described.clone());
        let described = match (read.described, known) {
            (Some(groups), _) => Some((at, groups)),
            (None, Some(_)) => before,
            // They may not be described: that is asked again when the groups are.
            (None, None) => is_denied(&read.failures).then(|| (at, read.groups.clone())),
        };
        let value = self.book.take_targets(key.clone(), arns.clone(), described, read.groups, at);
        if got_any {
            self.tell(Report::Targets(key.clone(), value)).await;
        }
        read.failures
    }

    pub(super) async fn took_log_places(
        &mut self,
        job: &Job,
        read: Result<Arc<Vec<LogPlace>>, Failure>,
    ) -> Vec<Failure> {
        let Job::LogPlaces(definition) = job else { return Vec::new() };
        match read {
            Ok(places) => {
                self.book.log_places = Some(definition.clone());
                self.tell(Report::LogPlaces(definition.clone(), places)).await;
                Vec::new()
            }
            Err(failure) => {
                if failure.kind.is_lasting() && !failure.kind.is_about_credentials() {
                    self.book.log_places = Some(definition.clone());
                }
                vec![failure]
            }
        }
    }

    pub(super) async fn took_log(&mut self, job: &Job, read: Result<LogRead, Failure>, at: Timestamp) -> Vec<Failure> {
        let Job::Log(tail, _) = job else { return Vec::new() };
        let failed_before = self.book.lane(Lane::Log).failure.is_some();
        // Nobody looks at it any more.
        let Some(book) = self.book.tail.as_mut().filter(|book| book.tail == *tail) else { return Vec::new() };
        match read {
            Ok(read) => {
                let chunk = book.take_polled(read, at);
                // Also without a line it is news that the log could be read, and that it is followed in another way.
                let is_news = book.told.replace(chunk.follow) != Some(chunk.follow);
                if is_news || failed_before || !chunk.lines.is_empty() || chunk.sampled {
                    self.tell(Report::Log(chunk)).await;
                }
                Vec::new()
            }
            Err(failure) => {
                if failure.kind.is_lasting() {
                    // It is answered without a call, but not more often than anything else that is denied.
                    book.deny(at);
                }
                vec![failure]
            }
        }
    }
}
