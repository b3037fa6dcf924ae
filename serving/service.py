"""The BentoML entry service.

bentoml serve serving.service:Hikari --host 127.0.0.1 --port 3000
"""

from typing import Any, cast

import bentoml
from starlette.types import ASGIApp

from serving import app as routes
from serving import collector, logs, preflight, runners
from serving.chat import Chat
from serving.front import front
from serving.links import Link, all_ready
from serving.live import Live
from serving.settings import Limits
from serving.topology import Shared, linked

LIMITS = Limits()
OUTER_TIMEOUT_S = LIMITS.long_request_timeout_s + 30
"""BentoML's own limit, which answers in a shape of its own: the guard's limits come first."""


def _parts() -> routes.Parts:
    return cast("routes.Parts", bentoml.get_current_service().parts)


def _outside(inner: ASGIApp) -> ASGIApp:
    """From the outside in: request ids and the log, then the guard and what belongs to it."""
    return logs.Requests(front(inner, limits=LIMITS))


app = routes.build(_parts)


class Parts:
    """What the routes are answered by: a link to each runner, and the stream of this process."""

    def __init__(self, service: "Hikari") -> None:  # type: ignore[valid-type] - the class below
        self.sentiment = Link("the text model", lambda: service.sentiment)
        self.memory = Link("the memory", lambda: service.memory)
        self.analytics = Link("the analytics", lambda: service.analytics)
        ready = {"sentiment": self.sentiment.is_ready, "memory": self.memory.is_ready, "analytics": self.analytics.is_ready}
        self.live = Live(self.sentiment, self.memory, self.analytics, ready)
        self.chat = Chat(self.live, self.analytics)


@bentoml.service(name="hikari", workers=1, traffic={"timeout": OUTER_TIMEOUT_S}, metrics={"enabled": True})
@bentoml.asgi_app(app, path="/")
class Hikari:
    """The page, the API and the stream. `workers=1`: one pipeline keeps the order of what each viewer says.

    The runners live in this process, or in their own (`HIKARI_TOPOLOGY`); build Bentos with `distributed`, which can be served both ways.
    """

    sentiment = linked(runners.SentimentRunner)
    memory = linked(runners.MemoryRunner)
    analytics = linked(runners.AnalyticsRunner)

    def __init__(self) -> None:
        logs.configure()
        self.parts = Parts(self)

    @bentoml.on_deployment
    @staticmethod
    def check() -> None:
        """Before anything is started: what cannot be opened ends the start with its message."""
        preflight.check()

    @bentoml.on_startup
    async def open(self) -> None:
        """Open what lives in this process before the first request, then let messages in."""
        for runner in self._runners(here=True):
            await runner.open()
        for proxy in self._runners(here=False):
            await proxy.__aenter__()  # BentoML does so too, but only after this
        routes.warm(app)
        collector.spare()
        await self.parts.live.start()

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Finish what was accepted, close the stores, let the model go."""
        await self.parts.chat.close()
        await self.parts.live.close()
        for runner in self._runners(here=True):
            await runner.close()

    async def __is_ready__(self) -> bool:
        return self.parts.live.is_ready and await all_ready((self.parts.sentiment, self.parts.memory, self.parts.analytics))

    def _runners(self, *, here: bool) -> list[Any]:
        """The runners in this process, of which BentoML knows nothing, or those in others. The memory first: it may refuse to open."""
        names = ("memory", "analytics", "sentiment")
        return [getattr(self, name) for name in names if isinstance(vars(type(self))[name], Shared) is here]


Hikari.add_asgi_middleware(_outside)  # type: ignore[arg-type] - a factory is as good as a class here
