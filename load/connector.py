"""The shop's own system is well, slow, wrong, down, and back: what are customers told, and for how long is it left alone?

    python3 load/connector.py [--program target/release/triage] [--config config/triage.yaml]

Starts a stand-in for the shop's system and the service with `orders: { kind: http }` and the shipped limits. Every question is about another
order, so that nothing comes from the cache. Prints what each customer is told and after how long, how many requests reached the system while it was
down, and how long after its return the first order is told again. Standard library only. Exits with 1 if a reply fails, tells something of an
order that could not be read, or does not come back within 70 seconds.
"""

import argparse
import http.client
import http.server
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

SECRETS = ["SF7000", "顺丰"]
NUMBERS = (f"2026112{day}{number:04}" for day, number in itertools.product(range(4), range(1000)))


class Shop(http.server.BaseHTTPRequestHandler):
    """The shop's system, in one of several moods."""

    mood, asked = "well", 0

    def do_GET(self):
        Shop.asked += 1
        number = self.path.rsplit("/", 1)[1]
        order = {"number": number, "customer": "u-1", "phone_last4": "3306", "state": "dispatched",
                 "placed_at": "2026-11-20T10:00:00+08:00", "paid_at": "2026-11-20T10:01:00+08:00",
                 "dispatched_at": "2026-11-20T18:00:00+08:00", "expected_on": "2099-11-23", "carrier": "顺丰速运",
                 "tracking": f"SF7000{number[-4:]}00017", "total": "349.00",
                 "items": [{"product": "QH-1001", "title": "纯棉四件套", "quantity": 1, "price": "349.00"}]}
        status, body = 200, json.dumps(order)
        if Shop.mood == "slow":
            time.sleep(3)
        elif Shop.mood == "down":
            status, body = 503, ""
        elif Shop.mood == "wrong: no JSON":
            body = "<html>login</html>"
        elif Shop.mood == "wrong: another order":
            body = json.dumps({**order, "number": "202611199999"})
        elif Shop.mood == "wrong: an unknown state":
            body = json.dumps({**order, "state": "TRADE_ODD"})
        elif Shop.mood == "wrong: 403":
            status, body = 403, "{}"
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())
        except OSError:
            pass

    def log_message(self, *_):
        pass


def configure(config, folder, port, shop):
    base = pathlib.Path(config).resolve().parent
    lines = [f"listen: 127.0.0.1:{port}", "metrics_listen: off", f"bundle: {base}/../models/zh-en-small",
             f"intents: {base}/../intents", f"policy: {base}/policy.yaml", f"shop: {base}/shop.yaml",
             f"store: {{ path: {folder}/triage.db }}", "products: { kind: none }", "orders:", "  kind: http",
             f"  order_url: 'http://127.0.0.1:{shop}/orders/{{number}}'",
             f"  customer_url: 'http://127.0.0.1:{shop}/of/{{customer}}'", "  http: { allow_http: true }"]
    path = pathlib.Path(folder) / "triage.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def request(port, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request("POST" if body else "GET", path, body, {"content-type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def ask(port):
    number = next(NUMBERS)
    message = {"conversation_id": f"c-{number}", "message_id": "m", "text": f"{number} 到哪了",
               "customer": {"id": "u-1", "verified": True}}
    begun = time.monotonic()
    status, body = request(port, "/v1/triage", json.dumps(message))
    if status != 200:
        sys.exit(f"status {status}: {body}")
    reply = json.loads(body)
    return reply, (time.monotonic() - begun) * 1000, any(secret in body for secret in SECRETS)


def show(mood, port, times):
    told_too_much = False
    for _ in range(times):
        before = Shop.asked
        reply, took, tells = ask(port)
        told_too_much |= tells and mood != "well"
        print(f"{mood:24} {reply['decision']:8} {reply['reasons'][0]['code']:14} {took:6.0f} ms  "
              f"{Shop.asked - before} request(s)  {reply['answer']['text']}")
    return told_too_much


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/release/triage")
    parser.add_argument("--config", default="config/triage.yaml")
    arguments, port = parser.parse_args(), 18998
    shop = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        config = configure(arguments.config, folder, port, shop.server_port)
        log = open(pathlib.Path(folder) / "log", "w")
        service = subprocess.Popen([arguments.program, "serve", "--config", config], stdout=log, stderr=log)
        try:
            sys.exit(story(port))
        finally:
            service.terminate()
            service.wait()
            print("log:", *sorted({line.split("triage", 1)[-1].strip() for line in open(log.name) if "WARN" in line}), sep="\n  ")


def story(port):
    for _ in range(600):
        try:
            if request(port, "/ready")[0] == 200:
                break
        except OSError:
            time.sleep(0.05)
    bad = show("well", port, 2)
    for mood in ["wrong: no JSON", "wrong: another order", "wrong: an unknown state", "wrong: 403", "slow"]:
        Shop.mood = mood
        bad |= show(mood, port, 1)
    Shop.mood = "well"
    bad |= show("well", port, 1)
    Shop.mood = "down"
    bad |= show("down", port, 8)
    begun, asked, spent = time.monotonic(), Shop.asked, 0
    while time.monotonic() - begun < 5:
        spent = max(spent, ask(port)[1])
    print(f"five more seconds of questions while down: {Shop.asked - asked} request(s) to the system, slowest reply {spent:.0f} ms")
    Shop.mood, back = "well", time.monotonic()
    while time.monotonic() - back < 70:
        if ask(port)[2]:
            print(f"back: told again after {time.monotonic() - back:.1f} s")
            return bad
        time.sleep(0.2)
    print("back: not told again within 70 s")
    return 1


if __name__ == "__main__":
    main()
