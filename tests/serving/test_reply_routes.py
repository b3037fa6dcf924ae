"""The routes of the replies over a real desk and a real memory: what they answer, refuse and leave alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engagement import EngagementModel
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.errors import NotReady
from hikari.memory.config import MemoryConfig
from hikari.memory.entities import EntityRecogniser
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.system import NeuralMemorySystem
from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.desk import ReplyDesk
from serving import problems, reply_routes
from serving import reply_schemas as schemas
from serving.analytics_runner import AnalyticsRunner
from serving.memory_runner import MemoryRunner
from serving.problems import Shield
from serving.reply_knowledge import RunnerKnowledge
from tests.hikari.stream.replies.chat import NAMES, event
from tests.serving.memory_client import ask, problem

MARKER = "zebrafinchsecret"


@dataclass
class Service:
    """The app and what it is answered by."""

    client: TestClient
    desk: ReplyDesk
    memory: MemoryRunner

    def store(self, content: str, **row: Any) -> str:
        assert self.client.portal is not None
        call: Any = {"method": "store_memory", "arguments": {"content": content, **row}}
        ((outcome),) = self.client.portal.call(self.memory.run, [call])
        return outcome["answer"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("replies")
    quiet = MemoryConfig(maintenance=False)
    memory = MemoryRunner(lambda: NeuralMemorySystem(folder / "memory", embedder=HashEmbedder(), config=quiet))
    analytics = AnalyticsRunner(lambda: StreamAnalyticsEngine(folder / "analytics", config=AnalyticsConfig(background=False)))
    desk = ReplyDesk(RunnerKnowledge(lambda: memory, lambda: analytics), ReplyConfig(names=NAMES, lookup_s=30))
    app = FastAPI()
    problems.install(app)
    app.include_router(reply_routes.build(lambda: desk, lambda: memory))
    with TestClient(Shield(app), raise_server_exceptions=False) as client, pytest.MonkeyPatch.context() as patched:
        assert client.portal is not None
        patched.setattr(EntityRecogniser, "open", _nothing)
        patched.setattr(EngagementModel, "open", _nothing)
        client.portal.call(memory.open)
        client.portal.call(analytics.open)
        yield Service(client, desk, memory)
        client.portal.call(memory.close)
        client.portal.call(analytics.close)


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """A channel of the test's own."""
    return request.node.name


def _nothing(*_: Any, **__: Any) -> Any:
    raise NotReady("no such model in this test")


def test_the_loop_from_message_to_answer_and_back(service: Service, channel: str) -> None:
    cat = service.store("my cat is called Mochi", channel=channel, user="kai")
    service.desk.notice(event("Mika do you remember my cat?", "kai", channel=channel, id="m-1"))
    service.desk.notice(event("who made the music?", "bo", channel=channel, id=2))
    answer = schemas.NextReplies.model_validate(ask(service.client, "/next_reply", channel=channel, k=2, context="Celeste"))
    assert [reply.id for reply in answer.replies] == ["m-1", 2]
    assert answer.degraded == []
    assert answer.adapted is None
    assert next(block.sources for block in answer.prompt.blocks if block.kind == "memory") == [cat]
    assert 0 < answer.prompt.tokens <= 800
    assert ask(service.client, "/said", text="Mochi! Of course I do.", channel=channel, in_reply_to="m-1") is None
    assert [reply["id"] for reply in ask(service.client, "/next_reply", channel=channel, k=2)["replies"]] == [2]
    assert ask(service.client, "/said", text="and bo, that was Lena", channel=channel, in_reply_to=[2, "gone"]) is None
    assert ask(service.client, "/next_reply", channel=channel, k=2)["replies"] == []


def test_what_was_said_is_no_memory_of_a_viewer_and_no_candidate(service: Service, channel: str) -> None:
    spoken = "I have never met a soup that I did not like"
    assert ask(service.client, "/said", text=spoken, channel=channel) is None
    assert service.desk.notice(event(spoken, "kai", channel=channel)) == "echo"
    assert service.client.portal is not None
    call: Any = {"method": "store_memory", "arguments": {"content": spoken, "channel": channel, "user": "kai"}}
    (outcome,) = service.client.portal.call(service.memory.run, [call])
    assert outcome["error"]["code"] == "refused"


@pytest.mark.parametrize("format", ["neuro", "neuro_sdk", "open_llm_vtuber"])
def test_other_engines_get_their_shape_beside(service: Service, channel: str, format: str) -> None:  # noqa: A002
    service.desk.notice(event("what game is this?", channel=channel))
    answer = schemas.NextReplies.model_validate(ask(service.client, "/next_reply", channel=channel, format=format))
    assert answer.adapted is not None
    assert answer.adapted.format == format
    assert "what game is this?" in json.dumps(answer.adapted.payload)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/next_reply", {"k": 0}, "k"),
        ("/next_reply", {"k": "many"}, "k"),
        ("/next_reply", {"budget_tokens": -1}, "budget_tokens"),
        ("/next_reply", {"now": MARKER}, "now"),
        ("/next_reply", {"format": MARKER}, "format"),
        ("/next_reply", {"context": [MARKER]}, "context"),
        ("/next_reply", {"channel": ""}, "channel"),
        ("/next_reply", {"persona": MARKER}, "persona"),
        ("/said", {"text": ""}, "text"),
        ("/said", {}, "text"),
        ("/said", {"text": "hi", "in_reply_to": {"id": MARKER}}, "in_reply_to"),
        ("/said", {"text": "hi", "in_reply_to": [True]}, "in_reply_to"),
        ("/said", {"text": "hi", "timestamp": MARKER}, "timestamp"),
    ],
)
def test_bad_input_names_the_field_and_never_quotes(service: Service, path: str, body: dict[str, Any], field: str) -> None:
    error = problem(service.client, path, 400, **body)
    assert error["code"] == "bad_input"
    assert error.get("field") == field
    assert MARKER not in json.dumps(error)


def test_too_much_is_too_large(service: Service) -> None:
    assert problem(service.client, "/next_reply", 413, context="x" * 4_001)["field"] == "context"
    assert problem(service.client, "/said", 413, text="x" * 20_001)["field"] == "text"
    assert problem(service.client, "/said", 413, text="hi", in_reply_to=list(range(101)))["field"] == "in_reply_to"


def test_a_bad_said_leaves_nothing_behind(service: Service, channel: str) -> None:
    service.desk.notice(event("what game is this?", channel=channel))
    problem(service.client, "/said", 400, text="celeste", channel=channel, in_reply_to=["m1", None])
    problem(service.client, "/said", 400, text="celeste", channel=channel, in_reply_to="m1", timestamp="never")
    assert len(ask(service.client, "/next_reply", channel=channel)["replies"]) == 1


NAMES_OF_FIELDS = ("channel", "k", "budget_tokens", "now", "context", "format", "text", "in_reply_to", "timestamp")
LISTS = st.lists(st.integers() | st.text(max_size=5), max_size=3)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | LISTS


@settings(max_examples=60)
@given(st.sampled_from(["/next_reply", "/said"]), st.dictionaries(st.sampled_from(NAMES_OF_FIELDS), VALUES))
def test_no_body_breaks_a_route(service: Service, path: str, body: dict[str, Any]) -> None:
    answer = service.client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400, 413)
    assert answer.status_code == 200 or set(answer.json()["error"]) <= {"code", "message", "field"}


def test_the_document_describes_both_routes(service: Service) -> None:
    paths = service.client.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/next_reply", "/said"}
    for path in paths.values():
        assert path["post"]["description"]
        assert {"400", "401", "413", "429"} <= set(path["post"]["responses"])
