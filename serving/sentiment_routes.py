"""The HTTP routes of the text model."""

import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from serving import answers, metrics
from serving.links import Part, ask
from serving.routes import problems_of
from serving.schemas import (
    Analysis,
    AnalysisRow,
    AnalyzeBatch,
    AnalyzeMessage,
    HowRead,
    LearnedEmote,
    LearnedEmotes,
    ProblemRow,
    ReadingRules,
    Reset,
    ResetLearnedEmotes,
)

_PROBLEMS = problems_of({503: "the model is not ready"})


def build(sentiment: Callable[[], Part]) -> APIRouter:
    """The router; `sentiment` gives the running service's text model when a request comes."""
    router = APIRouter(tags=["sentiment"])

    async def timed(method: str, **arguments: Any) -> Any:
        started = time.perf_counter()
        answer = await ask(sentiment(), method, **arguments)
        metrics.seconds().labels(method).observe(time.perf_counter() - started)
        return answer

    @router.post("/analyze_message", response_model=Analysis, responses=_PROBLEMS)
    async def analyze_message(request: AnalyzeMessage) -> Response:
        """Sentiment, emotion, toxicity, trends and a recommendation for one chat message."""
        answer = await timed("analyze_message", **request.model_dump())
        metrics.messages().labels("analysed").inc()
        return answers.good(answer)

    @router.post("/analyze_batch", response_model=list[AnalysisRow | ProblemRow], responses=_PROBLEMS)
    async def analyze_batch(request: AnalyzeBatch) -> Response:
        """The same for many messages: one row of the answer for each row given, in order."""
        rows = await timed("analyze_batch", messages=request.messages, channel=request.channel)
        failed = sum("error" in row for row in rows)
        metrics.messages().labels("analysed").inc(len(rows) - failed)
        metrics.messages().labels("refused").inc(failed)
        return answers.good(rows)

    @router.post("/reading", response_model=ReadingRules, responses=_PROBLEMS)
    async def reading(_: HowRead) -> Response:
        """How messages are read: which languages how well, and the toxicity thresholds in force."""
        return answers.good(await ask(sentiment(), "reading"))

    @router.post("/learned_emotes", response_model=list[LearnedEmote], responses=_PROBLEMS)
    async def learned_emotes(request: LearnedEmotes) -> Response:
        """What a channel's messages taught of emotes that no lexicon knows, best known first."""
        return answers.good(await ask(sentiment(), "learned_emotes", **request.model_dump()))

    @router.post("/reset_learned_emotes", response_model=Reset, responses=_PROBLEMS)
    async def reset_learned_emotes(request: ResetLearnedEmotes) -> Response:
        """Forget what was learned of one emote of a channel, or of all, at once and on disk."""
        return answers.good({"reset": await ask(sentiment(), "reset_learned_emotes", **request.model_dump())})

    return router
