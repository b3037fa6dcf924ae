"""The analytics' routes over a real engine: what each of them does, and that channels share nothing."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving import analytics_schemas as schemas
from tests.serving.memory_client import ask, opened, problem

START = 1_700_000_040


@pytest.fixture(scope="module")
def client(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with opened(tmp_path_factory.mktemp("analytics"), tiny_bundle) as one:
        yield one


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """A channel of the test's own."""
    return request.node.name


def talk(client: TestClient, channel: str, minutes: int = 12, viewers: int = 12, **more: Any) -> list[dict[str, Any]]:
    """Ten messages a minute, without the text model."""
    texts = (
        "nice boss fight today",
        "what game is this one",
        "LUL KEKW",
        "the music is so good",
        "hello there everyone",
        "run run run",
    )
    rows = [
        {
            "username": f"viewer{number % viewers}",
            "message": f"{texts[number * 7 % 6]} {number % 5}",
            "timestamp": START + 6 * number,
        }
        for number in range(10 * minutes)
    ]
    return ask(client, "/process_chat_batch", rows=rows, channel=channel, analyze=False, **more)


# Chat


def test_a_message_is_read_and_counted(client: TestClient, channel: str) -> None:
    body = {"username": "mika", "message": "this stream is great PogChamp", "timestamp": START, "channel": channel}
    answer = schemas.Processed.model_validate(ask(client, "/process_chat_message", **body))
    assert answer.analysis is not None
    assert answer.analysis.sentiment.emoji is not None
    assert (answer.insights.counted, answer.insights.stream_chatters) == (True, 1)
    viewer = ask(client, "/viewer_insights", username="mika", channel=channel)
    assert viewer["messages"] == 1
    assert viewer["sentiment"] == pytest.approx(answer.analysis.sentiment.aggregate.score, abs=1e-3)
    assert viewer["toxicity"] == pytest.approx(answer.analysis.toxicity.score, abs=1e-3)


def test_signals_that_come_with_a_message_win(client: TestClient, channel: str) -> None:
    for number in range(3):
        ask(
            client, "/process_chat_message", username="mika", message="i hate this", timestamp=START + number, channel=channel,
            sentiment=0.75, toxicity=0.25, emotion="joy", question=True,
        )  # fmt: skip
    viewer = ask(client, "/viewer_insights", username="mika", channel=channel)
    assert (viewer["sentiment"], viewer["toxicity"], viewer["question_share"]) == (0.75, 0.25, 1.0)


def test_without_the_text_model_nothing_is_analysed(client: TestClient, channel: str) -> None:
    body = {"username": "mika", "message": "hi", "timestamp": START, "channel": channel, "analyze": False}
    assert ask(client, "/process_chat_message", **body)["analysis"] is None
    assert ask(client, "/viewer_insights", username="mika", channel=channel)["sentiment"] is None


def test_context_reaches_the_recommendation(client: TestClient, channel: str) -> None:
    body = {"username": "mika", "message": "can you play this game", "channel": channel, "context": {"roles": ["moderator"]}}
    alone = ask(client, "/analyze_message", text=body["message"], username="other", context=body["context"], channel=channel)
    answer = ask(client, "/process_chat_message", **body)
    assert answer["analysis"]["response_recommendation"] == alone["response_recommendation"]


def test_a_late_message_says_why_it_was_not_counted(client: TestClient, channel: str) -> None:
    ask(client, "/process_chat_message", username="a", message="hi", timestamp=START + 90_000, channel=channel)
    answer = ask(client, "/process_chat_message", username="a", message="hi", timestamp=START, channel=channel)
    assert answer["insights"]["counted"] is False
    assert answer["insights"]["reason"]


def test_a_batch_answers_row_by_row(client: TestClient, channel: str) -> None:
    rows: list[Any] = [
        {"id": "a", "username": "kai", "message": "i love this game", "timestamp": START},
        {"id": "b", "username": "kai", "message": " "},
        7,
        {"id": "c", "username": "", "message": "hi"},
        {"id": 5, "username": "bo", "message": "sad game Sadge", "timestamp": START + 1, "sentiment": -0.5},
        {"username": "bo", "message": "hi", "sentiment": 3},
        {"username": "bo", "message": "hi", "chanel": "x"},
        {"id": ["x"], "username": "bo", "message": "hi"},
        {"username": "bo", "message": "hi", "context": {"roles": "moderator"}},
        {"username": "bo", "message": "hello from elsewhere", "timestamp": START, "channel": channel + "2"},
    ]
    answers = ask(client, "/process_chat_batch", rows=rows, channel=channel)
    assert [row["id"] for row in answers] == ["a", "b", None, "c", 5, None, None, None, None, None]
    assert ["error" in row for row in answers] == [False, True, True, True, False, True, True, True, True, False]
    fields = [row["error"]["field"] for row in answers if "error" in row]
    assert fields == ["message", "rows", "username", "sentiment", "rows", "id", "roles"]
    for row in answers:
        if "error" not in row:
            schemas.ProcessedRow.model_validate(row)
    assert ask(client, "/global_insights", channel=channel)["counts"]["messages"] == 2
    assert ask(client, "/global_insights", channel=channel + "2")["counts"]["messages"] == 1
    assert ask(client, "/viewer_insights", username="bo", channel=channel)["sentiment"] == -0.5


def test_a_batch_is_read_as_its_messages_are(client: TestClient, channel: str) -> None:
    texts = ["i love this game", "i hate this", "what the what"] * 150
    rows = [{"username": f"v{number}", "message": text, "timestamp": START + number} for number, text in enumerate(texts)]
    answers = ask(client, "/process_chat_batch", rows=rows, channel=channel)
    assert len(answers) == 450
    for text in texts[:3]:
        scores = {
            row["analysis"]["sentiment"]["aggregate"]["score"] for row, said in zip(answers, texts, strict=True) if said == text
        }
        alone = ask(client, "/analyze_message", text=text, username="x", channel=channel)["sentiment"]["aggregate"]["score"]
        assert max(abs(score - alone) for score in scores) < 0.02


def test_a_refused_message_leaves_no_trace(client: TestClient, channel: str) -> None:
    before = {"text": "i love this game", "username": "mika", "channel": channel, "timestamp": START}
    first = ask(client, "/analyze_message", **before)["context"]["user_trend"]["messages"]
    problem(client, "/process_chat_message", 400, username="mika", message="i love this", channel=channel, emotion="bliss")
    problem(client, "/process_chat_message", 400, username="mika", message="i love this", channel=channel, toxicity="high")
    assert ask(client, "/analyze_message", **before)["context"]["user_trend"]["messages"] == first + 1
    assert problem(client, "/global_insights", 404, channel=channel)["field"] == "channel"


def test_a_missing_text_model_stops_only_what_needs_it(tmp_path: Path) -> None:
    with opened(tmp_path) as without:
        body = {"username": "mika", "message": "hi", "timestamp": START}
        assert problem(without, "/process_chat_message", 503, **body)["code"] == "not_ready"
        assert problem(without, "/process_chat_batch", 503, rows=[body])["code"] == "not_ready"
        assert ask(without, "/process_chat_message", analyze=False, **body)["insights"]["counted"]
        assert ask(without, "/global_insights")["counts"]["messages"] == 1


def test_many_at_once_are_all_counted(client: TestClient, channel: str) -> None:
    def say(number: int) -> bool:
        body = {"username": f"v{number % 9}", "message": f"number {number}", "timestamp": START + number % 60, "channel": channel}
        return ask(client, "/process_chat_message", **body)["insights"]["counted"]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(say, range(120)))
    assert ask(client, "/global_insights", channel=channel)["counts"]["messages"] == 120


def test_strange_characters_are_no_obstacle(client: TestClient, channel: str) -> None:
    texts = ["\ud800 lone", "a\x00b", "\u202eevil", "🔥" * 5_000, "ﷺ" * 300]
    rows = [{"username": f"v\x00{number}", "message": text, "timestamp": START} for number, text in enumerate(texts)]
    assert all(row["insights"]["counted"] for row in ask(client, "/process_chat_batch", rows=rows, channel=channel))
    ask(client, "/content/record", kind="game", name="x", channel=channel)  # writes the channel to disk
    assert ask(client, "/topics", channel=channel)["messages"] > 0
    assert ask(client, "/global_insights", channel=channel)["chatters"] == len(texts)


# The stream and its viewers


def test_insights_of_the_stream_and_of_a_viewer(client: TestClient, channel: str) -> None:
    talk(client, channel)
    stream = ask(client, "/global_insights", channel=channel)
    assert stream["minutes"]["chat_rate"][-5:] == [10.0] * 5
    assert len(stream["top_chatters"]) == 10
    viewer = ask(client, "/viewer_insights", username="viewer3", channel=channel, now=START + 900)
    assert {"engagement_score", "engagement_parts", "favorite_topics", "sentiment_history", "segment"} <= set(viewer)
    assert viewer["messages"] == 10
    assert problem(client, "/viewer_insights", 404, username="nobody", channel=channel)["field"] == "username"


def test_readings_and_forecasts(client: TestClient, channel: str) -> None:
    for minute in range(40):
        answer = ask(
            client, "/record_metric", metric_name="followers", value=100 + minute, timestamp=START + 60 * minute, channel=channel
        )
        schemas.Recorded.model_validate(answer)
    forecast = schemas.Forecast.model_validate(
        ask(client, "/forecast_metrics", metric_name="followers", periods=5, channel=channel)
    )
    assert len(forecast.times) == len(forecast.values) == len(forecast.lower) == len(forecast.upper) == 5
    assert all(low <= value <= high for low, value, high in zip(forecast.lower, forecast.values, forecast.upper, strict=True))
    assert problem(client, "/forecast_metrics", 503, metric_name="unheard", periods=5, channel=channel)["code"] == "not_ready"
    assert problem(client, "/record_metric", 400, metric_name="chat_rate", value=1, channel=channel)["field"] == "metric_name"


def test_streams_are_begun_and_planned(client: TestClient, channel: str) -> None:
    assert ask(client, "/start_stream", timestamp=START, channel=channel) == {"started_at": float(START)}
    talk(client, channel, minutes=3)
    assert ask(client, "/global_insights", channel=channel)["stream_start"] == START
    assert ask(client, "/schedule", streams=[["2027-01-15T19:00:00Z", "2027-01-15T22:00:00Z"]], channel=channel) == {"streams": 1}
    assert problem(client, "/schedule", 400, streams=[[5, 3]], channel=channel)["code"] == "bad_input"


def test_anomalies_and_what_an_operator_says_of_them(client: TestClient, channel: str) -> None:
    for minute in range(240):
        value = 5_000 if minute == 200 else 100 + minute * 7 % 11
        ask(client, "/record_metric", metric_name="viewer_mood", value=value, timestamp=START + 60 * minute, channel=channel)
    found = schemas.Anomalies.model_validate(ask(client, "/detect_anomalies", metric_name="viewer_mood", channel=channel))
    (alert,) = [alert for alert in found.alerts if alert["timestamp"] == START + 60 * 200]
    assert alert["why"]
    since = ask(client, "/detect_anomalies", since=START + 60 * 201, channel=channel)
    assert alert not in since["alerts"]
    moved = ask(client, "/anomaly_feedback", alert_id=alert["id"], correct=False, channel=channel)
    assert schemas.Threshold.model_validate(moved).threshold > found.thresholds["viewer_mood"]
    assert problem(client, "/anomaly_feedback", 404, alert_id="none", correct=True, channel=channel)["field"] == "alert_id"
    assert problem(client, "/detect_anomalies", 404, metric_name="none", channel=channel)["field"] == "metric_name"


def test_segments_and_topics(client: TestClient, channel: str) -> None:
    talk(client, channel, viewers=30)
    segments = ask(client, "/cluster_viewers", channel=channel, now=START + 900)
    assert {"segments", "stability"} <= set(segments)
    topics = ask(client, "/topics", channel=channel)
    assert topics["method"] == "embedding"
    assert topics["messages"] > 0


def test_engagement_needs_its_model(client: TestClient, channel: str) -> None:
    talk(client, channel, minutes=2)
    assert "make pipeline" in problem(client, "/predict_engagement", 503, channel=channel)["message"]


# Experiments and contents

EXPERIMENT: dict[str, Any] = {
    "id": "greeting", "name": "greet by name", "arms": ["plain", "by name"], "metric": "replied", "kind": "binary",
    "minimum_effect": 0.2, "expected_mean": 0.3,
}  # fmt: skip


def test_an_experiment_from_its_definition_to_its_report(client: TestClient, channel: str) -> None:
    made = ask(client, "/experiments/create", definition=EXPERIMENT, channel=channel)
    assert made["status"] == "draft"
    assert made["plan"]["units_total"] > 0
    early = problem(client, "/experiments/assign", 422, id="greeting", unit="mika", channel=channel)
    assert early["code"] == "refused"
    assert ask(client, "/experiments/start", id="greeting", timestamp=START, channel=channel)["status"] == "running"
    arms: dict[str, str] = {}
    for number in range(30):
        unit = f"viewer{number}"
        arms[unit] = ask(client, "/experiments/assign", id="greeting", unit=unit, timestamp=START + 1, channel=channel)["arm"]
        record = {"id": "greeting", "unit": unit, "value": number % 2, "timestamp": START + 2, "outcome_id": f"o{number}"}
        assert ask(client, "/experiments/record", channel=channel, **record) == {"id": "greeting", "counted": True}
        assert ask(client, "/experiments/record", channel=channel, **record)["counted"] is False
    assert set(arms.values()) == {"plain", "by name"}
    again = ask(client, "/experiments/assign", id="greeting", unit="viewer3", timestamp=START + 9, channel=channel)
    assert again["arm"] == arms["viewer3"]
    report = ask(client, "/experiments/report", id="greeting", now=START + 60, channel=channel)
    assert sum(arm["outcomes"] for arm in report["arms"]) == 30
    assert report["sentences"]
    stopped = ask(client, "/experiments/stop", id="greeting", timestamp=START + 70, reason="enough", channel=channel)
    assert schemas.ExperimentStatus.model_validate(stopped).status == "stopped"
    listed = ask(client, "/experiments/list", channel=channel)
    assert listed == [{"id": "greeting", "name": "greet by name", "status": "stopped"}]
    late = {"id": "greeting", "unit": "viewer3", "value": 1, "timestamp": START + 99}
    assert problem(client, "/experiments/record", 422, channel=channel, **late)["field"] == "timestamp"
    assert problem(client, "/experiments/create", 400, definition=EXPERIMENT, channel=channel)["field"] == "id"
    assert problem(client, "/experiments/report", 404, id="none", channel=channel)["field"] == "id"


def test_contents_and_their_report(client: TestClient, channel: str) -> None:
    talk(client, channel, minutes=30)
    ask(client, "/content/record", kind="game", name="Undertale", start=START, end=START + 600, channel=channel)
    row = ask(client, "/content/record", kind="game", name="Tetris", start=START + 900, channel=channel)
    assert schemas.Content.model_validate(row).end is None
    report = ask(client, "/content/report", kind="game", channel=channel)
    assert {one["name"] for one in report["contents"]} == {"Undertale", "Tetris"}
    overlap = problem(client, "/content/record", 400, kind="game", name="Chess", start=START + 300, channel=channel)
    assert overlap["field"] == "start"
    assert problem(client, "/content/report", 400, kind="song", channel=channel)["field"] == "kind"


# Channels, forgetting


def test_channels_share_nothing(client: TestClient, channel: str) -> None:
    talk(client, channel)
    ask(client, "/experiments/create", definition=EXPERIMENT, channel=channel)
    ask(client, "/record_metric", metric_name="followers", value=5, timestamp=START, channel=channel)
    other = channel + "2"
    for path in (
        "/global_insights",
        "/topics",
        "/cluster_viewers",
        "/detect_anomalies",
        "/predict_engagement",
        "/content/report",
    ):
        assert problem(client, path, 404, channel=other)["field"] == "channel"
    assert problem(client, "/viewer_insights", 404, username="viewer1", channel=other)["code"] == "not_found"
    assert problem(client, "/experiments/report", 404, id="greeting", channel=other)["field"] == "id"
    assert problem(client, "/forecast_metrics", 404, metric_name="followers", periods=1, channel=other)["field"] == "channel"
    assert ask(client, "/experiments/list", channel=other) == []


def test_a_viewer_is_forgotten_by_memory_and_analytics(client: TestClient, channel: str) -> None:
    for name in (channel, channel + "2"):
        for user in ("stampfan", "coinfan"):
            ask(client, "/store_memory", content=f"i am {user} and i collect things", user=user, channel=name)
            ask(client, "/process_chat_message", username=user, message="i collect things", timestamp=START, channel=name)
    ask(client, "/experiments/create", definition=EXPERIMENT, channel=channel)
    ask(client, "/experiments/start", id="greeting", timestamp=START, channel=channel)
    ask(client, "/experiments/assign", id="greeting", unit="stampfan", timestamp=START, channel=channel)
    answer = ask(client, "/forget_user", user="stampfan", channel=channel)
    assert answer["memories"] == 1
    assert (answer["analytics"]["channels"], answer["analytics"]["experiments"]) == (1, 1)
    assert problem(client, "/viewer_insights", 404, username="stampfan", channel=channel)["code"] == "not_found"
    assert ask(client, "/viewer_insights", username="coinfan", channel=channel)["messages"] == 1
    assert "stampfan" not in json.dumps(ask(client, "/global_insights", channel=channel))
    assert ask(client, "/viewer_insights", username="stampfan", channel=channel + "2")["messages"] == 1
    everywhere = ask(client, "/forget_user", user="stampfan")
    assert everywhere["memories"] == 1
    assert everywhere["analytics"]["channels"] >= 2
    assert problem(client, "/viewer_insights", 404, username="stampfan", channel=channel + "2")["code"] == "not_found"
