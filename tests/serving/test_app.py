"""The routes over a real analyser with a tiny bundle."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving import app as routes
from serving.app import STATIC
from serving.problems import Shield
from serving.schemas import Analysis
from tests.serving.memory_client import parts


@pytest.fixture(scope="module")
def client(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    made = parts(tmp_path_factory.mktemp("app"), tiny_bundle)  # the stores stay closed: these routes do not ask them
    with TestClient(Shield(routes.build(lambda: made)), raise_server_exceptions=False) as opened:
        yield opened


def _problem(answer: Any) -> dict[str, str]:
    content = answer.json()
    assert set(content) == {"error"}
    return content["error"]


def test_a_message_is_analysed(client: TestClient) -> None:
    answer = client.post("/analyze_message", json={"text": "this stream is great PogChamp", "username": "mika"})
    assert answer.status_code == 200
    Analysis.model_validate(answer.json())
    assert answer.json()["sentiment"]["emoji"]["symbols"][0]["name"] == "PogChamp"


def test_a_stack_answers_in_the_same_shape(tiny_stack: Path, tmp_path: Path) -> None:
    made = parts(tmp_path / "app", tiny_stack)
    with TestClient(Shield(routes.build(lambda: made)), raise_server_exceptions=False) as client:
        answer = client.post("/analyze_message", json={"text": "can you play this?", "username": "mika"})
    assert answer.status_code == 200
    assert Analysis.model_validate(answer.json()).context.question.probability is None
    assert (answer.json()["context"]["question"]["asks"], answer.json()["model"]["name"]) == (True, "stack")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "", "username": "u"}, "text"),
        ({"text": " \u200b\x00 ", "username": "u"}, "text"),
        ({"text": 7, "username": "u"}, "text"),
        ({"username": "u"}, "text"),
        ({"text": "hi"}, "username"),
        ({"text": "hi", "username": ""}, "username"),
        ({"text": "hi", "username": "u", "chanel": "x"}, "chanel"),
        ({"text": "hi", "username": "u", "timestamp": "yesterday"}, "timestamp"),
        ({"text": "hi", "username": "u", "context": []}, "context"),
        ({"text": "hi", "username": "u", "context": {"roles": "moderator"}}, "roles"),
    ],
)
def test_bad_input_names_the_field(client: TestClient, body: dict[str, Any], field: str) -> None:
    answer = client.post("/analyze_message", json=body)
    assert answer.status_code == 400
    assert _problem(answer)["code"] == "bad_input"
    assert _problem(answer)["field"] == field


def test_too_much_text_is_413(client: TestClient) -> None:
    answer = client.post("/analyze_message", json={"text": "a" * 100_000, "username": "u"})
    assert answer.status_code == 413
    assert _problem(answer)["field"] == "text"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"text": "\xff", "username": "u"}',
        b"[" * 100_000,
        b'{"text": "a", "username": "u", "timestamp": 1' + b"0" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_json_is_400(client: TestClient, content: bytes) -> None:
    answer = client.post("/analyze_message", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert _problem(answer)["code"] == "bad_input"


@pytest.mark.parametrize(
    "text", ["\x00hi", "🔥" * 10_000, "مرحبا يا صديقي", "\u202eevil\u202c", "\ud800 lone", "a\u0300" * 500, "ﷺ" * 300]
)
def test_strange_text_gets_an_answer(client: TestClient, text: str) -> None:
    body = json.dumps({"text": text, "username": "u"})
    answer = client.post("/analyze_message", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        Analysis.model_validate(answer.json())


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["text", "username", "channel", "timestamp", "context", "x"]), _json))
def test_no_body_makes_a_5xx(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post("/analyze_message", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code < 500


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        _json | st.fixed_dictionaries({"text": st.text(max_size=30), "username": st.text(max_size=5), "id": _json}), max_size=5
    )
)
def test_a_batch_answers_row_by_row(client: TestClient, rows: list[Any]) -> None:
    answer = client.post("/analyze_batch", content=json.dumps({"messages": rows}), headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert len(answer.json()) == len(rows)
    assert all("id" in row and (("error" in row) != ("sentiment" in row)) for row in answer.json())


def test_a_batch_over_the_limit_is_refused(client: TestClient) -> None:
    answer = client.post("/analyze_batch", json={"messages": [{}] * 1001})
    assert answer.status_code == 413
    assert _problem(answer)["field"] == "messages"


def test_pages_and_their_files_are_ours(client: TestClient) -> None:
    for path in ("/", "/docs"):
        page = client.get(path)
        assert page.status_code == 200
        assert "text/html" in page.headers["content-type"]
        assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert "https://" not in page.text
    files = sorted(STATIC.iterdir())
    assert len(files) > 20
    for file in files:
        assert client.get(f"/static/{file.name}").content == file.read_bytes()
    assert client.get("/static/../service.py").status_code == 404


def test_the_pages_name_only_files_that_are_there() -> None:
    for file in STATIC.iterdir():
        named = re.findall(r"""["'(](?:/static/|\./)([\w.-]+\.(?:js|css|svg))\b""", file.read_text())
        assert {*named} <= {one.name for one in STATIC.iterdir()} | {"plotly.min.js"}, file.name


def test_plotly_comes_from_the_installed_package(client: TestClient) -> None:
    answer = client.get("/static/plotly.min.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    assert b"plotly.js v" in answer.content[:200]
    plain = client.get("/static/plotly.min.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content
    assert client.get("/static/plotly.min.js", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_the_openapi_document_describes_both_routes(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert {"/analyze_message", "/analyze_batch"} <= set(document["paths"])
    assert {"400", "401", "413", "429", "503"} <= set(document["paths"]["/analyze_message"]["post"]["responses"])


def test_no_bundle_is_503(tmp_path: Path) -> None:
    made = parts(tmp_path, tmp_path / "nothing")
    with TestClient(routes.build(lambda: made)) as client:
        answer = client.post("/analyze_message", json={"text": "hi", "username": "u"})
    assert answer.status_code == 503
    assert "make pipeline" in _problem(answer)["message"]
