"""The last texts of one kind, answered or said, and how like them another one is; by an index of their words, since few share any."""

from collections import deque

from hikari.stream.replies.words import Terms, likeness


class Known:
    """The last `size` texts with a time and an owner each."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._texts: deque[tuple[int, Terms, float, str]] = deque()
        self._numbers: dict[int, dict[int, None]] = {}
        self._counts: dict[int, tuple[int, float]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, terms: Terms, at: float, owner: str = "") -> None:
        """Take in one text."""
        self._put(self._next, terms, at, owner)
        self._next += 1
        if len(self._texts) > self._size:
            self._drop(*self._texts.popleft()[:2])

    def likeness(self, terms: Terms, since: float) -> float:
        """The greatest similarity (`words.similarity`) to any of them after `since`; 0 for none."""
        shared: dict[int, int] = {}
        for code in terms.codes:
            for number in self._numbers.get(code, ()):
                shared[number] = shared.get(number, 0) + 1
        size = len(terms.codes)
        found = ((count, *self._counts[number]) for number, count in shared.items())
        return max((likeness(count, size, other) for count, other, at in found if at > since), default=0.0)

    def forget(self, owner: str) -> None:
        """Drop the texts of one owner."""
        kept = [row for row in self._texts if row[3] != owner]
        self._texts.clear()
        self._numbers.clear()
        self._counts.clear()
        for row in kept:
            self._put(*row)

    def _put(self, number: int, terms: Terms, at: float, owner: str) -> None:
        self._texts.append((number, terms, at, owner))
        self._counts[number] = (max(len(terms.codes), 1), at)
        for code in terms.codes:
            self._numbers.setdefault(code, {})[number] = None

    def _drop(self, number: int, terms: Terms) -> None:
        del self._counts[number]
        for code in terms.codes:
            numbers = self._numbers[code]
            del numbers[number]
            if not numbers:
                del self._numbers[code]
