"""From short-term to long-term: what is important or used is promoted, what says the same twice becomes one."""

from collections.abc import Sequence

from msgspec.structs import replace

from hikari.memory import keys, truth
from hikari.memory.core import Core
from hikari.memory.duplicates import is_near_duplicate
from hikari.memory.namespace import Applied
from hikari.memory.records import Memory
from hikari.memory.retention import consolidation_score
from hikari.memory.rows import Edit

SIMILAR = 0.9
"""Cosine under which two texts are not even compared."""
COMPARED = 6


def promote(core: Core, rows: Sequence[Memory], threshold: float) -> int:
    """Move the short-term rows whose `0.6*importance + 0.4*tanh(access/5)` reaches the threshold to long-term memory."""
    with core.store.read() as view:
        due = [row for row in rows if consolidation_score(row.importance, view.access(row.seq)[0]) >= threshold]
    if not due:
        return 0

    def work(edit: Edit) -> tuple[int, list[Applied]]:
        done = 0
        for row in due:
            current = edit.get(row.seq)
            if current is not None and current.tier == "short_term":
                hashed = keys.of_content(current.content)
                edit.replace(current, core.set_tier(current, "long_term"), (hashed, hashed))
                done += 1
        return done, []

    return core.submit(work).result()


def merge_near_duplicate(core: Core, channel: str, seq: int) -> int:
    """Merge row `seq` into an older one of the same viewer that says the same in nearly the same words; 1 if so, else 0.

    The older keeps its id, time and words, and gets the larger importance, both uses and both ids.
    """
    with core.store.read() as view:
        row = view.get(seq)
        if row is None or row.members or row.superseded_by is not None:
            return 0
        vector = view.vectors([seq], core.embedder.dimension)[0]
    with core.spaces.use(channel) as namespace:
        seqs, similarities = namespace.vectors.search(vector, COMPARED, None)
    near = [int(other) for other, score in zip(seqs, similarities, strict=True) if other < seq and score >= SIMILAR]

    def work(edit: Edit) -> tuple[int, list[Applied]]:
        newer = edit.get(seq)
        if newer is None:
            return 0, []
        for other in sorted(near):
            older = edit.get(other)
            if older is not None and _mergeable(older, newer):
                return 1, [_merged(edit, older, newer)]
        return 0, []

    return core.submit(work).result() if near else 0


def _mergeable(older: Memory, newer: Memory) -> bool:
    same = all(getattr(older, name) == getattr(newer, name) for name in ("user", "memory_type", "source", "expires_at"))
    if not same or older.members or older.superseded_by is not None or newer.superseded_by is not None:
        return False
    # A key of the caller's own, such as a message id, makes two memories two.
    keys = (older.metadata.keys() | newer.metadata.keys()) - {"timestamp", "session"}
    return all(older.metadata.get(key) == newer.metadata.get(key) for key in keys) and is_near_duplicate(
        older.content, newer.content
    )


def _merged(edit: Edit, older: Memory, newer: Memory) -> Applied:
    hashed = keys.of_content(older.content)
    heir = replace(
        older,
        importance=max(older.importance, newer.importance),
        pinned=older.pinned or newer.pinned,
        merged=(*older.merged, newer.id, *newer.merged),
    )
    (count, times), (more, later) = edit.access(older.seq), edit.access(newer.seq)
    # That it was said again is a use.
    edit.set_access(older.seq, count + more + 1, [*times, *later, newer.timestamp])
    edit.replace(older, heir, (hashed, hashed))
    truth.forget(edit, newer)
    edit.remove(newer, keys.of_content(newer.content), heir=heir)
    row = edit.channel(newer.channel)
    return Applied(newer.channel, removed=[newer.seq], change=int(row["change"]) if row else 0)
