"""The way of a row into the store: cleaned, merged with its twin, idempotent, and nothing personal on any disk."""

from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput
from hikari.memory import privacy
from tests.hikari.memory.systems import START, Clock, core, found_in_files, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")


def test_personal_data_is_on_no_disk(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            secret = ("kai.secret@example.com", "555-0187")
            await memory.store_memory(f"write to {secret[0]} or call 212-{secret[1]} and say pomegranate", user="kai", id="a")
            await memory.store_memory("nothing personal", id="b")
            await memory.update_memory("b", content=f"now it is {secret[0]} and pomegranate")
            await memory.rebuild()
            core = parts(memory).core
            assert (await memory.get_memory("a"))["content"] == "write to [email] or call [phone] and say pomegranate"
            assert privacy.scan(core, "pomegranate") != [], "the scan must be able to find something"
            for text in secret:
                assert privacy.scan(core, text) == []
        assert found_in_files(tmp_path, "pomegranate") > 0
        for text in secret:
            assert found_in_files(tmp_path, text) == 0

    run(work())


def test_redaction_can_be_switched_off(tmp_path: Path) -> None:
    with core(tmp_path, Clock(), redact=False) as memory:
        (identifier,) = memory.store_rows([{"content": "write to kai@example.com"}])
        assert isinstance(identifier, str)
        assert memory.get("default", identifier).content == "write to kai@example.com"


def test_a_twin_is_merged_and_strengthened(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        base: dict[str, Any] = {"content": "I love ramen", "user": "kai", "timestamp": START, "metadata": {"topic": "food"}}
        (first,) = memory.store_rows([base])
        again = {**base, "content": "i love RAMEN!!", "timestamp": START + 60, "importance": 0.9, "pinned": True}
        assert memory.store_rows([again, {**base, "metadata": {"topic": "food", "session": "s2"}}]) == [first, first]
        assert isinstance(first, str)
        kept = memory.get("default", first)
        assert (kept.importance, kept.pinned, kept.content) == (0.9, True, "I love ramen")
        with memory.store.read() as view:
            assert view.access(kept.seq) == (2, (START, START + 60))
        others: list[dict[str, Any]] = [
            {**base, "user": "mika"},
            {**base, "metadata": {"topic": "song"}},
            {**base, "memory_type": "preference"},
            {**base, "ttl_s": 50},
            {**base, "channel": "tower"},
            {**base, "id": "own"},
        ]
        assert len({*memory.store_rows(others), first}) == 7


def test_merging_can_be_switched_off(tmp_path: Path) -> None:
    with core(tmp_path, Clock(), merge_duplicates=False, hygiene=False) as memory:
        assert len(set(memory.store_rows([{"content": "i love ramen", "user": "kai"}] * 3))) == 3


def test_the_same_id_twice_is_stored_once(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        row = {"content": "i love ramen", "id": "a", "user": "kai"}
        assert memory.store_rows([row, row]) == ["a", "a"]
        assert memory.store_rows([row]) == ["a"]
        (conflict,) = memory.store_rows([{**row, "content": "i love udon"}])
        assert isinstance(conflict, BadInput)
        assert conflict.field == "id"
        with memory.store.read() as view:
            assert len(list(view.seqs("default"))) == 1


def test_ids_of_two_stores_differ(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        with core(tmp_path / name, Clock()) as memory:
            found += memory.store_rows([{"content": "a text"}])
    assert len(set(found)) == 2
    with core(tmp_path / "one", Clock()) as memory:
        assert len({*memory.store_rows([{"content": "another text"}]), *found}) == 3
