"""Calls about chat messages."""

from collections.abc import Sequence
from typing import Any

from hikari_client.analysis import Analysis, LearnedEmote, Processed, ReadingRules
from hikari_client.calls import Answer, Call, Moment, Row, as_, as_list, as_rows, convert, given
from hikari_client.errors import HikariError


def analyze_message(
    text: str, username: str, context: Row | None = None, *, channel: str | None = None, timestamp: Moment | None = None
) -> Call[Analysis]:
    """Sentiment, emotion, toxicity, trends and a recommendation for one message."""
    body = given(text=text, username=username, context=context, channel=channel, timestamp=timestamp)
    return Call("/analyze_message", body, as_(Analysis), repeatable=False)


def analyze_batch(messages: Sequence[Row], *, channel: str | None = None) -> Call[list[Analysis | HikariError]]:
    """The same for many messages `{"text", "username", "id"?, ...}`; the error of a bad row stands in its place."""
    return Call("/analyze_batch", given(messages=list(messages), channel=channel), as_rows(Analysis), repeatable=False)


def reading() -> Call[ReadingRules]:
    """Which languages are read how well, and the toxicity thresholds in force."""
    return Call("/reading", {}, as_(ReadingRules))


def learned_emotes(*, channel: str | None = None) -> Call[list[LearnedEmote]]:
    """What the channel's messages taught of emotes that no lexicon knows, best known first."""
    return Call("/learned_emotes", given(channel=channel), as_list(LearnedEmote))


def reset_learned_emotes(name: str | None = None, *, channel: str | None = None) -> Call[int]:
    """Forget what was learned of one emote of the channel, or of all; how many that were."""
    return Call("/reset_learned_emotes", given(channel=channel, name=name), _count)


def process_chat_message(
    username: str,
    message: str,
    timestamp: Moment | None = None,
    *,
    channel: str | None = None,
    context: Row | None = None,
    analyze: bool | None = None,
    **signals: Any,
) -> Call[Processed]:
    """Read a message and count it in the stream; `signals` (`sentiment`, `emotion`, ...) that you know win over the model's."""
    body = given(
        username=username, message=message, timestamp=timestamp, channel=channel, context=context, analyze=analyze, **signals
    )
    return Call("/process_chat_message", body, as_(Processed), repeatable=False)


def process_chat_batch(
    rows: Sequence[Row], *, channel: str | None = None, analyze: bool | None = None
) -> Call[list[Processed | HikariError]]:
    """The same for many messages `{"username", "message", "id"?, ...}`; the error of a bad row stands in its place."""
    body = given(rows=list(rows), channel=channel, analyze=analyze)
    return Call("/process_chat_batch", body, as_rows(Processed), repeatable=False, long=True)


def _count(answer: Answer) -> int:
    return convert(answer.value, dict[str, int])["reset"]
