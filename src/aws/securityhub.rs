//! Security Hub findings: page by page, from the region that gathers them.

mod finding;
mod home;

use std::sync::Arc;

use aws_sdk_securityhub::types as aws;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    fetch::{Failure, FailureKind},
    finding::{Finding, FindingChange, FindingKey, FindingSeverity, FindingsSnapshot, Workflow},
};

use super::{
    Connection,
    action::Action,
    deep::deep,
    load::Loaded,
    words::{message, name, time},
};

pub(super) use home::Hub;

/// How many findings a page holds at most (`GetFindings`, `MaxResults`).
const PAGE: i32 = 100;
/// The most findings to do that are read.
pub const MOST_TO_DO: usize = 10_000;
/// The most findings that are kept of one source.
pub const MOST_FINDINGS: usize = 25_000;
/// The most pages that one pass reads, however small they are.
const MOST_PAGES: usize = 1_000;
/// How far into the future a delta reaches, as products' clocks may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// The most lines of a finding's history that are read: one page.
const MOST_CHANGES: i32 = 100;

/// Names what a page of findings is asked for.
///
/// The first three together hold every active finding once. What counts as to do is asked for by what it is not, so that
/// a severity or a workflow that AWS has not had before is among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingPass {
    /// Active findings that nobody is done with, and that are not of a lesser severity.
    ToDo,
    /// Active findings of a lesser severity: INFORMATIONAL, LOW, MEDIUM.
    Lesser,
    /// Active findings, not of a lesser severity, that somebody is done with.
    Done,
}

impl FindingPass {
    /// Lists the passes in their order.
    pub const ALL: [Self; 3] = [Self::ToDo, Self::Lesser, Self::Done];

    /// Returns the pass that brings a finding; none for one that is archived.
    pub fn of(finding: &Finding) -> Option<Self> {
        match finding {
            _ if !finding.active => None,
            _ if finding.severity.rank() < FindingSeverity::High.rank() => Some(Self::Lesser),
            _ if finding.workflow.is_done() => Some(Self::Done),
            _ => Some(Self::ToDo),
        }
    }
}

/// Says which findings to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingsQuery {
    /// Those of a pass.
    Pass(FindingPass),
    /// Those that changed since, whatever became of them.
    Since {
        /// When.
        at: Timestamp,
        /// Whether those of a lesser severity are among them.
        everything: bool,
    },
}

/// Holds a page of findings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingsPage {
    /// The findings, lately updated ones first.
    pub findings: Vec<Arc<Finding>>,
    /// What asks for the next page, where there is one.
    pub next: Option<String>,
    /// The region that they were read in, where it is not the source's own.
    pub aggregated_in: Option<String>,
}

impl Connection {
    /// Reads a page of findings, lately updated ones first; nothing where another source of the same account and caller
    /// reads them.
    ///
    /// # Errors
    /// A [`Failure`]; [`FailureKind::NotEnabled`] where Security Hub is off, and [`FailureKind::Invalid`] where the token
    /// has expired.
    pub async fn findings_page(
        &self,
        query: &FindingsQuery,
        token: Option<String>,
    ) -> Result<Option<FindingsPage>, Failure> {
        let hub = self.hub().await?;
        if !self.sites.claim_findings(&hub.site.region) {
            return Ok(None);
        }
        let site = Arc::clone(&hub.site);
        let (filters, action) = (filters(query), Action::GetFindings);
        let read = deep(Box::pin(async move {
            let sorted =
                aws::SortCriterion::builder().field("UpdatedAt").sort_order(aws::SortOrder::Descending).build();
            let get = || {
                let request = site.securityhub.get_findings().filters(filters.clone());
                let request = request.sort_criteria(sorted.clone()).max_results(PAGE);
                request.set_next_token(token.clone()).send()
            };
            site.caller.call(action, "", get).await
        }));
        let answer = read.await.map_err(|error| hub.site.caller.invalid(action, &error))??;
        let findings = answer.findings.unwrap_or_default();
        let findings = findings.iter().filter_map(|raw| finding::finding(raw, &|raw| self.remember(raw)));
        Ok(Some(FindingsPage {
            findings: findings.map(Arc::new).collect(),
            next: answer.next_token.filter(|next| !next.is_empty()),
            aggregated_in: hub.aggregated_in(self.region()),
        }))
    }

    /// Reads findings: those that are to do, or all active ones.
    pub async fn findings(&self, to_do_only: bool) -> Loaded<FindingsSnapshot> {
        let mut loaded = Loaded::<FindingsSnapshot>::default();
        let passes = if to_do_only { &FindingPass::ALL[..1] } else { &FindingPass::ALL };
        for pass in passes {
            let room = MOST_FINDINGS - loaded.value.findings.len();
            let room = if *pass == FindingPass::ToDo { room.min(MOST_TO_DO) } else { room };
            match self.findings_of(*pass, room, &mut loaded.value).await {
                Ok(()) => loaded.value.to_do_complete = true,
                Err(failure) => {
                    loaded.failures.push(failure);
                    break;
                }
            }
        }
        loaded.value.complete = !to_do_only && loaded.failures.is_empty() && !loaded.value.capped;
        sort_findings(&mut loaded.value.findings);
        loaded
    }

    /// Reads a pass to its end, or until there is no more room.
    async fn findings_of(&self, pass: FindingPass, room: usize, into: &mut FindingsSnapshot) -> Result<(), Failure> {
        let (mut token, mut read) = (None, 0);
        for _ in 0..MOST_PAGES {
            let Some(page) = self.findings_page(&FindingsQuery::Pass(pass), token.clone()).await? else {
                into.read_elsewhere = true;
                return Ok(());
            };
            into.aggregated_in = page.aggregated_in;
            read += page.findings.len();
            into.findings.extend(page.findings);
            if page.next.is_none() && read <= room {
                return Ok(());
            }
            if read >= room || page.next == token {
                break;
            }
            token = page.next;
        }
        let more = read.saturating_sub(room);
        into.findings.truncate(into.findings.len() - more);
        into.capped = true;
        Ok(())
    }

    /// Reads one finding by its id; nothing where there is none, or several products have one of that id.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read.
    pub async fn finding(&self, id: &str) -> Result<Option<Finding>, Failure> {
        let hub = self.hub().await?;
        let (site, action) = (Arc::clone(&hub.site), Action::GetFindings);
        let wanted = words([self.original(id).as_str()].into_iter(), &aws::StringFilterComparison::Equals);
        let filters = aws::AwsSecurityFindingFilters::builder().set_id(Some(wanted)).build();
        let read = deep(Box::pin(async move {
            let get = || site.securityhub.get_findings().filters(filters.clone()).max_results(PAGE).send();
            site.caller.call(action, "", get).await
        }));
        let answer = read.await.map_err(|error| hub.site.caller.invalid(action, &error))??;
        let found = answer.findings.unwrap_or_default();
        let mut found = found.iter().filter_map(|raw| finding::finding(raw, &|raw| self.remember(raw)));
        match (found.next(), found.next()) {
            (Some(only), None) if only.key.id == id => Ok(Some(only)),
            _ => Ok(None),
        }
    }

    /// Reads the history of a finding, newest first, at most 100 changes of the last 90 days.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read.
    pub async fn finding_history(&self, key: &FindingKey) -> Result<Vec<FindingChange>, Failure> {
        let hub = self.hub().await?;
        let identifier = aws::AwsSecurityFindingIdentifier::builder()
            .id(self.original(&key.id))
            .product_arn(self.original(&key.product_arn));
        let identifier = identifier.build();
        let get = || {
            let request = hub.site.securityhub.get_finding_history().finding_identifier(identifier.clone());
            request.max_results(MOST_CHANGES).send()
        };
        let answer = hub.site.caller.call(Action::GetFindingHistory, "", get).await?;
        let mut changes: Vec<FindingChange> = answer.records().iter().filter_map(change).collect();
        changes.sort_by_key(|change| std::cmp::Reverse(change.at));
        Ok(changes)
    }

    /// Tells whether a page's failure may mean no more than that its token has expired.
    pub fn is_about_a_token(failure: &Failure) -> bool {
        failure.kind == FailureKind::Invalid
    }
}

/// Sorts findings, worst and lately updated ones first, each once.
pub fn sort_findings(findings: &mut Vec<Arc<Finding>>) {
    findings.sort_by(|a, b| order(a, b));
    findings.dedup_by(|a, b| a.key == b.key);
}

/// Orders findings: the worst first, and of those the lately updated.
pub fn order(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    let worst = b.severity.rank().cmp(&a.severity.rank());
    worst.then_with(|| b.updated_at.cmp(&a.updated_at)).then_with(|| a.key.cmp(&b.key))
}

/// Puts a query in Security Hub's terms: the values of an attribute are alternatives, unless they say what it is not.
fn filters(query: &FindingsQuery) -> aws::AwsSecurityFindingFilters {
    const LESSER: [FindingSeverity; 3] =
        [FindingSeverity::Informational, FindingSeverity::Low, FindingSeverity::Medium];
    const DONE: [Workflow; 2] = [Workflow::Resolved, Workflow::Suppressed];
    let (is, is_not) = (aws::StringFilterComparison::Equals, aws::StringFilterComparison::NotEquals);
    let severities = |comparison| Some(words(LESSER.iter().map(FindingSeverity::as_str), &comparison));
    let workflows = |comparison| Some(words(DONE.iter().map(Workflow::as_str), &comparison));
    let active = words(["ACTIVE"].into_iter(), &is);
    let filters = aws::AwsSecurityFindingFilters::builder();
    let filters = match query {
        FindingsQuery::Pass(pass) => {
            let filters = filters.set_record_state(Some(active));
            match pass {
                FindingPass::ToDo => {
                    filters.set_severity_label(severities(is_not.clone())).set_workflow_status(workflows(is_not))
                }
                FindingPass::Lesser => filters.set_severity_label(severities(is)),
                FindingPass::Done => filters.set_severity_label(severities(is_not)).set_workflow_status(workflows(is)),
            }
        }
        FindingsQuery::Since { at, everything } => {
            let end = at.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
            let lately = aws::DateFilter::builder().start(stamp(*at)).end(stamp(end)).build();
            filters.updated_at(lately).set_severity_label(if *everything { None } else { severities(is_not) })
        }
    };
    filters.build()
}

fn words<'a>(
    values: impl Iterator<Item = &'a str>,
    comparison: &aws::StringFilterComparison,
) -> Vec<aws::StringFilter> {
    values.map(|value| aws::StringFilter::builder().value(value).comparison(comparison.clone()).build()).collect()
}

/// Writes a time as Security Hub takes it: to the millisecond.
fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn change(raw: &aws::FindingHistoryRecord) -> Option<FindingChange> {
    let source = raw.update_source.as_ref();
    let by = source.and_then(|source| source.identity.as_deref());
    let by = by
        .or_else(|| source.and_then(|source| source.r#type.as_ref()).map(aws::FindingHistoryUpdateSourceType::as_str));
    let field = |raw: &aws::FindingHistoryUpdate| {
        (name(raw.updated_field.as_deref()), message(raw.old_value.as_deref()), message(raw.new_value.as_deref()))
    };
    Some(FindingChange {
        at: time(raw.update_time.as_ref())?,
        by: name(by),
        created: raw.finding_created.unwrap_or(false),
        fields: raw.updates().iter().map(field).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the values of a filter, those that a finding must not have with a `!`.
    fn said(filter: &[aws::StringFilter]) -> Vec<String> {
        let one = |filter: &aws::StringFilter| {
            let not = if filter.comparison == Some(aws::StringFilterComparison::NotEquals) { "!" } else { "" };
            format!("{not}{}", filter.value.as_deref().unwrap())
        };
        filter.iter().map(one).collect()
    }

    #[test]
    fn what_is_to_do_is_asked_for_by_what_it_is_not() {
        let to_do = filters(&FindingsQuery::Pass(FindingPass::ToDo));
        assert_eq!(said(to_do.severity_label()), ["!INFORMATIONAL", "!LOW", "!MEDIUM"]);
        assert_eq!(said(to_do.workflow_status()), ["!RESOLVED", "!SUPPRESSED"]);
        assert_eq!(said(to_do.record_state()), ["ACTIVE"]);
        let lesser = filters(&FindingsQuery::Pass(FindingPass::Lesser));
        assert_eq!(said(lesser.severity_label()), ["INFORMATIONAL", "LOW", "MEDIUM"]);
        assert!(lesser.workflow_status().is_empty());
        let done = filters(&FindingsQuery::Pass(FindingPass::Done));
        assert_eq!(said(done.severity_label()), ["!INFORMATIONAL", "!LOW", "!MEDIUM"]);
        assert_eq!(said(done.workflow_status()), ["RESOLVED", "SUPPRESSED"]);
    }

    #[test]
    fn a_delta_takes_what_left_as_well() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let delta = filters(&FindingsQuery::Since { at, everything: false });
        assert_eq!(delta.updated_at()[0].start.as_deref(), Some("2027-01-15T08:00:00.000Z"));
        assert!(delta.updated_at()[0].end.is_some());
        assert_eq!(said(delta.severity_label()), ["!INFORMATIONAL", "!LOW", "!MEDIUM"]);
        assert!(delta.record_state().is_empty() && delta.workflow_status().is_empty());
        assert!(filters(&FindingsQuery::Since { at, everything: true }).severity_label().is_empty());
    }
}
