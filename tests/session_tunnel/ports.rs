//! What tunnels lead to in tests, on real sockets.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Serves every connection with a function of it.
pub async fn serve<F, S>(with: F) -> SocketAddr
where
    F: Fn(TcpStream) -> S + Send + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let local = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(with(socket));
        }
    });
    local
}

/// Sends back what comes, and closes when nothing more does.
pub async fn echo() -> SocketAddr {
    serve(|mut socket| async move {
        let (mut read, mut write) = socket.split();
        let _ = tokio::io::copy(&mut read, &mut write).await;
    })
    .await
}

/// Sends one byte over and over, for ever, to whoever asks with a byte; anything but `F` is sent back.
pub async fn flood_or_echo() -> SocketAddr {
    serve(|mut socket| async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length) = socket.read(&mut buffer).await
            && length > 0
        {
            if buffer[0] == b'F' {
                while socket.write_all(&vec![7; 64 * 1024]).await.is_ok() {}
                return;
            }
            if socket.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    })
    .await
}

/// Answers a line after a while with many bytes, and closes; it does not care for the end of what comes.
pub async fn slow_answer(after: Duration, length: usize) -> SocketAddr {
    serve(move |mut socket| async move {
        let mut byte = [0];
        while socket.read_exact(&mut byte).await.is_ok() && byte != *b"\n" {}
        tokio::time::sleep(after).await;
        let _ = socket.write_all(&vec![b'a'; length]).await;
    })
    .await
}

/// Says nothing, and tells when a connection was closed.
pub async fn silent() -> (SocketAddr, mpsc::Receiver<()>) {
    let (told, closed) = mpsc::channel(64);
    let local = serve(move |mut socket| {
        let told = told.clone();
        async move {
            let mut void = vec![0; 1024];
            while socket.read(&mut void).await.is_ok_and(|length| length > 0) {}
            let _ = told.send(()).await;
        }
    })
    .await;
    (local, closed)
}

/// Answers as Postgres does when it is asked for encryption.
pub async fn postgres() -> SocketAddr {
    serve(|mut socket| async move {
        let mut request = [0; 8];
        if socket.read_exact(&mut request).await.is_ok() && request == [0, 0, 0, 8, 4, 210, 22, 47] {
            let _ = socket.write_all(b"S").await;
            let _ = socket.read(&mut request).await;
        }
    })
    .await
}

/// Returns an address where nobody listens.
pub async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
