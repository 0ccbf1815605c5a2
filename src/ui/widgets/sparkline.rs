//! A row of bars, one cell a value: how bad, since when, in the width of a word.

use crate::ui::glyphs::Glyphs;

/// What the lowest and the highest level stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// From 0 to the highest value shown.
    Auto,
    /// From 0 to this, however high the values go: for shares of a known whole.
    Max(f64),
}

/// Returns the values as exactly `width` cells, oldest first, newest at the right edge.
///
/// Missing values stay gaps, as do values that are no numbers. More values than cells are joined, the highest of
/// each group shown, since a peak is what one looks for; fewer leave the left side empty.
pub fn sparkline(values: &[Option<f64>], width: usize, scale: Scale, glyphs: &Glyphs) -> String {
    let columns = columns(values, width);
    let top = match scale {
        Scale::Max(max) => max,
        Scale::Auto => columns.iter().flatten().copied().fold(0.0, f64::max),
    };
    let empty = width - columns.len();
    let bars = columns.iter().map(|value| value.map_or(" ", |value| glyphs.levels[level(value, top)]));
    std::iter::repeat_n(" ", empty).chain(bars).collect()
}

/// Returns at most `width` values, each the highest finite one of its group.
fn columns(values: &[Option<f64>], width: usize) -> Vec<Option<f64>> {
    let count = values.len().min(width);
    (0..count)
        .map(|column| {
            let group = &values[column * values.len() / count..(column + 1) * values.len() / count];
            group.iter().flatten().copied().filter(|value| value.is_finite()).reduce(f64::max)
        })
        .collect()
}

/// Returns which of the eight levels a value has: the lowest for 0 and less, the others for equal shares of the top.
fn level(value: f64, top: f64) -> usize {
    if top <= 0.0 {
        return 0;
    }
    (0..7).filter(|&step| value / top > f64::from(step) / 7.0).count()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[rstest]
    #[case(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 8, "▁▂▃▄▅▆▇█")]
    #[case(&[5.0, 5.0], 2, "██")]
    #[case(&[0.0, 0.0, 0.0], 3, "▁▁▁")]
    #[case(&[1.0, 9.0, 1.0, 1.0], 2, "█▂")]
    #[case(&[1.0], 4, "   █")]
    #[case(&[], 3, "   ")]
    #[case(&[1.0], 0, "")]
    #[case(&[-4.0, 4.0], 2, "▁█")]
    #[case(&[0.001, 1000.0], 2, "▂█")]
    fn draws(#[case] values: &[f64], #[case] width: usize, #[case] drawn: &str) {
        assert_eq!(sparkline(&some(values), width, Scale::Auto, Glyphs::unicode()), drawn);
    }

    #[test]
    fn leaves_gaps() {
        let values = [Some(1.0), None, Some(f64::NAN), Some(2.0)];
        assert_eq!(sparkline(&values, 4, Scale::Auto, Glyphs::unicode()), "▅  █");
        assert_eq!(sparkline(&[None; 9], 4, Scale::Auto, Glyphs::unicode()), "    ");
    }

    #[test]
    fn keeps_a_fixed_scale() {
        let drawn = sparkline(&some(&[22.0, 50.0, 100.0, 130.0]), 4, Scale::Max(100.0), Glyphs::unicode());
        assert_eq!(drawn, "▃▅██");
        assert_eq!(sparkline(&some(&[0.0, 100.0]), 2, Scale::Max(100.0), Glyphs::ascii()), "_#");
    }

    #[test]
    fn is_exactly_as_wide_as_asked() {
        for count in 0..50 {
            let values = vec![Some(1.0); count];
            for width in 0..50 {
                let drawn = sparkline(&values, width, Scale::Auto, Glyphs::unicode());
                assert_eq!(drawn.chars().count(), width);
            }
        }
    }
}
