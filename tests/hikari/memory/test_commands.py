"""`hikari memory`: files in and out, searching, reports for people and for programs, forgetting, rebuilding."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hikari.memory.command_line import answer, make_home, make_rows, run, texts

pytestmark = pytest.mark.usefixtures("rules_only")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_home(tmp_path, monkeypatch)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return make_rows(tmp_path)


def test_import_then_search(capsys: pytest.CaptureFixture[str], rows: Path, home: Path) -> None:
    assert answer(capsys, "import", rows) == {"stored": 5, "failed": 0, "errors": []}
    assert (home / "memory" / "data.mdb").is_file()
    assert texts(answer(capsys, "search", "my cat is called Mochi", "--channel", "pets", "-k", "1")) == ["my cat is called Mochi"]
    assert texts(answer(capsys, "search", "the boss fight took me six tries", "-k", 1)) == ["the boss fight took me six tries"]
    assert answer(capsys, "import", rows)["stored"] == 5
    assert answer(capsys, "stats")["memories"] == 5


def test_search_narrows(capsys: pytest.CaptureFixture[str], rows: Path) -> None:
    run(capsys, "import", rows)
    search = ("search", "the", "-k", 10)
    assert texts(answer(capsys, *search, "--user", "kai")) == ["i moved to Osaka in spring"]
    assert texts(answer(capsys, *search, "--since", "3500", "--until", "1970-01-01T01:20:00Z")) == [
        "the boss fight took me six tries"
    ]
    assert texts(answer(capsys, *search, "--as-of", 2_500)) == ["i moved to Osaka in spring"]
    assert texts(answer(capsys, *search, "--filter", '{"n": {"in": [3]}}')) == ["the boss fight took me six tries"]
    assert answer(capsys, *search, "--type", "episodic") == []
    assert "similarity" in answer(capsys, *search, "--explain")[0]["explain"]


def test_search_is_readable(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text(
        json.dumps({"content": "red \x1b[31m fox", "user": "ann\x1b[0m", "metadata": {"user": "ann\x1b[0m"}, "timestamp": 0})
    )
    run(capsys, "import", source)
    code, out, err = run(capsys, "search", "fox", "--explain")
    assert (code, err) == (0, "")
    first, about, parts = out.splitlines()
    assert first.split()[0] == "1"
    assert "fox" in first
    assert "1970-01-01 00:00 UTC" in about
    assert "similarity" in parts
    assert "\x1b" not in out
    assert run(capsys, "search", "fox", "--channel", "none")[1] == "nothing found\n"


def test_export_and_import_into_another_store(capsys: pytest.CaptureFixture[str], rows: Path, tmp_path: Path) -> None:
    run(capsys, "import", rows)
    target = tmp_path / "out.jsonl"
    assert answer(capsys, "export", target) == {"memories": 5, "output": str(target)}
    other = ("--store", tmp_path / "other")
    assert answer(capsys, "import", target, *other)["stored"] == 5
    assert answer(capsys, "stats", *other)["channels"] == answer(capsys, "stats")["channels"]
    again = tmp_path / "again.jsonl"
    run(capsys, "export", again, *other)
    assert again.read_text() == target.read_text()
    only = tmp_path / "pets.jsonl"
    assert answer(capsys, "export", only, "--channel", "pets")["memories"] == 2
    assert {json.loads(line)["channel"] for line in only.read_text().splitlines()} == {"pets"}


def test_import_into_one_channel(capsys: pytest.CaptureFixture[str], rows: Path) -> None:
    assert answer(capsys, "import", rows, "--channel", "all")["stored"] == 5
    assert answer(capsys, "stats")["channels"] == {"all": 5}


def test_bad_lines_are_counted_and_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"content": "a good line"}\n{"content": ""}\nno json\n')
    outcome = answer(capsys, "import", source)
    assert (outcome["stored"], outcome["failed"]) == (1, 2)
    assert [row["line"] for row in outcome["errors"]] == [2, 3]
    code, out, _ = run(capsys, "import", source)
    assert code == 0
    assert out.splitlines()[0] == "1 memories stored, 2 not stored"
    assert "line 2: content must" in out


def test_a_file_without_one_memory_exits_with_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"text": "not ours"}\n')
    assert answer(capsys, "import", source, code=2)["failed"] == 1


def conversation(name: str, texts: list[str]) -> dict[str, Any]:
    turns = [
        {"speaker": ("Ann", "Ben")[number % 2], "dia_id": f"D1:{number + 1}", "text": text} for number, text in enumerate(texts)
    ]
    return {"sample_id": name, "conversation": {"session_1_date_time": "3:05 pm on 4 March, 2024", "session_1": turns}, "qa": []}


@pytest.mark.parametrize("indent", [None, 2])
def test_conversations_become_channels(capsys: pytest.CaptureFixture[str], tmp_path: Path, indent: int | None) -> None:
    source = tmp_path / "talks.json"
    talks = [
        conversation("one", ["i adopted a greyhound", "what is its name?", "Comet"]),
        conversation("two", ["i paint", "nice", ""]),
    ]
    source.write_text(json.dumps(talks, indent=indent))
    outcome = answer(capsys, "import", source)
    assert (outcome["stored"], outcome["failed"], outcome["channels"]) == (5, 0, ["one", "two"])
    assert answer(capsys, "import", source)["stored"] == 5
    assert answer(capsys, "stats")["channels"] == {"one": 3, "two": 2}
    found = answer(capsys, "search", "i adopted a greyhound", "--channel", "one", "-k", 1)
    assert found[0]["metadata"]["user"] == "Ann"
    assert found[0]["metadata"]["source_id"] == "D1:1"
    source.write_text(json.dumps(talks[0], indent=indent))
    assert answer(capsys, "import", source, "--channel", "mine")["channels"] == ["mine"]
    assert answer(capsys, "search", "greyhound", "--channel", "mine", "-k", 1)


def test_the_format_can_be_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "talks.json"
    source.write_text(json.dumps(conversation("one", ["i paint"])))
    assert answer(capsys, "import", source, "--format", "jsonl", code=2)["failed"] == 1
    assert answer(capsys, "import", source, "--format", "locomo")["stored"] == 1
    source.write_text('{"content": "a line"}\n')
    assert answer(capsys, "import", source, "--format", "locomo", code=2)["error"]["code"] == "bad_input"


def test_audit_reports_and_exits_with_0(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    lines = [{"content": "everyone spam this line now", "user": f"viewer{n}", "timestamp": n, "id": f"m{n}"} for n in range(3)]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(capsys, "import", source)
    report = answer(capsys, "audit")
    assert report["records"] >= 1
    code, out, err = run(capsys, "audit")
    assert (code, err) == (0, "")
    assert out.startswith(f"{report['records']} memories of {report['users']} viewers")
    assert "spam this line" not in out
    for name, finding in report["findings"].items():
        assert (name.replace("_", " ") in out) == bool(finding["count"]), name


def test_statistics_are_readable(capsys: pytest.CaptureFixture[str], rows: Path) -> None:
    run(capsys, "import", rows)
    code, out, err = run(capsys, "stats")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("5 memories in 2 channels, ")
    assert "default 3, pets 2" in out


def test_forget_user_asks_first(capsys: pytest.CaptureFixture[str], rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(capsys, "import", rows)
    for reply in ("n\n", "", "yess\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(reply))
        code, out, err = run(capsys, "forget-user", "kai")
        assert (code, out) == (1, "")
        assert "kai from all channels" in err
        assert err.endswith("nothing was removed\n")
    assert answer(capsys, "stats")["memories"] == 5
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    code, out, _ = run(capsys, "forget-user", "kai")
    assert code == 0
    assert "2 memories" in out
    assert answer(capsys, "stats")["memories"] == 3


def test_forget_user_without_asking(capsys: pytest.CaptureFixture[str], rows: Path, home: Path) -> None:
    run(capsys, "import", rows)
    held = [file for file in home.rglob("*") if file.is_file() and b"mochi" in file.read_bytes().lower()]
    assert held
    report = answer(capsys, "forget-user", "kai", "--channel", "pets")
    assert report["memories"] == 1
    assert not [file for file in home.rglob("*") if file.is_file() and b"mochi" in file.read_bytes().lower()]
    code, out, err = run(capsys, "forget-user", "kai", "--yes")
    assert (code, err) == (0, "")
    assert out.startswith("removed: 1 memories")


def test_rebuild_repairs_a_damaged_index(capsys: pytest.CaptureFixture[str], rows: Path, home: Path) -> None:
    run(capsys, "import", rows)
    for file in (home / "memory" / "indices").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    counts = answer(capsys, "rebuild")
    assert counts["channels"] == 2
    assert counts["memories"] == 5
    code, out, err = run(capsys, "rebuild", "--channel", "pets")
    assert (code, err) == (0, "")
    assert out.startswith("the indices of 1 channels")
    assert texts(answer(capsys, "search", "my cat is called Mochi", "--channel", "pets", "-k", 1)) == ["my cat is called Mochi"]
