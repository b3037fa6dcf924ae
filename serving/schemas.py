"""Requests and answers as the OpenAPI document shows them. Contents are checked by the engine, in one place for all callers."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Score = Annotated[float, Field(ge=-1, le=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Timestamp = Annotated[float | str | None, Field(description="epoch seconds or ISO 8601; without a zone: UTC; default: now")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnalyzeMessage(_Request):
    """One chat message."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "This stream is absolutely amazing! 🔥", "username": "mika", "channel": "default"}]
        },
    )
    text: str
    username: str
    context: dict[str, Any] | None = Field(default=None, description="`roles`, `paid`, `timestamp`, if known")
    channel: str = "default"
    timestamp: Timestamp = None


class AnalyzeBatch(_Request):
    """Up to 1,000 chat messages; a bad row becomes an error row and harms no other."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "messages": [
                        {"id": "1", "text": "can you play undertale next?", "username": "kai"},
                        {"id": "2", "text": "Sadge", "username": "bo"},
                    ]
                }
            ]
        },
    )
    messages: list[Any] = Field(
        description="objects with `text`, `username` and optionally `id`, `channel`, `timestamp`, `roles`, `paid`, `context`"
    )
    channel: str = "default"


class HowRead(_Request):
    """Nothing is asked."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})


class LearnedEmotes(_Request):
    """A channel's emotes as its messages taught them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"channel": "default"}]})
    channel: str = "default"


class ResetLearnedEmotes(_Request):
    """One learned emote of a channel, or all of them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"channel": "default", "name": "mikaLove"}]})
    channel: str = "default"
    name: str | None = Field(default=None, description="default: all of the channel")


class Problem(BaseModel):
    code: str
    message: str
    field: str | None = None


class ProblemAnswer(BaseModel):
    """The one error shape."""

    error: Problem


class Aggregate(BaseModel):
    score: Score
    label: Literal["very_negative", "negative", "neutral", "positive", "very_positive"]


class Transformer(BaseModel):
    score: Score
    probabilities: dict[Literal["negative", "neutral", "positive"], Probability]


class Vader(BaseModel):
    score: Score
    positive: Probability
    neutral: Probability
    negative: Probability


class Symbol(BaseModel):
    name: str
    polarity: Score
    emotion: str


class Symbols(BaseModel):
    score: Score
    symbols: list[Symbol]


class Sentiment(BaseModel):
    aggregate: Aggregate
    transformer: Transformer
    vader: Vader | None = Field(description="null when VADER knows no word of the text")
    emoji: Symbols | None = Field(description="emotes, emoji and kaomoji; null when the text has none")


class Emotion(BaseModel):
    primary: str
    scores: dict[Literal["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"], Probability]
    labels: list[str] = Field(description="emotions over their threshold")


class Toxicity(BaseModel):
    is_toxic: bool
    score: Probability
    scores: dict[Literal["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"], Probability]
    labels: list[str]


class Trend(BaseModel):
    mood: Score
    direction: Literal["rising", "falling", "steady"]
    messages: int


class Question(BaseModel):
    asks: bool
    probability: Probability | None = Field(description="null when the model does not know questions and a question mark decides")


class Context(BaseModel):
    user_trend: Trend
    global_trend: Trend
    question: Question


class Recommendation(BaseModel):
    tone: str
    priority: Literal["low", "medium", "high", "critical"]
    respond: bool
    reason: str


class Model(BaseModel):
    name: str
    version: str
    fingerprint: str
    language: str | None = Field(
        description="ISO code of the message's language; null where nobody can tell, as with most short ones"
    )
    language_supported: bool = Field(
        description="false: the mood of this language is not read well, and the recommendation ignores it"
    )


class Analysis(BaseModel):
    """Everything known about one message."""

    sentiment: Sentiment
    emotion: Emotion
    toxicity: Toxicity
    context: Context
    response_recommendation: Recommendation
    model: Model
    latency_ms: float


class AnalysisRow(Analysis):
    id: str | int | None


class ReadingRules(BaseModel):
    languages: dict[str, float] = Field(description="ISO code -> measured macro-F1 of sentiment")
    language_minimum: float = Field(description="from which on a language is supported")
    toxicity_thresholds: dict[str, float] = Field(description="in force: yours, else the fitted ones")


class LearnedEmote(BaseModel):
    name: str
    polarity: Score
    emotion: str
    support: float = Field(
        ge=0, description="messages' worth of evidence: old ones weigh less, one viewer's count for three at most"
    )
    viewers: int
    last_seen: float = Field(description="epoch seconds")
    used: bool = Field(description="whether it counts in scores: enough support, and clear enough")


class Reset(BaseModel):
    reset: int = Field(description="how many learned emotes were forgotten")


class ProblemRow(ProblemAnswer):
    id: str | int | None
