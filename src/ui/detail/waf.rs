//! A rule of a web ACL and a sampled request in full.

use crate::domain::waf::SampledRequest;
use crate::state::detail::RuleDetail;
use crate::t;
use crate::ui::{charts, web_acl::rules, words};

use super::Sheet;

impl Sheet<'_> {
    /// Writes down what a rule looks at, what it does, and what was counted of it.
    pub(super) fn rule(&mut self, detail: &RuleDetail) {
        let (texts, rule) = (self.ui.texts, &detail.rule);
        self.fact(t!(texts, "screens.column.rule"), rule.name.clone());
        self.fact(t!(texts, "screens.detail.priority"), rule.priority.to_string());
        self.fact(t!(texts, "screens.column.what"), words::rule_kind(self.ui.texts, &rule.kind));
        self.fact(t!(texts, "screens.column.action"), rule.action.clone());
        self.fact(t!(texts, "screens.detail.metric"), rule.metric.clone());
        let silence = detail.line.as_ref().and_then(|line| line.silence);
        if let Some(silence) = silence {
            let words = words::silence(self.ui.texts, silence);
            self.styled(t!(texts, "screens.detail.counts"), words, self.ui.theme.warning);
        }
        for (outcome, sum) in detail.line.as_ref().map(rules::sums).unwrap_or_default() {
            self.fact(charts::outcome_words(self.ui, outcome), words::number(sum));
        }
        if !detail.within.is_empty() {
            self.heading(t!(texts, "screens.detail.within-group").to_owned());
        }
        for tally in &detail.within {
            let line = format!("{}{}  {}", self.ui.glyphs.times, tally.requests, tally.value);
            self.sentence(&line);
        }
    }

    /// Writes down everything that WAF kept of a request.
    pub(super) fn sample(&mut self, request: &SampledRequest) {
        let texts = self.ui.texts;
        self.moment(t!(texts, "screens.detail.at"), Some(request.at));
        self.fact(t!(texts, "screens.column.action"), request.action.clone());
        self.fact(t!(texts, "screens.column.rule"), request.rule.clone());
        self.fact(t!(texts, "screens.detail.within-group"), request.rule_within_group.clone().unwrap_or_default());
        self.fact(t!(texts, "screens.column.address"), request.address.clone());
        self.fact(t!(texts, "screens.detail.country"), request.country.clone());
        self.fact(
            t!(texts, "screens.detail.request"),
            format!("{} {} {}", request.method, request.uri, request.version),
        );
        self.fact(
            t!(texts, "screens.detail.response"),
            request.response.map_or_else(String::new, |code| code.to_string()),
        );
        self.fact(t!(texts, "screens.detail.stands-for"), request.weight.to_string());
        self.fact(t!(texts, "screens.detail.labels"), request.labels.join(", "));
        if !request.headers.is_empty() {
            self.heading(t!(texts, "screens.detail.headers").to_owned());
        }
        for (name, value) in &request.headers {
            self.sentence(&format!("{name}: {value}"));
        }
    }
}
