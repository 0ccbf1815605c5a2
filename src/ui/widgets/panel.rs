//! A titled area with as little around it as can be: data first, chrome last.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{cells, fit_line, line_width, put, put_line};
use crate::ui::glyphs::Glyphs;
use crate::ui::theme::Theme;

/// How many cells a title keeps before its status gives way.
const TITLE_MIN: usize = 12;

/// A panel's title on the left and its status on the right, on one row.
///
/// ```text
/// ▌Needs a person                     4 of 57 · 12s
/// ```
#[derive(Debug, Clone)]
pub struct Panel<'a> {
    /// What the panel shows.
    pub title: Line<'a>,
    /// What is to be known about it, the most important first: stale, denied, `100+`, age.
    pub status: Vec<Span<'a>>,
    /// Whether the keys act on this panel.
    pub focused: bool,
    /// The styles.
    pub theme: &'a Theme,
    /// The characters.
    pub glyphs: &'a Glyphs,
}

impl Panel<'_> {
    /// Draws the title row, and returns the area below it.
    ///
    /// Where both do not fit, the least important status goes first; the title is cut last.
    pub fn render(&self, area: Rect, buf: &mut Buffer) -> Rect {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return area;
        }
        let row = Rect { height: 1, ..area };
        let room = usize::from(row.width).saturating_sub(2);
        let status = self.status_within(room.saturating_sub(line_width(&self.title).min(TITLE_MIN) + 1));
        let status_width = line_width(&status);
        if self.focused {
            put(buf, row.x, row.y, self.glyphs.focus, 1, self.theme.accent);
        }
        let gap = usize::from(status_width > 0);
        let title = fit_line(&self.title, room - status_width.min(room) - gap, self.glyphs);
        let title_style = if self.focused { self.theme.accent } else { self.theme.title };
        put_line(buf, row.x + 1, row.y, &title.style(title_style), cells(room));
        if status_width > 0 {
            put_line(buf, row.right() - 1 - cells(status_width), row.y, &status, cells(status_width));
        }
        Rect { y: area.y + 1, height: area.height - 1, ..area }
    }

    /// Returns as much of the status as fits, the most important kept; the last one left is cut.
    fn status_within(&self, room: usize) -> Line<'_> {
        for count in (1..=self.status.len()).rev() {
            let line = self.joined(count);
            if line_width(&line) <= room {
                return line;
            }
        }
        let least = self.joined(self.status.len().min(1));
        if room < 4 { Line::default() } else { fit_line(&least, room, self.glyphs) }
    }

    fn joined(&self, count: usize) -> Line<'_> {
        let mut spans = Vec::with_capacity(count * 2);
        for (index, part) in self.status.iter().take(count).enumerate() {
            if index > 0 {
                spans.push(Span::styled(format!(" {} ", self.glyphs.separator), self.theme.dim));
            }
            spans.push(part.clone());
        }
        Line::from(spans)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::rows;
    use super::*;

    fn drawn(title: &str, status: &[&str], width: u16, focused: bool) -> String {
        let theme = Theme::no_color();
        let panel = Panel {
            title: Line::raw(title.to_owned()),
            status: status.iter().map(|&part| Span::raw(part)).collect(),
            focused,
            theme: &theme,
            glyphs: Glyphs::unicode(),
        };
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 2));
        assert_eq!(panel.render(buf.area, &mut buf), Rect::new(0, 1, width, 1));
        rows(&buf)[0].clone()
    }

    #[rstest]
    #[case("Services", &["stale", "12s"], 30, " Services         stale · 12s")]
    #[case("Services", &["stale", "12s"], 22, " Services stale · 12s")]
    #[case("Services", &["stale", "12s"], 21, " Services      stale")]
    #[case("Services", &["ecs:ListServices denied"], 20, " Services ecs:List…")]
    #[case("Services in all environments", &["12s"], 20, " Services in a… 12s")]
    #[case("本番のサービス一覧", &["12秒前"], 24, " 本番のサービス… 12秒前")]
    #[case("Services", &[], 8, " Servi…")]
    #[case("Services", &["12s"], 1, "")]
    fn fits(#[case] title: &str, #[case] status: &[&str], #[case] width: u16, #[case] row: &str) {
        assert_eq!(drawn(title, status, width, false), row);
    }

    #[test]
    fn shows_the_focus_without_colour() {
        assert_eq!(drawn("Services", &[], 12, true), "▌Services");
    }

    #[test]
    fn needs_no_room() {
        let theme = Theme::no_color();
        let panel =
            Panel { title: Line::raw("x"), status: vec![], focused: true, theme: &theme, glyphs: Glyphs::unicode() };
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 4));
        assert!(panel.render(Rect::new(9, 9, 4, 4), &mut buf).is_empty());
    }
}
