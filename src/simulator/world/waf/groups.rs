//! AWS's managed rule groups: what they cost, how they label, and what their rules look for.
//!
//! <https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html>

/// A group of managed rules.
#[derive(Debug)]
pub struct ManagedGroup {
    pub name: &'static str,
    /// Web ACL capacity units.
    pub capacity: u32,
    /// What stands before its labels, `awswaf:managed:aws:core-rule-set`.
    pub label: &'static str,
    /// Its rules, the most usual first, with paths that each of them matches.
    pub rules: &'static [(&'static str, &'static [&'static str])],
}

/// Finds a group by its name.
pub fn managed_group(name: &str) -> Option<&'static ManagedGroup> {
    GROUPS.iter().find(|group| group.name == name)
}

const GROUPS: [ManagedGroup; 12] = [
    ManagedGroup {
        name: "AWSManagedRulesCommonRuleSet",
        capacity: 700,
        label: "awswaf:managed:aws:core-rule-set",
        rules: &[
            ("NoUserAgent_HEADER", &["/", "/robots.txt"]),
            ("CrossSiteScripting_QUERYARGUMENTS", &["/search?q=%3Cscript%3Ealert(1)%3C/script%3E"]),
            (
                "GenericLFI_QUERYARGUMENTS",
                &["/download?file=../../../../etc/passwd", "/docs?path=..%2F..%2Fetc%2Fshadow"],
            ),
            ("RestrictedExtensions_URIPATH", &["/backup.sql.bak", "/wp-config.php.old", "/app.ini", "/.env.log"]),
            ("SizeRestrictions_BODY", &["/claims/upload", "/api/v1/documents"]),
            ("EC2MetaDataSSRF_QUERYARGUMENTS", &["/proxy?url=http://169.254.169.254/latest/meta-data/"]),
            ("UserAgent_BadBots_HEADER", &["/", "/sitemap.xml"]),
        ],
    },
    ManagedGroup {
        name: "AWSManagedRulesKnownBadInputsRuleSet",
        capacity: 200,
        label: "awswaf:managed:aws:known-bad-inputs",
        rules: &[
            ("ExploitablePaths_URIPATH", &["/WEB-INF/web.xml", "/actuator/env", "/.git/config"]),
            ("Log4JRCE_HEADER", &["/login", "/api/v1/session"]),
            ("PROPFIND_METHOD", &["/"]),
            ("Host_localhost_HEADER", &["/"]),
        ],
    },
    ManagedGroup {
        name: "AWSManagedRulesSQLiRuleSet",
        capacity: 200,
        label: "awswaf:managed:aws:sql-database",
        rules: &[
            (
                "SQLi_QUERYARGUMENTS",
                &[
                    "/products?id=1%27%20OR%20%271%27=%271",
                    "/search?q=1%20UNION%20SELECT%20username,password%20FROM%20users--",
                    "/api/v1/contracts?no=1%3BDROP%20TABLE%20contracts--",
                    "/products?id=1%20AND%20SLEEP(5)",
                    "/claims?sort=name%2C(SELECT%20CASE%20WHEN%20(1=1)%20THEN%201%20ELSE%200%20END)",
                ],
            ),
            (
                "SQLiExtendedPatterns_QUERYARGUMENTS",
                &["/search?q=%27%7C%7C%27x%27=%27x", "/products?id=1/**/or/**/1=1"],
            ),
            ("SQLi_BODY", &["/login", "/api/v1/session"]),
            ("SQLi_COOKIE", &["/cart"]),
        ],
    },
    ManagedGroup {
        name: "AWSManagedRulesAmazonIpReputationList",
        capacity: 25,
        label: "awswaf:managed:aws:amazon-ip-list",
        rules: &[
            ("AWSManagedIPReputationList", &["/", "/wp-login.php", "/login"]),
            ("AWSManagedReconnaissanceList", &["/.env", "/phpmyadmin/", "/admin"]),
            ("AWSManagedIPDDoSList", &["/"]),
        ],
    },
    ManagedGroup {
        name: "AWSManagedRulesAnonymousIpList",
        capacity: 50,
        label: "awswaf:managed:aws:anonymous-ip-list",
        rules: &[("AnonymousIPList", &["/login", "/"]), ("HostingProviderIPList", &["/", "/api/v1/products"])],
    },
    ManagedGroup {
        name: "AWSManagedRulesBotControlRuleSet",
        capacity: 50,
        label: "awswaf:managed:aws:bot-control",
        rules: &[
            ("CategorySearchEngine", &["/products/1042", "/sitemap.xml"]),
            ("CategoryHttpLibrary", &["/api/v1/products", "/"]),
            ("SignalNonBrowserUserAgent", &["/", "/products/77"]),
        ],
    },
    ManagedGroup {
        name: "AWSManagedRulesLinuxRuleSet",
        capacity: 200,
        label: "awswaf:managed:aws:linux-os",
        rules: &[
            ("LFI_URIPATH", &["/etc/passwd", "/proc/self/environ"]),
            ("LFI_QUERYSTRING", &["/view?f=/proc/version"]),
        ],
    },
    ManagedGroup {
        name: "AWSManagedRulesUnixRuleSet",
        capacity: 100,
        label: "awswaf:managed:aws:posix-os",
        rules: &[("UNIXShellCommandsVariables_QUERYSTRING", &["/ping?host=$HOME;id"])],
    },
    ManagedGroup {
        name: "AWSManagedRulesWindowsRuleSet",
        capacity: 200,
        label: "awswaf:managed:aws:windows-os",
        rules: &[("PowerShellCommands_QUERYARGUMENTS", &["/run?c=powershell%20-enc%20SQBFAFgA"])],
    },
    ManagedGroup {
        name: "AWSManagedRulesPHPRuleSet",
        capacity: 100,
        label: "awswaf:managed:aws:php-app",
        rules: &[("PHPHighRiskMethodsVariables_QUERYSTRING", &["/index.php?x=system(%27id%27)"])],
    },
    ManagedGroup {
        name: "AWSManagedRulesWordPressRuleSet",
        capacity: 100,
        label: "awswaf:managed:aws:wordpress-app",
        rules: &[("WordPressExploitablePaths_URIPATH", &["/xmlrpc.php", "/wp-admin/admin-ajax.php"])],
    },
    ManagedGroup {
        name: "AWSManagedRulesAdminProtectionRuleSet",
        capacity: 100,
        label: "awswaf:managed:aws:admin-protection",
        rules: &[("AdminProtection_URIPATH", &["/admin", "/phpmyadmin/", "/manager/html"])],
    },
];
