"""A memory system is killed again and again while many write to it: what was acknowledged must be there, once, and be found.

    python -m tests.soak.memory --rounds 50

Every round a process stores, updates and deletes from several tasks at once and tells what was acknowledged; SIGKILL ends it at a random
moment; then the store is opened again and held against what it had acknowledged. Before some rounds an index file is damaged.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hikari import NeuralMemorySystem
from hikari.memory.config import MemoryConfig
from hikari.memory.hash_embedder import HashEmbedder

ROOT = Path(__file__).parents[2]
CHANNELS = ("lamp", "tower")
WRITERS = 8


@dataclass
class Outcome:
    """What the rounds showed."""

    rounds: int = 0
    acknowledged: int = 0
    deleted: int = 0
    unacknowledged_found: int = 0
    damaged: int = 0
    rebuilt: int = 0
    problems: list[str] = field(default_factory=list)


def system(folder: Path, *, maintenance: bool = True) -> NeuralMemorySystem:
    """The system under test: everything on, a fast encoder, a restless maintainer."""
    config = MemoryConfig(
        maintenance=maintenance, maintenance_interval_s=0.2, save_every=200, burst_writes_per_s=1e9, merge_duplicates=False
    )
    return NeuralMemorySystem(folder, embedder=HashEmbedder(64), config=config)


async def write_until_killed(folder: Path, log: Path, number: int) -> None:
    """Store, and now and then delete, from several tasks; one line of `log` for each acknowledgement."""
    memory = system(folder)
    await memory.open()
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(*row: Any) -> None:
        os.write(handle, (json.dumps(row) + "\n").encode())

    async def writer(task: int) -> None:
        dice = random.Random(number * 1000 + task)
        mine: list[tuple[str, str]] = []
        for turn in range(100_000):
            channel = dice.choice(CHANNELS)
            identifier = f"r{number}t{task}n{turn}"
            content = f"viewer {task} says word{dice.randrange(10_000)} and marker{identifier} in round {number}"
            row = {
                "id": identifier,
                "content": content,
                "memory_type": "conversation",
                "channel": channel,
                "user": f"viewer{task}",
            }
            if turn % 10 == 9:
                rows = [{**row, "id": f"{identifier}b{n}", "content": f"{content} part{n}"} for n in range(5)]
                for given, stored in zip(await memory.store_memories(rows), rows, strict=True):
                    if given == stored["id"]:
                        tell("stored", channel, stored["id"], stored["content"])
                        mine.append((channel, stored["id"]))
            else:
                await memory.store_memory(**row)
                tell("stored", channel, identifier, content)
                mine.append((channel, identifier))
            if turn % 7 == 6:
                victim = mine.pop(dice.randrange(len(mine)))
                tell("deleting", *victim)
                await memory.delete_memory(victim[1], channel=victim[0])
                tell("deleted", *victim)

    await asyncio.gather(*(writer(task) for task in range(WRITERS)))


def run(folder: Path, rounds: int, seed: int = 7, say: Any = None) -> Outcome:
    """Kill, damage, open and compare `rounds` times."""
    dice, outcome = random.Random(seed), Outcome()
    log = folder / "acknowledged.log"
    store = folder / "store"
    for number in range(rounds):
        before = log.read_bytes().count(b"\n") if log.exists() else 0
        process = subprocess.Popen([sys.executable, "-m", "tests.soak.memory", "--worker", str(folder), str(number)], cwd=ROOT)
        _wait_for_lines(process, log, before + dice.randrange(20, 600))
        process.send_signal(signal.SIGKILL)
        process.wait()
        outcome.damaged += _damage(store / "indices", dice) if number % 2 else 0
        asyncio.run(_compare(store, log.read_bytes().splitlines(), outcome))
        outcome.rounds += 1
        if say is not None:
            say(f"round {number + 1}/{rounds}: {outcome.acknowledged} acknowledged, {len(outcome.problems)} problems")
        if outcome.problems:
            break
    return outcome


def _wait_for_lines(process: subprocess.Popen[bytes], log: Path, lines: int) -> None:
    """Return when the worker has acknowledged so much; the kill falls wherever it then is."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if log.exists() and log.read_bytes().count(b"\n") >= lines:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.005)
    raise AssertionError(f"the worker ended by itself or did nothing (code {process.returncode})")


def _damage(indices: Path, dice: random.Random) -> int:
    """Flip a bit of one index file or cut it short."""
    files = sorted(path for path in indices.rglob("*") if path.is_file() and path.stat().st_size > 64)
    if not files:
        return 0
    victim = dice.choice(files)
    content = bytearray(victim.read_bytes())
    if dice.random() < 0.5:
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    else:
        content = content[: len(content) // 2]
    victim.write_bytes(content)
    return 1


async def _compare(store: Path, log: list[bytes], outcome: Outcome) -> None:
    live: dict[tuple[str, str], str] = {}
    gone: set[tuple[str, str]] = set()
    unsure: set[tuple[str, str]] = set()
    for line in log:
        what, channel, identifier, *rest = json.loads(line)
        key = (channel, identifier)
        if what == "stored":
            live[key] = rest[0]
        elif what == "deleting":
            unsure.add(key)
        else:
            unsure.discard(key)
            live.pop(key)
            gone.add(key)
    outcome.acknowledged, outcome.deleted = len(live) + len(gone), len(gone)
    # A maintainer would write summaries between the look at the store and the look at the indices.
    memory = system(store, maintenance=False)
    async with memory:
        parts = memory._opened()
        seen: set[tuple[str, str]] = set()
        for channel in CHANNELS:
            with parts.core.spaces.use(channel) as space, parts.core.store.read() as view:
                rows = {seq: view.get(seq) for seq in view.seqs(channel)}
                told = [row for row in rows.values() if row is not None and not row.members]
                ids = [(channel, row.id) for row in told]
                if len(set(ids)) != len(ids):
                    outcome.problems.append(f"{channel}: {len(ids) - len(set(ids))} memories are there twice")
                seen.update(ids)
                contents = {(channel, row.id): row.content for row in told}
                wrong = [
                    key
                    for key, content in live.items()
                    if key[0] == channel and key not in unsure and contents.get(key) != content
                ]
                if wrong:
                    outcome.problems.append(
                        f"{channel}: {len(wrong)} acknowledged memories are missing or changed, such as {wrong[0]}"
                    )
                back = [key for key in gone if key in contents]
                if back:
                    outcome.problems.append(f"{channel}: {len(back)} deleted memories are back")
                if set(space.vectors.seqs().tolist()) != set(rows):
                    outcome.problems.append(f"{channel}: the vector index does not agree with the store")
                if len(space.lexical) != len(rows):
                    outcome.problems.append(f"{channel}: the lexical index has {len(space.lexical)} rows, the store {len(rows)}")
                outcome.rebuilt += len(space.rebuilt)
        outcome.unacknowledged_found = len(seen - set(live) - gone)
        for key, content in list(live.items())[-5:]:
            found = await memory.retrieve_memories(content, k=20, channel=key[0])
            if key not in unsure and key[1] not in {row["id"] for row in found}:
                outcome.problems.append(f"{key} is stored but not found")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--worker", nargs=2, metavar=("FOLDER", "ROUND"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        folder = Path(options.worker[0])
        asyncio.run(write_until_killed(folder / "store", folder / "acknowledged.log", int(options.worker[1])))
        return 0
    with tempfile.TemporaryDirectory(prefix="hikari-soak-") as scratch:
        outcome = run(Path(scratch), options.rounds, options.seed, print)
    print(json.dumps(outcome.__dict__))
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
