"""How many messages a second, how fast, and what happens when more come?

    python3 load/serve.py [--program target/release/triage] [--oha oha] [--queue N] [--minutes 10] [--quick] [--json]

Starts the service with a configuration and a store of its own in a temporary folder and sends it messages of `load/corpus.py`, each stored
before it is answered, with `oha` (`cargo install oha --locked`). The generator runs on the same cores and is counted. In turn:

  closed loop   1 and 8 callers, each sending its next message when the last one is answered
  search        the highest fixed rate at which 99 of 100 replies take at most 10 ms
  500/s         the rate of the stated aim
  overload      1, 1.5, 2 and 4 times the rate found: how many answers a second still come in time (200 ms)?
  distinct      the rate found, with and without repeated texts: does anything remember replies?
  steady        most of the rate found for some minutes: does memory stay flat?

At a fixed rate latency counts from the moment at which a message was due, not from when it was sent, so a slow reply also counts against
those that had to wait behind it. What was not answered counts as never. `oha` picks lines of the corpus at random; some message ids
therefore come twice and get the stored reply, how many is told (`again`). Linux only; needs PyYAML. Exits with 1 if a check at the end fails.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import service as services
from corpus import Corpus, Texts
from service import Memory, Service, percentile

LIMIT_MS, IN_TIME_MS, AIM = 10.0, 200.0, 500
FEW, MANY = 64, 600            # connections: of a gateway's pool, and of many gateways in need
PER_REQUEST = 20               # lines of a corpus for each message that is to be sent, so that few come twice
LONGEST_CORPUS = 400_000
GROWTH_MIB = 16                # resident memory may grow by so much over the steady run


class Bench:
    """A running service, and all that was measured on it."""

    def __init__(self, options, folder):
        self.options, self.folder, self.rows, self.scale = options, pathlib.Path(folder), [], options.minutes / 10
        self.service = Service(options, folder, settings=[f"queue: {options.queue}"] if options.queue else []).start()
        self.memory = Memory(self.service)
        texts = Texts()
        self.corpora = {"repeats": Corpus(1, texts=texts), "distinct": Corpus(2, distinct=True, texts=texts)}

    def seconds(self, of_ten_minutes):
        return max(2, round(of_ten_minutes * self.scale))

    def write_corpus(self, kind, messages):
        lines, path = max(2000, min(LONGEST_CORPUS, messages * PER_REQUEST)), self.folder / "corpus.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            for line in self.corpora[kind].lines(lines, messages // 2, deadline_ms=int(IN_TIME_MS)):
                file.write(line + "\n")
        return path

    def turns(self):
        store = sqlite3.connect(f"file:{self.service.store}?mode=ro", uri=True)
        try:
            return store.execute("SELECT count(*) FROM turns").fetchone()[0]
        finally:
            store.close()

    def settle(self):
        """Waits until the service has nothing left to do, ten seconds at most."""
        for _ in range(40):
            before = self.service.cpu_seconds()
            time.sleep(0.25)
            if self.service.cpu_seconds() - before <= 0.02:
                return

    def run(self, name, seconds, rate=None, connections=FEW, kind="repeats"):
        corpus = self.write_corpus(kind, round((rate or 1000) * seconds))
        self.settle()
        turns, spent, begun = self.turns(), self.service.cpu_seconds(), time.monotonic()
        records, errors, generator = self.oha(corpus, seconds, rate, connections)
        took, spent = time.monotonic() - begun, self.service.cpu_seconds() - spent
        row = figures(records, errors, seconds, rate)
        row |= {"name": name, "seconds": seconds, "rate": rate, "connections": connections, "service_cpu_s": round(spent, 2),
                "generator_cpu_s": round(generator.ru_utime + generator.ru_stime, 2), "generator_mib": round(generator.ru_maxrss / 1024),
                "wall_s": round(took, 1), "memory_mib": round(self.service.memory(), 1),
                "again": max(0, row["codes"].get("200", 0) - (self.turns() - turns))}
        self.rows.append(row)
        if not self.service.is_running():
            sys.exit(f"the service is gone:\n{self.service.log.read_text(encoding='utf-8')[-2000:]}")
        print(line_of(row), file=sys.stderr if self.options.json else sys.stdout, flush=True)
        return row

    def oha(self, corpus, seconds, rate, connections):
        database, output = self.folder / "oha.db", self.folder / "oha.json"
        database.unlink(missing_ok=True)
        command = [self.options.oha, "--no-tui", "--output-format", "json", "--output", output, "-m", "POST", "-T", "application/json",
                   "-Z", corpus, "-c", str(connections), "-z", f"{seconds}s", "-w", "-t", "5s", "--db-url", database,
                   f"http://127.0.0.1:{self.service.port}/v1/triage"]
        command[1:1] = ["-q", str(rate), "--latency-correction"] if rate else []
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"oha failed: {said}")
        rows = sqlite3.connect(database).execute("SELECT coalesce(start_latency_correction, start), end, status FROM oha ORDER BY 1").fetchall()
        return rows, json.loads(output.read_text(encoding="utf-8"))["errorDistribution"], usage


def figures(records, errors, seconds, rate):
    """Latencies of all that was due: of a reply of 200 from when its message was due, of anything else without end."""
    late = lateness(records, rate) if rate and not errors else [0.0] * len(records)
    taken = sorted((end - start + behind) * 1000 for (start, end, status), behind in zip(records, late) if status == 200)
    due = max(len(records), math.floor(rate * seconds)) if rate else len(records) + sum(errors.values())
    padded = taken + [math.inf] * (due - len(taken))
    codes = collections.Counter(str(status) for _, _, status in records)
    codes.update(errors)
    codes["not sent or not answered"] = due - sum(codes.values())
    span = max((end for _, end, _ in records), default=0.0) if rate is None else seconds
    return {"due": due, "answered_per_s": round(len(taken) / max(span, seconds), 1),
            "in_time_per_s": round(sum(value <= IN_TIME_MS for value in taken) / max(span, seconds), 1),
            "latency_ms": {name: round(percentile(padded, share), 2) for name, share in
                           [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999), ("max", 1)]},
            "of_200_ms": {name: round(percentile(taken, share), 2) for name, share in [("p50", 0.5), ("p99", 0.99)]},
            "sent_late_ms": {name: round(percentile(sorted(late), share) * 1000, 2) for name, share in [("p50", 0.5), ("p99", 0.99)]},
            "codes": {code: count for code, count in sorted(codes.items()) if count > 0}}


def lateness(records, rate):
    """How far behind its schedule the generator was when it released each message; the schedule begins with the most punctual one."""
    behind = [start - number / rate for number, (start, _, _) in enumerate(records)]
    return [value - min(behind) for value in behind]


def holds(row):
    return row["latency_ms"]["p99"] <= LIMIT_MS and set(row["codes"]) == {"200"}


def search(bench, first, least):
    """The highest rate that held, to a sixteenth; each rate has two tries, since other programs may disturb one. 0 if `least` does not hold."""
    def held(rate, seconds=12):
        return any(holds(bench.run("search", bench.seconds(seconds), rate)) for _ in range(2))

    low, high, rate = 0, None, first
    for _ in range(12):
        if held(rate):
            low = rate
        else:
            high = rate
        if low and high and high - low <= max(5, low // 16):
            break
        if high is None:
            rate = round(low * 1.3)
        elif low:
            rate = (low + high) // 2
        else:
            rate = round(high * 0.7)
        if rate < least:
            return 0
    while low >= least and not held(low, 30):
        low = round(low * 0.93)
    return low if low >= least else 0


def measure(bench):
    bench.run("warm-up", bench.seconds(10), connections=8)
    bench.run("closed loop, 1 caller", bench.seconds(15), connections=1)
    top = bench.run("closed loop, 8 callers", bench.seconds(20), connections=8)
    found = search(bench, round(top["answered_per_s"] * 0.5), round(top["answered_per_s"] * 0.15))
    # Where no rate holds, half of what a closed loop reaches: four times that is too much in any case.
    base = found or max(20, round(top["answered_per_s"] * 0.5))
    bench.run(f"{AIM}/s", bench.seconds(25), AIM)
    goodput = {times: bench.run(f"overload, {times:g} x", bench.seconds(20), round(base * times), MANY) for times in (1, 1.5, 2, 4)}
    gentle = round(base * 0.8)
    kinds = {kind: bench.run(f"{kind} texts", bench.seconds(25), gentle, kind=kind) for kind in ("repeats", "distinct")}
    whole, bench.memory = bench.memory.stop(), Memory(bench.service)
    steady = bench.run("steady", bench.seconds(150), gentle)
    over, bench.memory = bench.memory.stop(), whole
    return {"highest_rate": found, "base_rate": base, "closed_loop_per_s": top["answered_per_s"],
            "goodput_per_s": {f"{times:g}": row["in_time_per_s"] for times, row in goodput.items()},
            "cpu_ms_per_message": {kind: round(1000 * row["service_cpu_s"] / max(1, sum(row["codes"].values())), 2) for kind, row in kinds.items()},
            "memory": {"mib": [[round(at), round(mib)] for at, mib in thin(whole.readings + [(at + whole.readings[-1][0], mib) for at, mib in over.readings])],
                       "highest_mib": round(max(mib for _, mib in whole.readings + over.readings)), "grown_over_steady_mib": round(over.growth(), 1)},
            "checks": checks(bench.rows, found, goodput, steady, over)}


def thin(readings):
    return readings[::max(1, len(readings) // 40)]


def checks(rows, found, goodput, steady, memory):
    wrong = {code for row in rows for code in row["codes"]} - {"200", "429", "504", "not sent or not answered"}
    return {"nothing but 200, 429 and 504 came back": not wrong,
            f"some rate keeps p99 within {LIMIT_MS:g} ms": found > 0,
            "twice the rate costs at most half of the answers in time": goodput[2]["in_time_per_s"] >= 0.5 * goodput[1]["in_time_per_s"],
            "four times the rate costs at most half of the answers in time": goodput[4]["in_time_per_s"] >= 0.5 * goodput[1]["in_time_per_s"],
            "every message of the steady run is answered": set(steady["codes"]) == {"200"},
            f"memory grows by at most {GROWTH_MIB} MiB over the steady run": memory.growth() <= GROWTH_MIB}


HEAD = (f"{'run':24} {'due/s':>6} {'200/s':>7} {'in time':>7} {'p50':>7} {'p95':>7} {'p99':>7} {'p99.9':>7} {'max':>7}  "
        f"{'service':>7} {'oha':>5} {'MiB':>5} {'again':>5}  codes")


def line_of(row):
    latency = " ".join(f"{value:7.1f}" if math.isfinite(value) else "  never" for value in row["latency_ms"].values())
    rate = f"{row['rate']:6}" if row["rate"] else "     -"
    return (f"{row['name']:24} {rate} {row['answered_per_s']:7.1f} {row['in_time_per_s']:7.1f} {latency}  "
            f"{row['service_cpu_s'] / row['wall_s']:7.2f} {row['generator_cpu_s'] / row['wall_s']:5.2f} {row['memory_mib']:5.0f} {row['again']:5}  "
            + ", ".join(f"{code}: {count}" for code, count in row["codes"].items()))


def tell(report):
    found, aim = report["highest_rate"], next(row for row in report["runs"] if row["name"] == f"{AIM}/s")
    print(f"\nhighest rate with p99 <= {LIMIT_MS:g} ms    {found or 'none'}{'/s' if found else ''}")
    print(f"at {AIM}/s                        p99 {aim['latency_ms']['p99']:.1f} ms, {aim['answered_per_s']:.0f} answered/s: "
          f"the aim is {'met' if holds(aim) else 'not met'}")
    print("answers in time per second      " + ", ".join(f"{value:.0f} at {times} x" for times, value in report["goodput_per_s"].items()))
    print("CPU of the service per message  " + ", ".join(f"{value} ms ({kind} texts)" for kind, value in report["cpu_ms_per_message"].items())
          + "; this version keeps no replies: each message is decided")
    service, oha = (sum(row[name] for row in report["runs"]) for name in ("service_cpu_s", "generator_cpu_s"))
    print(f"CPU in all                      service {service:.1f} s, generator {oha:.1f} s, reading its corpus included")
    memory = report["memory"]
    print(f"resident memory                 {memory['mib'][0][1]} MiB at the start, {memory['highest_mib']} at most, "
          f"{memory['grown_over_steady_mib']:+.1f} over the steady run")
    print(f"generator behind its schedule   p50 {max(row['sent_late_ms']['p50'] for row in report['runs'])} ms, "
          f"p99 {max(row['sent_late_ms']['p99'] for row in report['runs'])} ms in the worst run")
    for check, good in report["checks"].items():
        print(f"{'good' if good else 'BAD ':4}  {check}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    services.add_options(parser)
    parser.add_argument("--oha", default="oha", help="the program, version 1.16 or so")
    parser.add_argument("--queue", type=int, help="`queue` of the configuration, instead of its default")
    parser.add_argument("--minutes", type=float, default=10, help="about how long")
    parser.add_argument("--quick", action="store_true", help="the same as --minutes 1: whether everything runs")
    parser.add_argument("--json", action="store_true", help="print one object; progress goes to standard error")
    options = parser.parse_args()
    options.minutes = 1 if options.quick else options.minutes
    if shutil.which(options.oha) is None:
        sys.exit(f"there is no program {options.oha}: `cargo install oha --locked`, or say where it is with --oha")
    machine = services.machine()
    notes = sys.stderr if options.json else sys.stdout
    print(f"{machine['cores']} cores of {machine['model']}, load {machine['load_average']} before the start; the generator runs on the same cores.\n"
          f"Milliseconds from when a message was due; CPU in cores.\n\n{HEAD}", file=notes, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        try:
            report = {"machine": machine, "minutes": options.minutes, **measure(bench), "runs": bench.rows}
        finally:
            bench.memory.stop()
            bench.service.stop()
    if options.json:
        print(json.dumps(finite(report), ensure_ascii=False))
    else:
        tell(report)
    sys.exit(0 if all(report["checks"].values()) else 1)


def finite(value):
    """JSON has no infinity: what never came is null."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    main()
