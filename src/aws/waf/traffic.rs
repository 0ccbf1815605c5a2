//! What CloudWatch counted of web ACLs: of each as a whole over eight days, of an open one rule by rule.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_cloudwatch::types as aws;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    fetch::{Failure, FailureKind},
    metric::{Metric, Query, Range, Series},
    waf::{
        ALL_RULES, BASELINE_DAYS, BASELINE_PERIOD, Outcome, RuleCount, RuleTraffic, Scope, WebAcl, WebAclKey, period,
    },
};

use super::super::{
    Connection,
    action::Action,
    cloudwatch::{Answered, Span, points},
    load::Loaded,
    words::name,
};

impl Connection {
    /// Reads what web ACLs blocked in the last eight days, the running period included.
    ///
    /// Each is billed as one metric requested ("Amazon CloudWatch pricing"). Those whose metric name is not known, or
    /// whose metrics are off, have none.
    pub async fn waf_baselines(&self, acls: &[Arc<WebAcl>]) -> Loaded<Vec<(WebAclKey, Arc<Series>)>> {
        let span = baseline_span(self.home.caller.now.get());
        let (mut keys, mut queries) = (Vec::new(), Vec::new());
        for acl in acls {
            if let Some(query) = acl.query(Outcome::Blocked, ALL_RULES, BASELINE_PERIOD) {
                keys.push((acl.key.clone(), query.clone()));
                queries.push(query);
            }
        }
        let read = self.metrics_in(&queries, |_| span).await;
        let series_of = |query: &Query| read.value.iter().find(|series| series.query == *query).cloned();
        let value = keys.into_iter().filter_map(|(key, query)| Some((key, series_of(&query)?))).collect();
        Loaded { value, failures: read.failures }
    }

    /// Reads what CloudWatch counted of a web ACL, by rule and outcome: one search an outcome.
    ///
    /// What is billed are the series that come back, not the searches.
    ///
    /// # Errors
    /// A [`Failure`]; [`FailureKind::NotFound`] where the web ACL's metric name is not known or its metrics are off, and
    /// [`FailureKind::Invalid`] where that name cannot be searched for.
    pub async fn rule_traffic(&self, acl: &WebAcl, range: Range) -> Result<RuleTraffic, Failure> {
        let site = self.waf_site(acl.key.scope);
        let refuse = |kind| site.caller.failed(Action::GetMetricData, kind, &acl.key.name);
        let detail = acl.detail.as_ref().filter(|detail| detail.metrics_enabled);
        let metric = self.original(&detail.ok_or_else(|| refuse(FailureKind::NotFound))?.metric);
        if !is_searchable(&metric) {
            return Err(refuse(FailureKind::Invalid));
        }
        let period = period(range);
        let span = Span::whole(period, range.span(), site.caller.now.get());
        let wanted = Outcome::ALL.map(|outcome| {
            aws::MetricDataQuery::builder()
                .id(outcome.name())
                .expression(search(acl.key.scope, &metric, outcome, period))
                .label("${PROP('Dim.Rule')}")
                .return_data(true)
                .build()
        });
        let answer = self.metric_data(&site, &wanted, span).await?;
        Ok(self.traffic(range, period, span, &answer))
    }

    /// Puts the parts of an answer together: a series may come in several, and each names its rule in its label.
    fn traffic(&self, range: Range, period: u32, span: Span, answer: &Answered) -> RuleTraffic {
        let mut counts: BTreeMap<(String, usize), Vec<(i64, f64)>> = BTreeMap::new();
        let mut partial = answer.partial;
        for result in &answer.results {
            partial |= !matches!(result.status_code, None | Some(aws::StatusCode::Complete));
            let outcome = name(result.id.as_deref());
            let Some(outcome) = Outcome::ALL.iter().position(|one| one.name() == outcome) else { continue };
            let rule = self.remember(result.label.as_deref().unwrap_or_default());
            counts.entry((rule, outcome)).or_default().extend(points(result));
        }
        let count = |((rule, outcome), mut points): ((String, usize), Vec<(i64, f64)>)| {
            points.sort_by_key(|(at, _)| *at);
            points.dedup_by_key(|(at, _)| *at);
            RuleCount { rule, outcome: Outcome::ALL[outcome], points }
        };
        RuleTraffic {
            range,
            from: span.from(),
            to: span.to(),
            period,
            counts: counts.into_iter().map(count).collect(),
            partial,
        }
    }
}

/// Returns the eight days up to the end of the period that is running.
fn baseline_span(now: Timestamp) -> Span {
    let running = SignedDuration::from_secs(i64::from(BASELINE_PERIOD));
    let end = now.saturating_add(running).unwrap_or(now);
    Span::whole(BASELINE_PERIOD, SignedDuration::from_hours(24 * (BASELINE_DAYS + 1)), end)
}

/// Tells whether a metric name can stand in a search expression; WAF's own may hold letters, digits and `_#:.-/` only
/// (`VisibilityConfig`, `MetricName`).
fn is_searchable(metric: &str) -> bool {
    !metric.is_empty() && metric.chars().all(|c| c.is_ascii_alphanumeric() || "_#:.-/".contains(c))
}

/// Returns the search for one outcome by rule; CloudFront's metrics have no dimension `Region`.
fn search(scope: Scope, metric: &str, outcome: Outcome, period: u32) -> String {
    let schema = match scope {
        Scope::Regional => "AWS/WAFV2,Region,Rule,WebACL",
        Scope::CloudFront => "AWS/WAFV2,Rule,WebACL",
    };
    format!(r#"SEARCH('{{{schema}}} MetricName="{}" WebACL="{metric}"','Sum',{period})"#, outcome.metric())
}

/// Tells whether a metric is read from us-east-1, whatever the source's region: one of a web ACL of CloudFront.
pub(in super::super) fn is_cloudfront(metric: &Metric) -> bool {
    metric.namespace == "AWS/WAFV2" && metric.dimension("Region").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_names_schema_metric_and_web_acl() {
        assert_eq!(
            search(Scope::Regional, "shop-prd", Outcome::Blocked, 60),
            r#"SEARCH('{AWS/WAFV2,Region,Rule,WebACL} MetricName="BlockedRequests" WebACL="shop-prd"','Sum',60)"#
        );
        assert!(search(Scope::CloudFront, "x", Outcome::Passed, 60).contains("{AWS/WAFV2,Rule,WebACL}"));
    }

    #[test]
    fn a_name_that_would_end_its_quotes_is_not_searched_for() {
        for name in ["", "x\" OR", "x'", "x\\", "x)", "決済"] {
            assert!(!is_searchable(name), "{name}");
        }
        assert!(is_searchable("Shop_prd#1:a.b-c/d"));
    }

    #[test]
    fn a_baseline_reaches_from_the_running_period_eight_days_back() {
        let span = baseline_span(Timestamp::from_second(10_000_130).unwrap());
        assert_eq!(span.to().as_second(), 10_000_200);
        assert_eq!(span.to().as_second() - span.from().as_second(), 8 * 86_400);
    }
}
