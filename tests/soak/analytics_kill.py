"""The analytics are killed again and again under load: what is left must be what was sent up to a moment within the last second or so.

    python -m tests.soak.analytics_kill --rounds 30

Every round a process counts messages in several channels, records outcomes and contents from other tasks, and tells what was
acknowledged; SIGKILL ends it at a random moment. Then the store is opened again and held against an engine that gets the same messages,
of each channel as many as the store knows: every answer must be equal. Outcomes and contents that were acknowledged must be there,
outcomes once.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import operator
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.errors import NotFound, NotReady
from tests.soak.analytics import START, engine

ROOT = Path(__file__).parents[2]
CHANNELS = ("lamp", "tower", "harbour")
VIEWERS = 600
HOT = 150
TOGETHER = 50
MOST_LOST_S = 3.0
"""A second by design; the rest is for a disk and a processor that others use too."""
WORDS = tuple("hello nice boss fight KEKW what is this game so good again please haha run jump LUL lol clutch \ud800".split())  # noqa: SIM905
EXPERIMENT = {
    "id": "greeting", "name": "greeting by name", "metric": "replied", "kind": "count", "unit": "viewer",
    "arms": [{"name": "plain"}, {"name": "by name"}], "minimum_effect": 0.1,
}  # fmt: skip


@dataclass
class Killed:
    """What the rounds showed."""

    rounds: int = 0
    messages: int = 0
    lost_s: list[float] = field(default_factory=list)
    """Seconds before the kill from which on messages are missing, by round."""
    outcomes: int = 0
    contents: int = 0
    problems: list[str] = field(default_factory=list)


def message(channel: int, number: int) -> tuple[str, str, float]:
    """Name, text and time of a channel's message: always the same."""
    dice = random.Random(number * len(CHANNELS) + channel)
    name = f"viewer{int(dice.paretovariate(0.4)) % VIEWERS}"
    return name, " ".join(dice.choices(WORDS, k=dice.randint(1, 7))), START + number * 0.15


async def load_until_killed(folder: Path, log: Path, first: list[int], number: int) -> None:
    """Messages of each channel from `first` on; one line of `log` for each acknowledgement."""
    made = engine(folder, hot_viewers=HOT, snapshot_s=2.0, refit_s=1e9)
    await made.open()
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(*row: Any) -> None:
        os.write(handle, (json.dumps(row) + "\n").encode())

    async def talk() -> None:
        for start in itertools.count(0, TOGETHER):
            for place, channel in enumerate(CHANNELS):
                for at in range(first[place] + start, first[place] + start + TOGETHER):
                    await made.process_chat_message(*message(place, at), channel=channel)
            tell("messages", [at + start + TOGETHER for at in first], time.monotonic())
            await asyncio.sleep(0.005)

    async def measure() -> None:
        with contextlib.suppress(Exception):
            await made.create_experiment(EXPERIMENT)
            await made.start_experiment("greeting", START)
        for turn in range(100_000):
            unit, outcome = f"viewer{turn % VIEWERS}", f"r{number}n{turn}"
            await made.assign("greeting", unit, START)
            tell("trying", unit, outcome)
            await made.record_outcome("greeting", 1, unit, START + 1, outcome_id=outcome)
            tell("outcome", unit, outcome)

    async def show() -> None:
        for turn in range(100_000 * (number % 2)):  # each takes a snapshot: in every other round, the journal has to do
            start = START + number * 1e6 + turn
            await made.record_content("segment", f"r{number}n{turn}", start, start + 1, channel=CHANNELS[turn % 2])
            tell("content", CHANNELS[turn % 2], f"r{number}n{turn}")
            await asyncio.sleep(0.2)

    await asyncio.gather(talk(), measure(), show())


def run(folder: Path, rounds: int, seed: int = 7, say: Any = None) -> Killed:
    """Kill, open and compare `rounds` times."""
    dice, found = random.Random(seed), Killed()
    log, known = folder / "acknowledged.log", [0] * len(CHANNELS)
    for number in range(rounds):
        before = log.read_bytes().count(b"\n") if log.exists() else 0
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.analytics_kill", "--worker", str(folder), json.dumps(known), str(number)], cwd=ROOT
        )
        begun = time.monotonic()
        _wait_for_lines(process, log, before + 10)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(0.5, 5.0))
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        process.wait()
        rows = [json.loads(line) for line in log.read_bytes().splitlines() if line.endswith(b"]")]
        known = asyncio.run(_compare(folder, rows, (begun, killed), known, found))
        found.rounds += 1
        if say is not None:
            say(
                f"round {number + 1}/{rounds}: {found.messages} messages, {found.lost_s[-1]:.2f} s lost, {len(found.problems)} problems"
            )
        if found.problems:
            break
    return found


def _wait_for_lines(process: subprocess.Popen[bytes], log: Path, lines: int) -> None:
    deadline = time.monotonic() + 180
    while process.poll() is None and time.monotonic() < deadline:
        if log.exists() and log.read_bytes().count(b"\n") >= lines:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    raise AssertionError(f"the worker ended by itself or did nothing (code {process.returncode})")


async def _compare(
    folder: Path, rows: list[list[Any]], times: tuple[float, float], before: list[int], found: Killed
) -> list[int]:
    """How many messages the store knows, by channel."""
    made = engine(folder, hot_viewers=HOT, background=False)
    whole = engine(folder / f"replayed{found.rounds}", hot_viewers=HOT, background=False)
    async with made, whole:
        channels = (await made.stats())["channels"]
        known = [channels[name]["counts"]["messages"] if name in channels else 0 for name in CHANNELS]
        told = [(row[1], row[2]) for row in rows if row[0] == "messages" and row[2] > times[0]]
        sent = told[-1][0] if told else before
        if any(now < then or now > count + TOGETHER for now, then, count in zip(known, before, sent, strict=True)):
            found.problems.append(f"{before} messages were known before the round, {sent} were sent, {known} are known")
        missing = [at for counts, at in told if any(map(operator.gt, counts, known))]
        found.lost_s.append(round(times[1] - missing[0], 3) if missing else 0.0)
        if found.lost_s[-1] > MOST_LOST_S:
            found.problems.append(f"messages of {found.lost_s[-1]} s are missing")
        for place, channel in enumerate(CHANNELS):
            for number in range(known[place]):
                await whole.process_chat_message(*message(place, number), channel=channel)
            if await _seen(made, channel) != await _seen(whole, channel):
                found.problems.append(f"{channel}: the answers are not those to the first {known[place]} messages")
        found.messages = sum(known)
        await _compare_outcomes(made, rows, found)
        await _compare_contents(made, rows, found)
    return known


async def _seen(made: StreamAnalyticsEngine, channel: str) -> Any:
    try:
        stream = await made.get_global_insights(channel=channel)
        alerts = await made.detect_anomalies(channel=channel)
    except (NotFound, NotReady):
        return None
    viewers: list[Any] = []
    for number in range(0, VIEWERS, 7):
        try:
            viewers.append(await made.get_viewer_insights(f"viewer{number}", channel=channel, now=START))
        except NotFound:
            viewers.append(None)
    return stream, alerts, viewers


async def _compare_outcomes(made: StreamAnalyticsEngine, rows: list[list[Any]], found: Killed) -> None:
    tried = {(row[1], row[2]) for row in rows if row[0] == "trying"}
    acknowledged = {(row[1], row[2]) for row in rows if row[0] == "outcome"}
    if not tried:
        return
    found.outcomes = len(acknowledged)
    again = 0
    for unit, outcome in sorted(tried):
        answer = await made.record_outcome("greeting", 1, unit, START + 1, outcome_id=outcome)
        if answer["counted"] and (unit, outcome) in acknowledged:
            found.problems.append(f"the outcome {outcome} was acknowledged and is not there")
        again += answer["counted"]
    keeper = made._keeper
    assert keeper is not None
    total = sum(arm.outcomes for one in keeper.experiments._known.values() for arm in one.sums)
    if total != len(tried):
        found.problems.append(f"{len(tried)} outcomes were sent (of which {again} once more), {total} are counted")


async def _compare_contents(made: StreamAnalyticsEngine, rows: list[list[Any]], found: Killed) -> None:
    told = [(row[1], row[2]) for row in rows if row[0] == "content"]
    found.contents = len(told)
    keeper = made._keeper
    assert keeper is not None
    for channel in CHANNELS[:2]:
        one = keeper.channels.get(channel)
        there = [] if one is None else [content.name for content in one.contents.spells()]
        lost = {name for where, name in told if where == channel} - set(there)
        if lost or len(there) != len(set(there)):
            found.problems.append(f"{channel}: {len(lost)} contents that were acknowledged are missing")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--worker", nargs=3, metavar=("FOLDER", "FIRST", "ROUND"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        folder = Path(options.worker[0])
        asyncio.run(load_until_killed(folder, folder / "acknowledged.log", json.loads(options.worker[1]), int(options.worker[2])))
        return 0
    with tempfile.TemporaryDirectory(prefix="hikari-soak-") as scratch:
        found = run(Path(scratch), options.rounds, options.seed, print)
    print(json.dumps(asdict(found)))
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
