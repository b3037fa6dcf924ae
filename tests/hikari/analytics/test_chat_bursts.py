"""The tail of usual counts and what a crowd has in common."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from hikari.analytics.chat_bursts import MAX_SURPRISE, Said, Usual, crowd, surprise, usual, words_of


@given(st.integers(1, 60), st.floats(0.2, 30), st.floats(0.5, 50))
def test_surprise_is_the_tail_of_the_negative_binomial(count: int, mean: float, size: float) -> None:
    tail = nbinom.sf(count - 1, size, size / (size + mean))
    assert surprise(count, Usual(mean, size)) == pytest.approx(min(-np.log10(tail), MAX_SURPRISE), rel=1e-6, abs=1e-9)


@given(st.integers(1, 40), st.floats(0.2, 20))
def test_without_dispersion_it_is_poissons(count: int, mean: float) -> None:
    expected = min(-np.log10(poisson.sf(count - 1, mean)), MAX_SURPRISE)
    assert surprise(count, Usual(mean, 1e12)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.floats(0.2, 30), st.floats(0.5, 50), st.integers(0, 200))
def test_more_messages_are_never_less_surprising(mean: float, size: float, count: int) -> None:
    assert 0 <= surprise(count, Usual(mean, size)) <= surprise(count + 1, Usual(mean, size)) <= MAX_SURPRISE


def test_nothing_surprises_not_and_the_impossible_is_bounded() -> None:
    assert surprise(0, Usual(1.0, 1.0)) == 0.0
    assert surprise(100_000, Usual(1.0, 1e9)) == MAX_SURPRISE


def test_a_burst_among_the_usual_counts_hardly_counts() -> None:
    rng = np.random.default_rng(0)
    calm = rng.poisson(6.0, 120).astype(float)
    hit = calm.copy()
    hit[40:48] = 80.0
    assert usual(calm).mean == pytest.approx(6.0, abs=0.7)
    assert usual(hit).mean == pytest.approx(usual(calm).mean, abs=0.7)
    assert usual(np.zeros(120)).mean < 0.05


def test_a_crowd_that_cheers_and_a_crowd_that_talks() -> None:
    cheers = crowd([Said(f"v{at}", "POGGGG", True) for at in range(10)])
    talks = crowd([Said(f"v{at}", f"number{at} is a rather long remark about something", False) for at in range(10)])
    alone = crowd([Said("v", "POG", True)] * 10)
    assert (cheers.short, cheers.emotes, cheers.alike) == (1.0, 1.0, 1.0)
    assert cheers.excitement == pytest.approx(1.0)
    assert talks.excitement < 0.7
    assert alone.excitement < 0.2
    assert crowd([]).messages == 0


def test_stretched_words_are_one() -> None:
    assert words_of("Nooooo way") == words_of("nooo WAY") == {"noo", "way"}
