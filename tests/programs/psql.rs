//! PostgreSQL's own clients through a tunnel, while the gateway loses messages and breaks connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::postgres::{Postgres, client};
use crate::stage::Stage;

/// Breaks every connection again and again until it is told to stop.
struct Breaker {
    stop: Arc<AtomicBool>,
    task: JoinHandle<u32>,
}

impl Breaker {
    fn start(stage: &Stage) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (simulator, stopped) = (Arc::clone(&stage.simulator), Arc::clone(&stop));
        let task = tokio::spawn(async move {
            let mut cuts = 0;
            while !stopped.load(Ordering::Relaxed) {
                // It is weather and nothing waits for it: long enough that something gets through in between.
                tokio::time::sleep(Duration::from_millis(1500)).await;
                simulator.gateway().cut();
                cuts += 1;
            }
            cuts
        });
        Self { stop, task }
    }

    async fn stop(self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("the breaker")
    }
}

/// Runs a client beside the sessions.
async fn run(name: &'static str, address: SocketAddr, arguments: &[&str]) -> String {
    let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    let ran = spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        client(name, address, &arguments)
    });
    ran.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

async fn query(address: SocketAddr, sql: &str) -> String {
    run("psql", address, &["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]).await.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_go_through() {
    let server = Postgres::start();
    let stage = Stage::start().await;
    let tunnel = stage.tunnel(server.address(), 1).await;
    assert_eq!(query(tunnel.local(), "SELECT '関所' || 1 + 1").await, "関所2");
    // A row larger than any message, and many of them.
    assert_eq!(
        query(tunnel.local(), "SELECT md5(repeat('関', 1000000))").await,
        query(server.address(), "SELECT md5(repeat('関', 1000000))").await
    );
    let long = query(tunnel.local(), "SELECT repeat('x', 3000000)").await;
    assert_eq!(long.len(), 3_000_000);
    tunnel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_whole_where_messages_are_lost_and_connections_break() {
    let server = Postgres::start();
    let stage = Stage::start().await;
    let tunnel = stage.tunnel(server.address(), 1).await;
    let near = tunnel.local();
    stage.weather(1.0, 0.0, 0.0);
    let breaker = Breaker::start(&stage);
    query(
        near,
        "CREATE TABLE visits AS SELECT n, md5(n::text) AS who, '関所' || n AS gate FROM generate_series(1, 20000) n",
    )
    .await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("visits.csv");
    let copy = format!("\\copy (SELECT * FROM visits ORDER BY n) TO '{}' CSV", file.display());
    query(near, &copy).await;
    query(near, "CREATE TABLE again (LIKE visits)").await;
    query(near, &format!("\\copy again FROM '{}' CSV", file.display())).await;
    let cuts = breaker.stop().await;
    let differences =
        "SELECT count(*) FROM (TABLE visits EXCEPT TABLE again UNION ALL TABLE again EXCEPT TABLE visits) d";
    assert_eq!(query(server.address(), "SELECT count(*) FROM again").await, "20000");
    assert_eq!(query(server.address(), differences).await, "0");
    let lost = stage.lost();
    assert!(cuts > 0 && lost > 0, "{cuts} cuts, {lost} lost: nothing was proved");
    tunnel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pgbench_loses_no_transaction() {
    let server = Postgres::start();
    let stage = Stage::start().await;
    let tunnel = stage.tunnel(server.address(), 2).await;
    run("pgbench", server.address(), &["-i", "-q", "-s", "1"]).await;
    stage.weather(1.0, 0.0, 0.0);
    let breaker = Breaker::start(&stage);
    let said = run("pgbench", tunnel.local(), &["-n", "-c", "4", "-j", "2", "-t", "50", "postgres"]).await;
    let cuts = breaker.stop().await;
    assert!(said.contains("number of transactions actually processed: 200/200"), "{said}");
    assert_eq!(query(server.address(), "SELECT count(*) FROM pgbench_history").await, "200");
    // What the clients did adds up on the server: nothing was done twice.
    let sums = "SELECT (SELECT sum(delta) FROM pgbench_history) = (SELECT sum(abalance) FROM pgbench_accounts)";
    assert_eq!(query(server.address(), sums).await, "t");
    assert!(cuts > 0, "nothing was cut: nothing was proved");
    tunnel.close().await;
}
