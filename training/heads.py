"""Fits the emotion, act and intensity heads on the student's vectors, and reports them on data they have not seen.

    python heads.py --data DATA --work WORK --normalise 'triage bundle normalise' --out WORK/heads.pt

Sources, with the weight of a row: the shop messages written for this project (3), real messages labelled by reading
(2; train split only), CPED and GoEmotions mapped to five labels (0.3). Acts: real messages labelled by reading, and
sentences written for this project, since the real ones are all simplified Chinese.
"""

import argparse
import random
import shlex
import subprocess
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import average_precision_score, f1_score
from tokenizers import Tokenizer
from torch import nn

import labelled
from encoder import batches_by_length, load_student, padded

EMOTIONS = ["neutral", "positive", "anxiety", "disappointment", "anger"]
ACTS = ["ask", "request", "report", "chase"]
GO = {
    "neutral": "neutral", "anger": "anger", "annoyance": "anger", "disgust": "anger", "disappointment": "disappointment",
    "sadness": "disappointment", "disapproval": "neutral", "confusion": "neutral", "curiosity": "neutral",
    "gratitude": "positive", "joy": "positive", "admiration": "positive", "love": "positive", "excitement": "positive",
    "nervousness": "anxiety", "fear": "anxiety",
}
CPED = {
    "neutral": "neutral", "anger": "anger", "disgust": "anger", "depress": "disappointment", "sadness": "disappointment",
    "happy": "positive", "grateful": "positive", "worried": "anxiety", "fear": "anxiety", "relaxed": "neutral",
}


def rows_of(path: Path):
    with open(path, encoding="utf-8") as file:
        next(file)
        return [line.rstrip("\n").split("\t") for line in file]


def collect(data: Path, seed: int):
    """(text, emotion index or -1, intensity or 0, act index or -1, weight, part)."""
    chance = random.Random(seed)
    out = []
    for path in sorted((Path(__file__).parent / "emotion").glob("*.tsv")):
        for text, emotion, intensity in rows_of(path):
            part = "shop_test" if int(labelled.sha1("shop:" + text), 16) % 5 == 0 else "train"
            out.append((text, EMOTIONS.index(emotion), int(intensity), -1, 3.0, part))
    # Emotion unknown: these rows carry no weight there.
    for text, act in rows_of(Path(__file__).parent / "acts" / "shop.tsv"):
        out.append((text, 0, 0, ACTS.index(act), 0.0, "train"))
    for row in labelled.read(data):
        act = ACTS.index(row.act) if row.act in ACTS else -1
        part = "real_test" if row.split == "test" else "train"
        out.append((row.text, EMOTIONS.index(row.emotion), row.intensity, act, 2.0, part))
    for text, label in rows_of(data / "goemotions_train.tsv"):
        labels = {GO.get(one, "?") for one in label.split("|")}
        if len(labels) == 1 and "?" not in labels and chance.random() < 0.35:
            out.append((text, EMOTIONS.index(labels.pop()), 0, -1, 0.3, "train"))
    for text, label, split, *_ in rows_of(data / "cped.tsv"):
        if label in CPED and chance.random() < 0.5:
            out.append((text, EMOTIONS.index(CPED[label]), 0, -1, 0.3, "train"))
    for row in rows_of(data / "gold_dev.tsv"):
        out.append((row[2], EMOTIONS.index(row[4]), 0, -1, 0.0, "gold_dev"))
    return out


def normalised(texts: list[str], command: str) -> list[str]:
    """What the service would give the model for each text."""
    lines = "\n".join(" ".join(text.split()) for text in texts) + "\n"
    done = subprocess.run(shlex.split(command), input=lines, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[: len(texts)]


def embed(work: Path, student, texts: list[str], normalise: str):
    model_texts = normalised(texts, normalise)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    tokenizer.enable_truncation(128)
    rows = [row.ids for row in tokenizer.encode_batch(model_texts)]
    out = torch.zeros(len(rows), student.word.weight.shape[1])
    with torch.inference_mode():
        for batch in batches_by_length([len(row) for row in rows], 8192):
            out[batch] = student(padded([rows[i] for i in batch]))
    return out


class Heads(nn.Module):
    """Vector [384] to emotion logits [5], act logits [4] and intensity 1..3, over one hidden layer each."""

    def __init__(self, dimensions: int, hidden: int = 96):
        super().__init__()
        self.hidden = nn.Linear(dimensions, hidden)
        self.emotion, self.intensity = nn.Linear(hidden, len(EMOTIONS)), nn.Linear(hidden, 1)
        self.act = nn.Linear(dimensions, len(ACTS))

    def forward(self, vectors):
        x = vectors * vectors.shape[1] ** 0.5
        h = F.gelu(self.hidden(x))
        return self.emotion(h), self.act(x), 1 + 2 * torch.sigmoid(self.intensity(h).squeeze(-1))


def figures(name, emotion_logits, gold):
    probabilities = emotion_logits.softmax(-1).numpy()
    predicted = probabilities.argmax(1)
    present = sorted(set(gold))
    upset = probabilities[:, 3] + probabilities[:, 4]
    is_upset = np.isin(gold, [3, 4])
    line = f"{name}: n {len(gold)} accuracy {(predicted == gold).mean():.3f} macro-F1 {f1_score(gold, predicted, labels=present, average='macro'):.3f}"
    if is_upset.any() and not is_upset.all():
        line += f" upset AP {average_precision_score(is_upset, upset):.3f}"
        for alarm in (0.02, 0.05):
            bound = np.quantile(upset[~is_upset], 1 - alarm)
            line += f" recall@{alarm:.0%} {(upset[is_upset] > bound).mean():.2f}"
    print(line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--normalise", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    student, _ = load_student(args.work / "student.pt")
    rows = collect(args.data, args.seed)
    vectors = embed(args.work, student, [row[0] for row in rows], args.normalise)
    emotion, intensity, act = (torch.tensor([row[i] for row in rows]) for i in (1, 2, 3))
    weight = torch.tensor([row[4] for row in rows])
    part = np.array([row[5] for row in rows])
    train = torch.from_numpy(np.flatnonzero(part == "train"))
    print({name: int((part == name).sum()) for name in sorted(set(part))})

    heads = Heads(vectors.shape[1])
    optimiser = torch.optim.AdamW(heads.parameters(), lr=2e-3, weight_decay=0.02)
    steps = args.epochs * (len(train) // 256 + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    # A message without act is part of the batch but not of that loss.
    for _ in range(args.epochs):
        for batch in train[torch.randperm(len(train))].split(256):
            noisy = F.normalize(vectors[batch] + 0.02 * torch.randn(len(batch), vectors.shape[1]), dim=-1)
            emotions, acts, strength = heads(noisy)
            loss = (F.cross_entropy(emotions, emotion[batch], reduction="none", label_smoothing=0.05) * weight[batch]).sum() / weight[batch].sum()
            with_act = act[batch] >= 0
            if with_act.any():
                loss = loss + 0.5 * F.cross_entropy(acts[with_act], act[batch][with_act], label_smoothing=0.05)
            felt = intensity[batch] > 0
            if felt.any():
                loss = loss + 0.2 * ((strength[felt] - intensity[batch][felt]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if schedule.last_epoch < steps:
                schedule.step()
    heads.eval()
    with torch.inference_mode():
        emotions, acts, strength = heads(vectors)
    for name in ("train", "shop_test", "real_test", "gold_dev"):
        chosen = part == name
        figures(name, emotions[chosen], emotion[chosen].numpy())
    chosen = (part == "real_test") & (act.numpy() >= 0)
    print(f"act on real_test: n {chosen.sum()} accuracy {(acts[chosen].argmax(1) == act[chosen]).float().mean():.3f}")
    felt = (part == "shop_test") & (intensity.numpy() > 0)
    print(f"intensity on shop_test: n {felt.sum()} mean error {(strength[felt] - intensity[felt]).abs().mean():.2f}")
    torch.save(heads.state_dict(), args.out)


if __name__ == "__main__":
    main()
