//! What the account was asked, counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// The calls since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Every API call that named an operation, refused ones as well.
    pub total: u64,
    /// The same by action, `ecs:ListServices`.
    pub actions: BTreeMap<String, u64>,
    /// How many metrics `GetMetricData` was asked for: what CloudWatch bills ($0.01 per 1,000).
    pub metrics: u64,
}

impl Calls {
    /// Says how often an action was called.
    pub fn of(&self, action: &str) -> u64 {
        self.actions.get(action).copied().unwrap_or(0)
    }
}

/// The counter behind [`Calls`].
#[derive(Debug, Default)]
pub struct Counter(Mutex<Calls>);

impl Counter {
    /// Counts a call.
    pub fn count(&self, action: &str) {
        let mut calls = self.lock();
        calls.total += 1;
        if let Some(n) = calls.actions.get_mut(action) {
            *n += 1;
        } else {
            calls.actions.insert(action.to_owned(), 1);
        }
    }

    /// Counts metrics asked for.
    pub fn count_metrics(&self, metrics: usize) {
        self.lock().metrics += metrics as u64;
    }

    /// Reads the counts.
    pub fn read(&self) -> Calls {
        self.lock().clone()
    }

    /// Begins again at nothing.
    pub fn reset(&self) {
        *self.lock() = Calls::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
