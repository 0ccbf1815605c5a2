//! `BatchUpdateFindings`: what people change of findings.
//!
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchUpdateFindings.html>

use super::{invalid, subscribed};
use crate::simulator::call::Call;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::{Edit, Note};

/// How many findings may be updated at once.
const MOST: usize = 100;
/// The longest text of a note.
const LONGEST_NOTE: usize = 512;
/// How many types, fields of one's own, and related findings there may be.
const MOST_MEMBERS: usize = 50;

/// Changes findings; those that are not there are told apart.
pub fn batch_update_findings(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let held = subscribed(call)?;
    let identifiers = input.structures("FindingIdentifiers")?;
    if identifiers.is_empty() || identifiers.len() > MOST {
        return Err(invalid(format!("Invalid parameter 'FindingIdentifiers'. It must have from 1 to {MOST} items.")));
    }
    let edit = edit(call, input)?;
    let edit =
        Edit { made: call.now, seen: call.now.saturating_add(held.hub.delay), by: call.principal.arn.clone(), ..edit };
    let (mut processed, mut unprocessed) = (Vec::new(), Vec::new());
    for identifier in identifiers {
        let (id, product) = (text(identifier, "Id")?, text(identifier, "ProductArn")?);
        let named = object().with("Id", id.to_owned()).with("ProductArn", product.to_owned());
        let shown = |region: &str| held.hub.shows(call.region, region);
        match held.find(id, product, call.now).filter(|(group, _)| shown(&group.region)) {
            Some((_, finding)) => {
                finding.edits.add(edit.clone());
                processed.push(named.into());
            }
            None => {
                let failed = object()
                    .with("FindingIdentifier", named)
                    .with("ErrorCode", "FindingNotFound")
                    .with("ErrorMessage", "Finding Not Found");
                unprocessed.push(failed.into());
            }
        }
    }
    Ok(object().with("ProcessedFindings", processed).with("UnprocessedFindings", unprocessed).into())
}

/// Reads a text that must say something.
fn text<'a>(input: Input<'a>, name: &str) -> Result<&'a str, ApiError> {
    let text = input.text(name)?.filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| invalid(format!("Invalid parameter '{name}'. It must not be blank.")))
}

/// Reads one of a few words.
fn word(input: Input<'_>, name: &str, known: &[&'static str]) -> Result<Option<&'static str>, ApiError> {
    let Some(given) = input.text(name)? else { return Ok(None) };
    let found = known.iter().find(|word| **word == given).copied();
    found.map(Some).ok_or_else(|| invalid(format!("Invalid parameter '{name}'. '{given}' is not one of {known:?}.")))
}

/// Reads a number from 0 to 100.
fn percent(input: Input<'_>, name: &str) -> Result<Option<i64>, ApiError> {
    match input.integer(name)? {
        Some(number) if !(0..=100).contains(&number) => {
            Err(invalid(format!("Invalid parameter '{name}'. It must be from 0 to 100.")))
        }
        number => Ok(number),
    }
}

/// Reads what is to be changed.
fn edit(call: &Call<'_>, input: Input<'_>) -> Result<Edit, ApiError> {
    let workflow = match input.structure("Workflow")? {
        None => None,
        Some(one) => word(one, "Status", &["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"])?,
    };
    let note = match input.structure("Note")? {
        None => None,
        Some(one) => {
            let note =
                Note { text: text(one, "Text")?.to_owned(), by: text(one, "UpdatedBy")?.to_owned(), at: call.now };
            if note.text.chars().count() > LONGEST_NOTE {
                let message = format!("Invalid parameter 'Note'. Text can have at most {LONGEST_NOTE} characters.");
                return Err(invalid(message));
            }
            Some(note)
        }
    };
    let types = input.texts("Types")?.map(|types| types.into_iter().map(str::to_owned).collect::<Vec<_>>());
    let fields = input.has("UserDefinedFields").then(|| input.pairs("UserDefinedFields")).transpose()?;
    let related = input.structures("RelatedFindings")?;
    let related = related.into_iter().map(|one| Ok((text(one, "ProductArn")?.to_owned(), text(one, "Id")?.to_owned())));
    let related = related.collect::<Result<Vec<_>, ApiError>>()?;
    let counts =
        [types.as_ref().map_or(0, Vec::len), fields.as_ref().map_or(0, std::collections::BTreeMap::len), related.len()];
    if counts.iter().any(|count| *count > MOST_MEMBERS) {
        return Err(invalid(format!(
            "Types, UserDefinedFields and RelatedFindings have at most {MOST_MEMBERS} items."
        )));
    }
    let verification = ["UNKNOWN", "TRUE_POSITIVE", "FALSE_POSITIVE", "BENIGN_POSITIVE"];
    Ok(Edit {
        workflow,
        severity: input.structure("Severity")?.map(severity).transpose()?.flatten(),
        note,
        verification: word(input, "VerificationState", &verification)?,
        confidence: percent(input, "Confidence")?,
        criticality: percent(input, "Criticality")?,
        types,
        fields: fields.map(|fields| fields.into_iter().collect()),
        related: Some(related).filter(|related| !related.is_empty()),
        ..Edit::default()
    })
}

/// The labels, each with the number that it stands for.
///
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_SeverityUpdate.html>
const LABELS: [(&str, i64); 5] = [("INFORMATIONAL", 0), ("LOW", 1), ("MEDIUM", 40), ("HIGH", 70), ("CRITICAL", 90)];

/// Reads a severity: from its label follows its number, and the other way round.
fn severity(input: Input<'_>) -> Result<Option<(&'static str, i64)>, ApiError> {
    let label = word(input, "Label", &LABELS.map(|(label, _)| label))?;
    let number = percent(input, "Normalized")?;
    let of_number =
        |number: i64| LABELS.iter().rev().find(|(_, least)| number >= *least).map(|(label, _)| (*label, number));
    let of_label = |label: &str| LABELS.iter().find(|(known, _)| *known == label).copied();
    Ok(match (label, number) {
        (Some(label), _) => of_label(label),
        (None, number) => number.and_then(of_number),
    })
}
