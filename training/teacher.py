"""Vectors of the 12-layer teacher for every line of the corpus: `teacher.npy`, float16 [lines, 384].

    python teacher.py --work WORK        # about 9 lines a millisecond on 2 cores

`teacher.txt` names the reading that each row belongs to. Rows that are there already are kept, so that a run that was cut off
goes on, and a corpus that grew costs only what is new.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import e5
from encoder import batches_by_length, padded
from encoder import teacher as whole
from vocabulary import full

CHUNK = 20_000  # lines between two saves


def known(work: Path) -> dict[str, np.ndarray]:
    texts, vectors = work / "teacher.txt", work / "teacher.npy"
    if not (texts.exists() and vectors.exists()):
        return {}
    rows = np.load(vectors)
    return dict(zip(texts.read_text(encoding="utf-8").splitlines(), rows, strict=True))


def save(work: Path, lines: list[str], vectors: dict[str, np.ndarray]):
    done = [line for line in lines if line in vectors]
    np.save(work / "teacher.npy", np.stack([vectors[line] for line in done]))
    (work / "teacher.txt").write_text("".join(line + "\n" for line in done), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=4096, help="padded tokens in a batch")
    args = parser.parse_args()
    lines = [line.rstrip("\n").split("\t")[1] for line in open(args.work / "corpus.tsv", encoding="utf-8")]
    vectors = known(args.work)
    missing = [line for line in dict.fromkeys(lines) if line not in vectors]
    print(f"{len(lines)} lines, {len(missing)} of them new", flush=True)
    if missing:
        model = e5.read()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        teacher = whole(model).eval().to(device)
        tokenizer = full(model)
        tokenizer.enable_truncation(96)
    started = time.time()
    for first in range(0, len(missing), CHUNK):
        chunk = missing[first : first + CHUNK]
        rows = [row.ids for row in tokenizer.encode_batch(["query: " + line for line in chunk])]
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16):
            for batch in batches_by_length([len(row) for row in rows], args.tokens):
                out = teacher(padded([rows[i] for i in batch]).to(device)).cpu().numpy().astype(np.float16)
                vectors.update({chunk[i]: vector for i, vector in zip(batch, out)})
        save(args.work, lines, vectors)
        print(f"{first + len(chunk)}/{len(missing)} in {time.time() - started:.0f} s", flush=True)
    save(args.work, lines, vectors)


if __name__ == "__main__":
    main()
