"""The BentoML entry service.

bentoml serve serving.service:Hikari --host 127.0.0.1 --port 3000
"""

from typing import cast

import bentoml

from hikari import AdvancedSentimentAnalyzer
from hikari.settings import Settings
from serving import app as routes
from serving import preflight, shipped
from serving.analytics_runner import AnalyticsRunner
from serving.chat import Chat
from serving.front import front
from serving.memory_runner import MemoryRunner
from serving.settings import Limits

LIMITS = Limits()
OUTER_TIMEOUT_S = LIMITS.long_request_timeout_s + 30
"""BentoML's own limit, which answers in a shape of its own: the guard's limits come first."""


def _parts() -> routes.Parts:
    return cast("routes.Parts", bentoml.get_current_service())


app = routes.build(_parts)


@bentoml.service(name="hikari", workers=1, traffic={"timeout": OUTER_TIMEOUT_S}, metrics={"enabled": True})
@bentoml.asgi_app(app, path="/")
class Hikari:
    """One process: the page, the API, the model, the memory and the analytics. `workers=1`: trends live in it, and it alone writes
    the stores."""

    def __init__(self) -> None:
        self.analyzer = AdvancedSentimentAnalyzer(shipped.text_bundle(Settings.read()))
        encoder = shipped.Encoder()
        self.memory = MemoryRunner(lambda: shipped.memory(encoder))
        self.analytics = AnalyticsRunner(lambda: shipped.analytics(encoder))
        self.chat = Chat(self.analyzer, self.analytics)

    @bentoml.on_deployment
    @staticmethod
    def check() -> None:
        """Before anything is started: what cannot be opened ends the start with its message."""
        preflight.check()

    @bentoml.on_startup
    async def open(self) -> None:
        """Load the model and open the stores before the first request."""
        await self.memory.open()
        await self.analytics.open()
        await self.analyzer.open()

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Finish what was accepted, close the stores, let the model go."""
        await self.chat.close()
        await self.memory.close()
        await self.analytics.close()
        await self.analyzer.close()

    async def __is_ready__(self) -> bool:
        return self.analyzer.is_open and self.memory.is_ready and self.analytics.is_ready


Hikari.add_asgi_middleware(front)  # type: ignore[arg-type] - a factory is as good as a class here
