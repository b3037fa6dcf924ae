"""Bounded records of texts that were heard, by hash only: what the VTuber said, what was recalled, and what many viewers paste.

No text is kept: one 64-bit hash and the MinHash bands of each. All times are event times in epoch seconds; equal calls in equal
order give equal states, and `to_dict` / `from_dict` carry them over a restart.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hikari.errors import BadStore
from hikari.memory.duplicates import BANDS, LONG_WORDS, bands, content_hash, meaning_hash, normalised

AGREEING_BANDS = 4
"""Of `BANDS`: long texts whose bands agree this often are taken as the same without their words being at hand. That happens with
probability 0.9 at a share of 0.87 common shingles, and under 0.02 at a share of one half (binomial, share**ROWS for one band)."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


@lru_cache(maxsize=16)
def _reading(text: str) -> tuple[int, int]:
    """How many words a text has and its `meaning_hash`: one write asks several records the same."""
    return len(normalised(text).split()), meaning_hash(text)


class Heard:
    """The last `size` texts, with a tag each; finds the same text again, word by word or nearly.

    `min_words`: shorter texts ("yes", "gg") are said by everybody and are not kept. The same is what `meaning_hash` calls the same,
    and of `LONG_WORDS` and more also what shares most of its shingles; in a shorter one every other word is another fact.
    """

    def __init__(self, size: int = 2_000, max_age_s: float = 7 * 86_400.0, min_words: int = 3) -> None:
        self._size, self._max_age_s, self._min_words = size, max_age_s, min_words
        self._entries: OrderedDict[int, tuple[float, str, tuple[int, ...]]] = OrderedDict()
        self._by_band: dict[tuple[int, int], set[int]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, text: str, at: float, tag: str = "") -> None:
        """Take in one text; heard again it counts as new."""
        words, exact = _reading(text)
        if words >= self._min_words:
            self._put(exact, at, tag, bands(text) if words >= LONG_WORDS else ())

    def add_spoken(self, text: str, at: float, tag: str = "") -> None:
        """Take in an utterance as a whole and sentence by sentence, since people repeat single sentences of it."""
        for part in dict.fromkeys((text, *_SENTENCE_END.split(text))):
            self.add(part, at, tag)

    def find(self, text: str, at: float) -> str | None:
        """The tag of the same text heard up to `max_age_s` before `at`; None when there was none. Later ones do not count."""
        if not self._entries:
            return None
        words, exact = _reading(text)
        if self._counts(exact, at):
            return self._entries[exact][1]
        mine = bands(text) if words >= LONG_WORDS else ()
        shared: dict[int, int] = {}
        for place, band in enumerate(mine):
            for key in self._by_band.get((place, band), ()):
                shared[key] = shared.get(key, 0) + 1
        near = [key for key, count in shared.items() if count >= AGREEING_BANDS and self._counts(key, at)]
        # The latest, and of several at one time the smallest hash: no order of a set decides.
        return self._entries[min(near, key=lambda key: (-self._entries[key][0], key))][1] if near else None

    def to_dict(self) -> dict[str, Any]:
        """The state in plain values, oldest first."""
        return {"entries": [[key, at, tag, list(row)] for key, (at, tag, row) in self._entries.items()]}

    def load(self, state: dict[str, Any]) -> None:
        """Take over the state of `to_dict`. Raises `BadStore`."""
        try:
            rows = [(int(key), float(at), str(tag), tuple(map(int, row))) for key, at, tag, row in state["entries"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadStore("the record of heard texts is damaged") from error
        if any(len(row) not in (0, BANDS) for *_, row in rows):
            raise BadStore("the record of heard texts has another number of bands")
        self._entries.clear()
        self._by_band.clear()
        for row in rows:
            self._put(*row)

    def forget(self, texts: Iterable[str]) -> int:
        """Drop texts, such as those of a viewer who is forgotten; returns how many were there."""
        keys = {meaning_hash(text) for text in texts} & self._entries.keys()
        for key in keys:
            self._drop(key)
        return len(keys)

    def _counts(self, key: int, at: float) -> bool:
        entry = self._entries.get(key)
        return entry is not None and 0 <= at - entry[0] <= self._max_age_s

    def _put(self, key: int, at: float, tag: str, row: tuple[int, ...]) -> None:
        if key in self._entries:
            self._drop(key)
        self._entries[key] = (at, tag, row)
        for place in enumerate(row):
            self._by_band.setdefault(place, set()).add(key)
        if len(self._entries) > self._size:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: int) -> None:
        _, _, row = self._entries.pop(key)
        for place in enumerate(row):
            kept = self._by_band[place]
            kept.discard(key)
            if not kept:
                del self._by_band[place]


@dataclass(frozen=True, slots=True)
class Pasted:
    """A text that is pasted around: the id of its first copy, and the ids of the further ones that were let in before it was known."""

    first: str | None
    further: tuple[str, ...]


class Copypasta:
    """Which texts are pasted around: the same or nearly, by at least `users` different people within `window_s`.

    Short texts are never counted: three viewers "from germany" are three facts. Of whoever pastes a hash is kept, of at most `users`
    people a text.
    """

    def __init__(self, users: int = 3, window_s: float = 600.0, min_words: int = 8, size: int = 4_000) -> None:
        self._users, self._window_s, self._min_words, self._size = users, window_s, min_words, size
        # No limit of age here: the window is measured between people.
        self._texts = Heard(size, max_age_s=math.inf, min_words=min_words)
        self._people: OrderedDict[str, OrderedDict[int, tuple[float, str | None]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._people)

    def add(self, text: str, user: str, at: float, identifier: str | None = None) -> Pasted | None:
        """Take in one message that would be stored as `identifier`; answers once the text is copypasta, None before."""
        words, exact = _reading(text)
        if words < self._min_words:
            return None
        known = self._texts.find(text, math.inf)
        tag = f"{exact:x}" if known is None else known
        self._texts.add(text, at, tag)
        people = self._people.setdefault(tag, OrderedDict())
        self._people.move_to_end(tag)
        who = content_hash(f"user {user}")
        then, kept = people.get(who, (at, identifier))
        people[who] = (max(at, then), kept)
        near = [person for person, (time, _) in people.items() if abs(at - time) <= self._window_s]
        found = None
        if len(near) >= self._users:
            first, *further = (kept for person, (_, kept) in people.items() if person != who or kept != identifier)
            found = Pasted(first, tuple(kept for kept in further if kept is not None))
            for person in list(people)[1:]:
                people[person] = (people[person][0], None)  # what is merged now is not there to be merged again
        while len(people) > self._users:
            # The first copy stays known; of the others the one longest ago goes.
            del people[min(list(people)[1:], key=lambda person: (people[person][0], person))]
        if len(self._people) > self._size:
            self._people.popitem(last=False)
        return found

    def forget(self, texts: Iterable[str], user: str | None = None) -> None:
        """Drop these texts, and a viewer from among those who paste."""
        listed = list(texts)
        for tag in {f"{meaning_hash(text):x}" for text in listed} & self._people.keys():
            del self._people[tag]
        self._texts.forget(listed)
        if user is not None:
            who = content_hash(f"user {user}")
            for people in self._people.values():
                people.pop(who, None)

    def to_dict(self) -> dict[str, Any]:
        """The state in plain values."""
        people = [[tag, [[who, at, kept] for who, (at, kept) in each.items()]] for tag, each in self._people.items()]
        return {"texts": self._texts.to_dict(), "people": people}

    def load(self, state: dict[str, Any]) -> None:
        """Take over the state of `to_dict`. Raises `BadStore`."""
        try:
            people = OrderedDict(
                (str(tag), OrderedDict((int(who), (float(at), None if kept is None else str(kept))) for who, at, kept in each))
                for tag, each in state["people"]
            )
            self._texts.load(state["texts"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadStore("the record of pasted texts is damaged") from error
        self._people = people
