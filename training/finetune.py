"""Fine-tunes the distilled student on what the heads will ask of it, and fits the emotion, intensity and act heads with it.

    python finetune.py --data DATA --work WORK --normalise 'triage bundle normalise'

Reads WORK/distilled.pt; writes WORK/student.pt and WORK/heads.pt. Intents: real messages labelled by reading, machine-labelled
ones at little weight, paraphrases written for this project with hard negatives between neighbouring intents, and the background;
both as a classification and contrastively (supervised contrastive loss, Khosla et al. 2020). The catalogue's examples are left
out on purpose: the service calibrates on held-out folds of them, which would flatter an encoder that has seen their labels. A
distillation term on the general corpus keeps the space that new intents are fitted in.
"""

import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import nn

import labelled
from distil import corpus
from encoder import batches_by_length, load_student, padded, save_student
from feelings import collect, rows_of
from heads import Heads, Targets, calibrate, embed, normalised, report
from vocabulary import token_ids


class Task:
    """Rows of one kind, given out in shuffled batches of similar length for ever."""

    def __init__(self, rows: list[list[int]], tokens: int, chance: random.Random):
        self.rows, self.chance = rows, chance
        self.batches = [batch for batch in batches_by_length([len(row) for row in rows], tokens) if len(batch) > 3]
        self.at = len(self.batches)

    def next(self):
        if self.at >= len(self.batches):
            self.chance.shuffle(self.batches)
            self.at = 0
        batch = self.batches[self.at]
        self.at += 1
        return padded([self.rows[i] for i in batch]), batch


def intent_rows(work: Path):
    """(text, accepted labels, weight) of labelled messages, paraphrases and background."""
    out = []
    for split, weight, intents, text, _ in rows_of(work / "labelled.tsv"):
        if split == "train":
            out.append((text, intents.replace("+", "|").split("|"), float(weight) ** 0.5))
    out += [(text, ["other"], 0.5) for text in (work / "background.txt").read_text(encoding="utf-8").splitlines()]
    return out


def contrast(vectors, targets, temperature: float = 0.1):
    """Pulls messages together that share an intent, and apart from all others of the batch."""
    alike = (targets @ targets.T > 0).float().fill_diagonal_(0)
    counts = alike.sum(1)
    chosen = counts > 0
    if not chosen.any():
        return vectors.sum() * 0
    similar = vectors @ vectors.T / temperature
    similar = similar - torch.eye(len(vectors)) * 1e4
    log_share = F.log_softmax(similar, -1)
    return -((log_share * alike).sum(1)[chosen] / counts[chosen]).mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--normalise", required=True)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--intents", type=float, default=1.0)
    parser.add_argument("--contrast", type=float, default=0.2)
    parser.add_argument("--distance", type=float, default=2.0)
    parser.add_argument("--name", default="student")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    chance = random.Random(args.seed)
    student, saved = load_student(args.work / "distilled.pt")
    student.word.sparse = True
    tokenizer = Tokenizer.from_file(str(args.work / "tokenizer.json"))
    encode = lambda texts: token_ids(tokenizer, normalised(texts, args.normalise))

    rows = intent_rows(args.work)
    names = sorted({label for _, labels, _ in rows for label in labels} - {"other"})
    wanted, weights = torch.zeros(len(rows), len(names)), torch.tensor([row[2] for row in rows])
    for at, (_, labels, _) in enumerate(rows):
        for label in labels:
            if label != "other":
                wanted[at, names.index(label)] = 1
    intents = Task(encode([row[0] for row in rows]), 1024, chance)
    felt = collect(args.data, args.seed)
    learned = [row for row in felt if row.part == "train"]
    feelings, targets = Task(encode([row.text for row in learned]), 1024, chance), Targets(learned)
    lines, teacher = corpus(args.work)
    teacher = F.normalize(F.normalize(teacher - saved["centre"], dim=-1) @ saved["axes"], dim=-1)
    general = Task(lines, 1024, chance)
    print(f"{len(rows)} with intents, {len(learned)} with emotions or acts, {len(lines)} general", flush=True)

    intent_head, heads = nn.Linear(saved["axes"].shape[1], len(names)), Heads(student.norm.weight.shape[0])
    nn.init.constant_(intent_head.bias, -4.0)
    body = [p for name, p in student.named_parameters() if name != "word.weight"]
    optimisers = [
        (torch.optim.AdamW(body, weight_decay=0.01), args.rate),
        (torch.optim.SparseAdam([student.word.weight]), args.rate / 2),
        (torch.optim.AdamW([*intent_head.parameters(), *heads.parameters()], weight_decay=0.01), 2e-3),
    ]
    student.train()
    started, sums = time.time(), np.zeros(4)
    for step in range(1, args.steps + 1):
        rate = min(1.0, step / 100) * 0.5 * (1 + math.cos(math.pi * step / args.steps))
        for optimiser, base in optimisers:
            optimiser.param_groups[0]["lr"] = base * max(rate, 1e-3)
            optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            ids, batch = intents.next()
            vectors = student(ids).float()
            logits = intent_head(vectors * vectors.shape[1] ** 0.5).float()
            each = F.binary_cross_entropy_with_logits(logits, wanted[batch], reduction="none").sum(1)
            intent_loss = (each * weights[batch]).mean()
            contrast_loss = contrast(vectors, wanted[batch])
            ids, batch = feelings.next()
            feeling_loss = heads.loss(student.states(ids), targets[batch])
            ids, batch = general.next()
            distance = 1 - (student(ids).float() * teacher[batch]).sum(-1).mean()
        loss = args.intents * intent_loss + args.contrast * contrast_loss + feeling_loss + args.distance * distance
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body, 1.0)
        for optimiser, _ in optimisers:
            optimiser.step()
        sums += [intent_loss.item(), contrast_loss.item(), feeling_loss.item(), distance.item()]
        if step % 100 == 0:
            intent, apart, feeling, away = sums / 100
            print(f"step {step}/{args.steps} intent {intent:.3f} contrast {apart:.3f} feelings {feeling:.3f} distance {away:.3f} {time.time() - started:.0f} s", flush=True)
            sums[:] = 0
    student.eval()
    save_student(args.work / f"{args.name}.pt", student, saved)

    states = embed(args.work, student, [row.text for row in felt], args.normalise)
    report(heads, states, felt)
    kept = [at for at, row in enumerate(felt) if row.part == "calibrate"]
    # Written messages are mostly moved, live ones mostly calm: live ones say how often.
    weight = torch.tensor([1.0 if felt[at].source == "real" else 0.3 for at in kept])
    print("calibrated:", calibrate(heads, states[kept], torch.tensor([felt[at].emotion for at in kept]), weight))
    report(heads, states, felt)
    torch.save(heads.state_dict(), args.work / f"{args.name}.heads.pt")


if __name__ == "__main__":
    main()
