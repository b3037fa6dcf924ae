"""The memory of one process, synchronous and thread-safe: store, indices and the way of every write.

`system.NeuralMemorySystem` is the public, asynchronous face of it. Lock order: a namespace is opened before the store's writer is
asked, never the other way round.
"""

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hikari.errors import HikariError, NotFound, StoreBusy
from hikari.memory import encoder_change, keys, truth
from hikari.memory.config import MemoryConfig
from hikari.memory.embedder import Embedder
from hikari.memory.extraction import Extractor
from hikari.memory.gates import Gates
from hikari.memory.hygiene import WritePolicy
from hikari.memory.ingest import Answer, Ingest
from hikari.memory.namespace import Applied, Namespace
from hikari.memory.records import Memory, with_changes
from hikari.memory.redaction import redact
from hikari.memory.retention import is_expired
from hikari.memory.rows import Edit
from hikari.memory.spaces import Spaces
from hikari.memory.store import Store
from hikari.memory.turns import TOLD
from hikari.memory.uses import Uses
from hikari.memory.writer import Writer

INDICES = "indices"
PREPARE_TOGETHER = 256
"""Rows of a batch that are embedded and committed together: a long import acknowledges as it goes."""

_log = logging.getLogger(__name__)


class Core:
    """Store, writer, namespaces and uses of one memory folder."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        extractor: Extractor | None,
        config: MemoryConfig,
        clock: Callable[[], float],
        *,
        read_only: bool = False,
        salt: str | None = None,
    ) -> None:
        """Open the folder. Raises `StoreBusy`, `BadStore`, `StoreFull`, `NotReady`."""
        self.folder, self.config, self.clock, self.embedder, self.extractor = folder, config, clock, embedder, extractor
        self.store = Store(folder, read_only=read_only)
        self.uses = Uses()
        strict = config.hygiene
        self.gates = Gates(
            self.store, WritePolicy(bots=strict, commands=strict, echoes=strict, recalled=strict, copypasta=strict)
        )
        self._ingest = Ingest(embedder, extractor, self.gates, config, clock)
        self._scratch: Path | None = None
        try:
            if read_only:
                encoder_change.check(self.store, embedder)
                # The indices' files belong to the process that writes: this one works on copies.
                self._scratch = Path(tempfile.mkdtemp(prefix="hikari-memory-"))
            else:
                self._prepare_salt(salt)
                encoder_change.take_up(self.store, embedder)
            self.spaces = Spaces(self._namespace, config.open_channels, save=not read_only)
            self.writer = None if read_only else Writer(self.store)
        except BaseException:
            self.store.close()
            self._clean()
            raise

    def _prepare_salt(self, salt: str | None) -> None:
        with self.store.read() as view:
            known = view.meta("salt")
        if known is None:
            # Makes ids of different stores differ, so that an export of one can be imported into another.
            value = os.urandom(8).hex() if salt is None else salt
            self.store.write(lambda edit: edit.set_meta("salt", value))

    def _namespace(self, channel: str) -> Namespace:
        indices = self.folder / INDICES
        if self._scratch is not None:
            name = keys.of_name(channel).hex()
            _link(indices / name, self._scratch / name)
            indices = self._scratch
        return Namespace(
            channel, self.store, indices, self.embedder.fingerprint, self.embedder.dimension, self.extractor,
            episodes=self.config.episodes,
        )  # fmt: skip

    def submit(self, work: Callable[[Edit], tuple[Any, list[Applied]]]) -> "Future[Any]":
        """Queue an edit that gives a result and what the indices must take in; the future gives the result when both are done."""
        if self.writer is None:
            raise StoreBusy("this memory is open for reading only")
        return self.writer.submit(work, self._take_in)

    def _take_in(self, outcome: tuple[Any, list[Applied]]) -> Any:
        result, applied = outcome
        for change in applied:
            try:
                with self.spaces.use(change.channel) as namespace:
                    namespace.apply(change)
            except Exception as error:  # noqa: BLE001 - whatever an index has, the write is on disk and is acknowledged
                # The namespace is opened anew and catches up from the store.
                reason = error.message if isinstance(error, HikariError) else type(error).__name__
                _log.warning("an index could not take in a write and is opened anew: %s", reason)
                self.spaces.drop(change.channel)
            self.uses.due(change.used)
        return result

    def store_rows(self, rows: Sequence[Any], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """Store rows; an answer for each, in order. Every row whose id is given back is on disk."""
        answers: list[Answer] = []
        waiting: list[Future[Any]] = []
        for start in range(0, len(rows), PREPARE_TOGETHER):
            prepared = self._ingest.prepare(rows[start : start + PREPARE_TOGETHER])
            waiting.append(self.submit(lambda edit, prepared=prepared: self._ingest.write(edit, prepared)))
            # One piece is embedded while the one before is written.
            while len(waiting) > 1:
                answers += _answers(waiting.pop(0), len(answers), PREPARE_TOGETHER)
                if progress is not None:
                    progress(len(answers))
        for future in waiting:
            answers += _answers(future, len(answers), len(rows) - len(answers))
        if progress is not None:
            progress(len(answers))
        return answers

    def store_summary(self, memory: Memory, through: int | None = None) -> Answer:
        """Store what the engine itself summed up; its members and source go with it. `through` is the last row of its episode, when
        it is one that is not to be summed up again."""
        prepared = self._ingest.prepare_own(memory)

        def work(edit: Edit) -> tuple[list[Answer], list[Applied]]:
            if through is not None:
                told = int(edit.value("state", memory.channel, TOLD) or 0)
                edit.set_value("state", memory.channel, TOLD, max(told, through))
            return self._ingest.write(edit, [prepared])

        answers: list[Answer] = self.submit(work).result()
        return answers[0]

    def get(self, channel: str, identifier: str) -> Memory:
        """The memory with this id. Raises `NotFound`."""
        with self.store.read() as view:
            found = view.find(channel, identifier)
        if found is None or is_expired(found.expires_at, self.clock()):
            raise NotFound("there is no memory with this id in the channel", field="id")
        return found

    def update(self, channel: str, identifier: str, changes: dict[str, Any]) -> Memory:
        """Change a memory in place. Raises `NotFound`, `BadInput`."""
        if self.config.redact and isinstance(changes.get("content"), str):
            changes = {**changes, "content": redact(changes["content"])[0]}
        changed = with_changes(self.get(channel, identifier), changes, self.clock())
        claims = "content" in changes or "metadata" in changes
        vector = found = None
        if "content" in changes:
            vectors, extractions = self._ingest.read([changed])
            vector, found = vectors[0], extractions[0]
        elif claims and self.extractor is not None:
            found = self.extractor([changed])[0]

        def work(edit: Edit) -> tuple[Memory, list[Applied]]:
            current = edit.find(channel, identifier)
            if current is None:
                raise NotFound("there is no memory with this id in the channel", field="id")
            if claims:
                truth.forget(edit, current)
                current = edit.get(current.seq) or current
            new = with_changes(current, changes, self.clock())
            if claims:
                # What it said before may have been superseded; what it says now is looked at afresh.
                new = replace(new, superseded_by=None, superseded_at=None)
            edit.replace(current, new, (keys.of_content(current.content), keys.of_content(new.content)), vector)
            if found is not None:
                new = truth.observe(edit, new, found.relations)
            row = edit.channel(channel)
            applied = Applied(channel, used=[current.seq], change=int(row["change"]) if row else 0)
            if vector is not None:
                # Out and in again: the graph counts what the text says now.
                applied.added, applied.removed = [(new, vector, found)], [current.seq]
            return new, [applied]

        return self.submit(work).result()

    def delete(self, memories: Sequence[Memory]) -> int:
        """Delete memories for good; what one of them had superseded is current again."""

        def work(edit: Edit) -> tuple[int, list[Applied]]:
            return remove_rows(edit, memories)

        return self.submit(work).result() if memories else 0

    def forget_texts(self, texts: Sequence[str]) -> None:
        """Drop what caches know of these texts."""
        forget = getattr(self.embedder, "forget", None)
        if forget is not None:
            forget(texts)

    def flush_uses(self) -> set[int]:
        """Write what was used lately; returns the rows."""
        taken = self.uses.drain()
        if not taken or self.writer is None:
            return set()

        def work(edit: Edit) -> tuple[set[int], list[Applied]]:
            for seq, times in taken.items():
                if edit.get(seq) is not None:
                    for time in times:
                        edit.touch(seq, time)
            return set(taken), []

        try:
            written: set[int] = self.submit(work).result()
        except HikariError:
            self.uses.give_back(taken)
            raise
        self.uses.due(written)
        return written

    def set_tier(self, memory: Memory, tier: str) -> Memory:
        """The memory in another tier; a type that names the old tier goes along."""
        kind = tier if memory.memory_type == memory.tier else memory.memory_type
        return replace(memory, tier=tier, memory_type=kind)

    def close(self) -> None:
        """Finish what was accepted, save the indices, close the store."""
        with contextlib.ExitStack() as steps:
            # Each step is taken, whatever becomes of the one before.
            steps.callback(self._clean)
            steps.callback(self.store.close)
            steps.callback(self._ingest.close)
            steps.callback(self.spaces.close)
            if self.writer is not None:
                steps.callback(self.writer.close)
                steps.callback(self.gates.save)
                steps.callback(self.flush_uses)

    def _clean(self) -> None:
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _answers(future: "Future[list[Answer]]", before: int, count: int) -> list[Answer]:
    """The answers of one piece. A piece that cannot be written takes nothing from those before it: its rows get the error."""
    try:
        return future.result()
    except HikariError as error:
        if not before:
            raise
        return [error] * count


def _link(source: Path, target: Path) -> None:
    """Take over an index's files, which are never changed in place; one that changes meanwhile is noticed and built anew."""

    def link(one: str, other: str) -> None:
        try:
            os.link(one, other)
        except OSError:
            shutil.copyfile(one, other)

    try:
        shutil.copytree(
            source, target, copy_function=link, ignore=shutil.ignore_patterns(".tantivy-*.lock", ".*.previous", ".*.new.*")
        )
    except (OSError, shutil.Error):
        shutil.rmtree(target, ignore_errors=True)


def remove_rows(edit: Edit, memories: Sequence[Memory]) -> tuple[int, list[Applied]]:
    """Inside a transaction: delete rows with the facts that came from them; returns how many and what the indices must take in."""
    applied: dict[str, Applied] = {}
    removed = 0
    for memory in memories:
        current = edit.get(memory.seq)
        if current is None:
            continue
        truth.forget(edit, current)
        edit.remove(edit.get(memory.seq) or current, keys.of_content(current.content))
        applied.setdefault(memory.channel, Applied(memory.channel)).removed.append(memory.seq)
        removed += 1
    for channel, change in applied.items():
        row = edit.channel(channel)
        change.change = int(row["change"]) if row else 0
    return removed, list(applied.values())
