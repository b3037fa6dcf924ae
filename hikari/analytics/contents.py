# pyright: reportUnnecessaryIsInstance=false
# Contents come over the wire: their declared types are what is checked here.
"""What a channel showed and when: titles, games and segments as intervals of time.

One `Contents` per channel. Of each kind at most one content runs at a time, different kinds overlap freely. A content without an end
runs until it is recorded again with one, or until the next of its kind starts.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from hikari.errors import BadInput, BadStore, HikariError, NotFound, TooLarge
from hikari.fields import name_field, seconds

KINDS = ("title", "game", "segment")
MAX_CONTENTS = 20_000
"""Contents kept for one channel and kind: ten changes a day for five years."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class Content:
    """One content: kind, name, first second, and the second after the last or None while it runs."""

    kind: str
    name: str
    start: float
    end: float | None = None


class Contents:
    """The contents of one channel, in the order of time within each kind."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Content]] = {kind: [] for kind in KINDS}

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def record(self, kind: str, name: str, start: Any, end: Any = None) -> Content:
        """Note a content; the one that ran until then, of the same kind, ends at its start.

        The same kind, name and start again sets or moves the end. Raises `BadInput` for an end that is not after the start and for
        an overlap with another content of the kind, `TooLarge` beyond `MAX_CONTENTS`.
        """
        rows = self._kind(kind)
        first = seconds(start, "start")
        content = Content(kind, name_field(name, "name"), first, None if end is None else seconds(end, "end"))
        if content.end is not None and content.end <= first:
            raise BadInput("a content must end after its start", field="end")
        place = bisect_right(rows, first, key=lambda row: row.start)
        before = rows[place - 1] if place else None
        repeated = before is not None and before.start == first and before.name == content.name
        following = rows[place] if place < len(rows) else None
        if following is not None:
            if content.end is None:
                content = replace(content, end=following.start)
            elif content.end > following.start:
                raise _overlap(kind, "end", following)
        if repeated:
            rows[place - 1] = content
            return content
        if before is not None and (before.start == first or (before.end is not None and before.end > first)):
            raise _overlap(kind, "start", before)
        if len(rows) >= MAX_CONTENTS:
            raise TooLarge(f"a channel keeps at most {MAX_CONTENTS} contents of a kind: remove old ones", field="kind")
        if before is not None and before.end is None:
            rows[place - 1] = replace(before, end=first)
        rows.insert(place, content)
        return content

    def remove(self, kind: str, start: Any) -> Content:
        """Drop the content of this kind that starts at `start`. Raises `NotFound`."""
        rows, first = self._kind(kind), seconds(start, "start")
        for place, row in enumerate(rows):
            if row.start == first:
                return rows.pop(place)
        raise NotFound(f"no {kind} starts at this time")

    def current(self, kind: str, timestamp: Any) -> Content | None:
        """What of this kind is shown at a time."""
        rows, at = self._kind(kind), seconds(timestamp)
        place = bisect_right(rows, at, key=lambda row: row.start)
        found = rows[place - 1] if place else None
        return None if found is None or (found.end is not None and found.end <= at) else found

    def spells(self, kind: str | None = None) -> Iterator[Content]:
        """All contents, or those of one kind, in the order of their start within each kind."""
        for each in KINDS if kind is None else (kind,):
            yield from self._kind(each)

    def state(self) -> dict[str, Any]:
        """Everything, as plain values for `from_state`."""
        return {"version": VERSION, "contents": [[row.kind, row.name, row.start, row.end] for row in self.spells()]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Contents":
        """The contents that `state` was taken of. Raises `BadStore`."""
        stored: Any = state.get("contents") if isinstance(state, Mapping) else None
        if not isinstance(stored, list) or state.get("version") != VERSION:
            raise BadStore(f"this is no state of contents in version {VERSION}")
        restored = cls()
        try:
            for kind, name, start, end in cast("list[Any]", stored):
                restored.record(kind, name, start, end)
        except (HikariError, ValueError, TypeError) as error:
            raise BadStore("the contents of a channel are damaged") from error
        return restored

    def _kind(self, kind: str) -> list[Content]:
        if kind not in KINDS:
            raise BadInput(f"kind must be one of {', '.join(KINDS)}", field="kind")
        return self._rows[kind]


def _overlap(kind: str, field: str, other: Content) -> BadInput:
    until = "" if other.end is None else f" to {other.end:.0f}"
    return BadInput(f"overlaps another {kind}, which runs from {other.start:.0f}{until}", field=field)
