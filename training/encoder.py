"""The encoders in PyTorch: the teacher as it comes (12 layers), and students of any shape.

A shape is written `WIDTH:BLOCK,BLOCK…`. `aN` is a transformer layer with a feed-forward width of N, `cN` a residual convolution over
N neighbouring tokens. `384:a1536,a1536,a1536` is three layers of the teacher; `256:c3,c3,a1024` reads n-grams first.
"""

import re
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from e5 import E5
from e5 import read as read_e5

EPSILON = 1e-12
HEAD = 32  # width of an attention head, as in e5
PAD = 1
POSITIONS = 128


class Attention(nn.Module):
    """A post-norm transformer layer."""

    def __init__(self, hidden: int, ffn: int):
        super().__init__()
        self.heads = hidden // HEAD
        self.query, self.key, self.value = (nn.Linear(hidden, hidden) for _ in range(3))
        self.attention_out = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps=EPSILON)
        self.ffn_in, self.ffn_out = nn.Linear(hidden, ffn), nn.Linear(ffn, hidden)
        self.out_norm = nn.LayerNorm(hidden, eps=EPSILON)

    def forward(self, x, mask):
        batch, length, hidden = x.shape
        split = lambda t: t.view(batch, length, self.heads, -1).transpose(1, 2)
        attended = F.scaled_dot_product_attention(
            split(self.query(x)), split(self.key(x)), split(self.value(x)), attn_mask=mask[:, None, None, :]
        )
        attended = attended.transpose(1, 2).reshape(batch, length, hidden)
        x = self.attention_norm(x + self.attention_out(attended))
        return self.out_norm(x + self.ffn_out(F.gelu(self.ffn_in(x))))


class Convolution(nn.Module):
    """A residual convolution over neighbouring tokens; nothing is seen beyond the ends."""

    def __init__(self, hidden: int, taps: int):
        super().__init__()
        self.taps = taps
        self.mix = nn.Linear(taps * hidden, hidden)
        self.out = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden, eps=EPSILON)

    def forward(self, x, mask):
        length, before = x.shape[1], self.taps // 2
        wide = F.pad(x * mask.unsqueeze(-1).to(x.dtype), (0, 0, before, self.taps - 1 - before))
        near = torch.cat([wide[:, at : at + length] for at in range(self.taps)], -1)
        return self.norm(x + self.out(F.gelu(self.mix(near))))


BLOCKS = {"a": Attention, "c": Convolution}


def parsed(shape: str) -> tuple[int, list[tuple[str, int]]]:
    if not re.fullmatch(r"\d+:[ac]\d+(,[ac]\d+)*", shape):
        raise SystemExit(f"`{shape}` is no shape; an example: 256:c3,c3,a1024")
    width, blocks = shape.split(":")
    return int(width), [(block[0], int(block[1:])) for block in blocks.split(",")]


class Encoder(nn.Module):
    """Token ids [batch, length] (pad = 1) to what the mean of the last states holds.

    `forward` gives unit sentence vectors [batch, dimensions]; `states` the mean itself [batch, width], from which the emotion and
    act heads read. Word rows may be wider than the encoder: `narrow` then projects them, and export folds it into the rows.
    """

    def __init__(self, shape: str, words: int, word_width: int, dimensions: int):
        super().__init__()
        width, blocks = parsed(shape)
        self.word = nn.Embedding(words, word_width)
        self.narrow = nn.Linear(word_width, width, bias=False) if word_width != width else None
        self.position = nn.Embedding(POSITIONS if width != 384 or words < 200_000 else 512, width)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.layers = nn.ModuleList(BLOCKS[kind](width, size) for kind, size in blocks)
        self.out = nn.Linear(width, dimensions, bias=False) if dimensions else None
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=module.in_features**-0.5 * 0.7)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.position.weight, std=0.02)

    def states(self, ids):
        mask = ids != PAD
        x = self.word(ids)
        if self.narrow is not None:
            x = self.narrow(x)
        x = self.norm(x + self.position.weight[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x, mask)
        weight = mask.unsqueeze(-1).to(x.dtype)
        return ((x * weight).sum(1) / weight.sum(1)).float()

    def vectors(self, states):
        return F.normalize(self.out(states) if self.out is not None else states, dim=-1)

    def forward(self, ids):
        return self.vectors(self.states(ids))


def teacher(model: E5) -> Encoder:
    """All layers of e5; the token-type row is folded into the positions."""
    encoder = Encoder(f"{model.hidden}:" + ",".join([f"a{model.ffn}"] * model.layers), len(model.tensors["emb.word"]), model.hidden, 0)
    copy(encoder, model, list(range(model.layers)), model.tensors["emb.word"])
    return encoder


def student(model: E5, shape: str, words, axes) -> Encoder:
    """A student of the given shape over the kept word rows, to be distilled towards teacher vectors along `axes` [384, dimensions].

    Transformer layers as wide as the teacher's start as layers of the teacher, spread over its depth, with the feed-forward
    neurons that weigh most; everything else starts at random.
    """
    encoder = Encoder(shape, len(words), words.shape[1], axes.shape[1])
    with torch.no_grad():
        if encoder.narrow is not None:
            values = torch.as_tensor(words).float()
            _, vectors = torch.linalg.eigh(values.T @ values)
            encoder.narrow.weight.copy_(vectors.flip(1)[:, : encoder.narrow.out_features].T)
            encoder.word.weight.copy_(values)
        else:
            depth = sum(isinstance(layer, Attention) for layer in encoder.layers)
            last = model.layers - 1
            chosen = [last] if depth == 1 else [round(at * last / (depth - 1)) for at in range(depth)]
            copy(encoder, model, chosen, words)
            encoder.out.weight.copy_(axes.T)
    return encoder


def copy(encoder: Encoder, model: E5, numbers: list[int], words):
    tensors = {name: torch.from_numpy(array.copy()) for name, array in model.tensors.items()}
    with torch.no_grad():
        encoder.word.weight.copy_(torch.as_tensor(words))
        encoder.position.weight.copy_(tensors["emb.pos"][: len(encoder.position.weight)] + tensors["emb.type"][0])
        encoder.norm.weight.copy_(tensors["emb.ln.w"])
        encoder.norm.bias.copy_(tensors["emb.ln.b"])
        for mine, number in zip((layer for layer in encoder.layers if isinstance(layer, Attention)), numbers, strict=True):
            strength = tensors[f"l{number}.fi.w"].norm(dim=1) * tensors[f"l{number}.fo.w"].norm(dim=0)
            kept = strength.topk(mine.ffn_in.out_features).indices.sort().values
            for name, module in {
                "q": mine.query, "k": mine.key, "v": mine.value, "ao": mine.attention_out, "aln": mine.attention_norm, "oln": mine.out_norm,
            }.items():
                module.weight.copy_(tensors[f"l{number}.{name}.w"])
                module.bias.copy_(tensors[f"l{number}.{name}.b"])
            mine.ffn_in.weight.copy_(tensors[f"l{number}.fi.w"][kept])
            mine.ffn_in.bias.copy_(tensors[f"l{number}.fi.b"][kept])
            mine.ffn_out.weight.copy_(tensors[f"l{number}.fo.w"][:, kept])
            mine.ffn_out.bias.copy_(tensors[f"l{number}.fo.b"])


def save_student(path: Path, encoder: Encoder, saved: dict):
    torch.save({**saved, "state": encoder.state_dict()}, path)


def load_student(path: Path) -> tuple[Encoder, dict]:
    """A saved student, and what was saved beside its weights: its shape, the teacher's centre and axes."""
    saved = torch.load(path)
    state = saved["state"]
    encoder = Encoder(saved["shape"], *state["word.weight"].shape, state["out.weight"].shape[0])
    encoder.load_state_dict(state)
    return encoder.eval(), saved


def batches_by_length(lengths, tokens: int):
    """Index batches of similar length, at most `tokens` padded tokens each."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    batch = []
    for i in order:
        if batch and (len(batch) + 1) * lengths[i] > tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def padded(rows: list[list[int]]):
    out = torch.full((len(rows), max(map(len, rows))), PAD, dtype=torch.long)
    for at, row in enumerate(rows):
        out[at, : len(row)] = torch.tensor(row)
    return out
