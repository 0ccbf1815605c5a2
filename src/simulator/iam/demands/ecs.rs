//! What the operations of ECS demand.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html>

use super::{Demands, arn, text, texts};
use crate::simulator::call::Call;
use crate::simulator::iam::Demand;
use crate::simulator::wire::Input;
use crate::simulator::world::{Cluster, Service};

/// Says what an operation demands.
pub fn of(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let scene = Scene::of(call, operation, input);
    let one = |resource: String| vec![scene.demand(resource)];
    match operation {
        "DescribeClusters" => {
            let named = texts(input, "clusters");
            let named = if named.is_empty() { vec!["default"] } else { named };
            named.into_iter().map(|name| scene.cluster(last(name))).collect()
        }
        "ListServices" => one("*".to_owned()),
        "ListTasks" => one(arn(call, "ecs", &format!("container-instance/{}/*", scene.cluster))),
        "DescribeServices" => texts(input, "services").into_iter().map(|name| scene.service(last(name))).collect(),
        "UpdateService" | "ListServiceDeployments" => vec![scene.service(last(text(input, "service")))],
        "DescribeTasks" => texts(input, "tasks").into_iter().map(|id| scene.task(last(id))).collect(),
        "StopTask" => vec![scene.task(last(text(input, "task")))],
        "DescribeServiceDeployments" => scene.named(&texts(input, "serviceDeploymentArns")),
        "DescribeServiceRevisions" => scene.named(&texts(input, "serviceRevisionArns")),
        "StopServiceDeployment" => scene.named(&[text(input, "serviceDeploymentArn")]),
        "ExecuteCommand" => {
            // Both must be allowed, and both see what is asked.
            let container = input.text("container").ok().flatten().map(str::to_owned);
            let container = container.or_else(|| scene.only_container(last(text(input, "task"))));
            let task = scene.task(last(text(input, "task")));
            let task_arn = task.resource.clone();
            let asked = |demand: Demand| {
                demand.with::<String>("ecs:container-name", container.clone()).with("ecs:task", task_arn.clone())
            };
            vec![asked(scene.cluster(&scene.cluster)), asked(task)]
        }
        // `ListClusters` and `DescribeTaskDefinition` know no resources.
        _ => vec![Demand::new(scene.action.clone(), "*")],
    }
}

/// The last part of an ARN, or a short name.
fn last(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// The cluster that a call is about, and what is known of it.
struct Scene<'a> {
    call: &'a Call<'a>,
    action: String,
    cluster: String,
}

impl<'a> Scene<'a> {
    fn of(call: &'a Call<'a>, operation: &str, input: Input<'_>) -> Self {
        let cluster = last(input.text("cluster").ok().flatten().unwrap_or("default")).to_owned();
        Self { call, action: format!("ecs:{operation}"), cluster }
    }

    fn cluster_arn(&self) -> String {
        arn(self.call, "ecs", &format!("cluster/{}", self.cluster))
    }

    /// Demands the action on a resource of the cluster.
    fn demand(&self, resource: String) -> Demand {
        Demand::new(self.action.clone(), resource).with("ecs:cluster", self.cluster_arn())
    }

    fn known(&self, name: &str) -> Option<&'a Cluster> {
        self.call.here()?.clusters.get(name)
    }

    fn known_service(&self, cluster: &str, name: &str) -> Option<&'a Service> {
        let index = self.known(cluster)?.services.get(name)?;
        self.call.here()?.services.get(*index)
    }

    fn cluster(&self, name: &str) -> Demand {
        let demand = Demand::new(self.action.clone(), arn(self.call, "ecs", &format!("cluster/{name}")));
        let tags = self.known(name).map(|cluster| cluster.tags.as_slice()).unwrap_or_default();
        demand.with("ecs:cluster", self.cluster_arn()).tagged(Some("ecs"), tags)
    }

    fn service(&self, name: &str) -> Demand {
        let resource = arn(self.call, "ecs", &format!("service/{}/{name}", self.cluster));
        let tags = self.known_service(&self.cluster, name).map(|one| one.plan.tags.as_slice()).unwrap_or_default();
        self.demand(resource.clone()).with("ecs:service", resource).tagged(Some("ecs"), tags)
    }

    fn task(&self, id: &str) -> Demand {
        let demand = self.demand(arn(self.call, "ecs", &format!("task/{}/{id}", self.cluster)));
        let tags = self.service_of(id).map(|one| one.plan.task_tags()).unwrap_or_default();
        demand.tagged(Some("ecs"), &tags)
    }

    /// The service that a task of the cluster is of.
    fn service_of(&self, task: &str) -> Option<&'a Service> {
        let region = self.call.here()?;
        let services = self.known(&self.cluster)?.services.values().filter_map(|index| region.services.get(*index));
        let now = self.call.now;
        services.into_iter().find(|one| one.at(now, |story| story.tasks_at(now).any(|known| known.id == task)))
    }

    /// The name of a task's container, where it has one only: ECS takes that where none is named.
    fn only_container(&self, task: &str) -> Option<String> {
        self.service_of(task).filter(|one| one.plan.sidecar.is_none()).map(|one| one.plan.name.clone())
    }

    /// Demands what ARNs name that carry their cluster and their service in themselves.
    fn named(&self, arns: &[&str]) -> Demands {
        let demand = |named: &&str| {
            let mut parts = named.splitn(6, ':').nth(5).unwrap_or_default().split('/').skip(1);
            let (cluster, service) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            Demand::new(self.action.clone(), *named)
                .with("ecs:cluster", arn(self.call, "ecs", &format!("cluster/{cluster}")))
                .with("ecs:service", arn(self.call, "ecs", &format!("service/{cluster}/{service}")))
        };
        arns.iter().map(demand).collect()
    }
}
