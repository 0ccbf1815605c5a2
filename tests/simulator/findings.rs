//! Security Hub: filters, pages, order, regions, and what becomes of findings.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_securityhub::error::ProvideErrorMetadata;
use aws_sdk_securityhub::operation::get_findings::builders::GetFindingsFluentBuilder;
use aws_sdk_securityhub::types::{
    AwsSecurityFinding, AwsSecurityFindingFilters as Filters, AwsSecurityFindingIdentifier, ComplianceStatus,
    DateFilter, DateRange, DateRangeUnit, NoteUpdate, NumberFilter, RecordState, SeverityLabel, SortCriterion,
    SortOrder, StringFilter, StringFilterComparison as Compare, WorkflowStatus, WorkflowUpdate,
};
use rstest::rstest;

use crate::support::Stage;

/// An account whose findings change: 250 of one kind, some by name, one in another region.
const CHANGING: &str = r#"
name = "changing"
seed = 9
[[account]]
id = "111122223333"
name = "shop"
regions = ["ap-northeast-1", "us-east-1", "eu-west-1"]
[account.hub]
aggregation = "ap-northeast-1"
linked = ["us-east-1"]
[[account.finding]]
control = "S3.9"
resource = "bucket-{nnn}"
count = 250
[[account.finding]]
name = "port"
control = "EC2.19"
resource = "sg-0123"
seen = "2d"
[[account.finding]]
name = "key"
product = "guardduty"
type = "UnauthorizedAccess:IAMUser/MaliciousIPCaller"
title = "アクセスキーが不審なIPアドレスから使われました"
severity = "HIGH"
resource_type = "AwsIamAccessKey"
resource = "AKIAIOSFODNN7EXAMPLE"
[[account.finding]]
control = "CloudFront.3"
region = "us-east-1"
seen = "3d"
[[account.finding]]
control = "RDS.7"
region = "eu-west-1"
seen = "3d"
[[account.finding]]
title = "half of it is not there"
severity = "STRANGE"
workflow = "ASLEEP"
seen = "5d"
omit = ["ProductFields", "RecordState", "Types", "Remediation", "Region", "ProductName"]
[[account]]
id = "444455556666"
[account.hub]
off = true
[[step]]
at = "1m"
finding = { name = "key", appears = true }
[[step]]
at = "2m"
finding = { name = "key", severity = "CRITICAL" }
[[step]]
at = "3m"
finding = { name = "port", workflow = "NOTIFIED" }
[[step]]
at = "5m"
finding = { name = "port", resolved = true }
[[step]]
at = "5m"
finding = { name = "key", resolved = true }
"#;

fn text(value: &str, comparison: Compare) -> StringFilter {
    StringFilter::builder().value(value).comparison(comparison).build()
}

fn equals(value: &str) -> StringFilter {
    text(value, Compare::Equals)
}

/// By the number, which old callers still use.
#[expect(deprecated, reason = "AWS still answers it")]
fn at_least(number: f64) -> aws_sdk_securityhub::types::builders::AwsSecurityFindingFiltersBuilder {
    Filters::builder().severity_normalized(NumberFilter::builder().gte(number).build())
}

/// Asks with filters; the quota is for others to look at.
async fn ask(stage: &Stage, filters: Filters) -> Vec<AwsSecurityFinding> {
    all(stage.hub.get_findings().filters(filters)).await
}

/// Every page of an answer, read on a thread of its own: what the SDK reads a finding's details with needs a deep stack
/// where nothing is optimised.
pub async fn all(asked: GetFindingsFluentBuilder) -> Vec<AwsSecurityFinding> {
    let runtime = tokio::runtime::Handle::current();
    let reader = std::thread::Builder::new().stack_size(64 * 1024 * 1024).spawn(move || runtime.block_on(pages(asked)));
    let reader = reader.expect("a thread");
    tokio::task::spawn_blocking(|| reader.join().expect("an answer")).await.expect("an answer")
}

/// Every page, waiting as the quota wants it.
async fn pages(asked: GetFindingsFluentBuilder) -> Vec<AwsSecurityFinding> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        match asked.clone().set_next_token(token.clone()).send().await {
            Ok(page) => {
                found.extend(page.findings.unwrap_or_default());
                token = page.next_token;
                if token.is_none() {
                    return found;
                }
            }
            Err(error) => {
                let error = error.into_service_error();
                assert_eq!(error.code(), Some("TooManyRequestsException"), "{error:?}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn titles(found: &[AwsSecurityFinding]) -> Vec<&str> {
    found.iter().filter_map(|one| one.title()).collect()
}

#[tokio::test]
async fn pages_of_a_hundred_join_to_the_whole() {
    let stage = Stage::text(CHANGING).await;
    let first = stage.hub.get_findings().send().await.unwrap();
    assert_eq!(first.findings().len(), 100);
    assert!(first.next_token().is_some());
    let found = all(stage.hub.get_findings().max_results(70)).await;
    let ids: BTreeSet<_> = found.iter().filter_map(|one| one.id()).collect();
    assert_eq!((found.len(), ids.len()), (253, 253), "the key is not found yet, and Ireland is not linked");
    let times: Vec<_> = found.iter().filter_map(|one| one.updated_at()).collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "the last updated comes first");
}

#[rstest]
#[case::page_of_101(Some(101), None)]
#[case::page_of_none(Some(0), None)]
#[case::foreign_token(None, Some("nonsense"))]
#[tokio::test]
async fn pages_are_not_asked_for_at_will(#[case] size: Option<i32>, #[case] token: Option<&str>) {
    let stage = Stage::text(CHANGING).await;
    let asked = stage.hub.get_findings().set_max_results(size).set_next_token(token.map(str::to_owned));
    let refused = asked.send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("InvalidInputException"), "{refused:?}");
    assert!(refused.is_invalid_input_exception());
}

#[tokio::test]
async fn a_token_belongs_to_its_filters() {
    let stage = Stage::text(CHANGING).await;
    let token = stage.hub.get_findings().max_results(1).send().await.unwrap().next_token;
    let filters = Filters::builder().title(equals("x")).build();
    let refused = stage.hub.get_findings().filters(filters).set_next_token(token).send().await.unwrap_err();
    assert_eq!(refused.into_service_error().code(), Some("InvalidInputException"));
}

#[rstest]
#[case::label(Filters::builder().severity_label(equals("MEDIUM")), 251)]
#[case::labels(Filters::builder().severity_label(equals("CRITICAL")).severity_label(equals("STRANGE")), 2)]
#[case::not(Filters::builder().severity_label(text("MEDIUM", Compare::NotEquals)), 2)]
#[case::and(Filters::builder().severity_label(equals("MEDIUM")).workflow_status(equals("NOTIFIED")), 0)]
#[case::normalized(at_least(70.0), 1)]
#[case::absent(Filters::builder().record_state(equals("ACTIVE")), 252)]
#[case::absent_is_not(Filters::builder().record_state(text("ARCHIVED", Compare::NotEquals)), 253)]
#[case::control(Filters::builder().compliance_security_control_id(equals("EC2.19")), 1)]
#[case::compliance(Filters::builder().compliance_status(equals("FAILED")).resource_id(text("bucket-00", Compare::Contains)), 9)]
#[case::prefix(Filters::builder().title(text("Security groups", Compare::Prefix)), 1)]
#[case::product(Filters::builder().product_name(equals("Security Hub")), 252)]
#[case::product_arn(Filters::builder().product_arn(equals("arn:aws:securityhub:us-east-1::product/aws/securityhub")), 1)]
#[case::region(Filters::builder().region(equals("us-east-1")), 1)]
#[case::account(Filters::builder().aws_account_id(equals("444455556666")), 0)]
#[case::kind(Filters::builder().r#type(text("TTPs", Compare::Prefix)), 0)]
#[case::generator(Filters::builder().generator_id(equals("security-control/S3.9")), 250)]
#[case::word(Filters::builder().title(text("ports", Compare::ContainsWord)), 1)]
#[case::never_written(Filters::builder().malware_name(equals("x")), 0)]
#[tokio::test]
async fn filters_are_kept_to(
    #[case] filters: aws_sdk_securityhub::types::builders::AwsSecurityFindingFiltersBuilder,
    #[case] count: usize,
) {
    let stage = Stage::text(CHANGING).await;
    assert_eq!(ask(&stage, filters.build()).await.len(), count);
}

#[tokio::test]
async fn dates_are_filtered_by_span_and_by_range() {
    let stage = Stage::text(CHANGING).await;
    stage.go_to("4m");
    let span = DateFilter::builder().start("2026-11-22T00:01:00Z").end("2026-11-22T00:10:00Z").build();
    let recent = ask(&stage, Filters::builder().updated_at(span).build()).await;
    let changed: BTreeSet<_> = titles(&recent).into_iter().filter(|title| !title.starts_with("S3")).collect();
    assert_eq!(
        changed,
        BTreeSet::from([
            "Security groups should not allow unrestricted access to ports with high risk",
            "アクセスキーが不審なIPアドレスから使われました"
        ])
    );
    let range = DateRange::builder().value(4).unit(DateRangeUnit::Days).build();
    let within =
        ask(&stage, Filters::builder().created_at(DateFilter::builder().date_range(range).build()).build()).await;
    let named = within.iter().filter(|one| !one.generator_id().unwrap_or_default().ends_with("S3.9")).count();
    assert_eq!(named, 3, "the port, the key and the distribution");
    let wrong = Filters::builder().updated_at(DateFilter::builder().start("yesterday").build()).build();
    let refused = stage.hub.get_findings().filters(wrong).send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("InvalidInputException"));
}

#[tokio::test]
async fn findings_come_in_the_order_asked_for() {
    let stage = Stage::text(CHANGING).await;
    let by = |field: &str, order: SortOrder| SortCriterion::builder().field(field).sort_order(order).build();
    let severest =
        stage.hub.get_findings().sort_criteria(by("SeverityNormalized", SortOrder::Descending)).max_results(2);
    let page = severest.send().await.unwrap();
    assert_eq!(page.findings()[0].severity().and_then(|severity| severity.label()), Some(&SeverityLabel::Critical));
    let named = all(stage.hub.get_findings().sort_criteria(by("Title", SortOrder::Ascending)).max_results(90)).await;
    assert!(titles(&named).windows(2).all(|pair| pair[0] <= pair[1]));
    assert_eq!(named.len(), 253);
}

#[tokio::test]
async fn the_aggregation_region_shows_the_linked_ones() {
    let stage = Stage::text(CHANGING).await;
    let us = ask(&stage.in_region("us-east-1").await, Filters::builder().build()).await;
    assert_eq!(titles(&us), ["CloudFront distributions should require encryption in transit"]);
    let eu = ask(&stage.in_region("eu-west-1").await, Filters::builder().build()).await;
    assert_eq!(titles(&eu), ["RDS clusters should have deletion protection enabled"]);
    for region in ["ap-northeast-1", "eu-west-1"] {
        let listed = stage.in_region(region).await.hub.list_finding_aggregators().send().await.unwrap();
        let arn = listed.finding_aggregators()[0].finding_aggregator_arn().unwrap().to_owned();
        let one = stage.hub.get_finding_aggregator().finding_aggregator_arn(&arn).send().await.unwrap();
        assert_eq!(one.finding_aggregation_region(), Some("ap-northeast-1"));
        assert_eq!(
            (one.region_linking_mode(), one.regions()),
            (Some("SPECIFIED_REGIONS"), &["us-east-1".to_owned()][..])
        );
    }
    let hub = stage.hub.describe_hub().send().await.unwrap();
    assert_eq!(hub.hub_arn(), Some("arn:aws:securityhub:ap-northeast-1:111122223333:hub/default"));
}

#[tokio::test]
async fn an_account_without_it_is_told_so() {
    let stage = Stage::text(CHANGING).await.in_account("444455556666").await;
    let refused = stage.hub.get_findings().send().await.unwrap_err();
    assert_eq!(refused.raw_response().map(|raw| raw.status().as_u16()), Some(401));
    let error = refused.into_service_error();
    assert!(error.is_invalid_access_exception());
    assert_eq!(error.message(), Some("Account 444455556666 is not subscribed to AWS Security Hub"));
    assert!(stage.hub.describe_hub().send().await.unwrap_err().into_service_error().is_invalid_access_exception());
}

#[tokio::test]
async fn three_calls_a_second_are_allowed_after_a_burst_of_six() {
    let stage = Stage::text(CHANGING).await;
    let (mut answered, begun) = (0, Instant::now());
    let refused = loop {
        match stage.hub.get_findings().max_results(1).send().await {
            Ok(_) => answered += 1,
            Err(error) => break error,
        }
    };
    let earned = (begun.elapsed().as_secs_f64() * 3.0).ceil();
    assert!(answered >= 6 && f64::from(answered) <= 6.0 + earned, "{answered}");
    assert_eq!(refused.raw_response().map(|raw| raw.status().as_u16()), Some(429));
    assert_eq!(refused.into_service_error().code(), Some("TooManyRequestsException"));
    stage.hub.describe_hub().send().await.unwrap();
    assert_eq!(stage.simulator.calls().of("securityhub:GetFindings"), u64::try_from(answered + 1).unwrap());
}

#[tokio::test]
async fn a_finding_appears_grows_worse_and_is_resolved() {
    let stage = Stage::text(CHANGING).await;
    let key = || Filters::builder().product_name(equals("GuardDuty")).build();
    assert!(ask(&stage, key()).await.is_empty());
    stage.go_to("1m1s");
    let one = ask(&stage, key()).await.remove(0);
    let severity = one.severity().unwrap();
    assert_eq!((severity.label(), severity.normalized()), (Some(&SeverityLabel::High), Some(70)));
    assert_eq!(one.created_at(), Some("2026-11-22T00:01:30.000Z"));
    assert_eq!(one.types(), ["TTPs/UnauthorizedAccess:IAMUser-MaliciousIPCaller"]);
    assert_eq!(one.resources()[0].id(), Some("AWS::IAM::AccessKey:AKIAIOSFODNN7EXAMPLE"));
    stage.go_to("2m");
    let worse = ask(&stage, key()).await.remove(0);
    assert_eq!(worse.severity().unwrap().label(), Some(&SeverityLabel::Critical));
    assert_eq!(worse.updated_at(), Some("2026-11-22T00:02:30.000Z"));
    stage.go_to("6m");
    let over = ask(&stage, key()).await.remove(0);
    assert_eq!(over.record_state(), Some(&RecordState::Archived));
    let port = ask(&stage, Filters::builder().compliance_security_control_id(equals("EC2.19")).build()).await.remove(0);
    assert_eq!(port.compliance().unwrap().status(), Some(&ComplianceStatus::Passed));
    assert_eq!(port.workflow().unwrap().status(), Some(&WorkflowStatus::Resolved));
    let who = AwsSecurityFindingIdentifier::builder().id(port.id().unwrap()).product_arn(port.product_arn().unwrap());
    let history = stage.hub.get_finding_history().finding_identifier(who.build()).send().await.unwrap();
    let told: Vec<Vec<_>> = history
        .records()
        .iter()
        .map(|record| {
            record
                .updates()
                .iter()
                .map(|update| (update.updated_field().unwrap(), update.new_value().unwrap()))
                .collect()
        })
        .collect();
    assert_eq!(
        told,
        [
            vec![("Workflow.Status", "RESOLVED"), ("Compliance.Status", "PASSED")],
            vec![("Workflow.Status", "NOTIFIED")],
            vec![],
        ]
    );
    assert_eq!(history.records()[2].finding_created(), Some(true));
    assert_eq!(history.records()[1].update_time(), Some(&stage.time("3m")));
}

#[tokio::test]
async fn what_a_finding_lacks_it_lacks_and_what_is_new_stays() {
    let stage = Stage::text(CHANGING).await;
    let one = ask(&stage, Filters::builder().title(equals("half of it is not there")).build()).await.remove(0);
    assert_eq!(one.severity().unwrap().label().map(SeverityLabel::as_str), Some("STRANGE"));
    assert_eq!(one.severity().unwrap().normalized(), None);
    assert_eq!(one.workflow().unwrap().status().map(WorkflowStatus::as_str), Some("ASLEEP"));
    assert!(one.record_state().is_none() && one.product_fields().is_none() && one.region().is_none());
    assert!(one.types().is_empty() && one.remediation().is_none() && one.product_name().is_none());
}

/// What a console would show in its queue.
async fn urgent(stage: &Stage) -> Vec<(String, String)> {
    let filters = Filters::builder()
        .severity_label(equals("CRITICAL"))
        .severity_label(equals("HIGH"))
        .record_state(equals("ACTIVE"))
        .workflow_status(equals("NEW"))
        .workflow_status(equals("NOTIFIED"));
    let found = ask(stage, filters.build()).await;
    let word = |one: &AwsSecurityFinding| {
        let label = one.severity().and_then(|severity| severity.label()).map(ToString::to_string);
        let status = one.workflow().and_then(|workflow| workflow.status()).map(ToString::to_string);
        (label.unwrap_or_default(), status.unwrap_or_default())
    };
    found.iter().map(word).collect()
}

#[tokio::test]
async fn the_shops_findings_are_ordinary() {
    let quiet = Stage::builtin("quiet").await;
    assert!(urgent(&quiet).await.is_empty(), "a quiet day has nothing that a person must look at");
    let stage = Stage::builtin("bad-deploy").await;
    let found = ask(&stage, Filters::builder().build()).await;
    assert!((55..=70).contains(&found.len()), "{}", found.len());
    let loud = urgent(&stage).await;
    assert!(!loud.is_empty() && loud.iter().all(|one| *one == ("HIGH".to_owned(), "NOTIFIED".to_owned())), "{loud:?}");
    assert!(titles(&found).iter().any(|title| title.contains("必須タグ")));
    let products: BTreeSet<_> = found.iter().filter_map(|one| one.product_name()).collect();
    assert_eq!(products.len(), 9, "{products:?}");
    assert!(found.iter().any(|one| one.region() == Some("us-east-1")));
}

/// Reads the finding of the open port.
async fn open_port(stage: &Stage) -> AwsSecurityFinding {
    let filters = Filters::builder().resource_id(text("sg-0123", Compare::Contains)).build();
    stage.hub.get_findings().filters(filters).send().await.unwrap().findings()[0].clone()
}

#[tokio::test]
async fn what_people_change_is_seen_later_and_changes_no_time() {
    let stage = Stage::text(CHANGING).await;
    stage.go_to("1h");
    let before = open_port(&stage).await;
    let product = before.product_arn().unwrap();
    let identifier = |id: &str| AwsSecurityFindingIdentifier::builder().id(id).product_arn(product).build();
    let note = NoteUpdate::builder().text("担当: 山田").updated_by("op-0137").build();
    let asked = stage.hub.batch_update_findings().finding_identifiers(identifier(before.id().unwrap())).note(note);
    let asked = asked.finding_identifiers(identifier("nothing"));
    let asked = asked.workflow(WorkflowUpdate::builder().status(WorkflowStatus::Suppressed).build());
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.processed_findings().len(), 1);
    assert_eq!(answer.unprocessed_findings()[0].error_code(), Some("FindingNotFound"));
    assert_eq!(open_port(&stage).await.workflow(), before.workflow(), "it takes a while");
    stage.go_to("1h1m");
    let after = open_port(&stage).await;
    assert_eq!(after.workflow().unwrap().status(), Some(&WorkflowStatus::Suppressed));
    assert_eq!(after.note().unwrap().text(), Some("担当: 山田"));
    assert_eq!(after.updated_at(), before.updated_at(), "that is its product's to say");
    let asked = stage.hub.get_finding_history().finding_identifier(identifier(before.id().unwrap()));
    let history = asked.send().await.unwrap();
    let last = &history.records()[0];
    assert!(last.update_source().unwrap().identity().unwrap().contains("assumed-role/AWSReservedSSO_"));
    let fields: Vec<_> = last.updates().iter().filter_map(|one| one.updated_field()).collect();
    assert_eq!(fields, ["Workflow.Status", "Note.Text"]);
}

#[tokio::test]
async fn odd_updates_are_refused() {
    let stage = Stage::text(CHANGING).await;
    let none = stage.hub.batch_update_findings().set_finding_identifiers(Some(Vec::new())).send().await.unwrap_err();
    assert_eq!(none.code(), Some("InvalidInputException"));
    let one = AwsSecurityFindingIdentifier::builder().id("x").product_arn("y").build();
    let many = stage.hub.batch_update_findings().set_finding_identifiers(Some(vec![one.clone(); 101]));
    assert_eq!(many.send().await.unwrap_err().code(), Some("InvalidInputException"));
    let asked = stage.hub.batch_update_findings().finding_identifiers(one);
    let asleep = asked.clone().workflow(WorkflowUpdate::builder().status("ASLEEP".into()).build());
    assert_eq!(asleep.send().await.unwrap_err().code(), Some("InvalidInputException"));
    let long = NoteUpdate::builder().text("あ".repeat(513)).updated_by("x").build();
    assert_eq!(asked.note(long).send().await.unwrap_err().code(), Some("InvalidInputException"));
}
