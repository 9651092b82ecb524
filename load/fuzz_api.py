"""Does the service keep what `/openapi.json` promises, whatever is sent to it?

    python3 load/fuzz_api.py [--program target/release/triage] [--config config/triage.yaml] [--max-examples 50] [--seed 1]

Starts the service on a store of its own in a temporary folder and lets schemathesis send it what the description allows, what it forbids,
and calls that follow each other. Every check is on; what may differ from the description stands in `fuzz_hooks.py`, each with its reason, and is
counted. The stream of events never ends, so it is tried apart, through a proxy that cuts it off after its first event.
The versions are pinned; they are installed into a virtual environment in the system's folder for temporary files, or taken from `--schemathesis`.
Exits with 1 on a failure, on an error in the service's log, or if the service is gone afterwards; with 2 if it cannot run.
"""

import argparse
import collections
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import venv

PINNED = ["schemathesis==4.32.5", "hypothesis==6.170.15"]
HERE = pathlib.Path(__file__).resolve().parent
STREAM = "handoff_events"


def tool():
    """The pinned schemathesis, installed where it is not there yet."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"triage-{PINNED[0].replace('==', '-')}"
    program = folder / "bin" / "schemathesis"
    if not program.exists():
        print(f"installing {', '.join(PINNED)} into {folder}", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *PINNED], check=True)
    return program


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def service(program, config, folder):
    """The service, with the catalogue of `config` and a store of its own; gives its port."""
    base, port = pathlib.Path(config).resolve().parent, free_port()
    lines = [f"listen: 127.0.0.1:{port}", "metrics_listen: off", "log: json", f"store: {{ path: {folder}/triage.db }}"]
    lines += [f"bundle: {base}/../models/zh-en-small", f"intents: {base}/../intents"]
    lines += [f"policy: {base}/policy.yaml", f"shop: {base}/shop.yaml"]
    lines += [f"orders: {{ demo: {base}/demo_orders.yaml }}", f"products: {{ file: {base}/products.yaml }}"]
    (folder / "triage.yaml").write_text("\n".join(lines) + "\n")
    with open(folder / "log", "w") as log:
        process = subprocess.Popen([program, "serve", "--config", folder / "triage.yaml"], stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the service did not start:\n{(folder / 'log').read_text()}")
                time.sleep(0.1)
            yield port
            if not answers(port):
                raise RuntimeError("the service does not answer any more")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def answers(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5).status == 200
    except OSError:
        return False


def open_a_ticket(port, document):
    """Sends the description's own example, so that the ids in its other examples are there."""
    body = document["paths"]["/v1/triage"]["post"]["requestBody"]["content"]["application/json"]["example"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/triage", json.dumps(body).encode(),
                                     {"content-type": "application/json"})
    reply = json.load(urllib.request.urlopen(request, timeout=10))
    if not (reply["handoff"] or {}).get("ticket_id"):
        raise RuntimeError("the example of the description opened no ticket")


class Cutter(http.server.ThreadingHTTPServer):
    """Passes calls on to the service, and ends a stream of events after the first."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Passing)
        self.behind = port
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Passing(http.server.BaseHTTPRequestHandler):
    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=20)
        # As it came: the parser of headers turns bytes beyond ASCII into Latin-1.
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders(body)
        response = connection.getresponse()
        is_stream = (response.headers.get("content-type") or "").startswith("text/event-stream")
        content = first_event(response) if is_stream else response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)
        connection.close()

    def __getattr__(self, name):
        # Any method, those that nobody knows included.
        if name.startswith("do_"):
            return self.pass_on
        raise AttributeError(name)

    def log_message(self, *_):
        pass


def first_event(response):
    lines = []
    for line in response:
        lines.append(line)
        if not line.strip():
            break
    return b"".join(lines)


def fuzz(options, folder, name, base_url, document, filters):
    """One run; gives its report, and how often what may differ did."""
    report, excused = folder / f"{name}.json", folder / f"{name}.excused"
    environment = os.environ | {"PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "fuzz_hooks", "FUZZ_EXCUSED": str(excused)}
    command = [options.schemathesis, "--config-file", HERE / "fuzz_api.toml", "run", document, "--url", base_url, *filters]
    command += ["--checks", "all", "--max-examples", str(options.max_examples), "--seed", str(options.seed)]
    command += ["--report", "json", "--report-json-path", report, "--report-dir", folder, "--no-color"]
    print(f"== {name}", flush=True)
    code = subprocess.run([str(part) for part in command], env=environment, cwd=folder, check=False).returncode
    if not report.exists():
        raise RuntimeError(f"schemathesis ended with {code} and no report")
    reasons = excused.read_text().splitlines() if excused.exists() else []
    return code, json.loads(report.read_text()), collections.Counter(reasons)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/triage")
    parser.add_argument("--config", default="config/triage.yaml")
    parser.add_argument("--max-examples", type=int, default=50, help="cases for each operation and phase")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schemathesis", help="the program, if it is not to be installed")
    parser.add_argument("--document", type=pathlib.Path, help="hold the service to this description instead of its own")
    options = parser.parse_args()
    options.program = str(pathlib.Path(options.program).resolve())
    options.schemathesis = options.schemathesis or tool()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with service(options.program, options.config, folder) as port:
            url = f"http://127.0.0.1:{port}"
            document = options.document.read_bytes() if options.document else urllib.request.urlopen(f"{url}/openapi.json").read()
            (folder / "openapi.json").write_bytes(document)
            open_a_ticket(port, json.loads(document))
            cutter = Cutter(port)
            runs = [
                fuzz(options, folder, "all but the stream", url, "openapi.json", ["--exclude-operation-id", STREAM]),
                fuzz(options, folder, "the stream", f"http://127.0.0.1:{cutter.server_port}", "openapi.json",
                     ["--include-operation-id", STREAM, "--phases", "examples,coverage,fuzzing"]),
            ]
        logged = [line for line in (folder / "log").read_text().splitlines() if '"level":"ERROR"' in line]
    return tell(runs, logged)


def tell(runs, logged):
    for line in logged[:20]:
        print(f"in the log: {line}")
    cases = sum(report["test_cases"]["generated"] for _, report, _ in runs)
    failures = sum(report["test_cases"]["unique_failures"] for _, report, _ in runs)
    operations = sum(report["operations"]["tested"] for _, report, _ in runs)
    excused = sum((counts for _, _, counts in runs), collections.Counter())
    unreached = [name for _, report, _ in runs for name, phases in report["valid_rates"].items()
                 if not sum(phase["accepted"] for phase in phases.values())]
    if unreached:
        print(f"never accepted, so hardly tried: {', '.join(unreached)}")
    for reason, times in excused.most_common():
        print(f"excused {times:5}: {reason}")
    print(f"{operations} operations, {cases} cases, {failures} failures, {sum(excused.values())} excused, {len(logged)} errors in the log")
    return 1 if failures or logged or unreached or any(code for code, _, _ in runs) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, subprocess.CalledProcessError, OSError) as error:
        print(f"cannot run: {error}", file=sys.stderr)
        sys.exit(2)
