"""The memory in the real BentoML process: what was acknowledged survives anything, and nothing a viewer wrote gets into the output."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from serving.memory_routes import NEXT_CURSOR
from tests.e2e.process import ROOT, Served, free_port, served

MARKER = "zqxmarkerqxz"
SERVICE = "serving.service:Hikari"


def home_of(folder: Path, embedder: Path) -> Path:
    shutil.copytree(embedder, folder / "home" / "models" / "embedder", dirs_exist_ok=True)
    return folder / "home"


@pytest.fixture(scope="module")
def server(tiny_bundle: Path, tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    home = home_of(folder, tiny_embedder)
    with served(SERVICE, folder, HIKARI_BUNDLE=str(tiny_bundle), HIKARI_HOME=str(home)) as running:
        yield running


def post(server: Served, path: str, body: Any, status: int = 200) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = httpx.post(f"{server.url}{path}", content=content, headers={"content-type": "application/json"}, timeout=60)
    assert answer.status_code == status, answer.text
    return answer


def test_store_and_retrieve(server: Served) -> None:
    identifier = post(server, "/store_memory", {"content": "my cat is called Mochi", "metadata": {"user": "kai"}}).json()["id"]
    post(server, "/store_memories", {"rows": [{"content": f"song request number {number}"} for number in range(8)]})
    assert post(server, "/get_memory", {"id": identifier}).json()["metadata"] == {"user": "kai"}
    page = post(server, "/retrieve_memories", {"query": "song request", "k": 5})
    assert len(page.json()) == 5
    rest = post(server, "/retrieve_memories", {"query": "song request", "k": 5, "cursor": page.headers[NEXT_CURSOR]}).json()
    assert not {row["id"] for row in rest} & {row["id"] for row in page.json()}


def test_many_writers_and_readers_at_once(server: Served) -> None:
    def write(number: int) -> str:
        return post(server, "/store_memory", {"content": f"guess number {number} of the crowd", "channel": "crowd"}).json()["id"]

    def read(number: int) -> int:
        return len(post(server, "/retrieve_memories", {"query": f"guess number {number}", "channel": "crowd"}).json())

    with ThreadPoolExecutor(16) as pool:
        written, found = pool.map(write, range(60)), pool.map(read, range(60))
        assert len(set(written)) == 60
        assert max(found) == 5
    assert post(server, "/memory_stats", {"channel": "crowd"}).json()["memories"] == 60


def test_metrics_and_documents(server: Served) -> None:
    post(server, "/store_memory", {"content": "to be counted"})
    text = httpx.get(f"{server.url}/metrics").text
    assert 'hikari_memories_total{outcome="stored"}' in text
    assert 'hikari_memory_calls_total{outcome="ok",route="/store_memory"}' in text
    assert 'hikari_memory_seconds_bucket{le="0.01",route="/store_memory"}' in text
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    assert {"/store_memory", "/retrieve_memories", "/forget_user", "/analyze_message"} <= set(paths)


def test_no_text_of_a_viewer_gets_into_the_output(server: Served) -> None:
    bodies: list[tuple[str, Any, int]] = [
        ("/store_memory", {"content": f"{MARKER} and more", "user": MARKER, "metadata": {MARKER: MARKER}}, 200),
        ("/retrieve_memories", {"query": MARKER, "user": MARKER, "explain": True}, 200),
        ("/store_memories", {"rows": [{"content": MARKER, "importance": MARKER}, MARKER]}, 200),
        ("/related_entities", {"entity": MARKER}, 200),
        ("/facts", {"subject": MARKER, "attribute": MARKER}, 200),
        ("/said", {"text": f"{MARKER}, welcome"}, 200),
        ("/memory_audit", {}, 200),
        ("/consolidate_memories", {}, 200),
        ("/summarize_episode", {}, 200),
        ("/store_memory", {"content": MARKER, "importance": MARKER}, 400),
        ("/store_memory", f'{{"content": "{MARKER}'.encode() + b'\xff"}', 400),
        ("/store_memory", f'{{"content": "{MARKER}\\ud800"}}'.encode(), 400),
        ("/store_memory", {"content": MARKER * 5_000}, 413),
        ("/retrieve_memories", {"query": MARKER, "filters": {"key": {MARKER: 1}}}, 400),
        ("/retrieve_memories", {"query": MARKER, "cursor": MARKER}, 400),
        ("/get_memory", {"id": MARKER}, 404),
        ("/update_memory", {"id": MARKER, "content": MARKER}, 404),
        ("/reload_knowledge", {"path": f"../{MARKER}"}, 400),
        ("/forget_user", {"user": MARKER}, 200),
    ]
    for path, body, status in bodies:
        post(server, path, body, status)
    log = server.log.read_text(errors="replace")
    assert '"path":"/store_memory"' in log
    assert MARKER not in log


def worker_of(server: Served) -> list[psutil.Process]:
    return [*psutil.Process(server.process.pid).children(recursive=True), psutil.Process(server.process.pid)]


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9_and_is_there_once(tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path) -> None:
    home = home_of(tmp_path, tiny_embedder)
    variables = {"HIKARI_BUNDLE": str(tiny_bundle), "HIKARI_HOME": str(home)}
    acknowledged: dict[str, str] = {}
    with served(SERVICE, tmp_path, **variables) as running:

        def write(number: int) -> None:
            text = f"parcel number {number} has arrived"
            try:
                answer = httpx.post(f"{running.url}/store_memory", json={"content": text}, timeout=30)
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                acknowledged[answer.json()["id"]] = text
            if len(acknowledged) == 40:
                for process in worker_of(running):
                    process.send_signal(signal.SIGKILL)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(400)))
    assert len(acknowledged) >= 40
    with served(SERVICE, tmp_path, **variables) as running:
        for identifier, text in acknowledged.items():
            assert post(running, "/get_memory", {"id": identifier}).json()["content"] == text
        total = post(running, "/memory_stats", {}).json()["memories"]
        assert len(acknowledged) <= total <= 400
        found: list[str] = []
        body: dict[str, Any] = {"query": "parcel number has arrived", "k": 200}
        while True:
            page = post(running, "/retrieve_memories", body)
            found += [row["content"] for row in page.json()]
            if NEXT_CURSOR not in page.headers:
                break
            body["cursor"] = page.headers[NEXT_CURSOR]
        assert len(found) == len(set(found)) == total
        assert set(acknowledged.values()) <= set(found)


@pytest.mark.slow
def test_sigterm_finishes_what_was_accepted_and_saves_the_indices(tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path) -> None:
    variables = {"HIKARI_BUNDLE": str(tiny_bundle), "HIKARI_HOME": str(home_of(tmp_path, tiny_embedder))}
    rows = [{"content": f"postcard number {number} from the coast"} for number in range(2_000)]
    with served(SERVICE, tmp_path, **variables) as running, ThreadPoolExecutor(1) as pool:
        storing = pool.submit(post, running, "/store_memories", {"rows": rows})
        # The batch is stored in pieces: from the first on it is under way.
        while not post(running, "/memory_stats", {}).json()["memories"]:
            pass
        running.process.send_signal(signal.SIGTERM)
        assert len(set(storing.result().json())) == len(rows)
        assert running.process.wait(60) == 0
    with served(SERVICE, tmp_path, **variables) as running:
        assert post(running, "/memory_stats", {}).json()["memories"] == len(rows)
        assert post(running, "/retrieve_memories", {"query": "postcard from the coast", "k": 1}).json()
        (index,) = post(running, "/memory_stats", {}).json()["indices"].values()
        assert index["rebuilt"] == []
        assert index["unsaved"] == 0


HOLD = """
import sys
from pathlib import Path
from hikari.memory.store import Store
store = Store(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("damage", ["busy", "damaged"])
def test_a_store_that_cannot_be_opened_ends_the_start_with_its_message(
    tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path, damage: str
) -> None:
    home = home_of(tmp_path, tiny_embedder)
    (home / "memory").mkdir()
    holder = None
    if damage == "busy":
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home / "memory")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
    else:
        (home / "memory" / "data.mdb").write_bytes(b"no database" * 1_000)
    environment = {
        **os.environ, "BENTOML_HOME": str(tmp_path / "bentoml"), "BENTOML_DO_NOT_TRACK": "True", "HIKARI_HOME": str(home),
        "HIKARI_BUNDLE": str(tiny_bundle),
    }  # fmt: skip
    command = [sys.executable, "-m", "bentoml", "serve", SERVICE, "--host", "127.0.0.1", "--port", str(free_port())]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 1
        assert ("open for writing elsewhere" if damage == "busy" else "cannot be opened") in done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    finally:
        if holder is not None:
            holder.communicate(b"")
