"""What becomes a memory: applause does not, what people say of themselves does; the same message has the same id for ever."""

from typing import Any

import pytest

from hikari.stream.remembering import ORDINARY, PAID, QUESTION, SELF, STRONG, MemoryPolicy, memory_id, memory_row
from tests.hikari.stream.parts import NOW, analysis, message


def decide(text: str, *, user: str = "ann", paid: bool = False, symbols: int = 0, **facts: Any) -> float | str:
    read = analysis(text, **facts)
    if symbols:
        read["sentiment"]["emoji"] = {"score": 1.0, "symbols": [{"name": str(number)} for number in range(symbols)]}
    return MemoryPolicy().decide(message(text, user, paid=paid), read)


@pytest.mark.parametrize(
    ("text", "facts", "decision"),
    [
        ("!discord please show me the link", {}, "command"),
        ("Thanks for the follow, enjoy your stay", {"user": "StreamElements"}, "bot"),
        ("you are the worst of all people", {"toxic": True}, "toxic"),
        ("?!?! ... !!", {}, "no_words"),
        ("KEKW PogChamp LULW", {"symbols": 3}, "only_emotes"),
        ("nice one", {}, "small_talk"),
        ("go go go go go go", {}, "small_talk"),
        ("my cat is called Mochi", {}, SELF),
        ("i'm from Brazil", {}, SELF),
        ("do you like ramen", {"asks": True}, QUESTION),
        ("this boss fight is way too long", {}, ORDINARY),
        ("this was the best stream of all", {"score": 0.8}, STRONG),
        ("gg", {"paid": True}, PAID),
        ("今日はとても楽しかったです", {}, ORDINARY),
    ],
)
def test_decisions(text: str, facts: dict[str, Any], decision: float | str) -> None:
    assert decide(text, **facts) == decision


def test_the_same_words_of_the_same_viewer_make_one_memory_an_hour() -> None:
    policy = MemoryPolicy()
    said = "my cat is called Mochi"
    assert policy.decide(message(said), analysis(said)) == SELF
    assert policy.decide(message("My  cat is called Mochi"), analysis(said)) == SELF
    assert policy.decide(message(said.upper(), timestamp=NOW + 60), analysis(said)) == "repeated"
    assert policy.decide(message(said, "bo"), analysis(said)) == SELF
    assert policy.decide(message(said, timestamp=NOW + 3_700), analysis(said)) == SELF
    policy.clear()
    assert policy.decide(message(said, timestamp=NOW + 3_701), analysis(said)) == SELF


def test_a_row_says_where_it_comes_from_and_its_id_follows_from_the_message() -> None:
    said = message("my cat is called Mochi", id=7, roles=("vip",), channel="mika")
    row = memory_row(said, analysis(said.text), SELF)
    assert row == {
        "id": memory_id(said), "content": said.text, "memory_type": "conversation", "channel": "mika", "user": "ann", "timestamp": NOW,
        "importance": SELF, "metadata": {"user": "ann", "sentiment": 0.1, "emotion": "neutral", "platform_id": 7, "roles": ["vip"]},
    }  # fmt: skip
    assert memory_id(said) == memory_id(message("my cat is called Mochi", id=7, channel="mika"))
    assert len({memory_id(message(said.text, id=number)) for number in (7, "7", 8)}) == 3
