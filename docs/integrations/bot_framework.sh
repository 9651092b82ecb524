#!/usr/bin/env bash
# What a Bot Framework channel and an agent hub do: a customer asks, chooses, and is handed over; the hub accepts and completes. Ends
# with 1 if anything of that does not happen. Needs curl, jq, and a running service with a store.
#
#   TRIAGE_URL=http://127.0.0.1:8080 TRIAGE_KEY=… docs/integrations/bot_framework.sh [--schema]
#
# With --schema, every activity is also held against the types of Microsoft's own package, which npm fetches; needs node.
set -euo pipefail

url=${TRIAGE_URL:-http://127.0.0.1:8080}
key=(${TRIAGE_KEY:+-H "authorization: Bearer $TRIAGE_KEY"})
conversation="bf-$(date +%s)-$$"
seen=$(mktemp -d)
trap 'rm -rf "$seen"' EXIT

fail() {
  echo "bot_framework: $1" >&2
  exit 1
}

# Sends an activity; what follows from it, one array.
post() { # activity
  local body
  body=$(curl --silent --show-error --fail-with-body --max-time 10 "${key[@]}" -X POST "$url/v1/bot-framework/activities" \
    -H 'content-type: application/json' --data-binary "$1") || fail "refused: $body"
  jq -c .activities <<< "$body" | tee -a "$seen/activities.jsonl"
}

message() { # id text
  post "$(jq -cn --arg c "$conversation" --arg i "$1" --arg t "$2" '{
    type: "message", id: $i, channelId: "webchat", serviceUrl: "https://directline.botframework.com/", locale: "en-US",
    from: {id: "r_4711", name: "王女士", role: "user"}, recipient: {id: "shop-bot", name: "shop-bot"},
    conversation: {id: $c, isGroup: false, conversationType: "personal", name: "chat"}, text: $t, deliveryMode: "expectReplies"}')"
}

status() { # state
  post "$(jq -cn --arg c "$conversation" --arg s "$1" '{
    type: "event", name: "handoff.status", from: {id: "a-7", name: "李强"}, conversation: {id: $c}, value: {state: $s}}')"
}

replies=$(message a-1 '到新疆运费多少')
jq -e 'length == 1 and .[0].type == "message" and .[0].replyToId == "a-1" and (.[0].text | length > 0)' <<< "$replies" \
  > /dev/null || fail "the question is not answered: $replies"
echo "bot:    $(jq -r '.[0].text' <<< "$replies")"

# What comes within 4 seconds (`burst_seconds` of the policy) is read as one message; a customer takes longer.
sleep 5
replies=$(message a-2 '转人工')
jq -e --arg c "$conversation" '
  (map(.type + (.name // "")) == ["message", "eventhandoff.initiate", "eventhandoff.status"])
  and .[1].conversation.id == $c
  and .[1].value.skill == .[1].value.queue
  and .[1].value.durable
  and (.[1].attachments[0] | .name == "Transcript" and .contentType == "application/json"
    and (.content.activities | length >= 3 and all(.type == "message" and (.from.id | length > 0))))
  and .[2].value.state == "queued" and .[2].value.position >= 1
' <<< "$replies" > /dev/null || fail "nobody is called as the protocol says: $replies"
echo "bot:    $(jq -r '.[0].text' <<< "$replies")"
ticket=$(jq -r '.[1].value.ticket_id' <<< "$replies")

[[ $(status accepted) == '[]' ]] || fail "accepting is answered with something"
[[ $(message a-3 '在吗') == '[]' ]] || fail "the bot talks while a person is there"
[[ $(status failed | jq -r '.[0].value.state') == queued ]] || fail "what was given back does not wait"
status accepted > /dev/null
status completed > /dev/null
state=$(curl --silent --show-error --fail-with-body "${key[@]}" "$url/v1/handoffs/$ticket" | jq -r '"\(.state) \(.claimed_by)"')
[[ $state == "resolved a-7" ]] || fail "the ticket is: $state"
echo "ticket: $ticket accepted and completed"

if [[ ${1:-} == --schema ]]; then
  npm install --silent --no-fund --no-audit --prefix "$seen" botframework-schema > /dev/null
  cat > "$seen/check.cjs" <<'JS'
const { readFileSync } = require('node:fs');
const { assertActivity } = require('botframework-schema');
// The types want keys there that the protocol leaves to the channel; what is there must be of the right kind.
const open = { localTimezone: '', callerId: '', text: '', label: '', valueType: '' };
const party = account => ({ name: '', ...account });
let count = 0;
const check = activity => {
  const { timestamp, from, recipient, conversation, relatesTo, ...rest } = activity;
  if (Number.isNaN(Date.parse(timestamp))) throw new Error(`timestamp ${timestamp}`);
  const place = { isGroup: false, conversationType: '', ...party(conversation) };
  const sent = { ...open, ...rest, timestamp: new Date(timestamp), from: party(from), recipient: party(recipient ?? from), conversation: place };
  assertActivity(relatesTo ? { ...sent, relatesTo } : sent);
  for (const past of rest.attachments?.[0]?.content.activities ?? []) check(past);
  count += 1;
};
for (const line of readFileSync(`${__dirname}/activities.jsonl`, 'utf8').trim().split('\n')) {
  // What a hub without a channel gets back holds no channel either.
  JSON.parse(line).forEach(activity => check({ channelId: '', serviceUrl: '', ...activity }));
}
console.log(`schema: ${count} activities are well formed`);
JS
  node "$seen/check.cjs" || fail "an activity is not well formed"
fi
