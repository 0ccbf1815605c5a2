//! The simulated account on a clock that stands still until a test moves it, and the real clients.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, StateValue};
use aws_sdk_ecs::types::Service;
use aws_smithy_types::retry::RetryConfig;
use jiff::{SignedDuration, Timestamp};
use sekisho::simulator::{Clock, ManualClock, Options, Scenario, Simulator, start};

/// A Sunday morning in Japan, thirty seconds into a minute: the worst time for an alarm to be quick.
pub const BEGIN: &str = "2026-11-22T00:00:30Z";

/// An account whose time a test moves.
pub struct Stage {
    pub simulator: Arc<Simulator>,
    pub ecs: aws_sdk_ecs::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub sts: aws_sdk_sts::Client,
    pub waf: aws_sdk_wafv2::Client,
    pub hub: aws_sdk_securityhub::Client,
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub ssm: aws_sdk_ssm::Client,
    pub kms: aws_sdk_kms::Client,
    pub rds: aws_sdk_rds::Client,
    clock: Arc<ManualClock>,
    begin: Timestamp,
}

impl Stage {
    /// Starts a scenario that the binary carries, at its beginning.
    pub async fn builtin(name: &str) -> Self {
        Self::of(Scenario::builtin(name).expect("a scenario of that name"), BEGIN).await
    }

    /// Starts a scenario from its text.
    pub async fn text(text: &str) -> Self {
        Self::of(Scenario::parse(text).expect("a scenario"), BEGIN).await
    }

    /// Starts a scenario at a time.
    pub async fn of(scenario: Scenario, begin: &str) -> Self {
        let begin: Timestamp = begin.parse().expect("a time");
        let clock = Arc::new(ManualClock::new(begin));
        Self::started(scenario, Options::default(), clock, begin).await
    }

    /// Starts a scenario from its text, with documents and policies.
    pub async fn with_options(text: &str, options: Options) -> Self {
        let begin: Timestamp = BEGIN.parse().expect("a time");
        let clock = Arc::new(ManualClock::new(begin));
        Self::started(Scenario::parse(text).expect("a scenario"), options, clock, begin).await
    }

    async fn started(scenario: Scenario, options: Options, clock: Arc<ManualClock>, begin: Timestamp) -> Self {
        let options = Options { clock: Clock::Manual(Arc::clone(&clock)), ..options };
        let simulator = start(scenario, options).await.expect("a loopback port");
        let config = config(&simulator, own_key(&simulator)).await;
        Self::with(Arc::new(simulator), &config, clock, begin)
    }

    /// The same account at the same time, asked in another region.
    pub async fn in_region(&self, region: &str) -> Self {
        let config = config(&self.simulator, own_key(&self.simulator)).await;
        let config = config.into_builder().region(Region::new(region.to_owned())).build();
        Self::with(Arc::clone(&self.simulator), &config, Arc::clone(&self.clock), self.begin)
    }

    /// Another account at the same time, through a role.
    pub async fn in_account(&self, account: &str) -> Self {
        let role = format!("arn:aws:iam::{account}:role/reader");
        let assumed =
            self.sts.assume_role().role_arn(role).role_session_name("op-0137").send().await.expect("a session");
        let keys = assumed.credentials().expect("keys");
        let token = Some(keys.session_token().to_owned());
        let session = Credentials::new(keys.access_key_id(), keys.secret_access_key(), token, None, "test");
        let config = config(&self.simulator, session).await;
        Self::with(Arc::clone(&self.simulator), &config, Arc::clone(&self.clock), self.begin)
    }

    fn with(simulator: Arc<Simulator>, config: &SdkConfig, clock: Arc<ManualClock>, begin: Timestamp) -> Self {
        Self {
            ecs: aws_sdk_ecs::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            waf: aws_sdk_wafv2::Client::new(config),
            hub: aws_sdk_securityhub::Client::new(config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            rds: aws_sdk_rds::Client::new(config),
            simulator,
            clock,
            begin,
        }
    }

    /// Moves the story to so long after its beginning.
    pub fn go_to(&self, at: &str) {
        let at: SignedDuration = at.parse().expect("a duration");
        self.clock.advance((self.begin + at).duration_since(self.clock.now()));
    }

    /// A time of the story, as the clients write it.
    pub fn time(&self, at: &str) -> aws_smithy_types::DateTime {
        let at: SignedDuration = at.parse().expect("a duration");
        aws_smithy_types::DateTime::from_millis((self.begin + at).as_millisecond())
    }

    /// Describes one service.
    pub async fn service(&self, cluster: &str, name: &str) -> Service {
        let described = self.ecs.describe_services().cluster(cluster).services(name).send().await.expect("an answer");
        described.services().first().expect("the service is there").clone()
    }

    /// Describes one metric alarm.
    pub async fn alarm(&self, name: &str) -> MetricAlarm {
        let described = self.cloudwatch.describe_alarms().alarm_names(name).send().await.expect("an answer");
        described.metric_alarms().first().expect("the alarm is there").clone()
    }

    /// Reads one composite alarm's state.
    pub async fn composite(&self, name: &str) -> StateValue {
        let asked = self.cloudwatch.describe_alarms().alarm_names(name).alarm_types(AlarmType::CompositeAlarm);
        let described = asked.send().await.expect("an answer");
        described.composite_alarms().first().and_then(|alarm| alarm.state_value().cloned()).expect("the alarm is there")
    }
}

/// The run's own key.
pub fn own_key(simulator: &Simulator) -> Credentials {
    Credentials::new(simulator.access_key_id(), simulator.secret_access_key(), None, None, "test")
}

/// A configuration for the real clients that never tries twice.
pub async fn config(simulator: &Simulator, key: Credentials) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(simulator.endpoint())
        .region(Region::new(simulator.region().to_owned()))
        .credentials_provider(key)
        .retry_config(RetryConfig::disabled())
        .load()
        .await
}
