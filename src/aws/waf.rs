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
use futures::{StreamExt, future::join_all, stream};

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
    /// Those whose rules have to be read, as they changed or were never read.
    pub unread: Vec<Arc<WebAcl>>,
}

impl WebAcls {
    /// Puts web ACLs of which more was read in the place of those that are there.
    pub fn replace(&mut self, read: Vec<Arc<WebAcl>>) {
        let mut read: HashMap<WebAclKey, Arc<WebAcl>> = read.into_iter().map(|acl| (acl.key.clone(), acl)).collect();
        for acl in &mut self.acls.items {
            if let Some(new) = read.remove(&acl.key) {
                *acl = new;
            }
        }
    }
}

impl Connection {
    /// Lists the scopes that are read here: that of CloudFront is one connection's only.
    pub fn waf_scopes(&self) -> &'static [Scope] {
        if self.cloudfront { &Scope::ALL } else { &[Scope::Regional] }
    }

    /// Reads all web ACLs of the scopes that are read here, with their rules and where their requests are logged.
    pub async fn waf(&self) -> Loaded<WafSnapshot> {
        let reads = self.waf_scopes().iter().map(|scope| self.waf_of(*scope)).collect::<Vec<_>>();
        let mut loaded = Loaded::<WafSnapshot>::default();
        for read in join_all(reads).await {
            loaded.value.capped |= read.value.capped;
            loaded.value.acls.extend(read.value.acls);
            loaded.failures.extend(read.failures);
        }
        loaded
    }

    async fn waf_of(&self, scope: Scope) -> Loaded<WafSnapshot> {
        let (logging, listed) = futures::join!(self.web_acl_logging(scope), self.web_acls(scope));
        let mut loaded = Loaded::<WafSnapshot>::default();
        let logging = logging.map_err(|failure| loaded.failures.push(failure)).ok();
        let mut listed = match listed {
            Ok(listed) => listed,
            Err(failure) => {
                // A second denial of the same kind says nothing more.
                loaded.failures.push(failure);
                return loaded;
            }
        };
        let unread = std::mem::take(&mut listed.unread);
        let details = self.web_acl_details(&unread).await;
        loaded.failures.extend(details.failures);
        listed.replace(details.value);
        let acls = listed.acls.items.into_iter().map(|acl| logged(acl, logging.as_ref()));
        loaded.value = WafSnapshot { acls: acls.collect(), capped: listed.acls.capped };
        loaded
    }

    /// Lists the web ACLs of a scope; whether they are logged is not known yet.
    ///
    /// Only those have to be asked for their rules whose lock token is a new one ("`ListWebACLs`", `LockToken`); the others
    /// have them already.
    ///
    /// # Errors
    /// A [`Failure`] of the first page that fails.
    pub async fn web_acls(&self, scope: Scope) -> Result<WebAcls, Failure> {
        let site = self.waf_site(scope);
        let listed = self.listed_web_acls(&site, scope).await?;
        let mut rows: Vec<(Arc<WebAcl>, bool)> =
            listed.items.iter().filter_map(|summary| self.web_acl(&site, scope, summary)).collect();
        rows.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
        rows.dedup_by(|(a, _), (b, _)| a.key == b.key);
        let unread = rows.iter().filter(|(_, is_read)| !is_read).map(|(acl, _)| Arc::clone(acl)).collect();
        let items: Vec<_> = rows.into_iter().map(|(acl, _)| acl).collect();
        self.forget_other_details(scope, &items);
        Ok(WebAcls { scope, acls: Paged { items, capped: listed.capped }, unread })
    }

    /// Reads the rules of web ACLs, of all in their order; those that could not be read stay as they are.
    ///
    /// One that was deleted since it was listed has no rules: it is gone at the next list.
    pub async fn web_acl_details(&self, acls: &[Arc<WebAcl>]) -> Loaded<Vec<Arc<WebAcl>>> {
        let reads = stream::iter(acls.to_vec())
            .map(|acl| async move { (self.web_acl_detail(&acl).await, acl) })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        let mut loaded = Loaded { value: Vec::new(), failures: Vec::<Failure>::new() };
        for (read, acl) in reads.await {
            match read {
                Ok(detail) => loaded.value.push(Arc::new(WebAcl { detail, ..(*acl).clone() })),
                Err(failure) => {
                    loaded.value.push(acl);
                    // Each web ACL may be denied by itself, in the same words but for its name.
                    if !loaded.failures.iter().any(|known| known.kind == failure.kind) {
                        loaded.failures.push(failure);
                    }
                }
            }
        }
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

    /// Makes a row of a web ACL and tells whether its rules are known; one without a name cannot be pointed at and is left
    /// out.
    fn web_acl(&self, site: &Site, scope: Scope, summary: &aws::WebAclSummary) -> Option<(Arc<WebAcl>, bool)> {
        let raw_name = summary.name.as_deref()?;
        let arn = summary.arn.as_deref().unwrap_or_default();
        let known = self.details().get(arn).cloned();
        let is_read = known.as_ref().is_some_and(|(token, _)| Some(token.as_str()) == summary.lock_token.as_deref());
        let acl = WebAcl {
            key: WebAclKey { scope, name: self.remember(raw_name) },
            id: self.remember(summary.id.as_deref().unwrap_or_default()),
            arn: self.remember(arn),
            region: site.region.clone(),
            description: message(summary.description.as_deref()),
            detail: known.map(|(_, detail)| (*detail).clone()),
            logging: Logging::Unknown,
            as_of: site.caller.now.get(),
        };
        Some((Arc::new(acl), is_read))
    }

    /// Reads the rules of a web ACL; nothing where it was deleted.
    async fn web_acl_detail(&self, acl: &WebAcl) -> Result<Option<WebAclDetail>, Failure> {
        let site = self.waf_site(acl.key.scope);
        let get = || {
            let request = site.wafv2.get_web_acl().scope(aws_scope(acl.key.scope));
            request.name(self.original(&acl.key.name)).id(self.original(&acl.id)).send()
        };
        let answer = match site.caller.call(Action::GetWebAcl, &acl.arn, get).await {
            Ok(answer) => answer,
            Err(failure) if failure.kind == FailureKind::NotFound => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let Some(raw) = &answer.web_acl else { return Ok(None) };
        let detail = rules::detail(raw, &|raw| self.remember(raw));
        let token = answer.lock_token.unwrap_or_default();
        self.details().insert(self.original(&acl.arn), (token, Arc::new(detail.clone())));
        Ok(Some(detail))
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
