//! The table of AWS's documentation: operators with and without their key.

use rstest::rstest;

use super::*;

fn holds(operator: &str, wanted: &[&str], values: Option<&[&str]>) -> bool {
    let mut context = Context::default();
    context.set("aws:userid", "AROAX:op-0137");
    if let Some(values) = values {
        context.set_all("x:Key", values.iter().map(|value| (*value).to_owned()).collect());
    }
    let wanted = wanted.iter().map(|value| (*value).to_owned()).collect();
    Condition::read(operator, "x:key", wanted).unwrap().holds(&context, true)
}

#[rstest]
#[case("StringEquals", &["a", "b"], Some("b"), true)]
#[case("StringEquals", &["a"], Some("A"), false)]
#[case("StringEquals", &["a*"], Some("ab"), false)]
#[case("StringEquals", &["a"], None, false)]
#[case("StringEqualsIfExists", &["a"], None, true)]
#[case("StringEqualsIfExists", &["a"], Some("b"), false)]
#[case("StringNotEquals", &["a", "b"], Some("b"), false)]
#[case("StringNotEquals", &["a", "b"], Some("c"), true)]
#[case("StringNotEquals", &["a"], None, true)]
#[case("StringEqualsIgnoreCase", &["A"], Some("a"), true)]
#[case("StringNotEqualsIgnoreCase", &["A"], Some("a"), false)]
#[case("StringLike", &["a*", "?"], Some("abc"), true)]
#[case("StringLike", &["a*"], None, false)]
#[case("StringNotLike", &["a*"], Some("abc"), false)]
#[case("StringNotLike", &["a*"], None, true)]
#[case("StringEquals", &["${aws:userid}"], Some("AROAX:op-0137"), true)]
#[case("StringEquals", &["${aws:username}"], Some("x"), false)]
#[case("StringLike", &["${aws:userid}-*"], Some("AROAX:op-0137-1"), true)]
#[case("Bool", &["true"], Some("true"), true)]
#[case("Bool", &["True"], Some("true"), true)]
#[case("Bool", &["true"], Some("false"), false)]
#[case("Bool", &["true"], None, false)]
#[case("BoolIfExists", &["true"], None, true)]
#[case("BoolIfExists", &["true"], Some("false"), false)]
#[case("Null", &["true"], None, true)]
#[case("Null", &["true"], Some("x"), false)]
#[case("Null", &["false"], Some("x"), true)]
#[case("Null", &["false"], None, false)]
#[case("NumericEquals", &["3"], Some("3.0"), true)]
#[case("NumericNotEquals", &["3"], Some("4"), true)]
#[case("NumericNotEquals", &["3"], None, true)]
#[case("NumericLessThan", &["3"], Some("2"), true)]
#[case("NumericLessThan", &["3"], Some("3"), false)]
#[case("NumericLessThanEquals", &["3"], Some("3"), true)]
#[case("NumericGreaterThan", &["3"], Some("10"), true)]
#[case("NumericGreaterThanEquals", &["3"], Some("three"), false)]
#[case("DateLessThan", &["2026-12-01"], Some("2026-11-22T00:00:00Z"), true)]
#[case("DateGreaterThan", &["2026-12-01T00:00:00Z"], Some("2026-11-22T00:00:00Z"), false)]
#[case("DateGreaterThanEquals", &["1795305600"], Some("2026-11-22T00:00:00Z"), true)]
#[case("DateEquals", &["tomorrow"], Some("2026-11-22T00:00:00Z"), false)]
#[case("IpAddress", &["203.0.113.0/24", "2001:db8::/32"], Some("203.0.113.9"), true)]
#[case("IpAddress", &["203.0.113.0/24", "2001:db8::/32"], Some("2001:db8::1"), true)]
#[case("IpAddress", &["203.0.113.0/24"], Some("203.0.114.9"), false)]
#[case("IpAddress", &["0.0.0.0/0"], Some("2001:db8::1"), false)]
#[case("NotIpAddress", &["203.0.113.0/24"], Some("203.0.113.9"), false)]
#[case("NotIpAddress", &["203.0.113.0/24"], None, true)]
#[case("ArnEquals", &["arn:aws:ecs:*:1:cluster/shop-*"], Some("arn:aws:ecs:eu-west-1:1:cluster/shop-prd"), true)]
#[case("ArnLike", &["arn:aws:ecs:*"], Some("arn:aws:ecs:eu-west-1:1:cluster/shop-prd"), false)]
#[case("ArnLike", &["arn:aws:ssm:*:*:session/${aws:userid}"], Some("arn:aws:ssm:a:1:session/AROAX:op-0137"), true)]
#[case("ArnNotLike", &["arn:aws:ecs:*:1:cluster/a"], Some("arn:aws:ecs:x:1:cluster/b"), true)]
fn an_operator_holds(
    #[case] operator: &str,
    #[case] wanted: &[&str],
    #[case] value: Option<&str>,
    #[case] expected: bool,
) {
    let values = value.map(|value| [value]);
    assert_eq!(holds(operator, wanted, values.as_ref().map(|values| &values[..])), expected);
}

#[rstest]
#[case("ForAllValues:StringEquals", &["a", "b"], Some(&["a", "b"][..]), true)]
#[case("ForAllValues:StringEquals", &["a", "b"], Some(&["a", "c"][..]), false)]
#[case("ForAllValues:StringEquals", &["a"], None, true)]
#[case("ForAllValues:StringEquals", &["a"], Some(&[][..]), true)]
#[case("ForAnyValue:StringEquals", &["a"], Some(&["c", "a"][..]), true)]
#[case("ForAnyValue:StringEquals", &["a"], Some(&["c"][..]), false)]
#[case("ForAnyValue:StringEquals", &["a"], None, false)]
#[case("ForAnyValue:StringEqualsIfExists", &["a"], None, true)]
#[case("ForAllValues:StringNotLike", &["a*"], Some(&["b", "c"][..]), true)]
#[case("ForAllValues:StringNotLike", &["a*"], Some(&["b", "ab"][..]), false)]
#[case("ForAnyValue:StringNotLike", &["a*"], Some(&["b", "ab"][..]), true)]
#[case("StringNotEquals", &["a"], Some(&["b", "a"][..]), false)]
fn a_set_holds(
    #[case] operator: &str,
    #[case] wanted: &[&str],
    #[case] values: Option<&[&str]>,
    #[case] expected: bool,
) {
    assert_eq!(holds(operator, wanted, values), expected);
}

#[rstest]
#[case("StringSame", "a")]
#[case("NullIfExists", "true")]
#[case("IpAddress", "203.0.113.0/40")]
#[case("ForSomeValues:StringEquals", "a")]
fn refuses(#[case] operator: &str, #[case] value: &str) {
    assert!(Condition::read(operator, "x:key", vec![value.to_owned()]).is_err());
}
