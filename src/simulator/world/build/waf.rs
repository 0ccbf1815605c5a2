//! The web ACLs of a scenario, and the attacks that its steps make.

use std::sync::Arc;

use super::Builder;
use crate::simulator::clock::{MINUTE, Millis, SECOND};
use crate::simulator::random::{Dice, stable_hash};
use crate::simulator::scenario::{
    AccountFile, AttackFile, GLOBAL_REGION, Span, WafRuleFile, WafScope, WebAclFile, find_web_acl,
};
use crate::simulator::world::Region;
use crate::simulator::world::plan::balancer_arn;
use crate::simulator::world::series::{Series, Source};
use crate::simulator::world::waf::{AclFacts, Origins, RuleKind, WafRule, WebAcl, managed_group};

/// The part of an attack that each of its rules matches: the first one most.
fn shares(rules: usize) -> impl Iterator<Item = f64> {
    let weight = |n: usize| 1.0 / f64::from(u32::try_from(n + 1).unwrap_or(u32::MAX));
    let whole: f64 = (0..rules).map(weight).sum();
    (0..rules).map(move |n| weight(n) / whole)
}

impl Builder<'_> {
    /// Adds a web ACL to its region, with its metrics.
    pub fn web_acl(&self, place: (usize, usize), account: &AccountFile, one: &WebAclFile, region: &mut Region) {
        let (seed, id) = (self.file.seed, account.id.as_str());
        let resource = |name: &String| {
            if name.starts_with("arn:") { name.clone() } else { balancer_arn(seed, id, &region.name, name) }
        };
        let logging = one.logging.as_ref().map(|name| {
            if name.starts_with("arn:") {
                name.clone()
            } else {
                format!("arn:aws:logs:{}:{id}:log-group:{name}", region.name)
            }
        });
        let facts = AclFacts {
            seed,
            account: id.to_owned(),
            region: region.name.clone(),
            name: one.name.clone(),
            metric: one.metric.clone().unwrap_or_else(|| one.name.clone()),
            scope: one.scope,
            description: one.description.clone(),
            default: one.default,
            requests: one.requests,
            logging,
            resources: one.resources.iter().map(resource).collect(),
            deleted: self.deleted(place),
        };
        let mut rules: Vec<WafRule> = one
            .rule
            .iter()
            .map(toml::Spanned::get_ref)
            .enumerate()
            .map(|(index, rule)| self.rule(account, region, one, index, rule))
            .collect();
        self.attacks(place, &one.name, &mut rules);
        let acl = Arc::new(WebAcl::new(facts, rules));
        region.add_web_acl_metrics(seed, &acl);
        region.web_acls.push(acl);
    }

    fn rule(
        &self,
        account: &AccountFile,
        region: &Region,
        acl: &WebAclFile,
        index: usize,
        one: &WafRuleFile,
    ) -> WafRule {
        let hash = stable_hash(self.file.seed, &["waf-rule", &account.id, &region.name, &acl.name, &one.name]);
        let mut rule = WafRule::new(hash, one.name.clone(), self.kind(account, region, acl.scope, one), one.action);
        rule.metric = one.metric.clone().unwrap_or_else(|| one.name.clone());
        rule.priority = one.priority.unwrap_or_else(|| u32::try_from(index).unwrap_or(u32::MAX));
        rule.usual = one.usual;
        rule.silent = one.silent;
        rule
    }

    fn kind(&self, account: &AccountFile, region: &Region, scope: WafScope, one: &WafRuleFile) -> RuleKind {
        if let Some(group) = one.managed.as_deref().and_then(managed_group) {
            return RuleKind::Managed { group, version: one.version.clone() };
        }
        if let Some(limit) = one.rate {
            let window = one.window.map_or(5 * MINUTE, Span::millis) / SECOND;
            return RuleKind::Rate { limit, window, path: one.path.clone() };
        }
        if let Some(name) = &one.ip_set {
            let id = Dice::new(self.file.seed, &["ip-set", &account.id, name]).uuid();
            let scope = if scope == WafScope::Regional { "regional" } else { "global" };
            return RuleKind::IpSet(format!("arn:aws:wafv2:{}:{}:{scope}/ipset/{name}/{id}", region.name, account.id));
        }
        match &one.uri {
            Some(path) => RuleKind::Uri(path.clone()),
            None if one.geo.is_empty() => RuleKind::Outside(one.outside.clone()),
            None => RuleKind::Geo(one.geo.clone()),
        }
    }

    /// Writes the attacks down with the rules that match them.
    fn attacks(&self, place: (usize, usize), acl: &str, rules: &mut [WafRule]) {
        for step in self.file.step.iter().map(toml::Spanned::get_ref) {
            let Some(one) = step.attack.as_ref().filter(|one| one.web_acl == acl) else { continue };
            if find_web_acl(self.file, one.account.as_deref(), &one.web_acl) != Ok(place) {
                continue;
            }
            let (at, over) = (self.at(step), one.over.millis());
            let until = one.lasts.map_or(Millis::MAX, |lasts| at.saturating_add(over).saturating_add(lasts.millis()));
            for (name, share) in one.rules.iter().zip(shares(one.rules.len())) {
                if let Some(rule) = rules.iter_mut().find(|rule| rule.name == *name) {
                    let hash = stable_hash(self.file.seed, &["attack", acl, name, &at.to_string()]);
                    // The same addresses meet all of the attack's rules.
                    let shared = stable_hash(self.file.seed, &["attack", acl, &at.to_string()]);
                    let origins = origins(one).or(rule.usual_origins(), shared);
                    rule.attacked(at, over, until, one.requests * share, origins, hash);
                }
            }
        }
    }

    /// When a step deletes the web ACL.
    fn deleted(&self, place: (usize, usize)) -> Millis {
        let steps = self.file.step.iter().map(toml::Spanned::get_ref);
        let deleting = steps.filter_map(|step| {
            let one = step.delete.as_ref()?;
            let meant = find_web_acl(self.file, one.account.as_deref(), &one.web_acl) == Ok(place);
            meant.then(|| self.at(step))
        });
        deleting.min().unwrap_or(Millis::MAX)
    }
}

/// What a scenario says of an attack's requests.
fn origins(one: &AttackFile) -> Origins {
    Origins {
        countries: one.countries.clone(),
        addresses: one.addresses.clone(),
        uris: one.uris.iter().map(|uri| (uri.clone(), None)).collect(),
        agents: one.agent.iter().cloned().collect(),
        host: String::new(),
    }
}

/// The region where a web ACL lives.
pub fn region_of<'a>(one: &'a WebAclFile, home: &'a str) -> &'a str {
    match one.scope {
        WafScope::Regional => one.region.as_deref().unwrap_or(home),
        WafScope::Cloudfront => GLOBAL_REGION,
    }
}

impl Region {
    /// Adds what AWS publishes of a web ACL.
    fn add_web_acl_metrics(&mut self, seed: u64, acl: &Arc<WebAcl>) {
        for metered in acl.metered() {
            let rule = acl.rule_dimension(metered.of).to_owned();
            let pair = |name: &str, value: String| (name.to_owned(), value);
            let mut dimensions = vec![pair("Rule", rule.clone()), pair("WebACL", acl.metric.clone())];
            if acl.scope == WafScope::Regional {
                dimensions.push(pair("Region", self.name.clone()));
            }
            let parts = [&self.account, &self.name, "AWS/WAFV2", metered.verdict.metric(), &acl.metric, &rule];
            self.metrics.add(Series {
                namespace: "AWS/WAFV2".to_owned(),
                name: metered.verdict.metric().to_owned(),
                dimensions,
                unit: "Count".to_owned(),
                hash: stable_hash(seed, &parts),
                source: Source::Waf(Arc::clone(acl), metered),
                shifts: Vec::new(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_matches_most_of_an_attack() {
        let all: Vec<f64> = shares(3).collect();
        assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(all[0] > all[1] && all[1] > all[2]);
        assert_eq!(shares(0).count(), 0);
    }
}
