"""What comes over the wire is accepted whole or refused with the field's name; priorities show before a model has read anything."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput, HikariError
from hikari.stream.messages import Priority, StreamMessage, Triage, stream_message
from tests.hikari.stream.parts import NOW, message

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["type", "id", "channel", "username", "text", "timestamp", "roles", "paid", "context", "other"])


def test_a_row_becomes_a_message_with_what_it_lacks() -> None:
    row = {"type": "message", "id": 7, "username": "ann", "text": "hi", "roles": ["vip"], "paid": True}
    assert stream_message(row, NOW, channel="mika") == StreamMessage(7, "mika", "ann", "hi", NOW, ("vip",), True, None)
    assert stream_message({**row, "channel": "own", "timestamp": 5}, NOW).timestamp == 5.0
    assert stream_message({"username": "ann", "text": "hi", "context": {"roles": ["vip"]}}, NOW).roles == ("vip",)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "analysis"}, "type"), ({"username": ""}, "username"), ({"text": " "}, "text"), ({"text": None}, "text"),
        ({"timestamp": "soon"}, "timestamp"), ({"roles": "mod"}, "roles"), ({"roles": [1]}, "roles"), ({"roles": ["x"] * 33}, "roles"),
        ({"id": 1.5}, "id"), ({"channel": 3}, "channel"), ({"context": []}, "context"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        stream_message({"username": "ann", "text": "hi", **change}, NOW)
    assert caught.value.field == field


@given(st.dictionaries(NAMES, VALUES) | VALUES)
def test_any_row_is_a_message_or_refused(row: Any) -> None:
    try:
        made = stream_message(row, NOW)
    except HikariError:
        return
    assert made.text.encode()
    assert stream_message(made.row(), NOW) == made


@pytest.mark.parametrize(
    ("changes", "priority"),
    [
        ({"text": "gg", "paid": True}, Priority.PAID),
        ({"text": "!song", "user": "ann"}, Priority.NOISE),
        ({"text": "Follow me", "user": "Nightbot"}, Priority.NOISE),
        ({"text": "can you see this"}, Priority.QUESTION),
        ({"text": "Mika what game is that?"}, Priority.QUESTION),
        ({"text": "ねえ、元気？", "user": "ann"}, Priority.ORDINARY),
        ({"text": "???"}, Priority.ORDINARY),
        ({"text": "love you @mika!"}, Priority.NOTABLE),
        ({"text": "mikado"}, Priority.ORDINARY),
        ({"text": "hi", "roles": ("vip",)}, Priority.NOTABLE),
        ({"text": "gg"}, Priority.ORDINARY),
    ],
)
def test_priorities(changes: dict[str, Any], priority: Priority) -> None:
    assert Triage(["Mika"]).priority(message(**changes)) is priority
