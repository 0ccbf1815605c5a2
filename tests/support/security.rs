//! Web ACLs and findings made by hand: an SQL injection that has just begun, and what Security Hub gathered.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sekisho::domain::finding::{
    Finding, FindingChange, FindingKey, FindingSeverity, FindingsSnapshot, Remediation, Resource, Workflow,
};
use sekisho::domain::metric::{Range, Series};
use sekisho::domain::waf::{
    ALL_RULES, BASELINE_PERIOD, DEFAULT_ACTION, Limited, Logging, Outcome, Rule, RuleCount, RuleKind, RuleTraffic,
    SampledRequest, Samples, Scope, WafSnapshot, WebAcl, WebAclDetail, WebAclKey, WebAclUse,
};
use sekisho::state::event::Report;

use super::{ago, now};

pub fn rule(priority: i32, name: &str, kind: RuleKind, action: &str) -> Rule {
    Rule {
        name: name.to_owned(),
        priority,
        metric: format!("{name}Metric"),
        metrics_enabled: true,
        sampled: true,
        kind,
        action: action.to_owned(),
    }
}

fn managed(name: &str) -> RuleKind {
    RuleKind::Managed { vendor: "AWS".to_owned(), name: name.to_owned() }
}

fn rules() -> Vec<Rule> {
    let limit = |limit| RuleKind::RateLimit { limit, window: 300, by: "IP".to_owned() };
    let countries = vec!["JP".to_owned()];
    let mut all = vec![
        rule(0, "AllowOffice", RuleKind::IpSet("shop-office".to_owned()), "Allow"),
        rule(1, "AWSManagedRulesCommonRuleSet", managed("AWSManagedRulesCommonRuleSet"), "Group"),
        rule(2, "AWSManagedRulesKnownBadInputsRuleSet", managed("AWSManagedRulesKnownBadInputsRuleSet"), "Group"),
        rule(3, "AWSManagedRulesAmazonIpReputationList", managed("AWSManagedRulesAmazonIpReputationList"), "Group"),
        rule(4, "RateLimitRule", limit(1_000), "Block"),
        rule(5, "LoginRateLimit", limit(10), "Block"),
        rule(6, "GeoBlock", RuleKind::Geo { countries, except: true }, "Count"),
    ];
    all[5].metrics_enabled = false;
    all
}

pub fn key(scope: Scope, name: &str) -> WebAclKey {
    WebAclKey { scope, name: name.to_owned() }
}

pub fn web_acl(scope: Scope, name: &str, logging: Logging) -> WebAcl {
    let region = if scope == Scope::CloudFront { "us-east-1" } else { "ap-northeast-1" };
    let kind = if scope == Scope::CloudFront { "global" } else { "regional" };
    WebAcl {
        key: key(scope, name),
        id: "0a1b2c3d-0000-4000-8000-000000000001".to_owned(),
        arn: format!("arn:aws:wafv2:{region}:111122223333:{kind}/webacl/{name}/0a1b2c3d-0000-4000-8000-000000000001"),
        region: region.to_owned(),
        description: "ショップ前段のWAF".to_owned(),
        detail: Some(WebAclDetail {
            metric: format!("{name}-waf"),
            metrics_enabled: true,
            default_action: "Allow".to_owned(),
            rules: rules(),
            capacity: 1_425,
        }),
        logging,
        as_of: now(),
    }
}

/// Two web ACLs of prd, and one of dev that is not logged.
pub fn waf() -> Report {
    let firehose =
        Logging::On(vec!["arn:aws:firehose:ap-northeast-1:111122223333:deliverystream/aws-waf-logs-shop".to_owned()]);
    let acls = [
        web_acl(Scope::Regional, "shop-dev", Logging::Off),
        web_acl(Scope::Regional, "shop-prd", firehose.clone()),
        web_acl(Scope::CloudFront, "shop-prd-cdn", firehose),
    ];
    Report::Waf(Arc::new(WafSnapshot { acls: acls.into_iter().map(Arc::new).collect(), capped: false }))
}

/// What a web ACL blocked in eight days: so many a minute usually, and so many in the last minutes.
pub fn baseline(name: &str, scope: Scope, usual: f64, attack: f64, minutes: i64) -> (WebAclKey, Arc<Series>) {
    let acl = web_acl(scope, name, Logging::Off);
    let query = acl.query(Outcome::Blocked, ALL_RULES, BASELINE_PERIOD).unwrap();
    let period = i64::from(BASELINE_PERIOD);
    let end = now().as_second().div_euclid(period) * period;
    let from = end - 8 * 24 * 3_600;
    let points = (from..end).step_by(usize::try_from(period).unwrap()).map(|at| {
        let rate = if at >= end - minutes * 60 { attack } else { usual };
        (at, rate * 5.0)
    });
    let points = points.filter(|(_, sum)| *sum > 0.0).collect();
    let at = |second| Timestamp::from_second(second).unwrap();
    (acl.key, Arc::new(Series { query, from: at(from), to: at(end), points, partial: false }))
}

/// What the rules of a web ACL counted in the last hour.
pub fn traffic() -> RuleTraffic {
    let end = now().as_second().div_euclid(60) * 60;
    let count = |rule: &str, outcome, usual: f64, attack: f64| RuleCount {
        rule: rule.to_owned(),
        outcome,
        points: (0..60)
            .map(|minute| (end - (60 - minute) * 60, if minute >= 40 { attack } else { usual }))
            .filter(|(_, sum)| *sum > 0.0)
            .collect(),
    };
    RuleTraffic {
        range: Range::Hour,
        from: now() - SignedDuration::from_hours(1),
        to: now(),
        period: 60,
        counts: vec![
            count(ALL_RULES, Outcome::Allowed, 2_400.0, 2_350.0),
            count(ALL_RULES, Outcome::Blocked, 10.0, 140.0),
            count(ALL_RULES, Outcome::Counted, 4.0, 31.0),
            count(DEFAULT_ACTION, Outcome::Allowed, 2_400.0, 2_350.0),
            count("AWSManagedRulesCommonRuleSetMetric", Outcome::Blocked, 7.0, 110.0),
            count("AWSManagedRulesKnownBadInputsRuleSetMetric", Outcome::Blocked, 3.0, 5.0),
            count("RateLimitRuleMetric", Outcome::Blocked, 0.0, 25.0),
            count("GeoBlockMetric", Outcome::Counted, 4.0, 31.0),
            count("OldRuleMetric", Outcome::Blocked, 0.0, 1.0),
        ],
        partial: false,
    }
}

fn sample(minutes: i64, country: &str, address: &str, uri: &str, weight: u64) -> Arc<SampledRequest> {
    Arc::new(SampledRequest {
        at: ago(minutes),
        rule: "AWSManagedRulesCommonRuleSetMetric".to_owned(),
        rule_within_group: Some("AWS#AWSManagedRulesCommonRuleSet#SQLi_QUERYARGUMENTS".to_owned()),
        action: "BLOCK".to_owned(),
        address: address.to_owned(),
        country: country.to_owned(),
        method: "GET".to_owned(),
        uri: uri.to_owned(),
        version: "HTTP/2.0".to_owned(),
        headers: vec![
            ("Host".to_owned(), "shop.example.jp".to_owned()),
            ("User-Agent".to_owned(), "sqlmap/1.8".to_owned()),
        ],
        labels: vec!["awswaf:managed:aws:sql-database:SQLi_QueryArguments".to_owned()],
        response: Some(403),
        weight,
    })
}

pub fn samples() -> Samples {
    let requests = vec![
        sample(1, "RU", "203.0.113.9", "/api/items?id=1%27%20OR%201=1--", 12),
        sample(1, "CN", "198.51.100.77", "/api/items?id=1;DROP TABLE users", 9),
        sample(2, "RU", "203.0.113.9", "/login?user=admin%27--", 8),
        sample(3, "BR", "2001:db8:51:3::7", "/検索?q=%27%3B", 4),
        sample(5, "", "192.0.2.14", "/api/items?id=2", 1),
    ];
    Samples {
        requests,
        population: 2_800,
        from: Some(ago(180)),
        to: Some(now()),
        rules: vec!["AWSManagedRulesCommonRuleSetMetric".to_owned()],
    }
}

pub fn web_acl_use() -> WebAclUse {
    let balancer =
        "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:loadbalancer/app/shop-prd/50dc6c495c0c9188";
    WebAclUse {
        resources: Some(vec![balancer.to_owned()]),
        limited: vec![Limited {
            rule: "RateLimitRule".to_owned(),
            addresses: vec![
                "203.0.113.9/32".to_owned(),
                "198.51.100.77/32".to_owned(),
                "2001:db8:51:3::/64".to_owned(),
            ],
        }],
    }
}

pub fn finding(number: usize, severity: &str, workflow: &str, product: &str, title: &str) -> Finding {
    let minutes = i64::try_from(number).unwrap() * 97 + 31;
    Finding {
        key: FindingKey {
            id: format!("arn:aws:securityhub:ap-northeast-1:111122223333:finding/{number:04}"),
            product_arn: format!("arn:aws:securityhub:ap-northeast-1::product/aws/{}", product.to_lowercase()),
        },
        product: product.to_owned(),
        account: "111122223333".to_owned(),
        region: "ap-northeast-1".to_owned(),
        title: title.to_owned(),
        description: format!("{title}. 詳細は対象リソースを確認してください。"),
        severity: FindingSeverity::from_aws(severity),
        workflow: Workflow::from_aws(workflow),
        active: true,
        compliance: String::new(),
        control: String::new(),
        generator: "arn:aws:guardduty:ap-northeast-1:111122223333:detector/12ab".to_owned(),
        types: vec!["TTPs/Credential Access".to_owned()],
        resources: vec![Resource {
            kind: "AwsIamAccessKey".to_owned(),
            id: "arn:aws:iam::111122223333:user/deploy-bot".to_owned(),
            region: "ap-northeast-1".to_owned(),
        }],
        remediation: Remediation {
            text: "Deactivate the access key, then look at what it did in CloudTrail.".to_owned(),
            url: "https://docs.aws.amazon.com/guardduty/latest/ug/compromised-creds.html".to_owned(),
        },
        first_seen: Some(ago(minutes)),
        last_seen: Some(ago(minutes.min(12))),
        created_at: Some(ago(minutes)),
        updated_at: Some(ago(minutes.min(12))),
        note: String::new(),
    }
}

/// What Security Hub gathered: a leaked key, a control that fails for three resources, and what is less.
pub fn findings() -> FindingsSnapshot {
    let control = |number: usize, resource: &str| {
        let mut one = finding(number, "HIGH", "NEW", "Security Hub", "S3 buckets should block public access");
        "S3.8".clone_into(&mut one.control);
        "FAILED".clone_into(&mut one.compliance);
        one.resources[0].id = format!("arn:aws:s3:::{resource}");
        one
    };
    let all = vec![
        finding(1, "CRITICAL", "NEW", "GuardDuty", "Access key of deploy-bot used from an unusual address"),
        control(2, "shop-prd-assets"),
        control(3, "shop-prd-invoices"),
        control(4, "shop-dev-scratch"),
        finding(5, "HIGH", "NOTIFIED", "Inspector", "CVE-2026-12345 - openssl in web:v1.4.3"),
        finding(6, "EMERGENCY", "ESCALATED", "Acme Scanner", ""),
        finding(20, "MEDIUM", "NEW", "Config", "セキュリティグループが0.0.0.0/0を許可"),
        finding(21, "LOW", "SUPPRESSED", "Access Analyzer", "Role can be assumed from another account"),
        finding(22, "CRITICAL", "RESOLVED", "Security Hub", "Root account has an access key"),
    ];
    FindingsSnapshot {
        findings: all.into_iter().map(Arc::new).collect(),
        to_do_complete: true,
        complete: false,
        capped: false,
        aggregated_in: None,
        read_elsewhere: false,
    }
}

pub fn finding_history() -> Vec<FindingChange> {
    vec![
        FindingChange {
            at: ago(12),
            by: "arn:aws:iam::111122223333:role/ops".to_owned(),
            created: false,
            fields: vec![("Workflow.Status".to_owned(), "NEW".to_owned(), "NOTIFIED".to_owned())],
        },
        FindingChange { at: ago(128), by: "GuardDuty".to_owned(), created: true, fields: Vec::new() },
    ]
}
