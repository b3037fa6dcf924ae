"""The HTTP routes of the analytics: a body holds the parameters of the Python method by name, the answer is what the method returns."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from serving import analytics_schemas as schemas
from serving import answers, metrics, problems
from serving.calls import Outcome
from serving.chat import Chat
from serving.links import Part
from serving.routes import Route, Row, problems_of
from serving.schemas import ProblemRow

CHAT = (
    Route("/process_chat_message", "process_chat_message", schemas.ProcessChatMessage, schemas.Processed,
          "Read a chat message and count it: the analysis of its text, and what it changed in the stream."),
    Route("/process_chat_batch", "process_chat_batch", schemas.ProcessChatBatch, list[schemas.ProcessedRow | ProblemRow],
          "The same for many messages: one row of the answer for each row given, in order; a bad row is its error."),
)  # fmt: skip
ROUTES = (
    Route("/viewer_insights", "get_viewer_insights", schemas.ViewerInsights, Row,
          "What is known of one viewer: engagement score with its parts, favourite topics, sentiment history, visits, segment, flags."),
    Route("/global_insights", "get_global_insights", schemas.OfChannel, Row,
          "The stream as a whole: rates of the last minutes, hype moments with clips, top chatters and emotes, retention."),
    Route("/record_metric", "record_metric", schemas.RecordMetric, schemas.Recorded, "Note a reading of any metric."),
    Route("/start_stream", "start_stream", schemas.StartStream, Row,
          "Tell that a stream begins: from here on, chatters are new again."),
    Route("/schedule", "set_schedule", schemas.Schedule, Row, "Tell the planned streams, which forecasts take into account."),
    Route("/forecast_metrics", "forecast_metrics", schemas.ForecastMetrics, schemas.Forecast,
          "The next steps of a metric with intervals, the chosen model, its backtest error and why it was chosen."),
    Route("/predict_engagement", "predict_engagement", schemas.OfChannel, schemas.Prediction,
          "Messages, chatters and mood of the next 1, 5 and 15 minutes with quantiles, and which minutes mattered."),
    Route("/detect_anomalies", "detect_anomalies", schemas.DetectAnomalies, schemas.Anomalies,
          "The last alerts of one metric or of all, each with severity and why, and every metric's threshold."),
    Route("/anomaly_feedback", "anomaly_feedback", schemas.AnomalyFeedback, schemas.Threshold,
          "Say whether an alert was right, which moves the metric's threshold."),
    Route("/cluster_viewers", "cluster_viewers", schemas.ClusterViewers, Row,
          "Segments of the audience by habits, with what makes each, their stability and the share of noise."),
    Route("/topics", "topics", schemas.OfChannel, Row, "What is talked about: topics with terms, typical messages and shares."),
    Route("/experiments/create", "create_experiment", schemas.CreateExperiment, schemas.ExperimentStatus,
          "Define an experiment; answers its plan: how many units it takes and when it ends."),
    Route("/experiments/start", "start_experiment", schemas.OfExperiment, schemas.ExperimentStatus,
          "Open an experiment for units and outcomes."),
    Route("/experiments/stop", "stop_experiment", schemas.StopExperiment, schemas.ExperimentStatus, "Close an experiment."),
    Route("/experiments/assign", "assign", schemas.Assign, schemas.Assigned,
          "The arm that a viewer, or this block of time, is shown: always the same."),
    Route("/experiments/record", "record_outcome", schemas.RecordOutcome, schemas.OutcomeCounted,
          "Count an outcome; it is on disk when the answer comes."),
    Route("/experiments/report", "experiment_report", schemas.ExperimentReport, Row,
          "What an experiment says by now, in numbers and sentences; look as often as you like."),
    Route("/experiments/list", "list_experiments", schemas.OfChannel, list[Row], "The channel's experiments: id, name, status."),
    Route("/content/record", "record_content", schemas.RecordContent, schemas.Content,
          "Note what is on; without an end it lasts until the next of its kind."),
    Route("/content/report", "content_report", schemas.ContentReport, Row,
          "Viewers, chat rate, sentiment and engagement per content against the channel's baseline, with intervals."),
)  # fmt: skip

_PROBLEMS = problems_of(
    {
        404: "nothing is known of this channel, viewer, metric, alert or experiment",
        422: "an experiment does not take this: it is not running, the unit was never assigned, or was shown another arm",
        503: "the analytics or the text model are not ready, or there is nothing yet to answer from",
    }
)


def build(runner: Callable[[], Part], chat: Callable[[], Chat], told: Callable[[Route, Row], None]) -> APIRouter:
    """The router; `runner` and `chat` give the running service's analytics and the way of chat into them when a request comes. `told`
    hears of every call that was answered well."""

    async def ask(route: Route, arguments: Row) -> Outcome:
        part = chat() if route in CHAT else runner()
        (outcome,) = await part.run([{"method": route.method, "arguments": arguments}])
        if "error" not in outcome:
            told(route, arguments)
        return outcome

    router = APIRouter(tags=["analytics"])
    for route in (*CHAT, *ROUTES):
        router.add_api_route(
            route.path, _endpoint(route, ask), methods=["POST"], name=route.path.removeprefix("/").replace("/", "_"),
            description=route.about, response_model=route.answer, responses=_PROBLEMS,
        )  # fmt: skip
    return router


def _endpoint(route: Route, ask: Callable[[Route, Row], Awaitable[Outcome]]) -> Callable[..., Awaitable[Response]]:
    async def endpoint(request: Any) -> Response:
        arguments = request.arguments()
        started = time.perf_counter()
        outcome = await ask(route, arguments)
        metrics.analytics_seconds().labels(route.path).observe(time.perf_counter() - started)
        metrics.analytics_calls().labels(route.path, outcome["error"]["code"] if "error" in outcome else "ok").inc()
        if route in CHAT:
            _count(outcome)
        return problems.answer(outcome["error"]) if "error" in outcome else answers.good(outcome.get("answer"))

    # FastAPI reads from the annotation what the body is.
    endpoint.__annotations__["request"] = route.body
    return endpoint


def _count(outcome: Outcome) -> None:
    """What became of the messages; what the text model read counts as analysed, as on its own routes."""
    answer: Any = outcome if "error" in outcome else outcome.get("answer")
    for row in answer if isinstance(answer, list) else [answer]:
        if "error" in row:
            metrics.chat().labels("refused").inc()
            continue
        metrics.chat().labels("counted" if row["insights"]["counted"] else "late").inc()
        if row["analysis"] is not None:
            metrics.messages().labels("analysed").inc()
