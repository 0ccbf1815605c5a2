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
    /// Whether it reads what the account has in front of CloudFront, which is the same in all of its regions.
    pub cloudfront: bool,
}

impl SourcePlan {
    /// Returns the state of a source that has read nothing yet.
    pub fn source(&self) -> Source {
        Source::new(self.region.clone(), self.account, self.credentials.name().to_owned(), self.environments.clone())
    }

    /// Tells whether an environment can read from this source: with its credentials, in its region, and not meant to be
    /// in another account.
    fn serves(&self, configured: &EnvironmentConfig, region: &str) -> bool {
        let accounts = [self.account, configured.environment.account];
        let one_account = matches!(accounts, [None, _] | [_, None]) || accounts[0] == accounts[1];
        self.region == region && self.credentials == configured.credentials && one_account
    }

    /// Returns how the source is connected to, through an endpoint that stands in for AWS's where a flag gave one.
    pub fn connection(&self, endpoint_url: Option<&str>) -> ConnectionPlan {
        ConnectionPlan {
            credentials: self.credentials.clone(),
            region: (!self.region.is_empty()).then(|| self.region.clone()),
            endpoint_url: endpoint_url.map(str::to_owned),
            account: self.account,
            cloudfront: self.cloudfront,
        }
    }

    /// Tells whether two sources read the same account, as far as is known before they have connected.
    fn is_same_account(&self, other: &Self) -> bool {
        match (self.account, other.account) {
            (Some(own), Some(other)) => own == other,
            _ => self.credentials == other.credentials,
        }
    }
}

/// Plans the sources of all environments.
///
/// Environments with the same credentials and region share one, unless they name different accounts. One that names no
/// account takes what the credentials give, and what another one says of it holds for both.
pub fn plan(environments: &[EnvironmentConfig]) -> Vec<SourcePlan> {
    let mut plans: Vec<SourcePlan> = Vec::new();
    for (index, configured) in environments.iter().enumerate() {
        let account = configured.environment.account;
        let none = [String::new()];
        let regions: &[String] = match configured.environment.regions.as_slice() {
            [] => &none,
            regions => regions,
        };
        for region in regions {
            match plans.iter_mut().find(|plan| plan.serves(configured, region)) {
                Some(plan) => {
                    plan.environments.push(index);
                    plan.account = plan.account.or(account);
                }
                None => plans.push(SourcePlan {
                    credentials: configured.credentials.clone(),
                    region: region.clone(),
                    account,
                    environments: vec![index],
                    cloudfront: false,
                }),
            }
        }
    }
    for index in 0..plans.len() {
        plans[index].cloudfront = !plans[..index].iter().any(|earlier| earlier.is_same_account(&plans[index]));
    }
    plans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::{Environment, Kind};

    fn environment(profile: &str, account: Option<&str>, regions: &[&str]) -> EnvironmentConfig {
        let environment = Environment {
            name: profile.to_owned(),
            kind: Kind::Unknown,
            account: account.map(|account| account.parse().unwrap()),
            regions: regions.iter().map(|&region| region.to_owned()).collect(),
            clusters: Vec::new(),
            alarms: Vec::new(),
            web_acls: Vec::new(),
            catalogue: None,
        };
        EnvironmentConfig { environment, credentials: CredentialSource::Profile(profile.to_owned()) }
    }

    /// Returns region, account and environments of each source.
    fn planned(environments: &[EnvironmentConfig]) -> Vec<(String, Option<String>, Vec<usize>)> {
        let brief =
            |plan: SourcePlan| (plan.region, plan.account.map(|account| account.to_string()), plan.environments);
        plan(environments).into_iter().map(brief).collect()
    }

    const ONE: &str = "111122223333";
    const TWO: &str = "444455556666";

    #[test]
    fn an_environment_that_names_no_account_reads_from_the_source_of_one_that_does() {
        for accounts in [[Some(ONE), None], [None, Some(ONE)]] {
            let environments = accounts.map(|account| environment("shop", account, &["ap-northeast-1"]));
            assert_eq!(planned(&environments), [("ap-northeast-1".to_owned(), Some(ONE.to_owned()), vec![0, 1])]);
        }
    }

    #[test]
    fn one_source_of_each_account_reads_what_is_before_cloudfront() {
        let environments = [
            environment("shop", Some(ONE), &["ap-northeast-1", "us-east-1"]),
            environment("other", Some(ONE), &["ap-northeast-1"]),
            environment("shop", Some(TWO), &["ap-northeast-1"]),
            environment("dev", None, &["ap-northeast-1", "us-east-1"]),
        ];
        let reads: Vec<bool> = plan(&environments).iter().map(|plan| plan.cloudfront).collect();
        assert_eq!(reads, [true, false, false, true, true, false]);
    }

    #[test]
    fn different_accounts_credentials_and_regions_are_sources_apart() {
        let environments = [
            environment("shop", None, &["ap-northeast-1", "us-east-1"]),
            environment("shop", Some(ONE), &["ap-northeast-1"]),
            environment("shop", Some(TWO), &["ap-northeast-1"]),
            environment("other", Some(ONE), &["ap-northeast-1"]),
            environment("shop", None, &[]),
        ];
        let (tokyo, virginia) = ("ap-northeast-1".to_owned(), "us-east-1".to_owned());
        assert_eq!(
            planned(&environments),
            [
                (tokyo.clone(), Some(ONE.to_owned()), vec![0, 1]),
                (virginia, None, vec![0]),
                (tokyo.clone(), Some(TWO.to_owned()), vec![2]),
                (tokyo, Some(ONE.to_owned()), vec![3]),
                (String::new(), None, vec![4]),
            ]
        );
    }
}
