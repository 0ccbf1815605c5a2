//! Makes entries of what is written: one for each environment and target, with bindings filled in.

use std::collections::{BTreeMap, BTreeSet};

use super::bindings::{Bindings, Bound};
use super::entry::{Confirmation, Destination, Entry, EntryId, Input, OPERATOR, Operation, document_name};
use super::error::{CatalogueError, CatalogueProblem};
use super::forms::{self, Form, is_document};
use super::reader::{Faulty, Said, Written};
use super::template::{By, InputTemplate, Kind, TargetTemplate, Template};
use crate::config::document::nearest;
use crate::domain::environment::Kind as EnvironmentKind;
use crate::domain::target::Selector;

/// Checks what an entry needs of the bindings, whether or not it is otherwise without fault.
pub(super) fn check(template: &Template, bindings: &Bindings) -> Vec<CatalogueError> {
    let mut errors = Vec::new();
    for environment in &template.environments {
        if !bindings.has(&environment.value) {
            let problem = CatalogueProblem::NoEnvironment {
                name: environment.value.clone(),
                nearest: nearest(&environment.value, bindings.environments()).map(str::to_owned),
                known: bindings.environments().map(str::to_owned).collect(),
            };
            errors.push(CatalogueError { place: environment.place.clone(), problem });
            continue;
        }
        for binding in &template.bindings {
            if bindings.get(&environment.value, &binding.value).is_none() {
                let problem = CatalogueProblem::NoBinding {
                    name: binding.value.clone(),
                    environment: environment.value.clone(),
                    nearest: nearest(&binding.value, bindings.names(&environment.value)).map(str::to_owned),
                };
                errors.push(CatalogueError { place: binding.place.clone(), problem });
            }
        }
        if bindings.kind(&environment.value) == EnvironmentKind::Prd {
            errors.extend(check_production(template, &environment.value));
        }
    }
    errors
}

/// Checks what must not be in production.
fn check_production(template: &Template, environment: &str) -> Vec<CatalogueError> {
    let mut errors = Vec::new();
    let own = template.within.get(environment).and_then(|asks| asks.roles.as_ref());
    let roles = own.or(template.asks.roles.as_ref());
    let operator = roles.into_iter().flatten().find(|role| role.value == OPERATOR);
    if let (Some(operator), Some(Kind::Exec)) = (operator, template.kind) {
        let problem = CatalogueProblem::ExecForOperator { environment: environment.to_owned() };
        errors.push(CatalogueError { place: operator.place.clone(), problem });
    }
    if template.kind.is_none_or(Kind::is_session) && !template.recorded.value {
        let problem = CatalogueProblem::Unrecorded { environment: environment.to_owned() };
        errors.push(CatalogueError { place: template.recorded.place.clone(), problem });
    }
    errors
}

/// Makes the entries of an entry that is without fault.
pub(super) fn resolve(template: &Template, bindings: &Bindings) -> Result<Vec<Entry>, Vec<CatalogueError>> {
    let mut entries = Vec::new();
    let mut errors = Vec::new();
    for environment in &template.environments {
        let mut scope = Scope { bindings, environment: &environment.value, errors: Vec::new() };
        entries.extend(scope.entries(template).unwrap_or_default());
        errors.extend(scope.errors);
    }
    if errors.is_empty() { Ok(entries) } else { Err(errors) }
}

/// Resolves in one environment. What gives nothing has its fault remembered, or had it told before.
struct Scope<'b> {
    bindings: &'b Bindings,
    environment: &'b str,
    errors: Vec<CatalogueError>,
}

impl Scope<'_> {
    fn entries(&mut self, template: &Template) -> Option<Vec<Entry>> {
        let made = self.operations(template)?;
        let asks = Asked::of(template, self.environment);
        let title = template.title.as_ref()?;
        let entry = |(id, operation)| Entry {
            id,
            title: title.clone(),
            environment: self.environment.to_owned(),
            roles: asks.roles.clone(),
            operation,
            reason: asks.reason,
            ticket: asks.ticket.clone(),
            confirmation: asks.confirmation,
            limit: asks.limit,
            recorded: template.recorded.value,
            parameters: template.parameters.clone(),
        };
        Some(made.into_iter().map(entry).collect())
    }

    /// Makes the operations of an entry, one for each of its targets.
    fn operations(&mut self, template: &Template) -> Option<Vec<(EntryId, Operation)>> {
        let written = template.id.as_ref()?;
        let id = EntryId(written.value.clone());
        let kind = template.kind?;
        let document = if kind.has_document() { self.document(template, written)? } else { String::new() };
        match kind {
            Kind::Shell => {
                self.pointed(kind, template, |selector| Operation::Shell { selector, document: document.clone() })
            }
            Kind::PortForward => {
                let (destination, sessions) = (self.destination(template)?, template.sessions);
                self.pointed(kind, template, |selector| Operation::PortForward {
                    selector,
                    document: document.clone(),
                    destination: destination.clone(),
                    sessions,
                })
            }
            Kind::Exec => {
                let command = self.one("command", template.command.as_ref()?, Form::Command)?;
                self.pointed(kind, template, |selector| Operation::Exec { selector, command: command.clone() })
            }
            Kind::Change(change) => self.pointed(kind, template, |service| Operation::ServiceChange {
                change,
                service,
                document: document.clone(),
            }),
            Kind::Workflow => Some(vec![(id, Operation::Workflow { status: template.status? })]),
            Kind::Automation => Some(vec![(id, Operation::Automation { document, inputs: self.inputs(template)? })]),
        }
    }

    /// Makes an operation for each target, and names them.
    fn pointed(
        &mut self,
        kind: Kind,
        template: &Template,
        make: impl Fn(Selector) -> Operation,
    ) -> Option<Vec<(EntryId, Operation)>> {
        let id = &template.id.as_ref()?.value;
        let (selectors, is_list) = self.selectors(kind, template.target.as_ref()?)?;
        let names = names(&selectors);
        let named = |name: &String| EntryId(if is_list { format!("{id}/{name}") } else { id.clone() });
        Some(names.iter().map(named).zip(selectors.into_iter().map(make)).collect())
    }

    fn destination(&mut self, template: &Template) -> Option<Destination> {
        let written = template.destination.as_ref()?;
        Some(Destination {
            host: self.one("host", &written.host, Form::Host)?,
            port: self.one("port", &written.port, Form::Port)?.parse().ok()?,
            user: self.maybe("user", written.user.as_ref()).ok()?,
            database: self.maybe("database", written.database.as_ref()).ok()?,
        })
    }

    fn inputs(&mut self, template: &Template) -> Option<BTreeMap<String, Input>> {
        let input = |(name, input): (&String, &InputTemplate)| {
            let input = match input {
                InputTemplate::Fixed(said) => Input::Fixed(self.one(name, said, Form::Command)?),
                InputTemplate::Chosen(parameter) => Input::Chosen(parameter.clone()),
            };
            Some((name.clone(), input))
        };
        template.inputs.iter().map(input).collect()
    }

    /// Returns the document that pins the operation; the one that is called by its entry's name may not be a name.
    fn document(&mut self, template: &Template, id: &Written<String>) -> Option<String> {
        if let Some(document) = &template.document {
            return Some(document.value.clone());
        }
        let document = document_name(self.environment, &EntryId(id.value.clone()));
        if is_document(&document) {
            return Some(document);
        }
        self.error(id, CatalogueProblem::NoDocumentName { document });
        None
    }

    /// Returns where the entry goes, and whether it makes an entry for each.
    fn selectors(&mut self, kind: Kind, target: &TargetTemplate) -> Option<(Vec<Selector>, bool)> {
        let mut is_list = target.is_list;
        let mut written = Vec::new();
        for said in &target.targets {
            match &said.value {
                Said::Here(text) => written.push(Written { value: text.clone(), place: said.place.clone() }),
                Said::Bound(name) => match self.bindings.get(self.environment, name)? {
                    Bound::One(text) => written.push(text.clone()),
                    Bound::Several(texts) => {
                        is_list = true;
                        written.extend(texts.iter().cloned());
                    }
                },
            }
        }
        if is_list && kind == Kind::PortForward {
            let problem = CatalogueProblem::SeveralTargets { operation: kind.name() };
            self.errors.push(CatalogueError { place: target.place.clone(), problem });
            return None;
        }
        let mut selectors: Vec<Selector> = Vec::new();
        for text in written {
            let Some(mut selector) = selector(target.by, &text.value) else {
                self.malformed(target.by.key(), &text, target.by.form());
                return None;
            };
            // A service is changed as a whole; a binding that serves commands too may name a container.
            if let (Kind::Change(_), Selector::EcsService { container, .. }) = (kind, &mut selector) {
                *container = None;
            }
            if selectors.contains(&selector) {
                let problem =
                    CatalogueProblem::RepeatedValue { key: target.by.key().to_owned(), value: text.value.clone() };
                self.error(&text, problem);
                return None;
            }
            selectors.push(selector);
        }
        self.check_clusters(kind, target, &selectors)?;
        Some((selectors, is_list))
    }

    /// Checks that the services of a change are in one cluster: its document holds one, literally.
    fn check_clusters(&mut self, kind: Kind, target: &TargetTemplate, selectors: &[Selector]) -> Option<()> {
        let cluster = |selector: &Selector| match selector {
            Selector::EcsService { cluster, .. } => Some(cluster.clone()),
            Selector::ManagedNode { .. } | Selector::TaggedNodes { .. } => None,
        };
        let clusters: BTreeSet<String> = selectors.iter().filter_map(cluster).collect();
        if !matches!(kind, Kind::Change(_)) || clusters.len() <= 1 {
            return Some(());
        }
        let clusters = clusters.into_iter().collect();
        let problem = CatalogueProblem::SeveralClusters { operation: kind.name(), clusters };
        self.errors.push(CatalogueError { place: target.place.clone(), problem });
        None
    }

    /// Returns one text of a form, as it stands there or as it is bound.
    fn one(&mut self, key: &str, said: &Written<Said<String>>, form: Form) -> Option<String> {
        let name = match &said.value {
            Said::Here(text) => return Some(text.clone()),
            Said::Bound(name) => name,
        };
        match self.bindings.get(self.environment, name)? {
            Bound::One(text) if form.fits(&text.value) => Some(text.value.clone()),
            Bound::One(text) => {
                self.malformed(key, text, form);
                None
            }
            Bound::Several(_) => {
                let problem =
                    CatalogueProblem::NotOneBound { name: name.clone(), environment: self.environment.to_owned() };
                self.error(said, problem);
                None
            }
        }
    }

    /// Returns a text that need not be there.
    fn maybe(&mut self, key: &str, said: Option<&Written<Said<String>>>) -> Result<Option<String>, Faulty> {
        said.map(|said| self.one(key, said, Form::User).ok_or(Faulty)).transpose()
    }

    fn malformed(&mut self, key: &str, text: &Written<String>, form: Form) {
        let problem = CatalogueProblem::Malformed { key: key.to_owned(), value: text.value.clone(), form };
        self.error(text, problem);
    }

    fn error<T>(&mut self, written: &Written<T>, problem: CatalogueProblem) {
        self.errors.push(CatalogueError { place: written.place.clone(), problem });
    }
}

/// What is asked for in one environment.
struct Asked {
    roles: Vec<String>,
    reason: bool,
    ticket: Option<String>,
    confirmation: Confirmation,
    limit: Option<jiff::SignedDuration>,
}

impl Asked {
    fn of(template: &Template, environment: &str) -> Self {
        let (common, own) = (&template.asks, template.within.get(environment));
        let roles = own.and_then(|own| own.roles.as_ref()).or(common.roles.as_ref());
        let confirmation = own.and_then(|own| own.confirmation.as_ref()).or(common.confirmation.as_ref());
        Self {
            roles: roles.into_iter().flatten().map(|role| role.value.clone()).collect(),
            reason: own.and_then(|own| own.reason).or(common.reason).unwrap_or(false),
            ticket: own.and_then(|own| own.ticket.clone()).or_else(|| common.ticket.clone()),
            confirmation: confirmation.map(|written| written.value).unwrap_or_default(),
            limit: own.and_then(|own| own.limit).or(common.limit),
        }
    }
}

/// Names targets as briefly as they can be told apart: a service without its cluster, or else the whole of it.
fn names(selectors: &[Selector]) -> Vec<String> {
    let brief = |selector: &Selector| match selector {
        Selector::EcsService { service, container, .. } => match container {
            Some(container) if container != service => format!("{service}/{container}"),
            _ => service.clone(),
        },
        Selector::ManagedNode { id } => id.clone(),
        Selector::TaggedNodes { key, value } => format!("{key}={value}"),
    };
    let names: Vec<String> = selectors.iter().map(brief).collect();
    let is_clear = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    if is_clear { names } else { selectors.iter().map(ToString::to_string).collect() }
}

fn selector(by: By, text: &str) -> Option<Selector> {
    match by {
        By::Service => forms::service(text),
        By::Node => Form::Node.fits(text).then(|| Selector::ManagedNode { id: text.to_owned() }),
        By::Tag => forms::tag(text),
    }
}
