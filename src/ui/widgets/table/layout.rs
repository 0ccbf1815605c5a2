//! Which columns show, and how wide.

use super::Column;

/// The cells between two columns.
const GAP: u16 = 2;

/// A column that shows: which one, where it starts and how wide it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub index: usize,
    pub x: u16,
    pub width: u16,
}

/// The columns that show, from the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub columns: Vec<Slot>,
    pub hidden: usize,
}

impl Layout {
    /// Fits the columns into `width` cells.
    ///
    /// Columns go by their rank, the rightmost of equals first, until the rest fits with its least widths. What is
    /// left over goes to those that prefer more, the least dispensable first, then to those that grow. Widths do not
    /// depend on the rows: nothing moves because a name changed.
    pub(super) fn new(columns: &[Column<'_>], width: u16) -> Self {
        let mut shown: Vec<usize> = (0..columns.len()).collect();
        while needed(columns, &shown) + note(columns.len() - shown.len()) > u32::from(width) {
            let Some(most) = shown.iter().map(|&index| columns[index].rank).max().filter(|&rank| rank > 0) else {
                break;
            };
            shown.retain({
                let last = shown.iter().rposition(|&index| columns[index].rank == most).map(|at| shown[at]);
                move |&index| Some(index) != last
            });
        }
        let hidden = columns.len() - shown.len();
        let room = u32::from(width).saturating_sub(note(hidden));
        let widths = widths(columns, &shown, room);
        Self { columns: place(&shown, &widths, width), hidden }
    }
}

/// Returns the cells that the note of hidden columns takes: a gap, `+` and the number.
fn note(hidden: usize) -> u32 {
    match hidden {
        0 => 0,
        1..=9 => 3,
        _ => 4,
    }
}

fn gaps(count: usize) -> u32 {
    u32::from(GAP) * u32::try_from(count.saturating_sub(1)).unwrap_or(0)
}

fn needed(columns: &[Column<'_>], shown: &[usize]) -> u32 {
    shown.iter().map(|&index| u32::from(columns[index].min)).sum::<u32>() + gaps(shown.len())
}

/// Shares the room among the columns that show.
fn widths(columns: &[Column<'_>], shown: &[usize], room: u32) -> Vec<u16> {
    let mut widths: Vec<u16> = shown.iter().map(|&index| columns[index].min).collect();
    let mut spare = room.saturating_sub(needed(columns, shown));
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&at| columns[shown[at]].rank);
    for at in order {
        let column = &columns[shown[at]];
        let wanted = u32::from(column.preferred.saturating_sub(column.min));
        let given = wanted.min(spare);
        widths[at] += u16::try_from(given).unwrap_or(0);
        spare -= given;
    }
    let growing: Vec<usize> = (0..shown.len()).filter(|&at| columns[shown[at]].grows).collect();
    let count = u32::try_from(growing.len()).unwrap_or(u32::MAX);
    for (turn, at) in (0..count).zip(growing) {
        let extra = spare / count + u32::from(turn < spare % count);
        widths[at] = widths[at].saturating_add(u16::try_from(extra).unwrap_or(0));
    }
    widths
}

/// Places the columns beside each other; what lies beyond the edge is cut or left out.
fn place(shown: &[usize], widths: &[u16], width: u16) -> Vec<Slot> {
    let mut x: u16 = 0;
    let mut slots = Vec::with_capacity(shown.len());
    for (&index, &wanted) in shown.iter().zip(widths) {
        if x >= width {
            break;
        }
        slots.push(Slot { index, x, width: wanted.min(width - x) });
        x = x.saturating_add(wanted).saturating_add(GAP);
    }
    slots
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const COLUMNS: [Column<'static>; 4] = [
        Column::new("name", 6, 10).grows(),
        Column::new("running", 5, 5).right(),
        Column::new("image", 8, 20).rank(2),
        Column::new("event", 4, 8).rank(2),
    ];

    fn drawn(width: u16) -> (String, usize) {
        let layout = Layout::new(&COLUMNS, width);
        let shown = layout.columns.iter().map(|slot| format!("{}@{}+{}", slot.index, slot.x, slot.width));
        (shown.collect::<Vec<_>>().join(" "), layout.hidden)
    }

    #[rstest]
    #[case(60, "0@0+21 1@23+5 2@30+20 3@52+8", 0)]
    #[case(49, "0@0+10 1@12+5 2@19+20 3@41+8", 0)]
    #[case(40, "0@0+10 1@12+5 2@19+15 3@36+4", 0)]
    #[case(29, "0@0+6 1@8+5 2@15+8 3@25+4", 0)]
    #[case(28, "0@0+8 1@10+5 2@17+8", 1)]
    #[case(26, "0@0+6 1@8+5 2@15+8", 1)]
    #[case(25, "0@0+15 1@17+5", 2)]
    #[case(16, "0@0+6 1@8+5", 2)]
    #[case(9, "0@0+6 1@8+1", 2)]
    #[case(3, "0@0+3", 2)]
    #[case(0, "", 2)]
    fn fits(#[case] width: u16, #[case] slots: &str, #[case] hidden: usize) {
        assert_eq!(drawn(width), (slots.to_owned(), hidden));
    }

    #[test]
    fn needs_no_columns() {
        assert_eq!(Layout::new(&[], 80), Layout { columns: vec![], hidden: 0 });
    }
}
