"""What the desk knows of one channel: who waits, what was answered and said, how the chat feels."""

import math
import re
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hikari.memory.repeats import Copypasta
from hikari.stream.replies import scoring
from hikari.stream.replies.candidates import Candidate, candidate
from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.fairness import Turns
from hikari.stream.replies.gate import TOXIC, kept_out
from hikari.stream.replies.known import Known
from hikari.stream.replies.pulse import Pulse
from hikari.stream.replies.scoring import Worth
from hikari.stream.replies.waiting import Floats, Rows, Waiting
from hikari.stream.replies.words import similarity, subjects, terms

ANSWERED, SAID, SENTENCES, HOSTILE, PASTED_WORDS, PASTED = 64, 64, 256, 2_000, 8, 1_000
MAX_SAID, MAX_SENTENCES = 2_000, 12
SAID_WORDS = 3
"""Shorter utterances ("thank you!") are everybody's."""
ECHO = 0.92
SPOKEN_S = 120.0
"""For so long what the VTuber said counts as what is on."""
TWIN = 0.8
"""From this likeness on, two messages of one answer are the same."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen message with the parts of its score."""

    message: Candidate
    score: float
    parts: dict[str, float]
    asking: int
    """Viewers who wait with the same words."""
    waited: float
    over_share: bool
    """The writer had a full share of the last answers: only for want of others."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something the VTuber said, at a time of the desk's clock."""

    text: str
    subjects: frozenset[int]
    at: float


class ReplyChannel:
    """The desk's state for one channel; for one thread. Times are the desk's clock unless they are called timestamps."""

    def __init__(self, config: ReplyConfig) -> None:
        self._config = config
        self._names = frozenset(name.strip().lstrip("@").casefold() for name in config.names if name.strip())
        self._now = 0.0
        self._waiting = Waiting(
            config.waiting, config.waiting_each, lambda table, rows: scoring.lasting(table, rows, self._now, config)
        )
        self._turns = Turns(config.turns, config.most_turns, config.fade_answers)
        self._answered = Known(ANSWERED)
        self._done: deque[tuple[str | int | None, str]] = deque(maxlen=ANSWERED)
        """Ids of answered messages and who wrote them."""
        self._said: deque[Spoken] = deque(maxlen=SAID)
        self._sentences = Known(SENTENCES)
        self._hostile: OrderedDict[str, float] = OrderedDict()
        self._pasted = Copypasta(min_words=PASTED_WORDS, size=PASTED)
        self.pulse = Pulse()
        self.kept_out: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def answers(self) -> int:
        """How many answers are remembered."""
        return len(self._turns)

    def notice(self, event: Mapping[str, Any], now: float) -> str | None:
        """Take in an `analysis` event; why it will not be answered, None when it waits."""
        self._now = now = max(now, self._now)
        self.pulse.add(event, now)
        message = candidate(event, now, self._names)
        reason = kept_out(message, event, self._names, said=self._is_echo, pasted=self._is_pasted)
        writer = message.username.casefold()
        if reason == TOXIC:
            self._hostile[writer] = now
            self._hostile.move_to_end(writer)
            if len(self._hostile) > HOSTILE:
                self._hostile.popitem(last=False)
        elif reason is None:
            if self._hostile and now - self._hostile.get(writer, -math.inf) < self._config.hostile_s:
                message = replace(message, safety=message.safety / 2)
            if not self._waiting.add(message, self._known(message, now)):
                reason = "repeated"
        if reason is not None:
            self.kept_out[reason] += 1
        return reason

    def said(self, text: str, now: float, in_reply_to: Sequence[str | int] = ()) -> int:
        """The VTuber said this; returns how many of the messages it answers were still waiting."""
        self._now = now = max(now, self._now)
        parts = (part for part in _SENTENCE_END.split(text[:MAX_SAID]) if len(part.split()) >= SAID_WORDS)
        for part in list(parts)[:MAX_SENTENCES]:
            self._sentences.add(terms(part, self._names), now)
        self._said.append(Spoken(text[:MAX_SAID], subjects(text, self._names), now))
        waiting = [row for each in dict.fromkeys(in_reply_to) if (row := self._waiting.row_of(each)) is not None]
        for row in waiting:
            self._answer(row, now)
        return len(waiting)

    def shortlist(self, count: int, now: float, moment: float | None, on_stream: str | None) -> list[Pick]:
        """The best messages, at most one a viewer and none twice, best first, before anybody's memory is asked.

        `moment` is what time it is in the messages' own time, where that was given; else their age is how long ago they came.
        """
        self._now = now = max(now, self._now)
        rows = self._waiting.rows()
        if not len(rows):
            return []
        asking = scoring.askers(self._waiting, rows)
        old = now - self._waiting.columns["arrived"][rows]
        if moment is not None:
            # A clock that is wrong must not keep a message for ever: the older of both counts.
            old = np.maximum(old, moment - self._waiting.columns["timestamp"][rows])
        worth = Worth(self._parts(rows, asking, old, self._on_stream(on_stream, now)))
        values, scores = worth.worth(), worth.score()
        passed = self._turns.passed_over()
        chosen: list[Pick] = []
        over: list[Pick] = []
        viewers: set[int] = set()
        # Best first; of equals the one that came first.
        for place in np.argsort(-scores.round(9), kind="stable").tolist():
            viewer = int(self._waiting.viewers[rows[place]])
            message = self._waiting[int(rows[place])]
            if values[place] < self._config.least or viewer in viewers or _is_twin(message, (*chosen, *over)):
                continue
            viewers.add(viewer)
            mine = over if viewer in passed else chosen
            mine.append(
                Pick(
                    message,
                    float(scores[place]),
                    worth.of(place),
                    int(asking[place]),
                    max(float(old[place]), 0.0),
                    viewer in passed,
                )
            )
            if len(chosen) >= count:
                break
        # Who had a full share of the last answers only gets another one for want of others.
        return [*chosen, *over][:count]

    def spoken(self, most: int, now: float) -> list[str]:
        """What the VTuber said lately, the newest last."""
        return [one.text for one in self._said if now - one.at < SPOKEN_S][-most:]

    def times_answered(self, username: str) -> int:
        """How many of the last answers went to this viewer."""
        return self._turns.answered(username)

    def forget(self, username: str) -> int:
        """Drop everything that is known of a viewer; returns how many messages waited."""
        writer = username.strip().lstrip("@").casefold()
        self._hostile.pop(writer, None)
        self._turns.forget(writer)
        self._answered.forget(writer)
        self._done = deque((row for row in self._done if row[1] != writer), maxlen=ANSWERED)
        self._pasted.forget([], writer)
        return self._waiting.forget(writer)

    def _parts(self, rows: Rows, asking: Floats, old: Floats, on_stream: set[int]) -> dict[str, Floats]:
        table, columns = self._waiting, self._waiting.columns
        paid = columns["paid"][rows]
        many = np.minimum(scoring.MANY_ASK * np.log2(asking), scoring.MOST_ASK) * (columns["question"][rows] > 0)
        fairness = np.ones(len(rows))
        for viewer, weight in self._turns.weights().items():
            fairness[table.viewers[rows] == viewer] = weight
        return {
            "question": np.minimum(columns["question"][rows] + many, 1.0),
            "relevance": table.coverage(rows, on_stream),
            "novelty": scoring.novelty(columns["answered"][rows]),
            "fairness": fairness,
            "safety": columns["safety"][rows],
            "memory": np.zeros(len(rows)),
            "paid": paid,
            "role": columns["role"][rows],
            "age": scoring.age(old, paid, self._config),
            "recommendation": columns["recommended"][rows],
        }

    def _on_stream(self, given: str | None, now: float) -> set[int]:
        found = set(subjects(given, self._names)) if given else set[int]()
        for one in self._said:
            if now - one.at < SPOKEN_S:
                found |= one.subjects
        return found

    def _known(self, message: Candidate, now: float) -> float:
        """How like it is to what was answered lately, 0 to 1; 1 for an answered message that is delivered once more."""
        if message.id is not None and any(message.id == done for done, _ in self._done):
            return 1.0
        return self._answered.likeness(message.terms, now - self._config.answered_s)

    def _answer(self, row: int, now: float) -> None:
        message = self._waiting[row]
        self._turns.add(message.username)
        self._answered.add(message.terms, now, message.username.casefold())
        self._done.append((message.id, message.username.casefold()))
        self._waiting.remove(row)
        self._waiting.resemble(self._waiting.rows(), message.terms)

    def _is_echo(self, message: Candidate) -> bool:
        """Whether the VTuber said this. A question is nobody's echo."""
        if message.asks or not self._said or len(message.text.split()) < SAID_WORDS:
            return False
        return self._sentences.likeness(message.terms, -math.inf) >= ECHO

    def _is_pasted(self, message: Candidate) -> bool:
        if message.text.count(" ") < PASTED_WORDS - 1:
            return False
        return self._pasted.add(message.text, message.username.casefold(), message.timestamp) is not None


def _is_twin(message: Candidate, others: Sequence[Pick]) -> bool:
    return any(similarity(message.terms, other.message.terms) >= TWIN for other in others)
