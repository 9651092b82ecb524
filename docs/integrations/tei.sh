#!/usr/bin/env bash
# What a client of Text Embeddings Inference does: asks what is served, classifies a text and a batch, by intent and by emotion. Ends
# with 1 if an answer lacks what TEI's own API description says is there. Needs curl, jq and a running service.
#
#   TRIAGE_URL=http://127.0.0.1:8080 TRIAGE_KEY=… docs/integrations/tei.sh
set -euo pipefail

url=${TRIAGE_URL:-http://127.0.0.1:8080}
key=(${TRIAGE_KEY:+-H "authorization: Bearer $TRIAGE_KEY"})

call() { # path body
  curl --silent --show-error --max-time 10 "${key[@]}" -X POST "$url$1" -H 'content-type: application/json' \
    --data-binary "$2"
}

fail() {
  echo "tei: $1" >&2
  exit 1
}

predictions='type == "array" and length > 1 and all((.label | type == "string") and (.score | type == "number"))
  and ([.[].score] == ([.[].score] | sort | reverse))'

for base in "" /emotion; do
  info=$(curl --silent --show-error --fail-with-body "${key[@]}" "$url$base/info")
  jq -e '(["model_id", "model_dtype", "model_type", "max_concurrent_requests", "max_input_length", "max_batch_tokens",
    "max_client_batch_size", "auto_truncate", "tokenization_workers", "version"] - keys) == []' <<< "$info" > /dev/null ||
    fail "$base/info lacks something: $info"
  labels=$(jq '.model_type.classifier.id2label | length' <<< "$info")

  one=$(call "$base/predict" '{"inputs": "等好几天了，太让人失望了"}')
  jq -e "$predictions and length == $labels" <<< "$one" > /dev/null || fail "$base/predict of one text: $one"
  batch=$(call "$base/predict" '{"inputs": [["到新疆运费多少"], ["等好几天了，太让人失望了"]], "truncate": true}')
  jq -e --argjson one "$one" "length == 2 and all($predictions) and .[1] == \$one" <<< "$batch" > /dev/null ||
    fail "$base/predict of a batch: $batch"
  echo "$base/predict: $(jq -c '[.[] | .[0].label]' <<< "$batch")"
done

headers=$(curl --silent --output /dev/null --dump-header - "${key[@]}" -X POST "$url/predict" \
  -H 'content-type: application/json' --data-binary '{"inputs": "运费"}')
for name in x-compute-type x-compute-characters x-compute-tokens x-total-time x-tokenization-time x-queue-time x-inference-time; do
  grep -qi "^$name: " <<< "$headers" || fail "the header $name is missing"
done

refused=$(call /predict '{"inputs": ["到新疆运费多少", "我要退货"]}')
jq -e '.error_type == "validation" and (.error | contains("pair"))' <<< "$refused" > /dev/null ||
  fail "a pair is not refused: $refused"
