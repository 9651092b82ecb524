#!/usr/bin/env bash
# Sends one message of a customer to Triage and does what the reply asks for. Needs curl 7.71 or later, and jq.
#
#     docs/clients/curl.sh CONVERSATION TEXT [MESSAGE_ID]
#
# TRIAGE_URL (http://127.0.0.1:8080) says where, TRIAGE_KEY is sent as a key if it is set. Exits with 0 if the service decided, with 1 if the
# message has to go to your own people. What is printed here is where your gateway calls its own functions.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }

message=$(jq -n --arg conversation "$1" --arg text "$2" --arg id "${3:-$(cat /proc/sys/kernel/random/uuid)}" \
    '{conversation_id: $conversation, message_id: $id, text: $text, deadline_ms: 2000}')

# Tries again on 408, 429, 500, 502, 503, 504 and broken connections, for ten seconds in all, and waits as `retry-after` says. Every try has
# the same `message_id`, so the message is decided once. One try may take a little longer than the deadline, so that an error comes in the
# service's own words. The key goes over standard input: a list of processes shows arguments.
reply=$(mktemp)
trap 'rm -f "$reply"' EXIT
status=$(printf '%s' "${TRIAGE_KEY:+header = \"authorization: Bearer $TRIAGE_KEY\"}" |
    curl --silent --config - --retry 20 --retry-all-errors --retry-max-time 10 --max-time 2.5 \
        --output "$reply" --write-out '%{http_code}' -H 'content-type: application/json' --data-binary "$message" \
        "${TRIAGE_URL:-http://127.0.0.1:8080}/v1/triage") || status=${status:-000}

if [ "$status" != 200 ]; then
    echo "to your own people: status $((10#$status)) $(jq -r '.error | "\(.code): \(.message) (request \(.request_id))"' "$reply" 2>/dev/null || true)"
    exit 1
fi

# What docs/api.md asks of a gateway.
jq -r '
    "decision: \(.decision)",
    "leave out, if not shown yet: the reply to \(.supersedes[])",
    (.answer // empty | "say: \(.text)", "choice: \(.choices[].title)"),
    if .decision == "handoff" and .durable then
        "waits for a person: ticket \(.handoff.ticket_id) in \(.handoff.queue)"
    elif .decision == "handoff" then
        # Nobody else knows of it.
        (.handoff | "put into \(.queue) yourself: \(.level), by \(.respond_due_at): \(.summary)")
    elif .decision == "silent" then
        (.reasons[].code | select(startswith("sensitive:") or startswith("emotion:")) | "tell the person: \(.)"),
        "offer the person: \(.suggestions[]?.text)"
    else empty end' "$reply"
