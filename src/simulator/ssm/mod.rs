//! AWS Systems Manager: nodes, Session Manager, documents, Automation, and Parameter Store.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html>

mod automation;
mod documents;
mod nodes;
mod parameters;
mod prepare;
mod sessions;
mod template;

use std::net::SocketAddr;

use super::agent::{Destinations, Route};
use super::call::Call;
use super::scenario::ScenarioFile;
use super::wire::{ApiError, Input, Value};
use super::world::World;
pub use automation::Automations;
pub use documents::{DocumentText, USUAL, WrongDocument, add_documents, is_of_aws};
pub use parameters::Parameters;

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
        "CreateDocument" => documents::create_document(call, input),
        "UpdateDocument" => documents::update_document(call, input),
        "UpdateDocumentDefaultVersion" => documents::update_document_default_version(call, input),
        "DeleteDocument" => documents::delete_document(call, input),
        "GetDocument" => documents::get_document(call, input),
        "DescribeDocument" => documents::describe_document(call, input),
        "ListDocuments" => documents::list_documents(call, input),
        "ListDocumentVersions" => documents::list_document_versions(call, input),
        "StartAutomationExecution" => automation::start_automation_execution(call, input),
        "StopAutomationExecution" => automation::stop_automation_execution(call, input),
        "GetAutomationExecution" => automation::get_automation_execution(call, input),
        "DescribeAutomationExecutions" => automation::describe_automation_executions(call, input),
        "DescribeAutomationStepExecutions" => automation::describe_automation_step_executions(call, input),
        "PutParameter" => parameters::put_parameter(call, input),
        "GetParameter" => parameters::get_parameter(call, input),
        "GetParameters" => parameters::get_parameters(call, input),
        "GetParametersByPath" => parameters::get_parameters_by_path(call, input),
        "DeleteParameter" => parameters::delete_parameter(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 24] = [
    "StartSession",
    "ResumeSession",
    "TerminateSession",
    "DescribeSessions",
    "GetConnectionStatus",
    "DescribeInstanceInformation",
    "CreateDocument",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "DeleteDocument",
    "GetDocument",
    "DescribeDocument",
    "ListDocuments",
    "ListDocumentVersions",
    "StartAutomationExecution",
    "StopAutomationExecution",
    "GetAutomationExecution",
    "DescribeAutomationExecutions",
    "DescribeAutomationStepExecutions",
    "PutParameter",
    "GetParameter",
    "GetParameters",
    "GetParametersByPath",
    "DeleteParameter",
];

/// The tags of a document, for conditions.
pub fn tags_of_document(call: &Call<'_>, name: &str) -> Vec<(String, String)> {
    documents::find(call, name).map(|document| document.tags.clone()).unwrap_or_default()
}

/// The tags of the task that a session's target names, for conditions.
pub fn tags_of_task(call: &Call<'_>, target: &str) -> Vec<(String, String)> {
    super::ecs::exec_target(call, target).map(|found| found.tags).unwrap_or_default()
}

/// The role that an Automation document would run under, where it has one of its own.
pub fn role_of_automation(call: &Call<'_>, name: &str, version: &str, input: Input<'_>) -> Option<String> {
    automation::role_of(call, name, version, input)
}

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
