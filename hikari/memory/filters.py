# pyright: reportUnnecessaryIsInstance=false
# Values come over the wire: their declared types are what is checked here.
"""Choosing memories by their metadata: `{"game": "tetris", "score": {"gte": 100}, "NOT": [{"tag": "spoiler"}]}`.

A filter is an object. Every key is the name of a metadata value (`a.b` reaches into nested objects; a key that is spelt `a.b` in
the metadata itself wins) with a value it must equal, or with an object of operators that must all hold; AND, OR and NOT hold lists
of filters (NOT: none of them matches). All keys of one object must hold.

    eq ne in nin          equal to one value, or to one of a list; null equals null
    gt gte lt lte         numbers with numbers, strings with strings by code point
    contains icontains    part of a string, or element of a list; icontains without regard to case
    startswith            of a string
    exists                true or false: whether the key is there at all

Values of different types never match and are no error (true is no number); `ne` and `nin` are the exact opposite of `eq` and `in`.
A key that is missing matches only `ne`, `nin`, `exists: false` and what stands under NOT.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hikari.errors import BadInput, TooLarge

MAX_DEPTH = 8
MAX_CONDITIONS = 200
MAX_VALUES = 1_000
"""In one list of `in` or `nin`."""
MAX_STRING = 1_000
MAX_KEY = 256
LOGICAL = ("AND", "OR", "NOT")

_MISSING = object()
_PLAIN_KEY = re.compile(r"[\w.\-]{1,64}")
_SCALARS = "a string, a finite number, true, false or null"

Test = Callable[[Any], bool]
Record = Mapping[str, Any]
Match = Callable[[Record], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A checked filter; immutable and safe to share between threads."""

    test: Match
    conditions: int
    """How many single comparisons it holds; 0 matches everything."""

    def matches(self, metadata: Record) -> bool:
        """Whether a memory with this metadata is chosen."""
        return self.test(metadata)


def parse(filters: Any, field: str = "filters") -> Filter:
    """Check a filter and make it ready for use; None and an empty object choose everything.

    Raises `BadInput` (`TooLarge` over a limit) that names the path of the mistake and what is allowed there.

    >>> parse({"level": {"gte": 5}}).matches({"level": 7})
    True
    """
    if filters is None:
        return Filter(_everything, 0)
    reader = _Reader(field)
    test = reader.filter(filters, field, 1)
    return Filter(test, reader.conditions)


class _Reader:
    """Turns one filter into a function, counting its conditions on the way."""

    def __init__(self, field: str) -> None:
        self.conditions = 0
        self._field = field

    def filter(self, value: Any, path: str, depth: int) -> Match:
        if depth > MAX_DEPTH:
            raise TooLarge(f"{self._field} may be nested at most {MAX_DEPTH} deep", field=self._field)
        if not isinstance(value, Mapping):
            raise self._bad(path, f"must be an object of keys and conditions, AND, OR, NOT; it is {_kind(value)}")
        tests: list[Match] = []
        for number, (key, condition) in enumerate(cast("Mapping[Any, Any]", value).items()):
            if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
                raise self._bad(path, f"needs strings of 1 to {MAX_KEY} characters as keys")
            inner = f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{path}[key {number}]"
            if key in LOGICAL:
                tests.append(self._logical(key, condition, inner, depth))
            else:
                tests.append(_at(key, self._condition(condition, inner)))
        if len(tests) == 1:
            return tests[0]
        return (lambda record: all(test(record) for test in tests)) if tests else _everything

    def _logical(self, name: str, value: Any, path: str, depth: int) -> Match:
        if not isinstance(value, list | tuple) or not value:
            raise self._bad(path, f"must be a list of one or more filters; it is {_kind(value)}")
        parts = cast("Sequence[Any]", value)
        self._count(len(parts))
        tests = [self.filter(part, f"{path}[{number}]", depth + 1) for number, part in enumerate(parts)]
        if name == "AND":
            return lambda record: all(test(record) for test in tests)
        if name == "OR":
            return lambda record: any(test(record) for test in tests)
        return lambda record: not any(test(record) for test in tests)

    def _condition(self, value: Any, path: str) -> Test:
        if isinstance(value, list | tuple):
            raise self._bad(path, 'must be one value or an object of operators; for one of several write {"in": [...]}')
        if not isinstance(value, Mapping):
            return self._operator("eq", value, path)
        operators = cast("Mapping[Any, Any]", value)
        if not operators:
            raise self._bad(path, f"needs one or more of the operators {', '.join(OPERATORS)}")
        tests: list[Test] = []
        for number, (name, operand) in enumerate(operators.items()):
            if name not in OPERATORS:
                shown = f"{path}.{name}" if isinstance(name, str) and _PLAIN_KEY.fullmatch(name) else f"{path}[key {number}]"
                raise self._bad(shown, f"is no operator; allowed are {', '.join(OPERATORS)}")
            tests.append(self._operator(name, operand, f"{path}.{name}"))
        return tests[0] if len(tests) == 1 else lambda found: all(test(found) for test in tests)

    def _operator(self, name: str, operand: Any, path: str) -> Test:
        self._count(1)
        problem = _OPERANDS[name](operand)
        if problem:
            raise self._bad(path, f"must be {problem}; it is {_kind(operand)}")
        for text in cast("Sequence[Any]", operand) if isinstance(operand, list | tuple) else (operand,):
            if isinstance(text, str) and len(text) > MAX_STRING:
                raise TooLarge(f"{path} has {len(text)} characters, at most {MAX_STRING} are allowed", field=self._field)
        return OPERATORS[name](operand)

    def _count(self, conditions: int) -> None:
        self.conditions += conditions
        if self.conditions > MAX_CONDITIONS:
            raise TooLarge(f"{self._field} may hold at most {MAX_CONDITIONS} conditions", field=self._field)

    def _bad(self, path: str, problem: str) -> BadInput:
        return BadInput(f"{path} {problem}", field=self._field)


def _everything(_: Record) -> bool:
    return True


def _at(key: str, test: Test) -> Match:
    parts = key.split(".")

    def match(record: Record) -> bool:
        found: Any = record.get(key, _MISSING)
        if found is _MISSING and len(parts) > 1:
            found = record
            for part in parts:
                found = cast("Record", found).get(part, _MISSING) if isinstance(found, Mapping) else _MISSING
        return test(found)

    return match


def _type(value: Any) -> str:
    """What may be compared with what; a boolean is no number."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "other"


def _equal(found: Any, operand: Any) -> bool:
    return _type(found) == _type(operand) and bool(found == operand)


def _eq(operand: Any) -> Test:
    return lambda found: _equal(found, operand)


def _in(operand: Sequence[Any]) -> Test:
    # One lookup instead of a thousand comparisons; the type stands beside the value because 1 == True.
    wanted = {(_type(value), value) for value in operand}

    def test(found: Any) -> bool:
        kind = _type(found)
        return kind != "other" and (kind, found) in wanted

    return test


def _not(operator: Callable[[Any], Test]) -> Callable[[Any], Test]:
    def opposite(operand: Any) -> Test:
        test = operator(operand)
        return lambda found: not test(found)

    return opposite


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def operator(operand: Any) -> Test:
        kind = _type(operand)
        return lambda found: _type(found) == kind and compare(found, operand)

    return operator


def _contains(operand: Any) -> Test:
    def test(found: Any) -> bool:
        if isinstance(found, str):
            return isinstance(operand, str) and operand in found
        return isinstance(found, list | tuple) and any(_equal(item, operand) for item in cast("Sequence[Any]", found))

    return test


def _icontains(operand: str) -> Test:
    folded = operand.casefold()

    def test(found: Any) -> bool:
        if isinstance(found, str):
            return folded in found.casefold()
        items = cast("Sequence[Any]", found) if isinstance(found, list | tuple) else ()
        return any(isinstance(item, str) and item.casefold() == folded for item in items)

    return test


def _startswith(operand: str) -> Test:
    return lambda found: isinstance(found, str) and found.startswith(operand)


def _exists(operand: bool) -> Test:
    return lambda found: (found is not _MISSING) == operand


OPERATORS: dict[str, Callable[[Any], Test]] = {
    "eq": _eq,
    "ne": _not(_eq),
    "gt": _ordered(lambda found, operand: found > operand),
    "gte": _ordered(lambda found, operand: found >= operand),
    "lt": _ordered(lambda found, operand: found < operand),
    "lte": _ordered(lambda found, operand: found <= operand),
    "in": _in,
    "nin": _not(_in),
    "contains": _contains,
    "icontains": _icontains,
    "exists": _exists,
    "startswith": _startswith,
}


def _is_scalar(value: Any) -> bool:
    return _type(value) != "other" and not (isinstance(value, float) and not math.isfinite(value))


def _scalar(value: Any) -> str:
    return "" if _is_scalar(value) else _SCALARS


def _orderable(value: Any) -> str:
    return "" if _type(value) in ("number", "string") and _is_scalar(value) else "a finite number or a string"


def _listed(value: Any) -> str:
    good = isinstance(value, list | tuple) and len(cast("Sequence[Any]", value)) <= MAX_VALUES
    good = good and all(_is_scalar(item) for item in cast("Sequence[Any]", value))
    return "" if good else f"a list of at most {MAX_VALUES} values, each {_SCALARS}"


def _string(value: Any) -> str:
    return "" if isinstance(value, str) else "a string"


def _boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false"


_OPERANDS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("eq", "ne", "contains"), _scalar),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), _orderable),
    **dict.fromkeys(("in", "nin"), _listed),
    **dict.fromkeys(("icontains", "startswith"), _string),
    "exists": _boolean,
}


def _kind(value: Any) -> str:
    """The value's type in JSON's words: the value itself is never quoted."""
    if isinstance(value, float) and not math.isfinite(value):
        return "not finite"
    if isinstance(value, list | tuple):
        return f"a list of {len(cast('Sequence[Any]', value))}"
    names = {"null": "null", "boolean": "a boolean", "number": "a number", "string": "a string"}
    return names.get(_type(value), "an object" if isinstance(value, Mapping) else "no JSON value")
