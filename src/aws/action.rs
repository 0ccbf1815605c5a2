//! The calls that this program makes, and what AWS allows of them.

/// Names a call as IAM does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// `sts:GetCallerIdentity`, which IAM cannot deny to anybody.
    GetCallerIdentity,
    /// `ecs:ListClusters`
    ListClusters,
    /// `ecs:DescribeClusters`
    DescribeClusters,
    /// `ecs:ListServices`
    ListServices,
    /// `ecs:DescribeServices`
    DescribeServices,
    /// `ecs:ListTasks`
    ListTasks,
    /// `ecs:DescribeTasks`
    DescribeTasks,
    /// `ecs:ListServiceDeployments`
    ListServiceDeployments,
    /// `ecs:DescribeServiceDeployments`
    DescribeServiceDeployments,
    /// `ecs:DescribeServiceRevisions`
    DescribeServiceRevisions,
    /// `cloudwatch:DescribeAlarms`
    DescribeAlarms,
    /// `cloudwatch:DescribeAlarmHistory`
    DescribeAlarmHistory,
    /// `cloudwatch:GetMetricData`
    GetMetricData,
    /// `ecs:DescribeTaskDefinition`
    DescribeTaskDefinition,
    /// `wafv2:ListWebACLs`
    ListWebAcls,
    /// `wafv2:GetWebACL`
    GetWebAcl,
    /// `wafv2:ListLoggingConfigurations`
    ListLoggingConfigurations,
    /// `wafv2:GetSampledRequests`
    GetSampledRequests,
    /// `wafv2:GetRateBasedStatementManagedKeys`
    GetRateBasedStatementManagedKeys,
    /// `wafv2:ListResourcesForWebACL`
    ListResourcesForWebAcl,
    /// `securityhub:GetFindings`
    GetFindings,
    /// `securityhub:GetFindingHistory`
    GetFindingHistory,
    /// `securityhub:ListFindingAggregators`
    ListFindingAggregators,
    /// `securityhub:GetFindingAggregator`
    GetFindingAggregator,
    /// `elasticloadbalancing:DescribeTargetGroups`
    DescribeTargetGroups,
    /// `elasticloadbalancing:DescribeTargetHealth`
    DescribeTargetHealth,
    /// `logs:FilterLogEvents`
    FilterLogEvents,
    /// `logs:StartLiveTail`
    StartLiveTail,
    /// `ssm:DescribeInstanceInformation`
    DescribeInstanceInformation,
    /// `ssm:GetParametersByPath`
    GetParametersByPath,
    /// `rds:DescribeDBClusters`
    DescribeDbClusters,
    /// `ssm:StartSession`
    StartSession,
    /// `ssm:ResumeSession`
    ResumeSession,
    /// `ssm:TerminateSession`
    TerminateSession,
    /// `ecs:ExecuteCommand`
    ExecuteCommand,
    /// `kms:GenerateDataKey`
    GenerateDataKey,
    /// `ssm:GetDocument`
    GetDocument,
    /// `ssm:StartAutomationExecution`
    StartAutomationExecution,
    /// `ssm:GetAutomationExecution`
    GetAutomationExecution,
    /// `ssm:DescribeAutomationExecutions`
    DescribeAutomationExecutions,
    /// `ssm:StopAutomationExecution`
    StopAutomationExecution,
    /// `securityhub:BatchUpdateFindings`
    BatchUpdateFindings,
    /// `logs:PutLogEvents`
    PutLogEvents,
    /// `logs:CreateLogStream`
    CreateLogStream,
}

impl Action {
    /// Lists the calls that the screens are read with.
    pub const ALL: [Self; 28] = [
        Self::GetCallerIdentity,
        Self::ListClusters,
        Self::DescribeClusters,
        Self::ListServices,
        Self::DescribeServices,
        Self::ListTasks,
        Self::DescribeTasks,
        Self::ListServiceDeployments,
        Self::DescribeServiceDeployments,
        Self::DescribeServiceRevisions,
        Self::DescribeAlarms,
        Self::DescribeAlarmHistory,
        Self::GetMetricData,
        Self::DescribeTaskDefinition,
        Self::ListWebAcls,
        Self::GetWebAcl,
        Self::ListLoggingConfigurations,
        Self::GetSampledRequests,
        Self::GetRateBasedStatementManagedKeys,
        Self::ListResourcesForWebAcl,
        Self::GetFindings,
        Self::GetFindingHistory,
        Self::ListFindingAggregators,
        Self::GetFindingAggregator,
        Self::DescribeTargetGroups,
        Self::DescribeTargetHealth,
        Self::FilterLogEvents,
        Self::StartLiveTail,
    ];

    /// Lists the calls that sessions need beside those; only the first two read.
    pub const SESSIONS: [Self; 7] = [
        Self::DescribeInstanceInformation,
        Self::DescribeDbClusters,
        Self::StartSession,
        Self::ResumeSession,
        Self::TerminateSession,
        Self::ExecuteCommand,
        Self::GenerateDataKey,
    ];

    /// Lists the calls that a catalogue outside of this machine is read with.
    pub const CATALOGUE: [Self; 1] = [Self::GetParametersByPath];

    /// Lists the calls that changes need beside those.
    pub const CHANGES: [Self; 6] = [
        Self::GetDocument,
        Self::StartAutomationExecution,
        Self::GetAutomationExecution,
        Self::DescribeAutomationExecutions,
        Self::StopAutomationExecution,
        Self::BatchUpdateFindings,
    ];

    /// Lists the calls by which heads of the journal are kept, beside `logs:FilterLogEvents`, by which they are read back.
    pub const JOURNAL: [Self; 2] = [Self::PutLogEvents, Self::CreateLogStream];

    /// Returns the IAM action that the call needs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::ListClusters => "ecs:ListClusters",
            Self::DescribeClusters => "ecs:DescribeClusters",
            Self::ListServices => "ecs:ListServices",
            Self::DescribeServices => "ecs:DescribeServices",
            Self::ListTasks => "ecs:ListTasks",
            Self::DescribeTasks => "ecs:DescribeTasks",
            Self::ListServiceDeployments => "ecs:ListServiceDeployments",
            Self::DescribeServiceDeployments => "ecs:DescribeServiceDeployments",
            Self::DescribeServiceRevisions => "ecs:DescribeServiceRevisions",
            Self::DescribeAlarms => "cloudwatch:DescribeAlarms",
            Self::DescribeAlarmHistory => "cloudwatch:DescribeAlarmHistory",
            Self::GetMetricData => "cloudwatch:GetMetricData",
            Self::DescribeTaskDefinition => "ecs:DescribeTaskDefinition",
            Self::ListWebAcls => "wafv2:ListWebACLs",
            Self::GetWebAcl => "wafv2:GetWebACL",
            Self::ListLoggingConfigurations => "wafv2:ListLoggingConfigurations",
            Self::GetSampledRequests => "wafv2:GetSampledRequests",
            Self::GetRateBasedStatementManagedKeys => "wafv2:GetRateBasedStatementManagedKeys",
            Self::ListResourcesForWebAcl => "wafv2:ListResourcesForWebACL",
            Self::GetFindings => "securityhub:GetFindings",
            Self::GetFindingHistory => "securityhub:GetFindingHistory",
            Self::ListFindingAggregators => "securityhub:ListFindingAggregators",
            Self::GetFindingAggregator => "securityhub:GetFindingAggregator",
            Self::DescribeTargetGroups => "elasticloadbalancing:DescribeTargetGroups",
            Self::DescribeTargetHealth => "elasticloadbalancing:DescribeTargetHealth",
            Self::FilterLogEvents => "logs:FilterLogEvents",
            Self::StartLiveTail => "logs:StartLiveTail",
            Self::DescribeInstanceInformation => "ssm:DescribeInstanceInformation",
            Self::GetParametersByPath => "ssm:GetParametersByPath",
            Self::DescribeDbClusters => "rds:DescribeDBClusters",
            Self::StartSession => "ssm:StartSession",
            Self::ResumeSession => "ssm:ResumeSession",
            Self::TerminateSession => "ssm:TerminateSession",
            Self::ExecuteCommand => "ecs:ExecuteCommand",
            Self::GenerateDataKey => "kms:GenerateDataKey",
            Self::GetDocument => "ssm:GetDocument",
            Self::StartAutomationExecution => "ssm:StartAutomationExecution",
            Self::GetAutomationExecution => "ssm:GetAutomationExecution",
            Self::DescribeAutomationExecutions => "ssm:DescribeAutomationExecutions",
            Self::StopAutomationExecution => "ssm:StopAutomationExecution",
            Self::BatchUpdateFindings => "securityhub:BatchUpdateFindings",
            Self::PutLogEvents => "logs:PutLogEvents",
            Self::CreateLogStream => "logs:CreateLogStream",
        }
    }

    /// Returns the family whose quota the call draws on.
    pub(super) const fn family(self) -> Family {
        match self {
            Self::GetCallerIdentity => Family::Sts,
            Self::ListClusters | Self::DescribeClusters => Family::Clusters,
            Self::ListServices
            | Self::DescribeServices
            | Self::ListServiceDeployments
            | Self::DescribeServiceDeployments
            | Self::DescribeServiceRevisions => Family::Services,
            Self::ListTasks | Self::DescribeTasks => Family::Tasks,
            Self::DescribeAlarms => Family::Alarms,
            Self::DescribeAlarmHistory => Family::AlarmHistory,
            Self::GetMetricData => Family::Metrics,
            Self::DescribeTaskDefinition => Family::TaskDefinitions,
            Self::ListWebAcls => Family::WebAclList,
            Self::GetWebAcl => Family::WebAcl,
            Self::ListLoggingConfigurations => Family::WebAclLogging,
            Self::GetSampledRequests => Family::SampledRequests,
            Self::GetRateBasedStatementManagedKeys => Family::RateLimits,
            Self::ListResourcesForWebAcl => Family::WebAclResources,
            Self::GetFindings => Family::Findings,
            Self::GetFindingHistory
            | Self::ListFindingAggregators
            | Self::GetFindingAggregator
            | Self::BatchUpdateFindings => Family::SecurityHub,
            Self::DescribeTargetGroups | Self::DescribeTargetHealth => Family::LoadBalancing,
            Self::FilterLogEvents => Family::LogEvents,
            Self::StartLiveTail => Family::LiveTail,
            Self::DescribeInstanceInformation | Self::GetParametersByPath => Family::Nodes,
            Self::DescribeDbClusters => Family::Databases,
            Self::StartSession | Self::ResumeSession | Self::TerminateSession | Self::ExecuteCommand => {
                Family::Sessions
            }
            Self::GenerateDataKey => Family::DataKeys,
            Self::GetDocument
            | Self::StartAutomationExecution
            | Self::GetAutomationExecution
            | Self::DescribeAutomationExecutions
            | Self::StopAutomationExecution => Family::Automation,
            Self::PutLogEvents | Self::CreateLogStream => Family::LogWrites,
        }
    }
}

/// Groups the calls that share a quota in an account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// STS.
    Sts,
    /// Reads of ECS clusters.
    Clusters,
    /// Reads of ECS services and what belongs to them.
    Services,
    /// `ListTasks` and `DescribeTasks`, which share one quota.
    Tasks,
    /// `DescribeAlarms`.
    Alarms,
    /// `DescribeAlarmHistory`.
    AlarmHistory,
    /// `GetMetricData`.
    Metrics,
    /// Reads of ECS task definitions.
    TaskDefinitions,
    /// `ListWebACLs`; AWS WAF counts each of its calls apart.
    WebAclList,
    /// `GetWebACL`.
    WebAcl,
    /// `ListLoggingConfigurations`.
    WebAclLogging,
    /// `GetSampledRequests`.
    SampledRequests,
    /// `GetRateBasedStatementManagedKeys`.
    RateLimits,
    /// `ListResourcesForWebACL`.
    WebAclResources,
    /// `GetFindings`.
    Findings,
    /// All other calls of Security Hub.
    SecurityHub,
    /// Reads of Elastic Load Balancing.
    LoadBalancing,
    /// `FilterLogEvents`.
    LogEvents,
    /// `StartLiveTail`.
    LiveTail,
    /// Reads of managed nodes and parameters.
    Nodes,
    /// Reads of databases.
    Databases,
    /// What starts, takes up and ends sessions.
    Sessions,
    /// Data keys of KMS.
    DataKeys,
    /// Automation executions, and the documents that they run.
    Automation,
    /// What writes to CloudWatch Logs.
    LogWrites,
}

/// Tells how many calls AWS allows: at once, and a second in the long run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quota {
    /// Calls at once.
    pub(super) burst: f64,
    /// Calls a second in the long run.
    pub(super) rate: f64,
}

impl Family {
    /// Counts the families.
    pub(super) const COUNT: usize = Self::LogWrites as usize + 1;

    /// Lists the families in the order of their numbers.
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Sts,
        Self::Clusters,
        Self::Services,
        Self::Tasks,
        Self::Alarms,
        Self::AlarmHistory,
        Self::Metrics,
        Self::TaskDefinitions,
        Self::WebAclList,
        Self::WebAcl,
        Self::WebAclLogging,
        Self::SampledRequests,
        Self::RateLimits,
        Self::WebAclResources,
        Self::Findings,
        Self::SecurityHub,
        Self::LoadBalancing,
        Self::LogEvents,
        Self::LiveTail,
        Self::Nodes,
        Self::Databases,
        Self::Sessions,
        Self::DataKeys,
        Self::Automation,
        Self::LogWrites,
    ];

    /// Returns AWS's default quota for an account and region.
    ///
    /// Sources: "Request throttling for the Amazon ECS API" (buckets and refill rates), "CloudWatch service quotas"
    /// (`DescribeAlarms` 9, `DescribeAlarmHistory` 3 and `GetMetricData` 50 a second), "IAM and AWS STS quotas" (600 a
    /// second for the whole account), "AWS WAF quotas" (5 a second for each call, 1 for `ListResourcesForWebACL`), "Security
    /// Hub API Reference" (`GetFindings` 3 a second and 6 at once, other calls 10 and 30), "Request throttling for the Elastic
    /// Load Balancing API" (40 at once, 10 a second), "CloudWatch Logs quotas" (`FilterLogEvents` 5 a second where it is
    /// least), "KMS request quotas" (5,500 a second and more for data keys, of which a session takes one). Where no burst is
    /// named, a second's worth is taken for one; `StartLiveTail` opens one stream at a time. For sessions, nodes,
    /// databases and executions AWS names no rate; ten a second is a guess on the careful side, and throttling slows it down.
    pub(super) const fn quota(self) -> Quota {
        let (burst, rate) = match self {
            Self::Sts => (600.0, 600.0),
            Self::Clusters | Self::Services | Self::TaskDefinitions => (50.0, 20.0),
            Self::Tasks => (100.0, 20.0),
            Self::Alarms => (9.0, 9.0),
            Self::AlarmHistory => (3.0, 3.0),
            // "CloudWatch Logs quotas": `CreateLogStream` 50 a second; `PutLogEvents` has far more.
            Self::Metrics | Self::LogWrites => (50.0, 50.0),
            Self::WebAclList
            | Self::WebAcl
            | Self::WebAclLogging
            | Self::SampledRequests
            | Self::RateLimits
            | Self::LogEvents
            | Self::LiveTail => (5.0, 5.0),
            Self::WebAclResources => (1.0, 1.0),
            Self::Findings => (6.0, 3.0),
            Self::SecurityHub => (30.0, 10.0),
            Self::LoadBalancing => (40.0, 10.0),
            Self::Nodes | Self::Databases | Self::Sessions | Self::Automation => (20.0, 10.0),
            Self::DataKeys => (100.0, 100.0),
        };
        Quota { burst, rate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_listed_once_and_named_as_iam_names_it() {
        let sessions = Action::ALL.iter().chain(&Action::SESSIONS).chain(&Action::CATALOGUE);
        let all = || sessions.clone().chain(&Action::CHANGES).chain(&Action::JOURNAL);
        let mut names: Vec<&str> = all().map(|action| action.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().count());
        for name in names {
            let (service, call) = name.split_once(':').unwrap();
            let services = "sts ecs cloudwatch wafv2 securityhub elasticloadbalancing logs ssm rds kms";
            assert!(services.split(' ').any(|known| known == service), "{name}");
            assert!(call.chars().all(|c| c.is_ascii_alphanumeric()) && call.starts_with(char::is_uppercase), "{name}");
        }
    }

    #[test]
    fn families_are_in_the_order_of_their_numbers() {
        for (number, family) in Family::ALL.into_iter().enumerate() {
            assert_eq!(family as usize, number);
        }
    }
}
