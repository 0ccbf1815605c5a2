//! The screen: what it is drawn with.

pub mod glyphs;
pub mod theme;
pub mod widgets;
