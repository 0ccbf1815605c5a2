//! The words of the lines.

use std::fmt::Write as _;

use serde_json::json;

use super::{Container, LogLine};
use crate::simulator::clock::{Millis, SECOND, iso_time, timestamp};
use crate::simulator::random::{Dice, mix, unit};
use crate::simulator::scenario::Fails;

/// When a task that fails its health check first says so, and how often it does again.
const COMPLAINS: Millis = 4 * SECOND;

const PATHS: [&str; 8] = [
    "/",
    "/products/1042",
    "/products?page=2",
    "/cart",
    "/api/v1/products",
    "/api/v1/session",
    "/claims/status",
    "/health",
];
const DONE: [(&str, &str); 8] = [
    ("CartController", "カートを更新しました"),
    ("OrderService", "注文を受け付けました"),
    ("ContractService", "契約情報を照会しました"),
    ("SessionFilter", "session renewed"),
    ("PriceCache", "cache refreshed"),
    ("ClaimService", "給付金請求の受付番号を発行しました"),
    ("SearchClient", "query answered"),
    ("NotificationService", "お知らせメールを送信しました"),
];
const SLOW: [(&str, &str); 3] = [
    ("JdbcPool", "connection took longer than 500ms"),
    ("RetryTemplate", "外部サービスの応答が遅いため再試行します"),
    ("PriceCache", "stale entry served"),
];
const JOBS: [&str; 3] = ["月次集計の対象を読み込みました", "chunk written", "キューを確認しました"];

impl Container {
    /// The lines that it holds from a time until another, in order.
    pub(super) fn lines(&self, from: Millis, until: Millis) -> Vec<LogLine> {
        let mut lines = Vec::new();
        let mut add = |at: Millis, text: String| {
            if (from.max(self.from)..until.min(self.until.saturating_add(1))).contains(&at) {
                lines.push(LogLine { at, text });
            }
        };
        for (number, text) in self.first_words().into_iter().enumerate() {
            add(self.from + 120 + 310 * i64::try_from(number).unwrap_or(0), text);
        }
        for second in from.div_euclid(SECOND)..=until.div_euclid(SECOND) {
            self.second(second, &mut add);
        }
        let crashed = self.fails == Some(Fails::Crash);
        if let Some(at) = self.stopping.filter(|_| !crashed) {
            add(at + 40, self.json(at + 40, "INFO", "Lifecycle", "SIGTERM received, shutting down gracefully", None));
        }
        if let Some(end) = self.stopping.filter(|_| crashed && !self.sidecar) {
            add(end - 200, self.json(end - 200, "ERROR", "Application", "起動に失敗しました", None));
            add(end - 190, STARTUP_TRACE.to_owned());
        }
        for (at, text) in &self.plan.said {
            if !self.sidecar {
                add(*at, text.clone());
            }
        }
        // What is said in the same moment stays in the order in which it was written.
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// What a container says when it starts.
    fn first_words(&self) -> Vec<String> {
        if self.sidecar {
            return vec![
                "[Info] Initializing daemon".to_owned(),
                "[Info] HTTP server listening on 127.0.0.1:2000".to_owned(),
            ];
        }
        let version = self.image.rsplit(':').next().unwrap_or_default();
        let at = |n: i64| self.from + 120 + 310 * n;
        vec![
            format!("Starting {} {version} (PID 1, profile {})", self.plan.name, self.plan.cluster),
            self.json(at(1), "INFO", "DataSource", "データベースに接続します", None),
            self.json(at(2), "INFO", "Server", &format!("listening on port {}", self.plan.port), None),
        ]
    }

    /// What is written in a second after the start.
    fn second(&self, second: i64, add: &mut impl FnMut(Millis, String)) {
        let hash = mix(self.hash ^ mix(second.unsigned_abs()));
        let at = second * SECOND + i64::try_from(hash % 1_000).unwrap_or(0);
        if at < self.from + SECOND || self.stopping.is_some_and(|stopping| at >= stopping) {
            return;
        }
        let part = unit(mix(hash));
        if self.sidecar {
            if part < 0.02 {
                add(at, format!("{} [Info] Successfully sent batch of {} segments", iso_time(at), 1 + hash % 40));
            }
            return;
        }
        let since = (at - self.from) / COMPLAINS;
        if self.fails == Some(Fails::HealthCheck) && since >= 1 && at % COMPLAINS < SECOND {
            add(at, self.json(at, "ERROR", "HealthEndpoint", "ヘルスチェックに失敗しました", Some(hash)));
            add(at, DATABASE_TRACE.to_owned());
            add(at, self.access(at, hash, "/health", 503));
            return;
        }
        let busy = 0.15 + (self.plan.requests / 4_000.0).min(0.7);
        if part < busy {
            let text = self.usual(at, hash);
            add(at, text);
        }
    }

    /// A line of an ordinary day.
    fn usual(&self, at: Millis, hash: u64) -> String {
        let mut dice = Dice::new(hash, &["line"]);
        let kind = dice.between(0, 999);
        let pick = |dice: &mut Dice, length: usize| {
            let most = i64::try_from(length).unwrap_or(1) - 1;
            usize::try_from(dice.between(0, most)).unwrap_or(0)
        };
        if self.plan.requests < 1.0 {
            let text = JOBS.get(pick(&mut dice, JOBS.len())).copied().unwrap_or_default();
            return self.json(at, "INFO", "JobRunner", text, Some(hash));
        }
        match kind {
            0..600 => {
                let path = PATHS.get(pick(&mut dice, PATHS.len())).copied().unwrap_or("/");
                let status = if dice.between(0, 99) < 3 { 404 } else { 200 };
                self.access(at, hash, path, status)
            }
            600..960 => {
                let (logger, text) = DONE.get(pick(&mut dice, DONE.len())).copied().unwrap_or_default();
                self.json(at, "INFO", logger, text, Some(hash))
            }
            960..997 => {
                let (logger, text) = SLOW.get(pick(&mut dice, SLOW.len())).copied().unwrap_or_default();
                self.json(at, "WARN", logger, text, Some(hash))
            }
            _ => self.json(at, "ERROR", "PaymentClient", "upstream answered 502, gave up after 3 attempts", Some(hash)),
        }
    }

    /// A line as an application writes it: JSON, with the request that it belongs to.
    fn json(&self, at: Millis, level: &str, logger: &str, message: &str, request: Option<u64>) -> String {
        let mut line = json!({
            "timestamp": iso_time(at),
            "level": level,
            "service": self.plan.name,
            "logger": logger,
            "message": message,
        });
        if let (Some(request), Some(members)) = (request, line.as_object_mut()) {
            let mut dice = Dice::new(request, &["request"]);
            members.insert("requestId".to_owned(), dice.uuid().into());
            members.insert("durationMs".to_owned(), dice.between(2, 420).into());
        }
        line.to_string()
    }

    /// A line of the access log, in the combined format and Japanese time.
    fn access(&self, at: Millis, hash: u64, path: &str, status: u16) -> String {
        let mut dice = Dice::new(hash, &["request"]);
        let (id, took) = (dice.uuid(), dice.between(2, 420));
        let method = if path.ends_with("session") { "POST" } else { "GET" };
        let local = timestamp(at.saturating_add(9 * 3_600 * SECOND)).strftime("%d/%b/%Y:%H:%M:%S").to_string();
        let mut line = format!("{} - - [{local} +0900] \"{method} {path} HTTP/1.1\" {status}", self.address);
        let _ = write!(line, " {} {}.{:03} rid={id}", dice.between(180, 64_000), took / 1_000, took % 1_000);
        line
    }
}

/// What a task says that cannot reach its database.
const DATABASE_TRACE: &str = "\
java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 3000ms
\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:179)
\tat jp.example.shop.health.DatabaseHealth.check(DatabaseHealth.java:41)
\tat jp.example.shop.health.HealthEndpoint.get(HealthEndpoint.java:28)
Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user \"app_v2\"
\tat org.postgresql.core.v3.ConnectionFactoryImpl.doAuthentication(ConnectionFactoryImpl.java:711)
\t... 17 more";

/// What a task says that cannot start.
const STARTUP_TRACE: &str = "\
java.lang.IllegalStateException: 設定 PAYMENT_ENDPOINT がありません
\tat jp.example.shop.config.Settings.require(Settings.java:57)
\tat jp.example.shop.Application.main(Application.java:19)";
