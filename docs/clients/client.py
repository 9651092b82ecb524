"""Sends one message of a customer to Triage and does what the reply asks for. Standard library only.

    python3 client.py CONVERSATION TEXT [MESSAGE_ID]

`TRIAGE_URL` (http://127.0.0.1:8080) says where, `TRIAGE_KEY` is sent as a key if it is set. Exits with 0 if the service decided, with 1 if the message
has to go to your own people. What is printed here is where your gateway calls its own functions.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("TRIAGE_URL", "http://127.0.0.1:8080")
PATIENCE = 10.0  # seconds that the customer may wait, all tries together
TRY = 2.0  # seconds for one of them
AGAIN = {429, 500, 502, 503, 504}


def post(message):
    """One try: status, seconds to wait before the next, body; status 0 if nothing came back."""
    headers = {"content-type": "application/json"}
    if key := os.environ.get("TRIAGE_KEY"):
        headers["authorization"] = f"Bearer {key}"
    request = urllib.request.Request(f"{URL}/v1/triage", json.dumps(message).encode(), headers)
    try:
        # A little longer than the deadline, so that an error comes in the service's own words.
        with urllib.request.urlopen(request, timeout=TRY + 0.5) as response:
            return response.status, None, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("retry-after"), error.read()
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None, b""


def decide(message):
    """The reply, or None after telling why there is none. Every try has the same `message_id`, so it is decided once."""
    give_up, wait = time.monotonic() + PATIENCE, 0.2
    while True:
        status, retry_after, body = post(message)
        if status == 200:
            return body
        pause = float(retry_after) if (retry_after or "").isdigit() else wait
        if status not in AGAIN | {0} or time.monotonic() + pause > give_up:
            print(f"to your own people: status {status} {explain(body)}")
            return None
        time.sleep(pause)
        wait *= 2


def explain(body):
    try:
        error = json.loads(body)["error"]
        return f"{error['code']}: {error['message']} (request {error['request_id']})"
    except (ValueError, KeyError, TypeError):
        return "without a reason"


def act(reply):
    """What docs/api.md asks of a gateway."""
    for earlier in reply["supersedes"]:
        print(f"leave out, if not shown yet: the reply to {earlier}")
    if answer := reply["answer"]:
        print(f"say: {answer['text']}")
        for choice in answer["choices"]:
            print(f"choice: {choice['title']}")
    handoff = reply["handoff"]
    if reply["decision"] == "handoff" and reply["durable"]:
        print(f"waits for a person: ticket {handoff['ticket_id']} in {handoff['queue']}")
    elif reply["decision"] == "handoff":
        # Nobody else knows of it.
        print(f"put into {handoff['queue']} yourself: {handoff['level']}, by {handoff['respond_due_at']}: {handoff['summary']}")
    elif reply["decision"] == "silent":
        for reason in reply["reasons"]:
            if reason["code"].startswith(("sensitive:", "emotion:")):
                print(f"tell the person: {reason['code']}")
        for suggestion in reply.get("suggestions", []):
            print(f"offer the person: {suggestion['text']}")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    conversation, text, message_id = (*sys.argv[1:], str(uuid.uuid4()))[:3]
    reply = decide({"conversation_id": conversation, "message_id": message_id, "text": text, "deadline_ms": int(TRY * 1000)})
    if reply is None:
        return 1
    print(f"decision: {reply['decision']}")
    act(reply)
    return 0


if __name__ == "__main__":
    sys.exit(main())
