"""What the Python client makes of answers, events and errors."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from hikari import errors
from hikari.stream import events
from hikari_client import (
    Alert,
    AnalysisEvent,
    BadInput,
    ErrorEvent,
    Forbidden,
    Hello,
    HikariError,
    MemoriesStored,
    NotReady,
    Overloaded,
    Retry,
    Snapshot,
    TimedOut,
    TooLarge,
    UnknownEvent,
    Unreachable,
    decode_event,
)
from hikari_client.calls import Answer, as_rows, given, moment
from hikari_client.errors import BY_CODE, BadStore, from_problem
from hikari_client.retry import asked_wait
from serving import problems
from tests.serving.clients.samples import ALERT, HELLO, SNAPSHOT, STORED, analysis


def _codes(kind: type[errors.HikariError]) -> set[str]:
    return {kind.code}.union(*(_codes(below) for below in kind.__subclasses__()))


def test_every_code_of_the_engine_has_a_type_of_its_own() -> None:
    # Errors that came as a value take the code of the error that they stand for.
    ours = {code for code in _codes(errors.HikariError) if code} | set(problems._CODES.values()) | {"unauthorized", "forbidden"}
    assert ours <= set(BY_CODE)
    assert len(set(BY_CODE.values())) == len(BY_CODE)


def test_a_code_that_is_not_known_stays_readable() -> None:
    error = from_problem({"code": "brand_new", "message": "no"}, 418)
    assert type(error) is HikariError
    assert (error.problem, error.status, str(error)) == ("brand_new", 418, "no")
    assert isinstance(from_problem({"code": "too_large", "message": "no", "field": "text"}), BadInput)


@pytest.mark.parametrize(
    ("event", "kind"),
    [(analysis(), AnalysisEvent), (ALERT, Alert), (STORED, MemoriesStored), (SNAPSHOT, Snapshot), (HELLO, Hello)],
)
def test_events_are_read_from_json_and_from_msgpack_alike(event: dict[str, Any], kind: type) -> None:
    read = decode_event(json.dumps(event))
    assert isinstance(read, kind)
    assert decode_event(msgspec.msgpack.encode(event)) == read


def test_what_the_engine_makes_is_read() -> None:
    made = [
        (events.hello_event(["lobby"]), Hello),
        (events.stored_event("lobby", {"a": "b"}), MemoriesStored),
        (events.error_event("m1", errors.TooLarge("too long", field="text"), "lobby"), ErrorEvent),
    ]
    for event, kind in made:
        assert isinstance(decode_event(json.dumps(event)), kind)
    problem = decode_event(json.dumps(made[2][0]))
    assert isinstance(problem, ErrorEvent)
    assert isinstance(problem.error, TooLarge)
    assert (problem.id, problem.channel, problem.error.field) == ("m1", "lobby", "text")


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        ("{", "malformed"),
        (b"\xc1", "malformed"),
        ("[]", "no object"),
        (json.dumps({**HELLO, "v": 2}), "version"),
        (json.dumps({"type": "aurora", "v": 1}), "does not know"),
        (json.dumps({**ALERT, "priority": "extreme"}), "priority"),
        (json.dumps({**ALERT, "message": 7}), "message"),
    ],
)
def test_what_cannot_be_read_says_why(frame: str | bytes, word: str) -> None:
    event = decode_event(frame)
    assert isinstance(event, UnknownEvent)
    assert word in event.problem


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_kinds = st.sampled_from(["hello", "analysis", "alert", "error", "stored", "snapshot", "x"])


@for_all(st.one_of(st.text(), st.binary(), _json.map(json.dumps), _json.map(msgspec.msgpack.encode)))
def test_no_frame_makes_an_error(frame: str | bytes) -> None:
    decode_event(frame)


@settings(max_examples=300)
@for_all(st.data(), st.sampled_from([analysis(), ALERT, STORED, SNAPSHOT, HELLO]), _json, _kinds)
def test_no_damaged_event_makes_an_error(data: st.DataObject, event: dict[str, Any], other: Any, kind: str) -> None:
    place = data.draw(st.sampled_from(sorted(event)))
    decode_event(json.dumps({**event, place: other}))
    decode_event(json.dumps({**event, "type": kind}))


def test_parameters_that_were_not_given_are_not_sent() -> None:
    at = datetime(2027, 1, 15, 19)  # noqa: DTZ001 - without a zone it means UTC
    assert given(text="hi", channel=None, timestamp=at) == {"text": "hi", "timestamp": at.replace(tzinfo=UTC).timestamp()}
    assert moment("2027-01-15T19:00:00Z") == "2027-01-15T19:00:00Z"


def test_the_error_of_a_row_stands_in_its_place() -> None:
    first, second = as_rows(int)(Answer([1, {"id": 2, "error": {"code": "refused", "message": "a bot"}}], {}))
    assert first == 1
    assert isinstance(second, HikariError)
    assert second.problem == "refused"


def test_only_what_was_not_begun_or_counts_once_is_repeated() -> None:
    retry = Retry()
    for error in (Overloaded(""), NotReady(""), Unreachable("", sent=False)):
        assert retry.after(error, 1, repeatable=False) is not None
    assert retry.after(Unreachable("", sent=True), 1, repeatable=False) is None
    assert retry.after(Unreachable("", sent=True), 1, repeatable=True) is not None
    for error in (BadInput(""), Forbidden(""), TimedOut(""), BadStore("")):
        assert retry.after(error, 1, repeatable=True) is None
    assert retry.after(Overloaded(""), retry.attempts, repeatable=True) is None


@for_all(st.integers(1, 1000), st.floats(0, 60))
def test_waits_grow_to_a_limit_and_honour_what_is_asked(failures: int, asked: float) -> None:
    retry = Retry()
    assert retry.wait(failures) <= retry.longest_s
    assert retry.wait(failures, asked) >= asked
    waited = retry.after(Overloaded("", retry_after_s=asked), 1, repeatable=False)
    assert waited is not None
    assert waited >= asked
    assert retry.after(Overloaded("", retry_after_s=61.0), 1, repeatable=False) is None


def test_retry_after_is_a_number_or_a_date() -> None:
    now = datetime(2027, 1, 15, tzinfo=UTC)
    assert asked_wait(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
    assert asked_wait(format_datetime(now - timedelta(seconds=90), usegmt=True), now) == 0
    for nothing in (None, "", "soon", "-1", "1.5", "٣"):
        assert asked_wait(nothing) is None
