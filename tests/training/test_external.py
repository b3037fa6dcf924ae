"""The documented format is read as documented, mistakes are listed by line, public votes become majority labels."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.external import ExternalDataError, read_jsonl


def write(folder: Path, *rows: Any) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return file


def test_each_form_of_toxicity_is_understood(tmp_path: Path) -> None:
    rows = read_jsonl(
        write(
            tmp_path,
            {"text": "a", "toxicity": True},
            {"text": "b", "toxicity": False},
            {"text": "c", "toxicity": ["toxic", "threat"]},
            {"text": "d", "toxicity": []},
            {"text": "e"},
            {"text": "f", "toxicity": None},
        )
    )
    assert [row["toxicity"] for row in rows] == [["toxic"], [], ["toxic", "threat"], [], None, None]


def test_rows_keep_the_labels_they_have_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    given_rows = ({"text": "a", "sentiment": "positive"}, "", "   ", {"text": "b", "emotion": "joy", "question": True})
    first, second = read_jsonl(write(tmp_path, *given_rows))
    assert (first["text"], first["sentiment"]) == ("a", "positive")
    assert (second["emotion"], second["question"], second.get("sentiment")) == ("joy", True, None)


def test_every_mistake_is_listed_with_its_line(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {"text": "fine"},
        "{broken",
        "",
        {"sentiment": "positive"},
        {"text": 7},
        ["text"],
        {"text": "a", "sentiment": "good"},
        {"text": "a", "emotion": "hunger"},
        {"text": "a", "toxicity": ["rude"]},
        {"text": "a", "toxicity": "toxic"},
        {"text": "fine too", "emotion": "fear"},
    )
    with pytest.raises(ExternalDataError) as caught:
        read_jsonl(file)
    message = str(caught.value).removeprefix(f"{file}: ")
    said = dict(part.split(": ", 1) for part in message.split("; "))
    assert set(said) == {f"line {number}" for number in (2, 4, 5, 6, 7, 8, 9, 10)}
    assert said["line 2"] == "not JSON"
    assert said["line 4"] == said["line 5"] == said["line 6"] == "needs `text`"
    assert said["line 7"].startswith("sentiment must be one of negative")
    assert said["line 8"].startswith("emotion must be one of anger")
    assert said["line 9"] == said["line 10"]
    assert "true, false or a list of toxic" in said["line 9"]


def test_a_flood_of_mistakes_is_cut_and_counted(tmp_path: Path) -> None:
    with pytest.raises(ExternalDataError, match=r"line 20: .* and 15 more$") as caught:
        read_jsonl(write(tmp_path, *["{"] * 35))
    assert "line 21" not in str(caught.value)


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExternalDataError, match="holds no rows"):
        read_jsonl(write(tmp_path, "", "  "))
