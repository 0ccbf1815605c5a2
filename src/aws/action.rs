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
}

impl Action {
    /// Lists the calls.
    pub const ALL: [Self; 13] = [
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
    ];

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
    pub(super) const COUNT: usize = Self::Metrics as usize + 1;

    /// Lists the families in the order of their numbers.
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Sts, Self::Clusters, Self::Services, Self::Tasks, Self::Alarms, Self::AlarmHistory, Self::Metrics];

    /// Returns AWS's default quota for an account and region.
    ///
    /// Sources: "Request throttling for the Amazon ECS API" (buckets and refill rates), "CloudWatch service quotas"
    /// (`DescribeAlarms` 9, `DescribeAlarmHistory` 3 and `GetMetricData` 50 a second), "IAM and AWS STS quotas" (600 a
    /// second for the whole account). CloudWatch and STS name no burst: a second's worth is taken for one.
    pub(super) const fn quota(self) -> Quota {
        let (burst, rate) = match self {
            Self::Sts => (600.0, 600.0),
            Self::Clusters | Self::Services => (50.0, 20.0),
            Self::Tasks => (100.0, 20.0),
            Self::Alarms => (9.0, 9.0),
            Self::AlarmHistory => (3.0, 3.0),
            Self::Metrics => (50.0, 50.0),
        };
        Quota { burst, rate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_listed_once_and_named_as_iam_names_it() {
        let mut names: Vec<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Action::ALL.len());
        for name in names {
            let (service, call) = name.split_once(':').unwrap();
            assert!(["sts", "ecs", "cloudwatch"].contains(&service), "{name}");
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
