"""The BentoML entry service.

bentoml serve serving.service:Hikari --host 127.0.0.1 --port 3000
"""

import asyncio
from pathlib import Path
from typing import Any

import bentoml
from starlette.types import ASGIApp

from hikari import AdvancedSentimentAnalyzer
from hikari.bundle import MANIFEST
from hikari.sentiment.analyzer import BUNDLE_NAME
from hikari.settings import Settings
from serving import app as routes
from serving.guard import Guard
from serving.problems import Shield
from serving.settings import Limits

LIMITS = Limits()


def _running() -> AdvancedSentimentAnalyzer:
    service: Any = bentoml.get_current_service()
    return service.analyzer


def _bundle() -> Path | None:
    """The bundle that lies beside this code, as in a Bento; None where the environment or the live data name another."""
    settings = Settings.read()
    beside = Path(__file__).parent.parent / "data" / "models" / BUNDLE_NAME
    named = settings.bundle is not None or (settings.home / "models" / BUNDLE_NAME / MANIFEST).is_file()
    return beside if not named and (beside / MANIFEST).is_file() else None


def _guard(inner: ASGIApp) -> Guard:
    return Guard(inner, Settings.read().api_keys, LIMITS)


app = routes.build(_running)


@bentoml.service(name="hikari", workers=1, traffic={"timeout": LIMITS.request_timeout_s}, metrics={"enabled": True})
@bentoml.asgi_app(app, path="/")
class Hikari:
    """One process: the page, the API and the model. `workers=1`, because trends live in the process."""

    def __init__(self) -> None:
        self.analyzer = AdvancedSentimentAnalyzer(_bundle())
        self._opening: asyncio.Task[None] | None = None

    @bentoml.on_startup
    async def open(self) -> None:
        """Load the model before the first request; a missing bundle ends the start with its message."""
        await self.analyzer.open()

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Let the model go."""
        await self.analyzer.close()

    async def __is_ready__(self) -> bool:
        return self.analyzer.is_open


Hikari.add_asgi_middleware(_guard)  # type: ignore[arg-type] - a factory is as good as a class here
Hikari.add_asgi_middleware(Shield)  # type: ignore[arg-type]
