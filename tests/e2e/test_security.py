"""A real BentoML process with keys: who gets what, nothing secret in anything it shows, nothing unpickled."""

import asyncio
import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgpack
import psutil
import pytest
from httpx_ws import WebSocketUpgradeError, aconnect_ws

from serving.needs import NEEDS
from tests.e2e.keyed import KEYS, OPERATOR, READER, SECRETS, TENANT, bearer
from tests.e2e.process import ROOT, Served

VIEWER = "zqxviewerqxz"


def post(client: httpx.Client, path: str, key: str | None, body: Any = None, **headers: str) -> httpx.Response:
    return client.post(path, json={} if body is None else body, headers={**bearer(key), **headers})


def log(keyed: Served) -> str:
    return keyed.log.read_text(errors="replace")


def test_every_route_asks_for_a_key(client: httpx.Client) -> None:
    paths = [path for path, need in NEEDS.items() if need.scopes and not path.startswith("/ws/")]
    assert len(paths) > 40
    for path in paths:
        for method in ("GET", "POST"):
            for key in (None, "wrong", KEYS):
                answer = client.request(method, path, headers=bearer(key))
                assert answer.status_code == 401, path
                assert answer.json()["error"]["code"] == "unauthorized"


def test_scopes_and_channels(client: httpx.Client) -> None:
    message = {"username": "kai", "message": "hello there", "channel": "mika"}
    assert post(client, "/process_chat_message", TENANT, message).status_code == 200
    assert post(client, "/process_chat_message", TENANT, {**message, "channel": "other"}).status_code == 403
    assert post(client, "/process_chat_message", READER, message).status_code == 403
    assert post(client, "/global_insights", READER, {"channel": "mika"}).status_code == 200
    assert post(client, "/global_insights", TENANT).status_code == 403
    assert post(client, "/memory_stats", TENANT).status_code == 403
    assert post(client, "/forget_user", READER, {"user": VIEWER}).status_code == 403
    assert client.get("/metrics", headers=bearer(TENANT)).status_code == 403
    assert client.get("/metrics", headers=bearer(READER)).status_code == 200


def test_msgpack_is_checked_like_json(client: httpx.Client) -> None:
    def status(body: Any) -> int:
        headers = {**bearer(TENANT), "Content-Type": "application/msgpack"}
        answer = client.post("/process_chat_batch", content=msgpack.packb(body), headers=headers)
        assert answer.headers["content-type"] == "application/msgpack"
        return answer.status_code

    row = {"username": "kai", "message": "hello there", "channel": "mika"}
    assert status({"rows": [row]}) == 200
    assert status({"rows": [row, {**row, "channel": "other"}]}) == 403
    assert status({"rows": [{"username": "kai", "message": "hi"}]}) == 403
    assert status({"rows": [b"binary"]}) == 400


def test_the_page_is_open_and_careful(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/livez", "/readyz", "/static/style.css"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
    assert post(client, "/nothing", None).headers["x-content-type-options"] == "nosniff"


async def opened(keyed: Served, path: str, **options: Any) -> int:
    """The status that a socket is opened or refused with."""
    async with httpx.AsyncClient() as client:
        try:
            async with aconnect_ws(f"{keyed.url}{path}", client, **options) as socket:
                assert json.loads(await socket.receive_text())["type"] == "hello"
                return 101
        except WebSocketUpgradeError as error:
            return error.response.status_code


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/ws/chat", {}, 401),
        ("/ws/chat", {"Authorization": "Bearer wrong"}, 401),
        ("/ws/chat", {"Authorization": f"Bearer {OPERATOR}"}, 101),
        ("/ws/chat", {"Authorization": f"Bearer {OPERATOR}", "Origin": "https://evil.example"}, 403),
        ("/ws/dashboard", {"Authorization": f"Bearer {TENANT}"}, 403),
        ("/ws/dashboard?channel=mika", {"Authorization": f"Bearer {TENANT}"}, 101),
        ("/ws/nothing", {"Authorization": f"Bearer {READER}"}, 404),
    ],
)
def test_sockets(keyed: Served, path: str, headers: dict[str, str], status: int) -> None:
    assert asyncio.run(opened(keyed, path, headers=headers)) == status


def test_a_browser_gives_its_key_among_the_subprotocols(keyed: Served) -> None:
    def offer(key: str) -> list[str]:
        return ["hikari", "bearer." + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")]

    assert asyncio.run(opened(keyed, "/ws/chat", subprotocols=offer(READER))) == 101
    assert asyncio.run(opened(keyed, "/ws/chat", subprotocols=offer("wrong"))) == 401


class _Boom:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_nothing_is_unpickled(client: httpx.Client, tmp_path: Path) -> None:
    import pickle  # noqa: TID251 - to make what must be refused

    trap = tmp_path / "unpickled"
    paths = [path for path in (*NEEDS, "/nothing", "/Hikari", "/analyze_message/") if not path.startswith("/ws/")]
    kinds = ("application/vnd.bentoml+pickle", "application/octet-stream", "application/json", "application/msgpack")
    tried = [(path, kind, 5) for path in paths for kind in kinds] + [("/analyze_batch", kind, 0) for kind in kinds]
    for path, kind, protocol in tried:
        headers = {
            **bearer(OPERATOR),
            "Content-Type": kind,
            "Accept": "application/json",
            "Bento-Name": "hikari",
            "Runner-Name": "x",
        }
        answer = client.post(path, content=pickle.dumps(_Boom(trap), protocol), headers=headers, follow_redirects=True)
        assert 400 <= answer.status_code < 500, (path, kind)
        assert set(answer.json()) == {"error"}
    assert not trap.exists()


def test_deletions_are_in_the_audit_log_without_the_viewers_name(keyed: Served, client: httpx.Client) -> None:
    assert post(client, "/forget_user", OPERATOR, {"user": VIEWER, "channel": "mika"}).status_code == 200
    (path,) = (keyed.log.parent / "home/audit").glob("*.jsonl")
    asked, answered = (json.loads(line) for line in path.read_text().splitlines()[-2:])
    assert (asked["event"], asked["key"], asked["route"], asked["channel"]) == ("asked", "operator", "/forget_user", "mika")
    assert (answered["event"], answered["status"], answered["id"]) == ("answered", 200, asked["id"])
    assert VIEWER not in path.read_text()


def test_no_secret_shows_anywhere(keyed: Served, client: httpx.Client) -> None:
    shown = []
    for key in SECRETS:
        for path, body in (("/facts", {"subject": 7}), ("/nothing", {}), ("/forget_user", {key: key}), (f"/{key}?k={key}", {})):
            answer = post(client, path, key, body, **{"X-Request-Id": "a b"})
            shown.append(f"{answer.headers}{answer.text}".replace(key, "") if key in path else f"{answer.headers}{answer.text}")
        shown.append(client.get("/facts", headers={"Authorization": f"Basic {key}"}).text)
        asyncio.run(opened(keyed, f"/ws/chat?key={key}", subprotocols=["hikari", f"bearer.{key}"]))
    figures = client.get("/metrics", headers=bearer(OPERATOR)).text
    assert 'endpoint="/other"' in figures
    assert 'endpoint="/forget_user"' in figures
    shown.append(figures)
    process = psutil.Process(keyed.process.pid)
    shown += [" ".join([one.name(), *one.cmdline()]) for one in (process, *process.children(recursive=True))]
    home = keyed.log.parent / "home/audit"
    shown += [path.read_text(errors="replace") for path in home.iterdir()]
    for secret in SECRETS:
        # The one field of an error that may say what was sent is the name of an unknown parameter.
        assert [text for text in shown if secret in text and f"{secret} is not a parameter" not in text] == []
        encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
        assert secret not in log(keyed)
        assert encoded not in log(keyed)
    assert hashlib.sha256(OPERATOR.encode()).hexdigest() not in log(keyed)


@pytest.mark.parametrize("host", ["0.0.0.0", None])  # noqa: S104 - None is what a container does
def test_a_public_address_without_keys_is_one_clear_line(host: str | None, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Hikari", *(["--host", host] if host else [])]
    environment = {**os.environ, "BENTOML_HOME": str(tmp_path), "BENTOML_DO_NOT_TRACK": "True"}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120, check=False)
    assert ended.returncode == 1
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if "Warning" not in line and not line.startswith(" ")]
    assert lines == [
        "hikari: without keys only this machine is served, but 0.0.0.0 is open to others: set HIKARI_API_KEYS, or pass --host 127.0.0.1"
    ]
