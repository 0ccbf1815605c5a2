//! What `POST /_simulator/gateway` may ask for.

use serde::Deserialize;

use super::{Gateway, GatewayFaults, LineFaults, Oversize};

/// An order to the gateway: what is named changes, everything else stays.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayOrder {
    /// What goes wrong from clients to agents.
    pub up: Option<LineFaults>,
    /// What goes wrong from agents to clients.
    pub down: Option<LineFaults>,
    /// As in [`GatewayFaults`].
    pub refuse_resume: Option<bool>,
    /// As in [`GatewayFaults`].
    pub accept_unsigned: Option<bool>,
    /// The longest message that is taken, in bytes; 0 is no bound.
    pub largest: Option<usize>,
    /// What becomes of a longer one.
    pub oversize: Option<Oversize>,
    /// The version that agents say they have; empty for their own.
    pub agent_version: Option<String>,
    /// Whether agents pause after each message.
    pub paced: Option<bool>,
    /// The most bytes of data in an agent's message.
    pub message: Option<usize>,
    /// What every client's connection is told now.
    pub act: Option<Order>,
    /// The words for a client whose session is ended.
    pub output: String,
}

/// What every client's connection can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Closed as the service does each hour.
    Bye,
    /// Ended without a word.
    Cut,
    /// Told to hold back.
    Pause,
    /// Told to go on.
    Start,
    /// Every session ends.
    End,
}

impl Gateway {
    /// Carries out an order, or says what is wrong with it.
    pub fn order(&self, order: &GatewayOrder) -> Result<(), String> {
        let lines = [order.up, order.down];
        if let Some(problem) = lines.iter().flatten().find_map(LineFaults::problem) {
            return Err(problem);
        }
        if order.message.is_some_and(|bytes| !(1..=1_048_576).contains(&bytes)) {
            return Err("`message` is from 1 to 1048576 bytes".to_owned());
        }
        let old = self.faults();
        self.set_faults(GatewayFaults {
            up: order.up.unwrap_or(old.up),
            down: order.down.unwrap_or(old.down),
            refuse_resume: order.refuse_resume.unwrap_or(old.refuse_resume),
            accept_unsigned: order.accept_unsigned.unwrap_or(old.accept_unsigned),
            largest: order.largest.map_or(old.largest, |bytes| (bytes > 0).then_some(bytes)),
            oversize: order.oversize.unwrap_or(old.oversize),
        });
        let mut agents = self.agents();
        if let Some(version) = &order.agent_version {
            agents.version = Some(version.clone()).filter(|version| !version.is_empty());
        }
        agents.paced = order.paced.unwrap_or(agents.paced);
        agents.message = order.message.unwrap_or(agents.message);
        self.set_agents(agents);
        match order.act {
            None => {}
            Some(Order::Bye) => self.bye(),
            Some(Order::Cut) => self.cut(),
            Some(Order::Pause) => self.pause(),
            Some(Order::Start) => self.start_publication(),
            Some(Order::End) => self.end_sessions(&order.output),
        }
        Ok(())
    }
}
