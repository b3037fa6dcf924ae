"""Requests and answers about replies as the OpenAPI document shows them. Contents are checked by the desk, for all callers alike."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from serving.parameters import Moment, Name, Request, Text, example

K = Annotated[Any, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 20})]
Budget = Annotated[Any, WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 100_000})]
Context = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 4_000}, {"type": "null"}]})]
Format = Annotated[Any, WithJsonSchema({"type": "string", "enum": ["hikari", "neuro", "neuro_sdk", "open_llm_vtuber"]})]
_ID = [{"type": "string", "minLength": 1, "maxLength": 256}, {"type": "integer"}]
InReplyTo = Annotated[
    Any, WithJsonSchema({"anyOf": [*_ID, {"type": "array", "items": {"anyOf": _ID}, "maxItems": 100}, {"type": "null"}]})
]


class NextReply(Request):
    model_config = example(channel="default", k=1, budget_tokens=800, context="Undertale, the pacifist route", format="hikari")
    channel: Name = "default"
    k: K = Field(default=1, description="messages to answer; fewer come when fewer are worth it")
    budget_tokens: Budget = Field(
        default=800, description="the prompt takes at most so many tokens, by an estimate on the long side"
    )
    now: Moment = Field(
        default=None, description="a time in the messages' own time; default: they are as old as they have been here"
    )
    context: Context = Field(default=None, description="what is on stream, in words")
    format: Format = Field(default="hikari", description="also give the answer in this engine's shape, as `adapted`")


class Said(Request):
    model_config = example(text="Mochi is such a lovely name for a cat!", channel="default", in_reply_to="m-1")
    text: Text
    channel: Name = "default"
    timestamp: Moment = None
    in_reply_to: InReplyTo = Field(default=None, description="the ids of the messages that this answers, one or a list")


class Reply(BaseModel):
    """One message to answer. `text` is safe to put into a prompt: one line, without personal data, at most 400 characters."""

    id: str | int | None
    username: str
    text: str
    timestamp: float
    score: Annotated[float, Field(ge=0, le=1)]
    reasons: list[str]
    parts: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        description="question, relevance, novelty, fairness, safety, memory, paid, role, age, recommendation: what the score is made of"
    )
    tone: str
    priority: Literal["low", "medium", "high", "critical"]


class Block(BaseModel):
    kind: Literal["stream", "mood", "viewer", "memory", "chat"]
    priority: int = Field(description="what survives a small budget longer has more")
    text: str
    sources: list[str] = Field(description="ids of the memories that the block tells")


class Prompt(BaseModel):
    text: str
    tokens: int
    blocks: list[Block]


class Adapted(BaseModel):
    format: str
    payload: Any


class NextReplies(BaseModel):
    """What to answer now and what has to be known for it."""

    replies: list[Reply]
    prompt: Prompt
    degraded: list[Literal["memory", "analytics"]] = Field(
        description="parts that could not be asked: the answer came without them"
    )
    adapted: Adapted | None = Field(default=None, description="absent unless another format was asked for")
