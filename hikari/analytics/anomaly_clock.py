"""The order of rows: what is late, and where a gap tears a series apart."""

from typing import Any

from hikari.analytics.anomaly_rings import dict_from, number_from

GAP_STEPS = 10.0
"""A pause of so many usual steps is a gap: rows behind it do not continue those before."""
CLOCK_RESET = 10
"""After so many late rows in a row that are in order among themselves, the clock was set back (or had run ahead): it is followed."""
_STEP_SHARE = 0.05


class RowClock:
    """Accepts rows that are newer than the last one."""

    __slots__ = ("_last", "_late", "_late_at", "_step")

    def __init__(self) -> None:
        self._last: float | None = None
        self._step = 0.0
        self._late = 0
        self._late_at = 0.0

    def accept(self, moment: float) -> bool | None:
        """None: the row is late or a duplicate. Otherwise whether there is a gap before it."""
        if self._last is None:
            self._last = moment
            return False
        passed = moment - self._last
        if passed <= 0:
            self._late = self._late + 1 if self._late and moment > self._late_at else 1
            self._late_at = moment
            if self._late < CLOCK_RESET:
                return None
            self._late, self._last = 0, moment
            return True
        self._late, self._last = 0, moment
        gap = self._step > 0 and passed > GAP_STEPS * self._step
        self._step = self._step + _STEP_SHARE * (min(passed, 2 * self._step) - self._step) if self._step else passed
        return gap

    def state(self) -> dict[str, Any]:
        """Times in epoch seconds."""
        return {"last": self._last, "step": self._step, "late": self._late, "late_at": self._late_at}

    @classmethod
    def from_state(cls, state: Any) -> "RowClock":
        """Restore what `state` gave; raises `BadStore`."""
        found = dict_from(state, ("last", "step", "late", "late_at"))
        clock = cls()
        clock._last = None if found["last"] is None else number_from(found, "last")
        clock._step = number_from(found, "step", 0.0)
        clock._late = int(number_from(found, "late", 0, CLOCK_RESET))
        clock._late_at = number_from(found, "late_at")
        return clock
