//! What a web ACL protects, and whom its rate limits block.

use aws_sdk_wafv2::types as aws;

use crate::domain::{
    fetch::{Failure, FailureKind},
    waf::{Limited, RuleKind, Scope, WebAcl},
};

use super::{
    super::{Connection, action::Action, load::Loaded, words::name},
    aws_scope,
};

/// The kinds of resources that a regional web ACL can protect, the likeliest first (`ListResourcesForWebACL`,
/// `ResourceType`; Amplify's web ACLs are of the scope `CLOUDFRONT`).
const KINDS: [&str; 7] = [
    "APPLICATION_LOAD_BALANCER",
    "API_GATEWAY",
    "APPSYNC",
    "COGNITO_USER_POOL",
    "APP_RUNNER_SERVICE",
    "VERIFIED_ACCESS_INSTANCE",
    "AGENTCORE_GATEWAY",
];
/// The most resources that are kept.
const MOST_RESOURCES: usize = 1_000;
/// The most addresses of a rate limit (`GetRateBasedStatementManagedKeys`).
const MOST_ADDRESSES: usize = 10_000;

impl Connection {
    /// Counts the kinds of resources that [`Self::waf_resources`] can be asked for; none for a web ACL of CloudFront,
    /// whose distributions name their web ACL themselves.
    pub fn waf_resource_kinds(scope: Scope) -> usize {
        match scope {
            Scope::Regional => KINDS.len(),
            Scope::CloudFront => 0,
        }
    }

    /// Reads the ARNs of the resources of one kind, by its number, that a web ACL protects.
    ///
    /// WAF allows one such call a second. It also asks whether the caller may list the resources themselves, so that one
    /// kind may be denied and others not.
    ///
    /// # Errors
    /// A [`Failure`] where they cannot be read.
    pub async fn waf_resources(&self, acl: &WebAcl, kind: usize) -> Result<Vec<String>, Failure> {
        let Some(kind) = KINDS.get(kind) else { return Ok(Vec::new()) };
        let action = Action::ListResourcesForWebAcl;
        let site = self.waf_site(acl.key.scope);
        let denials = &site.caller.ledger.denials;
        if let Some(denial) = denials.recall(action, kind) {
            return Err(denial);
        }
        let list = || {
            let request = site.wafv2.list_resources_for_web_acl().web_acl_arn(self.original(&acl.arn));
            request.resource_type(aws::ResourceType::from(*kind)).send()
        };
        match site.caller.ask(action, list).await {
            Ok(answer) => {
                let arns = answer.resource_arns.unwrap_or_default();
                Ok(arns.iter().take(MOST_RESOURCES).map(|arn| self.remember(arn)).collect())
            }
            // A region without the service behind a kind does not know the kind: nothing of it is protected there.
            Err(failure) if failure.kind == FailureKind::Invalid => Ok(Vec::new()),
            Err(failure) => {
                denials.note_part(action, kind, &failure);
                Err(failure)
            }
        }
    }

    /// Reads the addresses that the rate limits of a web ACL block now.
    ///
    /// Only limits by address have such a list ("`GetRateBasedStatementManagedKeys`").
    pub async fn waf_limited(&self, acl: &WebAcl) -> Loaded<Vec<Limited>> {
        let mut loaded = Loaded { value: Vec::new(), failures: Vec::new() };
        for rule in acl.rate_limits() {
            if !matches!(&rule.kind, RuleKind::RateLimit { by, .. } if by == "IP" || by == "FORWARDED_IP") {
                continue;
            }
            match self.limited(acl, &rule.name).await {
                Ok(limited) => loaded.value.push(limited),
                Err(failure) if failure.kind == FailureKind::NotFound || loaded.failures.contains(&failure) => {}
                Err(failure) => loaded.failures.push(failure),
            }
        }
        loaded
    }

    async fn limited(&self, acl: &WebAcl, rule: &str) -> Result<Limited, Failure> {
        let site = self.waf_site(acl.key.scope);
        let get = || {
            let request = site.wafv2.get_rate_based_statement_managed_keys().scope(aws_scope(acl.key.scope));
            let request = request.web_acl_name(self.original(&acl.key.name)).web_acl_id(self.original(&acl.id));
            request.rule_name(self.original(rule)).send()
        };
        let answer = site.caller.call(Action::GetRateBasedStatementManagedKeys, &acl.arn, get).await?;
        let sets = [answer.managed_keys_ipv4.as_ref(), answer.managed_keys_ipv6.as_ref()];
        let addresses = sets.into_iter().flatten().flat_map(aws::RateBasedStatementManagedKeysIpSet::addresses);
        let addresses = addresses.take(MOST_ADDRESSES).map(|address| name(Some(address))).collect();
        Ok(Limited { rule: rule.to_owned(), addresses })
    }
}
