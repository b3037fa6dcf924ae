"""The write gate: every reason, their order, and that a restart changes no decision."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput, BadStore
from hikari.memory.hygiene import Decision, Gate, WritePolicy
from tests.hikari.memory.pairs import COPYPASTA, LONG

SAID = "Welcome everyone! Today we explore the frozen garden together."


def gate(**policy: Any) -> Gate:
    made = Gate(WritePolicy(**policy))
    made.said(SAID, 100.0)
    made.recalled("m1", "i have a cat named luna", 100.0, "mika")
    made.recalled("m2", LONG, 100.0, "mika")
    return made


@pytest.mark.parametrize(
    ("text", "user", "metadata", "expected"),
    [
        ("i like tea", "mika", {}, Decision("store", "new")),
        ("i like tea", None, {}, Decision("store", "new")),
        ("i like tea", "nightbot", {}, Decision("skip", "bot")),
        ("i like tea", "mika", {"roles": ["bot"]}, Decision("skip", "bot")),
        ("!discord", "mika", {}, Decision("skip", "command")),
        ("today we explore the frozen garden together", "mika", {}, Decision("skip", "echo")),
        (
            "WELCOME EVERYONE!!! today we explore the frozen garden together",
            "rin",
            {"source": "moderator"},
            Decision("skip", "echo"),
        ),
        ("today we explore the frozen garden together", "rin", {"source": "import"}, Decision("skip", "echo")),
        ("today we explore the frozen garden together", "hikari", {"source": "vtuber"}, Decision("store", "trusted")),
        ("today we explore the frozen desert together", "mika", {}, Decision("store", "new")),
        ("I have a cat named Luna!", "mika", {}, Decision("merge", "recalled", "m1")),
        ("i have a cat named luna", None, {}, Decision("merge", "recalled", "m1")),
        ("i have a cat named luna", "rin", {}, Decision("store", "new")),
        (LONG, "rin", {}, Decision("merge", "recalled", "m2")),
    ],
)
def test_decisions(text: str, user: str | None, metadata: dict[str, Any], expected: Decision) -> None:
    assert gate().decide(text, user, 200.0, metadata) == expected


def test_what_is_said_later_is_no_echo_and_old_words_are_forgotten() -> None:
    made = gate(echo_window_s=1000.0)
    decide = [
        made.decide("today we explore the frozen garden together", "mika", at, {}).reason for at in (50.0, 100.0, 1100.0, 1101.0)
    ]
    assert decide == ["new", "echo", "echo", "new"]


def test_copypasta_is_kept_once() -> None:
    made = gate()
    decisions = [made.decide(COPYPASTA, user, 200.0, {}, f"id {user}") for user in "abcd"]
    assert decisions == [
        Decision("store", "new"),
        Decision("store", "new"),
        Decision("merge", "copypasta", "id a", ("id b",)),
        Decision("merge", "copypasta", "id a"),
    ]
    unnamed = Gate()
    assert [unnamed.decide(COPYPASTA, user, 0.0, {}).action for user in "abc"] == ["store", "store", "skip"]


@pytest.mark.parametrize("check", ["bots", "commands", "echoes", "recalled", "copypasta"])
def test_every_check_can_be_switched_off(check: str) -> None:
    rows = {
        "bots": ("i like tea", "nightbot"),
        "commands": ("!so rin", "mika"),
        "echoes": ("today we explore the frozen garden together", "mika"),
        "recalled": ("i have a cat named luna", "mika"),
        "copypasta": (COPYPASTA, "c"),
    }
    text, user = rows[check]
    for made, expected in ((gate(), False), (gate(**{check: False}), True)):
        for other in "ab":
            made.decide(COPYPASTA, other, 200.0, {})
        assert (made.decide(text, user, 200.0, {}).reason == "new") is expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pasting_users": 1}, "pasting_users"),
        ({"pasting_window_s": 0.0}, "pasting_window_s"),
        ({"echo_window_s": -1.0}, "echo_window_s"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        WritePolicy(**changes)
    assert caught.value.field == field


texts = st.sampled_from([SAID, COPYPASTA, COPYPASTA + " ok", LONG, "i have a cat named luna", "!so rin", "i like tea", "hi"])
steps = st.lists(
    st.tuples(
        st.sampled_from(["said", "recalled", "decide"]), texts, st.sampled_from(["a", "b", "c", "nightbot"]), st.floats(0, 900)
    ),
    max_size=20,
)


@given(steps)
@settings(max_examples=50)
def test_a_restart_changes_no_decision(rows: list[tuple[str, str, str, float]]) -> None:
    steady = restarted = Gate()
    for number, (what, text, user, at) in enumerate(rows):
        restarted = Gate.from_dict(json.loads(json.dumps(restarted.to_dict())))
        if what == "said":
            steady.said(text, at)
            restarted.said(text, at)
        elif what == "recalled":
            steady.recalled(str(number), text, at, user)
            restarted.recalled(str(number), text, at, user)
        else:
            assert restarted.decide(text, user, at, {}, str(number)) == steady.decide(text, user, at, {}, str(number))
        assert restarted.to_dict() == steady.to_dict()


def test_the_state_holds_no_text() -> None:
    made = gate()
    made.decide(COPYPASTA, "mika", 100.0, {})
    state = json.dumps(made.to_dict()).lower()
    assert not any(word in state for word in ("garden", "luna", "castle", "mika", "boss"))


@pytest.mark.parametrize(
    "state", [{}, {"format": 2}, {"format": 1}, {"format": 1, "said": {"entries": []}, "recalled": {}, "pasted": {}}]
)
def test_a_damaged_state_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(BadStore):
        Gate.from_dict(state)


def test_forgetting() -> None:
    made = gate()
    made.forget(["i have a cat named luna"], "mika")
    assert made.decide("i have a cat named luna", "mika", 200.0, {}) == Decision("store", "new")
    assert made.decide(LONG, "mika", 200.0, {}).of == "m2"


def test_it_is_bounded() -> None:
    made = Gate(replace(WritePolicy(), pasting_users=2))
    for number in range(5_000):
        made.said(f"we saw {number} stars", float(number))
    assert len(made.to_dict()["said"]["entries"]) == 2_000
