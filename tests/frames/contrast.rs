//! The theme for low vision: how far every character stands out from what lies behind it.

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::{Color, Modifier};
use rstest::rstest;
use sekisho::command::Command;
use sekisho::i18n::Lang;
use sekisho::state::State;
use sekisho::ui::theme::{BUILT_IN, Theme};

use super::support::{self, bad_day, bad_morning};
use super::{frame_with, hold, on_alarm, on_service, press};

/// What level AAA wants of text of any size (WCAG 2.2, success criterion 1.4.6).
const ENOUGH: f64 = 7.0;

const NAME: &str = "high-contrast";

fn theme() -> Theme {
    Theme::built_in(NAME).unwrap()
}

fn text_of_the_file() -> toml::Table {
    BUILT_IN.iter().find(|(name, _)| *name == NAME).unwrap().1.parse().unwrap()
}

/// Returns the red, green and blue of a colour that no terminal's scheme may change: those of the 256 beyond the sixteen.
///
/// Source: xterm's `256colres.pl`, a cube of six levels and 24 greys.
fn rgb(color: Color) -> [u8; 3] {
    match color {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
        }
        Color::Indexed(grey @ 232..) => [8 + 10 * (grey - 232); 3],
        other => panic!("{other}: a scheme may change it, so that nothing can be promised of it"),
    }
}

/// Returns the contrast of two colours, from 1 to 21.
///
/// Source: WCAG 2.2, "contrast ratio" and "relative luminance".
fn contrast(one: Color, other: Color) -> f64 {
    let luminance = |color: Color| {
        let linear = rgb(color).map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn contrast_is_computed_as_the_guideline_says() {
    let near = |value: f64, expected: f64| assert!((value - expected).abs() < 0.01, "{value} {expected}");
    near(contrast(Color::Indexed(16), Color::Indexed(231)), 21.0);
    near(contrast(Color::Rgb(255, 255, 255), Color::Rgb(0x76, 0x76, 0x76)), 4.54);
    near(contrast(Color::Rgb(255, 0, 0), Color::Rgb(255, 0, 0)), 1.0);
    assert_eq!(rgb(Color::Indexed(203)), [255, 95, 95]);
    assert_eq!(rgb(Color::Indexed(252)), [208; 3]);
}

/// Collects every style that the file holds, wherever it stands.
fn styles<'t>(name: &str, value: &'t toml::Value, found: &mut Vec<(String, &'t toml::Table)>) {
    match value {
        toml::Value::Table(table) if table.values().any(|value| value.is_table() || value.is_array()) => {
            for (key, value) in table {
                styles(&format!("{name}.{key}"), value, found);
            }
        }
        toml::Value::Table(style) => found.push((name.to_owned(), style)),
        toml::Value::Array(values) => values.iter().for_each(|value| styles(name, value, found)),
        other => panic!("{name}: {other} is no style"),
    }
}

#[test]
fn every_style_stands_out_and_none_is_faint() {
    let file = toml::Value::Table(text_of_the_file());
    let mut found = Vec::new();
    styles("", &file, &mut found);
    assert!(found.len() > 20, "{found:?}");
    let color = |style: &toml::Table, key: &str| {
        style.get(key).map(|index| Color::Indexed(u8::try_from(index.as_integer().unwrap()).unwrap()))
    };
    let text = theme().text;
    for (name, style) in found {
        let fg = color(style, "fg").or(text.fg).unwrap();
        let bg = color(style, "bg").or(text.bg).unwrap();
        assert!(contrast(fg, bg) >= ENOUGH, "{name}: {:.2}", contrast(fg, bg));
        assert!(!style.contains_key("dim"), "{name} is faint");
    }
}

fn is_legible(cell: &Cell) -> bool {
    !cell.modifier.contains(Modifier::DIM) && contrast(cell.fg, cell.bg) >= ENOUGH
}

fn frame(state: &mut State, theme: Theme, size: (u16, u16)) -> Buffer {
    let drawing = sekisho::ui::Ui { theme, ..support::ui(Lang::En) };
    frame_with(state, &drawing, size)
}

#[rstest]
#[case("overview", || bad_morning())]
#[case("overview-bad-day", || bad_day())]
#[case("service", on_service)]
#[case("alarm", || on_alarm(0))]
#[case("service-targets", crate::log::with_targets)]
#[case("log", crate::log::on_log)]
#[case("help", || { let mut state = bad_day(); press(&mut state, &[Command::Services, Command::Help]); state })]
#[case("palette", || { let mut state = bad_day(); press(&mut state, &[Command::Alarms, Command::Palette]); state })]
fn every_character_on_the_screen_is_legible_and_none_is_another(#[case] name: &str, #[case] make: fn() -> State) {
    for size in [(80, 24), (200, 60)] {
        let buffer = frame(&mut make(), theme(), size);
        for y in 0..size.1 {
            let mut x = 0;
            while x < size.0 {
                let cell = &buffer[(x, y)];
                assert!(is_legible(cell), "{name} {x},{y}: {:?} {}/{}", cell.symbol(), cell.fg, cell.bg);
                // The second half of a wide character is drawn with its first.
                x += cell.cell_width().max(1);
            }
        }
        // What is told by colour is told without: no character depends on the theme.
        let plain = frame(&mut make(), Theme::no_color(), size);
        let symbols = |buffer: &Buffer| buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect::<Vec<_>>();
        assert_eq!(symbols(&buffer), symbols(&plain), "{name}");
    }
}

#[test]
fn the_themes_that_can_be_named_are_those_that_there_are() {
    assert!(BUILT_IN.iter().map(|(name, _)| name).eq(sekisho::config::THEMES));
}

#[test]
fn a_frame_for_low_vision() {
    hold("service-high-contrast-en-80x24", &frame(&mut on_service(), theme(), (80, 24)));
}
