//! A simulated account in this process, for the binary to read by its endpoint.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sekisho::cli::account::played;
use sekisho::cli::simulated::granted;
use sekisho::simulator::{self, Clock, Fault, FaultKind, ManualClock, Persona, Scenario, Simulator};
use tokio::runtime::Runtime;

use super::home::Home;

/// A configuration of the two environments that share the account of `bad-deploy` and of `quiet`.
pub const TWO: &str = r#"
[[environment]]
name = "prd"
kind = "prd"
account = "111122223333"
regions = ["ap-northeast-1"]
clusters = ["shop-prd*"]
alarms = ["shop-prd*"]
[[environment]]
name = "dev"
kind = "dev"
account = "111122223333"
regions = ["ap-northeast-1"]
clusters = ["shop-dev*"]
alarms = ["shop-dev*"]
[[role]]
name = "responder"
match = ["permission-set:SekishoResponder"]
"#;

/// The same two environments, with all that may act in them.
pub const ACTING: &str = r#"
[[environment]]
name = "prd"
kind = "prd"
account = "111122223333"
regions = ["ap-northeast-1"]
clusters = ["shop-prd*"]
alarms = ["shop-prd*"]
web_acls = ["shop-prd*"]
[[environment]]
name = "dev"
kind = "dev"
account = "111122223333"
regions = ["ap-northeast-1"]
clusters = ["shop-dev*"]
alarms = ["shop-dev*"]
[[role]]
name = "operator"
match = ["permission-set:SekishoOperator"]
[[role]]
name = "responder"
match = ["permission-set:SekishoResponder"]
[[role]]
name = "staff"
match = ["permission-set:SekishoStaff"]
"#;

/// A simulated account that is served as long as this lives.
pub struct Account {
    pub simulator: Arc<Simulator>,
    pub runtime: Runtime,
}

impl Account {
    /// Enters a scenario at a time after its beginning.
    pub fn of(scenario: &str, at: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let at: SignedDuration = at.parse().unwrap();
        let options = simulator::Options { at, ..simulator::Options::default() };
        let scenario = Scenario::builtin(scenario).unwrap();
        let simulator = Arc::new(runtime.block_on(simulator::start(scenario, options)).unwrap());
        Self { simulator, runtime }
    }

    /// Enters a scenario as somebody, in an account that has the documents of the built-in catalogue; IAM keeps to its policies,
    /// or allows everything. Once something is changed its time goes fast, so that what takes minutes is soon over.
    pub fn acting(scenario: &str, at: &str, persona: Persona, is_enforced: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let scenario = Scenario::builtin(scenario).unwrap();
        let (documents, mut policies) = granted(&played(&scenario), scenario.keys(), None);
        if !is_enforced {
            policies.personas.clear();
        }
        let story = Arc::new(ManualClock::new(Timestamp::now()));
        let clock = Clock::Manual(Arc::clone(&story));
        let at: SignedDuration = at.parse().unwrap();
        let options = simulator::Options { at, clock, persona, documents, policies, ..simulator::Options::default() };
        let simulator = Arc::new(runtime.block_on(simulator::start(scenario, options)).unwrap());
        let account = Arc::downgrade(&simulator);
        runtime.spawn(async move {
            while let Some(account) = account.upgrade() {
                let is_changing = account.calls().of("ssm:StartAutomationExecution") > 0;
                story.advance(SignedDuration::from_millis(if is_changing { 4_000 } else { 100 }));
                drop(account);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { simulator, runtime }
    }

    pub fn with_fault(self, kind: FaultKind, action: &str) -> Self {
        self.simulator.inject(Fault::new(kind, action));
        self
    }

    /// Returns a home from which the account is read, with the configuration [`TWO`].
    pub fn home(&self) -> Home {
        self.keys(Home::new()).config(TWO)
    }

    /// Gives a home the account's keys and its address, as `demo --listen` prints them.
    pub fn keys(&self, home: Home) -> Home {
        home.set("AWS_ENDPOINT_URL", self.simulator.endpoint())
            .set("AWS_ACCESS_KEY_ID", self.simulator.access_key_id())
            .set("AWS_SECRET_ACCESS_KEY", self.simulator.secret_access_key())
            .set("AWS_REGION", self.simulator.region())
    }
}
