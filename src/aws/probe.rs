//! Trying out whether calls are allowed, for who sets an account up.

use crate::domain::{
    ecs::{Service, ServiceKey},
    fetch::Failure,
    finding::FindingKey,
    log::LogTail,
    metric::{Range, ecs_utilization},
    target::Selector,
    waf::{Scope, WebAcl},
};

use super::{
    Connection, FindingPass, FindingsQuery, action::Action, alarms::AlarmScope, load::Loaded, tasks::TaskScope,
};

/// A path that no parameter has.
const NOWHERE: &str = "/sekisho-no-such-path";
/// A node that nobody has.
const NOBODY: &str = "i-00000000000000000";

impl Connection {
    /// Tells whether a call may be made, in the smallest way that it can be.
    ///
    /// Calls that want the name of something take it from a list; where there is nothing, nothing was denied.
    ///
    /// # Errors
    /// The [`Failure`] that the call met, or the one that kept it from being made.
    pub async fn probe(&self, action: Action) -> Result<(), Failure> {
        match action {
            Action::GetCallerIdentity => Ok(()),
            Action::ListClusters
            | Action::DescribeClusters
            | Action::ListServices
            | Action::DescribeServices
            | Action::ListTasks
            | Action::DescribeTasks
            | Action::ListServiceDeployments
            | Action::DescribeServiceDeployments
            | Action::DescribeServiceRevisions => self.probe_cluster(action).await,
            Action::DescribeTaskDefinition
            | Action::FilterLogEvents
            | Action::StartLiveTail
            | Action::DescribeTargetGroups
            | Action::DescribeTargetHealth => self.probe_around_services(action).await,
            Action::DescribeAlarms | Action::DescribeAlarmHistory | Action::GetMetricData => {
                self.probe_cloudwatch(action).await
            }
            Action::ListWebAcls
            | Action::GetWebAcl
            | Action::ListLoggingConfigurations
            | Action::GetSampledRequests
            | Action::GetRateBasedStatementManagedKeys
            | Action::ListResourcesForWebAcl => self.probe_waf(action).await,
            Action::GetFindings
            | Action::GetFindingHistory
            | Action::ListFindingAggregators
            | Action::GetFindingAggregator => self.probe_findings(action).await,
            Action::DescribeInstanceInformation => {
                self.nodes(&Selector::ManagedNode { id: NOBODY.to_owned() }).await.map(drop)
            }
            Action::DescribeDbClusters => self.databases().await.map(drop),
            Action::GetParametersByPath => self.parameters(NOWHERE).await.map(drop),
            // What acts is not tried out; what was denied is known.
            Action::StartSession
            | Action::ResumeSession
            | Action::TerminateSession
            | Action::ExecuteCommand
            | Action::GenerateDataKey
            | Action::GetDocument
            | Action::StartAutomationExecution
            | Action::GetAutomationExecution
            | Action::DescribeAutomationExecutions
            | Action::StopAutomationExecution
            | Action::BatchUpdateFindings
            | Action::PutLogEvents
            | Action::CreateLogStream => self.home.caller.ledger.denials.recall(action, "").map_or(Ok(()), Err),
        }
    }

    async fn probe_cluster(&self, action: Action) -> Result<(), Failure> {
        let Some(cluster) = self.cluster_names().await?.items.into_iter().next() else { return Ok(()) };
        match action {
            Action::ListClusters => Ok(()),
            Action::DescribeClusters => first_failure(self.statistics(&[cluster]).await),
            Action::ListTasks | Action::DescribeTasks => {
                let read = self.tasks_of(&TaskScope::Cluster(cluster)).await;
                failure_of(read, action)
            }
            Action::ListServices => self.service_names(&cluster).await.map(drop),
            _ => self.probe_service(action, cluster).await,
        }
    }

    async fn probe_service(&self, action: Action, cluster: String) -> Result<(), Failure> {
        let Some(service) = self.service_names(&cluster).await?.items.into_iter().next() else {
            return Ok(());
        };
        let key = ServiceKey { cluster, service };
        if action == Action::DescribeServices {
            return first_failure(self.describe_services(&[key]).await);
        }
        let read = self.service_deployments(&key).await;
        match self.home.caller.ledger.denials.recall(action, &key.cluster) {
            Some(denial) => Err(denial),
            None => read.map(drop),
        }
    }

    /// Tries what is asked about an open service, on the first one of the first cluster that has what it takes.
    async fn probe_around_services(&self, action: Action) -> Result<(), Failure> {
        let Some(cluster) = self.cluster_names().await?.items.into_iter().next() else { return Ok(()) };
        let names = self.service_names(&cluster).await?.items.into_iter().take(10);
        let keys: Vec<_> = names.map(|service| ServiceKey { cluster: cluster.clone(), service }).collect();
        let described = self.describe_services(&keys).await;
        if described.value.services.is_empty() {
            return first_failure(described);
        }
        let mut services = described.value.services.iter();
        match action {
            Action::DescribeTargetGroups | Action::DescribeTargetHealth => {
                let Some(service) = services.find(|service| !service.target_groups.is_empty()) else { return Ok(()) };
                let arns = &service.target_groups[..1];
                if action == Action::DescribeTargetGroups {
                    return self.target_groups(arns).await.map(drop);
                }
                first_failure(self.target_health(&[super::bare_group(&arns[0])]).await)
            }
            _ => match services.next() {
                Some(service) => self.probe_log(action, service).await,
                None => Ok(()),
            },
        }
    }

    async fn probe_log(&self, action: Action, service: &Service) -> Result<(), Failure> {
        let places = self.log_places(&service.task_definition).await?;
        let Some(place) = places.first().filter(|_| action != Action::DescribeTaskDefinition) else { return Ok(()) };
        let now = self.home.caller.now.get().as_millisecond();
        let tail = LogTail { place: place.clone(), pattern: String::new(), from: now };
        match action {
            Action::StartLiveTail => self.live_tail(&tail).await.map(drop),
            _ => self.log_lines(&tail, now).await.map(drop),
        }
    }

    async fn probe_cloudwatch(&self, action: Action) -> Result<(), Failure> {
        match action {
            Action::DescribeAlarms => self.alarms_of(&AlarmScope::Firing).await.map(drop),
            Action::DescribeAlarmHistory => {
                let alarms = self.alarms_of(&AlarmScope::All).await?;
                match alarms.items.first() {
                    Some(alarm) => self.alarm_history(&alarm.name).await.map(drop),
                    None => Ok(()),
                }
            }
            _ => {
                let key = ServiceKey { cluster: "sekisho".to_owned(), service: "sekisho".to_owned() };
                let query = ecs_utilization(&key, "CPUUtilization", "Average", 60);
                first_failure(self.metrics(&[query], Range::Hour).await)
            }
        }
    }

    async fn probe_waf(&self, action: Action) -> Result<(), Failure> {
        if action == Action::ListLoggingConfigurations {
            return self.web_acl_logging(Scope::Regional).await.map(drop);
        }
        let listed = self.web_acls(Scope::Regional).await?;
        let details = self.web_acl_details(&listed.acls.items).await;
        let mut acls = details.value.iter();
        match action {
            Action::ListWebAcls => Ok(()),
            Action::GetWebAcl => first_failure(details),
            Action::GetSampledRequests => {
                let metric =
                    |acl: &WebAcl| Some(acl.detail.as_ref()?.rules.iter().find(|rule| rule.sampled)?.metric.clone());
                match acls.find_map(|acl| Some((acl, metric(acl)?))) {
                    Some((acl, metric)) => first_failure(self.waf_samples(acl, &[metric], Range::Hour).await),
                    None => Ok(()),
                }
            }
            Action::GetRateBasedStatementManagedKeys => match acls.find(|acl| acl.rate_limits().next().is_some()) {
                Some(acl) => first_failure(self.waf_limited(acl).await),
                None => Ok(()),
            },
            _ => match acls.next() {
                Some(acl) => self.waf_resources(acl, 0).await.map(drop),
                None => Ok(()),
            },
        }
    }

    async fn probe_findings(&self, action: Action) -> Result<(), Failure> {
        if matches!(action, Action::ListFindingAggregators | Action::GetFindingAggregator) {
            return match self.aggregation_region().await {
                Err(failure) if failure.action == action.name() => Err(failure),
                _ => Ok(()),
            };
        }
        let page = self.findings_page(&FindingsQuery::Pass(FindingPass::ToDo), None).await?.unwrap_or_default();
        let first: Option<FindingKey> = page.findings.first().map(|finding| finding.key.clone());
        match first {
            Some(key) if action == Action::GetFindingHistory => self.finding_history(&key).await.map(drop),
            _ => Ok(()),
        }
    }
}

fn first_failure<T>(loaded: Loaded<T>) -> Result<(), Failure> {
    loaded.failures.into_iter().next().map_or(Ok(()), Err)
}

/// Returns the failure of one action among those of a load that makes several.
fn failure_of<T>(loaded: Loaded<T>, action: Action) -> Result<(), Failure> {
    let mine = |failure: &Failure| failure.action == action.name();
    loaded.failures.into_iter().find(mine).map_or(Ok(()), Err)
}
