//! What must hold of a state whatever happened to it.

use std::mem::discriminant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sekisho::i18n::{Lang, Texts};
use sekisho::state::list::ListView;
use sekisho::state::overlay::{Overlay, Purpose};
use sekisho::state::{Screen, State};

use super::support;

/// Checks that the state contradicts itself nowhere.
pub fn assert_sound(state: &State) {
    let page = state.page;
    list(&state.overview.list, state.overview.items.len(), page, "queue");
    list(&state.services.list, state.services.rows.len(), page, "services");
    list(&state.alarms.list, state.alarms.rows.len(), page, "alarms");
    list(&state.waf.list, state.waf.rows.len(), page, "web ACLs");
    list(&state.findings.list, state.findings.rows.len(), page, "findings");
    list(&state.fleet.list, state.fleet.rows.len(), page, "fleet");
    if let Some(view) = &state.service {
        list(&view.task_list, view.tasks.len(), page, "tasks");
        assert_eq!(view.task_list.key(), view.tasks.get(view.task_list.selected()).map(|task| &task.arn));
    }
    assert_eq!(state.overview.list.key(), state.overview.selected().map(|item| &item.subject));
    assert_eq!(state.services.list.key(), state.services.selected().map(|row| &row.id));
    assert_eq!(state.alarms.list.key(), state.alarms.selected().map(|row| &row.id));
    assert_eq!(state.services.total, state.services.all().len());
    assert_eq!(state.alarms.total, state.alarms.all().len());
    assert!(state.services.rows.len() <= state.services.total);
    assert!(state.services.all().iter().all(|row| state.shows(row.place)), "only rows of the shown environment");
    assert!(state.alarms.all().iter().all(|row| state.shows(row.place)), "only rows of the shown environment");
    assert!(state.waf.all().iter().all(|row| state.shows(row.place)), "only rows of the shown environment");
    assert!(state.findings.all().iter().all(|row| state.shows(row.place)), "only rows of the shown environment");
    assert!(state.findings.everything || state.findings.rows.iter().all(|row| row.finding.is_to_do()));
    assert!(state.findings.matrix.0.iter().flatten().sum::<usize>() == state.findings.total);
    assert_eq!(state.waf.list.key(), state.waf.selected().map(|row| &row.id));
    assert_eq!(state.findings.list.key().map(|row| &row.id), state.findings.selected().map(|row| &row.id));
    assert!(state.screen != Screen::WebAcl || state.web_acl.is_some());
    assert!(state.screen != Screen::Finding || state.finding.is_some());
    assert!(state.overview.items.iter().all(|item| state.shows(item.place)));
    assert!(state.shown.is_none_or(|shown| shown < state.environments.len()));
    assert!(state.screen != Screen::Service || state.service.is_some());
    assert!(state.screen != Screen::Alarm || state.alarm.is_some());
    assert_eq!(state.screen == Screen::Log, state.log.is_some(), "a log is in front or not there");
    if let Some(view) = &state.log {
        assert!(state.service.as_ref().is_some_and(|service| service.id == view.id));
        assert!(view.chosen < view.choices.len().max(1));
        assert_eq!(view.window().is_some(), view.held.is_some());
        assert!(view.window().is_none_or(|(top, cursor)| top <= cursor && cursor < view.ring.len()));
    }
    let sessions = &state.sessions;
    list(&sessions.target_list, sessions.targets.len(), page, "targets");
    list(&sessions.live_list, sessions.live.len(), page, "sessions");
    list(&sessions.recording_list, sessions.recorded().len(), page, "recordings");
    assert_eq!(state.screen == Screen::Form, sessions.form.is_some(), "a form is in front or not there");
    assert!(!matches!(state.screen, Screen::Pane | Screen::Tunnel | Screen::Operation) || sessions.front().is_some());
    assert!(sessions.targets.iter().all(|row| state.shows(row.place)), "only rows of the shown environment");
    let journal = &state.journal;
    assert!(journal.selected() < journal.rows().max(1), "journal: {} of {}", journal.selected(), journal.rows());
    assert!(journal.offset() <= journal.selected() && journal.selected() < journal.offset() + page.max(1), "journal");
    assert!(state.trail.len() <= 3, "the way back is short: {:?}", state.trail);
    assert!(state.errors.entries().len() <= 200);
    overlays(state);
    notice(state);
}

fn list<K: Clone + PartialEq>(list: &ListView<K>, len: usize, page: usize, name: &str) {
    let (selected, offset) = (list.selected(), list.offset());
    assert!(selected < len.max(1), "{name}: {selected} of {len}");
    assert!(
        offset <= selected && selected < offset + page.max(1),
        "{name}: {selected} from {offset} on a page of {page}"
    );
    assert_eq!(list.key().is_some(), len > 0, "{name}");
}

fn overlays(state: &State) {
    for pair in state.overlays.windows(2) {
        assert_ne!(discriminant(&pair[0]), discriminant(&pair[1]), "nothing lies over itself");
    }
    assert!(state.overlays.len() <= 5, "{:?}", state.overlays);
    for overlay in &state.overlays {
        match overlay {
            Overlay::Menu(menu) => assert!(menu.selected < menu.len(state)),
            Overlay::Palette(palette) => assert!(palette.selected < palette.entries.len().max(1)),
            Overlay::Filter(prompt) => {
                let log = state.log.as_ref();
                let filter = match state.screen {
                    Screen::Log => match prompt.purpose {
                        Purpose::Filter => log.and_then(|view| view.typed.as_ref()).unwrap_or(&prompt.before),
                        Purpose::Search => log.map(|view| &view.search).unwrap(),
                    },
                    Screen::Services => &state.services.filter,
                    Screen::Alarms => &state.alarms.filter,
                    Screen::Waf => &state.waf.filter,
                    Screen::WebAcl => &state.web_acl.as_ref().unwrap().filter,
                    Screen::Findings => &state.findings.filter,
                    Screen::Sessions => &state.sessions.filter,
                    Screen::Runbooks => &state.runbooks.filter,
                    Screen::Journal => &state.journal.filter,
                    other => panic!("a filter on {other:?}"),
                };
                assert_eq!(prompt.input.value(), filter);
                assert!(prompt.input.value().chars().count() <= 256);
            }
            Overlay::Detail(..) => {
                assert!(
                    matches!(
                        state.screen,
                        Screen::Overview
                            | Screen::Services
                            | Screen::Service
                            | Screen::Findings
                            | Screen::Finding
                            | Screen::Operation
                            | Screen::Alarm
                            | Screen::WebAcl
                            | Screen::Log
                            | Screen::Journal
                            | Screen::Runbooks
                            | Screen::Run
                            | Screen::Sessions
                            | Screen::Tunnel
                    ),
                    "it is of an open object, or of an entry that is offered for one"
                );
            }
            Overlay::PaneMenu => assert_eq!(state.screen, Screen::Pane),
            Overlay::Words(prompt) => {
                assert_eq!(state.screen, Screen::Run);
                assert!(prompt.input.value().chars().count() <= 256 && prompt.lines.len() <= 200);
            }
            Overlay::Offers(offers) => assert!(offers.selected < offers.rows.len(), "{offers:?}"),
            Overlay::Help(_) | Overlay::Errors(_) | Overlay::Token(..) => {}
        }
    }
}

/// Checks that what the footer says is in both languages, with all of its arguments.
fn notice(state: &State) {
    let Some(notice) = &state.notice else { return };
    for lang in Lang::ALL {
        let text = Texts::of(lang).lookup(notice.key).unwrap_or_else(|| panic!("{} has no text", notice.key));
        for part in text.split('{').skip(1) {
            let name = part.split('}').next().unwrap();
            assert!(notice.arguments.iter().any(|(known, _)| *known == name), "{}: {{{name}}}", notice.key);
        }
    }
}

/// Draws a state at a size; whatever the state, that must not panic.
pub fn draw(state: &State, width: u16, height: u16) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    sekisho::ui::render(state, &support::ui(Lang::Ja), &mut buffer);
}
