"""Whatever a bound key sends: what goes on names its channels only, and what cannot be read is one clear error."""

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput
from serving import binding
from serving.binding import Format
from serving.keys import Access, Forbidden

BOUND = Access("tenant", channels=frozenset({"a", "default"}))
names = st.sampled_from(["channel", "channels", "rows", "messages", "metadata", "text"])
leaves = st.none() | st.integers(-(2**53), 2**53) | st.sampled_from(["a", "default", "b", "A", ""])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)


def named(value: Any) -> set[Any]:
    """Every channel in a value, the slow and obvious way."""
    if isinstance(value, list):
        return set().union(*map(named, value))
    if not isinstance(value, dict):
        return set()
    many = value.get("channels")
    own = [value.get("channel"), *(many if isinstance(many, list) else [many])]
    found = {"?" if isinstance(one, list | dict) else one for one in own}
    return (found - {None}) | set().union(*map(named, value.values()))


@given(values, st.sampled_from(["one", "every"]), st.sampled_from([None, "rows", "messages"]))
def test_no_other_channel_ever_passes(value: Any, reach: Any, rows: str | None) -> None:
    try:
        binding.check_body(value, BOUND, reach, rows)
    except (Forbidden, BadInput):
        return
    assert named(value) <= {"a", "default"}
    if reach == "every":
        own = value.get("channel")
        assert isinstance(own, str) or all(isinstance(row["channel"], str) for row in value[rows])


@given(values)
def test_a_key_for_one_channel_must_name_it(value: Any) -> None:
    tenant = Access("tenant", channels=frozenset({"a"}))
    try:
        binding.check_body(value, tenant, "one")
    except (Forbidden, BadInput):
        return
    assert value["channel"] == "a"
    assert named(value) <= {"a"}


@given(
    st.binary(max_size=80) | values.map(lambda value: json.dumps(value).encode()) | values.map(msgpack.packb),
    st.sampled_from(["json", "msgpack"]),
)
def test_any_bytes_are_a_value_that_is_written_the_same_or_an_error(content: bytes, written: Format) -> None:
    try:
        value = binding.decode(content, written)
        anew = binding.encode(value, written)
    except BadInput:
        return
    again = binding.decode(anew, written)
    assert again == value or repr(again) == repr(value)  # NaN


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"\x91" * 100_000, b'{"a":' * 100_000, b"\xc1", b"", b"\xff\xfe\x00", b"1" * 5000]
)
@pytest.mark.parametrize("written", ["json", "msgpack"])
def test_what_cannot_be_read_is_bad_input(content: bytes, written: Format) -> None:
    if (content, written) == (b"1" * 5000, "msgpack"):
        content += b"\xc1"
    with pytest.raises(BadInput):
        binding.encode(binding.decode(content, written), written)


@given(st.text(max_size=60))
def test_any_content_type_is_read_or_is_not(kind: str) -> None:
    assert binding.format_of(kind) in (None, "json", "msgpack")


@given(st.binary(max_size=60))
def test_any_query_is_checked(query: bytes) -> None:
    try:
        binding.check_query(query, BOUND, default=True)
    except Forbidden:
        assert b"channel" in query or b"%" in query


def test_content_types() -> None:
    assert [
        binding.format_of(kind) for kind in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/problem+json")
    ] == ["json"] * 3
    assert [binding.format_of(kind) for kind in ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")] == [
        "msgpack"
    ] * 3
    assert [
        binding.format_of(kind)
        for kind in ("", "text/json", "application/vnd.bentoml+pickle", "text/plain, application/json", "json")
    ] == [None] * 5
