//! Systems Manager Automation: documents that do things, step by step.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-automation.html>

mod actions;
mod branch;
mod definition;
mod describe;
mod execution;
mod run;
mod selector;
mod start;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use definition::Definition;
pub use describe::{describe_automation_executions, describe_automation_step_executions, get_automation_execution};
use execution::Execution;
pub use start::{role_of, start_automation_execution, stop_automation_execution};

use crate::simulator::call::Call;

/// How many executions are remembered.
const REMEMBERED: usize = 1_000;

/// All executions of all accounts, the oldest first.
#[derive(Debug, Default)]
pub struct Automations(Mutex<Vec<Execution>>);

impl Automations {
    /// Does whatever was due until the time of a call, in the order of its times.
    pub fn advance(&self, call: &Call<'_>) {
        let mut all = self.lock();
        loop {
            let due = all.iter_mut().filter_map(|one| Some((one.due.at().filter(|at| *at <= call.now)?, one)));
            let Some((_, next)) = due.min_by_key(|(at, _)| *at) else { return };
            next.play(call);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Execution>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an execution and forgets the oldest that have ended.
    fn remember(all: &mut Vec<Execution>, execution: Execution) {
        all.push(execution);
        let most = all.len().saturating_sub(REMEMBERED);
        let mut forgotten = 0;
        all.retain(|one| {
            let forget = forgotten < most && one.ended.is_some();
            forgotten += usize::from(forget);
            !forget
        });
    }
}
