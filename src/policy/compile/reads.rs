//! What the dashboards read, each as narrowly as IAM can allow it.

use std::collections::BTreeSet;

use super::Options;
use super::place::Place;
use super::statement::{Drafts, Statement};

/// The region that holds what is of no region: metrics and web ACLs of CloudFront.
///
/// Source: AWS WAF Developer Guide, "Using AWS WAF with Amazon CloudFront": US East (N. Virginia).
const GLOBAL: &str = "us-east-1";

/// What IAM can bind a read to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// To nothing but the region that is asked.
    Region,
    /// To a cluster, by a condition: lists know no resource.
    Listing,
    /// To clusters and what is in them.
    Cluster,
    /// To web ACLs.
    WebAcl,
    /// To Security Hub, wherever findings are gathered.
    Hub,
    /// To the setting that says where findings are gathered.
    Aggregator,
    /// To log groups.
    Log,
}

/// Every call that the screens are read with, beside `sts:GetCallerIdentity`, which needs no permission.
///
/// Source: Service Authorization Reference, the pages of each service. `DescribeAlarms` and `DescribeAlarmHistory` return no
/// composite alarm unless they are allowed on everything (CloudWatch API Reference). `ListTasks` and `ListServices` are
/// bound by `ecs:cluster`.
const READS: &[(&str, Scope)] = &[
    ("ecs:ListClusters", Scope::Region),
    ("ecs:DescribeTaskDefinition", Scope::Region),
    ("cloudwatch:DescribeAlarms", Scope::Region),
    ("cloudwatch:DescribeAlarmHistory", Scope::Region),
    ("cloudwatch:GetMetricData", Scope::Region),
    ("wafv2:ListWebACLs", Scope::Region),
    ("wafv2:ListLoggingConfigurations", Scope::Region),
    ("securityhub:ListFindingAggregators", Scope::Region),
    ("elasticloadbalancing:DescribeTargetGroups", Scope::Region),
    ("elasticloadbalancing:DescribeTargetHealth", Scope::Region),
    ("ecs:ListServices", Scope::Listing),
    ("ecs:ListTasks", Scope::Listing),
    ("ecs:DescribeClusters", Scope::Cluster),
    ("ecs:DescribeServices", Scope::Cluster),
    ("ecs:DescribeTasks", Scope::Cluster),
    ("ecs:ListServiceDeployments", Scope::Cluster),
    ("ecs:DescribeServiceDeployments", Scope::Cluster),
    ("ecs:DescribeServiceRevisions", Scope::Cluster),
    ("wafv2:GetWebACL", Scope::WebAcl),
    ("wafv2:GetSampledRequests", Scope::WebAcl),
    ("wafv2:GetRateBasedStatementManagedKeys", Scope::WebAcl),
    ("wafv2:ListResourcesForWebACL", Scope::WebAcl),
    ("securityhub:GetFindings", Scope::Hub),
    ("securityhub:GetFindingHistory", Scope::Hub),
    ("securityhub:GetFindingAggregator", Scope::Aggregator),
    ("logs:FilterLogEvents", Scope::Log),
    ("logs:StartLiveTail", Scope::Log),
];

/// The parts of a cluster that are read, as resources of ECS.
const IN_A_CLUSTER: [&str; 4] = ["service", "service-deployment", "service-revision", "task"];

/// Lists the actions that the dashboards need.
pub fn dashboard_actions() -> impl Iterator<Item = &'static str> {
    READS.iter().map(|(action, _)| *action)
}

fn actions(scope: Scope) -> impl Iterator<Item = &'static str> {
    READS.iter().filter(move |(_, of)| *of == scope).map(|(action, _)| *action)
}

/// Adds what every role needs to look.
pub(super) fn dashboards(places: &[Place<'_>], options: &Options, drafts: &mut Drafts) {
    if places.is_empty() {
        return;
    }
    let everything = || ["*".to_owned()];
    let all = |arns: &dyn Fn(&Place<'_>) -> Vec<String>| places.iter().flat_map(arns).collect::<Vec<_>>();
    let clusters = all(&clusters);
    let looking = Statement::allow(actions(Scope::Region), everything());
    drafts.add("Dashboards", looking.when("StringEquals", "aws:RequestedRegion", regions(places, true)));
    let listing = Statement::allow(actions(Scope::Listing), everything());
    drafts.add("DashboardsLists", listing.when("ArnLike", "ecs:cluster", clusters.iter().map(String::as_str)));
    let inside = clusters.into_iter().chain(all(&in_clusters));
    drafts.add("DashboardsServices", Statement::allow(actions(Scope::Cluster), inside));
    drafts.add("DashboardsWebAcls", Statement::allow(actions(Scope::WebAcl), all(&web_acls)));
    let hub = |place: &Place<'_>| vec![place.arn("securityhub", "*", "hub/default")];
    drafts.add("DashboardsFindings", Statement::allow(actions(Scope::Hub), all(&hub)));
    let aggregator = |place: &Place<'_>| vec![place.arn("securityhub", "*", "finding-aggregator/*")];
    drafts.add("DashboardsFindingsHome", Statement::allow(actions(Scope::Aggregator), all(&aggregator)));
    let logs = |place: &Place<'_>| place.arns("logs", "log-group:*");
    drafts.add("DashboardsLogs", Statement::allow(actions(Scope::Log), all(&logs)));
    drafts.add("OtherAccounts", Statement::allow(["sts:AssumeRole"], options.assumed_roles.iter().cloned()));
    catalogues(places, drafts);
    journal(places, options, drafts);
}

/// Lists the regions of all places, with the one of what has none where that is in the same partition.
pub(super) fn regions<'p>(places: &'p [Place<'_>], with_global: bool) -> BTreeSet<&'p str> {
    let own = places.iter().flat_map(|place| &place.environment.regions).map(String::as_str);
    let global = places.iter().any(|place| with_global && place.partition == "aws").then_some(GLOBAL);
    own.chain(global).collect()
}

/// Writes the ARNs of a place's clusters.
pub(super) fn clusters(place: &Place<'_>) -> Vec<String> {
    place.clusters().iter().flat_map(|cluster| place.arns("ecs", &format!("cluster/{cluster}"))).collect()
}

fn in_clusters(place: &Place<'_>) -> Vec<String> {
    let inside = |cluster: &&str| IN_A_CLUSTER.map(|part| place.arns("ecs", &format!("{part}/{cluster}/*"))).concat();
    place.clusters().iter().flat_map(inside).collect()
}

fn web_acls(place: &Place<'_>) -> Vec<String> {
    let of = |name: &&str| {
        let mut arns = place.arns("wafv2", &format!("regional/webacl/{name}/*"));
        if place.partition == "aws" {
            arns.push(place.arn("wafv2", GLOBAL, &format!("global/webacl/{name}/*")));
        }
        arns
    };
    place.web_acls().iter().flat_map(of).collect()
}

/// Adds the reading of catalogues that lie in Parameter Store, which nobody whom they restrict may write.
fn catalogues(places: &[Place<'_>], drafts: &mut Drafts) {
    let arns: Vec<String> = places.iter().flat_map(catalogue).collect();
    drafts.add("Catalogue", Statement::allow(["ssm:GetParametersByPath"], arns.clone()));
    let writes = ["ssm:PutParameter", "ssm:DeleteParameter", "ssm:DeleteParameters"];
    drafts.add("NoTamperCatalogue", Statement::deny(writes, arns));
}

fn catalogue(place: &Place<'_>) -> Vec<String> {
    let path = place.environment.catalogue.as_deref().and_then(|written| written.strip_prefix("ssm:/"));
    let Some(path) = path.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty()) else { return Vec::new() };
    [format!("parameter/{path}"), format!("parameter/{path}/*")]
        .iter()
        .flat_map(|part| place.arns("ssm", part))
        .collect()
}

/// Adds the keeping of the journal's heads; they are read back as any log is.
fn journal(places: &[Place<'_>], options: &Options, drafts: &mut Drafts) {
    let Some(group) = &options.journal else { return };
    let home = places.iter().find(|place| place.environment.name == group.environment);
    let resource = format!("log-group:{}:log-stream:*", group.name);
    let stream = home.and_then(|home| Some(home.arn("logs", home.environment.regions.first()?, &resource)));
    drafts.add("Journal", Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"], stream));
}
