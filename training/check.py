"""Fails if a text of 6 or more characters that trains anything stands in an exam: the test split, gold_dev or a written exam.

    python check.py --data DATA --work WORK

Looks at the files that the training steps read, as they lie in WORK, and at the rows of the emotion and act heads.
"""

import argparse
import sys
from pathlib import Path

import labelled
from feelings import collect, rows_of

EXAMINED = {"real_test", "gold_dev", "exam"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    args = parser.parse_args()
    exams = labelled.exams(args.data)
    learned = {
        "corpus.tsv": [line.split("\t")[0] for line in open(args.work / "corpus.tsv", encoding="utf-8")],
        "background.txt": open(args.work / "background.txt", encoding="utf-8").read().splitlines(),
        "labelled.tsv": [row[3] for row in rows_of(args.work / "labelled.tsv")],
        "emotions and acts": [row.text for row in collect(args.data, 7) if row.part not in EXAMINED],
    }
    found = [f"{place}: {text}" for place, texts in learned.items() for text in texts if labelled.clean(text) in exams]
    print(f"{len(exams)} texts of exams, {sum(map(len, learned.values()))} that train, {len(found)} of them in an exam")
    if found:
        sys.exit("\n".join(found[:50]))


if __name__ == "__main__":
    main()
