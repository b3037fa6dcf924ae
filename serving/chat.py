"""`/process_chat_message` and `/process_chat_batch`: chat that comes in by request, on its way through the pipeline of the stream.

Checked as a whole before anything takes notice of it, so that a refused message leaves neither trend nor count. With `analyze` false
the text model is left out: the analytics alone count the message, with the signals that came with it.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hikari.analytics.engine import MAX_BATCH
from hikari.analytics.events import chat_event
from hikari.errors import BadInput, HikariError, NotReady, TooLarge
from hikari.fields import MAX_NAME, name_field
from hikari.stream.events import Event
from hikari.stream.messages import StreamMessage, stream_message
from serving.calls import Call, Calls, Outcome
from serving.links import Part, answered
from serving.live import Live

SIGNALS = ("sentiment", "emotion", "toxicity", "question")
ROW = frozenset({"id", "username", "message", "timestamp", "channel", "context", "roles", "paid", *SIGNALS})
ANALYSIS = ("sentiment", "emotion", "toxicity", "context", "response_recommendation", "model", "latency_ms")
MAX_ID = 2**63

Row = dict[str, Any]


class Chat:
    """Takes chat in, one by one or in bulk, for a stream and analytics that somebody else opens and closes."""

    def __init__(self, live: Live, analytics: Part, clock: Callable[[], float] = time.time) -> None:
        self._live, self._analytics, self._clock = live, analytics, clock
        self._calls = Calls("the chat", self._ask, {"process_chat_message": None, "process_chat_batch": None})

    async def close(self) -> None:
        """Finish what was accepted. Comes before the stream and the analytics are closed."""
        await self._calls.drain()

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls of `process_chat_message` and `process_chat_batch`; an outcome for each, in order. See `Calls`."""
        return await self._calls.run(calls)

    async def _ask(self, method: str, arguments: Mapping[str, Any]) -> Outcome:
        return {"answer": await (self._message if method == "process_chat_message" else self._batch)(**arguments)}

    async def _message(self, *, analyze: bool = True, **row: Any) -> Row:
        if not analyze:
            (insights,) = await self._counted([_checked(row, "default")])
            if "error" in insights:
                answered({"error": insights["error"]})
            return {"analysis": None, "insights": insights, "memory": None}
        event = await self._live.message(_message(row, self._clock(), "default"))
        answer = _processed(event)
        if "error" in answer:
            answered({"error": answer["error"]})
        return answer

    async def _batch(
        self, rows: list[Any], *, channel: str = "default", analyze: bool = True, durable: bool = False
    ) -> list[Row]:
        if len(rows) > MAX_BATCH:
            raise TooLarge(f"rows has {len(rows)} messages, at most {MAX_BATCH} are allowed", field="rows")
        name_field(channel, "channel")
        now = self._clock()
        answers: list[Row] = []
        good: list[Any] = []
        places: list[int] = []
        for row in rows:
            identifier = _identifier(row)
            answers.append({"id": identifier})
            try:
                given = _object(row)
                good.append(_message(given, now, channel) if analyze else _checked(given, channel))
                places.append(len(answers) - 1)
            except HikariError as error:
                answers[-1]["error"] = error.as_dict()
        for place, answer in zip(places, await self._all(good, analyze=analyze, durable=durable), strict=True):
            answers[place] |= answer
        return answers

    async def _all(self, good: list[Any], *, analyze: bool, durable: bool) -> list[Row]:
        if analyze:
            answers = [_processed(event) for event in await self._live.process(good, durable=durable)]
            if answers and all(answer.get("error", {}).get("code") == NotReady.code for answer in answers):
                answered({"error": answers[0]["error"]})  # it is not the rows
            return answers
        return [
            {"error": insights["error"]} if "error" in insights else {"analysis": None, "insights": insights, "memory": None}
            for insights in await self._counted(good)
        ]

    async def _counted(self, rows: list[Row]) -> list[Row]:
        call: Call = {"method": "process_chat_batch", "arguments": {"rows": rows}}
        return answered((await self._analytics.run([call]))[0]) if rows else []


def _processed(event: Event) -> Row:
    """The answer for a message: of the event what is not in the request."""
    if event["type"] == "error":
        return {"error": event["error"]}
    if event["insights"] is None:
        return {"error": NotReady("the message was read, but the analytics could not count it").as_dict()}
    return {"analysis": {name: event[name] for name in ANALYSIS}, "insights": event["insights"], "memory": event["memory"]}


def _message(row: Row, now: float, channel: str) -> StreamMessage:
    """The row as a message of the stream, with the signals that came with it. Raises `BadInput`, `TooLarge`."""
    checked = _checked(row, channel)
    signals = {name: checked[name] for name in SIGNALS if checked.get(name) is not None}
    wire = {name: row.get(name) for name in ("id", "context", "roles", "paid") if row.get(name) is not None}
    wire |= {"channel": checked["channel"], "username": checked["username"], "text": checked["message"]}
    message = stream_message({**wire, "timestamp": row.get("timestamp")}, now)
    return dataclasses.replace(message, signals=signals) if signals else message


def _checked(row: Row, channel: str) -> Row:
    """The arguments of the engine's `process_chat_message`. Raises `BadInput`, `TooLarge`."""
    left_out = ("id", "context", "roles", "paid")
    message = {"channel": channel, **{name: value for name, value in row.items() if name not in left_out}}
    for needed in ("username", "message"):
        if needed not in message:
            raise BadInput(f"{needed} is missing", field=needed)
    name_field(message["channel"], "channel")
    chat_event({**message, "timestamp": 0.0 if message.get("timestamp") is None else message["timestamp"]})
    # A lone surrogate is no character; JSON can carry it, a file cannot.
    message["message"] = message["message"].encode(errors="ignore").decode()
    if not isinstance(row.get("context"), dict | None):
        raise BadInput("context must be an object or null", field="context")
    return message


def _object(row: Any) -> Row:
    if not isinstance(row, dict):
        raise BadInput("every message must be an object", field="rows")
    if not row.keys() <= ROW:
        raise BadInput(f"a message has a parameter that it cannot have; allowed are {', '.join(sorted(ROW))}", field="rows")
    if row.get("id") is not None and _identifier(row) is None:
        raise BadInput(f"id must be a whole number of at most 64 bits or up to {MAX_NAME} printable characters", field="id")
    return row


def _identifier(row: Any) -> str | int | None:
    """The row's own id, where it is one that can be repeated."""
    value = row.get("id") if isinstance(row, dict) else None
    if isinstance(value, str):
        return value if value.isprintable() and 0 < len(value) <= MAX_NAME else None
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_ID else None
