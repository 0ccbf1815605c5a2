"""Makes a token for a database as boto3 does, at a time that is given, and compares it with ours.

Arguments: host, port, user, region, the time in seconds since the epoch. Our token comes by standard input, the keys by
the usual variables. Prints "N passed, N failed"; the exit code is 1 where they differ.
"""

import datetime
import sys
from unittest import mock

import boto3

host, port, user, region, seconds = sys.argv[1:6]
now = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).replace(tzinfo=None)
with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: now):
    theirs = boto3.client("rds", region_name=region).generate_db_auth_token(host, int(port), user)
ours = sys.stdin.read()
if ours != theirs:
    print(f"ours:   {ours}\ntheirs: {theirs}")
print("1 passed, 0 failed" if ours == theirs else "0 passed, 1 failed")
sys.exit(ours != theirs)
