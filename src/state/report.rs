//! What the sources report: taken in, and what is derived from it made anew.

use crate::domain::fetch::SourceId;

use super::{
    Screen, State, alarms,
    event::{Report, SourceEvent},
    findings, log, overview, service, services, sessions,
    update::{close, derive_all, leave_object},
    waf,
};

/// Takes what a source reports, unless it was asked under an identity that is no longer the source's.
pub(super) fn take(state: &mut State, event: SourceEvent) {
    let Some(source) = state.sources.get_mut(event.source.0) else {
        return;
    };
    if event.generation < source.generation {
        return;
    }
    let changed = event.generation > source.generation;
    if changed {
        let had_identity = source.identity.value.is_some();
        source.forget(event.generation);
        if had_identity {
            forget_identity(state, event.source);
        }
    }
    if let Report::Failed(panel, failure) = &event.report {
        state.errors.add(event.source, *panel, failure.clone());
    }
    let metrics = matches!(event.report, Report::Series(_));
    let opened = matches!(event.report, Report::WafRules(..) | Report::WafSamples(..));
    let places = matches!(event.report, Report::LogPlaces(..));
    let connected = matches!(event.report, Report::Connected { .. });
    let mut touched = state.sources[event.source.0].take(event.report, event.at);
    if let Some(chunk) = touched.log.take() {
        log::take(state, event.source, chunk, event.at);
    }
    if touched.services || places {
        log::derive(state);
    }
    if changed || connected {
        sessions::check_form(state);
    }
    if changed {
        return derive_all(state);
    }
    if connected {
        sessions::derive(state);
    }
    if touched.services || (metrics && state.services.sort.metric().is_some()) {
        services::derive(state);
    }
    if touched.alarms {
        alarms::derive(state);
        service::derive_open(state);
    }
    if touched.waf {
        waf::derive(state);
    }
    if opened {
        waf::derive_open(state);
    }
    if touched.findings {
        findings::derive(state);
    }
    if touched.services || touched.alarms || touched.waf || touched.findings || touched.queue {
        overview::derive(state);
    }
}

/// Drops what is open of a source that has another identity now: it was seen with other eyes.
fn forget_identity(state: &mut State, source: SourceId) {
    state.errors.forget(source);
    // What was opened from another object goes before it.
    for screen in [Screen::Log, Screen::Service, Screen::Alarm, Screen::WebAcl, Screen::Finding] {
        if state.opened_from(screen) == Some(source) {
            if state.screen == screen {
                leave_object(state);
            } else {
                close(state, screen);
            }
        }
    }
    // What cannot be gone back to is not on the way back.
    let trail = std::mem::take(&mut state.trail);
    state.trail =
        trail.into_iter().filter(|screen| !screen.is_object() || state.opened_from(*screen).is_some()).collect();
}
