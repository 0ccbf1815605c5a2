use rstest::rstest;

use super::*;
use crate::simulator::world::SeriesSource;

fn series(name: &str, dimensions: &[(&str, &str)]) -> Series {
    let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Series {
        namespace: "AWS/WAFV2".to_owned(),
        name: name.to_owned(),
        dimensions,
        unit: "Count".to_owned(),
        source: SeriesSource::Cpu(0),
        hash: 0,
        shifts: Vec::new(),
    }
}

fn search(text: &str) -> Result<Search, String> {
    Search::parse(text, Statistic::Sum, 300.0)
}

#[rstest]
#[case(r#"{AWS/WAFV2,Region,Rule,WebACL} MetricName="BlockedRequests" WebACL="shop-prd-waf""#, true)]
#[case("{AWS/WAFV2, WebACL, Rule, Region}", true)]
#[case(r#"{"AWS/WAFV2","Region","Rule","WebACL"} Rule=Limit"#, true)]
#[case("{AWS/WAFV2,Rule,WebACL}", false)]
#[case("{AWS/ECS,Region,Rule,WebACL}", false)]
#[case(r#"WebACL="shop-prd""#, false)]
#[case("WebACL=shop-prd", true)]
#[case("blocked", true)]
#[case("blockedrequests", true)]
#[case("lock", false)]
#[case(r#""blocked""#, false)]
#[case("RateLimitRule", true)]
#[case("blocked AND allowed", false)]
#[case("allowed OR blocked", true)]
#[case("NOT allowed", true)]
#[case("blocked NOT rate", false)]
#[case("(allowed OR blocked) rate", true)]
#[case(r#"MetricName=("AllowedRequests" OR "BlockedRequests")"#, true)]
#[case(r#"Rule=("ALL" OR "Default_Action")"#, false)]
#[case(r#"NOT Rule="ALL""#, true)]
fn finds(#[case] text: &str, #[case] found: bool) {
    let one = series(
        "BlockedRequests",
        &[("Region", "ap-northeast-1"), ("Rule", "RateLimitRuleMetric"), ("WebACL", "shop-prd-waf")],
    );
    assert_eq!(search(text).unwrap().finds(&one), found, "{text}");
}

#[rstest]
#[case("")]
#[case("{AWS/WAFV2")]
#[case("{}")]
#[case("a AND")]
#[case("(a")]
#[case("a )")]
#[case("\"a")]
#[case("a=")]
fn refuses(#[case] text: &str) {
    assert!(search(text).is_err(), "{text}");
}

#[test]
fn refuses_to_be_buried_and_odd_periods() {
    assert!(search(&"(".repeat(1_000)).is_err());
    assert!(search(&"x ".repeat(600)).is_err());
    for period in [0.0, 59.0, 90.0, 60.5, -60.0, 1e18] {
        assert!(Search::parse("a", Statistic::Sum, period).is_err(), "{period}");
    }
}

#[test]
fn words_are_taken_apart_at_capitals_and_signs() {
    assert_eq!(tokens("HTTPCode_Target_5XX_Count"), ["http", "code", "target", "5", "xx", "count"]);
    assert_eq!(tokens("CPUUtilization"), ["cpu", "utilization"]);
}

#[test]
fn labels_tell_series_apart() {
    let named = |name: &str, rule: &str| {
        Named::of(&series(name, &[("Rule", rule), ("WebACL", "x")]), "111122223333", "ap-northeast-1")
    };
    let (one, other) = (named("BlockedRequests", "A"), named("BlockedRequests", "B"));
    assert_eq!(one.apart(&[&one, &other]), "A");
    assert_eq!(one.apart(&[&one]), "BlockedRequests");
    let counted = named("CountedRequests", "A");
    assert_eq!(one.apart(&[&one, &counted]), "BlockedRequests");
    assert_eq!(one.fill("${PROP('Dim.Rule')} of ${PROP('MetricName')}", ""), "A of BlockedRequests");
    assert_eq!(one.fill("${LABEL}: ${MAX} ${PROP('Dim.None')} ${", "own"), "own: ${MAX}  ${");
}
