"""Entry point and stage: written channel facts become a knowledge set, a read-only memory that is searched beside the live one.

    python -m training.build_index

Writes a folder with a store (LMDB), the saved vector index and a manifest that names the encoder, and measures it on written questions:
recall of the facts that answer them, and of the index against exact search.
"""

import dataclasses
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from hikari import atomic
from hikari.errors import HikariError
from hikari.memory import knowledge
from hikari.memory.config import MemoryConfig
from hikari.memory.core import Core
from hikari.memory.embedder import OnnxEmbedder
from hikari.memory.entities import EntityRecogniser
from hikari.memory.extraction import Extractor
from hikari.memory.knowledge import Knowledge
from hikari.memory.search import Query, Searcher
from training import entry, tracking
from training.schema import Fraction, Name, TrackingConfig, closed

CUTS = (1, 5, 10)


@closed
@dataclass(frozen=True)
class BuildIndexConfig:
    facts: Name
    """JSONL: `id`, `content`, `topic`, `importance`, `user`."""
    queries: Name
    """JSONL: `query`, `relevant` (ids)."""
    embedder: Name
    entities: Name
    output: Name
    metrics: Name
    name: Name
    timestamp: Annotated[int, Field(ge=0)]
    """Epoch seconds that every fact carries."""
    minimum_recall_at_5: Fraction
    """Below it nothing is written."""
    tracking: TrackingConfig


class KnowledgeError(RuntimeError):
    """The knowledge set cannot be built, or is not good enough; the message says why."""


def build(config: BuildIndexConfig) -> dict[str, Any]:
    """Build, measure and write the knowledge set; returns the figures."""
    embedder = OnnxEmbedder.open(config.embedder)
    extractor = Extractor(EntityRecogniser.open(config.entities))
    rows = _rows(config)
    quiet = MemoryConfig(maintenance=False, episodes=False, merge_duplicates=False, hygiene=False)
    with tempfile.TemporaryDirectory(prefix="hikari-index-") as scratch:
        core = Core(Path(scratch), embedder, extractor, quiet, lambda: float(config.timestamp), salt=config.name)
        try:
            problems = [answer.message for answer in core.store_rows(rows) if isinstance(answer, HikariError)]
            if problems:
                raise KnowledgeError(f"{len(problems)} facts cannot be stored: {problems[0]}")
            figures = {"facts": len(rows), **_measure(core, config)}
            if figures["recall_at_5"] < config.minimum_recall_at_5:
                raise KnowledgeError(f"recall at 5 is {figures['recall_at_5']:.3f}, wanted {config.minimum_recall_at_5:.3f}")
            core.store.compact()
            with atomic.new_folder(Path(config.output)) as folder:
                _write(core, folder, figures, config)
        finally:
            core.close()
    atomic.write_file(Path(config.metrics), (json.dumps(figures, indent=2) + "\n").encode())
    run = tracking.start(config.tracking, "knowledge", {"encoder": embedder.fingerprint})
    run.parameters(dataclasses.asdict(config))
    run.metrics({key: value for key, value in figures.items() if isinstance(value, float)})
    run.end()
    return figures


def _rows(config: BuildIndexConfig) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for line in Path(config.facts).read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        metadata = {"topic": fact["topic"], "source": "system"}
        rows.append(
            {
                "id": fact["id"],
                "content": fact["content"],
                "memory_type": "knowledge",
                "channel": knowledge.SHARED,
                "importance": fact["importance"],
                "metadata": metadata if "user" not in fact else {**metadata, "about": fact["user"]},
                "timestamp": config.timestamp,
            }
        )
    # In the order of their ids, so that the same facts give the same bytes however the file is sorted.
    return sorted(rows, key=lambda row: str(row["id"]))


def _measure(core: Core, config: BuildIndexConfig) -> dict[str, Any]:
    searcher = Searcher(core, Knowledge())
    found: dict[int, list[float]] = {cut: [] for cut in CUTS}
    reciprocal: list[float] = []
    for line in Path(config.queries).read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        relevant = set(question["relevant"])
        query = Query.checked(question["query"], max(CUTS), channel=knowledge.SHARED, now=core.clock())
        answers = [row["id"] for row in searcher.search(query)]
        for cut in CUTS:
            found[cut].append(len(relevant & set(answers[:cut])) / len(relevant))
        ranks = [rank for rank, identifier in enumerate(answers, start=1) if identifier in relevant]
        reciprocal.append(1.0 / ranks[0] if ranks else 0.0)
    figures: dict[str, Any] = {f"recall_at_{cut}": float(np.mean(values)) for cut, values in found.items()}
    return {**figures, "mrr": float(np.mean(reciprocal)), "queries": len(reciprocal), "index_recall_at_10": _against_exact(core)}


def _against_exact(core: Core) -> float:
    """Recall@10 of the index against exact search, with every memory's own vector as the query."""
    with core.store.read() as view, core.spaces.use(knowledge.SHARED) as space:
        seqs = np.array(sorted(view.seqs(knowledge.SHARED)), np.int64)
        vectors = view.vectors(seqs.tolist(), core.embedder.dimension)
        exact = np.argsort(-(vectors @ vectors.T), axis=1, kind="stable")[:, :10]
        shares = [
            len(set(seqs[exact[row]].tolist()) & set(space.vectors.search(vector, 10)[0].tolist())) / min(10, len(seqs))
            for row, vector in enumerate(vectors)
        ]
    return float(np.mean(shares))


def _write(core: Core, folder: Path, figures: dict[str, Any], config: BuildIndexConfig) -> None:
    with core.spaces.use(knowledge.SHARED) as space:
        space.save()
        kind = space.vectors.describe()
        source = space.folder
    (folder / knowledge.STORE).mkdir()
    core.store.copy(folder / knowledge.STORE)
    target = folder / knowledge.INDICES / source.name
    target.mkdir(parents=True)
    shutil.copytree(source / "vectors", target / "vectors")
    facts = {
        "name": config.name,
        "encoder": core.embedder.fingerprint,
        "dimension": core.embedder.dimension,
        "count": figures["facts"],
        "index": kind["kind"],
        "recall_at_10": figures["index_recall_at_10"],
        "questions": {key: figures[key] for key in ("recall_at_1", "recall_at_5", "recall_at_10", "mrr", "queries")},
    }
    knowledge.write_manifest(folder, facts)


def main() -> None:
    """`python -m training.build_index`"""
    entry.run("build_index", BuildIndexConfig, lambda config: print(json.dumps(build(config))))


if __name__ == "__main__":
    main()
