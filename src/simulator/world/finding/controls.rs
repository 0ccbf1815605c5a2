//! Controls of the AWS Foundational Security Best Practices.
//!
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html>

/// A control.
#[derive(Debug)]
pub struct Control {
    /// `EC2.19`
    pub id: &'static str,
    pub title: &'static str,
    pub severity: &'static str,
    pub resource_type: &'static str,
}

/// Finds a control by its id.
pub fn known_control(id: &str) -> Option<&'static Control> {
    CONTROLS.iter().find(|control| control.id == id)
}

const fn control(
    id: &'static str,
    severity: &'static str,
    resource_type: &'static str,
    title: &'static str,
) -> Control {
    Control { id, title, severity, resource_type }
}

const CONTROLS: [Control; 36] = [
    control(
        "ACM.1",
        "MEDIUM",
        "AwsCertificateManagerCertificate",
        "Imported and ACM-issued certificates should be renewed after a specified time period",
    ),
    control(
        "CloudFront.3",
        "MEDIUM",
        "AwsCloudFrontDistribution",
        "CloudFront distributions should require encryption in transit",
    ),
    control(
        "CloudTrail.5",
        "LOW",
        "AwsCloudTrailTrail",
        "CloudTrail trails should be integrated with Amazon CloudWatch Logs",
    ),
    control(
        "EC2.2",
        "HIGH",
        "AwsEc2SecurityGroup",
        "VPC default security groups should not allow inbound or outbound traffic",
    ),
    control("EC2.6", "MEDIUM", "AwsEc2Vpc", "VPC flow logging should be enabled in all VPCs"),
    control("EC2.8", "HIGH", "AwsEc2Instance", "EC2 instances should use Instance Metadata Service Version 2 (IMDSv2)"),
    control(
        "EC2.10",
        "MEDIUM",
        "AwsEc2Vpc",
        "Amazon EC2 should be configured to use VPC endpoints that are created for the Amazon EC2 service",
    ),
    control(
        "EC2.18",
        "HIGH",
        "AwsEc2SecurityGroup",
        "Security groups should only allow unrestricted incoming traffic for authorized ports",
    ),
    control(
        "EC2.19",
        "CRITICAL",
        "AwsEc2SecurityGroup",
        "Security groups should not allow unrestricted access to ports with high risk",
    ),
    control(
        "EC2.21",
        "MEDIUM",
        "AwsEc2NetworkAcl",
        "Network ACLs should not allow ingress from 0.0.0.0/0 to port 22 or port 3389",
    ),
    control("ECR.1", "HIGH", "AwsEcrRepository", "ECR private repositories should have image scanning configured"),
    control("ECR.2", "MEDIUM", "AwsEcrRepository", "ECR private repositories should have tag immutability configured"),
    control(
        "ECR.3",
        "MEDIUM",
        "AwsEcrRepository",
        "ECR repositories should have at least one lifecycle policy configured",
    ),
    control(
        "ECS.2",
        "HIGH",
        "AwsEcsService",
        "ECS services should not have public IP addresses assigned to them automatically",
    ),
    control(
        "ECS.5",
        "HIGH",
        "AwsEcsTaskDefinition",
        "ECS containers should be limited to read-only access to root filesystems",
    ),
    control("ECS.9", "HIGH", "AwsEcsTaskDefinition", "ECS task definitions should have a logging configuration"),
    control("ECS.12", "MEDIUM", "AwsEcsCluster", "ECS clusters should use Container Insights"),
    control(
        "ELB.4",
        "MEDIUM",
        "AwsElbv2LoadBalancer",
        "Application Load Balancer should be configured to drop invalid http headers",
    ),
    control(
        "ELB.5",
        "MEDIUM",
        "AwsElbv2LoadBalancer",
        "Application and Classic Load Balancers logging should be enabled",
    ),
    control(
        "ELB.6",
        "MEDIUM",
        "AwsElbv2LoadBalancer",
        "Application, Gateway, and Network Load Balancers should have deletion protection enabled",
    ),
    control("GuardDuty.1", "HIGH", "AwsAccount", "GuardDuty should be enabled"),
    control("IAM.3", "MEDIUM", "AwsIamUser", "IAM users' access keys should be rotated every 90 days or less"),
    control("IAM.4", "CRITICAL", "AwsAccount", "IAM root user access key should not exist"),
    control("IAM.6", "CRITICAL", "AwsAccount", "Hardware MFA should be enabled for the root user"),
    control("IAM.8", "MEDIUM", "AwsIamUser", "Unused IAM user credentials should be removed"),
    control(
        "IAM.21",
        "LOW",
        "AwsIamPolicy",
        "IAM customer managed policies that you create should not allow wildcard actions for services",
    ),
    control("KMS.3", "CRITICAL", "AwsKmsKey", "AWS KMS keys should not be deleted unintentionally"),
    control("Lambda.2", "MEDIUM", "AwsLambdaFunction", "Lambda functions should use supported runtimes"),
    control(
        "RDS.5",
        "MEDIUM",
        "AwsRdsDbInstance",
        "RDS DB instances should be configured with multiple Availability Zones",
    ),
    control("RDS.7", "LOW", "AwsRdsDbCluster", "RDS clusters should have deletion protection enabled"),
    control("RDS.8", "LOW", "AwsRdsDbInstance", "RDS DB instances should have deletion protection enabled"),
    control(
        "RDS.15",
        "MEDIUM",
        "AwsRdsDbCluster",
        "RDS DB clusters should be configured for multiple Availability Zones",
    ),
    control("S3.5", "MEDIUM", "AwsS3Bucket", "S3 general purpose buckets should require requests to use SSL"),
    control("S3.9", "MEDIUM", "AwsS3Bucket", "S3 general purpose buckets should have server access logging enabled"),
    control("S3.13", "LOW", "AwsS3Bucket", "S3 general purpose buckets should have Lifecycle configurations"),
    control(
        "SecretsManager.1",
        "MEDIUM",
        "AwsSecretsManagerSecret",
        "Secrets Manager secrets should have automatic rotation enabled",
    ),
];
