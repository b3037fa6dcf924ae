"""The promises of a vector index, one function each: it raises where an implementation breaks the promise."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari import fingerprint
from hikari.errors import BadIndex, BadInput, NotReady
from hikari.memory import vectors
from hikari.memory.vectors import Seqs, Vectors
from tests.benchmarks.synthetic import cluster_centres, vectors_around
from tests.contracts.exact_index import ExactIndex

DIMENSION = 32
ENCODER = "encoder-a"
COUNT = 600


@dataclass(frozen=True)
class Kind:
    """One implementation: how to make an empty one, how to open a saved one."""

    make: Callable[[], Any]
    open: Callable[[Path, str], Any]


def sample(count: int, seed: int) -> Vectors:
    return np.concatenate(list(vectors_around(cluster_centres(60, DIMENSION, 5), count, seed)))


def filled(kind: Kind, seqs: Seqs | None = None) -> tuple[Any, Seqs, Vectors]:
    """An index with `COUNT` vectors, a part of them filed into cells and a part fresh."""
    chosen = np.arange(7, 7 + 3 * COUNT, 3) if seqs is None else seqs
    rows = sample(len(chosen), 1)
    index = kind.make()
    index.add(chosen, rows)
    return index, chosen, rows


def found(index: Any, query: Vectors, k: int = 10, allowed: Seqs | None = None) -> list[int]:
    return index.search(query, k, allowed)[0].tolist()


def check_finds_what_was_added(kind: Kind, _: Path) -> None:
    index, seqs, rows = filled(kind)
    assert len(index) == COUNT
    assert index.seqs().tolist() == seqs.tolist()
    assert all(found(index, row, 1) == [seq] for seq, row in zip(seqs.tolist(), rows, strict=True))


def check_agrees_with_exact_search(kind: Kind, _: Path) -> None:
    index, seqs, rows = filled(kind)
    exact = ExactIndex(DIMENSION, ENCODER)
    exact.add(seqs, rows)
    queries = sample(60, 2)
    hits = sum(len(set(found(index, query)) & set(found(exact, query))) for query in queries)
    assert hits >= 0.95 * 10 * len(queries)
    for query in queries:
        best, similarities = index.search(query, 10)
        truth = np.array([exact.rows[seq] @ query for seq in best.tolist()])
        np.testing.assert_allclose(similarities, truth, atol=0.01)


def check_order_and_types(kind: Kind, _: Path) -> None:
    index, _, _ = filled(kind)
    seqs, similarities = index.search(sample(1, 3)[0], 25)
    assert (seqs.dtype, similarities.dtype) == (np.int64, np.float32)
    assert seqs.shape == similarities.shape == (25,)
    assert (np.diff(similarities) <= 0).all()


def check_small_answers(kind: Kind, _: Path) -> None:
    index = kind.make()
    query = sample(1, 3)[0]
    assert found(index, query) == []
    assert found(index, query, 5, np.array([1, 2], np.int64)) == []
    index.add(np.array([4, 9]), sample(2, 4))
    assert sorted(found(index, query)) == [4, 9]
    assert sorted(found(index, query, vectors.MAX_K)) == [4, 9]


def check_removal(kind: Kind, _: Path) -> None:
    index, seqs, rows = filled(kind)
    gone = seqs[::2]
    assert index.remove(np.concatenate((gone, gone[:5], [1_000_000]))) == len(gone)
    assert index.remove(gone) == 0
    assert len(index) == COUNT - len(gone)
    assert index.seqs().tolist() == seqs[1::2].tolist()
    assert int(gone[0]) not in index
    assert int(seqs[1]) in index
    left = set(seqs[1::2].tolist())
    for row in rows[:80]:
        assert set(found(index, row, 20)) <= left
    assert len(found(index, rows[0], 20)) == 20


def check_replacement(kind: Kind, _: Path) -> None:
    index, seqs, rows = filled(kind)
    index.add(seqs[:40], rows[40:80])
    assert len(index) == COUNT
    answers = [index.search(rows[at + 40], 2)[0].tolist() for at in range(40)]
    # Two rows have that vector now: the one that always had it and the one that took it over.
    assert all(sorted(answer) == sorted([int(seqs[at]), int(seqs[at + 40])]) for at, answer in enumerate(answers))
    everything = found(index, rows[0], vectors.MAX_K)
    assert len(everything) == len(set(everything))


def check_last_of_equal_numbers(kind: Kind, _: Path) -> None:
    index, rows = kind.make(), sample(3, 6)
    index.add(np.array([5, 6, 5]), rows)
    assert len(index) == 2
    assert found(index, rows[2], 1) == [5]
    np.testing.assert_allclose(index.search(rows[2], 1)[1], [1.0], atol=0.01)


def check_allowed(kind: Kind, _: Path) -> None:
    index, seqs, rows = filled(kind)
    exact = ExactIndex(DIMENSION, ENCODER)
    exact.add(seqs, rows)
    random = np.random.default_rng(8)
    for size in (1, 3, 40, 300, COUNT):
        allowed = np.sort(random.choice(seqs, size, replace=False))
        hits, possible = 0, 0
        for query in sample(15, 9):
            answers = found(index, query, 10, allowed)
            assert set(answers) <= set(allowed.tolist())
            assert len(answers) == min(10, size)
            hits += len(set(answers) & set(found(exact, query, 10, allowed)))
            possible += min(10, size)
        assert hits >= 0.95 * possible
    assert found(index, rows[0], 5, np.array([1, 2], np.int64)) == []
    assert found(index, rows[0], 5, np.array([1, int(seqs[3])], np.int64)) == [int(seqs[3])]
    assert found(index, rows[0], 5, np.zeros(0, np.int64)) == []


def check_bad_input(kind: Kind, _: Path) -> None:
    index, seqs, rows = filled(kind)
    endless, short = rows[:2].copy(), rows[:2] * 0.5
    endless[1, 0] = np.nan
    for numbers, values in (
        (seqs[:2], endless), (seqs[:2], short), (seqs[:3], rows[:2]), (seqs[:2], rows[:2, 1:]), (np.array([-1, 5]), rows[:2]),
        (np.array([0.5, 1.5]), rows[:2]),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            index.add(numbers, values)
    for query, k, allowed in (
        (rows[0][1:], 5, None), (endless[1], 5, None), (rows[0], 0, None), (rows[0], vectors.MAX_K + 1, None),
        (rows[0], 5, np.array([9, 3])), (rows[0], 5, np.array([3, 3])),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            index.search(query, k, allowed)
    assert len(index) == COUNT
    assert found(index, rows[0], 1) == [int(seqs[0])]


def check_arguments_are_left_alone(kind: Kind, _: Path) -> None:
    index, numbers, rows = kind.make(), np.array([3, 1, 2]), sample(3, 1)
    kept = numbers.copy(), rows.copy()
    index.add(numbers, rows)
    index.search(rows[0], 2, np.array([1, 2, 3]))
    np.testing.assert_array_equal(numbers, kept[0])
    np.testing.assert_array_equal(rows, kept[1])
    rows[:] = rows[::-1].copy()
    assert found(index, kept[1][0], 1) == [3]


def check_retraining(kind: Kind, _: Path) -> None:
    index, seqs, rows = filled(kind)
    index.remove(seqs[:50])
    index.retrain()
    assert index.seqs().tolist() == seqs[50:].tolist()
    hits = sum(found(index, row, 1) == [seq] for seq, row in zip(seqs[50:].tolist(), rows[50:], strict=True))
    assert hits >= 0.99 * (COUNT - 50)
    index.retrain(lambda: [(seqs[::-1], rows[::-1])])
    assert index.seqs().tolist() == seqs[50:].tolist()


def check_save_and_open(kind: Kind, folder: Path) -> None:
    index, _, rows = filled(kind)
    index.remove(np.array([7]))
    index.change = 41
    index.save(folder, {"stage": "index"})
    index.add(np.array([1_000_000]), rows[:1])
    opened = kind.open(folder, ENCODER)
    assert (opened.change, opened.dimension, opened.fingerprint, len(opened)) == (41, DIMENSION, ENCODER, COUNT - 1)
    assert 1_000_000 not in opened
    assert 7 not in opened
    for query in sample(20, 3):
        index.remove(np.array([1_000_000]))
        before, after = index.search(query, 10), opened.search(query, 10)
        np.testing.assert_array_equal(before[0], after[0])
        np.testing.assert_allclose(before[1], after[1], atol=1e-6)
    opened.add(np.array([8]), rows[:1])
    assert opened.remove(np.array([8, 10])) == 2
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {"format", "encoder", "dimension", "count", "kind", "change", "files", "facts"} <= set(manifest)
    assert (manifest["facts"], manifest["count"]) == ({"stage": "index"}, COUNT - 1)
    index.save(folder)
    assert len(kind.open(folder, ENCODER)) == COUNT - 1
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def check_same_input_same_bytes(kind: Kind, folder: Path) -> None:
    saved = [folder / "a", folder / "b"]
    for target in saved:
        index, seqs, rows = filled(kind)
        index.remove(seqs[5:9])
        index.retrain()
        index.add(seqs[:3], rows[:3])
        index.save(target)
    first, second = ({path.name: path.read_bytes() for path in sorted(target.iterdir())} for target in saved)
    assert first == second


def check_damage_is_noticed(kind: Kind, folder: Path) -> None:
    with pytest.raises(NotReady):
        kind.open(folder / "none", ENCODER)
    index, _, _ = filled(kind)
    target = folder / "index"
    index.save(target)
    with pytest.raises(BadIndex, match="another encoder"):
        kind.open(target, "encoder-b")
    for path in sorted(target.iterdir()):
        whole = path.read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 40)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            with pytest.raises(BadIndex):
                kind.open(target, ENCODER)
        path.write_bytes(whole[:-1])
        with pytest.raises(BadIndex):
            kind.open(target, ENCODER)
        path.unlink()
        with pytest.raises(BadIndex):
            kind.open(target, ENCODER)
        path.write_bytes(whole)
    kind.open(target, ENCODER)
    (target / "stray").write_bytes(b"")
    with pytest.raises(BadIndex):
        kind.open(target, ENCODER)
    (target / "stray").unlink()
    newer = json.loads((target / "manifest.json").read_text())
    del newer["manifest_sha256"]
    newer["format"] += 1
    (target / "manifest.json").write_text(json.dumps({**newer, "manifest_sha256": fingerprint.of_value(newer)}))
    with pytest.raises(BadIndex, match="newer"):
        kind.open(target, ENCODER)


def check_searches_beside_changes(kind: Kind, folder: Path) -> None:
    """While one thread adds, removes, saves and retrains, what is not touched is always found and what is gone never is."""
    index, seqs, rows = filled(kind)
    steady, moving, gone = seqs[:200], seqs[200:400], seqs[400:]
    index.remove(gone)
    done, problems, ready = threading.Event(), [], threading.Barrier(4)

    def search() -> None:
        at = 0
        ready.wait()
        while not done.is_set() or at < 200:
            answers = found(index, rows[at % 200], 5)
            if int(steady[at % 200]) not in answers:
                problems.append("a steady row was not found")
            if set(answers) & set(gone.tolist()) or len(set(answers)) < len(answers):
                problems.append("a removed row was found, or one twice")
            at += 1

    def maintain() -> None:
        ready.wait()
        index.retrain()
        index.save(folder / "a")
        index.retrain()

    threads = [threading.Thread(target=target, daemon=True) for target in (search, search, maintain)]
    for thread in threads:
        thread.start()
    try:
        ready.wait()
        for turn in range(60):
            part = slice(turn % 4 * 50, turn % 4 * 50 + 50)
            index.remove(moving[part])
            index.add(moving[part], rows[200:400][part])
            index.add(np.arange(5_000 + 9 * turn, 5_009 + 9 * turn), sample(9, turn))
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert problems == []
    expected = sorted({*steady.tolist(), *moving.tolist(), *range(5_000, 5_540)})
    assert index.seqs().tolist() == expected
    assert sorted(found(index, rows[0], vectors.MAX_K, np.array(expected))) == expected
