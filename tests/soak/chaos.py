"""The served engine under fault: everything that can go wrong does, again and again, while viewers of several channels use it.

    python -m tests.soak.chaos [--seconds 600] [--seed 7] [--topology both] [--output FILE]

A real service with keys bound to channels, a real Redis, live data on a small disk of their own (which needs the right to mount; without
it the disk is never full, and the result says so). Every round lets each fault happen once, in an order that the seed decides. After
each, within 10 s and by itself: ready, a round trip in every channel, the same labels as before for known messages. Whatever was
acknowledged is there, once, and no answer and no event holds anything of another channel.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgpack
import redis.asyncio
from websockets.exceptions import WebSocketException

from hikari import atomic
from hikari.settings import TOPOLOGIES
from tests.redis_process import RedisProcess
from tests.soak.chaos_audit import Chaos, audit
from tests.soak.chaos_faults import QUESTION, Stage, faults
from tests.soak.chaos_load import Ledger, Users, look, socket_to
from tests.soak.chaos_service import CHANNELS, Service, SmallDisk, marker

WITHIN_S, GIVE_UP_S = 10.0, 60.0
SAMPLE = 12
GROWTH, SLACK_MB = 1.25, 150.0
KNOWN = (
    "i love this game so much", "this is the worst stream ever", QUESTION, "you are an idiot", "hello everybody",
    "that was so scary i screamed", "KEKW LUL", "can you please play the piano again?",
)  # fmt: skip


class Run:
    """One service, its users, and what it is held against."""

    def __init__(
        self,
        service: Service,
        disk: SmallDisk,
        bus: RedisProcess,
        found: Chaos,
        seed: int,
        within_s: float,
        only: Sequence[str] = (),
    ) -> None:
        self.service, self.disk, self.bus, self.found, self._within_s = service, disk, bus, found, within_s
        self._only = only
        self.dice = random.Random(seed)
        self.users = [Users(service, channel, seed) for channel in CHANNELS]
        self.stage = Stage(service, bus, disk, self.users, self.dice, self.round_trip, found.problems, found.figures)
        self._labels: dict[str, Any] = {}

    async def go(self, seconds: float, say: Callable[[str], object]) -> None:
        """Fault after fault for so long, each at least once."""
        self._labels = {text: _label(await self._read(self.users[0], text)) for text in KNOWN}
        listening = asyncio.create_task(self._published())
        for users in self.users:
            await users.start()
        started = time.monotonic()
        all_of_them = faults(distributed=self.found.topology == TOPOLOGIES[1], full=self.disk.is_small)
        all_of_them = {name: fault for name, fault in all_of_them.items() if not self._only or name in self._only}
        first_round = 0
        while time.monotonic() - started < seconds or not first_round:
            for name in self.dice.sample(sorted(all_of_them), len(all_of_them)):
                if first_round and time.monotonic() - started > seconds:
                    break
                await all_of_them[name](self.stage)
                self.found.faults[name] += 1
                took = await self._recovered(name)
                await self._look()
                self.found.memory_mb.append(self.service.memory_mb())
                say(f"{name}: back after {took:.1f} s, {self.found.memory_mb[-1]:.0f} MB, {len(self._problems())} problems")
            first_round = first_round or len(self.found.memory_mb)
        await asyncio.gather(*(users.stop() for users in self.users))
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        if self.found.figures.get("in_flood_s", 0) > self._within_s:
            self.found.problems.append(f"a question waited {self.found.figures['in_flood_s']} s in a flood of others")
        self.found.seconds = round(time.monotonic() - started, 1)
        most, last = max(self.found.memory_mb[:first_round]), self.found.memory_mb[-1]
        if last > most * GROWTH + SLACK_MB:
            self.found.problems.append(f"the processes hold {last} MB, in the first round it was {most} MB at most")
        await asyncio.gather(*(self._outcomes(users) for users in self.users))
        for users in self.users:
            await users.caller.close()

    async def round_trip(self, users: Users, text: str | None = None) -> float:
        """Seconds from now until a message was read and counted and a memory was stored and found."""
        started = time.monotonic()
        while time.monotonic() - started < GIVE_UP_S:
            with contextlib.suppress(WebSocketException, OSError, TimeoutError):
                async with asyncio.timeout(self._within_s):
                    begun = time.monotonic()
                    if await self._event(users, text or self.dice.choice(KNOWN)):
                        self.stage.most("slowest_event_s", (heard := time.monotonic()) - begun)
                        if await self._memory(users):
                            self.stage.most("slowest_memory_s", time.monotonic() - heard)
                            return time.monotonic() - started
            await asyncio.sleep(0.05)
        self.found.problems.append(f"{users.channel}: nothing went through for {GIVE_UP_S} s")
        return GIVE_UP_S

    async def _event(self, users: Users, text: str) -> bool:
        name, _ = users.text()
        async with socket_to(self.service, users.channel, query="") as socket:
            row = {"type": "message", "id": name, "channel": users.channel, "username": f"{users.channel}prober", "text": text}
            users.ledger.sent += 1
            await socket.send(json.dumps(row))
            while True:
                event = json.loads(await socket.recv())
                if event.get("id") == name:
                    break
        if event["type"] != "analysis" or event["insights"] is None:
            self.found.figures["not_now"] = self.found.figures.get("not_now", 0) + 1
            return False
        if self._labels and _label(event) != self._labels[text]:
            self.found.problems.append(f"{text!r} was read as {_label(event)}, before as {self._labels[text]}")
        if not event["insights"]["counted"]:
            self.found.problems.append(f"{users.channel}: a message of now was not counted: {event['insights'].get('reason')}")
        return True

    async def _memory(self, users: Users) -> bool:
        name, text = users.text()
        status, answer = await users.caller.ask("/store_memory", id=name, content=text)
        if status != 200:
            return False
        users.ledger.stored[answer["id"]] = text
        status, answer = await users.caller.ask("/get_memory", id=name)
        return status == 200 and answer["content"] == text

    async def _recovered(self, name: str) -> float:
        started = time.monotonic()
        async with httpx.AsyncClient(base_url=self.service.url, timeout=5) as client:
            while time.monotonic() - started < GIVE_UP_S:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get("/readyz")).status_code == 200:
                        break
                await asyncio.sleep(0.05)
        await asyncio.gather(*(self.round_trip(users) for users in self.users))
        took = time.monotonic() - started
        self.found.recovery_s[name] = max(self.found.recovery_s.get(name, 0), round(took, 2))
        if took > self._within_s:
            self.found.problems.append(f"{name}: {took:.1f} s until everything went through again")
        return took

    async def _read(self, users: Users, text: str) -> Any:
        status, answer = await users.caller.until_taken("/analyze_message", username=f"{users.channel}prober", text=text)
        assert status == 200, answer
        return answer

    async def _look(self) -> None:
        """The same labels, a sample of what was promised, and questions whose answers belong to others."""
        for text in self.dice.sample(KNOWN, 3):
            if (label := _label(await self._read(self.users[0], text))) != self._labels[text]:
                self.found.problems.append(f"{text!r} is read as {label}, before as {self._labels[text]}")
        for users, other in zip(self.users, self.users[1:] + self.users[:1], strict=True):
            ledger = users.ledger
            known = sorted(set(ledger.stored) - ledger.maybe_deleted)
            for name in self.dice.sample(known, min(SAMPLE, len(known))) + list(ledger.stored)[-SAMPLE:]:
                if name not in ledger.maybe_deleted:
                    await self._there(users, name)
            for name in self.dice.sample(sorted(ledger.deleted), min(3, len(ledger.deleted))):
                status, _ = await users.caller.until_taken("/get_memory", id=name)
                if status != 404:
                    self.found.problems.append(f"{users.channel}: the deleted {name} answers {status}")
            if other.ledger.stored:
                theirs = self.dice.choice(sorted(other.ledger.stored))
                status, _ = await users.caller.until_taken("/get_memory", id=theirs)
                forbidden, _ = await users.caller.until_taken("/get_memory", id=theirs, channel=other.channel)
                if (status, forbidden) != (404, 403):
                    self.found.problems.append(f"{users.channel}: a memory of {other.channel} answers {status} and {forbidden}")
            for path, body in (
                ("/retrieve_memories", {"query": f"who said {marker(other.channel)}?", "k": 50}),
                ("/recent_memories", {"n": 200}), ("/global_insights", {}), ("/next_reply", {"k": 5}), ("/content/report", {}),
            ):  # fmt: skip
                await users.caller.ask(path, **body)  # looked through on the way

    async def _there(self, users: Users, name: str) -> None:
        status, answer = await users.caller.until_taken("/get_memory", id=name)
        text = users.ledger.stored[name]
        if status != 200 or (text is not None and answer["content"] != text):
            self.found.problems.append(f"{users.channel}: the acknowledged {name} answers {status} or another text")

    async def _published(self) -> None:
        """Events in Redis: of each the channel that its name says."""
        heard = Ledger()
        while True:
            try:
                async with redis.asyncio.Redis.from_url(self.bus.url) as client, client.pubsub() as pubsub:
                    await pubsub.psubscribe("hikari.events.*")
                    while True:
                        found = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
                        if found is None:
                            continue
                        channel = found["channel"].decode().removeprefix("hikari.events.")
                        event = msgpack.unpackb(found["data"])
                        look(channel, json.dumps(event), heard, "Redis")
                        if event["channel"] != channel or heard.problems:
                            self.found.problems += heard.problems or [f"Redis: an event of {event['channel']} in {channel}"]
                            heard = Ledger()
                        self.found.published += 1
            except (redis.exceptions.RedisError, OSError):
                await asyncio.sleep(0.1)

    async def _outcomes(self, users: Users) -> None:
        """Each outcome once more: what was acknowledged is counted already, and in the end each counts once."""
        ledger = users.ledger
        for unit, name in sorted(ledger.tried):
            _, answer = await users.caller.until_taken("/experiments/record", id="greeting", unit=unit, value=1, outcome_id=name)
            if answer["counted"] and (unit, name) in ledger.outcomes:
                self.found.problems.append(f"{users.channel}: the acknowledged outcome {name} was not counted")

    def _problems(self) -> list[str]:
        return [*self.found.problems, *(problem for users in self.users for problem in users.ledger.problems)]

    def settle(self) -> None:
        """Add up what the users saw."""
        found = self.found
        for ledger in (users.ledger for users in self.users):
            found.sent += ledger.sent
            found.answered += ledger.events["analysis"]
            found.acknowledged += len(ledger.stored)
            found.deleted += len(ledger.deleted)
            found.outcomes += len(ledger.outcomes)
            found.contents += len(ledger.contents)
            found.statuses.update({str(status): count for status, count in ledger.statuses.items()})
            found.problems += ledger.problems


def _label(answer: dict[str, Any]) -> tuple[str, str, bool, float]:
    sentiment = answer["sentiment"]["aggregate"]
    return sentiment["label"], answer["emotion"]["primary"], answer["toxicity"]["is_toxic"], round(sentiment["score"], 2)


def run(
    folder: Path, topology: str, seconds: float, *, seed: int = 7, within_s: float = WITHIN_S, only: Sequence[str] = (),
    bundle: Path | None = None, embedder: Path | None = None, say: Callable[[str], object] = lambda _: None,
) -> Chaos:  # fmt: skip
    """One topology. `bundle` and `embedder` are used instead of the shipped ones."""
    found, disk = Chaos(topology), SmallDisk(folder / "home")
    if not disk.is_small:
        found.skipped.append("disk_full: there is no right to mount a small disk")
    environment = {"HIKARI_HOME": str(disk.folder), "HIKARI_TOPOLOGY": topology}
    if bundle is not None:
        environment["HIKARI_BUNDLE"] = str(bundle)
    if embedder is not None:
        (disk.folder / "models").mkdir()
        (disk.folder / "models/embedder").symlink_to(embedder)
    try:
        with RedisProcess(folder) as bus:
            service = Service(folder, {**environment, "HIKARI_REDIS_URL": bus.url})
            service.start()
            try:
                made = Run(service, disk, bus, found, seed, within_s, only)
                asyncio.run(made.go(seconds, say))
            finally:
                service.stop()
            found.problems += [f"the log tells of a failure: {line}" for line in service.errors()[:3]]
            asyncio.run(audit(disk.folder, made.users, found))
            made.settle()
    finally:
        disk.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--topology", choices=[*TOPOLOGIES, "both"], default="both", help="both: each for half of the time")
    parser.add_argument("--only", nargs="*", default=[], metavar="FAULT", help="these alone")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    topologies = TOPOLOGIES if options.topology == "both" else (options.topology,)
    results = []
    for topology in topologies:
        with tempfile.TemporaryDirectory(prefix="hikari-soak-") as scratch:
            seconds = options.seconds / len(topologies)
            results.append(
                run(
                    Path(scratch),
                    topology,
                    seconds,
                    seed=options.seed,
                    only=options.only,
                    say=lambda line: print(line, file=sys.stderr),
                )
            )
    report = json.dumps([vars(result) for result in results])
    print(report)
    if options.output:
        atomic.write_file(options.output, (report + "\n").encode())
    return 1 if any(result.problems for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
