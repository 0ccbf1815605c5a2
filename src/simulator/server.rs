//! The account behind its port: each request is routed, authenticated, maybe harmed, and answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::serve::ListenerExt;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::auth::{Authenticated, Principal, Vault, fresh_request_id};
use super::call::Call;
use super::calls::Counter;
use super::clock::{Clock, Millis, millis};
use super::faults::{Called, FaultKind, Faults};
use super::gateway::Gateway;
use super::iam::{self, Policies};
use super::quota::Quotas;
use super::scenario::Scenario;
use super::ssm::Automations;
use super::wire::{ApiError, Input, Request, Route, Service, Value, eventstream};
use super::world::World;
use super::{Options, SimulatorError, control, gateway, logs, operations, ssm};

/// The longest body that is read: 500 metric queries need far less.
const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// Everything that a request may need.
#[derive(Debug)]
pub struct Account {
    pub vault: Vault,
    pub counter: Counter,
    pub faults: Faults,
    /// Cancelled when the account is to stop.
    pub stop: CancellationToken,
    /// Where sessions are.
    pub gateway: Gateway,
    /// What IAM allows whom.
    pub policies: Policies,
    automations: Automations,
    quotas: Quotas,
    world: World,
    clock: Clock,
    delay: Duration,
}

impl Account {
    /// Sets a scenario up: its story began `at` before the clock's time.
    pub fn new(scenario: &Scenario, options: &Options, address: SocketAddr) -> Result<Self, SimulatorError> {
        let start = options.clock.now().as_millisecond().saturating_sub(millis(options.at));
        let file = &scenario.file;
        let home = file.account.first().map(|account| account.get_ref().id.clone()).unwrap_or_default();
        let stop = CancellationToken::new();
        let gateway = Gateway::new(address, file.seed, options.agents.clone(), stop.child_token())?;
        let world = World::new(file, start);
        ssm::map_destinations(file, &world, gateway.destinations());
        ssm::add_documents(&world, &options.documents, start)?;
        if let Some(region) = world.region(&home, &scenario.home_region()) {
            region.written.add_groups(&options.log_groups, start);
        }
        Ok(Self {
            vault: Vault::new(&home, options.persona)?,
            counter: Counter::default(),
            faults: Faults::new(file.seed, start, &file.fault),
            stop,
            gateway,
            policies: Policies::read(&options.policies)?,
            automations: Automations::default(),
            quotas: Quotas::default(),
            world,
            clock: options.clock.clone(),
            delay: options.delay,
        })
    }

    /// Reads story time.
    pub fn now(&self) -> Millis {
        self.clock.now().as_millisecond()
    }

    /// Makes a call of somebody.
    fn call<'a>(&'a self, principal: &'a Principal, region: &'a str) -> Call<'a> {
        Call {
            world: &self.world,
            vault: &self.vault,
            counter: &self.counter,
            gateway: &self.gateway,
            policies: &self.policies,
            faults: &self.faults,
            automations: &self.automations,
            principal,
            region,
            now: self.now(),
        }
    }

    /// Evaluates every alarm once.
    pub fn warm_up(&self) {
        self.world.warm_up(self.now());
    }

    /// Reads a call whose caller is known, and answers it.
    fn with_call<T>(
        &self,
        route: &Route,
        who: &Authenticated,
        body: &[u8],
        answer: impl FnOnce(&Call<'_>, Input<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let value = route.decode(body)?;
        let call = self.call(&who.principal, &who.region);
        // What runs by itself comes first: nobody shall see the world without what it has done until now.
        self.automations.advance(&call);
        answer(&call, Input(&value))
    }

    /// Answers a call with one value.
    fn answer(&self, route: &Route, who: &Authenticated, body: &[u8]) -> Result<Value, ApiError> {
        let operation = route.operation.as_str();
        self.with_call(route, who, body, |call, input| operations::answer(call, route.service, operation, input))
    }

    /// Opens a session of Live Tail, if the caller's policies allow it.
    fn open_tail(&self, route: &Route, who: &Authenticated, body: &[u8]) -> Result<logs::Tail, ApiError> {
        self.with_call(route, who, body, |call, input| {
            iam::authorise(call, route.service, &route.operation, input)?;
            logs::Tail::open(call, input)
        })
    }

    /// Lets what runs by itself do what it has to do until now.
    fn catch_up(&self, principal: &Principal, region: &str) {
        self.automations.advance(&self.call(principal, region));
    }
}

/// Sends a session's frames: those that open it, and one each second until it ends or nobody reads any more.
fn tailed(account: Arc<Account>, who: Authenticated, tail: logs::Tail) -> Body {
    let opening = tail.opening();
    let updates = stream::unfold(Some(tail), move |tail| {
        let (account, who) = (Arc::clone(&account), who.clone());
        async move {
            let mut tail = tail?;
            account.stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await?;
            account.catch_up(&who.principal, &who.region);
            Some(match tail.update(&account.world, account.now()) {
                logs::Sent::Frame(frame) => (frame, Some(tail)),
                logs::Sent::Last(frame) => (frame, None),
            })
        }
    });
    let frames = stream::once(std::future::ready(opening)).chain(updates);
    Body::from_stream(frames.map(|frame| Ok::<_, std::convert::Infallible>(Bytes::from(frame))))
}

/// Serves an account until it is told to stop.
pub async fn serve(listener: TcpListener, account: Arc<Account>) {
    let stop = account.stop.clone();
    let router = Router::new().fallback(handle).with_state(account);
    // Answers are small: waiting to fill a packet would only make them late.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::warn!(%error, "the simulated account stopped listening");
    }
}

async fn handle(State(account): State<Arc<Account>>, request: axum::extract::Request) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let upgrade = if parts.uri.path().starts_with(gateway::PATH) {
        Some(WebSocketUpgrade::from_request_parts(&mut parts, &()).await.ok())
    } else {
        None
    };
    let Ok(body) = axum::body::to_bytes(body, LONGEST_BODY).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "");
    };
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    if let Some(path) = request.path.strip_prefix("/_simulator/") {
        return control::answer(&account, path, &request);
    }
    if let Some(upgrade) = upgrade {
        let admit = |who: &Authenticated, session: &str| {
            let resource = format!("arn:aws:ssm:{}:{}:session/{session}", who.region, who.principal.account);
            let demand = iam::Demand::new("ssmmessages:OpenDataChannel", resource);
            iam::require(&account.call(&who.principal, &who.region), &demand)
        };
        return gateway::connect(&account.gateway, &account.vault, &request, upgrade, admit);
    }
    answer(account, &request).await
}

/// Answers a request to AWS.
async fn answer(account: Arc<Account>, request: &Request) -> Response<Body> {
    let id = fresh_request_id();
    let Some(route) = Route::of(request) else { return unrouted(&id) };
    if !operations::of(route.service).contains(&route.operation.as_str()) {
        return route.refuse(&ApiError::unknown_operation(&route.operation), &id);
    }
    let action = route.action();
    account.counter.count(&action);
    let who = match account.vault.authenticate(request, route.service) {
        Ok(who) => who,
        Err(error) => return route.refuse(&error, &id),
    };
    if !account.quotas.allow(route.service, &route.operation, &who.principal.account, &who.region) {
        return route.refuse(&ApiError::throttled(), &id);
    }
    let called = Called { action: &action, account: &who.principal.account, region: &who.region, now: account.now() };
    let harm = account.faults.meet(&called);
    let delay = account.delay + Duration::from_millis(harm.delay.unsigned_abs());
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if harm.kind.is_none() && route.service == Service::Logs && route.operation == logs::LIVE_TAIL {
        return match account.open_tail(&route, &who, &request.body) {
            Ok(tail) => route.respond_with(eventstream::CONTENT_TYPE, tailed(account, who, tail), &id),
            Err(error) => route.refuse(&error, &id),
        };
    }
    let answered = || account.answer(&route, &who, &request.body);
    match harm.kind {
        None => match answered() {
            Ok(value) => route.answer(&value, &id),
            Err(error) => route.refuse(&error, &id),
        },
        Some((FaultKind::Throttle, _)) => route.refuse(&ApiError::throttled(), &id),
        Some((FaultKind::Deny, _)) => route.refuse(&ApiError::denied(&who.principal.arn, &action, "*"), &id),
        Some((FaultKind::Expire, _)) => route.refuse(&ApiError::expired(), &id),
        Some((FaultKind::Status, status)) => plain(
            StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            "<html><body>Service Unavailable</body></html>",
        ),
        Some((kind, _)) => harmed(&route, kind, &answered().unwrap_or(Value::Map(Vec::new())), &id),
    }
}

/// Answers with half of what should have been said: followed by nonsense, or by the end of the connection.
fn harmed(route: &Route, kind: FaultKind, value: &Value, id: &str) -> Response<Body> {
    let whole = route.encode(value, id);
    let mut half = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
    if kind != FaultKind::Cut {
        half.extend_from_slice(b"\xff\x00<\"garbage");
        return route.respond(StatusCode::OK, Body::from(half), id);
    }
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let body = Body::from_stream(stream::iter([Ok(Bytes::from(half)), Err(broken)]));
    let mut response = route.respond(StatusCode::OK, body, id);
    if let Ok(length) = HeaderValue::from_str(&whole.len().max(2).to_string()) {
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    response
}

/// Answers what no service of the account would take, as AWS's front ends do.
fn unrouted(id: &str) -> Response<Body> {
    let mut response = plain(
        StatusCode::NOT_FOUND,
        "{\"__type\":\"UnknownOperationException\",\"message\":\"The operation is not supported.\"}",
    );
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static("UnknownOperationException"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn plain(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
