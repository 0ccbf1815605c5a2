//! The same over TLS, as at AWS: who answers must be vouched for by somebody whom the system trusts.
//!
//! The certificates in `tls/` were made once with `openssl req -x509`; they are nobody's, and hold for a hundred years.

use std::process::Stdio;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sekisho::session::{Endpoints, SessionError};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;

use super::agent::{Agent, Faults, Manner};
use super::plane::Plane;
use super::{PATIENCE, open, read, send};

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/session_channel/tls/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("tls/gateway.pem");
const KEY: &[u8] = include_bytes!("tls/gateway.key");

/// Names the address for the process that trusts the authority.
const URL: &str = "SEKISHO_TEST_WSS";

/// Listens with TLS as `localhost`, and passes on to an agent; returns the channel's address.
async fn front(agent: &Agent) -> String {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = format!("localhost:{}", listener.local_addr().unwrap().port());
    let behind = agent.authority.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                // A client that does not trust the certificate goes here.
                let Ok(mut socket) = acceptor.accept(socket).await else { return };
                let mut agent = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut socket, &mut agent).await;
            });
        }
    });
    agent.url().replace("ws://", "wss://").replace(&agent.authority, &authority)
}

/// Options that trust the authority in an address.
fn trusting(url: &str) -> sekisho::session::Options {
    let authority = url.split('/').nth(2).unwrap().to_owned();
    let mut options = super::waiting_little();
    options.endpoints = Endpoints::Also(authority);
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_over_tls() {
    let agent = Agent::start(Manner::Echo, Faults::default(), Vec::new()).await;
    let url = front(&agent).await;
    // Whom the system trusts is looked up once in a process, so it takes one of its own.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["tls::the_process_that_trusts_the_authority", "--exact", "--ignored", "--nocapture"]);
    child.env("SSL_CERT_FILE", AUTHORITY).env(URL, &url).stdin(Stdio::null()).kill_on_drop(true);
    agent.say(b"# ");
    let output = tokio::time::timeout(PATIENCE, child.output()).await.expect("it hangs").unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[tokio::test]
#[ignore = "runs as a part of the test above"]
async fn the_process_that_trusts_the_authority() {
    let url = std::env::var(URL).unwrap();
    let mut conduit = open(&Plane::new(&url), trusting(&url)).await.unwrap();
    assert_eq!(read(&mut conduit, 2).await, b"# ");
    send(&conduit, "関所".as_bytes()).await;
    assert_eq!(read(&mut conduit, 6).await, "関所".as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_vouches_for_a_strange_certificate() {
    let agent = Agent::start(Manner::Echo, Faults::default(), Vec::new()).await;
    let url = front(&agent).await;
    let refused = open(&Plane::new(&url), trusting(&url)).await.unwrap_err();
    assert!(matches!(&refused, SessionError::Dial { why } if why.contains("certificate")), "{refused:?}");
    agent.look(|seen| assert!(seen.openings.is_empty(), "the token went nowhere"));
}
