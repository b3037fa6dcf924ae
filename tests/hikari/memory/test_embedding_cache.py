"""The cache answers like the embedder behind it, in bounded memory, and forgets for good."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.embedder import Vectors
from hikari.memory.embedding_cache import CachedEmbedder
from hikari.memory.hash_embedder import HashEmbedder
from tests.hikari.memory.cached import DIMENSION, TEXTS, Counting, keys, same


@pytest.fixture
def inner() -> Counting:
    return Counting()


def test_a_text_is_computed_once(inner: Counting) -> None:
    cached = CachedEmbedder(inner)
    first = cached.embed(["one", "two", "one"])
    again = cached.embed(["two", "three", "one"])
    assert inner.asked == ["one", "two", "three"]
    np.testing.assert_array_equal(first[[1, 0]], again[[0, 2]])
    same(again, HashEmbedder(DIMENSION).embed(["two", "three", "one"]))
    assert (cached.fingerprint, cached.dimension) == (inner.fingerprint, DIMENSION)


def test_statistics_count_texts(inner: Counting) -> None:
    cached = CachedEmbedder(inner)
    cached.embed(["one", "two"])
    cached.embed(["one", "three", "one"])
    found = cached.statistics()
    assert (found["hits"], found["misses"], found["shared_hits"], found["errors"], found["entries"]) == (2, 3, 0, 0, 3)


def test_the_least_recently_used_go_first(inner: Counting) -> None:
    entry = CachedEmbedder(inner)
    entry.embed(["one"])
    size = entry.statistics()["bytes"]
    inner.asked.clear()
    cached = CachedEmbedder(inner, capacity=2 * size)
    cached.embed(["one"])
    cached.embed(["two"])
    cached.embed(["one"])
    cached.embed(["three"])
    inner.asked.clear()
    cached.embed(["one", "three"])
    assert inner.asked == []
    cached.embed(["two"])
    assert inner.asked == ["two"]


@settings(max_examples=50)
@given(batches=st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=10), capacity=st.integers(0, 2000))
def test_memory_is_bounded_and_answers_stay_right(batches: list[list[str]], capacity: int) -> None:
    cached, plain = CachedEmbedder(HashEmbedder(DIMENSION), capacity), HashEmbedder(DIMENSION)
    for batch in batches:
        same(cached.embed(batch), plain.embed(batch))
        assert cached.statistics()["bytes"] <= capacity


def test_a_negative_capacity_is_refused(inner: Counting) -> None:
    with pytest.raises(BadInput, match="capacity must be at least 0"):
        CachedEmbedder(inner, -1)


def test_many_threads_get_right_answers(inner: Counting) -> None:
    cached, texts = CachedEmbedder(inner, 2_000), [str(number) for number in range(40)]
    expected = HashEmbedder(DIMENSION).embed(texts)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda start: cached.embed(texts[start:] + texts[:start]), range(40)))
    for start, vectors in enumerate(found):
        same(vectors, np.roll(expected, -start, axis=0))


def test_forgotten_texts_are_computed_anew(inner: Counting) -> None:
    cached = CachedEmbedder(inner)
    cached.embed(TEXTS)
    assert cached.forget(["two", "never met"])
    inner.asked.clear()
    cached.embed(TEXTS)
    assert inner.asked == ["two"]
    assert cached.clear()
    assert cached.statistics()["entries"] == 0


def test_a_call_that_began_before_forgetting_keeps_nothing(redis_server: str) -> None:
    started, go_on = Event(), Event()

    class Waiting(HashEmbedder):
        def embed(self, texts: Sequence[str], /) -> Vectors:
            started.set()
            assert go_on.wait(30)
            return super().embed(texts)

    cached = CachedEmbedder(Waiting(DIMENSION), redis_url=redis_server)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(cached.embed, ["secret"])
        assert started.wait(30)
        cached.forget(["secret"])
        go_on.set()
        same(running.result(), HashEmbedder(DIMENSION).embed(["secret"]))
    assert cached.statistics()["entries"] == 0
    assert keys(redis_server) == set()


def test_redis_is_not_imported_without_an_address() -> None:
    import subprocess
    import sys

    program = (
        "import sys; from hikari.memory.embedding_cache import CachedEmbedder; from hikari.memory.hash_embedder import HashEmbedder;"
        "CachedEmbedder(HashEmbedder(8)).embed(['a']); assert 'redis' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
