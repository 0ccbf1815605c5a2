//! In which order `GetFindings` answers.

use std::cmp::Ordering;

use super::invalid;
use crate::simulator::clock::Millis;
use crate::simulator::wire::{ApiError, Input};
use crate::simulator::world::{Finding, FindingGroup, Findings};

/// A finding's place: its group, and its place there.
pub type Place = (u32, u32);

/// The members by which findings are ordered, each upwards or downwards.
#[derive(Debug)]
pub struct Order(Vec<(String, bool)>);

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
}

impl Order {
    /// Reads the criteria; without any the finding that was updated last comes first.
    pub fn read(input: Input<'_>) -> Result<Self, ApiError> {
        let mut criteria = Vec::new();
        for one in input.structures("SortCriteria")? {
            let field = one.text("Field")?.filter(|field| !field.is_empty());
            let field = field.ok_or_else(|| invalid("Invalid parameter 'SortCriteria'. A Field is needed."))?;
            let upwards = match one.text("SortOrder")? {
                Some("asc") | None => true,
                Some("desc") => false,
                Some(word) => return Err(invalid(format!("Invalid parameter 'SortCriteria'. '{word}' is no order."))),
            };
            criteria.push((field.to_owned(), upwards));
        }
        if criteria.is_empty() {
            criteria.push(("UpdatedAt".to_owned(), false));
        }
        Ok(Self(criteria))
    }

    /// Takes a page out of the findings as they would be in order, without putting all of them there.
    pub fn page(&self, held: &Findings, chosen: &[Place], now: Millis, from: usize, size: usize) -> Vec<Place> {
        match &self.0[..] {
            // Numbers are what nearly every caller orders by, and twenty thousand of them must be quick.
            [(field, upwards)] if is_number(field) => {
                let sign = if *upwards { 1 } else { -1 };
                let key = |place: &Place| match find(held, *place).map(|(group, one)| number(field, group, one, now)) {
                    Some(number) => sign * number,
                    None => 0,
                };
                let keyed: Vec<(i64, Place)> = chosen.iter().map(|place| (key(place), *place)).collect();
                slice(keyed, from, size, Ord::cmp).into_iter().map(|(_, place)| place).collect()
            }
            criteria => {
                let keys = |place: &Place| criteria.iter().map(|(field, _)| key(field, held, *place, now)).collect();
                let keyed: Vec<(Vec<Key>, Place)> = chosen.iter().map(|place| (keys(place), *place)).collect();
                let ordered = slice(keyed, from, size, |one, other| {
                    let pairs = one.0.iter().zip(&other.0).zip(criteria);
                    let first = pairs
                        .map(|((a, b), (_, upwards))| if *upwards { a.cmp(b) } else { b.cmp(a) })
                        .find(|order| order.is_ne());
                    first.unwrap_or_else(|| one.1.cmp(&other.1))
                });
                ordered.into_iter().map(|(_, place)| place).collect()
            }
        }
    }
}

/// Takes the items that would stand from a place on if all were in order.
fn slice<T>(mut items: Vec<T>, from: usize, size: usize, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if from >= items.len() {
        return Vec::new();
    }
    if from > 0 {
        items.select_nth_unstable_by(from, &compare);
    }
    let mut rest = items.split_off(from);
    if size < rest.len() {
        rest.select_nth_unstable_by(size, &compare);
        rest.truncate(size);
    }
    rest.sort_unstable_by(&compare);
    rest
}

/// Finds the finding at a place.
pub fn find(held: &Findings, (group, finding): Place) -> Option<(&FindingGroup, &Finding)> {
    let group = held.groups.get(group as usize)?;
    Some((group, group.findings.get(finding as usize)?))
}

fn is_number(field: &str) -> bool {
    matches!(
        field,
        "UpdatedAt" | "CreatedAt" | "FirstObservedAt" | "LastObservedAt" | "SeverityNormalized" | "SeverityLabel"
    )
}

fn number(field: &str, group: &FindingGroup, finding: &Finding, now: Millis) -> i64 {
    match field {
        "UpdatedAt" | "LastObservedAt" => group.updated(finding, now),
        "SeverityNormalized" | "SeverityLabel" => group.state(finding, now).normalized.unwrap_or(-1),
        _ => finding.created,
    }
}

fn key(field: &str, held: &Findings, place: Place, now: Millis) -> Key {
    let Some((group, finding)) = find(held, place) else { return Key::Number(0) };
    match field {
        _ if is_number(field) => Key::Number(number(field, group, finding, now)),
        "Id" => Key::Text(group.id(&held.account, finding)),
        "Title" => Key::Text(group.title_of(finding)),
        "ResourceId" => Key::Text(group.resource_of(&held.account, finding)),
        "ProductName" => Key::Text(group.product.name().to_owned()),
        "WorkflowStatus" => Key::Text(group.state(finding, now).workflow.to_owned()),
        "Region" => Key::Text(group.region.clone()),
        _ => Key::Text(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_join_to_the_whole_in_order() {
        let items: Vec<u64> = (0..997).map(crate::simulator::random::mix).collect();
        let mut sorted = items.clone();
        sorted.sort_unstable();
        let joined: Vec<u64> = (0..10).flat_map(|n| slice(items.clone(), n * 100, 100, Ord::cmp)).collect();
        assert_eq!(joined, sorted);
        assert!(slice(items, 997, 100, Ord::cmp).is_empty());
    }
}
