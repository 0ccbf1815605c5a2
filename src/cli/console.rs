//! `sekisho`: the console.

use std::io::{self, Write};
use std::sync::Arc;

use crate::config::EnvironmentConfig;
use crate::i18n::Texts;
use crate::runbook::store::RunStore;
use crate::runtime::console::Console;
use crate::runtime::event_loop::{self, End};
use crate::runtime::operator::OperatorHost;
use crate::t;
use crate::terminal::{NotATerminal, Options, Terminal};

use super::Exit;
use super::account::Account;
use super::outfit;
use super::seen::MarkStore;

/// Shows the console until it is left, and returns the number that the shell sees.
///
/// A signal that ended it is told as shells tell it: 128 and its number.
///
/// # Errors
/// Where `faults` cannot be written to.
pub async fn run(account: &Account, texts: Texts, faults: &mut dyn Write) -> io::Result<u8> {
    let ui = match account.ui(faults)? {
        Ok(ui) => ui,
        Err(exit) => return Ok(exit.code()),
    };
    let ready = match outfit::ready(account, texts, faults)? {
        Ok(ready) => ready,
        Err(exit) => return Ok(exit.code()),
    };
    let mut terminal = match Terminal::enter(Options { mouse: account.config.mouse }) {
        Ok(terminal) => terminal,
        Err(error) => {
            writeln!(faults, "{}", explain(&error, texts))?;
            return Ok(Exit::Usage.code());
        }
    };
    let mut console = Console::start(&account.watch(), ui);
    if account.config.chosen {
        console.hide_unassigned();
    }
    // What the simulated account plays is gone with it.
    if account.simulator().is_none()
        && let Some(folder) = super::log::folder()
    {
        let store = MarkStore::within(&folder);
        console.keep_marks(store.load(), Box::new(move |marks| store.save(marks)));
    }
    let of = |configured: &EnvironmentConfig| {
        let environment = &configured.environment;
        (environment.name.clone(), Arc::clone(ready.catalogues.of(environment)))
    };
    let catalogues: Vec<_> = account.config.environments.iter().map(of).collect();
    let store = RunStore::within(&ready.folder);
    // The host comes first: with a catalogue the runs are asked for that may be gone on with.
    console.keep_host(OperatorHost::hosted(ready.operator, texts, ready.recordings, store));
    console.keep_catalogues(catalogues);
    let ended = match terminal.set_title("sekisho") {
        Ok(()) => event_loop::run(&mut console, &mut terminal).await,
        Err(error) => Err(error),
    };
    terminal.leave();
    match ended {
        Ok(End::Quit) => Ok(Exit::Fine.code()),
        Ok(End::Signal(signal)) => Ok(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
        // The terminal was given back because something panicked elsewhere; that has been told already.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(Exit::Defect.code()),
        Err(error) => {
            tracing::error!(%error, "the terminal was lost");
            // The terminal that is lost may be where faults go; then there is nobody to tell.
            let _ = writeln!(faults, "{}", t!(texts, "cli.console.lost", why = error));
            Ok(Exit::Source.code())
        }
    }
}

/// Says why the terminal could not be entered.
pub(super) fn explain(error: &io::Error, texts: Texts) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<NotATerminal>()) {
        Some(NotATerminal::Stdin) => t!(texts, "cli.console.no-input").to_owned(),
        Some(NotATerminal::Stdout) => t!(texts, "cli.console.no-output").to_owned(),
        None => t!(texts, "cli.console.not-entered", why = error),
    }
}
