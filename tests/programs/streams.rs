//! Streams of bytes through a tunnel: whole, in order, many at once, and one that nobody reads.

use std::future::Future;
use std::net::SocketAddr;

use sekisho::session::tunnel::Tunnel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::stage::{Stage, connect, soon};

const MIB: usize = 1024 * 1024;

/// Bytes that a seed stands for: both ends make them, and neither has to be told.
struct Noise(fastrand::Rng);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

/// The noise is made in pieces of this size at both ends, so that it is the same.
const PIECE: usize = 64 * 1024;

/// Sends so much noise.
async fn send(to: &mut (impl AsyncWriteExt + Unpin), seed: u64, count: usize) {
    let (mut noise, mut piece) = (Noise::new(seed), vec![0; PIECE]);
    let mut left = count;
    while left > 0 {
        noise.fill(&mut piece);
        let part = &piece[..left.min(PIECE)];
        to.write_all(part).await.unwrap_or_else(|error| panic!("{left} bytes before the end: {error}"));
        left -= part.len();
    }
    to.flush().await.expect("a flush");
}

/// Reads so much noise, byte for byte.
async fn expect(from: &mut (impl AsyncReadExt + Unpin), seed: u64, count: usize) {
    let (mut noise, mut piece, mut came) = (Noise::new(seed), vec![0; PIECE], vec![0; PIECE]);
    let mut left = count;
    while left > 0 {
        noise.fill(&mut piece);
        let part = left.min(PIECE);
        from.read_exact(&mut came[..part]).await.unwrap_or_else(|error| panic!("{left} bytes before the end: {error}"));
        // Not assert_eq: nobody reads 64 KiB of numbers.
        assert!(came[..part] == piece[..part], "other bytes than were sent, {} from the beginning", count - left);
        left -= part;
    }
}

/// Reads to the end, and returns how much there was.
async fn rest(from: &mut (impl AsyncReadExt + Unpin)) -> usize {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).await.expect("an end")
}

/// Listens at the far end, and does the same with each connection.
async fn far_end<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a socket's option");
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Sends and reads as much in both directions at the same time.
async fn both_ways(mut stream: TcpStream, sends: u64, reads: u64, count: usize) {
    let (mut from, mut to) = stream.split();
    tokio::join!(send(&mut to, sends, count), expect(&mut from, reads, count));
}

/// A tunnel to a far end that echoes.
async fn to_echo(stage: &Stage, sessions: usize) -> Tunnel {
    let far = far_end(|mut stream| async move {
        let (mut from, mut to) = stream.split();
        // A client that goes away in the middle is its own matter.
        let _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await;
    stage.tunnel(far, sessions).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_mebibytes_each_way() {
    let stage = Stage::start().await;
    let far = far_end(|stream| both_ways(stream, 1, 2, 64 * MIB)).await;
    let tunnel = stage.tunnel(far, 1).await;
    let near = connect(&tunnel).await;
    soon("64 MiB each way", both_ways(near, 2, 1, 64 * MIB)).await;
    tunnel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_repeated_and_disordered_on_the_way_arrives_in_order() {
    let stage = Stage::start().await;
    let far = far_end(|stream| both_ways(stream, 3, 4, 4 * MIB)).await;
    let tunnel = stage.tunnel(far, 1).await;
    stage.weather(1.0, 1.0, 2.0);
    let near = connect(&tunnel).await;
    soon("4 MiB each way", both_ways(near, 4, 3, 4 * MIB)).await;
    assert!(stage.lost() > 0, "nothing was lost: nothing was proved");
    tunnel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_connections_are_not_held_up_by_one_that_nobody_reads() {
    const UNREAD: usize = 6 * MIB;
    const EACH: usize = 128 * 1024;
    let stage = Stage::start().await;
    // The first byte says what is wanted: much, or an echo.
    let far = far_end(|mut stream| async move {
        match stream.read_u8().await {
            Ok(b'm') => send(&mut stream, 5, UNREAD).await,
            Ok(_) => {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            }
            // A probe, which says nothing.
            Err(_) => {}
        }
    })
    .await;
    let tunnel = stage.tunnel(far, 1).await;
    let mut unread = connect(&tunnel).await;
    unread.write_all(b"m").await.expect("a byte");
    let mut others = JoinSet::new();
    for seed in 100..149 {
        let mut stream = connect(&tunnel).await;
        others.spawn(async move {
            stream.write_all(b"e").await.expect("a byte");
            let (mut from, mut to) = stream.split();
            tokio::join!(send(&mut to, seed, EACH), expect(&mut from, seed, EACH));
        });
    }
    soon("49 echoes", async {
        while let Some(done) = others.join_next().await {
            done.expect("an echo");
        }
    })
    .await;
    // What nobody read is still there, all of it.
    soon("what was not read", expect(&mut unread, 5, UNREAD)).await;
    tunnel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_after_the_near_end_has_said_all_arrives() {
    let stage = Stage::start().await;
    let far = far_end(|mut stream| async move {
        expect(&mut stream, 6, MIB).await;
        send(&mut stream, 7, 2 * MIB).await;
    })
    .await;
    let tunnel = stage.tunnel(far, 1).await;
    let mut near = connect(&tunnel).await;
    send(&mut near, 6, MIB).await;
    near.shutdown().await.expect("a half-closed connection");
    soon("the answer", expect(&mut near, 7, 2 * MIB)).await;
    assert_eq!(soon("the end", rest(&mut near)).await, 0);
    tunnel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_far_end_sent_before_it_closed_arrives() {
    let stage = Stage::start().await;
    let far = far_end(|mut stream| async move {
        let mut word = [0; 5];
        stream.read_exact(&mut word).await.expect("a word");
        send(&mut stream, 8, 3 * MIB).await;
    })
    .await;
    let tunnel = stage.tunnel(far, 1).await;
    let mut near = connect(&tunnel).await;
    near.write_all(b"hello").await.expect("a word");
    soon("all that was sent", expect(&mut near, 8, 3 * MIB)).await;
    assert_eq!(soon("the end", rest(&mut near)).await, 0);
    tunnel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_line_feed_stays_one() {
    let stage = Stage::start().await;
    let tunnel = to_echo(&stage, 1).await;
    let mut near = connect(&tunnel).await;
    for byte in [b'\n', b'\r', 0, 0xff, 3, 0x1c] {
        near.write_all(&[byte]).await.expect("a byte");
        assert_eq!(soon("an echo", near.read_u8()).await.expect("a byte"), byte);
    }
    tunnel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_refused_there_is_closed_here() {
    let stage = Stage::start().await;
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    };
    let tunnel = stage.tunnel(nobody, 1).await;
    let mut bytes = Vec::new();
    // Reset or closed, maybe before the first byte could be written: either way it is over, and nothing came.
    if let Ok(mut near) = soon("a connection", TcpStream::connect(tunnel.local())).await {
        let _ = near.write_all(b"anyone?").await;
        let _ = soon("the end", near.read_to_end(&mut bytes)).await;
    }
    assert!(bytes.is_empty());
    let mut status = tunnel.status();
    // What it returns holds the status: it goes before the tunnel is closed.
    assert!(soon("a count", status.wait_for(|status| status.refused > 0)).await.is_ok());
    tunnel.close().await;
}
