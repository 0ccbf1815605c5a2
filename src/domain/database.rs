//! Describes the databases that tunnels lead to, and how a client is told to reach one through a tunnel.

use std::{fmt::Write as _, net::SocketAddr};

/// Describes a database cluster as `DescribeDBClusters` saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The cluster's identifier.
    pub identifier: String,
    /// AWS's word for the engine, such as `aurora-postgresql`.
    pub engine: String,
    /// The engine's version, such as `16.4`; may be empty.
    pub version: String,
    /// AWS's word for how it fares, such as `available`.
    pub status: String,
    /// The endpoint of the writer.
    pub endpoint: String,
    /// The endpoint of the readers, where there is one.
    pub reader_endpoint: Option<String>,
    /// The port.
    pub port: u16,
    /// Whether IAM database authentication is on: a token may stand in for a password.
    pub iam_auth: bool,
    /// The database that was made with the cluster, where one was.
    pub database: Option<String>,
}

/// Names the kinds of client that a database wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// `PostgreSQL`: `psql` and whatever uses libpq.
    Postgres,
    /// `MySQL` and `MariaDB`.
    Mysql,
}

impl Wire {
    /// Finds what an engine speaks: `aurora-postgresql`, `postgres`, `aurora-mysql`, `mysql`, `mariadb`.
    pub fn of_engine(engine: &str) -> Option<Self> {
        if engine.contains("postgres") {
            Some(Self::Postgres)
        } else if engine.contains("mysql") || engine.contains("mariadb") {
            Some(Self::Mysql)
        } else {
            None
        }
    }

    /// Guesses what is spoken at a port that is an engine's own: 5432 or 3306.
    pub fn of_port(port: u16) -> Option<Self> {
        match port {
            5432 => Some(Self::Postgres),
            3306 => Some(Self::Mysql),
            _ => None,
        }
    }
}

impl Database {
    /// Returns what the cluster speaks, where that is known.
    pub fn wire(&self) -> Option<Wire> {
        Wire::of_engine(&self.engine)
    }

    /// Tells whether a host is one of the cluster's endpoints; names of hosts know no case.
    pub fn has_endpoint(&self, host: &str) -> bool {
        let reader = self.reader_endpoint.as_deref().unwrap_or_default();
        !host.is_empty() && [self.endpoint.as_str(), reader].iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// Says how a client reaches a database through a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way<'a> {
    /// What is spoken.
    pub wire: Wire,
    /// The host as its certificate names it.
    pub host: &'a str,
    /// Where the tunnel listens.
    pub local: SocketAddr,
    /// The user, where one is meant.
    pub user: Option<&'a str>,
    /// The database, where one is meant.
    pub database: Option<&'a str>,
}

/// The call of a database's own client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCall {
    /// The program's name, to be looked up in the path.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The variable of its environment that takes its password.
    pub password: &'static str,
}

impl Way<'_> {
    /// Returns the call of the client that comes with the database: `psql` or `mysql`.
    ///
    /// Sources: `PostgreSQL`, "Environment Variables" (`PGPASSWORD`); `MySQL`, "Environment Variables" (`MYSQL_PWD`).
    pub fn client(&self) -> ClientCall {
        match self.wire {
            Wire::Postgres => {
                ClientCall { program: "psql", arguments: vec![self.connection_string()], password: "PGPASSWORD" }
            }
            Wire::Mysql => {
                let mut arguments = vec![
                    format!("--host={}", self.local.ip()),
                    format!("--port={}", self.local.port()),
                    "--protocol=TCP".to_owned(),
                    "--ssl-mode=VERIFY_CA".to_owned(),
                    "--enable-cleartext-plugin".to_owned(),
                ];
                arguments.extend(self.user.map(|user| format!("--user={user}")));
                arguments.extend(self.database.map(|name| format!("--database={name}")));
                ClientCall { program: "mysql", arguments, password: "MYSQL_PWD" }
            }
        }
    }

    /// Returns the connection string: of libpq, or for `MySQL` the options as an option file has them, in one line.
    ///
    /// libpq's `host` is what the certificate is checked for, while `hostaddr` says where to connect. `MySQL`'s clients know no
    /// such pair; they check the chain of the certificate and not its name, and never speak in the clear.
    ///
    /// Sources: `PostgreSQL`, "Connection Strings" (`host`, `hostaddr`, `sslmode`); `MySQL`, "Command Options for Encrypted
    /// Connections" (`ssl-mode`), "Client-Side Cleartext Pluggable Authentication", which IAM tokens need.
    pub fn connection_string(&self) -> String {
        let (address, port) = (self.local.ip(), self.local.port());
        let mut text = match self.wire {
            Wire::Postgres => format!("host={} hostaddr={address} port={port} sslmode=verify-full", quoted(self.host)),
            Wire::Mysql => {
                format!("host={address} port={port} protocol=TCP ssl-mode=VERIFY_CA enable-cleartext-plugin=1")
            }
        };
        let database = match self.wire {
            Wire::Postgres => "dbname",
            Wire::Mysql => "database",
        };
        for (key, value) in [("user", self.user), (database, self.database)] {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = write!(text, " {key}={}", quoted(value));
            }
        }
        text
    }
}

/// Quotes a value where it has to be: empty, or with a space, a quote or a backslash in it.
///
/// Source: `PostgreSQL`, "Keyword/Value Connection Strings"; option files of `MySQL` take the same.
fn quoted(value: &str) -> String {
    let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c == '\'' || c == '\\');
    if plain {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn way(wire: Wire) -> Way<'static> {
        Way {
            wire,
            host: "shop-prd.cluster-ro-abc.ap-northeast-1.rds.amazonaws.com",
            local: "127.0.0.1:15432".parse().unwrap(),
            user: None,
            database: None,
        }
    }

    #[test]
    fn the_certificate_is_checked_for_the_endpoint_and_not_for_localhost() {
        assert_eq!(
            way(Wire::Postgres).connection_string(),
            "host=shop-prd.cluster-ro-abc.ap-northeast-1.rds.amazonaws.com hostaddr=127.0.0.1 port=15432 \
             sslmode=verify-full"
        );
        let full = Way { user: Some("ops_ro"), database: Some("shop"), ..way(Wire::Postgres) };
        assert!(full.connection_string().ends_with("sslmode=verify-full user=ops_ro dbname=shop"));
        let mysql = Way { user: Some("ops_ro"), database: Some("shop"), ..way(Wire::Mysql) };
        assert_eq!(
            mysql.connection_string(),
            "host=127.0.0.1 port=15432 protocol=TCP ssl-mode=VERIFY_CA enable-cleartext-plugin=1 user=ops_ro \
             database=shop"
        );
    }

    #[rstest]
    #[case("shop", "shop")]
    #[case("", "''")]
    #[case("my shop", "'my shop'")]
    #[case(r"o'brien\x", r"'o\'brien\\x'")]
    #[case("決済", "決済")]
    fn values_are_quoted_where_they_must_be(#[case] value: &str, #[case] written: &str) {
        let way = Way { database: Some(value), ..way(Wire::Postgres) };
        assert!(way.connection_string().ends_with(&format!(" dbname={written}")));
    }

    #[rstest]
    #[case("aurora-postgresql", Some(Wire::Postgres))]
    #[case("postgres", Some(Wire::Postgres))]
    #[case("aurora-mysql", Some(Wire::Mysql))]
    #[case("mariadb", Some(Wire::Mysql))]
    #[case("docdb", None)]
    fn engines_are_known_by_what_they_speak(#[case] engine: &str, #[case] wire: Option<Wire>) {
        assert_eq!(Wire::of_engine(engine), wire);
    }

    #[test]
    fn an_endpoint_is_known_in_any_case_and_never_the_empty_one() {
        let database = Database {
            identifier: "shop".to_owned(),
            engine: "aurora-postgresql".to_owned(),
            version: String::new(),
            status: "available".to_owned(),
            endpoint: "shop.cluster-x".to_owned(),
            reader_endpoint: None,
            port: 5432,
            iam_auth: true,
            database: None,
        };
        assert!(database.has_endpoint("SHOP.cluster-x"));
        assert!(!database.has_endpoint("") && !database.has_endpoint("shop.cluster-ro-x"));
    }
}
