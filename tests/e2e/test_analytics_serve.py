"""The analytics in the real BentoML process: a restart keeps what was told and counted, a crash takes the last second of chat at most."""

import json
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.e2e.process import Served, served

MARKER = "zqxmarkerqxz"
SERVICE = "serving.service:Hikari"
EXPERIMENT = {
    "id": "greeting", "name": "greet by name", "arms": ["plain", "by name"], "metric": "replied", "kind": "binary",
    "minimum_effect": 0.2,
}  # fmt: skip


def variables(folder: Path, bundle: Path, embedder: Path) -> dict[str, str]:
    shutil.copytree(embedder, folder / "home" / "models" / "embedder", dirs_exist_ok=True)
    return {"HIKARI_BUNDLE": str(bundle), "HIKARI_HOME": str(folder / "home")}


@pytest.fixture(scope="module")
def server(tiny_bundle: Path, tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    with served(SERVICE, folder, **variables(folder, tiny_bundle, tiny_embedder)) as running:
        yield running


def post(server: Served, path: str, status: int = 200, /, **body: Any) -> Any:
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{server.url}{path}", content=json.dumps(body), headers=headers, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()


def messages(server: Served, **body: Any) -> int:
    return post(server, "/global_insights", **body)["counts"]["messages"]


def test_chat_is_read_and_counted(server: Served) -> None:
    answer = post(server, "/process_chat_message", username="mika", message="i love this game 🔥", channel="chat")
    assert answer["analysis"]["emotion"]["primary"]
    assert answer["insights"]["counted"]
    rows = [{"id": number, "username": f"v{number % 9}", "message": f"hello number {number}"} for number in range(300)]
    answers = post(server, "/process_chat_batch", rows=[*rows, {"id": "bad", "username": "v"}], channel="chat")
    assert answers[-1]["error"]["field"] == "message"
    assert all(row["insights"]["counted"] for row in answers[:-1])
    assert messages(server, channel="chat") == 301
    assert post(server, "/viewer_insights", username="v3", channel="chat")["messages"] > 30


def test_many_writers_and_readers_at_once(server: Served) -> None:
    def write(number: int) -> bool:
        body = {"username": f"v{number % 7}", "message": f"guess number {number}", "analyze": number % 2 == 0, "channel": "crowd"}
        return post(server, "/process_chat_message", **body)["insights"]["counted"]

    assert write(0)
    with ThreadPoolExecutor(8) as pool:
        written, counted = pool.map(write, range(1, 60)), pool.map(lambda _: messages(server, channel="crowd"), range(20))
        assert all(written)
        assert min(counted) >= 1
    assert messages(server, channel="crowd") == 60


def test_topics_use_the_encoder_of_the_memory(server: Served) -> None:
    post(server, "/process_chat_message", username="mika", message="which game is next", channel="talk")
    assert post(server, "/topics", channel="talk")["method"] == "embedding"


def test_metrics_and_documents(server: Served) -> None:
    post(server, "/process_chat_message", username="mika", message="to be counted")
    text = httpx.get(f"{server.url}/metrics").text
    assert 'hikari_chat_total{outcome="counted"}' in text
    assert 'hikari_analytics_calls_total{outcome="ok",route="/process_chat_message"}' in text
    assert 'hikari_analytics_seconds_bucket{le="0.01",route="/process_chat_message"}' in text
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    assert {"/process_chat_message", "/forecast_metrics", "/experiments/record", "/content/report", "/forget_user"} <= set(paths)
    assert "/static/app.js" in httpx.get(server.url).text


def test_a_viewer_is_forgotten_on_disk_as_well(server: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    post(server, "/store_memory", content="i collect stamps", user=MARKER, channel="gone")
    for number in range(30):
        post(server, "/process_chat_message", username=MARKER, message=f"{MARKER} number {number}", channel="gone", analyze=False)
    post(server, "/content/record", kind="game", name="a", channel="gone")  # writes the channel to disk
    store = server.log.parent / "home" / "analytics" / "data.mdb"
    assert MARKER.encode() in store.read_bytes()
    answer = post(server, "/forget_user", user=MARKER)
    assert answer["memories"] == 1
    assert answer["analytics"]["profiles"] == 1
    assert MARKER.encode() not in store.read_bytes()
    post(server, "/viewer_insights", 404, username=MARKER, channel="gone")


def test_no_text_of_a_viewer_gets_into_the_output(server: Served) -> None:
    bodies: list[tuple[str, int, dict[str, Any]]] = [
        ("/process_chat_message", 200, {"username": MARKER, "message": f"{MARKER} and more"}),
        ("/process_chat_message", 200, {"username": MARKER, "message": f"\ud800 {MARKER}"}),
        ("/process_chat_message", 400, {"username": MARKER, "message": MARKER, "emotion": MARKER}),
        ("/process_chat_message", 413, {"username": MARKER, "message": MARKER * 5_000}),
        ("/process_chat_batch", 200, {"rows": [{"username": MARKER, "message": MARKER, MARKER: 1}, MARKER]}),
        ("/viewer_insights", 200, {"username": MARKER}),
        ("/topics", 200, {}),
        ("/cluster_viewers", 200, {}),
        ("/experiments/create", 400, {"definition": {**EXPERIMENT, "unit": MARKER}}),
        ("/content/record", 400, {"kind": MARKER, "name": MARKER}),
        ("/forget_user", 200, {"user": MARKER}),
    ]
    for path, status, body in bodies:
        post(server, path, status, **body)
    log = server.log.read_text(errors="replace")
    assert '"path":"/process_chat_message"' in log
    assert MARKER not in log


def told(server: Served) -> dict[str, Any]:
    """Everything that a restart has to keep."""
    return {
        "stream": post(server, "/global_insights"),
        "viewer": post(server, "/viewer_insights", username="v3", now=2_000_000_000),
        "experiments": post(server, "/experiments/list"),
        "report": post(server, "/experiments/report", id="greeting", now=2_000_000_000),
        "contents": post(server, "/content/report"),
        "anomalies": post(server, "/detect_anomalies"),
    }


def test_a_restart_keeps_counts_experiments_and_contents(tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path) -> None:
    environment = variables(tmp_path, tiny_bundle, tiny_embedder)
    with served(SERVICE, tmp_path, **environment) as running:
        post(running, "/content/record", kind="game", name="Undertale")
        post(running, "/experiments/create", definition=EXPERIMENT)
        post(running, "/experiments/start", id="greeting")
        for number in range(20):
            post(running, "/experiments/assign", id="greeting", unit=f"v{number}")
            post(running, "/experiments/record", id="greeting", unit=f"v{number}", value=number % 2, outcome_id=str(number))
        began = time.time() - 300
        rows = [
            {"username": f"v{number % 9}", "message": f"hello number {number}", "timestamp": began + 2.5 * number}
            for number in range(100)
        ]
        post(running, "/process_chat_batch", rows=rows)
        before = told(running)
        assert before["experiments"] == [{"id": "greeting", "name": "greet by name", "status": "running"}]
        assert [one["name"] for one in before["contents"]["contents"]] == ["Undertale"]
    with served(SERVICE, tmp_path, **environment) as running:
        assert told(running) == before


LOST_S = 3.0
"""The journal is written every second; the rest is for a machine that is busy with other things."""


@pytest.mark.slow
def test_kill_9_takes_the_last_second_of_chat_and_no_outcome(tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path) -> None:
    environment = variables(tmp_path, tiny_bundle, tiny_embedder)
    counted: list[float] = []
    recorded: list[int] = []
    with served(SERVICE, tmp_path, **environment) as running:
        post(running, "/experiments/create", definition=EXPERIMENT)
        post(running, "/experiments/start", id="greeting")
        processes = [*psutil.Process(running.process.pid).children(recursive=True), psutil.Process(running.process.pid)]
        with httpx.Client(base_url=running.url, timeout=30) as client:

            def ask(path: str, **body: Any) -> bool:
                return client.post(path, json=body).status_code == 200

            def experiment() -> None:
                for number in range(10_000):
                    if not ask("/experiments/assign", id="greeting", unit=f"v{number}"):
                        return
                    if ask("/experiments/record", id="greeting", unit=f"v{number}", value=1, outcome_id=str(number)):
                        recorded.append(number)

            def chat() -> None:
                began = time.monotonic()
                while time.monotonic() < began + 2 * LOST_S:
                    if ask("/process_chat_message", username=f"v{len(counted) % 50}", message="hello there", analyze=False):
                        counted.append(time.monotonic())
                for process in processes:
                    process.send_signal(signal.SIGKILL)

            with ThreadPoolExecutor(2) as pool:
                outcomes = pool.submit(experiment)
                pool.submit(chat).result()
                assert isinstance(outcomes.exception(), httpx.TransportError)
        killed = time.monotonic()
    assert len(recorded) > 5
    old_enough = sum(at < killed - LOST_S for at in counted)
    assert old_enough > 20
    with served(SERVICE, tmp_path, **environment) as running:
        assert old_enough <= messages(running) <= len(counted) + 1
        report = post(running, "/experiments/report", id="greeting", now=2_000_000_000)
        # The last one may have been written and not answered any more.
        assert len(recorded) <= sum(arm["outcomes"] for arm in report["arms"]) <= len(recorded) + 1
        for number in recorded:
            repeated = {"id": "greeting", "unit": f"v{number}", "value": 1, "outcome_id": str(number)}
            assert post(running, "/experiments/record", **repeated)["counted"] is False
