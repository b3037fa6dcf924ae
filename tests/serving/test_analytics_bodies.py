"""The analytics' routes and what comes at them: bad bodies, examples of the document, keys, counts, and nothing of it in a log."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from serving.analytics_routes import CHAT, ROUTES
from serving.audit import Audit
from serving.doors import Doors
from serving.guard import Guard
from serving.keys import parse
from serving.settings import Limits
from tests.serving.memory_client import ask, opened, problem

START = 1_700_000_040
MARKER = "zqxmarkerqxz"
ALL = (*CHAT, *ROUTES)
EXPERIMENT: dict[str, Any] = {
    "id": "greeting", "name": "greet by name", "arms": ["plain", "by name"], "metric": "replied", "kind": "binary",
    "minimum_effect": 0.2, "expected_mean": 0.3,
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with opened(tmp_path_factory.mktemp("analytics"), tiny_bundle) as one:
        yield one


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """A channel of the test's own."""
    return request.node.name


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/process_chat_message", {}, "username"),
        ("/process_chat_message", {"username": "a"}, "message"),
        ("/process_chat_message", {"username": "a", "message": "\u200b"}, "message"),
        ("/process_chat_message", {"username": " ", "message": "hi"}, "username"),
        ("/process_chat_message", {"username": "\ud800", "message": "hi"}, "username"),
        ("/process_chat_message", {"username": "a", "message": "hi", "timestamp": "soon"}, "timestamp"),
        ("/process_chat_message", {"username": "a", "message": "hi", "timestamp": 1e15}, "timestamp"),
        ("/process_chat_message", {"username": "a", "message": "hi", "sentiment": float("nan")}, "sentiment"),
        ("/process_chat_message", {"username": "a", "message": "hi", "toxicity": 2}, "toxicity"),
        ("/process_chat_message", {"username": "a", "message": "hi", "emotion": 3}, "emotion"),
        ("/process_chat_message", {"username": "a", "message": "hi", "question": "yes"}, "question"),
        ("/process_chat_message", {"username": "a", "message": "hi", "analyze": 1}, "analyze"),
        ("/process_chat_message", {"username": "a", "message": "hi", "context": []}, "context"),
        ("/process_chat_message", {"username": "a", "message": "hi", "channel": ""}, "channel"),
        ("/process_chat_message", {"username": "a", "message": "hi", "text": "hi"}, "text"),
        ("/process_chat_batch", {}, "rows"),
        ("/process_chat_batch", {"rows": {}}, "rows"),
        ("/process_chat_batch", {"rows": [], "channel": ""}, "channel"),
        ("/viewer_insights", {}, "username"),
        ("/viewer_insights", {"username": "a", "now": []}, "now"),
        ("/record_metric", {"metric_name": "a"}, "value"),
        ("/record_metric", {"metric_name": "a", "value": "1"}, "value"),
        ("/record_metric", {"metric_name": "a", "value": float("inf")}, "value"),
        ("/record_metric", {"metric_name": "viewer_count", "value": -1}, "viewer_count"),
        ("/schedule", {"streams": "tonight"}, "streams"),
        ("/schedule", {"streams": [[1]]}, "streams"),
        ("/forecast_metrics", {"metric_name": "a"}, "periods"),
        ("/forecast_metrics", {"metric_name": "a", "periods": "5"}, "periods"),
        ("/forecast_metrics", {"metric_name": "a", "periods": True}, "periods"),
        ("/detect_anomalies", {"since": "soon"}, "since"),
        ("/anomaly_feedback", {"alert_id": "a", "correct": "no"}, "correct"),
        ("/topics", {"channel": "a" * 0}, "channel"),
        ("/experiments/create", {"definition": []}, "definition"),
        ("/experiments/create", {"definition": {"id": "a"}}, "name"),
        ("/experiments/create", {"definition": {**EXPERIMENT, "power": 2}}, "power"),
        ("/experiments/start", {"id": ""}, "id"),
        ("/experiments/record", {"id": "a"}, "value"),
        ("/experiments/record", {"id": "a", "value": 1, "unit": 7}, "unit"),
        ("/content/record", {"kind": "song", "name": "a"}, "kind"),
        ("/content/record", {"kind": "game", "name": "a", "start": 5, "end": 4}, "end"),
    ],
)
def test_bad_input_names_the_field(client: TestClient, path: str, body: dict[str, Any], field: str) -> None:
    found = problem(client, path, 400, **body)
    assert (found["code"], found["field"].split(".")[0]) == ("bad_input", field)


def test_too_much_is_413(client: TestClient) -> None:
    assert problem(client, "/process_chat_message", 413, username="a", message="a" * 20_001)["field"] == "message"
    assert problem(client, "/process_chat_message", 413, username="a" * 300, message="a")["field"] == "username"
    assert problem(client, "/process_chat_batch", 413, rows=[0] * 10_001)["field"] == "rows"


@pytest.mark.parametrize("route", ALL, ids=lambda route: route.path)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"channel": "\xff"}'])
def test_a_body_that_is_no_object_is_400(client: TestClient, route: Any, content: bytes) -> None:
    answer = client.post(route.path, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_input")


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\ud800", "default", "a\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.just("\udfff"), inner, max_size=3),
    max_leaves=6,
)
_definitions = st.fixed_dictionaries({}, optional={name: _json | st.just(value) for name, value in EXPERIMENT.items()})
_rows = st.lists(
    _json | st.fixed_dictionaries({"username": st.text(max_size=5), "message": st.text(max_size=20), "id": _json}), max_size=4
)
_values = {"definition": _definitions, "rows": _rows}
_bodies = st.sampled_from(ALL).flatmap(
    lambda route: st.tuples(
        st.just(route.path),
        st.fixed_dictionaries(
            {},
            optional={
                name: _values.get(name, _json) | st.sampled_from(["some words", "game", START, 3])
                for name in (*route.body.model_fields, "extra")
            },
        ),
    )
)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_bodies)
def test_no_body_makes_a_5xx(client: TestClient, body: tuple[str, dict[str, Any]]) -> None:
    answer = client.post(body[0], content=json.dumps(body[1]), headers={"content-type": "application/json"})
    # Nothing recorded, no model: there is nothing yet to answer from.
    assert answer.status_code < 500 or answer.json()["error"]["code"] == "not_ready", answer.text


def test_the_openapi_document_describes_every_route_with_an_example(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for route in ALL:
        described = document["paths"][route.path]["post"]
        assert {"400", "401", "404", "413", "422", "429", "503", "504", "507"} <= set(described["responses"])
        assert described["description"]
        name = described["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        (example,) = document["components"]["schemas"][name]["examples"]
        route.body.model_validate(example)


def test_the_examples_of_the_document_work(tiny_bundle: Path, tmp_path: Path) -> None:
    with opened(tmp_path, tiny_bundle) as fresh:
        document = fresh.get("/openapi.json").json()
        # No minute is over yet, so these have nothing to answer from.
        later = ("/forecast_metrics", "/predict_engagement", "/detect_anomalies", "/anomaly_feedback", "/content/report")
        for route in ALL:
            if route.path not in later:
                name = document["paths"][route.path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                example = document["components"]["schemas"][name.rsplit("/", 1)[1]]["examples"][0]
                ask(fresh, route.path, **example)


@pytest.mark.parametrize("route", ALL, ids=lambda route: route.path)
def test_every_route_asks_for_a_key(client: TestClient, route: Any, tmp_path: Path) -> None:
    guard = Guard(client.app, Doors(parse(("secret",))), Limits(), Audit(tmp_path))
    guarded = TestClient(guard, base_url="http://localhost", client=("127.0.0.1", 1))
    assert guarded.post(route.path, json={}).status_code == 401
    assert guarded.post(route.path, json={"no such": 1}, headers={"Authorization": "Bearer secret"}).status_code == 400


def test_long_routes_are_given_more_time() -> None:
    limits = Limits()
    for path in ("/process_chat_batch", "/forecast_metrics", "/topics", "/cluster_viewers", "/content/report"):
        assert limits.timeout_s(path) == limits.long_request_timeout_s
    assert limits.timeout_s("/process_chat_message") == limits.request_timeout_s


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_calls_and_messages_are_counted(client: TestClient, channel: str) -> None:
    def figures() -> list[float]:
        return [
            count("hikari_chat_total", outcome="counted"),
            count("hikari_chat_total", outcome="late"),
            count("hikari_chat_total", outcome="refused"),
            count("hikari_messages_total", outcome="analysed"),
            count("hikari_analytics_calls_total", route="/process_chat_message", outcome="ok"),
            count("hikari_analytics_calls_total", route="/process_chat_message", outcome="bad_input"),
            count("hikari_analytics_seconds_count", route="/process_chat_batch"),
        ]

    before = figures()
    body = {"username": "a", "message": "hi", "channel": channel}
    ask(client, "/process_chat_message", timestamp=START + 90_000, **body)
    ask(client, "/process_chat_message", timestamp=START, analyze=False, **body)
    problem(client, "/process_chat_message", 400, timestamp=START, sentiment=7, **body)
    ask(client, "/process_chat_batch", rows=[{**body, "timestamp": START + 90_001}, {}, 7])
    assert [now - then for now, then in zip(figures(), before, strict=True)] == [2, 1, 3, 2, 2, 1, 1]


def test_no_text_of_a_viewer_gets_into_an_error_or_a_log(
    client: TestClient, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/process_chat_message", {"username": MARKER, "message": MARKER, "emotion": MARKER}),
        ("/process_chat_message", {"username": MARKER * 50, "message": MARKER}),
        ("/process_chat_message", {"username": MARKER, "message": MARKER * 5_000}),
        ("/process_chat_message", {"username": MARKER, "message": MARKER, "timestamp": MARKER}),
        ("/process_chat_message", {"username": MARKER, "message": MARKER, "context": {"roles": MARKER}}),
        ("/viewer_insights", {"username": MARKER}),
        ("/record_metric", {"metric_name": MARKER, "value": MARKER}),
        ("/anomaly_feedback", {"alert_id": MARKER, "correct": True}),
        ("/experiments/create", {"definition": {**EXPERIMENT, "unit": MARKER}}),
        ("/experiments/report", {"id": MARKER}),
        ("/content/record", {"kind": MARKER, "name": MARKER}),
        ("/content/record", {"kind": "game", "name": MARKER, "start": MARKER}),
    ]
    for path, body in bodies:
        answer = client.post(path, json={**body, "channel": channel})
        assert 400 <= answer.status_code < 500, path
        assert MARKER not in answer.text, path
    rows = [{"username": MARKER, "message": MARKER, MARKER: 1}, {"username": MARKER, "message": MARKER, "question": MARKER}]
    assert MARKER not in json.dumps(ask(client, "/process_chat_batch", rows=rows, channel=channel))
    ask(client, "/process_chat_message", username=MARKER, message=f"{MARKER} is fine", timestamp=START, channel=channel)
    ask(client, "/viewer_insights", username=MARKER, channel=channel)
    ask(client, "/topics", channel=channel)
    ask(client, "/forget_user", user=MARKER, channel=channel)
    assert MARKER not in caplog.text
