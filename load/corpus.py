"""Messages as a shop's customers send them, as JSON lines for `POST /v1/triage`.

    python3 load/corpus.py [--messages 1000] [--conversations 400] [--seed 1] [--distinct] > messages.jsonl
    python3 load/corpus.py --describe

The texts are the examples and tests of `intents/`, what customers say in `tests/conversations`, and the messages of `tests/exam`; no
recorded conversation. A few short ones come again and again (在吗, 你好, 好的), most come rarely: the share of a text falls with its rank
(Zipf), and ranks go by length, with greetings and thanks first. Most are varied as people vary them: an opening, a word at the end,
doubled punctuation, an emoji; every eightieth is a long story. `--describe` tells what came out, also how much of it stands in the
catalogue to the letter.
`--distinct` varies until no text comes twice. Message ids are unique, conversations hold several messages, and the same seed gives the
same lines. Needs PyYAML.
"""

import argparse
import bisect
import collections
import csv
import itertools
import json
import pathlib
import random
import statistics
import sys

try:
    import yaml
except ImportError:
    sys.exit("load/corpus.py needs PyYAML: python3 -m pip install pyyaml")

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OFTEN = {"greeting": 0.1, "thanks_bye": 0.3, "affirm": 0.5}     # of these intents the short texts come first of all

ZIPF, FLAT = 0.85, 4   # how steeply the share of a text falls with its rank, and how many ranks at the top are nearly alike
LONG = 1 / 80          # share of messages that tell a story
CONTINUED = 0.6        # share of messages in a conversation that may have begun before
VERIFIED = 0.3         # share of conversations in which the gateway knows the customer

OPENINGS = ["你好，", "您好 ", "亲，", "请问", "那个 ", "我想问下 ", "麻烦问一下，", "客服 ", "喂 ", "哈喽，"]
ENDINGS = ["呢", "啊", "呀", "？", "？？", "。", "~", "！", "!!", "…", " 谢谢", "，急", " 在线等", "，亲", " 🙏",
           "😊", "😭", "😡", "🤔", " 👍", "😂😂"]
ENGLISH_OPENINGS = ["hi, ", "hello ", "hey ", "quick question: ", "excuse me, ", "hi there! "]
ENGLISH_ENDINGS = ["?", "??", "!", " please", " thanks", " pls 🙏", " asap", "...", " 😡", " thx 😊"]


class Texts:
    """All texts with their intent (None where it is not told), and how often each is to come."""

    def __init__(self, root=ROOT):
        found = dict(itertools.chain(exam(root), conversations(root), catalogue(root)))
        order = random.Random(0)
        self.texts = sorted(found, key=lambda text: rank(text, found[text], order))
        self.shares = list(itertools.accumulate(1 / (place + FLAT) ** ZIPF for place in range(len(self.texts))))
        self.listed = {text for text, intent in catalogue(root) if intent}

    def draw(self, chance):
        return self.texts[bisect.bisect(self.shares, chance.random() * self.shares[-1])]


def rank(text, intent, chance):
    """Short texts and greetings come first, English ones later: it is the smaller part of the customers."""
    place = (len(text) + 4) * chance.lognormvariate(0, 0.9) * OFTEN.get(intent, 1)
    return (place if is_chinese(text) else 2 * place, text)


def is_chinese(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def catalogue(root):
    for path in sorted((root / "intents").glob("*.yaml")):
        intent = yaml.load(path.read_text(encoding="utf-8"), LOADER)
        examples = itertools.chain.from_iterable(intent.get("examples", {}).values())
        for entry in itertools.chain(examples, intent.get("tests") or []):
            text = entry.get("say") if isinstance(entry, dict) else entry
            if isinstance(text, str) and text:
                yield text, intent["id"]


def conversations(root):
    for path in sorted((root / "tests/conversations").glob("*.yaml")):
        story = yaml.load(path.read_text(encoding="utf-8"), LOADER)
        for turn in (story.get("turns") or []) if isinstance(story, dict) else []:
            if isinstance(turn.get("say"), str) and turn["say"]:
                yield turn["say"], None


def exam(root):
    with open(root / "tests/exam/messages.tsv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row["text"], None


def vary(text, chance):
    """The same in somewhat other words, as another customer would send it."""
    chinese = is_chinese(text)
    openings, endings = (OPENINGS, ENDINGS) if chinese else (ENGLISH_OPENINGS, ENGLISH_ENDINGS)
    if chance.random() < 0.45:
        text = chance.choice(openings) + text
    if chance.random() < 0.65:
        text = text.rstrip("?？。！!~") + chance.choice(endings)
    if len(text) > 8 and chance.random() < 0.1:
        at = chance.randrange(1, len(text) - 1)
        text = text[:at] + text[at + 1] + text[at] + text[at + 2:]
    return text


def story(texts, chance):
    """Several things in one message: 80 to 600 characters."""
    parts = []
    while sum(map(len, parts)) < 80 or (chance.random() < 0.7 and sum(map(len, parts)) < 600):
        parts.append(texts.draw(chance))
    return "，".join(parts)


def say(texts, chance):
    if chance.random() < LONG:
        return story(texts, chance)
    text = texts.draw(chance)
    # What is short is sent as it is; the longer, the less likely two customers choose the same words.
    return text if len(text) <= 3 and chance.random() < 0.8 else vary(text, chance)


class Corpus:
    """Messages without end. Conversations of earlier calls of `lines` go on in later ones."""

    def __init__(self, seed=1, distinct=False, texts=None):
        self.texts, self.chance, self.seed = texts or Texts(), random.Random(seed), seed
        self.said, self.numbers = set() if distinct else None, itertools.count()
        self.known, self.begun = [], 0

    def text(self):
        text = say(self.texts, self.chance)
        while self.said is not None and text in self.said:
            text = vary(f"{text} {self.texts.draw(self.chance)}" if len(text) < 12 else text, self.chance)
        if self.said is not None:
            self.said.add(text)
        return text[:8000]

    def lines(self, messages, conversations, **fields):
        """So many messages, `conversations` of which their conversations are new; `fields` are set in each of them."""
        fresh = [f"c-{self.seed}-{self.begun + number}" for number in range(max(1, conversations))]
        self.begun += len(fresh)
        pool = self.known[-len(fresh):] + fresh
        for _ in range(messages):
            known = self.chance.random() < CONTINUED
            conversation = self.chance.choice(pool if known else fresh)
            yield self.message(conversation, fields)
        self.known.extend(fresh)

    def message(self, conversation, fields):
        message = {"conversation_id": conversation, "message_id": f"m-{self.seed}-{next(self.numbers)}", "text": self.text(), "channel": "web"}
        if hash_of(conversation) < VERIFIED:
            message["customer"] = {"id": f"u-{conversation}", "verified": True}
        return json.dumps({**message, **fields}, ensure_ascii=False, separators=(",", ":"))


def hash_of(conversation):
    """A number in [0, 1) that belongs to the conversation."""
    return random.Random(conversation).random()


def describe(corpus, count=20_000):
    messages = [json.loads(line)["text"] for line in corpus.lines(count, count // 3)]
    lengths, often = sorted(map(len, messages)), collections.Counter(messages)
    print(f"{len(corpus.texts.texts)} texts; of {count} messages:")
    print(f"  characters    median {statistics.median(lengths):.0f}, p95 {lengths[int(count * .95)]}, p99 {lengths[int(count * .99)]}, longest {lengths[-1]}")
    print(f"  distinct      {len(often)}; come once {sum(times == 1 for times in often.values())}")
    print(f"  most often    {', '.join(f'{text} {times / count:.1%}' for text, times in often.most_common(12))}")
    print(f"  stand in the catalogue to the letter {sum(text in corpus.texts.listed for text in messages) / count:.1%}")
    print(f"  without Chinese characters {sum(not is_chinese(text) for text in messages) / count:.1%}, "
          f"with emoji {sum(any(letter > chr(0x1f000) for letter in text) for text in messages) / count:.1%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--conversations", type=int, default=400, help="how many conversations begin")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--distinct", action="store_true", help="no text comes twice")
    parser.add_argument("--describe", action="store_true", help="print figures instead")
    options = parser.parse_args()
    corpus = Corpus(options.seed, options.distinct)
    if options.describe:
        return describe(corpus)
    for line in corpus.lines(options.messages, options.conversations):
        print(line)


if __name__ == "__main__":
    main()
