"""Walks load balancing and logs."""

import time


def walk_balancers(judge, elb):
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    judge.expect("there are balancers", balancers)
    pages = elb.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": 1})
    judge.expect("pages join to the whole", len([one for page in pages for one in page["LoadBalancers"]]) == len(balancers))
    elb.describe_load_balancers(Names=[one["LoadBalancerName"] for one in balancers])
    for balancer in balancers:
        groups = elb.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"]
        elb.describe_target_groups(TargetGroupArns=[group["TargetGroupArn"] for group in groups])
        for group in groups:
            health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
            targets = [one["Target"] for one in health] + [{"Id": "10.9.9.9", "Port": 80}]
            asked = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"], Targets=targets)
            judge.expect("each target asked for is answered", len(asked["TargetHealthDescriptions"]) == len(targets))
    missing = lambda **more: lambda: elb.describe_target_groups(**more)
    judge.refuses("an unknown group", missing(Names=["none"]), {"TargetGroupNotFound"})
    judge.refuses("an unknown balancer", missing(LoadBalancerArn="arn:x"), {"LoadBalancerNotFound"})
    judge.refuses("two ways at once", missing(Names=["a"], TargetGroupArns=["b"]), {"ValidationError"})
    judge.refuses("an operation it has not", lambda: elb.describe_listeners(LoadBalancerArn="arn:x"), {"InvalidAction"})


def walk_logs(judge, logs):
    groups = [one for page in logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 4}) for one in page["logGroups"]]
    judge.expect("there are groups", groups)
    now = int(time.time() * 1000)
    window = {"startTime": now - 600_000, "endTime": now}
    for group in groups[:6]:
        name = group["logGroupName"]
        logs.describe_log_streams(logGroupName=name, orderBy="LastEventTime", descending=True)
        streams = logs.describe_log_streams(logGroupIdentifier=group["logGroupArn"], limit=3)["logStreams"]
        logs.filter_log_events(logGroupName=name, filterPattern='ERROR -"nothing"', startFromHead=False, **window)
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name, PaginationConfig={"PageSize": 200}, **window)
        events = [event for page in pages for event in page["events"]]
        judge.expect("lines are in order", [one["timestamp"] for one in events] == sorted(one["timestamp"] for one in events))
        for stream in streams:
            page = logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"], limit=5)
            logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"], limit=5, nextToken=page["nextBackwardToken"])
    walk_tail(judge, logs, [group["logGroupArn"] for group in groups if "shop-prd" in group["logGroupName"]][:10])
    judge.refuses("an unknown group", lambda: logs.filter_log_events(logGroupName="none"), {"ResourceNotFoundException"})
    judge.refuses("two names", lambda: logs.filter_log_events(logGroupName="a", logGroupIdentifier="b"), {"InvalidParameterException"})
    judge.refuses("an operation it has not", lambda: logs.describe_queries(), {"UnknownOperationException"})


def walk_tail(judge, logs, arns):
    """Reads the raw events of a live tail: botocore has checked their checksums by then."""
    stream = logs.start_live_tail(logGroupIdentifiers=arns)["responseStream"]
    shape = logs.meta.service_model.operation_model("StartLiveTail").output_shape.members["responseStream"]
    kinds = []
    for event in stream._event_generator:
        kinds.append(event.headers[":event-type"])
        judge.event(shape, "json", kinds[-1], event.payload)
        if len(kinds) == 4:
            break
    stream.close()
    judge.expect("a session begins and goes on", kinds == ["sessionStart"] + ["sessionUpdate"] * 3)
