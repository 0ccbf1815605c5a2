//! A call on its way through the operations.

use super::auth::{Principal, Vault};
use super::calls::Counter;
use super::clock::Millis;
use super::faults::Faults;
use super::gateway::Gateway;
use super::iam::Policies;
use super::ssm::Automations;
use super::world::{Region, World};

/// What an operation needs to know about the call that it answers.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub world: &'a World,
    pub vault: &'a Vault,
    pub counter: &'a Counter,
    pub gateway: &'a Gateway,
    pub policies: &'a Policies,
    pub faults: &'a Faults,
    pub automations: &'a Automations,
    pub principal: &'a Principal,
    /// The region of the signature's scope.
    pub region: &'a str,
    /// Story time.
    pub now: Millis,
}

impl<'a> Call<'a> {
    /// What the caller's account has in the region, if anything.
    pub fn here(&self) -> Option<&'a Region> {
        self.world.region(&self.principal.account, self.region)
    }

    /// Names a listing for its tokens: they are worth nothing elsewhere.
    pub fn scope(&self, operation: &str) -> String {
        format!("{}/{}/{operation}", self.principal.account, self.region)
    }
}
