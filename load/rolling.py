"""A new version under load: is every message answered, and decided exactly once?

    python3 load/rolling.py [--program target/release/triage] [--mode handover|in-place|pair] [--restarts 4] [--rate 50] [--json]

Messages of `load/corpus.py` flow at a fixed rate through a client that does what docs/api.md asks of a gateway: it keeps connections, and sends a
message again, under its id, where it got no answer, 429, 503, 504 or 409 `busy`. Every twentieth time it hangs up before the first answer, as if that were lost.
Meanwhile the service is replaced:

  handover   the next process starts beside the old one, on the same store and another port; when it is ready the old one gets SIGTERM
  in-place   the process gets SIGTERM, and when it has ended the next one starts on the same port; messages wait for it
  pair       two processes on the same store, all the time; each in turn gets SIGTERM and starts again

At the end what was sent, what was answered and what the store holds must agree by message id, and sending everything again must give the
first answers, to the byte. Linux only; needs PyYAML. Exits with 1 if a message was not answered, is missing or doubled, or has two answers.
"""

import argparse
import collections
import concurrent.futures
import http.client
import itertools
import json
import pathlib
import random
import sqlite3
import sys
import tempfile
import threading
import time

import service as services
from corpus import Corpus
from service import Service, percentile

AGAIN = {429, 503, 504}        # and 409 `busy`
GIVE_UP = 60                   # seconds after which a message counts as failed
HANGS_UP = 0.05                # share of first tries whose answer is not waited for
WORKERS = 100


class Gateway:
    """A client that knows several addresses and tries again."""

    def __init__(self):
        self.ports, self.own, self.guard = [], threading.local(), threading.Lock()
        self.answers, self.failed, self.tries, self.taken = {}, [], collections.Counter(), []

    def say(self, body, due, hangs_up=False):
        """One message until it is answered; both times are those of the monotonic clock."""
        key = identity(body)
        for attempt in itertools.count():
            ports = self.ports
            # A conversation prefers its own instance, where there are several; after that the others.
            port = ports[(hash(key[0]) + attempt) % len(ports)]
            outcome, text = self.attempt(port, body, hangs_up and attempt == 0)
            with self.guard:
                self.tries[outcome] += 1
            if outcome == "200":
                return self.note(key, text, due)
            if time.monotonic() - due > GIVE_UP or outcome not in {"no answer", "hung up", "busy", *map(str, AGAIN)}:
                with self.guard:
                    self.failed.append((key, outcome))
                return None
            time.sleep(min(0.02 * 2 ** attempt, 0.3) * random.uniform(0.5, 1.5))

    def note(self, key, text, due):
        with self.guard:
            self.taken.append((due, time.monotonic() - due))
            self.answers[key] = text
        return text

    def attempt(self, port, body, hangs_up):
        links = self.own.__dict__.setdefault("links", {})
        link = links.get(port) or http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        links[port] = link
        try:
            link.request("POST", "/v1/triage", body, {"content-type": "application/json"})
            if hangs_up:
                raise ConnectionAbortedError
            response = link.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException):
            link.close()
            del links[port]
            return "hung up" if hangs_up else "no answer", None
        busy = response.status == 409 and json.loads(text)["error"]["retryable"]
        return "busy" if busy else str(response.status), text


def identity(body):
    message = json.loads(body)
    return message["conversation_id"], message["message_id"]


class Load(threading.Thread):
    """Messages at a fixed rate, each at its time, until told to stop."""

    def __init__(self, gateway, rate):
        super().__init__(daemon=True)
        self.gateway, self.rate, self.over, self.sent, self.chance = gateway, rate, threading.Event(), [], random.Random(3)
        corpus = Corpus(3)
        # Conversations of about six messages over the whole run, whose messages come some seconds apart.
        self.lines = itertools.chain.from_iterable(corpus.lines(600, 100) for _ in itertools.count())

    def run(self):
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for number in itertools.count():
                due = begun + number / self.rate
                if self.over.wait(max(0, due - time.monotonic())):
                    return
                body = next(self.lines).encode()
                self.sent.append(identity(body) + (body,))
                pool.submit(self.gateway.say, body, due, self.chance.random() < HANGS_UP)


class Fleet:
    """The instances, and how one takes the place of another."""

    def __init__(self, options, folder, gateway):
        self.options, self.folder, self.gateway = options, folder, gateway
        self.store, self.count, self.steps = pathlib.Path(folder) / "triage.db", itertools.count(1), []
        self.running = [self.new().start() for _ in range(2 if options.mode == "pair" else 1)]
        self.all = list(self.running)
        self.tell()

    def new(self):
        return Service(self.options, self.folder, f"triage-{next(self.count)}", self.store)

    def tell(self):
        self.gateway.ports = [instance.port for instance in self.running]

    def replace(self, number):
        begun = time.monotonic()
        getattr(self, self.options.mode.replace("-", "_"))(number)
        self.steps[-1] |= {"begun": begun, "ended": time.monotonic()}

    def handover(self, _):
        old, new = self.running[0], self.new()
        self.all.append(new)
        ready = timed(new.start)
        # The new one first; the old one still answers what reaches it until it is down.
        self.running = [new]
        self.tell()
        self.steps.append({"ready_s": ready, "down_s": timed(lambda: end(old))})

    def in_place(self, _):
        down = timed(lambda: end(self.running[0]))
        self.steps.append({"down_s": down, "ready_s": timed(self.running[0].start)})

    def pair(self, number):
        instance = self.running[number % 2]
        down = timed(lambda: end(instance))
        self.steps.append({"down_s": down, "ready_s": timed(instance.start)})

    def stop(self):
        for instance in self.all:
            instance.stop()


def timed(action):
    begun = time.monotonic()
    action()
    return round(time.monotonic() - begun, 2)


def end(instance):
    instance.terminate()
    code = instance.process.wait(60)
    if code:
        sys.exit(f"the service ended with {code} after SIGTERM")


def compare(load, gateway, store):
    """How often each thing went wrong that must not go wrong."""
    problems, base = collections.Counter(), sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    sent = {(conversation, message) for conversation, message, _ in load.sent}
    problems["not answered"] = len(sent - set(gateway.answers))
    turns = base.execute("SELECT conversation_id, message_id, number, reply FROM turns WHERE role = 'customer'").fetchall()
    kept = collections.Counter((conversation, message) for conversation, message, _, _ in turns)
    problems["sent, not stored"] = len(sent - set(kept))
    problems["stored more than once"] = sum(count > 1 for count in kept.values())
    problems["stored, never sent"] = len(set(kept) - sent)
    problems["stored with another answer than the one given"] = sum(
        gateway.answers.get((conversation, message)) not in (None, reply) for conversation, message, _, reply in turns)
    numbers = collections.Counter((conversation, number) for conversation, _, number, _ in turns)
    problems["two turns with one number in a conversation"] = sum(count > 1 for count in numbers.values())
    open_tickets = collections.Counter(row[0] for row in base.execute("SELECT conversation_id FROM tickets WHERE closed_at IS NULL"))
    problems["two open tickets in a conversation"] = sum(count > 1 for count in open_tickets.values())
    created = collections.Counter(event["ticket"]["id"] for event in map(json.loads, (row[0] for row in base.execute("SELECT event FROM events")))
                                  if event["type"] == "ticket.created")
    tickets = {row[0] for row in base.execute("SELECT id FROM tickets")}
    problems["ticket not told exactly once"] = sum(created[ticket] != 1 for ticket in tickets)
    told = {json.loads(text)["handoff"]["ticket_id"] for text in gateway.answers.values() if json.loads(text)["handoff"]}
    problems["ticket told, not stored"] = len(told - tickets)
    problems["answered, but not durable"] = sum(not json.loads(text)["durable"] for text in gateway.answers.values())
    return problems, len(kept), len(tickets)


def repeat(load, gateway):
    """Everything once more: how many answers differ from the first."""
    first, differing = dict(gateway.answers), 0
    for conversation, message, body in load.sent:
        differing += gateway.say(body, time.monotonic()) != first.get((conversation, message))
    return differing


def roll(options, folder):
    gateway = Gateway()
    fleet = Fleet(options, folder, gateway)
    load = Load(gateway, options.rate)
    try:
        load.start()
        for number in range(options.restarts):
            time.sleep(options.pause)
            fleet.replace(number)
        time.sleep(options.pause)
        load.over.set()
        load.join()
        tries, taken = dict(gateway.tries), list(gateway.taken)
        problems, stored, tickets = compare(load, gateway, fleet.store)
        problems["answered differently when sent again"] = repeat(load, gateway)
        after = compare(load, gateway, fleet.store)
        problems["stored anew when sent again"] = after[1] - stored
        problems["errors in the log"] = sum(" ERROR " in line or "panic" in line for instance in fleet.all
                                            for line in instance.log.read_text(encoding="utf-8").replace("\x1b[31m", "").replace("\x1b[0m", "").splitlines())
    finally:
        fleet.stop()
    return {"mode": options.mode, "rate": options.rate, "sent": len(load.sent), "answered": len(gateway.answers), "stored": stored, "tickets": tickets,
            "failed": collections.Counter(outcome for _, outcome in gateway.failed), "tries": tries, "steps": steps(fleet.steps, taken), "problems": problems,
            "latency_ms": {name: round(percentile(sorted(took for _, took in taken), share) * 1000, 1)
                           for name, share in [("p50", 0.5), ("p99", 0.99), ("max", 1)]}}


def steps(rows, taken):
    """Each replacement with the slowest message that was due while it went on."""
    for row in rows:
        slow = [took for due, took in taken if row["begun"] <= due < row["ended"]]
        row["slowest_ms"] = round(max(slow, default=0) * 1000)
        row["messages"] = len(slow)
    return [{name: value for name, value in row.items() if name not in {"begun", "ended"}} for row in rows]


def show(report):
    print(f"{report['mode']}: {report['sent']} messages at {report['rate']}/s, {report['answered']} answered, {report['stored']} stored, {report['tickets']} tickets")
    for number, row in enumerate(report["steps"], 1):
        print(f"  restart {number}: down in {row['down_s']} s, ready in {row['ready_s']} s; slowest of {row['messages']} messages {row['slowest_ms']} ms")
    print("  tries: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(report["tries"].items(), key=lambda item: -item[1])))
    print("  from when a message was due, tries included: " + ", ".join(f"{name} {value} ms" for name, value in report["latency_ms"].items()))
    for problem, count in report["problems"].items():
        print(f"{count:8}  {problem}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    services.add_options(parser)
    parser.add_argument("--mode", choices=["handover", "in-place", "pair"], default="handover")
    parser.add_argument("--restarts", type=int, default=4)
    parser.add_argument("--rate", type=float, default=50, help="messages a second")
    parser.add_argument("--pause", type=float, default=5, help="seconds before, between and after the restarts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = roll(options, folder)
    print(json.dumps(report, ensure_ascii=False)) if options.json else show(report)
    sys.exit(1 if any(report["problems"].values()) or report["failed"] else 0)


if __name__ == "__main__":
    main()
