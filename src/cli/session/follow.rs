//! A change from the command line: a line for each step that begins or ends, until it is over.

use std::collections::HashMap;
use std::io::{self, Write};

use jiff::Timestamp;
use tokio::signal::unix::SignalKind;

use crate::domain::progress::{ExecutionStatus, Progress, RolloutProgress, Stage};
use crate::domain::session::SessionReport;
use crate::t;
use crate::ui::words;

use super::signals::Told;
use super::{Scene, Stayed};

/// Tells how a change goes on until it has ended.
///
/// The first ctrl-c asks AWS to stop it, and goes on telling; the second leaves it to AWS, as any other signal does.
///
/// # Errors
/// Where `out` cannot be written to.
pub(super) async fn stay(scene: &mut Scene<'_>, out: &mut dyn Write) -> io::Result<Stayed> {
    let (mut lines, mut is_stopped) = (Lines::default(), false);
    loop {
        tokio::select! {
            report = scene.told.recv() => match report {
                Some(SessionReport::Ended(_)) | None => return Ok(Stayed::Ended),
                Some(SessionReport::Progress(progress)) => {
                    for line in lines.of(scene, &progress) {
                        let now = scene.ui.moment(Timestamp::now(), Timestamp::now());
                        writeln!(out, "{now}  {line}")?;
                    }
                }
                Some(SessionReport::Preflight(preflight)) => {
                    for obstacle in &preflight.obstacles {
                        let (problem, mend) = words::obstacle(scene.ui.texts, obstacle, Timestamp::now());
                        writeln!(out, "{} {problem}\n    {mend}", scene.ui.glyphs.critical)?;
                    }
                }
                Some(_) => {}
            },
            told = scene.signals.next() => match told {
                Told::Keyboard(kind) if kind == SignalKind::interrupt() && !is_stopped => {
                    is_stopped = true;
                    writeln!(out, "{}", t!(scene.ui.texts, "cli.session.stopping"))?;
                    scene.live.end();
                }
                Told::Keyboard(kind) | Told::End(kind) => return Ok(Stayed::Signal(kind.as_raw_value())),
                Told::Size => {}
            },
        }
    }
}

/// Remembers what was told, so that each thing is told once.
#[derive(Debug, Default)]
struct Lines {
    stage: Option<Stage>,
    execution: Option<String>,
    steps: HashMap<usize, ExecutionStatus>,
    rollout: Option<RolloutProgress>,
    trouble: Option<String>,
}

impl Lines {
    /// Returns what is new of a change.
    fn of(&mut self, scene: &Scene<'_>, progress: &Progress) -> Vec<String> {
        let (ui, texts) = (scene.ui, scene.ui.texts);
        let mut lines = Vec::new();
        if self.stage.replace(progress.stage) != Some(progress.stage) {
            let plain = Progress { stage: progress.stage, ..Progress::default() };
            lines.push(words::operation::stage(texts, Some(&plain)));
        }
        if let Some(execution) = &progress.execution {
            if self.execution.as_ref() != Some(&execution.id) {
                self.execution = Some(execution.id.clone());
                lines.push(execution.id.clone());
            }
            for (index, step) in execution.steps.iter().enumerate().filter(|(_, step)| step.started_at.is_some()) {
                if self.steps.insert(index, step.status.clone()).as_ref() != Some(&step.status) {
                    let (mark, _) = words::operation::status(ui, &step.status);
                    let failure = if step.failure.is_empty() { "" } else { "  " };
                    lines.push(format!("{mark} {}  {}{failure}{}", step.name, step.status.as_str(), step.failure));
                }
            }
        }
        if let Some(rollout) = &progress.rollout
            && self.rollout.as_ref() != Some(rollout)
        {
            self.rollout = Some(rollout.clone());
            let RolloutProgress { running, desired, task_definition, state, .. } = rollout;
            lines.push(format!("{running}/{desired}  {task_definition}  {}", state.as_str()));
        }
        let trouble = progress.trouble.as_ref().map(|failure| words::failure_line(texts, failure));
        if trouble != self.trouble {
            lines.extend(trouble.as_ref().map(|why| t!(texts, "operations.view.trouble", why = why)));
            self.trouble = trouble;
        }
        lines
    }
}
