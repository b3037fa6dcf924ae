"""Forgetting a viewer: a scan finds them everywhere before and nowhere after, and nobody else loses a word."""

from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput
from hikari.memory import privacy, truth
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.system import NeuralMemorySystem
from tests.hikari.memory.systems import DAY, START, Clock, contents, found_in_files, ids, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")
WORD = "xyzzyplugh"


async def fill(memory: NeuralMemorySystem, name: str) -> None:
    """A viewer who leaves traces of every kind."""
    for number, content in enumerate(
        (
            f"my cat is called {WORD}cat",
            "i live in osaka",
            "i moved to berlin",
            f"a long story of {WORD}: " + "the lantern went out and everybody laughed. " * 30,
            "i love ramen and sudoku",
        )
    ):
        await memory.store_memory(content, user=name, timestamp=START + number, id=f"own{number}")
    await memory.store_memory(f"hey @{name} your cat {WORD}cat is cute", user="bo", timestamp=START + 10, id="mention")
    await memory.store_memory("i live in paris", user="bo", timestamp=START + 11, id="bo", metadata={"with": [name], name: 1})
    await memory.store_memory(
        f"@{name} lives in berlin", user="bo", timestamp=START + 12, id="said", metadata={"session": f"{name}'s"}
    )
    await memory.store_memory("i like trains", user="rin", timestamp=START + 13, id="rin")
    await memory.store_memory("i like trains", user="rin", channel="tower", id="far")
    await memory.retrieve_memories("cat lantern berlin", k=9)
    assert await memory.summarize_episode() is not None


@pytest.mark.parametrize("name", ["mochisan_fan", "kai"])
def test_nothing_of_the_viewer_is_left_anywhere(tmp_path: Path, name: str) -> None:
    async def work() -> None:
        inner = HashEmbedder(96)
        async with opened(tmp_path, Clock(START + DAY), embedder=inner) as memory:
            await fill(memory, name)
            # Each of these files has been written once with everything in it.
            await memory.rebuild()
            core = parts(memory).core
            marked = f"@{name}"
            places = {trace.place for trace in privacy.scan(core, WORD)}
            assert {"records", "data.mdb"} <= places
            assert any("lexical" in place for place in places)
            if len(name) >= privacy.MIN_NEEDLE:
                assert {"facts", "graph", "state", "records"} <= {trace.place for trace in privacy.scan(core, name)}
            assert privacy.scan(core, marked) != []
            report = await memory.forget_user(name.upper())
            assert (report["memories"], report["summaries"]) == (5, 1)
            assert report["mentions"] == 3
            # The cat's name is the viewer's own: what others said of it stays only as far as it names nobody.
            await memory.delete_memory("mention")
            await memory.forget_user("nobody at all")
            for needle in (WORD, marked, *([name] if len(name) >= privacy.MIN_NEEDLE else [])):
                assert privacy.scan(core, needle) == [], needle
            with core.store.read() as view:
                values = [value for table in ("facts", "graph", "state") for value in view.values(table, "default")]
                assert not any(f"'{name}'" in repr(value) or f"{name}'s" in repr(value) for value in values)
            assert await memory.facts(name) == []
            assert await memory.related_entities(name) == []
            assert set(ids(await memory.recent(50))) == {"bo", "said", "rin"}
            assert contents(await memory.recent(50, channel="tower")) == ["i like trains"]
            assert (await memory.get_memory("bo"))["metadata"] == {"with": ["[removed]"], "[removed]": 1}
            assert (await memory.get_memory("said"))["content"] == "[removed] lives in berlin"
            assert [fact["value"] for fact in await memory.facts("bo", attribute="lives_in")] == ["paris"]
            assert ids(await memory.retrieve_memories("lives in berlin", k=1)) == ["said"]
            cache = parts(memory).core.embedder
            asked: list[str] = []
            real = inner.embed
            inner.embed = lambda texts, /: (asked.extend(texts), real(texts))[1]  # type: ignore[method-assign]
            cache.embed(["i live in osaka", "i like trains"])
            assert asked == ["i live in osaka"]
        if len(name) >= privacy.MIN_NEEDLE:
            assert found_in_files(tmp_path, name) == 0
        assert found_in_files(tmp_path, WORD) == found_in_files(tmp_path, marked) == 0
        async with opened(tmp_path, Clock(START + DAY)) as memory:
            assert set(ids(await memory.recent(50))) == {"bo", "said", "rin"}
            assert (await memory.stats("default"))["memories"] == 3

    run(work())


def test_a_channel_at_a_time(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            for channel in ("lamp", "tower"):
                await memory.store_memory(f"{WORD} in {channel}", user="kai", channel=channel, id="a")
            report = await memory.forget_user("kai", channel="lamp")
            assert report["memories"] == 1
            assert (await memory.stats())["channels"] == {"lamp": 0, "tower": 1}
            assert (await memory.get_memory("a", channel="tower"))["content"] == f"{WORD} in tower"
            assert found_in_files(tmp_path, f"{WORD} in lamp") == 0
            assert (await memory.forget_user("kai", channel="nowhere"))["memories"] == 0

    run(work())


def test_summaries_go_even_when_the_memory_they_rest_on_went_before(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path, Clock(START + DAY)) as memory:
            await memory.store_memory("i found a lantern in the garden", user="kai", id="a", timestamp=START)
            await memory.store_memory("i lost my umbrella at the station", user="bo", id="b", timestamp=START + 1)
            summary = await memory.summarize_episode()
            assert summary is not None
            assert summary["metadata"]["speakers"] == ["bo", "kai"]
            await memory.delete_memory("a")
            assert (await memory.forget_user("kai"))["summaries"] == 1
            assert ids(await memory.recent()) == ["b"]

    run(work())


def test_forgetting_brings_no_old_talk_into_the_open_episode(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            for number in range(4):
                await memory.store_memory(f"hello @longname how are you {number}", user=f"u{number}", timestamp=START + number)
            assert await memory.summarize_episode() is not None
            clock.now += DAY
            await memory.store_memory("a new day begins", user="rin")
            await memory.forget_user("longname")
            summary = await memory.summarize_episode()
            assert summary is not None
            assert summary["metadata"]["turns"] == 1

    run(work())


def test_a_graph_of_earlier_days_goes_too(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("i live in osaka", user="mochisan_fan")
        assert found_in_files(tmp_path, "mochisan_fan") > 0
        async with opened(tmp_path, extract=False) as memory:
            await memory.forget_user("mochisan_fan")
        assert found_in_files(tmp_path, "mochisan_fan") == 0

    run(work())


def test_a_scan_needs_something_to_look_for(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            with pytest.raises(BadInput):
                privacy.scan(parts(memory).core, "abc")

    run(work())


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("mika_99", "hi @Mika_99! MIKA_99's cat, mika_999", "hi [removed]! [removed]'s cat, mika_999"),
        ("kai", "kai said @kai and @kaiser", "kai said [removed] and @kaiser"),
        ("a.b+c", "a.b+c axb+c", "[removed] axb+c"),
    ],
)
def test_names_in_the_words_of_others(name: str, text: str, left: str) -> None:
    assert privacy.name_pattern(name).sub(privacy.REMOVED, text) == left


def test_facts_of_rewritten_words_name_nobody(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("i love mochisan and ramen", user="bo", timestamp=START)
            await memory.store_memory("mochisan is my brother", user="bo", timestamp=START + 1)
            await memory.forget_user("mochisan")
            with parts(memory).core.store.read() as view:
                facts: list[Any] = list(view.values(truth.TABLE, "default"))
            assert "mochisan" not in repr(facts)
            assert privacy.scan(parts(memory).core, "mochisan") == []

    run(work())
