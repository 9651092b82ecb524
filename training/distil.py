"""Distils the teacher into a student of a few of its layers.

    python distil.py --work WORK --out WORK/student.pt [--layers 0,5,11] [--epochs 3]

Loss: cosine to the centred teacher vector, plus the in-batch similarity structure (Kullback-Leibler between the
softmaxed similarity rows of teacher and student). Word vectors stay frozen, so that they can be stored as int8.
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

import e5
from encoder import batches_by_length, from_e5, padded


def quantised(words: np.ndarray) -> np.ndarray:
    """The word vectors as the exported int8 rows will give them back."""
    scale = np.abs(words).max(1, keepdims=True) / 127
    return np.round(words / scale).clip(-127, 127) * scale


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--layers", default="0,5,11")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--tokens", type=int, default=2048, help="padded tokens in a batch")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    chance = random.Random(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    tokenizer = Tokenizer.from_file(str(args.work / "tokenizer.json"))
    tokenizer.enable_truncation(64)
    lines = (args.work / "model.txt").read_text(encoding="utf-8").splitlines()
    rows = [row.ids for row in tokenizer.encode_batch(lines)]
    teacher = torch.from_numpy(np.load(args.work / "teacher.npy")).float()
    if len(rows) != len(teacher):
        raise SystemExit(f"{len(rows)} lines but {len(teacher)} teacher vectors: rebuild both from one corpus")
    usable = [i for i, row in enumerate(rows) if len(row) > 2]
    centre = teacher[usable].mean(0)
    teacher = F.normalize(teacher - centre, dim=-1)

    student = from_e5(e5.read(), quantised(np.load(args.work / "words.npy")), [int(n) for n in args.layers.split(",")], 128)
    student.word.weight.requires_grad_(False)
    student.to(device)
    trained = [p for p in student.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=args.rate, weight_decay=0.01)
    batches = [[usable[i] for i in batch] for batch in batches_by_length([len(rows[i]) for i in usable], args.tokens)]
    batches = [batch for batch in batches if len(batch) > 3]
    total, step, started = args.epochs * len(batches), 0, time.time()

    for epoch in range(args.epochs):
        chance.shuffle(batches)
        sums = [0.0, 0.0]
        for batch in batches:
            rate = min(1.0, step / 200) * 0.5 * (1 + math.cos(math.pi * step / total))
            for group in optimiser.param_groups:
                group["lr"] = args.rate * max(rate, 1e-3)
            want = teacher[batch].to(device)
            with torch.autocast(device, torch.bfloat16):
                got = student(padded([rows[i] for i in batch]).to(device))
            cosine = 1 - (got * want).sum(-1).mean()
            mask = torch.eye(len(batch), device=device) * -1e4
            theirs, mine = (want @ want.T) / 0.1 + mask, (got @ got.T) / 0.1 + mask
            structure = F.kl_div(F.log_softmax(mine, -1), F.softmax(theirs, -1), reduction="batchmean")
            loss = cosine + 0.5 * structure
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            step += 1
            sums = [sums[0] + cosine.item(), sums[1] + structure.item()]
            if step % 100 == 0:
                done = step % len(batches) or len(batches)
                print(f"epoch {epoch + 1} step {step}/{total} cosine loss {sums[0] / done:.4f} structure {sums[1] / done:.4f} {time.time() - started:.0f} s", flush=True)
        torch.save({"state": student.state_dict(), "layers": args.layers, "centre": centre}, args.out)


if __name__ == "__main__":
    main()
