//! Scenarios: what the simulated account plays, as TOML.
//!
//! ```toml
//! name = "bad-deploy"
//! seed = 7                      # the same seed draws the same picture
//! backfill = "24h"              # how far metrics and alarm history reach back
//!
//! [[account]]
//! id = "111122223333"
//! [[account.service]]           # clusters follow from their services
//! cluster = "shop-prd"
//! name = "web"                  # or "svc-{n}" with count = 60; "{nnn}" pads with zeros
//! desired = 3
//! image = "web:v1.4.2"          # of the account's own registry
//! circuit_breaker = true
//! balancer = "shop-prd"         # gives it the metrics of a load balancer
//! requests = 2400.0             # a minute
//!
//! [[account.metric]]            # what an application publishes itself
//! namespace = "Shop/Login"
//! name = "Logins"
//! base = 420.0
//!
//! [[account.alarm]]             # on a service's metric, on any metric, or on others by a `rule`
//! name = "shop-prd-web-5xx"
//! service = "web"
//! metric = "HTTPCode_Target_5XX_Count"
//! threshold = 10.0
//! evaluate = 3                  # N
//! datapoints = 2                # M
//!
//! [[account.web_acl]]           # with its rules, and what they usually match in a minute
//! name = "shop-prd-waf"
//! requests = 2400.0
//! resources = ["shop-prd"]
//! [[account.web_acl.rule]]
//! name = "RateLimitRule"
//! rate = 1000
//!
//! [[account.finding]]           # what Security Hub holds, of a known control or in words of one's own
//! name = "open-port"
//! control = "EC2.19"
//!
//! [[step]]                      # deploy, scale, stop, event, log, metric, alarm, attack, delete or finding
//! at = "10s"                    # before the story where negative
//! deploy = { service = "web", image = "web:v1.4.3", fails = "health-check" }
//!
//! [[step]]
//! at = "1m"
//! attack = { web_acl = "shop-prd-waf", rules = ["RateLimitRule"], requests = 900.0, countries = ["CN"], for = "5m" }
//!
//! [[step]]
//! at = "2m"
//! finding = { name = "open-port", workflow = "NOTIFIED" }
//!
//! [[fault]]
//! at = "9m"
//! for = "1m"
//! action = "ecs:DescribeServices"
//! kind = "throttle"
//! ```
//!
//! The words are those of [`model`]; a word that it does not have, or one that speaks of something that is not there, is
//! an error with its line and column.

mod check;
mod model;
mod resolve;
mod span;

pub(super) use check::GLOBAL_REGION;
pub(super) use model::{
    AccountFile, AlarmFile, AttackFile, ClusterFile, Controller, DatabaseFile, DefaultAction, DocumentFile,
    DocumentType, ExecAgent, ExecLogging, FindingFile, MetricFile, NodeFile, Product, RuleAction, ScenarioFile,
    ServiceFile, ShiftFile, StepFile, WafRuleFile, WafScope, WebAclFile,
};
pub use model::{EnvironmentFile, Fails};
pub(super) use resolve::{Place, fill, find_alarm, find_finding, find_service, find_web_acl};
pub use span::{Span, SpanError};

use super::AccountName;

/// The scenarios that the binary carries.
const BUILT_IN: [(&str, &str); 10] = [
    ("bad-deploy", include_str!("../../../scenarios/bad-deploy.toml")),
    ("quiet", include_str!("../../../scenarios/quiet.toml")),
    ("waf-attack", include_str!("../../../scenarios/waf-attack.toml")),
    ("leaked-key", include_str!("../../../scenarios/leaked-key.toml")),
    ("fleet", include_str!("../../../scenarios/fleet.toml")),
    ("backlog", include_str!("../../../scenarios/backlog.toml")),
    ("sixty", include_str!("../../../scenarios/sixty.toml")),
    ("crowd", include_str!("../../../scenarios/crowd.toml")),
    ("hostile", include_str!("../../../scenarios/hostile.toml")),
    ("sessions", include_str!("../../../scenarios/sessions.toml")),
];

/// A scenario, read and checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(super) file: ScenarioFile,
}

/// A scenario could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ScenarioError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl Scenario {
    /// Takes a scenario that the binary carries.
    pub fn builtin(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        // A test reads them all, so a broken one does not get this far.
        Self::parse(text).ok()
    }

    /// Names the scenarios that the binary carries, the default first.
    pub fn names() -> &'static [&'static str] {
        const NAMES: [&str; BUILT_IN.len()] = {
            let mut names = [""; BUILT_IN.len()];
            let mut index = 0;
            while index < names.len() {
                names[index] = BUILT_IN[index].0;
                index += 1;
            }
            names
        };
        &NAMES
    }

    /// Reads a scenario from its text.
    ///
    /// # Errors
    ///
    /// Says where the text breaks the grammar, or speaks of something that is not there.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let file: ScenarioFile = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            ScenarioError::at(text, at, error.message().to_owned())
        })?;
        let file = resolve::expand(file);
        check::check(&file).map_err(|problem| ScenarioError::at(text, problem.at, problem.message))?;
        Ok(Self { file })
    }

    /// The region where the first account lives.
    pub fn home_region(&self) -> String {
        self.file.account.first().and_then(|account| account.get_ref().regions.first().cloned()).unwrap_or_default()
    }

    /// The accounts by which it is known, in the file's order.
    pub(super) fn accounts(&self) -> Vec<AccountName> {
        let accounts = self.file.account.iter().map(toml::Spanned::get_ref);
        let name = |one: &AccountFile| AccountName {
            id: one.id.clone(),
            name: one.name.clone(),
            regions: one.regions.clone(),
        };
        accounts.map(name).collect()
    }

    /// How the story is divided into environments.
    pub fn environments(&self) -> &[EnvironmentFile] {
        &self.file.environment
    }

    /// The ARNs of the KMS keys, in the file's order.
    pub fn keys(&self) -> Vec<String> {
        let accounts = self.file.account.iter().map(toml::Spanned::get_ref);
        let of = |account: &AccountFile| {
            let arn = |key: &toml::Spanned<model::KeyFile>| {
                let key = key.get_ref();
                let region = key.region.as_ref().or(account.regions.first()).cloned().unwrap_or_default();
                crate::simulator::world::key_arn(self.file.seed, &account.id, &region, &key.alias)
            };
            account.key.iter().map(arn).collect::<Vec<_>>()
        };
        accounts.flat_map(of).collect()
    }

    /// The account that the run's own key belongs to.
    pub fn home_account(&self) -> &str {
        self.file.account.first().map_or("", |account| account.get_ref().id.as_str())
    }

    /// The scenario's own name.
    pub fn name(&self) -> &str {
        &self.file.name
    }
}

impl ScenarioError {
    fn at(text: &str, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { line, column, message }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const SMALL: &str = "name = \"small\"\nseed = 1\n[[account]]\nid = \"111122223333\"\n[[account.service]]\ncluster = \"c\"\n\
                         name = \"web\"\ndesired = 1\nimage = \"web:v1\"\n";

    #[test]
    fn every_scenario_we_ship_can_be_read() {
        for (name, text) in BUILT_IN {
            let scenario = Scenario::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(scenario.name(), name);
        }
        assert_eq!(Scenario::names().first(), Some(&"bad-deploy"));
        assert!(Scenario::builtin("nonsense").is_none());
    }

    #[test]
    fn the_example_above_is_one() {
        let source = include_str!("mod.rs");
        let example = source.split("//! ```toml\n").nth(1).and_then(|rest| rest.split("//! ```").next());
        let text: String =
            example.unwrap().lines().map(|line| line.trim_start_matches("//!").to_owned() + "\n").collect();
        assert_eq!(Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}")).name(), "bad-deploy");
    }

    #[test]
    fn a_small_scenario_is_enough() {
        assert_eq!(Scenario::parse(SMALL).unwrap().name(), "small");
    }

    #[rstest]
    #[case::unknown_word(
        "[[account.service]]\ncluster = \"c\"\nname = \"x\"\ndesired = 1\nimage = \"x:1\"\ncolour = 1\n",
        15,
        "colour"
    )]
    #[case::bad_duration("[[step]]\nat = \"soon\"\nscale = { service = \"web\", desired = 2 }\n", 11, "soon")]
    #[case::unknown_service("[[step]]\nat = \"1s\"\nscale = { service = \"api\", desired = 2 }\n", 10, "api")]
    #[case::nothing_happens("[[step]]\nat = \"1s\"\n", 10, "exactly one")]
    #[case::twice("[[account.service]]\ncluster = \"c\"\nname = \"web\"\ndesired = 1\nimage = \"x:1\"\n", 10, "twice")]
    #[case::no_threshold(
        "[[account.alarm]]\nname = \"a\"\nservice = \"web\"\nmetric = \"CPUUtilization\"\n",
        10,
        "threshold"
    )]
    #[case::bad_rule("[[account.alarm]]\nname = \"a\"\nrule = \"ALARM(\"\n", 10, "alarm rule")]
    #[case::no_child("[[account.alarm]]\nname = \"a\"\nrule = \"ALARM(b)\"\n", 10, "`b`")]
    #[case::circle("[[account.alarm]]\nname = \"a\"\nrule = \"ALARM(a)\"\n", 10, "itself")]
    #[case::bad_fault("[[fault]]\nkind = \"delay\"\n", 1, "delay")]
    #[case::no_kind("[[account.web_acl]]\nname = \"w\"\n[[account.web_acl.rule]]\nname = \"r\"\n", 12, "exactly one")]
    #[case::two_kinds(
        "[[account.web_acl]]\nname = \"w\"\n[[account.web_acl.rule]]\nname = \"r\"\nrate = 10\nuri = \"/\"\n",
        12,
        "exactly one"
    )]
    #[case::no_group(
        "[[account.web_acl]]\nname = \"w\"\n[[account.web_acl.rule]]\nname = \"r\"\nmanaged = \"Own\"\n",
        12,
        "Own"
    )]
    #[case::acl_name("[[account.web_acl]]\nname = \"目黒\"\n", 10, "目黒")]
    #[case::acl_twice("[[account.web_acl]]\nname = \"w\"\n[[account.web_acl]]\nname = \"w\"\n", 12, "twice")]
    #[case::acl_region("[[account.web_acl]]\nname = \"w\"\nregion = \"mars-1\"\n", 10, "region")]
    #[case::no_acl("[[step]]\nat = \"1s\"\ndelete = { web_acl = \"w\" }\n", 10, "web ACL `w`")]
    #[case::no_rule(
        "[[account.web_acl]]\nname = \"w\"\n[[step]]\nat = \"1s\"\nattack = { web_acl = \"w\", rules = [\"r\"], requests = 9 }\n",
        12,
        "rule `r`"
    )]
    #[case::no_title("[[account.finding]]\ncontrol = \"Own.1\"\n", 10, "title")]
    #[case::no_member("[[account.finding]]\ncontrol = \"EC2.19\"\nomit = [\"Id\"]\n", 10, "`Id`")]
    #[case::no_finding("[[step]]\nat = \"1s\"\nfinding = { name = \"f\", appears = true }\n", 10, "finding `f`")]
    #[case::nothing_becomes(
        "[[account.finding]]\nname = \"f\"\ncontrol = \"EC2.19\"\n[[step]]\nat = \"1s\"\nfinding = { name = \"f\" }\n",
        13,
        "appears"
    )]
    #[case::node_id("[[account.node]]\nid = \"bastion\"\n", 10, "bastion")]
    #[case::node_twice("[[account.node]]\nid = \"i-01234567\"\n[[account.node]]\nid = \"i-01234567\"\n", 12, "twice")]
    #[case::node_agent("[[account.node]]\nid = \"i-01234567\"\nagent = \"new\"\n", 10, "new")]
    #[case::port_without("[[account.document]]\nname = \"Own\"\ntype = \"port\"\n", 10, "port")]
    #[case::command_without("[[account.document]]\nname = \"Own\"\ntype = \"command\"\n", 10, "command")]
    #[case::document_key("[[account.document]]\nname = \"Own\"\ntype = \"shell\"\nkey = \"alias/x\"\n", 10, "alias/x")]
    #[case::alias("[[account.key]]\nalias = \"x\"\n", 10, "alias/")]
    #[case::far_away("[[account.destination]]\nhost = \"db\"\nport = 1\nto = \"192.0.2.1:1\"\n", 10, "loopback")]
    #[case::log_group("[[account.cluster]]\nname = \"c\"\nexec_log_group = \"g\"\n", 10, "override")]
    #[case::hub_elsewhere("[account.hub]\naggregation = \"mars-1\"\n", 3, "regions of the account")]
    fn says_where_and_what(#[case] more: &str, #[case] line: usize, #[case] word: &str) {
        let error = Scenario::parse(&format!("{SMALL}{more}")).unwrap_err();
        assert!(error.message.contains(word), "{error}");
        assert_eq!(error.line, line, "{error}");
    }

    #[test]
    fn a_service_of_two_clusters_must_be_told_apart() {
        let text = format!(
            "{SMALL}[[account.service]]\ncluster = \"d\"\nname = \"web\"\ndesired = 1\nimage = \"x:1\"\n[[step]]\nat = \"1s\"\n\
             scale = {{ service = \"web\", desired = 2 }}\n"
        );
        assert!(Scenario::parse(&text).unwrap_err().message.contains("cluster"));
        assert!(Scenario::parse(&text.replace("service = \"web\"", "cluster = \"d\", service = \"web\"")).is_ok());
    }

    #[test]
    fn many_are_made_of_one() {
        let text = SMALL.replace("name = \"web\"", "name = \"svc-{nnn}\"\ncount = 12");
        let scenario = Scenario::parse(&text).unwrap();
        let names: Vec<&str> =
            scenario.file.account[0].get_ref().service.iter().map(|one| one.get_ref().name.as_str()).collect();
        assert_eq!((names.len(), names[0], names[11]), (12, "svc-001", "svc-012"));
    }

    #[test]
    fn many_accounts_are_made_of_one() {
        let text = format!(
            "{}[[environment]]\nname = \"sys{{nn}}\"\ncount = 3\nkind = \"prd\"\naccount = \"0000000000{{nn}}\"\n",
            SMALL
                .replace("id = \"111122223333\"", "id = \"0000000000{aa}\"\ncount = 3")
                .replace("name = \"web\"", "name = \"sys{aa}-{n}\"\ncount = 2")
        );
        let scenario = Scenario::parse(&text).unwrap();
        let accounts = scenario.accounts();
        assert_eq!(
            accounts.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
            ["000000000001", "000000000002", "000000000003"]
        );
        assert_eq!(scenario.environments()[2].account, "000000000003");
        let services = &scenario.file.account[1].get_ref().service;
        assert_eq!(services.iter().map(|one| one.get_ref().name.as_str()).collect::<Vec<_>>(), ["sys02-1", "sys02-2"]);
    }

    #[test]
    fn a_column_counts_characters() {
        let error = ScenarioError::at("a\n目黒x", "a\n目黒".len(), String::new());
        assert_eq!((error.line, error.column), (2, 3));
    }
}
