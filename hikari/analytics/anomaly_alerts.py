"""What operators say about alerts, and the threshold that follows from it.

A false alarm adds `FALSE_ALARM` to the threshold of the evidence, a confirmed alert takes `CONFIRMED` off: in balance where five in six
alerts are right. The threshold stays within `DOWN` and `UP` of the configured one, whatever anybody says.
"""

from typing import Any

from hikari.analytics.anomaly_rings import dict_from, number_from
from hikari.errors import BadInput, BadStore, NotFound

FALSE_ALARM = 0.5
CONFIRMED = 0.1
DOWN = 1.0
UP = 5.0
KEPT = 100
"""Alerts that a verdict can still be given on."""


class Feedback:
    """Numbers the alerts of one metric and keeps the verdicts on the last `KEPT`."""

    __slots__ = ("_base", "_count", "_shift", "_verdicts")

    def __init__(self, base: float) -> None:
        self._base = base
        self._shift = 0.0
        self._count = 0
        self._verdicts: dict[str, bool | None] = {}

    @property
    def threshold(self) -> float:
        """Of the evidence."""
        return self._base + self._shift

    def open(self, metric: str) -> str:
        """The id of a new alert: `<metric>#<number>`."""
        self._count += 1
        name = f"{metric}#{self._count}"
        self._verdicts[name] = None
        if len(self._verdicts) > KEPT:
            del self._verdicts[next(iter(self._verdicts))]
        return name

    def judge(self, alert_id: str, correct: bool) -> None:
        """Count a verdict; a repeated one changes nothing, another one replaces it. Raises `NotFound` and `BadInput`."""
        if not isinstance(correct, bool):  # pyright: ignore[reportUnnecessaryIsInstance] - comes over the wire
            raise BadInput("correct must be true or false", field="correct")
        if alert_id not in self._verdicts:
            raise NotFound("there is no such alert among the last ones", field="alert_id")
        before = self._verdicts[alert_id]
        self._verdicts[alert_id] = correct
        self._shift = min(max(self._shift + _effect(correct) - _effect(before), -DOWN), UP)

    def state(self) -> dict[str, Any]:
        """The threshold's shift and the verdicts."""
        return {"shift": self._shift, "count": self._count, "verdicts": dict(self._verdicts)}

    @classmethod
    def from_state(cls, state: Any, base: float) -> "Feedback":
        """Restore what `state` gave; raises `BadStore`."""
        found = dict_from(state, ("shift", "count", "verdicts"))
        one = cls(base)
        one._shift = number_from(found, "shift", -DOWN, UP)
        one._count = int(number_from(found, "count", 0))
        verdicts = dict_from(found["verdicts"], ())
        if len(verdicts) > KEPT or not all(value is None or isinstance(value, bool) for value in verdicts.values()):
            raise BadStore("the anomaly state is damaged: its verdicts are not what they should be")
        one._verdicts = {str(name): verdict for name, verdict in verdicts.items()}
        return one


def _effect(verdict: bool | None) -> float:
    return 0.0 if verdict is None else -CONFIRMED if verdict else FALSE_ALARM
