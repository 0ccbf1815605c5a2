//! The environments side by side, as JSON.

use serde::Serialize;

use crate::domain::environment::AccountId;
use crate::domain::queue::Severity;
use crate::state::State;
use crate::state::fleet::FleetRow;

use super::environment;

#[derive(Serialize)]
struct FleetItem<'a> {
    environment: Option<&'a str>,
    account: Option<&'a str>,
    kind: &'static str,
    severity: Option<&'static str>,
    items: usize,
    services: Services,
    alarms: Alarms,
    waf: Waf,
    findings: Findings,
}

#[derive(Serialize)]
struct Services {
    steady: usize,
    rolling: usize,
    short: usize,
    failing: usize,
}

#[derive(Serialize)]
struct Alarms {
    alarm: usize,
    insufficient_data: usize,
    ok: usize,
    actions_off: usize,
}

#[derive(Serialize)]
struct Waf {
    web_acls: usize,
    spikes: usize,
    factor: Option<f64>,
}

#[derive(Serialize)]
struct Findings {
    critical: usize,
    high: usize,
    partial: bool,
}

/// Returns the items of `fleet`, worst first.
pub fn items(state: &State) -> Vec<impl Serialize> {
    state.fleet.rows.iter().map(|row| item(state, row)).collect()
}

fn item<'a>(state: &'a State, row: &FleetRow) -> FleetItem<'a> {
    let line = &row.line;
    let configured = line.place.environment.and_then(|index| state.environments.get(index));
    FleetItem {
        environment: environment(state, line.place),
        account: configured.and_then(|environment| environment.account.as_ref()).map(AccountId::as_str),
        kind: line.place.kind.as_str(),
        severity: row.worst.map(Severity::name),
        items: row.items,
        services: Services {
            steady: line.services.steady,
            rolling: line.services.rolling,
            short: line.services.short,
            failing: line.services.failing,
        },
        alarms: Alarms {
            alarm: line.alarms.alarm,
            insufficient_data: line.alarms.no_data,
            ok: line.alarms.ok,
            actions_off: line.alarms.muted,
        },
        waf: Waf { web_acls: line.waf.acls, spikes: line.waf.spikes, factor: line.waf.factor },
        findings: Findings {
            critical: line.findings.critical,
            high: line.findings.high,
            partial: line.findings.partial,
        },
    }
}
