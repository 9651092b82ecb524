"""Joins the committed labels with the data folder, and gives every labelled text with its split.

Labels are keyed by file and SHA-1 of the text (`training/labels/`); no text of the data folder is in this repository.
The split is by dialogue where there is one, by text otherwise: one in five is the project's test split and trains or
tunes nothing; one in five of the rest calibrates; the remainder trains. Messages that were chosen for labelling because a
model found them upset or hard (`jddc_chosen.tsv`) are no fair sample and only train.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LABELS = HERE / "labels"
EXAM = HERE.parent / "tests" / "exam"


@dataclass(frozen=True)
class Labelled:
    text: str
    previous: str  # the agent's line before it, if it stands in a dialogue
    intent: str
    act: str
    emotion: str
    intensity: int
    handoff: str
    split: str  # train, calibrate or test


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def clean(text: str) -> str:
    return " ".join(text.split())


def split_of(key: str) -> str:
    bucket = int(sha1("split:" + key), 16)
    if bucket % 5 == 0:
        return "test"
    return "calibrate" if bucket // 5 % 5 == 0 else "train"


def texts(data: Path, file: str):
    """SHA-1 (and turn, in dialogues) to (text, previous agent line, split key)."""
    path = data / file
    if file.endswith(".jsonl"):
        for line in open(path, encoding="utf-8"):
            dialogue = json.loads(line)
            previous = ""
            for at, turn in enumerate(dialogue["turns"]):
                if turn["role"] == "customer":
                    yield (f"{dialogue['id']}#{at}", sha1(turn["text"])), (turn["text"], previous, dialogue["id"])
                else:
                    previous = turn["text"]
    else:
        for line in open(path, encoding="utf-8"):
            text = line.rstrip("\n").split("\t")[0]
            yield ("-", sha1(text)), (text, "", sha1(text))


def read(data: Path) -> list[Labelled]:
    out = []
    for file, name in [
        ("jddc_dialogues.jsonl", "jddc_dialogues"), ("jddc_intent_train.tsv", "jddc_intent_train"),
        ("jddc_unlabelled.txt", "jddc_unlabelled"), ("jddc_unlabelled.txt", "jddc_chosen"),
    ]:
        known = dict(texts(data, file))
        with open(LABELS / f"{name}.tsv", encoding="utf-8") as rows:
            next(rows)
            for number, row in enumerate(rows, 2):
                turn, digest, intent, act, emotion, intensity, handoff = row.rstrip("\n").split("\t")
                if (turn, digest) not in known:
                    raise SystemExit(f"{name}.tsv:{number}: no such text in {file}")
                text, previous, key = known[turn, digest]
                split = "train" if name == "jddc_chosen" else split_of(key)
                out.append(Labelled(text, previous, intent, act, emotion, int(intensity), handoff, split))
    # A text of the test split trains nothing, wherever else it stands.
    tested = {clean(row.text) for row in out if row.split == "test" and len(clean(row.text)) >= 6}
    return [row for row in out if row.split == "test" or clean(row.text) not in tested]


def column(path: Path, name: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        at = next(file).rstrip("\n").split("\t").index(name)
        return [line.rstrip("\n").split("\t")[at] for line in file]


def exams(data: Path) -> set[str]:
    """Cleaned texts of 6 or more characters that nothing may train on: the test split's, gold_dev's and the written exams'."""
    out = {row.text for row in read(data) if row.split == "test"} | set(column(data / "gold_dev.tsv", "text"))
    for path in EXAM.glob("*.tsv"):
        out |= set(column(path, "text"))
    return {clean(text) for text in out if len(clean(text)) >= 6}
