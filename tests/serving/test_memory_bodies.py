"""The memory's routes and what comes at them: bad bodies, examples of the document, counts, and nothing of it in a log."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from serving.analytics_routes import CHAT
from serving.analytics_routes import ROUTES as ANALYTICS
from serving.memory_routes import NEXT_CURSOR, ROUTES
from serving.settings import Limits
from tests.serving.memory_client import ask, opened, problem

MARKER = "zqxmarkerqxz"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with opened(tmp_path_factory.mktemp("memory")) as one:
        yield one


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """A channel of the test's own."""
    return request.node.name


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/store_memory", {}, "content"),
        ("/store_memory", {"content": " \u200b"}, "content"),
        ("/store_memory", {"content": 7}, "content"),
        ("/store_memory", {"content": "a", "importance": 1.5}, "importance"),
        ("/store_memory", {"content": "a", "importance": "0.5"}, "importance"),
        ("/store_memory", {"content": "a", "metadata": []}, "metadata"),
        ("/store_memory", {"content": "a", "pinned": "yes"}, "pinned"),
        ("/store_memory", {"content": "a", "ttl_s": 0}, "ttl_s"),
        ("/store_memory", {"content": "a", "timestamp": "yesterday"}, "timestamp"),
        ("/store_memory", {"content": "a", "chanel": "x"}, "chanel"),
        ("/store_memories", {"rows": {}}, "rows"),
        ("/store_memories", {}, "rows"),
        ("/retrieve_memories", {"query": ""}, "query"),
        ("/retrieve_memories", {"query": "a", "k": 0}, "k"),
        ("/retrieve_memories", {"query": "a", "k": "5"}, "k"),
        ("/retrieve_memories", {"query": "a", "k": True}, "k"),
        ("/retrieve_memories", {"query": "a", "filters": {"a": {"like": 1}}}, "filters"),
        ("/retrieve_memories", {"query": "a", "cursor": "nonsense"}, "cursor"),
        ("/retrieve_memories", {"query": "a", "memory_types": [1]}, "memory_types"),
        ("/retrieve_memories", {"query": "a", "explain": "yes"}, "explain"),
        ("/get_memory", {}, "id"),
        ("/update_memory", {"id": "a", "foo": 1}, "foo"),
        ("/forget_user", {}, "user"),
        ("/forget_user", {"user": ""}, "user"),
        ("/forget_memories", {"below": "0.5"}, "below"),
        ("/forget_memories", {"dry_run": 1}, "dry_run"),
        ("/related_entities", {"entity": "a", "hops": 3}, "hops"),
        ("/related_entities", {"entity": "a", "limit": "x"}, "limit"),
        ("/facts", {"subject": "a", "as_of": []}, "as_of"),
        ("/recent_memories", {"n": 0}, "n"),
        ("/said", {"text": ""}, "text"),
        ("/reload_knowledge", {"path": "../.."}, "path"),
    ],
)
def test_bad_input_names_the_field(client: TestClient, path: str, body: dict[str, Any], field: str) -> None:
    found = problem(client, path, 400, **body)
    assert (found["code"], found["field"].split(".")[0]) == ("bad_input", field)


def test_too_long_content_is_413(client: TestClient) -> None:
    assert problem(client, "/store_memory", 413, content="a" * 20_001)["field"] == "content"
    assert problem(client, "/store_memory", 413, content="a", metadata={"a": "b" * 20_000})["field"] == "metadata"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
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
_bodies = st.sampled_from(ROUTES).flatmap(
    lambda route: st.tuples(
        st.just(route.path),
        st.fixed_dictionaries({}, optional={name: _json | st.just("some words") for name in (*route.body.model_fields, "extra")}),
    )
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_bodies)
def test_no_body_makes_a_5xx(client: TestClient, body: tuple[str, dict[str, Any]]) -> None:
    answer = client.post(body[0], content=json.dumps(body[1]), headers={"content-type": "application/json"})
    # The set that this checkout has built, if any, is of another encoder.
    assert answer.status_code < 500 or (body[0], answer.status_code) == ("/reload_knowledge", 503), answer.text


def test_surrogates_in_a_batch_harm_no_other_row(client: TestClient, channel: str) -> None:
    rows = [{"content": "\ud800 lone"}, {"content": "whole"}, {"content": "a", "metadata": {"k": "\udfff"}}]
    answers = ask(client, "/store_memories", rows=rows, channel=channel)
    assert isinstance(answers[1], str)
    assert answers[2]["error"]["field"] == "metadata"


def test_the_openapi_document_describes_every_route_with_an_example(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for route in ROUTES:
        described = document["paths"][route.path]["post"]
        assert {"400", "401", "404", "413", "422", "429", "503", "504", "507"} <= set(described["responses"])
        assert described["description"]
        name = described["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        (example,) = document["components"]["schemas"][name]["examples"]
        route.body.model_validate(example)
    assert NEXT_CURSOR in document["paths"]["/retrieve_memories"]["post"]["responses"]["200"]["headers"]


def test_the_examples_of_the_documents_work(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/store_memory", "/store_memories", "/retrieve_memories", "/said", "/forget_memories", "/forget_user", "/facts"):
        name = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        ask(client, path, **document["components"]["schemas"][name]["examples"][0])


def test_long_routes_are_given_more_time() -> None:
    limits = Limits()
    paths = {route.path for route in ROUTES}
    assert limits.long_paths <= paths | {route.path for route in (*CHAT, *ANALYTICS)}
    assert limits.timeout_s("/forget_user") > limits.timeout_s("/retrieve_memories") == limits.request_timeout_s


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_calls_and_memories_are_counted(client: TestClient, channel: str) -> None:
    def figures() -> list[float]:
        return [
            count("hikari_memories_total", outcome="stored"),
            count("hikari_memories_total", outcome="refused"),
            count("hikari_memory_calls_total", route="/store_memory", outcome="ok"),
            count("hikari_memory_calls_total", route="/store_memory", outcome="bad_input"),
            count("hikari_memory_seconds_count", route="/store_memories"),
        ]

    before = figures()
    ask(client, "/store_memory", content="counted", channel=channel)
    problem(client, "/store_memory", 400, content="counted", channel=channel, importance=7)
    ask(client, "/store_memories", rows=[{"content": "counted too", "channel": channel}, {}, {}])
    assert [now - then for now, then in zip(figures(), before, strict=True)] == [2, 3, 1, 1, 1]


def test_no_text_of_a_viewer_gets_into_an_error_or_a_log(
    client: TestClient, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/store_memory", {"content": MARKER, "importance": MARKER}),
        ("/store_memory", {"content": MARKER, "metadata": {MARKER: float("inf")}}),
        ("/store_memory", {"content": MARKER, "metadata": MARKER}),
        ("/store_memory", {"content": MARKER * 5000}),
        ("/store_memory", {"content": MARKER, "id": MARKER * 50}),
        ("/retrieve_memories", {"query": MARKER, "filters": {"key": {"gt": [MARKER]}}}),
        ("/retrieve_memories", {"query": MARKER, "cursor": MARKER}),
        ("/get_memory", {"id": MARKER}),
        ("/update_memory", {"id": MARKER, "content": MARKER}),
        ("/forget_user", {"user": MARKER * 50}),
        ("/related_entities", {"entity": MARKER, "hops": 9}),
        ("/reload_knowledge", {"path": f"../{MARKER}"}),
        ("/said", {"text": MARKER, "timestamp": MARKER}),
    ]
    for path, body in bodies:
        answer = client.post(path, content=json.dumps({**body}), headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, path
        assert MARKER not in answer.text, path
    ask(client, "/store_memory", content=f"{MARKER} is fine", user=MARKER, channel=channel)
    ask(client, "/retrieve_memories", query=MARKER, channel=channel)
    ask(client, "/forget_user", user=MARKER, channel=channel)
    assert MARKER not in caplog.text
