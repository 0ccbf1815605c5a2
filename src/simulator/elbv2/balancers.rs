//! `DescribeLoadBalancers`.

use super::{balanced, no_balancer, page, validation, vpc};
use crate::simulator::call::Call;
use crate::simulator::clock::DAY;
use crate::simulator::random::Dice;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::{ServicePlan, TargetGroup};

/// Describes load balancers: all, or those named by ARN or name.
pub fn describe_load_balancers(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (arns, names) = (input.texts("LoadBalancerArns")?, input.texts("Names")?);
    if arns.is_some() && names.is_some() {
        return Err(validation("Load balancer names and load balancer ARNs cannot be specified at the same time"));
    }
    let there: Vec<(&ServicePlan, &TargetGroup)> = balanced(call).collect();
    let wanted = arns.or(names);
    let named = |group: &TargetGroup, text: &str| group.balancer_arn == text || group.balancer == text;
    let missing = |text: &&str| !there.iter().any(|(_, group)| named(group, text));
    if wanted.iter().flatten().any(missing) {
        return Err(no_balancer());
    }
    let fits = |group: &TargetGroup| wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|text| named(group, text)));
    let chosen = there.iter().filter(|(_, group)| fits(group)).map(|(_, group)| group.balancer_arn.clone()).collect();
    let (arns, marker) = page(call, "DescribeLoadBalancers", input, chosen)?;
    let of = |arn: &String| there.iter().find(|(_, group)| group.balancer_arn == *arn);
    let described: Vec<Value> = arns.iter().filter_map(of).map(|(plan, group)| describe(plan, group)).collect();
    Ok(object().with("LoadBalancers", described).with("NextMarker", marker).into())
}

fn describe(plan: &ServicePlan, group: &TargetGroup) -> Value {
    let mut dice = Dice::new(plan.seed, &["load-balancer", &group.balancer_arn]);
    let internal = group.balancer.contains("internal");
    let zones = ["a", "c"].map(|zone| {
        object()
            .with("ZoneName", format!("{}{zone}", plan.region))
            .with("SubnetId", format!("subnet-0{}", dice.hex(16)))
            .with("LoadBalancerAddresses", Vec::new())
    });
    let number = dice.digits(10);
    let host =
        if internal { format!("internal-{}-{number}", group.balancer) } else { format!("{}-{number}", group.balancer) };
    object()
        .with("LoadBalancerArn", &group.balancer_arn)
        .with("DNSName", format!("{host}.{}.elb.amazonaws.com", plan.region))
        .with("CanonicalHostedZoneId", "Z14GRHDCWA56QT")
        .time("CreatedTime", plan.deployed - dice.between(100, 500) * DAY)
        .with("LoadBalancerName", &group.balancer)
        .with("Scheme", if internal { "internal" } else { "internet-facing" })
        .with("VpcId", vpc(plan))
        .with("State", object().with("Code", "active"))
        .with("Type", "application")
        .with("AvailabilityZones", list(zones))
        .with("SecurityGroups", list([format!("sg-0{}", dice.hex(16))]))
        .with("IpAddressType", "ipv4")
        .into()
}
