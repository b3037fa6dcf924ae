"""What a waiting message is worth, in parts that can be read, and why in words.

    want  = 0.34 question + 0.22 paid + 0.16 relevance + 0.12 recommendation + 0.08 role + 0.08 memory
    worth = want * novelty * age * safety
    score = worth * fairness

Everything is in 0..1. What is worth less than `ReplyConfig.least` is not answered; fairness only decides between those that are, so a
stream with one viewer is a conversation. The weights are a choice, not a fit: there is no public set of streamers' choices. They say that
a question outweighs a payment, that a paid question outweighs everything, and that no mark of status alone is worth an answer.
"""

from dataclasses import dataclass

import numpy as np

from hikari.stream.replies.candidates import Candidate
from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.waiting import Floats, Rows, Waiting

WEIGHTS = {"question": 0.34, "paid": 0.22, "relevance": 0.16, "recommendation": 0.12, "role": 0.08, "memory": 0.08}
FACTORS = ("novelty", "age", "safety", "fairness")
MANY_ASK, MOST_ASK = 0.1, 0.2
"""What every doubling of the number of viewers who ask the same adds to a question, and the most that it adds: no crowd outweighs a
question by name."""
SAME, KNOWN = 0.9, 0.65
"""From this likeness to an answered message on, a message is the same one; up to that one, another."""
PAID_PATIENCE = 5.0
_SAID_BEFORE = frozenset({"question", "paid"})
"""Words of a recommendation's reason that only repeat what is told of the message already."""
NOTABLE, LONG_S = 0.25, 30.0
"""From when on a part, and a wait, is worth a word."""


@dataclass(frozen=True, slots=True)
class Worth:
    """The parts of the score of some rows, each (n,)."""

    parts: dict[str, Floats]

    def worth(self) -> Floats:
        """Without regard to who wrote it."""
        want = sum((weight * self.parts[name] for name, weight in WEIGHTS.items()), np.zeros(len(self.parts["age"])))
        return want * self.parts["novelty"] * self.parts["age"] * self.parts["safety"]

    def score(self) -> Floats:
        """With regard to it."""
        return self.worth() * self.parts["fairness"]

    def of(self, place: int) -> dict[str, float]:
        """The parts of one row."""
        return {name: round(float(values[place]), 4) for name, values in self.parts.items()}


def novelty(answered: Floats) -> Floats:
    """1 for what is unlike everything answered before, 0.05 for the same again."""
    return 1.0 - 0.95 * np.clip((answered - KNOWN) / (SAME - KNOWN), 0.0, 1.0)


def age(seconds: Floats, paid: Floats, config: ReplyConfig) -> Floats:
    """Halves with every half-life; 0 for what is too old to be answered. What comes from the future is new."""
    waited = np.maximum(seconds, 0.0)
    half_life = np.where(paid > 0, config.paid_half_life_s, config.half_life_s)
    limit = np.where(paid > 0, PAID_PATIENCE, 1.0) * config.max_age_s
    return np.where(waited <= limit, 0.5 ** (waited / half_life), 0.0)


def lasting(table: Waiting, rows: Rows, now: float, config: ReplyConfig) -> Floats:
    """The worth without anything that depends on what is on or who was answered: what decides who loses a place."""
    columns = table.columns
    want = sum((WEIGHTS[name] * columns[column][rows] for name, column in _PLAIN.items()), np.zeros(len(rows)))
    waited = now - columns["arrived"][rows]
    return want * novelty(columns["answered"][rows]) * columns["safety"][rows] * age(waited, columns["paid"][rows], config)


_PLAIN = {"question": "question", "paid": "paid", "recommendation": "recommended", "role": "role"}


def askers(table: Waiting, rows: Rows) -> Floats:
    """How many viewers wait with the same words, for each row."""
    _, places, counts = np.unique(table.meanings[rows], return_inverse=True, return_counts=True)
    return np.where(table.meanings[rows] == 0, 1, counts[places]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to say about one choice: its parts, how many viewers ask the same, how many of the last answers the writer got, in
    how many streams the writer was (None: not known), and for how many seconds the message has waited."""

    message: Candidate
    parts: dict[str, float]
    asking: int
    answers: int
    streams: int | None
    waited: float


def reasons(case: Case) -> list[str]:
    """Why this message, in words without anybody's text, the weightiest first."""
    return [text for _, text in sorted([*_by_message(case), *_by_writer(case)], key=lambda pair: -pair[0])]


def _by_message(case: Case) -> list[tuple[float, str]]:
    message, parts = case.message, case.parts
    found: list[tuple[float, str]] = []
    if message.paid:
        found.append((WEIGHTS["paid"], "paid for"))
    if message.asks and not message.elsewhere:
        found.append((WEIGHTS["question"] * parts["question"], "asks the VTuber by name" if message.addressed else "a question"))
    elif message.addressed:
        found.append((WEIGHTS["question"] * parts["question"], "speaks to the VTuber by name"))
    if case.asking > 1:
        found.append((MANY_ASK / 2, f"{case.asking} viewers ask this"))
    if parts["relevance"] >= NOTABLE:
        found.append((WEIGHTS["relevance"] * parts["relevance"], "about what is on"))
    if message.recommended > 0 and message.reason and not _SAID_BEFORE.intersection(message.reason.split()):
        found.append((WEIGHTS["recommendation"] * parts["recommendation"], message.reason))
    if case.waited >= LONG_S:
        found.append((0.0, f"has waited for {round(case.waited)} s"))
    return found


def _by_writer(case: Case) -> list[tuple[float, str]]:
    parts = case.parts
    found: list[tuple[float, str]] = []
    if case.message.role > 0:
        found.append((WEIGHTS["role"] * parts["role"], f"from a {case.message.standing}"))
    if parts["memory"] >= NOTABLE:
        found.append((WEIGHTS["memory"] * parts["memory"], "this viewer is remembered"))
    if case.streams is not None and case.streams > 1:
        found.append((0.01, f"has been in {case.streams} streams"))
    if case.answers == 0:
        found.append((0.02, "not answered yet"))
    elif parts["fairness"] < 1.0:
        found.append((0.0, "answered lately, but still first"))
    return found
