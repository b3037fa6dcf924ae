"""Whether a served engine works, route group by route group.

    python -m serving.smoke http://localhost:3000 [--key KEY] [--channel NAME]

Writes a few messages and a memory into a channel of its own and forgets their viewer again. Says in one line each what works; ends with
1, after saying what does not. The key needs all scopes and, if it is bound to channels, `--channel` one of them.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec

from serving.wire import MSGPACK

VIEWER, TEXT = "smoke-test", "my parrot is called Captain Smoke and it loves biscuits"
TIMEOUT_S = 60.0


class Broken(Exception):
    """What does not work."""


class Smoke:
    """The checks, against one server."""

    def __init__(self, session: aiohttp.ClientSession, url: str, channel: str) -> None:
        self._session, self._url, self._channel = session, url.rstrip("/"), channel

    async def health(self) -> str:
        """Liveness, readiness, the page, the documents, the metrics."""
        for path in ("/livez", "/readyz", "/", "/docs"):
            await self._get(path)
        paths = (await self._get("/openapi.json", as_json=True))["paths"]
        if "hikari_" not in await self._get("/metrics"):
            raise Broken("/metrics has nothing of the engine")
        return f"ready, {len(paths)} routes"

    async def sentiment(self) -> str:
        """One message, many, and Perspective's words."""
        one = await self._post("/analyze_message", text="this stream is great", username=VIEWER)
        rows = [{"id": 1, "text": "so good", "username": VIEWER}, {"id": 2, "text": "", "username": VIEWER}]
        many = await self._post("/analyze_batch", messages=rows)
        _require([row["id"] for row in many] == [1, 2] and "error" in many[1], "/analyze_batch answers row by row")
        reading = await self._post("/reading", bare=True)
        _require(0 < reading["toxicity_thresholds"]["toxic"] < 1, "/reading tells the thresholds in force")
        emotes = await self._post("/learned_emotes")
        _require(isinstance(emotes, list), "/learned_emotes answers a list")
        comment = await self._post(
            "/v1alpha1/comments:analyze", bare=True, comment={"text": "hello"}, requestedAttributes={"TOXICITY": {}}
        )
        _require("TOXICITY" in comment["attributeScores"], "comments:analyze answers what was asked")
        return f"{one['sentiment']['aggregate']['label']}, model {one['model']['fingerprint']}"

    async def memory(self) -> str:
        """Store, find, and a second format."""
        stored = await self._post("/store_memory", content=TEXT, user=VIEWER)
        found = await self._post("/retrieve_memories", query="what is the parrot called?", k=3)
        _require(any(row["id"] == stored["id"] for row in found), "/retrieve_memories finds what /store_memory stored")
        body = {"id": stored["id"], "channel": self._channel}
        headers = {"content-type": MSGPACK}
        async with self._session.post(f"{self._url}/get_memory", data=msgspec.msgpack.encode(body), headers=headers) as answer:
            content = await answer.read()
            _require(answer.status == 200, f"/get_memory in msgpack answers {answer.status}")
        _require(msgspec.msgpack.decode(content)["id"] == stored["id"], "/get_memory answers in msgpack")
        await self._post("/memory_stats")
        return f"stored and found as {stored['id']}"

    async def stream(self) -> str:
        """Chat in, analytics out."""
        one = await self._post("/process_chat_message", username=VIEWER, message="hello there")
        _require(one["insights"] is not None, "/process_chat_message counts")
        rows = [{"id": number, "username": VIEWER, "message": f"number {number}"} for number in range(5)]
        many = await self._post("/process_chat_batch", rows=rows)
        _require(all("insights" in row for row in many), "/process_chat_batch counts every row")
        counts = (await self._post("/global_insights"))["counts"]
        await self._post("/viewer_insights", username=VIEWER)
        await self._post("/record_metric", metric_name="viewer_count", value=7)
        await self._post("/detect_anomalies")
        await self._post("/experiments/list")
        await self._post("/content/record", kind="segment", name="smoke test")
        return f"{counts['messages']} messages counted"

    async def replies(self) -> str:
        """What to answer now."""
        answer = await self._post("/next_reply", k=1)
        _require("prompt" in answer, "/next_reply has a prompt")
        await self._post("/said", text="hello, everyone")
        return f"{len(answer['replies'])} to answer"

    async def sockets(self) -> str:
        """A message in and its event out, in both formats; a snapshot."""
        started = time.perf_counter()
        async with self._session.ws_connect(f"{self._url}/ws/chat") as socket:
            _require((await socket.receive_json(timeout=TIMEOUT_S))["type"] == "hello", "/ws/chat says hello")
            row = {"type": "message", "id": "smoke-1", "channel": self._channel, "username": VIEWER, "text": "hi over the socket"}
            await socket.send_str(json.dumps(row))
            event = await _until(lambda: socket.receive_json(timeout=TIMEOUT_S), "smoke-1")
            _require(event["type"] == "analysis", "/ws/chat answers a message with its analysis")
            await socket.send_bytes(msgspec.msgpack.encode({**row, "id": "smoke-2"}))

            async def packed() -> Any:
                return msgspec.msgpack.decode(await socket.receive_bytes(timeout=TIMEOUT_S))

            await _until(packed, "smoke-2")
        took = time.perf_counter() - started
        async with self._session.ws_connect(f"{self._url}/ws/dashboard?channel={self._channel}") as socket:
            while (await socket.receive_json(timeout=TIMEOUT_S))["type"] != "snapshot":
                pass
        return f"two messages and their events in {took * 1000:.0f} ms"

    async def forgetting(self) -> str:
        """The viewer of all this goes again."""
        gone = await self._post("/forget_user", user=VIEWER)
        _require(gone["analytics"] is not None, "/forget_user reaches the analytics")
        return "the viewer is forgotten"

    async def _get(self, path: str, *, as_json: bool = False) -> Any:
        async with self._session.get(f"{self._url}{path}") as answer:
            _require(answer.status == 200, f"GET {path} answers {answer.status}")
            return await (answer.json() if as_json else answer.text())

    async def _post(self, path: str, *, bare: bool = False, **body: Any) -> Any:
        named = body if bare else {"channel": self._channel, **body}
        async with self._session.post(f"{self._url}{path}", json=named) as answer:
            if answer.status != 200:
                problem = (await answer.json(content_type=None)).get("error", {})
                raise Broken(f"{path} answers {answer.status} {problem.get('code')}: {problem.get('message')}")
            return await answer.json()


async def _until(receive: Callable[[], Awaitable[Any]], identifier: str) -> Any:
    while (event := await receive()).get("id") != identifier:
        pass
    return event


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(f"it does not hold that {what}")


async def smoke(url: str, key: str | None = None, channel: str = "_smoke") -> bool:
    """Run all checks; whether everything works."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    works = True
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        checks = Smoke(session, url, channel)
        for name in ("health", "sentiment", "memory", "stream", "replies", "sockets", "forgetting"):
            try:
                print(f"ok      {name}: {await getattr(checks, name)()}")
            except (Broken, aiohttp.ClientError, TimeoutError, OSError, KeyError, TypeError, ValueError) as error:
                works = False
                said = (
                    str(error)
                    if isinstance(error, Broken | OSError | aiohttp.ClientError) and str(error)
                    else type(error).__name__
                )
                print(f"BROKEN  {name}: {said}")
                if name == "health":
                    break  # whoever is not ready need not be asked for the rest
    return works


def main() -> int:
    """`python -m serving.smoke`"""
    parser = argparse.ArgumentParser(description="Whether a served engine works.")
    parser.add_argument("url")
    parser.add_argument("--key", help="an API key with all scopes")
    parser.add_argument("--channel", default="_smoke")
    given = parser.parse_args()
    works = asyncio.run(smoke(given.url, given.key, given.channel))
    print(f"{given.url} {'works' if works else 'does not work'}")
    return 0 if works else 1


if __name__ == "__main__":
    sys.exit(main())
