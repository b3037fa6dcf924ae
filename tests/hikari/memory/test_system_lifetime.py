"""The life of an open memory: its first call, its closing, a killed process, a second writer, readers beside it, event loops."""

import asyncio
import inspect
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import NotFound, NotReady, StoreBusy
from hikari.memory.store import Store
from hikari.memory.system import NeuralMemorySystem
from tests.hikari.memory.systems import DAY, START, contents, ids, opened, parts, run, system

pytestmark = pytest.mark.usefixtures("rules_only")
ROOT = Path(__file__).parents[3]


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
