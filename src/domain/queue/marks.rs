//! Rows that a person has seen: they give way to those that nobody has.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Item, Severity};

/// The most marks that are kept; the oldest go first.
const MOST: usize = 1_000;

/// Says that a person has seen a row of the queue, as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The row: what tells it from others in every run: its account, its region and its object.
    pub row: String,
    /// When its trouble began.
    pub since: Option<Timestamp>,
    /// How bad it was.
    pub severity: Severity,
    /// When it was marked.
    pub at: Timestamp,
}

/// Holds the rows that a person has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    by_row: HashMap<String, Mark>,
}

impl Marks {
    /// Takes marks, such as those of an earlier run.
    pub fn new(marks: impl IntoIterator<Item = Mark>) -> Self {
        let mut all = Self { by_row: marks.into_iter().map(|mark| (mark.row.clone(), mark)).collect() };
        all.bound();
        all
    }

    /// Returns the marks, newest first.
    pub fn all(&self) -> Vec<Mark> {
        let mut marks: Vec<Mark> = self.by_row.values().cloned().collect();
        marks.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.row.cmp(&b.row)));
        marks
    }

    /// Tells whether a row was seen: its trouble is still the same and no worse.
    pub fn has(&self, row: &str, item: &Item) -> bool {
        self.by_row.get(row).is_some_and(|mark| mark.since == item.since && item.severity <= mark.severity)
    }

    /// Marks a row, or takes its mark away; tells whether it is marked now.
    pub fn toggle(&mut self, row: &str, item: &Item, now: Timestamp) -> bool {
        if self.has(row, item) {
            self.by_row.remove(row);
            return false;
        }
        let mark = Mark { row: row.to_owned(), since: item.since, severity: item.severity, at: now };
        self.by_row.insert(row.to_owned(), mark);
        self.bound();
        true
    }

    fn bound(&mut self) {
        if self.by_row.len() > MOST {
            let kept = self.all().into_iter().take(MOST);
            self.by_row = kept.map(|mark| (mark.row.clone(), mark)).collect();
        }
    }
}

/// Puts what was seen behind what was not; the order within both stays.
pub fn sink(items: &mut [Item], is_seen: impl Fn(&Item) -> bool) {
    items.sort_by_cached_key(is_seen);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        environment::Kind,
        fetch::{Panel, SourceId},
        queue::{Place, Subject, Trouble},
    };

    fn item(panel: Panel, severity: Severity, since: i64) -> Item {
        Item {
            severity,
            place: Place { environment: None, kind: Kind::Prd },
            subject: Subject::Source(SourceId(0), panel),
            trouble: Trouble::Credentials { end: Timestamp::UNIX_EPOCH },
            since: Timestamp::from_second(since).ok(),
            also: Vec::new(),
        }
    }

    #[test]
    fn a_seen_row_sinks_and_rises_when_it_is_worse_or_begins_anew() {
        let mut marks = Marks::default();
        let seen = item(Panel::Alarms, Severity::High, 60);
        assert!(marks.toggle("a", &seen, Timestamp::UNIX_EPOCH));
        assert!(marks.has("a", &seen) && !marks.has("b", &seen));
        assert!(marks.has("a", &item(Panel::Alarms, Severity::Medium, 60)));
        assert!(!marks.has("a", &item(Panel::Alarms, Severity::Critical, 60)));
        assert!(!marks.has("a", &item(Panel::Alarms, Severity::High, 120)));
        let mut items = vec![seen.clone(), item(Panel::Services, Severity::Low, 1)];
        sink(&mut items, |item| marks.has("a", item) && item.subject == seen.subject);
        assert_eq!(items[1], seen);
        assert_eq!(Marks::new(marks.all()), marks);
        assert!(!marks.toggle("a", &seen, Timestamp::UNIX_EPOCH));
        assert!(marks.all().is_empty());
    }

    #[test]
    fn marks_are_bounded_and_the_oldest_go() {
        let mut marks = Marks::default();
        let one = item(Panel::Alarms, Severity::High, 60);
        for number in 0..=MOST {
            let at = Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
            marks.toggle(&number.to_string(), &one, at);
        }
        assert_eq!(marks.all().len(), MOST);
        assert!(!marks.has("0", &one) && marks.has("1", &one));
    }
}
