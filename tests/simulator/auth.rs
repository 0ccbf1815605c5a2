//! Signatures, identities and sessions.

use aws_credential_types::Credentials;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use rstest::rstest;
use sekisho::simulator::{Options, Persona, Scenario, start};

use crate::support::{Stage, config, own_key};

#[rstest]
#[case::secret(true, "InvalidSignatureException", "SignatureDoesNotMatch")]
#[case::key(false, "UnrecognizedClientException", "InvalidClientTokenId")]
#[tokio::test]
async fn refuses_strangers(#[case] known: bool, #[case] in_json: &str, #[case] in_query: &str) {
    let stage = Stage::builtin("quiet").await;
    let id = if known { stage.simulator.access_key_id() } else { "AKIAIOSFODNN7EXAMPLE" };
    let config = config(&stage.simulator, Credentials::new(id, "nonsense", None, None, "test")).await;
    let ecs = aws_sdk_ecs::Client::new(&config).list_clusters().send().await.unwrap_err().into_service_error();
    assert_eq!(ecs.code(), Some(in_json));
    let sts = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap_err();
    assert_eq!(sts.raw_response().map(|raw| raw.status().as_u16()), Some(403));
    assert_eq!(aws_sdk_sts::error::ProvideErrorMetadata::code(&sts.into_service_error()), Some(in_query));
    let cloudwatch =
        aws_sdk_cloudwatch::Client::new(&config).describe_alarms().send().await.unwrap_err().into_service_error();
    assert_eq!(aws_sdk_cloudwatch::error::ProvideErrorMetadata::code(&cloudwatch), Some(in_query));
}

#[tokio::test]
async fn a_token_that_was_not_given_is_refused() {
    let stage = Stage::builtin("quiet").await;
    let (id, secret) = (stage.simulator.access_key_id(), stage.simulator.secret_access_key());
    let config = config(&stage.simulator, Credentials::new(id, secret, Some("made up".into()), None, "test")).await;
    let refused = aws_sdk_ecs::Client::new(&config).list_clusters().send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("UnrecognizedClientException"));
}

#[rstest]
#[case(Persona::Responder, "AWSReservedSSO_SekishoResponder_0123456789abcdef")]
#[case(Persona::Operator, "AWSReservedSSO_SekishoOperator_0123456789abcdef")]
#[case(Persona::Staff, "AWSReservedSSO_SekishoStaff_0123456789abcdef")]
#[tokio::test]
async fn says_who_one_is(#[case] persona: Persona, #[case] role: &str) {
    let scenario = Scenario::builtin("quiet").unwrap();
    let simulator = start(scenario, Options { persona, ..Options::default() }).await.unwrap();
    let config = config(&simulator, own_key(&simulator)).await;
    let who = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
    assert_eq!(who.account(), Some("111122223333"));
    assert_eq!(who.arn(), Some(format!("arn:aws:sts::111122223333:assumed-role/{role}/op-0137").as_str()));
    assert!(who.user_id().is_some_and(|id| id.starts_with("AROA") && id.ends_with(":op-0137")));
}

#[tokio::test]
async fn a_role_opens_its_own_account_and_no_other() {
    let stage = Stage::builtin("quiet").await;
    let assumed =
        stage.sts.assume_role().role_arn("arn:aws:iam::444455556666:role/ops/reader").role_session_name("op-0137");
    let assumed = assumed.send().await.unwrap();
    let user = assumed.assumed_role_user().map(|user| user.arn().to_owned());
    assert_eq!(user.as_deref(), Some("arn:aws:sts::444455556666:assumed-role/reader/op-0137"));
    let keys = assumed.credentials().unwrap();
    let session = Credentials::new(
        keys.access_key_id(),
        keys.secret_access_key(),
        Some(keys.session_token().into()),
        None,
        "test",
    );
    let config = config(&stage.simulator, session).await;
    let there = aws_sdk_ecs::Client::new(&config).list_clusters().send().await.unwrap();
    assert_eq!(there.cluster_arns(), ["arn:aws:ecs:ap-northeast-1:444455556666:cluster/shop-stg"]);
    let here = stage.ecs.list_clusters().send().await.unwrap();
    assert!(here.cluster_arns().iter().all(|arn| arn.contains(":111122223333:")));
    let lasts = keys.expiration().secs() - jiff::Timestamp::now().as_second();
    assert!((3_500..=3_600).contains(&lasts), "{lasts}");
}

#[rstest]
#[case("arn:aws:iam::999999999999:role/reader", 3_600, "AccessDenied")]
#[case("arn:aws:iam::444455556666:user/reader", 3_600, "ValidationError")]
#[case("arn:aws:iam::444455556666:role/reader", 899, "ValidationError")]
#[case("arn:aws:iam::444455556666:role/reader", 43_200, "ValidationError")]
#[tokio::test]
async fn a_role_is_not_assumed_at_will(#[case] arn: &str, #[case] seconds: i32, #[case] code: &str) {
    let stage = Stage::builtin("quiet").await;
    let refused = stage.sts.assume_role().role_arn(arn).role_session_name("op").duration_seconds(seconds).send().await;
    let error = refused.unwrap_err().into_service_error();
    assert_eq!(aws_sdk_sts::error::ProvideErrorMetadata::code(&error), Some(code));
}
