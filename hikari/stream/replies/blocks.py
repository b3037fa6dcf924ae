"""The lines of the prompt: plain facts outside of quotes, everything that somebody wrote inside of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hikari.memory.duplicates import normalised
from hikari.stream.replies.candidates import Candidate
from hikari.stream.replies.prompt import Block, Line
from hikari.stream.replies.pulse import Mood
from hikari.stream.replies.quoting import instructs, name, quoted
from hikari.stream.replies.tokens import TokenCount

Row = Mapping[str, Any]
DAY_S = 86_400.0
RELEVANT = 0.4
"""Similarity from which a channel's own knowledge is told; unrelated texts stay below it."""
MAX_OWN, MAX_COMMON = 3, 2
"""Memories that are told for one message: of its writer, and of the channel."""
SHOWN_TOXICITY = 0.5
MAX_TOPICS = 3


@dataclass(frozen=True, slots=True)
class Quoter:
    """Quotes with one counter and one limit."""

    count: TokenCount
    most_tokens: int

    def __call__(self, text: str, most: int = 400) -> str:
        return quoted(text, self.count, self.most_tokens, most)


def chat_block(messages: Sequence[Candidate], quote: Quoter) -> Block:
    """The messages to answer, with the tone that is recommended for each."""
    lines = (f"{name(one.username)}{_standing(one)}: {quote(one.text)} (tone: {name(one.tone)})" for one in messages)
    return Block("chat", tuple(map(Line, lines)))


def memory_block(
    messages: Sequence[Candidate],
    own: Sequence[Sequence[Row] | None],
    shared: Sequence[Sequence[Row] | None],
    quote: Quoter,
    now: float,
) -> Block:
    """What is remembered: for each message of its writer, then what the channel knows. Memories of other viewers are not told."""
    lines: dict[str, Line] = {}
    for message, rows, known in zip(messages, own, shared, strict=True):
        told = [row for row in rows or () if tellable(row) and _is_of(row, message.username) and not repeats(row, message)]
        common = [row for row in known or () if tellable(row) and is_common(row) and relevance(row) >= RELEVANT]
        for row in (*told[:MAX_OWN], *common[:MAX_COMMON]):
            identifier = str(row["id"])
            if identifier not in lines:
                lines[identifier] = Line(_memory_line(row, quote, now), (identifier,))
    return Block("memory", tuple(lines.values()))


def viewer_block(messages: Sequence[Candidate], insights: Sequence[Row | None], quote: Quoter, now: float) -> Block:
    """Who the writers are, as far as the analytics know them."""
    known = ((message, row) for message, row in zip(messages, insights, strict=True) if row is not None)
    return Block(
        "viewer", tuple(Line(f"{name(message.username)}: {_viewer_line(message, row, quote, now)}") for message, row in known)
    )


def stream_block(on_stream: str | None, spoken: Sequence[str], insights: Row | None, quote: Quoter) -> Block:
    """What is on, what the VTuber said lately, and what the crowd does."""
    lines: list[str] = []
    if on_stream and not instructs(on_stream):
        lines.append(f"on stream: {quote(on_stream)}")
    if insights and insights.get("current_moment"):
        lines.append("the chat is in a hype moment")
    lines += [f"the VTuber said: {quote(text, 200)}" for text in reversed(spoken)]
    return Block("stream", tuple(map(Line, lines)))


def mood_block(mood: Mood | None) -> Block:
    """How the chat feels, in a line."""
    if mood is None:
        return Block("mood", ())
    feeling = "positive" if mood.score >= 0.15 else "negative" if mood.score <= -0.15 else "neutral"
    emotion = f", mostly {name(mood.emotion)}" if mood.emotion and mood.share >= 0.1 else ""
    line = f"{feeling} ({mood.score:+.2f}, {name(mood.direction)}){emotion}, {mood.messages} messages in the last minute"
    return Block("mood", (Line(line),))


def relevance(row: Row) -> float:
    """How much a memory has to do with what was asked for, 0 to 1, from the parts of its score."""
    parts: Row = row.get("explain") or {}
    return min(float(parts.get("similarity") or 0.0) + 2.0 * float(parts.get("fact") or 0.0), 1.0)


def tellable(row: Row) -> bool:
    """Whether a memory may stand in a prompt: current, not abusive, and not meant for the model."""
    toxicity = row["metadata"].get("toxicity")
    abusive = isinstance(toxicity, int | float) and toxicity >= SHOWN_TOXICITY
    return bool(row.get("current", True)) and not abusive and not instructs(str(row["content"]))


def repeats(row: Row, message: Candidate) -> bool:
    """Whether the memory is the message itself, or says the same."""
    own = message.id is not None and row["metadata"].get("platform_id") == message.id
    return own or row["id"] == message.memory or normalised(str(row["content"])) == normalised(message.text)


def writer_of(row: Row) -> str | None:
    """Whose words a memory holds; None for what no viewer said."""
    user = row.get("user") or row["metadata"].get("user")
    return None if user is None else str(user).strip().lstrip("@").casefold()


def is_common(row: Row) -> bool:
    """Whether it is the channel's own knowledge: neither a viewer's words nor a summary of what viewers said."""
    return writer_of(row) is None and not row["metadata"].get("speakers")


def _is_of(row: Row, username: str) -> bool:
    return writer_of(row) == username.strip().lstrip("@").casefold()


def _memory_line(row: Row, quote: Quoter, now: float) -> str:
    user = row.get("user") or row["metadata"].get("user")
    text = quote(str(row["content"]))
    return (
        f"known in this channel: {text}" if user is None else f"{name(str(user))}, {_ago(now - float(row['timestamp']))}: {text}"
    )


def _viewer_line(message: Candidate, row: Row, quote: Quoter, now: float) -> str:
    told: list[str] = []
    if not row:
        told.append("new here")
    else:
        streams, messages = int(row.get("streams_seen") or 0), int(row.get("messages") or 0)
        first = now - float(row.get("first_seen") or now)
        told.append("first time in a stream" if streams <= 1 and first < DAY_S else f"in {streams} streams since {_ago(first)}")
        told.append(f"{messages} messages")
        topics = [str(label) for label, _ in (row.get("favorite_topics") or ())[:MAX_TOPICS] if not instructs(str(label))]
        if topics:
            told.append("talks about " + ", ".join(quote(topic, 40) for topic in topics))
    if message.trend != "steady":
        told.append(f"mood {name(message.trend)}")
    return ", ".join(told)


def _standing(message: Candidate) -> str:
    marks = [mark for mark in ("paid" if message.paid else "", message.standing) if mark]
    return f" ({', '.join(marks)})" if marks else ""


def _ago(seconds: float) -> str:
    """In words, coarse enough to be the same for a while.

    >>> _ago(50), _ago(3 * 86_400), _ago(90 * 86_400)
    ('today', '3 days ago', '3 months ago')
    """
    days = int(max(seconds, 0.0) // DAY_S)
    if days < 1:
        return "today"
    if days < 60:
        return "yesterday" if days == 1 else f"{days} days ago"
    return f"{days // 30} months ago" if days < 730 else f"{days // 365} years ago"
