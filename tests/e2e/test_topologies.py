"""The served engine in one process and in four: the same tests, the same answers."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgpack
import psutil
import pytest
import redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hikari.settings import TOPOLOGIES
from tests.e2e.process import ROOT, Served, served
from tests.redis_process import RedisProcess

SERVICE = "serving.service:Hikari"
MARKER = "zqxmarkerqxz"
WAIT_S = 60
RUNNERS = ("SentimentRunner", "MemoryRunner", "AnalyticsRunner")


def variables(folder: Path, bundle: Path, embedder: Path, topology: str, **more: str) -> dict[str, str]:
    shutil.copytree(embedder, folder / "home/models/embedder", dirs_exist_ok=True)
    return {"HIKARI_BUNDLE": str(bundle), "HIKARI_HOME": str(folder / "home"), "HIKARI_TOPOLOGY": topology, **more}


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as process:
        yield process


@pytest.fixture(scope="module", params=TOPOLOGIES)
def server(
    request: pytest.FixtureRequest, bus: RedisProcess, tiny_bundle: Path, tiny_embedder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:  # fmt: skip
    folder = tmp_path_factory.mktemp(request.param)
    environment = variables(folder, tiny_bundle, tiny_embedder, request.param, HIKARI_REDIS_URL=bus.url)
    with served(SERVICE, folder, **environment) as running:
        yield running


def post(server: Served, path: str, status: int = 200, /, **body: Any) -> Any:
    answer = httpx.post(f"{server.url}{path}", json=body, timeout=WAIT_S)
    assert answer.status_code == status, answer.text
    return answer.json()


def run(scenario: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(scenario, WAIT_S))


def ws(server: Served, path: str) -> Any:
    return connect(server.url.replace("http", "ws") + path, max_size=None, proxy=None)


async def until(socket: ClientConnection, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first event for which `holds`; binary frames are msgpack."""
    while True:
        frame = await socket.recv()
        event = json.loads(frame) if isinstance(frame, str) else msgpack.unpackb(frame)
        if holds(event):
            return event


def message(number: int | str, channel: str, text: str = "i love this game", **more: Any) -> dict[str, Any]:
    return {"type": "message", "id": number, "channel": channel, "username": "mika", "text": text, **more}


def test_the_smoke_test_finds_nothing_broken(server: Served) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving.smoke", server.url], cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout


def test_a_message_goes_in_and_its_event_comes_out_in_the_format_it_came_in(server: Served) -> None:
    async def scenario() -> None:
        async with ws(server, "/ws/chat") as socket:
            hello = await until(socket, lambda event: True)
            assert (hello["type"], hello["v"], hello["channels"]) == ("hello", 1, None)
            await socket.send(json.dumps(message("a", "formats")))
            event = await until(socket, lambda event: event["id"] == "a")
            assert event["type"] == "analysis"
            assert event["insights"]["counted"]
            assert {"accepted", "kept_out"} & set(event["memory"])
            await socket.send(msgpack.packb(message("b", "formats")))
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            assert msgpack.unpackb(frame)["id"] == "b"

    run(scenario())


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ("{", None),
        ("[]", None),
        ('{"type": "dance"}', "type"),
        ('{"type": "message", "id": 7, "username": "u"}', "text"),
        ('{"type": "message", "id": 7, "username": "u", "text": "hi", "timestamp": "never"}', "timestamp"),
        ('{"type": "messages", "messages": {}}', "messages"),
        ('{"type": "subscribe", "channel": 7}', "channel"),
        (b"\xc1", None),
        (msgpack.packb({"type": "message", "username": "u", "text": b"\x00\x01"}), None),
        (msgpack.packb(msgpack.ExtType(4, b"abc")), None),
    ],
)
def test_a_bad_frame_is_told_and_harms_nothing(server: Served, frame: str | bytes, field: str | None) -> None:
    async def scenario() -> None:
        async with ws(server, "/ws/chat") as socket:
            await socket.send(frame)
            event = await until(socket, lambda event: event["type"] == "error")
            assert event["error"]["code"] == "bad_input"
            assert event["error"].get("field") == field
            await socket.send(json.dumps(message("after", "bad")))
            assert (await until(socket, lambda event: event["id"] == "after"))["type"] == "analysis"

    run(scenario())


def test_bulk_frames_answer_every_row(server: Served) -> None:
    rows = [{"id": number, "username": f"v{number % 5}", "text": f"number {number}"} for number in range(150)]
    rows[70] = {"id": 70, "username": "v", "text": ""}

    async def scenario() -> None:
        async with ws(server, "/ws/chat") as socket:
            await socket.send(json.dumps({"type": "messages", "channel": "bulk", "messages": rows}))
            kinds: dict[Any, str] = {}
            while len(kinds) < len(rows):
                event = await until(socket, lambda event: event["type"] in ("analysis", "error"))
                kinds[event["id"]] = event["type"]
            assert kinds.pop(70) == "error"
            assert set(kinds.values()) == {"analysis"}

    run(scenario())
    assert post(server, "/global_insights", channel="bulk")["counts"]["messages"] == 149


def test_who_subscribes_hears_the_channel_and_no_other(server: Served) -> None:
    async def scenario() -> None:
        async with ws(server, "/ws/chat?channel=heard&subscribe=1") as listener, ws(server, "/ws/chat") as speaker:
            await until(listener, lambda event: event["type"] == "hello")
            await speaker.send(json.dumps(message(1, "other")))
            await speaker.send(json.dumps(message(2, "heard", "my cat is called Mochi")))
            heard = await until(listener, lambda event: event["type"] == "analysis")
            assert (heard["id"], heard["channel"]) == (2, "heard")
            await listener.send(json.dumps(message(3, "heard", "hello again everybody")))
            mine = await until(listener, lambda event: event["type"] == "analysis")
            assert mine["id"] == 3
            # Once, although it is its own and it listens.
            await listener.send(json.dumps({"type": "ping", "id": "p"}))
            rest = await until(listener, lambda event: event["type"] in ("analysis", "pong"))
            assert rest["type"] == "pong"

    run(scenario())


def test_a_dashboard_sees_snapshots_and_events(server: Served) -> None:
    async def scenario() -> None:
        post(server, "/record_metric", metric_name="viewer_count", value=123, channel="seen")
        async with ws(server, "/ws/dashboard?channel=seen") as socket, ws(server, "/ws/chat") as speaker:
            first = await until(socket, lambda event: event["type"] == "snapshot")
            assert first["minute"]["viewers"] == 123
            await speaker.send(json.dumps(message("x", "seen")))
            await until(socket, lambda event: event["type"] == "analysis" and event["id"] == "x")
            later = await until(socket, lambda event: event["type"] == "snapshot" and event["minute"]["messages"] == 1)
            assert later["id"] > first["id"]
            assert later["minute"]["chatters"] == 1
            assert sum(later["minute"]["emotions"].values()) == pytest.approx(1, abs=0.01)
            health = later["health"]
            assert health["ready"] == {"sentiment": True, "memory": True, "analytics": True}
            assert health["redis"] == "ok"
            assert health["connections"] >= 2

    run(scenario())


def test_events_reach_redis_in_msgpack(server: Served, bus: RedisProcess) -> None:
    with redis.Redis.from_url(bus.url) as client, client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe("hikari.events.bus")
        heard.get_message(timeout=WAIT_S)  # the subscription itself
        post(server, "/process_chat_message", username="mika", message="to be published", channel="bus")
        found = None
        while found is None or msgpack.unpackb(found["data"])["type"] != "analysis":
            found = heard.get_message(timeout=WAIT_S)
            assert found is None or found["channel"] == b"hikari.events.bus"
        assert msgpack.unpackb(found["data"])["text"] == "to be published"


def test_redis_goes_and_comes_back_and_costs_nothing_else(server: Served, bus: RedisProcess) -> None:
    def say(text: str) -> None:
        assert post(server, "/process_chat_message", username="mika", message=text, channel="gone")["insights"]["counted"]

    say("while it is there")
    bus.stop()
    try:
        for number in range(5):
            say(f"while it is away {number}")
    finally:
        bus.start()
    with redis.Redis.from_url(bus.url) as client, client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe("hikari.events.gone")
        texts: set[str] = set()
        while "while it is back" not in texts:
            say("while it is back")
            while (found := heard.get_message(timeout=0.5)) is not None:
                if found["type"] == "message":
                    texts.add(msgpack.unpackb(found["data"]).get("text", ""))


def test_msgpack_bodies_and_answers(server: Served) -> None:
    content = msgpack.packb({"messages": [{"id": 1, "text": "so good", "username": "u"}]})
    answer = httpx.post(f"{server.url}/analyze_batch", content=content, headers={"content-type": "application/msgpack"})
    assert answer.headers["content-type"] == "application/msgpack"
    assert msgpack.unpackb(answer.content)[0]["sentiment"]["aggregate"]["label"]
    bad = httpx.post(f"{server.url}/analyze_batch", content=content[:-1], headers={"content-type": "application/msgpack"})
    assert bad.status_code == 400
    assert msgpack.unpackb(bad.content)["error"]["code"] == "bad_input"


def test_a_viewer_is_forgotten_everywhere(server: Served) -> None:
    body = {"username": MARKER, "message": "my parrot is called Kiki and it talks", "channel": "leaving"}
    assert "accepted" in post(server, "/process_chat_message", **body)["memory"]
    post(server, "/process_chat_message", username=MARKER, message="what is my parrot called?", channel="leaving")
    assert post(server, "/next_reply", channel="leaving")["replies"][0]["username"] == MARKER
    gone = post(server, "/forget_user", user=MARKER)
    assert gone["memories"] >= 1
    assert gone["trend"] is True
    assert gone["analytics"]["profiles"] == 1
    assert post(server, "/next_reply", channel="leaving")["replies"] == []
    assert post(server, "/retrieve_memories", query="parrot Kiki", channel="leaving") == []
    again = post(server, "/analyze_message", text="hi", username=MARKER, channel="leaving")
    assert again["context"]["user_trend"]["messages"] == 1


def test_metrics_tell_of_the_stream(server: Served) -> None:
    post(server, "/process_chat_message", username="mika", message="to be measured", channel="metrics")
    text = httpx.get(f"{server.url}/metrics").text
    for name in ("hikari_stream_seconds_bucket", "hikari_stage_milliseconds", "hikari_queue_depth", "hikari_batch_size_bucket"):
        assert name in text, name
    assert 'hikari_cache_total{outcome="misses"}' in text
    assert 'hikari_connections{kind="chat"} 0.0' in text


def test_the_log_is_json_with_request_ids_and_without_anybodys_words(server: Served) -> None:
    answer = httpx.post(
        f"{server.url}/process_chat_message", json={"username": MARKER, "message": MARKER}, headers={"X-Request-Id": "my-id-17"}
    )
    assert answer.headers["x-request-id"] == "my-id-17"
    httpx.get(f"{server.url}/{MARKER}")

    async def scenario() -> None:
        async with ws(server, "/ws/chat") as socket:
            await socket.send(json.dumps(message(MARKER, MARKER, MARKER)))
            await until(socket, lambda event: event["id"] == MARKER)
            await socket.send(f'{{"{MARKER}')
            await until(socket, lambda event: event["type"] == "error")

    run(scenario())
    log = server.log.read_text()
    assert MARKER not in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"path": "/process_chat_message", "status": 200, "request_id": "my-id-17"}.items() <= next(
        line for line in lines if line.get("request_id") == "my-id-17"
    ).items()


def worker_of(server: Served, name: str) -> psutil.Process:
    children = psutil.Process(server.process.pid).children(recursive=True)
    return next(child for child in children if name in child.cmdline())


@pytest.mark.parametrize("name", RUNNERS)
def test_a_runner_that_is_killed_comes_back_and_nobody_is_answered_wrong(server: Served, name: str) -> None:
    if "--service-name" not in " ".join(" ".join(child.cmdline()) for child in psutil.Process(server.process.pid).children()):
        pytest.fail("no workers were found")
    try:
        worker = worker_of(server, name)
    except StopIteration:
        return  # all parts live in one process: kill -9 of that one is in test_memory_serve and test_analytics_serve
    identifier = post(server, "/store_memory", content=f"a note before {name} goes")["id"]
    worker.send_signal(signal.SIGKILL)
    worker.wait(WAIT_S)
    while True:
        answers = [
            httpx.post(f"{server.url}{path}", json=body, timeout=WAIT_S)
            for path, body in (
                ("/process_chat_message", {"username": "u", "message": "are you there?", "channel": "killed"}),
                ("/store_memory", {"content": f"a note after {name} went"}),
            )
        ]
        assert {answer.status_code for answer in answers} <= {200, 503}
        if all(answer.status_code == 200 for answer in answers):
            break
    assert httpx.get(f"{server.url}/readyz", timeout=WAIT_S).status_code == 200
    assert post(server, "/get_memory", id=identifier)["content"] == f"a note before {name} goes"


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_sigterm_finishes_what_was_accepted(topology: str, tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path) -> None:
    environment = variables(tmp_path, tiny_bundle, tiny_embedder, topology)
    acknowledged: list[int] = []
    sent = 0

    async def scenario(running: Served) -> None:
        nonlocal sent
        async with ws(running, "/ws/chat") as socket:

            async def read() -> None:
                async for frame in socket:
                    event = json.loads(frame)
                    if event["type"] == "analysis":
                        acknowledged.append(event["id"])
                        if len(acknowledged) == 50:
                            running.process.send_signal(signal.SIGTERM)

            reading = asyncio.create_task(read())
            try:
                for number in range(100_000):
                    await socket.send(
                        json.dumps(message(number, "ending", f"i have seen {number} endings, my cat is number {number}"))
                    )
                    sent += 1
                    if number - len(acknowledged) > 100:
                        await asyncio.sleep(0)
            except ConnectionClosed:
                pass  # with 1012, or in the middle of what is being sent
            await asyncio.gather(reading, return_exceptions=True)

    with served(SERVICE, tmp_path, **environment) as running:
        run(scenario(running))
        assert running.process.wait(WAIT_S) == 0
    assert len(acknowledged) == len(set(acknowledged)) >= 50
    with served(SERVICE, tmp_path, **environment) as running:
        counted = post(running, "/global_insights", channel="ending")["counts"]["messages"]
        assert len(acknowledged) <= counted <= sent
        memories = post(running, "/memory_stats", channel="ending")["memories"]
        assert memories > 0
