# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# Rows come from files and from callers as plain JSON: their types are what is checked here.
"""Forgetting a viewer: out of the store, the indices, the graph, the facts, the summaries and the caches, and proof of it.

LMDB and the indices keep deleted rows readable in their files until these are rewritten, so both are rewritten before the answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from hikari.errors import BadInput
from hikari.memory import keys, truth
from hikari.memory.core import Core
from hikari.memory.ingest import embed_text
from hikari.memory.namespace import Applied
from hikari.memory.records import Memory, unpack
from hikari.memory.rows import VIEWER, Edit, View
from hikari.memory.stored_graph import drop_graph

REMOVED = "[removed]"
MENTION_LENGTH = 4
"""A shorter name is removed from the words of others only as an @mention: it may be an ordinary word."""
MIN_NEEDLE = 4
ROWS_A_WRITE = 500


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a scan found something; never what."""

    place: str
    count: int


def forget_user(core: Core, user: str, channel: str | None = None) -> dict[str, Any]:
    """Remove a viewer from one channel or from all; returns what was removed, by kind.

    Memories of the viewer and summaries that drew on them are deleted; the words of others stay, with the viewer's name replaced.
    """
    with core.store.read() as view:
        channels = [row["name"] for row in view.channels() if channel in (None, row["name"])]
    user = user.strip().lstrip("@") or user
    core.flush_uses()
    report: dict[str, Any] = {"user": user, "memories": 0, "summaries": 0, "mentions": 0, "facts": 0, "entities": 0}
    texts: list[str] = []
    for name in channels:
        with core.store.read() as view:
            rows, summaries, mentions = _affected(view, name, user)
        texts += [embed_text(memory) for memory in (*rows, *summaries, *mentions)]
        doomed = (*rows, *summaries)
        for start in range(0, len(doomed), ROWS_A_WRITE):
            core.delete(doomed[start : start + ROWS_A_WRITE])
        for start in range(0, len(mentions), ROWS_A_WRITE):
            _rewrite(core, name, user, mentions[start : start + ROWS_A_WRITE])
        report["facts"] += core.submit(lambda edit, name=name: (truth.forget_subject(edit, name, user), [])).result()
        core.submit(lambda edit, name=name: (edit.set_value("state", name, f"{VIEWER}{user.casefold()}", None), [])).result()
        report["memories"] += len(rows)
        report["summaries"] += len(summaries)
        report["mentions"] += len(mentions)
        with core.spaces.use(name) as namespace:
            report["entities"] += int(namespace.graph.remove_entity(user))
            if core.extractor is None:
                # Of a time when entities were extracted; nothing here could take one name out of it.
                drop_graph(core.store, namespace.channel)
            core.gates.forget(name, texts, user)
            namespace.purge()
    core.forget_texts(texts)
    core.store.compact()
    return report


def scan(core: Core, needle: str) -> list[Trace]:
    """Where `needle` (any case) can still be read: every key and decompressed value of the store, and the files of the indices.

    A test of forgetting runs it before as well, to show that it finds what it looks for. Raises `BadInput` for a needle so short
    that random bytes would match it.
    """
    if len(needle.encode()) < MIN_NEEDLE:
        raise BadInput(f"a scan needs a text of at least {MIN_NEEDLE} bytes", field="needle")
    folded = needle.casefold().encode()
    counts: dict[str, int] = {}
    with core.store.read() as view:
        for table, key, blob in view.blobs():
            value = unpack(blob) if table == "records" else blob
            if folded in key.lower() or folded in _folded(value):
                counts[table] = counts.get(table, 0) + 1
    for file in sorted(path for path in core.folder.rglob("*") if path.is_file()):
        found = _folded(file.read_bytes()).count(folded)
        if found:
            counts[str(file.relative_to(core.folder))] = found
    return [Trace(place, count) for place, count in counts.items()]


def _affected(view: View, channel: str, user: str) -> tuple[list[Memory], list[Memory], list[Memory]]:
    rows: list[Memory] = []
    summaries: list[Memory] = []
    mentions: list[Memory] = []
    own: set[int] = set()
    pattern, folded = name_pattern(user), user.casefold()
    others: list[Memory] = []
    for seq in view.seqs(channel):
        memory = view.get(seq)
        if memory is None:
            continue
        # Chat platforms do not tell "Kai" from "kai", and neither does who asks to be forgotten.
        if memory.user is not None and memory.user.strip().lstrip("@").casefold() == folded:
            rows.append(memory)
            own.add(seq)
        elif memory.members:
            others.append(memory)
        elif _mentions(memory, pattern, user):
            mentions.append(memory)
    for memory in others:
        # A summary may draw on a memory that was deleted since: then its list of speakers still tells.
        speakers = memory.metadata.get("speakers")
        named = isinstance(speakers, list) and any(isinstance(name, str) and name.casefold() == folded for name in speakers)
        if named or own.intersection(memory.members):
            summaries.append(memory)
        elif _mentions(memory, pattern, user):
            mentions.append(memory)
    return rows, summaries, mentions


def _mentions(memory: Memory, pattern: re.Pattern[str], user: str) -> bool:
    return bool(pattern.search(memory.content)) or _names([memory.metadata, memory.session], pattern, user)


def _rewrite(core: Core, channel: str, user: str, mentions: Sequence[Memory]) -> None:
    pattern = name_pattern(user)
    changed = [
        replace(
            memory,
            content=pattern.sub(REMOVED, memory.content),
            metadata=_without(memory.metadata, pattern, user),
            session=_without(memory.session, pattern, user),
        )
        for memory in mentions
    ]
    vectors = core.embedder.embed([embed_text(memory) for memory in changed])
    found = core.extractor(changed) if core.extractor is not None else [None] * len(changed)

    def work(edit: Edit) -> tuple[None, list[Applied]]:
        applied = Applied(channel)
        for memory, vector, extraction in zip(changed, vectors, found, strict=True):
            current = edit.get(memory.seq)
            if current is None:
                continue
            truth.forget(edit, current)
            current = edit.get(memory.seq) or current
            new = replace(
                current, content=memory.content, metadata=memory.metadata, session=memory.session, superseded_by=None,
                superseded_at=None,
            )  # fmt: skip
            edit.replace(current, new, (keys.of_content(current.content), keys.of_content(new.content)), vector)
            if extraction is not None:
                new = truth.observe(edit, new, extraction.relations)
            applied.removed.append(memory.seq)
            applied.added.append((new, vector, extraction))
        row = edit.channel(channel)
        applied.change = int(row["change"]) if row else 0
        return None, [applied]

    core.submit(work).result()


def name_pattern(user: str) -> re.Pattern[str]:
    """Finds a viewer's name in the words of others: as an @mention, and as a word of its own when it is long enough to be a name."""
    name = re.escape(user)
    return re.compile(rf"(?<!\w)@?{name}(?!\w)" if len(user) >= MENTION_LENGTH else rf"(?<!\w)@{name}(?!\w)", re.IGNORECASE)


def _names(value: Any, pattern: re.Pattern[str], user: str) -> bool:
    if isinstance(value, str):
        return value.casefold() == user.casefold() or pattern.search(value) is not None
    if isinstance(value, dict):
        return any(_names(inner, pattern, user) or _names(key, pattern, user) for key, inner in value.items())
    return isinstance(value, list) and any(_names(inner, pattern, user) for inner in value)


def _without(value: Any, pattern: re.Pattern[str], user: str) -> Any:
    if isinstance(value, str):
        return REMOVED if value.casefold() == user.casefold() else pattern.sub(REMOVED, value)
    if isinstance(value, dict):
        return {_without(key, pattern, user): _without(inner, pattern, user) for key, inner in value.items()}
    return [_without(inner, pattern, user) for inner in value] if isinstance(value, list) else value


def _folded(value: bytes) -> bytes:
    # Bytes fold in ASCII only; other letters are compared as they were written.
    return value.lower()
