"""The analytics over millions of messages: is memory flat, does everybody come back from the disk, how long does a message wait?

    python -m tests.soak.analytics --messages 10000000 --viewers 1000000 [--hot 12000] [--output FILE]

Half of the messages come from viewers who take turns, the worst there is for a set of hot profiles; the others from regulars. The counts
of some of both are compared with what was sent, before and after a restart. Anonymous memory must stay within a fifth of what it was when
every viewer had come once and under 500 MB; the store's file is mapped and counted apart, as its pages can be dropped at any time.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from hikari import atomic
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.analytics.keeper import Keeper
from hikari.analytics.store import AnalyticsStore
from hikari.errors import NotFound
from hikari.heap import one_heap

START = 1_700_000_040.0
RATE = 3_000
"""Messages a minute of the stream."""
REGULARS = 2_000
CHECKED = 100
MOST_MB, MOST_GROWTH = 500.0, 1.2
SETTLED = 500_000
"""Messages after which everything that is bounded is full, unless it takes longer until every viewer came once."""
WRITER = "hikari-analytics-write"
WORDS = tuple("hello nice boss fight KEKW what is this game so good again please haha run jump LUL arisuHype lol clutch".split())  # noqa: SIM905


@dataclass
class Soaked:
    """What the soak showed; milliseconds, MB."""

    messages: int = 0
    viewers: int = 0
    messages_per_s: float = 0.0
    messages_per_cpu_s: float = 0.0
    """All threads of the process together."""
    anonymous_mb: list[float] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)
    snapshots: int = 0
    held_max_ms: float = 0.0
    """The lock, by the thread that writes; `held_cpu` is the part of it in which the thread really ran."""
    held_p95_ms: float = 0.0
    held_cpu_max_ms: float = 0.0
    held_cpu_p95_ms: float = 0.0
    message_max_ms: float = 0.0
    message_p999_ms: float = 0.0
    disk_mb: float = 0.0
    close_s: float = 0.0
    open_s: float = 0.0
    checked: int = 0
    load: float = 0.0
    problems: list[str] = field(default_factory=list)


class HeldLock:
    """A lock that knows for how long the background held it."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock
        self._since = (0.0, 0.0)
        self.held: list[tuple[float, float]] = []

    def __enter__(self) -> None:
        self._lock.acquire()
        if threading.current_thread().name == WRITER:
            self._since = (time.perf_counter(), time.thread_time())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if threading.current_thread().name == WRITER:
            self.held.append((time.perf_counter() - self._since[0], time.thread_time() - self._since[1]))
        self._lock.release()


def chat(count: int, viewers: int, seed: int) -> Iterator[tuple[str, str, float]]:
    """Name, message and time."""
    dice = random.Random(seed)
    turn = 0
    for number in range(count):
        if number % 2:
            name, turn = f"walker{turn}", (turn + 1) % viewers
        else:
            name = f"regular{int(dice.paretovariate(0.6)) % REGULARS}"
        yield name, " ".join(dice.choices(WORDS, k=dice.randint(1, 7))), START + number * 60.0 / RATE


class WithoutModel(StreamAnalyticsEngine):
    """An engine that looks for no engagement model: the checkout's may be there or not."""

    def _open(self) -> Keeper:
        assert self._path is not None
        return Keeper(AnalyticsStore(Path(self._path)), self._config, self._clock)


def engine(folder: Path, **config: Any) -> StreamAnalyticsEngine:
    """An engine in which nothing but messages lets time pass."""
    return WithoutModel(folder / "store", live=False, clock=lambda: 0.0, config=AnalyticsConfig(**config))


def memory_mb() -> tuple[float, float]:
    """Anonymous and resident memory of this process in MB (Linux)."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    return int(lines["RssAnon"].split()[0]) / 1024, int(lines["VmRSS"].split()[0]) / 1024


async def soak(
    folder: Path, messages: int, viewers: int, *, hot: int = 12_000, seed: int = 7, say: Callable[[str], object] | None = None
) -> Soaked:
    """Send, look, restart, look again."""
    found = Soaked(messages, viewers)
    sent: dict[str, int] = {}
    waits = np.zeros(messages, np.float32)
    made = engine(folder, hot_viewers=hot, refit_s=1e9)
    await made.open()
    keeper = made._keeper
    assert keeper is not None
    keeper.lock = lock = HeldLock(keeper.lock)  # type: ignore[assignment]
    counted_snapshots = _count_calls(keeper.store, "write")
    begun, worked = time.perf_counter(), time.process_time()
    for number, (name, message, at) in enumerate(chat(messages, viewers, seed)):
        before = time.perf_counter()
        await made.process_chat_message(name, message, at)
        waits[number] = time.perf_counter() - before
        if name[0] == "r":
            sent[name] = sent.get(name, 0) + 1
        if number % 100 == 99:
            await asyncio.sleep(0)
        if (number + 1) % max(messages // 10, 1) == 0:
            anonymous, resident = memory_mb()
            found.anonymous_mb.append(round(anonymous, 1))
            found.resident_mb.append(round(resident, 1))
            if say is not None:
                say(f"{number + 1} messages, {(number + 1) / (time.perf_counter() - begun):.0f}/s, {anonymous:.0f} MB + file")
    found.messages_per_s = messages / (time.perf_counter() - begun)
    found.messages_per_cpu_s = messages / (time.process_time() - worked)
    wanted = {name: sent[name] for name in list(sent)[:CHECKED]}
    turns = messages // 2
    for place in random.Random(seed).sample(range(min(viewers, turns)), min(CHECKED, viewers, turns)):
        wanted[f"walker{place}"] = turns // viewers + (place < turns % viewers)
    await _compare(made, wanted, messages, found)
    closing = time.perf_counter()
    await made.close()
    found.close_s = time.perf_counter() - closing
    opening = time.perf_counter()
    made = engine(folder, hot_viewers=hot, background=False)
    await made.open()
    found.open_s = time.perf_counter() - opening
    await _compare(made, wanted, messages, found)
    await made.close()
    _judge(found, lock, waits, counted_snapshots)
    found.disk_mb = sum(path.stat().st_size for path in (folder / "store").iterdir()) / 2**20
    return found


def _count_calls(target: Any, name: str) -> list[int]:
    """Let the method note the size of what it is given."""
    whole, sizes = getattr(target, name), list[int]()

    def noted(changes: Any) -> None:
        listed = list(changes)
        sizes.append(len(listed))
        whole(listed)

    setattr(target, name, noted)
    return sizes


async def _compare(made: StreamAnalyticsEngine, wanted: dict[str, int], messages: int, found: Soaked) -> None:
    for name, count in wanted.items():
        try:
            known = (await made.get_viewer_insights(name, now=START))["messages"]
        except NotFound:
            known = 0
        if known != count:
            found.problems.append(f"{name} wrote {count} messages, {known} are known")
        found.checked += 1
    counted = (await made.get_global_insights())["counts"]["messages"]
    if counted != messages:
        found.problems.append(f"{messages} messages were sent, {counted} counted")


def _judge(found: Soaked, lock: HeldLock, waits: Any, writes: list[int]) -> None:
    held = np.array(lock.held or [(0.0, 0.0)]) * 1e3
    found.snapshots = sum(size > 2 for size in writes)
    found.held_max_ms, found.held_cpu_max_ms = held.max(axis=0).tolist()
    found.held_p95_ms, found.held_cpu_p95_ms = np.percentile(held, 95, axis=0).tolist()
    found.message_max_ms, found.message_p999_ms = float(waits.max()) * 1e3, float(np.percentile(waits, 99.9)) * 1e3
    found.load = os.getloadavg()[0]
    full = max(SETTLED, 2 * found.viewers)
    settled = [mb for place, mb in enumerate(found.anonymous_mb, 1) if place * found.messages >= 10 * full]
    first = settled[0] if settled else max(found.anonymous_mb)
    if max(found.anonymous_mb) > MOST_GROWTH * first:
        found.problems.append(f"memory grew from {first} to {max(found.anonymous_mb)} MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--viewers", type=int, default=1_000_000)
    parser.add_argument("--hot", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    one_heap()  # as the service has it
    with tempfile.TemporaryDirectory(prefix="hikari-soak-") as scratch:
        found = asyncio.run(
            soak(
                Path(scratch), options.messages, options.viewers, hot=options.hot, seed=options.seed,
                say=lambda line: print(line, file=sys.stderr),
            )
        )  # fmt: skip
    if max(found.anonymous_mb) > MOST_MB:  # all of this process, which does nothing else
        found.problems.append(f"memory exceeds {MOST_MB} MB")
    print(json.dumps(asdict(found)))
    if options.output is not None:
        atomic.write_file(options.output, (json.dumps(asdict(found), indent=2) + "\n").encode())
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
