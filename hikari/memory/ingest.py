"""The way of a row into the store: checked, kept out or cleaned by policy, embedded, read for facts, then written in one transaction.

Nothing on it calls a language model or the network.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from hikari.errors import BadInput, HikariError, Refused
from hikari.memory import keys, truth
from hikari.memory.config import MemoryConfig
from hikari.memory.embedder import Embedder
from hikari.memory.extraction import Extraction, Extractor
from hikari.memory.gates import Gates
from hikari.memory.namespace import Applied
from hikari.memory.records import Memory, NewMemory, new_memory, tier_of, with_caption
from hikari.memory.redaction import redact
from hikari.memory.rows import Edit

Answer = str | HikariError
"""The id under which a row is stored, or why it is not."""
_VOLATILE = frozenset({"timestamp", "session"})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row that is ready to be written."""

    memory: Memory
    given_id: bool
    vector: NDArray[np.float32]
    content_hash: bytes
    extraction: Extraction | None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A row that only repeats a stored memory: no new one, but a use of that, and found under the id it came with as well."""

    channel: str
    id: str
    timestamp: float
    alias: str | None = None


Row = Prepared | Repeated | HikariError


class Ingest:
    """Prepares rows outside the transaction and writes them inside it."""

    def __init__(
        self, embedder: Embedder, extractor: Extractor | None, gates: Gates, config: MemoryConfig, clock: Callable[[], float]
    ) -> None:
        self._embedder, self._extractor, self._gates = embedder, extractor, gates
        self._config, self._clock = config, clock
        # One thread: the recogniser reads one text at a time anyway. It is started by the first row.
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="hikari-memory-extract")

    def close(self) -> None:
        """End the thread; what is prepared afterwards is prepared in the caller's."""
        self._beside.shutdown()

    def prepare(self, rows: Sequence[Any]) -> list[Row]:
        """Check, clean and embed rows; one result for each, in order. A bad row is its error and harms no other."""
        now = self._clock()
        results: list[Row | Memory] = [self._accept(row, now) for row in rows]
        kept = [(position, row) for position, row in enumerate(results) if isinstance(row, Memory)]
        memories = [memory for _, memory in kept]
        vectors, found = self.read(memories)
        for (position, memory), vector, extraction in zip(kept, vectors, found, strict=True):
            results[position] = Prepared(memory, bool(memory.id), vector, keys.of_content(memory.content), extraction)
        return [row for row in results if not isinstance(row, Memory)]

    def prepare_own(self, memory: Memory) -> Prepared:
        """A memory of the engine's own making, ready to be written; policy has nothing to say about it."""
        stamped = replace(memory, stored_at=self._clock())
        vectors, found = self.read([stamped])
        return Prepared(stamped, True, vectors[0], keys.of_content(stamped.content), found[0])

    def read(self, memories: Sequence[Memory]) -> tuple[NDArray[np.float32], Sequence[Extraction | None]]:
        """The vector of each memory and what it says; whatever the embedder or the extractor raises."""
        if not memories:
            return np.zeros((0, 1), np.float32), []
        texts = [embed_text(memory) for memory in memories]
        if self._extractor is None:
            return self._embedder.embed(texts), [None] * len(memories)
        # The encoder lets go of the interpreter while it reckons; the extractor does its work meanwhile.
        job: Future[list[Extraction]] | None = None
        with contextlib.suppress(RuntimeError):  # closed: then one after the other
            job = self._beside.submit(self._extractor, memories)
        try:
            vectors = self._embedder.embed(texts)
        except BaseException:
            if job is not None:
                job.cancel()
            raise
        # A thread that has not come to it yet is busy with another batch: nobody waits for that.
        return vectors, self._extractor(memories) if job is None or job.cancel() else job.result()

    def write(self, edit: Edit, rows: Sequence[Row]) -> tuple[list[Answer], list[Applied]]:
        """Write the prepared rows; gives an answer for each and what the indices of each channel must take in."""
        answers: list[Answer] = []
        applied: dict[str, Applied] = {}
        salt = str(edit.meta("salt", ""))
        for row in rows:
            if isinstance(row, HikariError):
                answers.append(row)
                continue
            if isinstance(row, Repeated):
                answers.append(_use_again(edit, row, applied))
                continue
            try:
                answers.append(self._write_one(edit, row, applied, salt))
            except HikariError as error:
                answers.append(error)
        for channel, change in applied.items():
            known = edit.channel(channel)
            change.change = int(known["change"]) if known else 0
        return answers, list(applied.values())

    def _write_one(self, edit: Edit, row: Prepared, applied: dict[str, Applied], salt: str) -> str:
        memory = row.memory
        if row.given_id:
            there = edit.find(memory.channel, memory.id)
            if there is not None:
                if there.content == memory.content:
                    return memory.id  # delivered twice: it is stored, once
                raise BadInput("another memory with this id exists in the channel", field="id")
        else:
            twin = self._twin(edit, row) if self._config.merge_duplicates else None
            if twin is not None:
                self._merge(edit, twin, memory, row.content_hash)
                applied.setdefault(memory.channel, Applied(memory.channel)).used.append(twin.seq)
                return twin.id
            number = int(edit.meta("next_seq", 1))
            memory = replace(memory, id=keys.of_name(f"{salt}/{number}", 10).hex())
        stored = edit.add(memory, row.vector, row.content_hash)
        if row.extraction is not None:
            stored = truth.observe(edit, stored, row.extraction.relations)
        applied.setdefault(memory.channel, Applied(memory.channel)).added.append((stored, row.vector, row.extraction))
        return stored.id

    def _twin(self, edit: Edit, row: Prepared) -> Memory | None:
        """A stored memory that says exactly the same of the same viewer."""
        memory = row.memory
        for seq in edit.same_content(memory.channel, row.content_hash):
            other = edit.get(seq)
            if other is not None and (other.user, other.memory_type, other.source) == (
                memory.user,
                memory.memory_type,
                memory.source,
            ):
                same = _lasting(other.metadata) == _lasting(memory.metadata) and other.expires_at == memory.expires_at
                if same and other.superseded_by is None:
                    return other
        return None

    def _merge(self, edit: Edit, twin: Memory, memory: Memory, content: bytes) -> None:
        edit.touch(twin.seq, memory.timestamp)
        if memory.importance > twin.importance or (memory.pinned and not twin.pinned):
            better = replace(twin, importance=max(twin.importance, memory.importance), pinned=twin.pinned or memory.pinned)
            edit.replace(twin, better, (content, content))

    def _accept(self, row: Any, now: float) -> Memory | Repeated | HikariError:
        try:
            if not isinstance(row, Mapping):
                raise BadInput("every memory must be an object", field="memories")
            return self._clean(new_memory(cast("Mapping[str, Any]", row), now))
        except HikariError as error:
            return error

    def _clean(self, new: NewMemory) -> Memory | Repeated:
        content = new.content
        repeats = self._gates.check(new)
        if repeats is not None:
            return Repeated(new.channel, repeats, new.timestamp, new.id)
        if self._config.redact:
            content, _ = redact(content)
        return Memory(
            seq=0, id=new.id or "", channel=new.channel, content=content, memory_type=new.memory_type, tier=tier_of(new.memory_type),
            metadata=new.metadata, importance=new.importance, user=new.user, session=new.session, timestamp=new.timestamp,
            stored_at=self._clock(), pinned=new.pinned, expires_at=new.expires_at, source=new.source,
        )  # fmt: skip


def _use_again(edit: Edit, row: Repeated, applied: dict[str, Applied]) -> Answer:
    there = edit.find(row.channel, row.id)
    if there is None:
        return Refused("kept out as a repetition of a memory that was deleted meanwhile", field="content")
    if row.alias is not None:
        known = edit.find(row.channel, row.alias)
        if known is not None:
            return (
                row.alias if known.seq == there.seq else BadInput("another memory with this id exists in the channel", field="id")
            )
        edit.add_alias(there, row.alias)
    edit.touch(there.seq, row.timestamp)
    applied.setdefault(row.channel, Applied(row.channel)).used.append(there.seq)
    return there.id


def embed_text(memory: Memory) -> str:
    """What the encoder reads of a memory: its words, and the caption of a picture that came with them."""
    return with_caption(memory)


def as_answers(answers: Sequence[Answer], rows: Sequence[Any]) -> list[str | dict[str, Any]]:
    """Answers as callers see them: the id, or `{"id", "error": {"code", "message"}}`."""
    shaped: list[str | dict[str, Any]] = []
    for answer, row in zip(answers, rows, strict=True):
        identifier = cast("Mapping[str, Any]", row).get("id") if isinstance(row, Mapping) else None
        shaped.append(answer if isinstance(answer, str) else {"id": identifier, "error": answer.as_dict()})
    return shaped


def _lasting(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key not in _VOLATILE}
