"""Requests, retries and errors of the Python clients against a real HTTP server that answers by script."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from hikari_client import BadAnswer, BadInput, Internal, NotReady, Overloaded, Retry, TimedOut, Unauthorized, Unreachable
from tests.serving.clients.both import BOTH, Waits, client
from tests.serving.clients.running import Scripted, http_server
from tests.serving.clients.samples import READING

ANALYSIS = {**READING, "latency_ms": 1.0}


def _json(status: int, value: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, {"content-type": "application/json", **headers}, json.dumps(value).encode()


def _problem(status: int, code: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return _json(status, {"error": {"code": code, "message": "no"}}, **headers)


@pytest.fixture
def server() -> Iterator[Scripted]:
    with http_server() as scripted:
        yield scripted


@BOTH
def test_a_call_is_sent_with_what_was_given_and_the_key(server: Scripted, kind: str) -> None:
    server.answers.append(_json(200, ANALYSIS))
    with client(kind, server.url, key="secret") as engine:
        answer = engine.analyze_message("hi", "kai", channel="lobby")
    assert answer.response_recommendation.priority == "high"
    (sent,) = server.requests
    assert sent.path == "/analyze_message"
    assert sent.headers["authorization"] == "Bearer secret"
    assert json.loads(sent.body) == {"text": "hi", "username": "kai", "channel": "lobby"}


@BOTH
def test_msgpack_goes_both_ways(server: Scripted, kind: str) -> None:
    server.answers.append((200, {"content-type": "application/msgpack"}, msgspec.msgpack.encode(ANALYSIS)))
    packed = msgspec.msgpack.encode({"error": {"code": "bad_input", "message": "no", "field": "text"}})
    server.answers.append((400, {"content-type": "application/msgpack"}, packed))
    with client(kind, server.url, packed=True) as engine:
        assert engine.analyze_message("hi", "kai").emotion.primary == "joy"
        with pytest.raises(BadInput) as caught:
            engine.analyze_message("", "kai")
    assert caught.value.field == "text"
    assert server.requests[0].headers["accept"] == "application/msgpack"
    assert msgspec.msgpack.decode(server.requests[0].body) == {"text": "hi", "username": "kai"}


@BOTH
def test_what_was_not_begun_is_tried_again_after_the_wait_that_was_asked_for(server: Scripted, kind: str) -> None:
    waits = Waits()
    server.answers.extend([_problem(429, "overloaded", **{"Retry-After": "7"}), _problem(503, "not_ready"), _json(200, ANALYSIS)])
    with client(kind, server.url, waits) as engine:
        engine.analyze_message("hi", "kai")
    assert len(server.requests) == 3
    assert waits[0] == 7
    assert 0 < waits[1] <= 0.5


@BOTH
def test_attempts_come_to_an_end(server: Scripted, kind: str) -> None:
    server.answers.extend(_problem(503, "not_ready") for _ in range(9))
    with client(kind, server.url, Waits(), retry=Retry(attempts=3)) as engine, pytest.raises(NotReady):
        engine.topics()
    assert len(server.requests) == 3


@BOTH
def test_an_engine_that_asks_for_too_long_a_wait_is_not_waited_for(server: Scripted, kind: str) -> None:
    waits = Waits()
    server.answers.append(_problem(429, "overloaded", **{"Retry-After": "3600"}))
    with client(kind, server.url, waits) as engine, pytest.raises(Overloaded) as caught:
        engine.topics()
    assert (caught.value.retry_after_s, waits) == (3600, [])


@BOTH
def test_a_memory_whose_answer_was_lost_is_sent_again_under_the_same_id(server: Scripted, kind: str) -> None:
    server.answers.extend([None, _json(200, {"id": "stored"})])
    with client(kind, server.url, Waits()) as engine:
        assert engine.store_memory("my cat is called Mochi") == "stored"
    first, second = (json.loads(sent.body) for sent in server.requests)
    assert first == second
    assert len(first["id"]) == 32


@BOTH
def test_a_message_whose_answer_was_lost_is_not_sent_again(server: Scripted, kind: str) -> None:
    server.answers.append(None)
    with client(kind, server.url, Waits()) as engine, pytest.raises(Unreachable) as caught:
        engine.process_chat_message("kai", "hi")
    assert caught.value.sent
    assert len(server.requests) == 1


@BOTH
def test_no_engine_there_is_tried_again_and_then_said(kind: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    waits = Waits()
    with client(kind, url, waits) as engine:
        with pytest.raises(Unreachable) as caught:
            engine.process_chat_message("kai", "hi")
        assert not engine.ready()
    assert not caught.value.sent
    assert len(waits) == 3


@BOTH
def test_an_engine_that_does_not_answer_in_time(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with client(kind, url, timeout_s=0.2) as engine, pytest.raises(TimedOut):
            engine.analyze_message("hi", "kai")


@BOTH
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_problem(401, "unauthorized"), Unauthorized),
        ((401, {}, b"<html>"), Unauthorized),
        ((502, {"content-type": "text/html"}, b"<html>bad gateway"), Internal),
        ((200, {"content-type": "text/html"}, b"<html>welcome"), BadAnswer),
        (_json(200, {"emotion": "joy"}), BadAnswer),
        (_json(200, []), BadAnswer),
        (_json(500, {"error": "a text"}), Internal),
        (_json(500, [1]), Internal),
        (_json(500, {"error": {}}), Internal),
        ((200, {"content-type": "application/json"}, b"[" * 200_000), BadAnswer),
    ],
)
def test_what_answers_badly_is_a_typed_error(server: Scripted, kind: str, answer: Any, error: type[Exception]) -> None:
    server.answers.append(answer)
    with client(kind, server.url, Waits()) as engine, pytest.raises(error):
        engine.analyze_message("hi", "kai")


@BOTH
def test_pages_of_memories_bring_their_cursor(server: Scripted, kind: str) -> None:
    memory = {
        "id": "m", "channel": "lobby", "content": "a cat", "memory_type": "fact", "tier": "long_term", "metadata": {}, "importance": 0.5,
        "timestamp": 1.0, "pinned": False, "expires_at": None, "current": True, "score": 0.9, "more": 1,
    }  # fmt: skip
    server.answers.extend([_json(200, [memory], **{"Hikari-Next-Cursor": "next"}), _json(200, [])])
    with client(kind, server.url) as engine:
        page = engine.retrieve_memories("cat", 1, ["fact"])
        assert (len(page), page[0].content, page.cursor) == (1, "a cat", "next")
        assert list(engine.retrieve_memories("cat", cursor=page.cursor)) == []
    assert json.loads(server.requests[1].body) == {"query": "cat", "cursor": "next"}


def test_a_key_is_not_shown() -> None:
    with client("sync", "http://127.0.0.1:1", key="secret") as engine:
        assert "secret" not in repr(engine)


@BOTH
def test_any_other_route_can_be_asked(server: Scripted, kind: str) -> None:
    server.answers.append(_json(200, {"rows": 3}))
    with client(kind, server.url) as engine:
        assert engine.post("/memory_audit", channel="lobby") == {"rows": 3}
