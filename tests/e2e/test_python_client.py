"""The Python client and a real process: every part of the engine once, by both clients, over JSON and msgpack."""

import contextlib
from typing import Any

import pytest

from hikari_client import (
    AnalysisEvent,
    BadInput,
    ErrorEvent,
    Forbidden,
    MemoriesStored,
    NotFound,
    Snapshot,
    TimedOut,
    Unauthorized,
)
from tests.e2e.keyed import OPERATOR, READER, TENANT
from tests.e2e.process import Served
from tests.serving.clients.both import BOTH, client

PACKED = pytest.mark.parametrize("packed", [False, True])


@BOTH
@PACKED
def test_every_part_answers(keyed: Served, kind: str, packed: bool) -> None:
    channel = f"{kind}-{packed}"
    with client(kind, keyed.url, key=OPERATOR, packed=packed) as engine:
        assert engine.ready()
        assert engine.analyze_message("i love this game 🔥", "mika", channel=channel).sentiment.emoji is not None
        rows = engine.analyze_batch([{"id": "a", "text": "hi", "username": "bo"}, {"id": "b"}], channel=channel)
        assert rows[0].id == "a"  # type: ignore[union-attr]
        assert isinstance(rows[1], BadInput)
        processed = engine.process_chat_message("kai", "can you play undertale next?", channel=channel)
        assert processed.insights.counted
        assert processed.analysis is not None
        batch = engine.process_chat_batch([{"username": "bo", "message": "hello there"}, {"message": "x"}], channel=channel)
        assert isinstance(batch[1], BadInput)

        stored = engine.store_memory("my cat is called Mochi", "conversation", {"user": "kai"}, channel=channel)
        assert (
            engine.store_memory("my cat is called Mochi", "conversation", {"user": "kai"}, id=stored, channel=channel) == stored
        )
        ids = engine.store_memories([{"content": "the raid is on friday"}, {"content": ""}], channel=channel)
        assert isinstance(ids[0], str)
        assert isinstance(ids[1], BadInput)
        page = engine.retrieve_memories("what is kai's cat called?", 1, channel=channel, explain=True)
        assert page.found
        assert page[0].explain is not None
        assert "similarity" in page[0].explain
        assert engine.get_memory(stored, channel=channel).metadata["user"] == "kai"
        assert engine.update_memory(stored, channel=channel, pinned=True).pinned
        assert stored in {memory.id for memory in engine.recent_memories(channel=channel)}
        assert engine.delete_memory(stored, channel=channel)
        with pytest.raises(NotFound):
            engine.get_memory(stored, channel=channel)

        assert engine.record_metric("viewer_count", 12, channel=channel).counted
        assert "engagement_score" in engine.viewer_insights("kai", channel=channel)
        assert isinstance(engine.detect_anomalies(channel=channel).alerts, list)
        assert engine.record_content("game", "Undertale", channel=channel).kind == "game"
        definition: dict[str, Any] = {
            "id": "greet", "name": "greet", "metric": "replied", "kind": "binary", "minimum_effect": 0.1, "expected_mean": 0.3,
            "arms": ["plain", "by name"],
        }  # fmt: skip
        assert engine.create_experiment(definition, channel=channel).status == "draft"
        engine.start_experiment("greet", channel=channel)
        shown = engine.assign("greet", "kai", channel=channel)
        assert engine.record_outcome("greet", 1, "kai", arm=shown.arm, channel=channel).counted
        assert isinstance(engine.next_reply(channel=channel).replies, list)
        engine.said("hello everybody, welcome to the stream", channel=channel)
        assert engine.forget_user("kai", channel=channel)


@BOTH
@PACKED
def test_messages_and_their_events(keyed: Served, kind: str, packed: bool) -> None:
    channel = f"events-{kind}-{packed}"
    with client(kind, keyed.url, key=OPERATOR, packed=packed) as engine, engine.events(channel) as events:
        sent = events.send("can you play undertale next? my sister loves it", "kai")
        many = events.send_many([{"text": "hello there", "username": "bo"}, {"text": "", "username": "bo"}])
        found: dict[Any, Any] = {}
        while {sent, *many} - set(found):
            event = events.receive(20)
            if not isinstance(event, MemoriesStored):
                found[event.id] = event  # type: ignore[union-attr]
        assert events.engine is not None
        assert events.engine.name == "hikari"
    assert isinstance(found[sent], AnalysisEvent)
    assert found[sent].channel == channel
    assert isinstance(found[many[0]], AnalysisEvent)
    assert isinstance(found[many[1]], ErrorEvent)
    assert isinstance(found[many[1]].error, BadInput)


@BOTH
def test_somebody_who_only_listens_hears_the_channel(keyed: Served, kind: str) -> None:
    with (
        client(kind, keyed.url, key=READER) as ears,
        client(kind, keyed.url, key=TENANT) as mouth,
        ears.events("mika") as heard,
        mouth.events("mika", subscribe=False) as said,
    ):
        event: Any = None
        while not isinstance(event, AnalysisEvent):
            said.send("are you there?", "kai")  # again and again: the first ones may come before the subscription stands
            with contextlib.suppress(TimedOut):
                event = heard.receive(1)
        assert event.text == "are you there?"
        with pytest.raises(Forbidden):
            ears.store_memory("the raid is on friday", channel="mika")


@BOTH
def test_a_dashboard_gets_snapshots(keyed: Served, kind: str) -> None:
    with client(kind, keyed.url, key=READER) as engine, engine.dashboard("mika") as events:
        while not isinstance(event := events.receive(20), Snapshot):
            pass
    assert event.channel == "mika"
    assert event.health["ready"]["sentiment"] is True


@BOTH
def test_keys_are_asked_for_and_bound(keyed: Served, kind: str) -> None:
    with client(kind, keyed.url) as engine:
        with pytest.raises(Unauthorized):
            engine.topics()
        with pytest.raises(Unauthorized), engine.events("mika"):
            pass
    with client(kind, keyed.url, key=TENANT) as engine:
        with pytest.raises(Forbidden):
            engine.analyze_message("hi", "kai", channel="elsewhere")
        with pytest.raises(Forbidden), engine.events("elsewhere") as events:
            events.receive(20)
