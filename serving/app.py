"""The HTTP routes. FastAPI serves them inside the BentoML service; BentoML keeps `/livez`, `/readyz` and `/metrics`."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

import hikari
from hikari import AdvancedSentimentAnalyzer
from serving import analytics_routes, memory_routes, metrics, plotly, problems
from serving.analytics_runner import AnalyticsRunner
from serving.chat import Chat
from serving.memory_runner import MemoryRunner
from serving.schemas import Analysis, AnalysisRow, AnalyzeBatch, AnalyzeMessage, ProblemAnswer, ProblemRow

STATIC = Path(__file__).parent / "static"
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemAnswer, "description": text}
    for status, text in {
        400: "bad input; `field` names the parameter",
        401: "no valid key",
        413: "too large",
        429: "too many requests at once",
        503: "the model is not ready",
    }.items()
}


class Parts(Protocol):
    """What the routes are answered by."""

    analyzer: AdvancedSentimentAnalyzer
    memory: MemoryRunner
    analytics: AnalyticsRunner
    chat: Chat


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
    problems.install(app)
    app.include_router(memory_routes.build(lambda: parts().memory, lambda: parts().analytics))
    app.include_router(analytics_routes.build(lambda: parts().analytics, lambda: parts().chat))
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

    @app.post("/analyze_message", tags=["sentiment"], response_model=Analysis, responses=_PROBLEMS)
    async def analyze_message(request: AnalyzeMessage) -> JSONResponse:
        """Sentiment, emotion, toxicity, trends and a recommendation for one chat message."""
        started = time.perf_counter()
        answer = await parts().analyzer.analyze_message(
            request.text,
            request.username,
            request.context,
            channel=request.channel,
            timestamp=request.timestamp,
        )
        metrics.messages().labels("analysed").inc()
        metrics.seconds().labels("analyze_message").observe(time.perf_counter() - started)
        return JSONResponse(answer)

    @app.post(
        "/analyze_batch",
        tags=["sentiment"],
        response_model=list[AnalysisRow | ProblemRow],
        responses=_PROBLEMS,
    )
    async def analyze_batch(request: AnalyzeBatch) -> JSONResponse:
        """The same for many messages: one row of the answer for each row given, in order."""
        started = time.perf_counter()
        rows = await parts().analyzer.analyze_batch(request.messages, channel=request.channel)
        failed = sum("error" in row for row in rows)
        metrics.messages().labels("analysed").inc(len(rows) - failed)
        metrics.messages().labels("refused").inc(failed)
        metrics.seconds().labels("analyze_batch").observe(time.perf_counter() - started)
        return JSONResponse(rows)

    return app
