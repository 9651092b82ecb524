"""How long does an import of many orders take, how much memory, and how fast are they found afterwards?

    python3 load/orders.py [--program target/release/triage] [--orders 100000] [--bad 1000] [--write FILE]

Writes that many orders, with bad lines among them, imports them into a table of its own in a temporary folder, twice (the second time all
are there already), and checks what came of it. With `--write`, writes the file and does nothing else. Standard library only. Exits with 1
if anything is missing. How fast one is found: `cargo bench -- orders/`.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

PRODUCTS = [("QH-1001", "399.00"), ("QH-1002", "29.90"), ("QH-2001", "468.00"), ("QH-3001", "299.00"), ("QH-7001", "39.90")]
STATES = ["awaiting_payment", "paid", "awaiting_dispatch", "dispatched", "delivered", "completed", "cancelled"]
REGIONS = ["浙江杭州", "上海", "广东深圳", "新疆乌鲁木齐", "北京", "四川成都"]
COLUMNS = "number,customer,phone_last4,state,placed_at,paid_at,expected_on,carrier,tracking,region,items,total".split(",")


def rows(orders, bad):
    """Orders, always the same ones; the bad ones spread evenly, with one field that cannot be read."""
    dice = random.Random(7)
    first = datetime.datetime(2026, 1, 1, 8, 0, 0)
    every = orders // bad if bad else 0
    for at in range(orders):
        placed = first + datetime.timedelta(seconds=at * 300)
        product, price = dice.choice(PRODUCTS)
        row = {
            "number": f"{placed:%Y%m%d}{at % 10000:04}",
            "customer": f"u-{dice.randrange(orders // 3 + 1)}",
            "phone_last4": f"{dice.randrange(10000):04}",
            "state": dice.choice(STATES),
            "placed_at": f"{placed:%Y-%m-%d %H:%M:%S}",
            "paid_at": f"{placed + datetime.timedelta(minutes=5):%Y-%m-%d %H:%M:%S}",
            "expected_on": f"{placed + datetime.timedelta(days=3):%Y-%m-%d}",
            "carrier": "顺丰速运",
            "tracking": f"SF{at:013}",
            "region": dice.choice(REGIONS),
            "items": f"{product}*1@{price};QH-2003*{dice.randrange(1, 4)}@89.00",
            "total": price,
        }
        if every and at % every == every - 1:
            row[dice.choice(["number", "state", "placed_at", "total"])] = "?"
        yield row


def write(path, orders, bad):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows(orders, bad))


def run(program, config, file):
    """Runs the import; tells its report, its seconds, and the most memory that it had, in MB."""
    started = time.monotonic()
    out = tempfile.TemporaryFile()
    child = subprocess.Popen([program, "--config", config, "orders", "import", file, "--json"], stdout=out)
    _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - started
    out.seek(0)
    return os.waitstatus_to_exitcode(status), json.load(out), took, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/triage")
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--bad", type=int, default=1000)
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    if options.write:
        write(options.write, options.orders, options.bad)
        return 0
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        file, config = f"{folder}/orders.csv", f"{folder}/triage.yaml"
        write(file, options.orders, options.bad)
        pathlib.Path(config).write_text("orders: { kind: table, path: orders.db }\n", encoding="utf-8")
        good = options.orders - options.bad
        for what in ("first", "again"):
            code, report, took, memory = run(options.program, config, file)
            print(
                f"{what}: {report['imported']} imported, {report['bad']} bad, the table holds {report['orders']};"
                f" {took:.2f} s, {report['imported'] / took:.0f} orders/s, at most {memory:.0f} MB"
            )
            if (code, report["imported"], report["bad"], report["orders"]) != (1, good, options.bad, good):
                problems.append(f"{what}: {good} good and {options.bad} bad ones were written")
            if len(report["problems"]) != min(options.bad, 1000):
                problems.append(f"{what}: {len(report['problems'])} bad lines are named")
        size = pathlib.Path(f"{folder}/orders.db").stat().st_size
        print(f"the file has {size / 1e6:.1f} MB")
    for problem in problems:
        print(f"wrong: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
