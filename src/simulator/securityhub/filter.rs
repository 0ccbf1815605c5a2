//! What `GetFindings` may be asked to leave out.
//!
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFindingFilters.html>

use std::borrow::Cow;

use super::invalid;
use crate::simulator::clock::{DAY, Millis};
use crate::simulator::wire::{ApiError, Input, Value};
use crate::simulator::world::{Finding, FindingGroup, FindingState};

/// The filters of a call: a finding must fit every member, and of each member's filters one.
#[derive(Debug, Default)]
pub struct Filters {
    texts: Vec<(String, Vec<TextFilter>)>,
    dates: Vec<(String, Vec<DateFilter>)>,
    numbers: Vec<(String, Vec<NumberFilter>)>,
}

/// How a text is compared, and with what.
#[derive(Debug)]
struct TextFilter {
    comparison: Comparison,
    value: String,
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equals,
    Prefix,
    Contains,
    ContainsWord,
    NotEquals,
    PrefixNotEquals,
    NotContains,
}

/// A time from one to another, both included.
#[derive(Debug)]
struct DateFilter {
    from: Millis,
    until: Millis,
}

/// A number's bounds.
#[derive(Debug)]
struct NumberFilter {
    bounds: Vec<(Bound, f64)>,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    Gte,
    Lte,
    Eq,
    Gt,
    Lt,
}

/// The members that are dates.
const DATES: [&str; 4] = ["CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"];
/// The members that are numbers.
const NUMBERS: [&str; 1] = ["SeverityNormalized"];
/// How many filters a member may have.
const MOST: usize = 20;

impl Filters {
    /// Reads a call's filters.
    pub fn read(input: Input<'_>, now: Millis) -> Result<Self, ApiError> {
        let mut all = Self::default();
        let Some(filters) = input.structure("Filters")? else { return Ok(all) };
        let Value::Map(members) = filters.0 else { return Ok(all) };
        for (name, _) in members {
            let items = filters.structures(name)?;
            if items.len() > MOST {
                return Err(invalid(format!("Invalid parameter 'Filters'. {name} has more than {MOST} filters.")));
            }
            let name = name.clone().into_owned();
            if DATES.contains(&name.as_str()) {
                let dates = items.into_iter().map(|item| DateFilter::read(item, now)).collect::<Result<_, _>>()?;
                all.dates.push((name, dates));
            } else if NUMBERS.contains(&name.as_str()) {
                all.numbers.push((name, items.into_iter().map(NumberFilter::read).collect::<Result<_, _>>()?));
            } else {
                all.texts.push((name, items.into_iter().map(TextFilter::read).collect::<Result<_, _>>()?));
            }
        }
        Ok(all)
    }

    /// Whether a finding fits as far as its group and its state decide.
    pub fn fit_group(&self, account: &str, group: &FindingGroup, state: &FindingState<'_>) -> bool {
        let text = |(name, filters): &(String, Vec<TextFilter>)| {
            is_of_finding(name) || all_fit(filters, of_group(name, account, group, state).as_deref())
        };
        let number = |(_, filters): &(String, Vec<NumberFilter>)| {
            let value = state.normalized.filter(|_| group.has("Severity"));
            filters.is_empty() || filters.iter().any(|filter| value.is_some_and(|value| filter.fits(value)))
        };
        self.texts.iter().all(text) && self.numbers.iter().all(number)
    }

    /// Whether a finding fits as far as it decides itself.
    pub fn fit_finding(&self, account: &str, group: &FindingGroup, finding: &Finding, now: Millis) -> bool {
        let date = |(name, filters): &(String, Vec<DateFilter>)| {
            let at = match name.as_str() {
                "UpdatedAt" => Some(group.updated(finding, now)),
                "LastObservedAt" => Some(group.updated(finding, now)).filter(|_| group.has("LastObservedAt")),
                "FirstObservedAt" => Some(finding.created).filter(|_| group.has("FirstObservedAt")),
                _ => Some(finding.created),
            };
            filters.is_empty()
                || at.is_some_and(|at| filters.iter().any(|filter| (filter.from..=filter.until).contains(&at)))
        };
        let text = |(name, filters): &(String, Vec<TextFilter>)| {
            !is_of_finding(name) || all_fit(filters, Some(&of_finding(name, account, group, finding)))
        };
        self.dates.iter().all(date) && self.texts.iter().all(text)
    }
}

/// Whether a member differs within a group.
fn is_of_finding(name: &str) -> bool {
    matches!(name, "Id" | "Title" | "Description" | "ResourceId")
}

fn of_finding(name: &str, account: &str, group: &FindingGroup, finding: &Finding) -> String {
    match name {
        "Id" => group.id(account, finding),
        "Title" => group.title_of(finding),
        "Description" => group.description_of(finding),
        _ => group.resource_of(account, finding),
    }
}

/// A member's text; none where the finding does not have it.
fn of_group<'a>(
    name: &str,
    account: &'a str,
    group: &'a FindingGroup,
    state: &FindingState<'a>,
) -> Option<Cow<'a, str>> {
    let there = |member: &str, text: &'a str| group.has(member).then_some(Cow::Borrowed(text));
    match name {
        "SeverityLabel" => state.severity.and_then(|label| there("Severity", label)),
        "WorkflowStatus" => there("Workflow", state.workflow),
        "RecordState" => there("RecordState", state.record),
        "ComplianceStatus" => state.compliance.and_then(|status| there("Compliance", status)),
        "ComplianceSecurityControlId" if group.is_control() => {
            group.control.as_deref().and_then(|control| there("Compliance", control))
        }
        "ProductArn" => Some(Cow::Owned(group.product.arn(&group.region))),
        "ProductName" => there("ProductName", group.product.name()),
        "CompanyName" => there("CompanyName", group.product.company()),
        "AwsAccountId" => Some(Cow::Borrowed(account)),
        "Region" => there("Region", &group.region),
        "GeneratorId" => Some(Cow::Borrowed(&group.generator)),
        "Type" => there("Types", &group.kind),
        "ResourceType" => Some(Cow::Borrowed(&group.resource_type)),
        "ResourceRegion" => Some(Cow::Borrowed(&group.region)),
        _ => None,
    }
}

/// Whether a text fits: one of the filters that want something, and all that do not want something.
fn all_fit(filters: &[TextFilter], text: Option<&str>) -> bool {
    let mut wanted = filters.iter().filter(|filter| !filter.comparison.is_negative()).peekable();
    let any = wanted.peek().is_none() || wanted.any(|filter| text.is_some_and(|text| filter.fits(text)));
    let mut unwanted = filters.iter().filter(|filter| filter.comparison.is_negative());
    any && unwanted.all(|filter| text.is_none_or(|text| filter.fits(text)))
}

impl Comparison {
    const fn is_negative(self) -> bool {
        matches!(self, Self::NotEquals | Self::PrefixNotEquals | Self::NotContains)
    }
}

impl TextFilter {
    fn read(input: Input<'_>) -> Result<Self, ApiError> {
        let comparison = match input.text("Comparison")? {
            Some("EQUALS") => Comparison::Equals,
            Some("PREFIX") => Comparison::Prefix,
            Some("CONTAINS") => Comparison::Contains,
            Some("CONTAINS_WORD") => Comparison::ContainsWord,
            Some("NOT_EQUALS") => Comparison::NotEquals,
            Some("PREFIX_NOT_EQUALS") => Comparison::PrefixNotEquals,
            Some("NOT_CONTAINS") => Comparison::NotContains,
            word => {
                let word = word.unwrap_or_default();
                return Err(invalid(format!("Invalid parameter 'Filters'. '{word}' is no comparison of a string.")));
            }
        };
        let value = input.text("Value")?.filter(|text| !text.is_empty());
        let value = value.ok_or_else(|| invalid("Invalid parameter 'Filters'. A filter's Value must not be empty."))?;
        Ok(Self { comparison, value: value.to_owned() })
    }

    fn fits(&self, text: &str) -> bool {
        let value = self.value.as_str();
        match self.comparison {
            Comparison::Equals => text == value,
            Comparison::Prefix => text.starts_with(value),
            Comparison::Contains => text.contains(value),
            Comparison::ContainsWord => text.split(|c: char| !c.is_alphanumeric()).any(|word| word == value),
            Comparison::NotEquals => text != value,
            Comparison::PrefixNotEquals => !text.starts_with(value),
            Comparison::NotContains => !text.contains(value),
        }
    }
}

impl DateFilter {
    fn read(input: Input<'_>, now: Millis) -> Result<Self, ApiError> {
        if let Some(range) = input.structure("DateRange")? {
            let days = range.integer("Value")?.filter(|days| *days >= 0);
            let days = days.ok_or_else(|| invalid("Invalid parameter 'Filters'. A DateRange needs a Value."))?;
            let edge = now.saturating_sub(days.saturating_mul(DAY));
            return match (range.text("Unit")?, range.text("Comparison")?) {
                (Some("DAYS") | None, Some("WITHIN") | None) => Ok(Self { from: edge, until: Millis::MAX }),
                (Some("DAYS") | None, Some("OLDER_THAN")) => Ok(Self { from: Millis::MIN, until: edge }),
                _ => Err(invalid("Invalid parameter 'Filters'. A DateRange is in DAYS, WITHIN or OLDER_THAN.")),
            };
        }
        let time = |name: &str| match input.text(name)? {
            None => Ok(None),
            Some(text) => match text.parse::<jiff::Timestamp>() {
                Ok(at) => Ok(Some(at.as_millisecond())),
                Err(_) => Err(invalid(format!("Invalid parameter 'Filters'. '{text}' is not a valid timestamp."))),
            },
        };
        match (time("Start")?, time("End")?) {
            (None, None) => Err(invalid("Invalid parameter 'Filters'. A date needs a Start, an End or a DateRange.")),
            (from, until) => Ok(Self { from: from.unwrap_or(Millis::MIN), until: until.unwrap_or(Millis::MAX) }),
        }
    }
}

impl NumberFilter {
    fn read(input: Input<'_>) -> Result<Self, ApiError> {
        let names = [("Gte", Bound::Gte), ("Lte", Bound::Lte), ("Eq", Bound::Eq), ("Gt", Bound::Gt), ("Lt", Bound::Lt)];
        let mut bounds = Vec::new();
        for (name, bound) in names {
            bounds.extend(input.number(name)?.map(|value| (bound, value)));
        }
        Ok(Self { bounds })
    }

    #[expect(clippy::cast_precision_loss, reason = "a severity is at most 100")]
    fn fits(&self, value: i64) -> bool {
        let value = value as f64;
        self.bounds.iter().all(|(bound, limit)| match bound {
            Bound::Gte => value >= *limit,
            Bound::Lte => value <= *limit,
            Bound::Eq => (value - limit).abs() < f64::EPSILON,
            Bound::Gt => value > *limit,
            Bound::Lt => value < *limit,
        })
    }
}
