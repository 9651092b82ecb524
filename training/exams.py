"""Writes the exams that need the data folder as files for `triage eval`. They hold texts of it, so they stay out of the repository.

    python exams.py --data DATA --out WORK

`exam_test.tsv`: the project's own test split, with the agent's line before. `exam_scope.tsv`: its business messages against messages
that are none of a shop's: small talk, tourism, questions to other businesses, gibberish, lone emoji, none of them in the
background that the bundle ships.
"""

import argparse
import random
from pathlib import Path

import labelled
from feelings import rows_of
from labelled import clean
from prepare import CHATTERBOT_OUT, background

EMOJI = list("😀😂😅😍😎🤔🙈🐶🌸🎉🔥💯⚽🍔🚗🌧🎵🐱👻🦄🍉🏀📷🌙☕🍺🎂🥑🛌🧩")
PER_KIND = 100


def gibberish(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return "".join(chance.choice("asdfghjklqwertyuiopzxcvbnm") for _ in range(chance.randint(4, 14)))
    return "".join(chr(chance.randint(0x4E00, 0x8FFF)) for _ in range(chance.randint(2, 8)))


def foreign(data: Path, chance: random.Random):
    shipped = set(map(clean, background(data, random.Random(7))))
    fresh = lambda texts: chance.sample(sorted({clean(text) for text in texts} - shipped), PER_KIND)
    yield from fresh(row[0] for row in rows_of(data / "chatterbot.tsv") if row[1] not in CHATTERBOT_OUT)
    yield from fresh(row[0] for row in rows_of(data / "crosswoz_user.tsv") if "greet" not in row[1] and "thank" not in row[1])
    generic = ("greeting", "thank", "closing", "confirm", "reject", "content", "outofdomain")
    asked = [row[0] for row in rows_of(data / "multidogo.tsv") if row[2] == "finance" and not any(word in row[1].lower() for word in generic)]
    yield from fresh(asked)
    yield from (gibberish(chance) for _ in range(PER_KIND))
    yield from EMOJI


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    tested = [row for row in labelled.read(args.data) if row.split == "test"]
    with open(args.out / "exam_test.tsv", "w", encoding="utf-8") as file:
        file.write("text\tintent\tact\temotion\thandoff\tprev_agent\n")
        for row in tested:
            file.write("\t".join([clean(row.text), row.intent, row.act, row.emotion, row.handoff, clean(row.previous)]) + "\n")
    others = list(foreign(args.data, random.Random(args.seed)))
    with open(args.out / "exam_scope.tsv", "w", encoding="utf-8") as file:
        file.write("text\tintent\tprev_agent\n")
        for row in tested:
            file.write("\t".join([clean(row.text), row.intent, clean(row.previous)]) + "\n" if "other" not in row.intent else "")
        file.writelines(f"{text}\tother\t\n" for text in others)
    print(f"{len(tested)} of the test split, {len(others)} of other matters")


if __name__ == "__main__":
    main()
