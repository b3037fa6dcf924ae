# pyright: reportUnnecessaryIsInstance=false
# Parameters come over the wire: their declared types are what is checked here.
"""The reply desk: it hears every analysis, and says which messages to answer now, with what has to be known to answer them.

    desk = ReplyDesk(EngineKnowledge(memory, analytics), ReplyConfig(names=("Mika",)))
    pipeline.sinks.append(desk.take_events)
    answer = await desk.next_reply("default", k=1, context="Undertale, pacifist route")
    desk.said("Mochi is a lovely name!", in_reply_to=answer["replies"][0]["id"])

Asking changes nothing: the same events, clock and question give the same answer. What was said closes the loop. Texts are held in
memory alone, for minutes, and only those that may be answered. For one event loop.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from hikari.errors import BadInput, TooLarge
from hikari.fields import name_field, seconds, text_field
from hikari.stream.replies import blocks, scoring
from hikari.stream.replies.adapters import ADAPTERS, FORMATS
from hikari.stream.replies.candidates import PRIORITIES, Candidate
from hikari.stream.replies.channel import Pick, ReplyChannel
from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.knowledge import EngineKnowledge, Knowledge, Row
from hikari.stream.replies.prompt import GUARD, TITLES, Prompt, build
from hikari.stream.replies.quoting import clean
from hikari.stream.replies.tokens import TokenCount, estimate

MAX_K = 20
MAX_BUDGET = 100_000
MAX_CONTEXT = 4_000
MAX_IN_REPLY_TO = 100
OWN_MEMORIES, SHARED_MEMORIES = 4, 3
SPOKEN = 2
REGULAR_STREAMS = 3
UNRELATED = 0.3
"""Similarity up to which a viewer's memories have nothing to do with the message."""
LEAST_QUOTE, LINE_TOKENS = 8, 24
"""Tokens of a quote that still says something, and of what stands around a quote in its line."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was looked up for one message of the shortlist; None where it could not be."""

    own: list[Row] | None
    viewer: Row | None


class ReplyDesk:
    """Every channel's messages that wait for an answer. `count_tokens` is the counter of the engine's language model, if it is known;
    `clock` gives epoch seconds."""

    def __init__(
        self,
        knowledge: Knowledge | None = None,
        config: ReplyConfig | None = None,
        *,
        count_tokens: TokenCount = estimate,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._knowledge = knowledge or EngineKnowledge()
        self.config = config or ReplyConfig()
        self._count, self._clock = count_tokens, clock
        self._channels: OrderedDict[str, ReplyChannel] = OrderedDict()

    def notice(self, event: Mapping[str, Any]) -> str | None:
        """Take in an `analysis` event; why it will not be answered, None when it waits."""
        return self._channel(str(event.get("channel", "default"))).notice(event, self._clock())

    def take_events(self, events: Iterable[Mapping[str, Any]]) -> None:
        """The same for what leaves the pipeline, other events included: a sink."""
        for event in events:
            if event.get("type") == "analysis":
                self.notice(event)

    def said(self, text: str, channel: str = "default", in_reply_to: Any = None) -> int:
        """The VTuber said this, in answer to the messages with these ids (one or several, or None); returns how many of them waited.

        Raises `BadInput`, `TooLarge`.
        """
        spoken, name = text_field(text), name_field(channel, "channel")
        return self._channel(name).said(spoken, self._clock(), identifiers(in_reply_to))

    async def next_reply(
        self,
        channel: str = "default",
        k: int = 1,
        budget_tokens: int = 800,
        *,
        now: Any = None,
        context: str | None = None,
        format: str = "hikari",  # noqa: A002 - the contract's name
    ) -> Row:
        """The `k` messages to answer now, best first, and the prompt block for them in at most `budget_tokens` tokens.

        `now` is a time in the messages' own time; without it a message is as old as it has been here. `context` is what is on stream, in
        words. `format` adds the answer in an engine's shape as `adapted`. `degraded` names the parts that could not be asked. Raises
        `BadInput`, `TooLarge`.
        """
        name = name_field(channel, "channel")
        count = _whole(k, "k", 1, MAX_K)
        budget = _whole(budget_tokens, "budget_tokens", 0, MAX_BUDGET)
        moment = None if now is None else seconds(now, "now")
        if format not in FORMATS:
            raise BadInput(f"format must be one of {', '.join(FORMATS)}", field="format")
        on_stream = _context(context)
        known, clock = self._channels.get(name), self._clock()
        picks = [] if known is None else known.shortlist(count + self.config.shortlist, clock, moment, on_stream)
        found, degraded = await self._look_up(name, [pick.message for pick in picks], moment)
        ranked = sorted(
            ((_remembered(pick, what), what) for pick, what in zip(picks, found, strict=True)),
            key=lambda pair: (pair[0].over_share, -round(pair[0].score, 9)),
        )[:count]
        chosen, told = [pick for pick, _ in ranked], [what for _, what in ranked]
        prompt, missing = await self._prompt(name, chosen, told, budget, on_stream, clock if moment is None else moment)
        answer: Row = {
            "replies": [self._reply(pick, what, known) for pick, what in zip(chosen, told, strict=True)],
            "prompt": prompt.as_dict(),
            "degraded": sorted({*degraded, *missing}),
        }
        return answer if format == "hikari" else {**answer, "adapted": {"format": format, "payload": ADAPTERS[format](answer)}}

    def forget_user(self, username: str, channel: str | None = None) -> int:
        """Drop what is known of a viewer, in one channel or in all; returns how many messages waited. Raises `BadInput`."""
        name = name_field(username, "username")
        wanted = self._channels.values() if channel is None else [self._channels[channel]] if channel in self._channels else []
        return sum(one.forget(name) for one in wanted)

    def stats(self) -> Row:
        """Per channel how many wait, how many answers are remembered, and what was kept out and why."""
        return {
            name: {"waiting": len(one), "answers": one.answers, "kept_out": dict(sorted(one.kept_out.items()))}
            for name, one in self._channels.items()
        }

    def _channel(self, name: str) -> ReplyChannel:
        found = self._channels.get(name)
        if found is None:
            found = self._channels[name] = ReplyChannel(self.config)
            if len(self._channels) > self.config.channels:
                self._channels.popitem(last=False)
        self._channels.move_to_end(name)
        return found

    async def _look_up(self, channel: str, messages: Sequence[Candidate], now: float | None) -> tuple[list[_Found], set[str]]:
        """What is remembered and known of the writers, and which parts could not say."""
        if not messages:
            return [], set()
        queries = [_own(channel, message) for message in messages]
        names = [message.username for message in messages]
        own, viewers = await asyncio.gather(
            self._timely(self._knowledge.memories(queries), [None] * len(messages)),
            self._timely(self._knowledge.viewers(channel, names, now), [None] * len(messages)),
        )
        degraded = {part for part, rows in (("memory", own), ("analytics", viewers)) if any(row is None for row in rows)}
        return [_Found(rows, viewer) for rows, viewer in zip(own, viewers, strict=True)], degraded

    async def _prompt(
        self, channel: str, picks: Sequence[Pick], told: Sequence[_Found], budget: int, on_stream: str | None, now: float
    ) -> tuple[Prompt, set[str]]:
        known = self._channels.get(channel)
        if known is None and not on_stream:
            return Prompt(), set()
        messages = [pick.message for pick in picks]
        shared, stream = await asyncio.gather(
            self._timely(self._knowledge.memories([_shared(channel, one) for one in messages]), [None] * len(messages)),
            self._timely(self._knowledge.stream(channel), None),
        )
        degraded = {"memory"} if any(rows is None for rows in shared) else set[str]()
        if stream is None:
            degraded.add("analytics")
        quote = blocks.Quoter(self._count, self.config.clip_tokens)
        tight = blocks.Quoter(self._count, self._room(budget, len(messages)))
        clock = self._clock()
        made = [
            blocks.chat_block(messages, tight),
            blocks.memory_block(messages, [one.own for one in told], shared, quote, now),
            blocks.viewer_block(messages, [one.viewer for one in told], quote, now),
            blocks.stream_block(on_stream, [] if known is None else known.spoken(SPOKEN, clock), stream, quote),
            blocks.mood_block(None if known is None else known.pulse.mood(clock)),
        ]
        return build(made, budget, self._count), degraded

    def _room(self, budget: int, messages: int) -> int:
        """Tokens for the text of each message to answer: half of the budget at most, and so few that all of them fit."""
        each = max(messages, 1)
        around = self._count(f"{GUARD}\n\n{TITLES['chat']}\n") + each * LINE_TOKENS
        return min(self.config.clip_tokens, max(min(budget // (2 * each), (budget - around) // each), LEAST_QUOTE))

    async def _timely(self, work: Any, otherwise: Any) -> Any:
        """What `work` gives, or `otherwise` when it fails or takes too long: who waits for an answer on air is better off with less."""
        try:
            return await asyncio.wait_for(work, self.config.lookup_s)
        except Exception as error:  # noqa: BLE001 - a fault of a part must not silence the VTuber; it is logged and told as degraded
            _log.warning("a look-up for a reply failed: %s", type(error).__name__)
            return otherwise

    def _reply(self, pick: Pick, found: _Found, known: ReplyChannel | None) -> Row:
        message = pick.message
        streams = None if not found.viewer else int(found.viewer.get("streams_seen") or 0)
        answers = 0 if known is None else known.times_answered(message.username)
        urgent = max(message.priority, "high" if message.paid else "low", key=PRIORITIES.index)
        return {
            "id": message.id,
            "username": message.username,
            "text": clean(message.text),
            "timestamp": message.timestamp,
            "score": round(pick.score, 4),
            "reasons": scoring.reasons(scoring.Case(message, pick.parts, pick.asking, answers, streams, pick.waited)),
            "parts": pick.parts,
            "tone": "grateful" if message.paid and message.tone == "neutral" else message.tone,
            "priority": urgent,
        }


def identifiers(in_reply_to: Any) -> list[str | int]:
    """The ids of `in_reply_to`: one id, a list of them, or None. Raises `BadInput`."""
    given: list[Any] = (
        cast("list[Any]", in_reply_to) if isinstance(in_reply_to, list) else [] if in_reply_to is None else [in_reply_to]
    )
    if len(given) > MAX_IN_REPLY_TO:
        raise TooLarge(f"in_reply_to has {len(given)} ids, at most {MAX_IN_REPLY_TO} are allowed", field="in_reply_to")
    for one in given:
        if isinstance(one, str):
            name_field(one, "in_reply_to")
        elif isinstance(one, bool) or not isinstance(one, int) or abs(one) > 2**63:
            raise BadInput("in_reply_to must be the id of a message, or a list of ids", field="in_reply_to")
    return given


def _own(channel: str, message: Candidate) -> Row:
    return {
        "query": message.text, "k": OWN_MEMORIES, "channel": channel, "user": message.username, "explain": True, "current_only": True,
    }  # fmt: skip


def _shared(channel: str, message: Candidate) -> Row:
    # More than are told: memories of other viewers are among them and stay out.
    return {"query": message.text, "k": 3 * SHARED_MEMORIES, "channel": channel, "explain": True, "current_only": True}


def _remembered(pick: Pick, found: _Found) -> Pick:
    """The pick with what the memory of its writer adds: regulars four tenths, something that fits the message six."""
    regular = min(float((found.viewer or {}).get("streams_seen") or 0) / REGULAR_STREAMS, 1.0)
    fits = max(
        (blocks.relevance(row) for row in found.own or () if blocks.tellable(row) and not blocks.repeats(row, pick.message)),
        default=0.0,
    )
    fitting = max(fits - UNRELATED, 0.0) / (1.0 - UNRELATED)
    part = 0.4 * regular + 0.6 * fitting
    parts = pick.parts
    added = scoring.WEIGHTS["memory"] * part * parts["novelty"] * parts["age"] * parts["safety"] * parts["fairness"]
    return replace(pick, score=pick.score + added, parts={**parts, "memory": round(part, 4)})


def _whole(value: Any, field: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInput(f"{field} must be a whole number from {least} to {most}", field=field)
    return value


def _context(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadInput("context must be a string", field="context")
    if len(value) > MAX_CONTEXT:
        raise TooLarge(f"context has {len(value)} characters, at most {MAX_CONTEXT} are allowed", field="context")
    return value if value.strip() else None
