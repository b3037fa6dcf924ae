"""One writer, many readers; errors as values; nothing that was accepted is lost at the end."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput, StoreBusy
from hikari.memory.config import MemoryConfig
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.system import NeuralMemorySystem
from hikari.settings import Settings
from serving.memory_runner import LONG, READS, WRITES, WRITES_AT_ONCE, MemoryRunner, knowledge_path
from serving.shipped import INDICES

QUIET = MemoryConfig(maintenance=False, extract=False)


def memory(folder: Path, embedder: Any = None) -> NeuralMemorySystem:
    return NeuralMemorySystem(folder / "memory", embedder=embedder or HashEmbedder(), config=QUIET)


def call(method: str, **arguments: Any) -> Any:
    return {"method": method, "arguments": arguments}


def test_outcomes_come_in_order_and_are_plain_values(tmp_path: Path) -> None:
    async def scenario() -> None:
        runner = MemoryRunner(lambda: memory(tmp_path))
        assert not runner.is_ready
        await runner.open()
        assert runner.is_ready
        texts = ["my cat is called Mochi", "my dog is called Rex", "my snake is called Noodle"]
        stored = await runner.run([call("store_memory", content=text, user="kai", channel="pets") for text in texts])
        assert len({outcome["answer"] for outcome in stored}) == 3
        outcomes = await runner.run(
            [
                call("retrieve_memories", query="the cat", k=1, channel="pets"),
                call("get_memory", id="nothing"),
                call("get_memory", id=stored[1]["answer"], channel="pets"),
                call("retrieve_memories", query=" "),
                call("recent", channel="pets"),
            ]
        )
        assert [row["content"] for row in outcomes[0]["answer"]] == texts[:1]
        assert isinstance(outcomes[0]["cursor"], str)
        assert outcomes[1]["error"]["code"] == "not_found"
        assert outcomes[2]["answer"]["content"] == texts[1]
        assert outcomes[3]["error"] == {**outcomes[3]["error"], "code": "bad_input", "field": "query"}
        assert [row["content"] for row in outcomes[4]["answer"]] == texts
        assert json.loads(json.dumps(outcomes)) == outcomes
        await runner.close()
        assert not runner.is_ready
        await runner.close()

    asyncio.run(scenario())


def test_before_it_is_open_and_after_it_was_closed_nothing_is_ready(tmp_path: Path) -> None:
    async def scenario() -> list[Any]:
        runner = MemoryRunner(lambda: memory(tmp_path))
        before = await runner.run([call("stats")])
        await runner.open()
        await runner.close()
        return before + await runner.run([call("stats")])

    assert [outcome["error"]["code"] for outcome in asyncio.run(scenario())] == ["not_ready"] * 2


def test_an_unknown_method_is_an_error_and_nothing_private_can_be_called(tmp_path: Path) -> None:
    async def scenario() -> list[Any]:
        return await MemoryRunner(lambda: memory(tmp_path)).run(
            [call("close"), call("_run"), call("export_memories", path="x"), call("")]
        )

    assert [outcome["error"]["field"] for outcome in asyncio.run(scenario())] == ["method"] * 4


def test_every_method_belongs_to_one_lane_and_exists() -> None:
    assert not READS & WRITES | READS & LONG | WRITES & LONG
    for method in (READS | WRITES | LONG) - {"reload_knowledge"}:
        assert callable(getattr(NeuralMemorySystem, method))


READERS = 20


class Counting(NeuralMemorySystem):
    """Counts the calls that are inside at once; they wait until `release` is set."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, embedder=HashEmbedder(), config=QUIET)
        self.inside: dict[str, int] = {}
        self.all_reading, self.release = asyncio.Event(), asyncio.Event()

    async def _held(self, name: str) -> dict[str, Any]:
        self.inside[name] = self.inside.get(name, 0) + 1
        if self.inside.get("read") == READERS:
            self.all_reading.set()
        await self.release.wait()
        return {}

    async def consolidate(self, channel: str | None = None) -> dict[str, Any]:
        return await self._held("long")

    async def audit(self, channel: str | None = None) -> dict[str, Any]:
        return await self._held("long")

    async def said(self, text: str, **_: Any) -> None:  # type: ignore[override]
        await self._held("write")

    async def contradictions(self, *, channel: str = "default") -> list[dict[str, Any]]:
        await self._held("read")
        return []


def test_long_calls_go_one_by_one_and_writes_leave_room_for_readers(tmp_path: Path) -> None:
    async def scenario() -> None:
        held = Counting(tmp_path / "memory")
        runner = MemoryRunner(lambda: held)
        await runner.open()
        calls = [call("consolidate"), call("audit"), call("consolidate")]
        calls += [call("said", text="hello")] * (3 * WRITES_AT_ONCE) + [call("contradictions")] * READERS
        running = asyncio.create_task(runner.run(calls))
        await held.all_reading.wait()
        assert held.inside == {"long": 1, "write": WRITES_AT_ONCE, "read": READERS}
        held.release.set()
        assert all("answer" in outcome for outcome in await running)
        assert held.inside == {"long": 3, "write": 3 * WRITES_AT_ONCE, "read": READERS}
        await runner.close()

    asyncio.run(scenario())


class Slow(HashEmbedder):
    """Embeds when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def embed(self, texts: Sequence[str], /) -> Any:
        self.begun.set()
        assert self.go.wait(30)
        return super().embed(texts)


def test_what_was_begun_is_finished_when_nobody_waits_any_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        slow = Slow()
        runner = MemoryRunner(lambda: memory(tmp_path, slow))
        await runner.open()
        asking = asyncio.create_task(runner.run([call("store_memory", content="the password of the day is tangerine")]))
        await asyncio.to_thread(slow.begun.wait, 30)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        closing = asyncio.create_task(runner.close())
        await asyncio.sleep(0)
        assert not closing.done()
        slow.go.set()
        await closing
        again = MemoryRunner(lambda: memory(tmp_path))
        await again.open()
        found = await again.run([call("retrieve_memories", query="password of the day")])
        assert [row["content"] for row in found[0]["answer"]] == ["the password of the day is tangerine"]
        await again.close()

    asyncio.run(scenario())


def test_an_unexpected_error_is_no_outcome(tmp_path: Path) -> None:
    class Broken(NeuralMemorySystem):
        async def stats(self, channel: str | None = None) -> dict[str, Any]:
            raise ZeroDivisionError

    async def scenario() -> None:
        runner = MemoryRunner(lambda: Broken(tmp_path / "memory", embedder=HashEmbedder(), config=QUIET))
        await runner.open()
        with pytest.raises(ZeroDivisionError):
            await runner.run([call("stats")])
        await runner.close()

    asyncio.run(scenario())


HOLD = """
import sys
from pathlib import Path
from hikari.memory.store import Store
store = Store(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_store_that_another_process_writes_is_busy(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "memory")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        async def scenario() -> None:
            runner = MemoryRunner(lambda: memory(tmp_path))
            with pytest.raises(StoreBusy, match="open for writing elsewhere"):
                await runner.open()
            assert not runner.is_ready
            await runner.close()

        asyncio.run(scenario())
    finally:
        holder.communicate("")


def settings(home: Path) -> Settings:
    return Settings.read({"HIKARI_HOME": str(home)})


def test_a_knowledge_set_is_named_below_the_indices(tmp_path: Path) -> None:
    for name in ("knowledge", "spring"):
        (tmp_path / INDICES / name).mkdir(parents=True)
    assert knowledge_path(None, settings(tmp_path)) == tmp_path / INDICES / "knowledge"
    assert knowledge_path("spring", settings(tmp_path)) == tmp_path / INDICES / "spring"
    assert knowledge_path(str(tmp_path / INDICES / "spring"), settings(tmp_path)) == tmp_path / INDICES / "spring"
    assert knowledge_path("absent", settings(tmp_path)) == tmp_path / INDICES / "absent"


@pytest.mark.parametrize("path", ["/etc", "..", "../..", "knowledge/../../memory", "", " ", "a" * 300, "a\x00b", "ä" * 200, 7])
def test_no_path_leads_out_of_them(tmp_path: Path, path: Any) -> None:
    (tmp_path / INDICES).mkdir()
    with pytest.raises(BadInput) as caught:
        knowledge_path(path, settings(tmp_path))
    assert caught.value.field == "path"


def test_no_link_leads_out_of_them(tmp_path: Path) -> None:
    (tmp_path / INDICES).mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / INDICES / "link").symlink_to(tmp_path / "elsewhere")
    assert knowledge_path("link", settings(tmp_path)).resolve() != tmp_path / "elsewhere"
    with pytest.raises(BadInput):
        knowledge_path(str(tmp_path / INDICES / "link"), settings(tmp_path))
