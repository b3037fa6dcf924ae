"""The audit log: what is in it, that it is there before anything happens, and what is never in it."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from hikari.errors import StoreFull
from serving import audit as audit_
from serving.audit import Audit
from serving.doors import Doors
from serving.guard import Guard
from serving.keys import parse
from serving.needs import NEEDS
from serving.settings import Limits

VIEWER = "zqxviewerqxz"


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def client(folder: Path, status: int = 200, seen: list[Any] | None = None) -> TestClient:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if seen is not None:
            seen.append(rows(folder))
        await receive()
        await PlainTextResponse("ok", status)(scope, receive, send)

    guard = Guard(app, Doors(parse(("k;name=operator",))), Limits(), Audit(folder))
    return TestClient(guard, base_url="http://h", client=("10.0.0.7", 1), headers={"Authorization": "Bearer k"})


def test_a_deletion_is_noted_before_and_after(tmp_path: Path) -> None:
    folder, seen = tmp_path / "audit", []
    assert client(folder, 200, seen).post("/forget_user", json={"user": VIEWER, "channel": "mika"}).status_code == 200
    asked, answered = rows(folder)
    assert seen == [[asked]], "it is on disk before the deletion begins"
    assert asked.pop("at") <= answered.pop("at")
    identifier = asked.pop("id")
    target = Audit(folder).fingerprint("/forget_user", VIEWER)
    assert asked == {"event": "asked", "key": "operator", "route": "/forget_user", "channel": "mika", "target": target}
    assert answered == {"id": identifier, "event": "answered", "status": 200}
    assert VIEWER not in (folder / f"{datetime.now(UTC):%Y-%m}.jsonl").read_text()
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_failed_is_noted_too(tmp_path: Path) -> None:
    client(tmp_path, 404).post("/delete_memory", json={"id": "abc"})
    assert [row.get("status") for row in rows(tmp_path)] == [None, 404]


@pytest.mark.parametrize("path", [path for path, need in NEEDS.items() if need.audited])
@pytest.mark.parametrize(
    "body", [None, [], {"id": 7, "user": None, "definition": 3}, {"id": "x", "user": "x", "definition": {"id": "x"}}]
)
def test_every_such_route_is_noted_whatever_its_body(tmp_path: Path, path: str, body: Any) -> None:
    client(tmp_path).post(path, json=body)
    assert [row["event"] for row in rows(tmp_path)] == ["asked", "answered"]


def test_other_routes_are_not_noted(tmp_path: Path) -> None:
    client(tmp_path).post("/facts", json={"subject": VIEWER})
    assert not list(tmp_path.iterdir())


def test_the_hash_is_the_same_for_the_same_viewer_and_other_elsewhere(tmp_path: Path) -> None:
    one, again, other = Audit(tmp_path / "a"), Audit(tmp_path / "a"), Audit(tmp_path / "b")
    assert one.fingerprint("/forget_user", "kai") == again.fingerprint("/forget_user", "kai")
    assert one.fingerprint("/forget_user", "kai") != one.fingerprint("/forget_user", "bo")
    assert one.fingerprint("/forget_user", "kai") != other.fingerprint("/forget_user", "kai")
    one.fingerprint("/forget_user", "\ud800")


def test_what_cannot_be_noted_is_not_done(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("in the way")
    seen: list[Any] = []
    answer = client(tmp_path / "audit", 200, seen).post("/forget_user", json={"user": VIEWER})
    assert answer.status_code == 507
    assert answer.json()["error"]["code"] == "store_full"
    assert seen == []


def test_a_line_that_a_crash_cut_short_spoils_no_other(tmp_path: Path) -> None:
    log = Audit(tmp_path, lambda: datetime(2027, 1, 2, tzinfo=UTC))
    path = tmp_path / "2027-01.jsonl"
    path.write_bytes(b'{"at": "2027-01-01')
    asyncio.run(log.asked("operator", "/forget_memories", None, None))
    cut, line = path.read_text().splitlines()
    assert cut == '{"at": "2027-01-01'
    assert json.loads(line)["at"] == "2027-01-02T00:00:00.000+00:00"


def test_a_disk_that_takes_half_a_line_keeps_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Audit(tmp_path)
    asyncio.run(log.asked("operator", "/forget_memories", None, None))
    before = rows(tmp_path)
    write = audit_.os.write
    monkeypatch.setattr(audit_.os, "write", lambda handle, content: write(handle, content[:10]))
    with pytest.raises(StoreFull, match="nothing was done"):
        asyncio.run(log.asked("operator", "/forget_memories", None, None))
    monkeypatch.undo()
    asyncio.run(log.answered(before[0]["id"], 200))
    assert [row["event"] for row in rows(tmp_path)] == ["asked", "answered"]


def test_many_at_once_are_all_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        logs = [Audit(tmp_path) for _ in range(4)]
        await asyncio.gather(*(log.asked(f"k{n}", "/delete_memory", "c", str(n)) for n, log in enumerate(logs * 10)))

    asyncio.run(scenario())
    assert len({row["id"] for row in rows(tmp_path)}) == 40
    assert len(list(tmp_path.glob("key*"))) == 1
