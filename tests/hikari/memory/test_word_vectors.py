"""Vectors from the pieces of words: greedy from the left, the mean of the pieces, the same after a round trip."""

from pathlib import Path

import numpy as np
import pytest
import spacy

from hikari.memory.word_vectors import STEP, PieceVectors

PIECES = ("os", "osaka", "##aka", "mo", "##chi", "a")
TABLE = np.arange(12, dtype=np.int8).reshape(6, 2)


@pytest.fixture
def vectors() -> PieceVectors:
    return PieceVectors(spacy.blank("en").vocab.strings, PIECES, TABLE)


def row(*numbers: int) -> list[float]:
    return (TABLE[list(numbers)].astype(np.float64).mean(axis=0) * STEP).tolist()


@pytest.mark.parametrize(
    ("word", "rows"),
    [("osaka", (1,)), ("mochi", (3, 4)), ("#osaka", (1,)), ("móchí", (3, 4)), ("osaka" + "chi", (1, 4)), ("@mochi", (3, 4))],
)
def test_a_word_is_the_mean_of_its_pieces(vectors: PieceVectors, word: str, rows: tuple[int, ...]) -> None:
    assert vectors.vector(word).tolist() == pytest.approx(row(*rows))
    assert word in vectors


@pytest.mark.parametrize("word", ["", "zz", "osakaz", "a" * 41, "#", "日本"])
def test_a_word_without_pieces_is_zero(vectors: PieceVectors, word: str) -> None:
    assert vectors.vector(word).tolist() == [0.0, 0.0]
    assert word not in vectors


def test_batches_are_in_order_and_cached(vectors: PieceVectors) -> None:
    keys = np.array([vectors.strings.add(word) for word in ("mochi", "zz", "osaka", "mochi")], np.uint64)
    first = vectors.get_batch(keys)
    assert first.dtype == np.float32
    assert first.tolist() == [pytest.approx(values) for values in (row(3, 4), [0, 0], row(1), row(3, 4))]
    assert (vectors.get_batch(keys) == first).all()
    assert vectors.get_batch(np.zeros(0, np.uint64)).shape == (0, 2)


def test_round_trip(vectors: PieceVectors, tmp_path: Path) -> None:
    vectors.to_disk(tmp_path)
    again = PieceVectors(vectors.strings).from_disk(tmp_path)
    assert again.shape == vectors.shape == (6, 2)
    assert (again.vector("mochi") == vectors.vector("mochi")).all()
    assert {file.name for file in tmp_path.iterdir()} == {"pieces.txt", "pieces.npy"}


@pytest.mark.parametrize("table", [TABLE[:2], TABLE.astype(np.float32), TABLE.ravel()])
def test_a_table_that_does_not_fit_is_refused(table: np.ndarray) -> None:
    with pytest.raises(ValueError, match="rows of int8"):
        PieceVectors(spacy.blank("en").vocab.strings, PIECES, table)
