"""The event streams of the Python clients against real WebSocket servers that behave by script."""

import contextlib
import http
import json
import threading
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from hikari_client import (
    Alert,
    AnalysisEvent,
    BadInput,
    ErrorEvent,
    Forbidden,
    Hikari,
    NotReady,
    Retry,
    Snapshot,
    TimedOut,
    Unauthorized,
    UnknownEvent,
    Unreachable,
)
from tests.serving.clients.both import BOTH, Waits, client
from tests.serving.clients.running import socket_server
from tests.serving.clients.samples import ALERT, FORBIDDEN, HELLO, SNAPSHOT, analysis


def _say(*events: Any) -> Any:
    """A script: greet, tell these events, hang up."""

    def script(connection: ServerConnection) -> None:
        for event in (HELLO, *events):
            connection.send(json.dumps(event))

    return script


def _listen(connection: ServerConnection) -> None:
    """A script: greet, and wait until the client goes."""
    connection.send(json.dumps(HELLO))
    for _ in connection:
        pass


def _drop(connection: ServerConnection) -> None:
    """A script: be gone without a word."""
    connection.socket.close()


def _echo(connection: ServerConnection) -> None:
    """A script: an analysis for every message, in the frame type in which it came."""
    packed = "format=msgpack" in connection.request.path  # type: ignore[union-attr]
    connection.send(msgspec.msgpack.encode(HELLO) if packed else json.dumps(HELLO))
    for frame in connection:
        value = msgspec.msgpack.decode(frame) if isinstance(frame, bytes) else json.loads(frame)
        for row in value.get("messages", [value]):
            event = {**analysis(row["id"], row["text"]), "username": row["username"], "channel": row["channel"]}
            connection.send(msgspec.msgpack.encode(event) if isinstance(frame, bytes) else json.dumps(event))


@BOTH
@pytest.mark.parametrize("packed", [False, True])
def test_messages_go_out_and_their_events_come_back(kind: str, packed: bool) -> None:
    with socket_server(_echo) as url, client(kind, url, packed=packed) as engine, engine.events("lobby") as events:
        identifier = events.send("hi", "kai", timestamp=1.0)
        named = events.send_many([{"text": "one", "username": "bo"}, {"id": "mine", "text": "two", "username": "bo"}])
        read = [events.receive(10) for _ in range(3)]
        assert events.engine is not None
        assert events.engine.name == "hikari"
    assert all(isinstance(event, AnalysisEvent) for event in read)
    assert [event.id for event in read] == [identifier, *named]  # type: ignore[union-attr]
    assert named[1] == "mine"


@BOTH
def test_the_subscription_and_the_key_are_in_the_request(kind: str) -> None:
    seen: list[Request] = []

    def note(connection: ServerConnection, request: Request) -> None:
        seen.append(request)

    with socket_server(_listen, process_request=note) as url, client(kind, url, key="secret") as engine:
        for opened in (engine.events("café & co"), engine.events("x", subscribe=False), engine.dashboard("x")):
            with opened:
                pass
    assert [request.path for request in seen] == [
        "/ws/chat?channel=caf%C3%A9+%26+co&subscribe=1", "/ws/chat?channel=x", "/ws/dashboard?channel=x",
    ]  # fmt: skip
    assert all(request.headers["Authorization"] == "Bearer secret" for request in seen)


@BOTH
def test_a_lost_connection_is_made_anew(kind: str) -> None:
    waits = Waits()
    with (
        socket_server(_say(analysis("1")), _drop, _say(ALERT, analysis("2")), _listen) as url,
        client(kind, url, waits) as engine,
        engine.events("lobby") as events,
    ):
        read = [events.receive(10) for _ in range(3)]
        assert events.reconnects >= 1
    assert [type(event) for event in read] == [AnalysisEvent, Alert, AnalysisEvent]
    assert len(waits) >= 2


@BOTH
def test_a_busy_engine_is_waited_for_as_long_as_it_asks(kind: str) -> None:
    waits, calls = Waits(), []

    def busy_once(connection: ServerConnection, _: Request) -> Response | None:
        calls.append(1)
        if len(calls) > 1:
            return None
        response = connection.respond(http.HTTPStatus.TOO_MANY_REQUESTS, "later")
        response.headers["Retry-After"] = "9"
        return response

    with (
        socket_server(_say(ALERT), process_request=busy_once) as url,
        client(kind, url, waits) as engine,
        engine.events("lobby") as events,
    ):
        assert isinstance(events.receive(10), Alert)
    assert waits[0] == 9


@BOTH
def test_a_refusal_is_an_error_with_the_engines_words(kind: str) -> None:
    def refuse(connection: ServerConnection, _: Request) -> Response:
        body = {"error": {"code": "unauthorized", "message": "this route needs a key"}}
        response = connection.respond(http.HTTPStatus.UNAUTHORIZED, json.dumps(body))
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        return response

    waits = Waits()
    with (
        socket_server(_listen, process_request=refuse) as url,
        client(kind, url, waits) as engine,
        pytest.raises(Unauthorized, match="needs a key"),
        engine.events("lobby"),
    ):
        pass
    assert waits == []


@BOTH
def test_a_channel_that_the_key_is_not_for(kind: str) -> None:
    with (
        socket_server(_say(FORBIDDEN)) as url,
        client(kind, url, Waits()) as engine,
        engine.events("lobby") as events,
        pytest.raises(Forbidden, match="other channels"),
    ):
        events.receive(10)


@BOTH
def test_a_close_for_policy_before_a_word_is_a_refusal(kind: str) -> None:
    def script(connection: ServerConnection) -> None:
        connection.close(1008, "not from there")

    with (
        socket_server(script) as url,
        client(kind, url, Waits()) as engine,
        engine.events("lobby") as events,
        pytest.raises(Forbidden, match="not from there"),
    ):
        events.receive(10)


@BOTH
def test_what_is_no_event_is_given_as_such(kind: str) -> None:
    odd = ["a text", {"type": "error", "v": 1, "id": "m1", "error": {"code": "bad_input", "message": "no"}}, SNAPSHOT]
    with socket_server(_say(*odd)) as url, client(kind, url, Waits()) as engine, engine.dashboard("lobby") as events:
        read = [events.receive(10) for _ in odd]
    assert [type(event) for event in read] == [UnknownEvent, ErrorEvent, Snapshot]


@BOTH
def test_an_event_over_the_limit_ends_the_connection_not_the_client(kind: str) -> None:
    huge = {**ALERT, "message": "x" * 5_000_000}
    with socket_server(_say(huge), _say(ALERT)) as url, client(kind, url, Waits()) as engine, engine.events("lobby") as events:
        assert isinstance(events.receive(10), Alert)
        assert events.reconnects == 1


@BOTH
def test_no_event_in_time(kind: str) -> None:
    with socket_server(_listen) as url, client(kind, url) as engine, engine.events("lobby") as events, pytest.raises(TimedOut):
        events.receive(0.05)


@BOTH
def test_no_engine_there_is_said_after_some_attempts(kind: str) -> None:
    waits = Waits()
    with (
        client(kind, "http://127.0.0.1:1", waits, retry=Retry(attempts=3)) as engine,
        pytest.raises(Unreachable),
        engine.events("lobby"),
    ):
        pass
    assert len(waits) == 2


@BOTH
def test_an_engine_that_is_not_ready_is_said_after_some_attempts(kind: str) -> None:
    def unready(connection: ServerConnection, _: Request) -> Response:
        return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "")

    with (
        socket_server(_listen, process_request=unready) as url,
        client(kind, url, Waits(), retry=Retry(attempts=2)) as engine,
        pytest.raises(NotReady),
        engine.events("lobby"),
    ):
        pass


@BOTH
@pytest.mark.parametrize("url", ["127.0.0.1:3000", "ftp://x", "http://"])
def test_what_is_no_address_is_said(kind: str, url: str) -> None:
    with client(kind, url, Waits()) as engine, pytest.raises(BadInput), engine.events("lobby"):
        pass


@BOTH
def test_a_message_is_sent_over_the_next_connection(kind: str) -> None:
    def leave(connection: ServerConnection) -> None:
        connection.send(json.dumps(ALERT))
        connection.close()

    with socket_server(leave, _echo) as url, client(kind, url, Waits()) as engine, engine.events("lobby") as events:
        assert isinstance(events.receive(10), Alert)
        while not events.reconnects:
            with pytest.raises(TimedOut):
                events.receive(0.2)
        identifier = events.send("hi", "kai")
        event = events.receive(10)
    assert isinstance(event, AnalysisEvent)
    assert event.id == identifier


def test_closing_ends_the_iteration_of_another_thread() -> None:
    with socket_server(_say(ALERT), _listen) as url, Hikari(url, pause=lambda _: None) as engine:
        seen: list[Any] = []
        began = threading.Event()

        def iterate() -> None:
            for event in events:
                seen.append(event)
                began.set()

        with engine.events("lobby") as events:
            thread = threading.Thread(target=iterate)
            thread.start()
            assert began.wait(10)
        thread.join(10)
        assert not thread.is_alive()
    assert isinstance(seen[0], Alert)


def test_a_server_that_goes_while_the_client_sends() -> None:
    gone = threading.Event()

    def script(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            connection.recv()
        gone.set()

    with socket_server(script, _echo) as url, Hikari(url, pause=lambda _: None) as engine, engine.events("lobby") as events:
        events.send("lost", "kai")
        assert gone.wait(10)
        sent: set[str] = set()
        event: Any = None
        while event is None:  # what is sent while the server hangs up may be lost
            sent.add(events.send("again", "kai"))
            with contextlib.suppress(TimedOut):
                event = events.receive(1)
    assert isinstance(event, AnalysisEvent)
    assert event.id in sent
