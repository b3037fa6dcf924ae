"""What is on disk after the chaos, read without the service and held against what was promised."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hikari.memory.store import Store
from serving.shipped import ANALYTICS, MEMORY
from tests.soak.analytics import WithoutModel
from tests.soak.chaos_load import EXPERIMENT, Users, look
from tests.soak.chaos_service import marker


@dataclass
class Chaos:
    """What a run showed."""

    topology: str
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    recovery_s: dict[str, float] = field(default_factory=dict)
    """The longest, by fault."""
    figures: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    answered: int = 0
    acknowledged: int = 0
    deleted: int = 0
    outcomes: int = 0
    contents: int = 0
    published: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    memory_mb: list[float] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def audit(home: Path, users: list[Users], found: Chaos) -> None:
    """What is on disk, read without the service."""
    _audit_memories(home / MEMORY, users, found)
    made = WithoutModel(home / ANALYTICS, live=False, clock=lambda: 0.0)
    async with made:
        keeper = made._keeper
        assert keeper is not None
        for one in users:
            channel, ledger = keeper.channels.get(one.channel), one.ledger
            names = Counter() if channel is None else Counter(content.name for content in channel.contents.spells())
            lost = ledger.contents - set(names)
            twice = [name for name, count in names.items() if count > 1]
            if lost or twice:
                found.problems.append(
                    f"{one.channel}: {len(lost)} acknowledged contents are missing, {len(twice)} are there twice"
                )
            counted = 0 if channel is None else (await made.stats())["channels"][one.channel]["counts"]["messages"]
            if counted > ledger.sent:
                found.problems.append(f"{one.channel}: {ledger.sent} messages were sent, {counted} are counted")
        for one in users:
            known = keeper.experiments._get(one.channel, EXPERIMENT["id"])
            if (total := sum(arm.outcomes for arm in known.sums)) != len(one.ledger.tried):
                found.problems.append(f"{one.channel}: {len(one.ledger.tried)} outcomes were sent, {total} count")


def _audit_memories(folder: Path, users: list[Users], found: Chaos) -> None:
    store = Store(folder, read_only=True)
    try:
        with store.read() as view:
            for one in users:
                rows = [row for seq in view.seqs(one.channel) if (row := view.get(seq)) is not None]
                told, ledger = [row for row in rows if not row.members], one.ledger
                twice = [
                    text
                    for text, count in Counter(row.content for row in told if marker(one.channel) in row.content).items()
                    if count > 1
                ]
                if twice:
                    found.problems.append(f"{one.channel}: {len(twice)} memories are there twice, such as {twice[0]!r}")
                here = {row.id: row.content for row in told}
                lost = [
                    name for name, text in ledger.stored.items()
                    if name not in ledger.maybe_deleted and text is not None and here.get(name) != text
                ]  # fmt: skip
                lost = [name for name in lost if (kept := view.find(one.channel, name)) is None or name not in kept.merged]
                if lost:
                    found.problems.append(
                        f"{one.channel}: {len(lost)} acknowledged memories are missing or changed, such as {lost[0]}"
                    )
                if back := ledger.deleted & set(here):
                    found.problems.append(f"{one.channel}: {len(back)} deleted memories are back")
                for row in rows:
                    look(one.channel, row.content, ledger, "the store")
    finally:
        store.close()
