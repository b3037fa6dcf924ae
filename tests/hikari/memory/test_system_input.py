"""What the public class is given: every bad input names its field, every row of a batch gets its own answer."""

from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput, TooLarge
from hikari.memory.records import MAX_BATCH
from tests.hikari.memory.systems import contents, opened, run, system

pytestmark = pytest.mark.usefixtures("rules_only")


def test_a_batch_answers_every_row_in_order(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            rows: list[Any] = [
                {"content": "a good row", "id": "a"},
                {"content": "", "id": "empty"},
                "no row",
                {"content": "another one", "id": "a"},
                {"content": "a good row", "id": "a"},
                {"content": "bad\ud800text", "id": "surrogate"},
                {"content": "unknown parameter", "id": "u", "colour": "red"},
                {"content": "not finite", "id": "n", "metadata": {"value": float("nan")}},
                {"content": "too large a number", "id": "h", "metadata": {"value": 10**40}},
                {"content": "\U0001f431 grüße 日本語", "id": "ü"},
            ]
            answers = await memory.store_memories(rows, channel="lamp")
            assert [answer if isinstance(answer, str) else (answer["id"], answer["error"].get("field")) for answer in answers] == [
                "a", ("empty", "content"), (None, "memories"), ("a", "id"), "a", ("surrogate", "content"), ("u", "colour"),
                ("n", "metadata"), ("h", "metadata"), "ü",
            ]  # fmt: skip
            assert (await memory.stats("lamp"))["memories"] == 2
            assert contents(await memory.retrieve_memories("日本語", k=1, channel="lamp")) == ["\U0001f431 grüße 日本語"]
            assert await memory.store_memories([]) == []
            seen: list[int] = []
            many = [{"content": f"row {n}"} for n in range(600)]
            assert len(set(map(str, await memory.store_memories(many, progress=seen.append)))) == 600
            assert seen == [256, 512, 600]

    run(work())


def test_a_batch_may_not_be_too_large_or_no_list(tmp_path: Path) -> None:
    async def work() -> None:
        memory = system(tmp_path)
        with pytest.raises(TooLarge) as caught:
            await memory.store_memories([{"content": "x"}] * (MAX_BATCH + 1))
        assert caught.value.field == "memories"
        for rows in ("text", {"content": "x"}, 5, None):
            with pytest.raises(BadInput) as refused:
                await memory.store_memories(rows)  # type: ignore[arg-type]
            assert refused.value.field == "memories"
        await memory.close()

    run(work())


BAD_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("store_memory", {"content": 5}, "content"),
    ("store_memory", {"content": "\u200d"}, "content"),
    ("store_memory", {"content": "x" * 20_001}, "content"),
    ("store_memory", {"content": "x", "memory_type": "a b!"}, "memory_type"),
    ("store_memory", {"content": "x", "importance": 10**400}, "importance"),
    ("store_memory", {"content": "x", "importance": float("nan")}, "importance"),
    ("store_memory", {"content": "x", "importance": True}, "importance"),
    ("store_memory", {"content": "x", "metadata": [1]}, "metadata"),
    ("store_memory", {"content": "x", "metadata": {"a": "\ud83d"}}, "metadata"),
    ("store_memory", {"content": "x", "metadata": {1: 2}}, "metadata"),
    ("store_memory", {"content": "x", "metadata": {"a": "y" * 20_000}}, "metadata"),
    ("store_memory", {"content": "x", "timestamp": 1.7e12}, "timestamp"),
    ("store_memory", {"content": "x", "timestamp": "yesterday"}, "timestamp"),
    ("store_memory", {"content": "x", "ttl_s": 0}, "ttl_s"),
    ("store_memory", {"content": "x", "ttl_s": 5, "expires_at": 5}, "ttl_s"),
    ("store_memory", {"content": "x", "pinned": "yes"}, "pinned"),
    ("store_memory", {"content": "x", "user": ""}, "user"),
    ("store_memory", {"content": "x", "id": "y" * 300}, "id"),
    ("store_memory", {"content": "x", "channel": "a", "metadata": {"channel": "b"}}, "channel"),
    ("retrieve_memories", {"query": ""}, "query"),
    ("retrieve_memories", {"query": "x", "k": 0}, "k"),
    ("retrieve_memories", {"query": "x", "k": 201}, "k"),
    ("retrieve_memories", {"query": "x", "k": True}, "k"),
    ("retrieve_memories", {"query": "x", "memory_types": 5}, "memory_types"),
    ("retrieve_memories", {"query": "x", "channel": ""}, "channel"),
    ("retrieve_memories", {"query": "x", "user": 5}, "user"),
    ("retrieve_memories", {"query": "x", "since": "?"}, "since"),
    ("retrieve_memories", {"query": "x", "until": float("inf")}, "until"),
    ("retrieve_memories", {"query": "x", "as_of": []}, "as_of"),
    ("retrieve_memories", {"query": "x", "filters": {"a": {"near": 1}}}, "filters"),
    ("retrieve_memories", {"query": "x", "cursor": "no cursor"}, "cursor"),
    ("retrieve_memories", {"query": "x", "cursor": "\u2713"}, "cursor"),
    ("retrieve_memories", {"query": "x", "cursor": 5}, "cursor"),
    ("get_memory", {"id": ""}, "id"),
    ("get_memory", {"id": "x", "channel": 5}, "channel"),
    ("update_memory", {"id": "a"}, "changes"),
    ("update_memory", {"id": "a", "colour": 1}, "colour"),
    ("update_memory", {"id": "a", "content": "\ud800x"}, "content"),
    ("update_memory", {"id": "a", "metadata": {"channel": "elsewhere"}}, "metadata"),
    ("recent", {"n": 0}, "n"),
    ("recent", {"n": "5"}, "n"),
    ("said", {"text": " "}, "text"),
    ("consolidate", {"channel": 5}, "channel"),
    ("forget", {"channel": ""}, "channel"),
    ("forget", {"below": "much"}, "below"),
    ("forget", {"below": float("nan")}, "below"),
    ("forget_user", {"user": None}, "user"),
    ("forget_user", {"user": "x", "channel": 5}, "channel"),
    ("summarize_episode", {"session": 5}, "session"),
    ("related_entities", {"entity": "x", "hops": 3}, "hops"),
    ("related_entities", {"entity": "x", "limit": "5"}, "limit"),
    ("facts", {"subject": ""}, "subject"),
    ("facts", {"subject": "x", "attribute": 5}, "attribute"),
    ("facts", {"subject": "x", "as_of": "?"}, "as_of"),
    ("contradictions", {"channel": None}, "channel"),
    ("stats", {"channel": 5}, "channel"),
    ("audit", {"channel": 5}, "channel"),
    ("rebuild", {"channel": 5}, "channel"),
    ("import_memories", {"path": "/nowhere/at/all"}, "path"),
]


def test_every_bad_input_names_its_field(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("a row to be changed", id="a")
            for name, parameters, field in BAD_CALLS:
                with pytest.raises(BadInput) as caught:
                    await getattr(memory, name)(**parameters)
                assert caught.value.field == field, (name, field, caught.value)
            assert (await memory.stats())["memories"] == 1

    run(work())
