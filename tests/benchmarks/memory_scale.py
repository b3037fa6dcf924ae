"""The memory system at a hundred thousand or a million memories: building, searching, starting and writing, with the real encoder.

    python -m tests.benchmarks.memory_scale --memories 100000 [--output FILE]

Vectors are sampled around real embeddings and texts recombined from real ones (`synthetic.py`), all in one channel. A first process
builds the store through `store_memories`; a second opens it, as a service would, and measures. Questions are real and each is new:
their embedding is part of the time. Recall is that of the vector index against exact search over the vectors in the store.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hikari import NeuralMemorySystem, atomic
from hikari.memory.config import MemoryConfig
from hikari.memory.embedder import OnnxEmbedder
from hikari.threads import one_blas_thread
from tests.benchmarks.synthetic import texts_around, vectors_around
from training import corpus

ROOT = Path(__file__).parents[2]
CHANNEL = "default"
BATCH = 10_000
VIEWERS = 5_000
EPOCH = 1_700_000_000.0
QUERIES = 200
K = 10
WRITES = 500
WRITES_PER_S = 50.0
CONFIG = MemoryConfig(extract=False, episodes=False, maintenance=False, hygiene=False, merge_duplicates=False)
Floats = NDArray[np.float32]


class KnownEmbedder:
    """The real encoder, but for the texts in `known`, whose vectors are given."""

    def __init__(self, inner: OnnxEmbedder) -> None:
        self._inner = inner
        self.known: dict[str, Floats] = {}

    @property
    def fingerprint(self) -> str:
        return self._inner.fingerprint

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def embed(self, texts: Sequence[str], /) -> Floats:
        """See `Embedder.embed`."""
        if not all(text in self.known for text in texts):
            return self._inner.embed(texts)
        return np.stack([self.known[text] for text in texts])


def real_texts() -> list[str]:
    """What is recombined: the chat messages of the training split and the facts of the knowledge set."""
    facts = (ROOT / "data/knowledge/facts.jsonl").read_text(encoding="utf-8").splitlines()
    said = [row.text for row in corpus.read_split("train", ROOT / corpus.FOLDER)]
    return list(dict.fromkeys([*said, *(json.loads(line)["content"] for line in facts)]))


def questions(count: int, seed: int) -> list[str]:
    """Different questions that no stored text was made of."""
    known = (ROOT / "data/knowledge/queries.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [row.text for split in ("test", "dev") for row in corpus.read_split(split, ROOT / corpus.FOLDER) if row.question]
    found = list(dict.fromkeys([*(json.loads(line)["query"] for line in known), *asked]))
    random.Random(seed).shuffle(found)
    return found[:count]


def batches(base: list[str], vectors: Floats, count: int, seed: int) -> Iterator[tuple[list[dict[str, Any]], dict[str, Floats]]]:
    """Rows for `store_memories` and the vectors of their texts, a batch at a time; a text that comes again keeps its last vector."""
    texts, number = texts_around(base, count, seed), 0
    for block in vectors_around(vectors, count, seed, block=BATCH):
        piece = list(itertools.islice(texts, len(block)))
        rows = [
            {
                "id": f"m{number + n}", "content": text, "memory_type": "conversation", "user": f"viewer{(number + n) % VIEWERS}",
                "metadata": {"timestamp": EPOCH + 2.0 * (number + n), "session": f"stream{(number + n) // 5_000}"},
            }
            for n, text in enumerate(piece)
        ]  # fmt: skip
        number += len(block)
        yield rows, dict(zip(piece, block, strict=True))


async def build(folder: Path, bundle: Path, count: int, seed: int) -> dict[str, Any]:
    """Fill the store; the index lays out its cells as the maintainer would have it do, and its time is part of the build."""
    inner = OnnxEmbedder.open(bundle)
    base = real_texts()
    centres = inner.embed(base)
    embedder = KnownEmbedder(inner)
    storing = retraining = 0.0
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("building", total=count)
        async with NeuralMemorySystem(folder, embedder=embedder, config=CONFIG) as memory:
            for rows, embedder.known in batches(base, centres, count, seed):
                started = time.perf_counter()
                answers = await memory.store_memories(rows)
                storing += time.perf_counter() - started
                wrong = [answer for answer in answers if not isinstance(answer, str)]
                if wrong:
                    raise RuntimeError(f"{len(wrong)} rows were not stored, such as {wrong[0]}")
                started = time.perf_counter()
                await memory.maintain()
                retraining += time.perf_counter() - started
                progress.advance(task, len(rows))
            started = time.perf_counter()
        closing = time.perf_counter() - started
    return {
        "build_s": storing + retraining + closing,
        "build_rows_per_s": count / (storing + retraining + closing),
        "store_memories_s": storing,
        "maintain_s": retraining,
        "close_s": closing,
    }


async def measure(folder: Path, bundle: Path, count: int, seed: int, begun: float) -> dict[str, Any]:
    """Open, ask, weigh and write. `begun`: epoch seconds at which this process was started."""
    embedder = OnnxEmbedder.open(bundle)
    asked = questions(QUERIES + 1, seed)
    memory = NeuralMemorySystem(folder, embedder=embedder, config=CONFIG)
    async with memory:
        await memory.retrieve_memories(asked.pop(), k=K)
        start_s = time.time() - begun
        fresh = await _retrieve(memory, asked)
        again = await _retrieve(memory, asked)
        resident, anonymous = _resident_mb()
        # From here on every vector of the store is read, which the system itself never does.
        recall = _recall(memory, embedder.embed(asked))
        stats = await memory.stats()
        writes = await _write(memory, seed)
    with tempfile.TemporaryDirectory(dir=folder.parent) as empty:
        everything = await _write_with_everything_on(Path(empty), embedder, seed)
    return {
        "memories": stats["channels"][CHANNEL],
        "start_s": start_s,
        **_percentiles("retrieve", fresh),
        **_percentiles("retrieve_embedded", again),
        "recall_at_10": recall,
        "rss_mb": resident,
        "rss_anonymous_mb": anonymous,
        "index": {name: stats["indices"][CHANNEL]["vectors"].get(name) for name in ("kind", "memory_bytes")},
        "index_bytes": _size(folder / "indices"),
        "store_bytes": stats["store_bytes"],
        **_percentiles("store_memory", writes),
        **_percentiles("store_memory_all_on", everything),
    }


async def _retrieve(memory: NeuralMemorySystem, asked: Sequence[str]) -> list[float]:
    times: list[float] = []
    for question in asked:
        started = time.perf_counter()
        found = await memory.retrieve_memories(question, k=K)
        times.append(time.perf_counter() - started)
        if len(found) != K:
            raise RuntimeError(f"{len(found)} of {K} memories came back")
    return times


async def _write(memory: NeuralMemorySystem, seed: int) -> list[float]:
    """Seconds of each of `WRITES` writes that come in at `WRITES_PER_S`, whether the one before is done or not."""
    texts = list(texts_around(real_texts(), WRITES, seed + 1))
    loop = asyncio.get_running_loop()

    async def one(number: int, text: str) -> float:
        started = loop.time()
        # The number makes every write a memory of its own: none is taken for a repetition.
        await memory.store_memory(text, "conversation", {"user": f"viewer{number % VIEWERS}", "number": number})
        return loop.time() - started

    begun = loop.time()
    waiting: list[asyncio.Task[float]] = []
    for number, text in enumerate(texts):
        await asyncio.sleep(max(0.0, begun + number / WRITES_PER_S - loop.time()))
        waiting.append(asyncio.create_task(one(number, text)))
    return list(await asyncio.gather(*waiting))


async def _write_with_everything_on(folder: Path, embedder: OnnxEmbedder, seed: int) -> list[float]:
    """The same with entities, facts, episodes and maintenance, in a store of its own; policy would keep some of the texts out."""
    config = replace(MemoryConfig(), hygiene=False)
    async with NeuralMemorySystem(folder, embedder=embedder, config=config) as memory:
        await memory.store_memory("the first one loads the rules", "conversation")
        return await _write(memory, seed)


def _recall(memory: NeuralMemorySystem, vectors: Floats) -> float:
    """Part of the exact `K` nearest that the vector index gives, over all questions."""
    core = memory._opened().core
    best = np.full((len(vectors), K), -np.inf, np.float32)
    rows = np.zeros((len(vectors), K), np.int64)
    with core.spaces.use(CHANNEL) as space, core.store.read() as view:
        seqs = view.seqs(CHANNEL)
        while piece := list(itertools.islice(seqs, BATCH)):
            similarities = np.concatenate([best, vectors @ view.vectors(piece, core.embedder.dimension).T], axis=1)
            numbers = np.concatenate([rows, np.broadcast_to(np.array(piece, np.int64), (len(vectors), len(piece)))], axis=1)
            order = np.argpartition(-similarities, K, axis=1)[:, :K]
            best, rows = np.take_along_axis(similarities, order, 1), np.take_along_axis(numbers, order, 1)
        found = [space.vectors.search(vector, K)[0] for vector in vectors]
    return float(np.mean([len(np.intersect1d(one, other)) / K for one, other in zip(found, rows, strict=True)]))


def _percentiles(name: str, times: Sequence[float]) -> dict[str, float]:
    return {f"{name}_p{percent}_ms": float(np.percentile(times, percent)) * 1e3 for percent in (50, 95)}


def _resident_mb() -> tuple[float, float]:
    """Resident memory of this process, and the part of it that is not pages of files (LMDB's map), in MiB; Linux only."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    return tuple(int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))  # type: ignore[return-value]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def table(result: dict[str, Any]) -> Table:
    """The figures, one a line."""
    shown = Table("", "", title=f"{result['memories']} memories", show_header=False)
    for name, value in result.items():
        shown.add_row(name, f"{value:.3f}" if isinstance(value, float) else str(value))
    return shown


def _child(step: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.memory_scale",
        "--step",
        step,
        "--folder",
        str(folder),
        "--begun",
        str(time.time()),
    ]
    command += ["--memories", str(options.memories), "--seed", str(options.seed), "--bundle", str(options.bundle)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "HIKARI_HOME": str(folder / "home")}, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memories", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--bundle", type=lambda path: Path(path).absolute(), default=ROOT / "data/models/embedder")
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    parser.add_argument("--folder", type=Path, help="keep the store here; a store that is there already is measured, not built")
    parser.add_argument("--step", choices=("build", "measure"), help=argparse.SUPPRESS)
    parser.add_argument("--begun", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    given = (options.bundle, options.memories, options.seed)
    one_blas_thread()  # as the service has it
    if options.step == "build":
        print(json.dumps(asyncio.run(build(options.folder / "store", *given))))
        return 0
    if options.step == "measure":
        print(json.dumps(asyncio.run(measure(options.folder / "store", *given, options.begun))))
        return 0
    with tempfile.TemporaryDirectory(prefix="hikari-scale-") as scratch:
        folder = (options.folder or Path(scratch)).absolute()
        before = os.getloadavg()[0]
        built = {} if (folder / "store").exists() else _child("build", folder, options)
        between = os.getloadavg()[0]
        result = {**_child("measure", folder, options), **built, "cores": os.cpu_count()}
        result["load"] = {"before": before, "after_build": between, "after": os.getloadavg()[0]}
    Console(stderr=True).print(table(result))
    print(json.dumps(result))
    if options.output is not None:
        atomic.write_file(options.output, (json.dumps(result, indent=2) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
