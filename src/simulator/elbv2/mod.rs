//! Elastic Load Balancing: the balancers before the services, and the health of their targets.
//!
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html>

mod balancers;
mod groups;
mod health;

use super::call::Call;
use super::paging;
use super::random::Dice;
use super::wire::{ApiError, Input, Value};
use super::world::{ServicePlan, TargetGroup};

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "DescribeLoadBalancers" => balancers::describe_load_balancers(call, input),
        "DescribeTargetGroups" => groups::describe_target_groups(call, input),
        "DescribeTargetHealth" => health::describe_target_health(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 3] = ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTargetHealth"];

fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationErrorException", message).or_code("ValidationError")
}

fn no_balancer() -> ApiError {
    ApiError::new("LoadBalancerNotFoundException", "One or more load balancers not found")
        .or_code("LoadBalancerNotFound")
}

fn no_group() -> ApiError {
    ApiError::new("TargetGroupNotFoundException", "One or more target groups not found").or_code("TargetGroupNotFound")
}

/// The services behind load balancers.
fn balanced<'a>(call: &Call<'a>) -> impl Iterator<Item = (&'a ServicePlan, &'a TargetGroup)> {
    let services = call.here().map(|region| region.services.as_slice()).unwrap_or_default();
    services.iter().filter_map(|service| Some((service.plan.as_ref(), service.plan.target_group.as_ref()?)))
}

/// The network where the region's balancers stand.
fn vpc(plan: &ServicePlan) -> String {
    format!("vpc-0{}", Dice::new(plan.seed, &["vpc", &plan.account, &plan.region]).hex(16))
}

/// Cuts a page out of ARNs: four hundred unless told otherwise.
fn page(
    call: &Call<'_>,
    operation: &str,
    input: Input<'_>,
    mut arns: Vec<String>,
) -> Result<(Vec<String>, Option<String>), ApiError> {
    let size = input.page_size("PageSize", 400, 400)?;
    let scope = call.scope(operation);
    let after = match input.text("Marker")? {
        None => None,
        Some(marker) => Some(paging::open(&scope, marker).ok_or_else(|| validation("Invalid marker"))?),
    };
    arns.sort_unstable();
    arns.dedup();
    Ok(paging::cut(&scope, arns, after.as_deref(), size))
}
