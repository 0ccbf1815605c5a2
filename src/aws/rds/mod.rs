//! Databases: what clusters there are, and tokens that stand in for a password.

mod token;

use aws_sdk_rds::types as aws;

use crate::domain::{database::Database, fetch::Failure};

use super::{
    Connection,
    action::Action,
    names::unique,
    paging::{Paged, pages},
    words::name,
};

pub use token::TOKEN_LASTS;

/// The most clusters that are read of one account and region. AWS's own default quota is 40.
const MOST_CLUSTERS: usize = 1_000;
/// How many clusters a page of `DescribeDBClusters` holds at most.
const PAGE: i32 = 100;

impl Connection {
    /// Reads the database clusters.
    ///
    /// # Errors
    /// A [`Failure`] where they cannot be read.
    pub async fn databases(&self) -> Result<Paged<Database>, Failure> {
        let rds = self.databases_client();
        let read = pages(MOST_CLUSTERS, |marker| async move {
            let describe = || rds.describe_db_clusters().max_records(PAGE).set_marker(marker.clone()).send();
            let answer = self.home.caller.call(Action::DescribeDbClusters, "", describe).await?;
            Ok((answer.db_clusters.unwrap_or_default(), answer.marker))
        });
        let read = read.await?;
        Ok(Paged { items: read.items.iter().filter_map(database).collect(), capped: read.capped })
    }

    /// Finds the database cluster that an endpoint belongs to, the writer's or the readers'.
    ///
    /// # Errors
    /// A [`Failure`] where the clusters cannot be read.
    pub async fn database_of(&self, endpoint: &str) -> Result<Option<Database>, Failure> {
        Ok(self.databases().await?.items.into_iter().find(|database| database.has_endpoint(endpoint)))
    }

    fn databases_client(&self) -> &aws_sdk_rds::Client {
        self.rds.get_or_init(|| {
            let hosts = self.home.caller.hosts.rds.clone();
            let config = aws_sdk_rds::config::Builder::from(self.sites.config()).interceptor(hosts);
            aws_sdk_rds::Client::from_conf(config.build())
        })
    }
}

/// Maps a cluster; one without an identifier, an endpoint or a port leads nowhere and is left out.
fn database(raw: &aws::DbCluster) -> Option<Database> {
    let endpoint = name(raw.endpoint.as_deref());
    let port = u16::try_from(raw.port?).ok().filter(|port| *port > 0)?;
    (!endpoint.is_empty()).then_some(())?;
    Some(Database {
        identifier: unique(raw.db_cluster_identifier.as_deref()?),
        engine: name(raw.engine.as_deref()),
        version: name(raw.engine_version.as_deref()),
        status: name(raw.status.as_deref()),
        endpoint,
        reader_endpoint: raw.reader_endpoint.as_deref().map(|raw| name(Some(raw))).filter(|host| !host.is_empty()),
        port,
        iam_auth: raw.iam_database_authentication_enabled.unwrap_or(false),
        database: raw.database_name.as_deref().map(|raw| name(Some(raw))).filter(|name| !name.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> aws_sdk_rds::types::builders::DbClusterBuilder {
        aws::DbCluster::builder().db_cluster_identifier("shop").endpoint("shop.cluster-x").port(5432)
    }

    #[test]
    fn a_cluster_is_mapped_and_one_that_leads_nowhere_is_left_out() {
        let full =
            raw().reader_endpoint("shop.cluster-ro-x").database_name("").iam_database_authentication_enabled(true);
        let mapped = database(&full.build()).unwrap();
        assert_eq!((mapped.identifier.as_str(), mapped.port, mapped.iam_auth), ("shop", 5432, true));
        assert_eq!((mapped.reader_endpoint.as_deref(), mapped.database), (Some("shop.cluster-ro-x"), None));
        assert_eq!(database(&raw().port(70_000).build()), None);
        assert_eq!(database(&raw().set_port(None).build()), None);
        assert_eq!(database(&raw().endpoint("").build()), None);
        assert_eq!(database(&raw().set_db_cluster_identifier(None).build()), None);
    }
}
