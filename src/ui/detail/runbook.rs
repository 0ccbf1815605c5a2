//! A runbook in full: why it may not be run, for whom it is, and its steps.

use ratatui::text::Span;

use crate::state::runbooks::RunbookRow;
use crate::state::sessions::target::Verdict;
use crate::t;
use crate::ui::{runbooks, words};

use super::{Entry, Sheet};

impl Sheet<'_> {
    /// Adds a runbook, and why it may not be run.
    pub(super) fn runbook(&mut self, row: &RunbookRow) {
        let (texts, runbook) = (self.ui.texts, &row.runbook);
        self.sentence(words::runbook::text(texts, &runbook.title));
        let name = t!(texts, "sessions.detail.why-not");
        match &row.verdict {
            Verdict::Denied(denial) => {
                self.styled(name, words::session::denial(texts, denial), self.ui.theme.critical);
            }
            Verdict::Unverified => self.fact(name, t!(texts, "sessions.targets.unverified")),
            Verdict::Allowed => {}
        }
        let answers: Vec<String> = runbook.answers.iter().map(ToString::to_string).collect();
        self.fact(t!(texts, "runbooks.column.runbook"), runbook.id.0.clone());
        self.fact(t!(texts, "sessions.form.environment"), runbook.environments.join(" "));
        self.fact(t!(texts, "sessions.detail.roles"), runbook.roles.join(", "));
        self.fact(t!(texts, "runbooks.column.answers"), answers.join(" "));
        self.heading(t!(texts, "runbooks.column.steps").to_owned());
        let steps = runbooks::steps(self.state, self.ui, row).into_iter().map(|(indent, mut line)| {
            line.spans.insert(0, Span::raw(" ".repeat(indent)));
            line
        });
        self.entries.extend(steps.map(Entry::Line));
    }
}
