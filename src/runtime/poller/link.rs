//! How a connection comes, goes and is replaced.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::Connection,
    domain::fetch::{Failure, FailureKind},
    state::event::{Generation, Report},
};

use super::{
    Poller,
    book::Book,
    lane::{Hold, Lane},
    plan,
};

/// How long a connection must have held for its end to be taken for an ordinary one.
const HELD: SignedDuration = SignedDuration::from_secs(60);

impl Poller {
    /// Gives up a connection whose credentials were refused, so that others are found.
    pub(super) async fn disconnect(&mut self, failure: Failure, epoch: u64) {
        if epoch != self.epoch || !self.book.link.connected {
            return;
        }
        let now = self.clock.now();
        let held = self.book.link.renewed_at.is_none_or(|at| now.duration_since(at) >= HELD);
        self.connection = None;
        self.book.link.connected = false;
        let lane = self.book.lane_mut(Lane::Identity);
        let waits = lane.hold == Hold::Asked;
        if held {
            lane.release();
        }
        lane.end(Some(failure.clone()), !held, now, fastrand::f64());
        if waits {
            lane.wait_to_be_asked();
        }
        self.tell(Report::Failed(Lane::Identity.panel(), failure)).await;
    }

    /// Takes in a connection, or why there is none.
    pub(super) async fn connected(&mut self, result: Result<Connection, Failure>) {
        let now = self.clock.now();
        match result {
            Ok(connection) => self.take_connection(connection, now).await,
            Err(failure) => {
                let link = &mut self.book.link;
                let (asked_for, still_there) = (link.reconnect, link.connected);
                let again = std::mem::take(&mut link.again);
                link.reconnect &= again;
                link.renewed_at = Some(now);
                let waits = waits_to_be_asked(&failure);
                let lane = self.book.lane_mut(Lane::Identity);
                lane.end(Some(failure.clone()), !waits, now, fastrand::f64());
                if again {
                    lane.release();
                } else if waits {
                    lane.wait_to_be_asked();
                }
                // Credentials that still hold do their work while others cannot be found.
                if asked_for || !still_there {
                    self.tell(Report::Failed(Lane::Identity.panel(), failure)).await;
                }
            }
        }
    }

    async fn take_connection(&mut self, connection: Connection, now: Timestamp) {
        let identity = Arc::clone(connection.identity());
        let known = self.known.as_ref();
        let same =
            known.is_some_and(|(known, region)| known.is_same_caller(&identity) && region == connection.region());
        if !same {
            // Whatever is under way was asked by somebody else.
            self.running.clear();
            self.live = None;
            self.generation = Generation(self.generation.0 + 1);
            self.book = Book::new(plan::hash(&(identity.account, connection.region())));
            self.book.waf.reads(connection.waf_scopes());
            self.book.look_at(&self.interest);
            self.known = Some((Arc::clone(&identity), connection.region().to_owned()));
        }
        let expires = connection.expires();
        let endpoint = connection.endpoint().map(str::to_owned);
        self.epoch += 1;
        self.connection = Some(Arc::new(connection));
        self.book.link.connected = true;
        self.book.link.reconnect = false;
        self.book.link.again = false;
        self.book.link.expires = expires.filter(|_| self.is_renewable());
        self.book.link.renewed_at = Some(now);
        self.book.lane_mut(Lane::Identity).end_for_now();
        self.tell(Report::Connected { identity, expires, endpoint }).await;
    }
}

/// Tells whether a connection that failed so is not to be tried again before a person asks.
///
/// That is so for credentials that were not found in time, too: the program that should have made them may still be at
/// work, waiting for somebody, and each further try would start another one.
fn waits_to_be_asked(failure: &Failure) -> bool {
    failure.kind.is_lasting() || (failure.kind == FailureKind::TimedOut && failure.action.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(FailureKind::TimedOut, "", true)]
    #[case(FailureKind::TimedOut, "sts:GetCallerIdentity", false)]
    #[case(FailureKind::Expired, "", false)]
    #[case(FailureKind::Unreachable { host: String::new() }, "", false)]
    #[case(FailureKind::Refused, "sts:GetCallerIdentity", true)]
    #[case(FailureKind::Denied { missing_action: "sts:AssumeRole".to_owned() }, "sts:AssumeRole", true)]
    fn who_must_ask_for_credentials_again(#[case] kind: FailureKind, #[case] action: &str, #[case] waits: bool) {
        let failure = Failure {
            kind,
            action: action.to_owned(),
            detail: String::new(),
            request_id: None,
            at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(waits_to_be_asked(&failure), waits);
    }
}
