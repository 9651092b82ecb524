"""Labelled emotions, intensities and acts, from every source, with the weight of a row and the part that it belongs to.

Sources: the shop messages written for this project (weight 3), real messages labelled by reading (2; train split only), CPED and
GoEmotions mapped to five labels (0.3). Acts: real messages labelled by reading, and sentences written for this project, since the
real ones are all simplified Chinese. A tenth of the written messages and the real calibrate split are kept to calibrate on; the
test split, gold_dev and the written exam are only reported on.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import labelled

EMOTIONS = ["neutral", "positive", "anxiety", "disappointment", "anger"]
ACTS = ["ask", "request", "report", "chase"]
UNKNOWN = -1
GO = {
    "neutral": "neutral", "anger": "anger", "annoyance": "anger", "disgust": "anger", "disappointment": "disappointment",
    "sadness": "disappointment", "disapproval": "neutral", "confusion": "neutral", "curiosity": "neutral",
    "gratitude": "positive", "joy": "positive", "admiration": "positive", "love": "positive", "excitement": "positive",
    "nervousness": "anxiety", "fear": "anxiety",
}
CPED = {
    "neutral": "neutral", "anger": "anger", "disgust": "anger", "depress": "disappointment", "sadness": "disappointment",
    "happy": "positive", "grateful": "positive", "worried": "anxiety", "fear": "anxiety", "relaxed": "neutral",
}


@dataclass(frozen=True)
class Felt:
    text: str
    emotion: int  # index in EMOTIONS, or UNKNOWN
    intensity: int  # 1 to 3, or 0 where there is none or it is unknown
    act: int  # index in ACTS, or UNKNOWN
    weight: float
    source: str  # written, acts, real, goemotions, cped or exam
    part: str  # train, calibrate, real_test, gold_dev or exam


def rows_of(path: Path) -> list[list[str]]:
    with open(path, encoding="utf-8") as file:
        next(file)
        return [line.rstrip("\n").split("\t") for line in file]


def collect(data: Path, seed: int) -> list[Felt]:
    chance = random.Random(seed)
    out = []
    for path in sorted((labelled.HERE / "emotion").glob("*.tsv")):
        for text, emotion, intensity in rows_of(path):
            part = "calibrate" if int(labelled.sha1("shop:" + text), 16) % 10 == 0 else "train"
            out.append(Felt(text, EMOTIONS.index(emotion), int(intensity), UNKNOWN, 3.0, "written", part))
    for text, act in rows_of(labelled.HERE / "acts" / "shop.tsv"):
        out.append(Felt(text, UNKNOWN, 0, ACTS.index(act), 0.0, "acts", "train"))
    for row in labelled.read(data):
        act = ACTS.index(row.act) if row.act in ACTS else UNKNOWN
        part = "real_test" if row.split == "test" else row.split
        out.append(Felt(row.text, EMOTIONS.index(row.emotion), row.intensity, act, 2.0, "real", part))
    for text, label in rows_of(data / "goemotions_train.tsv"):
        labels = {GO.get(one, "?") for one in label.split("|")}
        if len(labels) == 1 and "?" not in labels and chance.random() < 0.35:
            out.append(Felt(text, EMOTIONS.index(labels.pop()), 0, UNKNOWN, 0.3, "goemotions", "train"))
    for text, label, *_ in rows_of(data / "cped.tsv"):
        if label in CPED and chance.random() < 0.5:
            out.append(Felt(text, EMOTIONS.index(CPED[label]), 0, UNKNOWN, 0.3, "cped", "train"))
    exams = labelled.exams(data)
    out = [row for row in out if row.part == "real_test" or labelled.clean(row.text) not in exams]
    gold = data / "gold_dev.tsv"
    for text, emotion in zip(labelled.column(gold, "text"), labelled.column(gold, "emotion")):
        out.append(Felt(text, EMOTIONS.index(emotion), 0, UNKNOWN, 0.0, "real", "gold_dev"))
    for text, emotion, intensity in rows_of(labelled.EXAM / "emotion.tsv"):
        out.append(Felt(text, EMOTIONS.index(emotion), int(intensity), UNKNOWN, 0.0, "exam", "exam"))
    return out
