//! A bar for something that has an end, with its numbers: the numbers tell, the bar supports.

use ratatui::text::{Line, Span};

use crate::ui::glyphs::Glyphs;
use crate::ui::theme::Theme;

/// How far something has come: `━━━━━━╍╍╍─── 2/4 draining`.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<'a> {
    /// How many are done.
    pub done: u64,
    /// How many are under way.
    pub under_way: u64,
    /// How many there will be.
    pub total: u64,
    /// Which stage it is in, or nothing.
    pub stage: &'a str,
    /// How many cells the bar takes; the numbers and the stage follow it.
    pub width: u16,
}

impl Gauge<'_> {
    /// Returns the bar, its numbers and its stage as one line.
    ///
    /// Only what is complete has a full bar, and only what has not begun an empty one. More done than there should
    /// be (a service scaling in) is a full bar; the numbers say the rest.
    pub fn line(&self, theme: &Theme, glyphs: &Glyphs) -> Line<'static> {
        let width = u64::from(self.width);
        let full = share(self.done, self.total, width);
        let begun = share(self.done.saturating_add(self.under_way), self.total, width).max(full);
        let style = if self.done == self.total { theme.ok } else { theme.progress };
        let bar = |glyph: &str, from: u64, to: u64| (from..to).map(|_| glyph).collect::<String>();
        let mut spans = vec![
            Span::styled(bar(glyphs.bar_full, 0, full), style),
            Span::styled(bar(glyphs.bar_part, full, begun), style),
            Span::styled(bar(glyphs.bar_empty, begun, width), theme.border),
            Span::styled(format!(" {}/{}", self.done, self.total), theme.text),
        ];
        if !self.stage.is_empty() {
            spans.push(Span::styled(format!(" {}", self.stage), theme.dim));
        }
        Line::from(spans)
    }
}

/// Returns how many of `width` cells a share fills: none or all only where that is exactly so.
fn share(part: u64, total: u64, width: u64) -> u64 {
    if part == 0 || total == 0 || width == 0 {
        return 0;
    }
    if part >= total {
        return width;
    }
    let cells = u128::from(part) * u128::from(width) / u128::from(total);
    u64::try_from(cells).unwrap_or(width).clamp(1, width - 1).max(u64::from(width == 1))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(2, 1, 4, 8, "━━━━╍╍── 2/4 draining")]
    #[case(0, 0, 3, 6, "────── 0/3 draining")]
    #[case(3, 0, 3, 6, "━━━━━━ 3/3 draining")]
    #[case(5, 0, 3, 6, "━━━━━━ 5/3 draining")]
    #[case(0, 0, 0, 4, "──── 0/0 draining")]
    #[case(999, 1, 1000, 4, "━━━╍ 999/1000 draining")]
    #[case(1, 0, 1000, 4, "━─── 1/1000 draining")]
    #[case(1, 0, 2, 0, " 1/2 draining")]
    #[case(u64::MAX - 1, 9, u64::MAX, 2, "━╍ 18446744073709551614/18446744073709551615 draining")]
    fn draws(#[case] done: u64, #[case] under_way: u64, #[case] total: u64, #[case] width: u16, #[case] drawn: &str) {
        let gauge = Gauge { done, under_way, total, stage: "draining", width };
        assert_eq!(gauge.line(&Theme::no_color(), Glyphs::unicode()).to_string(), drawn);
    }

    #[test]
    fn needs_no_box_characters() {
        let gauge = Gauge { done: 1, under_way: 1, total: 3, stage: "", width: 6 };
        assert_eq!(gauge.line(&Theme::no_color(), Glyphs::ascii()).to_string(), "##==.. 1/3");
    }
}
