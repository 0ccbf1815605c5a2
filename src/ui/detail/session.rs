//! What belongs to sessions, in full: an entry that may not be opened, a connection, a session under a tunnel.

use crate::domain::progress::Step;
use crate::domain::session::{Link, TunnelConnection, TunnelSession};
use crate::state::sessions::target::{TargetRow, Verdict};
use crate::t;
use crate::ui::{operation, words};

use super::Sheet;

impl Sheet<'_> {
    /// Adds an entry, why it may not be opened, and what it would ask for.
    pub(super) fn entry(&mut self, row: &TargetRow) {
        let (texts, entry) = (self.ui.texts, &row.entry);
        self.sentence(words::session::title(texts, entry));
        match &row.verdict {
            Verdict::Denied(denial) => {
                let why = words::session::denial(texts, denial);
                self.styled(t!(texts, "sessions.detail.why-not"), why, self.ui.theme.critical);
            }
            Verdict::Unverified => {
                self.fact(t!(texts, "sessions.detail.why-not"), t!(texts, "sessions.targets.unverified"));
            }
            Verdict::Allowed => {}
        }
        self.fact(t!(texts, "sessions.column.entry"), entry.id.to_string());
        self.fact(t!(texts, "sessions.form.environment"), entry.environment.clone());
        self.fact(t!(texts, "sessions.column.kind"), words::session::kind(texts, &entry.operation));
        self.fact(t!(texts, "sessions.form.target"), entry.operation.goal());
        self.fact(t!(texts, "sessions.detail.roles"), entry.roles.join(", "));
    }

    /// Adds a step of an execution.
    pub(super) fn step(&mut self, step: &Step) {
        let texts = self.ui.texts;
        let (mark, style) = words::operation::status(self.ui, &step.status);
        self.fact(t!(texts, "operations.column.step"), step.name.clone());
        self.styled(t!(texts, "operations.column.status"), format!("{mark} {}", step.status.as_str()), style);
        self.fact(t!(texts, "operations.column.action"), step.action.clone());
        if let Some(at) = step.started_at {
            self.fact(t!(texts, "operations.column.began"), self.ui.moment(at, self.state.now));
        }
        self.fact(t!(texts, "operations.column.took"), operation::took(step, self.state.now));
        self.fact(t!(texts, "operations.column.failure"), step.failure.clone());
    }

    /// Adds a connection, with AWS's id of its session.
    pub(super) fn connection(&mut self, one: &TunnelConnection, session_id: &str) {
        let texts = self.ui.texts;
        let (mark, word, style) = words::session::connection(self.ui, one.state);
        self.fact(t!(texts, "sessions.column.number"), one.id.to_string());
        self.fact(t!(texts, "sessions.column.peer"), one.peer.to_string());
        self.styled(t!(texts, "sessions.column.state"), format!("{mark} {word}"), style);
        self.fact(t!(texts, "sessions.column.opened"), self.ui.moment(one.opened_at, self.state.now));
        self.fact(t!(texts, "sessions.column.sent"), words::session::bytes(one.sent));
        self.fact(t!(texts, "sessions.column.send-rate"), words::session::rate(one.send_rate));
        self.fact(t!(texts, "sessions.column.received"), words::session::bytes(one.received));
        self.fact(t!(texts, "sessions.column.receive-rate"), words::session::rate(one.receive_rate));
        self.fact(t!(texts, "sessions.column.session-id"), session_id);
    }

    /// Adds a session under a tunnel.
    pub(super) fn under_tunnel(&mut self, one: &TunnelSession) {
        let texts = self.ui.texts;
        let (mark, word, style) = words::session::link(self.ui, &one.link, self.state.now);
        self.styled(t!(texts, "sessions.column.link"), format!("{mark} {word}"), style);
        if let Link::Lost { why, .. } = &one.link {
            self.fact(t!(texts, "sessions.detail.why"), why.clone());
        }
        self.fact(t!(texts, "sessions.column.connections"), one.connections.to_string());
        self.fact(t!(texts, "sessions.column.agent"), one.agent.clone().unwrap_or_else(|| "-".to_owned()));
        self.fact(t!(texts, "sessions.column.session-id"), one.session_id.clone());
    }
}
