//! What each environment has, counted: the small multiples of the overview, and the rows of the fleet.

use crate::domain::{
    ecs::Steadiness,
    environment::Kind,
    finding::{Finding, FindingSeverity},
    queue::Place,
};

use super::{State, alarms::AlarmCounts, waf};

/// Counts services by how they fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceCounts {
    /// Steady, or stopped on purpose.
    pub steady: usize,
    /// Being rolled out.
    pub rolling: usize,
    /// With fewer tasks than wanted.
    pub short: usize,
    /// Failing.
    pub failing: usize,
}

impl ServiceCounts {
    /// Counts one service.
    pub fn add(&mut self, steadiness: Steadiness) {
        match steadiness {
            Steadiness::Steady | Steadiness::Stopped | Steadiness::Draining => self.steady += 1,
            Steadiness::Rolling => self.rolling += 1,
            Steadiness::Short => self.short += 1,
            Steadiness::Failing => self.failing += 1,
        }
    }

    /// Returns the number of all services.
    pub fn total(&self) -> usize {
        self.steady + self.rolling + self.short + self.failing
    }
}

/// Counts web ACLs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WafCounts {
    /// All of them.
    pub acls: usize,
    /// Those that block far more than usual.
    pub spikes: usize,
    /// How many times the usual the worst of them blocks, where it usually blocks anything.
    pub factor: Option<f64>,
}

/// Counts findings that are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FindingCounts {
    /// CRITICAL.
    pub critical: usize,
    /// HIGH, or of a severity that nobody knows.
    pub high: usize,
    /// Whether there may be more: they are still being read, or AWS has more than is kept.
    pub partial: bool,
}

impl FindingCounts {
    /// Counts one finding that is to do.
    pub fn add(&mut self, finding: &Finding) {
        if finding.severity == FindingSeverity::Critical {
            self.critical += 1;
        } else {
            self.high += 1;
        }
    }
}

/// Holds one environment's counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnvironmentLine {
    /// The environment, or `None` for what belongs to no environment.
    pub place: Place,
    /// Its services.
    pub services: ServiceCounts,
    /// Its alarms.
    pub alarms: AlarmCounts,
    /// Its web ACLs.
    pub waf: WafCounts,
    /// Its findings to do.
    pub findings: FindingCounts,
}

impl EnvironmentLine {
    fn new(place: Place) -> Self {
        Self {
            place,
            services: ServiceCounts::default(),
            alarms: AlarmCounts::default(),
            waf: WafCounts::default(),
            findings: FindingCounts::default(),
        }
    }

    /// Tells whether anything at all was counted.
    fn has_any(&self) -> bool {
        let alarms = self.alarms.alarm + self.alarms.no_data + self.alarms.ok;
        self.services.total() + alarms + self.waf.acls + self.findings.critical + self.findings.high > 0
    }
}

/// Counts what each environment has, in the order of the configuration; what is unassigned comes last, if there is any.
pub fn lines(state: &State) -> Vec<EnvironmentLine> {
    let of = |(index, kind)| EnvironmentLine::new(Place { environment: Some(index), kind });
    let kinds = state.environments.iter().map(|environment| environment.kind).enumerate();
    let mut lines: Vec<EnvironmentLine> = kinds.map(of).collect();
    lines.push(EnvironmentLine::new(Place { environment: None, kind: Kind::Unknown }));
    let last = lines.len() - 1;
    for source in &state.sources {
        for service in source.services.value.iter().flat_map(|snapshot| &snapshot.services) {
            let place = state.place_of_cluster(source, &service.key.cluster);
            lines[place.environment.unwrap_or(last)].services.add(service.steadiness());
        }
        for alarm in source.alarms.value.iter().flat_map(|snapshot| &snapshot.alarms) {
            let place = state.place_of_alarm(source, &alarm.name);
            lines[place.environment.unwrap_or(last)].alarms.add(alarm);
        }
        for acl in source.waf.value.iter().flat_map(|snapshot| &snapshot.acls) {
            let place = state.place_of_web_acl(source, &acl.key.name);
            let counts = &mut lines[place.environment.unwrap_or(last)].waf;
            counts.acls += 1;
            if let Some(spike) = waf::spike_of(source, &acl.key, state.now) {
                counts.spikes += 1;
                counts.factor = [counts.factor, spike.factor].into_iter().flatten().reduce(f64::max);
            }
        }
        let findings = source.findings.value.as_ref();
        if findings.is_some_and(|read| !read.read_elsewhere && (!read.to_do_complete || read.capped)) {
            for index in &source.environments {
                lines[*index].findings.partial = true;
            }
        }
    }
    for row in state.findings.to_do() {
        lines[row.place.environment.unwrap_or(last)].findings.add(&row.finding);
    }
    lines.retain(|line| line.place.environment.is_some() || line.has_any());
    lines
}
