"""The Rust bridge, compiled from the checkout, beside a real process, a real Redis and servers that behave badly."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest
from websockets.sync.server import ServerConnection

from hikari_client import Hikari
from tests.e2e.process import Served, served
from tests.redis_process import RedisProcess
from tests.serving.clients import crate
from tests.serving.clients.running import socket_server
from tests.serving.clients.samples import ALERT, FORBIDDEN, HELLO, analysis

pytestmark = pytest.mark.slow
KEYS = "full-key,lobby-key;name=lobby;channels=lobby"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    crate.cargo()
    return crate.build(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="module")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as process:
        yield process


@pytest.fixture(scope="module")
def server(
    program: Path, redis_process: RedisProcess, tiny_bundle: Path, tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("bridge")
    shutil.copytree(tiny_embedder, folder / "home/models/embedder")
    environment = {
        "HIKARI_BUNDLE": str(tiny_bundle), "HIKARI_HOME": str(folder / "home"), "HIKARI_API_KEYS": KEYS,
        "HIKARI_REDIS_URL": redis_process.url,
    }  # fmt: skip
    with served("serving.service:Hikari", folder, **environment) as running:
        yield running


class Bridge:
    """A running bridge, and the lines that it prints."""

    def __init__(self, program: Path, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.notes: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.lines.put)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.notes.append)),
        ]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _read(stream: Any, take: Any) -> None:
        for line in stream:
            take(line.rstrip("\n"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.ended()

    def line(self, timeout_s: float = 30) -> str:
        """The next line."""
        return self.lines.get(timeout=timeout_s)

    def ended(self) -> int:
        """Its exit status, once it has one."""
        status = self.process.wait(30)
        for thread in self._threads:
            thread.join(30)
        return status


def _until_heard(bridge: Bridge, send: Any) -> None:
    """Send until the bridge prints something: only then its subscription is sure to stand."""
    while True:
        send()
        try:
            bridge.line(0.5)
        except queue.Empty:
            continue
        return


def _next(bridge: Bridge, identifier: str) -> dict[str, Any]:
    """The line about this message; alerts and what was sent before are read past."""
    while True:
        line = json.loads(bridge.line())
        if line["type"] == "analysis" and line["id"] == identifier:
            return line


def test_the_crate_passes_its_own_tests_and_linters(tmp_path: Path) -> None:
    for arguments in (("test",), ("clippy", "--all-targets", "--", "-D", "warnings"), ("fmt", "--check")):
        name = {"clippy": "cargo-clippy", "fmt": "cargo-fmt"}.get(arguments[0])
        crate.cargo()
        if name is not None and shutil.which(name) is None:
            continue
        offline = () if arguments[0] == "fmt" else ("--offline",)
        done = crate.run(tmp_path, arguments[0], *offline, *arguments[1:])
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("way", ["json", "msgpack", "redis"])
def test_it_prints_the_recommendations_of_a_live_engine(
    program: Path, server: Served, redis_process: RedisProcess, way: str
) -> None:
    if way == "redis":
        source, secrets = ["--redis", redis_process.url], {}
    else:
        source, secrets = ["--url", f"{server.url.replace('http', 'ws')}/ws/chat", "--key-env", "KEY"], {"KEY": "lobby-key"}
        source += ["--msgpack"] if way == "msgpack" else []
    with (
        Hikari(server.url, key="full-key") as engine,
        engine.events("lobby", subscribe=False) as chat,
        Bridge(program, *source, "--channel", "lobby", "--json", "--only", "analysis", **secrets) as bridge,
    ):
        _until_heard(bridge, lambda: chat.send("hello there", "bo"))
        for text in ("can you play undertale next?", 'a "quoted" text\twith 😀 and \u202e in it'):
            line = _next(bridge, chat.send(text, "kai"))
            assert (line["channel"], line["username"], line["text"]) == ("lobby", "kai", text)
            expected = engine.analyze_message(text, "kai", channel="elsewhere").response_recommendation
            assert line["response_recommendation"]["priority"] in ("low", "medium", "high", "critical")
            assert set(line["response_recommendation"]) == {"tone", "priority", "respond", "reason"}
            assert line["response_recommendation"]["tone"] == expected.tone
        with engine.events("elsewhere", subscribe=False) as other:
            secret = other.send("only for another channel", "kai")
        last = chat.send("the last one", "kai")
        seen = []
        while not seen or seen[-1]["id"] != last:
            seen.append(json.loads(bridge.line()))
        assert secret not in {line["id"] for line in seen}


def test_a_line_for_people_and_an_end_after_some_events(program: Path, redis_process: RedisProcess) -> None:
    with Bridge(program, "--redis", redis_process.url, "--channel", "quiet", "--count", "2") as bridge:
        _published(redis_process, analysis(text="look\x1b[2J\nhere\u202e"), ALERT)
        assert bridge.line() == "high answer (helpful) kai: look\ufffd[2J\ufffdhere\ufffd | a question"
        assert bridge.line() == "high alert (raid) many new people at once"
        assert bridge.ended() == 0


def test_redis_may_go_and_come_back(program: Path, tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as own, Bridge(program, "--redis", own.url, "--channel", "quiet", "--count", "2") as bridge:
        _published(own, ALERT)
        assert "raid" in bridge.line()
        own.stop()
        own.start()
        _published(own, {**ALERT, "kind": "hype_start"})
        assert "hype_start" in bridge.line()
        assert bridge.ended() == 0
    assert any("trying again" in note for note in bridge.notes)


def _published(process: RedisProcess, *events: dict[str, Any]) -> None:
    """Publish as soon as somebody listens."""
    import redis

    waiting = threading.Event()
    with redis.Redis.from_url(process.url) as connection:
        for event in events:
            while not connection.publish("hikari.events.quiet", msgspec.msgpack.encode(event)):
                waiting.wait(0.02)


@pytest.mark.parametrize(
    ("arguments", "key", "said"),
    [(["--channel", "lobby"], "wrong", "401"), (["--channel", "elsewhere"], "lobby-key", "channel")],
)
def test_a_refusal_ends_it_with_the_engines_words(
    program: Path, server: Served, arguments: list[str], key: str, said: str
) -> None:
    url = f"{server.url.replace('http', 'ws')}/ws/chat"
    with Bridge(program, "--url", url, "--key-env", "KEY", *arguments, KEY=key) as bridge:
        assert bridge.ended() == 1
    assert said in bridge.notes[-1]
    assert key not in "".join(bridge.notes)


def test_wrong_usage_and_time_up_have_their_own_status(program: Path, redis_process: RedisProcess) -> None:
    with Bridge(program, "--url", "wss://localhost") as bridge:
        assert bridge.ended() == 2
    assert "TLS" in bridge.notes[0]
    with Bridge(program, "--redis", redis_process.url, "--count", "1", "--timeout-s", "0.2") as bridge:
        assert bridge.ended() == 3
    with Bridge(program, "--redis", redis_process.url, "--timeout-s", "0.2") as bridge:
        assert bridge.ended() == 0


def _say(*frames: Any) -> Any:
    """A script: take the subscription, send these frames, hang up."""

    def script(connection: ServerConnection) -> None:
        assert json.loads(connection.recv()) == {"type": "subscribe", "channel": "lobby"}
        for frame in frames:
            connection.send(frame)

    return script


def test_frames_of_every_kind_and_lost_connections(program: Path) -> None:
    whole = json.dumps(analysis("1"))
    scripts = [
        _say(json.dumps(HELLO), [whole[:40], whole[40:90], whole[90:]]),  # in fragments
        lambda connection: connection.socket.close(),
        _say(msgspec.msgpack.encode(analysis("2"))),
        _say("no event", b"\xc1", json.dumps({"type": "aurora", "v": 1}), json.dumps(analysis("3", "x" * 70_000))),
        _say("x" * 5_000_000),  # over the limit: the connection is given up
        _say(json.dumps(analysis("4"))),
    ]
    with (
        socket_server(*scripts) as url,
        Bridge(program, "--url", url.replace("http", "ws"), "--channel", "lobby", "--json") as bridge,
    ):
        assert [json.loads(bridge.line())["id"] for _ in range(4)] == ["1", "2", "3", "4"]
    assert sum("left out" in note for note in bridge.notes) >= 2
    assert any("too big" in note for note in bridge.notes)


def test_a_subscription_that_is_not_granted(program: Path) -> None:
    script = _say(json.dumps(HELLO), json.dumps(FORBIDDEN))
    with socket_server(script) as url, Bridge(program, "--url", url.replace("http", "ws"), "--channel", "lobby") as bridge:
        assert bridge.ended() == 1
    assert "other channels" in bridge.notes[-1]


@pytest.mark.parametrize("noise", [b"SSH-2.0-OpenSSH_9\r\n\r\n", b"\x00" * 40_000, b"HTTP/1.1 200 OK\r\n\r\n", b""])
def test_what_is_no_engine_makes_no_panic(program: Path, noise: bytes) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(noise)

        thread = threading.Thread(target=answer)
        thread.start()
        with Bridge(program, "--url", f"ws://127.0.0.1:{port}", "--count", "1", "--timeout-s", "0.1") as bridge:
            assert bridge.ended() in (1, 3)
        thread.join()
    assert not any("panicked" in note for note in bridge.notes)
