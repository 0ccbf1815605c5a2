//! Web ACLs of both scopes: `ListWebACLs`, and `GetWebACL` where something changed.

mod rules;
mod samples;
mod traffic;
mod uses;

pub(super) use traffic::is_cloudfront;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, MutexGuard, PoisonError},
};

use aws_sdk_wafv2::types as aws;
use futures::{StreamExt, stream};

use crate::domain::{
    fetch::{Failure, FailureKind},
    waf::{CLOUDFRONT_REGION, Logging, Scope, WafSnapshot, WebAcl, WebAclDetail, WebAclKey},
};

use super::{
    Connection,
    action::Action,
    ecs::AT_ONCE,
    load::Loaded,
    paging::{Paged, pages},
    site::Site,
    words::message,
};

/// The most web ACLs that are read of a scope. AWS's own default quota is 100.
const MOST_WEB_ACLS: usize = 1_000;
/// The most logging configurations that are read of a scope: a web ACL has up to three.
const MOST_LOGGING: usize = 3 * MOST_WEB_ACLS;
/// How many items a page holds at most (`ListWebACLs`, `Limit`).
const PAGE: i32 = 100;

/// Remembers what web ACLs are like, by ARN, with the lock token that says when to ask again.
pub(super) type WebAclDetails = HashMap<String, (String, Arc<WebAclDetail>)>;

/// Holds where the requests of web ACLs are logged, by ARN; nothing where that could not be read.
pub type LoggingOf = HashMap<String, Vec<String>>;

/// Holds the web ACLs of one scope.
#[derive(Debug, Clone, PartialEq)]
pub struct WebAcls {
    /// The scope.
    pub scope: Scope,
    /// The web ACLs, by name.
    pub acls: Paged<Arc<WebAcl>>,
}

impl Connection {
    /// Lists the scopes that are read here: that of CloudFront is one connection's only.
    pub fn waf_scopes(&self) -> &'static [Scope] {
        if self.cloudfront { &Scope::ALL } else { &[Scope::Regional] }
    }

    /// Reads all web ACLs of the scopes that are read here.
    pub async fn waf(&self) -> Loaded<WafSnapshot> {
        let mut loaded = Loaded::<WafSnapshot>::default();
        for scope in self.waf_scopes() {
            let (logging, read) = futures::join!(self.web_acl_logging(*scope), self.web_acls(*scope));
            let logging = logging.map_err(|failure| loaded.failures.push(failure)).ok();
            if let Some(read) = read.value {
                loaded.value.capped |= read.acls.capped;
                loaded.value.acls.extend(read.acls.items.into_iter().map(|acl| logged(acl, logging.as_ref())));
            }
            loaded.failures.extend(read.failures);
        }
        loaded
    }

    /// Reads the web ACLs of a scope, nothing where they cannot be listed; whether they are logged is not known yet.
    ///
    /// Only those are asked for their rules whose lock token is a new one ("`ListWebACLs`", `LockToken`). One that may
    /// not be read, or was deleted since it was listed, has none; one that could not be read just now keeps the old ones.
    pub async fn web_acls(&self, scope: Scope) -> Loaded<Option<WebAcls>> {
        let site = self.waf_site(scope);
        let listed = match self.listed_web_acls(&site, scope).await {
            Ok(listed) => listed,
            Err(failure) => return Loaded::failed(failure),
        };
        let reads = stream::iter(listed.items)
            .map(|summary| self.web_acl(&site, scope, summary))
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        let mut loaded = Loaded::<Option<WebAcls>>::default();
        let mut acls = Vec::new();
        for (acl, failure) in reads.await {
            acls.extend(acl);
            loaded.failures.extend(failure.filter(|failure| !loaded.failures.contains(failure)));
        }
        acls.sort_by(|a, b| a.key.cmp(&b.key));
        acls.dedup_by(|a, b| a.key == b.key);
        self.forget_other_details(scope, &acls);
        loaded.value = Some(WebAcls { scope, acls: Paged { items: acls, capped: listed.capped } });
        loaded
    }

    /// Reads where the requests of the web ACLs of a scope are logged.
    ///
    /// # Errors
    /// A [`Failure`] of the first page that fails.
    pub async fn web_acl_logging(&self, scope: Scope) -> Result<LoggingOf, Failure> {
        let site = self.waf_site(scope);
        let listed = pages(MOST_LOGGING, |token| {
            let site = &site;
            async move {
                let list = || {
                    let request = site.wafv2.list_logging_configurations().scope(aws_scope(scope)).limit(PAGE);
                    request.set_next_marker(token.clone()).send()
                };
                let answer = site.caller.call(Action::ListLoggingConfigurations, "", list).await?;
                Ok((answer.logging_configurations.unwrap_or_default(), answer.next_marker))
            }
        });
        let mut logging = LoggingOf::new();
        for configuration in listed.await?.items {
            let places = configuration.log_destination_configs.iter().map(|arn| self.remember(arn));
            logging.entry(self.remember(&configuration.resource_arn)).or_default().extend(places);
        }
        Ok(logging)
    }

    /// Returns where a scope is read.
    pub(super) fn waf_site(&self, scope: Scope) -> Arc<Site> {
        match scope {
            Scope::Regional => Arc::clone(&self.home),
            Scope::CloudFront => self.sites.of(CLOUDFRONT_REGION),
        }
    }

    async fn listed_web_acls(&self, site: &Site, scope: Scope) -> Result<Paged<aws::WebAclSummary>, Failure> {
        pages(MOST_WEB_ACLS, |token| async move {
            let list = || {
                let request = site.wafv2.list_web_acls().scope(aws_scope(scope)).limit(PAGE);
                request.set_next_marker(token.clone()).send()
            };
            let answer = site.caller.call(Action::ListWebAcls, "", list).await?;
            Ok((answer.web_acls.unwrap_or_default(), answer.next_marker))
        })
        .await
    }

    /// Makes a row of a web ACL; one without a name cannot be pointed at and is left out.
    async fn web_acl(
        &self,
        site: &Site,
        scope: Scope,
        summary: aws::WebAclSummary,
    ) -> (Option<Arc<WebAcl>>, Option<Failure>) {
        let Some(raw_name) = summary.name.as_deref() else { return (None, None) };
        let (detail, failure) = self.web_acl_detail(site, scope, &summary).await;
        let acl = WebAcl {
            key: WebAclKey { scope, name: self.remember(raw_name) },
            id: self.remember(summary.id.as_deref().unwrap_or_default()),
            arn: self.remember(summary.arn.as_deref().unwrap_or_default()),
            region: site.region.clone(),
            description: message(summary.description.as_deref()),
            detail: detail.map(|detail| (*detail).clone()),
            logging: Logging::Unknown,
            as_of: site.caller.now.get(),
        };
        (Some(Arc::new(acl)), failure)
    }

    async fn web_acl_detail(
        &self,
        site: &Site,
        scope: Scope,
        summary: &aws::WebAclSummary,
    ) -> (Option<Arc<WebAclDetail>>, Option<Failure>) {
        let arn = summary.arn.as_deref().unwrap_or_default();
        let token = summary.lock_token.as_deref().unwrap_or_default();
        let known = self.details().get(arn).cloned();
        if let Some((of, detail)) = &known
            && of == token
            && !token.is_empty()
        {
            return (Some(Arc::clone(detail)), None);
        }
        let get = || {
            let request = site.wafv2.get_web_acl().scope(aws_scope(scope));
            request.set_name(summary.name.clone()).set_id(summary.id.clone()).send()
        };
        match site.caller.call(Action::GetWebAcl, arn, get).await {
            Ok(answer) => {
                let detail = answer.web_acl.as_ref().map(|raw| Arc::new(rules::detail(raw, &|raw| self.remember(raw))));
                if let Some(detail) = &detail {
                    self.details().insert(arn.to_owned(), (token.to_owned(), Arc::clone(detail)));
                }
                (detail, None)
            }
            Err(failure) if failure.kind == FailureKind::NotFound => (None, None),
            Err(failure) => (known.map(|(_, detail)| detail), Some(failure)),
        }
    }

    /// Forgets the details of web ACLs of a scope that are no longer there.
    fn forget_other_details(&self, scope: Scope, acls: &[Arc<WebAcl>]) {
        let there: HashSet<String> = acls.iter().map(|acl| self.original(&acl.arn)).collect();
        // The scope stands in the ARN: `…:global/webacl/NAME/ID` is CloudFront's, `…:regional/webacl/NAME/ID` is not.
        let is_global = |arn: &str| arn.contains(":global/");
        self.details().retain(|arn, _| is_global(arn) != (scope == Scope::CloudFront) || there.contains(arn));
    }

    fn details(&self) -> MutexGuard<'_, WebAclDetails> {
        self.web_acls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says of a web ACL where its requests are logged; `logging` is none where that could not be read.
pub fn logged(acl: Arc<WebAcl>, logging: Option<&LoggingOf>) -> Arc<WebAcl> {
    let logging = match logging {
        None => Logging::Unknown,
        Some(of) => of.get(&acl.arn).map_or(Logging::Off, |places| Logging::On(places.clone())),
    };
    if acl.logging == logging { acl } else { Arc::new(WebAcl { logging, ..(*acl).clone() }) }
}

fn aws_scope(scope: Scope) -> aws::Scope {
    match scope {
        Scope::Regional => aws::Scope::Regional,
        Scope::CloudFront => aws::Scope::Cloudfront,
    }
}
