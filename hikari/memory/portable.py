# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# Rows come from files and from callers as plain JSON: their types are what is checked here.
"""Taking memories out of a store and into another, as JSON lines: one object a memory, in the order of time, readable anywhere."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from msgspec.structs import replace

from hikari import atomic
from hikari.errors import BadInput
from hikari.memory import keys
from hikari.memory.core import Core
from hikari.memory.ingest import Answer
from hikari.memory.namespace import Applied
from hikari.memory.records import TIERS, Memory
from hikari.memory.rows import Edit

FORMAT = 1
ROWS_TOGETHER = 1_000
_RESTORED = frozenset({"format", "tier", "uses", "current", "merged", "members"})
"""Keys of an exported row that are no parameters of a new one."""
Progress = Callable[[int], None]


def export_rows(core: Core, channel: str | None = None) -> Iterator[dict[str, Any]]:
    """All memories of one channel or of all, as rows that `import_rows` takes back with id, history and use."""
    with core.store.read() as view:
        channels = [row["name"] for row in view.channels() if channel in (None, row["name"])]
        for name in channels:
            for seq in view.seqs(name):
                memory = view.get(seq)
                if memory is not None:
                    count, times = view.access(seq)
                    members = view.get_many(memory.members).values()
                    yield _row(memory, count, times, [member.id for member in members])


def export_file(core: Core, path: Path, channel: str | None = None, progress: Progress | None = None) -> int:
    """Write all memories to `path`, whole or not at all; returns how many."""
    core.flush_uses()
    written = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.open_file(path) as file:
        for row in export_rows(core, channel):
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            written += 1
            if progress is not None and written % ROWS_TOGETHER == 0:
                progress(written)
    return written


def import_file(core: Core, path: Path, channel: str | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Store every line of `path`; a bad line is counted and reported by number, the others are stored. Doing it twice stores
    nothing twice: rows keep their ids. Returns `{"stored", "failed", "errors"}`."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", field="path") from error
    with file:
        return import_rows(core, _lines(file), channel, progress)


def import_rows(
    core: Core, rows: Iterator[tuple[int, Any]], channel: str | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Store numbered rows; see `import_file`."""
    stored, failed = 0, 0
    errors: list[dict[str, Any]] = []
    batch: list[tuple[int, Any]] = []

    def flush() -> None:
        nonlocal stored, failed
        rows = [_importable(row, channel) for _, row in batch]
        answers = core.store_rows(rows)
        for (number, _), answer in zip(batch, answers, strict=True):
            if isinstance(answer, str):
                stored += 1
            else:
                failed += 1
                if len(errors) < 20:
                    errors.append({"line": number, "error": answer.as_dict()})
        _restore(core, [row for _, row in batch], answers, channel)
        batch.clear()
        if progress is not None:
            progress(stored + failed)

    for number, row in rows:
        batch.append((number, row))
        if len(batch) >= ROWS_TOGETHER:
            flush()
    if batch:
        flush()
    return {"stored": stored, "failed": failed, "errors": errors}


def _row(memory: Memory, count: int, times: Sequence[float], members: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "format": FORMAT,
        "id": memory.id,
        "channel": memory.channel,
        "content": memory.content,
        "memory_type": memory.memory_type,
        "tier": memory.tier,
        "metadata": memory.metadata,
        "importance": memory.importance,
        "timestamp": memory.timestamp,
        "pinned": memory.pinned,
        "expires_at": memory.expires_at,
    }
    if memory.user is not None:
        row["user"] = memory.user
    if members:
        row["members"] = list(members)
    if count:
        row["uses"] = {"count": count, "times": list(times)}
    return row


def _importable(row: Any, channel: str | None) -> Any:
    if not isinstance(row, dict):
        return row
    version = row.get("format", FORMAT)
    if not isinstance(version, int) or version > FORMAT:
        return f"format {version}"  # not an object: refused as a row with a clear message
    kept = {key: value for key, value in row.items() if key not in _RESTORED}
    if channel is not None:
        kept["channel"] = channel
        if isinstance(kept.get("metadata"), dict):
            kept["metadata"] = {key: value for key, value in kept["metadata"].items() if key != "channel"}
    return kept


def _restore(core: Core, rows: Sequence[Any], answers: Sequence[Answer], channel: str | None) -> None:
    """Give imported memories their tier and their use back."""
    lived = [
        (answer, row)
        for row, answer in zip(rows, answers, strict=True)
        if isinstance(answer, str) and isinstance(row, dict) and not _RESTORED.isdisjoint(row)
    ]

    def work(edit: Edit) -> tuple[None, list[Applied]]:
        for identifier, row in lived:
            memory = edit.find(channel or _channel(row), identifier)
            if memory is None:
                continue
            tier = row["tier"] if row.get("tier") in TIERS else memory.tier
            # What a summary rests on, so that it goes when they who said it are forgotten.
            members = memory.members or _members(edit, memory.channel, row.get("members"))
            if (tier, members) != (memory.tier, memory.members):
                hashed = keys.of_content(memory.content)
                edit.replace(memory, replace(memory, tier=tier, members=members), (hashed, hashed))
            count, times = _uses(row.get("uses"))
            if count > edit.access(memory.seq)[0]:
                edit.set_access(memory.seq, count, times)
        return None, []

    if lived:
        core.submit(work).result()


def _members(edit: Edit, channel: str, ids: Any) -> tuple[int, ...]:
    if not isinstance(ids, list):
        return ()
    found = [edit.find(channel, identifier) for identifier in ids if isinstance(identifier, str)]
    return tuple(memory.seq for memory in found if memory is not None)


def _channel(row: dict[str, Any]) -> str:
    metadata = row.get("metadata")
    inside = metadata.get("channel") if isinstance(metadata, dict) else None
    return str(inside or row.get("channel", "default"))


def _uses(value: Any) -> tuple[int, list[float]]:
    if not isinstance(value, dict) or not isinstance(value.get("count"), int) or not isinstance(value.get("times"), list):
        return 0, []
    times = [float(time) for time in value["times"] if isinstance(time, int | float) and abs(time) < 1e11]
    return max(0, value["count"]), times


def _lines(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):  # no UTF-8, no JSON, a number of thousands of digits
            yield number, None
