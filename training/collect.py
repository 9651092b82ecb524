"""Collects the unlabelled text that the student is distilled on, and one natural reading of each line for the teacher.

    python collect.py --data DATA --catalogue ../intents --out WORK/corpus.tsv

Masked recordings hold placeholders such as [数字x]. The student sees what the service sees (the line goes through
`triage bundle normalise`, which maps placeholders and live values to the same typed tokens); the teacher, which knows
no such tokens, sees an ordinary value in their place.
"""

import argparse
import csv
import hashlib
import html
import json
import random
import re
from pathlib import Path

import yaml

import labelled

READINGS = {
    "数字": ["3", "2", "7", "100", "30"], "姓名": ["王女士", "小李"], "地址": ["人民路12号"], "金额": ["99元", "200元"],
    "时间": ["10:30"], "订单": ["订单号20260526"], "电话": ["手机号"], "日期": ["5月26日"], "链接": ["商品链接"],
    "组织机构": ["某某公司"], "站点": ["配送站"], "身份证号": ["身份证号"], "邮箱": ["邮箱"],
}
PLACEHOLDER = re.compile(r"\[(%s)x\]" % "|".join(READINGS))


def natural(line: str) -> str:
    def pick(match):
        choices = READINGS[match[1]]
        return choices[hashlib.sha1(line.encode()).digest()[match.start() % 20] % len(choices)]

    return PLACEHOLDER.sub(pick, line)


def tsv(path: Path, column: str = "text"):
    with open(path, encoding="utf-8") as file:
        header, *rows = (line.rstrip("\n").split("\t") for line in file)
    at = header.index(column)
    return [row[at] for row in rows if len(row) > at]


def sources(data: Path, catalogue: Path):
    """(lines, share kept, repeats): shop messages all, the rest thinned to what keeps the space general."""
    jddc = (data / "jddc_unlabelled.txt").read_text(encoding="utf-8").splitlines()
    dialogues = [json.loads(line) for line in (data / "jddc_dialogues.jsonl").read_text(encoding="utf-8").splitlines()]
    yield jddc, 1.0
    yield tsv(data / "jddc_intent_train.tsv"), 1.0
    yield [turn["text"] for dialogue in dialogues for turn in dialogue["turns"]], 1.0
    yield tsv(data / "multidogo.tsv"), 1.0
    yield tsv(data / "cped.tsv"), 0.5
    yield tsv(data / "crosswoz_user.tsv"), 0.5
    yield tsv(data / "chatterbot.tsv"), 1.0
    yield tsv(data / "goemotions_train.tsv"), 0.5
    for path in sorted(catalogue.glob("*.yaml")):
        intent = yaml.safe_load(path.read_text(encoding="utf-8"))
        for language in intent["examples"].values():
            yield [item if isinstance(item, str) else item["say"] for item in language], 1.0
    for path in sorted(labelled.HERE.glob("background/*.txt")):
        yield path.read_text(encoding="utf-8").splitlines(), 1.0
    for folder in ("emotion", "acts", "paraphrases"):
        for path in sorted(labelled.HERE.glob(f"{folder}/*.tsv")):
            yield labelled.column(path, "text"), 1.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    exams = labelled.exams(args.data)
    kept, left_out = {}, 0
    for lines, share in sources(args.data, args.catalogue):
        for line in lines:
            if labelled.clean(line) in exams:
                left_out += 1
                continue
            line = " ".join(html.unescape(line).split())[:200]
            if line and chance.random() < share:
                kept.setdefault(line, natural(line))
    with open(args.out, "w", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
        writer.writerows(kept.items())
    print(f"{len(kept)} lines; {left_out} left out because an exam holds them")


if __name__ == "__main__":
    main()
