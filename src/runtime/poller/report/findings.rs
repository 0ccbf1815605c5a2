//! What becomes of what was read of findings.

use jiff::Timestamp;

use crate::{
    aws::{Connection, FindingsPage},
    domain::{fetch::Failure, finding::FindingChange},
    state::event::Report,
};

use super::super::{
    Poller,
    plan::{self, Job},
};

impl Poller {
    pub(super) async fn took_findings(
        &mut self,
        job: &Job,
        read: Result<Option<FindingsPage>, Failure>,
        at: Timestamp,
    ) -> Vec<Failure> {
        let Job::Findings(ask) = job else { return Vec::new() };
        let mut failures = Vec::new();
        let findings = &mut self.book.findings;
        match read {
            Ok(page) => {
                findings.take(ask, page);
                // There is nothing to read while another source does.
                findings.refused_at = findings.is_elsewhere().then_some(at);
            }
            Err(failure) => {
                let expired = ask.token.is_some() && Connection::is_about_a_token(&failure);
                if !(expired && findings.restart(&ask.query)) {
                    let refused = failure.kind.is_lasting() && !failure.kind.is_about_credentials();
                    findings.refused_at = refused.then_some(at);
                    failures.push(failure);
                }
            }
        }
        let now = self.clock.now();
        let more = failures.is_empty() && plan::wants_findings(&self.book, &self.interest, now);
        if (failures.is_empty() || self.book.findings.has_news())
            && let Some(snapshot) = self.book.findings.snapshot(more, now)
        {
            self.tell(Report::Findings(snapshot)).await;
        }
        failures
    }

    pub(super) async fn took_changes(
        &mut self,
        job: &Job,
        read: Result<Vec<FindingChange>, Failure>,
        at: Timestamp,
    ) -> Vec<Failure> {
        let Job::FindingHistory(key) = job else { return Vec::new() };
        match read {
            Ok(read) => {
                let value = self.book.take_changes(key.clone(), read, at);
                self.tell(Report::FindingHistory(key.clone(), value)).await;
                Vec::new()
            }
            Err(failure) => {
                if failure.kind.is_lasting() && !failure.kind.is_about_credentials() {
                    self.book.take_changes(key.clone(), Vec::new(), at);
                }
                vec![failure]
            }
        }
    }
}
