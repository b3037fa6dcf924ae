"""The filter language: every operator, its mistakes, and a naive evaluator it must agree with."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput, TooLarge
from hikari.memory.filters import MAX_CONDITIONS, MAX_DEPTH, MAX_STRING, MAX_VALUES, OPERATORS, parse

ALL_OPERATORS = "eq ne gt gte lt lte in nin contains icontains exists startswith"
RECORD = {
    "user": "Mika",
    "level": 7,
    "score": 2.5,
    "flag": True,
    "none": None,
    "tags": ["RPG", "cozy", 3],
    "game": {"name": "Hollow Garden", "year": 2019, "studio": {"city": "Oslo"}},
    "a.b": "literal",
    "a": {"b": "nested"},
}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (None, True),
        ({}, True),
        ({"user": "Mika"}, True),
        ({"user": "mika"}, False),
        ({"user": {"eq": "Mika"}}, True),
        ({"user": {"ne": "Mika"}}, False),
        ({"user": {"ne": "Rin"}}, True),
        ({"level": {"gt": 7}}, False),
        ({"level": {"gte": 7}}, True),
        ({"level": {"gte": 5, "lt": 7.5}}, True),
        ({"level": {"lt": 7}}, False),
        ({"level": {"lte": 7.0}}, True),
        ({"level": 7.0}, True),
        ({"user": {"gt": "Lena"}}, True),
        ({"user": {"in": ["Rin", "Mika"]}}, True),
        ({"user": {"in": []}}, False),
        ({"user": {"nin": []}}, True),
        ({"user": {"nin": ["Mika"]}}, False),
        ({"user": {"contains": "ik"}}, True),
        ({"user": {"contains": "IK"}}, False),
        ({"user": {"icontains": "IK"}}, True),
        ({"tags": {"contains": "cozy"}}, True),
        ({"tags": {"contains": "coz"}}, False),
        ({"tags": {"contains": 3}}, True),
        ({"tags": {"contains": True}}, False),
        ({"tags": {"icontains": "rpg"}}, True),
        ({"user": {"startswith": "Mi"}}, True),
        ({"user": {"startswith": "ika"}}, False),
        ({"none": None}, True),
        ({"none": {"exists": True}}, True),
        ({"game.name": "Hollow Garden"}, True),
        ({"game.studio.city": {"in": ["Oslo"]}}, True),
        ({"game.studio.street": {"exists": False}}, True),
        ({"user.name": {"exists": True}}, False),
        ({"a.b": "literal"}, True),
        ({"user": "Mika", "level": 8}, False),
        ({"AND": [{"user": "Mika"}, {"level": 7}]}, True),
        ({"AND": [{"user": "Mika"}, {"level": 8}]}, False),
        ({"OR": [{"user": "Rin"}, {"level": 7}]}, True),
        ({"OR": [{"user": "Rin"}, {"level": 8}]}, False),
        ({"NOT": [{"user": "Rin"}, {"level": 8}]}, True),
        ({"NOT": [{"user": "Rin"}, {"level": 7}]}, False),
        ({"user": "Mika", "OR": [{"flag": False}, {"NOT": [{"level": 1}]}]}, True),
    ],
)
def test_matching(filters: Any, expected: bool) -> None:
    assert parse(filters).matches(RECORD) is expected


@pytest.mark.parametrize(
    ("key", "operand"),
    [("level", "7"), ("user", 7), ("flag", 1), ("level", True), ("none", False), ("none", 0), ("tags", "RPG"), ("game", "Oslo")],
)
def test_other_types_never_match_and_are_no_error(key: str, operand: Any) -> None:
    for name in ("eq", "in"):
        value = [operand] if name == "in" else operand
        assert not parse({key: {name: value}}).matches(RECORD)
        assert parse({key: {"ne" if name == "eq" else "nin": value}}).matches(RECORD)
    if not isinstance(operand, bool):
        for name in ("gt", "gte", "lt", "lte"):
            assert not parse({key: {name: operand}}).matches(RECORD)


def test_a_missing_key_matches_only_negations() -> None:
    operands: dict[str, Any] = dict.fromkeys(ALL_OPERATORS.split(), "x") | {"in": ["x"], "nin": ["x"], "exists": True}
    matching = {name for name, operand in operands.items() if parse({"absent": {name: operand}}).matches(RECORD)}
    assert matching == {"ne", "nin"}
    assert parse({"absent": {"exists": False}}).matches(RECORD)
    assert parse({"NOT": [{"absent": "x"}]}).matches(RECORD)
    assert not parse({"absent": None}).matches(RECORD)


def test_the_operators_are_those_of_the_contract() -> None:
    assert set(OPERATORS) == set(ALL_OPERATORS.split())


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ([], "filters must be an object of keys and conditions, AND, OR, NOT; it is a list of 0"),
        ("user", "filters must be an object of keys and conditions, AND, OR, NOT; it is a string"),
        ({"level": {"above": 3}}, f"filters.level.above is no operator; allowed are {ALL_OPERATORS.replace(' ', ', ')}"),
        ({"level": {}}, f"filters.level needs one or more of the operators {ALL_OPERATORS.replace(' ', ', ')}"),
        ({"level": [1, 2]}, 'filters.level must be one value or an object of operators; for one of several write {"in": [...]}'),
        ({"level": {"gt": True}}, "filters.level.gt must be a finite number or a string; it is a boolean"),
        ({"level": {"gt": math.nan}}, "filters.level.gt must be a finite number or a string; it is not finite"),
        ({"level": {"eq": [1]}}, "filters.level.eq must be a string, a finite number, true, false or null; it is a list of 1"),
        ({"level": {"exists": 1}}, "filters.level.exists must be true or false; it is a number"),
        ({"level": {"startswith": None}}, "filters.level.startswith must be a string; it is null"),
        ({"level": object()}, "filters.level must be a string, a finite number, true, false or null; it is no JSON value"),
        ({"AND": []}, "filters.AND must be a list of one or more filters; it is a list of 0"),
        ({"NOT": {"level": 3}}, "filters.NOT must be a list of one or more filters; it is an object"),
        ({"OR": [{"user": "x"}, {"AND": [3]}]}, "filters.OR[1].AND[0] must be an object of keys"),
        ({1: 2}, "filters needs strings of 1 to 256 characters as keys"),
        ({"": 2}, "filters needs strings of 1 to 256 characters as keys"),
        ({"OR": [{"a": 1}, {"b": {"in": "abc"}}]}, "filters.OR[1].b.in must be a list of at most 1000 values"),
        ({"level": {"in": [1, {}]}}, "filters.level.in must be a list of at most 1000 values"),
    ],
)
def test_a_mistake_is_named_by_its_path(filters: Any, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(filters)
    assert caught.value.message.startswith(message)
    assert caught.value.field == "filters"


def test_odd_keys_and_values_are_not_quoted() -> None:
    for filters in ({"my secret key!": []}, {"level": {"my secret!": 1}}, {"level": {"exists": "my secret"}}):
        with pytest.raises(BadInput) as caught:
            parse(filters)
        assert "secret" not in caught.value.message


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    for _ in range(depth - 1):
        value = {"NOT": [value]}
    return value


def test_limits() -> None:
    parse(nested(MAX_DEPTH))
    parse({"OR": [{"a": 1}] * (MAX_CONDITIONS // 2)})
    parse({"a": {"in": list(range(MAX_VALUES))}, "b": "x" * MAX_STRING})
    for filters in (
        nested(MAX_DEPTH + 1),
        nested(5_000),
        {"OR": [{"a": 1}] * (MAX_CONDITIONS // 2 + 1)},
        {"OR": [{}] * (MAX_CONDITIONS + 1)},
        {str(number): number for number in range(MAX_CONDITIONS + 1)},
        {"b": "x" * (MAX_STRING + 1)},
        {"b": {"in": ["x" * (MAX_STRING + 1)]}},
    ):
        with pytest.raises(TooLarge):
            parse(filters)
    with pytest.raises(BadInput):
        parse({"a": {"in": list(range(MAX_VALUES + 1))}})


def test_conditions_are_counted() -> None:
    assert parse(None).conditions == parse({}).conditions == 0
    assert parse({"a": 1, "b": {"gt": 1, "lt": 3}}).conditions == 3


# A naive evaluator of its own, by the words of the module's documentation.

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(-3, 3),
    st.text("aAb", max_size=3),
    st.sampled_from([1, 1.0, True, "1"]),
)
names = st.sampled_from(["a", "b", "a.b", "a.b.c", "c"])
metadata = st.dictionaries(
    st.sampled_from(["a", "b", "c", "a.b"]),
    st.one_of(
        scalars,
        st.lists(scalars, max_size=3),
        st.dictionaries(st.sampled_from(["b", "c"]), st.one_of(scalars, st.dictionaries(st.just("c"), scalars)), max_size=2),
    ),
    max_size=4,
)
operator = st.one_of(
    st.tuples(st.sampled_from(["eq", "ne", "contains"]), scalars),
    st.tuples(
        st.sampled_from(["gt", "gte", "lt", "lte"]),
        scalars.filter(lambda value: value is not None and not isinstance(value, bool)),
    ),
    st.tuples(st.sampled_from(["in", "nin"]), st.lists(scalars, max_size=3)),
    st.tuples(st.sampled_from(["icontains", "startswith"]), st.text("aAb", max_size=2)),
    st.tuples(st.just("exists"), st.booleans()),
)
condition = st.one_of(scalars, st.lists(operator, min_size=1, max_size=3).map(dict))
leaf = st.dictionaries(names, condition, max_size=3)
trees = st.recursive(
    leaf,
    lambda inner: st.builds(
        lambda base, logic: {**base, **logic},
        leaf,
        st.dictionaries(st.sampled_from(["AND", "OR", "NOT"]), st.lists(inner, min_size=1, max_size=3), min_size=1, max_size=2),
    ),
    max_leaves=6,
)


def kind(value: Any) -> Any:
    return "number" if type(value) in (int, float) else type(value)


def same(left: Any, right: Any) -> bool:
    return kind(left) == kind(right) and left == right


def naive_test(name: str, present: bool, found: Any, operand: Any) -> bool:
    if name == "exists":
        return present is operand
    if name in ("ne", "nin"):
        return not naive_test({"ne": "eq", "nin": "in"}[name], present, found, operand)
    if not present:
        return False
    if name == "eq":
        return same(found, operand)
    if name == "in":
        return any(same(found, value) for value in operand)
    if name in ("gt", "gte", "lt", "lte"):
        if kind(found) != kind(operand) or kind(found) not in ("number", str):
            return False
        return {"gt": found > operand, "gte": found >= operand, "lt": found < operand, "lte": found <= operand}[name]
    if name == "startswith":
        return isinstance(found, str) and found[: len(operand)] == operand
    if isinstance(found, list):
        if name == "contains":
            return any(same(value, operand) for value in found)
        return any(isinstance(value, str) and value.lower() == operand.lower() for value in found)
    if not isinstance(found, str) or not isinstance(operand, str):
        return False
    return operand in found if name == "contains" else operand.lower() in found.lower()


def naive(filters: dict[str, Any], record: dict[str, Any]) -> bool:
    for key, value in filters.items():
        if key in ("AND", "OR", "NOT"):
            answers = [naive(part, record) for part in value]
            good = {"AND": all(answers), "OR": any(answers), "NOT": not any(answers)}[key]
        else:
            if key in record:
                present, found = True, record[key]
            else:
                present, found = True, record
                for part in key.split("."):
                    present = present and isinstance(found, dict) and part in found
                    found = found[part] if present else None
            good = all(
                naive_test(n, present, found, operand)
                for n, operand in (value if isinstance(value, dict) else {"eq": value}).items()
            )
        if not good:
            return False
    return True


@given(trees, metadata)
@settings(max_examples=200)
def test_agrees_with_the_naive_evaluator(filters: dict[str, Any], record: dict[str, Any]) -> None:
    assert parse(filters).matches(record) is naive(filters, record)


@given(trees, metadata)
def test_not_is_the_opposite(filters: dict[str, Any], record: dict[str, Any]) -> None:
    wrapped = parse({"NOT": [filters]})
    assert wrapped.matches(record) is not parse(filters).matches(record)


@given(
    st.recursive(scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(max_size=8), inner)), max_leaves=15)
)
def test_anything_is_answered_or_refused(value: Any) -> None:
    try:
        parsed = parse(value)
    except BadInput as error:
        field = error.field
    else:
        assert parsed.matches(RECORD) in (True, False)
        field = "filters"
    assert field == "filters"
