//! What the connections of a process share: sockets, names, budgets by account and region, and denials by identity.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::Timestamp;

use crate::domain::{denied::Whom, endpoint::authority};

use super::{
    budget::Budget,
    denial::{Denials, KeepDenials, Memory},
    http,
    meter::{Meter, Spent},
    names::Names,
};

/// How long credentials may take to be found: a program that a profile names may ask somebody.
const PATIENCE: Duration = Duration::from_mins(1);

/// Tells the time by a clock that is given, so that a test or a picture can hold it still.
#[derive(Clone)]
pub struct Now(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Now {
    /// Makes it from a function.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the time.
    pub fn get(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Now {
    fn default() -> Self {
        Self::new(Timestamp::now)
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Now").field(&self.get()).finish()
    }
}

/// Holds what the connections of a process share; cheap to clone.
#[derive(Debug, Clone)]
pub struct Shared {
    pub(super) now: Now,
    pub(super) meter: Arc<Meter>,
    pub(super) names: Arc<Names>,
    pub(super) patience: Duration,
    http: SharedHttpClient,
    ledgers: Arc<Mutex<Ledgers>>,
    claims: Arc<Mutex<HashMap<Claim, Weak<Meter>>>>,
    keeper: Option<Arc<dyn KeepDenials>>,
}

/// Names findings that several sources could read: account, who reads them there, and the region that they are read in.
type Claim = (String, String, String);

/// Holds the budgets by account and region, and the denials by account, region and who was denied.
#[derive(Debug, Default)]
struct Ledgers {
    budgets: HashMap<(String, String), Arc<Budget>>,
    denials: HashMap<(String, String, String), Arc<Denials>>,
}

/// Holds the budget that an identity draws on in an account and region, and what it was denied there.
///
/// AWS's quotas are the account's, whoever calls. What one identity may not do says nothing of another one.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) budget: Arc<Budget>,
    pub(super) denials: Arc<Denials>,
    /// What keeps denials over the end of the program, once the caller is known.
    pub(super) memory: Option<Memory>,
}

impl Shared {
    /// Makes it with a clock for stamps and counts; sockets and buckets keep real time.
    pub fn new(now: Now) -> Self {
        Self {
            now,
            meter: Arc::default(),
            names: Arc::default(),
            patience: PATIENCE,
            http: http::client(),
            ledgers: Arc::default(),
            claims: Arc::default(),
            keeper: None,
        }
    }

    /// Returns the same with a meter of its own, for a source whose calls are counted apart.
    #[must_use]
    pub fn metered_apart(&self) -> Self {
        Self { meter: Arc::default(), ..self.clone() }
    }

    /// Returns the same with another time for credentials to be found in; it is a minute if not said.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Returns the same with what keeps denials over the end of the program; without it nobody does.
    #[must_use]
    pub fn keeping_denials(self, keeper: Option<Arc<dyn KeepDenials>>) -> Self {
        Self { keeper, ..self }
    }

    /// Sums up what was spent lately through this meter, by whichever connections.
    pub fn spent(&self) -> Spent {
        self.meter.spent(self.now.get())
    }

    /// Returns when that becomes less without another call, if there is anything that can.
    pub fn spent_until(&self) -> Option<Timestamp> {
        self.meter.spent_until(self.now.get())
    }

    /// Returns how often each action was called through this meter.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.meter.totals()
    }

    /// Returns the ledger of an identity in an account and region, the same one to all who ask.
    ///
    /// `who` is the caller's ARN without a session's name; it is empty before the caller is known.
    pub(super) fn ledger(&self, account: &str, region: &str, who: &str) -> Ledger {
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        let (account, region) = (account.to_owned(), region.to_owned());
        let budget =
            ledgers.budgets.entry((account.clone(), region.clone())).or_insert_with(|| Arc::new(Budget::new()));
        let budget = Arc::clone(budget);
        let key = (account.clone(), region.clone(), who.to_owned());
        let denials = Arc::clone(ledgers.denials.entry(key).or_default());
        let keeper = self.keeper.clone().filter(|_| !who.is_empty());
        let memory = keeper.map(|keeper| Memory { keeper, whom: Whom { account, region, who: who.to_owned() } });
        Ledger { budget, denials, memory }
    }

    /// Tells whether the findings of an account, as one identity reads them in a region, are this source's to read.
    ///
    /// In Security Hub's aggregation region there are the findings of all linked ones: the first source that asks has
    /// them, until it ends. A source is known by its meter.
    pub(super) fn claim(&self, account: &str, who: &str, region: &str) -> bool {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let claim = claims.entry((account.to_owned(), who.to_owned(), region.to_owned())).or_default();
        match claim.upgrade() {
            Some(other) => Arc::ptr_eq(&other, &self.meter),
            None => {
                *claim = Arc::downgrade(&self.meter);
                true
            }
        }
    }

    /// Returns the HTTP client; where an endpoint was given, one that calls nothing else.
    pub(super) fn http(&self, endpoint_url: Option<&str>) -> SharedHttpClient {
        match endpoint_url {
            Some(url) => http::only(authority(url), self.http.clone()),
            None => self.http.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_read_by_one_source_until_it_ends() {
        let shared = Shared::new(Now::default());
        let (first, second) = (shared.metered_apart(), shared.metered_apart());
        let asks = |source: &Shared, region| source.claim("111122223333", "arn:aws:iam::111122223333:user/one", region);
        assert!(asks(&first, "ap-northeast-1") && asks(&first, "ap-northeast-1"));
        assert!(!asks(&second, "ap-northeast-1"));
        assert!(asks(&second, "us-east-1"));
        drop(first);
        assert!(asks(&second, "ap-northeast-1"));
    }

    #[test]
    fn budgets_are_the_accounts_and_denials_the_callers() {
        let shared = Shared::new(Now::default());
        let one = shared.ledger("111122223333", "ap-northeast-1", "arn:aws:iam::111122223333:user/one");
        let two = shared.metered_apart().ledger("111122223333", "ap-northeast-1", "arn:aws:iam::111122223333:user/two");
        assert!(Arc::ptr_eq(&one.budget, &two.budget));
        assert!(!Arc::ptr_eq(&one.denials, &two.denials));
        let again = shared.ledger("111122223333", "ap-northeast-1", "arn:aws:iam::111122223333:user/one");
        assert!(Arc::ptr_eq(&one.denials, &again.denials));
        let elsewhere = shared.ledger("111122223333", "us-east-1", "arn:aws:iam::111122223333:user/one");
        assert!(!Arc::ptr_eq(&one.budget, &elsewhere.budget) && !Arc::ptr_eq(&one.denials, &elsewhere.denials));
    }
}
