"""How well an intent works that a lead has just added with eight examples.

    python3 training/new_intents.py [PROGRAM]

Adds each intent of `new_intents.tsv` (columns: intent, role, text, gold) to a copy of the shipped catalogue, one at a time,
asks its test messages and those that only look like it, and counts. Run from the root of the repository.
"""

import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
INTENT = """id: {id}
title: {{ zh: {zh}, en: {en} }}
queue: presale
examples:
  zh:
{examples}
  en: [about {id}]
answers:
  - id: general
    resolves: inform
    zh: [好的, 收到, 明白]
    en: [fine, noted, understood]
"""


def rows(name):
    return [line.split("\t") for line in (ROOT / "training" / name).read_text(encoding="utf-8").splitlines()]


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target/release/triage")
    texts, total = rows("new_intents.tsv"), collections.Counter()
    for id, zh, en in rows("new_intents_titles.tsv"):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            for part in ("intents", "config"):
                shutil.copytree(ROOT / part, place / part)
            config = place / "config/triage.yaml"
            bundle = f"bundle: {ROOT / 'models/zh-en-small'}"
            config.write_text(re.sub(r"(?m)^bundle: .*$", bundle, config.read_text(encoding="utf-8")), encoding="utf-8")
            examples = [f"    - {json.dumps(row[2], ensure_ascii=False)}" for row in texts if row[:2] == [id, "example"]]
            quoted = (json.dumps(title, ensure_ascii=False) for title in (zh, en))
            text = INTENT.format(id=id, zh=next(quoted), en=next(quoted), examples="\n".join(examples))
            (place / "intents" / f"{id}.yaml").write_text(text, encoding="utf-8")
            asked = [row for row in texts if row[0] == id and row[1] != "example"]
            lines = "\n".join(json.dumps({"text": row[2]}, ensure_ascii=False) for row in asked)
            ask = [program, "--config", str(config), "ask", "--jsonl"]
            out = subprocess.run(ask, input=lines, capture_output=True, text=True, check=True).stdout
        count = collections.Counter()
        for row, line in zip(asked, out.splitlines()):
            reply = json.loads(line)
            first = reply["intents"][0]
            understood = first["id"] == id and first["score"] >= reply["out_of_scope"]
            answered = reply["decision"] == "answer" and reply["answer"]["intents"][:1] == [id]
            count[row[1]] += 1
            count[row[1] + " understood"] += understood
            count[row[1] + " answered"] += answered
            count[row[1] + " answered as another"] += reply["decision"] == "answer" and not answered
        print(f"{id:20} {dict(count)}")
        total.update(count)
    print(f"{'all':20} {dict(total)}")


if __name__ == "__main__":
    main()
