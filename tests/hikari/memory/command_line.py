"""Calling `hikari memory` in tests: a home of the test's own, rows to import, answers decoded."""

import json
from pathlib import Path
from typing import Any

import pytest

from hikari.cli import main
from hikari.memory.embedder import OnnxEmbedder
from hikari.memory.hash_embedder import HashEmbedder

TEXTS = [
    ("kai", "my cat is called Mochi", 1_000, "pets"),
    ("kai", "i moved to Osaka in spring", 2_000, "default"),
    ("mika", "my dog is called Rex", 3_000, "pets"),
    ("mika", "the boss fight took me six tries", 4_000, "default"),
    ("bo", "write to bo at bo.example@example.org", 5_000, "default"),
]
OPEN = OnnxEmbedder.__dict__["open"]
"""The real one, for tests that want it back."""


def make_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the live data lie; texts are embedded by their words, which needs no bundle."""
    monkeypatch.setenv("HIKARI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(OnnxEmbedder, "open", HashEmbedder)
    return tmp_path / "home"


def make_rows(tmp_path: Path) -> Path:
    """`TEXTS` as a file to import."""
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {
                    "id": f"m{number}",
                    "content": text,
                    "timestamp": time,
                    "channel": channel,
                    "metadata": {"user": user, "n": number},
                }
            )
            + "\n"
            for number, (user, text, time, channel) in enumerate(TEXTS)
        )
    )
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["memory", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def answer(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> Any:
    found, out, err = run(capsys, *arguments, "--json")
    assert (found, err) == (code, ""), out
    return json.loads(out)


def texts(found: list[dict[str, Any]]) -> list[str]:
    return [row["content"] for row in found]
