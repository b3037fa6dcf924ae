"""What chat talks about: DBSCAN over message embeddings, named by the words that set a group apart, with ids that last.

A refresh takes the recent sample (`topic_sample.py`), makes one of copied messages, drops those without a word of content, and groups
the rest by cosine distance (`density.py`): of the embeddings that the caller's function gives, or, without one, of TF-IDF vectors.
Messages in no group are counted as noise. Between refreshes a message is given a topic by the topic's own words (`topic_of`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from hikari.analytics.density import agreement, density_groups
from hikari.analytics.stable_ids import jaccard, keep_ids
from hikari.analytics.topic_sample import HALF_LIFE_S, Sampled, TopicSample
from hikari.analytics.topic_terms import class_terms, label_of, likeness, plain
from hikari.analytics.topic_texts import Text, distinct_texts, lexical
from hikari.errors import BadInput, BadStore

MIN_SAMPLES = 6
LEAST_MESSAGES = 20
"""Different messages under which nothing is grouped."""
REPRESENTATIVES = 3
QUANTILES = tuple(step / 50 for step in range(1, 26))
"""Most chat belongs to no topic, so radii are tried that leave most of it out."""
LEAST_SEPARATION = 0.01
LEAST_WEIGHT = 0.5
STATE_VERSION = 1

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts -> unit vectors (n, d), float32."""


@dataclass(frozen=True, slots=True)
class Representative:
    """A message near the middle of a topic, and who wrote it (several where it was copied)."""

    message: str
    authors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: terms with weights, highest first; `share` of the sampled messages that have content."""

    id: int
    label: str
    terms: tuple[tuple[str, float], ...]
    representatives: tuple[Representative, ...]
    messages: int
    chatters: int
    share: float


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics, largest first, and how good they are.

    `duplicate_share` of the sample were copies, `noise_share` of the different messages with content are in no topic; `stability` and
    `agreement` as in `audiences.py`; `method` is "embedding" or "lexical".
    """

    topics: tuple[Topic, ...]
    messages: int
    duplicate_share: float
    noise_share: float
    stability: float
    agreement: float | None
    method: str


class TopicModel:
    """The topics of one channel: `add` messages, `refresh` now and then (seconds; may run in another thread), ask.

    Raises `BadInput`.
    """

    def __init__(self, capacity: int = 2000, half_life_s: float = HALF_LIFE_S, seed: int = 0) -> None:
        self.sample = TopicSample(capacity, half_life_s, seed)
        self.found: Topics | None = None
        self._seed = seed
        self._next_id = 0
        self._members: dict[int, int] = {}
        """Sequence number of a grouped message -> topic id, -1 for none."""
        self._weights: dict[str, dict[int, float]] = {}
        """Word -> topic id -> its weight in units of the topic's heaviest word."""
        self._gone: set[str] = set()
        """Viewers forgotten since the last refresh began."""

    def add(self, timestamp: float, username: str, message: str) -> None:
        """Offer a message to the sample."""
        self.sample.add(timestamp, username, message)

    def refresh(self, embed: Embed | None = None) -> Topics:
        """Work the topics out anew. Raises `BadInput` where `embed` gives anything but one finite unit vector a text."""
        self._gone.clear()
        messages = self.sample.messages()
        texts = distinct_texts(messages)
        if len(texts) >= LEAST_MESSAGES:
            vectors = (
                lexical([one.words for one in texts])
                if embed is None
                else _checked(embed([one.message for one in texts]), len(texts))
            )
            likenesses = np.clip(vectors @ vectors.T, -1.0, 1.0)
            distances = np.maximum(1.0 - (likenesses + likenesses.T) / 2.0, 0.0)
            np.fill_diagonal(distances, 0.0)
            groups = density_groups(distances, MIN_SAMPLES, self._seed, candidates=QUANTILES, least_score=LEAST_SEPARATION)
            labels, stability = groups.labels, groups.stability
        else:
            vectors, labels, stability = np.zeros((len(texts), 1), np.float32), np.full(len(texts), -1, np.int64), 1.0
        return self._adopt(messages, texts, labels, stability, vectors, "lexical" if embed is None else "embedding")

    def topic_of(self, message: str) -> int | None:
        """The topic that a message's words speak of, or None."""
        if not self._weights:
            return None
        total: dict[int, float] = {}
        for word in message.lower().split():
            for topic, weight in self._weights.get(word.strip(".,!?:;\"'()"), {}).items():
                total[topic] = total.get(topic, 0.0) + weight
        if not total:
            return None
        best = max(total, key=lambda topic: (total[topic], -topic))
        return best if total[best] >= LEAST_WEIGHT else None

    def label(self, topic: int) -> str | None:
        """The label of a topic that is there now."""
        return next((one.label for one in self.found.topics if one.id == topic), None) if self.found else None

    def forget(self, username: str) -> None:
        """Remove the viewer's messages from the sample and from what represents topics, during a refresh as well."""
        self._gone.add(username)
        self.sample.forget(username)
        if self.found is not None:
            self.found = replace(self.found, topics=tuple(_without(one, {username}) for one in self.found.topics))

    def _adopt(
        self, messages: list[Sampled], texts: list[Text], labels: NDArray[np.int64], stability: float, vectors: Any, method: str
    ) -> Topics:
        groups = int(labels.max(initial=-1)) + 1
        inside = [[text for text, label in zip(texts, labels.tolist(), strict=True) if label == group] for group in range(groups)]
        names = {plain(one.username).replace(" ", "") for one in messages}
        named = class_terms(
            {group: [(text.authors[0], text.words) for text in inside[group]] for group in range(groups)}
            | {-1: [(text.authors[0], text.words) for text, label in zip(texts, labels.tolist(), strict=True) if label < 0]},
            names,
        )
        ids, next_id = self._keep_ids(inside, [named[group] for group in range(groups)])
        members: dict[int, int] = {
            seq: ids[label] if label >= 0 else -1 for text, label in zip(texts, labels.tolist(), strict=True) for seq in text.seqs
        }
        shared = [seq for seq in members if seq in self._members]
        same = agreement(np.array([members[seq] for seq in shared]), np.array([self._members[seq] for seq in shared]))
        total = sum(len(text.seqs) for text in texts)
        found: list[Topic] = []
        for group in range(groups):
            rows = np.flatnonzero(labels == group)
            size = sum(len(texts[row].seqs) for row in rows)
            topic = Topic(
                ids[group],
                label_of(named[group]) or f"topic {ids[group]}",
                tuple(named[group]),
                tuple(Representative(texts[row].message, texts[row].authors) for row in _middle(vectors, rows)),
                size,
                len({author for row in rows for author in texts[row].authors}),
                size / total,
            )
            found.append(_without(topic, self._gone))
        found.sort(key=lambda one: (-one.messages, one.id))
        copies = 1.0 - len({plain(one.message) for one in messages}) / len(messages) if messages else 0.0
        noise = float((labels < 0).mean()) if len(labels) else 0.0
        answer = Topics(tuple(found), len(messages), copies, noise, stability, same if shared else None, method)
        self._next_id, self._members, self._weights, self.found = next_id, members, _word_weights(found), answer
        return answer

    def _keep_ids(self, inside: list[list[Text]], named: list[list[tuple[str, float]]]) -> tuple[list[int], int]:
        old = self.found.topics if self.found else ()
        known = set(self._members)
        # The sample changes between refreshes: where messages are gone, the words tell that a topic is the same.
        new = [{seq for text in texts for seq in text.seqs} & known for texts in inside]
        affinity = np.zeros((len(old), len(inside)))
        current = set[int]().union(*new)
        for row, topic in enumerate(old):
            mine = {seq for seq, one in self._members.items() if one == topic.id} & current
            for column, theirs in enumerate(new):
                affinity[row, column] = max(jaccard(mine, theirs), likeness(topic.terms, named[column]))
        return keep_ids(affinity, [one.id for one in old], self._next_id)

    def state(self) -> dict[str, Any]:
        """Plain values for msgpack: sample, ids and the last answer."""
        return {
            "v": STATE_VERSION,
            "seed": self._seed,
            "sample": self.sample.state(),
            "next_id": self._next_id,
            "members": [[seq, one] for seq, one in self._members.items()],
            "found": _listed(asdict(self.found)) if self.found else None,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The topics that `state` was made of. Raises `BadStore`."""
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"topics have version {state['v']!r}, this one reads {STATE_VERSION}")
            made = cls(seed=int(state["seed"]))
            made.sample = TopicSample.from_state(state["sample"])
            made._next_id = int(state["next_id"])
            made._members = {int(seq): int(one) for seq, one in state["members"]}
            if state["found"] is not None:
                found: dict[str, Any] = {**state["found"], "topics": tuple(map(_topic, state["found"]["topics"]))}
                made.found = Topics(**found)
                made._weights = _word_weights(made.found.topics)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadStore("the topics are damaged") from error
        return made


def _middle(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> list[int]:
    """The medoid of a group (for unit vectors, the one nearest to their sum) and those nearest to it."""
    group = vectors[rows]
    medoid = int((group @ group.sum(axis=0)).argmax())
    near = np.argsort(-(group @ group[medoid]), kind="stable")
    ordered = [medoid, *(int(row) for row in near if row != medoid)]
    return [int(rows[row]) for row in ordered[:REPRESENTATIVES]]


def _word_weights(topics: Sequence[Topic]) -> dict[str, dict[int, float]]:
    weights: dict[str, dict[int, float]] = {}
    for topic in topics:
        single = [(term, weight) for term, weight in topic.terms if " " not in term]
        heaviest = max((weight for _, weight in single), default=1.0)
        for term, weight in single:
            weights.setdefault(term, {})[topic.id] = weight / heaviest
    return weights


def _without(topic: Topic, names: set[str]) -> Topic:
    kept = [replace(one, authors=tuple(name for name in one.authors if name not in names)) for one in topic.representatives]
    return replace(topic, representatives=tuple(one for one in kept if one.authors))


def _checked(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    made = np.asarray(vectors, np.float32)
    if made.ndim != 2 or len(made) != count:
        raise BadInput(f"embed must give one vector for each of {count} texts", field="embed")
    if not np.isfinite(made).all() or np.abs(np.linalg.norm(made, axis=1) - 1.0).max(initial=0.0) > 0.01:
        raise BadInput("embed must give finite vectors of length 1", field="embed")
    return made


def _listed(value: Any) -> Any:
    """Tuples as lists, as msgpack gives them back."""
    if isinstance(value, dict):
        return {key: _listed(one) for key, one in cast("dict[str, Any]", value).items()}
    return [_listed(one) for one in cast("list[Any]", value)] if isinstance(value, list | tuple) else value


def _topic(row: Mapping[str, Any]) -> Topic:
    values: dict[str, Any] = dict(row)
    values["terms"] = tuple((str(term), float(weight)) for term, weight in row["terms"])
    values["representatives"] = tuple(Representative(one["message"], tuple(one["authors"])) for one in row["representatives"])
    return Topic(**values)
