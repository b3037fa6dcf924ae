"""What a memory store is full of: counts, and what should not be there, by kind.

One pass over the records and one over pairs of likely duplicates. A report holds counts, shares and ids, never a text. Times are
epoch seconds. Memory: the texts and 64 bytes a record while the audit runs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from hikari.memory.duplicates import BANDS, bands, content_hash, is_near_duplicate
from hikari.memory.records import source_of
from hikari.memory.redaction import find
from hikari.memory.repeats import Copypasta, Heard
from hikari.memory.retention import is_expired
from hikari.memory.sources import is_bot, is_command

MAX_EXAMPLES = 10
MAX_USERS = 20
MAX_BUCKET = 50
"""Of records that share a band, each is compared with at most so many of those before it."""
CLOCK_SLACK_S = 300.0
JUNK = ("exact_duplicate", "near_duplicate", "copypasta", "bot", "command", "echo", "expired")
"""Findings that say that a record should not be there at all; each record counts once in `junk_share`."""


class Record(Protocol):
    """What the audit reads of a memory; `hikari.memory.records.Memory` has it."""

    @property
    def id(self) -> str: ...
    @property
    def content(self) -> str: ...
    @property
    def memory_type(self) -> str: ...
    @property
    def tier(self) -> str: ...
    @property
    def metadata(self) -> Mapping[str, Any]: ...
    @property
    def user(self) -> str | None: ...
    @property
    def timestamp(self) -> float: ...
    @property
    def expires_at(self) -> float | None: ...


@dataclass(slots=True)
class Finding:
    """How many records show one problem, and the ids of the first of them."""

    count: int = 0
    examples: list[str] = field(default_factory=list[str])

    def add(self, identifier: str) -> None:
        self.count += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(identifier)


@dataclass(slots=True)
class Report:
    """The answer of `audit`; `as_dict` is what `hikari memory audit --json` prints."""

    records: int
    tiers: dict[str, int]
    types: dict[str, int]
    sources: dict[str, int]
    users: int
    top_users: dict[str, int]
    findings: dict[str, Finding]
    junk: int
    """Records with at least one finding of `JUNK`."""

    @property
    def junk_share(self) -> float:
        return self.junk / self.records if self.records else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values; the findings in the order of their names."""
        return {**asdict(self), "junk_share": round(self.junk_share, 6)}


NAMES = (
    "exact_duplicate", "near_duplicate", "copypasta", "bot", "command", "echo", "expired", "oversized", "no_user", "future", "empty",
    "personal_email", "personal_card", "personal_ip", "personal_phone", "personal_address",
)  # fmt: skip
"""Every finding there is; each stands in every report."""


def audit(records: Iterable[Record], now: float, *, max_characters: int = 2_000, pasting_users: int = 3) -> Report:
    """Look through all records of one channel, in any order.

    `exact_duplicate` and `near_duplicate` name the later of two records of the same viewer, `copypasta` all but the first copy among
    at least `pasting_users` viewers at any time, `echo` records of people that repeat what a record of the source `vtuber` said before,
    `future` times more than five minutes after `now`, `oversized` more than `max_characters`.
    """
    ordered = sorted(records, key=lambda record: (record.timestamp, record.id))
    findings = {name: Finding() for name in NAMES}
    junk: set[int] = set()

    def report(name: str, number: int) -> None:
        findings[name].add(ordered[number].id)
        if name in JUNK:
            junk.add(number)

    said, pasted = Heard(size=max(len(ordered), 1), max_age_s=float("inf")), _pasted(ordered, pasting_users)
    for number, record in enumerate(ordered):
        for name in _single(record, now, max_characters):
            report(name, number)
        if source_of(record.metadata) == "vtuber":
            said.add_spoken(record.content, record.timestamp)
        elif source_of(record.metadata) != "system" and said.find(record.content, record.timestamp) is not None:
            report("echo", number)
        if number in pasted:
            report("copypasta", number)
    for number, name in sorted(_duplicates(ordered).items()):
        report(name, number)
    people = Counter(record.user for record in ordered if record.user)
    return Report(
        records=len(ordered),
        tiers=_counts(record.tier for record in ordered),
        types=_counts(record.memory_type for record in ordered),
        sources=_counts(source_of(record.metadata) for record in ordered),
        users=len(people),
        top_users=dict(sorted(people.items(), key=lambda row: (-row[1], row[0]))[:MAX_USERS]),
        findings=findings,
        junk=len(junk),
    )


def _single(record: Record, now: float, max_characters: int) -> Iterator[str]:
    """The findings that one record alone shows."""
    if is_bot(record.user, record.metadata):
        yield "bot"
    if is_command(record.content):
        yield "command"
    if is_expired(record.expires_at, now):
        yield "expired"
    if len(record.content) > max_characters:
        yield "oversized"
    if not record.content.strip():
        yield "empty"
    if record.user is None and source_of(record.metadata) in ("viewer", "moderator"):
        yield "no_user"
    if record.timestamp > now + CLOCK_SLACK_S:
        yield "future"
    for kind in sorted({span.kind for span in find(record.content)}):
        yield f"personal_{kind}"


def _pasted(ordered: list[Record], users: int) -> set[int]:
    """All but the first copy of every text that at least so many viewers sent."""
    sketch = Copypasta(users, window_s=float("inf"), size=max(len(ordered), 1))
    found: set[int] = set()
    for number, record in enumerate(ordered):
        if record.user is not None and source_of(record.metadata) not in ("vtuber", "system"):
            pasted = sketch.add(record.content, record.user, record.timestamp, str(number))
            if pasted is not None:
                found |= {number, *map(int, pasted.further)} - {int(pasted.first or number)}
    return found


def _duplicates(ordered: list[Record]) -> dict[int, str]:
    """For every record that repeats an earlier one of the same viewer: how."""
    found: dict[int, str] = {}
    first: dict[tuple[str | None, int], int] = {}
    for number, record in enumerate(ordered):
        if first.setdefault((record.user, content_hash(record.content)), number) != number:
            found[number] = "exact_duplicate"
    rest = [number for number in range(len(ordered)) if number not in found]
    keys = np.zeros((len(rest), BANDS), dtype=np.uint32)
    has_bands = np.zeros(len(rest), dtype=bool)
    for row, number in enumerate(rest):
        of_text = bands(ordered[number].content)
        if of_text:
            keys[row], has_bands[row] = of_text, True
    seen: set[tuple[int, int]] = set()
    for band in range(BANDS):
        buckets: defaultdict[tuple[str | None, int], list[int]] = defaultdict(list)
        for row in np.flatnonzero(has_bands):
            number = rest[int(row)]
            bucket = buckets[ordered[number].user, int(keys[row, band])]
            for earlier in bucket[-MAX_BUCKET:]:
                if (earlier, number) not in seen and number not in found:
                    seen.add((earlier, number))
                    if is_near_duplicate(ordered[earlier].content, ordered[number].content):
                        found[number] = "near_duplicate"
            bucket.append(number)
    return found


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
