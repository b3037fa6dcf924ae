"""The bundled chat corpus: its schema, its duplicate check, and adding rows without ever moving an old one.

    python -m training.corpus check
    python -m training.corpus add THEME ROWS.jsonl

Rows are `{"text", "sentiment", "emotion", "toxicity", "question", "hard"}`; the label guide is in `data/corpus/README.md`.
Added rows that nearly repeat a known one are dropped, the others are put into train, dev or test, stratified by emotion and
toxicity. Whatever resembles a row of a split goes into that split, so that no test row has a near twin in training.
"""

import argparse
import collections
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hikari import atomic
from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY

SPLITS = ("train", "dev", "test")
CHALLENGE = "challenge"
"""Only read by evaluation: indirect hostility and its harmless look-alikes, written to be missed."""
SHARES = {"train": 0.68, "dev": 0.14, "test": 0.18}
HARD = (
    "sarcasm", "negation", "mixed", "emote_only", "slang", "figurative", "banter", "masked", "typo", "foreign", "implicit",
    "copypasta", "rhetorical",
)  # fmt: skip
NEAR_DUPLICATE = 0.6
"""Jaccard similarity of character trigrams from which two messages say the same with other spelling; found by reading pairs."""
SAME_SPLIT = 0.5
FOLDER = Path("data/corpus")


@dataclass(frozen=True)
class Row:
    """One labelled message; `hard` names what makes it hard to read, if anything does."""

    id: str
    theme: str
    text: str
    sentiment: str
    emotion: str
    toxicity: tuple[str, ...]
    question: bool
    hard: str | None


def problems(row: dict[str, Any]) -> list[str]:
    """What is wrong with a row as it was read from JSON; empty when nothing is."""
    found: list[str] = []
    if set(row) != {"id", "theme", "text", "sentiment", "emotion", "toxicity", "question", "hard"}:
        return [f"keys are {sorted(row)}"]
    if not isinstance(row["text"], str) or not row["text"].strip() or len(row["text"]) > 500:
        found.append("text must hold 1 to 500 characters")
    for key, allowed in (("sentiment", SENTIMENT), ("emotion", EMOTION), ("hard", (None, *HARD))):
        if row[key] not in allowed:
            found.append(f"{key} must be one of {', '.join(map(str, allowed))}, got {row[key]!r}")
    types = row["toxicity"]
    if not isinstance(types, list) or not all(kind in TOXICITY for kind in types) or len(set(types)) != len(types):
        found.append(f"toxicity must be a list of {', '.join(TOXICITY)}")
    elif types and "toxic" not in types:
        found.append("a non-empty toxicity list must contain `toxic`")
    if not isinstance(row["question"], bool):
        found.append("question must be true or false")
    return found


def read_split(split: str, folder: Path = FOLDER) -> list[Row]:
    """One split of the corpus. Raises `ValueError` that lists every malformed row."""
    path = folder / f"{split}.jsonl"
    rows, wrong = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        content = json.loads(line)
        found = problems(content)
        wrong += [f"{path}, line {number}: {problem}" for problem in found]
        if not found:
            rows.append(Row(**{**content, "toxicity": tuple(content["toxicity"])}))
    if wrong:
        raise ValueError("\n".join(wrong))
    return rows


def write_split(split: str, rows: Iterable[Row], folder: Path = FOLDER) -> None:
    """Write one split, a JSON object a line, sorted by id so that additions make small diffs."""
    ordered = sorted(rows, key=lambda row: row.id)
    lines = [json.dumps({**asdict(row), "toxicity": list(row.toxicity)}, ensure_ascii=False) for row in ordered]
    atomic.write_file(folder / f"{split}.jsonl", ("\n".join(lines) + "\n").encode() if lines else b"")


def canonical(text: str) -> str:
    """A message without case, stretching and spacing, for comparison only.

    >>> canonical("Nooooo  WAY")
    'noo way'
    """
    return " ".join(re.sub(r"(.)\1{2,}", r"\1\1", text.lower()).split())


def similar_pairs(texts: Sequence[str], threshold: float) -> list[tuple[int, int, float]]:
    """All pairs (i < j) whose character trigrams have a Jaccard similarity of at least `threshold`."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not texts:
        return []
    padded = [f" {canonical(text)} " for text in texts]
    padded = [text if len(text) >= 3 else f"{text:^3}" for text in padded]
    kind: Any = CountVectorizer
    counter = kind(analyzer="char", ngram_range=(3, 3), binary=True, lowercase=False, dtype=np.int32)
    grams = counter.fit_transform(padded)
    sizes = np.asarray(grams.sum(axis=1)).ravel()
    shared = (grams @ grams.T).tocoo()
    above = shared.row < shared.col
    left, right, both = shared.row[above], shared.col[above], shared.data[above]
    similarity = both / (sizes[left] + sizes[right] - both)
    keep = similarity >= threshold
    rows = zip(left[keep].tolist(), right[keep].tolist(), similarity[keep].tolist(), strict=True)
    return sorted(rows)


def add(theme: str, rows: Sequence[dict[str, Any]], folder: Path = FOLDER) -> collections.Counter[str]:
    """Merge new rows of one theme into the splits; returns how many went where, and how many were dropped as near-duplicates."""
    fresh = [{**row, "id": _identifier(str(row.get("text"))), "theme": theme} for row in rows]
    wrong = [f"row {number}: {problem}" for number, row in enumerate(fresh, start=1) for problem in problems(row)]
    if wrong:
        raise ValueError("\n".join(wrong))
    homes = (*SPLITS, CHALLENGE)
    splits = {split: read_split(split, folder) if (folder / f"{split}.jsonl").exists() else [] for split in homes}
    known = [(split, row) for split in homes for row in splits[split]]
    texts = [row.text for _, row in known] + [row["text"] for row in fresh]
    linked: dict[int, list[tuple[int, float]]] = collections.defaultdict(list)
    for left, right, similarity in similar_pairs(texts, SAME_SPLIT):
        if right >= len(known):
            linked[right].append((left, similarity))
    counts: collections.Counter[str] = collections.Counter()
    placed: dict[int, str] = {index: split for index, (split, _) in enumerate(known)}
    filled = collections.Counter((_stratum(row), split) for split, row in known)
    for index, content in enumerate(fresh, start=len(known)):
        near = [(left, similarity) for left, similarity in linked[index] if left in placed]
        if any(similarity >= NEAR_DUPLICATE for _, similarity in near):
            counts["near-duplicates dropped"] += 1
            continue
        row = Row(**{**content, "toxicity": tuple(content["toxicity"])})
        found = {placed[left] for left, _ in near}
        if len(found) > 1 or CHALLENGE in found:
            counts["dropped between two splits"] += 1
            continue
        split = found.pop() if found else _emptiest(_stratum(row), filled)
        placed[index] = split
        filled[_stratum(row), split] += 1
        splits[split].append(row)
        counts[split] += 1
    for split in SPLITS:
        write_split(split, splits[split], folder)
    return counts


def summary(folder: Path = FOLDER) -> dict[str, Any]:
    """Counts per split, label and kind of difficulty, for the data card."""
    out: dict[str, Any] = {}
    for split in (*SPLITS, CHALLENGE):
        if not (folder / f"{split}.jsonl").exists():
            continue
        rows = read_split(split, folder)
        out[split] = {
            "rows": len(rows),
            "toxic": sum(bool(row.toxicity) for row in rows),
            "questions": sum(row.question for row in rows),
            "hard": sum(row.hard is not None for row in rows),
            **{f"sentiment/{label}": sum(row.sentiment == label for row in rows) for label in SENTIMENT},
            **{f"emotion/{label}": sum(row.emotion == label for row in rows) for label in EMOTION},
            **{f"toxicity/{label}": sum(label in row.toxicity for row in rows) for label in TOXICITY},
        }
    return out


def _identifier(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _stratum(row: Row) -> tuple[str, bool]:
    return row.emotion, bool(row.toxicity)


def _emptiest(stratum: tuple[str, bool], filled: "collections.Counter[tuple[tuple[str, bool], str]]") -> str:
    """The split that lacks most to its share of the stratum; deterministic, so the same rows always land in the same place."""
    total = sum(filled[stratum, split] for split in SPLITS) + 1
    return max(SPLITS, key=lambda split: SHARES[split] * total - filled[stratum, split])


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m training.corpus", description="Check or extend the bundled chat corpus.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check")
    adding = commands.add_parser("add")
    adding.add_argument("theme")
    adding.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "add":
        lines = options.file.read_text(encoding="utf-8").splitlines()
        sys.stdout.write(f"{dict(add(options.theme, [json.loads(line) for line in lines if line.strip()]))}\n")
    sys.stdout.write(json.dumps(summary(), indent=2) + "\n")


if __name__ == "__main__":
    main()
