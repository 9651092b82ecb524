"""What does somebody get who means harm, and what do the others notice of it?

    python3 load/hostile.py [--program target/release/triage] [--quick] [--json]

Starts the service with a configuration and a store of its own in a temporary folder and with the usual limit of 1,024 open files. Sends it
every request of `hostile_requests.py`, then attacks it with many connections at once. All the while an honest client in a process of
its own sends messages: one on a connection that it keeps, and one on a new connection each time. For each attack the table tells what came
back, how many honest messages were answered and how long the slowest took, and the memory. Standard library only; Linux only.
Takes some four minutes, `--quick` one. Exits with 1 if anything is answered otherwise than it should be, an honest message is not answered within
two seconds, the service dies or panics, or memory or open files stay behind.
"""

import argparse
import asyncio
import collections
import json
import multiprocessing
import re
import resource
import socket
import struct
import sys
import tempfile
import threading
import time

import service as services
from hostile_requests import CLOSED, GOOD, post, shots
from service import Service, request

HONEST_MS = 2000               # an honest message may take so long while others attack
GIVE_UP = 8                    # seconds after which an honest client gives up
GROWTH_MIB = 64                # memory that may stay behind after everything
PATIENCE = 75                  # seconds after which the service closes a connection on which it sent nothing
IDLE = 10_000


class Honest:
    """A client that means well, in a process of its own so that the attacks do not slow it down."""

    def __init__(self, port):
        self.over, self.seen = multiprocessing.Event(), multiprocessing.Queue()
        self.log = []
        self.process = multiprocessing.Process(target=honest, args=(port, self.over, self.seen), daemon=True)
        self.process.start()

    def stop(self):
        self.over.set()
        while self.process.is_alive() or not self.seen.empty():
            self.collect()
            time.sleep(0.05)
        return self

    def collect(self):
        while not self.seen.empty():
            self.log.append(self.seen.get())

    def during(self, begun, ended):
        """Of each kind of connection: how many were sent, how many answered, and the slowest in milliseconds."""
        self.collect()
        return {kind: {"sent": len(found), "answered": sum(good for _, good in found), "slowest_ms": round(max(took for took, _ in found)) if found else 0}
                for kind in ("kept", "new")
                for found in [[(took, good) for at, which, took, good in self.log if which == kind and begun <= at < ended]]}


def honest(port, over, seen):
    threads = [threading.Thread(target=kept, args=(port, over, seen)), threading.Thread(target=fresh, args=(port, over, seen))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def kept(port, over, seen):
    link = None
    while not over.wait(0.1):
        begun, good = time.monotonic(), False
        try:
            link = link or socket.create_connection(("127.0.0.1", port), timeout=GIVE_UP)
            link.sendall(post(GOOD, keep=True))
            answer = link.recv(65536)
            while answer and not answer.rstrip().endswith(b"}"):
                answer += link.recv(65536)
            good = answer.startswith(b"HTTP/1.1 200")
        except OSError:
            pass
        if not good:
            link = link and link.close()
        seen.put((begun, "kept", (time.monotonic() - begun) * 1000, good))


def fresh(port, over, seen):
    while not over.wait(0.2):
        begun = time.monotonic()
        try:
            good = request(port, "POST", "/v1/triage", GOOD.decode(), GIVE_UP)[0] == 200
        except OSError:
            good = False
        seen.put((begun, "new", (time.monotonic() - begun) * 1000, good))


def shoot(port, shot):
    """The statuses that come back, and whether each error has a body of ours."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        sender = threading.Thread(target=send, args=(link, shot), daemon=True)
        sender.start()
        answer, closed = b"", False
        try:
            while piece := link.recv(65536):
                answer += piece
                link.settimeout(1)
            closed = True
        except ConnectionError:
            closed = True
        except TimeoutError:
            pass
        statuses = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]
        bare = [status for status in statuses if status >= 400] and b'"error":' not in answer
        return statuses or ([CLOSED] if closed else ["no answer"]), bare


def send(link, shot):
    try:
        link.sendall(shot.payload)
        if shot.ends:
            link.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Flood:
    """Many connections at once, for some seconds."""

    def __init__(self, service, seconds):
        self.service, self.port, self.seconds, self.got, self.note = service, service.port, seconds, collections.Counter(), ""

    async def open(self, patience=20):
        return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), patience)

    async def dribble(self, first, count):
        """Connections that send a byte every half second."""
        async def one():
            reader, writer = await self.open()
            writer.write(first)
            end = time.monotonic() + self.seconds
            while time.monotonic() < end and not reader.at_eof():
                writer.write(b"a")
                await asyncio.sleep(0.5)
            self.got["closed by the service" if reader.at_eof() else "still open"] += 1
            writer.close()
        await self.all(one() for _ in range(count))

    async def all(self, works):
        for result in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(result, BaseException):
                self.got[type(result).__name__] += 1

    async def idle(self):
        """Connections on which nothing comes: the service takes 900, the system keeps some waiting, the rest is left outside."""
        loop = asyncio.get_running_loop()
        links = []
        for _ in range(IDLE):
            link = socket.socket()
            link.setblocking(False)
            links.append(link)

        async def one(link):
            try:
                await asyncio.wait_for(loop.sock_connect(link, ("127.0.0.1", self.port)), self.seconds)
                self.got["connected"] += 1
            except (OSError, TimeoutError):
                self.got["not connected"] += 1

        await asyncio.gather(*map(one, links), asyncio.sleep(self.seconds))
        self.note = f"the service held {self.service.descriptors()} files"
        for link in links:
            link.close()

    async def long_messages(self):
        texts = [piece * 1400 for piece in ("退货运费谁出？", "我买的锅坏了", "where is my order ", "😡😭", "1380000000 ")]
        await self.messages(100, 8, lambda number: {"text": f"{number}{texts[number % len(texts)]}"[:8000]})

    async def nested(self):
        await self.bodies(200, 20, lambda number: b'{"text":' + b"[" * 60_000)

    async def one_conversation(self):
        await self.messages(300, 100, lambda number: {"text": "在吗", "conversation_id": "crowd", "message_id": f"m-{number}"})

    async def messages(self, count, at_once, message):
        await self.bodies(count, at_once, lambda number: json.dumps(message(number), ensure_ascii=False).encode())

    async def bodies(self, count, at_once, body):
        room = asyncio.Semaphore(at_once)

        async def one(number):
            async with room:
                reader, writer = await self.open()
                writer.write(post(body(number)))
                answer = await asyncio.wait_for(reader.read(64), 30)
                self.got[answer[9:12].decode() or CLOSED] += 1
                writer.close()
        await self.all(one(number) for number in range(count))

    async def leave(self):
        """Callers who are gone, with a reset, before their message can be answered."""
        async def one(number):
            reader, writer = await self.open()
            writer.write(post(json.dumps({"text": f"{number} 的快递到哪里了", "conversation_id": f"gone-{number}"}).encode()))
            await writer.drain()
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            self.got["left"] += 1
        for first in range(0, 1000, 100):
            await self.all(one(number) for number in range(first, first + 100))
            await asyncio.sleep(self.seconds / 10)

    async def deaf(self):
        """Callers who ask for a great deal and read nothing."""
        async def one():
            reader, writer = await self.open()
            writer.transport.pause_reading()
            writer.write(b"GET /openapi.json HTTP/1.1\r\nhost: shop\r\n\r\n" * 10_000)
            await asyncio.sleep(self.seconds)
            self.got["read nothing"] += 1
            writer.transport.abort()
        await self.all(one() for _ in range(50))

    async def streams(self):
        """More event streams than there may be."""
        async def one():
            reader, writer = await self.open()
            writer.write(b"GET /v1/handoffs/events HTTP/1.1\r\nhost: shop\r\n\r\n")
            self.got[(await asyncio.wait_for(reader.read(64), 10))[9:12].decode() or CLOSED] += 1
            await asyncio.sleep(self.seconds)
            writer.close()
        await self.all(one() for _ in range(300))

    async def churn(self):
        """Connections that are opened and closed."""
        end = time.monotonic() + self.seconds

        async def one():
            while time.monotonic() < end:
                reader, writer = await self.open()
                writer.close()
                self.got["opened and closed"] += 1
                await asyncio.sleep(0.005)
        await self.all(one() for _ in range(20))


HEAD = b"GET /health HTTP/1.1\r\nhost: shop\r\nx-slow: "
BODY = post(b"", length=b"60000", keep=True)
FLOODS = [
    ("slow header, 300 connections", lambda flood: flood.dribble(HEAD, 300), {"still open"}),
    ("slow body, 300 connections", lambda flood: flood.dribble(BODY, 300), {"still open"}),
    (f"idle, {IDLE:,} connections", Flood.idle, {"connected", "not connected"}),
    ("8,000 characters, 100 times", Flood.long_messages, {"200", "504"}),
    ("60,000 arrays, 200 times", Flood.nested, {"400"}),
    ("300 messages in one conversation", Flood.one_conversation, {"200", "429", "504"}),
    ("1,000 callers who leave", Flood.leave, {"left"}),
    ("50 callers who do not read", Flood.deaf, {"read nothing"}),
    ("300 event streams", Flood.streams, {"200", "429"}),
    ("connections opened and closed", Flood.churn, {"opened and closed"}),
]


class Siege:
    """A service under attack, and the rows of the table."""

    def __init__(self, options, folder):
        self.options, self.rows, self.seconds = options, [], 3 if options.quick else 15
        self.service = Service(options, folder).start()
        for _ in range(50):
            self.service.request("POST", "/v1/triage", GOOD.decode())
        self.memory, self.files = self.service.memory(), self.service.descriptors()
        self.honest = Honest(self.service.port)
        time.sleep(2)

    def row(self, name, begun, got, wrong):
        if not self.service.is_running():
            wrong.append("the service is gone")
            memory = 0
        else:
            memory = self.service.memory()
        self.rows.append({"name": name, "begun": begun, "ended": time.monotonic(), "got": got, "wrong": wrong, "memory_mib": round(memory)})
        return self.service.is_running()

    def shots(self):
        for shot in shots():
            begun = time.monotonic()
            statuses, bare = shoot(self.service.port, shot)
            wrong = [] if set(statuses) <= shot.allowed else [f"allowed: {', '.join(map(str, sorted(shot.allowed, key=str)))}"]
            wrong += ["more than one answer"] if len(statuses) > shot.answers else []
            if not self.row(shot.name, begun, ", ".join(map(str, statuses)) + (" (no body)" if bare else ""), wrong):
                return

    def floods(self):
        for name, attack, allowed in FLOODS:
            begun, flood = time.monotonic(), Flood(self.service, self.seconds)
            asyncio.run(attack(flood))
            got = ", ".join(f"{count} {what}" for what, count in sorted(flood.got.items())) + (f"; {flood.note}" if flood.note else "")
            wrong = [] if set(flood.got) <= allowed else [f"allowed: {', '.join(sorted(allowed))}"]
            if not self.row(name, begun, got, wrong):
                return
            self.recover()

    def recover(self):
        """How long until a new caller is answered again, once the attacker is gone."""
        begun, wrong = time.monotonic(), []
        try:
            request(self.service.port, "POST", "/v1/triage", GOOD.decode(), 30)
        except OSError as error:
            wrong.append(str(error))
        took = (time.monotonic() - begun) * 1000
        if took > HONEST_MS:
            wrong.append("too slow")
        self.row("  and then, for somebody new", begun, f"answered after {took:.0f} ms", wrong)

    def patience(self):
        """A header that never ends is cut off at last."""
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=PATIENCE + 10) as link:
            link.sendall(HEAD)
            try:
                said, wrong = link.recv(1000), []
            except TimeoutError:
                said, wrong = b"", [f"open for more than {PATIENCE} s"]
            got = f"{said[9:12].decode() or CLOSED} after {time.monotonic() - begun:.0f} s"
        self.row("a header that never ends", begun, got, wrong)

    def rest(self):
        """What stays behind when all are gone."""
        time.sleep(3)
        begun, memory, files = time.monotonic(), self.service.memory(), self.service.descriptors()
        log = self.service.log.read_text(encoding="utf-8")
        wrong = [f"more than {GROWTH_MIB} MiB"] if memory > self.memory + GROWTH_MIB else []
        wrong += ["files stay open"] if files > self.files + 16 else []
        wrong += ["panicked"] if "panic" in log else []
        self.row("in the end", begun, f"memory {self.memory:.0f} -> {memory:.0f} MiB, open files {self.files} -> {files}", wrong)

    def judge(self):
        for row in self.rows:
            row["honest"] = self.honest.during(row["begun"], row["ended"])
            for kind, seen in row["honest"].items():
                if seen["answered"] < seen["sent"]:
                    row["wrong"].append(f"honest, {kind} connection: {seen['sent'] - seen['answered']} of {seen['sent']} not answered")
                elif seen["slowest_ms"] > HONEST_MS:
                    row["wrong"].append(f"honest, {kind} connection: {seen['slowest_ms']} ms")


def show(rows):
    print(f"{'attack':41} {'what came back':66} {'honest, kept':>16} {'honest, new':>16} {'MiB':>4}")
    for row in rows:
        honest = ["" if not seen["sent"] else f"{seen['answered']}/{seen['sent']} {seen['slowest_ms']:5} ms" for seen in row["honest"].values()]
        print(f"{row['name']:41} {row['got']:66} {honest[0]:>16} {honest[1]:>16} {row['memory_mib']:4}" + "".join(f"\n    UNEXPECTED  {what}" for what in row["wrong"]))
    print(f"{sum(bool(row['wrong']) for row in rows)} of {len(rows)} rows unexpected")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    services.add_options(parser)
    parser.add_argument("--quick", action="store_true", help="shorter floods, and no wait for the slowest")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 500:
        sys.exit(f"this needs {IDLE + 500} open files; the hard limit is {hard} (`ulimit -Hn`)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + 500), hard))
    with tempfile.TemporaryDirectory() as folder:
        siege = Siege(options, folder)
        try:
            siege.shots()
            if siege.service.is_running():
                siege.floods()
            if siege.service.is_running():
                options.quick or siege.patience()
                siege.rest()
        finally:
            siege.honest.stop()
            siege.service.stop()
    siege.judge()
    print(json.dumps(siege.rows, ensure_ascii=False)) if options.json else show(siege.rows)
    sys.exit(1 if any(row["wrong"] for row in siege.rows) else 0)


if __name__ == "__main__":
    main()
