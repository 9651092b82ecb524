"""An edit under load: how long from saving a file to the first right answer, and what messages notice of it.

    python3 load/edit_under_load.py --intents FOLDER --add FILE --say MESSAGE --expect INTENT [--rate 100] [--url http://127.0.0.1:8080]

Sends messages at a steady rate (open loop: late answers do not slow the sender), copies FILE into the folder of intents
that the service watches, asks MESSAGE every 20 ms until it is answered as INTENT, and prints latencies before, during
and after. Standard library only. Exits with 1 if a request failed or the answer never came.
"""

import argparse
import http.client
import json
import pathlib
import queue
import shutil
import sys
import threading
import time
import urllib.parse

MESSAGES = [
    "到新疆运费多少", "我的快递到哪了", "怎么退货", "满300减50能和券一起用吗", "什么时候发货", "你们太慢了！！", "能开发票吗",
    "在吗", "尺码偏大还是偏小", "退款什么时候到账", "how much is shipping to Tibet?", "谢谢亲", "地址写错了能改吗", "质量太差了，要投诉",
    "双十一有什么活动", "没有了", "七天无理由怎么算", "可以货到付款吗", "这个有黑色的吗", "我要找人工",
]


class Client:
    def __init__(self, url):
        self.address = urllib.parse.urlparse(url).netloc
        self.connection = http.client.HTTPConnection(self.address, timeout=10)

    def ask(self, text):
        body = json.dumps({"text": text})
        self.connection.request("POST", "/v1/triage", body, {"content-type": "application/json"})
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())


class Load:
    """Senders that take due times from a queue, so that one slow answer delays no other."""

    def __init__(self, url, rate, senders):
        self.url, self.rate = url, rate
        self.due = queue.Queue()
        self.done = []
        self.lock = threading.Lock()
        self.running = True
        self.threads = [threading.Thread(target=self.send, daemon=True) for _ in range(senders)]
        self.threads.append(threading.Thread(target=self.pace, daemon=True))

    def start(self):
        for thread in self.threads:
            thread.start()

    def pace(self):
        start, sent = time.monotonic(), 0
        while self.running:
            due = start + sent / self.rate
            time.sleep(max(0.0, due - time.monotonic()))
            self.due.put((due, MESSAGES[sent % len(MESSAGES)]))
            sent += 1

    def send(self):
        client = Client(self.url)
        while True:
            due, text = self.due.get()
            try:
                status, reply = client.ask(text)
                generation = reply.get("catalogue", "").rpartition("#")[2]
            except (OSError, http.client.HTTPException, ValueError) as error:
                client = Client(self.url)
                status, generation = type(error).__name__, ""
            with self.lock:
                self.done.append((due, time.monotonic() - due, status, generation))

    def taken(self):
        with self.lock:
            return list(self.done)


def figures(name, rows):
    times = sorted(row[1] * 1000 for row in rows)
    failed = [row for row in rows if row[2] != 200]
    if not times:
        return f"{name:8} no requests"
    at = lambda share: times[min(len(times) - 1, int(share * len(times)))]
    return (f"{name:8} {len(times):5} requests, {len(failed)} failed · p50 {at(.5):.1f} ms · p99 {at(.99):.1f} ms · "
            f"worst {times[-1]:.1f} ms · generations {sorted({row[3] for row in rows})}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--intents", required=True, type=pathlib.Path)
    parser.add_argument("--add", required=True, type=pathlib.Path)
    parser.add_argument("--say", required=True)
    parser.add_argument("--expect", required=True)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=10.0, help="of load before and after")
    parser.add_argument("--senders", type=int, default=16)
    options = parser.parse_args()

    load = Load(options.url, options.rate, options.senders)
    load.start()
    time.sleep(options.seconds)
    client = Client(options.url)
    before = client.ask(options.say)[1]
    saved = time.monotonic()
    shutil.copyfile(options.add, options.intents / options.add.name)
    answered = None
    while answered is None and time.monotonic() < saved + 30:
        _, reply = client.ask(options.say)
        if reply["decision"] == "answer" and reply["answer"]["intents"] == [options.expect]:
            answered = time.monotonic()
        else:
            time.sleep(0.02)
    # What runs after the swap (all other tests) belongs to the edit as well.
    settled = (answered or time.monotonic()) + 1.5
    time.sleep(max(0.0, settled - time.monotonic()) + options.seconds)
    load.running = False
    time.sleep(0.5)
    rows = load.taken()
    print(f"before   `{options.say}`: {before['decision']} ({before['reasons'][0]['code']})")
    if answered:
        print(f"edit     first right answer {answered - saved:.2f} s after saving")
    else:
        print("edit     never answered as expected")
    print(figures("before", [row for row in rows if row[0] < saved]))
    print(figures("during", [row for row in rows if saved <= row[0] < settled]))
    print(figures("after", [row for row in rows if row[0] >= settled]))
    sys.exit(0 if answered and all(row[2] == 200 for row in rows) else 1)


if __name__ == "__main__":
    main()
