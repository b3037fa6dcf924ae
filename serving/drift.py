"""Whether the scores of live messages are distributed as they used to be: the population stability index of each.

The reference is what this model gave to the first `REFERENCE` messages that it ever read here; it is kept in `HIKARI_HOME/drift.json`
under the model's fingerprint, so that a restart does not move it. Live are the messages since then, with weights that halve every
`HALF_LIFE` messages. As a rule of thumb an index below 0.1 is no change, above 0.25 a clear one: another model, another audience.
"""

import contextlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from hikari import atomic

REFERENCE = 5_000
HALF_LIFE = 2_000
LEAST = 500
"""Live messages (by weight) before there is an index."""
_SMALLEST = 0.5


def stability_index(reference: Sequence[float], live: Sequence[float]) -> float:
    """The population stability index of two histograms over the same bins; an empty bin counts as half a message.

    >>> stability_index([10, 10], [20, 20]), round(stability_index([90, 10], [10, 90]), 2)
    (0.0, 3.52)
    """
    kept = [max(count, _SMALLEST) for count in reference]
    seen = [max(count, _SMALLEST) for count in live]
    all_kept, all_seen = sum(kept), sum(seen)
    shares = [(one / all_kept, other / all_seen) for one, other in zip(kept, seen, strict=True)]
    return sum((now - before) * math.log(now / before) for before, now in shares)


class Drift:
    """The index of every score; `path` keeps the reference."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._model: str | None = None
        self._last: dict[str, list[int]] = {}
        self._reference: dict[str, list[float]] = {}
        self._live: dict[str, list[float]] = {}

    def update(self, model: str, totals: Mapping[str, Sequence[int]]) -> dict[str, float]:
        """Take in histograms of all messages since the start, by score; the index of each score that has one."""
        if model != self._model:
            self._model, self._live, self._reference = model, {}, self._read(model)
        return {score: index for score, counts in totals.items() if (index := self._one(score, counts)) is not None}

    def _one(self, score: str, counts: Sequence[int]) -> float | None:
        last = self._last.get(score, [0] * len(counts))
        self._last[score] = list(counts)
        new = [max(0, now - before) for now, before in zip(counts, last, strict=True)]
        reference = self._reference.setdefault(score, [0.0] * len(counts))
        if len(reference) != len(counts):
            reference = self._reference[score] = [0.0] * len(counts)  # another version's bins
        if sum(reference) < REFERENCE:
            self._reference[score] = [known + more for known, more in zip(reference, new, strict=True)]
            if sum(self._reference[score]) >= REFERENCE:
                self._write()
            return None
        fade = 0.5 ** (sum(new) / HALF_LIFE)
        live = self._live.get(score, [0.0] * len(counts))
        self._live[score] = live = [known * fade + more for known, more in zip(live, new, strict=True)]
        return round(stability_index(reference, live), 4) if sum(live) >= LEAST else None

    def _read(self, model: str) -> dict[str, list[float]]:
        try:
            kept = json.loads(self._path.read_text()) if self._path is not None else {}
            histograms = kept.get(model, {})
            return {str(score): [float(count) for count in counts] for score, counts in histograms.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # a reference can be taken anew

    def _write(self) -> None:
        if self._path is not None and self._model is not None:
            # One model at a time: the last one's reference says nothing about this one.
            with contextlib.suppress(OSError):  # a full disk costs the reference after the next start, no more
                self._path.parent.mkdir(parents=True, exist_ok=True)
                atomic.write_file(self._path, json.dumps({self._model: self._reference}).encode())
