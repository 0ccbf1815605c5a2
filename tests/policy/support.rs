//! The catalogue with every kind of entry, its environments, and an IAM evaluator that is not ours.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use iam_rs::{Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId};
use sekisho::domain::environment::{Environment, Kind};
use sekisho::domain::identity::{Identity, RoleResolution};
use sekisho::policy::assess;
use sekisho::policy::compile::{Compiled, JournalGroup, Options, Policy, compile};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::entry::Entry;

/// The roles of the built-in catalogue.
pub const ROLES: [&str; 3] = ["operator", "responder", "staff"];

/// The account of production and of development, which are told apart by names alone.
pub const PRODUCTION: &str = "111122223333";

/// The account of staging.
pub const OTHER: &str = "444455556666";

pub const REGION: &str = "ap-northeast-1";

/// Whom the evaluator judges, as `aws:userid` has it.
pub const USER: &str = "AROAEXAMPLE:op-0137";

/// Returns the root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The built-in catalogue, with an entry of the one operation that it has none of: a document of a team's own.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let entries = folder.path().join("entries");
    fs::create_dir(&entries).unwrap();
    fs::copy(root().join("runbooks/bindings.toml"), folder.path().join("bindings.toml")).unwrap();
    // What the repository has counts, where it has an entry of the same name.
    for from in ["tests/policy/entries", "runbooks/entries"] {
        for file in fs::read_dir(root().join(from)).unwrap() {
            let path = file.unwrap().path();
            fs::copy(&path, entries.join(path.file_name().unwrap())).unwrap();
        }
    }
    Catalogue::load(folder.path()).unwrap_or_else(|errors| panic!("{errors:#?}"))
});

/// Makes an environment of the simulated account.
pub fn environment(name: &str) -> Environment {
    Environment {
        name: name.to_owned(),
        kind: Kind::from_name(name).unwrap_or_default(),
        account: Some(if name == "stg" { OTHER } else { PRODUCTION }.parse().unwrap()),
        regions: vec![REGION.to_owned()],
        clusters: vec![format!("shop-{name}*")],
        alarms: vec![format!("shop-{name}-*")],
        web_acls: vec![format!("shop-{name}*")],
        catalogue: None,
    }
}

/// Lists the environments of the built-in catalogue.
pub fn environments() -> Vec<Environment> {
    ["prd", "stg", "dev"].map(environment).into()
}

/// Compiles a role in all environments.
pub fn compiled(role: &str) -> Compiled {
    compile(&CATALOGUE, role, &environments(), &options())
}

/// What the tests compile with: all that there is to choose.
pub fn options() -> Options {
    Options {
        journal: Some(JournalGroup { name: "/sekisho/journal".to_owned(), environment: "prd".to_owned() }),
        run_as: Some("ops".to_owned()),
        keys: vec![format!("arn:aws:kms:{REGION}:{PRODUCTION}:key/0a1b2c3d-0000-1111-2222-333344445555")],
        ..Options::default()
    }
}

/// Tells whether the gate lets a role use an entry.
pub fn gate(role: &str, environment: &Environment, entry: &Entry) -> bool {
    let account = environment.account.unwrap();
    let arn = format!("arn:aws:sts::{account}:assumed-role/AWSReservedSSO_X_0123456789abcdef/op-0137");
    let identity = Arc::new(Identity::from_caller(account.as_str(), &arn, USER).unwrap());
    assess(&CATALOGUE, &identity, &RoleResolution::One(role.to_owned()), environment, &entry.id).is_ok()
}

/// Lists the entries of an environment, whoever they are for.
pub fn entries(environment: &Environment) -> Vec<Arc<Entry>> {
    CATALOGUE.entries_in(environment)
}

/// One thing that AWS asks the policies about when it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    pub action: String,
    pub resource: String,
    pub keys: BTreeMap<String, String>,
}

impl Demand {
    pub fn new(action: &str, resource: impl Into<String>) -> Self {
        Self { action: action.to_owned(), resource: resource.into(), keys: BTreeMap::new() }
            .with("aws:RequestedRegion", REGION)
    }

    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.keys.insert(key.to_owned(), value.into());
        self
    }
}

/// A way of judging what AWS would allow; each call is a list of demands that must all be allowed.
pub trait Judge {
    fn allows(&self, demand: &Demand) -> bool;

    fn allows_all(&self, demands: &[Demand]) -> bool {
        assert!(!demands.is_empty(), "nothing is demanded of nobody");
        demands.iter().all(|demand| self.allows(demand))
    }
}

/// The crate `iam-rs`, which knows nothing of this program.
pub struct Stranger(PolicyEvaluator);

impl Stranger {
    /// Gives policies to the evaluator, as their JSON has them.
    ///
    /// It does not fill variables into conditions, which is done here for the one that there is.
    pub fn of(policies: &[Policy]) -> Self {
        let read = |policy: &Policy| {
            let text = serde_json::to_string(policy).unwrap().replace("${aws:userid}", USER);
            assert!(!text.contains("${"), "a variable that nobody fills in: {text}");
            IAMPolicy::from_json(&text).unwrap()
        };
        Self(PolicyEvaluator::with_policies(policies.iter().map(read).collect()))
    }
}

impl Judge for Stranger {
    fn allows(&self, demand: &Demand) -> bool {
        let value = |(key, value): (&String, &String)| {
            let value = match value.as_str() {
                "true" | "false" => ContextValue::Boolean(value == "true"),
                text => ContextValue::String(text.to_owned()),
            };
            (key.clone(), value)
        };
        let keys: HashMap<String, ContextValue> = demand.keys.iter().map(value).collect();
        // What knows no resource is asked about as all that the account has.
        let resource =
            if demand.resource == "*" { format!("arn:aws:x:{REGION}:{PRODUCTION}:x") } else { demand.resource.clone() };
        let who = Principal::Aws(PrincipalId::String(format!("arn:aws:iam::{PRODUCTION}:role/x")));
        let (resource, context) = (Arn::parse(&resource).unwrap(), Context::with_data(keys));
        let request = IAMRequest::new_with_context(who, demand.action.as_str(), resource, context);
        self.0.evaluate(&request).unwrap().decision == Decision::Allow
    }
}
