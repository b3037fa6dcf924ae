"""The real BentoML process: the contract over HTTP, health, limits, and not a word of a viewer in its output."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.process import Served, served

MARKER = "zqxmarkerqxz"


@pytest.fixture(scope="module")
def server(tiny_bundle: Path, tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    shutil.copytree(tiny_embedder, folder / "home/models/embedder")
    with served("serving.service:Hikari", folder, HIKARI_BUNDLE=str(tiny_bundle), HIKARI_HOME=str(folder / "home")) as running:
        yield running


def test_a_message_and_a_batch_are_analysed(server: Served) -> None:
    one = httpx.post(f"{server.url}/analyze_message", json={"text": "i love this game 🔥", "username": "mika"})
    assert one.status_code == 200
    assert set(one.json()) == {"sentiment", "emotion", "toxicity", "context", "response_recommendation", "model", "latency_ms"}
    rows = [
        {"id": "a", "text": "i hate this", "username": "mika"},
        {"id": "b", "text": "", "username": "bo"},
        {"id": "c", "text": "kys", "username": "bo"},
    ]
    batch = httpx.post(f"{server.url}/analyze_batch", json={"messages": rows})
    assert [row["id"] for row in batch.json()] == ["a", "b", "c"]
    assert batch.json()[1]["error"]["field"] == "text"
    assert batch.json()[0]["context"]["user_trend"]["messages"] == 2


def test_health_metrics_and_documents(server: Served) -> None:
    for path in ("/livez", "/readyz", "/", "/docs", "/openapi.json", "/metrics"):
        assert httpx.get(f"{server.url}{path}").status_code == 200, path
    httpx.post(f"{server.url}/analyze_message", json={"text": "hi", "username": "u"})
    assert 'hikari_messages_total{outcome="analysed"}' in httpx.get(f"{server.url}/metrics").text


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/analyze_message", 405)])
def test_errors_of_the_framework_have_the_shape_too(server: Served, path: str, status: int) -> None:
    answer = httpx.get(f"{server.url}{path}")
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


def test_no_text_of_a_viewer_gets_into_the_output(server: Served) -> None:
    bodies: list[tuple[bytes, int]] = [
        (f'{{"text": "{MARKER}", "username": "{MARKER}"}}'.encode(), 200),
        (f'{{"text": 7, "username": "{MARKER}"}}'.encode(), 400),
        (f'{{"text": "{MARKER}"'.encode(), 400),
        (f'{{"text": "{MARKER}", "username": "u", "{MARKER}": 1}}'.encode(), 400),
        (f'{{"text": "{MARKER}\\ud800", "username": "{MARKER}\\ud800"}}'.encode(), 400),
        (f'{{"text": "{MARKER}'.encode() + b'\xff"}', 400),
        (f'{{"text": "{MARKER * 9000}", "username": "u"}}'.encode(), 413),
        (f'{{"text": "{MARKER}", "username": "u"}}'.encode() + b" " * (5 * 1024 * 1024), 413),
    ]
    for body, status in bodies:
        answer = httpx.post(
            f"{server.url}/analyze_message", content=body, headers={"content-type": "application/json"}, timeout=30
        )
        assert answer.status_code == status
    log = server.log.read_text(errors="replace")
    assert '"path":"/analyze_message"' in log
    assert MARKER not in log


def test_pickled_bodies_are_refused(server: Served) -> None:
    headers = {"content-type": "application/vnd.bentoml+pickle"}
    assert httpx.post(f"{server.url}/analyze_message", content=b"\x80\x04.", headers=headers).status_code in (400, 415)
