//! From configured environments to the sources that are read: one for each set of credentials in each region.

use crate::aws::ConnectionPlan;
use crate::config::{CredentialSource, EnvironmentConfig};
use crate::domain::environment::AccountId;
use crate::state::source::Source;

/// Says what a source reads with, where, and for which environments.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcePlan {
    /// The credentials.
    pub credentials: CredentialSource,
    /// The region; empty for the one that the profile or the environment variables give.
    pub region: String,
    /// The account that they must belong to.
    pub account: Option<AccountId>,
    /// The environments that read from it, by index.
    pub environments: Vec<usize>,
}

impl SourcePlan {
    /// Returns the state of a source that has read nothing yet.
    pub fn source(&self) -> Source {
        Source::new(self.region.clone(), self.account, self.credentials.name().to_owned(), self.environments.clone())
    }
}

impl SourcePlan {
    /// Returns how the source is connected to, through an endpoint that stands in for AWS's where a flag gave one.
    pub fn connection(&self, endpoint_url: Option<&str>) -> ConnectionPlan {
        ConnectionPlan {
            credentials: self.credentials.clone(),
            region: (!self.region.is_empty()).then(|| self.region.clone()),
            endpoint_url: endpoint_url.map(str::to_owned),
            account: self.account,
        }
    }
}

/// Plans the sources of all environments; environments with the same credentials, account and region share one.
pub fn plan(environments: &[EnvironmentConfig]) -> Vec<SourcePlan> {
    let mut plans: Vec<SourcePlan> = Vec::new();
    for (index, configured) in environments.iter().enumerate() {
        let none = [String::new()];
        let regions: &[String] = match configured.environment.regions.as_slice() {
            [] => &none,
            regions => regions,
        };
        for region in regions {
            let same = plans.iter_mut().find(|plan| {
                plan.region == *region
                    && plan.credentials == configured.credentials
                    && plan.account == configured.environment.account
            });
            match same {
                Some(plan) => plan.environments.push(index),
                None => plans.push(SourcePlan {
                    credentials: configured.credentials.clone(),
                    region: region.clone(),
                    account: configured.environment.account,
                    environments: vec![index],
                }),
            }
        }
    }
    plans
}
