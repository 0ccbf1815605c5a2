//! Frames of every screen as pictures in text, with their colours, at three sizes and in both languages.

mod support;

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use rstest::rstest;
use sekisho::command::Command;
use sekisho::i18n::Lang;
use sekisho::state::State;
use sekisho::state::event::Event;
use sekisho::state::update::update;
use sekisho::ui;

use support::{answer_queries, bad_day, bad_morning, empty, quiet_day, report, web_deployments, web_history};

/// Draws a state as the console does: twice, since the second frame knows how many rows the first had room for.
fn frame(state: &mut State, lang: Lang, (width, height): (u16, u16)) -> Buffer {
    let drawing = support::ui(lang);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    for _ in 0..2 {
        update(state, Event::Resize(width, height));
        buffer.reset();
        let drawn = ui::render(state, &drawing, &mut buffer);
        update(state, Event::Drawn { page: drawn.page, end: drawn.end });
        answer_queries(state);
    }
    buffer.reset();
    ui::render(state, &drawing, &mut buffer);
    buffer
}

/// Writes a buffer as its text, and below it each run of cells that has a style.
fn picture(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    let mut styles = String::new();
    for y in 0..area.height {
        let mut skip = 0;
        let mut line = String::new();
        let mut run: Option<(u16, (Color, Color, Modifier))> = None;
        let mut runs = Vec::new();
        for x in 0..area.width {
            let cell = &buffer[(x, y)];
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = sekisho::domain::text::width(cell.symbol()).saturating_sub(1);
            } else {
                skip -= 1;
            }
            let style = (cell.fg, cell.bg, cell.modifier);
            if run.is_none_or(|(_, known)| known != style) {
                runs.extend(run.map(|(start, style)| (start, x, style)));
                run = Some((x, style));
            }
        }
        runs.extend(run.map(|(start, style)| (start, area.width, style)));
        writeln!(text, "{}", line.trim_end()).unwrap();
        for (start, end, (fg, bg, modifier)) in runs {
            if (fg, bg, modifier) != (Color::Reset, Color::Reset, Modifier::empty()) {
                writeln!(styles, "{y}:{start}-{end} {fg}/{bg} {modifier:?}").unwrap();
            }
        }
    }
    format!("{text}---\n{styles}")
}

const SIZES: [(u16, u16); 3] = [(60, 20), (80, 24), (200, 60)];

fn snapshot(name: &str, make: impl Fn() -> State) {
    for lang in [Lang::En, Lang::Ja] {
        for size in SIZES {
            let mut state = make();
            let picture = picture(&frame(&mut state, lang, size));
            let name = format!("{name}-{}-{}x{}", lang.code(), size.0, size.1);
            insta::assert_snapshot!(name, picture);
        }
    }
}

fn press(state: &mut State, commands: &[Command]) {
    for command in commands {
        update(state, Event::Command(*command));
    }
}

fn on_service() -> State {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open]);
    report(&mut state, 0, web_deployments());
    state
}

fn on_alarm(rows_down: usize) -> State {
    let mut state = bad_morning();
    press(&mut state, &[Command::Alarms]);
    press(&mut state, &vec![Command::Down; rows_down]);
    press(&mut state, &[Command::Open]);
    report(&mut state, 0, web_history());
    state
}

#[rstest]
#[case("loading", || empty())]
#[case("overview", || bad_morning())]
#[case("overview-quiet", || quiet_day())]
#[case("overview-bad-day", || bad_day())]
fn overview(#[case] name: &str, #[case] make: fn() -> State) {
    snapshot(name, make);
}

#[test]
fn services() {
    snapshot("services", || {
        let mut state = bad_morning();
        press(&mut state, &[Command::Services]);
        state
    });
}

#[test]
fn services_denied() {
    snapshot("services-denied", || {
        let mut state = bad_day();
        press(&mut state, &[Command::Services]);
        state
    });
}

#[test]
fn service() {
    snapshot("service", on_service);
}

#[test]
fn alarms() {
    snapshot("alarms", || {
        let mut state = bad_morning();
        press(&mut state, &[Command::Alarms]);
        state
    });
}

#[test]
fn alarm_with_its_chart() {
    snapshot("alarm", || on_alarm(0));
}

#[test]
fn alarm_with_its_tree() {
    snapshot("alarm-composite", || on_alarm(1));
}

#[rstest]
#[case("help", Command::Help)]
#[case("errors", Command::Errors)]
#[case("environment", Command::Environment)]
#[case("palette", Command::Palette)]
fn overlays(#[case] name: &str, #[case] command: Command) {
    snapshot(name, || {
        let mut state = bad_day();
        press(&mut state, &[Command::Services, command]);
        state
    });
}

#[test]
fn a_terminal_that_is_too_small_is_told_so() {
    for lang in [Lang::En, Lang::Ja] {
        let picture = picture(&frame(&mut bad_morning(), lang, (20, 6)));
        insta::assert_snapshot!(format!("too-small-{}", lang.code()), picture);
    }
}
