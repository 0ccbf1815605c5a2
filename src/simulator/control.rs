//! What tests and curious hands may do to the account while it runs: `/_simulator/calls` and `/_simulator/faults`.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use super::faults::Fault;
use super::server::Account;
use super::wire::Request;

/// Answers a request below `/_simulator/`.
pub fn answer(account: &Account, path: &str, request: &Request) -> Response<Body> {
    match (path, &request.method) {
        ("calls", &Method::GET) => {
            let calls = account.counter.read();
            json_response(
                StatusCode::OK,
                &json!({"total": calls.total, "actions": calls.actions, "metrics": calls.metrics}),
            )
        }
        ("calls", &Method::DELETE) => {
            account.counter.reset();
            empty(StatusCode::NO_CONTENT)
        }
        ("faults", &Method::POST) => inject(account, &request.body),
        ("faults", &Method::DELETE) => {
            account.faults.clear();
            empty(StatusCode::NO_CONTENT)
        }
        ("calls" | "faults", _) => empty(StatusCode::METHOD_NOT_ALLOWED),
        _ => empty(StatusCode::NOT_FOUND),
    }
}

fn inject(account: &Account, body: &[u8]) -> Response<Body> {
    let fault = serde_json::from_slice::<Fault>(body).map_err(|error| error.to_string());
    let fault = fault.and_then(|fault| fault.problem().map_or(Ok(fault), Err));
    match fault {
        Ok(fault) => {
            account.faults.inject(fault, account.now());
            empty(StatusCode::NO_CONTENT)
        }
        Err(problem) => json_response(StatusCode::BAD_REQUEST, &json!({"error": problem})),
    }
}

fn json_response(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
