//! AWS's wire protocols: what was asked, in which protocol, and how its answer is written.

mod cbor;
mod error;
mod input;
mod json;
mod query;
mod value;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

pub use error::ApiError;
pub use input::Input;
pub use value::{Object, Value, list, object};

/// A service of AWS that the account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Elastic Container Service.
    Ecs,
    /// CloudWatch metrics and alarms.
    CloudWatch,
    /// Security Token Service.
    Sts,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ecs, Self::CloudWatch, Self::Sts];

    /// The name in IAM actions.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::CloudWatch => "cloudwatch",
            Self::Sts => "sts",
        }
    }

    /// The name that a signature's scope must carry.
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::CloudWatch => "monitoring",
            Self::Sts => "sts",
        }
    }

    const fn namespace(self) -> &'static str {
        match self {
            Self::Ecs => "http://ecs.amazonaws.com/doc/2014-11-13/",
            Self::CloudWatch => "http://monitoring.amazonaws.com/doc/2010-08-01/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }

    const fn shape_prefix(self) -> &'static str {
        match self {
            Self::Ecs => "com.amazonaws.ecs#",
            Self::CloudWatch => "com.amazonaws.cloudwatch#",
            Self::Sts => "com.amazonaws.sts#",
        }
    }
}

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
}

impl Protocol {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::Cbor => "application/cbor",
            Self::Query => "text/xml",
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
}

const ECS_TARGET: &str = "AmazonEC2ContainerServiceV20141113.";
const CLOUDWATCH_TARGET: &str = "GraniteServiceVersion20100801.";
const CLOUDWATCH_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

impl Route {
    /// Finds out what was asked; `None` where it is nothing that AWS would route.
    pub fn of(request: &Request) -> Option<Self> {
        let query_mode = request.header("x-amzn-query-mode") == Some("true");
        let route = |service, protocol, operation: &str| Self {
            service,
            protocol,
            operation: operation.to_owned(),
            query_mode,
        };
        if request.method != Method::POST {
            return None;
        }
        if let Some(operation) = request.path.strip_prefix(CLOUDWATCH_PATH) {
            let is_cbor = request.header("smithy-protocol") == Some("rpc-v2-cbor");
            return is_cbor.then(|| route(Service::CloudWatch, Protocol::Cbor, operation));
        }
        if let Some(target) = request.header("x-amz-target") {
            let one_zero =
                request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-amz-json-1.0"));
            let protocol = if one_zero { Protocol::Json10 } else { Protocol::Json11 };
            let service = [(ECS_TARGET, Service::Ecs), (CLOUDWATCH_TARGET, Service::CloudWatch)];
            return service
                .into_iter()
                .find_map(|(prefix, service)| target.strip_prefix(prefix).map(|name| route(service, protocol, name)));
        }
        let is_form =
            request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return None;
        }
        let form = query::decode(&request.body)?;
        let action = Input(&form).text("Action").ok().flatten().unwrap_or_default();
        Some(route(Service::Sts, Protocol::Query, action))
    }

    /// The IAM action, `ecs:ListServices`.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service.prefix(), self.operation)
    }

    /// Reads the operation's input.
    pub fn decode(&self, body: &[u8]) -> Result<Value, ApiError> {
        let value = match self.protocol {
            Protocol::Json10 | Protocol::Json11 => json::decode(body),
            Protocol::Cbor => cbor::decode(body),
            Protocol::Query => query::decode(body),
        };
        match value {
            Some(value @ Value::Map(_)) => Ok(value),
            Some(_) => Err(ApiError::serialization("Start of structure or map found where not expected.")),
            None => Err(ApiError::serialization("The request body could not be read.")),
        }
    }

    /// Writes an answer's body.
    pub fn encode(&self, value: &Value, request_id: &str) -> Vec<u8> {
        match self.protocol {
            Protocol::Json10 | Protocol::Json11 => json::encode(value),
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
        // The Query front ends answer refused identities with 403, the JSON ones with 400.
        let forbidden = [
            "AccessDenied",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
            "MissingAuthenticationToken",
        ];
        let status = match self.protocol {
            Protocol::Query if forbidden.contains(&error.code) => StatusCode::FORBIDDEN,
            _ => StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST),
        };
        let body = match self.protocol {
            Protocol::Json10 | Protocol::Json11 => {
                json::encode(&object().with("__type", error.shape).with("message", error.message.clone()).into())
            }
            Protocol::Cbor => {
                let shape = format!("{}{}", self.service.shape_prefix(), error.shape);
                cbor::encode(&object().with("__type", shape).with("message", error.message.clone()).into())
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
