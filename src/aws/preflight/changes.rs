//! Changes: whether what they are about is there, whether they can be made now, and by the document that was meant.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    domain::{
        ecs::{Service, ServiceKey, Task},
        fetch::{Failure, FailureKind},
        preflight::{Caution, Effect, Obstacle, Preflight},
        target::{Selector, Target},
    },
    runbook::entry::{Change, DESIRED, FINDING, Operation, TASK, WorkflowStatus},
};

use super::super::{Connection, action::Action};

/// The controller under which ECS itself replaces the tasks of a service.
///
/// Source: Amazon ECS API Reference, `DeploymentController`; `UpdateService` with `forceNewDeployment` and
/// `StopServiceDeployment` are for services of this controller alone.
const ECS: &str = "ECS";

/// The states of a service deployment that can be rolled back.
///
/// Source: Amazon ECS API Reference, `StopServiceDeployment`: in one of these states.
const UNDER_WAY: [&str; 2] = ["PENDING", "IN_PROGRESS"];

/// The state of a service deployment that was brought to its end.
const SUCCESSFUL: &str = "SUCCESSFUL";

impl Connection {
    /// Looks up what a change would meet. `compiled` is the document as it should be, where that is known.
    pub(super) async fn change_preflight(
        &self,
        operation: &Operation,
        parameters: &BTreeMap<String, String>,
        compiled: Option<&Value>,
    ) -> Preflight {
        let mut preflight = match operation {
            Operation::ServiceChange { change, service: Selector::EcsService { cluster, service, .. }, .. } => {
                let key = ServiceKey { cluster: cluster.clone(), service: service.clone() };
                self.service_preflight(*change, &key, parameters).await
            }
            Operation::Workflow { status } => self.finding_preflight(*status, parameters.get(FINDING)).await,
            Operation::Automation { document, .. } => {
                let targets = vec![Target::Document { name: document.clone() }];
                Preflight { targets, ..Preflight::default() }
            }
            _ => Preflight::default(),
        };
        if let Some(document) = operation.document() {
            self.check_document(document, compiled, &mut preflight).await;
        }
        preflight
    }

    async fn service_preflight(
        &self,
        change: Change,
        key: &ServiceKey,
        parameters: &BTreeMap<String, String>,
    ) -> Preflight {
        let named = format!("{}/{}", key.cluster, key.service);
        let task = parameters.get(TASK).filter(|_| change == Change::StopTask);
        let mut preflight = Preflight { targets: vec![target(key, task)], ..Preflight::default() };
        let read = self.describe_services(std::slice::from_ref(key)).await;
        let Some(service) = read.value.services.first().filter(|service| service.status != "INACTIVE") else {
            // A cluster that is not there has no services, either.
            let is_gone = |failure: &Failure| failure.kind == FailureKind::NotFound;
            if read.failures.iter().all(is_gone) {
                preflight.targets.clear();
                preflight.obstacles.push(Obstacle::NoService { service: named });
            } else {
                preflight.unknown.extend(read.failures);
            }
            return preflight;
        };
        let is_ours = service.controller == ECS;
        if !is_ours && matches!(change, Change::Redeploy | Change::Rollback) {
            let controller = service.controller.clone();
            preflight.obstacles.push(Obstacle::OtherController { service: named, controller });
            return preflight;
        }
        match change {
            Change::Redeploy => {
                preflight.effect = Some(redeployed(service));
                if service.is_rolling() {
                    preflight.cautions.push(Caution::RollingAlready { service: named });
                }
            }
            Change::Scale => preflight.effect = Some(scaled(service, parameters.get(DESIRED))),
            Change::Rollback => self.rollback_preflight(key, service, named, &mut preflight).await,
            Change::StopTask => {
                if let Some(task) = task {
                    self.task_preflight(key, task, named, &mut preflight).await;
                }
            }
        }
        preflight
    }

    /// Looks whether a deployment is under way that can be rolled back, and to what.
    async fn rollback_preflight(&self, key: &ServiceKey, service: &Service, named: String, preflight: &mut Preflight) {
        match self.service_deployments(key).await {
            Ok(deployments) => {
                let under_way = deployments.iter().find(|one| UNDER_WAY.contains(&one.status.as_str()));
                let Some(under_way) = under_way else {
                    preflight.obstacles.push(Obstacle::NothingToRollBack { service: named });
                    return;
                };
                let before = deployments.iter().find(|one| one.status == SUCCESSFUL);
                let to = before.map(|one| one.target_revision.clone()).unwrap_or_default();
                let from = under_way.target_revision.clone();
                let from = if from.is_empty() { service.task_definition.clone() } else { from };
                preflight.effect = Some(Effect { from, to });
            }
            Err(failure) => preflight.unknown.push(failure),
        }
    }

    /// Looks whether a task is one of the service's, and still runs.
    async fn task_preflight(&self, key: &ServiceKey, id: &str, named: String, preflight: &mut Preflight) {
        match self.task(&key.cluster, id).await {
            Ok(task) => {
                let is_its = |task: &Task| {
                    task.service.as_deref() == Some(key.service.as_str()) && task.last_status != "STOPPED"
                };
                if !task.as_ref().is_some_and(is_its) {
                    let task = id.to_owned();
                    preflight.obstacles.push(Obstacle::NotItsTask { task, service: named });
                }
            }
            Err(failure) => preflight.unknown.push(failure),
        }
    }

    async fn finding_preflight(&self, status: WorkflowStatus, finding: Option<&String>) -> Preflight {
        let mut preflight = Preflight::default();
        let Some(id) = finding else { return preflight };
        match self.finding(id).await {
            Ok(Some(finding)) => {
                let (from, to) = (finding.workflow.as_str().to_owned(), status.name().to_owned());
                if from == to {
                    preflight.cautions.push(Caution::SetAlready { status: to.clone() });
                }
                preflight.effect = Some(Effect { from, to });
                let (id, product_arn) = (finding.key.id, finding.key.product_arn);
                preflight.targets.push(Target::Finding { id, product_arn, title: finding.title });
            }
            Ok(None) => preflight.obstacles.push(Obstacle::NoFinding { finding: id.clone() }),
            // Which product found it must be known for it to be updated.
            Err(failure) => preflight.unknown.push(failure),
        }
        preflight
    }

    /// Looks whether the document is there, and the one that was meant.
    async fn check_document(&self, document: &str, compiled: Option<&Value>, preflight: &mut Preflight) {
        let get = || self.ssm_client().get_document().name(document).send();
        let answer = match self.home.caller.call(Action::GetDocument, document, get).await {
            Ok(answer) => answer,
            // `InvalidDocument`: there is none of that name here.
            Err(failure) if matches!(failure.kind, FailureKind::Invalid | FailureKind::NotFound) => {
                preflight.obstacles.push(Obstacle::NoDocument { document: document.to_owned() });
                return;
            }
            // Whoever may start it need not be let read it.
            Err(failure) if matches!(failure.kind, FailureKind::Denied { .. }) => return,
            Err(failure) => {
                preflight.unknown.push(failure);
                return;
            }
        };
        if compiled.is_some_and(|compiled| !is_same(answer.content.as_deref().unwrap_or_default(), compiled)) {
            preflight.cautions.push(Caution::OtherDocument { document: document.to_owned() });
        }
    }
}

/// Tells whether a document's text says the same as another document.
fn is_same(content: &str, compiled: &Value) -> bool {
    serde_json::from_str::<Value>(content).is_ok_and(|content| content == *compiled)
}

fn target(key: &ServiceKey, task: Option<&String>) -> Target {
    let (cluster, service) = (key.cluster.clone(), key.service.clone());
    match task {
        Some(task) => Target::Task { cluster, service, task: task.clone() },
        None => Target::Service { cluster, service },
    }
}

/// A redeployment starts what is there anew.
fn redeployed(service: &Service) -> Effect {
    let revision = service.primary().map_or(&service.task_definition, |primary| &primary.task_definition);
    Effect { from: revision.clone(), to: revision.clone() }
}

fn scaled(service: &Service, desired: Option<&String>) -> Effect {
    Effect { from: service.desired.to_string(), to: desired.cloned().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_the_same_however_it_is_written() {
        let compiled = json!({"schemaVersion": "0.3", "mainSteps": []});
        assert!(is_same("{\"mainSteps\" : [ ], \"schemaVersion\":\"0.3\"}", &compiled));
        assert!(!is_same("{\"schemaVersion\":\"0.3\"}", &compiled));
        assert!(!is_same("schemaVersion: '0.3'", &compiled));
        assert!(!is_same("", &compiled));
    }

    #[test]
    fn a_change_is_about_its_service_or_the_task_that_was_named() {
        let key = ServiceKey { cluster: "shop".to_owned(), service: "web".to_owned() };
        assert_eq!(target(&key, None).to_string(), "shop/web");
        assert_eq!(target(&key, Some(&"0af7".repeat(8))).to_string(), "shop/web 0af70af7");
    }
}
