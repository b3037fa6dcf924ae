"""Processes share vectors through Redis; a Redis that fails costs one error and no answer."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import redis

from hikari.errors import BadInput
from hikari.memory.embedding_cache import CachedEmbedder
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.shared_cache import EXPIRY_S, PAUSE_S, SharedCache
from tests.hikari.memory.cached import DIMENSION, TEXTS, Counting, keys, redis_key, same
from tests.redis_process import RedisProcess


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def inner() -> Counting:
    return Counting()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A Redis that the test may stop."""
    with RedisProcess(tmp_path) as process:
        yield process


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of caches made from now on."""
    clock = Clock()
    monkeypatch.setattr("hikari.memory.embedding_cache.SharedCache", lambda url, prefix: SharedCache(url, prefix, clock))
    return clock


def test_another_process_finds_the_vectors_in_redis(inner: Counting, redis_server: str) -> None:
    first = CachedEmbedder(inner, redis_url=redis_server)
    before = first.embed(TEXTS)
    second = CachedEmbedder(inner, redis_url=redis_server)
    inner.asked.clear()
    np.testing.assert_array_equal(second.embed(TEXTS), before)
    assert inner.asked == []
    assert second.statistics()["shared_hits"] == 4
    second.embed(TEXTS)
    assert second.statistics()["hits"] == 4
    with redis.Redis.from_url(redis_server) as client:
        assert 0 < client.ttl(redis_key(first, "one")) <= EXPIRY_S  # type: ignore[operator]
        assert client.strlen(redis_key(first, "one")) == 2 * DIMENSION
    first.close()
    second.close()


def test_another_encoder_never_meets_these_vectors(inner: Counting, redis_server: str) -> None:
    CachedEmbedder(inner, redis_url=redis_server).embed(TEXTS)
    other = Counting(seed=1)
    same(CachedEmbedder(other, redis_url=redis_server).embed(TEXTS), HashEmbedder(DIMENSION, 1).embed(TEXTS))
    assert other.asked == TEXTS


def test_large_batches_go_through_redis_whole(inner: Counting, redis_server: str) -> None:
    texts = [str(number) for number in range(600)]
    CachedEmbedder(inner, redis_url=redis_server).embed(texts)
    inner.asked.clear()
    same(CachedEmbedder(inner, redis_url=redis_server).embed(texts), HashEmbedder(DIMENSION).embed(texts))
    assert inner.asked == []
    assert len(keys(redis_server)) == 600


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x00" * 2 * DIMENSION,  # no direction
        b"\x3c\x00" * (DIMENSION - 1),  # too short
        b"\x00\x3c" * (2 * DIMENSION),  # too long
        b"\xff\x7f" * DIMENSION,  # NaN
        b"\x00\x3c" * DIMENSION,  # not of unit length
    ],
)
def test_values_that_are_no_vector_are_computed_anew_and_replaced(inner: Counting, redis_server: str, value: bytes) -> None:
    cached = CachedEmbedder(inner, redis_url=redis_server)
    with redis.Redis.from_url(redis_server) as client:
        client.set(redis_key(cached, "one"), value)
        same(cached.embed(["one"]), HashEmbedder(DIMENSION).embed(["one"]))
        assert inner.asked == ["one"]
        assert cached.statistics()["rejected"] == 1
        assert client.get(redis_key(cached, "one")) != value


def test_a_key_of_another_type_is_an_error_and_no_failure(inner: Counting, redis_server: str) -> None:
    cached = CachedEmbedder(inner, redis_url=redis_server)
    with redis.Redis.from_url(redis_server) as client:
        client.lpush(redis_key(cached, "one"), "a list")
    same(cached.embed(["one"]), HashEmbedder(DIMENSION).embed(["one"]))


def test_forgetting_removes_from_redis_as_well(inner: Counting, redis_server: str) -> None:
    cached = CachedEmbedder(inner, redis_url=redis_server)
    cached.embed(TEXTS)
    assert cached.forget(["one", "three", "never met"])
    assert keys(redis_server) == {redis_key(cached, "two"), redis_key(cached, "four")}


def test_clearing_removes_this_encoders_keys_alone(inner: Counting, redis_server: str) -> None:
    cached = CachedEmbedder(inner, redis_url=redis_server)
    cached.embed([str(number) for number in range(600)])
    with redis.Redis.from_url(redis_server) as client:
        client.set("somebody else's", 1)
    assert cached.clear()
    assert keys(redis_server) == {b"somebody else's"}


def test_a_prefix_with_pattern_characters_clears_only_itself(redis_server: str) -> None:
    store = SharedCache(redis_server, "a[bc]*:")
    assert store.put({b"k": b"1"})
    with redis.Redis.from_url(redis_server) as client:
        client.set("ab:k", 1)
    assert store.remove_all()
    assert keys(redis_server) == {b"ab:k"}


def test_a_redis_that_is_down_costs_one_error_then_it_is_left_alone(
    inner: Counting, clock: Clock, own_redis: RedisProcess
) -> None:
    own_redis.stop()
    cached = CachedEmbedder(inner, redis_url=own_redis.url)
    for text in TEXTS:
        same(cached.embed([text]), HashEmbedder(DIMENSION).embed([text]))
    assert cached.statistics()["errors"] == 1
    clock.now = PAUSE_S
    cached.embed(["five"])
    cached.embed(["six"])
    assert cached.statistics()["errors"] == 2
    assert cached.statistics()["entries"] == 6


def test_a_redis_that_comes_back_is_used_again(inner: Counting, clock: Clock, own_redis: RedisProcess) -> None:
    cached = CachedEmbedder(inner, redis_url=own_redis.url)
    cached.embed(["one"])
    own_redis.stop()
    cached.embed(["two"])
    own_redis.start()
    cached.embed(["three"])
    assert keys(own_redis.url) == set()  # still left alone
    clock.now = PAUSE_S
    cached.embed(["four"])
    assert keys(own_redis.url) == {redis_key(cached, "four")}
    assert cached.statistics()["errors"] == 1


def test_what_was_forgotten_while_redis_was_away_is_removed_when_it_answers(
    inner: Counting, clock: Clock, own_redis: RedisProcess
) -> None:
    cached = CachedEmbedder(inner, redis_url=own_redis.url)
    cached.embed(["one"])
    own_redis.stop()
    assert not cached.forget(["one"])
    own_redis.start()
    with redis.Redis.from_url(own_redis.url) as client:
        client.set(redis_key(cached, "one"), b"it had kept its data")
    clock.now = PAUSE_S
    cached.embed(["one"])
    assert cached.statistics()["rejected"] == 0  # removed before it was read
    assert cached.statistics()["misses"] == 2


@pytest.mark.parametrize("call", [lambda cached: cached.clear(), lambda cached: cached.forget(["one"])])
def test_removing_says_when_redis_was_not_reached(
    inner: Counting, clock: Clock, own_redis: RedisProcess, call: Callable[[CachedEmbedder], bool]
) -> None:
    cached = CachedEmbedder(inner, redis_url=own_redis.url)
    cached.embed(["one", "two"])
    own_redis.stop()
    assert not call(cached)
    own_redis.start()
    clock.now = PAUSE_S
    assert call(cached)


def test_a_server_that_never_answers_is_given_up(inner: Counting, clock: Clock) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        cached = CachedEmbedder(inner, redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        for text in TEXTS:
            same(cached.embed([text]), HashEmbedder(DIMENSION).embed([text]))
        assert cached.statistics()["errors"] == 1


def test_a_server_that_talks_nonsense_is_an_error(inner: Counting, clock: Clock) -> None:
    with socket.socket() as server, ThreadPoolExecutor(1) as pool:
        server.bind(("127.0.0.1", 0))
        server.listen(8)

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        talking = pool.submit(babble)
        cached = CachedEmbedder(inner, redis_url=f"redis://127.0.0.1:{server.getsockname()[1]}")
        same(cached.embed(["one"]), HashEmbedder(DIMENSION).embed(["one"]))
        talking.result()
        assert cached.statistics()["errors"] == 1


def test_a_malformed_address_is_refused_without_its_password(inner: Counting) -> None:
    with pytest.raises(BadInput, match="HIKARI_REDIS_URL must look like") as caught:
        CachedEmbedder(inner, redis_url="http://:hush@localhost")
    assert "hush" not in caught.value.message
