#!/bin/sh
# Plays a conversation between a stand-in for Chatwoot and Triage, from a question to a hand-off and its end.
#
#     docs/integrations/chatwoot.sh [PROGRAM]
#
# Starts PROGRAM (target/release/triage if left out) in a folder of its own, with the catalogue of this repository, and stops
# it again. Needs python3 and curl. Exits with 0 only if everything was as docs/chatwoot.md says. The ports can be changed:
# TRIAGE_PORT, CHATWOOT_PORT.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
program=${1:-$root/target/release/triage}
triage_port=${TRIAGE_PORT:-18080}
chatwoot_port=${CHATWOOT_PORT:-13999}

if [ ! -x "$program" ]; then
    echo "there is no program at $program; run cargo build --release first" >&2
    exit 1
fi

folder=$(mktemp -d)
process=
finish() {
    [ -z "$process" ] || kill "$process" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM

cp -r "$root/config" "$folder/config"
ln -s "$root/intents" "$folder/intents"
ln -s "$root/models" "$folder/models"

# In a real shop both come from Chatwoot.
printf 'the-token-of-the-agent-bot\n' > "$folder/config/token"
printf 'the-secret-of-the-agent-bot\n' > "$folder/config/secret"
sed -i.bak -e "s/^listen: [^ ]*/listen: 127.0.0.1:$triage_port/" -e 's/^metrics_listen: [^ ]*/metrics_listen: off/' \
    "$folder/config/triage.yaml"
cat >> "$folder/config/triage.yaml" <<CONFIG

chatwoot:
  url: http://127.0.0.1:$chatwoot_port
  token_file: token
  secret_file: secret
  allow_private: true
CONFIG

"$program" serve --config "$folder/config/triage.yaml" 2> "$folder/log" &
process=$!
tries=0
until curl -sf "http://127.0.0.1:$triage_port/ready" > /dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$process" 2>/dev/null; then
        echo "Triage does not start:" >&2
        cat "$folder/log" >&2
        exit 1
    fi
    sleep 0.2
done

if ! python3 "$root/docs/integrations/stand_in_chatwoot.py" --triage "http://127.0.0.1:$triage_port" \
    --listen "127.0.0.1:$chatwoot_port" --token-file "$folder/config/token" --secret-file "$folder/config/secret"; then
    echo "The log of Triage:" >&2
    cat "$folder/log" >&2
    exit 1
fi
