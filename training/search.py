"""The speed–quality plane: every shape distilled with the same small budget, timed through tract, judged on frozen vectors.

    python search.py --data DATA --work WORK --triage ../target/release/triage [--shapes 256:c3,c3,a1024 …]

Prints a table as Markdown and writes WORK/search.svg. Quality: accuracy on real business messages that the fit has not seen (three
folds over the labelled train and calibrate rows), and the 10-shot sets; the head is the service's own kind (one against rest on the
vector alone). Speed: p50 at 8 tokens, as a ratio to the 12-layer teacher in the same run. A shape that was distilled before is
not distilled again.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

import labelled
from encoder import load_student
from feelings import rows_of
from heads import embed_tokens, normalised
from vocabulary import token_ids

SHAPES = [
    "192:c3,c3,a768", "256:c3,c3,c3", "256:c3,c3,a1024", "256:a1024,a1024", "384:a1536", "384:a384,a384", "384:a768,a768",
    "384:a1536,a1536,a1536",
]
SOCIAL = {"greeting", "thanks_bye", "affirm", "deny", "provide_info", "nudge", "chitchat", "human_agent", "other"}


def name_of(shape: str) -> str:
    return "search_" + shape.replace(":", "_").replace(",", "_")


def run(*command):
    subprocess.run([str(part) for part in command], check=True)


def vectors(student, work: Path, texts: list[str], triage: Path):
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    states = embed_tokens(student, token_ids(tokenizer, normalised(texts, f"{triage} bundle normalise")))
    return student.vectors(states).detach().numpy()


def few_shot(student, args, name: str) -> float:
    train, valid = (rows_of(args.data / "fewshot" / f"{name}_{part}.tsv") for part in ("train_10", "valid"))
    x, y = (vectors(student, args.work, [row[0] for row in part], args.triage) for part in (train, valid))
    mean = x.mean(0)
    fit = LogisticRegression(C=10, max_iter=2000).fit((x - mean) * 6, [row[1] for row in train])
    return float((fit.predict((y - mean) * 6) == [row[1] for row in valid]).mean())


def business(student, args) -> tuple[float, int]:
    rows = [row for row in labelled.read(args.data) if row.split != "test"]
    accepted = [set(row.intent.replace("|", "+").split("+")) for row in rows]
    kept = [at for at, ids in enumerate(accepted) if not ids & SOCIAL]
    x = vectors(student, args.work, [rows[at].text for at in kept], args.triage) * 6
    first = np.array([rows[at].intent.replace("|", "+").split("+")[0] for at in kept])
    fold = np.array([int(labelled.sha1(rows[at].text), 16) % 3 for at in kept])
    right = 0
    for number in range(3):
        fit = LogisticRegression(C=1, max_iter=500).fit(x[fold != number], first[fold != number])
        held = np.flatnonzero(fold == number)
        right += sum(guess in accepted[kept[at]] for guess, at in zip(fit.predict(x[held]), held))
    return right / len(kept), len(kept)


def plot(path: Path, rows: list[dict]):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams["svg.hashsalt"] = "triage"
    figure, axes = plt.subplots(figsize=(7, 4))
    for row in rows:
        axes.plot(row["p50"], row["business"], "o", color="tab:blue")
        axes.annotate(row["shape"], (row["p50"], row["business"]), xytext=(5, 4), textcoords="offset points", fontsize=8)
    axes.set_xlabel("p50 of one pass, 8 tokens, one core, tract (ms)")
    axes.set_ylabel("real business messages, 3 folds")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--triage", type=Path, required=True)
    parser.add_argument("--shapes", nargs="*", default=SHAPES)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--share", type=float, default=0.4)
    args = parser.parse_args()
    here = Path(__file__).parent
    for shape in args.shapes:
        name = name_of(shape)
        if not (args.work / f"{name}.pt").exists():
            run(sys.executable, here / "distil.py", "--work", args.work, "--shape", shape, "--epochs", args.epochs, "--share", args.share, "--name", name)
        run(sys.executable, here / "export.py", "--work", args.work, "--name", name, "--out", args.work / name, "--version", "0.0.0", "--untrained-heads")
    run(sys.executable, here / "export.py", "--work", args.work, "--teacher", "--out", args.work / "teacher", "--version", "0.0.0")
    folders = [args.work / "teacher"] + [args.work / name_of(shape) for shape in args.shapes]
    measure = [args.triage, "bundle", "measure", *folders, "--tokens", "8", "--json"]
    times = {row["bundle"]: row for row in json.loads(subprocess.run(measure, capture_output=True, text=True, check=True).stdout)}
    teacher = times["teacher@0.0.0"]["p50_us"]
    rows = []
    print("| shape | M weights | p50 ms, 8 tokens | times faster than 12 layers | real business, 3 folds | BANKING77 10-shot | HWU64 10-shot |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for shape in args.shapes:
        student, _ = load_student(args.work / f"{name_of(shape)}.pt")
        weights = sum(p.numel() for name, p in student.named_parameters() if name not in ("word.weight", "narrow.weight")) / 1e6
        p50 = times[f"{name_of(shape)}@0.0.0"]["p50_us"]
        share, n = business(student, args)
        rows.append({"shape": shape, "p50": p50 / 1000, "business": share})
        few = [few_shot(student, args, name) for name in ("banking77", "hwu64")]
        print(f"| `{shape}` | {weights:.2f} | {p50 / 1000:.2f} | {teacher / p50:.1f} | {share:.3f} (n {n}) | {few[0]:.3f} | {few[1]:.3f} |", flush=True)
    plot(args.work / "search.svg", rows)


if __name__ == "__main__":
    main()
