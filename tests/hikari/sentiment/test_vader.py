"""VADER as a member of the ensemble: its own values, and None where it knows no word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from hikari.sentiment import vader

WORDS = ("good", "bad", "love", "hate", "not", "very", "the", "but", "GREAT", "!", "?", "🔥", ":)", "kind of")


@pytest.mark.parametrize("text", ["", "the table", "KEKW", "日本語", "12:30", "\ud800", "🔥", "😭😭"])
def test_unknown_words_give_none(text: str) -> None:
    assert vader.score(text) is None


@pytest.mark.parametrize(("text", "sign"), [("i love this", 1), ("i hate this", -1), ("not good", -1), (":)", 1)])
def test_sign_of_the_score(text: str, sign: int) -> None:
    values = vader.score(text)
    assert values is not None
    assert values["score"] * sign > 0.2


def test_emoji_are_left_to_their_own_member() -> None:
    praise, fire = vader.score("absolutely amazing!"), vader.score("absolutely amazing! 🔥")
    assert praise is not None
    assert fire is not None
    assert fire["score"] == praise["score"]


@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_values_are_those_of_the_reference(words: list[str]) -> None:
    text = " ".join(words)
    known = SentimentIntensityAnalyzer()
    known.emojis.clear()
    reference = known.polarity_scores(text)
    values = vader.score(text)
    if values is None:
        assert reference["compound"] == 0
    else:
        assert values == {
            "score": reference["compound"],
            "positive": reference["pos"],
            "neutral": reference["neu"],
            "negative": reference["neg"],
        }
        assert -1 <= values["score"] <= 1
        assert values["positive"] + values["neutral"] + values["negative"] == pytest.approx(1, abs=0.0021)
