"""The routes and sockets. FastAPI serves them inside the BentoML service; BentoML keeps `/livez`, `/readyz` and `/metrics`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI, WebSocket
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

import hikari
from hikari.analytics.channel import VIEWER_COUNT
from serving import analytics_routes, memory_routes, perspective, plotly, problems, reply_routes, sentiment_routes, sockets
from serving.calls import Outcome
from serving.chat import Chat
from serving.forgetting import forget_user
from serving.links import Part
from serving.live import Live
from serving.routes import Route

STATIC = Path(__file__).parent / "static"


class Parts(Protocol):
    """What the routes are answered by."""

    sentiment: Part
    memory: Part
    analytics: Part
    chat: Chat
    live: Live


def build(parts: Callable[[], Parts]) -> FastAPI:
    """The app; `parts` gives those of the running service when a request comes."""
    app = FastAPI(
        title="Hikari",
        version=hikari.__version__,
        summary="Understands, remembers and foresees live-stream chat for an AI VTuber.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )

    async def forget(arguments: dict[str, Any]) -> Outcome:
        now = parts()
        return await forget_user(now.sentiment, now.memory, now.analytics, now.live, arguments)

    def told(route: Route, arguments: dict[str, Any]) -> None:
        if route.method == "record_metric" and arguments["metric_name"] == VIEWER_COUNT:
            parts().live.watch.viewers(arguments.get("channel", "default"), arguments["value"])

    problems.install(app)
    app.include_router(sentiment_routes.build(lambda: parts().sentiment))
    app.include_router(perspective.build(lambda: parts().sentiment))
    app.include_router(memory_routes.build(lambda: parts().memory, forget))
    app.include_router(analytics_routes.build(lambda: parts().analytics, lambda: parts().chat, told))
    app.include_router(reply_routes.build(lambda: parts().live.desk, lambda: parts().memory))
    app.include_router(plotly.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(STATIC / "docs.html")

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon() -> FileResponse:
        return FileResponse(STATIC / "favicon.svg", media_type="image/svg+xml")

    @app.websocket("/ws/chat")
    async def chat(socket: WebSocket) -> None:
        await sockets.chat(socket, parts().live)

    @app.websocket("/ws/dashboard")
    async def dashboard(socket: WebSocket) -> None:
        await sockets.dashboard(socket, parts().live)

    return app


def warm(app: FastAPI) -> None:
    """Work out the routes and the document now: FastAPI does so when the first request comes, and everybody would wait for it."""
    app.openapi()
    for route in app.router.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []})
