"""Putting a memory system together from its folder, its models and its settings, and taking it apart again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from hikari.errors import BadInput, HikariError, NotReady
from hikari.memory import knowledge, portable, privacy, truth
from hikari.memory.audit import audit
from hikari.memory.config import MemoryConfig
from hikari.memory.core import Core
from hikari.memory.embedder import Embedder, OnnxEmbedder
from hikari.memory.embedding_cache import CachedEmbedder
from hikari.memory.entities import EntityRecogniser
from hikari.memory.extraction import Extractor
from hikari.memory.knowledge import Knowledge, KnowledgeSet
from hikari.memory.maintenance import Maintainer
from hikari.memory.narrative import Narrator
from hikari.memory.retention import is_expired
from hikari.memory.search import Searcher
from hikari.memory.summaries import ExtractiveSummariser, Summariser
from hikari.settings import Settings

MAX_RECENT = 1_000

_log = logging.getLogger(__name__)


@dataclass
class Parts:
    """An open memory system; every method is synchronous and thread-safe."""

    core: Core
    searcher: Searcher
    maintainer: Maintainer
    mounted: Knowledge
    notes: list[str] = field(default_factory=list[str])
    """What is missing or was repaired, in words."""

    def recent(self, channel: str, n: int) -> list[dict[str, Any]]:
        """The newest `n` memories of the channel's short-term ring, the newest last."""
        limit = min(MAX_RECENT, self.core.config.short_term_size)
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= limit:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(f"n must be a whole number from 1 to {limit}", field="n")
        now = self.core.clock()
        with self.core.store.read() as view:
            rows: list[dict[str, Any]] = []
            for seq in view.seqs(channel, newest_first=True):
                memory = view.get(seq)
                if memory is not None and not memory.members and not is_expired(memory.expires_at, now):
                    rows.append(memory.public())
                if len(rows) == n:
                    break
        return rows[::-1]

    def forget_user(self, user: str, channel: str | None) -> dict[str, Any]:
        return privacy.forget_user(self.core, user, channel)

    def related(self, channel: str, entity: str, hops: int, limit: int) -> list[dict[str, Any]]:
        """See `NeuralMemorySystem.related_entities`."""
        if hops not in (1, 2):
            raise BadInput("hops must be 1 or 2", field="hops")
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= 100:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput("limit must be a whole number from 1 to 100", field="limit")
        with self.core.spaces.use(channel) as namespace:
            found = namespace.related(entity, hops, limit)
        with self.core.store.read() as view:
            return [{**row, "memories": [m.id for m in view.get_many(row["memories"]).values()]} for row in found]

    def facts(self, channel: str, subject: str, attribute: str | None, as_of: float | None) -> list[dict[str, Any]]:
        with self.core.store.read() as view:
            return truth.facts(view, channel, subject, attribute, as_of)

    def contradictions(self, channel: str) -> list[dict[str, Any]]:
        with self.core.store.read() as view:
            return truth.contradictions(view, channel)

    def stats(self, channel: str | None) -> dict[str, Any]:
        """Counts and sizes, of one channel or of all."""
        with self.core.store.read() as view:
            rows = [row for row in view.channels() if channel in (None, row["name"])]
        tiers: dict[str, int] = {}
        for row in rows:
            for tier, count in row["counts"].items():
                tiers[tier] = tiers.get(tier, 0) + count
        opened = self.core.spaces.opened()
        with self.mounted.use() as current:
            shared = None if current is None else current.facts()
        return {
            "memories": sum(tiers.values()),
            "tiers": tiers,
            "channels": {row["name"]: sum(row["counts"].values()) for row in rows},
            "open_channels": [name for name in opened if channel in (None, name)],
            "indices": {name: self._index(name) for name in opened if channel in (None, name)},
            "store_bytes": self.core.store.bytes_used(),
            "encoder": {"fingerprint": self.core.embedder.fingerprint, "dimension": self.core.embedder.dimension},
            "embedding_cache": _cache(self.core.embedder),
            "knowledge": shared,
            "maintenance": self.maintainer.stats(),
            "notes": self.notes,
        }

    def _index(self, channel: str) -> dict[str, Any]:
        with self.core.spaces.use(channel) as namespace:
            return namespace.stats()

    def audited(self, channel: str | None) -> dict[str, Any]:
        with self.core.store.read() as view:
            names = [row["name"] for row in view.channels() if channel in (None, row["name"])]
            rows = (memory for name in names for seq in view.seqs(name) if (memory := view.get(seq)) is not None)
            return audit(rows, self.core.clock()).as_dict()

    def export(self, path: Path, channel: str | None, progress: Callable[[int], None] | None) -> int:
        return portable.export_file(self.core, path, channel, progress)

    def import_(self, path: Path, channel: str | None, progress: Callable[[int], None] | None) -> dict[str, Any]:
        return portable.import_file(self.core, path, channel, progress)

    def rebuild(self, channel: str | None, progress: Callable[[int, int], None] | None) -> dict[str, Any]:
        """Build the indices of one channel or of all anew from the store."""
        with self.core.store.read() as view:
            names = [row["name"] for row in view.channels() if channel in (None, row["name"])]
        rows = 0
        for name in names:
            with self.core.spaces.use(name) as namespace:
                rows += namespace.rebuild(progress)
        return {"channels": len(names), "memories": rows}

    def use_knowledge(self, path: Path) -> dict[str, Any]:
        """Mount another knowledge set."""
        new = KnowledgeSet(path, self.core.embedder.fingerprint, self.core.embedder.dimension, self.core.extractor)
        self.mounted.mount(new)
        return new.facts()

    def close(self) -> None:
        """Stop the maintainer, finish what was accepted, save, close."""
        self.maintainer.stop()
        try:
            self.core.close()
        finally:
            self.mounted.mount(None)


def open_parts(
    path: Path | str | None,
    embedder: Embedder | None,
    summariser: Summariser | None,
    knowledge_path: Path | str | None,
    config: MemoryConfig,
    clock: Callable[[], float],
    *,
    read_only: bool,
    settings: Settings,
) -> Parts:
    """Open everything; what cannot be opened raises, what is merely missing is noted. See `NeuralMemorySystem`."""
    notes: list[str] = []
    encoder = CachedEmbedder(embedder or OnnxEmbedder.open(), redis_url=settings.redis_url)
    extractor = _extractor(config, notes)
    core = Core(
        Path(path) if path is not None else settings.home / "memory", encoder, extractor, config, clock, read_only=read_only
    )
    mounted = Knowledge()
    parts = Parts(
        core,
        Searcher(core, mounted),
        Maintainer(core, Narrator(core, summariser or ExtractiveSummariser(encoder))),
        mounted,
        notes,
    )
    try:
        _mount(parts, None if knowledge_path is None else Path(knowledge_path), settings)
        if config.maintenance and not read_only:
            parts.maintainer.start()
    except BaseException:
        parts.close()
        raise
    return parts


def _extractor(config: MemoryConfig, notes: list[str]) -> Extractor | None:
    if not config.extract:
        return None
    try:
        return Extractor(EntityRecogniser.open())
    except NotReady as error:
        notes.append(f"entities are found by rules alone: {error.message}")
        _log.warning("%s", notes[-1])
        return Extractor(EntityRecogniser())


def _mount(parts: Parts, path: Path | None, settings: Settings) -> None:
    """A set that was asked for must open; one that merely lies about may be of another encoder: then it is noted."""
    found = knowledge.find(path, settings.home)
    if found is None:
        return
    try:
        parts.use_knowledge(found)
    except HikariError as error:
        if path is not None:
            raise
        parts.notes.append(f"no knowledge set: {error.message}")
        _log.warning("%s", parts.notes[-1])


def _cache(embedder: Embedder) -> dict[str, Any] | None:
    statistics = getattr(embedder, "statistics", None)
    return cast("dict[str, Any]", statistics()) if callable(statistics) else None
