"""The knowledge set: beside the live store, read-only, verified, exchanged while searches go on."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadBundle, BadIndex, HikariError, NotReady
from hikari.memory import knowledge
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.knowledge import SHARED, Knowledge, KnowledgeSet
from tests.hikari.memory.systems import DIMENSION, START, Clock, contents, core, ids, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")


def build(folder: Path, name: str = "lore", count: int = 12) -> Path:
    """A knowledge set as the pipeline writes it."""
    with core(folder.with_name(f"{folder.name}-work"), Clock(), hygiene=False, episodes=False) as memory:
        rows = [
            {
                "id": f"{name}{n}",
                "content": f"{name} rule number{n}: the lantern burns at dusk",
                "metadata": {"source": "system", "n": n},
            }
            for n in range(count)
        ]
        memory.store_rows([{**row, "channel": SHARED, "memory_type": "knowledge", "timestamp": START} for row in rows])
        folder.mkdir(parents=True)
        with memory.spaces.use(SHARED) as space:
            space.save()
            (folder / knowledge.STORE).mkdir()
            memory.store.copy(folder / knowledge.STORE)
            shutil.copytree(space.folder / "vectors", folder / knowledge.INDICES / space.folder.name / "vectors")
        knowledge.write_manifest(
            folder, {"name": name, "encoder": memory.embedder.fingerprint, "dimension": DIMENSION, "count": count}
        )
    return folder


def open_set(folder: Path) -> KnowledgeSet:
    return KnowledgeSet(folder, HashEmbedder(DIMENSION).fingerprint, DIMENSION, None)


def test_its_rows_stand_beside_the_live_ones(tmp_path: Path) -> None:
    lore = build(tmp_path / "lore")
    before = {path: path.read_bytes() for path in lore.rglob("*") if path.is_file()}

    async def work() -> None:
        async with opened(tmp_path / "store", knowledge=lore) as memory:
            await memory.store_memory("my lantern burns at dusk", user="kai", id="live")
            found = await memory.retrieve_memories("when does the lantern burn?", k=5)
            assert {row["channel"] for row in found} == {"default", SHARED}
            assert "live" in ids(found)
            rule = await memory.retrieve_memories("lore rule number7", k=1, explain=True)
            assert (ids(rule), rule[0]["memory_type"], rule[0]["explain"]["retained"]) == (["lore7"], "knowledge", 1.0)
            assert ids(await memory.retrieve_memories("lantern", filters={"n": 3})) == ["lore3"]
            assert ids(await memory.retrieve_memories("lantern", memory_types=["short_term"], user="kai")) == ["live"]
            assert len(await memory.retrieve_memories("lantern", k=50, channel="another")) == 12
            facts = await memory.stats()
            assert (facts["memories"], facts["knowledge"]["name"], facts["knowledge"]["count"]) == (1, "lore", 12)
            assert contents(await memory.recent()) == ["my lantern burns at dusk"]

    run(work())
    assert {path: path.read_bytes() for path in lore.rglob("*") if path.is_file()} == before


def test_pages_show_each_of_its_rows_once(tmp_path: Path) -> None:
    lore = build(tmp_path / "lore")

    async def work() -> None:
        async with opened(tmp_path / "store", knowledge=lore) as memory:
            for number in range(9):
                await memory.store_memory(f"lantern number{number} burns", id=f"live{number}")
            seen: list[str] = []
            cursor = None
            while True:
                page = await memory.retrieve_memories("the lantern burns", k=4, cursor=cursor)
                seen += ids(page)
                cursor = page.cursor
                if cursor is None:
                    break
            assert len(seen) == len(set(seen)) == 21

    run(work())


@pytest.mark.parametrize("kind", ["truncate", "flip", "delete", "add", "format", "no files", "no json"])
def test_a_damaged_set_is_refused_and_the_live_memory_goes_on(tmp_path: Path, kind: str) -> None:
    lore = build(tmp_path / "lore")
    victim, manifest = lore / knowledge.STORE / "data.mdb", lore / knowledge.MANIFEST
    facts: dict[str, Any] = json.loads(manifest.read_text())
    content = bytearray(victim.read_bytes())
    if kind == "truncate":
        victim.write_bytes(content[:-1])
    elif kind == "flip":
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    elif kind == "delete":
        victim.unlink()
    elif kind == "add":
        (lore / "more.txt").write_text("something else")
    elif kind == "format":
        manifest.write_text(json.dumps({**facts, "format": 99}))
    elif kind == "no files":
        manifest.write_text(json.dumps({**facts, "files": ["data.mdb"]}))
    else:
        manifest.write_text("{")
    with pytest.raises(BadBundle):
        open_set(lore)

    async def work() -> None:
        async with opened(tmp_path / "store") as memory:
            await memory.store_memory("the lantern burns", id="live")
            with pytest.raises(BadBundle):
                await memory.use_knowledge(lore)
            assert ids(await memory.retrieve_memories("lantern")) == ["live"]
        with pytest.raises(BadBundle):
            async with opened(tmp_path / "store", knowledge=lore):
                pass

    run(work())


def test_a_set_of_another_encoder_or_none_is_refused(tmp_path: Path) -> None:
    lore = build(tmp_path / "lore")
    with pytest.raises(BadIndex, match="another encoder"):
        KnowledgeSet(lore, "of another", DIMENSION, None)
    with pytest.raises(NotReady):
        open_set(tmp_path / "nothing")


def test_a_set_that_merely_lies_about_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lore = build(tmp_path / "home" / "indices" / "knowledge")
    monkeypatch.setenv("HIKARI_HOME", str(tmp_path / "home"))

    async def work() -> None:
        async with opened(tmp_path / "store") as memory:
            assert ids(await memory.retrieve_memories("lore rule number7", k=1)) == ["lore7"]
        (lore / knowledge.STORE / "data.mdb").unlink()
        async with opened(tmp_path / "store") as memory:
            assert any("no knowledge set" in note for note in (await memory.stats())["notes"])
            assert await memory.retrieve_memories("lore rule number7", k=1) == []

    run(work())


def test_exchange_during_searches_drops_none(tmp_path: Path) -> None:
    sets = [build(tmp_path / name, name) for name in ("lore", "guide")]

    async def work() -> None:
        async with opened(tmp_path / "store", knowledge=sets[0]) as memory:
            done = asyncio.Event()
            answers: list[set[str]] = []

            async def search() -> None:
                while not done.is_set():
                    rows = await memory.retrieve_memories("rule number7 lantern", k=3)
                    answers.append({row["id"].rstrip("0123456789") for row in rows})

            async def exchange() -> None:
                for number in range(6):
                    assert (await memory.use_knowledge(sets[(number + 1) % 2]))["name"] == ("guide", "lore")[number % 2]
                done.set()

            await asyncio.gather(exchange(), *(search() for _ in range(4)))
            assert len(answers) > 4
            # Each answer is whole and of one set.
            assert all(answer in ({"lore"}, {"guide"}) for answer in answers), answers
            assert {name for answer in answers for name in answer} == {"lore", "guide"}

    run(work())


def test_a_set_is_closed_with_its_last_search(tmp_path: Path) -> None:
    mounted = Knowledge()
    first = open_set(build(tmp_path / "lore"))
    scratch = first._scratch
    mounted.mount(first)
    with mounted.use() as current:
        assert current is first
        mounted.mount(None)
        assert scratch.is_dir()
        with first.store.read() as view:
            assert len(list(view.seqs(SHARED))) == 12
    assert not scratch.exists()
    with mounted.use() as current:
        assert current is None
    first.close()


def test_the_viewers_of_a_channel_are_no_part_of_it(tmp_path: Path) -> None:
    lore = build(tmp_path / "lore")

    async def work() -> None:
        async with opened(tmp_path / "store", knowledge=lore) as memory:
            await memory.retrieve_memories("lantern", k=9)
            answer = await memory.store_memories([{"content": "lore rule number1: the lantern burns at dusk", "user": "kai"}])
            assert isinstance(answer[0], str), "only what was recalled of the channel itself counts as a repetition"
            assert parts(memory).core.uses.take_due() == set()
            with pytest.raises(HikariError):
                await memory.get_memory("lore1")

    run(work())
