"""`/learned_emotes` and `/reset_learned_emotes` over a real analyser, a real runner, and the wire between processes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving import app as routes
from serving import wire
from serving.audit import Audit
from serving.doors import Doors
from serving.guard import Guard
from serving.keys import parse
from serving.links import Link
from serving.problems import Shield
from serving.schemas import LearnedEmote
from serving.settings import Limits
from tests.serving.memory_client import ask, opened, parts, problem


@pytest.fixture
def client(tiny_bundle: Path, tmp_path: Path) -> Iterator[TestClient]:
    with opened(tmp_path, tiny_bundle) as made:
        yield made


def teach(client: TestClient, channel: str = "default", name: str = "mikaLove", viewers: int = 6) -> None:
    rows = [{"text": f"i love this great game {name}", "username": f"viewer{n}"} for n in range(viewers) for _ in range(2)]
    ask(client, "/analyze_batch", messages=rows, channel=channel)


def symbols(client: TestClient, channel: str = "default") -> Any:
    return ask(client, "/analyze_message", text="@ann mikaLove", username="ann", channel=channel)["sentiment"]["emoji"]


def test_what_was_learned_is_shown_and_reset(client: TestClient) -> None:
    assert ask(client, "/learned_emotes") == []
    teach(client)
    teach(client, name="mikaHype")
    teach(client, channel="other")
    rows = ask(client, "/learned_emotes")
    TypeAdapter(list[LearnedEmote]).validate_python(rows)
    assert {row["name"]: (row["used"], row["viewers"], row["support"]) for row in rows} == {
        "mikaLove": (True, 6, pytest.approx(12, abs=0.01)), "mikaHype": (True, 6, pytest.approx(12, abs=0.01)),
    }  # fmt: skip
    assert symbols(client)["symbols"][0]["name"] == "mikaLove"
    assert ask(client, "/reset_learned_emotes", name="mikaLove") == {"reset": 1}
    assert symbols(client) is None
    assert ask(client, "/reset_learned_emotes", name="mikaLove") == {"reset": 0}
    assert ask(client, "/reset_learned_emotes") == {"reset": 1}
    assert ask(client, "/learned_emotes") == []
    assert symbols(client, "other") is not None
    assert ask(client, "/reset_learned_emotes", channel="other", name=None) == {"reset": 1}


def test_a_forgotten_viewer_leaves_the_learned_emotes(client: TestClient) -> None:
    teach(client)
    assert ask(client, "/forget_user", user="viewer0", channel="default")["trend"]
    assert ask(client, "/learned_emotes")[0]["viewers"] == 5
    ask(client, "/forget_user", user="viewer1")
    assert ask(client, "/learned_emotes")[0]["viewers"] == 4


def test_chat_of_the_stream_teaches_as_well(client: TestClient) -> None:
    for number in range(12):
        message = f"i love this great game {number} mikaLove"
        ask(client, "/process_chat_message", username=f"viewer{number % 4}", message=message)
    assert ask(client, "/learned_emotes")[0]["used"]


@pytest.mark.parametrize("path", ["/learned_emotes", "/reset_learned_emotes"])
@pytest.mark.parametrize(
    ("body", "field"),
    [({"channel": ""}, "channel"), ({"channel": 7}, "channel"), ({"x": 1}, "x"), ({"channel": "x" * 300}, "channel")],
)
def test_bad_input_names_the_field(client: TestClient, path: str, body: dict[str, Any], field: str) -> None:
    status = 413 if body.get("channel") == "x" * 300 else 400
    assert problem(client, path, status, **body)["field"] == field


@pytest.mark.parametrize("name", ["", 7, [], "x" * 300])
def test_a_bad_name_is_refused(client: TestClient, name: Any) -> None:
    answer = client.post("/reset_learned_emotes", json={"name": name})
    assert answer.status_code in (400, 413)
    assert answer.json()["error"]["field"] == "name"


def test_without_a_model_it_is_not_ready(tmp_path: Path) -> None:
    made = parts(tmp_path)
    with TestClient(Shield(routes.build(lambda: made)), raise_server_exceptions=False) as client:
        for path in ("/learned_emotes", "/reset_learned_emotes"):
            assert problem(client, path, 503)["code"] == "not_ready"


def test_readers_see_and_only_admins_reset_which_is_audited(tiny_bundle: Path, tmp_path: Path) -> None:
    made = parts(tmp_path, tiny_bundle)
    keys = parse(("r;name=reader;scopes=read;channels=mika", "w;name=writer;scopes=read+write", "a;name=operator;channels=mika"))
    guarded = Guard(Shield(routes.build(lambda: made)), Doors(keys), Limits(), Audit(tmp_path / "audit"))

    def post(key: str, path: str, **body: Any) -> int:
        with TestClient(
            guarded, base_url="http://h", client=("10.0.0.7", 1), headers={"Authorization": f"Bearer {key}"}
        ) as client:
            return client.post(path, json=body).status_code

    assert [post(key, "/learned_emotes", channel="mika") for key in "rwa"] == [200, 200, 200]
    assert [post("r", "/learned_emotes", channel="else"), post("r", "/learned_emotes")] == [403, 403]
    assert [post(key, "/reset_learned_emotes", channel="mika", name="mikaLove") for key in "rwa"] == [403, 403, 200]
    assert post("a", "/reset_learned_emotes", channel="else") == 403
    notes = [json.loads(line) for path in (tmp_path / "audit").glob("*.jsonl") for line in path.read_text().splitlines()]
    assert [(note["event"], note.get("route")) for note in notes] == [("asked", "/reset_learned_emotes"), ("answered", None)]
    assert notes[0]["target"] == Audit(tmp_path / "audit").fingerprint("/reset_learned_emotes", "mikaLove")


def test_a_runner_in_its_own_process_is_asked_the_same_way(tiny_bundle: Path, tmp_path: Path) -> None:
    made = parts(tmp_path, tiny_bundle)

    class Asked:
        """What BentoML's proxy gives: bytes in, bytes out."""

        async def run(self, content: bytes) -> bytes:
            return wire.pack(await made.sentiment.run(wire.unpack(content)))

    class Proxy:
        to_async = Asked()

    class Linked:
        sentiment = Link("the text model", Proxy)

    with TestClient(Shield(routes.build(Linked)), raise_server_exceptions=False) as client:  # type: ignore[arg-type, return-value]
        teach(client)
        assert ask(client, "/learned_emotes")[0]["name"] == "mikaLove"
        assert ask(client, "/reset_learned_emotes") == {"reset": 1}


def test_the_document_tells_both(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/learned_emotes", "/reset_learned_emotes"):
        assert {"200", "400", "403", "503"} <= set(document["paths"][path]["post"]["responses"])
    assert set(document["components"]["schemas"]["LearnedEmote"]["properties"]) == {
        "name", "polarity", "emotion", "support", "viewers", "last_seen", "used",
    }  # fmt: skip
