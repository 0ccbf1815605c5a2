//! The AWS room against a fake that somebody else wrote: moto, on loopback.
//!
//! It needs Python with `tests/strangers/requirements.txt` installed, in `.venv` or where `SEKISHO_PYTHON` says. What
//! moto knows is compared with what we read; CloudWatch it answers in other protocols than the Rust SDK speaks.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use aws_sdk_ecs::types as aws;
use aws_sdk_securityhub::types as securityhub;
use aws_sdk_wafv2::types as waf;
use sekisho::{
    aws::{Connection, ConnectionPlan, Now, Shared},
    config::CredentialSource,
    domain::{
        database::Wire,
        ecs::Rollout,
        fetch::FailureKind,
        identity::Principal,
        waf::{Logging, RuleKind, Scope},
    },
};

const REGION: &str = "ap-northeast-1";

/// A moto server; it stops when this is dropped.
struct Moto {
    server: Child,
    endpoint: String,
}

impl Moto {
    /// Starts a server on a free port and waits until it answers.
    ///
    /// Between finding a port and moto's taking it somebody else may take it: then another one is tried.
    fn start() -> Self {
        (0..5).find_map(|_| Self::try_start()).unwrap_or_else(|| {
            panic!("moto does not stay: is it installed for {}?", python().display());
        })
    }

    /// Starts a server once; none where it ends, or somebody else answers in its place.
    fn try_start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(python());
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut moto = Self { server, endpoint: format!("http://127.0.0.1:{port}") };
        let begun = Instant::now();
        loop {
            if moto.server.try_wait().unwrap().is_some() {
                return None;
            }
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                // One that could not take the port ends soon, whoever has it.
                return is_moto(stream).then_some(moto);
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "moto does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn keys(&self) -> ConnectionPlan {
        ConnectionPlan {
            credentials: CredentialSource::Static {
                access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                secret: "moto checks no signature".to_owned(),
                token: None,
                expires: None,
            },
            region: Some(REGION.to_owned()),
            endpoint_url: Some(self.endpoint.clone()),
            account: None,
            cloudfront: true,
        }
    }

    /// Says how to connect as a role of another account, which moto keeps apart.
    fn role(&self, account: &str) -> ConnectionPlan {
        let own = self.keys();
        let source = Box::new(own.credentials.clone());
        let role_arn = format!("arn:aws:iam::{account}:role/reader");
        ConnectionPlan { credentials: CredentialSource::AssumeRole { role_arn, source }, ..own }
    }

    async fn connect(&self, plan: ConnectionPlan) -> Connection {
        Connection::open(plan, Shared::new(Now::default())).await.unwrap()
    }

    /// Returns a client that may change things, which ours cannot.
    async fn writer(&self) -> aws_sdk_ecs::Client {
        aws_sdk_ecs::Client::new(&self.config(REGION).await)
    }

    /// Returns what clients are made of that may change things in a region.
    async fn config(&self, region: &'static str) -> aws_config::SdkConfig {
        let keys = aws_credential_types::Credentials::new("AKIAIOSFODNN7EXAMPLE", "x", None, None, "test");
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .endpoint_url(&self.endpoint)
            .region(aws_types::region::Region::new(region))
            .credentials_provider(keys);
        config.load().await
    }
}

/// Tells whether the one who listens knows a page that only moto has: the list of what it holds.
fn is_moto(mut stream: TcpStream) -> bool {
    let mut answer = String::new();
    let asked = stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .and_then(|()| stream.write_all(b"GET /moto-api/data.json HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"))
        .and_then(|()| stream.read_to_string(&mut answer));
    asked.is_ok() && answer.starts_with("HTTP/1.1 200") && answer.contains("\r\n\r\n{")
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn python() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("SEKISHO_PYTHON").map_or_else(|| here.join(".venv/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "there is no Python at {}: make one with `python3 -m venv .venv && .venv/bin/pip install -r \
         tests/strangers/requirements.txt`, or name it in SEKISHO_PYTHON",
        python.display()
    );
    python
}

/// Makes clusters with so many services each.
async fn build(client: &aws_sdk_ecs::Client, clusters: &[(&str, i32)]) {
    let container = aws::ContainerDefinition::builder().name("app").image("web:v1.4.2").memory(128).build();
    let definition = client.register_task_definition().family("web").container_definitions(container);
    definition.send().await.unwrap();
    for (cluster, services) in clusters {
        client.create_cluster().cluster_name(*cluster).send().await.unwrap();
        for number in 0..*services {
            let create = client.create_service().cluster(*cluster).service_name(format!("svc-{number:02}"));
            let create = create.task_definition("web:1").desired_count(number % 4);
            let create = create.launch_type(aws::LaunchType::Fargate);
            create.scheduling_strategy(aws::SchedulingStrategy::Replica).send().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_are_what_moto_was_told() {
    let moto = Moto::start();
    build(&moto.writer().await, &[("shop-prd", 23), ("shop-dev", 2), ("empty", 0)]).await;
    let connection = moto.connect(moto.keys()).await;
    let read = connection.services().await;
    assert_eq!(read.failures, []);
    // moto counts neither services nor tasks in its clusters.
    let clusters: Vec<&str> = read.value.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(clusters, ["empty", "shop-dev", "shop-prd"]);
    assert_eq!(read.value.services.len(), 25);
    for service in &read.value.services {
        let number: u32 = service.key.service.strip_prefix("svc-").unwrap().parse().unwrap();
        assert_eq!(service.desired, number % 4, "{:?}", service.key);
        assert_eq!((service.status.as_str(), service.task_definition.as_str()), ("ACTIVE", "web:1"));
        assert_eq!(service.capacity[0].provider, "FARGATE");
        let primary = service.primary().unwrap();
        assert_eq!((primary.status.as_str(), primary.task_definition.as_str()), ("PRIMARY", "web:1"));
        assert!(matches!(primary.rollout, Rollout::Completed | Rollout::InProgress | Rollout::Other(_)));
        assert!(primary.created_at.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_service_is_gone_and_a_strange_one_is_missing() {
    let moto = Moto::start();
    let writer = moto.writer().await;
    build(&writer, &[("shop", 2)]).await;
    let connection = moto.connect(moto.keys()).await;
    let before = connection.services().await;
    assert_eq!(before.value.services.len(), 2);
    writer.delete_service().cluster("shop").service("svc-00").force(true).send().await.unwrap();
    let mut keys: Vec<_> = before.value.services.iter().map(|service| service.key.clone()).collect();
    keys.push(sekisho::domain::ecs::ServiceKey { cluster: "shop".to_owned(), service: "never".to_owned() });
    let read = connection.describe_services(&keys).await;
    assert_eq!(read.failures, []);
    let living = read.value.services.iter().filter(|service| service.status == "ACTIVE");
    assert_eq!(living.map(|service| service.key.service.as_str()).collect::<Vec<_>>(), ["svc-01"]);
    assert!(read.value.missing.iter().any(|key| key.service == "never"), "{:?}", read.value.missing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_kept_apart_by_their_roles() {
    let moto = Moto::start();
    build(&moto.writer().await, &[("shop", 1)]).await;
    let own = moto.connect(moto.keys()).await;
    assert_eq!(own.identity().account.as_str(), "123456789012");
    let other = moto.connect(moto.role("444455556666")).await;
    assert_eq!(other.identity().account.as_str(), "444455556666");
    let Principal::AssumedRole { role, .. } = &other.identity().principal else { panic!("{:?}", other.identity()) };
    assert_eq!(role, "reader");
    assert!(other.expires().is_some());
    assert_eq!(own.services().await.value.services.len(), 1);
    let read = other.services().await;
    assert_eq!((read.failures.len(), read.value.clusters.len()), (0, 0));
    let mut wrong = moto.role("444455556666");
    wrong.account = Some("111122223333".parse().unwrap());
    let failure = Connection::open(wrong, Shared::new(Now::default())).await.unwrap_err();
    assert_eq!(failure.kind.name(), "wrong-account");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_fake_does_not_speak_is_not_subscribed_and_not_asked_again() {
    let moto = Moto::start();
    let shared = Shared::new(Now::default());
    let connection = Connection::open(moto.keys(), shared.clone()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(connection.alarms().await.unwrap_err().kind, FailureKind::NotSubscribed);
    }
    assert_eq!(shared.calls()["cloudwatch:DescribeAlarms"], 1);
}

/// Makes a web ACL with a rule of each of some kinds.
async fn build_web_acl(client: &aws_sdk_wafv2::Client, name: &str, scope: waf::Scope) {
    let visibility = |metric: &str| {
        let builder = waf::VisibilityConfig::builder().metric_name(metric);
        builder.cloud_watch_metrics_enabled(true).sampled_requests_enabled(true).build().unwrap()
    };
    let rate = waf::RateBasedStatement::builder()
        .limit(2_000)
        .aggregate_key_type(waf::RateBasedStatementAggregateKeyType::Ip)
        .build()
        .unwrap();
    let managed = waf::ManagedRuleGroupStatement::builder().vendor_name("AWS").name("AWSManagedRulesCommonRuleSet");
    let statement = waf::Statement::builder;
    let limit = waf::Rule::builder()
        .name("limit")
        .priority(1)
        .statement(statement().rate_based_statement(rate).build())
        .action(waf::RuleAction::builder().block(waf::BlockAction::builder().build()).build())
        .visibility_config(visibility("limit-metric"));
    let common = waf::Rule::builder()
        .name("common")
        .priority(0)
        .statement(statement().managed_rule_group_statement(managed.build().unwrap()).build())
        .override_action(waf::OverrideAction::builder().none(waf::NoneAction::builder().build()).build())
        .visibility_config(visibility("common-metric"));
    let create = client.create_web_acl().name(name).scope(scope).visibility_config(visibility(name));
    let create =
        create.default_action(waf::DefaultAction::builder().allow(waf::AllowAction::builder().build()).build());
    let create = create.rules(limit.build().unwrap()).rules(common.build().unwrap());
    create.description("入口").send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_acls_of_both_scopes_are_what_moto_was_told() {
    let moto = Moto::start();
    let here = aws_sdk_wafv2::Client::new(&moto.config(REGION).await);
    let virginia = aws_sdk_wafv2::Client::new(&moto.config("us-east-1").await);
    build_web_acl(&here, "shop-prd", waf::Scope::Regional).await;
    build_web_acl(&here, "shop-dev", waf::Scope::Regional).await;
    build_web_acl(&virginia, "cdn", waf::Scope::Cloudfront).await;
    let connection = moto.connect(moto.keys()).await;
    let read = connection.waf().await;
    assert_eq!(read.failures, []);
    let keys: Vec<_> = read.value.acls.iter().map(|acl| (acl.key.scope, acl.key.name.as_str())).collect();
    assert_eq!(keys, [(Scope::Regional, "shop-dev"), (Scope::Regional, "shop-prd"), (Scope::CloudFront, "cdn")]);
    for acl in &read.value.acls {
        let detail = acl.detail.as_ref().unwrap();
        assert_eq!((&detail.metric, detail.default_action.as_str()), (&acl.key.name, "Allow"));
        let rules: Vec<_> = detail.rules.iter().map(|rule| (rule.name.as_str(), rule.action.as_str())).collect();
        assert_eq!(rules, [("common", "Group"), ("limit", "Block")]);
        assert!(matches!(&detail.rules[1].kind, RuleKind::RateLimit { limit: 2_000, .. }));
        assert_eq!((acl.description.as_str(), &acl.logging), ("入口", &Logging::Off));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn findings_are_what_moto_was_told() {
    let moto = Moto::start();
    let hub = aws_sdk_securityhub::Client::new(&moto.config(REGION).await);
    hub.enable_security_hub().send().await.unwrap();
    let severities = ["CRITICAL", "HIGH", "LOW"];
    let finding = |number: usize| {
        let resource =
            securityhub::Resource::builder().r#type("AwsS3Bucket").id(format!("arn:aws:s3:::bucket-{number}"));
        securityhub::AwsSecurityFinding::builder()
            .schema_version("2018-10-08")
            .id(format!("finding-{number:03}"))
            .product_arn(format!("arn:aws:securityhub:{REGION}::product/aws/securityhub"))
            .generator_id("S3.8")
            .aws_account_id("123456789012")
            .types("Software and Configuration Checks")
            .created_at("2026-11-20T00:00:00.000Z")
            .updated_at(format!("2026-11-21T00:{:02}:00.000Z", number % 60))
            .severity(securityhub::Severity::builder().label(severities[number % 3].into()).build())
            .title("公開されたバケット")
            .description("S3")
            .resources(resource.build())
            .record_state(securityhub::RecordState::Active)
            .build()
    };
    for batch in (0..150).collect::<Vec<_>>().chunks(75) {
        let findings = batch.iter().map(|number| finding(*number)).collect();
        hub.batch_import_findings().set_findings(Some(findings)).send().await.unwrap();
    }
    let connection = moto.connect(moto.keys()).await;
    let read = connection.findings(false).await;
    assert_eq!(read.failures, []);
    // moto ignores filters: each pass brings all, which are each kept once.
    assert_eq!(read.value.findings.len(), 150);
    let ranks: Vec<u8> = read.value.findings.iter().map(|finding| finding.severity.rank()).collect();
    assert!(ranks.is_sorted_by(|a, b| a >= b));
    let first = &read.value.findings[0];
    assert_eq!((first.title.as_str(), first.account.as_str()), ("公開されたバケット", "123456789012"));
    assert_eq!(first.resources[0].kind, "AwsS3Bucket");
    assert!(first.updated_at.is_some() && first.active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_are_what_moto_was_told() {
    let moto = Moto::start();
    let rds = aws_sdk_rds::Client::new(&moto.config(REGION).await);
    for (name, engine) in [("shop-prd", "aurora-postgresql"), ("claims-prd", "aurora-mysql")] {
        let create = rds.create_db_cluster().db_cluster_identifier(name).engine(engine);
        let create = create.master_username("root").master_user_password("not-a-secret-1").database_name("shop");
        create.enable_iam_database_authentication(name == "shop-prd").send().await.unwrap();
    }
    let connection = moto.connect(moto.keys()).await;
    let mut databases = connection.databases().await.unwrap().items;
    databases.sort_by(|a, b| a.identifier.cmp(&b.identifier));
    let brief: Vec<_> =
        databases.iter().map(|one| (one.identifier.as_str(), one.wire(), one.port, one.iam_auth)).collect();
    assert_eq!(brief, [("claims-prd", Some(Wire::Mysql), 3306, false), ("shop-prd", Some(Wire::Postgres), 5432, true)]);
    let writer = databases[1].endpoint.to_uppercase();
    assert_eq!(connection.database_of(&writer).await.unwrap().as_ref(), Some(&databases[1]));
    assert_eq!(connection.database_of("elsewhere.example").await.unwrap(), None);
    assert_eq!(databases[1].database.as_deref(), Some("shop"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_are_what_moto_was_told_to_the_last_page() {
    let moto = Moto::start();
    let ssm = aws_sdk_ssm::Client::new(&moto.config(REGION).await);
    let put = |name: String, kind: aws_sdk_ssm::types::ParameterType| {
        ssm.put_parameter().value(format!("の値 {name}")).name(name).r#type(kind).send()
    };
    for number in 10..35 {
        let name = format!("/shop/prd/entries/{number}.toml");
        put(name, aws_sdk_ssm::types::ParameterType::String).await.unwrap();
    }
    put("/shop/prd/bindings.toml".to_owned(), aws_sdk_ssm::types::ParameterType::SecureString).await.unwrap();
    put("/shop/prdx/other.toml".to_owned(), aws_sdk_ssm::types::ParameterType::String).await.unwrap();
    let connection = moto.connect(moto.keys()).await;
    let read = connection.parameters("/shop/prd").await.unwrap();
    assert!(!read.capped);
    let mut names: Vec<&str> = read.items.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!((names.len(), names[0]), (26, "/shop/prd/bindings.toml"));
    assert!(names.iter().all(|name| name.starts_with("/shop/prd/")), "{names:?}");
    let sealed: Vec<_> = read.items.iter().filter(|one| !one.is_plain).map(|one| one.name.as_str()).collect();
    assert_eq!(sealed, ["/shop/prd/bindings.toml"]);
    let first = read.items.iter().find(|one| one.name.ends_with("/10.toml")).unwrap();
    assert_eq!(first.value, "の値 /shop/prd/entries/10.toml");
    assert_eq!(connection.parameters("/nothing").await.unwrap().items, []);
}
