"""Bulk ingestion in turns: the service over WebSocket and by request, one message a request, the bare engine, the bare runtime.

Every way gets as many new texts in every turn, and whatever else the machine does meets all of them alike.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
from websockets.asyncio.client import connect

from tests.benchmarks.live import texts
from tests.benchmarks.live.client import Dashboard

ROOT = Path(__file__).parents[3]
CLIENTS = 16
FRAME = 500
CHANNEL = "bulk"
WAYS = ("websocket", "batch_request", "one_a_request", "one_client", "engine", "onnx_loop", "onnx_side_by_side")
"""`one_a_request`: one message a request, `CLIENTS` clients at once, which the pipeline takes together; `one_client`: one alone."""
Work = Callable[[list[str]], Awaitable[int]]


class Bare:
    """The process of the bare engine and the bare runtime (`bare.py`)."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir(parents=True)
        self._log = folder / "stderr.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.live.bare"],
                cwd=ROOT, env={**environment, "HIKARI_HOME": str(folder / "home")}, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    async def ask(self, **what: Any) -> dict[str, Any]:
        """One order and its answer. Raises `RuntimeError` with the process's own words."""
        return await asyncio.to_thread(self._ask, json.dumps(what))

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer.startswith("{"):
            raise RuntimeError(f"the bare engine failed:\n{self._log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        return json.loads(answer)

    def end(self) -> None:
        """End the process; its stores are thrown away."""
        self._process.kill()
        self._process.wait()


@contextmanager
def bare(folder: Path, environment: dict[str, str]) -> Iterator[Bare]:
    """A `Bare` that ends with the block."""
    started = Bare(folder, environment)
    try:
        yield started
    finally:
        started.end()


async def over_websocket(url: str, given: Sequence[str]) -> int:
    """All texts in bulk frames over one socket; how many were analysed."""
    found = 0
    async with connect(f"{url.replace('http', 'ws')}/ws/chat", max_size=None, proxy=None) as socket:
        await socket.recv()
        for start in range(0, len(given), FRAME):
            piece = texts.rows(list(given[start : start + FRAME]), CHANNEL)
            await socket.send(texts.as_json({"type": "messages", "messages": piece}))
        for _ in given:
            found += '"type":"analysis"' in str(await socket.recv())[:60]
    return found


async def by_batch(session: aiohttp.ClientSession, url: str, given: Sequence[str]) -> int:
    """The same by request, two under way as over the socket."""
    pieces = [list(given[start : start + FRAME]) for start in range(0, len(given), FRAME)]
    room = asyncio.Semaphore(2)

    async def one(piece: list[str]) -> int:
        async with (
            room,
            session.post(f"{url}/process_chat_batch", json={"rows": texts.rows(piece, CHANNEL, "message")}) as answer,
        ):
            answer.raise_for_status()
            return sum(row.get("analysis") is not None for row in json.loads(await answer.read()))

    return sum(await asyncio.gather(*map(one, pieces)))


async def by_one(session: aiohttp.ClientSession, url: str, given: Sequence[str], clients: int) -> int:
    """One message a request, by clients of which each waits for its answer."""
    left = iter(texts.rows(list(given), CHANNEL, "message"))

    async def client() -> int:
        found = 0
        for row in left:
            body = {name: value for name, value in row.items() if name != "id"}
            async with session.post(f"{url}/process_chat_message", json=body) as answer:
                answer.raise_for_status()
                found += json.loads(await answer.read())["analysis"] is not None
        return found

    return sum(await asyncio.gather(*(client() for _ in range(clients))))


async def measure(url: str, process: Bare, dashboard: Dashboard, turns: int, size: int, seed: int) -> dict[str, Any]:
    """Messages a second of every way, over all turns but a first one; waiting for the disk between the ways is not counted."""
    new = texts.distinct(seed)
    seconds, done, written_s = dict.fromkeys(WAYS, 0.0), dict.fromkeys(WAYS, 0), 0.0
    before = (await dashboard.next())["cache"]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(600)) as session:
        service: dict[str, Work] = {
            "websocket": lambda given: over_websocket(url, given),
            "batch_request": lambda given: by_batch(session, url, given),
            "one_a_request": lambda given: by_one(session, url, given, CLIENTS),
            "one_client": lambda given: by_one(session, url, given, 1),
        }
        for turn in range(turns + 1):
            shared = list(islice(new, size))
            # Nobody is always the first after a pause.
            for way in WAYS[turn % len(WAYS) :] + WAYS[: turn % len(WAYS)]:
                if way in service:
                    # The bare process has not read the texts of the service, nor the service those of the bare process.
                    given = list(islice(new, size // 4 if way.startswith("one") else size))
                    took = await _timed(way, service[way], given)
                    await dashboard.settled()
                else:
                    given, answer = shared, await process.ask(way=way, texts=shared)
                    took = answer["seconds"]
                    written_s += answer.get("written_s", 0.0) if turn else 0.0
                if turn:
                    seconds[way] += took
                    done[way] += len(given)
    after = (await dashboard.next())["cache"]
    rates = {way: done[way] / seconds[way] for way in WAYS}
    asked = sum(after[name] - before[name] for name in ("hits", "misses"))
    return {
        "texts_a_way": done,
        "messages_per_s": rates,
        "engine_until_written_per_s": done["engine"] / written_s,
        "cache_hit_rate": (after["hits"] - before["hits"]) / asked if asked else None,
        "engine_cache_hit_rate": (await process.ask(way="stats"))["cache_hit_rate"],
        "websocket_to_engine": rates["websocket"] / rates["engine"],
        "batch_request_to_engine": rates["batch_request"] / rates["engine"],
        "engine_to_onnx_loop": rates["engine"] / rates["onnx_loop"],
        "engine_to_onnx_side_by_side": rates["engine"] / rates["onnx_side_by_side"],
        "websocket_to_one_client": rates["websocket"] / rates["one_client"],
        "batch_request_to_one_client": rates["batch_request"] / rates["one_client"],
        "websocket_to_one_a_request": rates["websocket"] / rates["one_a_request"],
        "batch_request_to_one_a_request": rates["batch_request"] / rates["one_a_request"],
    }


async def _timed(way: str, work: Work, given: list[str]) -> float:
    started = time.perf_counter()
    count = await work(given)
    if count != len(given):
        raise RuntimeError(f"{way}: {len(given) - count} of {len(given)} messages were not analysed")
    return time.perf_counter() - started
