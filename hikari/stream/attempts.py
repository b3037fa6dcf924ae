"""Calls in bulk that a single bad row can break: retried in halves, until the row is alone and everybody else is answered."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from hikari.errors import HikariError

Answer = TypeVar("Answer")
POISON = {"code": "quarantined", "message": "this message broke the analysis; it is set aside and not tried again"}
_log = logging.getLogger(__name__)


async def in_halves(
    call: Callable[[list[Any]], Awaitable[Sequence[Answer]]], rows: list[Any], on_poison: Callable[[Any, Exception], None]
) -> list[Answer | dict[str, Any]]:
    """The answers of `call`, one a row. A part that cannot answer at all (`HikariError`) refuses every row with its own words; a row
    that fails alone is told to `on_poison` and gets an error."""
    try:
        answers: list[Answer | dict[str, Any]] = [*await call(rows)]
        _matched(answers, rows)
    except HikariError as error:
        return [{"error": error.as_dict()} for _ in rows]
    except Exception as error:  # noqa: BLE001 - whatever it is, it may be the fault of one row
        if len(rows) == 1:
            _log.warning("a message is set aside: %s", type(error).__name__)
            on_poison(rows[0], error)
            return [{"error": dict(POISON)}]
        middle = len(rows) // 2
        return [*await in_halves(call, rows[:middle], on_poison), *await in_halves(call, rows[middle:], on_poison)]
    return answers


def _matched(answers: Sequence[Any], rows: Sequence[Any]) -> None:
    if len(answers) != len(rows):
        raise ValueError(f"{len(answers)} answers came for {len(rows)} rows")
