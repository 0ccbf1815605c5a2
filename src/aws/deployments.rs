//! Service deployments of the service that is open.

use std::{
    collections::{BTreeSet, HashMap},
    sync::PoisonError,
};

use aws_sdk_ecs::types as aws;

use crate::domain::{
    ecs::{BreakerCount, ServiceDeployment, ServiceKey},
    fetch::Failure,
};

use super::{
    Connection,
    action::Action,
    ecs::revision,
    words::{count, message, name, time},
};

/// How many deployments are read: what `DescribeServiceDeployments` takes in one call.
const MOST_DEPLOYMENTS: i32 = 20;
/// How many service revisions are remembered: those of some fifty services.
const MOST_REVISIONS: usize = 1_000;

impl Connection {
    /// Reads the latest service deployments of a service, newest first, at most 20.
    ///
    /// Which task definition a deployment brings up is known by its service revision. That never changes and is read
    /// once; where it may not be read, the deployment is shown without it.
    ///
    /// # Errors
    /// A [`Failure`] where they cannot be listed or described.
    pub async fn service_deployments(&self, key: &ServiceKey) -> Result<Vec<ServiceDeployment>, Failure> {
        let list = || {
            let request = self.ecs.list_service_deployments().cluster(self.original(&key.cluster));
            let request = request.service(self.original(&key.service));
            request.max_results(MOST_DEPLOYMENTS).send()
        };
        let listed = self.home.caller.call(Action::ListServiceDeployments, &key.cluster, list).await?;
        let arns: Vec<String> = listed
            .service_deployments
            .unwrap_or_default()
            .into_iter()
            .filter_map(|brief| brief.service_deployment_arn)
            .take(usize::try_from(MOST_DEPLOYMENTS).unwrap_or_default())
            .collect();
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let describe = || {
            let request = self.ecs.describe_service_deployments();
            request.set_service_deployment_arns(Some(arns.clone())).send()
        };
        let action = Action::DescribeServiceDeployments;
        let answer = self.home.caller.call(action, &key.cluster, describe).await?;
        let raw = answer.service_deployments.unwrap_or_default();
        let revisions = self.task_definitions(&key.cluster, &raw).await;
        let mut deployments: Vec<_> = raw.iter().map(|raw| deployment(raw, &revisions)).collect();
        deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        Ok(deployments)
    }

    /// Returns the task definitions of the revisions that deployments bring up, asking only for those not known yet.
    async fn task_definitions(&self, cluster: &str, raw: &[aws::ServiceDeployment]) -> HashMap<String, String> {
        let revisions = || self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        let targets: BTreeSet<&str> = raw.iter().filter_map(target).collect();
        let (mut known, unknown) = revisions().sort_out(&targets);
        if !unknown.is_empty() {
            let describe = || {
                let request = self.ecs.describe_service_revisions();
                request.set_service_revision_arns(Some(unknown.clone())).send()
            };
            let answer = self.home.caller.call(Action::DescribeServiceRevisions, cluster, describe).await;
            for revision_of in answer.ok().and_then(|answer| answer.service_revisions).unwrap_or_default() {
                let task_definition = revision(revision_of.task_definition.as_deref());
                if let Some(arn) = revision_of.service_revision_arn {
                    revisions().learn(&arn, &task_definition);
                    known.insert(arn, task_definition);
                }
            }
        }
        known
    }
}

/// Remembers the task definitions of service revisions, by the revision's ARN.
#[derive(Debug, Default)]
pub(super) struct Revisions(HashMap<String, String>);

impl Revisions {
    /// Returns the task definitions of those that are known, and the ARNs of the others.
    fn sort_out(&self, arns: &BTreeSet<&str>) -> (HashMap<String, String>, Vec<String>) {
        let (mut known, mut unknown) = (HashMap::new(), Vec::new());
        for arn in arns {
            match self.0.get_key_value(*arn) {
                Some((arn, task_definition)) => drop(known.insert(arn.clone(), task_definition.clone())),
                None => unknown.push((*arn).to_owned()),
            }
        }
        (known, unknown)
    }

    /// Remembers one more; when there are very many, those that were there are forgotten, and asked for again.
    fn learn(&mut self, arn: &str, task_definition: &str) {
        if self.0.len() >= MOST_REVISIONS {
            self.0.clear();
        }
        self.0.insert(arn.to_owned(), task_definition.to_owned());
    }
}

fn target(raw: &aws::ServiceDeployment) -> Option<&str> {
    raw.target_service_revision.as_ref()?.arn.as_deref()
}

fn deployment(raw: &aws::ServiceDeployment, revisions: &HashMap<String, String>) -> ServiceDeployment {
    let bake = raw.deployment_configuration.as_ref().and_then(|configuration| configuration.bake_time_in_minutes);
    let breaker = raw.deployment_circuit_breaker.as_ref();
    ServiceDeployment {
        arn: name(raw.service_deployment_arn.as_deref()),
        status: name(raw.status.as_ref().map(aws::ServiceDeploymentStatus::as_str)),
        reason: message(raw.status_reason.as_deref()),
        lifecycle_stage: name(raw.lifecycle_stage.as_ref().map(aws::ServiceDeploymentLifecycleStage::as_str)),
        created_at: time(raw.created_at.as_ref()),
        started_at: time(raw.started_at.as_ref()),
        finished_at: time(raw.finished_at.as_ref()),
        bake_minutes: bake.map(count),
        target_revision: target(raw).and_then(|arn| revisions.get(arn)).cloned().unwrap_or_default(),
        target_tasks: raw.target_service_revision.as_ref().map(|target| {
            (count(target.requested_task_count), count(target.running_task_count), count(target.pending_task_count))
        }),
        breaker: breaker.map(|breaker| BreakerCount {
            status: name(breaker.status.as_ref().map(aws::ServiceDeploymentRollbackMonitorsStatus::as_str)),
            failures: count(breaker.failure_count),
            threshold: count(breaker.threshold),
        }),
        rollback_reason: message(raw.rollback.as_ref().and_then(|rollback| rollback.reason.as_deref())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_remembered_within_bounds_and_only_those_asked_for_are_handed_out() {
        let mut revisions = Revisions::default();
        revisions.learn("r1", "web:43");
        revisions.learn("r2", "web:44");
        let (known, unknown) = revisions.sort_out(&BTreeSet::from(["r1", "r3"]));
        assert_eq!(known, HashMap::from([("r1".to_owned(), "web:43".to_owned())]));
        assert_eq!(unknown, ["r3"]);
        for number in 0..3 * MOST_REVISIONS {
            revisions.learn(&format!("r{number}"), "web:1");
            assert!(revisions.0.len() <= MOST_REVISIONS);
        }
    }

    #[test]
    fn a_deployment_is_mapped_with_what_is_there() {
        let empty = deployment(&aws::ServiceDeployment::builder().build(), &HashMap::new());
        assert_eq!((empty.target_tasks, empty.breaker, empty.bake_minutes), (None, None, None));
        let summary = aws::ServiceRevisionSummary::builder().arn("r1").requested_task_count(3);
        let raw = aws::ServiceDeployment::builder()
            .status("HALTED".into())
            .target_service_revision(summary.running_task_count(2).pending_task_count(1).build())
            .build();
        let revisions = HashMap::from([("r1".to_owned(), "web:43".to_owned())]);
        let mapped = deployment(&raw, &revisions);
        assert_eq!(mapped.status, "HALTED");
        assert_eq!(mapped.target_revision, "web:43");
        assert_eq!(mapped.target_tasks, Some((3, 2, 1)));
    }
}
