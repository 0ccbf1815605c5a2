//! What tests and curious hands may do to the account while it runs: calls, faults, the gateway and operations below `/_simulator/`.
//!
//! It needs no key, and listens where every page of a browser on this machine can knock. A page says where it is from
//! (`Origin`, on all but plain reads), and cannot send JSON elsewhere without asking first: both are looked at.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use super::faults::Fault;
use super::gateway::{GatewayFaults, GatewayOrder};
use super::operations;
use super::server::Account;
use super::wire::{Request, Service};

/// Answers a request below `/_simulator/`.
pub fn answer(account: &Account, path: &str, request: &Request) -> Response<Body> {
    if request.headers.contains_key(header::ORIGIN) {
        return problem(StatusCode::FORBIDDEN, "a page of a browser has no business here");
    }
    match (path, &request.method) {
        ("operations", &Method::GET) => {
            let operations: BTreeMap<&str, &[&str]> =
                Service::ALL.into_iter().map(|service| (service.prefix(), operations::of(service))).collect();
            json_response(StatusCode::OK, &json!(operations))
        }
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
        ("faults" | "gateway", &Method::POST) if !is_json(request) => {
            problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json")
        }
        ("faults", &Method::POST) => inject(account, &request.body),
        ("faults", &Method::DELETE) => {
            account.faults.clear();
            empty(StatusCode::NO_CONTENT)
        }
        ("gateway", &Method::POST) => order(account, &request.body),
        ("gateway", &Method::GET) => json_response(
            StatusCode::OK,
            &json!({"sessions": account.gateway.live_sessions(), "traffic": account.gateway.traffic()}),
        ),
        ("gateway", &Method::DELETE) => {
            account.gateway.set_faults(GatewayFaults::default());
            account.gateway.reset_traffic();
            empty(StatusCode::NO_CONTENT)
        }
        ("calls" | "faults" | "gateway" | "operations", _) => empty(StatusCode::METHOD_NOT_ALLOWED),
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
        Err(sentence) => problem(StatusCode::BAD_REQUEST, &sentence),
    }
}

fn order(account: &Account, body: &[u8]) -> Response<Body> {
    let order = serde_json::from_slice::<GatewayOrder>(body).map_err(|error| error.to_string());
    match order.and_then(|order| account.gateway.order(&order)) {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(sentence) => problem(StatusCode::BAD_REQUEST, &sentence),
    }
}

/// Whether the body is said to be JSON, with whatever parameters.
fn is_json(request: &Request) -> bool {
    let kind = request.header("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn problem(status: StatusCode, sentence: &str) -> Response<Body> {
    json_response(status, &json!({"error": sentence}))
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
