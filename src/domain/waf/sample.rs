//! Sampled requests: a few of those that a rule matched, each standing for many.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

/// Describes a request of which WAF kept a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampledRequest {
    /// When it came.
    pub at: Timestamp,
    /// The metric name of the rule that was asked for the sample.
    pub rule: String,
    /// The rule within a group that matched it, where it was one.
    pub rule_within_group: Option<String>,
    /// AWS's word for what became of it: `BLOCK`, `ALLOW`, `COUNT`, `CAPTCHA`, `CHALLENGE`.
    pub action: String,
    /// Where it came from.
    pub address: String,
    /// The country of that address, as an ISO 3166 two-letter code; empty where WAF does not know it.
    pub country: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query.
    pub uri: String,
    /// The HTTP version.
    pub version: String,
    /// Its headers, names and values.
    pub headers: Vec<(String, String)>,
    /// The labels that rules put on it.
    pub labels: Vec<String>,
    /// The HTTP status that it was answered with, where a rule says one.
    pub response: Option<i32>,
    /// How many requests it stands for.
    pub weight: u64,
}

impl SampledRequest {
    /// Returns the path without the query.
    pub fn path(&self) -> &str {
        self.uri.split(['?', '#']).next().unwrap_or(&self.uri)
    }

    /// Returns the value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Holds the samples of a web ACL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// The requests, newest first.
    pub requests: Vec<Arc<SampledRequest>>,
    /// How many requests they were drawn from.
    pub population: u64,
    /// The start of the span that they were drawn from; WAF keeps samples for three hours.
    pub from: Option<Timestamp>,
    /// Its end.
    pub to: Option<Timestamp>,
    /// The metric names of the rules that were asked.
    pub rules: Vec<String>,
}

/// Holds one value of a property, with how many requests the sample says had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The value: a country, an address, a path.
    pub value: String,
    /// The weighted number of requests.
    pub requests: u64,
}

/// Counts a property of sampled requests, weighted, the most frequent value first and equal ones by name.
pub fn tally<'a>(
    requests: impl IntoIterator<Item = &'a Arc<SampledRequest>>,
    property: impl Fn(&SampledRequest) -> &str,
) -> Vec<Tally> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for request in requests {
        let count = counts.entry(property(request)).or_default();
        *count = count.saturating_add(request.weight);
    }
    let mut tallies: Vec<Tally> =
        counts.into_iter().map(|(value, requests)| Tally { value: value.to_owned(), requests }).collect();
    tallies.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.value.cmp(&b.value)));
    tallies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(country: &str, uri: &str, weight: u64) -> Arc<SampledRequest> {
        Arc::new(SampledRequest {
            at: Timestamp::UNIX_EPOCH,
            rule: String::new(),
            rule_within_group: None,
            action: "BLOCK".to_owned(),
            address: "203.0.113.9".to_owned(),
            country: country.to_owned(),
            method: "GET".to_owned(),
            uri: uri.to_owned(),
            version: "HTTP/2".to_owned(),
            headers: vec![("User-Agent".to_owned(), "sqlmap".to_owned())],
            labels: Vec::new(),
            response: None,
            weight,
        })
    }

    #[test]
    fn requests_weigh_what_they_stand_for() {
        let requests = [request("JP", "/a?id=1", 3), request("RU", "/b", 10), request("JP", "/a#x", 4)];
        let countries = tally(&requests, |request| &request.country);
        let brief: Vec<_> = countries.iter().map(|one| (one.value.as_str(), one.requests)).collect();
        assert_eq!(brief, [("RU", 10), ("JP", 7)]);
        assert_eq!(tally(&requests, SampledRequest::path)[1].value, "/a");
        assert_eq!(
            tally([&request("", "/", u64::MAX), &request("", "/", 1)], |one| &one.country)[0].requests,
            u64::MAX
        );
        assert_eq!(requests[0].header("user-agent"), Some("sqlmap"));
    }
}
