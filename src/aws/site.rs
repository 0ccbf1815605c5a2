//! What a connection calls in one region: the clients there, and the budget.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_types::{SdkConfig, region::Region};

use super::{
    call::{Caller, Hosts},
    prefix::NoPrefix,
    shared::Shared,
};

/// Holds the clients of services that are also read in other regions than the source's own.
///
/// Web ACLs of CloudFront and their metrics are in us-east-1, findings in Security Hub's aggregation region, and a
/// container may log to any region.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) region: String,
    pub(super) caller: Caller,
    pub(super) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) wafv2: aws_sdk_wafv2::Client,
    pub(super) securityhub: aws_sdk_securityhub::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
}

/// Holds the sites of a connection, all with the same credentials.
#[derive(Debug)]
pub(super) struct Sites {
    shared: Shared,
    config: SdkConfig,
    account: String,
    who: String,
    known: Mutex<BTreeMap<String, Arc<Site>>>,
}

impl Sites {
    /// Makes it of the credentials of `who`, the caller's ARN without a session's name.
    pub(super) fn new(shared: Shared, config: SdkConfig, account: String, who: String) -> Self {
        Self { shared, config, account, who, known: Mutex::default() }
    }

    /// Returns the site of a region.
    pub(super) fn of(&self, region: &str) -> Arc<Site> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(region).cloned();
        known.unwrap_or_else(|| {
            let caller = Caller {
                ledger: self.shared.ledger(&self.account, region, &self.who),
                meter: Arc::clone(&self.shared.meter),
                hosts: Hosts::default(),
                now: self.shared.now.clone(),
            };
            self.add(region, caller)
        })
    }

    /// Adds a site that is called by a caller.
    pub(super) fn add(&self, region: &str, caller: Caller) -> Arc<Site> {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        let site = Arc::new(Site::new(region, caller, &config));
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(region.to_owned(), Arc::clone(&site));
        site
    }

    /// Returns what clients of other services are made of, with the credentials in it.
    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Forgets what was denied in any of the regions.
    pub(super) fn forget_denials(&self) {
        for site in self.known.lock().unwrap_or_else(PoisonError::into_inner).values() {
            site.caller.ledger.denials.forget();
        }
    }

    /// Tells whether the findings in a region are this source's to read.
    pub(super) fn claim_findings(&self, region: &str) -> bool {
        self.shared.claim(&self.account, &self.who, region)
    }
}

impl Site {
    fn new(region: &str, caller: Caller, config: &SdkConfig) -> Self {
        let hosts = &caller.hosts;
        let cloudwatch = aws_sdk_cloudwatch::config::Builder::from(config).interceptor(hosts.cloudwatch.clone());
        let wafv2 = aws_sdk_wafv2::config::Builder::from(config).interceptor(hosts.wafv2.clone());
        let securityhub = aws_sdk_securityhub::config::Builder::from(config).interceptor(hosts.securityhub.clone());
        let logs =
            aws_sdk_cloudwatchlogs::config::Builder::from(config).interceptor(hosts.logs.clone()).interceptor(NoPrefix);
        Self {
            region: region.to_owned(),
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch.build()),
            wafv2: aws_sdk_wafv2::Client::from_conf(wafv2.build()),
            securityhub: aws_sdk_securityhub::Client::from_conf(securityhub.build()),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs.build()),
            caller,
        }
    }
}
