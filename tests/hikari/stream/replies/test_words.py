"""What two messages have in common."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.stream.replies.known import Known
from hikari.stream.replies.scoring import KNOWN, SAME
from hikari.stream.replies.words import CODES, MAX_TERMS, likeness, similarity, subjects, terms

WORDS = ("what", "game", "is", "this", "you", "play", "cat", "why", "how", "cats", "?", "cute")
TEXTS = st.text(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("what game is this?", "which game are you playing"),
        ("WHAT GAME IS THIS???", "what game is this"),
        ("how are you?", "how are you doing"),
        ("when is the next karaoke stream", "when's karaoke?"),
        ("do you like cats?", "do u like cats"),
    ],
)
def test_the_same_question_in_other_words(one: str, other: str) -> None:
    assert similarity(terms(one), terms(other)) > KNOWN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("what game is this?", "why this game?"),
        ("what do you think about cats?", "what do you think about dogs?"),
        ("when do you play undertale again", "when do you play celeste again"),
        ("how are you?", "how do you do this trick?"),
        ("who is your favourite singer", "who is your favourite painter"),
        ("is mika coming", "hello there"),
    ],
)
def test_another_question_in_like_words(one: str, other: str) -> None:
    assert similarity(terms(one), terms(other)) <= KNOWN


def test_names_of_the_vtuber_tell_nothing() -> None:
    names = frozenset({"mika"})
    assert terms("Mika what game is this", names) == terms("what game is this", names)


@given(TEXTS, TEXTS)
def test_similarity_is_symmetric_and_bounded(one: str, other: str) -> None:
    left, right = terms(one), terms(other)
    value = similarity(left, right)
    assert value == similarity(right, left)
    assert 0.0 <= value <= 1.0
    assert similarity(left, left) == (pytest.approx(1.0) if left.codes else 0.0)
    assert left.key == right.key or set(left.codes) != set(right.codes)


@given(TEXTS)
def test_terms_are_bounded_codes(text: str) -> None:
    found = terms(text)
    assert len(found.codes) == len(set(found.codes)) <= MAX_TERMS
    assert 0 <= found.topical <= MAX_TERMS
    assert all(0 <= code < CODES for code in found.codes)
    assert all(0 <= code < CODES for code in subjects(text))


@given(st.integers(1, 16), st.integers(1, 16), st.data())
def test_more_in_common_is_more_alike(first: int, second: int, data: st.DataObject) -> None:
    common = data.draw(st.integers(0, min(first, second)))
    values = [likeness(number, first, second) for number in range(common + 1)]
    assert values == sorted(values)
    assert np.isfinite(values).all()


@given(st.lists(TEXTS, max_size=12), TEXTS, st.integers(1, 5))
def test_known_finds_what_comparing_with_each_finds(texts: list[str], asked: str, size: int) -> None:
    known = Known(size)
    for at, text in enumerate(texts):
        known.add(terms(text), float(at), "even" if at % 2 == 0 else "odd")
    assert len(known) == min(len(texts), size)
    kept = list(enumerate(texts))[-size:]
    since = len(texts) // 2
    best = max((similarity(terms(text), terms(asked)) for at, text in kept if at > since), default=0.0)
    assert known.likeness(terms(asked), since) == pytest.approx(best)
    known.forget("odd")
    best = max((similarity(terms(text), terms(asked)) for at, text in kept if at % 2 == 0), default=0.0)
    assert known.likeness(terms(asked), -1.0) == pytest.approx(best)


def test_thresholds_are_in_order() -> None:
    assert 0 < KNOWN < SAME <= 1
