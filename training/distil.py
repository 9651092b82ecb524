"""Distils the teacher into a student of a given shape.

    python distil.py --work WORK --shape 256:c3,c3,a1024 [--epochs 6] [--share 1.0] [--name student] [--start STUDENT]

Loss: cosine to the centred teacher vector, turned onto its principal axes and cut to `--dimensions`, plus the in-batch similarity
structure (Kullback-Leibler between the softmaxed similarity rows of teacher and student). Word vectors learn too, those that
occur in a batch, at a lower rate: they cost nothing at run time and hold much of what a shallow encoder lacks. Saved after every
epoch; a run that was cut off goes on from there.
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
from encoder import batches_by_length, load_student, padded, save_student, student
from vocabulary import token_ids


def quantised(words: np.ndarray) -> np.ndarray:
    """The word vectors as int8 rows give them back."""
    scale = np.abs(words).max(1, keepdims=True) / 127
    return np.round(words / scale).clip(-127, 127) * scale


def corpus(work: Path):
    """Token ids of every line, and the teacher's vectors."""
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    rows = token_ids(tokenizer, (work / "model.txt").read_text(encoding="utf-8").splitlines())
    place = {text: at for at, text in enumerate((work / "teacher.txt").read_text(encoding="utf-8").splitlines())}
    readings = [line.rstrip("\n").split("\t")[1] for line in open(work / "corpus.tsv", encoding="utf-8")]
    if len(rows) != len(readings):
        raise SystemExit(f"{len(rows)} model texts but {len(readings)} lines in the corpus: rebuild both")
    teacher = torch.from_numpy(np.load(work / "teacher.npy"))[[place[reading] for reading in readings]].float()
    return rows, teacher


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", default="student")
    parser.add_argument("--shape", default="384:a384,a384")
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--share", type=float, default=1.0, help="of the corpus")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--words-rate", type=float, default=3e-4)
    parser.add_argument("--tokens", type=int, default=2048, help="padded tokens in a batch")
    parser.add_argument("--start", type=Path, help="a student distilled before, to go on with: its shape, centre and axes")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    chance = random.Random(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    rows, teacher = corpus(args.work)
    usable = [i for i, row in enumerate(rows) if chance.random() < args.share]
    if args.start:
        model, before = load_student(args.start)
        model, args.shape, centre, axes = model.train(), before["shape"], before["centre"], before["axes"]
    else:
        centre = teacher[usable].mean(0)
        directions = F.normalize(teacher[usable] - centre, dim=-1)
        axes = torch.linalg.eigh(directions.T @ directions)[1].flip(1)[:, : args.dimensions]
        model = student(e5.read(), args.shape, quantised(np.load(args.work / "words.npy")), axes)
    teacher = F.normalize(F.normalize(teacher - centre, dim=-1) @ axes, dim=-1)
    model.word.sparse = True
    model.to(device)
    trained = [p for name, p in model.named_parameters() if name != "word.weight"]
    print(f"{args.shape}: {sum(p.numel() for p in trained) / 1e6:.2f} M weights besides the words, {len(usable)} lines", flush=True)
    optimisers = [(torch.optim.AdamW(trained, weight_decay=0.01), args.rate), (torch.optim.SparseAdam([model.word.weight]), args.words_rate)]
    batches = [[usable[i] for i in batch] for batch in batches_by_length([len(rows[i]) for i in usable], args.tokens)]
    batches = [batch for batch in batches if len(batch) > 3]
    total = args.epochs * len(batches)
    saved = {"shape": args.shape, "centre": centre, "axes": axes, "epochs": args.epochs}
    out, partial = args.work / f"{args.name}.pt", args.work / f"{args.name}.partial.pt"
    first = 0
    if partial.exists():
        before = torch.load(partial)
        if before["shape"] == args.shape and before["epochs"] == args.epochs:
            model.load_state_dict(before["state"])
            for (optimiser, _), state in zip(optimisers, before["optimisers"], strict=True):
                optimiser.load_state_dict(state)
            first = before["done"]
            print(f"goes on after epoch {first}", flush=True)
    started = time.time()
    for epoch in range(first, args.epochs):
        random.Random(f"{args.seed}:{epoch}").shuffle(batches)
        sums = [0.0, 0.0]
        for at, batch in enumerate(batches):
            step = epoch * len(batches) + at
            rate = min(1.0, step / 300) * 0.5 * (1 + math.cos(math.pi * step / total))
            for optimiser, base in optimisers:
                optimiser.param_groups[0]["lr"] = base * max(rate, 1e-3)
            want = teacher[batch].to(device)
            with torch.autocast(device, torch.bfloat16):
                got = model(padded([rows[i] for i in batch]).to(device)).float()
            cosine = 1 - (got * want).sum(-1).mean()
            mask = torch.eye(len(batch), device=device) * -1e4
            theirs, mine = (want @ want.T) / 0.1 + mask, (got @ got.T) / 0.1 + mask
            structure = F.kl_div(F.log_softmax(mine, -1), F.softmax(theirs, -1), reduction="batchmean")
            loss = cosine + 0.5 * structure
            for optimiser, _ in optimisers:
                optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            for optimiser, _ in optimisers:
                optimiser.step()
            sums = [sums[0] + cosine.item(), sums[1] + structure.item()]
            if (at + 1) % 200 == 0 or at + 1 == len(batches):
                print(f"epoch {epoch + 1}/{args.epochs} step {at + 1}/{len(batches)} cosine loss {sums[0] / (at + 1):.4f} structure {sums[1] / (at + 1):.4f} {time.time() - started:.0f} s", flush=True)
        save_student(partial, model, {**saved, "optimisers": [optimiser.state_dict() for optimiser, _ in optimisers], "done": epoch + 1})
    save_student(out, model, saved)
    partial.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
