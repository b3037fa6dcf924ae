"""Reading conversations in LoCoMo's format: rows in order, dates, captions, evidence, and every mistake by its place."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput
from hikari.memory.locomo import parse, read, when

TALK: dict[str, Any] = {
    "sample_id": "tea-house",
    "conversation": {
        "speaker_a": "Ann",
        "speaker_b": "Ben",
        "session_2_date_time": "12:05 am on 1 March, 2024",
        "session_2": [{"speaker": "Ben", "dia_id": "D2:1", "text": "I bought a piano."}],
        "session_10_date_time": "9:00 am on 2 March, 2024",
        "session_10": [{"speaker": "Ann", "dia_id": "D10:1", "text": "Look!", "blip_caption": "a photo of a kettle"}],
        "session_1_date_time": "3:05 pm on 29 February, 2024",
        "session_1": [
            {"speaker": "Ann", "dia_id": "D1:1", "text": "I moved to Lyon."},
            {"speaker": "Ben", "dia_id": "D1:2", "text": "Nice!"},
        ],
        "session_11_date_time": "9:00 am on 3 March, 2024",
        "session_11": [],
    },
    "qa": [
        {"question": "Where does Ann live?", "category": 4, "evidence": ["D1:1", "D1:1", "D9:9"], "answer": "Lyon"},
        {"question": "Who sails?", "category": 5, "evidence": [], "adversarial_answer": "Ben"},
    ],
}


def changed(*path: Any, value: Any) -> dict[str, Any]:
    """TALK with one value replaced, or removed when the value is `...`."""
    talk = copy.deepcopy(TALK)
    place: Any = talk
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return talk


def test_rows_come_in_the_order_of_speaking_with_times_and_speakers(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text(json.dumps([TALK]))
    (conversation,) = read(path)
    metadata = [row["metadata"] for row in conversation.rows]
    assert [row["source_id"] for row in metadata] == ["D1:1", "D1:2", "D2:1", "D10:1"]
    assert [row["user"] for row in metadata] == ["Ann", "Ben", "Ben", "Ann"]
    assert [row["session"] for row in metadata] == ["1", "1", "2", "10"]
    assert {row["channel"] for row in metadata} == {"tea-house"}
    first = datetime(2024, 2, 29, 15, 5, tzinfo=UTC).timestamp()
    assert [row["timestamp"] for row in metadata[:2]] == [first, first + 1]
    assert sorted(row["timestamp"] for row in metadata) == [row["timestamp"] for row in metadata]


def test_a_caption_becomes_part_of_what_was_said() -> None:
    assert parse(TALK)[0].rows[-1]["content"] == "Look! (shares a photo of a kettle)"
    silent = changed("conversation", "session_10", 0, "text", value=" ")
    assert parse(silent)[0].rows[-1]["content"] == "(shares a photo of a kettle)"


def test_a_turn_without_words_or_caption_is_no_memory() -> None:
    (conversation,) = parse(changed("conversation", "session_1", 1, "text", value="  "))
    assert [row["metadata"]["source_id"] for row in conversation.rows] == ["D1:1", "D2:1", "D10:1"]


def test_evidence_is_resolved_once_and_what_names_no_turn_is_counted() -> None:
    known, unknown = parse(TALK)[0].questions
    assert (known.evidence, known.unresolved, known.category) == (("D1:1",), 1, 4)
    assert (unknown.evidence, unknown.unresolved) == ((), 0)


def test_all_may_go_into_one_channel() -> None:
    assert {row["metadata"]["channel"] for row in parse([TALK], channel="here")[0].rows} == {"here"}


def test_a_conversation_needs_neither_name_nor_questions() -> None:
    talk = {key: value for key, value in TALK.items() if key == "conversation"}
    assert [(one.name, one.questions) for one in parse([talk])] == [("conversation-1", ())]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("3:05 pm on 4 March, 2024", datetime(2024, 3, 4, 15, 5, tzinfo=UTC)),
        ("12:00 AM on 31 December, 2023", datetime(2023, 12, 31, tzinfo=UTC)),
        ("4 March, 2024", datetime(2024, 3, 4, tzinfo=UTC)),
        ("2024-03-04T15:05:00+01:00", datetime(2024, 3, 4, 14, 5, tzinfo=UTC)),
    ],
)
def test_dates_are_utc_unless_they_say_otherwise(date: str, expected: datetime) -> None:
    assert when(date) == expected.timestamp()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([], "holds no conversation"),
        (["x"], "conversation 1 must be an object"),
        ({"sample_id": "a"}, "conversation 1: conversation must be an object"),
        (changed("conversation", value={}), "no session_1"),
        (changed("sample_id", value=7), "sample_id must be a non-empty string"),
        (changed("conversation", "session_1", value="x"), "conversation 1, session 1 must be a list"),
        (changed("conversation", "session_1_date_time", value=...), "session_1_date_time is missing"),
        (changed("conversation", "session_1_date_time", value="secret"), "session 1: the date must look like"),
        (changed("conversation", "session_1", 1, value="x"), "session 1, turn 2 must be an object"),
        (changed("conversation", "session_1", 1, "speaker", value=" "), "session 1, turn 2: speaker must be"),
        (changed("conversation", "session_1", 1, "text", value=3), "session 1, turn 2: text must be a string"),
        (changed("conversation", "session_1", 1, "dia_id", value="D1:1"), "two turns have the same dia_id"),
        (changed("qa", value={}), "conversation 1: qa must be a list"),
        (changed("qa", 0, "question", value=""), "question 1: question must be"),
        (changed("qa", 1, "category", value=True), "question 2: category must be"),
        (changed("qa", 1, "category", value=6), "question 2: category must be"),
        (changed("qa", 0, "evidence", value="D1:1"), "question 1: evidence must be a list"),
        (changed("qa", 0, "evidence", value=[["D1:1"]]), "question 1: evidence must be a list of strings"),
        ([TALK, TALK], "same sample_id"),
    ],
)
def test_mistakes_are_named_by_their_place_and_never_quoted(wrong: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        parse(wrong)
    assert "secret" not in caught.value.message


def test_a_file_that_is_no_json_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(b"\xff{")
    for wrong in (path, tmp_path / "absent.json", tmp_path):
        with pytest.raises(BadInput):
            read(wrong)
