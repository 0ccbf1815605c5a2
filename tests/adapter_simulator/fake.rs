//! Services and STS that answer as a test tells them to, where AWS could and the simulated account never does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::Response,
};
use futures::{future::BoxFuture, stream};
use sekisho::{aws::ConnectionPlan, config::CredentialSource};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Answers a call: by its operation and its members.
type Answer = Arc<dyn Fn(String, Value) -> BoxFuture<'static, Said> + Send + Sync>;

/// What a service says.
pub enum Said {
    /// An answer.
    Yes(Value),
    /// That the caller may not, on that resource.
    Denied(String),
    /// That it cannot be, with a status, a code and words.
    No(u16, &'static str, &'static str),
    /// Event after event, as they come.
    Stream(mpsc::Receiver<Vec<u8>>),
}

/// Frames an event of a stream, as "Amazon event stream encoding" (Smithy) has it.
pub fn event(kind: &str, payload: &Value) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", "event"), (":event-type", kind), (":content-type", "application/json")] {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend(name.as_bytes());
        headers.push(7);
        headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend(value.as_bytes());
    }
    let payload = payload.to_string().into_bytes();
    let length = |count: usize| u32::try_from(count).unwrap().to_be_bytes();
    let mut frame = [length(16 + headers.len() + payload.len()), length(headers.len())].concat();
    frame.extend(crc32(&frame).to_be_bytes());
    frame.extend([headers, payload].concat());
    frame.extend(crc32(&frame).to_be_bytes());
    frame
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

/// A server on loopback; it lasts as long as the runtime of its test.
#[derive(Clone)]
pub struct Fake {
    endpoint: String,
    answer: Answer,
    calls: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Fake {
    /// Begins to listen.
    pub async fn start(answer: impl Fn(&str, &Value) -> Said + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::start_slowly(move |operation, members| {
            let answer = Arc::clone(&answer);
            Box::pin(async move { answer(&operation, &members) })
        })
        .await
    }

    /// Begins to listen, with answers that may take their time.
    pub async fn start_slowly(
        answer: impl Fn(String, Value) -> BoxFuture<'static, Said> + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let own = Self { endpoint, answer: Arc::new(answer), calls: Arc::default() };
        let router = Router::new().fallback(handle).with_state(own.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        own
    }

    /// Says how to connect.
    pub fn plan(&self) -> ConnectionPlan {
        ConnectionPlan {
            credentials: CredentialSource::Static {
                access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                secret: "no signature is checked here".to_owned(),
                token: None,
                expires: None,
            },
            region: Some("ap-northeast-1".to_owned()),
            endpoint_url: Some(self.endpoint.clone()),
            account: None,
            cloudfront: false,
        }
    }

    /// Returns how often an operation was called.
    pub fn called(&self, operation: &str) -> u64 {
        self.calls.lock().unwrap().get(operation).copied().unwrap_or(0)
    }
}

/// Returns the ARN of something of ECS: `cluster/shop`, `service/shop/web`.
pub fn arn(resource: &str) -> String {
    format!("arn:aws:ecs:ap-northeast-1:111122223333:{resource}")
}

/// Returns the texts of a list among the members of a call.
pub fn texts(members: &Value, name: &str) -> Vec<String> {
    members[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Describes a cluster of one service.
pub fn cluster(name: &str) -> Value {
    json!({
        "clusterName": name, "clusterArn": arn(&format!("cluster/{name}")), "status": "ACTIVE",
        "activeServicesCount": 1, "runningTasksCount": 1,
    })
}

/// Describes a service.
pub fn service(cluster: &str, name: &str) -> Value {
    json!({
        "serviceName": name, "serviceArn": arn(&format!("service/{cluster}/{name}")), "status": "ACTIVE",
        "desiredCount": 1, "runningCount": 1,
    })
}

async fn handle(State(fake): State<Fake>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let Some((service, operation)) = target.rsplit_once('.') else {
        return of_sts(&String::from_utf8_lossy(&body));
    };
    let service = match service {
        "AmazonSSM" => "ssm",
        "TrentService" => "kms",
        service if service.starts_with("Logs") => "logs",
        _ => "ecs",
    };
    *fake.calls.lock().unwrap().entry(operation.to_owned()).or_default() += 1;
    let members = serde_json::from_slice(&body).unwrap();
    let (status, said) = match (fake.answer)(operation.to_owned(), members).await {
        Said::Yes(said) => (200, said),
        Said::Denied(resource) => {
            let message = format!(
                "User: arn:aws:sts::111122223333:assumed-role/reader/x is not authorized to perform: \
                 {service}:{operation} on resource: {resource} because no identity-based policy allows it"
            );
            (400, json!({"__type": "AccessDeniedException", "message": message}))
        }
        Said::No(status, code, message) => (status, json!({"__type": code, "message": message})),
        Said::Stream(events) => {
            let events = stream::unfold(events, |mut events| async {
                let event = events.recv().await?;
                Some((Ok::<_, std::convert::Infallible>(event), events))
            });
            let response = Response::builder().header("content-type", "application/vnd.amazon.eventstream");
            return response.body(Body::from_stream(events)).unwrap();
        }
    };
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
    response.body(Body::from(said.to_string())).unwrap()
}

/// Says who the caller is, and that there is nothing else that speaks another protocol.
fn of_sts(form: &str) -> Response<Body> {
    if !form.contains("Action=GetCallerIdentity") {
        return Response::builder().status(404).body(Body::empty()).unwrap();
    }
    let answer = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                  <GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/reader/x</Arn>\
                  <UserId>AROAEXAMPLE:x</UserId><Account>111122223333</Account></GetCallerIdentityResult>\
                  </GetCallerIdentityResponse>";
    Response::builder().header("content-type", "text/xml").body(Body::from(answer)).unwrap()
}
