//! An execution: what it was started with, and what has become of it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::definition::Definition;
use crate::simulator::auth::Principal;
use crate::simulator::clock::Millis;

/// How an execution or a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending,
    InProgress,
    Success,
    Failed,
    TimedOut,
    Cancelling,
    Cancelled,
}

impl Status {
    /// AWS's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::TimedOut => "TimedOut",
            Self::Cancelling => "Cancelling",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// An execution of a document.
#[derive(Debug)]
pub struct Execution {
    pub id: String,
    pub account: String,
    pub region: String,
    pub document: String,
    pub version: u32,
    pub definition: Definition,
    /// What its parameters were given, as texts.
    pub given: BTreeMap<String, Vec<String>>,
    /// The values of all parameters.
    pub values: BTreeMap<String, Json>,
    /// Who started it.
    pub by: String,
    /// Who it is in its calls.
    pub principal: Principal,
    pub token: Option<String>,
    pub started: Millis,
    pub ended: Option<Millis>,
    pub status: Status,
    pub failure: Option<String>,
    pub steps: Vec<Step>,
    pub outputs: BTreeMap<String, Vec<String>>,
    pub(super) due: Due,
    /// Whether a step failed that does not end it but counts.
    pub(super) flawed: bool,
    /// Whether it ends after the step that runs.
    pub(super) completing: bool,
}

/// What an execution does next, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Begins a step.
    Enter(usize, Millis),
    /// Does what the step says, or looks again.
    Act(usize, Millis),
    /// Is cancelled.
    Cancel(Millis),
    /// Nothing any more.
    Nothing,
}

impl Due {
    /// When.
    pub fn at(self) -> Option<Millis> {
        match self {
            Self::Enter(_, at) | Self::Act(_, at) | Self::Cancel(at) => Some(at),
            Self::Nothing => None,
        }
    }

    /// The step that it is about.
    pub fn step(self) -> Option<usize> {
        match self {
            Self::Enter(step, _) | Self::Act(step, _) => Some(step),
            Self::Cancel(_) | Self::Nothing => None,
        }
    }
}

/// A step of an execution.
#[derive(Debug, Clone)]
pub struct Step {
    pub id: String,
    pub status: Status,
    pub started: Option<Millis>,
    pub ended: Option<Millis>,
    /// How often it has been tried.
    pub tries: u32,
    pub inputs: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, Json>,
    pub failure: Option<Failure>,
    /// The step that comes after it, where that was decided.
    pub next: Option<String>,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The whole sentence.
    pub message: String,
    /// `Invocation` or `Verification`.
    pub stage: &'static str,
    /// What went wrong, in a word.
    pub kind: String,
}

impl Execution {
    /// Finds what a name in braces stands for.
    pub fn value(&self, name: &str) -> Option<Json> {
        let date = || crate::simulator::clock::timestamp(self.started);
        match name {
            "automation:EXECUTION_ID" => return Some(self.id.clone().into()),
            "global:ACCOUNT_ID" => return Some(self.account.clone().into()),
            "global:REGION" => return Some(self.region.clone().into()),
            "global:DATE" => return Some(date().strftime("%Y-%m-%d").to_string().into()),
            "global:DATE_TIME" => return Some(date().strftime("%Y-%m-%d_%H.%M.%S").to_string().into()),
            _ => {}
        }
        let Some((step, output)) = name.split_once('.') else { return self.values.get(name).cloned() };
        let index = self.definition.steps.iter().position(|spec| spec.name == step)?;
        self.steps.get(index)?.outputs.get(output).cloned()
    }
}
