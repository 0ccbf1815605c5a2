//! `DescribeTargetHealth`.

use super::no_group;
use crate::simulator::call::Call;
use crate::simulator::wire::{ApiError, Input, Object, Value, list, object};
use crate::simulator::world::{TargetHealth, target_health};

/// Describes the health of a group's targets: the service's tasks, by their addresses.
pub fn describe_target_health(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = input.required("TargetGroupArn")?;
    let services = call.here().map(|region| region.services.as_slice()).unwrap_or_default();
    let of = |group: &crate::simulator::world::TargetGroup| group.arn == arn;
    let service = services.iter().find(|one| one.plan.target_group.as_ref().is_some_and(of)).ok_or_else(no_group)?;
    let port = i64::from(service.plan.port);
    let registered: Vec<Target> = service.at(call.now, |story| {
        let targets = story.tasks_at(call.now).filter_map(|task| {
            let health = target_health(story, task, call.now)?;
            let place = task.place(&service.plan);
            Some(Target { id: place.address, port, zone: Some(place.zone), health })
        });
        targets.collect()
    });
    let asked = input.structures("Targets")?;
    let shown: Vec<Object> = if asked.is_empty() {
        registered.into_iter().map(Target::write).collect()
    } else {
        asked.into_iter().map(|one| find(one, &registered, port)).collect::<Result<_, _>>()?
    };
    Ok(object().with("TargetHealthDescriptions", list(shown)).into())
}

/// A target.
#[derive(Debug, Clone)]
struct Target {
    id: String,
    port: i64,
    zone: Option<String>,
    health: TargetHealth,
}

impl Target {
    fn write(self) -> Object {
        let target = object().with("Id", self.id).with("Port", self.port).with("AvailabilityZone", self.zone);
        let health = object()
            .with("State", self.health.state)
            .with("Reason", self.health.reason)
            .with("Description", self.health.description);
        object().with("Target", target).with("HealthCheckPort", self.port.to_string()).with("TargetHealth", health)
    }
}

/// Finds a target that is asked for; one that nobody registered is not used.
fn find(asked: Input<'_>, registered: &[Target], usual: i64) -> Result<Object, ApiError> {
    let id = asked.required("Id")?;
    let port = asked.within("Port", 1, 65_535)?.unwrap_or(usual);
    let known = registered.iter().find(|target| target.id == id && target.port == port).cloned();
    let unused = || Target { id: id.to_owned(), port, zone: None, health: TargetHealth::UNUSED };
    Ok(known.unwrap_or_else(unused).write())
}
