"""Links to runners in this process and in others, and the values that cross."""

import asyncio
from http import HTTPStatus
from typing import Any

import aiohttp
import bentoml
import numpy as np
import pytest
from bentoml.exceptions import BentoMLException
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput, NotReady
from hikari.settings import Settings
from serving import wire
from serving.calls import Call
from serving.links import Link, all_ready, ask
from serving.topology import Shared, linked

CALL: Call = {"method": "m", "arguments": {"text": "hi"}}


class _Async:
    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def run(self, content: bytes) -> bytes:
        if self._error is not None:
            raise self._error
        return wire.pack([{"answer": call["arguments"]} for call in wire.unpack(content)])


class _Remote:
    """What `bentoml.depends` gives, as far as a link uses it."""

    def __init__(self, error: Exception | None = None, ready: bool | Exception = True) -> None:
        self.to_async, self._ready = _Async(error), ready

    async def is_ready(self, timeout: int) -> bool:  # noqa: ASYNC109 - BentoML's signature
        if isinstance(self._ready, Exception):
            raise self._ready
        return self._ready


def link(**remote: Any) -> Link:
    one = _Remote(**remote)
    return Link("the part", lambda: one)


def test_calls_cross_and_outcomes_come_back() -> None:
    assert asyncio.run(link().run([CALL, CALL])) == [{"answer": {"text": "hi"}}] * 2
    assert asyncio.run(ask(link(), "m", text="\ud800")) == {"text": "\ud800"}


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ServerDisconnectedError(), aiohttp.ClientConnectionError(), TimeoutError(),
        BentoMLException("text of a viewer", error_code=HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)  # fmt: skip
def test_a_runner_that_is_away_is_not_ready(error: Exception) -> None:
    (outcome,) = asyncio.run(link(error=error).run([CALL]))
    assert outcome["error"]["code"] == "not_ready"
    with pytest.raises(NotReady.__mro__[1]) as caught:
        asyncio.run(ask(link(error=error), "m"))
    assert caught.value.code == "not_ready"


def test_a_runner_that_fails_raises_without_quoting_anybody() -> None:
    error = BentoMLException("text of a viewer", error_code=HTTPStatus.INTERNAL_SERVER_ERROR)
    with pytest.raises(RuntimeError) as caught:
        asyncio.run(link(error=error).run([CALL]))
    assert "viewer" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_what_cannot_cross_is_bad_input() -> None:
    (outcome,) = asyncio.run(link().run([{"method": "m", "arguments": {"n": 2**70}}]))
    assert outcome["error"]["code"] == "bad_input"
    deep: Any = []
    for _ in range(2_000):
        deep = [deep]
    with pytest.raises(BadInput):
        wire.pack(deep)


def test_readiness_is_that_of_all() -> None:
    away = link(ready=aiohttp.ClientConnectionError())
    assert asyncio.run(all_ready([link(), link()]))
    for other in (link(ready=False), away, link(ready=TimeoutError())):
        assert not asyncio.run(all_ready([link(), other]))


def test_one_process_shares_one_instance_and_several_depend() -> None:
    @bentoml.service
    class Runner:
        @bentoml.api
        async def run(self, calls: bytes, /) -> bytes:
            return calls

    class Entry:
        here = linked(Runner, Settings.read({}))

    assert isinstance(vars(Entry)["here"], Shared)
    assert Entry().here is Entry().here
    assert asyncio.run(Entry().here.to_async.run(b"x")) == b"x"
    depends = linked(Runner, Settings.read({"HIKARI_TOPOLOGY": "distributed"}))
    assert type(depends) is type(bentoml.depends(Runner))
    with pytest.raises(BadInput):
        Settings.read({"HIKARI_TOPOLOGY": "both"})


_plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)


@given(_plain)
def test_every_plain_value_crosses(value: Any) -> None:
    assert wire.unpack(wire.pack(value)) == value
    assert wire.to_json(value)


def test_numbers_of_numpy_and_sets_become_plain() -> None:
    value = {"a": np.float64(0.5), "b": np.int32(3), "c": np.bool_(True), "d": {"y", "x"}, "e": (1, 2)}
    assert wire.unpack(wire.pack(value)) == {"a": 0.5, "b": 3, "c": True, "d": ["x", "y"], "e": [1, 2]}
    assert wire.to_json({"nan": float("nan"), "lone": "\ud800", "b": np.int32(3)}) == b'{"nan":null,"lone":"?","b":3}'
    with pytest.raises(TypeError):
        wire.pack(object())
