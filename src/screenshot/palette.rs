//! The colours of the pictured terminal: our own sixteen on a dark ground.

use std::fmt;

use ratatui::style::Color;

/// A colour of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

pub(super) const BACKGROUND: Rgb = Rgb(0x16, 0x19, 0x20);
pub(super) const FOREGROUND: Rgb = Rgb(0xd8, 0xdc, 0xe4);
pub(super) const CURSOR: Rgb = Rgb(0xe8, 0xea, 0xee);
pub(super) const FRAME: Rgb = Rgb(0x2c, 0x31, 0x3c);
pub(super) const TITLE: Rgb = Rgb(0x8a, 0x92, 0xa2);

/// The terminal's own sixteen: black to white, then the bright ones.
const SIXTEEN: [Rgb; 16] = [
    Rgb(0x1c, 0x20, 0x28),
    Rgb(0xe0, 0x5a, 0x63),
    Rgb(0x7f, 0xb8, 0x6a),
    Rgb(0xe0, 0xb0, 0x52),
    Rgb(0x6a, 0x9f, 0xe6),
    Rgb(0xc5, 0x86, 0xd6),
    Rgb(0x4f, 0xb8, 0xc4),
    Rgb(0xbf, 0xc5, 0xd0),
    Rgb(0x6b, 0x73, 0x83),
    Rgb(0xf0, 0x7a, 0x80),
    Rgb(0x9a, 0xd2, 0x83),
    Rgb(0xf2, 0xc9, 0x72),
    Rgb(0x8c, 0xb8, 0xf5),
    Rgb(0xd9, 0xa3, 0xe8),
    Rgb(0x74, 0xd0, 0xda),
    Rgb(0xf4, 0xf6, 0xf9),
];

impl Rgb {
    /// Returns the colour as faint text of it looks on a ground.
    pub(super) fn mixed_with(self, ground: Self) -> Self {
        let mix = |color: u8, ground: u8| {
            let mixed = (u16::from(color) * 5 + u16::from(ground) * 3) / 8;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Self(mix(self.0, ground.0), mix(self.1, ground.1), mix(self.2, ground.2))
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

pub(super) fn foreground(color: Color) -> Rgb {
    resolve(color).unwrap_or(FOREGROUND)
}

pub(super) fn background(color: Color) -> Rgb {
    resolve(color).unwrap_or(BACKGROUND)
}

fn resolve(color: Color) -> Option<Rgb> {
    let index = match color {
        Color::Reset => return None,
        Color::Rgb(red, green, blue) => return Some(Rgb(red, green, blue)),
        Color::Indexed(index) => index,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    Some(indexed(index))
}

/// Returns one of the 256 colours: the sixteen, a cube of 6 × 6 × 6, and 24 greys, as xterm has them.
fn indexed(index: u8) -> Rgb {
    let part = |level: u8| if level == 0 { 0 } else { 55 + 40 * level };
    match index {
        0..16 => SIXTEEN[usize::from(index)],
        16..232 => {
            let cube = index - 16;
            Rgb(part(cube / 36), part(cube / 6 % 6), part(cube % 6))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            Rgb(grey, grey, grey)
        }
    }
}
