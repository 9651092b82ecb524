"""A small stand-in for Chatwoot: tells a running Triage what Chatwoot would tell, and checks what it is asked to do.

    python3 docs/integrations/stand_in_chatwoot.py --triage http://127.0.0.1:8080 --listen 127.0.0.1:3999 \
        --token-file token --secret-file secret

Plays one conversation: a question, which the bot answers; a request for a person, upon which the conversation is handed over; a
word of the agent's and the customer's, upon which the bot keeps silent; and the end. Standard library only. Exits with 1 at the
first thing that is not as it should be.
"""

import argparse
import hashlib
import hmac
import http.server
import json
import pathlib
import re
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

ACCOUNT, NUMBER, CONTACT = 3, 13098, 52870
PATH = re.compile(rf"/api/v1/accounts/{ACCOUNT}/conversations/{NUMBER}(?:/(\w+))?")
PATIENCE = 30


class Conversation:
    """The one conversation, and everything that was done to it."""

    def __init__(self, token):
        self.token = token
        self.changed = threading.Condition()
        self.status, self.priority, self.labels = "pending", None, ["vip"]
        self.attributes, self.said, self.notes = {}, [], []
        self.last, self.steps, self.wrong = None, [], []

    def shown(self):
        return {
            "id": NUMBER,
            "account_id": ACCOUNT,
            "status": self.status,
            "labels": self.labels,
            "custom_attributes": self.attributes,
            "priority": self.priority,
            "messages": [self.last] if self.last else [],
            "meta": {"assignee": None},
        }

    def act(self, method, tail, body):
        """Does what is asked for: a status and an answer. Whatever Chatwoot would not take is 422."""
        if (method, tail) == ("GET", None):
            self.steps.append("show")
            return 200, self.shown()
        if method != "POST":
            return 404, {"error": "no such path"}
        if tail == "messages":
            return self.message(body)
        if tail == "toggle_priority" and body.get("priority") in ("low", "medium", "high", "urgent"):
            self.steps.append("priority")
            self.priority = body["priority"]
            return 200, {}
        if tail == "labels" and all(isinstance(label, str) for label in body.get("labels", [None])):
            self.steps.append("labels")
            self.labels = body["labels"]
            return 200, {"payload": self.labels}
        if tail == "toggle_status" and body.get("status") == "open":
            self.steps.append("open")
            self.status = "open"
            return 200, {"meta": {}, "payload": {"success": True, "current_status": "open", "conversation_id": NUMBER}}
        return 422, {"error": "not understood"}

    def message(self, body):
        text, kind = body.get("content"), body.get("content_type", "text")
        items = body.get("content_attributes", {}).get("items", [])
        are_items = all(set(item) == {"title", "value"} for item in items)
        if not text or body.get("message_type") != "outgoing" or kind not in ("text", "input_select") or not are_items:
            return 422, {"error": "not a message"}
        if bool(items) != (kind == "input_select"):
            return 422, {"error": "buttons without items, or items without buttons"}
        is_note = body.get("private") is True
        self.steps.append("note" if is_note else "say")
        (self.notes if is_note else self.said).append(text)
        self.last = {"content": text, "message_type": 1}
        return 200, {"id": 90000 + len(self.steps), "content": text}


def handler(conversation):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            found = PATH.fullmatch(self.path)
            with conversation.changed:
                if self.headers.get("api_access_token") != conversation.token:
                    status, told = 401, {"error": "Invalid Access Token"}
                elif not found:
                    status, told = 404, {"error": "no such path"}
                else:
                    status, told = conversation.act(self.command, found.group(1), body)
                if status != 200:
                    conversation.wrong.append(f"{self.command} {self.path}: answered {status} {told}")
                conversation.changed.notify_all()
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    return Handler


def conversation_data(status):
    return {
        "id": NUMBER,
        "inbox_id": 58,
        "status": status,
        "channel": "Channel::WebWidget",
        "can_reply": True,
        "contact_inbox": {"id": 62117, "contact_id": CONTACT, "inbox_id": 58, "source_id": "96e5", "hmac_verified": False},
        "messages": [{"id": 1, "account_id": ACCOUNT, "conversation_id": NUMBER, "message_type": 0, "private": False}],
        "labels": [],
        "meta": {"sender": {"id": CONTACT}, "assignee": None, "team": None, "hmac_verified": False},
        "custom_attributes": {},
        "additional_attributes": {},
    }


def message_data(number, text, sender, status):
    """A message as Chatwoot tells of it: a contact's has no type of sender, an agent's has `user`."""
    return {
        "event": "message_created",
        "id": number,
        "content": text,
        "content_type": "text",
        "content_attributes": {"in_reply_to": None},
        "message_type": "outgoing" if sender.get("type") == "user" else "incoming",
        "private": False,
        "account": {"id": ACCOUNT, "name": "青禾家居"},
        "inbox": {"id": 58, "name": "官网"},
        "sender": sender,
        "conversation": conversation_data(status),
    }


class Story:
    def __init__(self, triage, secret, conversation):
        self.triage, self.secret, self.conversation = triage, secret, conversation

    def deliver(self, body, signed_with=None, delivery=None):
        """Sends a webhook. The status of the answer, and how long it took."""
        text, now = json.dumps(body, ensure_ascii=False).encode(), str(int(time.time()))
        signature = hmac.new(signed_with or self.secret, now.encode() + b"." + text, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-chatwoot-timestamp": now,
            "x-chatwoot-signature": f"sha256={signature}",
            "x-chatwoot-delivery": delivery or str(uuid.uuid4()),
        }
        request = urllib.request.Request(f"{self.triage}/webhooks/chatwoot", text, headers)
        started = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                response.read()
                return response.status, time.monotonic() - started
        except urllib.error.HTTPError as error:
            return error.code, time.monotonic() - started

    def until(self, what, is_so):
        with self.conversation.changed:
            done = self.conversation.changed.wait_for(lambda: self.conversation.wrong or is_so(), PATIENCE)
            wrong = self.conversation.wrong
        if wrong:
            fail(f"Triage asked for what Chatwoot refuses: {wrong}")
        if not done:
            fail(f"{what} did not come within {PATIENCE} s; what was done: {self.conversation.steps}")

    def read(self, path):
        with urllib.request.urlopen(self.triage + path, timeout=5) as response:
            return json.load(response)

    def until_read(self, what, path, is_so):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                found = self.read(path)
            except urllib.error.HTTPError:
                found = None
            if found and is_so(found):
                return found
            if time.monotonic() > end:
                fail(f"{what} is not there: {path} says {json.dumps(found, ensure_ascii=False)}")
            time.sleep(0.1)

    def play(self):
        conversation = self.conversation
        contact, agent = {"id": CONTACT, "name": "林小满"}, {"id": 9, "name": "周宁", "type": "user"}
        first = message_data(1, "到新疆运费多少？", contact, "pending")

        check(self.deliver(first, signed_with=b"somebody else's secret")[0] == 401, "a wrong signature is refused")
        status, took = self.deliver(first, delivery="delivery-1")
        check(status == 200 and took < 5, f"a webhook is acknowledged within five seconds ({took * 1000:.0f} ms)")
        check(self.deliver(first, delivery="delivery-1")[0] == 200, "the same delivery again is acknowledged")
        self.until("the answer", lambda: len(conversation.said) == 1)
        check(conversation.status == "pending", f"the bot answers: {conversation.said[0]}")

        # Within four seconds it would be read as one message with the first.
        time.sleep(5)
        del conversation.steps[:]
        self.deliver(message_data(2, "转人工", contact, "pending"))
        self.until("the hand-off", lambda: conversation.status == "open")
        expected = ["show", "note", "priority", "labels", "say", "show", "open"]
        check(conversation.steps == expected, f"the hand-off comes in order: {', '.join(conversation.steps)}")
        check("vip" in conversation.labels and "triage" in conversation.labels, f"labels are added: {conversation.labels}")
        print("    the agent reads:\n      " + conversation.notes[0].replace("\n", "\n      "))

        here = f"/v1/conversations/chatwoot-{ACCOUNT}-{NUMBER}"
        ticket = self.until_read("the ticket", here, lambda found: found["ticket"])["ticket"]
        check(ticket["state"] == "queued", "the ticket waits")
        self.deliver(message_data(3, "您好，我来帮您看一下。", agent, "open"))
        self.until_read("the agent's word", here, lambda found: found["handled_by"] == "person")
        self.deliver(message_data(4, "到新疆运费多少？", contact, "open"))
        self.until_read("the customer's word", here, lambda found: found["turn_count"] == 4)
        check(len(conversation.said) == 2, "the bot keeps silent while a person has the conversation")

        conversation.status = "resolved"
        self.deliver({"event": "conversation_resolved", **conversation_data("resolved")})
        self.until_read("the end", here, lambda found: found["closed_at"] and not found["ticket"])
        ended = self.read(f"/v1/handoffs/{ticket['id']}")
        check(ended["state"] == "resolved" and ended["claimed_by"] == "chatwoot-9", "the ticket is resolved, by the agent")
        print("The conversation was answered, handed over, and resolved.")


def check(holds, what):
    if not holds:
        fail(f"not so: {what}")
    print(f"ok: {what}")


def fail(why):
    print(why, file=sys.stderr)
    sys.exit(1)


def secret_of(path):
    return pathlib.Path(path).read_bytes().rstrip(b"\r\n")


def main():
    arguments = argparse.ArgumentParser(description="plays a conversation in Chatwoot")
    arguments.add_argument("--triage", required=True, help="address of Triage, such as http://127.0.0.1:8080")
    arguments.add_argument("--listen", required=True, help="where to listen, as `url` of `chatwoot` says, such as 127.0.0.1:3999")
    arguments.add_argument("--token-file", required=True)
    arguments.add_argument("--secret-file", required=True)
    given = arguments.parse_args()
    host, port = given.listen.rsplit(":", 1)
    conversation = Conversation(secret_of(given.token_file).decode())
    server = http.server.ThreadingHTTPServer((host, int(port)), handler(conversation))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        Story(given.triage, secret_of(given.secret_file), conversation).play()
    except OSError as error:
        fail(f"Triage does not answer at {given.triage}: {error}")


if __name__ == "__main__":
    main()
