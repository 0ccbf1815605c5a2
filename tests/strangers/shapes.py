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
import xml.etree.ElementTree as ElementTree

import boto3
import botocore.session
import cbor2
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = os.environ.get("AWS_REGION", "ap-northeast-1")
CONFIG = Config(retries={"max_attempts": 0})
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignatureException",
    "InvalidClientTokenId", "InvalidParameterValue", "InvalidSignatureException", "MissingParameter",
    "SignatureDoesNotMatch", "ThrottlingException", "UnrecognizedClientException", "ValidationError", "ValidationException",
}


class Walk:
    """One answer compared with its shape; collects what is wrong."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.problems = []
        self.members = 0

    def wrong(self, path, message):
        self.problems.append(f"{path}: {message}")

    def value(self, path, shape, value):
        self.members += 1
        check = getattr(self, "is_" + shape.type_name, None)
        if check is None:
            self.wrong(path, f"a shape of type {shape.type_name} is not expected here")
        else:
            check(path, shape, value)

    def is_structure(self, path, shape, value):
        if not isinstance(value, dict):
            return self.wrong(path, f"expected a structure, got {type(value).__name__}")
        for name in value:
            if name not in shape.members:
                self.wrong(f"{path}.{name}", "the model knows no such member")
        for name in shape.required_members:
            if name not in value:
                self.wrong(f"{path}.{name}", "a required member is missing")
        for name, member in shape.members.items():
            if name in value:
                self.value(f"{path}.{name}", member, value[name])

    def is_list(self, path, shape, value):
        if not isinstance(value, list):
            return self.wrong(path, f"expected a list, got {type(value).__name__}")
        self.bounds(path, shape, len(value), "items")
        for index, item in enumerate(value):
            self.value(f"{path}[{index}]", shape.member, item)

    def is_map(self, path, shape, value):
        if not isinstance(value, dict):
            return self.wrong(path, f"expected a map, got {type(value).__name__}")
        for key, item in value.items():
            self.value(f"{path}[{key!r}]", shape.value, item)

    def is_string(self, path, shape, value):
        if not isinstance(value, str):
            return self.wrong(path, f"expected a string, got {type(value).__name__}")
        if shape.enum and value not in shape.enum:
            self.wrong(path, f"{value!r} is not one of {shape.enum}")
        self.bounds(path, shape, len(value), "characters")

    def is_integer(self, path, shape, value):
        if not isinstance(value, int) or isinstance(value, bool):
            return self.wrong(path, f"expected an integer, got {value!r}")
        self.bounds(path, shape, value, "as its value")

    is_long = is_integer

    def is_double(self, path, shape, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self.wrong(path, f"expected a number, got {value!r}")

    is_float = is_double

    def is_boolean(self, path, shape, value):
        if not isinstance(value, bool):
            self.wrong(path, f"expected a boolean, got {value!r}")

    def is_timestamp(self, path, shape, value):
        right = {
            # cbor2 makes a datetime of tag 1 and of nothing else.
            "smithy-rpc-v2-cbor": lambda: isinstance(value, datetime.datetime),
            "json": lambda: isinstance(value, (int, float)) and not isinstance(value, bool),
            "query": lambda: isinstance(value, datetime.datetime),
        }[self.protocol]
        if not right():
            self.wrong(path, f"expected a timestamp, got {value!r}")

    def bounds(self, path, shape, size, what):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and size < low) or (high is not None and size > high):
            self.wrong(path, f"{size} {what}, allowed are {low} to {high}")


def from_xml(element, shape):
    """Reads an XML element by its shape, strictly: what does not fit stays text and fails the walk."""
    if shape.type_name == "structure":
        result = {}
        for child in element:
            name = child.tag.split("}")[-1]
            member = shape.members.get(name)
            result[name] = from_xml(child, member) if member is not None else child.text
        return result
    if shape.type_name == "list":
        return [from_xml(child, shape.member) for child in element]
    text = element.text or ""
    try:
        if shape.type_name in ("integer", "long"):
            return int(text)
        if shape.type_name == "boolean":
            return {"true": True, "false": False}[text]
        if shape.type_name == "timestamp":
            return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    except (KeyError, ValueError):
        return text
    return text


class Judge:
    """The hook: counts the answers that keep to the model and those that do not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.members = 0
        self.seen = set()

    def fail(self, what, problems):
        self.failed += 1
        for problem in problems[:10]:
            print(f"FAILED {what}: {problem}")

    def expect(self, what, holds):
        if holds:
            self.passed += 1
        else:
            self.fail(what, ["it does not hold"])

    def hook(self, operation_model, response_dict, **_):
        model = operation_model.service_model
        protocol, status = model.resolved_protocol, response_dict["status_code"]
        what = f"{protocol} {model.service_id} {operation_model.name} ({status})"
        if status >= 300:
            return
        walk = Walk(protocol)
        try:
            value = self.read(protocol, operation_model, response_dict["body"])
        except Exception as error:
            self.fail(what, [f"the body cannot be read: {error}"])
            return
        walk.value(operation_model.name, operation_model.output_shape, value)
        if protocol == "smithy-rpc-v2-cbor" and response_dict["headers"].get("smithy-protocol") != "rpc-v2-cbor":
            walk.wrong("headers", "smithy-protocol is missing")
        if "x-amzn-requestid" not in response_dict["headers"]:
            walk.wrong("headers", "x-amzn-requestid is missing")
        self.members += walk.members
        self.seen.add((protocol, operation_model.name))
        if walk.problems:
            self.fail(what, walk.problems)
        else:
            self.passed += 1

    @staticmethod
    def read(protocol, operation_model, body):
        if protocol == "smithy-rpc-v2-cbor":
            return cbor2.loads(body)
        if protocol == "json":
            return json.loads(body)
        root = ElementTree.fromstring(body)
        namespace = "{" + operation_model.service_model.metadata["xmlNamespace"] + "}"
        result = root.find(namespace + operation_model.name + "Result")
        if result is None:
            raise ValueError(f"no {operation_model.name}Result in the namespace of the service")
        return from_xml(result, operation_model.output_shape)

    def refuses(self, what, call, codes, shape=None):
        """Expects a call to be refused with one of these codes, known to the model or to all of AWS."""
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            message = error.response["Error"]["Message"]
            if code not in codes:
                self.fail(what, [f"refused with {code}, not {codes}"])
            elif not message or "RequestId" not in error.response["ResponseMetadata"]:
                self.fail(what, ["the refusal has no message or no request id"])
            else:
                self.passed += 1
        else:
            self.fail(what, ["it was not refused"])


def client(judge, service, protocol=None, **credentials):
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
    made = boto3.Session(botocore_session=session, region_name=REGION, **credentials).client(service, config=CONFIG)
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
    results = cloudwatch.get_metric_data(MetricDataQueries=math, **window)["MetricDataResults"]
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
    ]
    for service, call, mismatch, stranger in calls:
        judge.refuses(f"{service} a forged signature", getattr(client(judge, service, **forged), call), {mismatch})
        judge.refuses(f"{service} an unknown key", getattr(client(judge, service, **unknown), call), {stranger})


def main():
    judge = Judge()
    ecs = client(judge, "ecs")
    walk_ecs(judge, ecs)
    refuse_ecs(judge, ecs)
    for protocol in ("smithy-rpc-v2-cbor", "json"):
        cloudwatch = client(judge, "cloudwatch", protocol)
        walk_cloudwatch(judge, cloudwatch)
        refuse_cloudwatch(judge, cloudwatch)
    walk_sts(judge, client(judge, "sts"))
    refuse_strangers(judge)
    judge.expect("every operation was called in its protocols", len(judge.seen) == 10 + 2 * 5 + 2)
    print(f"{judge.members} values in {len(judge.seen)} operations were compared")
    print(f"{judge.passed} passed, {judge.failed} failed")
    sys.exit(1 if judge.failed else 0)


if __name__ == "__main__":
    main()
