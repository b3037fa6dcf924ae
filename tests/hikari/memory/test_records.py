"""Rows and records: what is accepted, how it is kept, and that every refusal names its field."""

import contextlib
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput, BadStore, TooLarge
from hikari.memory import keys
from hikari.memory.records import (
    COMPRESS_OVER_BYTES,
    MAX_METADATA_DEPTH,
    Memory,
    decode,
    encode,
    metadata_field,
    new_memory,
    tier_of,
    type_field,
    unpack,
    with_changes,
)

NOW = 1_700_000_000.0

scalars = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
metadata = st.dictionaries(
    texts, st.recursive(scalars | texts, lambda inner: st.lists(inner, max_size=3), max_leaves=5), max_size=5
)


def row(**values: Any) -> dict[str, Any]:
    return {"content": "a text", **values}


def memory(**values: Any) -> Memory:
    return Memory(
        **{"seq": 7, "id": "m", "channel": "c", "content": "a text", "memory_type": "fact", "tier": "short_term", **values}
    )


@given(
    content=texts,
    metadata=metadata,
    importance=st.floats(0, 1),
    user=st.none() | texts,
    expires_at=st.none() | st.floats(-1e10, 1e10),
    pinned=st.booleans(),
    merged=st.lists(texts, max_size=3),
    members=st.lists(st.integers(1, 2**60), max_size=5),
    superseded_by=st.none() | st.integers(1, 2**60),
)
def test_a_record_comes_back_as_it_was(**values: Any) -> None:
    values["merged"], values["members"] = tuple(values["merged"]), tuple(values["members"])
    written = memory(**values)
    assert decode(7, encode(written)) == written


def test_long_records_are_compressed_and_short_ones_are_not() -> None:
    short, long = memory(content="tea"), memory(content="a long story " * 100)
    assert b"tea" in encode(short)
    assert len(encode(long)) < COMPRESS_OVER_BYTES
    assert b"a long story a long story" in unpack(encode(long))


@pytest.mark.parametrize("blob", [b"", b"\x00", b"\x00\xc1", b"\x01not zstd", b"\x09unknown", b"\x00\x80", b"\x00\xa1a"])
def test_damaged_records_are_refused(blob: bytes) -> None:
    with pytest.raises(BadStore):
        decode(1, blob)


@given(blob=st.binary(max_size=60))
def test_no_bytes_crash_the_reader(blob: bytes) -> None:
    with contextlib.suppress(BadStore):
        decode(1, blob)


def test_defaults() -> None:
    new = new_memory(row(), NOW)
    assert (new.channel, new.memory_type, new.importance, new.user, new.timestamp) == ("default", "short_term", 0.5, None, NOW)
    assert (new.pinned, new.expires_at, new.source, new.id, new.metadata) == (False, None, "viewer", None, {})


def test_metadata_speaks_where_no_parameter_does() -> None:
    inside = {"user": "mika", "channel": "lamp", "session": 4, "timestamp": "2024-01-01T00:00:00Z", "pinned": True, "ttl_s": 60}
    new = new_memory(row(metadata={**inside, "source": "moderator"}), NOW)
    assert (new.user, new.channel, new.session, new.pinned, new.source) == ("mika", "lamp", "4", True, "moderator")
    assert new.timestamp == datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    assert new.expires_at == new.timestamp + 60
    assert new_memory(row(metadata=inside, user="rin", timestamp=5.0), NOW).user == "rin"
    assert new_memory(row(metadata={"source": "twitch"}), NOW).source == "viewer"
    assert new_memory(row(channel="lamp", metadata=inside), NOW).channel == "lamp"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"content": None}, "content"),
        ({"content": "   "}, "content"),
        ({"content": "lone \udc00"}, "content"),
        ({"content": "x" * 20_001}, "content"),
        ({"memory_type": "not/a/name"}, "memory_type"),
        ({"memory_type": "x" * 65}, "memory_type"),
        ({"memory_type": 3}, "memory_type"),
        ({"importance": -0.1}, "importance"),
        ({"importance": math.nan}, "importance"),
        ({"importance": None}, "importance"),
        ({"importance": 10**500}, "importance"),
        ({"metadata": "text"}, "metadata"),
        ({"metadata": {"x": {1, 2}}}, "metadata"),
        ({"metadata": {"x": b"bytes"}}, "metadata"),
        ({"metadata": {"x": math.inf}}, "metadata"),
        ({"metadata": {"x": 2**63}}, "metadata"),
        ({"metadata": {"x" * 257: 1}}, "metadata"),
        ({"metadata": {"\ud800": 1}}, "metadata"),
        ({"metadata": {"user": 5}}, "user"),
        ({"metadata": {"channel": 5}}, "metadata.channel"),
        ({"metadata": {"pinned": "yes"}}, "pinned"),
        ({"metadata": {"timestamp": "soon"}}, "timestamp"),
        ({"channel": "a", "metadata": {"channel": "b"}}, "channel"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"expires_at": "never"}, "expires_at"),
        ({"ttl_s": -1}, "ttl_s"),
        ({"ttl_s": 10**400}, "ttl_s"),
        ({"ttl_s": True}, "ttl_s"),
        ({"ttl_s": 5, "expires_at": 5}, "ttl_s"),
        ({"timestamp": 10**400}, "timestamp"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_refused_names_its_field(values: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        new_memory(row(**values), NOW)
    assert caught.value.field == field


def test_metadata_may_be_deep_but_not_bottomless() -> None:
    deep: dict[str, Any] = {}
    deep["self"] = deep
    with pytest.raises(BadInput, match="nested"):
        metadata_field(deep)
    value: Any = 1
    for _ in range(MAX_METADATA_DEPTH):
        value = {"a": value}
    assert metadata_field(value) == value
    with pytest.raises(TooLarge):
        metadata_field({"a": ["x" * 100] * 200})
    assert metadata_field({"when": datetime(2024, 1, 1, tzinfo=UTC), "pair": (1, 2)}) == {
        "when": "2024-01-01T00:00:00+00:00",
        "pair": [1, 2],
    }


@given(value=metadata)
def test_accepted_metadata_is_what_was_given(value: dict[str, Any]) -> None:
    assert metadata_field(value) == value
    assert keys.unpack(keys.pack(value)) == value


def test_times_are_utc_seconds() -> None:
    tokyo = timezone(timedelta(hours=9))
    for given_time in (0.0, 0, "1970-01-01T00:00:00", "1970-01-01T09:00:00+09:00", datetime(1970, 1, 1, 9, tzinfo=tokyo)):
        assert new_memory(row(timestamp=given_time), NOW).timestamp == 0.0


def test_types_and_tiers() -> None:
    assert [type_field(name) for name in ("Long-Term", "short term", "fact.v2", "Ü")] == [
        "long_term",
        "short_term",
        "fact.v2",
        "ü",
    ]
    assert [tier_of(name) for name in ("long_term", "episodic", "fact")] == ["long_term", "episodic", "short_term"]


def test_changes_keep_what_they_do_not_name() -> None:
    old = memory(user="mika", metadata={"user": "mika"}, importance=0.3, expires_at=5.0)
    assert with_changes(old, {"importance": 1}, NOW) == memory(
        user="mika", metadata={"user": "mika"}, importance=1.0, expires_at=5.0
    )
    assert with_changes(old, {"expires_at": None}, NOW).expires_at is None
    assert with_changes(old, {"ttl_s": 10}, NOW).expires_at == NOW + 10
    assert with_changes(old, {"memory_type": "long_term"}, NOW).tier == "long_term"
    assert with_changes(memory(tier="long_term"), {"memory_type": "fact"}, NOW).tier == "long_term"
    for changes, field in (
        ({}, "changes"),
        ({"id": "x"}, "id"),
        ({"metadata": {"user": "rin"}}, "metadata"),
        ({"content": "\ud800"}, "content"),
    ):
        with pytest.raises(BadInput) as caught:
            with_changes(old, changes, NOW)
        assert caught.value.field == field
