//! The words for what would keep an operation from being done, and for what a person should know before it is.

use jiff::Timestamp;

use crate::domain::preflight::{Caution, Obstacle};
use crate::i18n::Texts;
use crate::t;

use super::since;

/// Returns what stands in the way of a session, and what to do about it.
pub fn obstacle(texts: Texts, obstacle: &Obstacle, now: Timestamp) -> (String, String) {
    let (problem, mend) = match obstacle {
        Obstacle::NoRunningTask { service } => (
            t!(texts, "sessions.preflight.no-running-task", service = service),
            t!(texts, "sessions.preflight.no-running-task-mend"),
        ),
        Obstacle::NoSuchContainer { there } => (
            t!(texts, "sessions.preflight.no-such-container", there = there.join(" ")),
            t!(texts, "sessions.preflight.no-such-container-mend"),
        ),
        Obstacle::ExecNotEnabled { task } => (
            t!(texts, "sessions.preflight.exec-not-enabled", task = short(task)),
            t!(texts, "sessions.preflight.exec-not-enabled-mend"),
        ),
        Obstacle::ExecAgentNotRunning { task, status } => (
            t!(texts, "sessions.preflight.exec-agent", task = short(task), status = or_dash(status)),
            t!(texts, "sessions.preflight.exec-agent-mend"),
        ),
        Obstacle::PlatformTooOld { version } => {
            (t!(texts, "sessions.preflight.platform", version = version), t!(texts, "sessions.preflight.platform-mend"))
        }
        Obstacle::ReadOnlyRoot { container } => (
            t!(texts, "sessions.preflight.read-only-root", container = container),
            t!(texts, "sessions.preflight.read-only-root-mend"),
        ),
        Obstacle::NoNode { selector } => {
            (t!(texts, "sessions.preflight.no-node", selector = selector), t!(texts, "sessions.preflight.no-node-mend"))
        }
        Obstacle::NodeOffline { id, last_ping } => (
            t!(texts, "sessions.preflight.node-offline", id = id, age = since(texts, now, *last_ping)),
            t!(texts, "sessions.preflight.node-offline-mend"),
        ),
        Obstacle::AgentTooOld { version, needed } => (
            t!(texts, "sessions.preflight.agent-too-old", version = version, needed = needed),
            t!(texts, "sessions.preflight.agent-too-old-mend"),
        ),
        Obstacle::PermissionMissing { action } => {
            let mend = t!(texts, "sessions.preflight.permission-mend", action = action);
            return (t!(texts, "sessions.preflight.permission", action = action), mend);
        }
        Obstacle::NoDocument { document } => (
            t!(texts, "sessions.preflight.no-document", document = document),
            t!(texts, "sessions.preflight.no-document-mend"),
        ),
        Obstacle::NoService { service } => (
            t!(texts, "sessions.preflight.no-service", service = service),
            t!(texts, "sessions.preflight.no-service-mend"),
        ),
        Obstacle::OtherController { service, controller } => (
            t!(texts, "sessions.preflight.other-controller", service = service, controller = controller),
            t!(texts, "sessions.preflight.other-controller-mend"),
        ),
        Obstacle::NothingToRollBack { service } => (
            t!(texts, "sessions.preflight.nothing-to-roll-back", service = service),
            t!(texts, "sessions.preflight.nothing-to-roll-back-mend"),
        ),
        Obstacle::NotItsTask { task, service } => (
            t!(texts, "sessions.preflight.not-its-task", task = short(task), service = service),
            t!(texts, "sessions.preflight.not-its-task-mend"),
        ),
        Obstacle::NoFinding { finding } => (
            t!(texts, "sessions.preflight.no-finding", finding = finding),
            t!(texts, "sessions.preflight.no-finding-mend"),
        ),
    };
    (problem, mend.to_owned())
}

/// Returns what a person should know, and what could be done about it.
pub fn caution(texts: Texts, caution: &Caution) -> (String, String) {
    let (what, mend) = match caution {
        Caution::ExecLoggingOff { cluster } => (
            t!(texts, "sessions.preflight.logging-off", cluster = cluster),
            t!(texts, "sessions.preflight.logging-off-mend"),
        ),
        Caution::NoLimitInAws => {
            (t!(texts, "sessions.preflight.no-limit").to_owned(), t!(texts, "sessions.preflight.no-limit-mend"))
        }
        Caution::OneConnectionOnly { version } => (
            t!(texts, "sessions.preflight.one-connection", version = version),
            t!(texts, "sessions.preflight.one-connection-mend"),
        ),
        Caution::RunsAsRoot => {
            (t!(texts, "sessions.preflight.root").to_owned(), t!(texts, "sessions.preflight.root-mend"))
        }
        Caution::OtherDocument { document } => (
            t!(texts, "sessions.preflight.other-document", document = document),
            t!(texts, "sessions.preflight.other-document-mend"),
        ),
        Caution::SetAlready { status } => (
            t!(texts, "sessions.preflight.set-already", status = status),
            t!(texts, "sessions.preflight.set-already-mend"),
        ),
        Caution::RollingAlready { service } => (
            t!(texts, "sessions.preflight.rolling-already", service = service),
            t!(texts, "sessions.preflight.rolling-already-mend"),
        ),
    };
    (what, mend.to_owned())
}

/// Returns eight letters of a task's id, as the screens show it.
fn short(task: &str) -> String {
    task.chars().take(8).collect()
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn everything_has_a_problem_and_a_mend_in_both_languages() {
        let text = || "x-1".to_owned();
        let obstacles = [
            Obstacle::NoRunningTask { service: text() },
            Obstacle::NoSuchContainer { there: vec![text(), text()] },
            Obstacle::ExecNotEnabled { task: text() },
            Obstacle::ExecAgentNotRunning { task: text(), status: String::new() },
            Obstacle::PlatformTooOld { version: text() },
            Obstacle::ReadOnlyRoot { container: text() },
            Obstacle::NoNode { selector: text() },
            Obstacle::NodeOffline { id: text(), last_ping: None },
            Obstacle::AgentTooOld { version: text(), needed: "3.1.1374.0" },
            Obstacle::PermissionMissing { action: text() },
            Obstacle::NoDocument { document: text() },
        ];
        let cautions = [
            Caution::ExecLoggingOff { cluster: text() },
            Caution::NoLimitInAws,
            Caution::OneConnectionOnly { version: text() },
            Caution::RunsAsRoot,
        ];
        for texts in Lang::ALL.map(Texts::of) {
            let said = obstacles.iter().map(|one| obstacle(texts, one, Timestamp::UNIX_EPOCH));
            for (problem, mend) in said.chain(cautions.iter().map(|one| caution(texts, one))) {
                assert!(!problem.is_empty() && !mend.is_empty() && problem != mend);
                assert!(!problem.contains('{') && !mend.contains('{'), "{problem} {mend}");
            }
        }
    }
}
