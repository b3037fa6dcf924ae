"""The public class: durable, found at once, separate by channel, orderly at the edges."""

import asyncio
import inspect
import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from hikari.errors import BadInput, NotFound, NotReady, StoreBusy, StoreFull, TooLarge
from hikari.memory.records import MAX_BATCH
from hikari.memory.store import Store
from hikari.memory.system import NeuralMemorySystem
from tests.hikari.memory.systems import DAY, START, Clock, contents, ids, opened, parts, run, system

pytestmark = pytest.mark.usefixtures("rules_only")
ROOT = Path(__file__).parents[3]


def test_what_is_stored_is_found_by_the_next_call_through_both_legs(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            first = await memory.store_memory("the lighthouse keeper feeds seagulls", "conversation", {"user": "mika"})
            for number in range(30):
                await memory.store_memory(f"message {number} about something else entirely", metadata={"user": "rin"})
                found = await memory.retrieve_memories("lighthouse keeper", k=1, explain=True)
                assert ids(found) == [first]
            assert found[0]["explain"]["lexical"] > 0
            assert found[0]["explain"]["similarity"] > 0
            # By letter groups alone: no word is the same.
            assert ids(await memory.retrieve_memories("lighthousekeepers feedings", k=1)) == [first]
            assert (await memory.get_memory(first))["content"] == "the lighthouse keeper feeds seagulls"

    run(work())


def test_what_was_closed_is_there_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            stored = await memory.store_memory(
                "rin collects old maps", "fact", {"user": "rin", "level": 3}, 0.7, pinned=True, expires_at=START + 9 * DAY
            )
            before = await memory.get_memory(stored)
        async with opened(tmp_path) as memory:
            assert await memory.get_memory(stored) == before
            assert before["importance"] == 0.7
            assert before["pinned"]
            assert before["metadata"] == {"user": "rin", "level": 3}
            assert ids(await memory.retrieve_memories("old maps", k=1)) == [stored]

    run(work())


ABANDONED = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from tests.hikari.memory.systems import system

    async def main():
        memory = system(Path(sys.argv[1]), maintenance=True)
        for number in range(40):
            await memory.store_memory(f"marker{number} was said by somebody", metadata={"user": f"viewer{number % 3}"}, id=f"m{number}")
            if number % 5 == 4:
                await memory.delete_memory(f"m{number - 1}")
        await memory.said("hello chat how are you all today")
        print("done", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(main())
"""


def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", inspect.cleandoc(ABANDONED), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == "done\n"

    async def work() -> None:
        async with opened(tmp_path) as memory:
            kept = {f"m{number}" for number in range(40) if number % 5 != 3}
            assert (await memory.stats())["memories"] == len(kept)
            for name in sorted(kept)[::7]:
                assert ids(await memory.retrieve_memories(f"marker{name[1:]} was said", k=1)) == [name]
            with pytest.raises(NotFound):
                await memory.get_memory("m3")
            answer = await memory.store_memories([{"content": "Hello chat, how are you all today!", "user": "viewer1"}])
            assert isinstance(answer[0], dict)
            assert answer[0]["error"]["code"] == "refused"

    run(work())


def test_a_second_writer_is_refused_until_the_first_has_closed(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path):
            second = system(tmp_path)
            with pytest.raises(StoreBusy):
                await second.store_memory("anything")
            await second.close()
        async with opened(tmp_path) as memory:
            await memory.store_memory("now it is free")

    run(work())


READER = """
    import asyncio, json, sys
    from pathlib import Path
    from hikari.errors import HikariError
    from tests.hikari.memory.systems import system

    async def main():
        memory = system(Path(sys.argv[1]), read_only=True)
        for line in sys.stdin:
            name, parameters = json.loads(line)
            try:
                answer = await getattr(memory, name)(**parameters)
            except HikariError as error:
                answer = error.code
            print(json.dumps(answer), flush=True)
        await memory.close()

    asyncio.run(main())
"""


def _process(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_reader_beside_a_writer_sees_every_write_and_changes_no_file(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("the first word", id="a")
            await memory.rebuild()
            command = [sys.executable, "-c", inspect.cleandoc(READER), str(tmp_path)]
            with _process(command) as reader:
                assert reader.stdin is not None
                assert reader.stdout is not None

                def ask(name: str, **parameters: Any) -> Any:
                    print(json.dumps([name, parameters]), file=reader.stdin, flush=True)  # type: ignore[arg-type]
                    return json.loads(reader.stdout.readline())  # type: ignore[union-attr]

                assert ids(ask("retrieve_memories", query="first word")) == ["a"]
                files = {path: path.read_bytes() for path in (tmp_path / "indices").rglob("*") if path.is_file()}
                await memory.store_memory("a second thought", id="b")
                assert ids(ask("retrieve_memories", query="second thought", k=1)) == ["b"]
                await memory.update_memory("b", content="a changed opinion")
                assert contents(ask("retrieve_memories", query="changed opinion", k=1)) == ["a changed opinion"]
                await memory.delete_memory("a")
                assert ids(ask("retrieve_memories", query="first word")) == ["b"]
                assert ask("retrieve_memories", query="anything", channel="never seen") == []
                assert ask("stats")["memories"] == 1
                assert ask("store_memory", content="no") == "store_busy"
                assert ask("delete_memory", id="b") == "store_busy"
                assert ask("update_memory", id="b", importance=1) == "store_busy"
                assert ask("said", text="hello there my friends") == "store_busy"
                reader.stdin.close()
                assert reader.wait(30) == 0
            assert {path: path.read_bytes() for path in (tmp_path / "indices").rglob("*") if path.is_file()} == files
            assert ids(await memory.retrieve_memories("changed opinion", k=1)) == ["b"]
        async with opened(tmp_path) as memory:
            with parts(memory).core.spaces.use("default") as space:
                assert space.rebuilt == []
            assert ids(await memory.retrieve_memories("changed opinion", k=1)) == ["b"]

    run(work())


def test_a_reader_with_another_encoder_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("something")
        with pytest.raises(Exception, match="another encoder"):
            async with opened(tmp_path, read_only=True, seed=5):
                pass
        async with opened(tmp_path):
            pass

    run(work())


def test_after_closing_every_call_says_so_and_closing_twice_is_allowed(tmp_path: Path) -> None:
    async def work() -> None:
        memory = system(tmp_path)
        await memory.store_memory("a word")
        assert memory.is_open
        await memory.close()
        await memory.close()
        assert not memory.is_open
        for call in (memory.store_memory("x"), memory.retrieve_memories("x"), memory.stats(), memory.open()):
            with pytest.raises(NotReady, match="closed"):
                await call
        never_opened = system(tmp_path / "other")
        await never_opened.close()
        assert not (tmp_path / "other").exists()

    run(work())


def test_closing_during_calls_answers_or_refuses_each(tmp_path: Path) -> None:
    async def work() -> None:
        memory = system(tmp_path)
        await memory.open()
        calls = [asyncio.ensure_future(memory.store_memory(f"number {n} of many", id=f"n{n}")) for n in range(40)]
        calls += [asyncio.ensure_future(memory.retrieve_memories("number of many")) for _ in range(20)]
        await asyncio.sleep(0)
        await memory.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, str | list | NotReady) for result in results), results
        acknowledged = {result for result in results if isinstance(result, str)}
        async with opened(tmp_path) as again:
            assert (await again.stats())["memories"] == len(acknowledged)

    run(work())


def test_fifty_parallel_writes_and_reads(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:

            async def one(number: int) -> None:
                identifier = await memory.store_memory(f"parallel{number} tells of itself", metadata={"user": f"u{number % 7}"})
                assert ids(await memory.retrieve_memories(f"parallel{number} tells", k=1)) == [identifier]

            await asyncio.gather(*(one(number) for number in range(50)))
            assert (await memory.stats())["memories"] == 50

    run(work())


def test_a_full_store_is_told_and_later_writes_work_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("before it was full", id="a")
            real = Store.write_all

            def full(self: Store, works: Any) -> Any:
                raise StoreFull("the disk is full")

            monkeypatch.setattr(Store, "write_all", full)
            with pytest.raises(StoreFull):
                await memory.store_memory("while it is full", id="b")
            assert ids(await memory.retrieve_memories("before it was full")) == ["a"]
            monkeypatch.setattr(Store, "write_all", real)
            await memory.store_memory("after it was full", id="c")
            assert set(ids(await memory.retrieve_memories("it is full"))) == {"a", "c"}

    run(work())


def test_a_full_map_refuses_writes_and_goes_on_answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"read_only": False, "initial_map_bytes": 2**20, "maximum_map_bytes": 2**20}

    async def work() -> None:
        stored: list[str] = []
        monkeypatch.setattr(Store.__init__, "__kwdefaults__", small)
        async with opened(tmp_path, extract=False) as memory:
            with pytest.raises(StoreFull):
                for number in range(2_000):
                    filler = {"random": random.Random(number).randbytes(7_000).hex()}
                    stored.append(await memory.store_memory(f"number{number} of many", metadata=filler))
            assert (await memory.stats())["memories"] == len(stored) > 20
            assert ids(await memory.retrieve_memories("number3 of many", k=1)) == [stored[3]]
        monkeypatch.setattr(Store.__init__, "__kwdefaults__", {**small, "maximum_map_bytes": 2**22})
        async with opened(tmp_path, extract=False) as memory:
            assert await memory.store_memory("there is room again")
            assert (await memory.stats())["memories"] == len(stored) + 1

    run(work())


def test_searching_never_fails_because_uses_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("a lonely cloud", id="a")
            monkeypatch.setattr("hikari.memory.uses.FLUSH_OVER", 0)
            real = Store.write_all

            def full(self: Store, works: Any) -> Any:
                raise StoreFull("the disk is full")

            monkeypatch.setattr(Store, "write_all", full)
            assert ids(await memory.retrieve_memories("lonely cloud")) == ["a"]
            monkeypatch.setattr(Store, "write_all", real)
            await memory.retrieve_memories("lonely cloud")
            with parts(memory).core.store.read() as view:
                assert view.access(1)[0] == 2

    run(work())


def test_channels_never_see_each_other(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            for channel in ("lamp", "tower"):
                await memory.store_memory(
                    f"my cat is called {channel}cat and i live in osaka", channel=channel, id="same", metadata={"user": "kai"}
                )
                for number in range(5):
                    await memory.store_memory(f"i love {channel} number {number}", channel=channel, metadata={"user": "kai"})
            for channel, other in (("lamp", "tower"), ("tower", "lamp")):
                rows = await memory.retrieve_memories("cat osaka love number", k=50, channel=channel)
                rows += await memory.recent(50, channel=channel)
                rows += await memory.retrieve_memories("cat", k=50, channel=channel, user="kai", filters={"user": "kai"})
                assert {row["channel"] for row in rows} == {channel}
                assert not any(f"{other}" in row["content"] for row in rows)
                assert f"{other}" not in repr(await memory.facts("kai", channel=channel))
                assert f"{other}" not in repr(await memory.related_entities("kai", channel=channel, hops=2))
                assert f"{other}" not in repr(await memory.stats(channel))
                assert (await memory.get_memory("same", channel=channel))["channel"] == channel
                assert (await memory.audit(channel))["records"] == 6
            page = await memory.retrieve_memories("love number", k=2, channel="lamp")
            with pytest.raises(BadInput, match="another query") as caught:
                await memory.retrieve_memories("love number", k=2, channel="tower", cursor=page.cursor)
            assert caught.value.field == "cursor"
            await memory.forget_user("kai", channel="lamp")
            assert (await memory.stats())["channels"] == {"lamp": 0, "tower": 6}
            await memory.delete_memory("same", channel="tower")
            with pytest.raises(NotFound):
                await memory.get_memory("same", channel="lamp")

    run(work())


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


def test_a_batch_that_cannot_be_written_whole_says_which_rows_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened(tmp_path, extract=False) as memory:
            real, calls = Store.write_all, [0]

            def full_later(self: Store, works: Any) -> Any:
                calls[0] += 1
                if calls[0] > 1:
                    raise StoreFull("the disk is full")
                return real(self, works)

            monkeypatch.setattr(Store, "write_all", full_later)
            answers = await memory.store_memories([{"content": f"row {n}"} for n in range(600)])
            monkeypatch.setattr(Store, "write_all", real)
            stored = [answer for answer in answers if isinstance(answer, str)]
            assert len(stored) == 256 == (await memory.stats())["memories"]
            assert {answer["error"]["code"] for answer in answers[256:] if isinstance(answer, dict)} == {"store_full"}

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


def test_updating_and_deleting(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("the harbour is quiet", "preference", {"user": "mika", "mood": 1}, id="a")
            changed = await memory.update_memory(
                "a",
                content="the mountain is loud",
                importance=0.9,
                pinned=True,
                metadata={"mood": 2},
                ttl_s=60,
                memory_type="fact",
            )
            assert changed["expires_at"] == clock.now + 60
            assert (changed["content"], changed["memory_type"], changed["tier"]) == ("the mountain is loud", "fact", "short_term")
            assert changed == await memory.get_memory("a")
            found = await memory.retrieve_memories("loud mountain", k=1, filters={"mood": 2}, explain=True)
            assert ids(found) == ["a"]
            assert (await memory.retrieve_memories("quiet harbour", explain=True))[0]["explain"]["lexical"] == 0
            assert (await memory.update_memory("a", expires_at=None))["expires_at"] is None
            assert await memory.delete_memory("a")
            assert await memory.retrieve_memories("loud mountain") == []
            for call in (memory.get_memory("a"), memory.delete_memory("a"), memory.update_memory("a", importance=0.1)):
                with pytest.raises(NotFound):
                    await call
            assert await memory.store_memory("a new row under the old id", id="a") == "a"

    run(work())


def test_recent_is_the_short_term_ring_in_the_order_of_time(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock, short_term_size=5) as memory:
            for number in (3, 1, 2, 5, 4, 0):
                await memory.store_memory(f"turn {number}", timestamp=START + number, ttl_s=1000 if number == 5 else None)
            assert contents(await memory.recent(3)) == ["turn 3", "turn 4", "turn 5"]
            clock.now = START + 2000
            assert contents(await memory.recent(3)) == ["turn 2", "turn 3", "turn 4"]
            with pytest.raises(BadInput, match="from 1 to 5"):
                await memory.recent(6)

    run(work())


def test_statistics_tell_what_is_there(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memories(
                [{"content": f"row {n}", "memory_type": "long_term" if n % 2 else "fact"} for n in range(6)]
            )
            facts = await memory.stats()
            assert (facts["memories"], facts["tiers"]) == (6, {"short_term": 3, "long_term": 3})
            assert facts["indices"]["default"]["lexical"] == 6
            assert facts["embedding_cache"]["entries"] == 6
            assert facts["notes"] != []
            assert facts["maintenance"]["running"] is False
            assert facts["encoder"]["dimension"] == 96

    run(work())


def test_a_failed_opening_can_be_tried_again(tmp_path: Path) -> None:
    async def work() -> None:
        holder = Store(tmp_path)
        memory = system(tmp_path)
        with pytest.raises(StoreBusy):
            await memory.open()
        holder.close()
        assert await memory.store_memory("it opens now")
        await memory.close()

    run(work())


def test_the_index_of_a_channel_that_cannot_take_a_write_is_opened_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hikari.memory.lexical import LexicalIndex

    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("an ordinary row", id="a")
            real = LexicalIndex.add

            def broken(self: LexicalIndex, *_: Any) -> None:
                monkeypatch.setattr(LexicalIndex, "add", real)
                raise OSError("disk trouble")

            monkeypatch.setattr(LexicalIndex, "add", broken)
            assert await memory.store_memory("a row that the index cannot take", id="b") == "b"
            found = await memory.retrieve_memories("a row that the index cannot take", k=1, explain=True)
            assert ids(found) == ["b"]
            assert found[0]["explain"]["lexical"] > 0

    run(work())


WORDS = ["amber", "bridge", "copper", "delta", "ember", "falcon", "garnet", "harbor"]


class Model(RuleBasedStateMachine):
    """Two channels against a dict: every stored row is found by its words, a deleted one never."""

    rows = Bundle("rows")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model: dict[str, dict[str, str]] = {"one": {}, "two": {}}
        self.number = 0

    def call(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 30))

    @initialize()
    def open(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.memory = system(Path(self.folder.name), extract=False, episodes=False)

    def fresh(self, words: list[str]) -> str:
        self.number += 1
        return f"row{self.number} {' '.join(words)}"

    @rule(target=rows, channel=st.sampled_from(["one", "two"]), words=st.lists(st.sampled_from(WORDS), max_size=4))
    def store(self, channel: str, words: list[str]) -> tuple[str, str]:
        content = self.fresh(words)
        identifier = self.call(self.memory.store_memory(content, channel=channel))
        self.model[channel][identifier] = content
        return channel, identifier

    @rule(row=rows, words=st.lists(st.sampled_from(WORDS), max_size=4))
    def update(self, row: tuple[str, str], words: list[str]) -> None:
        channel, identifier = row
        content = self.fresh(words)
        if identifier in self.model[channel]:
            self.call(self.memory.update_memory(identifier, channel=channel, content=content))
            self.model[channel][identifier] = content
        else:
            with pytest.raises(NotFound):
                self.call(self.memory.update_memory(identifier, channel=channel, content=content))

    @rule(row=rows)
    def delete(self, row: tuple[str, str]) -> None:
        channel, identifier = row
        if self.model[channel].pop(identifier, None) is not None:
            assert self.call(self.memory.delete_memory(identifier, channel=channel))
        with pytest.raises(NotFound):
            self.call(self.memory.get_memory(identifier, channel=channel))

    @rule()
    def reopen(self) -> None:
        self.call(self.memory.close())
        self.memory = system(Path(self.folder.name), extract=False, episodes=False)

    @rule(row=rows)
    def retrieve(self, row: tuple[str, str]) -> None:
        channel, identifier = row
        content = self.model[channel].get(identifier)
        found = self.call(self.memory.retrieve_memories(content or "row", k=200, channel=channel))
        assert {one["id"]: one["content"] for one in found} == self.model[channel]
        if content is not None:
            assert found[0]["id"] == identifier

    @invariant()
    def counts_agree(self) -> None:
        if hasattr(self, "memory"):
            counted = self.call(self.memory.stats())["channels"]
            assert {name: count for name, count in counted.items() if count} == {
                name: len(rows) for name, rows in self.model.items() if rows
            }

    def teardown(self) -> None:
        if hasattr(self, "memory"):
            self.call(self.memory.close())
            self.folder.cleanup()
        self.loop.close()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=5, stateful_step_count=20, deadline=None)


def test_several_event_loops_may_share_one_system(tmp_path: Path) -> None:
    memory = system(tmp_path)
    run(memory.store_memory("from one loop", id="a"))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(run(memory.retrieve_memories("one loop"))))
    thread.start()
    thread.join(30)
    assert ids(found[0]) == ["a"]
    run(memory.close())


def test_the_class_opens_with_its_first_call_and_closes_with_its_block(tmp_path: Path) -> None:
    async def work() -> None:
        async with system(tmp_path) as memory:
            assert isinstance(memory, NeuralMemorySystem)
            assert memory.is_open
        assert not memory.is_open

    run(work())
