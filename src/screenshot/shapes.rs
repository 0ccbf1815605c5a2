//! Box drawing, block elements and braille as shapes, so that lines join across cells in every viewer.

use std::fmt::Write;

use super::palette::Rgb;
use super::{CELL_HEIGHT, CELL_WIDTH};

// Lengths in here are in hundredths of the picture's unit: halves, thirds and eighths of a cell need no floats.
const WIDTH: usize = CELL_WIDTH * 100;
const HEIGHT: usize = CELL_HEIGHT * 100;
const MIDDLE_X: usize = WIDTH / 2;
const MIDDLE_Y: usize = HEIGHT / 2;

/// How a path is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Paint {
    /// Filled wholly.
    Fill,
    /// Filled to so many quarters: `░▒▓`.
    Shade(u8),
    /// Drawn as a line.
    Light,
    /// Drawn as a heavy line.
    Heavy,
}

impl Paint {
    pub(super) fn attributes(self, color: Rgb) -> String {
        match self {
            Self::Fill => format!("fill=\"{color}\""),
            Self::Shade(quarters) => format!("fill=\"{color}\" fill-opacity=\"0.{}\"", u32::from(quarters) * 25),
            Self::Light => format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"1.2\""),
            Self::Heavy => format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"2.4\""),
        }
    }
}

/// Returns the path of a symbol whose cell's top left corner is at `(x, y)`, if it is one that is drawn.
pub(super) fn shape(symbol: &str, x: usize, y: usize, bold: bool) -> Option<(Paint, String)> {
    let mut chars = symbol.chars();
    let (c, None) = (chars.next()?, chars.next()) else { return None };
    let (x, y) = (x * 100, y * 100);
    match c {
        '\u{2500}'..='\u{257f}' => line(c, x, y, bold),
        '\u{2580}'..='\u{259f}' => block(c, x, y),
        '\u{2800}'..='\u{28ff}' => Some((Paint::Fill, braille(c, x, y))),
        _ => None,
    }
}

/// Returns a length as it is written, without needless zeros: `9.5`, `2.66`, `8`.
fn n(hundredths: usize) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        0 => whole.to_string(),
        _ if rest % 10 == 0 => format!("{whole}.{}", rest / 10),
        _ => format!("{whole}.{rest:02}"),
    }
}

/// The four directions in which a line leaves the middle of a cell.
const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const UP: u8 = 4;
const DOWN: u8 = 8;

fn line(c: char, x: usize, y: usize, bold: bool) -> Option<(Paint, String)> {
    let light = if bold { Paint::Heavy } else { Paint::Light };
    if let Some(path) = corner(c, x, y) {
        return Some((light, path));
    }
    if let Some((paint, path)) = dashes(c, x, y) {
        return Some((if bold { Paint::Heavy } else { paint }, path));
    }
    let (paint, arms) = match c {
        '─' => (light, LEFT | RIGHT),
        '━' => (Paint::Heavy, LEFT | RIGHT),
        '│' => (light, UP | DOWN),
        '┃' => (Paint::Heavy, UP | DOWN),
        '┌' => (light, RIGHT | DOWN),
        '┐' => (light, LEFT | DOWN),
        '└' => (light, RIGHT | UP),
        '┘' => (light, LEFT | UP),
        '├' => (light, RIGHT | UP | DOWN),
        '┤' => (light, LEFT | UP | DOWN),
        '┬' => (light, LEFT | RIGHT | DOWN),
        '┴' => (light, LEFT | RIGHT | UP),
        '┼' => (light, LEFT | RIGHT | UP | DOWN),
        '┏' => (Paint::Heavy, RIGHT | DOWN),
        '┓' => (Paint::Heavy, LEFT | DOWN),
        '┗' => (Paint::Heavy, RIGHT | UP),
        '┛' => (Paint::Heavy, LEFT | UP),
        '┣' => (Paint::Heavy, RIGHT | UP | DOWN),
        '┫' => (Paint::Heavy, LEFT | UP | DOWN),
        '┳' => (Paint::Heavy, LEFT | RIGHT | DOWN),
        '┻' => (Paint::Heavy, LEFT | RIGHT | UP),
        '╋' => (Paint::Heavy, LEFT | RIGHT | UP | DOWN),
        '╴' => (light, LEFT),
        '╶' => (light, RIGHT),
        '╵' => (light, UP),
        '╷' => (light, DOWN),
        _ => return None,
    };
    Some((paint, arms_path(arms, x, y)))
}

/// Returns the arms of a line as one stroke across and one down.
fn arms_path(arms: u8, x: usize, y: usize) -> String {
    let mut path = String::new();
    let (middle_x, middle_y) = (x + MIDDLE_X, y + MIDDLE_Y);
    let across = match arms & (LEFT | RIGHT) {
        LEFT => Some((x, middle_x)),
        RIGHT => Some((middle_x, x + WIDTH)),
        0 => None,
        _ => Some((x, x + WIDTH)),
    };
    let down = match arms & (UP | DOWN) {
        UP => Some((y, middle_y)),
        DOWN => Some((middle_y, y + HEIGHT)),
        0 => None,
        _ => Some((y, y + HEIGHT)),
    };
    if let Some((from, to)) = across {
        let _ = write!(path, "M{} {}H{}", n(from), n(middle_y), n(to));
    }
    if let Some((from, to)) = down {
        let _ = write!(path, "M{} {}V{}", n(middle_x), n(from), n(to));
    }
    path
}

/// Returns a rounded corner: straight to the curve, then round to the edge.
fn corner(c: char, x: usize, y: usize) -> Option<String> {
    let (right, bottom) = (x + WIDTH, y + HEIGHT);
    let (middle_x, middle_y) = (x + MIDDLE_X, y + MIDDLE_Y);
    let (upper, lower) = (middle_y - MIDDLE_X, middle_y + MIDDLE_X);
    let (edge_x, edge_y, curve_y) = match c {
        '╭' => (right, bottom, lower),
        '╮' => (x, bottom, lower),
        '╰' => (right, y, upper),
        '╯' => (x, y, upper),
        _ => return None,
    };
    let (middle_x, middle_y) = (n(middle_x), n(middle_y));
    Some(format!("M{middle_x} {}V{}Q{middle_x} {middle_y} {} {middle_y}", n(edge_y), n(curve_y), n(edge_x)))
}

/// Returns a dashed line: so many dashes to a cell, each with its gap behind it.
fn dashes(c: char, x: usize, y: usize) -> Option<(Paint, String)> {
    let (paint, count, level) = match c {
        '╌' => (Paint::Light, 2, true),
        '╍' => (Paint::Heavy, 2, true),
        '╎' => (Paint::Light, 2, false),
        '╏' => (Paint::Heavy, 2, false),
        '┄' => (Paint::Light, 3, true),
        '┅' => (Paint::Heavy, 3, true),
        '┆' => (Paint::Light, 3, false),
        '┇' => (Paint::Heavy, 3, false),
        '┈' => (Paint::Light, 4, true),
        '┉' => (Paint::Heavy, 4, true),
        '┊' => (Paint::Light, 4, false),
        '┋' => (Paint::Heavy, 4, false),
        _ => return None,
    };
    let pitch = if level { WIDTH } else { HEIGHT } / count;
    let size = n(pitch * 6 / 10);
    let mut path = String::new();
    for dash in 0..count {
        let _ = if level {
            write!(path, "M{} {}h{size}", n(x + dash * pitch), n(y + MIDDLE_Y))
        } else {
            write!(path, "M{} {}v{size}", n(x + MIDDLE_X), n(y + dash * pitch))
        };
    }
    Some((paint, path))
}

fn block(c: char, x: usize, y: usize) -> Option<(Paint, String)> {
    let whole = rectangle(x, y, (0, 0, 8, 8));
    let code = u8::try_from(u32::from(c) - 0x2580).ok()?;
    let part = match code {
        0x00 => (0, 0, 8, 4),
        0x01..=0x08 => (0, 8 - code, 8, code),
        0x09..=0x0f => (0, 0, 0x10 - code, 8),
        0x10 => (4, 0, 4, 8),
        0x11..=0x13 => return Some((Paint::Shade(code - 0x10), whole)),
        0x14 => (0, 0, 8, 1),
        0x15 => (7, 0, 1, 8),
        _ => return Some((Paint::Fill, quadrants(c, x, y)?)),
    };
    Some((Paint::Fill, rectangle(x, y, part)))
}

/// Returns the quarters of `▖` to `▟`: upper left, upper right, lower left, lower right.
fn quadrants(c: char, x: usize, y: usize) -> Option<String> {
    let parts = [(0, 0, 4, 4), (4, 0, 4, 4), (0, 4, 4, 4), (4, 4, 4, 4)];
    let which: &[usize] = match c {
        '▖' => &[2],
        '▗' => &[3],
        '▘' => &[0],
        '▙' => &[0, 2, 3],
        '▚' => &[0, 3],
        '▛' => &[0, 1, 2],
        '▜' => &[0, 1, 3],
        '▝' => &[1],
        '▞' => &[1, 2],
        '▟' => &[1, 2, 3],
        _ => return None,
    };
    Some(which.iter().map(|&part| rectangle(x, y, parts[part])).collect())
}

/// Returns a rectangle given in eighths of a cell: left, top, width, height.
fn rectangle(x: usize, y: usize, (left, top, width, height): (u8, u8, u8, u8)) -> String {
    let across = |eighths: u8| usize::from(eighths) * WIDTH / 8;
    let down = |eighths: u8| usize::from(eighths) * HEIGHT / 8;
    let (from_x, from_y) = (n(x + across(left)), n(y + down(top)));
    // Ends are worked out, not lengths, so that rounding leaves no seam between neighbours.
    let (to_x, to_y) = (n(x + across(left + width)), n(y + down(top + height)));
    format!("M{from_x} {from_y}H{to_x}V{to_y}H{from_x}z")
}

/// Returns the dots of a braille pattern, whose bits count down the left column, then the right, then the lowest row.
fn braille(c: char, x: usize, y: usize) -> String {
    const DOTS: [(usize, usize); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    let bits = u32::from(c) - 0x2800;
    let mut path = String::new();
    for (_, (column, row)) in DOTS.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1) {
        let left = x + WIDTH / 8 + column * WIDTH / 2;
        let middle = y + HEIGHT / 8 + row * HEIGHT / 4;
        let _ = write!(path, "M{} {}a1 1 0 1 0 2 0a1 1 0 1 0 -2 0z", n(left), n(middle));
    }
    path
}
