//! A client's connection: who it is, what it brings, and frames both ways in batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt as _};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::line::Line;
use super::session::{Act, Seat, Session};
use super::{Gateway, Oversize};
use crate::simulator::agent::message::{self, Kind};
use crate::simulator::auth::{Authenticated, Vault};
use crate::simulator::random::Dice;
use crate::simulator::wire::{ApiError, Request};

/// Where channels are, below the endpoint; a session's id follows.
pub const PATH: &str = "/v1/data-channel/";
/// The name that the signature's scope must carry.
const SIGNING_NAME: &str = "ssmmessages";
/// How long a client has to say its token.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest message that is read at all.
const LONGEST: usize = 16 * 1024 * 1024;
/// How many frames are sent at a time.
const BATCH: usize = 64;

/// What a client says first.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Opening {
    #[serde(default)]
    message_schema_version: String,
    token_value: String,
    #[serde(default)]
    client_id: String,
}

/// Answers a request for a channel: upgrades it, or says why not; `admit` tells whether somebody may open a session's.
pub fn connect(
    gateway: &Gateway,
    vault: &Vault,
    request: &Request,
    upgrade: Option<WebSocketUpgrade>,
    admit: impl Fn(&Authenticated, &str) -> Result<(), ApiError>,
) -> Response<Body> {
    match admitted(gateway, vault, request, admit) {
        Err((status, error)) => refused(status, &error),
        Ok(session) => match upgrade {
            None => refused(StatusCode::UPGRADE_REQUIRED, &ApiError::new("BadRequestException", "Upgrade required")),
            Some(upgrade) => {
                let gateway = gateway.clone();
                let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST);
                upgrade.on_upgrade(move |socket| opened(gateway, session, socket))
            }
        },
    }
}

fn admitted(
    gateway: &Gateway,
    vault: &Vault,
    request: &Request,
    admit: impl Fn(&Authenticated, &str) -> Result<(), ApiError>,
) -> Result<Arc<Session>, (StatusCode, ApiError)> {
    let id = request.path.strip_prefix(PATH).unwrap_or_default();
    let signed_by = if gateway.faults().accept_unsigned && request.header("authorization").is_none() {
        None
    } else {
        let who = vault.authenticate_for(request, SIGNING_NAME);
        let who = who.and_then(|who| admit(&who, id).map(|()| who));
        Some(who.map_err(|error| (StatusCode::FORBIDDEN, error))?)
    };
    let role = request.query.split('&').any(|pair| pair == "role=publish_subscribe");
    if !role {
        return Err((StatusCode::BAD_REQUEST, ApiError::new("BadRequestException", "role must be publish_subscribe")));
    }
    let session = gateway.session(id).filter(|session| {
        signed_by.is_none_or(|who| who.principal.account == session.account && who.region == session.region)
    });
    session.ok_or_else(|| (StatusCode::NOT_FOUND, ApiError::new("ResourceNotFoundException", "Channel not found")))
}

fn refused(status: StatusCode, error: &ApiError) -> Response<Body> {
    let body = serde_json::json!({"__type": error.shape, "message": error.message}).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

/// Reads the token, takes the seat, and carries frames until the connection or the session ends.
async fn opened(gateway: Gateway, session: Arc<Session>, mut socket: WebSocket) {
    let opening = tokio::time::timeout(PATIENCE, opening(&mut socket)).await.ok().flatten();
    let seat = opening.and_then(|opening| session.seat(&opening.token_value, &gateway));
    let Some(seat) = seat else {
        let _ = close(&mut socket, 1008, "Invalid token").await;
        return;
    };
    gateway.0.connections.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let (number, up, replaced) = (seat.number, seat.up.clone(), seat.replaced.clone());
    let (sink, stream) = socket.split();
    let Seat { acts, to_itself, .. } = seat;
    tell_agent(&up, Kind::StartPublication).await;
    tokio::select! {
        () = replaced.cancelled() => {}
        () = gateway.0.stop.cancelled() => {}
        () = received(&gateway, &session, stream, &up, &to_itself, number) => {}
        _ = sent(&gateway, &session, sink, acts, number) => {}
    }
    session.leave(number);
    if session.is_live() && session.is_deserted() {
        tell_agent(&up, Kind::PausePublication).await;
    }
}

/// The first text that is an opening; frames before it are nobody's.
async fn opening(socket: &mut WebSocket) -> Option<Opening> {
    loop {
        match socket.recv().await?.ok()? {
            Message::Text(text) => {
                let opening: Opening = serde_json::from_str(&text).ok()?;
                let known = opening.message_schema_version == "1.0" && !opening.client_id.is_empty();
                return known.then_some(opening);
            }
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Close(_) => return None,
        }
    }
}

async fn tell_agent(up: &mpsc::Sender<Bytes>, kind: Kind) {
    let _ = up.send(message::Message::new(kind, 0, 0, 0, "").encode()).await;
}

async fn close(socket: &mut (impl SinkExt<Message> + Unpin), code: u16, reason: &'static str) -> Option<()> {
    let frame = CloseFrame { code, reason: reason.into() };
    socket.send(Message::Close(Some(frame))).await.ok()
}

/// Draws what goes wrong: it follows from which connection of its session it is, not from what is drawn afresh in each run.
fn dice(gateway: &Gateway, way: &str, number: u64) -> Dice {
    Dice::new(gateway.0.seed, &["gateway", way, &number.to_string()])
}

/// Carries frames from the client to the agent until the client is gone.
async fn received(
    gateway: &Gateway,
    session: &Session,
    mut stream: SplitStream<WebSocket>,
    up: &mpsc::Sender<Bytes>,
    itself: &mpsc::Sender<Act>,
    number: u64,
) {
    let mut line = Line::new(dice(gateway, "up", number));
    let mut ready = Vec::with_capacity(BATCH);
    loop {
        let next = line.next().unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        let frame = tokio::select! {
            message = stream.next() => match message {
                Some(Ok(Message::Binary(frame))) => Some(frame),
                // Some clients say that they begin or pause as text.
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => None,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            () = tokio::time::sleep_until(next.into()) => None,
        };
        let (faults, now) = (gateway.faults(), Instant::now());
        if let Some(frame) = frame {
            let kind = Kind::of(&frame);
            gateway.0.up.count(&frame, kind, &session.highest[0]);
            if kind == Some(Kind::Input) {
                session.hear();
            }
            if faults.largest.is_some_and(|largest| frame.len() > largest) {
                gateway.0.up.count_oversize();
                if faults.oversize == Oversize::Close {
                    let _ = itself.send(Act::TooLong).await;
                }
            } else {
                line.push(frame, &faults.up, now, &mut ready);
            }
        }
        line.due(now, &mut ready);
        gateway.0.up.count_done(&mut line.done);
        for frame in ready.drain(..) {
            // An agent that has ended reads no more; its session says so to the client.
            let _ = up.send(frame).await;
        }
    }
}

/// Carries frames from the agent to the client, and does what the connection is told.
async fn sent(
    gateway: &Gateway,
    session: &Session,
    mut sink: SplitSink<WebSocket, Message>,
    mut acts: mpsc::Receiver<Act>,
    number: u64,
) -> Option<()> {
    let mut down = session.down.lock().await;
    let mut line = Line::new(dice(gateway, "down", number));
    let (mut batch, mut ready) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    let mut open = true;
    loop {
        let next = line.next().unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        let act = tokio::select! {
            biased;
            act = acts.recv() => Some(act?),
            came = down.recv_many(&mut batch, BATCH), if open => {
                open = came > 0;
                None
            }
            () = tokio::time::sleep_until(next.into()) => None,
        };
        if matches!(act, Some(Act::End(_))) {
            // What the agent said at last goes before the service's own word.
            while let Ok(frame) = down.try_recv() {
                batch.push(frame);
            }
        }
        let (faults, now) = (gateway.faults(), Instant::now());
        for frame in batch.drain(..) {
            let kind = Kind::of(&frame);
            if kind == Some(Kind::SessionState) {
                continue;
            }
            gateway.0.down.count(&frame, kind, &session.highest[1]);
            if kind == Some(Kind::Output) {
                session.hear();
            }
            line.push(frame, &faults.down, now, &mut ready);
        }
        line.due(now, &mut ready);
        gateway.0.down.count_done(&mut line.done);
        if !ready.is_empty() {
            for frame in ready.drain(..) {
                sink.feed(Message::Binary(frame)).await.ok()?;
            }
            sink.flush().await.ok()?;
        }
        if let Some(act) = act {
            done(session, &mut sink, act).await?;
        }
    }
}

/// Does what the connection is told; `None` where that ends it.
async fn done(session: &Session, sink: &mut SplitSink<WebSocket, Message>, act: Act) -> Option<()> {
    let mut told = async |kind: Kind, text: String| {
        let frame = message::Message::new(kind, 0, 0, 0, text).encode();
        sink.send(Message::Binary(frame)).await.ok()
    };
    match act {
        Act::Cut => None,
        Act::Bye => {
            close(sink, 1000, "Bye").await;
            None
        }
        Act::TooLong => {
            close(sink, 1009, "Message too long").await;
            None
        }
        Act::Pause => told(Kind::PausePublication, String::new()).await,
        Act::Start => told(Kind::StartPublication, String::new()).await,
        Act::End(output) => {
            told(Kind::ChannelClosed, closed(session, &output)).await?;
            close(sink, 1000, "").await;
            None
        }
    }
}

/// Writes the service's word that a session is over.
fn closed(session: &Session, output: &str) -> String {
    let now = jiff::Timestamp::now();
    serde_json::json!({
        "MessageType": Kind::ChannelClosed.name(),
        "MessageId": crate::simulator::auth::fresh_request_id(),
        "CreatedDate": now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "DestinationId": session.id,
        "SessionId": session.id,
        "SchemaVersion": 1,
        "Output": output,
    })
    .to_string()
}
