"""Who was answered lately: everybody gets a turn, nobody gets all of them.

    fairness = 1 / (1 + 2 * sum over the viewer's answers of 0.5 ** (answers to anybody since / fade))

so that one answer just now leaves a third, two a fifth, and time alone changes nothing: a slow stream is as fair as a fast one.
"""

from collections import deque
from collections.abc import Iterable

from hikari.analytics.sketches import name_key

KEPT = 128
WEIGHT = 2.0


class Turns:
    """The answers of one channel, by the writer's key; a viewer who has had `most` of the last `window` is passed over."""

    def __init__(self, window: int, most: int, fade: float) -> None:
        self._window, self._most, self._fade = window, most, fade
        self._answers: deque[int] = deque(maxlen=max(KEPT, window))

    def __len__(self) -> int:
        return len(self._answers)

    def add(self, username: str) -> None:
        """This viewer was answered."""
        self._answers.append(name_key(username.casefold()))

    def forget(self, username: str) -> None:
        """Drop a viewer's answers."""
        key = name_key(username.casefold())
        self._answers = deque((one for one in self._answers if one != key), maxlen=self._answers.maxlen)

    def weights(self, further: Iterable[int] = ()) -> dict[int, float]:
        """The fairness of everybody who was answered lately, below 1; others have 1. `further` are about to be answered as well."""
        answers = [*self._answers, *further]
        totals: dict[int, float] = {}
        for since, key in enumerate(reversed(answers)):
            totals[key] = totals.get(key, 0.0) + 0.5 ** (since / self._fade)
        return {key: 1.0 / (1.0 + WEIGHT * total) for key, total in totals.items()}

    def passed_over(self, further: Iterable[int] = ()) -> frozenset[int]:
        """Viewers who have had their share of the last answers: one more would be over `most` of `window`."""
        last = [*self._answers, *further]
        last = last[max(len(last) - self._window + 1, 0) :]
        return frozenset(key for key in last if last.count(key) >= self._most)

    def answered(self, username: str) -> int:
        """How many of the kept answers went to this viewer."""
        return self._answers.count(name_key(username.casefold()))
