//! The far end: takes, sends or echoes as much as the first bytes of a connection say.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Asks the far end to take so many bytes, and to answer one.
pub const TAKE: u8 = b't';

/// Asks the far end to send so many bytes.
pub const SEND: u8 = b's';

/// Asks the far end to send back what comes, until the end.
pub const ECHO: u8 = b'e';

/// How much both ends write and read at a time.
pub const PIECE: usize = 64 * 1024;

/// Makes what is sent again and again: both ends know it, and neither has to be told.
pub fn piece() -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..PIECE).map(|_| next()).collect()
}

/// Makes the first bytes of a connection.
pub fn request(what: u8, bytes: usize) -> [u8; 9] {
    let mut request = [what; 9];
    request[1..].copy_from_slice(&(bytes as u64).to_be_bytes());
    request
}

/// Sends so many bytes.
pub fn send(to: &mut TcpStream, bytes: usize) -> std::io::Result<()> {
    let piece = piece();
    let mut left = bytes;
    while left > 0 {
        let part = left.min(PIECE);
        to.write_all(&piece[..part])?;
        left -= part;
    }
    Ok(())
}

/// Takes so many bytes, and says whether they are those that were sent.
pub fn take(from: &mut TcpStream, bytes: usize) -> std::io::Result<bool> {
    let (piece, mut came) = (piece(), vec![0; PIECE]);
    let mut left = bytes;
    while left > 0 {
        let part = left.min(PIECE);
        from.read_exact(&mut came[..part])?;
        if came[..part] != piece[..part] {
            return Ok(false);
        }
        left -= part;
    }
    Ok(true)
}

/// Listens on a free port, and serves every connection in a thread.
pub fn listen() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away in the middle is its own matter.
            thread::spawn(|| serve(stream).ok());
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; 9];
    stream.read_exact(&mut request)?;
    let [what, count @ ..] = request;
    let bytes = usize::try_from(u64::from_be_bytes(count)).unwrap_or(usize::MAX);
    match what {
        TAKE if take(&mut stream, bytes)? => stream.write_all(b"!"),
        SEND => send(&mut stream, bytes),
        ECHO => {
            let mut from = stream.try_clone()?;
            std::io::copy(&mut from, &mut stream).map(|_| ())
        }
        _ => Ok(()),
    }
}
