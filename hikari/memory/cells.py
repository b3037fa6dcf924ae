"""The FAISS part of the vector index: vectors in inverted lists, all in one while they are few.

    flat       one list that every search scans whole: exact, and unlike IndexFlat it deletes in place
    ivf_fp16   k-means cells, vectors as float16, which is what the store holds: nothing is lost by coding
    ivf_sq8    k-means cells, one byte a dimension of the difference to the cell's centre, where float16 would exceed the budget

Deletion swaps a list's last vector into the gap and finds it through a hash table (FAISS DirectMap), O(1) each. The inverted file is
that of Sivic and Zisserman (Video Google, 2003) as FAISS has it. Not safe for concurrent changes; `FaissIndex` takes care of that.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hikari.errors import BadIndex
from hikari.memory.vectors import Seqs, Vectors

FLAT, FP16, SQ8 = "flat", "ivf_fp16", "ivf_sq8"
FLAT_LIMIT = 20_000
"""Up to here one scan of everything takes about a millisecond and k-means would gain nothing."""
HASH_ENTRY_BYTES = 56
"""Of the table from row number to place: a node and its bucket."""
SEED = 1234
ITERATIONS = 10
SAMPLE_PER_CELL = 50
"""Vectors that k-means sees per cell; FAISS itself advises 39 to 256."""
_SPARE = 1.08
"""Room left in every list after building: a list that has to grow doubles its memory."""


def _faiss() -> Any:
    import faiss

    return faiss


@dataclass(frozen=True)
class Plan:
    """What to build for so many vectors: the kind and the number of cells."""

    kind: str
    nlist: int


def plan(count: int, dimension: int, memory_budget_bytes: int) -> Plan:
    """The kind of index for `count` vectors: flat while small, float16 while it fits the budget (with room for half as many again).

    The number of cells follows FAISS' advice, a small multiple of the square root, as the power of two below 6 sqrt(count): at a
    hundred thousand vectors 1,024 cells find 0.96 of what questions ask for in 0.6 ms, 512 cells in 1.5 ms.
    """
    if count < FLAT_LIMIT:
        return Plan(FLAT, 1)
    nlist = 1 << int(np.log2(6.0 * count**0.5))
    return Plan(FP16 if 1.5 * count * (2 * dimension + 8 + HASH_ENTRY_BYTES) <= memory_budget_bytes else SQ8, nlist)


class Cells:
    """Vectors in the lists of a FAISS inverted file."""

    def __init__(self, kind: str, index: Any, nprobe: int = 1, trained_on: int = 0) -> None:
        self.kind = kind
        self.index = index
        self.nprobe = nprobe
        """Cells that a search looks into."""
        self.trained_on = trained_on
        """How many vectors there were when the cells were laid out."""

    @classmethod
    def flat(cls, dimension: int) -> "Cells":
        """Empty, one list, nothing to train: its centre is the origin."""
        return cls(FLAT, _inverted(np.zeros((1, dimension), np.float32), FLAT, np.zeros((1, dimension), np.float32)))

    @classmethod
    def trained(cls, plan: Plan, sample: Vectors, trained_on: int) -> "Cells":
        """Empty, with cells laid out by spherical k-means over `sample` (n, dimension); the same sample gives the same cells.

        Every fifth vector is kept from k-means, for learning how far a vector may lie from the centre of its cell. There are fewer
        cells than planned where the sample, of which much was removed meanwhile, has too few vectors for them.
        """
        held_out = np.arange(len(sample)) % 5 == 4
        centres = _centres(sample[~held_out], max(1, min(plan.nlist, int((~held_out).sum()))))
        return cls(plan.kind, _inverted(centres, plan.kind, sample[held_out]), 1, trained_on)

    @property
    def nlist(self) -> int:
        return int(self.index.nlist)

    @property
    def dimension(self) -> int:
        return int(self.index.d)

    def __len__(self) -> int:
        return int(self.index.ntotal)

    def assign(self, vectors: Vectors) -> Seqs:
        """The cell of each vector."""
        if self.nlist == 1:
            return np.zeros(len(vectors), np.int64)
        return np.ascontiguousarray(self.index.quantizer.search(vectors, 1)[1][:, 0])

    def add(self, vectors: Vectors, seqs: Seqs, cells: Seqs) -> None:
        """Append vectors to the lists of their cells; none of the row numbers may be there already."""
        arrays = (np.ascontiguousarray(vectors), np.ascontiguousarray(seqs), np.ascontiguousarray(cells))
        self.index.add_core(len(seqs), *map(_faiss().swig_ptr, arrays))

    def remove(self, seqs: Seqs) -> int:
        """Delete in place; unknown row numbers are ignored."""
        return int(self.index.remove_ids(_faiss().IDSelectorArray(seqs)))

    def search(self, queries: Vectors, k: int, nprobe: int, selector: Any = None) -> tuple[Vectors, Seqs]:
        """Similarities and row numbers, both (n, k), best first, padded with row number -1."""
        parameters = _faiss().SearchParametersIVF(sel=selector, nprobe=min(nprobe, self.nlist))
        similarities, seqs = self.index.search(queries, k, params=parameters)
        return similarities, seqs

    def nearest(self, query: Vectors, k: int, nprobe: int, selector: Any) -> tuple[Seqs, Vectors]:
        """Row numbers and similarities, (<= k,), of what is nearest to one query, best first."""
        # A single query is never spread over threads by FAISS, but the search for its cells would be, for some microseconds of work.
        with one_thread():
            similarities, seqs = self.search(query[None, :], k, nprobe, selector)
        found = seqs[0] >= 0
        return seqs[0][found], similarities[0][found]

    def reconstruct(self, seqs: Seqs) -> Vectors:
        """The vectors as coded; all row numbers must be there."""
        return self.index.reconstruct_batch(seqs) if len(seqs) else np.zeros((0, self.dimension), np.float32)

    def seqs(self) -> Seqs:
        """All row numbers in the order of the lists."""
        lists = _lists(self.index)
        parts = [_ids(lists, cell) for cell in range(self.nlist)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def memory_bytes(self) -> int:
        """Bytes of codes, row numbers, hash table and centres."""
        each = int(self.index.code_size) + 8 + HASH_ENTRY_BYTES
        return len(self) * each + self.nlist * self.dimension * 4

    def reserve(self, sizes: NDArray[np.int64]) -> None:
        """Give every still empty list room for so many vectors and a few more."""
        lists = _lists(self.index)
        for cell, size in enumerate((sizes * _SPARE).astype(np.int64).tolist()):
            lists.resize(cell, size + 4)
            lists.resize(cell, 0)

    def write(self, path: Path) -> None:
        """Write the FAISS file."""
        _faiss().write_index(self.index, str(path))

    @classmethod
    def read(cls, path: Path, kind: str, nprobe: int, trained_on: int) -> "Cells":
        """Read a FAISS file whose hash was verified. Raises `BadIndex` when it is no inverted file all the same."""
        faiss = _faiss()
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise BadIndex(f"{path} is not readable by faiss {faiss.__version__}; it is rebuilt from the store") from error
        known = isinstance(index, faiss.IndexIVFScalarQuantizer) and index.direct_map.type == faiss.DirectMap.Hashtable
        if not known or kind not in {FLAT, FP16, SQ8} or (index.sq.qtype == faiss.ScalarQuantizer.QT_8bit) != (kind == SQ8):
            raise BadIndex(f"{path} is not of kind {kind}; it is rebuilt from the store")
        return cls(kind, index, nprobe, trained_on)


def only(allowed: Seqs) -> Any:
    """A FAISS selector that lets ascending, non-empty row numbers through."""
    faiss = _faiss()
    highest = int(allowed[-1])
    # A bit for every number up to the highest is the fastest test; where numbers are few and far apart it would be wasteful.
    if highest > 64 * (len(allowed) + 100_000):
        return faiss.IDSelectorBatch(allowed)
    flags = np.zeros((highest // 8 + 1) * 8, np.bool_)
    flags[allowed] = True
    bits: NDArray[np.uint8] = np.packbits(flags, bitorder="little")
    return faiss.IDSelectorBitmap(bits)  # which keeps `bits` alive


def all_but(hidden: Seqs) -> Any:
    """A FAISS selector that keeps row numbers out."""
    faiss = _faiss()
    return faiss.IDSelectorNot(faiss.IDSelectorBatch(hidden))


@contextmanager
def one_thread() -> Generator[None]:
    """FAISS keeps to the calling thread: for small work, where waking others up costs more than they do."""
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _inverted(centres: Vectors, kind: str, sample: Vectors) -> Any:
    faiss = _faiss()
    quantiser = faiss.IndexFlatIP(centres.shape[1])
    quantiser.add(centres)
    coding = faiss.ScalarQuantizer.QT_8bit if kind == SQ8 else faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexIVFScalarQuantizer(
        quantiser, centres.shape[1], len(centres), coding, faiss.METRIC_INNER_PRODUCT, kind == SQ8
    )
    # What lies outside the range of the sample is cut off: the fewer were seen, the more room.
    index.sq.rangestat_arg = 4.0 / len(sample) ** 0.5
    # The centres are there already, so this only learns the range of every dimension.
    index.train(sample)
    index.set_direct_map_type(faiss.DirectMap.Hashtable)
    return index


def _centres(sample: Vectors, nlist: int) -> Vectors:
    faiss = _faiss()
    clustering = faiss.Clustering(sample.shape[1], nlist)
    clustering.niter = ITERATIONS
    clustering.seed = SEED
    clustering.spherical = True
    clustering.max_points_per_centroid = SAMPLE_PER_CELL
    clustering.min_points_per_centroid = 1
    assigning = faiss.IndexFlatIP(sample.shape[1])
    if gpu_count():
        assigning = faiss.index_cpu_to_all_gpus(assigning)
    clustering.train(sample, assigning)
    return faiss.vector_to_array(clustering.centroids).reshape(nlist, sample.shape[1])


def gpu_count() -> int:
    """How many GPUs the installed faiss can use: 0 with faiss-cpu."""
    return int(_faiss().get_num_gpus())


@lru_cache(maxsize=1)
def _gpu_resources() -> Any:
    return _faiss().StandardGpuResources()


def exact_neighbours(queries: Vectors, vectors: Vectors, k: int) -> tuple[Vectors, Seqs]:
    """The `k` nearest of `vectors` to every query by exact inner products: similarities and positions, best first."""
    faiss = _faiss()
    if gpu_count():
        return faiss.knn_gpu(_gpu_resources(), queries, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)
    return faiss.knn(queries, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)


def _lists(index: Any) -> Any:
    return _faiss().downcast_InvertedLists(index.invlists)


def _ids(lists: Any, cell: int) -> Seqs:
    size = int(lists.list_size(cell))
    if not size:
        return np.zeros(0, np.int64)
    return _faiss().rev_swig_ptr(lists.get_ids(cell), size).copy()
