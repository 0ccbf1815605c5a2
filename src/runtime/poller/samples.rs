//! Rows made by hand for the tests of this room.

use jiff::Timestamp;

use crate::domain::{
    alarm::{Alarm, AlarmState, CompositeRule, Watches},
    ecs::{Cluster, Deployment, Rollout, Service, ServiceKey, Task},
    fetch::{Failure, FailureKind},
    finding::{Finding, FindingKey, FindingSeverity, Remediation, Workflow},
    log::{LogPlace, LogTail},
    waf::{Logging, Rule, RuleKind, Scope, WebAcl, WebAclDetail, WebAclKey},
};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

pub(super) fn key(cluster: &str, number: usize) -> ServiceKey {
    ServiceKey { cluster: cluster.to_owned(), service: format!("svc-{number:04}") }
}

pub(super) fn cluster(name: &str, services: u32, running: u32) -> Cluster {
    Cluster {
        name: name.to_owned(),
        arn: format!("arn:aws:ecs:ap-northeast-1:111122223333:cluster/{name}"),
        status: "ACTIVE".to_owned(),
        active_services: services,
        running_tasks: running,
        pending_tasks: 0,
    }
}

pub(super) fn service(key: ServiceKey, running: u32, as_of: Timestamp) -> Service {
    let deployment = Deployment {
        id: "ecs-svc/1".to_owned(),
        status: "PRIMARY".to_owned(),
        rollout: Rollout::Completed,
        reason: String::new(),
        task_definition: "web:1".to_owned(),
        desired: 2,
        running,
        pending: 0,
        failed: 0,
        created_at: None,
        updated_at: None,
    };
    Service {
        arn: format!("arn:aws:ecs:ap-northeast-1:111122223333:service/{}/{}", key.cluster, key.service),
        key,
        status: "ACTIVE".to_owned(),
        desired: 2,
        running,
        pending: 0,
        task_definition: "web:1".to_owned(),
        deployments: vec![deployment],
        events: Vec::new(),
        circuit_breaker: None,
        bake_minutes: None,
        controller: "ECS".to_owned(),
        strategy: String::new(),
        capacity: Vec::new(),
        exec_enabled: false,
        target_groups: Vec::new(),
        created_at: None,
        as_of,
    }
}

pub(super) fn task(key: &ServiceKey, id: &str, status: &str) -> Task {
    Task {
        arn: format!("arn:aws:ecs:ap-northeast-1:111122223333:task/{}/{id}", key.cluster),
        id: id.to_owned(),
        cluster: key.cluster.clone(),
        service: Some(key.service.clone()),
        task_definition: "web:1".to_owned(),
        last_status: status.to_owned(),
        desired_status: "RUNNING".to_owned(),
        health: "HEALTHY".to_owned(),
        capacity: "FARGATE".to_owned(),
        zone: "ap-northeast-1a".to_owned(),
        cpu: "256".to_owned(),
        memory: "512".to_owned(),
        created_at: None,
        started_at: None,
        stopped_at: (status == "STOPPED").then(|| at(0)),
        stop_code: String::new(),
        stopped_reason: String::new(),
        exec_enabled: false,
        containers: Vec::new(),
    }
}

pub(super) fn alarm(name: &str, state: AlarmState, as_of: Timestamp) -> Alarm {
    Alarm {
        name: name.to_owned(),
        arn: String::new(),
        description: String::new(),
        state,
        reason: String::new(),
        since: Some(at(0)),
        actions_enabled: true,
        alarm_actions: 1,
        suppressed: None,
        watches: Watches::Composite(CompositeRule::parse("TRUE")),
        as_of,
    }
}

pub(super) fn failure(kind: FailureKind) -> Failure {
    Failure { kind, action: "ecs:ListServices".to_owned(), detail: String::new(), request_id: None, at: at(0) }
}

/// Makes a web ACL with one rate limit.
pub(super) fn web_acl(scope: Scope, name: &str, as_of: Timestamp) -> WebAcl {
    let limit = Rule {
        name: "limit".to_owned(),
        priority: 0,
        metric: "limit-metric".to_owned(),
        metrics_enabled: true,
        sampled: true,
        kind: RuleKind::RateLimit { limit: 2_000, window: 300, by: "IP".to_owned() },
        action: "Block".to_owned(),
    };
    let detail = WebAclDetail {
        metric: name.to_owned(),
        metrics_enabled: true,
        default_action: "Allow".to_owned(),
        rules: vec![limit],
        capacity: 2,
    };
    WebAcl {
        key: WebAclKey { scope, name: name.to_owned() },
        id: format!("{name}-id"),
        arn: format!("arn:aws:wafv2:ap-northeast-1:111122223333:regional/webacl/{name}/1"),
        region: "ap-northeast-1".to_owned(),
        description: String::new(),
        detail: Some(detail),
        logging: Logging::Unknown,
        as_of,
    }
}

/// Makes an active finding that was updated so many seconds before the start.
pub(super) fn finding(number: i64, severity: &str, workflow: &str) -> Finding {
    Finding {
        key: FindingKey { id: format!("finding-{number}"), product_arn: "product".to_owned() },
        product: "Security Hub".to_owned(),
        account: "111122223333".to_owned(),
        region: "ap-northeast-1".to_owned(),
        title: String::new(),
        description: String::new(),
        severity: FindingSeverity::from_aws(severity),
        workflow: Workflow::from_aws(workflow),
        active: true,
        compliance: String::new(),
        control: String::new(),
        generator: String::new(),
        types: Vec::new(),
        resources: Vec::new(),
        remediation: Remediation::default(),
        first_seen: None,
        last_seen: None,
        created_at: None,
        updated_at: Some(at(-1_000 - number)),
        note: String::new(),
    }
}

/// Makes the tail of a log from a time in milliseconds on.
pub(super) fn log_tail(from: i64) -> LogTail {
    let place = LogPlace {
        container: "web".to_owned(),
        group: "/shop/web".to_owned(),
        region: String::new(),
        stream_prefix: "prd/web/".to_owned(),
    };
    LogTail { place, pattern: String::new(), from }
}
