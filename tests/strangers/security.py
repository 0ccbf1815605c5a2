"""Walks AWS WAF and Security Hub."""

import datetime


def pages(call, key, token, **arguments):
    """Every item of every page of an operation for which boto3 has no paginator."""
    items, marker = [], {}
    while True:
        answer = call(**arguments, **marker)
        items += answer[key]
        if token not in answer:
            return items
        marker = {token: answer[token]}


def walk_waf(judge, waf, region):
    scopes = ["REGIONAL"] + (["CLOUDFRONT"] if region == "us-east-1" else [])
    for scope in scopes:
        acls = pages(waf.list_web_acls, "WebACLs", "NextMarker", Scope=scope, Limit=1)
        pages(waf.list_logging_configurations, "LoggingConfigurations", "NextMarker", Scope=scope, Limit=1)
        judge.expect(f"there are web ACLs of {scope} in {region}", acls or (scope == "REGIONAL" and region == "us-east-1"))
        for acl in acls:
            walk_acl(judge, waf, scope, acl)


def walk_acl(judge, waf, scope, summary):
    got = waf.get_web_acl(ARN=summary["ARN"])
    judge.expect("the lock token is that of the list", got["LockToken"] == summary["LockToken"])
    waf.get_web_acl(Name=summary["Name"], Scope=scope, Id=summary["Id"])
    if scope == "REGIONAL":
        waf.list_resources_for_web_acl(WebACLArn=summary["ARN"])
    now = datetime.datetime.now(datetime.timezone.utc)
    window = {"StartTime": now - datetime.timedelta(hours=2), "EndTime": now}
    names = ["ALL", "Default_Action"] + [rule["VisibilityConfig"]["MetricName"] for rule in got["WebACL"]["Rules"]]
    for name in names:
        sample = waf.get_sampled_requests(
            WebAclArn=summary["ARN"], RuleMetricName=name, Scope=scope, TimeWindow=window, MaxItems=50)
        judge.expect("no more than asked for", len(sample["SampledRequests"]) <= 50)
    for rule in got["WebACL"]["Rules"]:
        if "RateBasedStatement" in rule["Statement"]:
            waf.get_rate_based_statement_managed_keys(
                Scope=scope, WebACLName=summary["Name"], WebACLId=summary["Id"], RuleName=rule["Name"])


def walk_hub(judge, hub):
    hub.describe_hub()
    for one in hub.list_finding_aggregators()["FindingAggregators"]:
        hub.get_finding_aggregator(FindingAggregatorArn=one["FindingAggregatorArn"])
    equals = lambda *words: [{"Value": word, "Comparison": "EQUALS"} for word in words]
    found = [
        finding
        for page in hub.get_paginator("get_findings").paginate(
            Filters={"RecordState": equals("ACTIVE"), "SeverityLabel": equals("MEDIUM", "LOW", "HIGH", "INFORMATIONAL")},
            SortCriteria=[{"Field": "UpdatedAt", "SortOrder": "desc"}],
            PaginationConfig={"PageSize": 25},
        )
        for finding in page["Findings"]
    ]
    judge.expect("there are findings", found)
    hub.get_findings(Filters={
        "UpdatedAt": [{"DateRange": {"Value": 30, "Unit": "DAYS"}}],
        "WorkflowStatus": [{"Value": "SUPPRESSED", "Comparison": "NOT_EQUALS"}],
        "Title": [{"Value": "S3", "Comparison": "PREFIX"}, {"Value": "タグ", "Comparison": "CONTAINS"}],
    })
    seen = {}
    for finding in found:
        seen.setdefault(finding["ProductArn"], finding)
    for finding in seen.values():
        identifier = {"Id": finding["Id"], "ProductArn": finding["ProductArn"]}
        records = hub.get_finding_history(FindingIdentifier=identifier, MaxResults=5)["Records"]
        judge.expect("each record is of the finding", all(one["FindingIdentifier"] == identifier for one in records))


def refuse(judge, waf, hub):
    wrong, missing = {"WAFInvalidParameterException"}, {"WAFNonexistentItemException"}
    arn = waf.list_web_acls(Scope="REGIONAL")["WebACLs"][0]["ARN"]
    judge.refuses("CloudFront elsewhere", lambda: waf.list_web_acls(Scope="CLOUDFRONT"), wrong)
    judge.refuses("a foreign marker", lambda: waf.list_web_acls(Scope="REGIONAL", NextMarker="nonsense"), wrong)
    judge.refuses("an unknown web ACL", lambda: waf.get_web_acl(ARN=arn[:-1] + "x"), missing)
    judge.refuses("no ARN", lambda: waf.list_resources_for_web_acl(WebACLArn="shop-prd-waf-and-more"), wrong)
    judge.refuses("an operation it has not", lambda: waf.list_ip_sets(Scope="REGIONAL"), {"UnknownOperationException"})
    invalid = {"InvalidInputException"}
    judge.refuses("a foreign token", lambda: hub.get_findings(NextToken="nonsense"), invalid)
    filters = lambda **more: lambda: hub.get_findings(Filters=more)
    judge.refuses("an odd comparison", filters(Title=[{"Value": "x", "Comparison": "LIKE"}]), invalid)
    judge.refuses("an odd date", filters(CreatedAt=[{"Start": "yesterday"}]), invalid)
    judge.refuses("an operation it has not", lambda: hub.describe_standards(), {"UnknownOperationException"})
    judge.refuses("an unknown aggregator", lambda: hub.get_finding_aggregator(FindingAggregatorArn="arn:x"), {"ResourceNotFoundException"})
