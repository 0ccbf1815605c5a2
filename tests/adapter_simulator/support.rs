//! What these tests share: a simulated account, connections to it, and a poller whose clock they move.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use sekisho::{
    aws::{Connection, ConnectionPlan, Shared},
    config::CredentialSource,
    domain::fetch::{Failure, Panel, SourceId},
    runtime::{
        clock::{Clock, Hand},
        poller::{PollCommand, Poller, PollerHandle},
    },
    simulator::{self, ManualClock, Options, Scenario, Simulator},
    state::event::{Interest, Report, SourceEvent},
};
use tokio::sync::{mpsc, watch};

/// Starts a scenario that comes with the program.
pub async fn simulate(name: &str) -> Simulator {
    start(Scenario::builtin(name).unwrap(), Options::default()).await
}

/// Starts a scenario.
pub async fn start(scenario: Scenario, options: Options) -> Simulator {
    simulator::start(scenario, options).await.unwrap()
}

/// Makes a scenario with something of everything that is read; its findings are gathered in another region.
pub fn everything() -> Scenario {
    Scenario::parse(
        r#"
name = "everything"
seed = 1
backfill = "1h"
[[environment]]
name = "prd"
kind = "prd"
account = "111122223333"
[[account]]
id = "111122223333"
name = "everything"
regions = ["ap-northeast-1", "us-east-1"]
[account.hub]
aggregation = "us-east-1"
[[account.finding]]
name = "port"
control = "EC2.19"
resource = "sg-0123"
seen = "1d"
[[account.service]]
cluster = "shop"
name = "web"
desired = 1
image = "web:v1"
balancer = "front"
[[account.alarm]]
name = "web-cpu"
cluster = "shop"
service = "web"
metric = "CPUUtilization"
threshold = 85.0
[[account.web_acl]]
name = "front"
logging = "aws-waf-logs-front"
resources = ["front"]
[[account.web_acl.rule]]
name = "limit"
rate = 1000
"#,
    )
    .unwrap()
}

/// Makes a scenario of one cluster with so many services of one task each.
pub fn many_services(count: usize) -> Scenario {
    Scenario::parse(&format!(
        "name = \"many\"\nseed = 1\nbackfill = \"1h\"\n\
         [[environment]]\nname = \"prd\"\nkind = \"prd\"\naccount = \"111122223333\"\n\
         [[account]]\nid = \"111122223333\"\nname = \"many\"\n\
         [[account.service]]\ncluster = \"many\"\nname = \"svc-{{nnn}}\"\ncount = {count}\ndesired = 1\nimage = \"x:v1\"\n"
    ))
    .unwrap()
}

/// Says how to connect with the keys of the simulated account.
pub fn plan(simulator: &Simulator) -> ConnectionPlan {
    ConnectionPlan {
        credentials: CredentialSource::Static {
            access_key_id: simulator.access_key_id().to_owned(),
            secret: simulator.secret_access_key().to_owned(),
            token: simulator.session_token().map(str::to_owned),
            expires: None,
        },
        region: Some(simulator.region().to_owned()),
        endpoint_url: Some(simulator.endpoint()),
        account: None,
        cloudfront: true,
    }
}

/// Says how to connect as a role of another account of the story.
pub fn plan_as_role(simulator: &Simulator, role_arn: &str) -> ConnectionPlan {
    let own = plan(simulator);
    ConnectionPlan {
        credentials: CredentialSource::AssumeRole {
            role_arn: role_arn.to_owned(),
            source: Box::new(own.credentials.clone()),
        },
        ..own
    }
}

/// Connects to the simulated account.
pub async fn connect(simulator: &Simulator) -> Connection {
    Connection::open(plan(simulator), Shared::new(sekisho::aws::Now::default())).await.unwrap()
}

/// A poller whose clock stands until it is moved, and everything that it said.
pub struct Rig {
    pub handle: PollerHandle,
    pub hand: Hand,
    pub clock: Clock,
    pub interest: watch::Sender<Interest>,
    pub commands: mpsc::Sender<PollCommand>,
    events: mpsc::Receiver<SourceEvent>,
}

impl Rig {
    /// Starts a poller at the present time.
    pub fn start(plan: ConnectionPlan) -> Self {
        Self::start_with(plan, |shared| shared)
    }

    /// Starts a poller at the present time, with a change to what it shares.
    pub fn start_with(plan: ConnectionPlan, change: impl FnOnce(Shared) -> Shared) -> Self {
        Self::start_at(plan, Timestamp::now(), change)
    }

    /// Starts a poller at a time, with a change to what it shares.
    pub fn start_at(plan: ConnectionPlan, now: Timestamp, change: impl FnOnce(Shared) -> Shared) -> Self {
        let (clock, hand) = Clock::manual(now);
        let shared = change(Shared::new(clock.to_now()));
        let (interest, interests) = watch::channel(Interest { focused: true, ..Interest::default() });
        let (commands, command_receiver) = mpsc::channel(4);
        // Room for more than a test makes, as the test listens only when the poller is idle.
        let (sender, events) = mpsc::channel(100_000);
        let handle = Poller::spawn(SourceId(0), plan, &shared, clock.clone(), interests, command_receiver, sender);
        Self { handle, hand, clock, interest, commands, events }
    }

    /// Waits until nothing is under way or due, and returns what was said since.
    pub async fn settle(&mut self) -> Vec<SourceEvent> {
        let idle = tokio::time::timeout(Duration::from_mins(1), self.handle.idle());
        idle.await.expect("the poller comes to rest");
        self.heard()
    }

    /// Returns what was said since.
    pub fn heard(&mut self) -> Vec<SourceEvent> {
        let mut events = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            events.push(event);
        }
        events
    }

    /// Lets time pass in steps, with the poller coming to rest after each.
    pub async fn pass(&mut self, time: SignedDuration, step: SignedDuration) -> Vec<SourceEvent> {
        let mut events = Vec::new();
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.hand.advance(step);
            events.extend(self.settle().await);
        }
        events
    }

    /// Changes what is looked at.
    pub fn look(&self, change: impl FnOnce(&mut Interest)) {
        self.interest.send_modify(change);
    }
}

/// Finds the last report of a kind.
pub fn last<T>(events: &[SourceEvent], pick: impl Fn(&Report) -> Option<T>) -> Option<T> {
    events.iter().rev().find_map(|event| pick(&event.report))
}

/// Finds the last failure of a panel.
pub fn failure(events: &[SourceEvent], panel: Panel) -> Option<Failure> {
    last(events, |report| match report {
        Report::Failed(of, failure) if *of == panel => Some(failure.clone()),
        _ => None,
    })
}

/// A story and a poller on clocks that a test moves together.
pub struct Scene {
    pub simulator: Simulator,
    rig: Option<Rig>,
    story: Arc<ManualClock>,
}

impl Scene {
    /// Starts a scenario of a test's own.
    pub async fn text(text: &str) -> Self {
        Self::of(Scenario::parse(text).unwrap()).await
    }

    /// Starts a scenario.
    pub async fn of(scenario: Scenario) -> Self {
        let story = Arc::new(ManualClock::new(Timestamp::now()));
        let options = Options { clock: simulator::Clock::Manual(Arc::clone(&story)), ..Options::default() };
        Self { simulator: start(scenario, options).await, rig: None, story }
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        self.story.now()
    }

    /// Moves the story on, where no poller is watching it.
    pub fn advance(&self, time: SignedDuration) {
        self.story.advance(time);
    }

    /// Connects, by the story's clock.
    pub async fn connect(&self) -> Connection {
        self.connect_with(plan(&self.simulator)).await
    }

    /// Connects as a plan says, by the story's clock.
    pub async fn connect_with(&self, plan: ConnectionPlan) -> Connection {
        let story = Arc::clone(&self.story);
        let now = sekisho::aws::Now::new(move || story.now());
        Connection::open(plan, Shared::new(now)).await.unwrap()
    }

    /// Returns the poller, which begins when it is first asked for.
    pub fn rig(&mut self) -> &mut Rig {
        let plan = plan(&self.simulator);
        let now = self.story.now();
        self.rig.get_or_insert_with(|| Rig::start_at(plan, now, |shared| shared))
    }

    /// Lets time pass in steps for both, with the poller coming to rest after each.
    pub async fn pass(&mut self, time: SignedDuration, step: SignedDuration) -> Vec<SourceEvent> {
        let mut events = Vec::new();
        let end = self.now() + time;
        while self.now() < end {
            self.story.advance(step);
            events.extend(self.rig().pass(step, step).await);
        }
        events
    }
}
