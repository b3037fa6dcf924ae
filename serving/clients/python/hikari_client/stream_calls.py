"""Calls about the stream as a whole: viewers, metrics, forecasts, experiments, contents."""

from collections.abc import Sequence

from hikari_client.calls import Call, Moment, Row, as_, as_is, given, moment, new_id
from hikari_client.foresight import Anomalies, Assigned, Content, ExperimentStatus, Forecast, OutcomeCounted, Prediction, Recorded


def viewer_insights(username: str, *, channel: str | None = None, now: Moment | None = None) -> Call[Row]:
    """What is known of one viewer: `engagement_score`, `favorite_topics`, visits, segment, ..."""
    return Call("/viewer_insights", given(username=username, channel=channel, now=now), as_is)


def global_insights(*, channel: str | None = None) -> Call[Row]:
    """Rates of the last minutes, hype moments, top chatters and emotes, retention."""
    return Call("/global_insights", given(channel=channel), as_is)


def record_metric(
    metric_name: str, value: float, *, timestamp: Moment | None = None, channel: str | None = None
) -> Call[Recorded]:
    """Note a reading of any metric."""
    body = given(metric_name=metric_name, value=value, timestamp=timestamp, channel=channel)
    return Call("/record_metric", body, as_(Recorded), repeatable=False)


def start_stream(*, timestamp: Moment | None = None, channel: str | None = None) -> Call[Row]:
    """Tell that a stream begins."""
    return Call("/start_stream", given(timestamp=timestamp, channel=channel), as_is, repeatable=False)


def schedule(streams: Sequence[tuple[Moment, Moment]], *, channel: str | None = None) -> Call[Row]:
    """Tell the planned streams as pairs of start and end; replaces those told before."""
    pairs = [[moment(start), moment(end)] for start, end in streams]
    return Call("/schedule", given(streams=pairs, channel=channel), as_is)


def forecast_metrics(
    metric_name: str, periods: int, *, step_s: float | None = None, channel: str | None = None
) -> Call[Forecast]:
    """The next steps of a metric with intervals, and the model that was chosen."""
    body = given(metric_name=metric_name, periods=periods, step_s=step_s, channel=channel)
    return Call("/forecast_metrics", body, as_(Forecast), long=True)


def predict_engagement(*, channel: str | None = None) -> Call[Prediction]:
    """Messages, chatters and mood of the next 1, 5 and 15 minutes."""
    return Call("/predict_engagement", given(channel=channel), as_(Prediction))


def detect_anomalies(
    metric_name: str | None = None, *, since: Moment | None = None, channel: str | None = None
) -> Call[Anomalies]:
    """The last alerts of one metric or of all."""
    return Call("/detect_anomalies", given(metric_name=metric_name, since=since, channel=channel), as_(Anomalies))


def anomaly_feedback(alert_id: str, correct: bool, *, channel: str | None = None) -> Call[Row]:
    """Say whether an alert was right, which moves its metric's threshold."""
    return Call("/anomaly_feedback", given(alert_id=alert_id, correct=correct, channel=channel), as_is, repeatable=False)


def cluster_viewers(*, channel: str | None = None, now: Moment | None = None) -> Call[Row]:
    """Segments of the audience by habits."""
    return Call("/cluster_viewers", given(channel=channel, now=now), as_is, long=True)


def topics(*, channel: str | None = None) -> Call[Row]:
    """What is talked about."""
    return Call("/topics", given(channel=channel), as_is, long=True)


def create_experiment(definition: Row, *, channel: str | None = None) -> Call[ExperimentStatus]:
    """Define an experiment."""
    return Call("/experiments/create", given(definition=definition, channel=channel), as_(ExperimentStatus), repeatable=False)


def start_experiment(
    id: str,  # noqa: A002 - the engine's name
    *,
    timestamp: Moment | None = None,
    channel: str | None = None,
) -> Call[ExperimentStatus]:
    """Open an experiment for units and outcomes."""
    body = given(id=id, timestamp=timestamp, channel=channel)
    return Call("/experiments/start", body, as_(ExperimentStatus), repeatable=False)


def stop_experiment(
    id: str,  # noqa: A002 - the engine's name
    reason: str | None = None,
    *,
    timestamp: Moment | None = None,
    channel: str | None = None,
) -> Call[ExperimentStatus]:
    """Close an experiment."""
    body = given(id=id, reason=reason, timestamp=timestamp, channel=channel)
    return Call("/experiments/stop", body, as_(ExperimentStatus), repeatable=False)


def assign(
    id: str,  # noqa: A002 - the engine's name
    unit: str | None = None,
    *,
    covariate: float | None = None,
    timestamp: Moment | None = None,
    channel: str | None = None,
) -> Call[Assigned]:
    """The arm that a viewer, or this block of time, is shown: always the same."""
    body = given(id=id, unit=unit, covariate=covariate, timestamp=timestamp, channel=channel)
    return Call("/experiments/assign", body, as_(Assigned))


def record_outcome(
    id: str,  # noqa: A002 - the engine's name
    value: float,
    unit: str | None = None,
    *,
    outcome_id: str | None = None,
    arm: str | None = None,
    covariate: float | None = None,
    timestamp: Moment | None = None,
    channel: str | None = None,
) -> Call[OutcomeCounted]:
    """Count an outcome. It gets an `outcome_id` here, so that repeating the call counts it once."""
    body = given(
        id=id, value=value, unit=unit, outcome_id=outcome_id or new_id(), arm=arm, covariate=covariate, timestamp=timestamp,
        channel=channel,
    )  # fmt: skip
    return Call("/experiments/record", body, as_(OutcomeCounted))


def experiment_report(
    id: str,  # noqa: A002 - the engine's name
    *,
    now: Moment | None = None,
    channel: str | None = None,
) -> Call[Row]:
    """What an experiment says by now."""
    return Call("/experiments/report", given(id=id, now=now, channel=channel), as_is)


def list_experiments(*, channel: str | None = None) -> Call[list[Row]]:
    """The channel's experiments."""
    return Call("/experiments/list", given(channel=channel), as_is)


def record_content(
    kind: str, name: str, *, start: Moment | None = None, end: Moment | None = None, channel: str | None = None
) -> Call[Content]:
    """Note what is on: a title, a game or a segment."""
    body = given(kind=kind, name=name, start=start, end=end, channel=channel)
    return Call("/content/record", body, as_(Content), repeatable=False)


def content_report(*, kind: str | None = None, channel: str | None = None) -> Call[Row]:
    """Viewers, chat rate, sentiment and engagement per content against the channel's baseline."""
    return Call("/content/report", given(kind=kind, channel=channel), as_is, long=True)
