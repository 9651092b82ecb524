#!/usr/bin/env bash
# A customer asks, gets angry and is handed over; an agent claims the ticket, answers and resolves it. Ends with 1 if anything
# of that does not happen. Needs curl, jq, and a running service with a store.
#
#   TRIAGE_URL=http://127.0.0.1:8080 TRIAGE_KEY=… docs/integrations/plain_http.sh
set -euo pipefail

url=${TRIAGE_URL:-http://127.0.0.1:8080}
key=(${TRIAGE_KEY:+-H "authorization: Bearer $TRIAGE_KEY"})
conversation="plain-$(date +%s)-$$"

call() { # method path [body]
  curl --silent --show-error --fail-with-body --max-time 10 "${key[@]}" -X "$1" "$url$2" \
    ${3:+-H 'content-type: application/json' --data-binary "$3"}
}

fail() {
  echo "plain_http: $1" >&2
  exit 1
}

# One message, under an id of its own, so that it could be sent again.
say() { # id text
  call POST /v1/triage "$(jq -cn --arg c "$conversation" --arg m "$1" --arg t "$2" \
    '{conversation_id: $c, message_id: $m, text: $t, channel: "example"}')"
}

call GET /ready > /dev/null || fail "no service is ready at $url"

reply=$(say m-1 '到新疆运费多少')
[[ $(jq -r .decision <<< "$reply") == answer ]] || fail "the question is not answered: $reply"
echo "bot:    $(jq -r .answer.text <<< "$reply")"

# What comes within 4 seconds (`burst_seconds` of the policy) is read as one message; a customer takes longer.
sleep 5
reply=$(say m-2 '转人工')
[[ $(jq -r .decision <<< "$reply") == handoff ]] || fail "nobody is called: $reply"
# Where it is not durable, nobody here knows of the hand-off: the gateway has to route it.
[[ $(jq -r .durable <<< "$reply") == true ]] || fail "the hand-off is not stored; does the service run without a store?"
echo "bot:    $(jq -r .answer.text <<< "$reply")"
ticket=$(jq -r .handoff.ticket_id <<< "$reply")

again=$(say m-2 '转人工')
[[ $again == "$reply" ]] || fail "the same message sent again got another answer"

waiting=$(call GET "/v1/handoffs?state=queued&limit=200" | jq -r '.items[].id')
grep -qx "$ticket" <<< "$waiting" || fail "the ticket $ticket is not in the list"
state=$(call POST "/v1/handoffs/$ticket/claim" '{"agent": "a-7"}' | jq -r .state)
[[ $state == claimed ]] || fail "the ticket is $state, not claimed"
call POST "/v1/conversations/$conversation/messages" \
  '{"role": "agent", "agent": "a-7", "text": "您好，我是客服小李，马上帮您看。", "message_id": "a-7-1"}' > /dev/null

reply=$(say m-3 '谢谢')
[[ $(jq -r .decision <<< "$reply") == silent ]] || fail "the bot talks while a person is there: $reply"

state=$(call POST "/v1/handoffs/$ticket/resolve" '{"agent": "a-7", "note": "已告知运费"}' | jq -r .state)
[[ $state == resolved ]] || fail "the ticket is $state, not resolved"
echo "ticket: $ticket claimed and resolved"
