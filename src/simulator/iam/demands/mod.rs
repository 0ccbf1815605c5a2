//! What each operation demands: actions, on resources, with the keys that conditions may name.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

mod ecs;
mod others;
mod ssm;

use super::Demand;
use crate::simulator::call::Call;
use crate::simulator::wire::{Input, Service};

/// What must be allowed together.
pub type Demands = Vec<Demand>;

/// Says what an operation demands: of several ways one is enough.
pub fn of(call: &Call<'_>, service: Service, operation: &str, input: Input<'_>) -> Vec<Demands> {
    let all = match service {
        Service::Ecs => ecs::of(call, operation, input),
        Service::Ssm if operation == "StartSession" => return ssm::start_session(call, input),
        Service::Ssm => ssm::of(call, operation, input),
        Service::CloudWatch => others::cloudwatch(call, operation, input),
        Service::Sts => others::sts(call, operation, input),
        Service::Wafv2 => others::wafv2(call, operation, input),
        Service::SecurityHub => others::securityhub(call, operation, input),
        Service::Logs => others::logs(call, operation, input),
        Service::Kms => others::kms(call, operation, input),
        Service::Rds => others::rds(call, operation, input),
        Service::Iam => vec![Demand::new("iam:SimulatePrincipalPolicy", text(input, "PolicySourceArn"))],
        Service::ElasticLoadBalancing => vec![Demand::new(format!("elasticloadbalancing:{operation}"), "*")],
    };
    vec![all]
}

/// Reads a member as text; what is not there, or no text, is refused by the operation itself.
fn text<'a>(input: Input<'a>, name: &str) -> &'a str {
    input.text(name).ok().flatten().unwrap_or_default()
}

/// Reads a member as texts, in the same way.
fn texts<'a>(input: Input<'a>, name: &str) -> Vec<&'a str> {
    input.texts(name).ok().flatten().unwrap_or_default()
}

/// Writes an ARN of the caller's account and region.
fn arn(call: &Call<'_>, service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{}:{}:{resource}", call.region, call.principal.account)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
