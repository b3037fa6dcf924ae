"""Embeddings depend on the text and the bundle alone: not on neighbours, order, threads or the environment."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hikari import bundle as bundle_module
from hikari.bundle import Bundle, open_bundle, write_bundle
from hikari.errors import BadBundle, BadInput, NotReady
from hikari.memory import embedder as embedder_module
from hikari.memory.embedder import BATCH, MAX_CHARACTERS, OnnxEmbedder, prepare
from hikari.memory.hash_embedder import HashEmbedder
from tests import tiny

HASHED_GOOD_GAME = [0.3386, 0.0, 0.733632, -0.564333, 0.1693, 0.0, 0.0, 0.0]
TEXTS = [row[0] for row in tiny.TEXTS] + [" ".join(tiny.WORDS[:n]) for n in range(1, 20)]


@pytest.fixture(scope="module")
def embedder(tiny_embedder: Path) -> Iterator[OnnxEmbedder]:
    opened = OnnxEmbedder(open_bundle(tiny_embedder, "embedder"), threads=2)
    yield opened
    opened.close()


@pytest.fixture
def rewritten(tiny_embedder: Path, tmp_path: Path) -> Callable[..., Bundle]:
    """A function that writes the tiny bundle anew with other facts in `embedding.json`."""

    def rewrite(**facts: Any) -> Bundle:
        old = open_bundle(tiny_embedder, "embedder")
        files: dict[str, Path | bytes] = {name: tiny_embedder / name for name in old.manifest["files"]}
        files["embedding.json"] = json.dumps(old.json("embedding.json") | facts).encode()
        return write_bundle(tmp_path / "rewritten", files, kind="embedder", name="embedder", version="1", parents={})

    return rewrite


def test_vectors_are_the_graphs_for_the_tokenizers_ids(embedder: OnnxEmbedder, tiny_embedder: Path) -> None:
    import onnxruntime
    from tokenizers import Tokenizer

    ids = Tokenizer.from_file(str(tiny_embedder / "tokenizer.json")).encode("i love this game").ids
    session: Any = onnxruntime.InferenceSession(str(tiny_embedder / "model.int8.onnx"), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"input_ids": np.array([ids])})[0]
    np.testing.assert_allclose(embedder.embed(["i love this game"]), expected, atol=1e-6)
    assert (embedder.precision, embedder.dimension, embedder.max_tokens) == ("int8", 32, 32)


def test_a_text_has_the_same_vector_alone_and_among_many(embedder: OnnxEmbedder) -> None:
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert len(TEXTS) > BATCH  # several pieces, several threads
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_texts_of_one_pass_have_one_length(embedder: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int]] = []
    real = embedder._forward
    monkeypatch.setattr(embedder, "_forward", lambda rows: seen.append([len(ids) for ids in rows]) or real(rows))
    embedder.embed([*TEXTS, *["good game"] * (BATCH + 1)])
    assert all(len(set(lengths)) == 1 for lengths in seen)
    assert max(map(len, seen)) == BATCH
    assert sum(map(len, seen)) == len(TEXTS) + BATCH + 1


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(len(TEXTS))))
def test_the_order_is_the_callers(embedder: OnnxEmbedder, order: list[int]) -> None:
    np.testing.assert_allclose(embedder.embed([TEXTS[row] for row in order]), embedder.embed(TEXTS)[order], atol=1e-5)


def test_one_thread_and_many_agree(embedder: OnnxEmbedder) -> None:
    single = OnnxEmbedder(embedder.bundle, threads=1)
    np.testing.assert_allclose(single.embed(TEXTS), embedder.embed(TEXTS), atol=1e-5)


def test_concurrent_callers_get_their_own_answers(embedder: OnnxEmbedder) -> None:
    expected = embedder.embed(TEXTS)
    starts = list(range(12))
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda start: embedder.embed(TEXTS[start:]), starts))
    for start, vectors in zip(starts, found, strict=True):
        np.testing.assert_allclose(vectors, expected[start:], atol=1e-5)


def test_closing_ends_the_workers_and_embedding_starts_new_ones(embedder: OnnxEmbedder) -> None:
    opened = OnnxEmbedder(embedder.bundle, threads=2)
    before = opened.embed(TEXTS)
    opened.close()
    opened.close()
    np.testing.assert_allclose(opened.embed(TEXTS), before, atol=1e-5)
    opened.close()


def test_long_texts_keep_their_beginning_and_the_closing_token(embedder: OnnxEmbedder) -> None:
    words = ["good", "bad"] * 100
    (ids,) = embedder.tokenise([" ".join(words)])
    (whole,) = embedder.tokenise([" ".join(words[:5])])
    assert len(ids) == 32
    assert ids[:6] == whole[:6]
    assert ids[-1] == whole[-1]
    np.testing.assert_array_equal(embedder.embed([" ".join(words)]), embedder.embed([" ".join([*words, "sad"])]))
    assert len(embedder.tokenise(["good " * 30])[0]) == 32
    assert len(embedder.tokenise(["good " * 29])[0]) == 31


def test_prepared_text_is_visible_folded_and_bounded() -> None:
    assert prepare("a\x00b\u202ec  d\ud800") == "abc d"
    assert prepare("\uff43\uff41\uff54 \u210c") == "cat H"
    assert len(prepare("\ufdfa" * 2 * MAX_CHARACTERS)) == MAX_CHARACTERS  # one character that folds into eighteen


def test_no_texts_give_no_rows(embedder: OnnxEmbedder) -> None:
    found = embedder.embed([])
    assert found.shape == (0, 32)
    assert found.dtype == np.float32


@pytest.mark.parametrize("value", ["one string", [None], ["a", 1], [b"a"]])
def test_anything_but_strings_is_refused(embedder: OnnxEmbedder, value: Any) -> None:
    with pytest.raises(BadInput, match="sequence of strings"):
        embedder.embed(value)


def test_the_embedder_is_found_at_its_places_and_never_through_the_text_bundles_variable(
    tiny_embedder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_module, "__file__", str(tmp_path / "checkout" / "hikari" / "bundle.py"))
    monkeypatch.setenv("HIKARI_HOME", str(tmp_path / "live"))
    monkeypatch.setenv("HIKARI_BUNDLE", str(tiny_embedder))
    with pytest.raises(NotReady, match="make pipeline") as caught:
        OnnxEmbedder.open()
    assert "HIKARI_BUNDLE" not in caught.value.message
    for place in (tmp_path / "checkout" / "data" / "models" / "embedder", tmp_path / "live" / "models" / "embedder"):
        shutil.copytree(tiny_embedder, place)
        assert OnnxEmbedder.open().bundle.path == place
    assert OnnxEmbedder.open(tiny_embedder).bundle.path == tiny_embedder


def test_threads_are_the_callers_then_the_environments_then_all(tiny_embedder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder_module.os, "cpu_count", lambda: 5)
    assert OnnxEmbedder.open(tiny_embedder).threads == 5
    monkeypatch.setenv("HIKARI_THREADS", "3")
    assert OnnxEmbedder.open(tiny_embedder).threads == 3
    assert OnnxEmbedder.open(tiny_embedder, threads=2).threads == 2


def test_a_bundle_of_another_kind_is_refused(tmp_path: Path, tiny_embedder: Path) -> None:
    text = write_bundle(tmp_path / "text", dict.fromkeys(bundle_module.REQUIRED, b"x"), name="text", version="1", parents={})
    with pytest.raises(BadBundle, match="of kind 'text', wanted 'embedder'"):
        OnnxEmbedder.open(text.path)
    with pytest.raises(BadBundle, match="of kind 'embedder', wanted 'text'"):
        open_bundle(tiny_embedder)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"preprocessing": 99}, "preprocessing 99"),
        ({"dimension": 33}, "promises 33 dimensions, the model has 32"),
        ({"dimension": True}, "dimension must be a whole number"),
        ({"max_tokens": 2}, "max_tokens must be a whole number of at least 3"),
        ({"max_tokens": None}, "max_tokens must be a whole number"),
    ],
)
def test_facts_that_do_not_fit_are_refused(rewritten: Callable[..., Bundle], facts: dict[str, Any], words: str) -> None:
    with pytest.raises(BadBundle, match=words):
        OnnxEmbedder(rewritten(**facts))


def test_the_fingerprint_covers_the_facts(rewritten: Callable[..., Bundle], embedder: OnnxEmbedder) -> None:
    assert OnnxEmbedder(rewritten()).fingerprint != OnnxEmbedder(rewritten(max_tokens=16)).fingerprint
    assert embedder.fingerprint == embedder.bundle.fingerprint


def test_int8_is_row_by_row(tiny_embedder: Path) -> None:
    kinds = {node.op_type for node in onnx.load(str(tiny_embedder / "model.int8.onnx")).graph.node}
    assert "MatMulIntegerToFloat" in kinds
    assert "DynamicQuantizeLinear" not in kinds


def test_hashing_sees_shared_words_and_endings() -> None:
    cat, cats, other, dog = HashEmbedder(512).embed(["i love cats", "i loved my cats", "the dark souls run", "dog"])
    assert cat @ cats > 0.5 > 0.25 > abs(cat @ other)
    assert abs(cat @ dog) < 0.25


def test_hashing_is_deterministic_and_seeded() -> None:
    first, again, other = HashEmbedder(64, 1), HashEmbedder(64, 1), HashEmbedder(64, 2)
    np.testing.assert_array_equal(first.embed(TEXTS), again.embed(TEXTS))
    assert first.fingerprint == again.fingerprint
    assert len({first.fingerprint, other.fingerprint, HashEmbedder(65, 1).fingerprint}) == 3
    assert not np.allclose(first.embed(TEXTS), other.embed(TEXTS))


def test_hashing_gives_these_values_on_every_machine() -> None:
    found = HashEmbedder(8, 0).embed(["good game"])[0]
    np.testing.assert_allclose(found, HASHED_GOOD_GAME, atol=1e-6)


def test_a_dimension_below_one_is_refused() -> None:
    with pytest.raises(BadInput, match="dimension must be at least 1"):
        HashEmbedder(0)
