"""Which messages to answer now, and what to hand to a language model for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hikari_client.analysis import Priority
from hikari_client.calls import Call, Moment, as_, given


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A message worth answering, why, and what its score is made of."""

    id: str | int | None
    username: str
    text: str
    timestamp: float
    score: float
    reasons: list[str]
    parts: dict[str, float]
    tone: str
    priority: Priority


@dataclass(frozen=True, kw_only=True)
class Block:
    """One paragraph of the prompt; `sources` are ids of the memories that it rests on."""

    kind: str
    priority: int
    text: str
    sources: list[str]


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """Context to paste in, within the token budget."""

    text: str
    tokens: int
    blocks: list[Block]


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """The same in the shape of another engine."""

    format: str
    payload: Any


@dataclass(frozen=True, kw_only=True)
class NextReply:
    """The messages to answer, the most urgent first, and the prompt that goes with them."""

    replies: list[Reply]
    prompt: Prompt
    degraded: list[str] = field(default_factory=list[str])
    """Parts of the engine that could not be asked: the answer came without them."""
    adapted: Adapted | None = None


def next_reply(
    *,
    k: int | None = None,
    budget_tokens: int | None = None,
    context: str | None = None,
    now: Moment | None = None,
    format: Literal["hikari", "neuro", "neuro_sdk", "open_llm_vtuber"] | None = None,  # noqa: A002 - the engine's name
    channel: str | None = None,
) -> Call[NextReply]:
    """Which messages to answer now; `context` is what is on stream, `format` the engine in whose shape `adapted` comes."""
    body = given(k=k, budget_tokens=budget_tokens, context=context, now=now, format=format, channel=channel)
    return Call("/next_reply", body, as_(NextReply))


def said(
    text: str,
    *,
    in_reply_to: str | int | Sequence[str | int] | None = None,
    timestamp: Moment | None = None,
    channel: str | None = None,
) -> Call[None]:
    """Tell what the VTuber said: it never comes back as a viewer's memory, and whoever was answered has had their turn."""
    answered = in_reply_to if in_reply_to is None or isinstance(in_reply_to, str | int) else list(in_reply_to)
    body = given(text=text, in_reply_to=answered, timestamp=timestamp, channel=channel)
    return Call("/said", body, lambda _: None, repeatable=False)
