//! The characters that are drawn rather than written.
//!
//! Two sets: [`Glyphs::unicode`], and [`Glyphs::ascii`] for terminals that draw East Asian ambiguous characters two
//! cells wide, as many Japanese ones do ([UAX #11]); most box, block and shape characters are of that class.
//! Every glyph of a state differs from the others in shape, so that none depends on colour.
//!
//! [UAX #11]: https://www.unicode.org/reports/tr11/

/// One set of glyphs; each takes one cell, except [`Glyphs::ellipsis`] in ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Needs a person now.
    pub critical: &'static str,
    /// Not as it should be.
    pub warning: &'static str,
    /// Worth knowing.
    pub notice: &'static str,
    /// As it should be.
    pub ok: &'static str,
    /// Changing as intended.
    pub progress: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// No longer fresh.
    pub stale: &'static str,
    /// Denied by AWS or by our gate.
    pub denied: &'static str,
    /// Rolled back.
    pub rollback: &'static str,
    /// Being recorded.
    pub recording: &'static str,
    /// Stands before the selected row.
    pub selected: &'static str,
    /// Stands before the title of the panel that has the focus.
    pub focus: &'static str,
    /// Sorted with the smallest first.
    pub ascending: &'static str,
    /// Sorted with the largest first.
    pub descending: &'static str,
    /// Stands for what was left out; one cell, or two in ASCII.
    pub ellipsis: &'static str,
    /// Stands between two short facts.
    pub separator: &'static str,
    /// Leads from one to the next.
    pub arrow: &'static str,
    /// More lies to the left.
    pub more_left: &'static str,
    /// More lies to the right.
    pub more_right: &'static str,
    /// Above what is shown.
    pub above: &'static str,
    /// Times, as in `14× the usual`.
    pub times: &'static str,
    /// The part of a scroll bar that says where one is.
    pub thumb: &'static str,
    /// The levels of a sparkline, lowest first.
    pub levels: [&'static str; 8],
    /// A bar's filled cell.
    pub bar_full: &'static str,
    /// A bar's cell that is under way.
    pub bar_part: &'static str,
    /// A bar's empty cell.
    pub bar_empty: &'static str,
    /// The branches of a tree.
    pub tree: Tree,
    /// Rules and frames.
    pub frame: Frame,
    /// The line styles that tell the series of a chart apart.
    pub lines: [LineStyle; 4],
    /// A threshold's line in a chart.
    pub threshold: &'static str,
    /// A mark's line in a chart: a moment.
    pub mark: &'static str,
    /// The value axis of a chart, and the same where it has a label.
    pub axis: [&'static str; 2],
}

/// The branches of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    /// A branch with more to follow.
    pub branch: &'static str,
    /// The last branch.
    pub last: &'static str,
    /// A trunk that passes by.
    pub trunk: &'static str,
}

/// Rules and frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// A level line.
    pub horizontal: &'static str,
    /// An upright line.
    pub vertical: &'static str,
    /// The four corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
}

/// The pieces of a line in a chart, drawn from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineStyle {
    /// From left to right.
    pub level: &'static str,
    /// From top to bottom.
    pub upright: &'static str,
    /// `╭`: a level line begins here, joined from below.
    pub opening_down: &'static str,
    /// `╮`: a level line ends here and goes on below.
    pub closing_down: &'static str,
    /// `╰`: a level line begins here, joined from above.
    pub opening_up: &'static str,
    /// `╯`: a level line ends here and goes on above.
    pub closing_up: &'static str,
}

impl LineStyle {
    const fn round(level: &'static str, upright: &'static str) -> Self {
        Self { level, upright, opening_down: "╭", closing_down: "╮", opening_up: "╰", closing_up: "╯" }
    }

    const fn square(level: &'static str, upright: &'static str, corners: [&'static str; 4]) -> Self {
        let [opening_down, closing_down, opening_up, closing_up] = corners;
        Self { level, upright, opening_down, closing_down, opening_up, closing_up }
    }
}

const UNICODE: Glyphs = Glyphs {
    critical: "▲",
    warning: "◆",
    notice: "·",
    ok: "✓",
    progress: "↻",
    unknown: "?",
    stale: "~",
    denied: "⊘",
    rollback: "↩",
    recording: "●",
    selected: "▸",
    focus: "▌",
    ascending: "▴",
    descending: "▾",
    ellipsis: "…",
    separator: "·",
    arrow: "→",
    more_left: "‹",
    more_right: "›",
    above: "↑",
    times: "×",
    thumb: "┃",
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    bar_full: "━",
    bar_part: "╍",
    bar_empty: "─",
    tree: Tree { branch: "├", last: "└", trunk: "│" },
    frame: Frame { horizontal: "─", vertical: "│", corners: ["╭", "╮", "╰", "╯"] },
    lines: [
        LineStyle::round("─", "│"),
        LineStyle::round("┄", "┆"),
        LineStyle::square("·", "·", ["·", "·", "·", "·"]),
        LineStyle::square("━", "┃", ["┏", "┓", "┗", "┛"]),
    ],
    threshold: "╍",
    mark: "┊",
    axis: ["│", "┤"],
};

const ASCII: Glyphs = Glyphs {
    critical: "!",
    warning: "*",
    notice: ".",
    ok: "+",
    progress: "%",
    unknown: "?",
    stale: "~",
    denied: "x",
    rollback: "<",
    recording: "o",
    selected: ">",
    focus: ">",
    ascending: "^",
    descending: "v",
    ellipsis: "..",
    separator: "-",
    arrow: ">",
    more_left: "<",
    more_right: ">",
    above: "^",
    times: "x",
    thumb: "#",
    levels: ["_", ".", "-", "~", "=", "+", "*", "#"],
    bar_full: "#",
    bar_part: "=",
    bar_empty: ".",
    tree: Tree { branch: "|", last: "`", trunk: "|" },
    frame: Frame { horizontal: "-", vertical: "|", corners: ["+", "+", "+", "+"] },
    lines: [
        LineStyle::square("-", "|", [".", ".", "'", "'"]),
        LineStyle::square("~", ":", [".", ".", "'", "'"]),
        LineStyle::square("*", "*", ["*", "*", "*", "*"]),
        LineStyle::square("o", "o", ["o", "o", "o", "o"]),
    ],
    threshold: "=",
    mark: ":",
    axis: ["|", "+"],
};

impl Glyphs {
    /// Returns the glyphs for a terminal that draws each in one cell.
    pub const fn unicode() -> &'static Self {
        &UNICODE
    }

    /// Returns the glyphs of ASCII, the same width in every terminal.
    pub const fn ascii() -> &'static Self {
        &ASCII
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::text::width;

    fn states(glyphs: &Glyphs) -> [&'static str; 8] {
        let Glyphs { critical, warning, notice, ok, progress, unknown, stale, denied, .. } = *glyphs;
        [critical, warning, notice, ok, progress, unknown, stale, denied]
    }

    #[test]
    fn ascii_is_ascii() {
        let shown = format!("{ASCII:?}");
        assert!(shown.is_ascii(), "{shown}");
    }

    #[test]
    fn states_differ_in_shape() {
        for glyphs in [Glyphs::unicode(), Glyphs::ascii()] {
            assert_eq!(states(glyphs).into_iter().collect::<HashSet<_>>().len(), 8);
        }
    }

    #[test]
    fn line_styles_differ_in_shape() {
        for glyphs in [Glyphs::unicode(), Glyphs::ascii()] {
            let levels: HashSet<_> = glyphs.lines.iter().map(|line| line.level).chain([glyphs.threshold]).collect();
            assert_eq!(levels.len(), 5);
        }
    }

    #[test]
    fn each_takes_one_cell() {
        for glyphs in [Glyphs::unicode(), Glyphs::ascii()] {
            let Glyphs { thumb, bar_full, bar_part, bar_empty, threshold, mark, levels, .. } = *glyphs;
            let drawn = levels.into_iter().chain(states(glyphs));
            for glyph in drawn.chain([thumb, bar_full, bar_part, bar_empty, threshold, mark]) {
                assert_eq!(width(glyph), 1, "{glyph}");
            }
        }
    }
}
