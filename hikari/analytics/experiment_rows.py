"""The rows that an experiment is stored as: their keys, and the head with definition and status.

    b"d"                          definition and status              b"t"  trail for the plot
    b"u" + unit                   one unit: arm, number and sum of its outcomes, covariate (38 bytes)
    b"s" + unit + outcome         an outcome id that was counted (no bytes)

Units and outcome ids are 64-bit hashes, big-endian: all rows of a unit's outcomes lie together. No name is kept.
"""

from dataclasses import dataclass
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from hikari.analytics.experiment_definition import Definition, definition
from hikari.errors import BadStore, HikariError

VERSION = 1
HEAD, TRAIL = b"d", b"t"
Rows = dict[bytes, bytes | None]
"""What a change comes to: new values by key, None for rows to delete."""


@dataclass(frozen=True, slots=True)
class Status:
    """draft, running or stopped, since when (epoch seconds), and why it was stopped."""

    phase: str = "draft"
    started_at: float | None = None
    stopped_at: float | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.phase not in ("draft", "running", "stopped"):
            raise BadStore("the status of an experiment is damaged")
        times = (self.started_at is not None, self.stopped_at is not None)
        if times != (self.phase != "draft", self.phase == "stopped"):
            raise BadStore("the status of an experiment lacks a time, or has one too many")


def packed_head(about: Definition, status: Status) -> bytes:
    """Definition and status as bytes."""
    phase = [status.phase, status.started_at, status.stopped_at, status.reason]
    head = {"version": VERSION, "definition": about.as_dict(), "status": phase}
    return cast("bytes", cast("Any", msgpack).packb(head))


def read_head(row: bytes) -> tuple[Definition, Status]:
    """Definition and status of `packed_head`. Raises `BadStore`."""
    try:
        head: Any = cast("Any", msgpack).unpackb(row)
        version, about = head["version"], head["definition"]
        phase, started, stopped, reason = head["status"]
        status = Status(phase, _time(started), _time(stopped), reason)
        checked = definition(about) if version == VERSION else None
    except BadStore:
        raise
    except (HikariError, ValueError, TypeError, KeyError, msgpack.UnpackException) as error:
        raise BadStore("the definition of an experiment is damaged") from error
    if checked is None:
        raise BadStore(f"the experiment is of another version; this reads version {VERSION}")
    return checked, status


def unit_key(unit: int) -> bytes:
    """Key of a unit's row."""
    return b"u" + unit.to_bytes(8, "big")


def outcome_key(unit: int, outcome: int) -> bytes:
    """Key of a counted outcome's row."""
    return b"s" + unit.to_bytes(8, "big") + outcome.to_bytes(8, "big")


def read_key(key: bytes) -> tuple[bytes, int, int]:
    """Kind of a row (`b"d"`, `b"t"`, `b"u"`, `b"s"`), its unit and its outcome, 0 where it has none. Raises `BadStore`."""
    kind = key[:1]
    unit, outcome = int.from_bytes(key[1:9], "big"), int.from_bytes(key[9:], "big")
    if len(key) != {HEAD: 1, TRAIL: 1, b"u": 9, b"s": 17}.get(kind) or (kind == b"s" and not outcome):
        raise BadStore("a row of an experiment has an unknown key")
    return kind, unit, outcome


def _time(value: Any) -> float | None:
    return None if value is None else float(value)
