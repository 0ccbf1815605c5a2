"""Nodes, sessions, keys and databases: every operation that sessions need, with and without its options."""

DOCUMENTS = [
    ("Sekisho-prd-node-shell", {}),
    ("Sekisho-prd-db-readonly", {"localPortNumber": ["15432"]}),
    ("SSM-SessionManagerRunShell", {}),
    ("AWS-StartInteractiveCommand", {"command": ["top"]}),
    ("AWS-StartNonInteractiveCommand", {"command": ["id"]}),
    ("AWS-StartPortForwardingSession", {"portNumber": ["80"], "localPortNumber": ["0"]}),
    ("AWS-StartPortForwardingSessionToRemoteHost", {"host": ["db"], "portNumber": ["5432"], "localPortNumber": ["0"]}),
    ("AWS-StartSSHSession", {"portNumber": ["22"]}),
]


def walk(judge, ssm, ecs, kms, rds):
    nodes = ssm.describe_instance_information()["InstanceInformationList"]
    judge.expect("there are nodes", nodes)
    for filters in (
        [{"Key": "PingStatus", "Values": ["Online"]}],
        [{"Key": "tag:Role", "Values": ["bastion"]}, {"Key": "tag-key", "Values": ["Environment"]}],
    ):
        judge.expect("nodes are found", ssm.describe_instance_information(Filters=filters)["InstanceInformationList"])
    ids = [node["InstanceId"] for node in nodes]
    old = [{"key": "InstanceIds", "valueSet": ids}]
    found = ssm.describe_instance_information(InstanceInformationFilterList=old, MaxResults=5)["InstanceInformationList"]
    judge.expect("nodes are found by their ids", len(found) == min(5, len(ids)))
    online = next(node["InstanceId"] for node in nodes if node["PingStatus"] == "Online")
    for target in ids + ["i-00000000000000000"]:
        ssm.get_connection_status(Target=target)
    walk_sessions(judge, ssm, online)
    walk_exec(judge, ecs, ssm)
    walk_keys(judge, kms)
    clusters = rds.describe_db_clusters()["DBClusters"]
    judge.expect("there are databases", clusters and all(one["DBClusterMembers"] for one in clusters))
    name = clusters[0]["DBClusterIdentifier"]
    named = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    filtered = rds.describe_db_clusters(Filters=[{"Name": "db-cluster-id", "Values": [name]}], MaxRecords=20)["DBClusters"]
    judge.expect("a database is found by its name", named == filtered == clusters[:1])


def walk_sessions(judge, ssm, online):
    started = [
        ssm.start_session(Target=online, DocumentName=document, Parameters=parameters, Reason="INC-1 調査")
        for document, parameters in DOCUMENTS
    ]
    started.append(ssm.start_session(Target=online))
    for session in started:
        address = session["StreamUrl"]
        judge.expect("the address is a channel's", address.startswith("ws://127.0.0.1:") and session["SessionId"] in address)
    first = started[0]["SessionId"]
    again = ssm.resume_session(SessionId=first)
    judge.expect("a session is taken up with another token", again["TokenValue"] != started[0]["TokenValue"])
    filters = [{"key": "Target", "value": online}]
    pages = ssm.get_paginator("describe_sessions").paginate(State="Active", Filters=filters, PaginationConfig={"PageSize": 2})
    active = {session["SessionId"] for page in pages for session in page["Sessions"]}
    judge.expect("all sessions are listed", active == {session["SessionId"] for session in started})
    for session in started:
        ssm.terminate_session(SessionId=session["SessionId"])
    judge.expect("none is left", not ssm.describe_sessions(State="Active")["Sessions"])
    judge.expect("they are remembered", len(ssm.describe_sessions(State="History")["Sessions"]) == len(started))
    judge.expect("what is over has no token", not ssm.resume_session(SessionId=first).get("TokenValue"))


def walk_exec(judge, ecs, ssm):
    tasks = ecs.list_tasks(cluster="shop-prd", serviceName="api")["taskArns"]
    for task in ecs.describe_tasks(cluster="shop-prd", tasks=tasks)["tasks"]:
        agents = [agent["lastStatus"] for one in task["containers"] for agent in one.get("managedAgents", [])]
        if "RUNNING" in agents:
            name = task["containers"][0]["name"]
            arguments = {"cluster": "shop-prd", "task": task["taskArn"], "container": name}
            answer = ecs.execute_command(command="/bin/sh", interactive=True, **arguments)
            judge.expect("it is a session", answer["session"]["sessionId"].startswith("ecs-execute-command-"))
            ssm.terminate_session(SessionId=answer["session"]["sessionId"])
            return
    judge.expect("a task can be entered", False)


def walk_keys(judge, kms):
    context = {"aws:ssm:SessionId": "s-1", "aws:ssm:TargetId": "i-1"}
    made = kms.generate_data_key(KeyId="alias/shop-prd-exec", NumberOfBytes=64, EncryptionContext=context)
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)
    judge.expect("a key opens in its context", opened["Plaintext"] == made["Plaintext"] and len(made["Plaintext"]) == 64)
    kms.generate_data_key(KeyId=made["KeyId"], KeySpec="AES_256")


def refuse(judge, ssm, kms, rds):
    online = ssm.describe_instance_information(Filters=[{"Key": "PingStatus", "Values": ["Online"]}])
    target = online["InstanceInformationList"][0]["InstanceId"]
    judge.refuses("an unknown document", lambda: ssm.start_session(Target=target, DocumentName="Nothing"), {"InvalidDocument"})
    judge.refuses("an unknown target", lambda: ssm.start_session(Target="i-00000000000000000"), {"TargetNotConnected"})
    given = {"host": ["elsewhere"]}
    pinned = "Sekisho-prd-db-readonly"
    judge.refuses(
        "a pinned host", lambda: ssm.start_session(Target=target, DocumentName=pinned, Parameters=given), {"InvalidParameters"}
    )
    judge.refuses("an unknown session", lambda: ssm.resume_session(SessionId="nothing"), {"DoesNotExistException"})
    judge.refuses("a foreign token", lambda: ssm.describe_sessions(State="Active", NextToken="x"), {"InvalidNextToken"})
    judge.refuses("an unknown key", lambda: kms.generate_data_key(KeyId="alias/nothing", KeySpec="AES_256"), {"NotFoundException"})
    judge.refuses(
        "an unknown database", lambda: rds.describe_db_clusters(DBClusterIdentifier="nothing"), {"DBClusterNotFoundFault"}
    )
    judge.refuses("a page of 5", lambda: rds.describe_db_clusters(MaxRecords=5), {"InvalidParameterValue"})
