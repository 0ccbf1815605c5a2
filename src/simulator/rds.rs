//! Amazon RDS, as far as tunnels need it: the Aurora clusters and their endpoints.
//!
//! <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusters.html>

use std::collections::BTreeMap;

use super::call::Call;
use super::paging;
use super::wire::{ApiError, Input, Value, list, object};
use super::world::Database;

/// The operations that there are.
pub const OPERATIONS: [&str; 1] = ["DescribeDBClusters"];

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "DescribeDBClusters" => describe_db_clusters(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

fn describe_db_clusters(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let databases = call.here().map(|region| region.databases.as_slice()).unwrap_or_default();
    let named = input.text("DBClusterIdentifier")?.filter(|name| !name.is_empty());
    let wanted = filters(input)?;
    let matches = |one: &&Database| {
        named.is_none_or(|name| name.eq_ignore_ascii_case(&one.id) || name == one.arn)
            && wanted.iter().all(|(key, values)| {
                let is = |text: &str| values.iter().any(|value| value == text);
                match key.as_str() {
                    "db-cluster-id" => is(&one.id) || is(&one.arn),
                    "db-cluster-resource-id" => is(&one.resource_id),
                    _ => is(&one.engine),
                }
            })
    };
    let ids: Vec<String> = databases.iter().filter(matches).map(|one| one.id.clone()).collect();
    if let Some(name) = named.filter(|_| ids.is_empty()) {
        let message = format!("DBCluster {name} not found.");
        return Err(ApiError::new("DBClusterNotFoundFault", message).with_status(404));
    }
    let size = match input.integer("MaxRecords")? {
        None => 100,
        Some(size) if (20..=100).contains(&size) => usize::try_from(size).unwrap_or(100),
        Some(size) => {
            let message = format!("Invalid value {size} for MaxRecords. Must be between 20 and 100");
            return Err(ApiError::new("InvalidParameterValue", message));
        }
    };
    let scope = call.scope("DescribeDBClusters");
    let after = match input.text("Marker")?.filter(|marker| !marker.is_empty()) {
        None => None,
        Some(marker) => {
            let invalid = || ApiError::new("InvalidParameterValue", "The request contains an invalid marker");
            Some(paging::open(&scope, marker).ok_or_else(invalid)?)
        }
    };
    let (page, marker) = paging::cut(&scope, ids, after.as_deref(), size);
    let shown = databases.iter().filter(|one| page.contains(&one.id)).map(|one| describe(call, one));
    Ok(object().with("DBClusters", named_list("DBCluster", shown)).with("Marker", marker).into())
}

/// Lists whose items are not called `member`: the Query protocol writes each under its own name.
fn named_list(name: &'static str, items: impl IntoIterator<Item = Value>) -> Value {
    Value::Map(items.into_iter().map(|item| (name.into(), item)).collect())
}

/// Reads `Filters.Filter.1.Values.Value.1`.
fn filters(input: Input<'_>) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
    const KNOWN: [&str; 3] = ["db-cluster-id", "db-cluster-resource-id", "engine"];
    let mut filters = BTreeMap::new();
    let Some(all) = input.structure("Filters")? else { return Ok(filters) };
    for (_, filter) in all.members("Filter")? {
        let filter = Input(filter);
        let name = filter.required("Name")?;
        if !KNOWN.contains(&name) {
            let message = format!("Unrecognized filter name: {name}");
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        let values = filter.structure("Values")?;
        let values = values.map_or(Ok(&[][..]), |values| values.members("Value"))?;
        let text = |(_, value): &(_, Value)| match value {
            Value::Raw(text) => Some(text.clone()),
            _ => None,
        };
        filters.insert(name.to_owned(), values.iter().filter_map(text).collect());
    }
    Ok(filters)
}

fn describe(call: &Call<'_>, one: &Database) -> Value {
    let zones = ["a", "c", "d"].map(|zone| Value::from(format!("{}{zone}", call.region)));
    let member = |(index, name): (usize, &String)| -> Value {
        object()
            .with("DBInstanceIdentifier", name)
            .with("IsClusterWriter", index == 0)
            .with("DBClusterParameterGroupStatus", "in-sync")
            .with("PromotionTier", 1_u32)
            .into()
    };
    let tag = |(key, value): &(String, String)| object().with("Key", key).with("Value", value).into();
    let group = object().with("VpcSecurityGroupId", "sg-0d1b7c4a9e2f35680").with("Status", "active").into();
    object()
        .with("AllocatedStorage", 1_u32)
        .with("AvailabilityZones", named_list("AvailabilityZone", zones))
        .with("BackupRetentionPeriod", 7_u32)
        .with("DatabaseName", one.first.clone())
        .with("DBClusterIdentifier", &one.id)
        .with("DBClusterParameterGroup", format!("default.{}", one.engine))
        .with("DBSubnetGroup", "shop-private")
        .with("Status", &one.status)
        .with("Endpoint", &one.endpoint)
        .with("ReaderEndpoint", &one.reader_endpoint)
        .with("MultiAZ", one.members.len() > 1)
        .with("Engine", &one.engine)
        .with("EngineVersion", &one.engine_version)
        .with("Port", one.port)
        .with("MasterUsername", "postgres")
        .with("DBClusterMembers", named_list("DBClusterMember", one.members.iter().enumerate().map(member)))
        .with("VpcSecurityGroups", named_list("VpcSecurityGroupMembership", [group]))
        .with("HostedZoneId", "Z24O6O9L7SGTNB")
        .with("StorageEncrypted", true)
        .with("DbClusterResourceId", &one.resource_id)
        .with("DBClusterArn", &one.arn)
        .with("IAMDatabaseAuthenticationEnabled", one.iam)
        .time("ClusterCreateTime", one.created)
        .with("EnabledCloudwatchLogsExports", list(["postgresql"]))
        .with("EngineMode", "provisioned")
        .with("DeletionProtection", true)
        .with("HttpEndpointEnabled", false)
        .with("CopyTagsToSnapshot", true)
        .with("CrossAccountClone", false)
        .with("TagList", named_list("Tag", one.tags.iter().map(tag)))
        .with("AutoMinorVersionUpgrade", true)
        .into()
}
