//! How a connection comes, goes and is replaced.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::Connection,
    domain::{
        fetch::{Failure, FailureKind},
        identity::{Identity, Principal},
    },
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
            known.is_some_and(|(known, region)| is_same_caller(known, &identity) && region == connection.region());
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

/// Tells whether two answers of STS name the same caller.
///
/// A profile that takes a role without `role_session_name` has a new session each time, which the SDK names by the
/// time: `assume-role-from-profile-1763769600000`. That is nobody else.
fn is_same_caller(known: &Identity, new: &Identity) -> bool {
    fn without_time(arn: &str) -> Option<&str> {
        let (name, digits) = arn.rsplit_once('-')?;
        (digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
    }
    let both_roles = [known, new].iter().all(|one| matches!(one.principal, Principal::AssumedRole { .. }));
    let renewed = || without_time(&known.arn).is_some_and(|name| without_time(&new.arn) == Some(name));
    known.account == new.account && (known.arn == new.arn || (both_roles && renewed()))
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

    #[rstest]
    #[case("assumed-role/ops/op-0137", "assumed-role/ops/op-0137", true)]
    #[case("assumed-role/ops/op-0137", "assumed-role/ops/op-0138", false)]
    #[case(
        "assumed-role/ops/assume-role-from-profile-1763769600000",
        "assumed-role/ops/assume-role-from-profile-1763773200000",
        true
    )]
    #[case(
        "assumed-role/ops/assume-role-from-profile-1763769600000",
        "assumed-role/dev/assume-role-from-profile-1763769600000",
        false
    )]
    #[case("assumed-role/ops/x-1763769600000", "assumed-role/ops/y-1763769600000", false)]
    #[case("assumed-role/ops/x-1763769600000", "assumed-role/ops/x", false)]
    fn a_session_named_by_the_time_is_nobody_else(#[case] known: &str, #[case] new: &str, #[case] same: bool) {
        let caller = |resource: &str| {
            let arn = format!("arn:aws:sts::111122223333:{resource}");
            Identity::from_caller("111122223333", &arn, "AROAEXAMPLE:x").unwrap()
        };
        assert_eq!(is_same_caller(&caller(known), &caller(new)), same);
    }
}
