//! Signals gathered by the trouble that they tell of.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::domain::{
    alarm::{Alarm, Watches},
    ecs::{Service, ServiceKey},
    fetch::SourceId,
    finding::{Finding, Workflow},
    waf::{Spike, WebAcl, WebAclKey},
};

use super::{
    Item, Place, Sighting, Subject, Trouble,
    joins::{Firing, Joins},
    since,
    trouble::{order_in_group, service_trouble},
    weigh,
};

/// Signals of one trouble while they are being gathered.
struct Group {
    subject: Subject,
    place: Place,
    troubles: Vec<Trouble>,
}

impl Group {
    fn item(mut self, now: Timestamp) -> Item {
        let kind = self.place.kind;
        self.troubles.sort_by_key(|trouble| (Reverse(weigh(trouble, kind, now)), order_in_group(trouble)));
        let also = self.troubles.split_off(1);
        let trouble = self.troubles.remove(0);
        Item {
            severity: weigh(&trouble, kind, now),
            since: since(&trouble),
            place: self.place,
            subject: self.subject,
            trouble,
            also,
        }
    }
}

/// Gathers signals into groups of one trouble each.
#[derive(Default)]
pub(super) struct Groups {
    found: Vec<Group>,
    by_subject: HashMap<Subject, usize>,
    /// Services by the target groups they register with, as the ELB dimension `TargetGroup` writes them.
    by_target_group: HashMap<(SourceId, String), (ServiceKey, Place)>,
    places: HashMap<(SourceId, ServiceKey), Place>,
    /// Web ACLs by the name under which CloudWatch counts them.
    by_web_acl: HashMap<(SourceId, String), (WebAclKey, Place)>,
}

impl Groups {
    /// Returns what was gathered.
    pub(super) fn items(self, now: Timestamp) -> Vec<Item> {
        self.found.into_iter().map(|group| group.item(now)).collect()
    }

    /// Adds a trouble to what else is known of its subject.
    pub(super) fn add(&mut self, subject: Subject, place: Place, trouble: Trouble) {
        let next = self.found.len();
        let index = *self.by_subject.entry(subject.clone()).or_insert(next);
        if index == next {
            self.found.push(Group { subject, place, troubles: Vec::new() });
        }
        self.found[index].troubles.push(trouble);
    }

    /// Takes a service, in trouble or not.
    pub(super) fn service(&mut self, sighting: &Sighting<'_>, service: &Arc<Service>, now: Timestamp) {
        let place = sighting.place;
        self.places.insert((sighting.source, service.key.clone()), place);
        for dimension in service.target_group_dimensions() {
            self.by_target_group.insert((sighting.source, dimension.to_owned()), (service.key.clone(), place));
        }
        if let Some(trouble) = service_trouble(service, now) {
            self.add(Subject::Service(sighting.source, service.key.clone()), place, trouble);
        }
    }

    /// Takes a web ACL, in trouble or not.
    pub(super) fn web_acl(&mut self, sighting: &Sighting<'_>, acl: &Arc<WebAcl>, spike: Option<Spike>) {
        let (source, place) = (sighting.source, sighting.place);
        if let Some(detail) = &acl.detail {
            self.by_web_acl.insert((source, detail.metric.clone()), (acl.key.clone(), place));
        }
        if let Some(spike) = spike {
            let subject = Subject::WebAcl(source, acl.key.clone());
            self.add(subject, place, Trouble::WafSpike { acl: Arc::clone(acl), spike });
        }
    }

    /// Takes a finding that is to do: to those of the same cause, where there are such.
    pub(super) fn finding(&mut self, sighting: &Sighting<'_>, finding: &Arc<Finding>) {
        let subject = Subject::Findings(sighting.source, finding.account.clone(), finding.cause().to_owned());
        if let Some(index) = self.by_subject.get(&subject)
            && let Some(Trouble::Findings { finding: worst, count }) = self.found[*index].troubles.first_mut()
        {
            *count += 1;
            // One that nobody has looked at stands for those that somebody was told of.
            let grave = |one: &Finding| (one.workflow != Workflow::Notified, one.severity.rank(), one.began());
            if grave(finding) > grave(worst) {
                *worst = Arc::clone(finding);
            }
            return;
        }
        self.add(subject, sighting.place, Trouble::Findings { finding: Arc::clone(finding), count: 1 });
    }

    /// Returns the service or web ACL that an alarm watches, if it watches one that we know.
    fn watched(&self, source: SourceId, alarm: &Alarm) -> Option<(Subject, Place)> {
        let Watches::Metric(rule) = &alarm.watches else {
            return None;
        };
        let metric = rule.metric.as_ref()?;
        if let (Some(cluster), Some(service)) = (metric.dimension("ClusterName"), metric.dimension("ServiceName")) {
            let key = ServiceKey { cluster: cluster.to_owned(), service: service.to_owned() };
            let place = self.places.get(&(source, key.clone()))?;
            return Some((Subject::Service(source, key), *place));
        }
        if let Some(group) = metric.dimension("TargetGroup") {
            let (key, place) = self.by_target_group.get(&(source, group.to_owned()))?;
            return Some((Subject::Service(source, key.clone()), *place));
        }
        let acl = metric.dimension("WebACL").filter(|_| metric.namespace == "AWS/WAFV2")?;
        let (key, place) = self.by_web_acl.get(&(source, acl.to_owned()))?;
        Some((Subject::WebAcl(source, key.clone()), *place))
    }

    /// Takes the alarms in ALARM, once everything that they may watch is known.
    pub(super) fn alarms(&mut self, alarms: &[(Sighting<'_>, &Arc<Alarm>)]) {
        let mut by_source: BTreeMap<SourceId, Vec<Firing<'_>>> = BTreeMap::new();
        for (sighting, alarm) in alarms {
            let watched = self.watched(sighting.source, alarm);
            let children = match &alarm.watches {
                Watches::Composite(rule) => rule.children.as_slice(),
                Watches::Metric(_) => &[],
            };
            let firing = Firing { name: &alarm.name, place: sighting.place, watched, children };
            by_source.entry(sighting.source).or_default().push(firing);
        }
        let subjects: BTreeMap<SourceId, BTreeMap<&str, (Subject, Place)>> =
            by_source.into_iter().map(|(source, firing)| (source, Joins::new(source, firing).subjects())).collect();
        for (sighting, alarm) in alarms {
            let belongs_to = subjects.get(&sighting.source).and_then(|subjects| subjects.get(alarm.name.as_str()));
            if let Some((subject, place)) = belongs_to.cloned() {
                self.add(subject, place, Trouble::Alarm { alarm: Arc::clone(alarm) });
            }
        }
    }
}
