"""A service of one's own for the other scripts: started in a folder, watched from the outside, stopped. No script itself."""

import http.client
import math
import os
import pathlib
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
USUAL_OPEN_FILES = 1024        # what a service gets where nobody changed the limit


def add_options(parser):
    parser.add_argument("--program", default=ROOT / "target/release/triage", type=pathlib.Path)
    parser.add_argument("--config", default=ROOT / "config/triage.yaml", type=pathlib.Path, help="its folder has the catalogue to serve")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """One process on a port of its own; several may be given the same store."""

    def __init__(self, options, folder, name="triage", store=None, settings=()):
        self.program, self.folder, self.name, self.port = options.program, pathlib.Path(folder), name, free_port()
        self.store = store or self.folder / "triage.db"
        base = options.config.resolve().parent
        lines = [f"listen: 127.0.0.1:{self.port}", "metrics_listen: off", f"bundle: {base}/../models/zh-en-small",
                 f"intents: {base}/../intents", f"policy: {base}/policy.yaml", f"shop: {base}/shop.yaml",
                 f"store: {{ path: {self.store} }}", f"orders: {{ kind: demo, demo: {base}/demo_orders.yaml }}",
                 f"products: {{ kind: demo, file: {base}/products.yaml }}", *settings]
        self.config, self.log = self.folder / f"{name}.yaml", self.folder / f"{name}.log"
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.process = None

    def start(self, wait=True):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

        def usual():
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(USUAL_OPEN_FILES, hard), hard))

        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.program, "serve", "--config", self.config], stderr=log, stdout=log, preexec_fn=usual)
        if wait:
            self.await_ready()
        return self

    def await_ready(self, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.request("GET", "/ready", timeout=2)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        sys.exit(f"the service does not become ready:\n{self.log.read_text(encoding='utf-8')[-2000:]}")

    def request(self, method, path, body=None, timeout=15):
        return request(self.port, method, path, body, timeout)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """SIGTERM, and SIGKILL if that does not end it in half a minute."""
        if self.process is None or self.process.poll() is not None:
            return
        self.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def is_running(self):
        return self.process.poll() is None

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident memory now, in MiB."""
        for line in open(f"/proc/{self.process.pid}/status", encoding="utf-8"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def request(port, method, path, body=None, timeout=15):
    """Status and text; whatever breaks on the way is an OSError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body.encode() if body else None, {"content-type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    except http.client.HTTPException as error:
        raise OSError(error) from error
    finally:
        connection.close()


class Memory(threading.Thread):
    """Resident memory of a service, twice a second."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service, self.readings, self.begun, self.over = service, [], time.monotonic(), threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.5):
            try:
                self.readings.append((time.monotonic() - self.begun, self.service.memory()))
            except OSError:
                return

    def stop(self):
        self.over.set()
        self.join()
        return self

    def growth(self):
        """MiB by which the last fifth of the readings lies above the second fifth, by their medians."""
        values = [value for _, value in self.readings]
        part = len(values) // 5
        return statistics.median(values[-part:]) - statistics.median(values[part:2 * part]) if part else 0.0


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), platform.machine())
    return {"cores": len(os.sched_getaffinity(0)), "model": model, "kernel": platform.release(), "load_average": round(os.getloadavg()[0], 2)}


def percentile(ordered, share):
    """The smallest of the sorted values that at least `share` of them do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else math.nan
