//! Plays a recording on a terminal: keys, time, signals.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::signal::unix::SignalKind;

use crate::journal::recording::player::Act;
use crate::state::replay::Replay;
use crate::terminal::Terminal;
use crate::ui::{self, Ui};

use super::event_loop::{End, Signals, Told, is_hung_up};
use super::input::Input;
use super::keys::edit;

/// The least time between two frames, however much is played between them.
const FRAME: Duration = Duration::from_millis(25);

/// The most time between two frames while it plays: the clock goes on.
const CLOCK: Duration = Duration::from_millis(500);

/// What a key asks for.
enum Asked {
    Nothing,
    Act(Act),
    Search,
    Redraw,
    Suspend,
    Quit,
}

/// Plays until a person leaves, or the system asks for the end.
///
/// # Errors
/// When the terminal can no longer be read or written.
pub async fn run(replay: &mut Replay, ui: &Ui, terminal: &mut Terminal) -> io::Result<End> {
    match until_end(replay, ui, terminal).await {
        // The signal that tells of it may come a moment after the first read or write that failed.
        Err(error) if is_hung_up(&error) => Ok(End::Signal(SignalKind::hangup().as_raw_value())),
        ended => ended,
    }
}

async fn until_end(replay: &mut Replay, ui: &Ui, terminal: &mut Terminal) -> io::Result<End> {
    let mut signals = Signals::new()?;
    let mut input = Input::start();
    let mut then = Instant::now();
    loop {
        draw(replay, ui, terminal)?;
        let wait = replay.player.due().filter(|_| replay.prompt.is_none()).map(|due| due.clamp(FRAME, CLOCK));
        let asked = tokio::select! {
            // Keys come first: whatever plays, a person is answered.
            biased;
            event = input.next() => match event {
                Some(event) => asked(&event?, replay),
                None => return Ok(End::Signal(SignalKind::hangup().as_raw_value())),
            },
            told = signals.next() => match told {
                Told::End(signal) => return Ok(End::Signal(signal)),
                Told::Continue => {
                    terminal.resume()?;
                    then = Instant::now();
                    Asked::Nothing
                }
            },
            () = pass(wait) => Asked::Nothing,
        };
        replay.pass(then.elapsed());
        then = Instant::now();
        match asked {
            Asked::Nothing => {}
            Asked::Act(act) => replay.act(act),
            Asked::Search => replay.search(),
            Asked::Redraw => terminal.clear()?,
            Asked::Suspend => {
                terminal.suspend()?;
                // What was typed to the shell meanwhile is the shell's: reading begins anew.
                input = Input::start();
                then = Instant::now();
            }
            Asked::Quit => return Ok(End::Quit),
        }
    }
}

/// Waits; for ever where nothing changes by itself.
async fn pass(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

fn draw(replay: &Replay, ui: &Ui, terminal: &mut Terminal) -> io::Result<()> {
    terminal.draw(|frame| {
        let area = frame.area();
        if let Some(cursor) = ui::replay::render(replay, ui, area, frame.buffer_mut()) {
            frame.set_cursor_position(cursor);
        }
    })
}

fn asked(event: &Event, replay: &mut Replay) -> Asked {
    let key = match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => *key,
        Event::Paste(text) => {
            if let Some(prompt) = &mut replay.prompt {
                for c in text.chars().filter(|c| !c.is_control()).take(200) {
                    prompt.handle(tui_input::InputRequest::InsertChar(c));
                }
            }
            return Asked::Nothing;
        }
        _ => return Asked::Nothing,
    };
    if replay.prompt.is_some() { typed(key, replay) } else { pressed(key, replay) }
}

/// Takes a key while something is typed.
fn typed(key: KeyEvent, replay: &mut Replay) -> Asked {
    match key.code {
        KeyCode::Enter => return Asked::Search,
        KeyCode::Esc => drop(replay.cancel()),
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => drop(replay.cancel()),
        _ => {
            if let (Some(prompt), Some(request)) = (&mut replay.prompt, edit(key)) {
                prompt.handle(request);
            }
        }
    }
    Asked::Nothing
}

fn pressed(key: KeyEvent, replay: &mut Replay) -> Asked {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Asked::Quit,
            KeyCode::Char('l') => Asked::Redraw,
            KeyCode::Char('z') => Asked::Suspend,
            _ => Asked::Nothing,
        };
    }
    Asked::Act(match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return Asked::Quit,
        KeyCode::Char('/') => {
            replay.ask();
            return Asked::Nothing;
        }
        KeyCode::Char(' ') => Act::Pause,
        KeyCode::Char('+' | '=' | '>') | KeyCode::Up => Act::Faster,
        KeyCode::Char('-' | '<') | KeyCode::Down => Act::Slower,
        KeyCode::Char('h') | KeyCode::Left => Act::Back,
        KeyCode::Char('l') | KeyCode::Right => Act::Forward,
        KeyCode::PageUp => Act::FarBack,
        KeyCode::PageDown => Act::FarForward,
        KeyCode::Home | KeyCode::Char('g' | '0') => Act::Start,
        KeyCode::End | KeyCode::Char('G') => Act::End,
        KeyCode::Char('.') => Act::Step,
        KeyCode::Char('m' | ']') => Act::NextMarker,
        KeyCode::Char('M' | '[') => Act::PreviousMarker,
        KeyCode::Char('n') => Act::NextMatch,
        KeyCode::Char('N') => Act::PreviousMatch,
        KeyCode::Char('i') => Act::Idle,
        _ => return Asked::Nothing,
    })
}
