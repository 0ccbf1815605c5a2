//! The services of AWS that the account has, and what their front ends want.

use axum::http::{HeaderMap, header};

/// A service of AWS that the account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Elastic Container Service.
    Ecs,
    /// CloudWatch metrics and alarms.
    CloudWatch,
    /// Security Token Service.
    Sts,
    /// The web application firewall, version 2.
    Wafv2,
    /// Security Hub.
    SecurityHub,
    /// Elastic Load Balancing, version 2.
    ElasticLoadBalancing,
    /// CloudWatch Logs.
    Logs,
    /// Systems Manager.
    Ssm,
    /// Key Management Service.
    Kms,
    /// Relational Database Service.
    Rds,
    /// Identity and Access Management.
    Iam,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Ecs,
        Self::CloudWatch,
        Self::Sts,
        Self::Wafv2,
        Self::SecurityHub,
        Self::ElasticLoadBalancing,
        Self::Logs,
        Self::Ssm,
        Self::Kms,
        Self::Rds,
        Self::Iam,
    ];

    /// The name in IAM actions.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::CloudWatch => "cloudwatch",
            Self::Sts => "sts",
            Self::Wafv2 => "wafv2",
            Self::SecurityHub => "securityhub",
            Self::ElasticLoadBalancing => "elasticloadbalancing",
            Self::Logs => "logs",
            Self::Ssm => "ssm",
            Self::Kms => "kms",
            Self::Rds => "rds",
            Self::Iam => "iam",
        }
    }

    /// The name that a signature's scope must carry.
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::CloudWatch => "monitoring",
            other => other.prefix(),
        }
    }

    /// What stands before an operation's name in `x-amz-target`, where the service speaks a JSON of that kind.
    pub const fn target(self) -> Option<&'static str> {
        match self {
            Self::Ecs => Some("AmazonEC2ContainerServiceV20141113."),
            Self::CloudWatch => Some("GraniteServiceVersion20100801."),
            Self::Wafv2 => Some("AWSWAF_20190729."),
            Self::Logs => Some("Logs_20140328."),
            Self::Ssm => Some("AmazonSSM."),
            Self::Kms => Some("TrentService."),
            Self::Sts | Self::SecurityHub | Self::ElasticLoadBalancing | Self::Rds | Self::Iam => None,
        }
    }

    /// The `Version` that a form of the Query protocol names, where the service speaks that.
    pub const fn query_version(self) -> Option<&'static str> {
        match self {
            Self::Sts => Some("2011-06-15"),
            Self::ElasticLoadBalancing => Some("2015-12-01"),
            Self::Rds => Some("2014-10-31"),
            Self::Iam => Some("2010-05-08"),
            _ => None,
        }
    }

    /// The XML namespace of its answers.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::ElasticLoadBalancing => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            Self::Rds => "http://rds.amazonaws.com/doc/2014-10-31/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            _ => "",
        }
    }

    /// What stands before an error's name in CBOR.
    pub const fn shape_prefix(self) -> &'static str {
        match self {
            Self::CloudWatch => "com.amazonaws.cloudwatch#",
            _ => "",
        }
    }

    /// Finds the service that a request was signed for, whether or not the signature holds.
    pub fn signed_for(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (_, rest) = text.split_once("Credential=")?;
        let name = rest.split(',').next()?.split('/').nth(3)?;
        Self::ALL.into_iter().find(|service| service.signing_name() == name)
    }
}
