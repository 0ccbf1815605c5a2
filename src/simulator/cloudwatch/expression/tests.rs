//! Tests of metric math.

use rstest::rstest;

use super::*;

struct Three;

fn points(values: &[(Millis, f64)]) -> Points {
    values.to_vec()
}

impl Scope for Three {
    fn query(&self, id: &str) -> Outcome {
        Outcome::Series(match id {
            "m1" => points(&[(0, 10.0), (1, 20.0), (3, 40.0)]),
            "m2" => points(&[(0, 1.0), (1, 0.0), (2, 3.0)]),
            _ => Points::new(),
        })
    }

    fn metrics(&self, containing: &str) -> Vec<String> {
        ["m1", "m2"].iter().filter(|id| id.contains(containing)).map(|id| (*id).to_owned()).collect()
    }

    fn search(&self, _: &Search) -> Vec<Line> {
        vec![points(&[(0, 1.0), (1, 2.0)]).into(), points(&[(1, 5.0)]).into()]
    }

    fn grid(&self) -> Vec<Millis> {
        (0..5).collect()
    }
}

#[rstest]
#[case("m1 * 2", &[(0, 20.0), (1, 40.0), (3, 80.0)])]
#[case("100 * m2 / m1", &[(0, 10.0), (1, 0.0)])]
#[case("m1 / m2", &[(0, 10.0)])]
#[case("m1 - m2 - 1", &[(0, 8.0), (1, 19.0)])]
#[case("m1 - (m2 - 1)", &[(0, 10.0), (1, 21.0)])]
#[case("-m2 + 1", &[(0, 0.0), (1, 1.0), (2, -2.0)])]
#[case("SUM([m1, m2])", &[(0, 11.0), (1, 20.0), (2, 3.0), (3, 40.0)])]
#[case("SUM(METRICS())", &[(0, 11.0), (1, 20.0), (2, 3.0), (3, 40.0)])]
#[case("SUM(METRICS('m2'))", &[(0, 1.0), (1, 0.0), (2, 3.0)])]
#[case("MAX([m1, m2])", &[(0, 10.0), (1, 20.0), (2, 3.0), (3, 40.0)])]
#[case("m2 * 0 + SUM(m1)", &[(0, 70.0), (1, 70.0), (2, 70.0)])]
#[case("FILL(m1, 0)", &[(0, 10.0), (1, 20.0), (2, 0.0), (3, 40.0), (4, 0.0)])]
#[case("FILL(m1, -1.5)", &[(0, 10.0), (1, 20.0), (2, -1.5), (3, 40.0), (4, -1.5)])]
#[case("FILL(m1, REPEAT)", &[(0, 10.0), (1, 20.0), (2, 20.0), (3, 40.0), (4, 40.0)])]
#[case("FILL(m1, LINEAR)", &[(0, 10.0), (1, 20.0), (2, 30.0), (3, 40.0)])]
#[case("SUM(SEARCH('{A,B} c', 'Sum', 60))", &[(0, 1.0), (1, 7.0)])]
#[case("100 - MAX(SEARCH(\"x\", \"Sum\")) * m2", &[(0, 99.0), (1, 100.0)])]
#[case("FILL(nothing, REPEAT)", &[])]
#[case("FILL(nothing, 0) + m1", &[(0, 10.0), (1, 20.0), (3, 40.0)])]
fn works_out(#[case] text: &str, #[case] expected: &[(Millis, f64)]) {
    let outcome = Expression::parse(text).unwrap().evaluate(&Three);
    assert_eq!(outcome, Outcome::Series(points(expected)), "{text}");
}

#[rstest]
#[case("1 + 2 * 3", 7.0)]
#[case("(1 + 2) * 3", 9.0)]
#[case("8 / 4 / 2", 1.0)]
#[case("-2 * -3", 6.0)]
#[case("AVG(m2)", 4.0 / 3.0)]
#[case("MIN(m1)", 10.0)]
fn counts(#[case] text: &str, #[case] expected: f64) {
    assert_eq!(Expression::parse(text).unwrap().evaluate(&Three), Outcome::Number(expected), "{text}");
}

#[test]
fn a_list_stays_a_list() {
    let outcome = Expression::parse("METRICS() / 2").unwrap().evaluate(&Three);
    let half = [points(&[(0, 5.0), (1, 10.0), (3, 20.0)]), points(&[(0, 0.5), (1, 0.0), (2, 1.5)])];
    assert_eq!(outcome, Outcome::List(half.into_iter().map(Line::from).collect()));
}

#[rstest]
#[case("")]
#[case("m1 +")]
#[case("(m1")]
#[case("m1 m2")]
#[case("1.2.3")]
#[case("RATE(m1)")]
#[case("FILL(m1)")]
#[case("FILL(m1, SOMEHOW)")]
#[case("[m1,")]
#[case("目黒")]
fn refuses(#[case] text: &str) {
    assert!(Expression::parse(text).is_err(), "{text}");
}

#[test]
fn refuses_to_be_buried() {
    assert!(Expression::parse(&"(".repeat(10_000)).is_err());
    assert!(Expression::parse(&"-".repeat(10_000)).is_err());
}

#[test]
fn names_what_it_speaks_of() {
    assert_eq!(Expression::parse("SUM([a, b]) / FILL(c, 0) + 1").unwrap().references(), ["a", "b", "c"]);
}
