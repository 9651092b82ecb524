"""Does the bundle that ships say what was trained? Every link of the chain on a thousand lines of the corpus.

    python verify.py --work WORK --bundle ../models/zh-en-small --triage ../target/release/triage

Tokenizer against tokenizer (Python's and the service's), ONNX Runtime against PyTorch, tract against ONNX Runtime. Exits 1 where
a link is broken. int8 weights move a vector a little against PyTorch's; tract and ONNX Runtime read the same weights.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from tokenizers import Tokenizer

from encoder import load_student
from export import principal_axes
from heads import Heads, normalised
from vocabulary import token_ids

LINES = 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--triage", type=Path, required=True)
    parser.add_argument("--name", default="student")
    args = parser.parse_args()
    lines = (args.work / "raw.txt").read_text(encoding="utf-8").splitlines()
    lines = [lines[at] for at in np.random.default_rng(5).choice(len(lines), LINES, replace=False)]
    command = [args.triage, "bundle", "read", args.bundle]
    said = subprocess.run([str(part) for part in command], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout
    service = [json.loads(line) for line in said.splitlines()]

    tokenizer = Tokenizer.from_file(str(args.bundle / "tokenizer.json"))
    ids = token_ids(tokenizer, normalised(lines, f"{args.triage} bundle normalise"), 128)
    same = sum(mine == theirs["ids"] for mine, theirs in zip(ids, service, strict=True))

    student, _ = load_student(args.work / f"{args.name}.pt")
    heads = Heads(student.norm.weight.shape[0])
    heads.load_state_dict(torch.load(args.work / f"{args.name}.heads.pt"))
    axes = principal_axes(args.work, student)
    session = onnxruntime.InferenceSession(str(args.bundle / "encoder.onnx"))
    exported, trained, ran, moods = [], [], [], []
    for row, theirs in zip(ids, service):
        vector, emotion, *_ = session.run(None, {"ids": np.array([row])})
        with torch.no_grad():
            states = student.states(torch.tensor([row]))
            trained.append(float((vector * (student.vectors(states).numpy() @ axes)).sum()))
            exported.append(float(np.abs(emotion - heads.eval()(states)[0].softmax(-1).numpy()).max()))
        ran.append(float(np.abs(vector[0] - np.array(theirs["vector"])).max()))
        moods.append(float(np.abs(emotion[0] - np.array(theirs["emotion"])).max()))
    checks = [
        ("tokenizer against tokenizer: lines with the same ids", same, same == LINES),
        ("ONNX against PyTorch: least cosine", min(trained), min(trained) > 0.995),
        ("ONNX against PyTorch: an emotion apart by at most", max(exported), max(exported) < 0.08),
        ("tract against ONNX: a component apart by at most", max(ran), max(ran) < 2e-3),
        ("tract against ONNX: an emotion apart by at most", max(moods), max(moods) < 2e-3),
    ]
    for what, value, good in checks:
        print(f"{'ok ' if good else 'BAD'} {what} {value:.5g}" + (f" of {LINES}" if value is same else ""))
    sys.exit(not all(good for *_, good in checks))


if __name__ == "__main__":
    main()
