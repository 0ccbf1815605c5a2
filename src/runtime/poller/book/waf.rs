//! What was read of web ACLs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    aws::{Connection, LoggingOf, WebAcls, logged},
    domain::{
        fetch::Failure,
        metric::Range,
        waf::{Limited, RuleTraffic, Scope, WafSnapshot, WebAcl, WebAclKey, WebAclUse},
    },
};

use super::{merge::is_current, reuse_shared};

/// Holds the web ACLs of a source, and what was read of the one that is open.
#[derive(Debug, Default)]
pub(in super::super) struct WafBook {
    /// The scopes, in the order of [`Scope::ALL`]; that of CloudFront only where this source reads it.
    pub(in super::super) scopes: Vec<ScopeBook>,
    acls: BTreeMap<WebAclKey, Arc<WebAcl>>,
    /// When the baseline of each was read.
    pub(in super::super) baselines: HashMap<WebAclKey, Timestamp>,
    /// What was counted of the open one.
    pub(in super::super) rules: Option<RulesRead>,
    /// When the open one's samples were read, for which range.
    pub(in super::super) samples: Option<(WebAclKey, Range, Timestamp)>,
    /// What the open one protects.
    pub(in super::super) used: Option<UseBook>,
    published: Option<Arc<WafSnapshot>>,
}

/// Holds when a scope was read.
#[derive(Debug)]
pub(in super::super) struct ScopeBook {
    /// The scope.
    pub(in super::super) scope: Scope,
    /// When its web ACLs were listed.
    pub(in super::super) listed_at: Option<Timestamp>,
    /// When it was asked where their requests are logged.
    pub(in super::super) logging_at: Option<Timestamp>,
    /// Web ACLs whose rules are still to be read.
    pub(in super::super) unread: Vec<Arc<WebAcl>>,
    logging: Option<LoggingOf>,
    capped: bool,
    failures: Vec<Failure>,
    logging_failure: Option<Failure>,
}

/// Holds what was counted of the rules of the open web ACL.
#[derive(Debug, Clone)]
pub(in super::super) struct RulesRead {
    /// The web ACL.
    pub(in super::super) key: WebAclKey,
    /// The range that was asked for.
    pub(in super::super) range: Range,
    /// When.
    pub(in super::super) at: Timestamp,
    /// What was counted; nothing where that may not be read.
    pub(in super::super) traffic: Option<Arc<RuleTraffic>>,
}

/// Holds what the open web ACL protects, and whom it blocks.
#[derive(Debug)]
pub(in super::super) struct UseBook {
    /// The web ACL.
    pub(in super::super) key: WebAclKey,
    /// When its rate limits were asked whom they block.
    pub(in super::super) limited_at: Option<Timestamp>,
    /// The kind of resources that comes next.
    pub(in super::super) next_kind: usize,
    /// When the first kind was asked for.
    pub(in super::super) resources_at: Option<Timestamp>,
    limited: Vec<Limited>,
    limited_failure: Option<Failure>,
    /// What was found since the first kind was asked for.
    found: Vec<String>,
    /// How many kinds could be read since.
    known_kinds: usize,
    /// What all kinds together held, the last time that they had been asked for.
    whole: Option<Vec<String>>,
    resource_failures: Vec<Failure>,
}

/// Holds what a job read of one scope.
#[derive(Debug)]
pub(in super::super) struct ScopeRead {
    /// The scope.
    pub(in super::super) scope: Scope,
    /// Its web ACLs; nothing where they could not be listed.
    pub(in super::super) acls: Option<WebAcls>,
    /// Why not, or why some have no rules.
    pub(in super::super) failures: Vec<Failure>,
    /// Where their requests are logged, if that was asked.
    pub(in super::super) logging: Option<Result<LoggingOf, Failure>>,
}

impl ScopeBook {
    fn new(scope: Scope) -> Self {
        Self {
            scope,
            listed_at: None,
            logging_at: None,
            unread: Vec::new(),
            logging: None,
            capped: false,
            failures: Vec::new(),
            logging_failure: None,
        }
    }
}

impl WafBook {
    /// Notes which scopes this source reads.
    pub(in super::super) fn reads(&mut self, scopes: &[Scope]) {
        self.scopes.retain(|known| scopes.contains(&known.scope));
        for scope in scopes {
            if !self.scopes.iter().any(|known| known.scope == *scope) {
                self.scopes.push(ScopeBook::new(*scope));
            }
        }
    }

    /// Makes everything due again.
    pub(in super::super) fn refresh(&mut self) {
        for scope in &mut self.scopes {
            scope.listed_at = None;
            scope.logging_at = None;
        }
        self.baselines.clear();
        self.rules = None;
        self.samples = None;
        if let Some(used) = &mut self.used {
            used.limited_at = None;
            used.resources_at = None;
            used.next_kind = 0;
        }
    }

    /// Finds a web ACL.
    pub(in super::super) fn find(&self, key: &WebAclKey) -> Option<&Arc<WebAcl>> {
        self.acls.get(key)
    }

    /// Goes through the web ACLs.
    pub(in super::super) fn all(&self) -> impl Iterator<Item = &Arc<WebAcl>> {
        self.acls.values()
    }

    /// Tells whether a scope has any web ACL, as far as is known.
    pub(in super::super) fn has_any(&self, scope: Scope) -> bool {
        self.acls.keys().any(|key| key.scope == scope)
    }

    /// Takes what was read of a scope; what could not be read stays as it was.
    pub(in super::super) fn take(&mut self, read: ScopeRead, now: Timestamp) {
        let Some(book) = self.scopes.iter_mut().find(|known| known.scope == read.scope) else { return };
        // What failed in passing is asked for again before it would be due.
        if read.failures.iter().all(|failure| failure.kind.is_lasting()) {
            book.listed_at = Some(now);
        }
        book.failures = read.failures;
        let asked_for_logging = read.logging.is_some();
        match read.logging {
            Some(Ok(logging)) => {
                (book.logging, book.logging_at, book.logging_failure) = (Some(logging), Some(now), None);
            }
            Some(Err(failure)) => {
                book.logging_at = failure.kind.is_lasting().then_some(now);
                book.logging_failure = Some(failure);
            }
            None => {}
        }
        let Some(listed) = read.acls else { return };
        book.capped = listed.acls.capped;
        book.unread = listed.unread;
        let mut old: BTreeMap<WebAclKey, Arc<WebAcl>> = std::mem::take(&mut self.acls);
        self.acls = old.extract_if(.., |key, _| key.scope != read.scope).collect();
        for new in listed.acls.items {
            let new = logged(new, book.logging.as_ref());
            // Where a new one logs to was not asked yet.
            if !old.contains_key(&new.key) && !asked_for_logging {
                book.logging_at = None;
            }
            let acl = match old.remove(&new.key) {
                Some(old) if is_current(old.as_of, now) && is_same(&old, &new) => old,
                _ => new,
            };
            self.acls.insert(acl.key.clone(), acl);
        }
        self.baselines.retain(|key, _| self.acls.contains_key(key));
    }

    /// Takes the rules of web ACLs that were asked for; those that could not be read are not asked for again before they
    /// are listed, unless that may have passed by then.
    pub(in super::super) fn take_details(&mut self, read: &[Arc<WebAcl>], failures: Vec<Failure>) {
        let passes = failures.iter().any(|failure| !failure.kind.is_lasting());
        let Some(scope) = read.first().map(|acl| acl.key.scope) else { return };
        let Some(book) = self.scopes.iter_mut().find(|known| known.scope == scope) else { return };
        let is_asked =
            |acl: &Arc<WebAcl>| read.iter().any(|asked| asked.key == acl.key && (!passes || acl.detail.is_some()));
        book.unread.retain(|acl| !is_asked(acl));
        for new in read {
            if let Some(acl) = self.acls.get_mut(&new.key) {
                *acl = logged(Arc::clone(new), book.logging.as_ref());
            }
        }
        book.failures = failures;
    }

    /// Returns the failures that stand, of whichever scope.
    pub(in super::super) fn failures(&self) -> Vec<Failure> {
        let of = |book: &ScopeBook| book.failures.iter().chain(&book.logging_failure).cloned().collect::<Vec<_>>();
        self.scopes.iter().flat_map(of).collect()
    }

    /// Returns all web ACLs, the very same snapshot where nothing changed.
    pub(in super::super) fn snapshot(&mut self) -> Arc<WafSnapshot> {
        let new = WafSnapshot {
            acls: self.acls.values().cloned().collect(),
            capped: self.scopes.iter().any(|book| book.capped),
        };
        reuse_shared(&mut self.published, new, |snapshot| (&snapshot.acls, snapshot.capped))
    }

    /// Returns the metric names of the rules of a web ACL that are worth asking for samples: of those that are sampled,
    /// those under which something was counted, or all where that is not known.
    pub(in super::super) fn sampled_rules(&self, acl: &WebAcl) -> Vec<String> {
        let counted = self.rules.as_ref().filter(|read| read.key == acl.key).and_then(|read| read.traffic.as_ref());
        let is_counted = |metric: &str| {
            counted.is_none_or(|counted| counted.counts.iter().any(|count| count.rule == metric && count.sum() > 0.0))
        };
        let rules = acl.detail.iter().flat_map(|detail| &detail.rules);
        // A rule whose metrics are off counts nothing, and may be sampled all the same.
        let rules = rules.filter(|rule| rule.sampled && (!rule.metrics_enabled || is_counted(&rule.metric)));
        rules.map(|rule| rule.metric.clone()).collect()
    }

    /// Returns the book of what a web ACL protects, a new one if it is another web ACL's.
    pub(in super::super) fn used_mut(&mut self, key: &WebAclKey) -> &mut UseBook {
        let used = self.used.take().filter(|used| used.key == *key);
        self.used.insert(used.unwrap_or_else(|| UseBook::new(key.clone())))
    }
}

impl UseBook {
    fn new(key: WebAclKey) -> Self {
        Self {
            key,
            limited_at: None,
            next_kind: 0,
            resources_at: None,
            limited: Vec::new(),
            limited_failure: None,
            found: Vec::new(),
            known_kinds: 0,
            whole: None,
            resource_failures: Vec::new(),
        }
    }

    /// Takes whom the rate limits block; what could not be read stays as it was.
    pub(in super::super) fn take_limited(&mut self, read: Vec<Limited>, failure: Option<Failure>, now: Timestamp) {
        if failure.as_ref().is_none_or(|failure| failure.kind.is_lasting()) {
            self.limited_at = Some(now);
        }
        if failure.is_none() || !read.is_empty() {
            self.limited = read;
        }
        self.limited_failure = failure;
    }

    /// Notes that resources of a kind are being asked for.
    pub(in super::super) fn begin_kind(&mut self, kind: usize, now: Timestamp) {
        if kind == 0 {
            self.resources_at = Some(now);
            self.found.clear();
            self.known_kinds = 0;
            self.resource_failures.clear();
        }
    }

    /// Takes the resources of one kind; those that may not be read leave the others as they are.
    pub(in super::super) fn take_resources(&mut self, kind: usize, read: Result<Vec<String>, Failure>) {
        match read {
            Ok(arns) => {
                self.found.extend(arns);
                self.known_kinds += 1;
            }
            Err(failure) => {
                let passes = !failure.kind.is_lasting();
                self.resource_failures.retain(|known| known.action != failure.action || known.kind != failure.kind);
                self.resource_failures.push(failure);
                if passes {
                    return;
                }
            }
        }
        self.next_kind = kind + 1;
        if self.next_kind >= Connection::waf_resource_kinds(self.key.scope) {
            self.found.sort_unstable();
            self.found.dedup();
            self.whole = (self.known_kinds > 0).then(|| self.found.clone());
        }
    }

    /// Returns the failures that stand.
    pub(in super::super) fn failures(&self) -> Vec<Failure> {
        self.limited_failure.iter().chain(&self.resource_failures).cloned().collect()
    }

    /// Returns what is known: as long as not all kinds were asked for, what is found so far, if it is anything.
    pub(in super::super) fn value(&self) -> WebAclUse {
        let so_far = || (!self.found.is_empty()).then(|| self.found.clone());
        WebAclUse { resources: self.whole.clone().or_else(so_far), limited: self.limited.clone() }
    }
}

fn is_same(old: &WebAcl, new: &WebAcl) -> bool {
    let old = WebAcl { as_of: new.as_of, ..old.clone() };
    old == *new
}
