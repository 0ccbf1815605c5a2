//! Where a port session's connections go: local addresses, or little servers of the agent's own.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{PoisonError, RwLock};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;

/// What stands at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Something on this machine.
    To(SocketAddr),
    /// A server that speaks enough of `PostgreSQL` to refuse politely.
    PostgreSql,
    /// A server that sends back what it gets.
    Echo,
    /// Nothing: connections are refused.
    Refuse,
}

/// The addresses that agents can reach, by host and port; `localhost` is the node itself.
#[derive(Debug, Default)]
pub struct Destinations(RwLock<HashMap<(String, u16), Route>>);

/// A connection to a destination.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// What sessions may never reach, whatever is mapped: instance metadata and the resolver of the network.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html>
const FORBIDDEN: [&str; 4] = ["169.254.169.254", "fd00:ec2::254", "169.254.169.253", "fd00:ec2::253"];

impl Destinations {
    /// Maps an address.
    pub fn map(&self, host: &str, port: u16, route: Route) {
        let mut mapped = self.0.write().unwrap_or_else(PoisonError::into_inner);
        mapped.insert((host.to_ascii_lowercase(), port), route);
    }

    /// Finds what stands at an address.
    pub fn find(&self, host: &str, port: u16) -> Option<Route> {
        let host = if host.is_empty() { "localhost".to_owned() } else { host.to_ascii_lowercase() };
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&(host, port)).copied()
    }
}

/// Whether the agent refuses to connect to a host.
pub fn is_forbidden(host: &str) -> bool {
    let Ok(address) = host.parse::<IpAddr>() else { return false };
    FORBIDDEN.iter().any(|forbidden| forbidden.parse() == Ok(address))
}

/// Whether a host is a name that somebody must know: the agent looks it up once, as the session begins.
pub fn needs_lookup(host: &str) -> bool {
    !host.is_empty() && !host.eq_ignore_ascii_case("localhost") && host.parse::<IpAddr>().is_err()
}

/// Connects.
pub async fn dial(route: Option<Route>) -> io::Result<Box<dyn Connection>> {
    match route {
        Some(Route::To(address)) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        Some(Route::PostgreSql) => Ok(Box::new(served(postgresql))),
        Some(Route::Echo) => Ok(Box::new(served(echo))),
        Some(Route::Refuse) => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
        None => Err(io::Error::other("missing address")),
    }
}

/// Starts a little server for one connection; it ends with it.
fn served<F>(server: fn(DuplexStream) -> F) -> DuplexStream
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let (near, far) = tokio::io::duplex(64 * 1024);
    let serving = server(far);
    tokio::spawn(async move {
        let _ = serving.await;
    });
    near
}

async fn echo(stream: DuplexStream) -> io::Result<()> {
    let (mut from, mut to) = tokio::io::split(stream);
    tokio::io::copy(&mut from, &mut to).await?;
    to.shutdown().await
}

/// The most that a client may say at first; libpq's own bound is the same.
const LONGEST_STARTUP: usize = 10_000;

/// Answers like a server that takes no encryption and lets nobody in.
///
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
async fn postgresql(mut stream: DuplexStream) -> io::Result<()> {
    loop {
        let length = usize::try_from(stream.read_u32().await?).unwrap_or(usize::MAX);
        if !(8..=LONGEST_STARTUP).contains(&length) {
            return Ok(());
        }
        let code = stream.read_u32().await?;
        tokio::io::copy(&mut (&mut stream).take(length as u64 - 8), &mut tokio::io::sink()).await?;
        match code {
            // SSLRequest and GSSENCRequest.
            80_877_103 | 80_877_104 => stream.write_all(b"N").await?,
            // CancelRequest.
            80_877_102 => return Ok(()),
            _ => {
                stream.write_all(&refusal()).await?;
                return stream.shutdown().await;
            }
        }
    }
}

fn refusal() -> Vec<u8> {
    let fields = [
        ('S', "FATAL"),
        ('V', "FATAL"),
        ('C', "28000"),
        ('M', "the simulated account has no database here"),
        ('H', "A scenario maps this address to a real one with [[account.destination]]."),
    ];
    let mut body = Vec::new();
    for (field, text) in fields {
        body.push(u8::try_from(field).unwrap_or(b'M'));
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes();
    [b"E", &length[..], &body[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_whatever_their_case() {
        let destinations = Destinations::default();
        destinations.map("Shop.Example", 5432, Route::PostgreSql);
        destinations.map("localhost", 22, Route::Echo);
        assert_eq!(destinations.find("shop.example", 5432), Some(Route::PostgreSql));
        assert_eq!(destinations.find("", 22), Some(Route::Echo));
        assert_eq!(destinations.find("shop.example", 5433), None);
        assert!(is_forbidden("169.254.169.254") && is_forbidden("FD00:EC2:0::254") && !is_forbidden("10.0.0.1"));
    }

    #[tokio::test]
    async fn the_little_database_refuses_politely() {
        let mut stream = dial(Some(Route::PostgreSql)).await.unwrap();
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'N');
        stream.write_all(&[0, 0, 0, 9, 0, 3, 0, 0, 0]).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer[0], b'E');
        assert_eq!(u32::from_be_bytes(answer[1..5].try_into().unwrap()) as usize, answer.len() - 1);
        assert!(String::from_utf8_lossy(&answer).contains("28000"));
    }
}
