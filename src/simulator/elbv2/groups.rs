//! `DescribeTargetGroups`.

use super::{balanced, no_balancer, no_group, page, validation, vpc};
use crate::simulator::call::Call;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::{ServicePlan, TargetGroup};

/// Describes target groups: all, a balancer's, or those named by ARN or name.
pub fn describe_target_groups(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let balancer = input.text("LoadBalancerArn")?;
    let (arns, names) = (input.texts("TargetGroupArns")?, input.texts("Names")?);
    let ways = [balancer.is_some(), arns.is_some(), names.is_some()];
    if ways.iter().filter(|given| **given).count() > 1 {
        return Err(validation(
            "Only one of load balancer ARN, target group names and target group ARNs can be specified",
        ));
    }
    let there: Vec<(&ServicePlan, &TargetGroup)> = balanced(call).collect();
    if balancer.is_some_and(|arn| !there.iter().any(|(_, group)| group.balancer_arn == arn)) {
        return Err(no_balancer());
    }
    let wanted = arns.or(names);
    let missing = |text: &&str| !there.iter().any(|(_, group)| named(group, text));
    if wanted.iter().flatten().any(missing) {
        return Err(no_group());
    }
    let fits = |group: &TargetGroup| {
        balancer.is_none_or(|arn| group.balancer_arn == arn)
            && wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|text| named(group, text)))
    };
    let chosen = there.iter().filter(|(_, group)| fits(group)).map(|(_, group)| group.arn.clone()).collect();
    let (arns, marker) = page(call, "DescribeTargetGroups", input, chosen)?;
    let of = |arn: &String| there.iter().find(|(_, group)| group.arn == *arn);
    let described: Vec<Value> = arns.iter().filter_map(of).map(|(plan, group)| describe(plan, group)).collect();
    Ok(object().with("TargetGroups", described).with("NextMarker", marker).into())
}

fn named(group: &TargetGroup, text: &str) -> bool {
    group.arn == text || name(group) == text
}

/// The target group's name, out of `targetgroup/NAME/ID`.
fn name(group: &TargetGroup) -> &str {
    group.dimension.split('/').nth(1).unwrap_or_default()
}

fn describe(plan: &ServicePlan, group: &TargetGroup) -> Value {
    object()
        .with("TargetGroupArn", &group.arn)
        .with("TargetGroupName", name(group).to_owned())
        .with("Protocol", "HTTP")
        .with("Port", plan.port)
        .with("VpcId", vpc(plan))
        .with("HealthCheckProtocol", "HTTP")
        .with("HealthCheckPort", "traffic-port")
        .with("HealthCheckEnabled", true)
        .with("HealthCheckIntervalSeconds", 10_u32)
        .with("HealthCheckTimeoutSeconds", 5_u32)
        .with("HealthyThresholdCount", 2_u32)
        .with("UnhealthyThresholdCount", 2_u32)
        .with("HealthCheckPath", "/health")
        .with("Matcher", object().with("HttpCode", "200"))
        .with("LoadBalancerArns", list([group.balancer_arn.clone()]))
        .with("TargetType", "ip")
        .with("ProtocolVersion", "HTTP1")
        .with("IpAddressType", "ipv4")
        .into()
}
