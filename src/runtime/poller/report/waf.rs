//! What becomes of what was read of web ACLs.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    aws::Loaded,
    domain::{
        fetch::Failure,
        metric::Series,
        waf::{Limited, RuleTraffic, Samples, WebAcl, WebAclKey},
    },
    state::event::Report,
};

use super::{
    super::{
        Poller,
        book::{RulesRead, ScopeRead},
        plan::Job,
    },
    is_denied,
};

impl Poller {
    pub(super) async fn took_web_acls(&mut self, read: Vec<ScopeRead>, at: Timestamp) -> Vec<Failure> {
        let got_any = read.iter().any(|scope| scope.acls.is_some());
        for scope in read {
            self.book.waf.take(scope, at);
        }
        if got_any {
            let snapshot = self.book.waf.snapshot();
            self.tell(Report::Waf(snapshot)).await;
        }
        self.book.waf.failures()
    }

    pub(super) async fn took_web_acl_details(&mut self, read: Loaded<Vec<Arc<WebAcl>>>) -> Vec<Failure> {
        self.book.waf.take_details(&read.value, read.failures);
        let snapshot = self.book.waf.snapshot();
        self.tell(Report::Waf(snapshot)).await;
        self.book.waf.failures()
    }

    pub(super) async fn took_baselines(
        &mut self,
        job: &Job,
        read: Loaded<Vec<(WebAclKey, Arc<Series>)>>,
        at: Timestamp,
    ) -> Vec<Failure> {
        if let Job::WafBaselines(acls) = job
            && is_denied(&read.failures)
        {
            self.book.waf.baselines.extend(acls.iter().map(|acl| (acl.key.clone(), at)));
        }
        self.book.waf.baselines.extend(read.value.iter().map(|(key, _)| (key.clone(), at)));
        if !read.value.is_empty() {
            self.tell(Report::WafBaselines(read.value)).await;
        }
        read.failures
    }

    pub(super) async fn took_rules(
        &mut self,
        job: &Job,
        read: Result<RuleTraffic, Failure>,
        at: Timestamp,
    ) -> Vec<Failure> {
        let Job::WafRules(acl, range) = job else { return Vec::new() };
        let (key, range) = (acl.key.clone(), *range);
        match read {
            Ok(traffic) => {
                let traffic = Arc::new(traffic);
                let known = Some(Arc::clone(&traffic));
                self.book.waf.rules = Some(RulesRead { key: key.clone(), range, at, traffic: known });
                self.tell(Report::WafRules(key, traffic)).await;
                Vec::new()
            }
            Err(failure) => {
                if failure.kind.is_lasting() && !failure.kind.is_about_credentials() {
                    self.book.waf.rules = Some(RulesRead { key, range, at, traffic: None });
                }
                vec![failure]
            }
        }
    }

    pub(super) async fn took_samples(&mut self, job: &Job, read: Loaded<Samples>, at: Timestamp) -> Vec<Failure> {
        let Job::WafSamples(acl, rules, range) = job else { return Vec::new() };
        let got_any = read.failures.is_empty() || !read.value.rules.is_empty();
        if got_any || is_denied(&read.failures) {
            self.book.waf.samples = Some((acl.key.clone(), *range, at));
        }
        if got_any || rules.is_empty() {
            self.tell(Report::WafSamples(acl.key.clone(), Arc::new(read.value))).await;
        }
        read.failures
    }

    pub(super) async fn took_limited(&mut self, job: &Job, read: Loaded<Vec<Limited>>, at: Timestamp) -> Vec<Failure> {
        let Job::WafLimited(acl) = job else { return Vec::new() };
        let failure = read.failure().cloned();
        self.book.waf.used_mut(&acl.key).take_limited(read.value, failure, at);
        self.publish_use(&acl.key).await
    }

    pub(super) async fn took_resources(&mut self, job: &Job, read: Result<Vec<String>, Failure>) -> Vec<Failure> {
        let Job::WafResources(acl, kind) = job else { return Vec::new() };
        self.book.waf.used_mut(&acl.key).take_resources(*kind, read);
        self.publish_use(&acl.key).await
    }

    async fn publish_use(&mut self, key: &WebAclKey) -> Vec<Failure> {
        let used = self.book.waf.used_mut(key);
        let (value, failures) = (used.value(), used.failures());
        self.tell(Report::WafUse(key.clone(), Arc::new(value))).await;
        failures
    }
}
