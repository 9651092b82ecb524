#!/usr/bin/env bash
# Runs every client against a running service, and behind a line that fails first.
#
#     docs/clients/run.sh [--allow-missing node]... [--rust PROGRAM]
#
# TRIAGE_URL and TRIAGE_KEY as for the clients; NODE is the program to take for Node. The Rust client is built with cargo unless it is
# given. A tool that is not there counts as a failure unless it is allowed to be missing. Writes messages into the service's store.
set -uo pipefail
cd "$(dirname "$0")" || exit 2
allowed=" " rust=""
while [ $# -gt 0 ]; do
    case "$1" in
        --allow-missing) allowed+="$2 " ;;
        --rust) rust=$(realpath "$2") ;;
        *) sed -n '2,8s/^# \{0,1\}//p' run.sh >&2; exit 2 ;;
    esac
    shift 2
done
export TRIAGE_URL=${TRIAGE_URL:-http://127.0.0.1:8080}
curl --silent --fail --output /dev/null "$TRIAGE_URL/ready" || { echo "no service at $TRIAGE_URL" >&2; exit 2; }
failures=0
wrong() { echo "wrong: $1"; failures=$((failures + 1)); }

# Name, what has to work for it, command.
present() { eval "$1" >/dev/null 2>&1; }
clients=()
offer() {
    if present "$2"; then
        clients+=("$1|$3")
    elif [[ $allowed == *" $1 "* ]]; then
        echo "left out: $1 is missing, as allowed"
    else
        wrong "$1 is missing: $2"
    fi
}
node=${NODE:-node}
[ -n "$rust" ] || { cargo build --quiet --release --example client && rust=../../target/release/examples/client; }
offer curl "curl --version && jq --version" "./curl.sh"
offer python "python3 --version" "python3 client.py"
offer node "$node -e 'process.exit(process.features.typescript ? 0 : 1)'" "$node --no-warnings client.ts"
offer rust "test -x '$rust'" "$rust"

# What a client does with a message has to hold these lines, and to be the same when it is sent again under the same id.
expect() { # conversation, message, id, lines
    local said again
    said=$($command "$run-$name-$1" "$2" "$3" 2>&1) || wrong "$name: '$2' ended with $?: $said"
    again=$($command "$run-$name-$1" "$2" "$3" 2>&1)
    [ "$said" = "$again" ] || wrong "$name: '$2' sent again is answered otherwise: $again"
    for words in "${@:4}"; do
        grep -q -- "$words" <<<"$said" || wrong "$name: '$2' lacks '$words': $said"
    done
}

run="clients-$(date +%s)-$$"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 lame_line.py "$port" "$TRIAGE_URL" &
line=$!
trap 'kill $line' EXIT
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done

for client in "${clients[@]}"; do
    name=${client%%|*} command=${client#*|}
    before=$failures
    expect answer 到新疆运费多少 m-1 "^decision: answer" "^say: .*25"
    expect answer 那西藏呢 m-2 "^leave out, if not shown yet: the reply to m-1"
    expect ask 我的订单到哪了 m-1 "^decision: ask" "^say: ."
    expect handoff 找个活人来跟我说 m-1 "^decision: handoff" "^say: ." "^waits for a person: ticket [0-9a-f-]* in [a-z]"
    expect handoff 人呢 m-2 "^decision: answer"
    expect handoff 人呢？？快点 m-3 "^decision: silent"
    said=$($command "$run-$name-empty" "" m-1 2>&1) && wrong "$name: an empty message ended well: $said"
    grep -q "^to your own people: status 422 text_empty: " <<<"$said" || wrong "$name: an empty message: $said"
    said=$(TRIAGE_URL=http://127.0.0.1:$port $command "$run-$name-line" 到新疆运费多少 "$name" 2>&1) || wrong "$name: behind a lame line: $said"
    grep -q "^decision: answer" <<<"$said" || wrong "$name: behind a lame line: $said"
    [ "$failures" = "$before" ] && echo "good: $name"
done
echo "${#clients[@]} clients, $failures failures"
[ "$failures" = 0 ]
