"""What the memory relies on, for every embedder; and a broken one for each promise, so that the suite itself is proven."""

import string
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hikari.bundle import open_bundle
from hikari.errors import BadInput
from hikari.memory.embedder import Embedder, OnnxEmbedder, Vectors
from hikari.memory.embedding_cache import CachedEmbedder
from hikari.memory.hash_embedder import HashEmbedder

TEXTS = ["i love this game", "sad", "", "good " * 500, "\ud800", "🔥", "i love this game", "\u202e", "what is this", "."]
EMBEDDERS = ("onnx", "hash", "cached_onnx", "cached_hash", "cached_small")
tricky = st.lists(st.one_of(st.sampled_from(TEXTS), st.text(string.printable, max_size=40), st.text(max_size=40)), max_size=6)


@pytest.fixture(scope="module")
def embedders(tiny_embedder: Path) -> dict[str, Embedder]:
    onnx = OnnxEmbedder(open_bundle(tiny_embedder, "embedder"), threads=2)
    return {
        "onnx": onnx,
        "hash": HashEmbedder(48),
        "cached_onnx": CachedEmbedder(onnx),
        "cached_hash": CachedEmbedder(HashEmbedder(48)),
        "cached_small": CachedEmbedder(HashEmbedder(48), capacity=700),
    }


def keeps_shape(embedder: Embedder, texts: Sequence[str]) -> None:
    for rows in (texts, texts[:1], []):
        found = embedder.embed(rows)
        assert found.shape == (len(rows), embedder.dimension)
        assert found.dtype == np.float32


def is_of_unit_length(embedder: Embedder, texts: Sequence[str]) -> None:
    np.testing.assert_allclose(np.linalg.norm(embedder.embed(texts), axis=1), 1.0, atol=1e-4)


def repeats_itself(embedder: Embedder, texts: Sequence[str]) -> None:
    np.testing.assert_allclose(embedder.embed(texts), embedder.embed(texts), atol=1e-5)


def ignores_neighbours_and_order(embedder: Embedder, texts: Sequence[str]) -> None:
    together = embedder.embed(texts)
    np.testing.assert_allclose(embedder.embed(texts[::-1])[::-1], together, atol=1e-5)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(embedder.embed([text])[0], together[row], atol=1e-5)


def gives_what_the_caller_may_change(embedder: Embedder, texts: Sequence[str]) -> None:
    first = embedder.embed(texts)
    kept = first.copy()
    first[:] = 7.0
    np.testing.assert_allclose(embedder.embed(texts), kept, atol=1e-5)


def refuses_what_is_no_text(embedder: Embedder, texts: Sequence[str]) -> None:
    for wrong in ("one string", [*texts, None], [b"bytes"]):
        with pytest.raises(BadInput):
            embedder.embed(wrong)  # type: ignore[arg-type]


def names_itself(embedder: Embedder, texts: Sequence[str]) -> None:
    del texts
    assert embedder.fingerprint == embedder.fingerprint
    assert len(embedder.fingerprint) == 64
    assert embedder.dimension >= 1


PROMISES = (
    keeps_shape, is_of_unit_length, repeats_itself, ignores_neighbours_and_order, gives_what_the_caller_may_change,
    refuses_what_is_no_text, names_itself,
)  # fmt: skip
Promise = Callable[[Embedder, Sequence[str]], None]


@pytest.mark.parametrize("promise", PROMISES)
@pytest.mark.parametrize("name", EMBEDDERS)
def test_promise(embedders: dict[str, Embedder], name: str, promise: Promise) -> None:
    promise(embedders[name], TEXTS)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", EMBEDDERS)
@given(texts=tricky)
def test_any_text(embedders: dict[str, Embedder], name: str, texts: list[str]) -> None:
    for promise in (keeps_shape, is_of_unit_length, ignores_neighbours_and_order):
        promise(embedders[name], texts)


class _Broken(HashEmbedder):
    """Breaks one promise at a time."""

    def __init__(self, promise: Promise) -> None:
        super().__init__(48)
        self._promise = promise
        self._calls = 0
        self._given = np.zeros((0, 48), dtype=np.float32)

    @property
    def fingerprint(self) -> str:
        return "short" if self._promise is names_itself else super().fingerprint

    def embed(self, texts: Sequence[str], /) -> Vectors:
        if self._promise is refuses_what_is_no_text:
            return super().embed([str(text) for text in texts])
        vectors = super().embed(texts)
        self._calls += 1
        if self._promise is keeps_shape:
            return vectors.astype(np.float64)  # type: ignore[return-value]
        if self._promise is is_of_unit_length:
            return vectors * np.float32(0.9)
        if self._promise is repeats_itself:
            return vectors if self._calls % 2 else -vectors
        if self._promise is ignores_neighbours_and_order:
            return vectors[np.argsort([len(text) for text in texts], kind="stable")] if len(texts) else vectors
        if self._promise is gives_what_the_caller_may_change:
            if len(self._given) != len(vectors):
                self._given = vectors
            return self._given
        return vectors


@pytest.mark.parametrize("promise", PROMISES)
def test_a_broken_embedder_is_seen(promise: Promise) -> None:
    broken = _Broken(promise)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        promise(broken, TEXTS)
