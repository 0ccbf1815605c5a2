//! Connects to the service: address, signature, TLS, upgrade, token.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::SinkExt as _;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::tungstenite::{
    Error, Message,
    client::IntoClientRequest as _,
    http::{HeaderName, HeaderValue, Response},
    protocol::WebSocketConfig,
};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use uuid::Uuid;

use super::control::{ControlPlane, Ticket};
use super::message::LARGEST_FRAME;
use super::version::CLIENT_VERSION;
use super::{Endpoints, SessionError};
use crate::domain::text::clean;

/// A connection to the service.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is written together, in bytes.
const WRITE_BUFFER: usize = 128 * 1024;

/// The most characters of a reason.
pub(super) const MOST_WORDS: usize = 300;

/// The first frame of every connection.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Opening<'a> {
    message_schema_version: &'static str,
    request_id: String,
    token_value: &'a str,
    client_id: String,
    client_version: &'static str,
}

/// Connects to a ticket's address and shows its token there, once the address is known to be AWS's.
pub(super) async fn dial(
    ticket: &Ticket,
    client_id: Uuid,
    control: &dyn ControlPlane,
    endpoints: &Endpoints,
) -> Result<Socket, SessionError> {
    if !endpoints.allow(&ticket.stream_url) {
        return Err(SessionError::Endpoint { host: host(&ticket.stream_url) });
    }
    let opened = timeout(PATIENCE, connect(ticket, client_id, control)).await;
    opened.unwrap_or_else(|_| Err(failed(&std::io::ErrorKind::TimedOut.to_string())))
}

async fn connect(ticket: &Ticket, client_id: Uuid, control: &dyn ControlPlane) -> Result<Socket, SessionError> {
    let mut request = ticket.stream_url.as_str().into_client_request().map_err(|error| websocket(&error))?;
    // An address that brings a signature would have two.
    if !ticket.stream_url.contains("X-Amz-") {
        for (name, value) in control.sign(&ticket.stream_url).await? {
            let name = HeaderName::try_from(name).map_err(|error| failed(&error.to_string()))?;
            let mut value = HeaderValue::try_from(value).map_err(|error| failed(&error.to_string()))?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
    }
    let config = WebSocketConfig::default()
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER + 2 * LARGEST_FRAME)
        .max_message_size(Some(LARGEST_FRAME))
        .max_frame_size(Some(LARGEST_FRAME));
    let connector =
        if request.uri().scheme_str() == Some("wss") { Connector::Rustls(tls()?) } else { Connector::Plain };
    let dialled = connect_async_tls_with_config(request, Some(config), true, Some(connector)).await;
    let (mut socket, _) = dialled.map_err(|error| websocket(&error))?;
    let opening = Opening {
        message_schema_version: "1.0",
        request_id: Uuid::new_v4().to_string(),
        token_value: ticket.token.expose_secret(),
        client_id: client_id.to_string(),
        client_version: CLIENT_VERSION,
    };
    let opening = serde_json::to_string(&opening).map_err(|error| failed(&error.to_string()))?;
    socket.send(Message::text(opening)).await.map_err(|error| websocket(&error))?;
    Ok(socket)
}

/// Returns how TLS is done: by rustls with aws-lc, trusting whom the system trusts, which is looked up once.
fn tls() -> Result<Arc<ClientConfig>, SessionError> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if let (true, Some(error)) = (roots.is_empty(), found.errors.first()) {
        return Err(failed(&error.to_string()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(CONFIG.get_or_init(|| Arc::new(config))))
}

/// Says why a connection failed, in the words of the system or the service.
pub(super) fn why(error: &Error) -> String {
    match error {
        Error::Http(response) => refusal(response),
        Error::Io(error) => clean(&error.to_string(), MOST_WORDS),
        other => clean(&other.to_string(), MOST_WORDS),
    }
}

fn refusal(response: &Response<Option<Vec<u8>>>) -> String {
    let body = response.body().as_deref().unwrap_or_default();
    let body = String::from_utf8_lossy(&body[..body.len().min(4 * MOST_WORDS)]);
    clean(format!("HTTP {} {}", response.status(), body.trim()).trim(), MOST_WORDS)
}

fn websocket(error: &Error) -> SessionError {
    SessionError::Dial { why: why(error) }
}

fn failed(why: &str) -> SessionError {
    SessionError::Dial { why: clean(why, MOST_WORDS) }
}

/// Names the host of an address that is refused; the rest of it is nobody's business.
fn host(stream_url: &str) -> String {
    let after_scheme = stream_url.split_once("://").map_or(stream_url, |(_, rest)| rest);
    clean(after_scheme.split(['/', '?', '#']).next().unwrap_or_default(), MOST_WORDS)
}

/// Tells whether a token is missing, which is how the service says that there is nothing to take up.
pub(super) fn is_empty(token: &SecretString) -> bool {
    token.expose_secret().is_empty()
}
