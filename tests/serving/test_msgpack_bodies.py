"""msgpack in front of an app that knows JSON only."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from hikari.errors import BadInput
from serving.msgpack_bodies import Msgpack, decode, to_json

PACKED = {"content-type": "application/msgpack"}


async def _echo(request: Request) -> Response:
    assert "msgpack" not in request.headers.get("content-type", "")
    return JSONResponse(json.loads(await request.body()))


async def _text(_: Request) -> Response:
    return PlainTextResponse("words")


async def _unread(_: Request) -> Response:
    return JSONResponse({"error": {"code": "unauthorized", "message": "no"}}, 401)


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = Starlette(routes=[Route(f"/{f.__name__[1:]}", f, methods=["POST"]) for f in (_echo, _text, _unread)])
    with TestClient(Msgpack(app, max_body_bytes=1_000)) as opened:
        yield opened


def test_a_packed_body_is_read_and_answered_in_kind(client: TestClient) -> None:
    value = {"text": "ü🔥", "n": [1, 2.5, None, True], "big": 2**63}
    answer = client.post("/echo", content=msgpack.packb(value), headers=PACKED)
    assert answer.headers["content-type"] == "application/msgpack"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert msgpack.unpackb(answer.content) == value


@pytest.mark.parametrize(
    ("sent", "accept", "packed"),
    [
        ("application/json", None, False),
        ("application/json", "application/msgpack", True),
        ("application/msgpack", "application/json", False),
        ("application/msgpack", "*/*", True),
        ("application/x-msgpack; charset=binary", None, True),
    ],
)
def test_accept_decides_where_it_says_something(client: TestClient, sent: str, accept: str | None, packed: bool) -> None:
    content = msgpack.packb({"a": 1}) if "msgpack" in sent else b'{"a": 1}'
    headers = {"content-type": sent, **({} if accept is None else {"accept": accept})}
    answer = client.post("/echo", content=content, headers=headers)
    assert (answer.headers["content-type"] == "application/msgpack") is packed
    assert (msgpack.unpackb(answer.content) if packed else answer.json()) == {"a": 1}


def test_what_is_no_json_is_left_alone(client: TestClient) -> None:
    answer = client.post("/text", content=msgpack.packb(1), headers=PACKED)
    assert answer.text == "words"


BAD = [
    b"",
    b"\xc1",
    b"\x81\xa1a",
    msgpack.packb(1) + b"\x01",
    msgpack.packb({"a": b"raw"}),
    msgpack.packb({"a": b""}),
    msgpack.packb({b"a": 1}),
    msgpack.packb({1: 1}),
    msgpack.packb(msgpack.ExtType(1, b"")),
    msgpack.packb(msgpack.Timestamp(1, 2)),
    msgpack.packb(float("nan")),
    msgpack.packb(float("inf")),
    b"\xa2\xff\xfe",
    b"\xdd\xff\xff\xff\xff",
    b"\x91" * 900,
]


@pytest.mark.parametrize("content", BAD)
def test_what_json_cannot_say_is_400_and_nothing_is_asked(client: TestClient, content: bytes) -> None:
    answer = client.post("/echo", content=content, headers=PACKED)
    assert answer.status_code == 400
    assert msgpack.unpackb(answer.content)["error"]["code"] == "bad_input"


def test_too_much_is_413(client: TestClient) -> None:
    answer = client.post("/echo", content=msgpack.packb("a" * 1_000), headers=PACKED)
    assert answer.status_code == 413
    streamed = client.post("/echo", content=iter([b"\x91"] * 1_001), headers=PACKED)
    assert streamed.status_code == 413


def test_who_is_turned_away_is_told_in_kind_without_being_read(client: TestClient) -> None:
    answer = client.post("/unread", content=b"\xc1", headers=PACKED)
    assert answer.status_code == 401
    assert msgpack.unpackb(answer.content)["error"]["code"] == "unauthorized"


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_json)
def test_every_json_value_survives(value: Any) -> None:
    assert json.loads(to_json(msgpack.packb(value, unicode_errors="surrogatepass"))) == value


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_bad_input(content: bytes) -> None:
    for read in (decode, to_json):
        with contextlib.suppress(BadInput):
            read(content)
