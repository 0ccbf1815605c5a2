//! The form before a start: what is about to happen, and what the gate asks for.
//!
//! Every key is checked by the gate's own rule, so that the form never promises what the gate would refuse.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use tui_input::{Input, InputRequest};

use crate::domain::{
    environment::Environment,
    fetch::SourceId,
    identity::{Identity, RoleResolution},
    preflight::Preflight,
    session::LiveId,
    target::Target,
};
use crate::journal::RunStep;
use crate::policy::{self, Denial, Request};
use crate::runbook::catalogue::Catalogue;
use crate::runbook::entry::{Entry, LOCAL_PORT, Parameter};

use super::live::{Origin, Refusal};
use crate::state::{list::Scroll, overlay};

/// Holds what was looked up about the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It was asked for.
    Asked,
    /// It was found out.
    Done(Arc<Preflight>),
    /// It could not be asked for.
    Failed(Refusal),
}

/// Names what a field of the form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// One of several containers or nodes.
    Target,
    /// A parameter of the entry.
    Parameter(String, Parameter),
    /// The reason.
    Reason,
    /// The ticket; holds its pattern.
    Ticket(String),
    /// What is typed to confirm; holds what it must be.
    Confirmation(String),
}

/// Holds a field of the form.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it is for.
    pub kind: FieldKind,
    /// What was typed.
    pub input: Input,
    /// Which of the choices is chosen, where it is one of choices.
    pub choice: usize,
    /// Whether it was given with what the form is about, and is not asked.
    pub given: bool,
}

impl Field {
    fn new(kind: FieldKind, text: String) -> Self {
        Self { kind, input: Input::new(text), choice: 0, given: false }
    }

    fn of_parameter(name: &str, parameter: &Parameter) -> Self {
        let text = match parameter {
            Parameter::Integer { default, .. } => default.map(|number| number.to_string()),
            Parameter::Text { default, .. } => default.clone(),
            Parameter::Choice { .. } => None,
        };
        let mut field = Self::new(FieldKind::Parameter(name.to_owned(), parameter.clone()), text.unwrap_or_default());
        if let Parameter::Choice { allowed, default } = parameter {
            field.choice = allowed.iter().position(|one| Some(one) == default.as_ref()).unwrap_or(0);
        }
        field
    }

    /// Tells whether it is chosen from a list and not typed.
    pub fn is_choice(&self) -> bool {
        matches!(self.kind, FieldKind::Target | FieldKind::Parameter(_, Parameter::Choice { .. }))
    }

    /// Returns what it holds.
    pub fn value(&self) -> &str {
        match &self.kind {
            FieldKind::Parameter(_, Parameter::Choice { allowed, .. }) => {
                allowed.get(self.choice).map_or("", String::as_str)
            }
            _ => self.input.value(),
        }
    }
}

/// Holds the form.
#[derive(Debug)]
pub struct Form {
    /// The number that the session will have.
    pub id: LiveId,
    /// The source whose identity acts.
    pub source: SourceId,
    /// The environment's index.
    pub index: usize,
    /// The environment.
    pub environment: Environment,
    /// The region of the calls.
    pub region: String,
    /// The profile by which the same could be done by hand; empty for the current one.
    pub profile: String,
    /// The catalogue that allows it.
    pub catalogue: Arc<Catalogue>,
    /// The entry.
    pub entry: Arc<Entry>,
    /// Who asks.
    pub identity: Arc<Identity>,
    /// In which role.
    pub role: String,
    /// The fields, in the order in which they are asked.
    pub fields: Vec<Field>,
    /// The field that is typed in.
    pub focus: usize,
    /// What was looked up.
    pub preflight: Lookup,
    /// The parameters that it was looked up for.
    pub(super) looked_for: BTreeMap<String, String>,
    /// Why the gate would not let it through as it stands.
    pub denial: Option<Denial>,
    /// Whether the person tried to start it: then what is lacking is said aloud.
    pub tried: bool,
    /// The first line of the text that is shown.
    pub scroll: Scroll,
    /// The step of a run that it is opened for.
    pub step: Option<RunStep>,
    /// The task that a session should go to, where the form was opened from one.
    task: Option<String>,
}

/// Says who opens a form, and from where.
pub(super) struct Opening {
    pub id: LiveId,
    pub source: SourceId,
    pub index: usize,
    pub environment: Environment,
    pub region: String,
    pub profile: String,
    pub catalogue: Arc<Catalogue>,
    pub entry: Arc<Entry>,
    pub identity: Arc<Identity>,
    pub role: String,
    pub occasion: Occasion,
}

/// Says what a form is opened from.
#[derive(Debug, Clone, Default)]
pub(super) struct Occasion {
    /// The parameters that it says, so that nobody has to type them.
    pub given: BTreeMap<String, String>,
    /// The task that a session should go to.
    pub task: Option<String>,
    /// The step of a run.
    pub step: Option<RunStep>,
}

impl Form {
    /// Opens the form with the entry's own defaults, and with what was given.
    pub(super) fn new(opening: Opening, now: Timestamp) -> Self {
        let Opening { id, source, index, environment, region, profile, catalogue, entry, identity, role, occasion } =
            opening;
        let Occasion { given, task, step } = occasion;
        let fields = fields(&entry, &environment, given);
        let mut form = Self {
            id,
            source,
            index,
            environment,
            region,
            profile,
            catalogue,
            entry,
            identity,
            role,
            fields,
            focus: 0,
            preflight: Lookup::Asked,
            looked_for: BTreeMap::new(),
            denial: None,
            tried: false,
            scroll: Scroll::default(),
            step,
            task,
        };
        form.step(0);
        form.validate(now);
        form
    }

    /// Takes another port of this machine where the entry's own is among those that are taken.
    pub fn avoid(&mut self, taken: &[u16], now: Timestamp) {
        let is_taken = |port: i64| taken.iter().any(|taken| i64::from(*taken) == port);
        for field in &mut self.fields {
            let FieldKind::Parameter(name, Parameter::Integer { range: (low, high), .. }) = &field.kind else {
                continue;
            };
            if name == LOCAL_PORT
                && field.value().parse().is_ok_and(is_taken)
                && let Some(free) = (*low..=*high).find(|port| !is_taken(*port))
            {
                field.input = Input::new(free.to_string());
            }
        }
        self.validate(now);
    }

    /// Returns the targets that were found, the best first.
    pub fn targets(&self) -> &[Target] {
        match &self.preflight {
            Lookup::Done(preflight) => &preflight.targets,
            Lookup::Asked | Lookup::Failed(_) => &[],
        }
    }

    /// Returns the target that is chosen, once there is one.
    pub fn target(&self) -> Option<&Target> {
        let chosen = self.fields.iter().find(|field| field.kind == FieldKind::Target).map_or(0, |field| field.choice);
        self.targets().get(chosen).or_else(|| self.targets().first())
    }

    /// Takes what was looked up; of several targets, the task that the form was opened from is chosen.
    pub(super) fn looked_up(&mut self, preflight: Arc<Preflight>, now: Timestamp) {
        let wanted = self.task.take();
        let of_task = wanted.and_then(|task| preflight.targets.iter().position(|target| target.id() == task));
        self.preflight = Lookup::Done(preflight);
        let target = self.fields.iter_mut().find(|field| field.kind == FieldKind::Target);
        if let (Some(field), Some(place)) = (target, of_task) {
            field.choice = place;
        }
        self.validate(now);
    }

    /// Iterates over the fields that are asked, with their places: a target alone is no question, nor is what was given.
    pub fn asked(&self) -> impl Iterator<Item = (usize, &Field)> {
        let several = self.targets().len() > 1;
        let is_asked = move |field: &Field| !field.given && (several || field.kind != FieldKind::Target);
        self.fields.iter().enumerate().filter(move |(_, field)| is_asked(field))
    }

    /// Moves the focus by so many fields, stopping at the ends.
    pub fn step(&mut self, by: isize) {
        let places: Vec<usize> = self.asked().map(|(place, _)| place).collect();
        let now = places.iter().position(|place| *place >= self.focus).unwrap_or(places.len().saturating_sub(1));
        let next = now.saturating_add_signed(by).min(places.len().saturating_sub(1));
        self.focus = places.get(next).copied().unwrap_or(0);
    }

    /// Tells whether the focus is on the last field that is asked.
    pub fn is_at_end(&self) -> bool {
        self.asked().last().is_none_or(|(place, _)| place == self.focus)
    }

    /// Applies an edit to the field with the focus; of choices, a step to the side or a space takes the next.
    pub fn edit(&mut self, request: InputRequest, now: Timestamp) {
        let targets = self.targets().len();
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        if field.is_choice() {
            let len = match &field.kind {
                FieldKind::Parameter(_, Parameter::Choice { allowed, .. }) => allowed.len(),
                _ => targets,
            };
            let by = match request {
                InputRequest::GoToNextChar | InputRequest::InsertChar(' ') => 1,
                InputRequest::GoToPrevChar => len.saturating_sub(1),
                _ => 0,
            };
            field.choice = (field.choice + by).checked_rem(len).unwrap_or(0);
        } else {
            overlay::edit(&mut field.input, request);
        }
        self.validate(now);
    }

    /// Pastes the first line of a text into the field with the focus.
    pub fn paste(&mut self, text: &str, now: Timestamp) {
        if let Some(field) = self.fields.get_mut(self.focus).filter(|field| !field.is_choice()) {
            overlay::paste(&mut field.input, text);
        }
        self.validate(now);
    }

    /// Returns what the gate would be asked for.
    pub fn request(&self) -> Request {
        let mut request = Request {
            entry: self.entry.id.clone(),
            environment: self.environment.name.clone(),
            parameters: BTreeMap::new(),
            reason: None,
            ticket: None,
            confirmation: None,
        };
        for field in &self.fields {
            let value = field.value().trim();
            let given = (!value.is_empty()).then(|| value.to_owned());
            match &field.kind {
                FieldKind::Target => {}
                FieldKind::Parameter(name, _) => {
                    request.parameters.extend(given.map(|value| (name.clone(), value)));
                }
                FieldKind::Reason => request.reason = given,
                FieldKind::Ticket(_) => request.ticket = given,
                FieldKind::Confirmation(_) => request.confirmation = given,
            }
        }
        request
    }

    /// Asks the gate what it would say to the form as it stands.
    pub fn validate(&mut self, now: Timestamp) {
        let role = RoleResolution::One(self.role.clone());
        let asked = policy::authorize(&self.catalogue, &self.identity, &role, &self.environment, &self.request(), now);
        self.denial = asked.err().or_else(|| self.unconfirmed());
    }

    /// In production nothing starts without a word, even where the entry asks for none.
    fn unconfirmed(&self) -> Option<Denial> {
        let field = self.fields.iter().find(|field| matches!(field.kind, FieldKind::Confirmation(_)))?;
        let FieldKind::Confirmation(expected) = &field.kind else { return None };
        (field.value().trim() != expected)
            .then(|| Denial::NotConfirmed { confirmation: self.entry.confirmation, expected: expected.clone() })
    }

    /// Returns the place of the field that a denial is about; nothing where none of them can mend it.
    pub fn place_of(&self, denial: &Denial) -> Option<usize> {
        let is_about = |kind: &FieldKind| match denial {
            Denial::ReasonMissing => *kind == FieldKind::Reason,
            Denial::TicketMissing { .. } | Denial::TicketInvalid { .. } => matches!(kind, FieldKind::Ticket(_)),
            Denial::NotConfirmed { .. } => matches!(kind, FieldKind::Confirmation(_)),
            Denial::NoParameter { name }
            | Denial::ParameterMissing { name }
            | Denial::ParameterInvalid { name, .. } => {
                matches!(kind, FieldKind::Parameter(known, _) if known == name)
            }
            Denial::Unprintable { name } => match kind {
                FieldKind::Reason => name == "reason",
                FieldKind::Ticket(_) => name == "ticket",
                FieldKind::Parameter(known, _) => known == name,
                FieldKind::Target | FieldKind::Confirmation(_) => false,
            },
            _ => false,
        };
        self.fields.iter().position(|field| is_about(&field.kind))
    }

    /// Returns who, where and why, for the session that it starts.
    pub(super) fn origin(&self, place: crate::domain::queue::Place) -> Origin {
        let request = self.request();
        Origin {
            place,
            environment: self.environment.name.clone(),
            region: self.region.clone(),
            identity: Arc::clone(&self.identity),
            role: self.role.clone(),
            reason: request.reason,
            ticket: request.ticket,
            step: self.step.clone(),
        }
    }
}

/// Returns the fields that an entry asks for in an environment, in the order of the gate's rules.
fn fields(entry: &Entry, environment: &Environment, given: BTreeMap<String, String>) -> Vec<Field> {
    let mut fields = vec![Field::new(FieldKind::Target, String::new())];
    if entry.reason {
        fields.push(Field::new(FieldKind::Reason, String::new()));
    }
    if let Some(pattern) = &entry.ticket {
        fields.push(Field::new(FieldKind::Ticket(pattern.clone()), String::new()));
    }
    fields.extend(entry.parameters.iter().map(|(name, parameter)| Field::of_parameter(name, parameter)));
    for (name, value) in given {
        let of_name = |field: &&mut Field| matches!(&field.kind, FieldKind::Parameter(known, _) if *known == name);
        if let Some(field) = fields.iter_mut().find(of_name).filter(|field| !field.is_choice()) {
            (field.input, field.given) = (Input::new(value), true);
        }
    }
    let expected = policy::expected(entry, environment.kind);
    fields.extend(expected.map(|expected| Field::new(FieldKind::Confirmation(expected.to_owned()), String::new())));
    fields
}
