"""The three parts of the engine as BentoML services, for processes of their own.

Each takes calls in bulk, in msgpack, over a unix socket that only this user reaches; nothing here is unpickled.
"""

import asyncio
import contextlib
from typing import Annotated, Any

import bentoml
from bentoml.validators import ContentType
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving import collector, logs, problems, shipped, wire
from serving.analytics_runner import AnalyticsRunner as Analytics
from serving.ending import Ending
from serving.links import Part
from serving.memory_runner import MemoryRunner as Memory
from serving.sentiment_runner import SentimentRunner as Sentiment
from serving.settings import Limits

QUIET_S = 2.0
"""So long after the last call a runner that was told to end does so; the entry service asks more often while it finishes."""
Content = Annotated[bytes, ContentType(wire.MSGPACK)]
OPTIONS: dict[str, Any] = {
    "workers": 1, "traffic": {"timeout": Limits.long_request_timeout_s + 30}, "metrics": {"enabled": True},
    # BentoML's client would close its session every hundred calls, and with it the calls that are under way.
    "runner_connection": {"max_age": 1e9, "max_requests": 2**60},
}  # fmt: skip
"""`workers=1`: one writer for each store, and trends that are whole. `BENTOML_CONFIG` may give the text model more."""


class Runner:
    """What the three have in common: the calls, and the hooks that BentoML calls where they have a process of their own."""

    part: Any

    def __init__(self, part: Part) -> None:
        logs.configure()
        self.part = part
        self._asked = asyncio.Event()

    @bentoml.api
    async def run(self, calls: Content, /) -> Content:
        """Run calls side by side; an outcome for each, in order."""
        self._asked.set()
        return wire.pack(await self.part.run(wire.unpack(calls)))

    @bentoml.on_startup
    async def open(self) -> None:
        """Open the part before the first call."""
        await self.part.open()
        collector.spare()

    @bentoml.on_startup
    async def outlive(self) -> None:
        """Take the signal to end late: the entry service gets it too, and still asks while it finishes what it accepted."""
        Ending(self._until_quiet).install()

    async def _until_quiet(self) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                self._asked.clear()
                await asyncio.wait_for(self._asked.wait(), QUIET_S)

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Finish what was accepted, then close the part."""
        await self.part.close()

    async def __is_ready__(self) -> bool:
        return self.part.is_ready


@bentoml.service(name="SentimentRunner", resources={"gpu": 1}, **OPTIONS)
class SentimentRunner(Runner):
    """The text model. Where there is a GPU, it is this service's."""

    def __init__(self) -> None:
        scores = shipped.scores()
        super().__init__(Sentiment(lambda: shipped.analyzer(scores), scores))


@bentoml.service(name="MemoryRunner", **OPTIONS)
class MemoryRunner(Runner):
    """The memory."""

    def __init__(self) -> None:
        super().__init__(Memory(lambda: shipped.memory(shipped.encoder())))


@bentoml.service(name="AnalyticsRunner", **OPTIONS)
class AnalyticsRunner(Runner):
    """The analytics."""

    def __init__(self) -> None:
        super().__init__(Analytics(lambda: shipped.analytics(shipped.encoder())))


class Msgpack:
    """ASGI middleware of a runner: bodies are msgpack. BentoML would unpickle others for whoever reaches the socket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and Headers(scope=scope).get("content-type") != wire.MSGPACK:
            await problems.send(send, 415, "bad_input", f"a runner takes {wire.MSGPACK} only")
        else:
            await self._app(scope, receive, send)


RUNNERS = (SentimentRunner, MemoryRunner, AnalyticsRunner)
for _runner in RUNNERS:
    _runner.add_asgi_middleware(Msgpack)  # type: ignore[arg-type]
