//! Thirty accounts of ten services each: what they cost together, and that they do not wait for each other.

use std::{fmt::Write as _, sync::Arc};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use sekisho::{
    domain::{
        fetch::{FailureKind, Panel},
        finding::FindingsSnapshot,
    },
    simulator::{self, Fault, FaultKind, ManualClock, Options, Scenario, Simulator},
    state::event::{Report, SourceEvent},
};

use super::support::{Rig, failure, last, plan_as_role, start};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const ACCOUNTS: u64 = 30;

fn account(number: u64) -> String {
    format!("{:012}", 111_122_220_000 + number)
}

/// Thirty accounts of ten services, six alarms, a web ACL and three findings each.
fn fleet() -> Scenario {
    let first = account(0);
    let mut text = format!(
        "name = \"fleet\"\nseed = 3\nbackfill = \"1h\"\n\
         [[environment]]\nname = \"prd\"\nkind = \"prd\"\naccount = \"{first}\"\n"
    );
    for number in 0..ACCOUNTS {
        let id = account(number);
        write!(
            text,
            "[[account]]\nid = \"{id}\"\nname = \"a{number}\"\n\
             [[account.service]]\ncluster = \"shop\"\nname = \"svc-{{nn}}\"\ncount = 10\ndesired = 2\nimage = \"x:v1\"\n\
             [[account.web_acl]]\nname = \"front\"\nrequests = 60\n\
             [[account.finding]]\ntitle = \"open port\"\nseverity = \"HIGH\"\nresource = \"sg-{{nnn}}\"\ncount = 3\n"
        )
        .unwrap();
    }
    Scenario::parse(&text).unwrap()
}

struct Fleet {
    simulator: Simulator,
    story: Arc<ManualClock>,
    rigs: Vec<Rig>,
}

impl Fleet {
    async fn start() -> Self {
        let story = Arc::new(ManualClock::new(Timestamp::now()));
        let options = Options { clock: simulator::Clock::Manual(Arc::clone(&story)), ..Options::default() };
        Self { simulator: start(fleet(), options).await, story, rigs: Vec::new() }
    }

    /// Starts a poller for each account.
    fn look(&mut self) {
        let (simulator, now) = (&self.simulator, self.story.now());
        let rig = |number| {
            let role = format!("arn:aws:iam::{}:role/reader", account(number));
            Rig::start_at(plan_as_role(simulator, &role), now, |shared| shared)
        };
        self.rigs = (0..ACCOUNTS).map(rig).collect();
    }

    async fn settle(&mut self) -> Vec<Vec<SourceEvent>> {
        join_all(self.rigs.iter_mut().map(Rig::settle)).await
    }

    async fn pass(&mut self, time: SignedDuration, step: SignedDuration) -> Vec<Vec<SourceEvent>> {
        let mut heard: Vec<Vec<SourceEvent>> = self.rigs.iter().map(|_| Vec::new()).collect();
        let end = self.story.now() + time;
        while self.story.now() < end {
            self.story.advance(step);
            let told = join_all(self.rigs.iter_mut().map(|rig| rig.pass(step, step))).await;
            for (all, told) in heard.iter_mut().zip(told) {
                all.extend(told);
            }
        }
        heard
    }
}

fn findings(events: &[SourceEvent]) -> Option<Arc<FindingsSnapshot>> {
    last(events, |report| if let Report::Findings(read) = report { Some(Arc::clone(read)) } else { None })
}

#[tokio::test]
async fn thirty_accounts_keep_within_52_calls_in_30_seconds() {
    let mut fleet = Fleet::start().await;
    fleet.look();
    for events in fleet.settle().await {
        assert_eq!(findings(&events).unwrap().findings.len(), 3);
    }
    // What was read together at first drifts apart.
    fleet.pass(SignedDuration::from_mins(10), SECOND * 10).await;
    fleet.simulator.reset_calls();
    let minutes = 20;
    fleet.pass(SignedDuration::from_mins(minutes), SECOND * 10).await;
    let calls = fleet.simulator.calls();
    let in_30_seconds = calls.total / (u64::try_from(minutes).unwrap() * 2);
    println!("fleet: {in_30_seconds} calls in 30 s, {} metrics in {minutes} min: {:?}", calls.metrics, calls.actions);
    assert!(in_30_seconds <= 52, "{in_30_seconds} {calls:?}");
}

#[tokio::test]
async fn one_account_that_is_denied_or_throttled_holds_up_no_other() {
    let mut fleet = Fleet::start().await;
    let of = |kind, number| {
        let mut fault = Fault::new(kind, "*");
        fault.account = Some(account(number));
        fault
    };
    for action in ["ecs:*", "cloudwatch:*", "wafv2:*", "securityhub:*"] {
        fleet.simulator.inject(Fault { action: action.to_owned(), ..of(FaultKind::Deny, 7) });
        fleet.simulator.inject(Fault { action: action.to_owned(), ..of(FaultKind::Throttle, 8) });
    }
    fleet.look();
    let told = fleet.settle().await;
    for (number, events) in told.iter().enumerate() {
        match number {
            7 => {
                for panel in [Panel::Services, Panel::Alarms, Panel::Waf, Panel::Findings] {
                    let kind = failure(events, panel).map(|failure| failure.kind);
                    assert!(matches!(kind, Some(FailureKind::Denied { .. })), "{panel:?}: {kind:?}");
                }
            }
            8 => {
                let kind = failure(events, Panel::Findings).map(|failure| failure.kind);
                assert_eq!(kind, Some(FailureKind::Throttled));
            }
            _ => {
                assert_eq!(findings(events).unwrap().findings.len(), 3);
                assert_eq!(failure(events, Panel::Waf), None);
                let services = last(events, |report| match report {
                    Report::Services(read) => Some(read.services.len()),
                    _ => None,
                });
                assert_eq!(services, Some(10));
            }
        }
    }
}
