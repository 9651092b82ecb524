"""The emotion, intensity and act heads, their calibration and their figures; and what each source of labels adds.

    python heads.py --data DATA --work WORK --normalise 'triage bundle normalise'    # a table: all sources, each left out

The table is made on the frozen states of the distilled student, so that only the labels differ from line to line.
"""

import argparse
import shlex
import subprocess
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import average_precision_score, f1_score
from tokenizers import Tokenizer
from torch import nn

from encoder import batches_by_length, load_student, padded
from feelings import ACTS, EMOTIONS, UNKNOWN, Felt, collect
from vocabulary import token_ids

UPSET = [EMOTIONS.index("disappointment"), EMOTIONS.index("anger")]


class Heads(nn.Module):
    """States [width] to emotion logits [5], act logits [4] and intensity 1..3; the first and the last over a hidden layer.

    `scale` and `shift` calibrate the emotion logits after training (`calibrate`).
    """

    def __init__(self, width: int, hidden: int = 96):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.hidden = nn.Linear(width, hidden)
        self.emotion, self.intensity = nn.Linear(hidden, len(EMOTIONS)), nn.Linear(hidden, 1)
        self.act = nn.Linear(width, len(ACTS))

    def forward(self, states):
        x = self.norm(states)
        h = F.gelu(self.hidden(x))
        return self.emotion(h), self.act(x), 1 + 2 * torch.sigmoid(self.intensity(h).squeeze(-1))

    def loss(self, states, felt: "Targets"):
        emotions, acts, strength = self(states)
        emotions, acts, strength = emotions.float(), acts.float(), strength.float()
        each = F.cross_entropy(emotions, felt.emotion, reduction="none", label_smoothing=0.05, ignore_index=UNKNOWN)
        loss = (each * felt.weight).sum() / felt.weight.sum().clamp(min=1e-6)
        known = felt.act != UNKNOWN
        if known.any():
            loss = loss + 0.5 * F.cross_entropy(acts[known], felt.act[known], label_smoothing=0.05)
        moved = felt.intensity > 0
        if moved.any():
            loss = loss + 0.2 * ((strength[moved] - felt.intensity[moved]) ** 2).mean()
        return loss


class Targets:
    """Columns of labelled rows."""

    def __init__(self, rows: list[Felt]):
        self.emotion = torch.tensor([row.emotion for row in rows])
        self.intensity = torch.tensor([row.intensity for row in rows])
        self.act = torch.tensor([row.act for row in rows])
        self.weight = torch.tensor([row.weight for row in rows])

    def __getitem__(self, rows) -> "Targets":
        out = object.__new__(Targets)
        out.emotion, out.intensity, out.act, out.weight = (
            column[rows] for column in (self.emotion, self.intensity, self.act, self.weight)
        )
        return out


def normalised(texts: list[str], command: str) -> list[str]:
    """What the service would give the model for each text."""
    lines = "\n".join(" ".join(text.split()) for text in texts) + "\n"
    done = subprocess.run(shlex.split(command), input=lines, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[: len(texts)]


def embed_tokens(student, rows: list[list[int]]) -> torch.Tensor:
    """The states of each row, [rows, width]."""
    out = torch.zeros(len(rows), student.norm.weight.shape[0])
    with torch.no_grad():
        for batch in batches_by_length([len(row) for row in rows], 8192):
            out[batch] = student.states(padded([rows[i] for i in batch]))
    return out


def embed(work: Path, student, texts: list[str], normalise: str) -> torch.Tensor:
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    return embed_tokens(student, token_ids(tokenizer, normalised(texts, normalise), 128))


def calibrate(heads: Heads, states, emotion, weight) -> str:
    """Folds a temperature and a shift for each emotion into the last layer, fitted on messages that nothing else was fitted on
    (Guo et al. 2017, with the shifts that another share of calm messages asks for)."""
    with torch.no_grad():
        logits = heads(states)[0]
    scale, shift = torch.ones(1, requires_grad=True), torch.zeros(len(EMOTIONS), requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, shift], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        each = F.cross_entropy(logits * scale + shift, emotion, reduction="none")
        total = (each * weight).sum() / weight.sum() + 0.005 * (shift**2).sum()
        total.backward()
        return total

    optimiser.step(loss)
    with torch.no_grad():
        heads.emotion.weight.mul_(scale)
        heads.emotion.bias.mul_(scale).add_(shift)
    return f"scale {scale.item():.2f}, shifts {[round(value, 2) for value in shift.tolist()]}"


def figures(emotion_logits, gold) -> dict:
    probabilities = emotion_logits.softmax(-1).numpy()
    predicted, present = probabilities.argmax(1), sorted(set(gold))
    upset, is_upset = probabilities[:, UPSET].sum(1), np.isin(gold, UPSET)
    out = {
        "n": len(gold), "accuracy": (predicted == gold).mean(),
        "macro_f1": f1_score(gold, predicted, labels=present, average="macro"),
        "upset_n": int(is_upset.sum()), "ap": average_precision_score(is_upset, upset),
    }
    for alarm in (0.02, 0.05):
        bound = np.quantile(upset[~is_upset], 1 - alarm)
        out[f"recall@{alarm:.0%}"] = (upset[is_upset] > bound).mean()
    return out


def report(heads: Heads, states, rows: list[Felt], parts=("calibrate", "real_test", "gold_dev", "exam")):
    with torch.no_grad():
        emotions, acts, strength = heads.eval()(states)
    for part in parts:
        chosen = [at for at, row in enumerate(rows) if row.part == part and row.emotion != UNKNOWN]
        line = figures(emotions[chosen], np.array([rows[at].emotion for at in chosen]))
        print(part, " ".join(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}" for name, value in line.items()))
    chosen = [at for at, row in enumerate(rows) if row.part == "real_test" and row.act != UNKNOWN]
    right = (acts[chosen].argmax(1) == torch.tensor([rows[at].act for at in chosen])).float().mean()
    print(f"act on real_test: n {len(chosen)} accuracy {right:.3f}")
    chosen = [at for at, row in enumerate(rows) if row.part == "exam" and row.intensity]
    wrong = (strength[chosen] - torch.tensor([float(rows[at].intensity) for at in chosen])).abs().mean()
    print(f"intensity on exam: n {len(chosen)} mean error {wrong:.2f}", flush=True)


def fit(states, targets: Targets, chosen, epochs: int, seed: int) -> Heads:
    torch.manual_seed(seed)
    heads, train = Heads(states.shape[1]), torch.tensor(chosen)
    steps = epochs * (len(train) // 256 + 1)
    optimiser = torch.optim.AdamW(heads.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(epochs):
        for batch in train[torch.randperm(len(train))].split(256):
            optimiser.zero_grad()
            heads.loss(states[batch] * (1 + 0.05 * torch.randn(len(batch), states.shape[1])), targets[batch]).backward()
            optimiser.step()
            if schedule.last_epoch < steps:
                schedule.step()
    return heads


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--normalise", required=True)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    student, _ = load_student(args.work / "distilled.pt")
    rows = collect(args.data, args.seed)
    states, targets = embed(args.work, student, [row.text for row in rows], args.normalise), Targets(rows)
    for left_out in (None, "written", "real", "cped", "goemotions"):
        chosen = [at for at, row in enumerate(rows) if row.part == "train" and row.source != left_out]
        print(f"\nwithout {left_out}: {len(chosen)} rows" if left_out else f"all sources: {len(chosen)} rows")
        report(fit(states, targets, chosen, args.epochs, args.seed), states, rows, ("real_test", "gold_dev", "exam"))


if __name__ == "__main__":
    main()
