"""Requests and answers of the analytics as the OpenAPI document shows them. Contents are checked by the engine, for all callers alike."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from serving.parameters import Count, Flag, MaybeName, MaybeNumber, Moment, Name, Number, Request, Seconds, Text, example
from serving.schemas import Analysis

Context = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [{"type": "object", "additionalProperties": True}, {"type": "null"}],
            "description": "`roles`, `paid`, if known: they weigh in the recommendation",
        }
    ),
]
ANALYZE = "whether the text model reads the message; signals that come with it win"
EXPERIMENT = {
    "id": "greeting", "name": "greet new viewers by name", "arms": ["plain", "by name"], "metric": "replied", "kind": "binary",
    "minimum_effect": 0.1, "expected_mean": 0.3,
}  # fmt: skip


class ProcessChatMessage(Request):
    model_config = example(username="mika", message="that boss fight was amazing 🔥", channel="default")
    username: Name
    message: Text
    timestamp: Moment = Field(default=None, description="default: now")
    channel: Name = "default"
    sentiment: MaybeNumber = Field(default=None, description="-1 to 1; default: the text model's")
    emotion: Any = Field(
        default=None, description="anger, disgust, fear, joy, neutral, sadness or surprise; default: the text model's"
    )
    toxicity: MaybeNumber = Field(default=None, description="0 to 1; default: the text model's")
    question: Flag | None = Field(default=None, description="default: the text model's")
    context: Context = None
    roles: Any = Field(default=None, description="a list of names: `moderator`, `subscriber`, ...", examples=[["moderator"]])
    paid: Flag | None = Field(default=None, description="whether the message was paid for: it is never dropped")
    analyze: Flag = Field(default=True, description=ANALYZE)


class ProcessChatBatch(Request):
    model_config = example(
        rows=[
            {"id": "1", "username": "kai", "message": "can you play undertale next?"},
            {"id": "2", "username": "bo", "message": "Sadge", "sentiment": -0.6},
        ]
    )
    rows: list[Any] = Field(
        description="up to 10,000 objects with the parameters of `/process_chat_message` but `analyze`, and an `id`"
    )
    channel: Name = Field(default="default", description="of rows that name none")
    analyze: Flag = Field(default=True, description=ANALYZE)
    durable: Flag = Field(default=False, description="wait until what becomes a memory is on disk, and name it")


class OfChannel(Request):
    model_config = example(channel="default")
    channel: Name = "default"


class ViewerInsights(OfChannel):
    model_config = example(username="mika", channel="default")
    username: Name
    now: Moment = Field(default=None, description="what counts as now; default: now")


class ClusterViewers(OfChannel):
    model_config = example(channel="default")
    now: Moment = Field(default=None, description="what counts as now; default: now")


class RecordMetric(OfChannel):
    model_config = example(metric_name="viewer_count", value=120)
    metric_name: Name = Field(description="`viewer_count`, which also feeds the features, or a name of your own")
    value: Number
    timestamp: Moment = Field(default=None, description="default: now")


class StartStream(OfChannel):
    model_config = example(channel="default")
    timestamp: Moment = Field(default=None, description="default: now")


class Schedule(OfChannel):
    model_config = example(streams=[["2027-01-15T19:00:00Z", "2027-01-15T22:00:00Z"]])
    streams: Any = Field(description="the planned streams as [start, end]; replaces those told before")


class ForecastMetrics(OfChannel):
    model_config = example(metric_name="chat_rate", periods=30)
    metric_name: Name = Field(
        description="`viewer_count`, `chat_rate`, `unique_chatters`, `sentiment`, ... or one that was recorded"
    )
    periods: Count = Field(description="steps ahead, at most 288")
    step_s: Seconds = Field(default=None, description="a multiple of the fitted step; default: the fitted step")


class DetectAnomalies(OfChannel):
    model_config = example(metric_name="chat_rate")
    metric_name: MaybeName = Field(default=None, description="default: all metrics")
    since: Moment = Field(default=None, description="only alerts from this time on")


class AnomalyFeedback(OfChannel):
    model_config = example(alert_id="chat_rate-1800000000", correct=False)
    alert_id: Name
    correct: Flag = Field(description="false: a false alarm, so the metric's threshold rises")


class CreateExperiment(OfChannel):
    model_config = example(definition=EXPERIMENT)
    definition: Any = Field(
        description="`id`, `name`, `arms` (names or `{name, weight}`), `metric`, `kind` (binary, count, continuous), `minimum_effect`, "
        "and optionally `unit` (viewer, time_block), `block_s`, `baseline`, `expected_mean`, `expected_sd`, `covariate`, "
        "`expected_correlation`, `larger_is_better`, `alpha`, `power`, `max_duration_s`, `salt`"
    )


class OfExperiment(OfChannel):
    model_config = example(id="greeting")
    id: Name
    timestamp: Moment = Field(default=None, description="default: now")


class StopExperiment(OfExperiment):
    model_config = example(id="greeting", reason="the season is over")
    reason: Name = "stopped by hand"


class Assign(OfExperiment):
    model_config = example(id="greeting", unit="mika")
    unit: MaybeName = Field(default=None, description="the viewer; experiments by time block need none")
    covariate: MaybeNumber = Field(default=None, description="a number known before that predicts the metric")


class RecordOutcome(Assign):
    model_config = example(id="greeting", unit="mika", value=1, outcome_id="reply-17")
    value: Number
    outcome_id: MaybeName = Field(default=None, description="counted once, however often it is delivered")
    arm: MaybeName = Field(default=None, description="what was shown; refused when the unit is assigned to another arm")


class ExperimentReport(OfChannel):
    model_config = example(id="greeting")
    id: Name
    now: Moment = Field(default=None, description="what counts as now; default: now")


class RecordContent(OfChannel):
    model_config = example(kind="game", name="Undertale", start="2027-01-15T19:00:00Z")
    kind: Name = Field(description="title, game or segment")
    name: Name
    start: Moment = Field(default=None, description="default: now")
    end: Moment = Field(default=None, description="default: when the next of its kind starts")


class ContentReport(OfChannel):
    model_config = example(kind="game")
    kind: MaybeName = Field(default=None, description="default: all kinds")


class Insights(BaseModel):
    """What a message changed."""

    model_config = ConfigDict(extra="allow")
    counted: bool = Field(description="false when it is too late or its clock runs ahead")
    reason: str | None = Field(default=None, description="why it was not counted")
    stream: int | None = None
    messages_in_slot: int | None = Field(default=None, description="of its five seconds")
    stream_chatters: int | None = None
    hype: list[dict[str, Any]] = Field(default=[], description="moments that began or ended")
    alerts: list[dict[str, Any]] = []


class Processed(BaseModel):
    analysis: Analysis | None = Field(description="as of `/analyze_message`; null without the text model")
    insights: Insights
    memory: dict[str, Any] | None = Field(
        description="`accepted` with its importance (on disk soon after), `id` once it is on disk, or `kept_out` with the reason"
    )


class ProcessedRow(Processed):
    id: str | int | None


class Recorded(BaseModel):
    counted: bool
    reason: str | None = None


class Forecast(BaseModel):
    """Lists of equal length: the starts of the steps in epoch seconds, and for each the value and its interval."""

    metric: str
    times: list[float]
    values: list[float]
    lower: list[float]
    upper: list[float]
    model: str
    reason: str
    backtest: dict[str, Any]
    notes: list[str]


class Prediction(BaseModel):
    as_of: float
    horizons: dict[Literal["1m", "5m", "15m"], dict[str, dict[str, Any]]] = Field(
        description="for each metric `median`, `quantiles` and `moved_by`: how much higher the median is for each of the last minutes"
    )
    attention: list[float] = Field(description="the network's own weights of the last minutes, oldest first; nearly even")
    mattered: list[float] = Field(
        description="which of the last minutes mattered, oldest first: shares in what the forecast would change without them"
    )
    model: str


class Anomalies(BaseModel):
    alerts: list[dict[str, Any]] = Field(description="`id`, `metric`, `timestamp`, `value`, `score`, `severity`, `why`")
    thresholds: dict[str, float]


class Threshold(BaseModel):
    metric: str
    threshold: float


class ExperimentStatus(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: str
    status: Literal["draft", "running", "stopped"]


class Assigned(BaseModel):
    id: str
    unit: str | None
    arm: str


class OutcomeCounted(BaseModel):
    id: str
    counted: bool = Field(description="false when its `outcome_id` was counted before")


class Content(BaseModel):
    kind: Literal["title", "game", "segment"]
    name: str
    start: float
    end: float | None
