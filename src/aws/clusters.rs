//! ECS clusters with their counts, also where a policy allows some of them only.

use aws_sdk_ecs::types as aws;
use futures::{StreamExt, stream};

use crate::domain::{
    ecs::Cluster,
    fetch::{Failure, FailureKind},
};

use super::{
    Connection,
    action::Action,
    denial::denied_resource,
    ecs::{AT_ONCE, PAGE},
    load::Loaded,
    names::unique,
    paging::{Paged, pages},
    words::{count, last_part, name},
};

/// The most clusters that are read of one account and region. AWS's own default quota is 10,000.
const MOST_CLUSTERS: usize = 1_000;
/// How many clusters `DescribeClusters` takes.
const CLUSTERS_A_CALL: usize = 100;

impl Connection {
    /// Lists the names of the clusters.
    pub(super) async fn cluster_names(&self) -> Result<Paged<String>, Failure> {
        let listed = pages(MOST_CLUSTERS, |token| async move {
            let list = || {
                let request = self.ecs.list_clusters().max_results(PAGE);
                request.set_next_token(token.clone()).send()
            };
            let answer = self.home.caller.call(Action::ListClusters, "", list).await?;
            Ok((answer.cluster_arns.unwrap_or_default(), answer.next_token))
        });
        Ok(listed.await?.map(|arn| self.remember(last_part(&arn))))
    }

    /// Describes clusters with their counts.
    pub(super) async fn clusters(&self, names: &[String]) -> Loaded<Vec<Cluster>> {
        let batches = names.chunks(CLUSTERS_A_CALL).map(<[String]>::to_vec).collect::<Vec<_>>();
        let answers =
            stream::iter(batches).map(|batch| self.clusters_of_one_call(batch)).buffered(AT_ONCE).collect::<Vec<_>>();
        let mut loaded = Loaded::<Vec<Cluster>>::default();
        for answer in answers.await {
            loaded.value.extend(answer.value);
            for failure in answer.failures {
                if !loaded.failures.contains(&failure) {
                    loaded.failures.push(failure);
                }
            }
        }
        loaded
    }

    /// Describes clusters in one call, or in two: where a policy denies one of them, it denies the whole call, and the
    /// others are asked for without it.
    async fn clusters_of_one_call(&self, mut names: Vec<String>) -> Loaded<Vec<Cluster>> {
        let denials = &self.home.caller.ledger.denials;
        let mut loaded = Loaded::<Vec<Cluster>>::default();
        for again in [true, false] {
            names.retain(|name| {
                let denial = denials.recall(Action::DescribeClusters, name);
                let allowed = denial.is_none();
                loaded.failures.extend(denial);
                allowed
            });
            if names.is_empty() {
                break;
            }
            match self.describe_clusters(&names).await {
                Ok(clusters) => {
                    loaded.value = clusters;
                    break;
                }
                Err(failure) => {
                    let denied = denied_cluster(&failure, &names);
                    denials.note(Action::DescribeClusters, denied.as_deref().unwrap_or_default(), &failure);
                    if denied.is_none() || !again {
                        loaded.failures.push(failure);
                        break;
                    }
                }
            }
        }
        loaded
    }

    async fn describe_clusters(&self, names: &[String]) -> Result<Vec<Cluster>, Failure> {
        let describe = || {
            self.ecs
                .describe_clusters()
                .set_clusters(Some(names.iter().map(|name| self.original(name)).collect()))
                .include(aws::ClusterField::Statistics)
                .send()
        };
        let answer = self.home.caller.ask(Action::DescribeClusters, describe).await?;
        let clusters = answer.clusters.unwrap_or_default();
        Ok(clusters.iter().filter_map(cluster).collect())
    }
}

/// Returns which of some clusters a denial names.
fn denied_cluster(failure: &Failure, names: &[String]) -> Option<String> {
    let FailureKind::Denied { .. } = failure.kind else { return None };
    let name = unique(last_part(denied_resource(&failure.detail)?));
    names.contains(&name).then_some(name)
}

fn cluster(raw: &aws::Cluster) -> Option<Cluster> {
    let arn = raw.cluster_arn.as_deref().unwrap_or_default();
    let cluster_name = raw.cluster_name.as_deref().unwrap_or_else(|| last_part(arn));
    (!cluster_name.is_empty()).then(|| Cluster {
        name: unique(cluster_name),
        arn: name(Some(arn)),
        status: name(raw.status.as_deref()),
        active_services: count(raw.active_services_count),
        running_tasks: count(raw.running_tasks_count),
        pending_tasks: count(raw.pending_tasks_count),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn only_a_cluster_that_was_asked_for_is_left_out() {
        let denial = |kind: FailureKind, resource: &str| Failure {
            kind,
            action: String::new(),
            detail: format!(
                "User: x is not authorized to perform: ecs:DescribeClusters on resource: {resource} because"
            ),
            request_id: None,
            at: Timestamp::UNIX_EPOCH,
        };
        let names = ["dev", "prd"].map(str::to_owned);
        let denied = || FailureKind::Denied { missing_action: String::new() };
        let dev = "arn:aws:ecs:ap-northeast-1:111122223333:cluster/dev";
        assert_eq!(denied_cluster(&denial(denied(), dev), &names).as_deref(), Some("dev"));
        assert_eq!(denied_cluster(&denial(denied(), "arn:aws:ecs:x:1:cluster/stg"), &names), None);
        assert_eq!(denied_cluster(&denial(denied(), "*"), &names), None);
        assert_eq!(denied_cluster(&denial(FailureKind::Throttled, dev), &names), None);
    }
}
