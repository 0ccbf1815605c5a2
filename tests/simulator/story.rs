//! Rollouts, as time goes by.

use std::collections::HashSet;

use aws_sdk_ecs::types::{Deployment, DesiredStatus, Service, ServiceDeployment, Task, TaskStopCode};
use rstest::rstest;

use crate::support::Stage;

/// One service with a story of its own.
fn service(settings: &str, steps: &str) -> String {
    format!(
        "name = \"story\"\nseed = 3\n[[account]]\nid = \"111122223333\"\n[[account.service]]\ncluster = \"c\"\nname = \"web\"\n\
         image = \"web:v1\"\nrevision = 7\n{settings}\n{steps}"
    )
}

fn step(at: &str, what: &str) -> String {
    format!("[[step]]\nat = \"{at}\"\n{what}\n")
}

async fn tasks(stage: &Stage, status: DesiredStatus) -> Vec<Task> {
    let listed = stage.ecs.list_tasks().cluster("c").desired_status(status).send().await.unwrap();
    if listed.task_arns().is_empty() {
        return Vec::new();
    }
    let described = stage.ecs.describe_tasks().cluster("c").set_tasks(listed.task_arns).send().await.unwrap();
    described.tasks.unwrap_or_default()
}

async fn deployment(stage: &Stage) -> ServiceDeployment {
    let listed = stage.ecs.list_service_deployments().cluster("c").service("web").send().await.unwrap();
    let arn = listed.service_deployments()[0].service_deployment_arn().unwrap();
    let described = stage.ecs.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
    described.service_deployments()[0].clone()
}

fn messages(service: &Service) -> Vec<&str> {
    service.events().iter().filter_map(|event| event.message()).collect()
}

fn rollout(service: &Service) -> Vec<(&str, &str)> {
    let word = |deployment: &Deployment| {
        deployment.rollout_state().map_or("", |state| match state.as_str() {
            "IN_PROGRESS" => "IN_PROGRESS",
            "FAILED" => "FAILED",
            _ => "COMPLETED",
        })
    };
    service.deployments().iter().map(|one| (one.status().unwrap_or_default(), word(one))).collect()
}

#[tokio::test]
async fn a_good_release_replaces_every_task_and_completes() {
    let text = service("desired = 3", &step("10s", "deploy = { service = \"web\", image = \"web:v2\" }"));
    let stage = Stage::text(&text).await;
    let before = stage.service("c", "web").await;
    assert_eq!((before.running_count(), rollout(&before)), (3, vec![("PRIMARY", "COMPLETED")]));
    let old: HashSet<_> =
        tasks(&stage, DesiredStatus::Running).await.iter().filter_map(|task| task.task_arn.clone()).collect();

    stage.go_to("30s");
    let during = stage.service("c", "web").await;
    assert_eq!(rollout(&during), [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")]);
    assert!(during.running_count() >= 3, "with a minimum of 100 % nothing is stopped first");
    assert!(during.pending_count() > 0);
    assert!(during.deployments()[0].rollout_state_reason().unwrap().ends_with("in progress."));
    assert_eq!(deployment(&stage).await.status().unwrap().as_str(), "IN_PROGRESS");
    assert_eq!(deployment(&stage).await.lifecycle_stage().unwrap().as_str(), "SCALE_UP");

    stage.go_to("5m");
    let after = stage.service("c", "web").await;
    assert_eq!((after.running_count(), after.pending_count(), rollout(&after)), (3, 0, vec![("PRIMARY", "COMPLETED")]));
    assert!(after.task_definition().unwrap().ends_with("c-web:8"));
    assert_eq!(deployment(&stage).await.status().unwrap().as_str(), "SUCCESSFUL");
    let now = tasks(&stage, DesiredStatus::Running).await;
    assert!(now.iter().all(|task| !old.contains(task.task_arn().unwrap())));
    assert!(now.iter().all(|task| task.containers()[0].image().unwrap().ends_with("/web:v2")));
    let said = messages(&after);
    assert_eq!(said[0], "(service web) has reached a steady state.");
    assert!(said[1].contains("(deployment ecs-svc/") && said[1].ends_with("deployment completed."), "{}", said[1]);
    assert!(said.iter().any(|text| text.starts_with("(service web) has started 1 tasks: (task ")));
    assert!(said.iter().any(|text| text.starts_with("(service web) has stopped ")));
}

#[tokio::test]
async fn tasks_walk_through_their_states_in_order() {
    let text = service("desired = 1\nexec = true", &step("0s", "deploy = { service = \"web\", image = \"web:v2\" }"));
    let stage = Stage::text(&text).await;
    let mut seen: Vec<String> = Vec::new();
    for second in 1..90 {
        stage.go_to(&format!("{second}s"));
        let new = tasks(&stage, DesiredStatus::Running)
            .await
            .into_iter()
            .find(|task| task.task_definition_arn().unwrap().ends_with(":8"));
        let Some(task) = new else { continue };
        let status = task.last_status().unwrap().to_owned();
        let container = &task.containers()[0];
        match status.as_str() {
            "PROVISIONING" | "PENDING" => {
                assert!(
                    task.started_at().is_none()
                        && container.image_digest().is_none()
                        && container.runtime_id().is_none()
                );
            }
            "RUNNING" => assert!(task.started_at().is_some() && container.runtime_id().is_some()),
            _ => {}
        }
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    assert_eq!(seen, ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"]);
    let running = tasks(&stage, DesiredStatus::Running).await;
    assert_eq!(running[0].health_status().unwrap().as_str(), "HEALTHY");
    let agent = &running[0].containers()[0].managed_agents()[0];
    assert_eq!((agent.name().unwrap().as_str(), agent.last_status()), ("ExecuteCommandAgent", Some("RUNNING")));
    let stopped = tasks(&stage, DesiredStatus::Stopped).await;
    assert!(stopped[0].stopped_reason().unwrap().starts_with("Scaling activity initiated by (deployment ecs-svc/"));
}

#[rstest]
#[case("health-check", TaskStopCode::ServiceSchedulerInitiated, "health checks", Some(137))]
#[case("image", TaskStopCode::TaskFailedToStart, "CannotPullContainerError", None)]
#[case("crash", TaskStopCode::EssentialContainerExited, "Essential container in task exited", Some(1))]
#[tokio::test]
async fn a_bad_release_trips_the_breaker_and_is_rolled_back(
    #[case] fails: &str,
    #[case] code: TaskStopCode,
    #[case] reason: &str,
    #[case] exit: Option<i32>,
) {
    let bad = step("10s", &format!("deploy = {{ service = \"web\", image = \"web:v2\", fails = \"{fails}\" }}"));
    let stage = Stage::text(&service("desired = 2\ncircuit_breaker = true", &bad)).await;
    stage.go_to("40s");
    let breaker = deployment(&stage).await.deployment_circuit_breaker().unwrap().clone();
    assert_eq!((breaker.status().unwrap().as_str(), breaker.threshold()), ("MONITORING", 3));

    stage.go_to("10m");
    let after = stage.service("c", "web").await;
    assert_eq!((after.running_count(), rollout(&after)), (2, vec![("PRIMARY", "COMPLETED")]));
    assert!(after.task_definition().unwrap().ends_with("c-web:7"), "it is the one from before");
    let said = messages(&after);
    let place =
        |part: &str| said.iter().position(|text| text.contains(part)).unwrap_or_else(|| panic!("{part}: {said:#?}"));
    assert!(place("rolling back to deployment ecs-svc/") < place("deployment failed: tasks failed to start."));
    let rolled_back = deployment(&stage).await;
    assert_eq!(rolled_back.status().unwrap().as_str(), "ROLLBACK_SUCCESSFUL");
    assert!(rolled_back.rollback().unwrap().reason().unwrap().contains("circuit breaker"));
    let breaker = rolled_back.deployment_circuit_breaker().unwrap();
    assert_eq!((breaker.status().unwrap().as_str(), breaker.failure_count()), ("TRIGGERED", 3));
    let failed = tasks(&stage, DesiredStatus::Stopped)
        .await
        .into_iter()
        .filter(|task| task.task_definition_arn().unwrap().ends_with(":8"));
    let failed: Vec<Task> = failed.filter(|task| task.stop_code() == Some(&code)).collect();
    assert!(failed.len() >= 3, "{}", failed.len());
    assert!(failed[0].stopped_reason().unwrap().contains(reason), "{:?}", failed[0].stopped_reason());
    assert_eq!(failed[0].containers()[0].exit_code(), exit);
}

#[tokio::test]
async fn while_it_fails_the_count_of_failures_rises_and_the_service_is_short() {
    let bad = step("10s", "deploy = { service = \"web\", image = \"web:v2\", fails = \"crash\" }");
    let stage =
        Stage::text(&service("desired = 4\nmin_healthy = 50\nmax_percent = 100\ncircuit_breaker = true", &bad)).await;
    let mut counts = Vec::new();
    for second in (15..240).step_by(5) {
        stage.go_to(&format!("{second}s"));
        let now = stage.service("c", "web").await;
        assert!(now.running_count() >= 2, "half stays healthy");
        assert!(now.running_count() + now.pending_count() <= 4, "never more than all");
        let failing = now.deployments().iter().find(|one| one.task_definition().unwrap().ends_with(":8"));
        counts.extend(failing.map(Deployment::failed_tasks));
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!((counts.first(), counts.last()), (Some(&0), Some(&3)));
}

#[tokio::test]
async fn without_a_breaker_it_goes_on_failing_ever_more_slowly() {
    let bad = step("10s", "deploy = { service = \"web\", image = \"web:v2\", fails = \"image\" }");
    let stage = Stage::text(&service("desired = 1\nmin_healthy = 0\nmax_percent = 100", &bad)).await;
    stage.go_to("20h");
    let now = stage.service("c", "web").await;
    assert_eq!((now.running_count(), rollout(&now)[0]), (0, ("PRIMARY", "IN_PROGRESS")));
    let failed = now.deployments()[0].failed_tasks();
    assert!((60..120).contains(&failed), "{failed}");
    assert_eq!(now.events().len(), 100, "a service shows its last hundred events");
    assert!(messages(&now).iter().any(|text| text.contains("unable to consistently start tasks successfully")));
    let stopped = tasks(&stage, DesiredStatus::Stopped).await;
    assert!((3..6).contains(&stopped.len()), "only the last hour's are shown: {}", stopped.len());
}

#[tokio::test]
async fn without_rollback_a_failed_deployment_stays() {
    let bad = step("10s", "deploy = { service = \"web\", image = \"web:v2\", fails = \"crash\" }");
    let stage = Stage::text(&service("desired = 1\ncircuit_breaker = true\nrollback = false", &bad)).await;
    stage.go_to("30m");
    let now = stage.service("c", "web").await;
    assert_eq!(rollout(&now), [("PRIMARY", "FAILED"), ("ACTIVE", "COMPLETED")]);
    assert_eq!(
        (now.running_count(), now.pending_count()),
        (1, 0),
        "the old task still serves, and no new one is started"
    );
    assert_eq!(deployment(&stage).await.status().unwrap().as_str(), "STOPPED");
}

#[tokio::test]
async fn a_release_bakes_before_it_completes() {
    let text =
        service("desired = 2\nbake = \"5m\"", &step("10s", "deploy = { service = \"web\", image = \"web:v2\" }"));
    let stage = Stage::text(&text).await;
    stage.go_to("4m");
    let baking = deployment(&stage).await;
    assert_eq!(baking.lifecycle_stage().unwrap().as_str(), "BAKE_TIME");
    assert_eq!(baking.deployment_configuration().unwrap().bake_time_in_minutes(), Some(5));
    assert_eq!(rollout(&stage.service("c", "web").await)[0], ("PRIMARY", "IN_PROGRESS"));
    stage.go_to("10m");
    assert_eq!(deployment(&stage).await.status().unwrap().as_str(), "SUCCESSFUL");
    assert_eq!(rollout(&stage.service("c", "web").await), [("PRIMARY", "COMPLETED")]);
}

#[tokio::test]
async fn scaling_starts_and_stops_tasks() {
    let steps = step("10s", "scale = { service = \"web\", desired = 5 }")
        + &step("10m", "scale = { service = \"web\", desired = 0 }");
    let stage = Stage::text(&service("desired = 2", &steps)).await;
    stage.go_to("12s");
    let now = stage.service("c", "web").await;
    assert_eq!((now.desired_count(), now.running_count()), (5, 2));
    stage.go_to("5m");
    assert_eq!(stage.service("c", "web").await.running_count(), 5);
    stage.go_to("15m");
    let now = stage.service("c", "web").await;
    assert_eq!((now.desired_count(), now.running_count(), now.pending_count()), (0, 0, 0));
    assert_eq!(messages(&now)[0], "(service web) has reached a steady state.");
}

#[tokio::test]
async fn a_task_that_spot_takes_back_is_replaced() {
    let stage =
        Stage::text(&service("desired = 1\nspot = true", &step("1m", "stop = { service = \"web\", spot = true }")))
            .await;
    let before = tasks(&stage, DesiredStatus::Running).await;
    assert_eq!(before[0].capacity_provider_name(), Some("FARGATE_SPOT"));
    stage.go_to("1m20s");
    let stopped = tasks(&stage, DesiredStatus::Stopped).await;
    assert_eq!(stopped[0].stop_code(), Some(&TaskStopCode::SpotInterruption));
    assert_eq!(stopped[0].task_arn(), before[0].task_arn());
    stage.go_to("5m");
    let after = stage.service("c", "web").await;
    assert_eq!(after.running_count(), 1);
    assert!(
        after.launch_type().is_none() && after.capacity_provider_strategy()[0].capacity_provider() == "FARGATE_SPOT"
    );
}

#[tokio::test]
async fn a_newer_release_takes_over_from_one_under_way() {
    let steps = step("10s", "deploy = { service = \"web\", image = \"web:v2\" }")
        + &step("25s", "deploy = { service = \"web\", image = \"web:v3\" }");
    let stage = Stage::text(&service("desired = 3", &steps)).await;
    stage.go_to("30s");
    assert_eq!(stage.service("c", "web").await.deployments().len(), 3);
    stage.go_to("10m");
    let now = stage.service("c", "web").await;
    assert_eq!((now.running_count(), now.deployments().len()), (3, 1));
    let listed = stage.ecs.list_service_deployments().cluster("c").service("web").send().await.unwrap();
    let statuses: Vec<_> = listed.service_deployments().iter().map(|one| one.status().unwrap().as_str()).collect();
    assert_eq!(statuses, ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"], "the newest comes first");
}

#[tokio::test]
async fn a_revision_tells_what_was_deployed() {
    let text = service(
        "desired = 1\nsidecar = \"public.ecr.aws/x/y:1\"",
        &step("10s", "deploy = { service = \"web\", image = \"web:v2\" }"),
    );
    let stage = Stage::text(&text).await;
    stage.go_to("1m");
    let target = deployment(&stage).await.target_service_revision().unwrap().arn().unwrap().to_owned();
    let described = stage.ecs.describe_service_revisions().service_revision_arns(target).send().await.unwrap();
    let images: Vec<_> =
        described.service_revisions()[0].container_images().iter().filter_map(|one| one.image()).collect();
    assert_eq!(images, ["111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/web:v2", "public.ecr.aws/x/y:1"]);
    let old = stage.ecs.describe_task_definition().task_definition("c-web:7").send().await.unwrap();
    assert!(old.task_definition().unwrap().container_definitions()[0].image().unwrap().ends_with("/web:v1"));
    let new = stage.ecs.describe_task_definition().task_definition("c-web").send().await.unwrap();
    assert_eq!(new.task_definition().unwrap().revision(), 8);
}

/// What one sees does not depend on when, or how often, one looked before.
#[tokio::test]
async fn looking_changes_nothing() {
    let (one, other) = (Stage::builtin("bad-deploy").await, Stage::builtin("bad-deploy").await);
    for second in (5..600).step_by(5) {
        one.go_to(&format!("{second}s"));
        one.service("shop-prd", "web").await;
        one.alarm("shop-prd-web-5xx").await;
        one.composite("shop-prd-customer-impact").await;
    }
    one.go_to("10m");
    other.go_to("10m");
    assert_eq!(one.service("shop-prd", "web").await, other.service("shop-prd", "web").await);
    assert_eq!(one.alarm("shop-prd-web-5xx").await, other.alarm("shop-prd-web-5xx").await);
    let history =
        |stage: &Stage| stage.cloudwatch.describe_alarm_history().alarm_name("shop-prd-customer-impact").send();
    let (first, second) = (history(&one).await.unwrap(), history(&other).await.unwrap());
    assert_eq!(first.alarm_history_items(), second.alarm_history_items());
}
