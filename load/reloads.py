"""Many edits in a row: whether memory, threads and open files of the service stay flat.

    python3 load/reloads.py --pid PID --intents FOLDER [--count 1000] [--url http://127.0.0.1:8080]

Edits a copied catalogue again and again (in turn an answer's wording, a new example, the old state), reloads through
`POST /v1/catalogue/reload`, and prints resident memory, threads and descriptors of the process along the way. Linux only.
Leaves the files as they were. Exits with 1 if a reload did not go live.
"""

import argparse
import json
import os
import pathlib
import sys
import time
import urllib.request


def state(pid):
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status", encoding="utf-8") if ":" in line)
    return int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), len(os.listdir(f"/proc/{pid}/fd"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--pid", required=True, type=int)
    parser.add_argument("--intents", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    path = options.intents / "invoice.yaml"
    original = path.read_text(encoding="utf-8")
    marker = "  zh:\n"
    assert marker in original, f"{path} has no `zh:` list of examples"
    outcomes, started = {}, time.monotonic()
    print("reloads  MiB   threads  descriptors  outcomes")
    try:
        for number in range(options.count + 1):
            if number % (options.count // 20 or 1) == 0:
                memory, threads, descriptors = state(options.pid)
                print(f"{number:7} {memory:5.0f}   {threads:7}  {descriptors:11}  {outcomes}", flush=True)
            if number == options.count:
                break
            text = original
            if number % 4 == 0:
                text = original.replace(marker, f"{marker}    - 第{number}单的发票啥时候能开好呀\n", 1)
            elif number % 4 == 2:
                text = original + f"# edit {number}\n"
            path.write_text(text, encoding="utf-8")
            request = urllib.request.Request(f"{options.url}/v1/catalogue/reload", method="POST")
            outcome = json.load(urllib.request.urlopen(request, timeout=60))["outcome"]
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    finally:
        path.write_text(original, encoding="utf-8")
    print(f"{options.count} reloads in {time.monotonic() - started:.0f} s")
    sys.exit(0 if set(outcomes) <= {"live", "unchanged"} else 1)


if __name__ == "__main__":
    main()
