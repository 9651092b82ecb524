"""Checks alerts and dashboard with promtool (of Prometheus 2.42 or later).

    python3 docs/monitoring/check.py [--promtool promtool] [--dashboard-python PYTHON]

The rules are well-formed and their tests hold; every query of the dashboard is well-formed; every metric that either of them names is counted in
`src`; every alert has its section in README.md, and no other has. With `--dashboard-python`, a Python that has the SDK, dashboard.json is what
dashboard.py writes. Exits with 1 on a finding, with 2 if promtool is missing. Standard library only.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent / "src"


def queries(node):
    """All expressions in the dashboard, with its variables filled in."""
    if isinstance(node, dict):
        if isinstance(node.get("expr"), str):
            yield node["expr"].replace("$instance", ".*").replace("$__rate_interval", "5m")
        for value in node.values():
            yield from queries(value)
    elif isinstance(node, list):
        for value in node:
            yield from queries(value)


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"{' '.join(str(part) for part in command[:3])}: {(done.stdout + done.stderr).strip()}"]


def misnamed(text):
    """Metrics that nothing in `src` counts."""
    counted = set()
    for path in SOURCE.rglob("*.rs"):
        counted |= set(re.findall(r'"(triage_[a-z_]+)"', path.read_text(encoding="utf-8")))
    named = set(re.findall(r"\btriage_[a-z_]+\b", text))
    return sorted(name for name in named if not {name, re.sub("_(bucket|sum|count)$", "", name)} & counted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--promtool", default="promtool")
    parser.add_argument("--dashboard-python", help="a Python with grafana-foundation-sdk")
    options = parser.parse_args()
    if not shutil.which(options.promtool):
        print(f"{options.promtool} is missing; it comes with Prometheus", file=sys.stderr)
        return 2
    alerts, readme, board = ((HERE / name).read_text(encoding="utf-8") for name in ("alerts.yaml", "README.md", "dashboard.json"))
    findings = run(options.promtool, "check", "rules", HERE / "alerts.yaml") + run(options.promtool, "test", "rules", HERE / "alerts_test.yaml")
    found = list(queries(json.loads(board)))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "queries.yaml"
        rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(found)]
        # JSON is YAML.
        file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
        findings += run(options.promtool, "check", "rules", file)
    findings += [f"no metric of that name is counted: {name}" for name in misnamed(alerts + "\n".join(found))]
    named, told = set(re.findall(r"- alert: (\w+)", alerts)), set(re.findall(r"^### (\w+)$", readme, re.M))
    linked = {(alert, anchor) for alert, anchor in re.findall(r"- alert: (\w+)(?:(?!- alert:).)*?README\.md#(\w+)", alerts, re.S)}
    findings += [f"{name} has no section in README.md" for name in sorted(named - told)]
    findings += [f"README.md tells of {name}, which is no alert" for name in sorted(told - named)]
    findings += [f"{name} has no link to its section" for name in sorted(named - {alert for alert, anchor in linked if anchor == alert.lower()})]
    if options.dashboard_python:
        written = subprocess.run([options.dashboard_python, HERE / "dashboard.py"], capture_output=True, text=True, check=True).stdout
        findings += [] if written == board else ["dashboard.json is not what dashboard.py writes"]
    else:
        print("not checked: whether dashboard.json is what dashboard.py writes")
    for finding in findings:
        print(finding)
    print(f"{len(named)} alerts, {len(found)} queries, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
