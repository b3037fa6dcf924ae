"""Speed of the memory, as ratios within one run: what it adds to the bare encoder and the bare store.

`make bench` prints the figures. Absolute times depend on the machine and are asserted nowhere.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import lmdb
import numpy as np
import pytest

from hikari import NeuralMemorySystem
from hikari.errors import Refused
from hikari.memory.config import MemoryConfig
from hikari.memory.embedder import OnnxEmbedder
from tests.benchmarks.memory_scale import CONFIG, KnownEmbedder, batches, questions, real_texts

pytestmark = pytest.mark.slow
N_STORED = 400
N_MEMORIES = 5_000
N_QUESTIONS = 150
TURN = 25


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    path = Path(__file__).parents[2] / "data/models/embedder"
    if not path.is_dir():
        pytest.fail("no embedder in data/models/embedder: run `make pipeline` first")
    return OnnxEmbedder.open(path, threads=1)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@pytest.mark.parametrize("everything", [False, True])
def test_a_durable_memory_costs_little_more_than_its_embedding_and_a_put(
    embedder: OnnxEmbedder, tmp_path: Path, everything: bool
) -> None:
    """Both take turns, so that they meet the same machine. With everything on, entities and facts are read from the text as well."""
    texts = real_texts()[:N_STORED]
    config = MemoryConfig() if everything else CONFIG
    environment = lmdb.open(str(tmp_path / "bare"), map_size=64 << 20)

    def bare(text: str) -> None:
        vector = embedder.embed([text])[0]
        with environment.begin(write=True) as transaction:
            transaction.put(text.encode()[:400], text.encode() + vector.astype(np.float16).tobytes())

    async def store(memory: NeuralMemorySystem, text: str) -> float:
        started = time.perf_counter()
        try:
            await memory.store_memory(text, "conversation", {"user": "kai"})
        except Refused:
            return 0.0  # policy: cheaper than storing, and not what is measured
        return time.perf_counter() - started

    async def both() -> tuple[list[float], list[float]]:
        whole: list[float] = []
        put: list[float] = []
        async with NeuralMemorySystem(tmp_path / "memory", embedder=embedder, config=config) as memory:
            await memory.store_memory("the first one opens the indices")
            for start in range(0, len(texts), TURN):
                whole += [await store(memory, text) for text in texts[start : start + TURN]]
                put += [_seconds(lambda text=text: bare(text)) for text in texts[start : start + TURN]]
        kept = [(one, other) for one, other in zip(whole, put, strict=True) if one]
        return [one for one, _ in kept], [other for _, other in kept]

    whole, put = asyncio.run(both())
    environment.close()
    ratio = sum(whole) / sum(put)
    print(
        f"\nstore_memory{' with everything on' if everything else ''} {len(whole) / sum(whole):.0f}/s, "
        f"embedding and LMDB put {len(put) / sum(put):.0f}/s, {ratio:.2f} x the time"
    )
    assert len(whole) > N_STORED / 2
    assert ratio <= (6.0 if everything else 4.0)


def test_searching_five_thousand_memories_costs_a_few_embeddings(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    base = real_texts()[:1_000]
    asked = questions(2 * N_QUESTIONS, seed=3)
    known = KnownEmbedder(embedder)

    async def both() -> tuple[list[float], list[float]]:
        search: list[float] = []
        embed: list[float] = []
        async with NeuralMemorySystem(tmp_path / "memory", embedder=known, config=CONFIG) as memory:
            for rows, known.known in batches(base, embedder.embed(base), N_MEMORIES, seed=3):
                await memory.store_memories(rows)
            await memory.retrieve_memories("what was that again?", k=10)
            # Different questions: what was asked once is embedded from the cache.
            for start in range(0, len(asked) - TURN + 1, 2 * TURN):
                for question in asked[start : start + TURN]:
                    started = time.perf_counter()
                    assert len(await memory.retrieve_memories(question, k=10)) == 10
                    search.append(time.perf_counter() - started)
                embed += [_seconds(lambda text=text: embedder.embed([text])) for text in asked[start + TURN : start + 2 * TURN]]
        return search, embed

    search, embed = asyncio.run(both())
    ratio = float(np.median(search) / np.median(embed))
    print(
        f"\nretrieve_memories at {N_MEMORIES} memories p50 {np.median(search) * 1e3:.2f} ms, embedding the question "
        f"p50 {np.median(embed) * 1e3:.2f} ms, ratio {ratio:.2f}"
    )
    assert ratio <= 12.0


def test_a_batch_is_stored_faster_than_one_by_one(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    texts = real_texts()[: 2 * N_STORED]

    async def both() -> tuple[float, float]:
        async with NeuralMemorySystem(tmp_path / "memory", embedder=embedder, config=CONFIG) as memory:
            await memory.store_memory("the first one opens the indices")
            started = time.perf_counter()
            for text in texts[:N_STORED]:
                await memory.store_memory(text)
            single = time.perf_counter() - started
            started = time.perf_counter()
            await memory.store_memories([{"content": text} for text in texts[N_STORED:]])
            return single, time.perf_counter() - started

    single, together = asyncio.run(both())
    print(
        f"\nstore_memories {N_STORED / together:.0f}/s, store_memory one by one {N_STORED / single:.0f}/s, {single / together:.2f} x"
    )
    assert single / together >= 1.2
