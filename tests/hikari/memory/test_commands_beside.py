"""`hikari memory` beside a writer, where something is missing or wrong, and at a terminal."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hikari.cli import main
from hikari.memory.embedder import OnnxEmbedder
from tests.hikari.memory.command_line import OPEN, answer, make_home, make_rows, run, texts

pytestmark = pytest.mark.usefixtures("rules_only")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_home(tmp_path, monkeypatch)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return make_rows(tmp_path)


LIGHTHOUSE = "written by the holder: a purple lighthouse"
HOLD = f"""
import asyncio, sys
from hikari.memory.config import MemoryConfig
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.system import NeuralMemorySystem

async def hold():
    async with NeuralMemorySystem(embedder=HashEmbedder(), config=MemoryConfig(extract=False)) as memory:
        await memory.store_memory("{LIGHTHOUSE}")
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print([row["content"] for row in await memory.retrieve_memories("{LIGHTHOUSE}", 1)], flush=True)

asyncio.run(hold())
"""


@contextmanager
def held(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the store open for writing, as a server does."""
    environment = {**os.environ, "HIKARI_HOME": str(home)}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        out, _ = holder.communicate("\n")
        assert out == f"{[LIGHTHOUSE]}\n"
        assert holder.returncode == 0
    finally:
        holder.kill()
        holder.wait()


def snapshot(folder: Path) -> dict[str, bytes]:
    # LMDB notes its readers in lock.mdb.
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.name != "lock.mdb"}


def test_reading_works_beside_a_writer_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], rows: Path, home: Path, tmp_path: Path
) -> None:
    run(capsys, "import", rows)
    with held(home):
        before = snapshot(home / "memory")
        found = answer(capsys, "search", LIGHTHOUSE, "-k", 1)
        assert texts(found) == [LIGHTHOUSE]
        assert answer(capsys, "stats")["memories"] == 6
        assert answer(capsys, "audit")["records"] == 6
        assert answer(capsys, "export", tmp_path / "out.jsonl")["memories"] == 6
        assert snapshot(home / "memory") == before
        for arguments in (("import", rows), ("forget-user", "kai"), ("rebuild",)):
            error = answer(capsys, *arguments, code=2)["error"]
            assert error["code"] == "store_busy"
            assert "over HTTP" in error["message"]
        assert snapshot(home / "memory") == before


def test_a_look_is_no_use(capsys: pytest.CaptureFixture[str], rows: Path, tmp_path: Path) -> None:
    run(capsys, "import", rows)
    for _ in range(3):
        answer(capsys, "search", "Mochi", "--channel", "pets")
    run(capsys, "export", tmp_path / "out.jsonl")
    assert not any("uses" in json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines())


@pytest.mark.parametrize("action", [("search", "x"), ("stats",), ("audit",), ("export", "out.jsonl")])
@pytest.mark.parametrize("flag", [(), ("--json",)])
def test_no_store_exits_with_2_and_makes_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, action: tuple[str, ...], flag: tuple[str, ...]
) -> None:
    code, out, err = run(capsys, *action, "--store", tmp_path / "none", *flag)
    assert code == 2
    assert "there is no memory store in" in out + err
    assert not (tmp_path / "none").exists()
    if flag:
        assert json.loads(out)["error"]["code"] == "not_ready"
        assert err == ""


def test_no_embedder_exits_with_2_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str], rows: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "import", rows)
    monkeypatch.setattr(OnnxEmbedder, "open", OPEN)
    (home / "models" / "embedder").mkdir(parents=True)
    (home / "models" / "embedder" / "manifest.json").write_text("{}")
    for arguments in (("search", "x"), ("import", rows)):
        assert answer(capsys, *arguments, code=2)["error"]["code"] == "bad_bundle"
    assert run(capsys, "search", "x")[2].startswith("hikari: ")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("search", " "), "query"),
        (("search", "x", "-k", "0"), "k"),
        (("search", "x", "--since", "yesterday"), "since"),
        (("search", "x", "--filter", "[1]"), "filters"),
        (("search", "x", "--filter", "{"), "filters"),
        (("search", "x", "--filter", '{"a": {"like": 1}}'), "filters"),
        (("search", "x", "--channel", ""), "channel"),
        (("import", "nowhere.jsonl"), "FILE"),
        (("forget-user", ""), "user"),
    ],
)
def test_wrong_input_exits_with_2_and_names_the_field(
    capsys: pytest.CaptureFixture[str], rows: Path, arguments: tuple[str, ...], field: str
) -> None:
    run(capsys, "import", rows)
    assert answer(capsys, *arguments, code=2)["error"]["field"] == field


def test_a_folder_is_no_file(capsys: pytest.CaptureFixture[str], rows: Path, tmp_path: Path) -> None:
    run(capsys, "import", rows)
    assert answer(capsys, "export", tmp_path, code=2)["error"]["field"] == "FILE"
    assert answer(capsys, "import", tmp_path, code=2)["error"]["field"] == "FILE"


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("flag", "shown"), [((), True), (("--json",), False)])
def test_a_terminal_sees_a_progress_bar(rows: Path, monkeypatch: pytest.MonkeyPatch, flag: tuple[str, ...], shown: bool) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["memory", "import", str(rows), *flag]) == 0
    assert ("importing" in terminal.getvalue()) == shown


def test_no_progress_bar_without_a_terminal(capsys: pytest.CaptureFixture[str], rows: Path) -> None:
    assert run(capsys, "import", rows)[2] == ""


@pytest.mark.parametrize("arguments", [[], ["dance"], ["search"], ["import"], ["forget-user"], ["search", "x", "-k", "many"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["memory", *arguments])
    assert caught.value.code == 2
    assert "usage: hikari memory" in capsys.readouterr().err
