"""Where one episode of a conversation ends and the next begins: by topic, by silence, by size, by time.

The topic test is TextTiling's (Hearst 1997) on sentence embeddings, made incremental: the mean vector of the newest `window` turns
against the mean of the `context` turns before them. A shift is believed only when the cosine stays under `threshold` for `patience`
turns, and the cut falls where it was lowest. Everything here is arithmetic on what comes in: the clock is the turns' own, so that a
replay on virtual time cuts like the live stream did.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from hikari.errors import BadInput

Reason = Literal["topic", "silence", "size", "time", "end"]
FORMAT = 1


@dataclass(frozen=True, slots=True)
class EpisodeConfig:
    """When to cut; turns are counted, times are in seconds, similarities are cosines.

    The topic parameters were chosen on one half of DialogSum's development dialogues, put end to end. On the other half (boundaries
    within two turns): precision 0.89, recall 0.78, WindowDiff 0.21 (equal pieces: 0.50, no cuts: 0.41). Ordinary stream chat is cut
    into episodes of some 30 messages. The limits keep an episode short enough to be summed up in a few sentences.
    """

    window: int = 4
    context: int = 12
    threshold: float = 0.4
    patience: int = 3
    min_turns: int = 4
    max_turns: int = 120
    silence_s: float = 900.0
    max_s: float = 3600.0

    def __post_init__(self) -> None:
        whole = ("window", "context", "patience", "min_turns", "max_turns")
        problems = [f"{name} must be at least 1" for name in whole if getattr(self, name) < 1]
        problems += [f"{name} must be greater than 0" for name in ("silence_s", "max_s") if not getattr(self, name) > 0]
        if not -1 <= self.threshold <= 1:
            problems.append("threshold must be from -1 to 1")
        if self.max_turns < self.window + self.min_turns:
            problems.append("max_turns must be at least window + min_turns")
        if problems:
            raise BadInput("; ".join(problems), field="episodes")


@dataclass(frozen=True, slots=True)
class Episode:
    """A closed episode: time of its first and last turn (epoch seconds), the turns' row numbers in order, and why it ended."""

    start: float
    end: float
    seqs: tuple[int, ...]
    reason: Reason


@dataclass(slots=True)
class _Open:
    """The turns since the last cut; `vectors` are kept for the newest ones only."""

    seqs: list[int] = field(default_factory=list[int])
    times: list[float] = field(default_factory=list[float])
    vectors: list[npt.NDArray[np.float32]] = field(default_factory=list[npt.NDArray[np.float32]])
    low: list[float] = field(default_factory=list[float])
    """Cosines of the present run under the threshold, oldest first."""


class EpisodeBuffer:
    """The open episode of one channel. Not safe to share between threads: the writer owns it.

    Holds at most `max_turns` row numbers and times and `window + context + patience` vectors. Vectors are rounded to 16 bits on entry,
    so that a buffer restored from `to_dict` decides exactly like the one that was saved.
    """

    def __init__(self, config: EpisodeConfig | None = None) -> None:
        self.config = config or EpisodeConfig()
        self._open = _Open()

    def __len__(self) -> int:
        return len(self._open.seqs)

    @property
    def seqs(self) -> tuple[int, ...]:
        """Row numbers of the open episode's turns."""
        return tuple(self._open.seqs)

    def add(self, seq: int, vector: npt.NDArray[np.float32], timestamp: float) -> list[Episode]:
        """Take in one turn (unit vector of shape (d,), epoch seconds); returns the episodes that end with it, oldest first.

        A late turn joins the open episode and cuts nothing. Raises `BadInput` for a vector or time that is not finite.
        """
        rounded = np.asarray(vector, dtype=np.float16).astype(np.float32)
        if rounded.ndim != 1 or not np.isfinite(rounded).all():
            raise BadInput("vector must be one-dimensional and finite", field="vector")
        if self._open.vectors and rounded.shape != self._open.vectors[-1].shape:
            raise BadInput(f"vector must have {len(self._open.vectors[-1])} dimensions, got {len(rounded)}", field="vector")
        if not math.isfinite(timestamp):
            raise BadInput("timestamp must be finite", field="timestamp")
        closed = self._close_by_clock(timestamp)
        now = self._open
        now.seqs.append(seq)
        now.times.append(timestamp)
        now.vectors.append(rounded)
        del now.vectors[: -self._kept_vectors()]
        closed += self._close_by_topic()
        if len(self._open.seqs) >= self.config.max_turns:
            closed.append(self._cut(len(self._open.seqs), "size"))
        return closed

    def idle(self, now: float) -> Episode | None:
        """The open episode, closed, when nothing was said for `silence_s` or it runs for longer than `max_s`; for the maintainer."""
        closed = self._close_by_clock(now)
        return closed[0] if closed else None

    def close(self) -> Episode | None:
        """The open episode, closed because the stream or the program ends; None when there is none."""
        return self._cut(len(self._open.seqs), "end") if self._open.seqs else None

    def discard(self, seqs: Sequence[int]) -> int:
        """Drop turns that were deleted from the store; returns how many of them were here."""
        gone = set(seqs)
        now = self._open
        kept = [place for place, seq in enumerate(now.seqs) if seq not in gone]
        dropped = len(now.seqs) - len(kept)
        if dropped:
            first = len(now.seqs) - len(now.vectors)
            now.vectors = [now.vectors[place - first] for place in kept if place >= first]
            now.times = [now.times[place] for place in kept]
            now.seqs = [now.seqs[place] for place in kept]
            now.low = []
        return dropped

    def to_dict(self) -> dict[str, Any]:
        """The state in plain values: numbers, lists and one bytes object (16-bit vectors, row after row)."""
        now = self._open
        return {
            "format": FORMAT,
            "config": asdict(self.config),
            "seqs": list(now.seqs),
            "times": list(now.times),
            "dimension": len(now.vectors[0]) if now.vectors else 0,
            "vectors": b"".join(vector.astype("<f2").tobytes() for vector in now.vectors),
            "low": list(now.low),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], config: EpisodeConfig | None = None) -> "EpisodeBuffer":
        """The buffer that `to_dict` described; another `config` applies from the next turn on. Raises `BadInput`."""
        try:
            if state["format"] != FORMAT:
                raise BadInput(f"an episode buffer of format {FORMAT} is needed, got another", field="format")
            buffer = cls(config or EpisodeConfig(**cast("dict[str, Any]", state["config"])))
            rows = np.frombuffer(cast("bytes", state["vectors"]), dtype="<f2").astype(np.float32)
            vectors = list(rows.reshape(-1, int(state["dimension"]))) if len(rows) else []
            seqs, times = [int(seq) for seq in state["seqs"]], [float(time) for time in state["times"]]
            low = [float(value) for value in state["low"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput("this is no state of an episode buffer", field="state") from error
        if len(seqs) != len(times) or len(vectors) > len(seqs):
            raise BadInput("an episode buffer's rows, times and vectors do not belong together", field="state")
        buffer._open = _Open(seqs, times, vectors[-buffer._kept_vectors() :], low)
        return buffer

    def _kept_vectors(self) -> int:
        return self.config.window + self.config.context + self.config.patience

    def _close_by_clock(self, now: float) -> list[Episode]:
        times = self._open.times
        if not times:
            return []
        # The newest time, not the last one: turns may come late.
        if now - max(times) > self.config.silence_s:
            return [self._cut(len(times), "silence")]
        return [self._cut(len(times), "time")] if now - min(times) > self.config.max_s else []

    def _close_by_topic(self) -> list[Episode]:
        now, config = self._open, self.config
        similarity = _similarity(now.vectors, config.window, config.context)
        if similarity is None or len(now.seqs) < config.min_turns + config.window or similarity >= config.threshold:
            now.low = []
            return []
        now.low.append(similarity)
        if len(now.low) < config.patience:
            return []
        # Of the patience's turns, the window that fits the past least began where the new topic did.
        lowest = int(np.argmin(now.low))
        return [self._cut(len(now.seqs) - config.window - (len(now.low) - 1 - lowest), "topic")]

    def _cut(self, turns: int, reason: Reason) -> Episode:
        """Close the first `turns` turns; what follows them opens the next episode."""
        now = self._open
        episode = Episode(min(now.times[:turns]), max(now.times[:turns]), tuple(now.seqs[:turns]), reason)
        left = len(now.seqs) - turns
        self._open = _Open(now.seqs[turns:], now.times[turns:], now.vectors[len(now.vectors) - left :] if left else [])
        return episode


def _similarity(vectors: list[npt.NDArray[np.float32]], window: int, context: int) -> float | None:
    """Cosine between the means of the newest `window` vectors and the up to `context` before them; None when there are none before."""
    if len(vectors) <= window:
        return None
    new = np.stack(vectors[-window:]).astype(np.float64).mean(axis=0)
    old = np.stack(vectors[max(0, len(vectors) - window - context) : -window]).astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(new)) * float(np.linalg.norm(old))
    return float(np.dot(new, old)) / length if length > 0 else 0.0
