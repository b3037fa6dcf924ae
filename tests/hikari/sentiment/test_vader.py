"""VADER as a member of the ensemble: its own values, and None where it knows no word."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from hikari.sentiment import vader
from training import corpus

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


@pytest.mark.parametrize(
    ("text", "sign"),
    [("that was insane", 1), ("she is cracked at this game", 1), ("L", -1), ("this is kinda mid", -1), ("a banger", 1)],
)
def test_chat_words_mean_what_they_mean_in_chat(text: str, sign: int) -> None:
    values = vader.score(text)
    assert values is not None
    assert values["score"] * sign > 0.1


def test_chat_words_are_words_with_valences_of_vaders_scale() -> None:
    words = vader.chat_words()
    assert len(words) > 50
    assert all(word == word.lower() and word.isalpha() and -4 <= valence <= 4 for word, valence in words.items())


def test_chat_words_bring_vader_nearer_to_the_corpus() -> None:
    rows = [row for row in corpus.read_split("test", Path(corpus.FOLDER)) if row.sentiment != "neutral"]
    own = SentimentIntensityAnalyzer()
    own.emojis.clear()

    def right(compound: Callable[[str], float]) -> int:
        return sum(compound(row.text) * (1 if row.sentiment == "positive" else -1) > 0.05 for row in rows)

    with_words = right(lambda text: (vader.score(text) or {"score": 0.0})["score"])
    assert with_words > 1.03 * right(lambda text: own.polarity_scores(text)["compound"])


@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_values_are_those_of_the_reference(words: list[str]) -> None:
    text = " ".join(words)
    known = SentimentIntensityAnalyzer()
    known.emojis.clear()
    known.lexicon.update(vader.chat_words())
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
