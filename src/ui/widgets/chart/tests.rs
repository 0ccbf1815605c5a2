use super::super::tests::rows;
use super::*;

const START: i64 = 1_795_302_000; // 2026-11-21T23:00:00Z, 08:00 in Tokyo

fn minutes(values: &[Option<f64>]) -> Vec<(i64, Option<f64>)> {
    values.iter().zip(0..).map(|(value, minute)| (START + minute * 60, *value)).collect()
}

fn series<'a>(label: &'a str, points: &'a [(i64, Option<f64>)]) -> Series<'a> {
    Series { label, points, period: 60 }
}

fn threshold(value: f64, label: &str) -> Threshold<'_> {
    Threshold { value, label }
}

fn mark(at: i64, label: &str) -> Mark<'_> {
    Mark { at, label }
}

struct Setup {
    theme: Theme,
    zone: TimeZone,
}

impl Setup {
    fn new() -> Self {
        Self { theme: Theme::no_color(), zone: TimeZone::get("Asia/Tokyo").unwrap() }
    }

    fn chart<'a>(&'a self, series: &'a [Series<'a>]) -> Chart<'a> {
        Chart {
            title: "Requests a minute",
            series,
            thresholds: &[],
            marks: &[],
            start: START,
            end: START + 3_600,
            unit: Unit::Count,
            scale: Scale::Zero,
            zone: &self.zone,
            empty: "No data since 08:00",
            theme: &self.theme,
            glyphs: Glyphs::unicode(),
        }
    }
}

fn draw(chart: &Chart<'_>, width: u16, height: u16) -> Vec<String> {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    chart.render(buf.area, &mut buf);
    rows(&buf)
}

/// An hour of traffic with a peak and five minutes of silence.
fn allowed() -> Vec<(i64, Option<f64>)> {
    let value = |minute: i32| match minute {
        10..20 => Some(1_100.0),
        40..45 => None,
        _ => Some(500.0 + f64::from(minute % 7) * 10.0),
    };
    minutes(&(0..60).map(value).collect::<Vec<_>>())
}

fn blocked() -> Vec<(i64, Option<f64>)> {
    minutes(&(0..60).map(|minute| Some(if minute > 30 { 300.0 } else { 4.0 })).collect::<Vec<_>>())
}

#[test]
fn draws_lines_with_both_axes() {
    let setup = Setup::new();
    let (allowed, blocked) = (allowed(), blocked());
    let lines = [series("allowed", &allowed), series("blocked", &blocked)];
    assert_eq!(
        draw(&setup.chart(&lines), 68, 9),
        [
            " Requests a minute                         allowed ───  blocked ┄┄┄",
            "1.5k ┤",
            "     │",
            "  1k ┤          ╭─────────╮",
            "     │          │         │",
            " 500 ┤──────────╯         ╰────────────────────     ───────────────",
            "     │                                ╭┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄",
            "   0 ┤┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄╯",
            "    08:00     08:10     08:20     08:30     08:40     08:50",
        ]
    );
}

#[test]
fn draws_thresholds_and_marks() {
    let setup = Setup::new();
    let cpu: Vec<_> = (0..60).map(|minute| Some(if minute < 30 { 35.0 } else { 92.0 })).collect();
    let cpu = minutes(&cpu);
    let lines = [series("cpu", &cpu)];
    let chart = Chart {
        title: "CPU",
        thresholds: &[threshold(80.0, "alarm 80%")],
        marks: &[mark(START + 1_800, "v1.4.3"), mark(START - 60, "before")],
        unit: Unit::Percent,
        scale: Scale::Fixed(0.0, 100.0),
        ..setup.chart(&lines)
    };
    assert_eq!(
        draw(&chart, 60, 11),
        [
            " CPU                                                cpu ───",
            "100% ┤                          ┊v1.4.3",
            "     │                          ╭──────────────────────────",
            "     │╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍│╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍ alarm 80%",
            "     │                          │",
            " 50% ┤                          │",
            "     │──────────────────────────╯",
            "     │                          ┊",
            "     │                          ┊",
            "  0% ┤                          ┊",
            "    08:00            08:20             08:40",
        ]
    );
    let ascii = Chart { glyphs: Glyphs::ascii(), ..chart };
    let drawn = draw(&ascii, 60, 11);
    assert_eq!(
        drawn,
        [
            " CPU                                                cpu ---",
            "100% +                          :v1.4.3",
            "     |                          .--------------------------",
            "     |==========================|================ alarm 80%",
            "     |                          |",
            " 50% +                          |",
            "     |--------------------------'",
            "     |                          :",
            "     |                          :",
            "  0% +                          :",
            "    08:00            08:20             08:40",
        ]
    );
}

#[test]
fn says_where_a_threshold_lies_that_is_far_above() {
    let setup = Setup::new();
    let quiet = minutes(&[Some(2.0); 60]);
    let lines = [series("", &quiet)];
    let thresholds = [threshold(1_000.0, "alarm 1k")];
    let chart = Chart { thresholds: &thresholds, ..setup.chart(&lines) };
    let drawn = draw(&chart, 45, 8);
    assert!(drawn[1].ends_with("↑ alarm 1k"), "{drawn:#?}");
    let silent = minutes(&[Some(0.0); 60]);
    let lines = [series("", &silent)];
    let drawn = draw(&Chart { series: &lines, ..chart }, 45, 8);
    assert!(drawn.iter().any(|row| row.contains("╍╍╍ alarm 1k")), "{drawn:#?}");
}

#[test]
fn labels_nothing_inside_where_the_curve_needs_the_room() {
    let setup = Setup::new();
    let points = minutes(&[Some(60.0); 60]);
    let lines = [series("", &points)];
    let thresholds = [threshold(80.0, "alarm")];
    let marks = [mark(START + 1_800, "v2")];
    let chart = Chart { thresholds: &thresholds, marks: &marks, ..setup.chart(&lines) };
    let narrow = draw(&chart, 44, 8).concat();
    assert!(!narrow.contains("alarm") && !narrow.contains("v2"), "{narrow}");
    assert!(narrow.contains('╍') && narrow.contains('┊'), "the lines themselves stay: {narrow}");
    let wide = draw(&chart, 45, 8).concat();
    assert!(wide.contains("alarm") && wide.contains("v2"), "{wide}");
}

#[test]
fn names_only_the_latest_marks_in_the_legend() {
    let setup = Setup::new();
    let noisy: Vec<_> = (0..60).map(|minute| Some(if minute % 2 == 0 { 0.0 } else { 100.0 })).collect();
    let noisy = minutes(&noisy);
    let lines = [series("", &noisy)];
    let marks = ["v1", "v2", "v3", "v4"].into_iter().zip(1..).map(|(label, at)| mark(START + at * 600, label));
    let marks: Vec<_> = marks.collect();
    let drawn = draw(&Chart { marks: &marks, ..setup.chart(&lines) }, 66, 7);
    assert!(drawn[0].ends_with("┊ v4  ┊ v3"), "{drawn:#?}");
}

#[test]
fn puts_labels_without_a_place_into_the_legend() {
    let setup = Setup::new();
    let noisy: Vec<_> = (0..60).map(|minute| Some(if minute % 2 == 0 { 0.0 } else { 100.0 })).collect();
    let noisy = minutes(&noisy);
    let lines = [series("5xx", &noisy)];
    let thresholds = [threshold(50.0, "alarm")];
    let marks = [mark(START + 600, "v2")];
    let drawn = draw(&Chart { thresholds: &thresholds, marks: &marks, ..setup.chart(&lines) }, 66, 7);
    assert_eq!(drawn[0], " Requests a minute                         5xx ───  ╍ alarm  ┊ v2", "{drawn:#?}");
}

#[test]
fn leaves_gaps_and_never_draws_zero_for_them() {
    let setup = Setup::new();
    let points = [(START, Some(5.0)), (START + 60, None), (START + 1_800, Some(f64::NAN)), (START + 3_000, Some(5.0))];
    let lines = [Series { label: "", points: &points, period: 300 }];
    let drawn = draw(&setup.chart(&lines), 64, 8);
    let inked: Vec<&String> = drawn[1..7].iter().filter(|row| row.contains('─')).collect();
    assert_eq!(inked.len(), 1, "{drawn:#?}");
    assert!(inked[0].contains("─────                                             ─────"), "{drawn:#?}");
}

#[test]
fn joins_many_points_by_their_highest() {
    let many: Vec<_> = (0..10_080).map(|minute| (minute * 60, Some(if minute == 5_000 { 9.0 } else { 1.0 }))).collect();
    let series = series("", &many);
    let joined = columns(&series, (0, 604_800), 50);
    assert_eq!(joined.iter().filter(|value| **value == Some(9.0)).count(), 1);
    assert_eq!(joined.iter().filter(|value| **value == Some(1.0)).count(), 49);
}

#[test]
fn holds_a_point_for_its_period_and_no_longer() {
    let points = [(0, Some(1.0)), (120, Some(2.0))];
    let series = series("", &points);
    let held = columns(&series, (0, 240), 8);
    assert_eq!(held, [Some(1.0), Some(1.0), None, None, Some(2.0), Some(2.0), None, None]);
    let outside =
        Series { label: "", points: &[(-60, Some(1.0)), (240, Some(1.0)), (i64::MAX, Some(1.0))], period: 60 };
    assert_eq!(columns(&outside, (0, 240), 4), [None; 4]);
    assert_eq!(columns(&series, (240, 0), 2), [None; 2]);
}

#[test]
fn becomes_sparklines_where_it_is_small() {
    let setup = Setup::new();
    let (allowed, blocked) = (allowed(), blocked());
    let lines = [series("allowed", &allowed), series("blocked", &blocked)];
    let chart = setup.chart(&lines);
    assert_eq!(
        draw(&chart, 34, 4),
        [" Requests a minute", " allowed ▅▅███▅▅▅▅▅ ▅▅▅▅ 510-1.1k", " blocked ▂▂▂▂▂▂▂▂▂█████████ 4-300", "",]
    );
    assert_eq!(draw(&chart, 34, 1).len(), 1);
}

#[test]
fn says_when_there_is_no_data() {
    let setup = Setup::new();
    let nothing = minutes(&[None; 60]);
    let lines = [series("cpu", &nothing)];
    let drawn = draw(&setup.chart(&lines), 40, 8);
    assert_eq!(drawn[4], " No data since 08:00");
    assert_eq!(draw(&setup.chart(&[]), 40, 8)[4], " No data since 08:00");
    assert!(draw(&setup.chart(&[]), 10, 2)[1].starts_with(" No data"));
}

#[test]
fn draws_in_any_room() {
    let setup = Setup::new();
    let (allowed, blocked) = (allowed(), blocked());
    let lines = [series("許可されたリクエスト", &allowed), series("遮断", &blocked)];
    let thresholds = [threshold(900.0, "アラーム 900"), threshold(f64::NAN, "x")];
    let marks = [mark(START + 3_500, "配備 v1.4.3")];
    for width in 0..50 {
        for height in 0..14 {
            draw(&Chart { thresholds: &thresholds, marks: &marks, ..setup.chart(&lines) }, width, height);
        }
    }
    for (start, end) in [(0, 0), (5, 1), (i64::MIN, i64::MAX), (i64::MAX - 1, i64::MAX)] {
        draw(&Chart { start, end, ..setup.chart(&lines) }, 60, 10);
    }
    let absurd =
        [(START, Some(f64::MAX)), (START + 60, Some(9e99)), (START + 120, Some(-9e99)), (START + 180, Some(1e-300))];
    let lines = [series("", &absurd)];
    draw(&setup.chart(&lines), 60, 10);
}
