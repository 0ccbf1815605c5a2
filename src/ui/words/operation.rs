//! The words for changes: how they stand, how their steps do, and how they ended.

use ratatui::style::Style;

use crate::domain::progress::{ExecutionStatus, Finish, Progress, Stage};
use crate::i18n::Texts;
use crate::state::sessions::live::Live;
use crate::t;
use crate::ui::Ui;

/// Returns mark, words and style of a change under way.
pub fn standing(ui: &Ui, live: &Live) -> (&'static str, String, Style) {
    let (mark, style) = match live.progress.as_ref().map(|progress| progress.stage) {
        Some(Stage::LookedFor) => (ui.glyphs.unknown, ui.theme.warning),
        Some(Stage::Cancelling) => (ui.glyphs.progress, ui.theme.warning),
        _ => (ui.glyphs.progress, ui.theme.progress),
    };
    (mark, stage(ui.texts, live.progress.as_deref()), style)
}

/// Returns the words for how far a change has got.
pub fn stage(texts: Texts, progress: Option<&Progress>) -> String {
    let Some(progress) = progress else { return t!(texts, "operations.stage.asked").to_owned() };
    match progress.stage {
        Stage::Asked => t!(texts, "operations.stage.asked").to_owned(),
        Stage::LookedFor => t!(texts, "operations.stage.looked-for").to_owned(),
        Stage::RollingOut => t!(texts, "operations.stage.rolling-out").to_owned(),
        Stage::Cancelling => t!(texts, "operations.stage.cancelling").to_owned(),
        Stage::Running => {
            let steps = progress.execution.as_ref().map_or(&[][..], |execution| &execution.steps);
            let begun = steps.iter().filter(|step| step.started_at.is_some()).count();
            match steps.get(begun.saturating_sub(1)) {
                Some(step) => {
                    t!(texts, "operations.stage.step", n = begun.max(1), of = steps.len(), step = step.name)
                }
                None => t!(texts, "operations.stage.running").to_owned(),
            }
        }
    }
}

/// Returns mark and style of how a step stands.
pub fn status(ui: &Ui, status: &ExecutionStatus) -> (&'static str, Style) {
    match status {
        _ if status.is_success() => (ui.glyphs.ok, ui.theme.ok),
        ExecutionStatus::Failed | ExecutionStatus::TimedOut => (ui.glyphs.critical, ui.theme.critical),
        ExecutionStatus::Cancelled | ExecutionStatus::Pending => (ui.glyphs.separator, ui.theme.dim),
        ExecutionStatus::Cancelling => (ui.glyphs.progress, ui.theme.warning),
        ExecutionStatus::InProgress | ExecutionStatus::Waiting => (ui.glyphs.progress, ui.theme.progress),
        _ => (ui.glyphs.unknown, ui.theme.unknown),
    }
}

/// Returns mark and style of how a change ended.
pub fn ending(ui: &Ui, finish: &Finish) -> (&'static str, Style) {
    match finish {
        Finish::Done => (ui.glyphs.ok, ui.theme.ok),
        Finish::Cancelled => (ui.glyphs.separator, ui.theme.dim),
        Finish::Failed { .. } => (ui.glyphs.critical, ui.theme.critical),
        Finish::Unknown { .. } => (ui.glyphs.unknown, ui.theme.warning),
    }
}

/// Returns how a change ended, and why, which may be nothing.
pub fn finish(texts: Texts, finish: &Finish) -> (&'static str, &str) {
    match finish {
        Finish::Done => (t!(texts, "operations.finish.done"), ""),
        Finish::Cancelled => (t!(texts, "operations.finish.cancelled"), ""),
        Finish::Failed { why } => (t!(texts, "operations.finish.failed"), why),
        Finish::Unknown { why } => (t!(texts, "operations.finish.unknown"), why),
    }
}
