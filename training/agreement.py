"""How far two independent readings of the same real messages agree: raw share and Cohen's kappa (Cohen 1960).

    python agreement.py

Reads `labels/double_reading.tsv`. Needs neither the data folder nor a model.
"""

from collections import Counter

import labelled
from feelings import rows_of


def kappa(pairs: list[tuple]) -> str:
    n = len(pairs)
    agreed = sum(a == b for a, b in pairs) / n
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[label] * second[label] for label in first) / n**2
    return f"{agreed:.3f} (kappa {(agreed - chance) / (1 - chance):.3f})"


def main():
    rows = rows_of(labelled.LABELS / "double_reading.tsv")
    pairs = [(one[4:], two[4:], one[1] != "-") for one, two in zip(rows[::2], rows[1::2])]
    upset = {"anger", "disappointment"}
    first_id = lambda intent: intent.replace("|", "+").split("+")[0]
    kinds = {
        "first intent": lambda row: first_id(row[0]), "act": lambda row: row[1], "emotion": lambda row: row[2],
        "upset or not": lambda row: row[2] in upset, "hand-off": lambda row: row[4],
    }
    for name, chosen in [("all", pairs), ("dialogues", [p for p in pairs if p[2]]), ("single messages", [p for p in pairs if not p[2]])]:
        print(f"{name}: n {len(chosen)}; " + "; ".join(f"{kind} {kappa([(of(a), of(b)) for a, b, _ in chosen])}" for kind, of in kinds.items()))


if __name__ == "__main__":
    main()
