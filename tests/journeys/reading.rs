//! From the first frame to the object behind a row, and back.

use sekisho::i18n::Lang;

use crate::journey::Start;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_frame_says_what_is_awaited_and_the_next_what_needs_a_person() {
    let mut journey = Start::of("bad-deploy").at("3m").cold().await;
    journey.shows("verifying identity");
    journey.shows("Reading services and alarms.");
    journey.hides("web");
    journey.settle().await;
    let first = journey.line_with("CRIT");
    assert!(first.contains("prd") && first.contains("web: rollout failing, 2/3 running"), "{first}");
    journey.shows("3 signals · alarm shop-prd-customer-impact");
    journey.shows("claims: rollout failing, 0/1 running");
    let header = journey.lines()[..2].join(" ");
    for part in ["prd", "stg", "dev", "2 accounts", "ap-northeast-1", "op-0137 · responder", "09:00 JST"] {
        assert!(header.contains(part), "{header}");
    }
    // Two accounts with their cluster lists, 22 services, their tasks, 40 alarms, and the metrics of the first screen;
    // four web ACLs of both scopes with their rules, and what is to do of the findings.
    let calls = journey.calls();
    assert!(calls.total <= 44, "{calls:?}");
    assert_eq!(calls.of("sts:GetCallerIdentity"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_in_japanese() {
    let mut journey = Start::of("bad-deploy").at("3m").lang(Lang::Ja).cold().await;
    journey.shows("認証情報を確認中");
    journey.shows("サービスとアラームを読み込んでいます。");
    journey.settle().await;
    journey.shows("対応が必要なもの");
    journey.shows("web: デプロイ異常、稼働2/3、失敗1件");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_once_is_not_read_again_while_nothing_is_due() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.calls();
    journey.settle().await;
    journey.go("j k 1").await;
    assert_eq!(journey.calls().total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_row_opens_its_service_with_charts_deployments_events_and_tasks() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("enter").await;
    journey.pass("3s").await;
    journey.shows("▲ failing  web  shop-prd  prd");
    journey.shows("circuit breaker with rollback");
    let deployment = journey.line_with("PRIMARY :43 IN_PROGRESS");
    assert!(deployment.contains("1 failed"), "{deployment}");
    journey.shows("stage SCALE_UP · breaker 1/3");
    journey.shows("ACTIVE :42 COMPLETED");
    journey.shows("HTTPCode_Target_5XX_Count Sum");
    journey.shows("CPU, % of reserved");
    journey.shows("Memory, % of reserved");
    journey.shows("shop-prd-web-cpu");
    journey.hides("loading");
    let stopped = journey.line_with("STOPPED");
    assert!(stopped.contains("UNHEALTHY") && stopped.contains("web:v1.4.3"), "{stopped}");
    assert!(stopped.contains("Task failed ELB health"), "{stopped}");
    journey.go("esc").await;
    journey.shows("Needs a person");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_tells_its_stage_and_its_bake_time() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2 /").await;
    journey.write("stg api");
    journey.go("enter enter").await;
    journey.shows("↻ rolling  api  shop-stg  stg");
    journey.shows("bake 3 min");
    let rollout = journey.line_with("stage ");
    assert!(rollout.contains("IN_PROGRESS") && rollout.contains("bake 3 min"), "{rollout}");
    // Back first to the filtered list, then out of the filter, then to the overview.
    journey.go("esc").await;
    journey.shows("Services  /stg api");
    journey.go("esc").await;
    journey.hides("/stg api");
    journey.go("esc").await;
    journey.shows("Needs a person");
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_list_their_containers_where_there_are_several() {
    let mut journey = Start::of("bad-deploy").at("3m").size(160, 60).go().await;
    journey.go("2 /").await;
    journey.write("prd contracts");
    journey.go("enter enter").await;
    journey.shows("✓ steady  contracts  shop-prd  prd");
    let container = journey.line_with("├ contracts");
    assert!(container.contains("RUNNING HEALTHY contracts:v3.2.0"), "{container}");
    journey.shows("└ sidecar RUNNING UNKNOWN aws-xray-daemon:3.3.14");
    // The panels take the keys in turn.
    journey.press("tab");
    journey.shows("▌Deployments");
    journey.press("tab");
    journey.shows("▌Targets");
    journey.press("tab j");
    journey.shows("▌Events");
    journey.press("shift-tab shift-tab shift-tab");
    journey.shows("▌Tasks");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_service_that_goes_away_stays_on_the_screen_and_says_so() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2 enter").await;
    journey.press("e j j enter");
    // The environment that was chosen is another one: its header must not stand over prd's service.
    journey.settle().await;
    journey.hides("▲ failing  web  shop-prd");
    journey.shows("Services");
}

const EMPTY: &str = "name = \"empty\"\nseed = 1\n[[environment]]\nname = \"prd\"\nkind = \"prd\"\n\
                     account = \"111122223333\"\n[[account]]\nid = \"111122223333\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_which_nothing_is_says_so_on_every_screen() {
    let mut journey = Start::written(EMPTY).go().await;
    journey.shows("Nothing to watch: no service and no alarm was found.");
    journey.go("2").await;
    journey.shows("Nothing here.");
    journey.press("enter j G ctrl-d y");
    journey.shows("Nothing is selected that has an ARN.");
    journey.go("4 enter").await;
    journey.shows("Nothing here.");
    journey.live("10m", "30s").await;
    journey.shows("Nothing here.");
    let calls = journey.calls();
    assert!(calls.of("ecs:DescribeServices") + calls.of("cloudwatch:GetMetricData") == 0, "{calls:?}");
}
