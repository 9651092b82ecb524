"""Cuts e5's 250,002 pieces to Chinese, English, digits, punctuation, symbols and emoji, and writes `tokenizer.json`.

Kept pieces are renumbered in their old order. Typed tokens (`<num>`, `<order>` …) that the service puts in place of
numbers, dates, links and the like are appended; their first vectors are the means of what they stand for.
"""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from tokenizers import AddedToken

from e5 import E5

# Token: the words whose mean vector it starts from. The list is the service's (`src/text/typed.rs`).
TYPED = {
    "<num>": ["3", "2", "10", "个"], "<order>": ["订单", "号", "编号"], "<amount>": ["元", "块", "100", "¥"],
    "<date>": ["日期", "月", "日", "号"], "<time>": ["时间", "点", "10:00"], "<link>": ["链接", "http", "商品"],
    "<phone>": ["电话", "手机", "号码"], "<email>": ["邮箱", "email"], "<idcard>": ["身份证", "证件"],
    "<bankcard>": ["银行卡", "卡号"], "<name>": ["姓名", "先生", "女士"], "<address>": ["地址", "路", "小区"],
    "<place>": ["站点", "公司", "单位"],
}
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
SYMBOLS = (
    r"\u0020-\u007e\u00a2-\u00b1\u00b4-\u00b8\u00d7\u00f7\u2000-\u206f\u20a0-\u20bf\u2100-\u214f\u2150-\u218f\u2190-\u23ff"
    r"\u2460-\u27bf\u2900-\u297f\u2b00-\u2bff\u3000-\u303f\ufe00-\ufe0f\ufe30-\ufe4f\uff01-\uff65\uffe0-\uffe6"
    r"\U0001f000-\U0001faff\u0e51-\u0e52\u2583\u2579"
)
CHINESE = re.compile(f"^▁?[{HAN}{SYMBOLS}]*$")
LATIN = re.compile(r"^▁?[A-Za-z]+$")
UNKNOWN = 3
LATIN_PIECES = 6_000  # by unigram score, whatever the language; beyond them those that English text uses


def keep(model: E5, english: list[str]) -> list[int]:
    latin = [i for i, piece in enumerate(model.pieces) if LATIN.match(piece) and len(piece.strip("▁")) > 1]
    latin.sort(key=lambda i: -model.scores[i])
    used = Counter(i for row in full(model).encode_batch(english) for i in row.ids)
    dropped = {i for i in latin[LATIN_PIECES:] if used[i] < 2}
    return [
        i for i, piece in enumerate(model.pieces)
        if i < 4 or (CHINESE.match(piece) and i not in dropped)
    ]


def build(model: E5, english: list[str]) -> tuple[Tokenizer, np.ndarray]:
    """The cut tokenizer and its word vectors [pieces + typed tokens, hidden]."""
    kept = keep(model, english)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [(model.pieces[i], float(model.scores[i])) for i in kept]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="first", split=True)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in TYPED])
    vectors = model.tensors["emb.word"][kept]
    rows = []
    for words in TYPED.values():
        ids = [i for word in words for i in tokenizer.encode(word, add_special_tokens=False).ids if i < len(kept)]
        ids = [i for i in ids if pieces[i][0] != "▁"]
        rows.append(vectors[ids].mean(0))
    return tokenizer, np.concatenate([vectors, np.stack(rows)]).astype(np.float32)


def token_ids(tokenizer: Tokenizer, lines: list[str], longest: int = 64) -> list[list[int]]:
    """What the student is given for each line, as the service does it: no marks at the ends and no lone space, which say nothing
    to a mean and cost a third of a short message; the unknown token where nothing is left."""
    space = tokenizer.token_to_id("▁")
    rows = ([i for i in row.ids if i != space][:longest] for row in tokenizer.encode_batch(lines, add_special_tokens=False))
    return [row or [UNKNOWN] for row in rows]


def full(model: E5) -> Tokenizer:
    """The teacher's tokenizer, whole."""
    from tokenizers import normalizers

    pieces = [(piece, float(score)) for piece, score in zip(model.pieces, model.scores)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(r" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


if __name__ == "__main__":
    import sys

    import e5

    out, corpus = Path(sys.argv[1]), Path(sys.argv[2])
    english = [line for line in corpus.read_text(encoding="utf-8").splitlines() if line.isascii()]
    english += [line.lower() for line in english]
    tokenizer, vectors = build(e5.read(), english)
    np.save(out.with_name("words.npy"), vectors)
    tokenizer.save(str(out), pretty=False)
    print(json.dumps({"pieces": tokenizer.get_vocab_size(), "vectors": list(vectors.shape)}))
    for text in ["到新疆运费多少", "how much is shipping", "订单<order>到哪了😡", "满<num>减<num> 能用券吗"]:
        print(text, [tokenizer.id_to_token(i) for i in token_ids(tokenizer, [text])[0]])
