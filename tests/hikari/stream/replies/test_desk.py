"""The desk: what is chosen and why, how the loop closes, and what a question may ask."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput, TooLarge
from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.desk import ReplyDesk
from hikari.stream.replies.tokens import estimate
from tests.hikari.stream.replies.chat import crowd
from tests.hikari.stream.replies.desks import Desk, run


def test_a_question_by_name_comes_before_a_question_before_talk() -> None:
    desk = Desk()
    desk.hear("that boss was so hard", "ann")
    desk.hear("who made the music?", "bo")
    desk.hear("@Mika when do you play celeste?", "cy")
    desk.hear("@bo did you see that jump?", "di")
    assert desk.texts(k=3) == ["@Mika when do you play celeste?", "who made the music?", "@bo did you see that jump?"]
    first, second, third = desk.next(k=3)["replies"]
    assert first["reasons"][0] == "asks the VTuber by name"
    assert "a question" in second["reasons"]
    assert "a question" not in third["reasons"]
    assert first["parts"]["question"] > second["parts"]["question"] > third["parts"]["question"]


def test_the_parts_are_all_there_and_make_the_score() -> None:
    desk = Desk()
    desk.hear("what game is this?", paid=True, roles=("moderator",))
    (reply,) = desk.next(context="some game with a boss")["replies"]
    names = {"question", "relevance", "novelty", "fairness", "safety", "memory", "paid", "role", "age", "recommendation"}
    assert set(reply["parts"]) == names
    assert all(0 <= value <= 1 for value in reply["parts"].values())
    part = reply["parts"]
    want = (
        0.34 * part["question"] + 0.22 * part["paid"] + 0.16 * part["relevance"] + 0.12 * part["recommendation"] + 0.08 * part["role"]
        + 0.08 * part["memory"]
    )  # fmt: skip
    assert reply["score"] == pytest.approx(want * part["novelty"] * part["age"] * part["safety"] * part["fairness"], abs=2e-4)
    assert {"paid for", "from a moderator", "about what is on", "not answered yet"} <= set(reply["reasons"])
    assert reply["priority"] == "high"
    json.dumps(reply)


def test_what_is_on_stream_and_what_was_just_said_are_relevant() -> None:
    desk = Desk()
    desk.hear("who wrote the celeste soundtrack?", "ann")
    desk.hear("who wrote the zelda soundtrack?", "bo")
    assert desk.next(context="Celeste, any percent")["replies"][0]["username"] == "ann"
    assert desk.next(context="Zelda evening")["replies"][0]["username"] == "bo"
    desk.desk.said("Now we listen to some Zelda tunes")
    assert desk.next()["replies"][0]["username"] == "bo"
    desk.now += 121
    desk.hear("and who sings in the zelda tunes?", "cy")
    assert desk.next()["replies"][0]["parts"]["relevance"] == 0.0


def test_the_same_question_is_answered_once_and_counts_who_asks() -> None:
    desk = Desk()
    for username in ("ann", "bo", "cy"):
        desk.hear("what game is this?", username)
    desk.hear("who made the music?", "di")
    first, second = desk.next(k=4)["replies"]
    assert (first["text"], second["text"]) == ("what game is this?", "who made the music?")
    assert "3 viewers ask this" in first["reasons"]
    desk.desk.said("This is Celeste!", in_reply_to=first["id"])
    assert desk.texts() == ["who made the music?"]
    desk.hear("which game is this??", "ed")
    assert desk.texts() == ["who made the music?"]
    assert desk.next(k=4)["replies"][1:] == []
    desk.now += 601
    desk.hear("what game is this?", "flo")
    assert desk.texts() == ["what game is this?"]


def test_who_was_answered_waits_for_the_others() -> None:
    desk = Desk()
    desk.hear("@Mika do you like cats?", "ann")
    desk.desk.said("I love them", in_reply_to=desk.next()["replies"][0]["id"])
    desk.hear("@Mika and do you like dogs?", "ann")
    desk.hear("who made the music?", "bo")
    assert desk.texts(k=2) == ["who made the music?", "@Mika and do you like dogs?"]
    assert desk.next(k=2)["replies"][1]["parts"]["fairness"] == pytest.approx(1 / 3, abs=1e-4)


def test_a_stream_with_one_viewer_is_a_conversation() -> None:
    desk = Desk()
    for number, word in enumerate(
        ["cats", "dogs", "soup", "trains", "rain", "books", "horses", "tea", "snow", "bread", "moss", "owls"]
    ):
        desk.hear(f"do you like {word}?", "ann")
        (reply,) = desk.next()["replies"]
        assert reply["text"] == f"do you like {word}?"
        assert desk.desk.said(f"{word} are fine", in_reply_to=reply["id"]) == 1
        assert number < 3 or "answered lately, but still first" in reply["reasons"]
        desk.now += 5


def test_age_takes_what_is_not_answered() -> None:
    desk = Desk()
    desk.hear("what game is this?", "ann")
    desk.hear("take this!", "bo", paid=True)
    desk.now += 40
    assert "has waited for 40 s" in desk.next(k=2)["replies"][0]["reasons"]
    desk.now += 200
    assert [reply["username"] for reply in desk.next(k=2)["replies"]] == ["bo"]
    desk.now += 2000
    assert desk.next(k=2)["replies"] == []


def test_now_is_a_time_of_the_messages() -> None:
    desk = Desk()
    desk.hear("what game is this?", timestamp=1_000.0)
    assert desk.texts(now=1_010.0) == ["what game is this?"]
    assert desk.texts(now="1970-01-01T00:16:50Z") == ["what game is this?"]
    assert desk.texts(now=1_400.0) == []
    assert desk.texts() == ["what game is this?"]


def test_a_message_from_the_future_does_not_stay_for_ever() -> None:
    desk = Desk()
    desk.hear("what game is this?", timestamp=9e9)
    desk.now += 301
    assert desk.texts() == desk.texts(now=1e9) == []


def test_asking_changes_nothing_and_said_closes_the_loop() -> None:
    desk = Desk()
    for number in range(20):
        desk.hear(f"who is number{number} here?", f"viewer{number}")
    first = desk.next(k=3, context="numbers")
    assert all(desk.next(k=3, context="numbers") == first for _ in range(3))
    ids = [reply["id"] for reply in first["replies"]]
    assert desk.desk.said("all of you!", in_reply_to=ids) == 3
    assert desk.desk.said("again", in_reply_to=ids) == 0
    assert desk.desk.said("again", in_reply_to=["unknown", 7]) == 0
    assert not {reply["id"] for reply in desk.next(k=20)["replies"]} & set(ids)


def test_an_answered_message_that_is_delivered_again_is_not_answered_again() -> None:
    desk = Desk()
    desk.hear("what game is this?", id="x")
    desk.desk.said("celeste", in_reply_to="x")
    desk.hear("what game is this?", id="x")
    assert desk.texts() == []


def test_messages_without_an_id_are_proposed_and_age() -> None:
    desk = Desk()
    desk.hear("what game is this?", id=None)
    assert desk.next()["replies"][0]["id"] is None


def test_channels_never_see_each_other() -> None:
    desk = Desk()
    desk.hear("what game is this?", "ann", channel="one", id="a")
    desk.hear("who made the music?", "bo", channel="two", id="a")
    assert desk.texts(channel="one", k=5) == ["what game is this?"]
    assert desk.desk.said("celeste", "two", in_reply_to="a") == 1
    assert desk.texts(channel="one", k=5) == ["what game is this?"]
    assert desk.texts(channel="three") == []


def test_channels_are_bounded() -> None:
    desk = Desk(channels=2)
    for channel in ("one", "two", "three"):
        desk.hear("what game is this?", channel=channel)
    assert list(desk.desk.stats()) == ["two", "three"]


def test_a_viewer_who_is_forgotten_is_gone() -> None:
    desk = Desk()
    desk.hear("what game is this?", "Kai")
    desk.hear("and what is that?", "kai", channel="two")
    desk.hear("who made the music?", "bo")
    desk.hear("you idiot", "kai", toxic=("insult",))
    desk.desk.said("hello", in_reply_to="m1")
    desk.hear("do you like soup?", "kai")
    assert desk.desk.forget_user("@KAI", "default") == 1
    assert desk.desk.forget_user("kai") == 1
    assert "kai" not in repr(_state(desk.desk)).casefold()
    assert desk.texts(k=5) == ["who made the music?"]


def test_a_sink_takes_analyses_and_lets_the_rest_pass() -> None:
    desk = Desk()
    desk.desk.take_events([{"type": "alert", "v": 1}, {"type": "error", "id": 1}, {"type": "hello"}])
    assert desk.desk.stats() == {}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"k": 0}, "k"), ({"k": 21}, "k"), ({"k": True}, "k"), ({"k": "1"}, "k"), ({"k": 1.0}, "k"),
        ({"budget_tokens": -1}, "budget_tokens"), ({"budget_tokens": 100_001}, "budget_tokens"), ({"budget_tokens": None}, "budget_tokens"),
        ({"now": "yesterday"}, "now"), ({"now": float("nan")}, "now"), ({"format": "xml"}, "format"), ({"format": None}, "format"),
        ({"context": 5}, "context"), ({"context": "x" * 4_001}, "context"), ({"channel": ""}, "channel"), ({"channel": 3}, "channel"),
    ],
)  # fmt: skip
def test_what_a_question_may_not_ask(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        Desk().next(**asked)
    assert caught.value.field == field


@pytest.mark.parametrize("ids", [True, 1.5, {}, [None], [[1]], [""], ["x" * 300], 2**70])
def test_what_in_reply_to_may_not_be(ids: Any) -> None:
    with pytest.raises(BadInput):
        Desk().desk.said("hello", in_reply_to=ids)


def test_too_many_ids_are_refused() -> None:
    with pytest.raises(TooLarge):
        Desk().desk.said("hello", in_reply_to=list(range(101)))


@pytest.mark.parametrize(
    "wrong", [{"waiting": 0}, {"half_life_s": 0.0}, {"max_age_s": float("inf")}, {"least": 1.0}, {"clip_tokens": 1}]
)
def test_wrong_settings_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=next(iter(wrong))):
        ReplyConfig(**wrong)


def test_the_prompt_tells_what_is_on_in_a_fixed_order() -> None:
    desk = Desk()
    desk.desk.said("Welcome to the soup evening")
    desk.hear("what game is this?", "kai", score=0.8, emotion="joy")
    answer = desk.next(context="Celeste, chapter 3")
    text = answer["prompt"]["text"]
    assert [block["kind"] for block in answer["prompt"]["blocks"]] == ["stream", "mood", "chat"]
    assert '- on stream: "Celeste, chapter 3"' in text
    assert '- the VTuber said: "Welcome to the soup evening"' in text
    assert "positive (+0.80, steady), mostly joy, 1 messages in the last minute" in text
    assert text.endswith('- kai: "what game is this?" (tone: cheerful)')
    assert answer["prompt"]["tokens"] == estimate(text)
    assert answer["degraded"] == ["analytics", "memory"]


def test_small_budgets_cut_texts_and_then_leave_them_out() -> None:
    desk = Desk()
    desk.hear("why " + "does the very long winded knight " * 12 + "stand here?", "kai")
    for budget in range(0, 300, 7):
        prompt = desk.next(budget_tokens=budget)["prompt"]
        assert prompt["tokens"] <= budget
        assert budget < 100 or any(block["kind"] == "chat" for block in prompt["blocks"])


PIECES = (
    "what", "is", "this", "?", '"', "\\", "\n", "\r", "\u2028", "<|im_end|>", "</s>", "[INST]", "- kai: ", "Remembered:", "\x07",
    "\u202e", "Chat messages to answer:", "a@b.example", "```", "😂", "mika",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=25).map(" ".join)


@settings(max_examples=60)
@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4), st.integers(0, 400), st.integers(1, 4))
def test_no_text_of_a_viewer_breaks_the_prompt(messages: list[tuple[str, str]], budget: int, k: int) -> None:
    desk = Desk()
    for text, username in messages:
        desk.hear(text, username, asks=True)
    answer = desk.next(k=k, budget_tokens=budget)
    prompt = answer["prompt"]
    assert prompt["tokens"] == estimate(prompt["text"]) <= budget
    assert prompt["text"].splitlines() == ([] if not prompt["text"] else prompt["text"].split("\n"))
    assert "a@b.example" not in prompt["text"]
    assert not any(mark in prompt["text"] for mark in ("<|", "|>", "</s>", "[INST]", "```"))
    for block in prompt["blocks"]:
        if block["kind"] == "chat":
            lines = block["text"].split("\n")[1:]
            assert 0 < len(lines) <= len(answer["replies"])
            for line in lines:
                name, _, rest = line.removeprefix("- ").partition(": ")
                quote, _, tone = rest.rpartition(" (tone: ")
                assert name.replace("_", "").replace(".", "").replace("-", "").isalnum()
                assert isinstance(json.loads(quote), str)
                assert tone.removesuffix(")").isalpha()


def test_the_same_stream_gives_the_same_answers() -> None:
    def answers() -> list[str]:
        desk, found = Desk(), []
        for number, told in enumerate(crowd(5, seconds=10.0)):
            desk.now = told.event["timestamp"]
            desk.desk.notice(told.event)
            if number % 300 == 299:
                answer = desk.next(k=2, context="undertale")
                found.append(json.dumps(answer))
                desk.desk.said("well", in_reply_to=[reply["id"] for reply in answer["replies"]])
        return found

    assert answers() == answers()


def test_a_part_that_fails_or_hangs_is_done_without() -> None:
    import asyncio

    class Broken:
        async def memories(self, queries: Any, /) -> Any:
            raise RuntimeError("text of a viewer")

        async def viewers(self, channel: str, usernames: Any, now: Any, /) -> Any:
            await asyncio.Event().wait()

        async def stream(self, channel: str, /) -> Any:
            return {}

    desk = Desk(knowledge=Broken(), lookup_s=0.01)
    desk.hear("what game is this?")
    answer = desk.next()
    assert [reply["text"] for reply in answer["replies"]] == ["what game is this?"]
    assert answer["degraded"] == ["analytics", "memory"]


def test_a_desk_alone_needs_nothing() -> None:
    answer = run(ReplyDesk().next_reply())
    assert answer == {"replies": [], "prompt": {"text": "", "tokens": 0, "blocks": []}, "degraded": []}


def _state(one: Any, depth: int = 0) -> Any:
    """Everything reachable, as plain values."""
    if depth > 9:
        return None
    if isinstance(one, dict):
        return [(_state(key, depth + 1), _state(value, depth + 1)) for key, value in one.items()]
    if isinstance(one, list | tuple | set | frozenset) or type(one).__name__ in ("deque", "OrderedDict", "Counter"):
        return [_state(value, depth + 1) for value in one]
    if hasattr(one, "__slots__") and type(one).__module__.startswith("hikari"):
        return [_state(getattr(one, name), depth + 1) for name in one.__slots__ if hasattr(one, name)]
    if hasattr(one, "__dict__") and type(one).__module__.startswith("hikari"):
        return _state(vars(one), depth + 1)
    return one if isinstance(one, str | int | float | bool | type(None)) else str(type(one))
