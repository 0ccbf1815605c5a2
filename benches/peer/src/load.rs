//! What is sent through a tunnel, and how long it takes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::children::Client;
use crate::{Failed, far};

/// How long nothing may move until a tunnel counts as hanging: whatever is lost has been sent again long before.
const STALL: Duration = Duration::from_secs(10);

/// How long one measurement is to take, about.
const SPAN: f64 = 2.0;

/// The bytes that tell how many it takes for that.
const TASTE: usize = 2 << 20;

/// The most bytes of one measurement.
const MOST: usize = 512 << 20;

/// The bytes of one echo.
const WORD: usize = 64;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the far end.
    Up,
    /// From the far end to the client.
    Down,
}

/// How fast bytes went through.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// In MB (10^6 bytes) a second.
    pub rate: f64,
    /// The client's time of processors, in milliseconds a MB.
    pub cost: f64,
}

/// Connects to the near end of a tunnel.
fn connect(client: &Client) -> Result<TcpStream, Failed> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, client.port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(STALL))?;
    stream.set_write_timeout(Some(STALL))?;
    Ok(stream)
}

/// Says what an error of a connection means for the table.
pub fn told(why: &Failed) -> String {
    let kind = why.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    match kind {
        Some(ErrorKind::WouldBlock | ErrorKind::TimedOut) => "hangs".to_owned(),
        Some(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => "breaks off".to_owned(),
        _ => why.to_string(),
    }
}

fn through(client: &Client, way: Way, bytes: usize) -> Result<Duration, Failed> {
    let mut stream = connect(client)?;
    let begun = Instant::now();
    let is_same = if way == Way::Up {
        stream.write_all(&far::request(far::TAKE, bytes))?;
        far::send(&mut stream, bytes)?;
        // The far end hangs up over other bytes than were sent.
        stream.read_exact(&mut [0])?;
        true
    } else {
        stream.write_all(&far::request(far::SEND, bytes))?;
        far::take(&mut stream, bytes)?
    };
    if is_same { Ok(begun.elapsed()) } else { Err("other bytes".into()) }
}

#[expect(clippy::cast_precision_loss, reason = "no more than some hundred million bytes")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Measures so many times how fast bytes go through; the median counts.
pub fn speed(client: &Client, way: Way, times: usize) -> Result<Speed, Failed> {
    let taste = through(client, way, TASTE)?;
    let pieces = (SPAN / taste.as_secs_f64()).ceil().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number from one on; it saturates")]
    let bytes = (TASTE.saturating_mul(pieces as usize)).min(MOST);
    let mut speeds = Vec::new();
    for _ in 0..times {
        let before = client.cpu()?;
        let took = through(client, way, bytes)?;
        let cost = client.cpu()?.saturating_sub(before);
        let amount = megabytes(bytes);
        speeds.push(Speed { rate: amount / took.as_secs_f64(), cost: cost.as_secs_f64() * 1e3 / amount });
    }
    speeds.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    speeds.get(times / 2).copied().ok_or_else(|| "nothing was measured".into())
}

/// A connection whose far end echoes.
struct Echo(TcpStream);

impl Echo {
    fn open(client: &Client) -> Result<Self, Failed> {
        let mut stream = connect(client)?;
        stream.write_all(&far::request(far::ECHO, 0))?;
        Ok(Self(stream))
    }

    fn once(&mut self, word: &[u8], came: &mut [u8]) -> Result<Duration, Failed> {
        let begun = Instant::now();
        self.0.write_all(word)?;
        self.0.read_exact(came)?;
        if came == word { Ok(begun.elapsed()) } else { Err("other bytes".into()) }
    }
}

/// Measures echoes one after the other: the median, and the hundredth that took longest, in milliseconds.
pub fn echo(client: &Client, count: usize) -> Result<(f64, f64), Failed> {
    let (word, mut came) = ([b'x'; WORD], [0; WORD]);
    let mut echo = Echo::open(client)?;
    for _ in 0..count / 20 {
        echo.once(&word, &mut came)?;
    }
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        times.push(echo.once(&word, &mut came)?);
    }
    times.sort_unstable();
    let at = |place: usize| times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
    Ok((at(count / 2), at(count * 99 / 100)))
}

/// Measures how much memory a client has while so many connections are open, each of which has moved 64 KiB both ways.
pub fn crowd(client: &Client, count: usize) -> Result<f64, Failed> {
    let (piece, mut came) = (far::piece(), vec![0; far::PIECE]);
    let mut open = Vec::new();
    for _ in 0..count {
        let mut echo = Echo::open(client)?;
        echo.once(&piece, &mut came)?;
        open.push(echo);
    }
    client.own_memory()
}
