#!/usr/bin/env bash
# What a Rasa client does: asks what is there, has a text read, talks over the REST channel, and is handed over.
# Ends with 1 if anything of that does not happen, or an answer lacks what Rasa's own API description says is there. Needs curl, jq, and a
# running service with a store.
#
#   TRIAGE_URL=http://127.0.0.1:8080 TRIAGE_KEY=… docs/integrations/rasa_rest.sh
set -euo pipefail

url=${TRIAGE_URL:-http://127.0.0.1:8080}
key=(${TRIAGE_KEY:+-H "authorization: Bearer $TRIAGE_KEY"})
sender="rasa-$(date +%s)-$$"

# As Rasa's documentation calls it: without a content type.
call() { # method path [body]
  curl --silent --show-error --fail-with-body --max-time 10 "${key[@]}" -X "$1" "$url$2" ${3:+--data-binary "$3"}
}

fail() {
  echo "rasa_rest: $1" >&2
  exit 1
}

say() { # text
  call POST /webhooks/rest/webhook "$(jq -cn --arg s "$sender" --arg m "$1" '{sender: $s, message: $m}')"
}

[[ $(call GET /webhooks/rest/ | jq -r .status) == ok ]] || fail "no REST channel at $url"

# A text is read by itself.
text='😡到新疆运费多少'
parsed=$(call POST /model/parse "$(jq -cn --arg t "$text" '{text: $t, message_id: "b2831e73"}')")
jq -e '
  (.text | type == "string")
  and (.intent | (.name | type == "string") and (.confidence | type == "number"))
  and (.intent == .intent_ranking[0])
  and (.intent_ranking | all((.name | type == "string") and .confidence >= 0 and .confidence <= 1))
  and (.entities | all((.start | type == "number") and .end > .start and has("value") and has("entity")))
  and (.response_selector.all_retrieval_intents == ["faq"])
  and (.response_selector.faq | has("response") and has("ranking"))
' <<< "$parsed" > /dev/null || fail "the reading has another shape: $parsed"
# jq counts characters as Rasa does.
jq -e '. as $r | .entities[] | select(.entity == "region") | $r.text[.start:.end] == "新疆"' <<< "$parsed" > /dev/null ||
  fail "the region is elsewhere: $parsed"
echo "read:   $(jq -r '"\(.intent.name) \(.intent.confidence)"' <<< "$parsed")"

# What nobody can mean is the fallback.
parsed=$(call POST /model/parse '{"text": "量子色动力学里的夸克禁闭"}')
[[ $(jq -r .intent.name <<< "$parsed") == nlu_fallback ]] || fail "that is understood: $parsed"

# What is refused is refused in Rasa's shape.
refused=$(curl --silent "${key[@]}" -X POST "$url/model/parse" --data-binary '{}')
jq -e '.status == "failure" and .code == 400 and .reason == "BadRequest" and has("version") and has("message")' \
  <<< "$refused" > /dev/null || fail "an error has another shape: $refused"

# A conversation.
replies=$(say '到新疆运费多少')
jq -e --arg s "$sender" 'length == 1 and .[0].recipient_id == $s and (.[0].text | length > 0)' <<< "$replies" > /dev/null ||
  fail "the question is not answered: $replies"
echo "bot:    $(jq -r '.[0].text' <<< "$replies")"

# What comes within 4 seconds (`burst_seconds` of the policy) is read as one message; a customer takes longer.
sleep 5
replies=$(say '转人工')
handoff=$(jq -c '[.[] | .custom.handoff // empty] | first // empty' <<< "$replies")
[[ -n $handoff ]] || fail "nobody is called: $replies"
echo "bot:    $(jq -r '.[0].text' <<< "$replies")"
jq -e '.durable and (.ticket_id | type == "string") and has("queue") and has("level") and has("respond_due_at")' \
  <<< "$handoff" > /dev/null || fail "the hand-off is not complete: $handoff"

ticket=$(jq -r .ticket_id <<< "$handoff")
held=$(call GET "/v1/conversations/$sender" | jq -r '"\(.handled_by) \(.channel) \(.ticket.id)"')
[[ $held == "queue rasa-rest $ticket" ]] || fail "the conversation is with: $held"
echo "ticket: $ticket waits in $(jq -r .queue <<< "$handoff")"
