"""A chat message on its way through the process: the text model reads it, then the analytics count it with what was read.

Checked as a whole before anything takes notice of it, so that a refused message leaves neither trend nor count.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from hikari import AdvancedSentimentAnalyzer
from hikari.analytics.engine import MAX_BATCH
from hikari.analytics.events import chat_event
from hikari.errors import BadInput, HikariError, TooLarge
from hikari.fields import MAX_NAME, name_field
from serving.analytics_runner import AnalyticsRunner
from serving.calls import Call, Calls, Outcome

SIGNALS = ("sentiment", "emotion", "toxicity", "question")
ROW = frozenset({"id", "username", "message", "timestamp", "channel", "context", *SIGNALS})
AT_ONCE = 200
"""Messages of a batch that the text model is given together: between two such parts it serves others."""
MAX_ID = 2**63

Row = dict[str, Any]


class Chat:
    """Takes chat in, one by one or in bulk, for an analyser and a runner that somebody else opens and closes."""

    def __init__(self, analyzer: AdvancedSentimentAnalyzer, analytics: AnalyticsRunner) -> None:
        self._analyzer, self._analytics = analyzer, analytics
        # Batches go one by one: side by side they would take turns at the one text model all the same.
        self._calls = Calls("the chat", self._ask, {"process_chat_message": None, "process_chat_batch": asyncio.Semaphore(1)})

    async def close(self) -> None:
        """Finish what was accepted. Comes before the analyser and the analytics are closed."""
        await self._calls.drain()

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls of `process_chat_message` and `process_chat_batch`; an outcome for each, in order. See `Calls`."""
        return await self._calls.run(calls)

    async def _ask(self, method: str, arguments: Mapping[str, Any]) -> Outcome:
        return {"answer": await (self._message if method == "process_chat_message" else self._batch)(**arguments)}

    async def _message(self, *, analyze: bool = True, **row: Any) -> Row:
        message, context = _checked(row)
        analysis = await self._analyzer.analyze_message(**_as_text(message, context)) if analyze else None
        call: Call = {"method": "process_chat_message", "arguments": with_signals(message, analysis)}
        return {"analysis": analysis, "insights": _answer((await self._analytics.run([call]))[0])}

    async def _batch(self, rows: list[Any], *, channel: str = "default", analyze: bool = True) -> list[Row]:
        if len(rows) > MAX_BATCH:
            raise TooLarge(f"rows has {len(rows)} messages, at most {MAX_BATCH} are allowed", field="rows")
        name_field(channel, "channel")
        parts = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
        return [row for part in parts for row in await self._part(part, channel, analyze)]

    async def _part(self, rows: list[Any], channel: str, analyze: bool) -> list[Row]:
        found: list[Row] = []  # of each row its error, else what is known of it so far
        messages: list[tuple[Row, Row | None]] = []
        places: list[int] = []
        for row in rows:
            identifier = _identifier(row)
            try:
                messages.append(_checked(_object(row), channel))
            except HikariError as error:
                found.append({"id": identifier, "error": error.as_dict()})
            else:
                places.append(len(found))
                found.append({"id": identifier, "analysis": None})
        if analyze and messages:
            given = [_as_text(message, context) for message, context in messages]
            for place, analysis in zip(places, await self._analyzer.analyze_batch(given), strict=True):
                del analysis["id"]
                found[place] |= analysis if "error" in analysis else {"analysis": analysis}
        counted = [
            (place, with_signals(message, found[place]["analysis"]))
            for place, (message, _) in zip(places, messages, strict=True)
            if "error" not in found[place]
        ]
        call: Call = {"method": "process_chat_batch", "arguments": {"rows": [message for _, message in counted]}}
        for (place, _), insights in zip(counted, _answer((await self._analytics.run([call]))[0]), strict=True):
            if "error" in insights:
                found[place] = {"id": found[place]["id"], "error": insights["error"]}
            else:
                found[place]["insights"] = insights
        return [{"id": row["id"], "error": row["error"]} if "error" in row else row for row in found]


def with_signals(message: Row, analysis: Row | None) -> Row:
    """The message with what the text model found; what came with it stands.

    >>> with_signals({"message": "hi", "emotion": "joy"}, None)
    {'message': 'hi', 'emotion': 'joy'}
    """
    if analysis is None:
        return message
    read = {
        "sentiment": analysis["sentiment"]["aggregate"]["score"],
        "emotion": analysis["emotion"]["primary"],
        "toxicity": analysis["toxicity"]["score"],
        "question": analysis["context"]["question"]["asks"],
    }
    return {**message, **{name: value for name, value in read.items() if message.get(name) is None}}


def _checked(row: Row, channel: str = "default") -> tuple[Row, Row | None]:
    """The arguments of the engine's `process_chat_message` and the analyser's context. Raises `BadInput`, `TooLarge`."""
    message = {"channel": channel, **{name: value for name, value in row.items() if name not in ("id", "context")}}
    for needed in ("username", "message"):
        if needed not in message:
            raise BadInput(f"{needed} is missing", field=needed)
    name_field(message["channel"], "channel")
    chat_event({**message, "timestamp": 0.0 if message.get("timestamp") is None else message["timestamp"]})
    # A lone surrogate is no character; JSON can carry it, a file cannot.
    message["message"] = message["message"].encode(errors="ignore").decode()
    context = row.get("context")
    if context is not None and not isinstance(context, dict):
        raise BadInput("context must be an object or null", field="context")
    return message, cast("Row | None", context)


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


def _as_text(message: Row, context: Row | None) -> Row:
    """The same in the words of the analyser, whose rows know no other names."""
    return {
        "text": message["message"], "username": message["username"], "context": context, "channel": message["channel"],
        "timestamp": message.get("timestamp"),
    }  # fmt: skip


def _answer(outcome: Outcome) -> Any:
    if "error" in outcome:
        raise _Failed(outcome["error"])
    return outcome.get("answer")


class _Failed(HikariError):
    """An error that came as a value."""

    def __init__(self, error: Mapping[str, str]) -> None:
        super().__init__(error["message"], field=error.get("field"))
        self.code = error["code"]
