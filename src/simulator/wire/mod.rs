//! AWS's wire protocols: what was asked, in which protocol, and how its answer is written.

mod cbor;
mod error;
pub mod eventstream;
mod input;
pub mod json;
mod query;
mod rest;
mod service;
mod value;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

pub use error::ApiError;
pub use input::Input;
pub use service::Service;
use value::Key;
pub use value::{Object, Value, list, map, object};

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.0, as CloudWatch speaks it.
    Json10,
    /// AWS JSON 1.1, as ECS speaks it.
    Json11,
    /// Smithy RPC v2 CBOR.
    Cbor,
    /// Form in, XML out.
    Query,
    /// JSON behind methods and paths.
    RestJson,
}

impl Protocol {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::Cbor => "application/cbor",
            Self::Query => "text/xml",
            Self::RestJson => "application/json",
        }
    }
}

/// A request as it came in.
#[derive(Debug)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The path as it was sent, still escaped.
    pub path: String,
    /// The query string as it was sent.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Request {
    /// Reads a header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Which operation of which service was asked, and how it wants its answer.
#[derive(Debug, Clone)]
pub struct Route {
    /// The service.
    pub service: Service,
    /// The protocol.
    pub protocol: Protocol,
    /// The operation's name; empty where none was given.
    pub operation: String,
    /// Whether errors repeat their old code in a header (the client asked with `x-amzn-query-mode`).
    pub query_mode: bool,
    /// The members of the input that came in the path and the query string.
    members: Vec<(Key, Value)>,
}

const CLOUDWATCH_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

impl Route {
    /// Finds out what was asked; `None` where it is nothing that AWS would route.
    pub fn of(request: &Request) -> Option<Self> {
        if let Some((service, operation, members)) = rest::find(request) {
            let operation = operation.to_owned();
            return Some(Self { service, protocol: Protocol::RestJson, operation, query_mode: false, members });
        }
        if request.method != Method::POST {
            return None;
        }
        let kind = request.header("content-type").unwrap_or_default();
        let (service, protocol, operation) = if let Some(operation) = request.path.strip_prefix(CLOUDWATCH_PATH) {
            let is_cbor = request.header("smithy-protocol") == Some("rpc-v2-cbor");
            is_cbor.then(|| (Service::CloudWatch, Protocol::Cbor, operation.to_owned()))?
        } else if let Some(target) = request.header("x-amz-target") {
            let one_zero = kind.starts_with("application/x-amz-json-1.0");
            let protocol = if one_zero { Protocol::Json10 } else { Protocol::Json11 };
            let of = |service: Service| Some((service, target.strip_prefix(service.target()?)?));
            let (service, operation) = Service::ALL.into_iter().find_map(of)?;
            (service, protocol, operation.to_owned())
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            let (service, operation) = form(request)?;
            (service, Protocol::Query, operation)
        } else {
            return None;
        };
        let query_mode = request.header("x-amzn-query-mode") == Some("true");
        Some(Self { service, protocol, operation, query_mode, members: Vec::new() })
    }

    /// The IAM action, `ecs:ListServices`.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service.prefix(), self.operation)
    }

    /// Reads the operation's input.
    pub fn decode(&self, body: &[u8]) -> Result<Value, ApiError> {
        let value = match self.protocol {
            Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => json::decode(body),
            Protocol::Cbor => cbor::decode(body),
            Protocol::Query => query::decode(body),
        };
        match value {
            Some(Value::Map(mut members)) => {
                members.extend(self.members.iter().cloned());
                Ok(Value::Map(members))
            }
            Some(_) => Err(ApiError::serialization("Start of structure or map found where not expected.")),
            None => Err(ApiError::serialization("The request body could not be read.")),
        }
    }

    /// Writes an answer's body.
    pub fn encode(&self, value: &Value, request_id: &str) -> Vec<u8> {
        match self.protocol {
            Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => json::encode(value),
            Protocol::Cbor => cbor::encode(value),
            Protocol::Query => query::encode(&self.operation, self.service.namespace(), value, request_id),
        }
    }

    /// Makes a successful answer.
    pub fn answer(&self, value: &Value, request_id: &str) -> Response<Body> {
        self.respond(StatusCode::OK, Body::from(self.encode(value, request_id)), request_id)
    }

    /// Makes an error answer.
    pub fn refuse(&self, error: &ApiError, request_id: &str) -> Response<Body> {
        let error = &self.worded(error);
        let status = StatusCode::from_u16(self.status(error)).unwrap_or(StatusCode::BAD_REQUEST);
        let body = match self.protocol {
            Protocol::Json10 | Protocol::Json11 => json::encode(&error.body(error.shape.to_owned(), "message")),
            Protocol::Cbor => {
                cbor::encode(&error.body(format!("{}{}", self.service.shape_prefix(), error.shape), "message"))
            }
            Protocol::RestJson => {
                json::encode(&object().with("Message", error.message.clone()).with("Code", error.shape).into())
            }
            Protocol::Query => query::encode_error(
                self.service.namespace(),
                error.code,
                &error.message,
                status.is_client_error(),
                request_id,
            ),
        };
        let mut response = self.respond(status, Body::from(body), request_id);
        if self.protocol != Protocol::Query {
            response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error.shape));
        }
        if self.query_mode {
            let side = if status.is_client_error() { "Sender" } else { "Receiver" };
            if let Ok(value) = HeaderValue::from_str(&format!("{};{side}", error.code)) {
                response.headers_mut().insert("x-amzn-query-error", value);
            }
        }
        response
    }

    /// Says an error in the service's own words, where it has some: Security Hub calls throttling by another name.
    fn worded(&self, error: &ApiError) -> ApiError {
        match (self.service, error.shape) {
            (Service::SecurityHub, "ThrottlingException") => {
                ApiError::new("TooManyRequestsException", "Too Many Requests").with_status(429)
            }
            _ => error.clone(),
        }
    }

    /// The status: the Query and REST front ends answer refused identities with 403, the others with 400.
    fn status(&self, error: &ApiError) -> u16 {
        let forbidden = [
            "AccessDenied",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
            "MissingAuthenticationToken",
        ];
        let strict = matches!(self.protocol, Protocol::Query | Protocol::RestJson);
        if strict && forbidden.contains(&error.code) { 403 } else { error.status }
    }

    /// Makes a successful answer of another content type than the protocol's own.
    pub fn respond_with(&self, content_type: &'static str, body: Body, request_id: &str) -> Response<Body> {
        let mut response = self.respond(StatusCode::OK, body, request_id);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }

    /// Makes a response with the protocol's headers.
    pub fn respond(&self, status: StatusCode, body: Body, request_id: &str) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.protocol.content_type()));
        if self.protocol == Protocol::Cbor {
            headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        response
    }
}

/// Finds out what a form of the Query protocol asks: the service whose version it names, or that it was signed for.
fn form(request: &Request) -> Option<(Service, String)> {
    let form = query::decode(&request.body)?;
    let text = |name: &str| Input(&form).text(name).ok().flatten();
    let mut speakers = Service::ALL.into_iter().filter(|service| service.query_version().is_some());
    let signed = Service::signed_for(&request.headers);
    let service = speakers.find(|service| match text("Version") {
        Some(version) => service.query_version() == Some(version),
        None => signed == Some(*service),
    });
    Some((service?, text("Action").unwrap_or_default().to_owned()))
}
