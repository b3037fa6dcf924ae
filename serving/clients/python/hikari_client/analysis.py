"""What an engine knows of one message."""

from dataclasses import dataclass
from typing import Literal

Priority = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """The mood as a number from -1 to 1 and as a word."""

    score: float
    label: Literal["very_negative", "negative", "neutral", "positive", "very_positive"]


@dataclass(frozen=True, kw_only=True)
class Member:
    """One voice of the ensemble; a voice without an opinion is None."""

    score: float
    probabilities: dict[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Sentiment:
    """The mood of a message, and what it is made of."""

    aggregate: Aggregate
    transformer: Member | None = None
    vader: Member | None = None
    emoji: Member | None = None


@dataclass(frozen=True, kw_only=True)
class Emotion:
    """One of seven emotions, the scores of all, and those over their thresholds."""

    primary: str
    scores: dict[str, float]
    labels: list[str]


@dataclass(frozen=True, kw_only=True)
class Toxicity:
    """Whether a message is toxic, and of which kinds."""

    is_toxic: bool
    score: float
    scores: dict[str, float]
    labels: list[str]


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A mood over time."""

    mood: float
    direction: Literal["rising", "falling", "steady"]
    messages: int


@dataclass(frozen=True, kw_only=True)
class Question:
    """Whether the VTuber is asked something; no probability when a question mark decided."""

    asks: bool
    probability: float | None


@dataclass(frozen=True, kw_only=True)
class Context:
    """What came before, and what the message wants."""

    user_trend: Trend
    global_trend: Trend
    question: Question


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """How to speak, how soon, whether at all, and why."""

    tone: str
    priority: Priority
    respond: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """Which model read the message, in which language, and whether it reads that one well."""

    name: str
    version: str
    fingerprint: str
    language: str | None = None
    """ISO code; None where nobody can tell, and from engines that do not say."""
    language_supported: bool = True


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read in one message."""

    sentiment: Sentiment
    emotion: Emotion
    toxicity: Toxicity
    context: Context
    response_recommendation: Recommendation
    model: Model


@dataclass(frozen=True, kw_only=True)
class Analysis(Reading):
    """Everything known of one message."""

    latency_ms: float
    id: str | int | None = None
    """The row's own, in answers of batches."""


@dataclass(frozen=True, kw_only=True)
class ReadingRules:
    """How messages are read."""

    languages: dict[str, float]
    """ISO code -> measured macro-F1 of sentiment."""
    language_minimum: float
    """From which on a language is supported."""
    toxicity_thresholds: dict[str, float]
    """Those in force."""


@dataclass(frozen=True, kw_only=True)
class LearnedEmote:
    """What the messages of a channel taught of one emote."""

    name: str
    polarity: float
    """-1 to 1."""
    emotion: str
    support: float
    """Messages' worth of evidence."""
    viewers: int
    last_seen: float
    """Epoch seconds."""
    used: bool
    """Whether it counts in scores."""


@dataclass(frozen=True, kw_only=True)
class Insights:
    """What a message changed in the stream."""

    counted: bool
    reason: str | None = None
    stream: int | None = None
    messages_in_slot: int | None = None
    stream_chatters: int | None = None


@dataclass(frozen=True, kw_only=True)
class Processed:
    """A message that was read and counted."""

    insights: Insights
    analysis: Analysis | None = None
    id: str | int | None = None
