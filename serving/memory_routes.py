"""The HTTP routes of the memory: a body holds the parameters of the Python method by name, the answer is what the method returns."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from serving import answers, metrics, problems
from serving import memory_schemas as schemas
from serving.calls import Outcome
from serving.links import Part
from serving.routes import Route, Row, problems_of
from serving.schemas import ProblemRow

NEXT_CURSOR = "Hikari-Next-Cursor"

ROUTES = (
    Route("/store_memory", "store_memory", schemas.StoreMemory, schemas.Stored,
          "Store one memory; it is on disk when its id comes back."),
    Route("/store_memories", "store_memories", schemas.StoreMemories, list[str | ProblemRow],
          "Store many: for each row its id, or an error row that harms no other."),
    Route("/retrieve_memories", "retrieve_memories", schemas.RetrieveMemories, list[schemas.Found],
          f"The memories that answer a query best, best first. The header `{NEXT_CURSOR}` holds the `cursor` of the next page; it is "
          "absent on the last one."),
    Route("/get_memory", "get_memory", schemas.MemoryOf, schemas.Memory, "The memory with this id."),
    Route("/update_memory", "update_memory", schemas.UpdateMemory, schemas.Memory, "Change a memory; answers how it is now."),
    Route("/delete_memory", "delete_memory", schemas.DeleteMemory, bool,
          "Delete a memory for good; what it had superseded is current again."),
    Route("/recent_memories", "recent", schemas.RecentMemories, list[schemas.Memory],
          "The channel's newest memories, the newest last."),
    Route("/related_entities", "related_entities", schemas.RelatedEntities, list[Row],
          "What the knowledge graph connects with a viewer or an entity, the strongest first."),
    Route("/facts", "facts", schemas.Facts, list[Row], "What is known of a subject: the current first, then what it superseded."),
    Route("/contradictions", "contradictions", schemas.OneChannel, list[Row], "Claims of different people that cannot both be true."),
    Route("/summarize_episode", "summarize_episode", schemas.SummarizeEpisode, schemas.Memory | None,
          "Close the channel's open episode, or take a whole session, and store its summary; null when nothing was said."),
    Route("/consolidate_memories", "consolidate", schemas.MaybeChannel, Row,
          "Promote what is important or used, merge near-duplicates, sum up closed episodes; answers counts."),
    Route("/forget_memories", "forget", schemas.ForgetMemories, Row,
          "Delete what has expired and, with `below`, what has faded; pinned memories never. Answers counts."),
    Route("/forget_user", "forget_user", schemas.ForgetUser, Row,
          "Remove a viewer from the memory (store, indices, graph, facts, summaries, caches), from the analytics (profile, samples, "
          "journal, experiments), the trends and the live stream. It cannot be undone; answers what went from the memory and, as "
          "`analytics` and `trend`, from there."),
    Route("/memory_stats", "stats", schemas.MaybeChannel, Row, "Counts, sizes and what the maintainer did."),
    Route("/memory_audit", "audit", schemas.MaybeChannel, Row,
          "What should not be in the store: duplicates, bots, copypasta, echoes, personal data; ids, never texts."),
    Route("/reload_knowledge", "reload_knowledge", schemas.ReloadKnowledge, Row,
          "Mount a new knowledge set in place of the present one; searches under way finish with the old one."),
)  # fmt: skip

_PROBLEMS = problems_of(
    {
        404: "no such memory",
        422: "refused by policy: the engine's own words, a bot, copypasta; the same text is refused again",
        503: "the memory is not ready",
    }
)
_HEADERS = {
    NEXT_CURSOR: {"description": "`cursor` of the next page; absent when there is none", "schema": {"type": "string"}},
}


def build(memory: Callable[[], Part], forget: Callable[[Row], Awaitable[Outcome]]) -> APIRouter:
    """The router; `memory` gives the running service's memory when a request comes, `forget` lets every part forget a viewer."""

    async def ask(route: Route, arguments: Row) -> Outcome:
        if route.method == "forget_user":
            return await forget(arguments)
        return (await memory().run([{"method": route.method, "arguments": arguments}]))[0]

    router = APIRouter(tags=["memory"])
    for route in ROUTES:
        good = {200: {"headers": _HEADERS}} if route.method == "retrieve_memories" else {}
        router.add_api_route(
            route.path, _endpoint(route, ask), methods=["POST"], name=route.path.removeprefix("/"), description=route.about,
            response_model=route.answer, responses={**_PROBLEMS, **good},
        )  # fmt: skip
    return router


def _endpoint(route: Route, ask: Callable[[Route, Row], Awaitable[Outcome]]) -> Callable[..., Awaitable[Response]]:
    async def endpoint(request: Any) -> Response:
        arguments = request.arguments()
        started = time.perf_counter()
        outcome = await ask(route, arguments)
        metrics.memory_seconds().labels(route.path).observe(time.perf_counter() - started)
        _count(route, outcome)
        return _response(route, outcome)

    # FastAPI reads from the annotation what the body is.
    endpoint.__annotations__["request"] = route.body
    return endpoint


def _response(route: Route, outcome: Outcome) -> Response:
    if "error" in outcome:
        return problems.answer(outcome["error"])
    answer, cursor = outcome.get("answer"), outcome.get("cursor")
    if route.method == "store_memory":
        answer = {"id": answer}
    return answers.good(answer, {NEXT_CURSOR: cursor} if cursor else None)


def _count(route: Route, outcome: Outcome) -> None:
    metrics.memory_calls().labels(route.path, outcome["error"]["code"] if "error" in outcome else "ok").inc()
    if route.method == "store_memory":
        metrics.memories().labels("refused" if "error" in outcome else "stored").inc()
    elif route.method == "store_memories" and "answer" in outcome:
        rows = outcome["answer"]
        stored = sum(isinstance(row, str) for row in rows)
        metrics.memories().labels("stored").inc(stored)
        metrics.memories().labels("refused").inc(len(rows) - stored)
