//! Which commands do something on the screen in front: what help, hints and palette offer.

use crate::command::Command;

use super::{Screen, State, prompt, runbooks, service::ServicePanel, sessions};

impl State {
    /// Tells whether a command does something on the screen below the overlays.
    ///
    /// A keymap binds a chord once for all lists; where a list cannot be filtered, the chord for it is not offered.
    pub fn acts(&self, command: Command) -> bool {
        match command {
            Command::NextMatch | Command::PreviousMatch if self.screen == Screen::Log => {
                self.log.as_ref().is_some_and(|view| !view.needles().is_empty())
            }
            Command::Left | Command::Right if self.screen == Screen::Log => {
                self.log.as_ref().is_some_and(|view| !view.wrap)
            }
            Command::Filter | Command::NextMatch | Command::PreviousMatch => prompt::has_filter(self),
            Command::Sort | Command::ReverseSort => {
                matches!(self.screen, Screen::Services | Screen::Alarms | Screen::Waf | Screen::Findings)
            }
            Command::MarkSeen => self.screen == Screen::Overview && self.rows() > 0,
            Command::NextPanel | Command::PreviousPanel | Command::Left | Command::Right => self.has_panels(),
            Command::Log => self.screen == Screen::Service && self.has_object(),
            Command::Search | Command::Pause | Command::Wrap | Command::Times => self.screen == Screen::Log,
            Command::Up
            | Command::Down
            | Command::Top
            | Command::Bottom
            | Command::HalfPageUp
            | Command::HalfPageDown
            | Command::PageUp
            | Command::PageDown => self.rows() > 0,
            Command::ConsoleLink => {
                self.has_object()
                    && !matches!(self.screen.command(), Command::Sessions | Command::Runbooks | Command::Journal)
            }
            Command::Open | Command::Copy => self.has_object(),
            Command::Timeline => self.screen == Screen::Journal && self.rows() > 0,
            Command::Actions if self.screen == Screen::Run => runbooks::acts(self, command),
            Command::GoOn
            | Command::Yes
            | Command::No
            | Command::Look
            | Command::Write
            | Command::Told
            | Command::Answered
            | Command::Skip
            | Command::GiveUp => runbooks::acts(self, command),
            Command::Actions | Command::EndSession | Command::Token | Command::ShowToken | Command::Client => {
                sessions::acts(self, command)
            }
            _ => true,
        }
    }

    /// Tells whether the screen has panels that take the keys in turn.
    fn has_panels(&self) -> bool {
        match self.screen {
            Screen::Service
            | Screen::WebAcl
            | Screen::Findings
            | Screen::Fleet
            | Screen::Sessions
            | Screen::Tunnel
            | Screen::Runbooks
            | Screen::Run => true,
            Screen::Log => self.log.as_ref().is_some_and(|view| view.choices.len() > 1),
            Screen::Alarm => self.alarm.as_ref().is_some_and(|view| !view.tree.is_empty()),
            Screen::Overview
            | Screen::Services
            | Screen::Alarms
            | Screen::Waf
            | Screen::Finding
            | Screen::Form
            | Screen::Operation
            | Screen::Journal
            | Screen::Pane => false,
        }
    }

    /// Returns how many rows the list or panel with the keys has.
    pub(super) fn rows(&self) -> usize {
        match self.screen {
            Screen::Overview => self.overview.items.len(),
            Screen::Services => self.services.rows.len(),
            Screen::Alarms => self.alarms.rows.len(),
            Screen::Service => self.service.as_ref().map_or(0, |view| match (view.panel, &view.row) {
                (ServicePanel::Tasks, _) => view.tasks.len(),
                (ServicePanel::Deployments, Some(row)) => {
                    row.service.deployments.len() + self.service_deployments().len()
                }
                (ServicePanel::Targets, _) => self.targets().count(),
                (ServicePanel::Events, Some(row)) => row.service.events.len(),
                (_, None) => 0,
            }),
            Screen::Log => self.log.as_ref().map_or(0, |view| view.ring.len()),
            Screen::Alarm => self.alarm.as_ref().map_or(0, |view| match view.child {
                Some(_) => view.tree.len(),
                None => self.history().len(),
            }),
            Screen::Waf => self.waf.rows.len(),
            Screen::WebAcl => self.web_acl_rows(),
            Screen::Findings => match self.findings.group {
                Some(_) => self.findings.groups.len(),
                None => self.findings.rows.len(),
            },
            Screen::Finding => usize::from(self.finding.is_some()),
            Screen::Sessions => self.sessions.rows(),
            Screen::Form => usize::from(self.sessions.form.is_some()),
            Screen::Run | Screen::Pane => 0,
            Screen::Tunnel => self.sessions.tunnel_rows(),
            Screen::Operation => self.sessions.steps().len(),
            Screen::Runbooks => self.runbooks.len(),
            Screen::Journal => self.journal.rows(),
            Screen::Fleet => self.fleet.rows.len(),
        }
    }

    /// Tells whether there is something that can be opened, copied or linked to.
    fn has_object(&self) -> bool {
        match self.screen {
            Screen::Overview
            | Screen::Services
            | Screen::Log
            | Screen::Alarms
            | Screen::Waf
            | Screen::Findings
            | Screen::Sessions
            | Screen::Runbooks
            | Screen::Journal
            | Screen::Fleet => self.rows() > 0,
            Screen::Tunnel | Screen::Operation => self.sessions.front().is_some(),
            Screen::Form | Screen::Pane | Screen::Run => false,
            Screen::WebAcl => self.web_acl.as_ref().is_some_and(|view| view.row.is_some()),
            Screen::Finding => self.finding.as_ref().is_some_and(|view| view.row.is_some()),
            Screen::Service => self.service.as_ref().is_some_and(|view| view.row.is_some()),
            Screen::Alarm => self.alarm.as_ref().is_some_and(|view| view.row.is_some()),
        }
    }
}
