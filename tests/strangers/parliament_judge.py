"""Judges compiled policies with parliament, which knows IAM's actions, resources and condition keys.

    parliament_judge.py FILE...     each file is a policy

Its list lags behind AWS. What it finds without reason is in parliament_exceptions.json, each with the page of AWS's that
refutes it; an exception that nothing needs any more is a failure, too.
"""

import json
import pathlib
import sys

from parliament import analyze_policy_string, enhance_finding


def fits(exception, policy, finding):
    """Tells whether an exception is about a finding: its kind, and the statements and actions that it names."""
    if exception["issue"] != finding.issue:
        return False
    text = json.dumps([finding.detail, finding.location], default=str)
    return all(word in text for word in exception["words"])


def main():
    """Prints what was found beyond the exceptions, and a line of numbers at the end."""
    exceptions = json.loads(pathlib.Path(__file__).with_name("parliament_exceptions.json").read_text("utf-8"))
    used, passed, failed = set(), 0, 0
    for name in sys.argv[1:]:
        policy = pathlib.Path(name).read_text("utf-8")
        statements = json.loads(policy)["Statement"]
        analyzed = analyze_policy_string(policy)
        wrong = []
        for finding in map(enhance_finding, analyzed.findings):
            known = [number for number, one in enumerate(exceptions) if fits(one, policy, finding)]
            used.update(known)
            if not known:
                wrong.append(f"{name}: {finding.issue} {finding.severity}: {finding.title} {finding.detail} {finding.location}")
        print("\n".join(wrong) or f"{name}: {len(statements)} statements")
        failed += len(wrong)
        passed += len(statements) if not wrong else 0
    for number, exception in enumerate(exceptions):
        if number not in used:
            failed += 1
            print(f"the exception is not needed any more: {exception}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
