"""Records of what was heard: same texts, windows, bounds, and a state that survives a restart."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadStore
from hikari.memory.repeats import Copypasta, Heard, Pasted
from tests.hikari.memory.pairs import COPYPASTA, DIFFERENT, LONG, SAME

# Slips of the finger in a short text are only seen where both texts are at hand.
SLIPS = ("voleyball", "proffesional", "becuase", "everyoneee")


@pytest.mark.parametrize(
    "pair", [pair for pair in SAME if len(pair[0].split()) < 10 and not any(slip in pair[1] for slip in SLIPS)]
)
def test_the_same_is_heard_again(pair: tuple[str, str]) -> None:
    heard = Heard(min_words=1)
    heard.add(pair[0], 0.0, "it")
    assert heard.find(pair[1], 1.0) == "it"


@pytest.mark.parametrize("pair", [pair for pair in DIFFERENT if len(pair[0].split()) < 10])
def test_other_facts_are_not(pair: tuple[str, str]) -> None:
    heard = Heard(min_words=0)
    heard.add(pair[0], 0.0, "it")
    assert heard.find(pair[1], 1.0) is None


@pytest.mark.parametrize(
    "changed", [COPYPASTA.upper(), COPYPASTA.replace("dear", "my dear"), COPYPASTA + " now", COPYPASTA.replace("office", "ofice")]
)
def test_long_texts_are_heard_again_with_small_changes(changed: str) -> None:
    heard = Heard()
    heard.add(LONG, 0.0, "other")
    heard.add(COPYPASTA, 0.0, "it")
    assert heard.find(changed, 1.0) == "it"


def test_single_sentences_of_an_utterance_are_known() -> None:
    heard = Heard()
    heard.add_spoken("Welcome back everyone! Today we play the garden level. Yes.", 0.0, "said")
    for text in (
        "welcome back everyone",
        "Today we play the garden level",
        "welcome back everyone! today we play the garden level. yes.",
    ):
        assert heard.find(text, 1.0) == "said"
    for text in ("yes", "today we play the castle level", "she said: welcome back everyone"):
        assert heard.find(text, 1.0) is None


def test_only_what_came_before_and_is_not_too_old_counts() -> None:
    heard = Heard(max_age_s=10.0)
    heard.add("i love cats", 100.0)
    assert [heard.find("i love cats", at) for at in (99.9, 100.0, 110.0, 110.1)] == [None, "", "", None]


def test_the_oldest_is_dropped_first_and_nothing_stays_behind() -> None:
    heard = Heard(size=3)
    for number in range(50):
        heard.add(f"{COPYPASTA} {number}", float(number), str(number))
        heard.add(f"the number is {number}", float(number), str(number))
    assert len(heard) == 3
    assert heard.find("the number is 49", 50.0) == "49"
    assert heard.find("the number is 48", 50.0) == "48"
    assert heard.find("the number is 47", 50.0) is None
    assert len(heard._by_band) == 8
    assert heard.forget(["the number is 49", f"{COPYPASTA} 49", "unknown text here"]) == 2
    assert len(heard) == 1
    assert not heard._by_band


moves = st.lists(
    st.tuples(
        st.sampled_from([LONG, COPYPASTA, "i love cats", "i love dogs", "hi"]), st.sampled_from("abcd"), st.floats(0, 1000)
    ),
    max_size=25,
)


@given(moves)
@settings(max_examples=50)
def test_a_restart_changes_nothing(rows: list[tuple[str, str, float]]) -> None:
    heard, pasted = Heard(size=3), Copypasta(size=2, users=2)
    for number, (text, user, at) in enumerate(rows):
        heard_again, pasted_again = Heard(size=3), Copypasta(size=2, users=2)
        heard_again.load(json.loads(json.dumps(heard.to_dict())))
        pasted_again.load(json.loads(json.dumps(pasted.to_dict())))
        assert heard_again.find(text, at) == heard.find(text, at)
        heard_again.add(text, at, user)
        heard.add(text, at, user)
        assert pasted_again.add(text, user, at, str(number)) == pasted.add(text, user, at, str(number))
        assert heard_again.to_dict() == heard.to_dict()
        assert pasted_again.to_dict() == pasted.to_dict()
        assert len(heard) <= 3
        assert len(pasted) <= 2


@pytest.mark.parametrize(
    "state", [{}, {"entries": 3}, {"entries": [[1]]}, {"entries": [["x", 0, "", []]]}, {"entries": [[1, 0, "", [1, 2]]]}]
)
def test_a_damaged_state_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(BadStore):
        Heard().load(state)
    with pytest.raises(BadStore):
        Copypasta().load({"texts": state, "people": []})
    with pytest.raises(BadStore):
        Copypasta().load({"texts": {"entries": []}, "people": [["a"]]})


def test_copypasta_is_kept_once() -> None:
    pasted = Copypasta(users=3)
    assert pasted.add(COPYPASTA, "a", 0.0, "1") is None
    assert pasted.add(COPYPASTA + "!", "a", 1.0, "1b") is None
    assert pasted.add(COPYPASTA.upper(), "b", 2.0, "2") is None
    assert pasted.add(COPYPASTA + " KEKW", "c", 3.0, "3") == Pasted("1", ("2",))
    assert pasted.add(COPYPASTA, "d", 4.0, "4") == Pasted("1", ())
    assert pasted.add(COPYPASTA, "b", 5.0, "5") == Pasted("1", ())
    assert pasted.add(LONG, "d", 6.0, "6") is None


def test_the_window_is_measured_in_event_time() -> None:
    pasted = Copypasta(users=3, window_s=100.0)
    answers = [pasted.add(COPYPASTA, user, at) for user, at in (("a", 0.0), ("b", 90.0), ("c", 180.0), ("d", 185.0))]
    assert [answer is not None for answer in answers] == [False, False, False, True]
    late = Copypasta(users=3, window_s=100.0)
    answers = [late.add(COPYPASTA, user, at) for user, at in (("a", 90.0), ("b", 50.0), ("c", 10.0))]
    assert answers[-1] is not None


def test_short_texts_and_one_person_are_never_copypasta() -> None:
    pasted = Copypasta(users=2)
    assert not any(pasted.add("i am from germany", user, 0.0) for user in "abcdef")
    assert not any(pasted.add(COPYPASTA, "a", float(at)) for at in range(20))


def test_a_forgotten_viewer_is_not_counted() -> None:
    pasted = Copypasta(users=3)
    for user in "ab":
        pasted.add(COPYPASTA, user, 0.0)
    pasted.forget([], "b")
    assert pasted.add(COPYPASTA, "c", 1.0) is None
    assert pasted.add(COPYPASTA, "d", 1.0) is not None
    pasted.forget([COPYPASTA])
    assert len(pasted) == 0
