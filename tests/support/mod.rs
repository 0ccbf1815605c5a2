//! An estate made by hand, for tests of state and frames: no AWS, no clock, no surprise.

#![allow(dead_code, reason = "each test binary uses its own part of the support")]

pub mod journal;
pub mod operations;
pub mod runbooks;
pub mod security;
pub mod sessions;

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sekisho::command;
use sekisho::domain::alarm::{Alarm, AlarmState, AlarmsSnapshot, CompositeRule, HistoryItem, MetricRule, Watches};
use sekisho::domain::ecs::{
    BreakerCount, Capacity, CircuitBreaker, Cluster, Container, Deployment, Image, Rollout, Service, ServiceDeployment,
    ServiceEvent, ServiceKey, ServicesSnapshot, Task, TasksSnapshot,
};
use sekisho::domain::elb::{Target, TargetGroup, TargetHealth};
use sekisho::domain::environment::{Environment, Kind};
use sekisho::domain::fetch::{Failure, FailureKind, Panel, SourceId};
use sekisho::domain::finding::FindingsSnapshot;
use sekisho::domain::identity::{Identity, Pattern, RoleMapping};
use sekisho::domain::log::{Follow, LogChunk, LogLine, LogPlace};
use sekisho::domain::metric::{Metric, Query, Series};
use sekisho::domain::waf::Scope;
use sekisho::i18n::{Lang, Texts};
use sekisho::keymap::Keymap;
use sekisho::state::State;
use sekisho::state::event::{Event, Generation, Report, SourceEvent, Usage};
use sekisho::state::interest::interest;
use sekisho::state::log::LogView;
use sekisho::state::source::Source;
use sekisho::state::update::update;
use sekisho::ui::Ui;
use sekisho::ui::glyphs::Glyphs;
use sekisho::ui::theme::{BUILT_IN, Theme};

/// The time of every test: nine in the morning in Tokyo.
pub fn now() -> Timestamp {
    "2026-11-22T00:02:00Z".parse().unwrap()
}

pub fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

pub fn ui(lang: Lang) -> Ui {
    Ui {
        texts: Texts::of(lang),
        theme: Theme::parse(BUILT_IN[0].1).unwrap(),
        glyphs: Glyphs::unicode(),
        keymap: Keymap::load("default", None).unwrap(),
        zone: TimeZone::posix("JST-9").unwrap(),
        endpoint: None,
    }
}

pub fn environment(name: &str, kind: Kind, account: &str) -> Environment {
    Environment {
        name: name.to_owned(),
        kind,
        account: account.parse().ok(),
        regions: vec!["ap-northeast-1".to_owned()],
        clusters: vec![format!("shop-{name}*")],
        alarms: vec![format!("shop-{name}*")],
        web_acls: vec![format!("shop-{name}*")],
        catalogue: None,
    }
}

/// A console that has read nothing: prd and dev in one account, stg in another.
pub fn empty() -> State {
    let environments = vec![
        environment("prd", Kind::Prd, "111122223333"),
        environment("stg", Kind::Stg, "444455556666"),
        environment("dev", Kind::Dev, "111122223333"),
    ];
    let source = |account: &str, profile: &str, environments: Vec<usize>| {
        Source::new("ap-northeast-1".to_owned(), account.parse().ok(), profile.to_owned(), environments)
    };
    let sources = vec![source("111122223333", "system-c", vec![0, 2]), source("444455556666", "system-c-stg", vec![1])];
    let roles = vec![RoleMapping {
        name: "responder".to_owned(),
        patterns: vec![Pattern::PermissionSet("SekishoResponder".to_owned())],
    }];
    let mut state = State::new(environments, roles, sources, now());
    let texts = Texts::of(Lang::En);
    state.labels = command::entries().iter().map(|entry| (entry.command, texts.get(entry.key))).collect();
    state
}

pub fn report(state: &mut State, source: usize, report: Report) {
    report_at(state, source, Generation::default(), now(), report);
}

pub fn report_at(state: &mut State, source: usize, generation: Generation, at: Timestamp, report: Report) {
    let event = SourceEvent { source: SourceId(source), generation, at, report };
    update(state, Event::Source(event));
}

pub fn identity(account: &str) -> Report {
    let arn = format!("arn:aws:sts::{account}:assumed-role/AWSReservedSSO_SekishoResponder_0123456789abcdef/op-0137");
    Report::Connected {
        identity: Arc::new(Identity::from_caller(account, &arn, "AROAEXAMPLE:op-0137").unwrap()),
        expires: Some(now() + SignedDuration::from_mins(312)),
        endpoint: None,
    }
}

pub fn failure(kind: FailureKind, action: &str) -> Failure {
    Failure { kind, action: action.to_owned(), detail: String::new(), request_id: None, at: now() }
}

pub fn denied(action: &str) -> Failure {
    failure(FailureKind::Denied { missing_action: action.to_owned() }, action)
}

pub fn key(cluster: &str, service: &str) -> ServiceKey {
    ServiceKey { cluster: cluster.to_owned(), service: service.to_owned() }
}

pub fn deployment(id: &str, status: &str, rollout: Rollout, revision: &str, counts: (u32, u32, u32)) -> Deployment {
    Deployment {
        id: format!("ecs-svc/{id}"),
        status: status.to_owned(),
        reason: match rollout {
            Rollout::Completed => format!("ECS deployment ecs-svc/{id} completed."),
            _ => format!("ECS deployment ecs-svc/{id} in progress."),
        },
        rollout,
        task_definition: revision.to_owned(),
        desired: counts.1,
        running: counts.0,
        pending: 0,
        failed: counts.2,
        created_at: Some(ago(4)),
        updated_at: Some(ago(1)),
    }
}

pub fn service(cluster: &str, name: &str, running: u32, desired: u32) -> Service {
    let mut completed = deployment("1000", "PRIMARY", Rollout::Completed, &format!("{name}:41"), (running, desired, 0));
    completed.created_at = Some(ago(3 * 24 * 60));
    Service {
        key: key(cluster, name),
        arn: format!("arn:aws:ecs:ap-northeast-1:111122223333:service/{cluster}/{name}"),
        status: "ACTIVE".to_owned(),
        desired,
        running,
        pending: 0,
        task_definition: format!("{name}:41"),
        deployments: vec![completed],
        events: vec![ServiceEvent {
            id: format!("event-{name}"),
            at: ago(6 * 60),
            message: format!("(service {name}) has reached a steady state."),
        }],
        circuit_breaker: Some(CircuitBreaker { rollback: true }),
        bake_minutes: None,
        controller: "ECS".to_owned(),
        strategy: "ROLLING".to_owned(),
        capacity: vec![Capacity { provider: "FARGATE".to_owned(), weight: 1, base: 0 }],
        exec_enabled: false,
        target_groups: vec![format!(
            "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/{cluster}-{name}/0123456789abcdef"
        )],
        created_at: Some(ago(90 * 24 * 60)),
        as_of: now(),
    }
}

/// Steady services of production.
pub fn prd_services(names: &[&str]) -> Vec<Service> {
    names.iter().map(|name| service("shop-prd", name, 2, 2)).collect()
}

/// A service whose new version fails its health check.
pub fn failing_service() -> Service {
    let mut web = service("shop-prd", "web", 2, 3);
    web.deployments.insert(0, deployment("2000", "PRIMARY", Rollout::InProgress, "web:42", (0, 3, 4)));
    "ACTIVE".clone_into(&mut web.deployments[1].status);
    "web:42".clone_into(&mut web.task_definition);
    web.pending = 1;
    for (minutes, message) in [
        (1, "(service web) (port 3000) is unhealthy in (target-group web) due to (reason Health checks failed)."),
        (4, "(service web) has started 1 tasks: (task 0f0f0f0f)."),
    ] {
        let event = ServiceEvent { id: format!("web-{minutes}"), at: ago(minutes), message: message.to_owned() };
        web.events.insert(0, event);
    }
    web.events.sort_by_key(|event| std::cmp::Reverse(event.at));
    web
}

pub fn task(cluster: &str, name: &str, number: u32, health: &str, version: &str) -> Task {
    let image = format!("111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/{name}:{version}");
    Task {
        arn: format!("arn:aws:ecs:ap-northeast-1:111122223333:task/{cluster}/{name}{number:028}"),
        id: format!("{name}{number:028}"),
        cluster: cluster.to_owned(),
        service: Some(name.to_owned()),
        task_definition: format!("{name}:41"),
        last_status: "RUNNING".to_owned(),
        desired_status: "RUNNING".to_owned(),
        health: health.to_owned(),
        capacity: "FARGATE".to_owned(),
        zone: "ap-northeast-1a".to_owned(),
        cpu: "512".to_owned(),
        memory: "1024".to_owned(),
        created_at: Some(ago(i64::from(number) * 7 + 3)),
        started_at: Some(ago(i64::from(number) * 7 + 2)),
        stopped_at: None,
        stop_code: String::new(),
        stopped_reason: String::new(),
        exec_enabled: true,
        containers: vec![
            container(name, &image, health, Some("RUNNING")),
            container("datadog-agent", "public.ecr.aws/datadog/agent:7", "UNKNOWN", None),
        ],
    }
}

pub fn container(name: &str, image: &str, health: &str, agent: Option<&str>) -> Container {
    Container {
        name: name.to_owned(),
        image: Image { name: image.to_owned(), digest: String::new() },
        last_status: "RUNNING".to_owned(),
        health: health.to_owned(),
        exit_code: None,
        reason: String::new(),
        runtime_id: format!("{name}-runtime"),
        exec_agent: agent.map(str::to_owned),
    }
}

pub fn metric(name: &str, dimensions: &[(&str, &str)]) -> Metric {
    Metric {
        namespace: if name.starts_with("HTTP") { "AWS/ApplicationELB" } else { "AWS/ECS" }.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
    }
}

pub fn alarm(name: &str, state: AlarmState, since: i64, watches: Metric) -> Alarm {
    Alarm {
        name: name.to_owned(),
        arn: format!("arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:{name}"),
        description: String::new(),
        state,
        reason: "Threshold Crossed: 1 datapoint [40.0 (21/11/26 23:59:00)] was greater than the threshold (10.0)."
            .to_owned(),
        since: Some(ago(since)),
        actions_enabled: true,
        alarm_actions: 1,
        suppressed: None,
        watches: Watches::Metric(MetricRule {
            metric: Some(watches),
            expression: None,
            statistic: "Sum".to_owned(),
            period: 60,
            evaluation_periods: 3,
            datapoints_to_alarm: 2,
            comparison: "GreaterThanThreshold".to_owned(),
            threshold: Some(10.0),
            missing_data: "notBreaching".to_owned(),
        }),
        as_of: now(),
    }
}

pub fn composite(name: &str, state: AlarmState, rule: &str) -> Alarm {
    let watches = Watches::Composite(CompositeRule::parse(rule));
    Alarm {
        watches,
        reason: "arn:aws:cloudwatch:… transitioned to ALARM".to_owned(),
        ..alarm(name, state, 3, metric("unused", &[]))
    }
}

pub fn services(services: Vec<Service>) -> Report {
    let mut names: Vec<String> = services.iter().map(|service| service.key.cluster.clone()).collect();
    names.sort();
    names.dedup();
    let clusters = names
        .into_iter()
        .map(|name| Cluster {
            arn: format!("arn:aws:ecs:ap-northeast-1:111122223333:cluster/{name}"),
            name,
            status: "ACTIVE".to_owned(),
            active_services: 1,
            running_tasks: 1,
            pending_tasks: 0,
        })
        .collect();
    let services = services.into_iter().map(Arc::new).collect();
    Report::Services(Arc::new(ServicesSnapshot { clusters, services, unread: 0, capped: false }))
}

pub fn tasks(tasks: Vec<Task>) -> Report {
    Report::Tasks(Arc::new(TasksSnapshot { tasks: tasks.into_iter().map(Arc::new).collect(), capped: false }))
}

pub fn alarms(alarms: Vec<Alarm>) -> Report {
    Report::Alarms(Arc::new(AlarmsSnapshot { alarms: alarms.into_iter().map(Arc::new).collect(), capped: false }))
}

/// Answers every query that the screen in front asks for, with a curve that is the same each time.
pub fn answer_queries(state: &mut State) {
    for source in 0..state.sources.len() {
        let wanted = interest(state, SourceId(source));
        let series = wanted.queries.iter().map(|query| Arc::new(curve(query, wanted.range))).collect();
        report(state, source, Report::Series(series));
    }
}

fn curve(query: &Query, range: sekisho::domain::metric::Range) -> Series {
    let period = i64::from(query.period);
    let (from, to) = (now() - range.span(), now());
    let is_count = query.metric.name.starts_with("HTTP") || query.metric.namespace == "AWS/WAFV2";
    let seed: u32 = query.metric.dimensions.iter().flat_map(|(_, value)| value.bytes()).map(u32::from).sum();
    let slots = (to.as_second() - from.as_second()) / period;
    let points = (0..slots)
        // A gap in the middle: what was not measured is not zero.
        .filter(|slot| !(20..24).contains(slot))
        .map(|slot| {
            let start = (from.as_second().div_euclid(period) + slot) * period;
            let wave = (f64::from(u32::try_from(slot).unwrap()) / 6.0 + f64::from(seed)).sin();
            let high = if query.statistic == "Maximum" { 12.0 } else { 0.0 };
            let value = if is_count {
                if slot > slots - 5 { 40.0 } else { 1.0 }
            } else {
                30.0 + f64::from(seed % 40) + 8.0 * wave + high
            };
            (start, value)
        })
        .collect();
    Series { query: query.clone(), from, to, points, partial: false }
}

/// The morning after a bad deployment: trouble in prd, a rollout in stg, a service that never came up in dev.
pub fn bad_morning() -> State {
    let mut state = empty();
    report(&mut state, 0, identity("111122223333"));
    report(&mut state, 1, identity("444455556666"));
    let mut latest = service("shop-dev", "web", 1, 1);
    latest.capacity = vec![Capacity { provider: "FARGATE_SPOT".to_owned(), weight: 1, base: 0 }];
    latest.exec_enabled = true;
    let mut first = vec![failing_service(), latest];
    first.extend(["api", "auth", "claims", "documents"].map(|name| service("shop-prd", name, 4, 4)));
    first.push(service("shop-dev", "batch", 0, 1));
    first.push(service("scratch", "experiment", 1, 1));
    report(&mut state, 0, services(first));
    let mut rolling = service("shop-stg", "api", 2, 2);
    rolling.deployments.insert(0, deployment("3000", "PRIMARY", Rollout::InProgress, "api:42", (1, 2, 0)));
    rolling.bake_minutes = Some(5);
    report(&mut state, 1, services(vec![rolling, service("shop-stg", "web", 2, 2)]));
    let mut prd = vec![
        task("shop-prd", "web", 1, "UNHEALTHY", "v1.4.3"),
        task("shop-prd", "web", 2, "HEALTHY", "v1.4.2"),
        task("shop-prd", "web", 3, "HEALTHY", "v1.4.2"),
        task("shop-dev", "web", 1, "HEALTHY", "latest"),
    ];
    prd.extend(["api", "auth", "claims", "documents"].map(|name| task("shop-prd", name, 9, "HEALTHY", "v2.0.1")));
    report(&mut state, 0, tasks(prd));
    report(&mut state, 1, tasks(vec![task("shop-stg", "api", 1, "HEALTHY", "v2.1.0")]));
    report(&mut state, 0, alarms(prd_alarms()));
    let stg_alarm = metric("CPUUtilization", &[("ClusterName", "shop-stg"), ("ServiceName", "api")]);
    report(&mut state, 1, alarms(vec![alarm("shop-stg-api-cpu", AlarmState::Ok, 600, stg_alarm)]));
    let usage = Usage { calls_per_minute: 34, dollars_per_hour: 0.031, throttled: false };
    report(&mut state, 0, Report::Usage(usage));
    nothing_found(&mut state);
    state
}

/// No web ACL, and nothing that Security Hub found.
fn nothing_found(state: &mut State) {
    for source in [0, 1] {
        report(state, source, Report::Waf(Arc::default()));
        let nothing = FindingsSnapshot { to_do_complete: true, complete: true, ..FindingsSnapshot::default() };
        report(state, source, Report::Findings(Arc::new(nothing)));
    }
}

/// The bad morning, under an SQL injection, with a leaked key.
pub fn besieged() -> State {
    let mut state = bad_morning();
    report(&mut state, 0, security::waf());
    let (prd, cdn, dev) = ("shop-prd", "shop-prd-cdn", "shop-dev");
    let baselines = vec![
        security::baseline(prd, Scope::Regional, 10.0, 140.0, 20),
        security::baseline(cdn, Scope::CloudFront, 3.0, 3.0, 0),
        security::baseline(dev, Scope::Regional, 0.0, 0.0, 0),
    ];
    report(&mut state, 0, Report::WafBaselines(baselines));
    report(&mut state, 0, Report::Findings(Arc::new(security::findings())));
    state
}

fn prd_alarms() -> Vec<Alarm> {
    let group = ("TargetGroup", "targetgroup/shop-prd-web/0123456789abcdef");
    let mut five = alarm("shop-prd-web-5xx", AlarmState::Alarm, 3, metric("HTTPCode_Target_5XX_Count", &[group]));
    "webの5xxが増えています".clone_into(&mut five.description);
    let cpu = |name: &str| metric("CPUUtilization", &[("ClusterName", "shop-prd"), ("ServiceName", name)]);
    let mut muted = alarm("shop-prd-auth-cpu", AlarmState::Ok, 900, cpu("auth"));
    muted.actions_enabled = false;
    let mut web_cpu = alarm("shop-prd-web-cpu", AlarmState::Ok, 5_000, cpu("web"));
    if let Watches::Metric(rule) = &mut web_cpu.watches {
        rule.threshold = Some(80.0);
        "Average".clone_into(&mut rule.statistic);
    }
    vec![
        five,
        web_cpu,
        composite("shop-prd-顧客影響", AlarmState::Alarm, r#"ALARM("shop-prd-web-5xx") OR ALARM("shop-prd-gone")"#),
        alarm(
            "shop-prd-決済5xx",
            AlarmState::Ok,
            2_000,
            metric("HTTPCode_Target_5XX_Count", &[("TargetGroup", "targetgroup/pay/1")]),
        ),
        muted,
        alarm("shop-prd-batch-月次", AlarmState::InsufficientData, 40_000, cpu("batch")),
    ]
}

/// The deployments of the failing service, as ECS tells them on drill-down.
pub fn web_deployments() -> Report {
    Report::Deployments(
        key("shop-prd", "web"),
        Arc::new(vec![ServiceDeployment {
            arn: "arn:aws:ecs:ap-northeast-1:111122223333:service-deployment/shop-prd/web/2000".to_owned(),
            status: "IN_PROGRESS".to_owned(),
            reason: String::new(),
            lifecycle_stage: "SCALE_UP".to_owned(),
            created_at: Some(ago(4)),
            started_at: Some(ago(4)),
            finished_at: None,
            bake_minutes: Some(5),
            target_revision: "web:42".to_owned(),
            target_tasks: Some((3, 0, 1)),
            breaker: Some(BreakerCount { status: "MONITORING".to_owned(), failures: 2, threshold: 3 }),
            rollback_reason: String::new(),
        }]),
    )
}

/// The target group of the failing service, of which one target does not pass its health checks.
pub fn web_targets() -> Report {
    let target = |number: u32, health: TargetHealth, reason: &str, description: &str| Target {
        id: format!("10.0.{number}.34"),
        port: Some(8080),
        zone: "ap-northeast-1a".to_owned(),
        health,
        reason: reason.to_owned(),
        description: description.to_owned(),
    };
    let failed = "Health checks failed with these codes: [503]";
    Report::Targets(
        key("shop-prd", "web"),
        Arc::new(vec![TargetGroup {
            arn: "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/shop-prd-web/0123456789abcdef"
                .to_owned(),
            name: "shop-prd-web".to_owned(),
            balancers: vec!["app/shop-prd/50dc6c495c0c9188".to_owned()],
            health_check: "HTTP /health".to_owned(),
            targets: vec![
                target(1, TargetHealth::Unhealthy, "Target.FailedHealthChecks", failed),
                target(2, TargetHealth::Healthy, "", ""),
                target(3, TargetHealth::Healthy, "", ""),
            ],
        }]),
    )
}

/// The ARN of the failing service's task definition.
pub const WEB_DEFINITION: &str = "arn:aws:ecs:ap-northeast-1:111122223333:task-definition/web:42";

pub fn log_place(container: &str) -> LogPlace {
    LogPlace {
        container: container.to_owned(),
        group: "/ecs/shop-prd/web".to_owned(),
        region: String::new(),
        stream_prefix: format!("ecs/{container}/"),
    }
}

/// Where the containers of the failing service log to.
pub fn log_places(containers: &[&str]) -> Report {
    let places = containers.iter().map(|container| log_place(container)).collect();
    Report::LogPlaces(WEB_DEFINITION.to_owned(), Arc::new(places))
}

/// A line of a container of the failing service, so many milliseconds before now.
pub fn log_line(number: u32, before: i64, container: &str, message: &str) -> Arc<LogLine> {
    Arc::new(LogLine {
        id: format!("{number:056}"),
        at: now() - SignedDuration::from_millis(before),
        stream: format!("ecs/{container}/{:08x}{:024x}", 0x1a2b_3c4d + (number % 3) * 0x0101_0101, number % 3),
        message: message.to_owned(),
        cut: 0,
    })
}

/// Reports lines of what is tailed, as a poller that reads again and again.
pub fn log_lines(state: &mut State, lines: Vec<Arc<LogLine>>) {
    let Some(tail) = state.log.as_ref().and_then(LogView::tail) else { return };
    report(state, 0, Report::Log(LogChunk { tail, lines, follow: Follow::Polling, sampled: false }));
}

/// What the failing service's containers wrote: levels, JSON, Japanese, a line that is too long for any screen.
pub fn web_log() -> Vec<Arc<LogLine>> {
    let long = format!("INFO headers {}", "x-forwarded-for: 203.0.113.7, ".repeat(40));
    let messages = [
        "INFO listening on 0.0.0.0:8080",
        "INFO GET /health 200 3ms",
        r#"{"level":"warn","msg":"slow query","ms":1870,"sql":"SELECT * FROM 注文"}"#,
        "決済サービスへの接続に失敗しました ERROR: timeout after 3000 ms",
        long.as_str(),
        "[error] 29#29: *1 upstream timed out (110: Connection timed out) while connecting to upstream",
        "INFO GET /health 503 3001ms",
    ];
    let line = |(number, message): (u32, &&str)| log_line(number, i64::from(9_000 - number * 1_100), "web", message);
    (0..).zip(messages.iter()).map(line).collect()
}

/// The history of the alarm on the failing service.
pub fn web_history() -> Report {
    let item = |minutes: i64, summary: &str| HistoryItem {
        at: ago(minutes),
        kind: "StateUpdate".to_owned(),
        summary: summary.to_owned(),
    };
    Report::History(
        "shop-prd-web-5xx".to_owned(),
        Arc::new(vec![item(3, "Alarm updated from OK to ALARM"), item(2_000, "Alarm updated from ALARM to OK")]),
    )
}

/// A day on which nothing needs a person.
pub fn quiet_day() -> State {
    let mut state = empty();
    report(&mut state, 0, identity("111122223333"));
    report(&mut state, 1, identity("444455556666"));
    report(&mut state, 0, services(["web", "api"].map(|name| service("shop-prd", name, 3, 3)).to_vec()));
    report(&mut state, 1, services(vec![service("shop-stg", "web", 1, 1)]));
    report(&mut state, 0, alarms(vec![alarm("shop-prd-api", AlarmState::Ok, 300, metric("RequestCount", &[]))]));
    report(&mut state, 1, alarms(Vec::new()));
    for source in [0, 1] {
        report(&mut state, source, tasks(Vec::new()));
    }
    nothing_found(&mut state);
    state
}

/// A source that may read nothing but alarms, another whose credentials ended.
pub fn bad_day() -> State {
    let mut state = empty();
    report(&mut state, 0, identity("111122223333"));
    report(&mut state, 0, Report::Failed(Panel::Services, denied("ecs:ListServices")));
    report(&mut state, 0, alarms(prd_alarms()));
    report(&mut state, 1, Report::Failed(Panel::Identity, failure(FailureKind::Expired, "sts:GetCallerIdentity")));
    state
}
