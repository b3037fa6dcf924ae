"""Who uses the service while it is broken: writers and listeners of every channel, and the ledger of what they were promised.

Every text holds the marker of its channel and a word that occurs once, so that whatever is missing, double or in the wrong place shows.
"""

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from hikari.stream.messages import stream_message
from hikari.stream.remembering import memory_id
from tests.soak.chaos_service import CHANNELS, NOISE, OPERATOR, Service, bearer, key, marker

WORDS = (  # noqa: SIM905
    "boss garden piano winter recipe bicycle mountain painting library coffee thunder island puppet mirror rocket lantern "
    "dragon village concert pepper window market harvest puzzle castle violin museum planet sailor bakery"
).split()
SAID_PER_S, DONE_PER_S = 6.0, 4.0
EXPERIMENT = {
    "id": "greeting", "name": "greeting by name", "metric": "replied", "kind": "count", "unit": "viewer",
    "arms": [{"name": "plain"}, {"name": "by name"}], "minimum_effect": 0.1,
}  # fmt: skip
GOOD, BUSY = 200, frozenset({429, 503, 504, 507})
"""`BUSY`: the service says that it cannot now."""


@dataclass
class Ledger:
    """What one channel was promised, by id, and what was wrong."""

    sent: int = 0
    events: Counter[str] = field(default_factory=Counter)
    stored: dict[str, str | None] = field(default_factory=dict)
    """Acknowledged memories; None where an equal one was there before."""
    deleted: set[str] = field(default_factory=set)
    maybe_deleted: set[str] = field(default_factory=set)
    tried: set[tuple[str, str]] = field(default_factory=set)
    outcomes: set[tuple[str, str]] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    statuses: Counter[int | str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Caller:
    """Requests with the key of one channel; every answer is looked through for what is not this channel's."""

    def __init__(self, service: Service, channel: str, ledger: Ledger) -> None:
        self.channel, self.ledger = channel, ledger
        self._client = httpx.AsyncClient(base_url=service.url, headers=bearer(key(channel)), timeout=15)
        self._operator = httpx.AsyncClient(base_url=service.url, headers=bearer(OPERATOR), timeout=15)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
        await self._operator.aclose()

    async def ask(self, path: str, *, operator: bool = False, **body: Any) -> tuple[int, Any]:
        """Status and answer; status 0 when the connection failed."""
        client = self._operator if operator else self._client
        try:
            answer = await client.post(path, json={"channel": self.channel, **body})
        except httpx.HTTPError as error:
            self.ledger.statuses[type(error).__name__] += 1
            return 0, None
        self.ledger.statuses[answer.status_code] += 1
        if not operator:
            look(self.channel, answer.text, self.ledger, path)
        if answer.status_code >= 500 and answer.status_code not in BUSY:
            self.ledger.problems.append(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, None

    async def until_taken(self, path: str, *, operator: bool = False, **body: Any) -> tuple[int, Any]:
        """Ask again, the same, while the service is away or busy."""
        while True:
            status, answer = await self.ask(path, operator=operator, **body)
            if status and status not in BUSY:
                return status, answer
            await asyncio.sleep(0.2)


def look(channel: str, text: str, ledger: Ledger, where: str) -> None:
    """Note a marker that belongs to another channel."""
    ledger.problems += [
        f"{channel}: {where} told of the channel {other}"
        for other in (*CHANNELS, NOISE)
        if other != channel and marker(other) in text
    ]


def socket_to(service: Service, channel: str, path: str = "/ws/chat", query: str = "&subscribe=1", **options: Any) -> Any:
    """A socket with the channel's key."""
    url = f"{service.url.replace('http', 'ws')}{path}?channel={channel}{query}"
    return connect(url, additional_headers=bearer(key(channel)), max_size=None, proxy=None, open_timeout=5, **options)


class Users:
    """The writers and the listeners of one channel."""

    def __init__(self, service: Service, channel: str, seed: int) -> None:
        self.service, self.channel, self.ledger = service, channel, Ledger()
        self.caller = Caller(service, channel, self.ledger)
        self._dice = random.Random(f"{seed}{channel}")
        self._running, self._number = True, 0
        self._texts: dict[str, str] = {}
        """What becomes of a message under its memory's id."""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Define the experiment, then begin to talk and to listen."""
        await self.caller.until_taken("/experiments/create", operator=True, definition=EXPERIMENT)
        await self.caller.until_taken("/experiments/start", operator=True, id="greeting")
        scenes = (self._talk(), self._do(), self._listen("/ws/chat", "&subscribe=1"), self._listen("/ws/dashboard", ""))
        self._tasks = [asyncio.create_task(scene) for scene in scenes]

    async def stop(self) -> None:
        """Begin nothing more; what is under way ends."""
        self._running = False
        done, late = await asyncio.wait(self._tasks, timeout=30)
        for task in late:
            task.cancel()
            self.ledger.problems.append(f"{self.channel}: a writer or a listener did not end")
        for task in done:
            if (error := task.exception()) is not None:
                self.ledger.problems.append(f"{self.channel}: a user failed with {error!r}")

    def text(self) -> tuple[str, str]:
        """A unique id and a text that holds it."""
        self._number += 1
        name = f"{self.channel}n{self._number}"
        words = " ".join(self._dice.choices(WORDS, k=5))
        return name, f"my {words} word{name} and {marker(self.channel)}"

    async def _talk(self) -> None:
        while self._running:
            try:
                async with socket_to(self.service, self.channel) as socket:
                    reading = asyncio.create_task(self._read(socket, "talk"))
                    try:
                        while self._running and not reading.done():
                            await socket.send(json.dumps(self._message()))
                            await asyncio.sleep(1 / SAID_PER_S)
                        if not self._running:
                            await asyncio.sleep(1.5)  # for the last `stored` events
                    finally:
                        reading.cancel()
                        await asyncio.gather(reading, return_exceptions=True)
            except (WebSocketException, OSError, TimeoutError) as error:
                self.ledger.statuses[type(error).__name__] += 1
                await asyncio.sleep(0.2)

    def _message(self) -> dict[str, Any]:
        name, text = self.text()
        row = {"id": name, "channel": self.channel, "username": f"{self.channel}viewer{self._number % 9}", "text": text,
               "timestamp": time.time()}  # fmt: skip
        self._texts[memory_id(stream_message(row, 0.0))] = text
        self.ledger.sent += 1
        return {"type": "message", **row}

    async def _listen(self, path: str, query: str) -> None:
        while self._running:
            try:
                async with socket_to(self.service, self.channel, path, query) as socket:
                    reading = asyncio.create_task(self._read(socket, path))
                    while self._running and not reading.done():
                        await asyncio.wait((reading,), timeout=0.2)
                    reading.cancel()
                    await asyncio.gather(reading, return_exceptions=True)
            except (WebSocketException, OSError, TimeoutError):
                await asyncio.sleep(0.2)

    async def _read(self, socket: ClientConnection, where: str) -> None:
        seen: Counter[tuple[str, str]] = Counter()
        try:
            async for frame in socket:
                look(self.channel, str(frame), self.ledger, where)
                event = json.loads(frame)
                if event.get("channel", self.channel) != self.channel:
                    self.ledger.problems.append(f"{self.channel}: {where} told of the channel {event['channel']}")
                names = event["memories"] if event["type"] == "stored" else [event["id"]] if event["type"] == "analysis" else []
                seen.update((event["type"], str(name)) for name in names)
                if where == "talk":
                    self.ledger.events[event["type"]] += 1
                if event["type"] == "stored":
                    for name, stored_as in event["memories"].items():
                        self.ledger.stored[stored_as] = self._texts.get(name) if name == stored_as else None
        except (WebSocketException, OSError):
            pass
        finally:
            twice = [name for name, count in seen.items() if count > 1]
            if twice:
                self.ledger.problems.append(f"{self.channel}: {where} was told {len(twice)} events twice, such as {twice[0]}")

    async def _do(self) -> None:
        for turn in range(10**9):
            if not self._running:
                return
            name, text = self.text()
            row: dict[str, Any] = {
                "id": name,
                "content": text,
                "memory_type": "conversation",
                "user": f"{self.channel}viewer{turn % 9}",
            }
            status, answer = await self.caller.until_taken("/store_memory", **row)
            if status == GOOD:
                self.ledger.stored[answer["id"]] = text if answer["id"] == name else None
            else:
                self.ledger.problems.append(f"{self.channel}: a memory was refused with {status}: {answer}")
            if turn % 3 == 0:
                await self._outcome(turn, name)
            if turn % 5 == 1:
                await self._batch()
            if turn % 5 == 2:
                await self._content(turn, name)
            if turn % 7 == 6:
                await self._delete(name)
            await asyncio.sleep(1 / DONE_PER_S)

    async def _outcome(self, turn: int, name: str) -> None:
        unit = f"{self.channel}viewer{turn % 200}"
        await self.caller.until_taken("/experiments/assign", id="greeting", unit=unit)
        self.ledger.tried.add((unit, name))
        status, answer = await self.caller.until_taken("/experiments/record", id="greeting", unit=unit, value=1, outcome_id=name)
        if status == GOOD:
            self.ledger.outcomes.add((unit, name))
        else:
            self.ledger.problems.append(f"{self.channel}: an outcome was refused with {status}: {answer}")

    async def _batch(self) -> None:
        rows, texts = [], []
        for _ in range(5):
            name, text = self.text()
            rows.append({"id": name, "username": f"{self.channel}viewer", "message": text, "timestamp": time.time()})
            texts.append(text)
        self.ledger.sent += len(rows)
        status, answer = await self.caller.ask("/process_chat_batch", rows=rows, durable=True)
        if status != GOOD:
            return  # counted or not, nobody was told so
        for text, said in zip(texts, answer, strict=True):
            memory = said.get("memory") or {}
            if "id" in memory:
                self.ledger.stored[memory["id"]] = text

    async def _content(self, turn: int, name: str) -> None:
        start = 1_700_000_000.0 + turn * 10
        status, answer = await self.caller.until_taken("/content/record", kind="segment", name=name, start=start, end=start + 5)
        if status == GOOD:
            self.ledger.contents.add(name)
        else:
            self.ledger.problems.append(f"{self.channel}: a content was refused with {status}: {answer}")

    async def _delete(self, name: str) -> None:
        self.ledger.maybe_deleted.add(name)
        status, _ = await self.caller.until_taken("/delete_memory", operator=True, id=name)
        if status == GOOD:
            self.ledger.deleted.add(name)
