//! What changes services: they really change.

use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{DesiredStatus, StopServiceDeploymentStopType as StopType, Task};
use rstest::rstest;

use crate::support::Stage;

/// A web behind a balancer, a worker that `CodeDeploy` deploys, and a release that goes wrong without a breaker.
pub const SHOP: &str = r#"
name = "shop"
seed = 5
[[account]]
id = "111122223333"
name = "shop"
[[account.service]]
cluster = "shop-prd"
name = "web"
desired = 3
image = "web:v1.4.2"
balancer = "shop-prd"
requests = 1200
tags = { Team = "shop" }
[[account.service]]
cluster = "shop-prd"
name = "worker"
desired = 1
image = "worker:v2"
controller = "code-deploy"
[[account.service]]
cluster = "shop-prd"
name = "api"
desired = 2
image = "api:v1"
[[account.node]]
id = "i-0a1b2c3d4e5f60718"
tags = { Environment = "prd" }
[[account.key]]
alias = "alias/shop"
[[account.finding]]
control = "EC2.19"
resource = "sg-0123"
seen = "2d"
[[step]]
at = "10m"
deploy = { service = "api", image = "api:v2", fails = "health-check" }
"#;

async fn tasks(stage: &Stage, service: &str) -> Vec<Task> {
    let listed = stage.ecs.list_tasks().cluster("shop-prd").service_name(service).send().await.unwrap();
    let asked = stage.ecs.describe_tasks().cluster("shop-prd").set_tasks(Some(listed.task_arns().to_vec()));
    asked.send().await.unwrap().tasks().to_vec()
}

#[tokio::test]
async fn a_forced_deployment_puts_new_tasks_in_the_place_of_all() {
    let stage = Stage::text(SHOP).await;
    let before = tasks(&stage, "web").await;
    let asked = stage.ecs.update_service().cluster("shop-prd").service("web").force_new_deployment(true);
    let answer = asked.send().await.unwrap();
    let service = answer.service().unwrap();
    assert_eq!(service.deployments().len(), 2);
    assert_eq!(service.deployments()[0].rollout_state().unwrap().as_str(), "IN_PROGRESS");
    assert_eq!(service.deployments()[0].task_definition(), service.deployments()[1].task_definition());
    stage.go_to("5m");
    let service = stage.service("shop-prd", "web").await;
    assert_eq!(service.deployments().len(), 1);
    assert_eq!(service.deployments()[0].rollout_state().unwrap().as_str(), "COMPLETED");
    let after = tasks(&stage, "web").await;
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|task| !before.iter().any(|old| old.task_arn() == task.task_arn())));
    let said: Vec<&str> = service.events().iter().filter_map(|event| event.message()).collect();
    assert!(said.iter().any(|text| text.contains("deployment completed")), "{said:?}");
    let listed = stage.ecs.list_service_deployments().cluster("shop-prd").service("web").send().await.unwrap();
    assert_eq!(listed.service_deployments()[0].status().unwrap().as_str(), "SUCCESSFUL");
}

#[tokio::test]
async fn another_number_of_tasks_is_reached_without_a_deployment() {
    let stage = Stage::text(SHOP).await;
    for (at, wanted) in [("3m", 5_i32), ("6m", 1)] {
        let asked = stage.ecs.update_service().cluster("shop-prd").service("web").desired_count(wanted);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.service().unwrap().desired_count(), wanted);
        stage.go_to(at);
        let service = stage.service("shop-prd", "web").await;
        assert_eq!((service.running_count(), service.deployments().len()), (wanted, 1));
    }
}

#[tokio::test]
async fn a_stopped_task_is_replaced() {
    let stage = Stage::text(SHOP).await;
    let arn = tasks(&stage, "web").await[0].task_arn().unwrap().to_owned();
    let asked = stage.ecs.stop_task().cluster("shop-prd").task(&arn).reason("INC-1 応答がない");
    let task = asked.send().await.unwrap().task.unwrap();
    assert_eq!((task.desired_status(), task.last_status()), (Some("STOPPED"), Some("DEACTIVATING")));
    stage.go_to("3m");
    let gone = stage.ecs.describe_tasks().cluster("shop-prd").tasks(&arn).send().await.unwrap();
    let gone = &gone.tasks()[0];
    assert_eq!(gone.last_status(), Some("STOPPED"));
    assert_eq!(gone.stop_code().map(aws_sdk_ecs::types::TaskStopCode::as_str), Some("UserInitiated"));
    assert_eq!(gone.stopped_reason(), Some("INC-1 応答がない"));
    assert_eq!(stage.service("shop-prd", "web").await.running_count(), 3);
    let stopped = stage.ecs.list_tasks().cluster("shop-prd").desired_status(DesiredStatus::Stopped);
    assert_eq!(stopped.send().await.unwrap().task_arns(), [arn]);
}

/// The release fails for ever, for no breaker stops it: a redeploy starts the bad image again, a rollback the good one.
#[tokio::test]
async fn a_rollback_brings_the_last_good_deployment_back() {
    let stage = Stage::text(SHOP).await;
    stage.go_to("14m");
    stage.ecs.update_service().cluster("shop-prd").service("api").force_new_deployment(true).send().await.unwrap();
    stage.go_to("18m");
    let bad = stage.service("shop-prd", "api").await;
    assert!(bad.deployments()[0].failed_tasks() > 0, "the bad image fails again");
    let list = || stage.ecs.list_service_deployments().cluster("shop-prd").service("api");
    let under_way = list().send().await.unwrap().service_deployments()[0].clone();
    let arn = under_way.service_deployment_arn().unwrap();
    let stop = || stage.ecs.stop_service_deployment().service_deployment_arn(arn).stop_type(StopType::Rollback);
    assert_eq!(stop().send().await.unwrap().service_deployment_arn(), Some(arn));
    let status = async || list().send().await.unwrap().service_deployments()[0].status().unwrap().as_str().to_owned();
    assert_eq!(status().await, "ROLLBACK_REQUESTED");
    let again = stop().send().await.unwrap_err();
    assert_eq!(again.code(), Some("ConflictException"), "it is being rolled back");
    stage.go_to("18m10s");
    assert_eq!(status().await, "ROLLBACK_IN_PROGRESS");
    stage.go_to("22m");
    assert_eq!(status().await, "ROLLBACK_SUCCESSFUL");
    let described = stage.ecs.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
    let rollback = described.service_deployments()[0].rollback().unwrap();
    assert!(rollback.reason().unwrap().contains("requested"), "{rollback:?}");
    let service = stage.service("shop-prd", "api").await;
    assert_eq!((service.running_count(), service.deployments().len()), (2, 1));
    let images = tasks(&stage, "api").await;
    assert!(images.iter().all(|task| task.containers()[0].image().unwrap().ends_with("api:v1")));
}

#[tokio::test]
async fn an_aborted_deployment_stays_where_it_is() {
    let stage = Stage::text(SHOP).await;
    stage.go_to("11m");
    let listed = stage.ecs.list_service_deployments().cluster("shop-prd").service("api").send().await.unwrap();
    let arn = listed.service_deployments()[0].service_deployment_arn().unwrap();
    let asked = stage.ecs.stop_service_deployment().service_deployment_arn(arn).stop_type(StopType::Abort);
    asked.send().await.unwrap();
    stage.go_to("12m");
    let listed = stage.ecs.list_service_deployments().cluster("shop-prd").service("api").send().await.unwrap();
    assert_eq!(listed.service_deployments()[0].status().unwrap().as_str(), "STOPPED");
}

#[tokio::test]
async fn what_codedeploy_deploys_is_not_deployed_by_ecs() {
    let stage = Stage::text(SHOP).await;
    let service = stage.service("shop-prd", "worker").await;
    assert_eq!(service.deployment_controller().unwrap().r#type().as_str(), "CODE_DEPLOY");
    assert!(service.deployments().is_empty() && service.task_sets()[0].running_count() == 1);
    let asked = stage.ecs.update_service().cluster("shop-prd").service("worker").force_new_deployment(true);
    let error = asked.send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
    assert!(error.message().unwrap().contains("Use AWS CodeDeploy"), "{error:?}");
    let asked = stage.ecs.update_service().cluster("shop-prd").service("worker").desired_count(2);
    assert_eq!(asked.send().await.unwrap().service().unwrap().desired_count(), 2, "its number can be changed");
}

#[rstest]
#[case("nothing", "web", "ClusterNotFoundException")]
#[case("shop-prd", "nothing", "ServiceNotFoundException")]
#[tokio::test]
async fn what_is_not_there_is_not_changed(#[case] cluster: &str, #[case] service: &str, #[case] code: &str) {
    let stage = Stage::text(SHOP).await;
    let error = stage.ecs.update_service().cluster(cluster).service(service).send().await.unwrap_err();
    assert_eq!(error.code(), Some(code));
}

#[tokio::test]
async fn odd_orders_are_refused() {
    let stage = Stage::text(SHOP).await;
    let update = || stage.ecs.update_service().cluster("shop-prd").service("web");
    for asked in [update().desired_count(-1), update().desired_count(5_001), update().task_definition("web:1")] {
        assert_eq!(asked.send().await.unwrap_err().code(), Some("InvalidParameterException"));
    }
    let error = stage.ecs.stop_task().cluster("shop-prd").task("0".repeat(32)).send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Some("InvalidParameterException"), Some("The referenced task was not found."))
    );
    let nowhere = "arn:aws:ecs:ap-northeast-1:111122223333:service-deployment/shop-prd/web/nothing";
    let error = stage.ecs.stop_service_deployment().service_deployment_arn(nowhere).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ServiceDeploymentNotFoundException"));
    let listed = stage.ecs.list_service_deployments().cluster("shop-prd").service("web").send().await.unwrap();
    let done = listed.service_deployments()[0].service_deployment_arn().unwrap();
    let error = stage.ecs.stop_service_deployment().service_deployment_arn(done).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ConflictException"), "it is over");
}
