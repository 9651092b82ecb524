"""A line to the service that fails first, for `run.sh`: do clients send the same message again, and not too soon?

    python3 docs/clients/lame_line.py PORT URL

Of each message the first try is answered 503 with `retry-after: 1`, the second is cut off without an answer, the third goes on to URL. A try that comes
before its time, or a call without a `message_id`, is answered 400.
"""

import http.server
import json
import sys
import time
import urllib.error
import urllib.request

TRIES = {}  # of each message: when they came


class Line(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        tries = TRIES.setdefault(json.loads(body).get("message_id"), [])
        tries.append(time.monotonic())
        if None in TRIES or (len(tries) == 2 and tries[1] - tries[0] < 0.95):
            self.answer(400, refusal("wrong", "no `message_id`, or sooner than `retry-after`"))
        elif len(tries) == 1:
            self.answer(503, refusal("not_ready", "not yet"), {"retry-after": "1"})
        elif len(tries) == 2:
            self.close_connection = True
        else:
            self.pass_on(body)

    def pass_on(self, body):
        headers = {"content-type": "application/json"}
        if key := self.headers["authorization"]:
            headers["authorization"] = key
        try:
            with urllib.request.urlopen(urllib.request.Request(sys.argv[2] + self.path, body, headers), timeout=10) as response:
                self.answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, error.read())
        except OSError:
            self.answer(502, refusal("unreachable", "the service does not answer"))

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def refusal(code, message):
    return json.dumps({"error": {"code": code, "message": message, "request_id": "line", "retryable": False}}).encode()


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Line).serve_forever()
