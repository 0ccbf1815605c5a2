//! What each source should read: what is on the screen, and nothing else.

use jiff::SignedDuration;

use crate::domain::{
    ecs::ServiceKey,
    fetch::SourceId,
    metric::{Query, ecs_utilization},
    queue::Trouble,
    waf::{WebAcl, WebAclKey},
};
use crate::runbook::book::{Query as Check, StepKind};

use super::{
    Screen, State,
    alarms::chart_query,
    event::Interest,
    overview::chart_subject,
    services::{ServiceRow, row_queries},
    waf::{self, MOST_CHARTED, WebAclRow},
};

/// Without a key for so long, nobody is looking closely.
const IDLE_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Services that the overview shows with a sparkline.
pub const OVERVIEW_SERVICES: usize = 20;

/// From this width on the overview has a chart beside the queue.
pub const CHART_BESIDE_QUEUE: u16 = 110;

/// From this height of the terminal on the list of alarms has a chart below.
pub const CHART_BELOW_ALARMS: u16 = 34;

/// From this height of the terminal on the overview has a chart of all web ACLs.
pub const WAF_CHART_ROWS: u16 = 36;

/// Services of a source whose metric is asked for to sort by it: below what one call of `GetMetricData` takes (500).
pub const MOST_SORTED: usize = 400;

/// Returns what a source should read now.
pub fn interest(state: &State, source: SourceId) -> Interest {
    let mut interest = Interest {
        focused: state.focused,
        idle: state.now.duration_since(state.touched_at) > IDLE_AFTER,
        range: state.range,
        ..Interest::default()
    };
    let period = state.range.period();
    match state.screen {
        Screen::Overview => {
            // As many as the screen may have room for: what nobody sees is not paid for.
            let room = usize::from(state.size.1.saturating_sub(12));
            for row in overview_rows(state).take(room).filter(|row| row.id.source == source) {
                interest.visible_services.push(row.id.key.clone());
                // Of the two metrics of a row only the CPU has a column here, and each costs.
                let [cpu, _] = row_queries(&row.id.key, period);
                interest.queries.push(cpu);
            }
            let chart = overview_chart(state).filter(|(id, _)| *id == source && state.size.0 >= CHART_BESIDE_QUEUE);
            interest.queries.extend(chart.into_iter().flat_map(|(_, queries)| queries));
            if shows_waf_chart(state) {
                interest.queries.extend(web_acl_queries(state.waf.all(), source, period));
            }
        }
        Screen::Services => {
            let services = &state.services;
            let visible = services.list.visible(services.rows.len(), state.page);
            for row in services.rows[visible].iter().filter(|row| row.id.source == source) {
                interest.visible_services.push(row.id.key.clone());
                interest.queries.extend(row_queries(&row.id.key, period));
            }
            // Rows can be sorted by a metric only where it is known of all of them.
            if let Some(index) = services.sort.metric() {
                let rows = services.rows.iter().filter(|row| row.id.source == source).take(MOST_SORTED);
                interest.queries.extend(rows.map(|row| row_queries(&row.id.key, period)[index].clone()));
            }
        }
        Screen::Service => {
            if let Some(view) = state.service.as_ref().filter(|view| view.id.source == source) {
                let rolling = view
                    .row
                    .as_ref()
                    .is_some_and(|row| row.service.is_rolling() || row.service.troubled_deployment().is_some());
                interest.open_service = Some((view.id.key.clone(), rolling));
                interest.visible_services.push(view.id.key.clone());
                interest.queries.extend(service_queries(&view.id.key, period));
                interest.queries.extend(state.traffic_queries(period));
                interest.target_groups = view.target_groups().to_vec();
                let alarms = view.alarms.iter().filter_map(|alarm| alarm_query(state, alarm));
                interest.queries.extend(alarms);
            }
        }
        Screen::Log => {
            if let Some(view) = state.log.as_ref().filter(|view| view.id.source == source) {
                // A rollout may bring a definition that logs elsewhere.
                interest.visible_services.push(view.id.key.clone());
                let is_unknown = |definition: &String| {
                    state.source(source).is_some_and(|source| !source.log_places.contains_key(definition))
                };
                interest.log_places = view.definition.clone().filter(is_unknown);
                interest.log_tail = view.tail().filter(|_| !view.paused);
            }
        }
        Screen::Waf => {
            let waf = &state.waf;
            let visible = waf.list.visible(waf.rows.len(), state.page);
            interest.queries.extend(web_acl_queries(&waf.rows[visible], source, period));
        }
        Screen::WebAcl => interest.open_web_acl = open_web_acl(state, source),
        Screen::Findings => interest.findings = state.findings.wanted(state.page),
        Screen::Finding => {
            let view = state.finding.as_ref().filter(|view| view.id.source == source);
            interest.open_finding = view.map(|view| view.id.key.clone());
            interest.findings = state.findings.wanted(state.page);
        }
        Screen::Alarms => {
            let selected =
                state.alarms.selected().filter(|row| row.id.source == source && state.size.1 >= CHART_BELOW_ALARMS);
            interest.queries.extend(selected.and_then(|row| alarm_query(state, &row.alarm)));
        }
        Screen::Run => beside_run(state, source, &mut interest),
        Screen::Fleet
        | Screen::Runbooks
        | Screen::Journal
        | Screen::Sessions
        | Screen::Form
        | Screen::Pane
        | Screen::Tunnel
        | Screen::Operation => {}
        Screen::Alarm => {
            if let Some(view) = state.alarm.as_ref().filter(|view| view.id.source == source) {
                interest.open_alarm = Some(view.id.name.clone());
                let alarm = view.row.as_ref().map(|row| &row.alarm);
                interest.queries.extend(alarm.and_then(|alarm| alarm_query(state, alarm)));
            }
        }
    }
    interest.queries.sort();
    interest.queries.dedup();
    interest
}

/// Adds what the checks of a run are answered from, and what is shown beside its steps: where it is services, all of them.
fn beside_run(state: &State, source: SourceId, interest: &mut Interest) {
    let step = state.runbooks.front().and_then(|view| view.step()).map(|step| &step.kind);
    let of_services =
        matches!(step, Some(StepKind::Check { query: Check::ServicesUnsteady } | StepKind::Operation { .. }));
    let most = if of_services { MOST_SORTED } else { OVERVIEW_SERVICES };
    let own = state.services.all().iter().filter(|row| row.id.source == source);
    interest.visible_services.extend(own.take(most).map(|row| row.id.key.clone()));
    interest.queries.extend(web_acl_queries(state.waf.all(), source, interest.range.period()));
}

/// Returns the services that the overview shows: the first in the order of attention.
pub fn overview_rows(state: &State) -> impl Iterator<Item = &ServiceRow> {
    state.overview.rows.iter()
}

/// Returns the queries of an open service's charts: average and maximum of CPU and memory.
pub fn service_queries(key: &ServiceKey, period: u32) -> impl Iterator<Item = Query> {
    ["CPUUtilization", "MemoryUtilization"].into_iter().flat_map(move |name| {
        ["Average", "Maximum"].into_iter().map(move |statistic| ecs_utilization(key, name, statistic, period))
    })
}

/// Returns the query that charts what an alarm watches.
pub fn alarm_query(state: &State, alarm: &crate::domain::alarm::Alarm) -> Option<Query> {
    match &alarm.watches {
        crate::domain::alarm::Watches::Metric(rule) => chart_query(rule, state.range),
        crate::domain::alarm::Watches::Composite(_) => None,
    }
}

/// Returns the queries of the chart beside the queue: what the selected item's alarm watches, what its web ACL let
/// through and stopped, or its service's CPU.
pub fn overview_chart(state: &State) -> Option<(SourceId, Vec<Query>)> {
    let item = state.overview.selected()?;
    let period = state.range.period();
    let queries = match chart_subject(item) {
        Trouble::Alarm { alarm } => alarm_query(state, alarm).into_iter().collect(),
        Trouble::Rollout { service, .. } | Trouble::Short { service } | Trouble::LongRollout { service } => {
            vec![ecs_utilization(&service.key, "CPUUtilization", "Average", period)]
        }
        Trouble::WafSpike { acl, .. } => row_queries_of(acl, period),
        Trouble::Findings { .. } | Trouble::Blind { .. } | Trouble::Credentials { .. } => Vec::new(),
    };
    Some((item.subject.source(), queries))
}

/// Tells whether the overview has room for the chart of all web ACLs.
pub fn shows_waf_chart(state: &State) -> bool {
    state.size.0 >= CHART_BESIDE_QUEUE && state.size.1 >= WAF_CHART_ROWS && !state.waf.all().is_empty()
}

/// Returns the web ACLs that the overview charts together: the first in the order of attention.
pub fn charted_web_acls(state: &State) -> &[WebAclRow] {
    let all = state.waf.all();
    &all[..all.len().min(MOST_CHARTED)]
}

fn web_acl_queries(rows: &[WebAclRow], source: SourceId, period: u32) -> impl Iterator<Item = Query> {
    let rows = rows.iter().take(MOST_CHARTED).filter(move |row| row.id.source == source);
    rows.flat_map(move |row| row_queries_of(&row.acl, period))
}

fn row_queries_of(acl: &WebAcl, period: u32) -> Vec<Query> {
    waf::row_queries(acl, period).into_iter().flatten().collect()
}

fn open_web_acl(state: &State, source: SourceId) -> Option<WebAclKey> {
    let view = state.web_acl.as_ref().filter(|view| view.id.source == source)?;
    Some(view.id.key.clone())
}
