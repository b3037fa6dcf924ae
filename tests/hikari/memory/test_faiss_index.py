"""The FAISS index: against a dictionary in any order of calls, its choice of cells by measured recall, its growth and its failures."""

import errno
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hikari.errors import BadIndex, StoreFull
from hikari.memory import cell_search, cell_training, cells, faiss_index
from hikari.memory.cells import FP16, SQ8, Cells, Plan, plan
from hikari.memory.faiss_index import FaissIndex
from hikari.memory.vectors import Seqs, Vectors
from tests.benchmarks.synthetic import cluster_centres, vectors_around
from tests.contracts.exact_index import ExactIndex

DIMENSION = 8
POOL = np.concatenate(list(vectors_around(cluster_centres(20, DIMENSION, 1), 64, 2)))
rows = st.lists(st.tuples(st.integers(0, 40), st.integers(0, len(POOL) - 1)), max_size=12)
numbers = st.lists(st.integers(0, 45), max_size=8, unique=True)


def sample(count: int, seed: int, dimension: int = 32) -> Vectors:
    return np.concatenate(list(vectors_around(cluster_centres(80, dimension, 5), count, seed)))


class AgainstExact(RuleBasedStateMachine):
    """Small limits, so that a few rows already pass through every state; all cells are looked into, so answers must be equal."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(cells, "FLAT_LIMIT", 12)
        self.patch.setattr(faiss_index, "FRESH_LIMIT", 5)
        self.patch.setattr(cell_search, "READ_ALLOWED", 3)
        self.patch.setattr(cell_search, "READ_SHARE", 10_000)
        self.patch.setattr(cell_search, "EXACT_ALLOWED", 6)
        choose = cell_training._choose

        def all_cells(built: Cells, *arguments: Any) -> Any:
            measured = choose(built, *arguments)
            built.nprobe = built.nlist
            return measured

        self.patch.setattr(cell_training, "_choose", all_cells)
        self.folder = tempfile.TemporaryDirectory()
        self.index = FaissIndex(DIMENSION, "e")
        self.exact = ExactIndex(DIMENSION, "e")

    @rule(added=rows)
    def add(self, added: list[tuple[int, int]]) -> None:
        seqs = np.array([seq for seq, _ in added], np.int64)
        vectors = POOL[[at for _, at in added]]
        self.index.add(seqs, vectors)
        self.exact.add(seqs, vectors)

    @rule(gone=numbers)
    def remove(self, gone: list[int]) -> None:
        assert self.index.remove(np.array(gone, np.int64)) == self.exact.remove(np.array(gone, np.int64))

    @rule(at=st.integers(0, len(POOL) - 1), k=st.integers(1, 50))
    def search(self, at: int, k: int) -> None:
        self.same(POOL[at], k, None)

    @rule(at=st.integers(0, len(POOL) - 1), k=st.integers(1, 12), allowed=numbers)
    def search_allowed(self, at: int, k: int, allowed: list[int]) -> None:
        self.same(POOL[at], k, np.array(sorted(allowed), np.int64))

    @rule(meanwhile=rows, gone=numbers, from_store=st.booleans())
    def retrain(self, meanwhile: list[tuple[int, int]], gone: list[int], from_store: bool) -> None:
        """Rows change while the new cells are laid out, which may be given rows that are stale by then."""
        seqs = self.exact.seqs()
        stored = [(seqs[::-1], np.stack([self.exact.rows[seq] for seq in seqs[::-1].tolist()]))] if len(seqs) else []
        lay_out, calls = cell_training.lay_out, []

        def changing(*arguments: Any) -> Any:
            calls.append(1)
            self.remove(gone)
            built = lay_out(*arguments)
            self.add(meanwhile)
            self.same(POOL[0], 5, None)
            return built

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(faiss_index, "lay_out", changing)
            self.index.retrain((lambda: iter(stored)) if from_store else None)
        assert calls == [1]

    @rule(meanwhile=rows, gone=numbers)
    def save_and_open(self, meanwhile: list[tuple[int, int]], gone: list[int]) -> None:
        """What changes while the files are written is in this index, not in them."""
        target, before = Path(self.folder.name) / "index", dict(self.exact.rows)
        write = Cells.write

        def changing(written: Cells, path: Path) -> None:
            self.add(meanwhile)
            self.remove(gone)
            self.same(POOL[1], 6, None)
            self.same(POOL[1], 6, np.arange(3, 30))
            write(written, path)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Cells, "write", changing)
            self.index.save(target)
        self.same(POOL[1], 6, None)
        opened, now = FaissIndex.open(target, "e"), self.exact.rows
        self.exact.rows = before
        self.same(POOL[2], 50, None, opened)
        self.exact.rows = now

    @invariant()
    def same_rows(self) -> None:
        assert self.index.seqs().tolist() == self.exact.seqs().tolist()
        assert len(self.index) == len(self.exact)
        assert all((seq in self.index) == (seq in self.exact) for seq in (0, 7, 40))

    def same(self, query: Vectors, k: int, allowed: Seqs | None, index: FaissIndex | None = None) -> None:
        found, similarities = (self.index if index is None else index).search(query, k, allowed)
        expected, truth = self.exact.search(query, k, allowed)
        np.testing.assert_allclose(similarities, truth, atol=1e-5)
        assert len(set(found.tolist())) == len(found)
        assert set(found.tolist()) <= set(self.exact.rows)
        # Rows may hold the same vector: the order among equals is free at the end of the list, where rounding decides.
        clear = truth > truth[-1] + 1e-5 if len(truth) else np.zeros(0, bool)
        assert set(expected[clear].tolist()) <= set(found.tolist())

    def teardown(self) -> None:
        self.patch.undo()
        self.folder.cleanup()


TestAgainstExact = AgainstExact.TestCase
TestAgainstExact.settings = settings(max_examples=20, stateful_step_count=12)


def test_plan_grows_with_the_count_and_heeds_the_budget() -> None:
    budget = 600 << 20
    kinds = [plan(count, 384, budget).kind for count in (0, 19_999, 20_000, 400_000, 1_000_000)]
    assert kinds == ["flat", "flat", "ivf_fp16", "ivf_fp16", "ivf_sq8"]
    assert [plan(count, 384, budget).nlist for count in (100, 20_000, 100_000, 1_000_000)] == [1, 512, 1024, 4096]
    assert plan(100_000, 384, 1 << 20).kind == "ivf_sq8"


def recall(index: FaissIndex, stored: Vectors, queries: Vectors) -> float:
    truth = np.argsort(-(queries @ stored.T), axis=1)[:, :10]
    return float(
        np.mean(
            [
                len(set(index.search(query, 10)[0].tolist()) & set(best)) / 10
                for query, best in zip(queries, truth.tolist(), strict=True)
            ]
        )
    )


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FaissIndex]:
    """Makes a trained index over 4,000 vectors."""
    monkeypatch.setattr(cells, "FLAT_LIMIT", 1_000)

    def make(**options: Any) -> FaissIndex:
        index = FaissIndex(32, "e", **options)
        index.add(np.arange(4_000), sample(4_000, 1))
        assert index.needs_retraining
        index.retrain()
        assert not index.needs_retraining
        return index

    return make


@pytest.mark.parametrize("target", [0.6, 0.9, 0.97])
def test_cells_looked_into_follow_measured_recall(few: Callable[..., FaissIndex], target: float) -> None:
    index = few(recall_target=target)
    about = index.describe()
    assert about["measured"]["recall"] >= target
    assert about["measured"]["nprobe"] == about["nprobe"]
    # Other queries find what the measure promised; such as lie nearer to what is stored find more.
    stored = sample(4_000, 1)
    mixed = cell_training._mixtures(stored, np.random.default_rng(77))
    assert recall(index, stored, mixed) == pytest.approx(about["measured"]["recall"], abs=0.06)
    assert recall(index, stored, sample(300, 77)) >= about["measured"]["recall"]


def test_a_higher_target_looks_into_more_cells(few: Callable[..., FaissIndex]) -> None:
    probes = [few(recall_target=target).describe()["nprobe"] for target in (0.6, 0.9, 0.99)]
    assert probes[0] < probes[1] < probes[2]


def test_a_small_budget_halves_the_codes(few: Callable[..., FaissIndex]) -> None:
    wide, narrow = few(), few(memory_budget_bytes=1)
    assert (wide.kind, narrow.kind) == (FP16, SQ8)
    assert wide.memory_bytes() - narrow.memory_bytes() == 4_000 * 32
    assert recall(narrow, sample(4_000, 1), sample(200, 78)) >= 0.93


def test_equal_vectors_stand_in_for_each_other_when_recall_is_measured() -> None:
    exact = cell_training._Exact(np.eye(1, 4, dtype=np.float32))
    same = np.tile(np.array([[0.6, 0.8, 0, 0]], np.float32), (30, 1))
    exact.see(np.arange(31), np.concatenate((np.eye(1, 4, dtype=np.float32), same)))
    assert exact.recall(np.array([[0, *range(20, 30)]])) == 1.0
    assert exact.recall(np.array([[0, *range(20, 24), -1, -1, -1, -1, -1]])) == 0.5
    assert exact.recall(np.array([[77] * 11])) == 0.0


def test_the_exact_reference_merges_blocks_in_any_order() -> None:
    queries, stored = sample(7, 4), sample(900, 5)
    exact = cell_training._Exact(queries)
    for start in (600, 0, 300):
        exact.see(np.arange(start, start + 300), stored[start : start + 300])
    truth = np.argsort(-(queries @ stored.T), axis=1)[:, :10]
    assert exact.found[:, :10].tolist() == truth.tolist()


def test_needs_retraining_when_grown_or_shrunk(few: Callable[..., FaissIndex]) -> None:
    index = few()
    index.add(np.arange(10_000, 17_999), sample(7_999, 3))
    assert not index.needs_retraining
    index.add(np.arange(20_000, 20_001), sample(1, 4))
    assert index.needs_retraining
    index.remove(np.arange(10_000, 20_001))
    assert not index.needs_retraining
    index.remove(np.arange(0, 2_700))
    assert index.needs_retraining
    index.retrain()
    assert len(index) == 1_300
    index.remove(np.arange(2_700, 3_300))
    index.retrain()
    assert index.kind == "flat"
    assert len(index) == 700


def test_needs_retraining_when_over_the_budget(few: Callable[..., FaissIndex]) -> None:
    index = few(memory_budget_bytes=int(1.5 * 4_000 * (64 + 8 + cells.HASH_ENTRY_BYTES)) + 1)
    assert index.kind == FP16
    index.add(np.arange(10_000, 12_500), sample(2_500, 3))
    assert index.needs_retraining
    index.retrain()
    assert index.kind == SQ8
    assert not index.needs_retraining


def test_the_store_gives_better_vectors_than_the_coded_ones(few: Callable[..., FaissIndex]) -> None:
    index, stored = few(memory_budget_bytes=1), sample(4_000, 1)
    rounded = stored.astype(np.float16).astype(np.float32)
    index._budget = 1 << 30
    read: list[int] = []

    def blocks() -> Iterator[tuple[Seqs, Vectors]]:
        read.append(1)
        for start in range(0, 4_000, 1_500):
            yield np.arange(start, min(4_000, start + 1_500)), rounded[start : start + 1_500]

    index.retrain(blocks)
    assert read
    np.testing.assert_array_equal(index._read(np.arange(4_000))[1], rounded)


def test_rows_that_the_store_leaves_out_are_kept(few: Callable[..., FaissIndex]) -> None:
    index = few()
    index.retrain(lambda: [(np.arange(2_000), sample(4_000, 1)[:2_000]), (np.arange(90_000, 90_005), sample(5, 6))])
    assert index.seqs().tolist() == list(range(4_000))


def test_same_sample_same_centres() -> None:
    centres = [cells._centres(sample(2_000, 1), 16) for _ in range(2)]
    np.testing.assert_array_equal(centres[0], centres[1])
    np.testing.assert_allclose(np.linalg.norm(centres[0], axis=1), 1.0, atol=1e-5)


def test_a_gpu_is_used_for_training_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    expected = cells._centres(sample(1_000, 1), 8)
    monkeypatch.setattr(cells, "gpu_count", lambda: 1)
    monkeypatch.setattr(faiss, "index_cpu_to_all_gpus", lambda index: used.append("train") or index, raising=False)
    monkeypatch.setattr(faiss, "StandardGpuResources", lambda: None, raising=False)
    monkeypatch.setattr(
        faiss, "knn_gpu", lambda _, queries, vectors, k, metric: used.append("measure") or faiss.knn(queries, vectors, k, metric=metric),
        raising=False,
    )  # fmt: skip
    np.testing.assert_array_equal(cells._centres(sample(1_000, 1), 8), expected)
    cells.exact_neighbours(sample(3, 1), sample(50, 2), 5)
    assert used == ["train", "measure"]


@pytest.mark.parametrize("error", [RuntimeError("write error: No space left on device"), OSError(errno.ENOSPC, "full")])
def test_a_full_disk_leaves_the_saved_index_and_this_one_alone(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, vectors = FaissIndex(32, "e"), sample(600, 1)
    index.add(np.arange(300), vectors[:300])
    index.save(tmp_path / "index")

    def full(_: Cells, path: Path) -> None:
        path.write_bytes(b"half")
        index.remove(np.arange(5))
        raise error

    monkeypatch.setattr(Cells, "write", full)
    index.add(np.arange(300, 600), vectors[300:])
    with pytest.raises(StoreFull, match="disk is full"):
        index.save(tmp_path / "index")
    assert len(FaissIndex.open(tmp_path / "index", "e")) == 300
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert len(index._cells) == len(index) == 595
    assert index.search(vectors[500], 1)[0].tolist() == [500]


def test_a_failed_retraining_changes_nothing(few: Callable[..., FaissIndex]) -> None:
    index = few()

    def broken() -> Any:
        raise OSError("the store went away")

    with pytest.raises(OSError, match="went away"):
        index.retrain(broken)
    index.add(np.array([9_000]), sample(1, 9))
    assert index._journal is None
    assert len(index) == 4_001
    assert index.search(sample(1, 9)[0], 1)[0].tolist() == [9_000]


@pytest.mark.parametrize("lie", [{"count": 49}, {"measured": {"wrong": 1}}, {"nprobe": None}, {"kind": "ivf_pq"}])
def test_a_manifest_that_lies_is_refused(lie: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = FaissIndex(32, "e")
    index.add(np.arange(50), sample(50, 1))
    truth = index._layout()
    monkeypatch.setattr(index, "_layout", lambda: {**truth, **lie})
    index.save(tmp_path / "index")
    with pytest.raises(BadIndex):
        FaissIndex.open(tmp_path / "index", "e")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    faiss.write_index(faiss.IndexFlatIP(4), str(tmp_path / "flat"))
    (tmp_path / "noise").write_bytes(b"no index")
    for name in ("flat", "noise"):
        with pytest.raises(BadIndex):
            Cells.read(tmp_path / name, "flat", 1, 0)


def test_cells_keep_the_order_of_lists_and_delete_in_place() -> None:
    built = Cells.trained(Plan(FP16, 4), sample(400, 1), 400)
    vectors = sample(100, 2)
    built.add(vectors, np.arange(100), built.assign(vectors))
    assert sorted(built.seqs().tolist()) == list(range(100))
    assert built.remove(np.array([3, 3, 50, 1_000])) == 2
    assert len(built) == 98
    np.testing.assert_allclose(built.reconstruct(np.array([99, 4])), vectors[[99, 4]], atol=1e-3)
