"""What the pipeline asks of the three parts of the engine, in this process or in others."""

from typing import Any, Protocol

from hikari.stream.messages import StreamMessage

Row = dict[str, Any]


class Parts(Protocol):
    """Everything in bulk: one answer a row, in order; a row that is refused is `{"error": {"code", "message", "field"?}}`.

    A call that fails as a whole raises: `HikariError` when the part itself cannot answer now, anything else when some row broke it.
    """

    async def analyze(self, rows: list[Row], /) -> list[Row]:
        """Rows of `AdvancedSentimentAnalyzer.analyze_batch`, and its answers."""
        ...

    async def count(self, rows: list[Row], /) -> list[Row]:
        """Rows of `StreamAnalyticsEngine.process_chat_batch` with the signals of the analysis, and its answers."""
        ...

    async def remember(self, rows: list[Row], /) -> list[str | Row]:
        """Rows of `NeuralMemorySystem.store_memories`; the id of each, once it is on disk."""
        ...


def countable(message: StreamMessage, analysis: Row) -> Row:
    """The message in the words of the analytics, with what the text model found."""
    return {
        "username": message.username,
        "message": message.text,
        "timestamp": message.timestamp,
        "channel": message.channel,
        "sentiment": analysis["sentiment"]["aggregate"]["score"],
        "emotion": analysis["emotion"]["primary"],
        "toxicity": analysis["toxicity"]["score"],
        "question": analysis["context"]["question"]["asks"],
        **(message.signals or {}),
    }
