"""Writes what `triage bundle pack` takes: background messages and labelled real messages.

    python prepare.py --data DATA --work WORK

Background: the out-of-scope messages written for this project, with small talk, tourism and other domains' messages
from public sets. Labelled: messages labelled by reading (weight 1), with the agent's line before them where it is known;
paraphrases written for this project (0.5); and the shop's machine labels through `jddc_label_map.tsv` (0.15). Nothing that an
exam holds.
"""

import argparse
import random
from pathlib import Path

import labelled
from labelled import clean
from feelings import rows_of

# Small talk that belongs to the social intents stays out of the background.
CHATTERBOT_OUT = {"conversations", "greetings", "botprofile", "emotion"}


def background(data: Path, chance: random.Random):
    for path in sorted((Path(__file__).parent / "background").glob("*.txt")):
        yield from path.read_text(encoding="utf-8").splitlines()
    tourism = [row[0] for row in rows_of(data / "crosswoz_user.tsv") if "greet" not in row[1] and "thank" not in row[1]]
    yield from chance.sample(tourism, 350)
    talk = [row[0] for row in rows_of(data / "chatterbot.tsv") if row[1] not in CHATTERBOT_OUT]
    yield from chance.sample(talk, 350)
    other = {"airline", "finance", "fastfood", "media", "software", "insurance"}
    generic = ("greeting", "thank", "closing", "confirm", "reject", "content", "outofdomain")
    domains = [row[0] for row in rows_of(data / "multidogo.tsv") if row[2] in other and not any(word in row[1].lower() for word in generic)]
    yield from chance.sample(domains, 350)
    lines = [row[0] for row in rows_of(data / "cped.tsv") if row[5] == "statement-non-opinion" and 4 <= len(row[0]) <= 25]
    yield from chance.sample(lines, 350)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--written-weight", type=float, default=0.5)
    parser.add_argument("--machine-weight", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    exams = labelled.exams(args.data)
    lines = dict.fromkeys(map(clean, background(args.data, random.Random(args.seed))))
    lines = [line for line in lines if line not in exams]
    (args.work / "background.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    rows = labelled.read(args.data)
    read = {row.text for row in rows}
    out = [(row.split, 1.0, row.intent, row.text, row.previous) for row in rows if row.split != "test"]
    for intents, text in rows_of(labelled.HERE / "paraphrases" / "shop.tsv"):
        out.append(("train", args.written_weight, intents, text, ""))
    mapping = dict(rows_of(args.data / "jddc_label_map.tsv"))
    for text, label in rows_of(args.data / "jddc_intent_train.tsv"):
        intents = mapping.get(label, "-")
        if intents != "-" and text not in read and labelled.split_of(labelled.sha1(text)) == "train":
            out.append(("train", args.machine_weight, intents, text, ""))
    out = [row for row in out if clean(row[3]) not in exams]
    with open(args.work / "labelled.tsv", "w", encoding="utf-8") as file:
        file.write("split\tweight\tintent\ttext\tbefore\n")
        for split, weight, intent, text, before in out:
            file.write(f"{split}\t{weight}\t{intent}\t{clean(text)}\t{clean(before)}\n")
    print(f"{len(lines)} background, {len(out)} labelled")


if __name__ == "__main__":
    main()
