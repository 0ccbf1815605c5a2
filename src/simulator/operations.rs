//! Every operation of every service: whether the caller may, and the answer.

use super::call::Call;
use super::wire::{ApiError, Input, Service, Value};
use super::{cloudwatch, ecs, elbv2, iam, kms, logs, rds, securityhub, ssm, sts, wafv2};

/// Lists the operations that a service of the account has.
pub fn of(service: Service) -> &'static [&'static str] {
    match service {
        Service::Ecs => &ecs::OPERATIONS,
        Service::CloudWatch => &cloudwatch::OPERATIONS,
        Service::Sts => &sts::OPERATIONS,
        Service::Wafv2 => &wafv2::OPERATIONS,
        Service::SecurityHub => &securityhub::OPERATIONS,
        Service::ElasticLoadBalancing => &elbv2::OPERATIONS,
        Service::Logs => &logs::OPERATIONS,
        Service::Ssm => &ssm::OPERATIONS,
        Service::Kms => &kms::OPERATIONS,
        Service::Rds => &rds::OPERATIONS,
        Service::Iam => &iam::OPERATIONS,
    }
}

/// Answers an operation with one value, if the caller's policies allow it.
pub fn answer(call: &Call<'_>, service: Service, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    iam::authorise(call, service, operation, input)?;
    match service {
        Service::Ecs => ecs::answer(call, operation, input),
        Service::CloudWatch => cloudwatch::answer(call, operation, input),
        Service::Sts => sts::answer(call, operation, input),
        Service::Wafv2 => wafv2::answer(call, operation, input),
        Service::SecurityHub => securityhub::answer(call, operation, input),
        Service::ElasticLoadBalancing => elbv2::answer(call, operation, input),
        Service::Logs => logs::answer(call, operation, input),
        Service::Ssm => ssm::answer(call, operation, input),
        Service::Kms => kms::answer(call, operation, input),
        Service::Rds => rds::answer(call, operation, input),
        Service::Iam => iam::answer(call, operation, input),
    }
}
