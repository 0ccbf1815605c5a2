//! Something between the console and its endpoint that answers otherwise than AWS would: late, changed, not at all.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Changes the body of an answer to an operation.
type Change = Arc<dyn Fn(&str, String) -> String + Send + Sync>;

/// Passes everything on to an endpoint, as it is told to.
#[derive(Clone)]
pub struct GoBetween {
    account: SocketAddr,
    held: Arc<watch::Sender<bool>>,
    change: Arc<Mutex<Option<Change>>>,
    repeats: Arc<Mutex<Option<Repeats>>>,
}

/// A list whose every page says that there is one more.
struct Repeats {
    operation: &'static str,
    page: Option<Vec<u8>>,
}

impl GoBetween {
    /// Begins to listen on loopback for the account behind `endpoint`, and returns the address to call instead.
    ///
    /// Must be called within a tokio runtime.
    pub fn before(endpoint: &str) -> (Self, String) {
        let account = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        let own = Self { account, held: Arc::default(), change: Arc::default(), repeats: Arc::default() };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass_on).with_state(own.clone());
        tokio::spawn(async move { axum::serve(TcpListener::from_std(listener).unwrap(), router).await });
        (own, address)
    }

    /// Keeps the answers to ECS back, or lets those go that were kept.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Changes answers from now on, by the operation's name.
    pub fn change(&self, change: impl Fn(&str, String) -> String + Send + Sync + 'static) {
        *self.change.lock().unwrap() = Some(Arc::new(change));
    }

    /// Answers a list, which must be of ECS, with the same page and the same token from now on.
    pub fn repeat(&self, operation: &'static str) {
        *self.repeats.lock().unwrap() = Some(Repeats { operation, page: None });
    }

    /// Returns the page that was answered before, where this asks for the next one.
    fn repeated(&self, operation: &str, request: &str) -> Option<Vec<u8>> {
        let repeats = self.repeats.lock().unwrap();
        let repeats = repeats.as_ref().filter(|repeats| repeats.operation == operation)?;
        repeats.page.clone().filter(|_| request.contains("once-more"))
    }

    /// Remembers a page, and says in it that there is another.
    fn promise_more(&self, operation: &str, text: String) -> String {
        let mut repeats = self.repeats.lock().unwrap();
        match repeats.as_mut().filter(|repeats| repeats.operation == operation) {
            Some(repeats) => {
                let text = text.replacen('{', "{\"nextToken\":\"once-more\",", 1);
                repeats.page = Some(text.clone().into_bytes());
                text
            }
            None => text,
        }
    }

    async fn released(&self) {
        self.held.subscribe().wait_for(|held| !held).await.unwrap();
    }
}

async fn pass_on(State(own): State<GoBetween>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    // ECS names the operation in a header, STS in its form, CloudWatch in its path.
    let form = String::from_utf8_lossy(&body).into_owned();
    let operation = match target.rsplit_once('.') {
        Some((_, operation)) => operation.to_owned(),
        None if form.starts_with("Action=") => form["Action=".len()..].split('&').next().unwrap().to_owned(),
        None => parts.uri.path().rsplit('/').next().unwrap_or("").to_owned(),
    };
    if let Some(page) = own.repeated(&operation, &form) {
        return Response::builder().header("content-type", "application/x-amz-json-1.1").body(page.into()).unwrap();
    }
    let mut head = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri);
    for (name, value) in passed(&parts.headers) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let answer = ask(own.account, head, body).await;
    if target.contains("EC2ContainerService") {
        own.released().await;
    }
    let change = own.change.lock().unwrap().clone();
    respond(&answer, |text| {
        let text = own.promise_more(&operation, text);
        change.map_or(text.clone(), |change| change(&operation, text))
    })
}

fn passed(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let own = ["connection", "content-length", "transfer-encoding"];
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    pairs.filter(move |(name, _)| !own.contains(name))
}

async fn ask(account: SocketAddr, head: String, body: Bytes) -> Vec<u8> {
    let mut stream = TcpStream::connect(account).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

/// Takes an answer of HTTP/1.1 apart and puts it together again; a body that is no text stays as it is.
fn respond(answer: &[u8], change: impl FnOnce(String) -> String) -> Response<Body> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut response = Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if !["connection", "content-length"].contains(&name.to_lowercase().as_str()) {
            response = response.header(name, value);
        }
    }
    let body = answer[end + 4..].to_vec();
    let body = match String::from_utf8(body) {
        Ok(text) => change(text).into_bytes(),
        Err(bytes) => bytes.into_bytes(),
    };
    response.body(Body::from(body)).unwrap()
}
