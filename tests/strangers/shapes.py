"""Walks botocore's output shapes over every raw answer of the simulated account.

boto3 itself accepts any answer: it drops members it does not know and never checks an enum. So a hook takes each raw
body, JSON, CBOR or XML, before boto3 reads it, and compares it with the service model that AWS publishes.

The endpoint and the keys come from the usual variables (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ...).
Prints what failed, then "N passed, N failed"; the exit code is 1 where anything did.
"""

import copy
import datetime
import json
import os
import sys
import urllib.request

import boto3
import botocore.session
from botocore.config import Config

import acting
import security
import serving
import sessions
from judge import Judge

# The protocols in which each service of the account is called.
PROTOCOLS = {
    "ecs": ["json"],
    "cloudwatch": ["smithy-rpc-v2-cbor", "json"],
    "sts": ["query"],
    "wafv2": ["json"],
    "securityhub": ["rest-json"],
    "elasticloadbalancing": ["query"],
    "logs": ["json"],
    "ssm": ["json"],
    "kms": ["json"],
    "rds": ["query"],
    "iam": ["query"],
}
# What boto3 calls a service, where that is not the name in its actions.
NAMES = {"elbv2": "elasticloadbalancing"}

REGION = os.environ.get("AWS_REGION", "ap-northeast-1")
# A host prefix names nobody on loopback.
CONFIG = Config(retries={"max_attempts": 0}, inject_host_prefix=False)
# Where quotas are kept, one has to wait now and then.
PATIENT = Config(retries={"max_attempts": 12, "mode": "standard"}, inject_host_prefix=False)


def client(judge, service, protocol=None, config=CONFIG, region=REGION, **credentials):
    """Makes a client whose raw answers go through the judge, if need be in another of the service's protocols."""
    session = botocore.session.get_session()
    if protocol is not None:
        loader = session.get_component("data_loader")
        load = loader.load_service_model

        def patched(service_name, type_name, api_version=None):
            model = load(service_name, type_name, api_version)
            if service_name == service and type_name == "service-2":
                model = copy.deepcopy(model)
                model["metadata"].update(protocol=protocol, protocols=[protocol])
            return model

        loader.load_service_model = patched
    made = boto3.Session(botocore_session=session, region_name=region, **credentials).client(service, config=config)
    made.meta.events.register("before-parse.*.*", judge.hook)
    return made


def everything(client, operation, key, **arguments):
    """Every item of every page."""
    pages = client.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page[key]]


def batches(items, size):
    return [items[start:start + size] for start in range(0, len(items), size)]


def walk_ecs(judge, ecs):
    clusters = everything(ecs, "list_clusters", "clusterArns", PaginationConfig={"PageSize": 1})
    judge.expect("there are clusters", clusters)
    ecs.describe_clusters()
    ecs.describe_clusters(clusters=clusters + ["nothing"])
    ecs.describe_clusters(clusters=clusters, include=["STATISTICS", "TAGS", "SETTINGS", "CONFIGURATIONS", "ATTACHMENTS"])
    for cluster in clusters:
        services = everything(ecs, "list_services", "serviceArns", cluster=cluster, PaginationConfig={"PageSize": 3})
        judge.expect("the default page is 10", len(ecs.list_services(cluster=cluster)["serviceArns"]) == min(10, len(services)))
        for launch_type in ("FARGATE", "EC2"):
            ecs.list_services(cluster=cluster, launchType=launch_type, schedulingStrategy="REPLICA")
        definitions = set()
        for some in batches(services, 10):
            ecs.describe_services(cluster=cluster, services=[arn.rsplit("/", 1)[1] for arn in some])
            for service in ecs.describe_services(cluster=cluster, services=some, include=["TAGS"])["services"]:
                definitions.update(one["taskDefinition"] for one in service["deployments"])
        ecs.describe_services(cluster=cluster, services=["nothing"])
        for status in ("RUNNING", "PENDING", "STOPPED"):
            tasks = everything(ecs, "list_tasks", "taskArns", cluster=cluster, desiredStatus=status, PaginationConfig={"PageSize": 7})
            for some in batches(tasks, 100):
                ecs.describe_tasks(cluster=cluster, tasks=some, include=["TAGS"])
        ecs.describe_tasks(cluster=cluster, tasks=["0" * 32])
        for definition in definitions:
            ecs.describe_task_definition(taskDefinition=definition)
            ecs.describe_task_definition(taskDefinition=definition.rsplit("/", 1)[1].rsplit(":", 1)[0], include=["TAGS"])
        for service in services:
            ecs.list_tasks(cluster=cluster, serviceName=service)
            walk_deployments(ecs, cluster, service)


def walk_deployments(ecs, cluster, service):
    briefs = ecs.list_service_deployments(cluster=cluster, service=service, maxResults=1)["serviceDeployments"]
    briefs += ecs.list_service_deployments(cluster=cluster, service=service, status=["SUCCESSFUL"])["serviceDeployments"]
    arns = [brief["serviceDeploymentArn"] for brief in briefs]
    ecs.describe_service_deployments(serviceDeploymentArns=arns)
    revisions = [brief["targetServiceRevisionArn"] for brief in briefs]
    ecs.describe_service_revisions(serviceRevisionArns=revisions)


def refuse_ecs(judge, ecs):
    cluster = ecs.list_clusters()["clusterArns"][0]
    wrong = {"InvalidParameterException"}
    judge.refuses("an unknown cluster", lambda: ecs.list_services(cluster="nothing"), {"ClusterNotFoundException"})
    judge.refuses("an unknown service", lambda: ecs.list_tasks(cluster=cluster, serviceName="nothing"), {"ServiceNotFoundException"})
    judge.refuses("eleven services", lambda: ecs.describe_services(cluster=cluster, services=["x"] * 11), wrong)
    judge.refuses("no services", lambda: ecs.describe_services(cluster=cluster, services=[]), wrong)
    judge.refuses("101 tasks", lambda: ecs.describe_tasks(cluster=cluster, tasks=["x"] * 101), wrong)
    judge.refuses("a page of 101", lambda: ecs.list_services(cluster=cluster, maxResults=101), wrong)
    judge.refuses("a foreign token", lambda: ecs.list_services(cluster=cluster, nextToken="nonsense"), wrong)
    judge.refuses("an unknown revision", lambda: ecs.describe_task_definition(taskDefinition="x:1"), {"ClientException"})
    judge.refuses("an operation it has not", lambda: ecs.list_account_settings(), {"UnknownOperationException"})


def walk_cloudwatch(judge, cloudwatch):
    metrics = everything(cloudwatch, "list_metrics", "Metrics")
    judge.expect("there are metrics", metrics)
    cloudwatch.list_metrics(Namespace="AWS/ECS", MetricName="CPUUtilization", Dimensions=[{"Name": "ClusterName"}])
    cloudwatch.list_metrics(Namespace="AWS/ApplicationELB", RecentlyActive="PT3H", IncludeLinkedAccounts=True)
    walk_data(judge, cloudwatch, metrics)
    names = []
    for types in (["MetricAlarm"], ["CompositeAlarm"], ["MetricAlarm", "CompositeAlarm"]):
        for page in cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=types, PaginationConfig={"PageSize": 9}):
            names += [alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page[kind]]
    judge.expect("no composite alarm unless asked for", not cloudwatch.describe_alarms()["CompositeAlarms"])
    for state in ("OK", "ALARM", "INSUFFICIENT_DATA"):
        cloudwatch.describe_alarms(StateValue=state, AlarmNamePrefix="shop-")
    cloudwatch.describe_alarms(AlarmNames=names[:100], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    for composite in cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]:
        for child in cloudwatch.describe_alarms(ChildrenOfAlarmName=composite["AlarmName"])["MetricAlarms"]:
            cloudwatch.describe_alarms(ParentsOfAlarmName=child["AlarmName"])
    for alarm in cloudwatch.describe_alarms()["MetricAlarms"][:5]:
        cloudwatch.describe_alarms_for_metric(
            MetricName=alarm["MetricName"], Namespace=alarm["Namespace"], Dimensions=alarm["Dimensions"])
    cloudwatch.describe_alarm_history()
    for name in names[:5]:
        everything(cloudwatch, "describe_alarm_history", "AlarmHistoryItems", AlarmName=name, PaginationConfig={"PageSize": 2})
    cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate", ScanBy="TimestampAscending", AlarmTypes=["CompositeAlarm", "MetricAlarm"])


def walk_data(judge, cloudwatch, metrics):
    now = datetime.datetime.now(datetime.timezone.utc)
    window = {"StartTime": now - datetime.timedelta(hours=3), "EndTime": now}
    stat = lambda metric, stat, period=60: {"Metric": metric, "Period": period, "Stat": stat}
    statistics = ["Average", "Sum", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p95", "p99"]
    queries = [
        {"Id": f"m{index}", "MetricStat": stat(metric, statistics[index % len(statistics)])}
        for index, metric in enumerate(metrics[:60])
    ]
    for scan in ("TimestampAscending", "TimestampDescending"):
        results = everything(
            cloudwatch, "get_metric_data", "MetricDataResults", MetricDataQueries=queries, ScanBy=scan,
            PaginationConfig={"PageSize": 1000}, **window)
        judge.expect("values and timestamps come in pairs", all(len(r["Values"]) == len(r["Timestamps"]) for r in results))
        for result in results:
            times = result["Timestamps"]
            judge.expect("timestamps are in order", times == sorted(times, reverse=scan == "TimestampDescending"))
    math = [
        {"Id": "a", "MetricStat": stat(metrics[0], "Average", 300), "ReturnData": False},
        {"Id": "b", "MetricStat": stat(metrics[1], "Average", 300), "Label": "memory"},
        {"Id": "c", "Expression": "100 * a / (b + 1) - 2", "Label": "比率"},
        {"Id": "d", "Expression": "FILL(a, 0) + FILL(b, REPEAT) + FILL(b, LINEAR)"},
        {"Id": "e", "Expression": "SUM([a, b])"},
        {"Id": "f", "Expression": "METRICS() / 2"},
    ]
    search = "SEARCH('{AWS/WAFV2,Region,Rule,WebACL} MetricName=\"BlockedRequests\"', 'Sum', 300)"
    math += [{"Id": "s", "Expression": search, "Label": "${PROP('Dim.Rule')}"}, {"Id": "t", "Expression": f"SUM({search})"}]
    results = cloudwatch.get_metric_data(MetricDataQueries=math, **window)["MetricDataResults"]
    judge.expect("a search finds several", len([result for result in results if result["Id"] == "s"]) > 3)
    judge.expect("hidden queries are hidden", "a" not in {result["Id"] for result in results})


def refuse_cloudwatch(judge, cloudwatch):
    now = datetime.datetime.now(datetime.timezone.utc)
    window = {"StartTime": now - datetime.timedelta(hours=1), "EndTime": now}
    metric = {"Metric": {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization"}, "Period": 60, "Stat": "Average"}
    wrong = {"ValidationError"}
    data = lambda queries, **more: lambda: cloudwatch.get_metric_data(MetricDataQueries=queries, **{**window, **more})
    many = [{"Id": f"m{index}", "MetricStat": metric} for index in range(501)]
    judge.refuses("501 queries", data(many), wrong)
    judge.refuses("an id in capitals", data([{"Id": "M1", "MetricStat": metric}]), wrong)
    judge.refuses("the same id twice", data([{"Id": "m", "MetricStat": metric}] * 2), wrong)
    judge.refuses("a period of 90 s", data([{"Id": "m", "MetricStat": {**metric, "Period": 90}}]), wrong)
    judge.refuses("a statistic of its own", data([{"Id": "m", "MetricStat": {**metric, "Stat": "Mean"}}]), wrong)
    judge.refuses("an unknown variable", data([{"Id": "m", "Expression": "x + 1"}]), wrong)
    judge.refuses("half an expression", data([{"Id": "m", "Expression": "1 +"}]), wrong)
    judge.refuses("a number for a series", data([{"Id": "m", "Expression": "1"}]), wrong)
    judge.refuses("time that runs backwards", data([{"Id": "m", "MetricStat": metric}], StartTime=now, EndTime=window["StartTime"]), wrong)
    judge.refuses("a foreign token", lambda: cloudwatch.describe_alarms(NextToken="nonsense"), {"InvalidNextToken"})
    judge.refuses("a token of another call", data([{"Id": "m", "MetricStat": metric}], NextToken="nonsense"), {"InvalidNextToken"})
    judge.refuses("names and a prefix", lambda: cloudwatch.describe_alarms(AlarmNames=["a"], AlarmNamePrefix="b"), wrong)
    judge.refuses("an operation it has not", lambda: cloudwatch.list_dashboards(), {"UnknownOperationException", "InvalidAction"})


def walk_sts(judge, sts):
    account = sts.get_caller_identity()["Account"]
    other = os.environ.get("SEKISHO_OTHER_ACCOUNT", account)
    role = f"arn:aws:iam::{other}:role/read-only"
    session = sts.assume_role(RoleArn=role, RoleSessionName="op-0137", DurationSeconds=900)
    keys = session["Credentials"]
    credentials = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    there = client(judge, "sts", **credentials).get_caller_identity()
    judge.expect("the session is the role's", there["Account"] == other and there["Arn"] == session["AssumedRoleUser"]["Arn"])
    walk_ecs(judge, client(judge, "ecs", **credentials))
    assume = lambda **more: lambda: sts.assume_role(**{"RoleArn": role, "RoleSessionName": "op-0137", **more})
    judge.refuses("a session of two hours", assume(DurationSeconds=7200), {"ValidationError"})
    judge.refuses("a name with a space", assume(RoleSessionName="a b"), {"ValidationError"})
    judge.refuses("an account that is not there", assume(RoleArn="arn:aws:iam::999999999999:role/x"), {"AccessDenied"})
    judge.refuses("an operation it has not", lambda: sts.get_session_token(), {"InvalidAction"})


def refuse_strangers(judge):
    """Keys that are not this run's, in each protocol."""
    forged = {"aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "nonsense"}
    unknown = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "nonsense"}
    calls = [
        ("ecs", "list_clusters", "InvalidSignatureException", "UnrecognizedClientException"),
        ("cloudwatch", "describe_alarms", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("elbv2", "describe_load_balancers", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("securityhub", "describe_hub", "InvalidSignatureException", "UnrecognizedClientException"),
        ("logs", "describe_log_groups", "InvalidSignatureException", "UnrecognizedClientException"),
        ("ssm", "describe_instance_information", "InvalidSignatureException", "UnrecognizedClientException"),
        ("rds", "describe_db_clusters", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("ssm", "list_documents", "InvalidSignatureException", "UnrecognizedClientException"),
    ]
    for service, call, mismatch, stranger in calls:
        judge.refuses(f"{service} a forged signature", getattr(client(judge, service, **forged), call), {mismatch})
        judge.refuses(f"{service} an unknown key", getattr(client(judge, service, **unknown), call), {stranger})


def judge_coverage(judge):
    """Compares what was called with what the account says it has: each operation in each protocol."""
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_simulator/operations", timeout=10) as answer:
        operations = json.load(answer)
    there = {
        (protocol, service, operation)
        for service, names in operations.items()
        for protocol in PROTOCOLS.get(service, ["no protocol that is known here"])
        for operation in names
    }
    judge.expect("the account has operations", there)
    seen = {(protocol, NAMES.get(service, service), operation) for protocol, service, operation in judge.seen}
    for what, those in (("was never called", there - seen), ("is not in the account's list", seen - there)):
        for one in sorted(those):
            judge.fail(" ".join(one), [what])


def main():
    judge = Judge()
    ecs = client(judge, "ecs")
    walk_ecs(judge, ecs)
    refuse_ecs(judge, ecs)
    for protocol in PROTOCOLS["cloudwatch"]:
        cloudwatch = client(judge, "cloudwatch", protocol)
        walk_cloudwatch(judge, cloudwatch)
        refuse_cloudwatch(judge, cloudwatch)
    walk_sts(judge, client(judge, "sts"))
    for region in (REGION, "us-east-1"):
        security.walk_waf(judge, client(judge, "wafv2", config=PATIENT, region=region), region)
        security.walk_hub(judge, client(judge, "securityhub", config=PATIENT, region=region))
    security.refuse(judge, client(judge, "wafv2", config=PATIENT), client(judge, "securityhub", config=PATIENT))
    serving.walk_balancers(judge, client(judge, "elbv2"))
    serving.walk_logs(judge, client(judge, "logs"))
    sessions.walk(judge, *(client(judge, service) for service in ("ssm", "ecs", "kms", "rds")))
    sessions.refuse(judge, *(client(judge, service) for service in ("ssm", "kms", "rds")))
    acting.walk(judge, *(client(judge, service) for service in ("ssm", "ecs", "logs", "iam")))
    acting.walk_findings(judge, client(judge, "securityhub", config=PATIENT))
    acting.refuse(judge, *(client(judge, service) for service in ("ssm", "ecs", "logs", "iam")))
    refuse_strangers(judge)
    judge_coverage(judge)
    print(f"{judge.members} values in {len(judge.seen)} operations were compared")
    print(f"{judge.passed} passed, {judge.failed} failed")
    sys.exit(1 if judge.failed else 0)


if __name__ == "__main__":
    main()
