"""Functional suites: what the served text model must be able to do, capability by capability (CheckList, Ribeiro et al. 2020).

`data/functional/<capability>.jsonl` holds one case a line, of one of three kinds:

    {"id", "kind": "mft", "text", "expect": {"sentiment"?: [...], "emotion"?: [...], "toxic"?: bool, "question"?: bool}}
    {"id", "kind": "inv", "text", "variants": [...], "same": ["sentiment" | "emotion" | "toxic" | "question", ...]}
    {"id", "kind": "dir", "text", "variants": [...], "score": NAME, "direction": "not_lower" | "not_higher", "tolerance": 0..1}

A minimum functionality case (mft) passes when every decision is one of the allowed ones, an invariance case (inv) when no variant
changes a named decision, a direction case (dir) when no variant moves the score against the direction by more than the tolerance.
NAME is `sentiment` (-1..1), `toxicity`, `question` or `emotion/<label>`. Decisions and scores are those that the engine serves.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hikari.sentiment.labels import EMOTION, SENTIMENT
from hikari.sentiment.scores import MessageScores, Scorer
from hikari.sentiment.symbols import lexicon

KINDS = ("mft", "inv", "dir")
DECISIONS = ("sentiment", "emotion", "toxic", "question")
SCORES = ("sentiment", "toxicity", "question", *(f"emotion/{label}" for label in EMOTION))
DIRECTIONS = ("not_lower", "not_higher")
_KEYS = {
    "mft": {"id", "kind", "text", "expect"},
    "inv": {"id", "kind", "text", "variants", "same"},
    "dir": {"id", "kind", "text", "variants", "score", "direction", "tolerance"},
}
_CLOSE = 1e-9
"""Scores of equal texts may differ by rounding alone."""

Answers = Mapping[str, MessageScores]
"""What is served for each text."""

Table = Any
"""A `pandas.DataFrame`, whose groups and sums a type checker cannot follow."""


class SuiteError(ValueError):
    """A suite's file does not follow the format; the message names every file, line and mistake."""


@dataclass(frozen=True)
class Minimum:
    """The decisions on one text must be among the allowed ones."""

    id: str
    capability: str
    text: str
    expect: Mapping[str, tuple[Any, ...]]
    kind = "mft"

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text,)

    def holds(self, answers: Answers) -> bool:
        found = decisions(answers[self.text])
        return all(found[name] in allowed for name, allowed in self.expect.items())


@dataclass(frozen=True)
class Invariance:
    """The named decisions on every variant must be those on the text."""

    id: str
    capability: str
    text: str
    variants: tuple[str, ...]
    same: tuple[str, ...]
    kind = "inv"

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text, *self.variants)

    def holds(self, answers: Answers) -> bool:
        first, *others = (decisions(answers[text]) for text in self.texts)
        return all(other[name] == first[name] for other in others for name in self.same)


@dataclass(frozen=True)
class Direction:
    """The score of every variant must not lie below (or above) the text's by more than the tolerance."""

    id: str
    capability: str
    text: str
    variants: tuple[str, ...]
    score: str
    direction: str
    tolerance: float
    kind = "dir"

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text, *self.variants)

    def holds(self, answers: Answers) -> bool:
        first, *others = (score(answers[text], self.score) for text in self.texts)
        sign = 1.0 if self.direction == "not_lower" else -1.0
        return all(sign * (other - first) >= -self.tolerance - _CLOSE for other in others)


Case = Minimum | Invariance | Direction


def decisions(scores: MessageScores) -> dict[str, Any]:
    """What the engine decided: the sentiment's side without its `very_`, the primary emotion, toxic or not, asking or not."""
    return {
        "sentiment": scores.label.removeprefix("very_"),
        "emotion": scores.emotion,
        "toxic": bool(scores.toxic_labels),
        "question": scores.asks,
    }


def score(scores: MessageScores, name: str) -> float:
    """A served score by its name in `SCORES`; toxicity is that of the likeliest type, as in an answer of the engine."""
    if name == "sentiment":
        return scores.aggregate
    if name == "toxicity":
        return max(scores.toxicity.values())
    if name == "question":
        return float(scores.asks) if scores.question is None else scores.question
    return scores.emotions[name.removeprefix("emotion/")]


def answers(scorer: Scorer, texts: Iterable[str]) -> dict[str, MessageScores]:
    """What the engine serves for each distinct text; no text is read twice."""
    distinct = list(dict.fromkeys(texts))
    symbols = lexicon()
    return dict(zip(distinct, scorer.score([(text, symbols) for text in distinct]), strict=True))


def read_rows(path: Path, problems: Callable[[Mapping[str, Any]], list[str]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of a JSONL file in which `problems` finds nothing, and what is wrong with the others, each with its line."""
    rows: list[dict[str, Any]] = []
    wrong: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        found = problems(row) if isinstance(row, dict) else ["not a JSON object"]
        wrong += [f"{path}, line {number}: {problem}" for problem in found]
        if not found and row is not None:
            rows.append(row)
    if not rows and not wrong:
        wrong = [f"{path} holds no rows"]
    return rows, wrong


def read_cases(folder: Path) -> list[Case]:
    """All cases of a folder, a file a capability. Raises `SuiteError` that lists every malformed row."""
    cases: list[Case] = []
    wrong: list[str] = []
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise SuiteError(f"{folder} holds no suites (<capability>.jsonl)")
    for file in files:
        rows, found = read_rows(file, problems)
        wrong += found
        seen: set[str] = set()
        for row in rows:
            if row["id"] in seen or not row["id"].startswith(f"{file.stem}-"):
                wrong.append(f"{file}: id {row['id']!r} must be {file.stem}-<number> and occur once")
            seen.add(row["id"])
            cases.append(_case(row, file.stem))
    if wrong:
        raise SuiteError("\n".join(wrong))
    return cases


def problems(row: Mapping[str, Any]) -> list[str]:
    """What is wrong with a case as it was read from JSON; empty when nothing is."""
    kind = row.get("kind")
    if kind not in KINDS:
        return [f"kind must be one of {', '.join(KINDS)}, got {kind!r}"]
    if set(row) != _KEYS[kind]:
        return [f"the keys of {kind} are {', '.join(sorted(_KEYS[kind]))}, got {', '.join(sorted(row))}"]
    found = [] if isinstance(row["id"], str) and row["id"] else ["id must be a non-empty string"]
    if not _is_text(row["text"]):
        found.append("text must hold 1 to 500 characters and no space around them")
    if kind == "mft":
        return found + _expectation_problems(row["expect"])
    variants = row["variants"]
    if not isinstance(variants, list) or not variants or not all(map(_is_text, variants)):
        found.append("variants must be a list of texts, at least one")
    elif len({str(row["text"]), *variants}) != len(variants) + 1:
        found.append("text and variants must all differ")
    if kind == "inv":
        same = row["same"]
        if not isinstance(same, list) or not same or any(name not in DECISIONS or same.count(name) > 1 for name in same):
            found.append(f"same must be a list of {', '.join(DECISIONS)}, at least one, none twice")
        return found
    if row["score"] not in SCORES:
        found.append(f"score must be one of {', '.join(SCORES)}, got {row['score']!r}")
    if row["direction"] not in DIRECTIONS:
        found.append(f"direction must be one of {', '.join(DIRECTIONS)}, got {row['direction']!r}")
    tolerance = row["tolerance"]
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 <= tolerance <= 1:
        found.append(f"tolerance must be a number from 0 to 1, got {tolerance!r}")
    return found


def judge(cases: Sequence[Case], found: Answers) -> Table:
    """One row a case: `id`, `capability`, `kind`, `passed`. `found` must hold an answer for each text."""
    rows = [(case.id, case.capability, case.kind, case.holds(found)) for case in cases]
    return pd.DataFrame(rows, columns=["id", "capability", "kind", "passed"])


def figures(judged: Table) -> dict[str, Any]:
    """Cases, failures and pass rate: of all, by kind, and by capability (there with the pass rate of each kind that occurs)."""
    by_kind = {str(kind): _counts(part) for kind, part in judged.groupby("kind")}
    by_capability = {
        str(name): {**_counts(part), **{str(kind): _rate(rows) for kind, rows in part.groupby("kind")}}
        for name, part in judged.groupby("capability")
    }
    return {**_counts(judged), "kinds": by_kind, "capabilities": by_capability}


def failing(judged: Table) -> dict[str, list[str]]:
    """The ids of the failing cases of each capability that has any."""
    failed = judged[~judged["passed"]]
    return {str(name): part["id"].tolist() for name, part in failed.groupby("capability")}


def table(judged: Table) -> Table:
    """One row a capability: `capability`, `cases`, `failures`, `pass_rate`, the pass rate of each kind, `failing` ids."""
    failed = failing(judged)
    rows = [
        {"capability": name, **dict.fromkeys(KINDS), **row, "failing": " ".join(failed.get(name, []))}
        for name, row in figures(judged)["capabilities"].items()
    ]
    columns = ["capability", "cases", "failures", "pass_rate", *KINDS, "failing"]
    return pd.DataFrame(rows, columns=columns)


def _counts(part: Table) -> dict[str, Any]:
    return {"cases": len(part), "failures": int((~part["passed"]).sum()), "pass_rate": _rate(part)}


def _rate(part: Table) -> float:
    return round(float(part["passed"].mean()), 4)


def _case(row: Mapping[str, Any], capability: str) -> Case:
    if row["kind"] == "mft":
        allowed = {name: tuple(value) if isinstance(value, list) else (value,) for name, value in row["expect"].items()}
        return Minimum(row["id"], capability, row["text"], allowed)
    variants = tuple(row["variants"])
    if row["kind"] == "inv":
        return Invariance(row["id"], capability, row["text"], variants, tuple(row["same"]))
    return Direction(row["id"], capability, row["text"], variants, row["score"], row["direction"], float(row["tolerance"]))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value == value.strip() and 0 < len(value) <= 500


def _expectation_problems(expect: Any) -> list[str]:
    if not isinstance(expect, dict) or not expect or not set(expect) <= set(DECISIONS):
        return [f"expect must be an object with any of {', '.join(DECISIONS)}, at least one"]
    found: list[str] = []
    for name, labels in (("sentiment", SENTIMENT), ("emotion", EMOTION)):
        allowed = expect.get(name, [labels[0]])
        if not isinstance(allowed, list) or not allowed or not all(label in labels for label in allowed):
            found.append(f"expect.{name} must be a list of {', '.join(labels)}, at least one")
        elif len(set(allowed)) == len(labels):
            found.append(f"expect.{name} allows every label, so that the case cannot fail")
    found += [
        f"expect.{name} must be true or false, got {expect[name]!r}"
        for name in ("toxic", "question")
        if name in expect and not isinstance(expect[name], bool)
    ]
    return found
