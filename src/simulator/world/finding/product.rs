//! Who finds things, and how each of them names what it finds.
//!
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-internal-providers.html>

use crate::simulator::random::Dice;
use crate::simulator::scenario::Product;

impl Product {
    /// The product's name in its findings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecurityHub => "Security Hub",
            Self::Guardduty => "GuardDuty",
            Self::Inspector => "Inspector",
            Self::Config => "Config",
            Self::AccessAnalyzer => "IAM Access Analyzer",
            Self::Health => "Health",
            Self::Macie => "Macie",
            Self::FirewallManager => "Firewall Manager",
            Self::PatchManager => "Systems Manager Patch Manager",
        }
    }

    /// The company's name in its findings.
    pub const fn company(self) -> &'static str {
        match self {
            Self::Guardduty | Self::Inspector | Self::Macie => "Amazon",
            _ => "AWS",
        }
    }

    /// The product's ARN in a region.
    pub fn arn(self, region: &str) -> String {
        format!("arn:aws:securityhub:{region}::product/aws/{}", self.path())
    }

    const fn path(self) -> &'static str {
        match self {
            Self::SecurityHub => "securityhub",
            Self::Guardduty => "guardduty",
            Self::Inspector => "inspector",
            Self::Config => "config",
            Self::AccessAnalyzer => "access-analyzer",
            Self::Health => "health",
            Self::Macie => "macie",
            Self::FirewallManager => "firewall-manager",
            Self::PatchManager => "ssm-patch-manager",
        }
    }

    /// The finding's type in Security Hub's taxonomy, from the product's own.
    pub fn kind(self, own: Option<&str>) -> String {
        let own = own.map(|kind| kind.replace('/', "-"));
        match (self, own) {
            (Self::SecurityHub, _) => "Software and Configuration Checks/Industry and Regulatory Standards".to_owned(),
            (Self::Guardduty, Some(kind)) => format!("TTPs/{kind}"),
            (Self::Guardduty, None) => "TTPs".to_owned(),
            (Self::Inspector, _) => "Software and Configuration Checks/Vulnerabilities/CVE".to_owned(),
            (Self::AccessAnalyzer, _) => {
                "Software and Configuration Checks/AWS Security Best Practices/External Access Granted".to_owned()
            }
            (Self::Macie, Some(kind)) => format!("Sensitive Data Identifications/{kind}"),
            (Self::Macie, None) => "Sensitive Data Identifications".to_owned(),
            (Self::PatchManager, _) => "Software and Configuration Checks/Patch Compliance".to_owned(),
            _ => "Software and Configuration Checks".to_owned(),
        }
    }

    /// The id of a finding, drawn from its own chance.
    pub fn finding_id(self, region: &str, account: &str, generator: &str, dice: &mut Dice) -> String {
        match self {
            Self::SecurityHub => {
                format!("arn:aws:securityhub:{region}:{account}:{generator}/finding/{}", dice.uuid())
            }
            Self::Guardduty => format!("{generator}/finding/{}", dice.hex(32)),
            Self::Inspector => format!("arn:aws:inspector2:{region}:{account}:finding/{}", dice.hex(32)),
            Self::Config => format!("{generator}/finding/{}", dice.hex(40)),
            Self::AccessAnalyzer => {
                format!("arn:aws:access-analyzer:{region}:{account}:analyzer/organization/{}", dice.uuid())
            }
            Self::Health => {
                format!("arn:aws:health:{region}::event/{generator}/{generator}_{}", dice.hex(12))
            }
            Self::Macie => format!("arn:aws:macie2:{region}:{account}:finding/{}", dice.hex(32)),
            Self::FirewallManager => format!("{generator}/{}", dice.hex(32)),
            Self::PatchManager => {
                format!("arn:aws:ssm:{region}:{account}:patchbaseline/{}/{}", dice.hex(17), dice.hex(32))
            }
        }
    }

    /// What made the finding: a control, a detector, a rule.
    pub fn generator(self, region: &str, account: &str, control: Option<&str>, seed: u64) -> String {
        let mut dice = Dice::new(seed, &["generator", account, region, self.name(), control.unwrap_or_default()]);
        match self {
            Self::SecurityHub => format!("security-control/{}", control.unwrap_or("Custom.1")),
            Self::Guardduty => format!("arn:aws:guardduty:{region}:{account}:detector/{}", dice.hex(32)),
            Self::Inspector => "AWSInspector".to_owned(),
            Self::Config => {
                let id: String = dice.letters(6).to_lowercase();
                format!("arn:aws:config:{region}:{account}:config-rule/config-rule-{id}")
            }
            Self::AccessAnalyzer => "aws/access-analyzer".to_owned(),
            Self::Health => control.unwrap_or("AWS_SECURITY_NOTIFICATION").to_owned(),
            Self::Macie => "aws/macie".to_owned(),
            Self::FirewallManager => format!("arn:aws:fms:{region}:{account}:policy/{}", dice.uuid()),
            Self::PatchManager => "aws/ssm-patch-manager".to_owned(),
        }
    }
}

/// The id of a resource from its name: an ARN as far as it has one.
pub fn resource_id(kind: &str, name: &str, region: &str, account: &str) -> String {
    if name.starts_with("arn:") || name.starts_with("AWS::") {
        return name.to_owned();
    }
    let regional = |service: &str, rest: &str| format!("arn:aws:{service}:{region}:{account}:{rest}{name}");
    match kind {
        "AwsAccount" => format!("AWS::::Account:{account}"),
        "AwsCertificateManagerCertificate" => regional("acm", "certificate/"),
        "AwsCloudFrontDistribution" => format!("arn:aws:cloudfront::{account}:distribution/{name}"),
        "AwsCloudTrailTrail" => regional("cloudtrail", "trail/"),
        "AwsEc2Instance" => regional("ec2", "instance/"),
        "AwsEc2NetworkAcl" => regional("ec2", "network-acl/"),
        "AwsEc2SecurityGroup" => regional("ec2", "security-group/"),
        "AwsEc2Vpc" => regional("ec2", "vpc/"),
        "AwsEcrContainerImage" | "AwsEcrRepository" => regional("ecr", "repository/"),
        "AwsEcsCluster" => regional("ecs", "cluster/"),
        "AwsEcsService" => regional("ecs", "service/"),
        "AwsEcsTaskDefinition" => regional("ecs", "task-definition/"),
        "AwsElbv2LoadBalancer" => regional("elasticloadbalancing", "loadbalancer/app/"),
        "AwsIamAccessKey" => format!("AWS::IAM::AccessKey:{name}"),
        "AwsIamPolicy" => format!("arn:aws:iam::{account}:policy/{name}"),
        "AwsIamRole" => format!("arn:aws:iam::{account}:role/{name}"),
        "AwsIamUser" => format!("arn:aws:iam::{account}:user/{name}"),
        "AwsKmsKey" => regional("kms", "key/"),
        "AwsLambdaFunction" => regional("lambda", "function:"),
        "AwsRdsDbCluster" => regional("rds", "cluster:"),
        "AwsRdsDbInstance" => regional("rds", "db:"),
        "AwsS3Bucket" => format!("arn:aws:s3:::{name}"),
        "AwsSecretsManagerSecret" => regional("secretsmanager", "secret:"),
        _ => name.to_owned(),
    }
}
