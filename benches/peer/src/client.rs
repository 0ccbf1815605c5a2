//! One client with one tunnel, in a process of its own: Sekisho's, or the peer's.

use std::collections::{BTreeMap, HashMap};
use std::io::{Write, stdin, stdout};
use std::sync::Arc;
use std::time::Duration;

use aws_ssm_bridge::documents::PortForwardingToRemoteHost;
use aws_ssm_bridge::{
    EndpointPolicy, PortForwardConfig, PortForwarder, Session, SessionBuilder, SessionManager, ShutdownSignal,
};
use sekisho::session::control::{Answer, ControlError, ControlPlane, DataKey, Ticket};
use sekisho::session::tunnel::{self, Tunnel, TunnelOptions};
use sekisho::session::{self, Endpoints};
use tokio::time::timeout;

use crate::account::{HOST, NODE, PORT};
use crate::{Failed, runtime};

/// How long a client may take to leave.
const LEAVING: Duration = Duration::from_secs(3);

/// Opens a tunnel, says on which port it listens, and keeps it until the standard input ends.
///
/// The account is named by the environment, as for any of AWS's clients. `chunk` is the most bytes of data in one of
/// the client's messages; 0 leaves the client's own choice.
pub fn serve(whose: &str, chunk: &str) -> Result<(), Failed> {
    let chunk: usize = chunk.parse()?;
    let runtime = runtime()?;
    if whose == "ours" {
        let tunnel = runtime.block_on(ours(chunk))?;
        wait(tunnel.local().port())?;
        let _ = runtime.block_on(async { timeout(LEAVING, tunnel.close()).await });
    } else {
        let (session, port) = runtime.block_on(theirs(chunk))?;
        wait(port)?;
        let _ = runtime.block_on(async { timeout(LEAVING, session.terminate()).await });
    }
    runtime.shutdown_timeout(LEAVING);
    Ok(())
}

fn wait(port: u16) -> Result<(), Failed> {
    let mut out = stdout();
    writeln!(out, "{port}")?;
    out.flush()?;
    std::io::copy(&mut stdin().lock(), &mut std::io::sink())?;
    Ok(())
}

async fn ours(chunk: usize) -> Result<Tunnel, Failed> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let authority = config.endpoint_url().unwrap_or_default().trim_start_matches("http://").to_owned();
    let mut options = session::Options::new(Arc::new(jiff::Timestamp::now));
    options.endpoints = Endpoints::Also(authority);
    if chunk > 0 {
        options.largest_chunk = chunk;
    }
    let reach = Arc::new(Reach(aws_sdk_ssm::Client::new(&config)));
    Ok(tunnel::open(reach, options, TunnelOptions::default()).await?)
}

async fn theirs(chunk: usize) -> Result<(Arc<Session>, u16), Failed> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let mut builder = SessionBuilder::new(NODE)
        .document(PortForwardingToRemoteHost::new(HOST, PORT))
        .endpoint_policy(EndpointPolicy::AllowAny);
    if chunk > 0 {
        builder = builder.payload_chunk_size(chunk);
    }
    let session = Arc::new(builder.start_with(&SessionManager::from_conf(&config)).await?);
    let forwarder = PortForwarder::bind(PortForwardConfig::default()).await?;
    let port = forwarder.local_addr().port();
    session.wait_ready().await?;
    tokio::spawn(forwarder.forward(Arc::clone(&session), ShutdownSignal::new()));
    Ok((session, port))
}

/// The services beside the data channel. The gateway takes upgrades that nobody signed.
struct Reach(aws_sdk_ssm::Client);

fn failed(action: &'static str, why: &dyn std::fmt::Debug) -> ControlError {
    ControlError { action, why: format!("{why:?}"), is_passing: false }
}

fn ticket(session_id: Option<String>, stream_url: Option<String>, token: Option<String>) -> Option<Ticket> {
    Some(Ticket { session_id: session_id?, stream_url: stream_url?, token: token?.into() })
}

impl ControlPlane for Reach {
    fn start(&self) -> Answer<'_, Ticket> {
        const ACTION: &str = "ssm:StartSession";
        Box::pin(async move {
            let words = [("host", HOST.to_owned()), ("portNumber", PORT.to_string()), ("localPortNumber", "0".into())];
            let parameters: HashMap<_, _> = words.into_iter().map(|(name, word)| (name.into(), vec![word])).collect();
            let asked = self.0.start_session().target(NODE).set_parameters(Some(parameters));
            let answer = asked.document_name("AWS-StartPortForwardingSessionToRemoteHost").send().await;
            let answer = answer.map_err(|why| failed(ACTION, &why))?;
            ticket(answer.session_id, answer.stream_url, answer.token_value)
                .ok_or_else(|| failed(ACTION, &"an answer without a ticket"))
        })
    }

    fn resume<'a>(&'a self, session_id: &'a str) -> Answer<'a, Option<Ticket>> {
        Box::pin(async move {
            let answer = self.0.resume_session().session_id(session_id).send().await;
            let answer = answer.map_err(|why| failed("ssm:ResumeSession", &why))?;
            Ok(ticket(answer.session_id, answer.stream_url, answer.token_value))
        })
    }

    fn terminate<'a>(&'a self, session_id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let answer = self.0.terminate_session().session_id(session_id).send().await;
            answer.map(|_| ()).map_err(|why| failed("ssm:TerminateSession", &why))
        })
    }

    fn sign<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<(String, String)>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn data_key<'a>(&'a self, _: &'a str, _: &'a BTreeMap<String, String>) -> Answer<'a, DataKey> {
        Box::pin(async { Err(failed("kms:GenerateDataKey", &"no session here is encrypted")) })
    }

    fn target(&self) -> &str {
        NODE
    }
}
