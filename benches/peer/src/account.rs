//! The simulated account in a process of its own, which takes orders line by line.

use std::io::{BufRead, Write, stdin, stdout};

use sekisho::simulator::{AgentOptions, GatewayOrder, Options, Scenario, Simulator, start};
use serde::{Deserialize, Serialize};

use crate::{Failed, far, runtime};

/// The node that sessions are opened on.
pub const NODE: &str = "i-0123456789abcdef0";

/// The destination that stands for the far end.
pub const HOST: &str = "shop-prd.cluster-ro-abcdefghijkl.ap-northeast-1.rds.amazonaws.com";

/// The destination's port.
pub const PORT: u16 = 5432;

/// An account with nothing but a node.
const SCENARIO: &str = r#"
name = "peer"
seed = 1

[[account]]
id = "111122223333"

[[account.node]]
id = "i-0123456789abcdef0"
name = "bastion"
"#;

/// The way to the account, as its process says it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Address {
    /// The endpoint of every service.
    pub endpoint: String,
    /// The id of the access key.
    pub key: String,
    /// The secret of the access key.
    pub secret: String,
    /// The region.
    pub region: String,
}

/// Serves an account until nobody gives orders any more.
///
/// A line is an order to the gateway, or `lost`; each is answered with a line.
pub fn serve() -> Result<(), Failed> {
    let runtime = runtime()?;
    let agents = AgentOptions { paced: false, ..AgentOptions::default() };
    let options = Options { agents, ..Options::default() };
    let simulator = runtime.block_on(start(Scenario::parse(SCENARIO)?, options))?;
    simulator.map_destination(HOST, PORT, far::listen()?);
    let address = Address {
        endpoint: simulator.endpoint(),
        key: simulator.access_key_id().to_owned(),
        secret: simulator.secret_access_key().to_owned(),
        region: simulator.region().to_owned(),
    };
    let mut out = stdout();
    writeln!(out, "{}", serde_json::to_string(&address)?)?;
    for line in stdin().lock().lines() {
        writeln!(out, "{}", answered(&simulator, &line?))?;
        out.flush()?;
    }
    Ok(())
}

fn answered(simulator: &Simulator, line: &str) -> String {
    let gateway = simulator.gateway();
    if line == "lost" {
        let traffic = gateway.traffic();
        return (traffic.up.dropped + traffic.down.dropped).to_string();
    }
    let order = serde_json::from_str::<GatewayOrder>(line).map_err(|why| why.to_string());
    match order.and_then(|order| gateway.order(&order)) {
        Ok(()) => "ok".to_owned(),
        Err(why) => why,
    }
}
