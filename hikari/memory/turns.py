"""The turns of one channel on their way into episodes: the open episode, and the ended ones that wait for their summary.

The writer adds turns, the maintainer ends what fell silent and takes what is summed up: every step is one under a lock.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hikari.errors import BadInput
from hikari.memory.episodes import Episode, EpisodeBuffer
from hikari.memory.records import Memory

MAX_CLOSED = 64
"""Ended episodes that wait for their summary; with more, the oldest stay without."""

TOLD = "episodes_told"
"""State that names the last row whose episode is summed up; written with the summary, so that no crash falls between."""


class Turns:
    """Open and ended episodes; safe under concurrent calls. Every row is heard once, however often it is handed in."""

    def __init__(self) -> None:
        self._buffer = EpisodeBuffer()
        self._closed: list[Episode] = []
        self._heard = 0
        """The highest row that was heard: rows come in ascending order, what comes again was only rewritten."""
        self._lock = threading.Lock()

    def hear(self, memory: Memory, vector: NDArray[np.float32]) -> None:
        """Take in what was said; summaries and what is no passing talk are no turns."""
        with self._lock:
            if memory.seq <= self._heard:
                return
            self._heard = memory.seq
            if memory.members or memory.tier != "short_term" or memory.source == "system":
                return
            self._closed += self._buffer.add(memory.seq, vector, memory.timestamp)
            del self._closed[:-MAX_CLOSED]

    def discard(self, seqs: Sequence[int]) -> None:
        """Drop turns that were deleted."""
        with self._lock:
            self._buffer.discard(seqs)

    def closed(self, now: float | None = None) -> list[Episode]:
        """Episodes that have ended and are not summed up yet; with `now`, one that fell silent ends first."""
        with self._lock:
            ended = None if now is None else self._buffer.idle(now)
            self._closed += [] if ended is None else [ended]
            return list(self._closed)

    def end(self) -> None:
        """End the open episode here."""
        with self._lock:
            ended = self._buffer.close()
            self._closed += [] if ended is None else [ended]

    def summed_up(self, episode: Episode) -> None:
        """The episode's summary is stored."""
        with self._lock:
            self._closed = [other for other in self._closed if other != episode]

    def told(self, through: int) -> None:
        """Everything up to this row is summed up already, whatever the state that was saved before says."""
        with self._lock:
            self._heard = max(self._heard, through)
            self._buffer.discard([seq for seq in self._buffer.seqs if seq <= through])
            self._closed = [episode for episode in self._closed if max(episode.seqs) > through]

    def state(self) -> dict[str, Any]:
        """Everything in plain values."""
        with self._lock:
            closed = [[episode.start, episode.end, list(episode.seqs), episode.reason] for episode in self._closed]
            return {"buffer": self._buffer.to_dict(), "closed": closed, "heard": self._heard}

    def load(self, state: dict[str, Any], dimension: int) -> None:
        """Take over what `state` gave; an open episode of another encoder ends, since its turns cannot be compared with new ones.

        Raises `BadInput` when it is malformed.
        """
        try:
            buffer = EpisodeBuffer.from_dict(state["buffer"])
            closed = [Episode(float(start), float(end), tuple(seqs), reason) for start, end, seqs, reason in state["closed"]]
            listed = [seq for seqs in (buffer.seqs, *(episode.seqs for episode in closed)) for seq in seqs]
            heard = max([int(state.get("heard", 0)), *listed])
            if len(buffer) and int(state["buffer"]["dimension"]) != dimension:
                ended = buffer.close()
                closed += [] if ended is None else [ended]
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput("this is no state of a channel's episodes", field="state") from error
        with self._lock:
            self._buffer, self._closed, self._heard = buffer, closed, heard
