"""The documented format is read as documented, mistakes are listed by line, public votes become majority labels."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.external import ExternalDataError, read_jsonl, twitch_sentiment_labels


def write(folder: Path, *rows: Any) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return file


def mirror(folder: Path, votes: list[tuple[str, str]]) -> Path:
    (folder / "twitch_sentiment_labels").mkdir(parents=True, exist_ok=True)
    path = folder / "twitch_sentiment_labels" / "Twitch_Sentiment_Labels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "sentiment"])
        writer.writerows(votes)
    return folder


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


def test_the_majority_labels_a_message_and_ties_are_left_out(tmp_path: Path) -> None:
    votes = [
        ("gg", "Positive"), ("gg", "positive"), ("gg", "negative"),
        ("tie", "positive"), ("tie", "negative"),
        ("triple", "positive"), ("triple", "negative"), ("triple", "neutral"),
        ("once, with a comma", "NEUTRAL"),
        (" spaced ", "negative"), ("spaced", "negative"), ("spaced", "positive"),
        ("", "positive"),
    ]  # fmt: skip
    assert twitch_sentiment_labels(mirror(tmp_path, votes)) == [
        {"text": "gg", "sentiment": "positive"},
        {"text": "once, with a comma", "sentiment": "neutral"},
        {"text": "spaced", "sentiment": "negative"},
    ]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["negative", "neutral", "positive"])), max_size=25))
def test_a_label_is_given_exactly_when_it_has_more_votes_than_any_other(
    tmp_path_factory: pytest.TempPathFactory, votes: list[tuple[str, str]]
) -> None:
    rows = twitch_sentiment_labels(mirror(tmp_path_factory.mktemp("mirror"), votes))
    assert rows is not None
    found = {row["text"]: row["sentiment"] for row in rows}
    assert len(found) == len(rows)
    for text in "abc":
        counts = {label: votes.count((text, label)) for label in ("negative", "neutral", "positive")}
        winners = [label for label, count in counts.items() if count and count == max(counts.values())]
        assert found.get(text) == (winners[0] if len(winners) == 1 else None)


def test_without_the_public_set_there_is_nothing(tmp_path: Path) -> None:
    assert twitch_sentiment_labels(tmp_path) is None
