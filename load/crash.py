"""Killed at random moments under load: is everything there that was acknowledged?

    python3 load/crash.py [--program target/release/triage] [--config config/triage.yaml] [--conversations 2000] [--kills 20]

Starts the service on a store of its own in a temporary folder, with a webhook that this script receives. Eight clients hold
conversations (a question, an angry message that opens a ticket, one more), each message sent again under its id until it is answered.
Meanwhile the service is killed (SIGKILL) and started again. At the end every acknowledged message must be stored exactly once with the
reply that was given, every ticket once, every event once, and every event must have reached the webhook at least once.
Standard library only. Exits with 1 if anything is missing or doubled.
"""

import argparse
import collections
import hashlib
import hmac
import http.client
import http.server
import json
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ASK = ["到新疆运费多少", "七天无理由怎么退", "能开发票吗", "满300减50怎么算", "发什么快递"]
ANGRY = ["你们这什么破店，发个假货糊弄我！", "等了半个月还没到，太失望了", "找个活人来跟我说", "再不退钱我就去12315"]
MORE = ["人呢？？", "快点啊", "到西藏运费多少", "好的"]
SECRET = "a secret of sixteen bytes"


class Receiver(http.server.ThreadingHTTPServer):
    """Takes events, refuses some of them, and remembers those that it took."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken, self.forged, self.guard, self.random = collections.Counter(), 0, threading.Lock(), random.Random(2)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = hmac.new(SECRET.encode(), f"{self.headers['x-triage-timestamp']}.".encode() + body, hashlib.sha256)
        server = self.server
        with server.guard:
            refuses = server.random.random() < 0.05
            if "sha256=" + signed.hexdigest() != self.headers["x-triage-signature"]:
                server.forged += 1
            elif not refuses:
                server.taken[self.headers["x-triage-delivery"]] += 1
        self.send_response(503 if refuses else 204)
        if refuses:
            self.send_header("retry-after", "1")
        self.end_headers()

    def log_message(self, *_):
        pass


class Service:
    def __init__(self, program, config, folder, receiver):
        self.program, self.port, self.config = program, 18999, folder / "triage.yaml"
        (folder / "secret").write_text(SECRET)
        base = pathlib.Path(config).resolve().parent
        lines = [f"listen: 127.0.0.1:{self.port}", "metrics_listen: off", f"bundle: {base}/../models/zh-en-small",
                 f"intents: {base}/../intents", f"policy: {base}/policy.yaml", f"shop: {base}/shop.yaml", "deadline_ms: 10000",
                 f"store: {{ path: {folder}/triage.db }}", "webhook_attempts: 50", "webhooks:",
                 f"  - {{ name: desk, url: 'http://127.0.0.1:{receiver.server_port}/events', secret_file: {folder}/secret, allow_private: true }}"]
        self.config.write_text("\n".join(lines) + "\n")
        self.log = open(folder / "log", "a")
        self.process = None

    def start(self):
        self.process = subprocess.Popen([self.program, "serve", "--config", self.config], stderr=self.log)
        for _ in range(600):
            try:
                if self.request("GET", "/ready")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        sys.exit("the service does not become ready; see its log")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, path, body, {"content-type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        except http.client.HTTPException as error:
            raise OSError(error) from error
        finally:
            connection.close()


def converse(service, numbers, acknowledged, retries):
    for number in numbers:
        conversation = f"c-{number}"
        pick = random.Random(number)
        for at, texts in enumerate([ASK, ANGRY, MORE]):
            message = {"conversation_id": conversation, "message_id": f"m-{at}", "text": pick.choice(texts),
                       "customer": {"id": f"u-{number}", "verified": True}}
            while True:
                try:
                    status, body = service.request("POST", "/v1/triage", json.dumps(message))
                    if status == 200 and json.loads(body)["durable"]:
                        acknowledged[conversation, f"m-{at}"] = body
                        break
                except OSError:
                    pass
                retries.append(1)
                time.sleep(0.05)


def check(database, acknowledged):
    store = sqlite3.connect(database)
    problems = collections.Counter()
    kept = {(conversation, message): reply for conversation, message, reply in
            store.execute("SELECT conversation_id, message_id, reply FROM turns WHERE role = 'customer'")}
    for key, body in acknowledged.items():
        problems["acknowledged, not stored"] += key not in kept
        problems["stored with another reply"] += key in kept and kept[key] != body
    tickets = [row[0] for row in store.execute("SELECT id FROM tickets")]
    told = {json.loads(body)["handoff"]["ticket_id"] for body in acknowledged.values() if json.loads(body)["handoff"]}
    problems["ticket told, not stored"] += len(told - set(tickets))
    per = collections.Counter(row[0] for row in store.execute("SELECT conversation_id FROM tickets"))
    problems["two tickets for one conversation"] += sum(count > 1 for count in per.values())
    events = [json.loads(row[0]) for row in store.execute("SELECT event FROM events")]
    created = collections.Counter(event["ticket"]["id"] for event in events if event["type"] == "ticket.created")
    problems["ticket not created exactly once"] += sum(created[ticket] != 1 for ticket in tickets)
    said = collections.Counter((event["ticket"]["conversation_id"], event["message_id"]) for event in events if event["type"] == "ticket.message")
    problems["message told twice"] += sum(count > 1 for count in said.values())
    after = {key for key in acknowledged if json.loads(acknowledged[key])["handoff"]}
    opened = {(event["ticket"]["conversation_id"]) for event in events if event["type"] == "ticket.created"}
    problems["message after a hand-off not told"] += sum(
        key not in said and json.loads(acknowledged[key])["decision"] != "handoff" for key in after if key[0] in opened)
    return problems, len(tickets), {event["id"] for event in events}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/release/triage")
    parser.add_argument("--config", default="config/triage.yaml")
    parser.add_argument("--conversations", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, receiver = pathlib.Path(name), Receiver()
        service = Service(options.program, options.config, folder, receiver)
        service.start()
        acknowledged, retries, chance = {}, [], random.Random(1)
        clients = [threading.Thread(target=converse, args=(service, range(first, options.conversations, 8), acknowledged, retries))
                   for first in range(8)]
        [client.start() for client in clients]
        kills = 0
        while any(client.is_alive() for client in clients):
            if kills < options.kills:
                time.sleep(chance.uniform(0.1, 2.0))
                service.kill()
                kills += 1
                service.start()
            else:
                time.sleep(0.1)
        for _ in range(1200):
            waiting = sqlite3.connect(folder / "triage.db").execute("SELECT count(*) FROM deliveries WHERE state = 'waiting'").fetchone()[0]
            if not waiting:
                break
            time.sleep(0.1)
        service.kill()
        problems, tickets, events = check(folder / "triage.db", acknowledged)
        problems["event not delivered"] += len(events - set(receiver.taken))
        problems["delivery with a wrong signature"] += receiver.forged
        print(f"{kills} kills, {len(acknowledged)} messages acknowledged after {len(retries)} retries, {tickets} tickets, {len(events)} events, "
              f"{sum(receiver.taken.values())} deliveries ({sum(receiver.taken.values()) - len(receiver.taken)} more than once)")
        for problem, count in sorted(problems.items()):
            print(f"{count:6}  {problem}")
        sys.exit(1 if any(problems.values()) else 0)


if __name__ == "__main__":
    main()
