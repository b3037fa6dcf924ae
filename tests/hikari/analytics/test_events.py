from typing import Any

import pytest

from hikari.analytics.events import ChatEvent, chat_event, check_event, viewer_count
from hikari.errors import BadInput

GOOD = {
    "timestamp": 60.0,
    "username": "ann",
    "message": "hi",
    "sentiment": -0.5,
    "emotion": "joy",
    "toxicity": 0.25,
    "question": False,
}


def test_a_row_becomes_an_event() -> None:
    assert chat_event(GOOD) == ChatEvent(60.0, "ann", "hi", -0.5, "joy", 0.25, False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("timestamp", bad) for bad in (None, True, float("nan"), float("inf"), 1.7e12, "yesterday", [])),
        *(("username", bad) for bad in (None, "", "  ", 3, "\ud800", "x" * 300)),
        *(("message", bad) for bad in (None, "", 3, "\u200d", "x" * 20_001)),
        *(("sentiment", bad) for bad in (1.1, -1.1, float("nan"), "0", True)),
        *(("emotion", bad) for bad in ("happy", 1, [])),
        *(("toxicity", bad) for bad in (-0.1, 1.1, float("nan"))),
        *(("question", bad) for bad in (1, "yes")),
    ],
)
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        chat_event({**GOOD, field: value})
    assert caught.value.field == field


@pytest.mark.parametrize(
    "event",
    [
        ChatEvent(float("nan"), "ann", "hi"),
        ChatEvent(True, "ann", "hi"),
        ChatEvent(10**30, "ann", "hi"),
        ChatEvent(0.0, "", "hi"),
        ChatEvent(0.0, None, "hi"),  # type: ignore[arg-type]
        ChatEvent(0.0, "ann", b"hi"),  # type: ignore[arg-type]
        ChatEvent(0.0, "ann", "hi", sentiment=float("nan")),
    ],
)
def test_an_event_made_by_hand_is_checked_before_it_is_counted(event: ChatEvent) -> None:
    with pytest.raises(BadInput):
        check_event(event)


def test_viewers_are_optional_and_checked() -> None:
    assert viewer_count({}) is None
    assert viewer_count({"viewer_count": 3}) == 3.0
    for bad in (-1, float("nan"), True, "3", 1e12):
        with pytest.raises(BadInput):
            viewer_count({"viewer_count": bad})
