//! Which alarms tell of the same trouble.
//!
//! An alarm that watches a service or a web ACL belongs to it. Every other one is joined with the composites that read it and with
//! the alarms that it reads, as far as those are in ALARM too, in whatever order they come. Together they belong to the
//! first of these that one of their rules leads to, or else to the outermost of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Place, SourceId, Subject};

/// Describes an alarm in ALARM, as far as joining it with others goes.
#[derive(Debug, Clone)]
pub(super) struct Firing<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Where it belongs by its own name.
    pub(super) place: Place,
    /// The service or web ACL that it watches.
    pub(super) watched: Option<(Subject, Place)>,
    /// The alarms that it reads, in the order of its rule.
    pub(super) children: &'a [String],
}

/// Holds the alarms of one source that are in ALARM.
pub(super) struct Joins<'a> {
    source: SourceId,
    firing: BTreeMap<&'a str, Firing<'a>>,
    /// Who is joined with whom, both ways, among those that watch no service or web ACL.
    links: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Joins<'a> {
    /// Finds out who reads whom.
    pub(super) fn new(source: SourceId, firing: impl IntoIterator<Item = Firing<'a>>) -> Self {
        let firing: BTreeMap<&str, Firing<'_>> = firing.into_iter().map(|alarm| (alarm.name, alarm)).collect();
        let mut links: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for reader in firing.values() {
            for child in reader.children {
                if firing.get(child.as_str()).is_some_and(|child| child.watched.is_none()) {
                    links.entry(reader.name).or_default().push(child);
                    links.entry(child).or_default().push(reader.name);
                }
            }
        }
        Self { source, firing, links }
    }

    /// Returns what each alarm belongs to, by its name.
    pub(super) fn subjects(&self) -> BTreeMap<&'a str, (Subject, Place)> {
        let mut subjects = BTreeMap::new();
        for alarm in self.firing.values() {
            if let Some(watched) = &alarm.watched {
                subjects.insert(alarm.name, watched.clone());
            } else if !subjects.contains_key(alarm.name) {
                let members = self.joined(alarm.name);
                let subject = self.subject_of(&members, alarm);
                subjects.extend(members.into_iter().map(|member| (member, subject.clone())));
            }
        }
        subjects
    }

    /// Returns the alarms that are joined with one, itself among them.
    fn joined(&self, name: &'a str) -> BTreeSet<&'a str> {
        let mut members = BTreeSet::from([name]);
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            let neighbours = self.links.get(name).into_iter().flatten();
            waiting.extend(neighbours.filter(|neighbour| members.insert(**neighbour)).copied().collect::<Vec<_>>());
        }
        members
    }

    /// Returns what joined alarms belong to; `one` is any of them.
    fn subject_of(&self, members: &BTreeSet<&str>, one: &Firing<'_>) -> (Subject, Place) {
        let all = || members.iter().filter_map(|name| self.firing.get(name));
        let leads_to = |child: &String| self.firing.get(child.as_str())?.watched.clone();
        if let Some(watched) = all().flat_map(|alarm| alarm.children).find_map(leads_to) {
            return watched;
        }
        let read: BTreeSet<&str> = all()
            .flat_map(|alarm| alarm.children.iter().filter(|child| *child != alarm.name))
            .map(String::as_str)
            .collect();
        // Where they read each other in a circle none is outermost, and the first by name stands for all.
        let outermost = all().find(|alarm| !read.contains(alarm.name)).or_else(|| all().next()).unwrap_or(one);
        (Subject::Alarm(self.source, outermost.name.to_owned()), outermost.place)
    }
}
