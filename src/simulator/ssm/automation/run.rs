//! The interpreter: an execution's steps, one after the other, in story time.
//!
//! An execution does nothing by itself: whenever somebody asks the account anything, whatever was due until then is done
//! first, in the order of its times, each at its own time.

use serde_json::Value as Json;

use super::actions::{self, Done};
use super::definition::{Action, OnFailure};
use super::execution::{Due, Execution, Failure, Status};
use crate::simulator::call::Call;
use crate::simulator::clock::{Millis, SECOND};
use crate::simulator::ssm::documents::declared::written;
use crate::simulator::ssm::template;

/// How long it takes from a step's beginning to its call.
const REACH: Millis = 300;
/// How long it takes from a step's end to the next one's beginning.
const PAUSE: Millis = 500;
/// How often a property is looked at.
const POLL: Millis = 5 * SECOND;
/// How long a step may take that does not say it.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-waitforawsresourceproperty.html>
const USUAL_TIMEOUT: u32 = 3_600;
/// How long it takes until a cancelled execution has ended.
pub const CANCELLING: Millis = SECOND;

/// What AWS says behind every failure.
const GUIDE: &str = "Please refer to Automation Service Troubleshooting Guide for more diagnosis details.";

impl Execution {
    /// Does the next thing that is due.
    pub fn play(&mut self, base: &Call<'_>) {
        match self.due {
            Due::Nothing => {}
            Due::Cancel(at) => self.cancelled(at),
            Due::Enter(index, at) => self.enter(index, at),
            Due::Act(index, at) => self.act(base, index, at),
        }
    }

    fn enter(&mut self, index: usize, at: Millis) {
        if let Some(step) = self.steps.get_mut(index) {
            (step.status, step.started, step.ended) = (Status::InProgress, Some(at), None);
        }
        self.due = Due::Act(index, at + REACH);
    }

    fn act(&mut self, base: &Call<'_>, index: usize, at: Millis) {
        let Some(spec) = self.definition.steps.get(index).cloned() else { return self.end(at, Status::Success, None) };
        let inputs = match template::fill(&Json::Object(spec.inputs.clone()), &|name: &str| self.value(name)) {
            Ok(inputs) => inputs,
            Err(name) => {
                let kind = "UnresolvedVariable".to_owned();
                let message = format!("Failed to resolve input: {name} to type String. {GUIDE}");
                return self.failed(index, at, Failure { message, stage: "Invocation", kind });
            }
        };
        if let Some(step) = self.steps.get_mut(index) {
            let members = inputs.as_object().into_iter().flatten();
            step.inputs = members.map(|(name, value)| (name.clone(), written(value))).collect();
        }
        let call = Call { principal: &self.principal, region: &self.region, now: at, ..*base };
        let begun = self.steps.get(index).and_then(|step| step.started).unwrap_or(at);
        let deadline = begun + i64::from(spec.timeout.unwrap_or(USUAL_TIMEOUT)) * SECOND;
        match actions::perform(&call, &spec, &inputs, begun) {
            Ok(Done::With(outputs)) => {
                if let Some(step) = self.steps.get_mut(index) {
                    step.outputs = outputs;
                }
                self.succeeded(index, at, None);
            }
            Ok(Done::GoTo(next)) => self.succeeded(index, at, next),
            Ok(Done::NotYet(_)) if at >= deadline => self.timed_out(index, at),
            Ok(Done::NotYet(until)) => self.due = Due::Act(index, until.unwrap_or(at + POLL).min(deadline).max(at + 1)),
            Err(failure) => self.failed(index, at, failure),
        }
    }

    /// A step has done what it should: the one that it names is next, or the one behind it.
    fn succeeded(&mut self, index: usize, at: Millis, chosen: Option<String>) {
        self.leave(index, at, Status::Success, None);
        let Some(spec) = self.definition.steps.get(index) else { return };
        let branched = spec.action == Action::Branch;
        let next = chosen.or_else(|| spec.next.clone().filter(|_| !branched));
        // A branch that has no way to go to ends the execution.
        if spec.is_end || (branched && next.is_none()) {
            return self.finish(at);
        }
        self.go_on(index, at, next);
    }

    fn go_on(&mut self, index: usize, at: Millis, named: Option<String>) {
        if let Some(step) = self.steps.get_mut(index) {
            step.next.clone_from(&named);
        }
        let next = match named {
            None => index + 1,
            Some(name) => {
                let place = self.definition.steps.iter().position(|spec| spec.name == name);
                place.unwrap_or(self.definition.steps.len())
            }
        };
        if next >= self.definition.steps.len() || self.completing {
            return self.finish(at);
        }
        self.due = Due::Enter(next, at + PAUSE);
    }

    fn leave(&mut self, index: usize, at: Millis, status: Status, failure: Option<Failure>) {
        if let Some(step) = self.steps.get_mut(index) {
            (step.status, step.ended, step.failure) = (status, Some(at), failure);
        }
    }

    fn timed_out(&mut self, index: usize, at: Millis) {
        let message = format!("Step timed out while step is Polling resource property. {GUIDE}");
        let failure = Failure { message, stage: "Invocation", kind: "TimedOut".to_owned() };
        self.give_up(index, at, Status::TimedOut, failure);
    }

    fn failed(&mut self, index: usize, at: Millis, failure: Failure) {
        let most = self.definition.steps.get(index).map_or(1, |spec| spec.attempts);
        if let Some(step) = self.steps.get_mut(index).filter(|step| step.tries + 1 < most) {
            step.tries += 1;
            self.due = Due::Act(index, at + SECOND);
            return;
        }
        self.give_up(index, at, Status::Failed, failure);
    }

    /// A step has failed for good: what becomes of the rest is what it says for that.
    fn give_up(&mut self, index: usize, at: Millis, status: Status, failure: Failure) {
        let message = failure.message.clone();
        self.leave(index, at, status, Some(failure));
        let Some(spec) = self.definition.steps.get(index) else { return };
        let (on_failure, is_end) = (spec.on_failure.clone(), spec.is_end);
        // Whether the failure counts is what the step says; if it says nothing, not where the execution goes on.
        self.flawed |= spec.is_critical.unwrap_or(on_failure != OnFailure::Continue);
        match on_failure {
            OnFailure::Abort => self.end(at, status, Some(message)),
            OnFailure::Continue if is_end => self.finish(at),
            OnFailure::Continue => {
                let next = spec.next.clone();
                self.go_on(index, at, next);
            }
            OnFailure::Step(name) => self.go_on(index, at, Some(name)),
        }
    }

    fn finish(&mut self, at: Millis) {
        let status = if self.flawed { Status::Failed } else { Status::Success };
        self.end(at, status, None);
    }

    fn end(&mut self, at: Millis, status: Status, failure: Option<String>) {
        let outputs = self.definition.outputs.iter().filter_map(|name| {
            let values = match self.value(name)? {
                Json::Array(items) => items.iter().map(written).collect(),
                one => vec![written(&one)],
            };
            Some((name.clone(), values))
        });
        self.outputs = outputs.collect();
        (self.status, self.ended, self.failure) = (status, Some(at + REACH), failure);
        self.due = Due::Nothing;
    }

    /// Asks it to stop: what it has set going goes on, and nothing more is begun.
    pub fn cancel(&mut self, at: Millis) {
        if let Some(index) = self.due.step() {
            let running = self.steps.get_mut(index).filter(|step| step.status == Status::InProgress);
            if let Some(step) = running {
                step.status = Status::Cancelling;
            }
        }
        self.status = Status::Cancelling;
        self.due = Due::Cancel(at + CANCELLING);
    }

    fn cancelled(&mut self, at: Millis) {
        for step in self.steps.iter_mut().filter(|step| step.status == Status::Cancelling) {
            (step.status, step.ended) = (Status::Cancelled, Some(at));
        }
        self.end(at, Status::Cancelled, None);
    }
}

/// Writes the failure of a call as AWS does.
pub fn call_failed(code: &str, api: &str, message: &str) -> Failure {
    let said = format!("An error occurred ({code}) when calling the {api} operation: {message}");
    Failure { message: execution_failed(&said), stage: "Invocation", kind: code.to_owned() }
}

/// Writes what went wrong in an action as AWS does.
pub fn execution_failed(what: &str) -> String {
    let what = what.trim_end_matches('.');
    format!("Step fails when it is Execute/Cancelling action. {what}. {GUIDE}")
}
