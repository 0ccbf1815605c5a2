//! Elastic Load Balancing: the target groups in front of a service, and how their targets fare.

use aws_sdk_elasticloadbalancingv2::types as aws;
use futures::{StreamExt, stream};

use crate::domain::{
    elb::{Target, TargetGroup, TargetHealth},
    fetch::{Failure, FailureKind},
};

use super::{
    Connection,
    action::Action,
    ecs::AT_ONCE,
    load::Loaded,
    words::{message, name},
};

/// The most target groups of a service that are read: ECS takes five, and twice as many while traffic shifts.
const MOST_GROUPS: usize = 20;
/// The most targets of a group that are kept (quotas for Application Load Balancers: 1,000 a group).
const MOST_TARGETS: usize = 1_000;
/// The most balancers of a group that are kept.
const MOST_BALANCERS: usize = 20;

impl Connection {
    /// Describes target groups, without their targets, in the order of their ARNs; one that was deleted is left out.
    ///
    /// # Errors
    /// A [`Failure`] where they cannot be described.
    pub async fn target_groups(&self, arns: &[String]) -> Result<Vec<TargetGroup>, Failure> {
        let arns = &arns[..arns.len().min(MOST_GROUPS)];
        let mut groups = match self.groups_of_one_call(arns).await {
            Ok(groups) => groups,
            // One that is not there fails the call for all: each is asked for by itself.
            Err(failure) if failure.kind == FailureKind::NotFound && arns.len() > 1 => {
                let mut groups = Vec::new();
                for arn in arns {
                    match self.groups_of_one_call(std::slice::from_ref(arn)).await {
                        Ok(group) => groups.extend(group),
                        Err(failure) if failure.kind == FailureKind::NotFound => {}
                        Err(failure) => return Err(failure),
                    }
                }
                groups
            }
            Err(failure) if failure.kind == FailureKind::NotFound => Vec::new(),
            Err(failure) => return Err(failure),
        };
        groups.sort_by_key(|group| arns.iter().position(|arn| *arn == group.arn));
        Ok(groups)
    }

    /// Reads the targets of target groups into them; groups that could not be read are left out.
    pub async fn target_health(&self, groups: &[TargetGroup]) -> Loaded<Vec<TargetGroup>> {
        let reads = stream::iter(groups.to_vec())
            .map(|group| async move {
                let targets = self.targets(&group.arn).await?;
                Ok(targets.map(|targets| TargetGroup { targets, ..group }).into_iter().collect::<Vec<_>>())
            })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        Loaded::join(reads.await)
    }

    async fn groups_of_one_call(&self, arns: &[String]) -> Result<Vec<TargetGroup>, Failure> {
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let describe = || {
            let originals = arns.iter().map(|arn| self.original(arn)).collect();
            self.load_balancing.describe_target_groups().set_target_group_arns(Some(originals)).send()
        };
        let answer = self.home.caller.call(Action::DescribeTargetGroups, "", describe).await?;
        Ok(answer.target_groups().iter().filter_map(|raw| group(raw, &|raw| self.remember(raw))).collect())
    }

    /// Reads the targets of a group, those that are not well first; nothing where the group was deleted.
    async fn targets(&self, arn: &str) -> Result<Option<Vec<Target>>, Failure> {
        let describe = || self.load_balancing.describe_target_health().target_group_arn(self.original(arn)).send();
        match self.home.caller.call(Action::DescribeTargetHealth, "", describe).await {
            Ok(answer) => {
                let mut targets: Vec<Target> =
                    answer.target_health_descriptions().iter().take(MOST_TARGETS).map(target).collect();
                targets.sort_by(|a, b| (a.health.rank(), &a.id, a.port).cmp(&(b.health.rank(), &b.id, b.port)));
                Ok(Some(targets))
            }
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// Makes a target group of its ARN alone, where nothing more may be read of it.
pub fn bare_group(arn: &str) -> TargetGroup {
    // `arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID`
    let group_name = arn.rsplit('/').nth(1).unwrap_or(arn);
    TargetGroup {
        arn: arn.to_owned(),
        name: group_name.to_owned(),
        balancers: Vec::new(),
        health_check: String::new(),
        targets: Vec::new(),
    }
}

/// Maps a target group; one without an ARN cannot be pointed at and is left out.
fn group(raw: &aws::TargetGroup, remember: &dyn Fn(&str) -> String) -> Option<TargetGroup> {
    let arn = remember(raw.target_group_arn.as_deref().filter(|arn| !arn.is_empty())?);
    let balancers = raw.load_balancer_arns().iter().take(MOST_BALANCERS);
    // `arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID`
    let balancers = balancers.filter_map(|arn| arn.split_once(":loadbalancer/").map(|(_, rest)| remember(rest)));
    let protocol = raw.health_check_protocol.as_ref().map(aws::ProtocolEnum::as_str).unwrap_or_default();
    let path = raw.health_check_path.as_deref().unwrap_or_default();
    let bare = bare_group(&arn);
    Some(TargetGroup {
        name: raw.target_group_name.as_deref().map_or(bare.name, |raw| name(Some(raw))),
        balancers: balancers.collect(),
        health_check: message(Some(format!("{protocol} {path}").trim())),
        arn: bare.arn,
        targets: bare.targets,
    })
}

fn target(raw: &aws::TargetHealthDescription) -> Target {
    let (of, health) = (raw.target.as_ref(), raw.target_health.as_ref());
    let state = health.and_then(|health| health.state.as_ref()).map(aws::TargetHealthStateEnum::as_str);
    Target {
        id: name(of.and_then(|target| target.id.as_deref())),
        port: of.and_then(|target| target.port),
        zone: name(of.and_then(|target| target.availability_zone.as_deref())),
        health: TargetHealth::from_aws(&name(state)),
        reason: name(health.and_then(|health| health.reason.as_ref()).map(aws::TargetHealthReasonEnum::as_str)),
        description: message(health.and_then(|health| health.description.as_deref())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/web/0123456789abcdef";

    #[test]
    fn a_group_names_its_balancers_as_cloudwatch_does() {
        let raw = aws::TargetGroup::builder()
            .target_group_arn(ARN)
            .load_balancer_arns("arn:aws:elasticloadbalancing:x:1:loadbalancer/app/shop-prd/50dc6c495c0c9188")
            .load_balancer_arns("junk")
            .health_check_protocol(aws::ProtocolEnum::Http)
            .health_check_path("/health")
            .build();
        let group = group(&raw, &|raw| raw.to_owned()).unwrap();
        assert_eq!((group.name.as_str(), group.health_check.as_str()), ("web", "HTTP /health"));
        assert_eq!(group.balancers, ["app/shop-prd/50dc6c495c0c9188"]);
        assert_eq!(super::group(&aws::TargetGroup::builder().build(), &|raw| raw.to_owned()), None);
    }

    #[test]
    fn a_target_of_which_nothing_is_said_is_of_no_known_health() {
        let target = target(&aws::TargetHealthDescription::builder().build());
        assert_eq!((target.health, target.id.as_str(), target.port), (TargetHealth::Other(String::new()), "", None));
    }
}
