"""Which messages to answer now, and what to hand to a language model for it."""

from dataclasses import dataclass, field
from typing import Any

from hikari_client.analysis import Priority
from hikari_client.calls import Call, Moment, Row, as_, as_is, given


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
    priority: int | float | str
    text: str
    sources: list[str]


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """Context to paste in, within the token budget."""

    text: str
    tokens: int
    blocks: list[Block]


@dataclass(frozen=True, kw_only=True)
class NextReply:
    """The messages to answer, the most urgent first, and the prompt that goes with them."""

    replies: list[Reply] = field(default_factory=list[Reply])
    prompt: Prompt | None = None


def next_reply(
    *,
    k: int | None = None,
    budget_tokens: int | None = None,
    context: str | None = None,
    now: Moment | None = None,
    channel: str | None = None,
) -> Call[NextReply]:
    """Which messages to answer now; `context` is what is on stream."""
    return Call("/next_reply", given(k=k, budget_tokens=budget_tokens, context=context, now=now, channel=channel), as_(NextReply))


def next_reply_as(format: str, **parameters: Any) -> Call[Row]:  # noqa: A002 - the engine's name
    """The same in the words of another engine: `neuro`, `neuro_sdk` or `open_llm_vtuber`."""
    return Call("/next_reply", given(format=format, **parameters), as_is)


def said(
    text: str, *, in_reply_to: str | int | None = None, timestamp: Moment | None = None, channel: str | None = None
) -> Call[None]:
    """Tell what the VTuber said: it never comes back as a viewer's memory, and whoever was answered has had their turn."""
    body = given(text=text, in_reply_to=in_reply_to, timestamp=timestamp, channel=channel)
    return Call("/said", body, lambda _: None, repeatable=False)
