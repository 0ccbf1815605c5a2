//! Sampled requests: a few of those that each rule matched in the last three hours.

use std::sync::Arc;

use aws_sdk_wafv2::types as aws;
use aws_smithy_types::DateTime;
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    fetch::Failure,
    metric::Range,
    text::clean,
    waf::{SampledRequest, Samples, WebAcl},
};

use super::{
    super::{
        Connection,
        action::Action,
        load::Loaded,
        words::{message, name, time},
    },
    aws_scope,
};

/// How long WAF keeps samples (`GetSampledRequests`, `TimeWindow`).
const KEPT: SignedDuration = SignedDuration::from_hours(3);
/// How much less is asked for, so that a clock that is a little slow asks for nothing that is gone.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// The most requests that a rule's sample holds (`GetSampledRequests`, `MaxItems`).
const MOST_OF_A_RULE: i64 = 500;
/// The most requests that are kept.
const MOST: usize = 2_000;
/// The most rules that are asked for at a time, each a call.
const MOST_RULES: usize = 40;
/// How many of these calls are under way at once.
const AT_ONCE: usize = 4;
/// The most headers of a request that are kept.
const MOST_HEADERS: usize = 64;
/// The most characters of a header's value that are kept.
const LONGEST_HEADER: usize = 1_024;
/// The most characters of a path and query that are kept.
const LONGEST_URI: usize = 2_048;
/// The most labels of a request that are kept (AWS WAF quotas: 100 a request).
const MOST_LABELS: usize = 100;

impl Connection {
    /// Reads sampled requests of a web ACL, of those of its rules whose metric names are given, newest first.
    ///
    /// A range longer than the three hours that WAF keeps is read as far back as they go. Rules that fail leave the
    /// others as they are.
    pub async fn waf_samples(&self, acl: &WebAcl, rules: &[String], range: Range) -> Loaded<Samples> {
        let now = self.home.caller.now.get();
        let back = range.span().min(KEPT - MARGIN);
        let from = now.saturating_sub(back).unwrap_or(now);
        let rules: Vec<String> = rules.iter().take(MOST_RULES).cloned().collect();
        let reads =
            stream::iter(rules).map(|rule| self.samples_of(acl, rule, from, now)).buffered(AT_ONCE).collect::<Vec<_>>();
        let mut loaded = Loaded::<Samples>::default();
        for read in reads.await {
            match read {
                Ok(of_rule) => add(&mut loaded.value, of_rule),
                Err(failure) if loaded.failures.contains(&failure) => {}
                Err(failure) => loaded.failures.push(failure),
            }
        }
        if loaded.value.from.is_none() {
            (loaded.value.from, loaded.value.to) = (Some(from), Some(now));
        }
        loaded.value.requests.sort_by_key(|request| std::cmp::Reverse(request.at));
        loaded.value.requests.truncate(MOST);
        loaded
    }

    async fn samples_of(&self, acl: &WebAcl, rule: String, from: Timestamp, to: Timestamp) -> Result<Samples, Failure> {
        let site = self.waf_site(acl.key.scope);
        let window = aws::TimeWindow::builder()
            .start_time(DateTime::from_secs(from.as_second()))
            .end_time(DateTime::from_secs(to.as_second()))
            .build()
            .map_err(|error| site.caller.invalid(Action::GetSampledRequests, &error))?;
        let get = || {
            let request = site.wafv2.get_sampled_requests().web_acl_arn(self.original(&acl.arn));
            let request = request.rule_metric_name(self.original(&rule)).scope(aws_scope(acl.key.scope));
            request.time_window(window.clone()).max_items(MOST_OF_A_RULE).send()
        };
        let answer = site.caller.call(Action::GetSampledRequests, &acl.arn, get).await?;
        let of = answer.time_window.as_ref();
        let requests = answer.sampled_requests().iter().filter_map(|raw| sampled(raw, &rule)).map(Arc::new);
        let requests = requests.collect();
        Ok(Samples {
            requests,
            population: u64::try_from(answer.population_size).unwrap_or(0),
            from: of.and_then(|window| time(Some(&window.start_time))),
            to: of.and_then(|window| time(Some(&window.end_time))),
            rules: vec![rule],
        })
    }
}

/// Adds the samples of one rule to those of others.
fn add(all: &mut Samples, of_rule: Samples) {
    all.requests.extend(of_rule.requests);
    all.population = all.population.saturating_add(of_rule.population);
    all.from = [all.from, of_rule.from].into_iter().flatten().min();
    all.to = [all.to, of_rule.to].into_iter().flatten().max();
    all.rules.extend(of_rule.rules);
}

/// Maps a sampled request; one without a time cannot be put among the others and is left out.
fn sampled(raw: &aws::SampledHttpRequest, rule: &str) -> Option<SampledRequest> {
    let request = raw.request.as_ref();
    let word = |pick: fn(&aws::HttpRequest) -> Option<&str>| name(request.and_then(pick));
    let headers = request.map(aws::HttpRequest::headers).unwrap_or_default();
    Some(SampledRequest {
        at: time(raw.timestamp.as_ref())?,
        rule: rule.to_owned(),
        rule_within_group: raw.rule_name_within_rule_group.as_deref().map(|raw| name(Some(raw))),
        action: name(raw.action.as_deref()),
        address: word(aws::HttpRequest::client_ip),
        // WAF writes `-` where it does not know the country.
        country: word(aws::HttpRequest::country).trim_matches('-').to_owned(),
        method: word(aws::HttpRequest::method),
        uri: clean(request.and_then(|request| request.uri()).unwrap_or_default(), LONGEST_URI),
        version: word(aws::HttpRequest::http_version),
        headers: headers.iter().take(MOST_HEADERS).map(header).collect(),
        labels: raw.labels().iter().take(MOST_LABELS).map(|label| message(Some(&label.name))).collect(),
        response: raw.response_code_sent,
        weight: u64::try_from(raw.weight).unwrap_or(0),
    })
}

fn header(raw: &aws::HttpHeader) -> (String, String) {
    (name(raw.name.as_deref()), clean(raw.value.as_deref().unwrap_or_default(), LONGEST_HEADER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_bounded_and_cleaned() {
        let header = |number: usize| {
            aws::HttpHeader::builder().name(format!("x-{number}")).value("v\u{1b}[31m".repeat(1_000)).build()
        };
        let request = aws::HttpRequest::builder()
            .client_ip("203.0.113.9")
            .country("-")
            .uri(format!("/search?q={}", "決".repeat(10_000)))
            .set_headers(Some((0..1_000).map(header).collect()))
            .build();
        let raw = aws::SampledHttpRequest::builder()
            .request(request)
            .timestamp(DateTime::from_secs(60))
            .action("BLOCK")
            .weight(-1)
            .build();
        let sampled = sampled(&raw, "sqli").unwrap();
        assert_eq!((sampled.address.as_str(), sampled.country.as_str(), sampled.weight), ("203.0.113.9", "", 0));
        assert_eq!(sampled.uri.chars().count(), LONGEST_URI);
        assert_eq!(sampled.headers.len(), MOST_HEADERS);
        let (_, value) = &sampled.headers[0];
        assert!(value.chars().count() <= LONGEST_HEADER && !value.contains('\u{1b}'));
    }

    #[test]
    fn a_request_of_no_time_is_left_out() {
        assert_eq!(sampled(&aws::SampledHttpRequest::builder().weight(1).build(), "sqli"), None);
    }
}
