# pyright: reportUnnecessaryIsInstance=false
# Outcomes come over the wire: their declared types are what is checked here.
"""Experiments with content: who sees which arm, which outcomes count, and the sums that `experiment_report` reads.

Everything that changes is a handful of rows (bytes under bytes). The methods ending in `_delta` work a change out without making it;
`apply` makes it. A store that writes the rows first and applies them then loses no outcome to a crash, at one small write each
(`experiment_rows` has their shape). The sums over units are not stored: they are exact, so adding the rows up again gives the same
numbers to the last bit. One outcome costs the same at the first unit and at the hundred-thousandth.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from hikari.analytics import experiment_trail as trails
from hikari.analytics import experiment_units as units
from hikari.analytics.allocation import block_arm, block_of, outcome_digest, unit_digest, viewer_arm
from hikari.analytics.experiment_analysis import compare
from hikari.analytics.experiment_definition import MAX_VALUE, Definition
from hikari.analytics.experiment_rows import (
    HEAD,
    TRAIL,
    VERSION,
    Rows,
    Status,
    outcome_key,
    packed_head,
    read_head,
    read_key,
    unit_key,
)
from hikari.analytics.outcome_ids import OutcomeIds
from hikari.errors import BadInput, BadStore, Refused, TooLarge
from hikari.fields import name_field, seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    """One measurement of a unit.

    unit: the viewer; None (or the block's number) in experiments by time block, where `timestamp` says which. `outcome_id`: counted
    once however often it is sent (the first value stays); without one every call counts. `covariate`: the unit's number from before
    the experiment. `arm`: what was shown, when the caller knows it; refused if it is not the assigned arm.
    """

    unit: str | None
    value: float
    timestamp: Any
    covariate: float | None = None
    outcome_id: str | None = None
    arm: str | None = None


class Experiment:
    """One experiment with all its units in memory (about 200 bytes each). Not for several threads at once."""

    def __init__(self, about: Definition) -> None:
        self.definition = about
        self.status = Status()
        self.sums = tuple(units.ArmSums() for _ in about.arms)
        self.trail: tuple[trails.Point, ...] = ()
        self._weights = about.weights
        self._units: dict[int, bytes] = {}
        self._outcome_ids = OutcomeIds()

    def start_delta(self, timestamp: Any) -> Rows:
        """Open the experiment for units and outcomes. Raises `Refused` unless it is a draft."""
        if self.status.phase != "draft":
            raise Refused(f"the experiment is {self.status.phase}: only a draft can be started")
        return {HEAD: packed_head(self.definition, Status("running", seconds(timestamp)))}

    def stop_delta(self, timestamp: Any, reason: str = "stopped by hand") -> Rows:
        """Close it: later units and outcomes are refused, outcomes from before that arrive late still count."""
        started = self.status.started_at
        if self.status.phase != "running" or started is None:
            raise Refused(f"the experiment is {self.status.phase}: only a running one can be stopped")
        at = seconds(timestamp)
        if at < started:
            raise BadInput("an experiment cannot end before its start", field="timestamp")
        return {HEAD: packed_head(self.definition, Status("stopped", started, at, name_field(reason, "reason")))}

    def assign_delta(self, unit: str | None, timestamp: Any, covariate: float | None = None) -> Rows:
        """Note that a unit sees its arm from `timestamp` on; nothing changes when that is known. Raises `BadInput`, `Refused`."""
        at = self._time(timestamp)
        name, arm = self._place(unit, at)
        key = self._digest(name)
        row = self._units.get(key)
        old = units.Unit(arm, at) if row is None else units.unpacked(row, len(self.sums))
        new = units.Unit(arm, min(old.assigned_at, at), old.outcomes, old.total, self._covariate(old, covariate))
        return {} if row is not None and new == old else {unit_key(key): new.packed()}

    def delta(self, outcome: Outcome) -> Rows:
        """The rows that one outcome changes; none when its id was counted before.

        Raises `BadInput` for values that the metric does not take, `Refused` for units that were never assigned, a wrong arm, and
        times before the assignment or after the end.
        """
        at = self._time(outcome.timestamp)
        name, arm = self._place(outcome.unit, at)
        value = self._value(outcome.value)
        key = self._digest(name)
        row = self._units.get(key)
        if row is None:
            raise Refused("the unit was never assigned: ask for its arm (assign) before measuring it", field="unit")
        if outcome.arm is not None and outcome.arm != self.definition.arms[arm].name:
            raise Refused("the unit is assigned to another arm: what it was shown does not count", field="arm")
        old = units.unpacked(row, len(self.sums))
        # A block is one unit from its first second on, whenever it was asked for.
        if self.definition.unit == "viewer" and at < old.assigned_at:
            raise Refused("the outcome is older than the unit's assignment", field="timestamp")
        covariate = self._covariate(old, outcome.covariate)
        changed: Rows = {}
        if outcome.outcome_id is not None:
            known = outcome_digest(self.definition.id, self.definition.salt, name_field(outcome.outcome_id, "outcome_id"))
            if (key, known) in self._outcome_ids:
                return {}
            changed[outcome_key(key, known)] = b""
        if old.outcomes >= units.MAX_OUTCOMES:
            raise TooLarge(f"a unit has at most {units.MAX_OUTCOMES} outcomes", field="unit")
        new = units.Unit(arm, old.assigned_at, old.outcomes + 1, old.total + value, covariate)
        changed[unit_key(key)] = new.packed()
        if not old.outcomes:
            changed.update(self._trail_delta(new, at))
        return changed

    def forget_delta(self, username: str) -> Rows:
        """The rows that a viewer leaves behind, to delete; none for strangers and in experiments by time block."""
        key = self._digest(name_field(username, "username"))
        if self.definition.unit != "viewer" or key not in self._units:
            return {}
        known: Rows = {outcome_key(key, outcome): None for outcome in self._outcome_ids.unit_ids(key)}
        return {unit_key(key): None, **known}

    def start(self, timestamp: Any) -> None:
        """`start_delta`, applied."""
        self.apply(self.start_delta(timestamp))

    def stop(self, timestamp: Any, reason: str = "stopped by hand") -> None:
        """`stop_delta`, applied."""
        self.apply(self.stop_delta(timestamp, reason))

    def assign(self, unit: str | None, timestamp: Any, covariate: float | None = None) -> str:
        """The arm to show, noted (`assign_delta`): ask once when the unit first sees it, or any number of times."""
        self.apply(self.assign_delta(unit, timestamp, covariate))
        return self.arm(unit, timestamp)

    def record_outcome(
        self,
        unit: str | None,
        value: float,
        timestamp: Any,
        covariate: float | None = None,
        outcome_id: str | None = None,
        arm: str | None = None,
    ) -> bool:
        """Count an outcome (`delta`); False when its id was counted before."""
        rows = self.delta(Outcome(unit, value, timestamp, covariate, outcome_id, arm))
        self.apply(rows)
        return bool(rows)

    def forget_user(self, username: str) -> bool:
        """Take a viewer and all that it contributed out of every sum; False for strangers."""
        rows = self.forget_delta(username)
        self.apply(rows)
        return bool(rows)

    def arm(self, unit: str | None, timestamp: Any = None) -> str:
        """The name of a unit's arm, noted or not; `timestamp` says which block. Always the same answer."""
        at = 0.0 if self.definition.unit == "viewer" else seconds(timestamp)
        return self.definition.arms[self._place(unit, at)[1]].name

    def apply(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Make a change that a `_delta` method worked out. Raises `BadStore` for rows that none can have written."""
        for key, row in rows.items():
            kind, unit, outcome = read_key(key)
            if kind == b"u":
                self._put_unit(unit, row)
            elif kind == b"s":
                change = self._outcome_ids.add if row is not None else self._outcome_ids.discard
                change(unit, outcome)
            elif row is None:
                raise BadStore("neither the definition nor the trail of an experiment can be deleted")
            elif kind == TRAIL:
                self.trail = trails.unpacked(row, len(self.definition.challengers))
            else:
                about, self.status = read_head(row)
                if about != self.definition:
                    raise BadStore("the row belongs to another experiment")

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows, for a copy."""
        yield HEAD, packed_head(self.definition, self.status)
        if self.trail:
            yield TRAIL, trails.packed(self.trail)
        for key, row in self._units.items():
            yield unit_key(key), row
        for key, outcome in self._outcome_ids:
            yield outcome_key(key, outcome), b""

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[bytes, bytes]]) -> "Experiment":
        """The experiment whose rows these are, in any order. Raises `BadStore`."""
        found = dict(rows)
        if HEAD not in found:
            raise BadStore("an experiment lacks its definition")
        restored = cls(read_head(found[HEAD])[0])
        restored.apply(found)
        return restored

    def state(self) -> dict[str, Any]:
        """Everything, as plain values for `from_state`."""
        return {"version": VERSION, "rows": dict(sorted(self.rows()))}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Experiment":
        """The experiment that `state` was taken of. Raises `BadStore`."""
        rows: Any = state.get("rows") if isinstance(state, Mapping) else None
        if not isinstance(rows, dict) or state.get("version") != VERSION:
            raise BadStore(f"this is no state of an experiment in version {VERSION}")
        rows = cast("dict[Any, Any]", rows)
        if not all(isinstance(key, bytes) and isinstance(row, bytes) for key, row in rows.items()):
            raise BadStore("the rows of an experiment must be bytes")
        return cls.from_rows(rows.items())

    def _time(self, timestamp: Any) -> float:
        at = seconds(timestamp)
        status = self.status
        if status.started_at is None:
            raise Refused("the experiment has not been started")
        if at < status.started_at:
            raise Refused("this is from before the start of the experiment", field="timestamp")
        if status.stopped_at is not None and at > status.stopped_at:
            raise Refused("this is from after the end of the experiment", field="timestamp")
        return at

    def _place(self, unit: str | None, at: float) -> tuple[str, int]:
        """Name and arm of a unit."""
        about = self.definition
        if about.block_s is None:
            name = name_field(unit, "unit")
            return name, viewer_arm(about.id, about.salt, name, self._weights)
        block = block_of(at, about.block_s)
        if unit is not None and unit != str(block):
            raise Refused("the time lies in another block than the one named", field="unit")
        return str(block), block_arm(about.id, about.salt, block, self._weights)

    def _value(self, value: Any) -> int:
        kind = self.definition.kind
        number = _finite(value, "value", flags=kind == "binary")
        if kind == "binary" and number not in (0, 1):
            raise BadInput("an outcome of a binary metric is 0 or 1", field="value")
        if kind == "count" and (number < 0 or number != math.floor(number)):
            raise BadInput("an outcome of a count is a whole number from 0", field="value")
        return round(number * units.SCALE)

    def _covariate(self, unit: units.Unit, covariate: float | None) -> int | None:
        if covariate is None:
            return unit.covariate
        if self.definition.covariate is None:
            raise BadInput("the experiment was defined without a covariate", field="covariate")
        steps = round(_finite(covariate, "covariate") * units.SCALE)
        if unit.covariate not in (None, steps):
            raise Refused("the unit has another covariate: it is measured once, before the experiment", field="covariate")
        return steps

    def _digest(self, name: str) -> int:
        return unit_digest(self.definition.id, self.definition.salt, name)

    def _put_unit(self, key: int, row: bytes | None) -> None:
        new = None if row is None else units.unpacked(row, len(self.sums))
        old = self._units.pop(key, None)
        if old is not None:
            gone = units.unpacked(old, len(self.sums))
            self.sums[gone.arm].add(gone, -1)
        if row is not None and new is not None:
            self._units[key] = row
            self.sums[new.arm].add(new)
        else:
            self._outcome_ids.remove_unit(key)

    def _trail_delta(self, new: units.Unit, at: float) -> Rows:
        """The trail's next point, if one is due, as it is after `new` had its first outcome."""
        count = sum(arm.units for arm in self.sums) + 1
        if not trails.is_due(self.trail, count):
            return {}
        sums = [arm.copy() for arm in self.sums]
        sums[new.arm].add(new)
        extended = trails.extended(self.trail, at, count, compare(self.definition, sums)[0])
        return {} if extended == self.trail else {TRAIL: trails.packed(extended)}


def _finite(value: Any, field: str, *, flags: bool = False) -> float:
    if (isinstance(value, bool) and not flags) or not isinstance(value, int | float) or not abs(value) <= MAX_VALUE:
        raise BadInput(f"{field} must be a number of at most {MAX_VALUE:g}", field=field)
    return float(value)
