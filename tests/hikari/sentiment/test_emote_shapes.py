"""Which words may be emotes that nobody defined, and what is left of a message without them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.sentiment import emote_shapes
from hikari.sentiment.emote_shapes import MOST_IN_ONE, is_candidate, sighting
from hikari.sentiment.symbols import Symbol, lexicon

KNOWN = lexicon()


@pytest.mark.parametrize(
    "word", ["mikaLove", "arisuHype2", "fl0mB", "mikaLove_HF", "peepoMika", "PepeArrive", "KEKLEO", "OMEGADANCEMIKA"]
)
def test_names_of_emotes_are_candidates(word: str) -> None:
    assert is_candidate(word)


@pytest.mark.parametrize(
    "word",
    [
        "good", "GOOD", "NOOOO", "Ann", "AnnaMaria", "iPhone", "macOS", "@mikaLove", "#mikaLove", "1234", "12Love", "x2", "mikaLove!",
        "mika-Love",
        "https://a.b/mikaLove", "", "mikalove", "MIKALOVE", "POGROM", "PEPPER", "miLove", "a" * 40 + "B",
    ],
)  # fmt: skip
def test_words_names_mentions_and_figures_are_none(word: str) -> None:
    assert not is_candidate(word)


def test_what_a_lexicon_knows_needs_no_learning() -> None:
    assert sighting("i love this monkaS", KNOWN) is None
    own = KNOWN.extended([Symbol("mikaLove", "channel", 1.0, "joy", "love")])
    assert sighting("i love this mikaLove", own) is None
    assert sighting("i love this mikaLove", KNOWN) is not None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("mikaLove", ""),
        ("mikaLove mikaHype mikaLove", ""),
        ("@ann mikaLove", ""),
        ("https://a.b mikaLove 12", ""),
        ("!sr mikaLove is great", ""),
        ("/me mikaLove is great", ""),
        ("this is great  mikaLove KEKW mikaHype", "this is great KEKW"),
        ("mikaLove 🔥", "🔥"),
        ("mikaLove :)", ":)"),
        ("mikaLove 日本", "日本"),
    ],
)
def test_the_rest_is_the_message_without_them_where_it_says_something(text: str, rest: str) -> None:
    seen = sighting(text, KNOWN)
    assert seen is not None
    assert seen.rest == rest


def test_a_wall_of_emotes_names_only_some() -> None:
    seen = sighting("so good " + " ".join(f"mika{letter}oo" for letter in "ABCDEFGH"), KNOWN)
    assert seen is not None
    assert seen.names == tuple(f"mika{letter}oo" for letter in "ABCDEFGH"[:MOST_IN_ONE])
    assert seen.rest == "so good"


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    seen = sighting(text, KNOWN)
    if seen is not None:
        assert seen.names
        assert all(map(is_candidate, seen.names))
        assert not set(seen.names) & set(seen.rest.split())


@given(st.from_regex(emote_shapes._SHAPE, fullmatch=True))
def test_the_fast_look_misses_no_candidate(word: str) -> None:
    assert emote_shapes._MAYBE.search(f"so {word} good")
    if is_candidate(word) and KNOWN.emote(word) is None:
        assert sighting(f"so {word} good", KNOWN) == emote_shapes.Sighting((word,), "so good")


@given(st.from_regex(re.compile(r"[a-z ']{1,60}|[A-Z][a-z]+(?: [a-z]+){1,8}[.!?]"), fullmatch=True))
def test_plain_sentences_hold_none(text: str) -> None:
    assert sighting(text, KNOWN) is None
