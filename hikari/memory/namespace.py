"""One channel's derived state: its vector index, its lexical index and its knowledge graph.

Nothing here is the truth: each part knows the last change of the store that it has seen, and catches up or is rebuilt from the store
when it is opened. Channels share nothing.
"""

import itertools
import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hikari.errors import BadIndex, BadInput, HikariError, NotReady
from hikari.memory.episodes import Episode
from hikari.memory.extraction import Extraction
from hikari.memory.faiss_index import FaissIndex
from hikari.memory.graph import KnowledgeGraph
from hikari.memory.keys import of_name
from hikari.memory.lexical import LexicalIndex
from hikari.memory.records import Memory, with_caption
from hikari.memory.rows import View
from hikari.memory.store import Store
from hikari.memory.stored_graph import load_graph, save_graph
from hikari.memory.turns import TOLD, Turns

CHUNK = 5_000
"""Rows read, decoded and indexed at once while an index is rebuilt."""
MAX_HEARD_AGAIN = 5_000
"""Turns that are heard again at most when a channel is opened after a crash."""
Extract = Callable[[Sequence[Memory]], list[Extraction]]
Progress = Callable[[int, int], None]

_log = logging.getLogger(__name__)


@dataclass
class Applied:
    """What one committed write means for the indices."""

    channel: str
    added: list[tuple[Memory, NDArray[np.float32], Extraction | None]] = field(default_factory=list[Any])
    removed: list[int] = field(default_factory=list[int])
    used: list[int] = field(default_factory=list[int])
    """Rows that were used or rated anew, whether or not the indices must know: they may be due for long-term memory."""
    change: int = 0
    result: Any = None


def index_text(memory: Memory) -> str:
    """What the lexical index reads of a memory. Not who said it: a query's names become a bonus for their rows instead."""
    return with_caption(memory)


class Namespace:
    """The indices of one channel; searched by many threads, changed by the writer alone."""

    def __init__(
        self,
        channel: str,
        store: Store,
        folder: Path,
        fingerprint: str,
        dimension: int,
        extract: Extract | None,
        *,
        episodes: bool = False,
    ) -> None:
        self.channel = channel
        self.folder = folder / of_name(channel).hex()
        self._store = store
        self._fingerprint, self._dimension = fingerprint, dimension
        self._extract = extract
        self._saving = threading.Lock()
        self._changing = threading.RLock()
        """Held while a write is taken in and while the indices are built anew: neither may overlook the other."""
        self.rebuilt: list[str] = []
        """Why indices were built anew when this was opened; empty when they were found and sound."""
        self.vectors = self._open_vectors()
        self.lexical = self._open_lexical()
        self.graph = KnowledgeGraph()
        self.turns = Turns() if episodes else None
        self._graph_change = self._episode_change = 0
        self._graph_anew = False
        """Whether the stored graph is of before a rebuild, so that saving replaces all of it."""
        self.saved_change = self.vectors.change
        """The store's last change that the saved vector index has seen."""
        with store.read() as view:
            self._open_graph(view)
            self._open_episodes(view)
            if self.turns is not None:
                self.turns.told(int(view.value("state", channel, TOLD) or 0))
            self.catch_up(view)

    def apply(self, applied: Applied) -> None:
        """Take in a committed write; what is stored is found from here on. One that was caught up with is not taken twice."""
        with self._changing:
            if applied.change > self._graph_change:
                self._apply(applied)

    def _apply(self, applied: Applied) -> None:
        if applied.removed:
            gone = np.array(applied.removed, np.int64)
            self.vectors.remove(gone)
            self.lexical.remove(gone)
            self.graph.remove(applied.removed)
            rewritten = {memory.seq for memory, _, _ in applied.added}
            self._discard_turns([seq for seq in applied.removed if seq not in rewritten])
        if applied.added:
            seqs = np.array([memory.seq for memory, _, _ in applied.added], np.int64)
            self.vectors.add(seqs, np.stack([vector for _, vector, _ in applied.added]))
            self.lexical.add(seqs, [index_text(memory) for memory, _, _ in applied.added])
            for memory, vector, found in applied.added:
                if found is not None:
                    self._observe(memory, found)
                self._hear(memory, vector)
        self._seen(applied.change)

    def catch_up(self, view: View, progress: Progress | None = None) -> None:
        """Bring every part up to the store's last change, by replaying the log or, where that is gone, from the rows."""
        with self._changing:
            self._catch_up(view, progress)

    def refresh(self, view: View) -> None:
        """Take in what another process wrote since."""
        row = view.channel(self.channel)
        if row is not None and row["change"] > self._graph_change:
            self.catch_up(view)

    def _catch_up(self, view: View, progress: Progress | None) -> None:
        row = view.channel(self.channel) or {"change": 0, "counts": {}}
        for part in ("vectors", "lexical", "graph", "episodes"):
            known = self._change_of(part)
            # An index that is ahead is of another store, or the store was taken back to an older state.
            changes = view.changes(self.channel, known) if known <= row["change"] else None
            if part == "episodes" and (changes is None or len(changes) > MAX_HEARD_AGAIN):
                if self.turns is not None and known > row["change"]:
                    self.turns, self._episode_change = Turns(), 0
                continue  # too long ago: the next episode begins now
            if changes is None or (part != "episodes" and (known == 0 and sum(row["counts"].values()) >= len(changes) > 0)):
                self._rebuild(part, view, progress)
            elif changes:
                self._replay(part, view, sorted({seq for _, _, seq in changes}))
        self._seen(int(row["change"]))

    def unsaved(self) -> int:
        """Changes since the vector index was saved."""
        return self.vectors.change - self.saved_change

    def save(self) -> int:
        """Save what is worth saving; returns the change from which on a crash would replay the log."""
        with self._saving:
            change = self.vectors.change
            self.lexical.flush()
            if self.unsaved() or not (self.folder / "vectors").exists():
                self.vectors.save(self.folder / "vectors")
            self._save_graph()
            self._save_episodes()
            self.saved_change = change
            return change

    def close(self) -> None:
        self.save()
        self.lexical.close()

    def discard(self) -> None:
        """Let go without saving; what is not on disk yet is replayed from the store."""
        try:
            self.lexical.close()
        except (HikariError, OSError) as error:
            _log.warning("a lexical index could not be closed in order: %s", type(error).__name__)

    def closed_episodes(self, now: float | None = None) -> list[Episode]:
        """Episodes that have ended and are not summed up yet; with `now`, one that fell silent ends first."""
        return [] if self.turns is None else self.turns.closed(now)

    def end_episode(self) -> None:
        """End the open episode here."""
        if self.turns is not None:
            self.turns.end()

    def summed_up(self, episode: Episode) -> None:
        """The episode's summary is stored."""
        if self.turns is not None:
            self.turns.summed_up(episode)

    def purge(self) -> None:
        """Rewrite the indices' files without what was removed: until then it could be read there."""
        with self._saving:
            self.lexical.purge()
            self.vectors.save(self.folder / "vectors")
            self.saved_change = self.vectors.change
            self._save_graph()
            self._save_episodes()

    def memories_about(self, text: str, names: Sequence[str], limit: int) -> dict[int, float]:
        """Rows that the entities in a query lead to within two hops, with their closeness in 0..1; the closest `limit`."""
        found = self.graph.memories_for([*names, *self.graph.mentioned(text)])
        return dict(itertools.islice(found.items(), limit))

    def related(self, name: str, hops: int, limit: int) -> list[dict[str, Any]]:
        """See `KnowledgeGraph.related`."""
        return self.graph.related(name, hops, limit)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build every index anew from the store; returns how many rows there are."""
        with self._changing:
            with self._store.read() as view:
                for part in ("vectors", "lexical", "graph"):
                    self._rebuild(part, view, progress if part == "vectors" else None)
                row = view.channel(self.channel)
                self._seen(int(row["change"]) if row else 0)
            self.save()
        return sum(row["counts"].values()) if row else 0

    def stats(self) -> dict[str, Any]:
        """Sizes and kinds."""
        return {
            "vectors": self.vectors.describe(),
            "lexical": len(self.lexical),
            "entities": len(self.graph),
            "relations": self.graph.edges,
            "unsaved": self.unsaved(),
            "rebuilt": self.rebuilt,
        }

    def memory_bytes(self) -> int:
        """Bytes of the vector index."""
        return self.vectors.memory_bytes()

    def _observe(self, memory: Memory, found: Extraction) -> None:
        self.graph.observe(memory.seq, memory.timestamp, found.entities, found.relations, memory.user)

    def _hear(self, memory: Memory, vector: NDArray[np.float32]) -> None:
        if self.turns is not None:
            self.turns.hear(memory, vector)

    def _discard_turns(self, seqs: Sequence[int]) -> None:
        if self.turns is not None:
            self.turns.discard(seqs)

    def _change_of(self, part: str) -> int:
        known = {"vectors": self.vectors.change, "lexical": self.lexical.change, "graph": self._graph_change}
        return known.get(part, self._episode_change)

    def _seen(self, change: int) -> None:
        self.vectors.change = max(self.vectors.change, change)
        self.lexical.change = max(self.lexical.change, change)
        self._graph_change = max(self._graph_change, change)
        self._episode_change = max(self._episode_change, change)

    def _replay(self, part: str, view: View, seqs: Sequence[int]) -> None:
        for start in range(0, len(seqs), CHUNK):
            piece = seqs[start : start + CHUNK]
            rows = view.get_many(piece)
            gone = [seq for seq in piece if seq not in rows]
            self._feed(part, view, list(rows.values()), gone)

    def _rebuild(self, part: str, view: View, progress: Progress | None) -> None:
        row = view.channel(self.channel)
        total = sum(row["counts"].values()) if row else 0
        if part == "vectors":
            self.saved_change = 0
            if len(self.vectors) or self.vectors.change:
                self.vectors = FaissIndex(self._dimension, self._fingerprint)
        elif part == "lexical" and (len(self.lexical) or self.lexical.change):
            self.discard()
            shutil.rmtree(self.folder / "lexical", ignore_errors=True)
            self.lexical = LexicalIndex(self.folder / "lexical")
        elif part == "graph":
            self.graph, self._graph_anew, self._graph_change = KnowledgeGraph(), True, 0
            if self._extract is None:
                return
        done = 0
        for piece in _pieces(view.seqs(self.channel), CHUNK):
            rows = view.get_many(piece)
            self._feed(part, view, list(rows.values()), [])
            done += len(rows)
            if progress is not None:
                progress(done, total)
        if part == "vectors" and self.vectors.needs_retraining:
            self.vectors.retrain()

    def _feed(self, part: str, view: View, rows: Sequence[Memory], gone: Sequence[int]) -> None:
        removed = np.array(gone, np.int64)
        seqs = np.array([memory.seq for memory in rows], np.int64)
        if part == "vectors":
            self.vectors.remove(removed)
            if rows:
                self.vectors.add(seqs, view.vectors(seqs.tolist(), self._dimension))
        elif part == "lexical":
            self.lexical.remove(removed)
            if rows:
                self.lexical.add(seqs, [index_text(memory) for memory in rows])
        elif part == "episodes":
            self._discard_turns(gone)
            for memory, vector in zip(rows, view.vectors(seqs.tolist(), self._dimension), strict=True):
                self._hear(memory, vector)
        else:
            self.graph.remove(list(gone))
            if self._extract is not None and rows:
                self.graph.remove([memory.seq for memory in rows])
                for memory, found in zip(rows, self._extract(rows), strict=True):
                    self._observe(memory, found)

    def _open_vectors(self) -> FaissIndex:
        try:
            index = FaissIndex.open(self.folder / "vectors", self._fingerprint)
        except NotReady:
            return FaissIndex(self._dimension, self._fingerprint)
        except BadIndex as error:
            self._report("vector", error)
            shutil.rmtree(self.folder / "vectors", ignore_errors=True)
            return FaissIndex(self._dimension, self._fingerprint)
        return index

    def _open_lexical(self) -> LexicalIndex:
        try:
            return LexicalIndex(self.folder / "lexical")
        except BadIndex as error:
            self._report("lexical", error)
            shutil.rmtree(self.folder / "lexical", ignore_errors=True)
            return LexicalIndex(self.folder / "lexical")

    def _report(self, kind: str, error: BadIndex) -> None:
        self.rebuilt.append(f"{kind}: {error.message}")
        _log.warning("the %s index of a channel is rebuilt from the store: %s", kind, error.message)

    def _open_graph(self, view: View) -> None:
        if self._extract is None:
            return
        try:
            self._graph_change = load_graph(view, self.channel, self.graph)
        except BadInput as error:
            self.rebuilt.append(f"graph: {error.message}")

    def _save_graph(self) -> None:
        if self._extract is not None and not self._store.read_only:
            save_graph(self._store, self.channel, self.graph, self._graph_change, anew=self._graph_anew)
            self._graph_anew = False

    def _open_episodes(self, view: View) -> None:
        kept = None if self.turns is None else view.value("state", self.channel, "episodes")
        if self.turns is not None and kept is not None:
            try:
                self.turns.load(kept, self._dimension)
                self._episode_change = int(kept["change"])
            except (BadInput, KeyError, TypeError) as error:
                _log.warning("the open episode of a channel is lost: %s", type(error).__name__)
                self._episode_change = int((view.channel(self.channel) or {"change": 0})["change"])
            return
        row = view.channel(self.channel)
        counted = sum(row["counts"].values()) if row else 0
        # A channel with a past but no open episode: what was said long ago is not cut up now.
        self._episode_change = int(row["change"]) if row and counted > MAX_HEARD_AGAIN else 0

    def _save_episodes(self) -> None:
        if self.turns is None or self._store.read_only:
            return
        # The change first: what comes meanwhile is heard again, and known by its row number.
        state = {"change": self._episode_change, **self.turns.state()}
        self._store.write(lambda edit: edit.set_value("state", self.channel, "episodes", state))


def _pieces(seqs: Iterator[int], size: int) -> Iterator[list[int]]:
    piece: list[int] = []
    for seq in seqs:
        piece.append(seq)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece
