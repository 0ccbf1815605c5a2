//! Parameter Store: names, versions, paths and sealed values.

use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use rstest::rstest;

use crate::changes::SHOP;
use crate::support::Stage;

async fn put(stage: &Stage, name: &str, value: &str, kind: ParameterType) -> Result<i64, String> {
    let asked = stage.ssm.put_parameter().name(name).value(value).r#type(kind);
    match asked.send().await {
        Ok(put) => Ok(put.version()),
        Err(error) => Err(error.code().unwrap_or_default().to_owned()),
    }
}

#[tokio::test]
async fn a_value_has_versions() {
    let stage = Stage::text(SHOP).await;
    assert_eq!(put(&stage, "/sekisho/prd/bindings", "一", ParameterType::String).await, Ok(1));
    let again = put(&stage, "/sekisho/prd/bindings", "二", ParameterType::String).await;
    assert_eq!(again, Err("ParameterAlreadyExists".to_owned()));
    let second =
        stage.ssm.put_parameter().name("/sekisho/prd/bindings").value("二").overwrite(true).send().await.unwrap();
    assert_eq!(second.version(), 2);
    for (name, value) in [("/sekisho/prd/bindings", "二"), ("/sekisho/prd/bindings:1", "一")] {
        let got = stage.ssm.get_parameter().name(name).send().await.unwrap();
        assert_eq!(got.parameter().unwrap().value(), Some(value));
    }
    let missing = stage.ssm.get_parameter().name("/sekisho/prd/bindings:3").send().await.unwrap_err();
    assert_eq!(missing.code(), Some("ParameterVersionNotFound"));
    let names = ["/sekisho/prd/bindings", "/sekisho/prd/nothing"].map(str::to_owned).to_vec();
    let both = stage.ssm.get_parameters().set_names(Some(names)).send().await.unwrap();
    assert_eq!((both.parameters().len(), both.invalid_parameters()), (1, &["/sekisho/prd/nothing".to_owned()][..]));
    stage.ssm.delete_parameter().name("/sekisho/prd/bindings").send().await.unwrap();
    let gone = stage.ssm.get_parameter().name("/sekisho/prd/bindings").send().await.unwrap_err();
    assert_eq!(gone.code(), Some("ParameterNotFound"));
}

#[tokio::test]
async fn a_path_is_read_ten_at_a_time() {
    let stage = Stage::text(SHOP).await;
    for number in 10..35 {
        put(&stage, &format!("/sekisho/prd/entries/{number}"), "x", ParameterType::String).await.unwrap();
    }
    put(&stage, "/sekisho/prdx", "x", ParameterType::String).await.unwrap();
    put(&stage, "/sekisho/prd/bindings", "x", ParameterType::String).await.unwrap();
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let asked = stage.ssm.get_parameters_by_path().path("/sekisho/prd").recursive(true).set_next_token(token);
        let page = asked.send().await.unwrap();
        assert!(page.parameters().len() <= 10);
        names.extend(page.parameters().iter().filter_map(|one| one.name()).map(str::to_owned));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names.len(), 26);
    assert!(!names.contains(&"/sekisho/prdx".to_owned()));
    let flat = stage.ssm.get_parameters_by_path().path("/sekisho/prd/").send().await.unwrap();
    assert_eq!(flat.parameters()[0].name(), Some("/sekisho/prd/bindings"));
    assert_eq!(flat.parameters().len(), 1);
    let many = stage.ssm.get_parameters_by_path().path("/sekisho").max_results(11).send().await.unwrap_err();
    assert_eq!(many.code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_sealed_value_is_opened_on_demand_only() {
    let stage = Stage::text(SHOP).await;
    put(&stage, "/sekisho/secret", "秘密", ParameterType::SecureString).await.unwrap();
    let keyed = stage.ssm.put_parameter().name("/sekisho/keyed").value("秘密").r#type(ParameterType::SecureString);
    keyed.clone().key_id("alias/shop").send().await.unwrap();
    let error = keyed.key_id("alias/nothing").overwrite(true).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidKeyId"));
    for name in ["/sekisho/secret", "/sekisho/keyed"] {
        let sealed = stage.ssm.get_parameter().name(name).send().await.unwrap();
        assert!(!sealed.parameter().unwrap().value().unwrap().contains("秘密"));
        let opened = stage.ssm.get_parameter().name(name).with_decryption(true).send().await.unwrap();
        assert_eq!(opened.parameter().unwrap().value(), Some("秘密"));
    }
}

#[rstest]
#[case("no/slash", "x", "ValidationException")]
#[case("/a//b", "x", "ValidationException")]
#[case("/目黒", "x", "ValidationException")]
#[case("aws-one", "x", "ValidationException")]
#[case("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", "x", "HierarchyLevelLimitExceededException")]
#[tokio::test]
async fn odd_names_are_refused(#[case] name: &str, #[case] value: &str, #[case] code: &str) {
    let stage = Stage::text(SHOP).await;
    assert_eq!(put(&stage, name, value, ParameterType::String).await, Err(code.to_owned()));
}

#[tokio::test]
async fn values_keep_to_their_tier_and_pattern() {
    let stage = Stage::text(SHOP).await;
    let long = "x".repeat(5_000);
    assert_eq!(put(&stage, "/long", &long, ParameterType::String).await, Err("ValidationException".to_owned()));
    let advanced = stage.ssm.put_parameter().name("/long").value(&long).r#type(ParameterType::String);
    let put = advanced.tier(ParameterTier::IntelligentTiering).send().await.unwrap();
    assert_eq!(put.tier(), Some(&ParameterTier::Advanced));
    let only =
        stage.ssm.put_parameter().name("/number").value("7").r#type(ParameterType::String).allowed_pattern("[0-9]+");
    only.send().await.unwrap();
    let odd = stage.ssm.put_parameter().name("/number").value("seven").overwrite(true).send().await.unwrap_err();
    assert_eq!(odd.code(), Some("ParameterPatternMismatchException"));
}
