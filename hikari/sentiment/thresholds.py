# pyright: reportUnnecessaryIsInstance=false
# Values come from callers and the environment: their declared types are what is checked here.
"""An operator's own thresholds of toxicity, instead of those that were fitted: `{"toxic": 0.7}`, or `toxic=0.7, threat=0.5` as text."""

from collections.abc import Mapping
from typing import Any

from hikari.errors import BadInput
from hikari.sentiment.labels import TOXICITY


def toxicity_thresholds(given: Mapping[str, Any] | str | None, field: str = "toxicity_thresholds") -> dict[str, float]:
    """The thresholds that were given, checked; none given: none. Raises one `BadInput` that tells every mistake and what is allowed.

    >>> toxicity_thresholds("toxic=0.7, threat=0.5")
    {'toxic': 0.7, 'threat': 0.5}
    """
    if given is not None and not isinstance(given, Mapping | str):
        raise BadInput(f"{field} must map labels to numbers", field=field)
    mistakes: list[str] = []
    found: dict[str, float] = {}
    for label, value in _pairs(given or {}):
        number = _number(value)
        if label not in TOXICITY:
            mistakes.append(f"there is no label {label!r}")
        elif label in found:
            mistakes.append(f"{label} is given twice")
        elif number is None:
            mistakes.append(f"{label} must be above 0 and at most 1, got {value!r}")
        else:
            found[label] = number
    if mistakes:
        raise BadInput(
            f"{field}: {'; '.join(mistakes)} (labels: {', '.join(TOXICITY)}; as text: toxic=0.7, threat=0.5)", field=field
        )
    return found


def _pairs(given: Mapping[str, Any] | str) -> list[tuple[str, Any]]:
    if not isinstance(given, str):
        return [(str(label), value) for label, value in given.items()]
    parts = [part.strip().partition("=") for part in given.split(",") if part.strip()]
    return [(label.strip(), value.strip()) for label, _, value in parts]


def _number(value: Any) -> float | None:
    """A threshold: 0 would flag everything, which nobody means."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 < number <= 1 else None
