"""The table of waiting messages: bounded, fair about places, and the same in columns as one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.stream.replies import scoring
from hikari.stream.replies.candidates import Candidate, candidate
from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.fairness import Turns
from hikari.stream.replies.waiting import Rows, Waiting
from hikari.stream.replies.words import similarity, subjects, terms
from tests.hikari.stream.replies.chat import START, event

TEXTS = (
    "what game is this?",
    "which game?",
    "do you like cats?",
    "hello mika",
    "cats are great",
    "lol",
    "how are you?",
    "play undertale",
)
NAMES = frozenset({"mika"})
CONFIG = ReplyConfig()


def message(number: int, text: str, username: str, *, paid: bool = False) -> Candidate:
    return candidate(event(text, username, id=f"m{number}", timestamp=START + number, paid=paid), START + number, NAMES)


def table(size: int, each: int) -> Waiting:
    return Waiting(size, each, lambda one, rows: scoring.lasting(one, rows, START + 100, CONFIG))


MESSAGES = st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from("abcdef"), st.booleans()), max_size=60)


@settings(max_examples=60)
@given(MESSAGES, st.integers(1, 12), st.integers(1, 3), st.lists(st.integers(0, 59), max_size=10))
def test_it_stays_bounded_and_whole(rows: list[tuple[str, str, bool]], size: int, each: int, gone: list[int]) -> None:
    waiting = table(size, each)
    for number, (text, username, paid) in enumerate(rows):
        waiting.add(message(number, text, username, paid=paid), 0.0)
        if number in gone and len(waiting):
            waiting.remove(int(waiting.rows()[0]))
        assert len(waiting) <= size
        held = [waiting[row] for row in waiting.rows().tolist()]
        assert [one.timestamp for one in held] == sorted(one.timestamp for one in held)
        writers = [one.username for one in held]
        assert all(writers.count(one) <= each for one in writers)
        said = [(one.username, one.terms.key) for one in held]
        assert len(set(said)) == len(said)
        for row in waiting.rows().tolist():
            assert waiting.row_of(waiting[row].id or "") == row
    for username in "abcdef":
        waiting.forget(username)
    assert len(waiting) == 0


@settings(max_examples=40)
@given(MESSAGES, st.sampled_from(TEXTS))
def test_columns_say_what_single_messages_say(rows: list[tuple[str, str, bool]], asked: str) -> None:
    waiting = table(100, 4)
    for number, (text, username, paid) in enumerate(rows):
        waiting.add(message(number, text, username, paid=paid), 0.0)
    held: Rows = waiting.rows()
    other = terms(asked, NAMES)
    likeness = [similarity(waiting[row].terms, other) for row in held.tolist()]
    np.testing.assert_allclose(waiting.likeness(held, other), likeness)
    about = subjects(asked)
    for row, covered in zip(held.tolist(), waiting.coverage(held, about), strict=True):
        found = waiting[row].terms
        common = len(set(found.codes[: found.topical]) & about)
        assert covered == pytest.approx(common / max(found.topical, 1) * (1 - 0.5**common))
    asking = scoring.askers(waiting, held)
    keys = [waiting[row].terms.key for row in held.tolist()]
    assert asking.tolist() == [keys.count(key) if key else 1 for key in keys]


def test_what_is_worth_least_goes_first() -> None:
    waiting = table(3, 4)
    for number, text in enumerate(("what game is this?", "lol nice", "do you like cats?", "who made this?")):
        waiting.add(message(number, text, f"viewer{number}"), 0.0)
    assert [waiting[row].text for row in waiting.rows().tolist()] == ["what game is this?", "do you like cats?", "who made this?"]


def test_a_flood_costs_its_own_places_and_a_paid_message_stays() -> None:
    waiting = table(100, 2)
    waiting.add(message(0, "what game is this?", "kai"), 0.0)
    waiting.add(message(1, "take my money please", "flooder", paid=True), 0.0)
    for number, text in enumerate(("do you like cats?", "how are you?", "play undertale", "who made this?"), 2):
        waiting.add(message(number, text, "flooder"), 0.0)
    assert [waiting[row].text for row in waiting.rows().tolist()] == [
        "what game is this?",
        "take my money please",
        "who made this?",
    ]


@given(st.lists(st.sampled_from("abcd"), max_size=60), st.integers(1, 12), st.integers(1, 4))
def test_who_is_not_passed_over_stays_within_the_share(answers: list[str], window: int, most: int) -> None:
    turns = Turns(window, most, 20.0)
    given_to: list[str] = []
    for username in answers:
        if hash_of(username) not in turns.passed_over():
            turns.add(username)
            given_to.append(username)
            last = given_to[-window:]
            assert last.count(username) <= most
    assert all(0 < weight < 1 for weight in turns.weights().values())


def hash_of(username: str) -> int:
    from hikari.analytics.sketches import name_key

    return name_key(username)


def test_every_answer_weighs_less_the_more_came_after() -> None:
    turns = Turns(12, 3, 20.0)
    turns.add("Kai")
    just_now = turns.weights()[hash_of("kai")]
    for number in range(20):
        turns.add(f"other{number}")
    later = turns.weights()[hash_of("kai")]
    assert just_now == pytest.approx(1 / 3)
    assert later == pytest.approx(1 / 2)
    turns.forget("KAI")
    assert hash_of("kai") not in turns.weights()


def test_age_and_novelty_are_bounded() -> None:
    seconds = np.array([-5.0, 0.0, 45.0, 300.0, 301.0])
    plain = scoring.age(seconds, np.zeros(5), CONFIG)
    assert plain.tolist() == pytest.approx([1.0, 1.0, 0.5, 0.5 ** (300 / 45), 0.0])
    assert scoring.age(seconds, np.ones(5), CONFIG).tolist() == pytest.approx([1.0, 1.0, 0.5**0.15, 0.5, 0.5 ** (301 / 300)])
    assert scoring.novelty(np.array([0.0, 0.65, 0.9, 1.0])).tolist() == pytest.approx([1.0, 1.0, 0.05, 0.05])
    assert sum(scoring.WEIGHTS.values()) == pytest.approx(1.0)
