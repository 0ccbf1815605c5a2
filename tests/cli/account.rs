//! A simulated account in this process, for the binary to read by its endpoint.

use jiff::SignedDuration;
use sekisho::simulator::{self, Fault, FaultKind, Scenario, Simulator};
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

/// A simulated account that is served as long as this lives.
pub struct Account {
    pub simulator: Simulator,
    _runtime: Runtime,
}

impl Account {
    /// Enters a scenario at a time after its beginning.
    pub fn of(scenario: &str, at: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let at: SignedDuration = at.parse().unwrap();
        let options = simulator::Options { at, ..simulator::Options::default() };
        let scenario = Scenario::builtin(scenario).unwrap();
        let simulator = runtime.block_on(simulator::start(scenario, options)).unwrap();
        Self { simulator, _runtime: runtime }
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
