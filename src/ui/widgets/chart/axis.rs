//! Round numbers for values, round times for moments.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::unit::Unit;

/// How many rows may lie between two labels.
const ROWS_BETWEEN: std::ops::RangeInclusive<u8> = 2..=4;

/// The cells between the beginnings of two times at least: a label of five, and a gap.
const TIME_CELLS: usize = 9;

/// The steps between two times, in seconds; from a day on they count days from a Monday.
const TIME_STEPS: [i64; 15] =
    [60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, DAY, 2 * DAY, 7 * DAY, 28 * DAY];

const DAY: i64 = 86_400;

/// An axis of values, each row of which is a round part of the step between two labels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ValueAxis {
    low: f64,
    step: f64,
    rows_a_step: u8,
    rows: usize,
    unit: Unit,
}

impl ValueAxis {
    /// Finds the axis of so many rows that spans the values most closely, with steps of 1, 2 or 5.
    ///
    /// With `whole`, no step is less than one: there are no half requests.
    pub(super) fn new(low: f64, high: f64, rows: usize, unit: Unit, whole: bool) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let least = if whole { 1.0 } else { 0.0 };
        let axes = ROWS_BETWEEN.filter_map(|rows_a_step| {
            let smallest = (high - low) * f64::from(rows_a_step) / (2.0 * float(rows.max(1)));
            let fitting = |&step: &f64| {
                let axis = Self { low: (low / step).floor() * step, step, rows_a_step, rows, unit };
                axis.high() >= high - step * 1e-9
            };
            let step = steps(smallest.max(least), unit).take(40).find(fitting)?;
            Some(Self { low: (low / step).floor() * step, step, rows_a_step, rows, unit })
        });
        axes.min_by(|a, b| (a.high() - a.low).total_cmp(&(b.high() - b.low))).unwrap_or(Self {
            low,
            step: high - low,
            rows_a_step: 2,
            rows,
            unit,
        })
    }

    /// Returns the value of the uppermost row.
    pub(super) fn high(&self) -> f64 {
        self.low + float(self.rows.saturating_sub(1)) * self.step / f64::from(self.rows_a_step)
    }

    /// Returns the row of a value, counted from the lowest; the nearest one if it lies beyond.
    pub(super) fn row(&self, value: f64) -> usize {
        let row = (value - self.low) * f64::from(self.rows_a_step) / self.step;
        index(row.round()).min(self.rows.saturating_sub(1))
    }

    /// Returns the row of a value that lies on the axis.
    pub(super) fn row_within(&self, value: f64) -> Option<usize> {
        let half_a_row = self.step / f64::from(self.rows_a_step) / 2.0;
        (value >= self.low - half_a_row && value <= self.high() + half_a_row).then(|| self.row(value))
    }

    /// Returns the labels and their rows, from the lowest.
    pub(super) fn ticks(&self) -> Vec<(usize, String)> {
        (0..self.rows)
            .step_by(usize::from(self.rows_a_step))
            .enumerate()
            .map(|(count, row)| (row, self.unit.format(self.low + float(count) * self.step)))
            .collect()
    }

    /// Returns the cells of the widest label.
    pub(super) fn label_width(&self) -> usize {
        self.ticks().iter().map(|(_, label)| label.len()).max().unwrap_or(0)
    }
}

/// Returns round steps of at least `smallest`: 1, 2 and 5 of each power of ten, in the unit they will be shown in.
fn steps(smallest: f64, unit: Unit) -> impl Iterator<Item = f64> {
    let base = unit.base();
    let thousands = if smallest >= base { (smallest.ln() / base.ln()).floor() } else { 0.0 };
    let in_unit = smallest / base.powf(thousands);
    let tens = in_unit.log10().floor();
    (0..)
        .flat_map(move |above: u8| {
            let ten = 10_f64.powf(tens + f64::from(above));
            // Past 500 of a unit comes 1 of the next: 1,024 bytes and not 1,000.
            let shift = (ten.log10() / 3.0).floor().max(0.0);
            [1.0, 2.0, 5.0].map(|digit| digit * ten / 1000_f64.powf(shift) * base.powf(thousands + shift))
        })
        .filter(move |&step| step >= smallest * (1.0 - 1e-9))
}

/// Returns the column of a moment within the time shown.
pub(super) fn column_of(at: i64, (start, end): (i64, i64), width: usize) -> Option<usize> {
    if at < start || at >= end || width == 0 {
        return None;
    }
    let columns = i128::try_from(width).ok()?;
    let column = (i128::from(at) - i128::from(start)) * columns / (i128::from(end) - i128::from(start));
    usize::try_from(column).ok()
}

/// Returns round local times, and how they read, as many as fit into `width` cells.
///
/// Within a day a time is `09:00`, and a midnight its date; from a day on all are dates, month and day as in ISO
/// 8601. Where daylight saving time begins or ends, the labels stay on round local times.
pub(super) fn time_labels(start: i64, end: i64, zone: &TimeZone, width: usize) -> Vec<(i64, String)> {
    let room = i64::try_from(width / TIME_CELLS).unwrap_or(i64::MAX).max(1);
    let span = end.saturating_sub(start);
    let Some(&step) = TIME_STEPS.iter().find(|&&step| span / step <= room) else {
        return Vec::new();
    };
    let mut labels = Vec::new();
    let mut at = start;
    while at < end {
        let Some(next) = round_up(at, step, zone) else {
            break;
        };
        if next >= end {
            break;
        }
        let Some(label) = label(next, step, zone) else {
            break;
        };
        labels.push((next, label));
        at = next + 1;
    }
    labels
}

/// Returns the first moment from `at` on that is a multiple of the step in local time.
fn round_up(at: i64, step: i64, zone: &TimeZone) -> Option<i64> {
    let missing = |at: i64| {
        let local = at + i64::from(zone.to_offset(Timestamp::from_second(at).ok()?).seconds());
        // Day 0 of Unix time was a Thursday; steps of weeks are to begin on a Monday.
        Some((step - (local + 3 * DAY).rem_euclid(step)) % step)
    };
    let next = at + missing(at)?;
    // The clock may have been changed in between: what is missing (or too much) then is less than half a step.
    match missing(next)? {
        0 => Some(next),
        late if late > step / 2 && next - (step - late) >= at => Some(next - (step - late)),
        early => Some(next + early),
    }
}

fn label(at: i64, step: i64, zone: &TimeZone) -> Option<String> {
    let local = zone.to_datetime(Timestamp::from_second(at).ok()?);
    let midnight = local.hour() == 0 && local.minute() == 0;
    if step >= DAY || (midnight && step >= 3_600) {
        return Some(format!("{:02}-{:02}", local.month(), local.day()));
    }
    Some(format!("{:02}:{:02}", local.hour(), local.minute()))
}

#[expect(clippy::cast_precision_loss, reason = "a number of rows, far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}

/// Returns a float as an index: negative ones are 0, as the cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates at both ends")]
pub(super) fn index(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn shown(low: f64, high: f64, rows: usize, unit: Unit, whole: bool) -> String {
        let axis = ValueAxis::new(low, high, rows, unit, whole);
        assert!(axis.high() >= high * 0.999_999, "{axis:?}");
        let ticks: Vec<String> = axis.ticks().into_iter().map(|(row, label)| format!("{row}={label}")).collect();
        ticks.join(" ")
    }

    #[rstest]
    #[case(0.0, 1150.0, 7, Unit::Count, true, "0=0 2=500 4=1k 6=1.5k")]
    #[case(0.0, 100.0, 8, Unit::Percent, false, "0=0% 3=50% 6=100%")]
    #[case(0.0, 100.0, 5, Unit::Percent, false, "0=0% 2=50% 4=100%")]
    #[case(0.0, 0.8, 6, Unit::Count, false, "0=0 3=0.5")]
    #[case(0.0, 1.0, 6, Unit::Count, true, "0=0 4=1")]
    #[case(0.0, 0.0, 6, Unit::Count, true, "0=0 4=1")]
    #[case(-30.0, 70.0, 8, Unit::Count, true, "0=-50 2=0 4=50 6=100")]
    #[case(0.0, 3_000_000.0, 8, Unit::Bytes, true, "0=0B 2=1MiB 4=2MiB 6=3MiB")]
    #[case(0.0, 900.0, 6, Unit::Bytes, true, "0=0B 2=500B 4=1000B")]
    #[case(0.0, 1400.0, 8, Unit::Milliseconds, false, "0=0ms 2=500ms 4=1s 6=1.5s")]
    #[case(0.0, 1e80, 8, Unit::Count, true, "")]
    fn finds_round_values(
        #[case] low: f64,
        #[case] high: f64,
        #[case] rows: usize,
        #[case] unit: Unit,
        #[case] whole: bool,
        #[case] ticks: &str,
    ) {
        let drawn = shown(low, high, rows, unit, whole);
        if !ticks.is_empty() {
            assert_eq!(drawn, ticks);
        }
    }

    #[test]
    fn rows_of_values() {
        let axis = ValueAxis::new(0.0, 100.0, 5, Unit::Percent, false);
        assert_eq!([-9.0, 0.0, 49.0, 100.0, 1e9].map(|value| axis.row(value)), [0, 0, 2, 4, 4]);
        assert_eq!([-9.0, 80.0, 113.0].map(|value| axis.row_within(value)), [Some(0), Some(3), None]);
        assert_eq!(axis.row_within(-20.0), None);
    }

    fn times(start: &str, hours: i64, zone: &str, width: usize) -> String {
        let start = start.parse::<Timestamp>().unwrap().as_second();
        let zone = TimeZone::get(zone).unwrap();
        let labels = time_labels(start, start + hours * 3_600, &zone, width);
        labels.into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
    }

    #[rstest]
    #[case("2026-11-21T23:02:00Z", 1, "Asia/Tokyo", 40, "08:20 08:40 09:00")]
    #[case("2026-11-21T23:00:00Z", 1, "Asia/Kolkata", 40, "04:40 05:00 05:20")]
    #[case("2026-11-21T12:00:00Z", 3, "Asia/Tokyo", 50, "21:00 22:00 23:00")]
    #[case("2026-11-21T06:00:00Z", 24, "Asia/Tokyo", 60, "18:00 11-22 06:00 12:00")]
    #[case("2026-11-15T00:30:00Z", 168, "Asia/Tokyo", 70, "11-16 11-17 11-18 11-19 11-20 11-21 11-22")]
    #[case("2026-11-15T00:00:00Z", 168, "UTC", 30, "11-16 11-18 11-20")]
    #[case("2026-03-08T05:00:00Z", 8, "America/New_York", 40, "03-08 04:00 06:00 08:00")]
    #[case("2026-11-01T04:00:00Z", 8, "America/New_York", 40, "11-01 02:00 04:00 06:00")]
    #[case("2026-11-01T04:00:00Z", 0, "UTC", 40, "")]
    fn finds_round_times(
        #[case] start: &str,
        #[case] hours: i64,
        #[case] zone: &str,
        #[case] width: usize,
        #[case] labels: &str,
    ) {
        assert_eq!(times(start, hours, zone, width), labels);
    }

    #[test]
    fn finds_no_times_where_there_are_none() {
        assert_eq!(time_labels(i64::MIN, i64::MAX, &TimeZone::UTC, 80), []);
        assert_eq!(time_labels(10, 5, &TimeZone::UTC, 80), []);
        assert_eq!(column_of(i64::MAX - 1, (i64::MIN, i64::MAX), 80), Some(79));
        assert_eq!(column_of(5, (5, 5), 80), None);
    }
}
