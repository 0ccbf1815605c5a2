//! `GetFindingHistory`.

use super::{invalid, invalid_token, max_results, subscribed};
use crate::simulator::auth::Persona;
use crate::simulator::call::Call;
use crate::simulator::clock::{DAY, Millis, iso_time};
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::{Finding, FindingGroup, FindingState};

/// How long Security Hub keeps what became of a finding.
///
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetFindingHistory.html>
const KEPT: Millis = 90 * DAY;

/// Tells what became of a finding in the last ninety days, the newest first.
pub fn get_finding_history(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let held = subscribed(call)?;
    let size = max_results(input)?;
    let asked = input.structure("FindingIdentifier")?;
    let asked = asked.ok_or_else(|| invalid("Invalid parameter 'FindingIdentifier'. It must not be null."))?;
    let part = |name: &str| {
        let text = asked.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| invalid(format!("Invalid parameter 'FindingIdentifier'. {name} must not be null.")))
    };
    let (id, product) = (part("Id")?, part("ProductArn")?);
    let (start, end) = (input.time("StartTime")?, input.time("EndTime")?);
    if start.zip(end).is_some_and(|(start, end)| start >= end) {
        return Err(invalid("Invalid parameter 'StartTime'. It must be before 'EndTime'."));
    }
    let from = start.unwrap_or(Millis::MIN).max(call.now - KEPT);
    let until = end.unwrap_or(Millis::MAX).min(call.now);
    let scope = format!("{}/{product}/{id}/{start:?}/{end:?}", call.scope("GetFindingHistory"));
    let skipped = match input.text("NextToken")? {
        None => 0,
        Some(token) => {
            paging::open(&scope, token).and_then(|text| text.parse::<usize>().ok()).ok_or_else(invalid_token)?
        }
    };
    let Some((group, finding)) = held.find(id, product, call.now) else {
        return Ok(object().with("Records", Vec::new()).into());
    };
    let identifier = object().with("Id", id.to_owned()).with("ProductArn", product.to_owned());
    let mut steps = steps(&held.account, group, finding, call.now);
    steps.retain(|step| (from..=until).contains(&step.at));
    let next = skipped.saturating_add(size);
    let token = (next < steps.len()).then(|| paging::seal(&scope, &next.to_string()));
    let records = steps.iter().rev().skip(skipped).take(size).map(|step| {
        let source = match &step.by {
            By::Somebody(identity) => object().with("Type", "BATCH_UPDATE_FINDINGS").with("Identity", identity),
            By::Product => {
                object().with("Type", "BATCH_IMPORT_FINDINGS").with("Identity", group.product.arn(&group.region))
            }
        };
        object()
            .with("FindingIdentifier", identifier.clone())
            .with("UpdateTime", iso_time(step.at))
            .with("FindingCreated", step.updates.is_empty())
            .with("UpdateSource", source)
            .with("Updates", step.updates.clone())
    });
    Ok(object().with("Records", list(records)).with("NextToken", token).into())
}

/// One change of a finding, or its making where nothing was updated.
struct Step {
    at: Millis,
    by: By,
    updates: Vec<Value>,
}

/// Who changed a finding.
enum By {
    /// The product that found it.
    Product,
    /// A person, by an ARN.
    Somebody(String),
}

/// A finding's changes until a time, oldest first.
fn steps(account: &str, group: &FindingGroup, finding: &Finding, now: Millis) -> Vec<Step> {
    let mut steps = vec![Step { at: finding.created, by: By::Product, updates: Vec::new() }];
    let edits = finding.edits.seen(now);
    let mut times: Vec<Millis> =
        finding.changes.iter().map(|(at, _)| *at).chain(edits.iter().map(|one| one.seen)).collect();
    times.sort_unstable();
    times.dedup();
    let mut before = group.usual();
    for at in times {
        let after = group.state(finding, at);
        let edit = edits.iter().find(|edit| edit.seen == at);
        let mut updates = updates(&before, &after);
        updates
            .extend(edit.and_then(|edit| edit.note.as_ref()).map(|note| update("Note.Text", None, Some(&note.text))));
        if !updates.is_empty() {
            // Products do not touch the workflow: a person does, in the story as well.
            let told = after.workflow != before.workflow && after.compliance == before.compliance;
            let staff = || format!("arn:aws:sts::{account}:assumed-role/{}/op-0137", Persona::Staff.role_name());
            let by = edit.map(|edit| edit.by.clone()).or_else(|| told.then(staff));
            steps.push(Step { at, by: by.map_or(By::Product, By::Somebody), updates });
        }
        before = after;
    }
    steps
}

fn updates(before: &FindingState<'_>, after: &FindingState<'_>) -> Vec<Value> {
    let members = [
        ("Severity.Label", before.severity, after.severity),
        ("Workflow.Status", Some(before.workflow), Some(after.workflow)),
        ("RecordState", Some(before.record), Some(after.record)),
        ("Compliance.Status", before.compliance, after.compliance),
    ];
    let changed = members.into_iter().filter(|(_, before, after)| before != after);
    changed.map(|(name, before, after)| update(name, before, after)).collect()
}

fn update(name: &'static str, before: Option<&str>, after: Option<&str>) -> Value {
    object()
        .with("UpdatedField", name)
        .with("OldValue", before.map(str::to_owned))
        .with("NewValue", after.map(str::to_owned))
        .into()
}
