"""The BERT encoder of multilingual-e5-small in PyTorch: the teacher with 12 layers, the student with fewer."""

import torch
import torch.nn.functional as F
from torch import nn

from e5 import E5
from e5 import read as read_e5


class Layer(nn.Module):
    def __init__(self, hidden: int, heads: int, ffn: int, epsilon: float):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(hidden, hidden) for _ in range(3))
        self.attention_out = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps=epsilon)
        self.ffn_in, self.ffn_out = nn.Linear(hidden, ffn), nn.Linear(ffn, hidden)
        self.out_norm = nn.LayerNorm(hidden, eps=epsilon)

    def forward(self, x, mask):
        batch, length, hidden = x.shape
        split = lambda t: t.view(batch, length, self.heads, -1).transpose(1, 2)
        attended = F.scaled_dot_product_attention(
            split(self.query(x)), split(self.key(x)), split(self.value(x)), attn_mask=mask[:, None, None, :]
        )
        attended = attended.transpose(1, 2).reshape(batch, length, hidden)
        x = self.attention_norm(x + self.attention_out(attended))
        return self.out_norm(x + self.ffn_out(F.gelu(self.ffn_in(x))))


class Encoder(nn.Module):
    """Token ids [batch, length] (pad = 1) to unit sentence vectors [batch, hidden] by mean pooling."""

    def __init__(self, vocabulary: int, positions: int, model: E5, layers: list[int]):
        super().__init__()
        self.word = nn.Embedding(vocabulary, model.hidden)
        self.position = nn.Embedding(positions, model.hidden)
        self.norm = nn.LayerNorm(model.hidden, eps=max(model.epsilon, 1e-12))
        self.layers = nn.ModuleList(
            Layer(model.hidden, model.heads, model.ffn, max(model.epsilon, 1e-12)) for _ in layers
        )

    def forward(self, ids):
        mask = ids != 1
        x = self.word(ids) + self.position.weight[: ids.shape[1]]
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, mask)
        weight = mask.unsqueeze(-1).to(x.dtype)
        return F.normalize(((x * weight).sum(1) / weight.sum(1)).float(), dim=-1)


def from_e5(model: E5, words, layers: list[int], positions: int = 512) -> Encoder:
    """Takes the given layers of e5; the token-type row is folded into the positions."""
    tensors = {name: torch.from_numpy(array.copy()) for name, array in model.tensors.items()}
    encoder = Encoder(len(words), positions, model, layers)
    with torch.no_grad():
        encoder.word.weight.copy_(torch.as_tensor(words))
        encoder.position.weight.copy_(tensors["emb.pos"][:positions] + tensors["emb.type"][0])
        encoder.norm.weight.copy_(tensors["emb.ln.w"])
        encoder.norm.bias.copy_(tensors["emb.ln.b"])
        for mine, theirs in zip(encoder.layers, layers):
            parts = {
                "q": mine.query, "k": mine.key, "v": mine.value, "ao": mine.attention_out,
                "aln": mine.attention_norm, "fi": mine.ffn_in, "fo": mine.ffn_out, "oln": mine.out_norm,
            }
            for name, module in parts.items():
                module.weight.copy_(tensors[f"l{theirs}.{name}.w"])
                module.bias.copy_(tensors[f"l{theirs}.{name}.b"])
    return encoder


def load_student(path) -> tuple[Encoder, dict]:
    """A saved student, and what was saved beside its weights: its layers and the teacher's centre."""
    saved = torch.load(path)
    layers = [int(number) for number in saved["layers"].split(",")]
    student = from_e5(read_e5(), saved["state"]["word.weight"], layers, 128)
    student.load_state_dict(saved["state"])
    return student.eval(), saved


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
    out = torch.ones(len(rows), max(map(len, rows)), dtype=torch.long)
    for at, row in enumerate(rows):
        out[at, : len(row)] = torch.tensor(row)
    return out
