"""Fine-tunes the student on what the heads will ask of it: intents, acts and emotions of real and written messages.

    python finetune.py --data DATA --work WORK --normalise 'triage bundle normalise'

Reads WORK/student.pt and writes it anew (the distilled one is kept as distilled.pt). The catalogue's examples are left
out on purpose: the service calibrates on held-out folds of them, which would flatter an encoder that has seen their labels.
A distillation term on the general corpus keeps the space that new intents are fitted in.
"""

import argparse
import math
import random
import shutil
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import nn

import labelled
from encoder import batches_by_length, load_student, padded
from heads import ACTS, EMOTIONS, Heads, collect, normalised, rows_of


class Task:
    """Rows of one kind, given out in shuffled batches of similar length for ever."""

    def __init__(self, rows: list[list[int]], targets: tuple, tokens: int, chance: random.Random):
        self.rows, self.targets, self.chance = rows, targets, chance
        self.batches = [batch for batch in batches_by_length([len(row) for row in rows], tokens) if len(batch) > 3]
        self.at = len(self.batches)

    def next(self):
        if self.at >= len(self.batches):
            self.chance.shuffle(self.batches)
            self.at = 0
        batch = self.batches[self.at]
        self.at += 1
        return padded([self.rows[i] for i in batch]), [target[batch] for target in self.targets]


def intent_rows(data: Path, work: Path):
    """(text, labels, weight) of labelled real messages and of the background."""
    out = []
    for split, weight, intents, text in (row[:4] for row in rows_of(work / "labelled.tsv")):
        if split == "train":
            out.append((text, intents.replace("+", "|").split("|"), float(weight) ** 0.5))
    out += [(text, ["other"], 0.5) for text in (work / "background.txt").read_text(encoding="utf-8").splitlines()]
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--normalise", required=True)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    chance = random.Random(args.seed)
    if not (args.work / "distilled.pt").exists():
        shutil.copy(args.work / "student.pt", args.work / "distilled.pt")
    student, saved = load_student(args.work / "distilled.pt")
    student.word.weight.requires_grad_(False)
    tokenizer = Tokenizer.from_file(str(args.work / "tokenizer.json"))
    tokenizer.enable_truncation(64)
    encode = lambda texts: [row.ids for row in tokenizer.encode_batch(normalised(texts, args.normalise))]

    rows = intent_rows(args.data, args.work)
    names = sorted({label for _, labels, _ in rows for label in labels} - {"other"})
    targets = torch.zeros(len(rows), len(names))
    for at, (_, labels, _) in enumerate(rows):
        for label in labels:
            if label != "other":
                targets[at, names.index(label)] = 1
    intents = Task(encode([row[0] for row in rows]), (targets, torch.tensor([row[2] for row in rows])), 1024, chance)

    felt = [row for row in collect(args.data, args.seed) if row[5] == "train"]
    columns = tuple(torch.tensor([row[i] for row in felt]) for i in (1, 3, 4))
    emotions = Task(encode([row[0] for row in felt]), columns, 1024, chance)

    lines = (args.work / "model.txt").read_text(encoding="utf-8").splitlines()
    teacher = torch.from_numpy(np.load(args.work / "teacher.npy")).float()
    teacher = F.normalize(teacher - saved["centre"], dim=-1)
    general = Task([row.ids for row in tokenizer.encode_batch(lines)], (teacher,), 1024, chance)

    dimensions = student.word.weight.shape[1]
    intent_head, heads = nn.Linear(dimensions, len(names)), Heads(dimensions)
    nn.init.constant_(intent_head.bias, -4.0)
    body = [p for p in student.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": body, "base": args.rate}, {"params": [*intent_head.parameters(), *heads.parameters()], "base": 2e-3}],
        lr=args.rate, weight_decay=0.01,
    )
    student.train()
    started, sums = time.time(), np.zeros(4)
    for step in range(1, args.steps + 1):
        rate = min(1.0, step / 100) * 0.5 * (1 + math.cos(math.pi * step / args.steps))
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * max(rate, 1e-3)
        with torch.autocast("cpu", torch.bfloat16):
            ids, (wanted, weight) = intents.next()
            vectors = student(ids)
            logits = intent_head(vectors * dimensions**0.5).float()
            intent_loss = (F.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1) * weight).mean()
            ids, (emotion, act, weight) = emotions.next()
            feelings, acts, _ = heads(student(ids))
            emotion_loss = (F.cross_entropy(feelings.float(), emotion, reduction="none", label_smoothing=0.05) * weight).sum() / weight.sum()
            known = act >= 0
            act_loss = F.cross_entropy(acts[known].float(), act[known]) if known.any() else torch.zeros(())
            ids, (wanted,) = general.next()
            distance = 1 - (student(ids) * wanted).sum(-1).mean()
        loss = intent_loss + emotion_loss + 0.5 * act_loss + 2.0 * distance
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body, 1.0)
        optimiser.step()
        sums += [intent_loss.item(), emotion_loss.item(), act_loss.item(), distance.item()]
        if step % 50 == 0:
            intent, emotion, act, apart = sums / 50
            print(f"step {step}/{args.steps} intent {intent:.3f} emotion {emotion:.3f} act {act:.3f} distance {apart:.3f} {time.time() - started:.0f} s", flush=True)
            sums[:] = 0
    torch.save({"state": student.state_dict(), "layers": saved["layers"], "centre": saved["centre"]}, args.work / "student.pt")


if __name__ == "__main__":
    main()
