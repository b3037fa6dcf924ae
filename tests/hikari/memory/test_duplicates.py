"""Duplicates: what counts as the same text, and what must never be merged."""

import random
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hikari.memory.duplicates import BANDS, ROWS, bands, content_hash, is_near_duplicate, meaning_hash, normalised
from tests.hikari.memory.pairs import COPYPASTA, DIFFERENT, LONG, SAME

words = st.text(string.ascii_letters + string.digits + "'?!.-$ 😂é", max_size=60)
sentences = st.one_of(words, st.sampled_from([text for pair in SAME + DIFFERENT for text in pair]), st.text(max_size=30))


def shares_a_band(first: str, second: str) -> bool:
    return any(left == right for left, right in zip(bands(first), bands(second), strict=False))


@pytest.mark.parametrize("pair", SAME)
def test_the_same_is_found_and_merged(pair: tuple[str, str]) -> None:
    assert is_near_duplicate(*pair)
    assert shares_a_band(*pair)


@pytest.mark.parametrize("pair", DIFFERENT)
def test_what_only_looks_alike_is_not_merged(pair: tuple[str, str]) -> None:
    assert not is_near_duplicate(*pair)
    assert content_hash(pair[0]) != content_hash(pair[1])


@given(sentences, sentences)
def test_symmetric_and_reflexive(first: str, second: str) -> None:
    assert is_near_duplicate(first, first)
    assert is_near_duplicate(first, second) == is_near_duplicate(second, first)


@given(sentences)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(sentences, sentences)
def test_equal_hashes_are_near_duplicates_and_share_all_bands(first: str, second: str) -> None:
    for text in (first + "!", first.replace(" ", "  "), second):
        if content_hash(first) == content_hash(text):
            assert normalised(first) == normalised(text)
            assert is_near_duplicate(first, text)
            assert bands(first) == bands(text)


@given(
    st.lists(st.sampled_from(["cats", "oslo", "piano", "mika", "7", "not"]), min_size=1, max_size=8),
    st.integers(0, 99),
    st.integers(0, 99),
)
def test_other_numbers_are_never_merged(before: list[str], first: int, second: int) -> None:
    texts = [" ".join((*before, str(number), "points")) for number in (first, second)]
    assert is_near_duplicate(*texts) is (first == second)


@given(
    st.sampled_from([LONG, COPYPASTA, *(pair[0] for pair in SAME)]),
    st.integers(0, 40),
    st.sampled_from(["not", "never", "without"]),
)
def test_a_negation_more_is_never_merged(text: str, place: int, negation: str) -> None:
    parts = text.split()
    place %= len(parts) + 1
    assume(negation not in parts[max(0, place - 1) : place + 1])  # said twice in a row it is one word, as every other
    parts.insert(place, negation)
    assert not is_near_duplicate(text, " ".join(parts))


def test_texts_without_words_are_told_apart() -> None:
    assert is_near_duplicate("!!!", "!!!")
    assert not is_near_duplicate("!!!", "...")
    assert bands("") == bands("!!!") == ()
    assert bands("😂") != bands("😭")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I  LOVE\tcats!!!", "i love cats"),
        ("sooooo good", "soo good"),
        ("KEKW KEKW KEKW", "kekw"),
        ("😂😂 😂", "😂"),
        ("👍🏽 👍", "👍"),
        ("100 100", "100 100"),
        ("3.5 -2 $5 50% 12:30", "3.5 -2 $5 50% 12:30"),
        ("Don’t", "don't"),
        ("what???", "what ?"),
        ("...", "..."),
        ("snake_case @Mika_99", "snake_case mika_99"),
    ],
)
def test_one_spelling(text: str, expected: str) -> None:
    assert normalised(text) == expected


def test_bands_are_few_small_and_stable() -> None:
    assert len(bands(LONG)) == BANDS
    assert all(0 <= key < 2**32 for text in (LONG, COPYPASTA, "hi") for key in bands(text))
    # The keys lie in stores: a change of these numbers is a change of format.
    assert content_hash("i love cats") == 0xD229DEF3A0C0649C
    assert bands("i love cats")[:2] == (4236367418, 495268430)


def test_bands_are_found_as_often_as_the_formula_says() -> None:
    """P(found) = 1 - (1 - J**ROWS)**BANDS for the share J of common shingles; here measured at J near 0.8 and 0.2."""
    generator = random.Random(5)
    vocabulary = ["".join(generator.choices(string.ascii_lowercase, k=7)) for _ in range(4_000)]
    for changed, least, most in ((0.1, 0.93, 1.0), (0.7, 0.0, 0.25)):
        found = 0
        for _ in range(150):
            text = generator.sample(vocabulary, 20)
            other = [generator.choice(vocabulary) if number < changed * 20 else word for number, word in enumerate(text)]
            found += shares_a_band(" ".join(text), " ".join(other))
        assert least <= found / 150 <= most
    assert ROWS == 3


def test_equal_meaning_is_found_by_hash() -> None:
    alike = [meaning_hash(first) == meaning_hash(second) for first, second in SAME]
    assert sum(alike) >= 0.8 * len(SAME)  # the others have slips and longer texts
    assert not any(meaning_hash(first) == meaning_hash(second) for first, second in DIFFERENT)
