//! The simulated account judges the same: its own reading of IAM, asked as anybody asks IAM.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use sekisho::aws::{Asked, Connection, ConnectionPlan, Now, Shared};
use sekisho::config::CredentialSource;
use sekisho::domain::fetch::{Failure, FailureKind};
use sekisho::policy::compile::pretty;
use sekisho::simulator::{Options, Persona, PolicyTexts, Scenario, Simulator, start};
use tokio::runtime::Runtime;

use super::matrix::{allowed_as_the_gate_says, no_way_around, sessions_are_bound};
use super::support::{Demand, Judge, ROLES, USER, compiled};

/// Lets a role ask what it may do.
const ASKING: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iam:SimulatePrincipalPolicy","Resource":"*"}]}"#;

/// The simulated account, which was given the policies of a role.
struct Simulated {
    runtime: Runtime,
    connection: Connection,
    /// What was asked before.
    known: RefCell<HashMap<String, bool>>,
    _simulator: Simulator,
}

impl Simulated {
    fn of(role: &str, besides: &[&str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let persona: Persona = role.parse().unwrap();
        let besides = besides.iter().map(|&text| text.to_owned());
        let texts = compiled(role).policies.iter().map(pretty).chain(besides).collect();
        let policies = PolicyTexts { personas: BTreeMap::from([(persona, texts)]), roles: BTreeMap::new() };
        let options = Options { persona, policies, ..Options::default() };
        let (simulator, connection) = runtime.block_on(async {
            let simulator = start(Scenario::builtin("quiet").unwrap(), options).await.unwrap();
            let credentials = CredentialSource::Static {
                access_key_id: simulator.access_key_id().to_owned(),
                secret: simulator.secret_access_key().to_owned(),
                token: simulator.session_token().map(str::to_owned),
                expires: None,
            };
            let (region, endpoint_url) = (Some(simulator.region().to_owned()), Some(simulator.endpoint()));
            let plan = ConnectionPlan { credentials, region, endpoint_url, account: None, cloudfront: false };
            let connection = Connection::open(plan, Shared::new(Now::default())).await.unwrap();
            (simulator, connection)
        });
        Self { runtime, connection, known: RefCell::default(), _simulator: simulator }
    }
}

impl Simulated {
    fn ask(&self, asked: &Asked) -> Result<Vec<(String, bool)>, Failure> {
        self.runtime.block_on(async { self.connection.simulation().ask(asked).await })
    }
}

impl Judge for Simulated {
    fn allows(&self, demand: &Demand) -> bool {
        let key = format!("{demand:?}");
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        let keys = demand.keys.iter().map(|(key, value)| (key.clone(), vec![value.clone()]));
        let asked = Asked {
            actions: vec![demand.action.clone()],
            resource: demand.resource.clone(),
            context: keys.chain([("aws:userid".to_owned(), vec![USER.to_owned()])]).collect(),
        };
        let told = self.ask(&asked);
        let told = told.unwrap_or_else(|failure| panic!("{asked:?}: {failure:?}"));
        assert_eq!(told.len(), 1);
        self.known.borrow_mut().insert(key, told[0].1);
        told[0].1
    }
}

#[test]
fn the_simulated_account_agrees() {
    for role in ROLES {
        let judge = Simulated::of(role, &[ASKING]);
        allowed_as_the_gate_says(role, &judge);
        sessions_are_bound(role, &judge);
        no_way_around(role, &judge);
        assert!(judge.known.borrow().len() > 100, "{role}: hardly anything was asked");
    }
}

#[test]
fn whoever_may_not_ask_is_told_which_action_is_missing() {
    let asked = Asked { actions: vec!["ssm:StartSession".to_owned()], resource: "*".to_owned(), context: Vec::new() };
    let failure = Simulated::of("staff", &[]).ask(&asked).unwrap_err();
    let missing_action = "iam:SimulatePrincipalPolicy".to_owned();
    assert_eq!(failure.kind, FailureKind::Denied { missing_action }, "{failure:?}");
}
