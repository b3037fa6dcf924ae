"""Checking messages: what is accepted becomes plain values, what is refused names its field."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput, HikariError, TooLarge
from hikari.fields import MAX_NAME, MAX_TEXT, name_field, seconds, text_field
from hikari.sentiment.messages import ChatMessage, chat_message

ROW: dict[str, Any] = {"text": "hi", "username": "mika"}


def test_smallest_message_gets_defaults() -> None:
    assert chat_message(ROW, 12.5) == ChatMessage(None, "default", "mika", "hi", 12.5, paid=False, moderator=False)


def test_every_field_is_taken() -> None:
    row = {**ROW, "id": "m1", "channel": "c", "timestamp": 3, "paid": True, "roles": ["subscriber", "moderator"]}
    assert chat_message(row, 0) == ChatMessage("m1", "c", "mika", "hi", 3.0, paid=True, moderator=True)


@pytest.mark.parametrize("identifier", [None, "m1", 0, 7, -7])
def test_id_stays_as_it_was_given(identifier: str | int | None) -> None:
    assert chat_message({**ROW, "id": identifier}, 0).id == identifier


def test_context_stands_in_and_the_row_itself_wins() -> None:
    context = {"timestamp": 5, "paid": True, "roles": ("owner",)}
    message = chat_message({**ROW, "context": context}, 0)
    assert (message.timestamp, message.paid, message.moderator) == (5.0, True, True)
    message = chat_message({**ROW, "context": context, "timestamp": 6, "paid": False, "roles": []}, 0)
    assert (message.timestamp, message.paid, message.moderator) == (6.0, False, False)


@pytest.mark.parametrize("role", ["moderator", "broadcaster", "owner"])
@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_roles_that_moderate(role: str, kind: Callable[[list[str]], Any]) -> None:
    assert chat_message({**ROW, "roles": kind([role])}, 0).moderator


@pytest.mark.parametrize("roles", [None, [], ["vip"], ["Moderators"]])
def test_roles_that_do_not_moderate(roles: Any) -> None:
    assert not chat_message({**ROW, "roles": roles}, 0).moderator


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"username": "mika"}, "text"),
        ({**ROW, "text": None}, "text"),
        ({**ROW, "text": 3}, "text"),
        ({**ROW, "text": b"hi"}, "text"),
        ({**ROW, "text": ""}, "text"),
        ({**ROW, "text": " \n\t\u200b\u202e\x00\ud800"}, "text"),
        ({**ROW, "text": "a" * (MAX_TEXT + 1)}, "text"),
        ({"text": "hi"}, "username"),
        ({**ROW, "username": ""}, "username"),
        ({**ROW, "username": " \t"}, "username"),
        ({**ROW, "username": 3}, "username"),
        ({**ROW, "username": "\ud800mika"}, "username"),
        ({**ROW, "username": "a" * (MAX_NAME + 1)}, "username"),
        ({**ROW, "channel": None}, "channel"),
        ({**ROW, "channel": ""}, "channel"),
        ({**ROW, "channel": "\udfff"}, "channel"),
        ({**ROW, "id": ""}, "id"),
        ({**ROW, "id": True}, "id"),
        ({**ROW, "id": 1.5}, "id"),
        ({**ROW, "id": ["a"]}, "id"),
        ({**ROW, "id": "a" * (MAX_NAME + 1)}, "id"),
        ({**ROW, "id": "\ud800"}, "id"),
        ({**ROW, "context": []}, "context"),
        ({**ROW, "context": "moderator"}, "context"),
        ({**ROW, "roles": "moderator"}, "roles"),
        ({**ROW, "roles": {"moderator": True}}, "roles"),
        ({**ROW, "context": {"roles": 1}}, "roles"),
        ({**ROW, "timestamp": True}, "timestamp"),
        ({**ROW, "context": {"timestamp": "soon"}}, "timestamp"),
    ],
)
def test_refused_message_names_its_field(row: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        chat_message(row, 0)
    assert caught.value.field == field
    assert caught.value.message.startswith(field)
    assert caught.value.as_dict() == {"code": caught.value.code, "message": caught.value.message, "field": field}


def test_limits_are_inclusive() -> None:
    assert len(text_field("a" * MAX_TEXT)) == MAX_TEXT
    assert len(name_field("a" * MAX_NAME, "username")) == MAX_NAME
    with pytest.raises(TooLarge, match=f"{MAX_TEXT + 1} characters, at most {MAX_TEXT}"):
        text_field("a" * (MAX_TEXT + 1))
    with pytest.raises(TooLarge, match=f"{MAX_NAME + 1} characters, at most {MAX_NAME}"):
        name_field("a" * (MAX_NAME + 1), "username")


@pytest.mark.parametrize("text", ["secret\ud800", "secret" * 4_000])
def test_errors_do_not_quote_what_was_said(text: str) -> None:
    with pytest.raises(HikariError) as caught:
        name_field(text, "username")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("text", ["a", " a ", "🔥", "日", "?", "\x00a"])
def test_text_is_handed_on_unchanged(text: str) -> None:
    assert text_field(text) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0.0),
        (-5, -5.0),
        (1_700_000_000, 1.7e9),
        (1.25, 1.25),
        (1e11, 1e11),
        (-1e11, -1e11),
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01", 0.0),
        ("1970-01-01T02:00:00.5+02:00", 0.5),
        ("19700101T000100Z", 60.0),
        (datetime(1970, 1, 1, 0, 1), 60.0),  # noqa: DTZ001
        (datetime(1970, 1, 1, 0, 1, tzinfo=UTC), 60.0),
        (datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=-1))), 3600.0),
    ],
)
def test_timestamps_that_are_read(value: Any, expected: float) -> None:
    assert seconds(value) == expected


@pytest.fixture
def _in_tokyo() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_tokyo")
@pytest.mark.parametrize("value", ["1970-01-01T00:01:00", datetime(1970, 1, 1, 0, 1)])  # noqa: DTZ001
def test_naive_times_are_utc_wherever_the_machine_stands(value: Any) -> None:
    assert time.timezone == -9 * 3600
    assert seconds(value) == 60.0


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        float("nan"),
        float("inf"),
        float("-inf"),
        10**400,
        -(10**400),
        1_700_000_000_000,
        1.0000001e11,
        "",
        "yesterday",
        "1700000000000000",
        "2024-13-01",
        b"1970-01-01",
        [],
        1j,
    ],
)
def test_timestamps_that_are_refused(value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        seconds(value)
    assert caught.value.field == "timestamp"


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(5000, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_iso_text_and_datetime_agree(moment: datetime) -> None:
    assert seconds(moment.isoformat()) == pytest.approx(seconds(moment), abs=61)


@given(st.integers(-(10**11), 10**11), st.integers(-12, 14))
def test_zone_does_not_change_the_moment(epoch: int, hours: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch % 10**10)
    there = moment.astimezone(timezone(timedelta(hours=hours)))
    assert seconds(there) == seconds(there.isoformat()) == epoch % 10**10
