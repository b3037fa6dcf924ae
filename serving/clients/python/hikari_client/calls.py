"""One call of an engine as a value: what is sent, and how the answer is read. Both clients make the same calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast
from uuid import uuid4

import msgspec

from hikari_client.errors import BadAnswer, HikariError, from_problem

T = TypeVar("T")
R = TypeVar("R")
Row = dict[str, Any]
Moment = float | str | datetime
"""Epoch seconds, ISO 8601 or a `datetime`; without a zone: UTC."""


@dataclass(frozen=True)
class Answer:
    """A decoded body and the headers that came with it, their names in lower case."""

    value: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Call(Generic[T]):
    """`repeatable`: the engine ends up in the same state however often it comes. `long`: may go through a whole store or fit models."""

    path: str
    body: Row
    read: Callable[[Answer], T]
    repeatable: bool = True
    long: bool = False


def given(**parameters: Any) -> Row:
    """The parameters that were given; moments in epoch seconds.

    >>> given(text="hi", context=None)
    {'text': 'hi'}
    """
    return {name: moment(value) for name, value in parameters.items() if value is not None}


def moment(value: Any) -> Any:
    """A `datetime` in epoch seconds; anything else as it is."""
    if not isinstance(value, datetime):
        return value
    return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).timestamp()


def new_id() -> str:
    """An id of our own: with one, a call that is repeated counts once."""
    return uuid4().hex


def as_(kind: type[R]) -> Callable[[Answer], R]:
    """Reads an answer as this type; fields that it does not know are left out."""
    return lambda answer: convert(answer.value, kind)


def as_list(kind: type[R]) -> Callable[[Answer], list[R]]:
    """Reads an answer as a list of this type."""
    return lambda answer: [convert(row, kind) for row in expect_list(answer.value)]


def as_rows(kind: type[R]) -> Callable[[Answer], "list[R | HikariError]"]:
    """Reads the answer of a batch: one for each row, and the error of a row in its place, as a value."""
    return lambda answer: [row_error(row) or convert(row, kind) for row in expect_list(answer.value)]


def as_is(answer: Answer) -> Any:
    """The decoded answer."""
    return answer.value


def convert(value: Any, kind: type[R]) -> R:
    """The value as this type. Raises `BadAnswer`."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"the engine's answer has another shape than this client reads: {error}") from None


def expect_list(value: Any) -> list[Any]:
    """The value, which must be a list. Raises `BadAnswer`."""
    if not isinstance(value, list):
        raise BadAnswer("the engine's answer has another shape than this client reads: a list was expected")
    return cast("list[Any]", value)


def row_error(row: Any) -> HikariError | None:
    """The error that stands in place of a row."""
    problem = cast("Row", row).get("error") if isinstance(row, dict) else None
    return from_problem(cast("Row", problem)) if isinstance(problem, dict) else None
