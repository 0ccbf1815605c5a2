//! AWS Systems Manager, as far as sessions go: nodes, and Session Manager.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html>

mod documents;
mod nodes;
mod sessions;

use std::net::SocketAddr;

use super::agent::{Destinations, Route};
use super::call::Call;
use super::scenario::ScenarioFile;
use super::wire::{ApiError, Input, Value};
use super::world::World;

/// The version of the agent that ECS puts beside containers.
pub const AGENT: &str = "3.3.3598.0";

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "StartSession" => sessions::start_session(call, input),
        "ResumeSession" => sessions::resume_session(call, input),
        "TerminateSession" => sessions::terminate_session(call, input),
        "DescribeSessions" => sessions::describe_sessions(call, input),
        "GetConnectionStatus" => sessions::get_connection_status(call, input),
        "DescribeInstanceInformation" => nodes::describe_instance_information(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 6] = [
    "StartSession",
    "ResumeSession",
    "TerminateSession",
    "DescribeSessions",
    "GetConnectionStatus",
    "DescribeInstanceInformation",
];

/// Makes an error in Systems Manager's own writing.
fn error(shape: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(shape, message).message_as("Message")
}

/// What a mapped address is called where it is none on this machine.
pub fn route(text: &str) -> Option<Route> {
    match text {
        "postgresql" => Some(Route::PostgreSql),
        "echo" => Some(Route::Echo),
        "refuse" => Some(Route::Refuse),
        _ => text.parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback()).map(Route::To),
    }
}

/// Lets agents reach the scenario's databases, and what the scenario maps.
pub fn map_destinations(file: &ScenarioFile, world: &World, destinations: &Destinations) {
    let regions = world.accounts.values().flat_map(|account| account.regions.values());
    for database in regions.flat_map(|region| &region.databases) {
        let route = if database.engine.contains("postgresql") { Route::PostgreSql } else { Route::Echo };
        destinations.map(&database.endpoint, database.port, route);
        destinations.map(&database.reader_endpoint, database.port, route);
    }
    for one in file.account.iter().flat_map(|account| &account.get_ref().destination).map(toml::Spanned::get_ref) {
        if let Some(route) = route(&one.to) {
            destinations.map(&one.host, one.port, route);
        }
    }
}
