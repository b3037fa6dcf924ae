"""The memory's routes over a real memory: what each of them does."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hikari.memory import knowledge
from hikari.memory.config import MemoryConfig
from hikari.memory.core import Core
from hikari.memory.hash_embedder import HashEmbedder
from serving import memory_schemas as schemas
from serving.memory_routes import NEXT_CURSOR
from tests.serving.memory_client import ask, opened, problem


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with opened(tmp_path_factory.mktemp("memory")) as one:
        yield one


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """A channel of the test's own."""
    return request.node.name


def test_what_is_stored_is_found(client: TestClient, channel: str) -> None:
    stored = ask(
        client, "/store_memory", content="my cat is called Mochi", memory_type="fact", metadata={"user": "kai", "bits": 5},
        importance=0.7, channel=channel,
    )  # fmt: skip
    schemas.Stored.model_validate(stored)
    ask(client, "/store_memory", content="the weather is nice today", user="bo", channel=channel)
    found = ask(client, "/retrieve_memories", query="what is the cat called?", k=1, channel=channel)
    assert [row["id"] for row in found] == [stored["id"]]
    row = schemas.Found.model_validate(found[0])
    assert (row.content, row.memory_type, row.importance) == ("my cat is called Mochi", "fact", 0.7)
    assert row.metadata["bits"] == 5
    got = ask(client, "/get_memory", id=stored["id"], channel=channel)
    assert schemas.Memory.model_validate(got).content == "my cat is called Mochi"


def test_filters_reach_the_engine(client: TestClient, channel: str) -> None:
    for number in range(6):
        ask(
            client, "/store_memory", content=f"cheer number {number} for the team", channel=channel, user=f"viewer{number % 2}",
            timestamp=1_000 + number, metadata={"bits": number}, memory_type="cheer" if number % 3 else "long_term",
        )  # fmt: skip

    def numbers(**more: Any) -> set[int]:
        rows = ask(client, "/retrieve_memories", query="cheer for the team", k=10, channel=channel, **more)
        return {row["metadata"]["bits"] for row in rows}

    assert numbers() == set(range(6))
    assert numbers(user="viewer1") == {1, 3, 5}
    assert numbers(since=1_002, until="1970-01-01T00:16:44Z") == {2, 3}
    assert numbers(as_of=1_001) == {0, 1}
    assert numbers(filters={"bits": {"gte": 4}}) == {4, 5}
    assert numbers(filters={"NOT": [{"bits": {"in": [0, 1]}}]}) == {2, 3, 4, 5}
    assert numbers(memory_types=["cheer"]) == {1, 2, 4, 5}
    assert numbers(memory_types="long_term") == {0, 3}


def test_pages_follow_one_another_by_the_header(client: TestClient, channel: str) -> None:
    for number in range(7):
        ask(client, "/store_memory", content=f"song request number {number}", channel=channel)
    body: dict[str, Any] = {"query": "song request", "k": 3, "channel": channel}
    pages: list[list[str]] = []
    for _ in range(5):
        answer = client.post("/retrieve_memories", json=body)
        pages.append([row["id"] for row in answer.json()])
        if NEXT_CURSOR not in answer.headers:
            break
        body["cursor"] = answer.headers[NEXT_CURSOR]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({row for page in pages for row in page}) == 7
    assert (
        problem(client, "/retrieve_memories", 400, **{**body, "query": "another", "cursor": body["cursor"]})["field"] == "cursor"
    )


def test_explained_scores_add_up(client: TestClient, channel: str) -> None:
    ask(client, "/store_memory", content="i play the violin", channel=channel)
    (row,) = ask(client, "/retrieve_memories", query="violin", channel=channel, explain=True)
    parts = row["explain"]
    assert {"similarity", "lexical", "recency", "importance", "graph"} <= set(parts)
    retained = parts.pop("retained")
    assert row["score"] == pytest.approx(sum(parts.values()) * retained, abs=1e-4)
    (plain,) = ask(client, "/retrieve_memories", query="violin", channel=channel)
    assert "explain" not in plain


def test_channels_do_not_see_each_other(client: TestClient, channel: str) -> None:
    stored = ask(client, "/store_memory", content="a secret of this channel", channel=channel)
    assert ask(client, "/retrieve_memories", query="a secret of this channel", channel=channel + "2") == []
    for path in ("/get_memory", "/delete_memory"):
        assert problem(client, path, 404, id=stored["id"], channel=channel + "2")["code"] == "not_found"
    assert problem(client, "/update_memory", 404, id=stored["id"], channel=channel + "2", importance=1)["field"] == "id"


def test_a_batch_answers_row_by_row(client: TestClient, channel: str) -> None:
    rows = [
        {"content": "first of a batch", "id": "a"},
        {"content": ""},
        7,
        {"content": "second of a batch", "id": "b", "channel": channel + "2"},
        {"content": "x", "ttl": 5, "id": "c"},
    ]
    answers = ask(client, "/store_memories", rows=rows, channel=channel)
    assert [answers[0], answers[3]] == ["a", "b"]
    assert [answers[number]["error"]["code"] for number in (1, 2, 4)] == ["bad_input"] * 3
    assert answers[4]["id"] == "c"
    assert ask(client, "/get_memory", id="a", channel=channel)["content"] == "first of a batch"
    assert ask(client, "/get_memory", id="b", channel=channel + "2")["content"] == "second of a batch"


def test_too_many_rows_are_refused(client: TestClient) -> None:
    assert problem(client, "/store_memories", 413, rows=[{}] * 10_001)["code"] == "too_large"


def test_a_memory_is_changed_and_deleted(client: TestClient, channel: str) -> None:
    identifier = ask(client, "/store_memory", content="i live in Osaka", channel=channel, ttl_s=1e6)["id"]
    changed = ask(
        client, "/update_memory", id=identifier, channel=channel, content="i live in Kyoto", pinned=True, expires_at=None
    )
    assert (changed["content"], changed["pinned"], changed["expires_at"], changed["importance"]) == (
        "i live in Kyoto",
        True,
        None,
        0.5,
    )
    assert ask(client, "/get_memory", id=identifier, channel=channel) == changed
    assert problem(client, "/update_memory", 400, id=identifier, channel=channel)["code"] == "bad_input"
    assert ask(client, "/delete_memory", id=identifier, channel=channel) is True
    assert problem(client, "/delete_memory", 404, id=identifier, channel=channel)["code"] == "not_found"


def test_expired_memories_are_counted_then_deleted(client: TestClient, channel: str) -> None:
    ask(client, "/store_memory", content="the raid starts at nine", channel=channel, timestamp=1_000, ttl_s=60)
    assert ask(client, "/forget_memories", channel=channel, dry_run=True)["expired"] == 1
    assert ask(client, "/forget_memories", channel=channel)["expired"] == 1
    assert ask(client, "/forget_memories", channel=channel)["expired"] == 0


def test_a_viewer_is_forgotten_in_one_channel_or_in_all(client: TestClient, channel: str) -> None:
    for name in (channel, channel + "2"):
        ask(client, "/store_memory", content="i collect stamps from Iceland", user="stampfan", channel=name)
    ask(client, "/store_memory", content="i collect coins", user="coinfan", channel=channel)
    assert ask(client, "/forget_user", user="stampfan", channel=channel)["memories"] == 1
    assert [row["content"] for row in ask(client, "/retrieve_memories", query="i collect", channel=channel)] == [
        "i collect coins"
    ]
    assert len(ask(client, "/retrieve_memories", query="stamps", channel=channel + "2")) == 1
    assert ask(client, "/forget_user", user="stampfan")["memories"] == 1
    assert ask(client, "/retrieve_memories", query="stamps", channel=channel + "2") == []


def test_what_the_vtuber_said_is_no_memory_of_a_viewer(client: TestClient, channel: str) -> None:
    spoken = "welcome back everyone, today we will beat the final boss together"
    assert ask(client, "/said", text=spoken, channel=channel) is None
    refused = problem(client, "/store_memory", 422, content=spoken, user="parrot", channel=channel)
    assert refused["code"] == "refused"
    assert spoken not in json.dumps(refused)


def test_an_episode_is_summed_up(client: TestClient, channel: str) -> None:
    assert ask(client, "/summarize_episode", channel=channel) is None
    for text in ("i finished the water temple yesterday", "the boss took me six tries", "next is the shadow temple"):
        ask(client, "/store_memory", content=text, user="kai", channel=channel, metadata={"session": "s1"})
    summary = schemas.Memory.model_validate(ask(client, "/summarize_episode", channel=channel, session="s1"))
    assert summary.tier == "episodic"
    assert summary.content


def test_facts_entities_and_recent_memories(client: TestClient, channel: str) -> None:
    for text in ("i live in Osaka", "i moved, i live in Kyoto now"):
        ask(client, "/store_memory", content=text, user="mika", channel=channel)
    facts = ask(client, "/facts", subject="mika", channel=channel)
    assert facts
    assert ask(client, "/related_entities", entity="mika", channel=channel, hops=2, limit=5)
    assert ask(client, "/contradictions", channel=channel) == []
    recent = ask(client, "/recent_memories", channel=channel, n=1)
    assert [row["content"] for row in recent] == ["i moved, i live in Kyoto now"]


def test_statistics_audit_and_consolidation(client: TestClient, channel: str) -> None:
    ask(client, "/store_memory", content="very important to me: my exam is in june", channel=channel, importance=1)
    assert ask(client, "/memory_stats", channel=channel)["memories"] == 1
    assert ask(client, "/memory_stats")["memories"] > 1
    assert ask(client, "/memory_audit", channel=channel)["records"] == 1
    assert ask(client, "/consolidate_memories", channel=channel)["promoted"] == 1
    (row,) = ask(client, "/retrieve_memories", query="exam", channel=channel)
    assert row["tier"] == "long_term"


def test_a_knowledge_set_is_named_not_reached_by_path(client: TestClient, tmp_path: Path) -> None:
    assert problem(client, "/reload_knowledge", 400, path=str(tmp_path))["field"] == "path"
    assert problem(client, "/reload_knowledge", 503, path="nothing-there")["code"] == "not_ready"


def build_knowledge(folder: Path, facts: list[str]) -> None:
    """A small knowledge set, as the pipeline lays it out."""
    scratch = folder.with_name(folder.name + ".scratch")
    core = Core(scratch, HashEmbedder(), None, MemoryConfig(maintenance=False, episodes=False), lambda: 0.0)
    core.store_rows([{"content": fact, "channel": knowledge.SHARED, "metadata": {"source": "system"}} for fact in facts])
    with core.spaces.use(knowledge.SHARED) as space:
        space.save()
        (folder / knowledge.STORE).mkdir(parents=True)
        core.store.copy(folder / knowledge.STORE)
        shutil.copytree(space.folder / "vectors", folder / knowledge.INDICES / space.folder.name / "vectors")
    knowledge.write_manifest(folder, {"name": folder.name, "encoder": HashEmbedder().fingerprint, "count": len(facts)})
    core.close()


def test_a_knowledge_set_is_exchanged_while_others_search(client: TestClient, channel: str, tmp_path: Path) -> None:
    ask(client, "/store_memory", content="i like lighthouses", channel=channel)
    indices = tmp_path / "home" / "indices"
    for season in ("spring", "summer"):
        build_knowledge(indices / season, [f"in {season} the lighthouse opens at noon", f"{season} has a kite festival"])

    def search(_: int) -> set[str]:
        rows = ask(client, "/retrieve_memories", query="when does the lighthouse open?", k=10, channel=channel)
        return {season for season in ("spring", "summer") if any(season in row["content"] for row in rows)}

    assert ask(client, "/reload_knowledge", path="spring")["count"] == 2
    assert search(0) == {"spring"}
    with ThreadPoolExecutor(4) as pool:
        seen = [pool.submit(search, number) for number in range(40)]
        for season in ("summer", "spring", "summer"):
            assert ask(client, "/reload_knowledge", path=season)["name"] == season
        # Every search saw one set as a whole, never none and never both.
        assert all(len(future.result()) == 1 for future in seen)
    assert search(0) == {"summer"}
    assert ask(client, "/memory_stats")["knowledge"]["name"] == "summer"


def test_a_damaged_knowledge_set_is_refused_and_the_old_one_stays(client: TestClient, channel: str, tmp_path: Path) -> None:
    indices = tmp_path / "home" / "indices"
    build_knowledge(indices / "good", ["the harbour has seven boats"])
    build_knowledge(indices / "torn", ["the harbour has nine boats"])
    next((indices / "torn").rglob("*.mdb")).write_bytes(b"torn")
    ask(client, "/reload_knowledge", path="good")
    assert problem(client, "/reload_knowledge", 503, path="torn")["code"] == "bad_bundle"
    (found,) = ask(client, "/retrieve_memories", query="boats in the harbour", k=1, channel=channel)
    assert found["content"] == "the harbour has seven boats"
