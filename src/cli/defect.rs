//! The end of a program that has a defect: what happened is told, and what to do with it.

use std::io::{self, IsTerminal as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use color_eyre::config::{HookBuilder, Theme};

use super::{Exit, no_color};
use crate::i18n::Texts;
use crate::t;

/// Does something that ends in an exit code, and in that of [`Exit::Defect`] where it panics.
pub fn guarded(texts: Texts, act: impl FnOnce() -> u8) -> u8 {
    report_panics(texts);
    catch_unwind(AssertUnwindSafe(act)).unwrap_or(Exit::Defect.code())
}

/// Lets a panic be told with its place, and with a last line for whoever does not read Rust.
fn report_panics(texts: Texts) {
    // A report is for a person to send to us: in a file or a mail its colours would be litter.
    let colours = io::stderr().is_terminal() && !no_color();
    let theme = if colours { Theme::dark() } else { Theme::new() };
    let Ok((report, _)) = HookBuilder::blank().display_env_section(false).theme(theme).try_into_hooks() else { return };
    set_hook(Box::new(move |panic| {
        let closing = t!(texts, "cli.error.defect", code = Exit::Defect.code());
        // Where nobody listens there is nobody to tell; to panic over it here would abort.
        let _ = writeln!(io::stderr(), "{}\n\n{closing}", report.panic_report(panic));
    }));
}
