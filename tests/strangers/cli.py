"""Runs the AWS CLI once per protocol against the simulated account.

The endpoint and the keys come from the usual variables. Prints "N passed, N failed"; the exit code is 1 where any did.
"""

import json
import pathlib
import subprocess
import sys

AWS = pathlib.Path(sys.executable).with_name("aws")


def run(*arguments):
    """Runs the CLI and gives back what it printed, read as JSON."""
    command = [sys.executable, str(AWS), *arguments, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


CASES = [
    ("AWS JSON 1.1", ["ecs", "list-clusters"], lambda answer: answer["clusterArns"]),
    ("AWS JSON 1.1, pages", ["ecs", "list-services", "--cluster", "shop-prd", "--page-size", "3"], lambda answer: len(answer["serviceArns"]) == 11),
    ("CBOR", ["cloudwatch", "describe-alarms"], lambda answer: answer["MetricAlarms"]),
    ("CBOR, a Japanese name", ["cloudwatch", "describe-alarms", "--alarm-names", "shop-prd-決済5xx"], lambda answer: len(answer["MetricAlarms"]) == 1),
    ("AWS JSON 1.1, WAF", ["wafv2", "list-web-acls", "--scope", "REGIONAL"], lambda answer: len(answer["WebACLs"]) == 2),
    ("REST JSON", ["securityhub", "get-findings", "--max-items", "5", "--filters", '{"SeverityLabel": [{"Value": "MEDIUM", "Comparison": "EQUALS"}]}'], lambda answer: len(answer["Findings"]) == 5),
    ("REST JSON, a path", ["securityhub", "describe-hub"], lambda answer: answer["HubArn"].endswith(":hub/default")),
    ("AWS JSON 1.1, lines", ["logs", "filter-log-events", "--log-group-name", "/ecs/shop-prd-web", "--filter-pattern", "ERROR", "--max-items", "3"], lambda answer: len(answer["events"]) == 3),
    ("Query, lists", ["elbv2", "describe-target-groups", "--names", "shop-prd-web", "shop-prd-api"], lambda answer: len(answer["TargetGroups"]) == 2),
    ("Query", ["sts", "get-caller-identity"], lambda answer: "assumed-role/AWSReservedSSO_Sekisho" in answer["Arn"]),
]


def main():
    passed = failed = 0
    for name, arguments, holds in CASES:
        try:
            answer = run(*arguments)
            if not holds(answer):
                raise RuntimeError(f"the answer is not as expected: {json.dumps(answer)[:500]}")
            passed += 1
        except (RuntimeError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAILED {name} (aws {' '.join(arguments)}): {error}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
