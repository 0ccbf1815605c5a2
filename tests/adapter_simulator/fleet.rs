//! Thirty accounts of ten services each: what they cost together, and that they do not wait for each other.

use std::{collections::BTreeSet, sync::Arc};

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
/// Who may not read Security Hub in the story, and whom AWS throttles.
const TROUBLED: [&str; 2] = ["100000000017", "100000000021"];

struct Fleet {
    simulator: Simulator,
    story: Arc<ManualClock>,
    accounts: Vec<String>,
    rigs: Vec<Rig>,
}

impl Fleet {
    async fn start() -> Self {
        let scenario = Scenario::builtin("fleet").unwrap();
        let accounts: BTreeSet<String> = scenario.environments().iter().map(|played| played.account.clone()).collect();
        let story = Arc::new(ManualClock::new(Timestamp::now()));
        let options = Options { clock: simulator::Clock::Manual(Arc::clone(&story)), ..Options::default() };
        let simulator = start(scenario, options).await;
        Self { simulator, story, accounts: accounts.into_iter().collect(), rigs: Vec::new() }
    }

    /// Starts a poller for each account.
    fn look(&mut self) {
        let (simulator, now) = (&self.simulator, self.story.now());
        let rig = |account: &String| {
            let role = format!("arn:aws:iam::{account}:role/reader");
            Rig::start_at(plan_as_role(simulator, &role), now, |shared| shared)
        };
        self.rigs = self.accounts.iter().map(rig).collect();
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

/// Counts the services of the last list.
fn services(events: &[SourceEvent]) -> Option<usize> {
    last(events, |report| if let Report::Services(read) = report { Some(read.services.len()) } else { None })
}

#[tokio::test]
async fn thirty_accounts_keep_within_52_calls_in_30_seconds() {
    let mut fleet = Fleet::start().await;
    // Who is throttled waits by the real clock, which the story's does not hurry; that holds up no other, see below.
    fleet.simulator.clear_faults();
    let mut denied = Fault::new(FaultKind::Deny, "securityhub:*");
    denied.account = Some(TROUBLED[0].to_owned());
    fleet.simulator.inject(denied);
    fleet.look();
    assert_eq!(fleet.rigs.len(), 30);
    let told = fleet.settle().await;
    let (read, of): (Vec<_>, Vec<_>) = told.iter().map(|events| (findings(events).is_some(), services(events))).unzip();
    assert!(read.iter().filter(|read| **read).count() >= 28, "{read:?}");
    assert!(of.iter().filter(|count| **count == Some(10)).count() >= 29, "{of:?}");
    // What was read together at first drifts apart.
    fleet.pass(SignedDuration::from_mins(5), SECOND * 15).await;
    fleet.simulator.reset_calls();
    let minutes = 15;
    fleet.pass(SignedDuration::from_mins(minutes), SECOND * 15).await;
    let calls = fleet.simulator.calls();
    let in_30_seconds = calls.total / (u64::try_from(minutes).unwrap() * 2);
    println!("fleet: {in_30_seconds} calls in 30 s, {} metrics in {minutes} min: {:?}", calls.metrics, calls.actions);
    assert!(in_30_seconds <= 52, "{in_30_seconds} {calls:?}");
}

#[tokio::test]
async fn accounts_that_are_denied_or_throttled_hold_up_no_other() {
    let mut fleet = Fleet::start().await;
    let [denied, throttled] = [3, 4].map(|number: usize| fleet.accounts[number].clone());
    for action in ["ecs:*", "cloudwatch:*", "wafv2:*", "securityhub:*"] {
        for (kind, account) in [(FaultKind::Deny, &denied), (FaultKind::Throttle, &throttled)] {
            let mut fault = Fault::new(kind, action);
            fault.account = Some(account.clone());
            fleet.simulator.inject(fault);
        }
    }
    fleet.look();
    let told = fleet.settle().await;
    for (account, events) in fleet.accounts.iter().zip(&told) {
        let kind = |panel| failure(events, panel).map(|failure| failure.kind);
        if *account == denied {
            for panel in [Panel::Services, Panel::Alarms, Panel::Waf, Panel::Findings] {
                assert!(matches!(kind(panel), Some(FailureKind::Denied { .. })), "{panel:?}: {:?}", kind(panel));
            }
        } else if *account == throttled {
            assert_eq!(kind(Panel::Findings), Some(FailureKind::Throttled));
        } else if !TROUBLED.contains(&account.as_str()) {
            assert_eq!((services(events), kind(Panel::Services)), (Some(10), None), "{account}");
            assert_eq!((findings(events).is_some(), kind(Panel::Waf)), (true, None), "{account}");
        }
    }
}
