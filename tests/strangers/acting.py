"""Documents, Automation, parameters, logs that are written, and what changes services and findings."""

import datetime
import json
import time
import uuid

CLUSTER = "shop-dev"


def steps(*all_of_them):
    return [
        {"name": name, "action": action, "inputs": inputs, **more} for name, action, inputs, more in all_of_them
    ]


def automation(*all_of_them):
    """A document that takes a service of the list and does things to it."""
    return json.dumps({
        "schemaVersion": "0.3",
        "description": "何かをする",
        "parameters": {
            "Service": {"type": "String", "allowedValues": ["web", "api"], "description": "サービス"},
            "Desired": {"type": "Integer", "allowedValues": [1, 2, 3], "default": 1},
            "Reason": {"type": "String", "allowedPattern": "^[^\\x00-\\x1f]{0,100}$", "default": ""},
        },
        "mainSteps": steps(*all_of_them),
        "outputs": ["look.Count"],
    }, ensure_ascii=False)


SCALE = automation(
    ("scale", "aws:executeAwsApi", {
        "Service": "ecs", "Api": "UpdateService", "cluster": CLUSTER, "service": "{{ Service }}", "desiredCount": "{{ Desired }}",
    }, {}),
    ("look", "aws:executeAwsApi", {
        "Service": "ecs", "Api": "DescribeServices", "cluster": CLUSTER, "services": ["{{ Service }}"],
    }, {"outputs": [{"Name": "Count", "Selector": "$.services[0].desiredCount", "Type": "Integer"}], "isEnd": True}),
)
WAIT = automation(
    ("look", "aws:executeAwsApi", {
        "Service": "ecs", "Api": "DescribeServices", "cluster": CLUSTER, "services": ["{{ Service }}"],
    }, {"outputs": [{"Name": "Count", "Selector": "$.services[0].desiredCount", "Type": "Integer"}]}),
    ("rest", "aws:sleep", {"Duration": "PT1H"}, {}),
)


def walk(judge, ssm, ecs, logs, iam):
    walk_documents(judge, ssm)
    walk_automation(judge, ssm)
    walk_changes(judge, ecs)
    walk_parameters(judge, ssm)
    walk_written_logs(judge, logs)
    walk_policies(judge, iam)


def walk_documents(judge, ssm):
    tags = [{"Key": "Team", "Value": "shop"}]
    made = ssm.create_document(
        Name="Own-scale", DocumentType="Automation", DocumentFormat="JSON", Content=SCALE, Tags=tags, VersionName="one")
    judge.expect("it has a description", made["DocumentDescription"]["Description"] == "何かをする")
    ssm.create_document(Name="Own-wait", DocumentType="Automation", Content=WAIT)
    updated = ssm.update_document(Name="Own-scale", Content=SCALE.replace("何か", "何も"), DocumentVersion="$LATEST")
    judge.expect("it has another version", updated["DocumentDescription"]["DocumentVersion"] == "2")
    ssm.update_document_default_version(Name="Own-scale", DocumentVersion="2")
    for name in ("Own-scale", "Sekisho-prd-db-readonly", "AWS-StartSSHSession", "SSM-SessionManagerRunShell"):
        ssm.describe_document(Name=name)
        judge.expect("its content is JSON", json.loads(ssm.get_document(Name=name)["Content"])["schemaVersion"])
        ssm.list_document_versions(Name=name, MaxResults=1)
    judge.expect("a version is found by its name", ssm.get_document(Name="Own-scale", VersionName="one")["DocumentVersion"] == "1")
    pages = ssm.get_paginator("list_documents").paginate(
        Filters=[{"Key": "Owner", "Values": ["Self"]}], PaginationConfig={"PageSize": 2})
    names = [one["Name"] for page in pages for one in page["DocumentIdentifiers"]]
    judge.expect("documents are listed", "Own-scale" in names and "AWS-StartSSHSession" not in names)
    ssm.delete_document(Name="Own-scale", DocumentVersion="1")


def finished(ssm, execution):
    for _ in range(100):
        got = ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
        if got["AutomationExecutionStatus"] not in ("Pending", "InProgress", "Cancelling"):
            return got
        time.sleep(0.2)
    return got


def walk_automation(judge, ssm):
    started = ssm.start_automation_execution(
        DocumentName="Own-scale", Parameters={"Service": ["web"], "Desired": ["2"], "Reason": ["INC-1 応答なし"]},
        ClientToken=str(uuid.uuid4()), Mode="Auto")
    got = finished(ssm, started["AutomationExecutionId"])
    judge.expect("it succeeds", got["AutomationExecutionStatus"] == "Success" and got["Outputs"]["look.Count"] == ["2"])
    steps = ssm.describe_automation_step_executions(AutomationExecutionId=started["AutomationExecutionId"], MaxResults=1)
    judge.expect("steps come in pages", len(steps["StepExecutions"]) == 1 and steps["NextToken"])
    waits = ssm.start_automation_execution(DocumentName="Own-wait", Parameters={"Service": ["api"]})
    time.sleep(3)
    ssm.get_automation_execution(AutomationExecutionId=waits["AutomationExecutionId"])
    ssm.stop_automation_execution(AutomationExecutionId=waits["AutomationExecutionId"], Type="Cancel")
    got = finished(ssm, waits["AutomationExecutionId"])
    judge.expect("it is cancelled", got["AutomationExecutionStatus"] == "Cancelled")
    pages = ssm.get_paginator("describe_automation_executions").paginate(PaginationConfig={"PageSize": 1})
    judge.expect("both are listed", len([one for page in pages for one in page["AutomationExecutionMetadataList"]]) == 2)
    failed = ssm.start_automation_execution(DocumentName="Own-scale", Parameters={"Service": ["api"], "Desired": ["3"]})
    finished(ssm, failed["AutomationExecutionId"])
    ssm.delete_document(Name="Own-wait")


def walk_changes(judge, ecs):
    service = ecs.update_service(cluster=CLUSTER, service="web", forceNewDeployment=True)["service"]
    judge.expect("a deployment begins", service["deployments"][0]["rolloutState"] == "IN_PROGRESS")
    listed = ecs.list_service_deployments(cluster=CLUSTER, service="web", status=["PENDING", "IN_PROGRESS"])
    arn = listed["serviceDeployments"][0]["serviceDeploymentArn"]
    ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    described = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]
    judge.expect("it is rolled back", described["status"].startswith("ROLLBACK_"))
    task = ecs.list_tasks(cluster=CLUSTER, serviceName="api")["taskArns"][0]
    stopped = ecs.stop_task(cluster=CLUSTER, task=task, reason="INC-2 詰まり")["task"]
    judge.expect("it is to stop", stopped["desiredStatus"] == "STOPPED")


def walk_parameters(judge, ssm):
    for number in range(12):
        ssm.put_parameter(Name=f"/own/entries/{number}", Value="値", Type="String", Tags=[])
    ssm.put_parameter(Name="/own/list", Value="a,b", Type="StringList", Tier="Advanced")
    ssm.put_parameter(Name="/own/secret", Value="秘密", Type="SecureString")
    ssm.put_parameter(Name="/own/secret", Value="秘密二", Overwrite=True)
    judge.expect("it is sealed", "秘密" not in ssm.get_parameter(Name="/own/secret")["Parameter"]["Value"])
    opened = ssm.get_parameter(Name="/own/secret:2", WithDecryption=True)["Parameter"]
    judge.expect("it is opened", opened["Value"] == "秘密二" and opened["Selector"] == ":2")
    both = ssm.get_parameters(Names=["/own/list", "/own/nothing"])
    judge.expect("what is not there is told", both["InvalidParameters"] == ["/own/nothing"])
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/own", Recursive=True, WithDecryption=True)
    sizes = [len(page["Parameters"]) for page in pages]
    judge.expect("ten a page", sizes == [10, 4])
    ssm.delete_parameter(Name="/own/list")


def walk_written_logs(judge, logs):
    logs.create_log_group(logGroupName="/own/journal")
    logs.create_log_stream(logGroupName="/own/journal", logStreamName="head")
    now = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)
    lines = [{"timestamp": now - 1000, "message": "一"}, {"timestamp": now, "message": "二"}]
    put = lambda events: logs.put_log_events(logGroupName="/own/journal", logStreamName="head", logEvents=events)
    put(lines)
    rejected = put([{"timestamp": now, "message": "x"}, {"timestamp": now + 10_800_000, "message": "新"}])["rejectedLogEventsInfo"]
    judge.expect("what is too new is told", rejected == {"tooNewLogEventStartIndex": 1})
    events = logs.get_log_events(logGroupName="/own/journal", logStreamName="head", startFromHead=True)["events"]
    judge.expect("lines are read", [event["message"] for event in events][:2] == ["一", "二"])
    logs.describe_log_groups(logGroupNamePrefix="/own")
    logs.describe_log_streams(logGroupName="/own/journal")


def walk_policies(judge, iam):
    role = "arn:aws:iam::111122223333:role/AWSReservedSSO_SekishoResponder_0123456789abcdef"
    deny = {"Effect": "Deny", "Action": "ecs:StopTask", "Resource": "*", "Condition": {"StringEquals": {"ecs:cluster": "c"}}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    actions = ["ecs:ListServices", "ecs:StopTask"]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role, ActionNames=actions, ResourceArns=["*"], PolicyInputList=[policy],
        ContextEntries=[{"ContextKeyName": "ecs:cluster", "ContextKeyValues": ["c"], "ContextKeyType": "string"}],
        PaginationConfig={"PageSize": 1})
    results = {one["EvalActionName"]: one["EvalDecision"] for page in pages for one in page["EvaluationResults"]}
    judge.expect("a denial wins", results == {"ecs:ListServices": "allowed", "ecs:StopTask": "explicitDeny"})
    missing = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=actions[1:], PolicyInputList=[policy])
    judge.expect("what is not known is told", missing["EvaluationResults"][0]["MissingContextValues"] == ["ecs:cluster"])


def walk_findings(judge, hub):
    found = hub.get_findings(MaxResults=3)["Findings"]
    named = [{"Id": one["Id"], "ProductArn": one["ProductArn"]} for one in found]
    answer = hub.batch_update_findings(
        FindingIdentifiers=named + [{"Id": "nothing", "ProductArn": named[0]["ProductArn"]}],
        Workflow={"Status": "NOTIFIED"}, Note={"Text": "対応中", "UpdatedBy": "op-0137"}, Severity={"Label": "LOW"},
        Confidence=80, Criticality=20, Types=["Software and Configuration Checks"], VerificationState="TRUE_POSITIVE",
        UserDefinedFields={"team": "shop"}, RelatedFindings=named[:1])
    judge.expect("three are changed", len(answer["ProcessedFindings"]) == 3 and len(answer["UnprocessedFindings"]) == 1)
    again = hub.get_findings(Filters={"Id": [{"Value": named[0]["Id"], "Comparison": "EQUALS"}]})["Findings"]
    judge.expect("it takes a while", "Note" not in again[0])


def refuse(judge, ssm, ecs, logs, iam):
    content = {"InvalidDocumentContent"}
    create = lambda text: lambda: ssm.create_document(Name="Own-odd", DocumentType="Automation", Content=text)
    judge.refuses("no JSON", create("{"), content)
    judge.refuses("an approval", create(SCALE.replace("aws:executeAwsApi", "aws:approve")), content)
    judge.refuses("another schema", create(SCALE.replace("0.3", "2.2")), {"InvalidDocumentSchemaVersion"})
    judge.refuses("the same name", lambda: ssm.create_document(Name="Own-scale", DocumentType="Automation", Content=SCALE), {"DocumentAlreadyExists"})
    judge.refuses("the same content", lambda: ssm.update_document(Name="Own-scale", Content=SCALE.replace("何か", "何も")), {"DuplicateDocumentContent"})
    start = lambda **more: lambda: ssm.start_automation_execution(DocumentName="Own-scale", Parameters=more)
    wrong = {"InvalidAutomationExecutionParametersException"}
    judge.refuses("no service", start(), wrong)
    judge.refuses("another service", start(Service=["db"]), wrong)
    judge.refuses("a number outside of the range", start(Service=["web"], Desired=["9"]), wrong)
    judge.refuses("an unknown document", lambda: ssm.start_automation_execution(DocumentName="Nothing"), {"AutomationDefinitionNotFoundException"})
    judge.refuses("an unknown version", lambda: ssm.start_automation_execution(DocumentName="Own-scale", DocumentVersion="9"), {"AutomationDefinitionVersionNotFoundException"})
    judge.refuses("an unknown execution", lambda: ssm.get_automation_execution(AutomationExecutionId="0" * 36), {"AutomationExecutionNotFoundException"})
    judge.refuses("a parameter that is there", lambda: ssm.put_parameter(Name="/own/secret", Value="x", Type="String"), {"ParameterAlreadyExists"})
    judge.refuses("a parameter that is not", lambda: ssm.get_parameter(Name="/own/nothing"), {"ParameterNotFound"})
    judge.refuses("a path without a slash", lambda: ssm.get_parameters_by_path(Path="own"), {"ValidationException"})
    invalid = {"InvalidParameterException"}
    judge.refuses("another image", lambda: ecs.update_service(cluster=CLUSTER, service="web", taskDefinition="x:1"), invalid)
    judge.refuses("an unknown task", lambda: ecs.stop_task(cluster=CLUSTER, task="0" * 32), invalid)
    judge.refuses("a group that is there", lambda: logs.create_log_group(logGroupName="/own/journal"), {"ResourceAlreadyExistsException"})
    late = [{"timestamp": 2, "message": "x"}, {"timestamp": 1, "message": "y"}]
    judge.refuses("lines out of order", lambda: logs.put_log_events(logGroupName="/own/journal", logStreamName="head", logEvents=late), invalid)
    nobody = "arn:aws:iam::999999999999:role/nobody"
    simulate = lambda **more: lambda: iam.simulate_principal_policy(**{"PolicySourceArn": nobody, "ActionNames": ["ecs:ListServices"], **more})
    judge.refuses("a role that is not there", simulate(), {"NoSuchEntity"})
    mine = "arn:aws:iam::111122223333:role/reader"
    judge.refuses("a policy that is none", simulate(PolicySourceArn=mine, PolicyInputList=["{}"]), {"InvalidInput"})
    judge.refuses("an operation it has not", lambda: iam.list_roles(), {"InvalidAction"})
