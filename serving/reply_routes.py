"""The HTTP routes about replies: which messages to answer now, and what the VTuber said.

`/said` is here and not among the memory's routes, because both take notice: the memory, so that it never comes back as a viewer's, and
the desk, so that whoever was answered has had a turn.
"""

import time
from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import Response

from hikari.stream.replies.desk import ReplyDesk, identifiers
from serving import answers, problems, reply_metrics
from serving import reply_schemas as schemas
from serving.links import Part
from serving.routes import problems_of

_NULL = {200: {"content": {"application/json": {"schema": {"type": "null"}}}}}


def build(desk: Callable[[], ReplyDesk], memory: Callable[[], Part]) -> APIRouter:
    """The router; `desk` and `memory` give the running service's parts when a request comes.

    The desk hears of messages elsewhere: `ReplyDesk.take_events` is a sink of the pipeline.
    """
    router = APIRouter(tags=["replies"])

    @router.post("/next_reply", response_model=schemas.NextReplies, responses=problems_of({}))
    async def next_reply(request: schemas.NextReply) -> Response:
        """Which messages to answer now, best first and each with its reasons, and the prompt block that a language model needs for it:
        the stream, the chat's mood, the viewers, what is remembered with the memories' ids, the messages, within the token budget."""
        started = time.perf_counter()
        answer = await desk().next_reply(**request.arguments())
        reply_metrics.seconds().observe(time.perf_counter() - started)
        for reply in answer["replies"]:
            reply_metrics.picked().labels(reply["priority"]).inc()
        for part in answer["degraded"]:
            reply_metrics.degraded().labels(part).inc()
        return answers.good(answer)

    @router.post(
        "/said",
        response_model=None,
        responses={**_NULL, **problems_of({503: "the memory is not ready"})},
    )
    async def said(request: schemas.Said) -> Response:
        """Tell what the VTuber said: it never comes back as a viewer's memory, and the viewers of `in_reply_to` have had their turn."""
        arguments = request.arguments()
        answered = identifiers(arguments.pop("in_reply_to", None))
        # On disk first: whoever asks again after an error tells the desk once.
        (outcome,) = await memory().run([{"method": "said", "arguments": arguments}])
        if "error" in outcome:
            return problems.answer(outcome["error"])
        found = desk().said(request.text, request.channel, answered)
        reply_metrics.answered().labels("answer" if found else "remark").inc()
        return answers.good(None)

    return router
